//! A problem that stages are tested on.

use std::ops::Deref;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::batch::Collocation;
use crate::network::{MlpConfig, NetworkKind};
use crate::problem;
use crate::start::Prepared;

/// A shipped problem with 5 loss terms, few points and a small network.
pub(super) struct TestProblem(Prepared);

impl Deref for TestProblem {
    type Target = Prepared;

    fn deref(&self) -> &Prepared {
        &self.0
    }
}

impl TestProblem {
    pub(super) fn new() -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("problems/beam.ron");
        let loaded = problem::load(&path, |file| {
            (file.points.interior, file.points.boundary) = (150, 60);
            file.points.batch = None;
            file.network = Some(NetworkKind::Mlp(MlpConfig {
                width: 8,
                depth: 2,
                ..MlpConfig::default()
            }));
            Ok(())
        });
        let problem = Arc::new(loaded.unwrap_or_else(|error| panic!("{error}")));
        Self(Prepared::seeded(&problem, 0, ChaCha8Rng::seed_from_u64(3)))
    }

    /// Its points.
    pub(super) fn collocation(&self) -> Collocation<'_> {
        self.0.collocation(true, 64)
    }
}

//! A problem that stages are tested on.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::batch::Collocation;
use crate::jet::fused::Kernel;
use crate::network::{MlpConfig, NetworkKind};
use crate::problem::{self, Problem};
use crate::start::{architecture, start_values};

/// A shipped problem with 5 loss terms, few points and a small network.
pub(super) struct TestProblem {
    pub(super) problem: Problem,
    pub(super) kernel: Kernel<f64>,
    pub(super) parameters: Vec<f64>,
    weights: Vec<f64>,
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
        let mut problem = loaded.unwrap_or_else(|error| panic!("{error}"));
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let kernel = Kernel::new(architecture(&problem, &mut random));
        let names = problem.model.term_names();
        let (weights, parameters) = start_values(&mut problem, &kernel, &names, &mut random);
        Self {
            problem,
            kernel,
            parameters,
            weights,
        }
    }

    /// Its points.
    pub(super) fn collocation(&self) -> Collocation<'_> {
        Collocation::new(&self.problem, &self.weights, true, 64)
    }
}

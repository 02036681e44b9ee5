//! What is written while a problem is solved.

use super::Progress;
use crate::error::Error;
use crate::jet::fused::Kernel;
use crate::output::{Keeper, Results};
use crate::training::{Checkpoint, Observer, Record, Trained};

/// Writes the history, the network and checkpoints as training goes on.
pub(super) struct Watch<'a> {
    pub(super) results: &'a mut Results,
    pub(super) keeper: &'a mut Keeper,
    pub(super) progress: &'a mut dyn Progress,
    pub(super) kernel: &'a Kernel<f64>,
    /// The resolved problem file.
    pub(super) problem: String,
    pub(super) length: f64,
    /// The best of the earlier attempts.
    pub(super) best: Option<Trained>,
    pub(super) failure: Option<Error>,
}

impl Watch<'_> {
    fn note(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

impl Observer for Watch<'_> {
    fn record(&mut self, record: &Record) {
        self.progress.step(record);
        let written = self.results.record(record);
        self.note(written);
    }

    fn keep(&mut self, parameters: &[f64]) {
        let written = self
            .results
            .network(self.kernel.architecture(), parameters, self.length);
        self.note(written);
    }

    fn due(&self) -> bool {
        self.keeper.due()
    }

    fn save(&mut self, mut checkpoint: Checkpoint) {
        (checkpoint.history, checkpoint.seconds) = self.results.position();
        checkpoint.problem.clone_from(&self.problem);
        checkpoint.best.clone_from(&self.best);
        let written = self
            .results
            .history()
            .and_then(|history| self.keeper.write(&checkpoint, history));
        self.note(written);
    }
}

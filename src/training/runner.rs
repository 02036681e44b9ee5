//! Stages run for their own sake: to measure them, not to solve anything.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::{CHUNK_BYTES, Checkpoint, Observer, Record, StageKind, StageReport, StageState, Training};
use crate::batch::{Collocation, LossTerms, Points};
use crate::device::Device;
use crate::jet::fused::Kernel;
use crate::sampler::mix;

/// Keeps what a stage last saved.
#[derive(Default)]
pub struct Silent {
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The last line of the history.
    pub record: Option<Record>,
}

impl Observer for Silent {
    fn record(&mut self, record: &Record) {
        self.record = Some(record.clone());
    }

    fn keep(&mut self, _parameters: &[f64]) {}

    fn due(&self) -> bool {
        false
    }

    fn save(&mut self, checkpoint: Checkpoint) {
        self.checkpoint = Some(checkpoint);
    }
}

/// Runs stages without writing anything.
pub struct Runner<'a> {
    /// Where they run.
    pub device: Device,
    /// The kernel in f64.
    pub kernel: &'a Kernel<f64>,
    /// How batches are drawn.
    pub points: &'a Points,
    /// Points per term whose rows are held at once.
    pub micro_batch: usize,
}

impl Runner<'_> {
    /// Runs one stage from its start or from `state`, until its end or until step `pause`.
    pub fn run(
        &self,
        stage: &StageKind,
        collocation: &mut Collocation<'_>,
        parameters: &mut Vec<f64>,
        state: StageState,
        pause: Option<usize>,
    ) -> (Silent, StageReport) {
        self.with(collocation.source(), pause, |training, seed| {
            training.stage(stage, seed, collocation, parameters, state)
        })
    }

    /// Gives a stage what it works on, and its seed.
    pub(super) fn with(
        &self,
        source: &dyn LossTerms,
        pause: Option<usize>,
        stage: impl FnOnce(&mut Training<'_>, u64) -> StageReport,
    ) -> (Silent, StageReport) {
        let mut silent = Silent::default();
        let interrupted = AtomicBool::new(false);
        let mut training = Training {
            source,
            stages: &[],
            scale: &[],
            kernel: self.kernel,
            interrupted: &interrupted,
            pause,
            observer: &mut silent,
            points: self.points,
            micro_batch: self.micro_batch,
            chunk_bytes: CHUNK_BYTES,
            device: self.device,
            quick: false,
            reports: Vec::new(),
            earlier: 0,
            begun: Instant::now(),
            before: 0.0,
        };
        let report = stage(&mut training, mix(source.seed(), 0x57a6_e000));
        (silent, report)
    }
}

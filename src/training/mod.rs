//! Training: a list of stages that take the parameters from one to the next.

mod checkpoint;
mod descent;
mod enrichment;
mod first_order;
mod full_batch;
mod gauss_newton;
mod gram;
mod last_layer;
mod lbfgs;
mod least_squares;
mod line_search;
mod newton;
mod nonlinear_cg;
mod objective;
mod output_fit;
mod runner;
mod sharpness;
mod ss_broyden;
mod stage;
mod stop;
#[cfg(test)]
mod test_functions;
#[cfg(test)]
mod test_problem;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::backend::{Autodiff, NdArray};
use serde::{Deserialize, Serialize};

pub use checkpoint::{Checkpoint, Trained};
pub use enrichment::enrich;
pub use first_order::{
    Adam, AdamW, Average, Clip, Decay, FirstOrderBackend, FirstOrderState, Form, HostBackend, HostBatch, Langevin,
    Plateau, Sgd, Terms, micro_batches,
};
pub use gauss_newton::{CHUNK_BYTES, GaussNewton, GaussNewtonForm, KernelForm};
pub use gram::{gram_bytes, separable};
pub use last_layer::{LastLayer, UNKNOWNS, last_layer_bytes};
pub use lbfgs::Lbfgs;
pub use least_squares::{Fit, LeastSquares};
pub use newton::Newton;
pub use nonlinear_cg::NonlinearCg;
pub use objective::{DeviceObjective, FusedObjective, Objective};
pub use output_fit::{choose_slope, fit_exactly, fit_output_scale};
pub use runner::{Runner, Silent};
pub use sharpness::{Sharpness, sharpness};
pub use ss_broyden::{SsBroyden, Update};
pub use stage::{Held, StageKind, StageState};
pub use stop::StopReason;

use crate::batch::{Collocation, LossTerms, Points};
use crate::device::Device;
use crate::jet::fused::Kernel;
use crate::sampler::mix;

/// One line of the history.
#[derive(Clone, Debug)]
pub struct Record {
    /// Name of the stage.
    pub stage: &'static str,
    /// Step within the stage, from 1.
    pub step: usize,
    /// Steps of the stage at most.
    pub steps: usize,
    /// Passes over the interior points in this stage.
    pub epoch: f64,
    /// Interior points seen in this stage.
    pub seen: u64,
    /// Σ of the weighted terms.
    pub loss: f64,
    /// The weighted terms, interior first.
    pub terms: Vec<f64>,
    /// Euclidean norm of the gradient, where it is known.
    pub gradient_norm: Option<f64>,
    /// Learning rate, step length or damping, whichever steers the stage.
    pub rate: f64,
    /// Interior points per step.
    pub batch: usize,
    /// Share of the steps so far whose gradient was shortened, if the stage does that.
    pub clipped: Option<f64>,
    /// Signal-to-noise ratio of the gradient when it was last measured.
    pub signal: Option<f64>,
}

impl Record {
    /// A line of a full-batch stage.
    fn full(
        stage: &'static str,
        (step, steps): (usize, usize),
        points: usize,
        terms: Vec<f64>,
        gradient_norm: f64,
        rate: f64,
    ) -> Self {
        Self {
            stage,
            step,
            steps,
            epoch: step as f64,
            seen: (step * points) as u64,
            loss: terms.iter().sum(),
            terms,
            gradient_norm: Some(gradient_norm),
            rate,
            batch: points,
            clipped: None,
            signal: None,
        }
    }
}

/// Receives what happens during training.
pub trait Observer {
    /// One line of the history.
    fn record(&mut self, record: &Record);

    /// Parameters worth keeping, at the end of a stage.
    fn keep(&mut self, parameters: &[f64]);

    /// Whether it is time to save where the run stands.
    fn due(&self) -> bool;

    /// Saves where the run stands.
    fn save(&mut self, checkpoint: Checkpoint);
}

/// How a stage went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Name of the stage.
    pub stage: String,
    /// Which of its forms it took, if it has several.
    pub form: Option<String>,
    /// Steps or iterations done.
    pub steps: usize,
    /// Wall time, s.
    pub seconds: f64,
    /// Weighted loss at the end; of the last mini-batch after a first-order stage.
    pub loss: f64,
    /// Why it ended.
    pub stop: StopReason,
}

/// Everything that a stage works on, besides the points.
pub struct Training<'a> {
    /// What the points belong to.
    pub source: &'a dyn LossTerms,
    /// The stages in order.
    pub stages: &'a [StageKind],
    /// The size of the field per component, which a checkpoint keeps.
    pub scale: &'a [f64],
    /// The kernel in f64.
    pub kernel: &'a Kernel<f64>,
    /// Set when the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// Receives the history.
    pub observer: &'a mut dyn Observer,
    /// A step at which a stage is interrupted.
    pub pause: Option<usize>,
    /// How batches are drawn.
    pub points: &'a Points,
    /// Points per term whose rows are held at once in a first-order step.
    pub micro_batch: usize,
    /// Bytes of the Jacobian that are held at once.
    pub chunk_bytes: usize,
    /// Where stages run.
    pub device: Device,
    /// Whether the run was shortened by `--quick`.
    pub quick: bool,
    /// The stages that are done.
    pub reports: Vec<StageReport>,
    /// How many of them belong to earlier attempts.
    pub earlier: usize,
    /// When the stage in work began.
    pub begun: Instant,
    /// What the stage in work took before the run was interrupted, s.
    pub before: f64,
}

impl Training<'_> {
    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Runs the stages that are left; one that is interrupted or diverges is the last. `resumed` is the state of the first.
    pub fn run(&mut self, collocation: &mut Collocation<'_>, parameters: &mut Vec<f64>, mut resumed: StageState) {
        if matches!(self.reports.last(), Some(report) if matches!(report.stop, StopReason::NonFinite { .. })) {
            return;
        }
        let stages = self.stages;
        for index in self.reports.len() - self.earlier..stages.len() {
            let seed = mix(self.source.seed(), 0x57a6_e000 + (self.earlier + index) as u64);
            let state = std::mem::replace(&mut resumed, StageState::Start);
            self.begun = Instant::now();
            let report = self.stage(&stages[index], seed, collocation, parameters, state);
            self.before = 0.0;
            let last = matches!(report.stop, StopReason::Interrupted | StopReason::NonFinite { .. });
            let interrupted = report.stop == StopReason::Interrupted;
            self.observer.keep(parameters);
            self.reports.push(report);
            if !interrupted {
                // After an interruption the state within the stage has been saved.
                self.save(collocation, parameters, StageState::Start);
            }
            if last {
                break;
            }
        }
    }

    /// Runs one stage from its start or from `state`, on the device.
    pub fn stage(
        &mut self,
        stage: &StageKind,
        seed: u64,
        collocation: &mut Collocation<'_>,
        parameters: &mut Vec<f64>,
        state: StageState,
    ) -> StageReport {
        match self.device {
            Device::Cpu => {
                let device = burn_flex::FlexDevice;
                self.stage_on::<Autodiff<burn_flex::Flex>>(stage, seed, collocation, parameters, &device, state)
            }
            Device::NdArray => {
                let device = Default::default();
                self.stage_on::<Autodiff<NdArray>>(stage, seed, collocation, parameters, &device, state)
            }
            #[cfg(feature = "cuda")]
            Device::Cuda(index) => {
                use burn::backend::Cuda;
                let device = burn::backend::cuda::CudaDevice::new(index);
                self.stage_on::<Autodiff<Cuda>>(stage, seed, collocation, parameters, &device, state)
            }
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => unreachable!("`probe` refuses CUDA in a build without it"),
            #[cfg(feature = "wgpu")]
            Device::Wgpu(index) => {
                use burn::backend::Wgpu;
                let device = crate::device::wgpu_device(index);
                self.stage_on::<Autodiff<Wgpu>>(stage, seed, collocation, parameters, &device, state)
            }
            #[cfg(not(feature = "wgpu"))]
            Device::Wgpu(_) => unreachable!("`probe` refuses wgpu in a build without it"),
        }
    }

    fn stage_on<B: FirstOrderBackend>(
        &mut self,
        stage: &StageKind,
        seed: u64,
        collocation: &mut Collocation<'_>,
        parameters: &mut Vec<f64>,
        device: &B::Device,
        state: StageState,
    ) -> StageReport {
        let (steps, loss, stop) = stage.run::<B>(self, seed, collocation, parameters, device, state);
        StageReport {
            stage: stage.name().into(),
            form: stage.form(self.kernel.architecture().parameters()),
            steps,
            seconds: self.before + self.begun.elapsed().as_secs_f64(),
            loss,
            stop,
        }
    }

    /// Saves where the run stands.
    fn save(&mut self, collocation: &Collocation<'_>, parameters: &[f64], stage: StageState) {
        let checkpoint = Checkpoint {
            weights: collocation.terms.iter().map(|term| term.weight).collect(),
            scale: self.scale.to_vec(),
            parameters: parameters.to_vec(),
            adapted: collocation.adapted().map(<[_]>::to_vec),
            reports: self.reports.clone(),
            earlier: self.earlier,
            stage_seconds: match stage {
                StageState::Start => 0.0,
                _ => self.before + self.begun.elapsed().as_secs_f64(),
            },
            stage,
            ..Checkpoint::begun(String::new(), self.device.to_string(), self.quick, 0)
        };
        self.observer.save(checkpoint);
    }

    /// The stop for a loss that is not finite: it names the first term at fault.
    fn non_finite(&self, step: usize, terms: &[f64]) -> StopReason {
        let term = terms.iter().position(|loss| !loss.is_finite());
        StopReason::NonFinite {
            step,
            term: term.map_or_else(|| "loss".into(), |t| self.source.names().swap_remove(t)),
        }
    }
}

/// Splits dense factorisations into the same parts whatever the number of threads: by default the threads decide, and with
/// them the bits.
fn fix_splits() {
    faer::set_global_parallelism(faer::Par::rayon(8));
}

/// Euclidean norm.
fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

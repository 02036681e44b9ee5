//! Training: a list of stages that take the parameters from one to the next.

mod adam;
mod batches;
mod gauss_newton;
mod lbfgs;
mod objective;
mod output_fit;
mod stop;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use adam::{Adam, Decay, FirstOrderBackend, HostBackend, Terms};
pub use gauss_newton::GaussNewton;
pub use lbfgs::Lbfgs;
pub use objective::{DeviceObjective, FusedObjective, Objective};
pub use output_fit::fit_output_scale;
pub use stop::StopReason;

use crate::jet::fused::Kernel;
use crate::loss::Rows;
use crate::problem::Problem;

/// The training stages that a problem file can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum StageKind {
    /// First-order steps on mini-batches in f32.
    Adam(Adam),
    /// Quasi-Newton steps on the full batch in f64, in memory that does not depend on the number of points.
    Lbfgs(Lbfgs),
    /// Levenberg–Marquardt steps on the full batch in f64; the method of choice below a few thousand parameters.
    GaussNewton(GaussNewton),
}

impl StageKind {
    /// The kind's name in problem files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adam(_) => "Adam",
            Self::Lbfgs(_) => "Lbfgs",
            Self::GaussNewton(_) => "GaussNewton",
        }
    }

    /// Whether its numbers make sense.
    ///
    /// # Errors
    /// The field at fault and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self::Adam(stage) => stage.check(),
            Self::Lbfgs(stage) => stage.check(),
            Self::GaussNewton(stage) => stage.check(),
        }
    }

    /// Steps or iterations at most.
    pub fn steps(&self) -> usize {
        match self {
            Self::Adam(stage) => stage.steps,
            Self::Lbfgs(stage) => stage.iterations,
            Self::GaussNewton(stage) => stage.iterations,
        }
    }

    /// The same stage with at most `steps` steps.
    pub fn shortened(&self, steps: usize) -> Self {
        let mut stage = self.clone();
        match &mut stage {
            Self::Adam(stage) => stage.steps = stage.steps.min(steps),
            Self::Lbfgs(stage) => stage.iterations = stage.iterations.min(steps),
            Self::GaussNewton(stage) => stage.iterations = stage.iterations.min(steps),
        }
        stage
    }
}

/// What a file without `training` does: first-order, quasi-Newton and Gauss–Newton steps, each from where the one before
/// gets slow.
pub fn default_stages() -> Vec<StageKind> {
    vec![
        StageKind::Adam(Adam {
            steps: 500,
            ..Adam::default()
        }),
        StageKind::Lbfgs(Lbfgs {
            iterations: 1000,
            ..Lbfgs::default()
        }),
        StageKind::GaussNewton(GaussNewton::default()),
    ]
}

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
}

/// Receives what happens during training.
pub trait Observer {
    /// One line of the history.
    fn record(&mut self, record: &Record);

    /// Parameters worth keeping, at the end of a stage.
    fn keep(&mut self, parameters: &[f64]);
}

/// How a stage went.
#[derive(Clone, Debug, Serialize)]
pub struct StageReport {
    /// Name of the stage.
    pub stage: &'static str,
    /// Steps or iterations done.
    pub steps: usize,
    /// Wall time, s.
    pub seconds: f64,
    /// Weighted loss at the end; of the last mini-batch after a first-order stage.
    pub loss: f64,
    /// Why it ended.
    pub stop: StopReason,
}

/// Everything that a stage works on.
pub struct Training<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// All points as rows in f64, weighted; interior first.
    pub terms: &'a [Rows<f64>],
    /// Names of the terms.
    pub names: &'a [String],
    /// The kernel in f64.
    pub kernel: &'a Kernel<f64>,
    /// Full-batch loss and gradient on the device.
    pub objective: &'a dyn Objective,
    /// Set when the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// Receives the history.
    pub observer: &'a mut dyn Observer,
    /// Weight per term, for points that are drawn anew.
    pub weights: &'a [f64],
}

impl Training<'_> {
    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Runs one stage.
    pub fn run<B: FirstOrderBackend>(
        &mut self,
        stage: &StageKind,
        seed: u64,
        parameters: &mut Vec<f64>,
        device: &B::Device,
    ) -> StageReport {
        let start = Instant::now();
        let (steps, loss, stop) = match stage {
            StageKind::Adam(adam) => adam.run::<B>(self, seed, parameters, device),
            StageKind::Lbfgs(lbfgs) => lbfgs.run(self, parameters),
            StageKind::GaussNewton(gauss_newton) => gauss_newton.run(self, parameters),
        };
        self.observer.keep(parameters);
        StageReport {
            stage: stage.name(),
            steps,
            seconds: start.elapsed().as_secs_f64(),
            loss,
            stop,
        }
    }

    /// The stop for a loss that is not finite: it names the first term at fault.
    fn non_finite(&self, step: usize, terms: &[f64]) -> StopReason {
        let term = terms.iter().position(|loss| !loss.is_finite());
        StopReason::NonFinite {
            step,
            term: term.map_or_else(|| "loss".into(), |t| self.names[t].clone()),
        }
    }
}

/// Euclidean norm.
fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

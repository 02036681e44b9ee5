//! What mini-batches save: memory and time of one setting, measured in a process of its own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Growth, Whole};
use crate::budget::plan;
use crate::device::Device;
use crate::error::Error;
use crate::output::{live_bytes, peak_bytes, peak_memory, restart_peak};
use crate::problem::Problem;
use crate::start::Prepared;
use crate::training::{Adam, FusedObjective, Lbfgs, Objective, Runner, StageKind, StageState};

/// A setting of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// First-order steps on this many interior points.
    Batch(usize),
    /// First-order steps on all points, block by block.
    Full,
    /// First-order steps on all points, or on this many, with all activations in memory at once.
    Naive(Option<usize>),
    /// L-BFGS iterations on all points, block by block.
    Lbfgs,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(size) => write!(f, "{size}"),
            Self::Full => f.write_str("full"),
            Self::Naive(None) => f.write_str("naive"),
            Self::Naive(Some(size)) => write!(f, "naive:{size}"),
            Self::Lbfgs => f.write_str("lbfgs"),
        }
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = |text: &str| match text.parse() {
            Ok(0) => Err("a batch has at least 1 point".to_string()),
            Ok(size) => Ok(size),
            Err(_) => Err(format!(
                "unknown setting `{text}`; settings are a number of points, `full`, `naive`, `naive:N` and `lbfgs`"
            )),
        };
        match text {
            "full" => Ok(Self::Full),
            "naive" => Ok(Self::Naive(None)),
            "lbfgs" => Ok(Self::Lbfgs),
            _ => match text.strip_prefix("naive:") {
                Some(rest) => size(rest).map(|size| Self::Naive(Some(size))),
                None => size(text).map(Self::Batch),
            },
        }
    }
}

impl Setting {
    /// Interior points per step, if the setting says how many.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Batch(size) | Self::Naive(Some(size)) => Some(*size),
            Self::Full | Self::Naive(None) | Self::Lbfgs => None,
        }
    }

    /// Interior points per step, of `points`.
    pub fn batch(&self, points: usize) -> usize {
        match self {
            Self::Batch(size) | Self::Naive(Some(size)) => (*size).min(points),
            Self::Full | Self::Naive(None) | Self::Lbfgs => points,
        }
    }

    /// The batch as in a problem file.
    fn in_file(self) -> Batch {
        match self {
            Self::Batch(size) => Batch::Size(size),
            Self::Full | Self::Lbfgs => Batch::All(Whole::Full),
            Self::Naive(_) => Batch::All(Whole::Naive),
        }
    }

    /// Puts the setting and a stage that does `steps` steps of it into a file.
    pub fn apply(self, file: &mut crate::problem::ProblemFile, steps: usize) {
        file.points.batch = Some(self.in_file());
        if let Self::Naive(_) = self {
            file.points.micro_batch = None;
        }
        // Nothing is written.
        file.output.cells = 1;
        file.output.check_points = 1;
        file.training = Some(vec![match self {
            Self::Lbfgs => StageKind::Lbfgs(Lbfgs {
                iterations: steps,
                tolerance: 0.0,
                ..Lbfgs::default()
            }),
            _ => StageKind::Adam(Adam {
                steps,
                growth: match self {
                    Self::Naive(Some(size)) => Some(Growth::Steps(vec![(0, size)])),
                    _ => None,
                },
                couple: false,
                warm_up: 0,
                ..Adam::default()
            }),
        }]);
    }
}

/// What one setting took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Resident size before anything was read, bytes.
    pub empty: u64,
    /// Largest resident size, bytes.
    pub peak: u64,
    /// Largest resident size that was predicted, bytes.
    pub predicted: u64,
    /// Bytes of the points that are kept.
    pub points: u64,
    /// Most live bytes during the steps, above those before: activations, gradients, the batch's rows. On a GPU what its
    /// memory pool reserved.
    pub activations: u64,
    /// Time per step, s.
    pub step: f64,
    /// Steps.
    pub steps: usize,
    /// Interior points seen.
    pub seen: u64,
    /// Full-batch loss at the end.
    pub loss: f64,
}

/// Measures a problem to which a setting was applied.
///
/// # Errors
/// A memory limit that is too small.
pub fn measure(problem: Problem, device: Device, empty: u64) -> Result<Measurement, Error> {
    device.probe()?;
    let problem = Arc::new(problem);
    let plan = plan(&problem, &problem.attempts[0], &problem.file.points)?;
    let prepared = Prepared::begin(&problem, 0);
    let (kernel, mut parameters) = (&prepared.kernel, prepared.parameters.clone());
    let before = live_bytes();
    let mut collocation = prepared.collocation(plan.stored, plan.chunk);
    let points = live_bytes() - before;
    let stage = prepared.attempt().stages[0].clone();
    let (live, reserved) = (live_bytes(), device.reserved_bytes());
    restart_peak();
    let start = Instant::now();
    let runner = Runner {
        device,
        kernel,
        points: &prepared.points,
        micro_batch: plan.micro_batch,
    };
    let (silent, _) = runner.run(&stage, &mut collocation, &mut parameters, StageState::Start, None);
    let seconds = start.elapsed().as_secs_f64();
    // A device's pool only grows: what it has reserved is the most that was in use.
    let activations = match (device.reserved_bytes(), reserved) {
        (Some(after), Some(before)) => after.saturating_sub(before),
        _ => peak_bytes().saturating_sub(live) as u64,
    };
    let peak = peak_memory().unwrap_or(0);
    let loss = FusedObjective {
        kernel,
        collocation: &collocation,
    }
    .losses(&parameters)
    .iter()
    .sum();
    Ok(Measurement {
        empty,
        peak,
        predicted: plan.predicted,
        points: points as u64,
        activations,
        step: seconds / stage.steps() as f64,
        steps: stage.steps(),
        seen: silent.record.map_or(0, |record| record.seen),
        loss,
    })
}

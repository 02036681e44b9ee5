//! Newton's method for the output layer: least squares of the residuals linearised at the field, again and again.
//!
//! For given features the field is linear in the output layer w, so that a smooth residual has the Jacobian J = ∂r/∂w at w and
//! Newton's step solves min Σ_i w_i·|r_i + J_i·Δw|² (Gauss–Newton; quadratic where the residual vanishes at the solution). A line
//! search on the true residual keeps the method from steps that the linearisation does not bear.
//!
//! Where no step along its direction lowers the residual, the method goes on by continuation: with r₀ the residual where it stopped, it
//! solves r(w) = (1 − s)·r₀ for s from 0 to 1, as if loads grew, in steps that are halved where they fail. The path ends
//! at a fold, beyond which these loads have no solution near by.
//!
//! # Source
//! Deuflhard, *Newton Methods for Nonlinear Problems*, 2004, §4 (least squares), §3.1 (damping) and §5.1 (continuation).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::full_batch::{FullBatch, Limits, Point, Step, Work};
use super::last_layer::OutputSystem;
use super::stage::{Footprint, Stage, not_negative};
use super::{Objective, StopReason, norm};
use crate::jet::{Channels, Order, Rows, Span};

/// Newton steps of the output layer, in f64 on all points: the method of choice for nonlinear problems on `RandomFeatures`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Newton {
    /// Steps at most.
    pub iterations: usize,
    /// The stage ends when a step changes the field by no more than this, relative to its size: the next one would change it by about the
    /// square.
    pub tolerance: f64,
}

impl Default for Newton {
    fn default() -> Self {
        Self {
            iterations: 50,
            tolerance: 1e-7,
        }
    }
}

/// Shortest step that the line search tries.
const SHORTEST: f64 = 1.0 / 1024.0;
/// Share of the decrease that a step of the linearised residual promises which the line search asks for (Armijo).
const ARMIJO: f64 = 1e-4;
/// A change of the field below which steps that no longer shrink are rounding.
const ROUNDING: f64 = 1e-6;
/// A change of the field below which a step that does not lower the residual is no failure.
const SETTLED: f64 = 1e-2;

impl Stage for Newton {
    fn name(&self) -> &'static str {
        "Newton"
    }

    fn steps(&self) -> usize {
        self.iterations
    }

    fn set_steps(&mut self, steps: usize) {
        self.iterations = steps;
    }

    fn check(&self, _batch: usize, _points: usize) -> Result<(), (&'static str, String)> {
        not_negative("tolerance", self.tolerance)
    }

    fn held(&self, _parameters: usize) -> Footprint {
        Footprint {
            output: true,
            ..Footprint::default()
        }
    }
}

/// What the method remembers: the last change of the field, whether the steps have come to their end, and how far continuation is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    change: Option<f64>,
    end: Option<StopReason>,
    path: Option<Path>,
}

/// A path from the residual r₀ at some parameters to none: r = (1 − s)·r₀.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Path {
    /// Where it began, `[p]`.
    start: Vec<f64>,
    /// s.
    reached: f64,
    /// The next step of s.
    step: f64,
}

/// First step of a path.
const FIRST_STEP: f64 = 0.25;
/// Step below which a path ends.
const LEAST_STEP: f64 = 1e-3;
/// Newton steps for each step of a path.
const CORRECTIONS: usize = 6;
/// Share of the residual that a step of the path asks for which its Newton steps may leave.
const LEFT: f64 = 0.1;

impl FullBatch for Newton {
    type Memory = Progress;

    fn limits(&self) -> Limits {
        Limits {
            iterations: self.iterations,
            tolerance: 0.0,
            window: usize::MAX,
        }
    }

    fn start(&self, objective: &dyn Objective, parameters: Vec<f64>) -> (Point, Progress) {
        (Point::without_gradient(objective, parameters), Progress::default())
    }

    fn advance(&self, work: &Work<'_>, at: &Point, memory: &mut Progress) -> Result<Step, StopReason> {
        if let Some(end) = memory.end.take() {
            return Err(end);
        }
        if let Some(path) = memory.path.as_mut().filter(|path| path.reached < 1.0) {
            return follow(work, at, path);
        }
        let direction = direction(work, &at.parameters, None);
        let Some((point, rate)) = search(work, at, &direction) else {
            // Where the features leave a residual, the last steps change little and gain nothing.
            let whole = change(work, &at.parameters, &moved(&at.parameters, &direction, 1.0));
            if whole < SETTLED {
                return Err(StopReason::FieldSettled);
            }
            if memory.path.is_some() {
                return Err(StopReason::NoDescent);
            }
            let path = memory.path.insert(Path {
                start: at.parameters.clone(),
                reached: 0.0,
                step: FIRST_STEP,
            });
            return follow(work, at, path);
        };
        let change = change(work, &at.parameters, &point.parameters);
        let last = memory.change.replace(change);
        let shrinks = last.is_none_or(|last| change < 0.5 * last);
        if change <= self.tolerance || (change < ROUNDING && !shrinks) {
            memory.end = Some(StopReason::FieldSettled);
        }
        Ok(Step {
            point,
            gradient_norm: f64::NAN,
            rate,
        })
    }
}

/// One step along a path, by Newton's method from where it stands.
fn follow(work: &Work<'_>, at: &Point, path: &mut Path) -> Result<Step, StopReason> {
    while path.step >= LEAST_STEP {
        let target = (path.reached + path.step).min(1.0);
        let shift = Shift {
            start: &path.start,
            share: 1.0 - target,
        };
        let before = work.shifted_loss(&at.parameters, &shift);
        let mut parameters = at.parameters.clone();
        let mut left = before;
        for _ in 0..CORRECTIONS {
            let direction = direction(work, &parameters, Some(&shift));
            let next = moved(&parameters, &direction, 1.0);
            let loss = work.shifted_loss(&next, &shift);
            if !(loss < left) {
                break;
            }
            (parameters, left) = (next, loss);
        }
        if left <= LEFT * LEFT * before {
            let rate = path.step;
            path.reached = target;
            path.step *= 1.5;
            let point = Point::without_gradient(work.objective, parameters);
            return Ok(Step {
                point,
                gradient_norm: f64::NAN,
                rate,
            });
        }
        path.step *= 0.5;
    }
    Err(StopReason::NoDescent)
}

/// What is taken from the residuals along a path: a share of those at its start.
struct Shift<'a> {
    start: &'a [f64],
    share: f64,
}

impl Work<'_> {
    /// Affine rows of a span, linearised at the parameters, less what is taken from the residuals.
    fn linearised(&self, span: &Span<'_, f64>, parameters: &[f64], shift: Option<&Shift<'_>>) -> Rows<f64> {
        let part: Rows<f64> = span.rows.slice(span.start, span.start + span.points);
        let mut rows = self.kernel.frozen(parameters, &part);
        if let Some(shift) = shift {
            let taken = self.kernel.residuals(shift.start, &part);
            rows.rhs
                .iter_mut()
                .zip(taken)
                .for_each(|(rhs, r)| *rhs += shift.share * r);
        }
        rows
    }

    /// Σ w·|r − share·r₀|².
    fn shifted_loss(&self, parameters: &[f64], shift: &Shift<'_>) -> f64 {
        let mut sum = 0.0;
        self.collocation.parts(|_, spans| {
            for span in spans {
                let rows = self.linearised(span, parameters, Some(shift));
                sum += self.kernel.losses(parameters, &[&rows]).iter().sum::<f64>();
            }
        });
        sum
    }
}

/// The step of the output layer that solves the residuals linearised at `parameters`.
fn direction(work: &Work<'_>, parameters: &[f64], shift: Option<&Shift<'_>>) -> Vec<f64> {
    let (kernel, collocation) = (work.kernel, work.collocation);
    let mut features = parameters.to_vec();
    let terms = 0..collocation.terms.len();
    let rows = terms
        .clone()
        .map(|t| collocation.terms[t].len() * collocation.residuals(t))
        .sum();
    let sample: Vec<Rows<f64>> = terms
        .map(|t| kernel.frozen(parameters, &collocation.sample(t)))
        .collect();
    let mut system = OutputSystem::new(kernel, &mut features, &sample, rows, work.chunk_bytes, 0.0);
    collocation.parts(|_, spans| {
        for span in spans {
            match (&span.rows.smooth, shift) {
                (None, None) => system.add(span.rows, span.start, span.points),
                _ => system.add(&work.linearised(span, parameters, shift), 0, span.points),
            }
        }
    });
    if let Some(rows) = collocation.mean_rows() {
        system.add_mean(&rows);
    }
    let solution = system.solve().solution;
    let first = parameters.len() - solution.len();
    solution
        .iter()
        .zip(&parameters[first..])
        .map(|(new, old)| new - old)
        .collect()
}

/// The first of the steps 1, ½, ¼, … along a direction that lowers the residual enough.
fn search(work: &Work<'_>, at: &Point, direction: &[f64]) -> Option<(Point, f64)> {
    let mut rate = 1.0;
    while rate >= SHORTEST {
        let point = Point::without_gradient(work.objective, moved(&at.parameters, direction, rate));
        if point.loss <= (1.0 - ARMIJO * rate) * at.loss {
            return Some((point, rate));
        }
        rate *= 0.5;
    }
    None
}

/// The parameters with the output layer moved along a direction.
fn moved(parameters: &[f64], direction: &[f64], rate: f64) -> Vec<f64> {
    let mut parameters = parameters.to_vec();
    let first = parameters.len() - direction.len();
    parameters[first..]
        .iter_mut()
        .zip(direction)
        .for_each(|(w, d)| *w += rate * d);
    parameters
}

/// |u − v|/|u| over points of the interior, in the units of the network.
fn change(work: &Work<'_>, before: &[f64], after: &[f64]) -> f64 {
    let rows = work.collocation.sample(0);
    let values = Channels::new(rows.channels.space, rows.channels.time, Order::Value);
    let [old, new] = [before, after].map(|parameters| work.kernel.jets(parameters, values, &rows.x));
    let difference: Vec<f64> = new.iter().zip(&old).map(|(a, b)| a - b).collect();
    let size = norm(&new);
    if size > 0.0 {
        norm(&difference) / size
    } else {
        norm(&difference)
    }
}

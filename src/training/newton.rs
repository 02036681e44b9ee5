//! Newton's method for the output layer: least squares of the residuals linearised at the field, again and again.
//!
//! For given features the field is linear in the output layer w, so that a smooth residual has the Jacobian J = ∂r/∂w at w and
//! Newton's step solves min Σ_i w_i·|r_i + J_i·Δw|² (Gauss–Newton; quadratic where the residual vanishes at the solution). A line
//! search on the true residual keeps the method from steps that the linearisation does not bear.
//!
//! # Source
//! Deuflhard, *Newton Methods for Nonlinear Problems*, 2004, §4 (least squares) and §3.1 (damping).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::full_batch::{FullBatch, Limits, Point, Step, Work};
use super::last_layer::OutputSystem;
use super::stage::{Held, Stage, not_negative};
use super::{Objective, StopReason, norm};
use crate::jet::{Channels, Order, Rows};

/// Newton steps of the output layer, in f64 on all points: the method of choice for nonlinear problems on `RandomFeatures`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Newton {
    /// Steps at most.
    pub iterations: usize,
    /// The stage ends when a step changes the field by no more than this, relative to its size.
    pub tolerance: f64,
}

impl Default for Newton {
    fn default() -> Self {
        Self {
            iterations: 50,
            tolerance: 1e-12,
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

    fn held(&self, _parameters: usize) -> Held {
        Held {
            output: true,
            ..Held::default()
        }
    }
}

/// What the method remembers: the last change of the field, and whether the steps have come to their end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    change: Option<f64>,
    end: Option<StopReason>,
}

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
        let direction = direction(work, &at.parameters);
        let Some((point, rate)) = search(work, at, &direction) else {
            // Where the features leave a residual, the last steps change little and gain nothing.
            let whole = change(work, &at.parameters, &moved(&at.parameters, &direction, 1.0));
            return Err(match whole < SETTLED {
                true => StopReason::FieldSettled,
                false => StopReason::NoDescent,
            });
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

/// The step of the output layer that solves the residuals linearised at `parameters`.
fn direction(work: &Work<'_>, parameters: &[f64]) -> Vec<f64> {
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
            if span.rows.smooth.is_none() {
                system.add(span.rows, span.start, span.points);
            } else {
                let part: Rows<f64> = span.rows.slice(span.start, span.start + span.points);
                system.add(&kernel.frozen(parameters, &part), 0, span.points);
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

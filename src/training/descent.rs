//! Methods that search along a descent direction which they learn from the gradients they have seen.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::full_batch::{FullBatch, Limits, Point, Step, Work};
use super::line_search::{CandidateField, search};
use super::{Objective, StopReason, dot, norm};

/// Gradient, relative to the first one, below which there is nothing left but rounding.
const VANISHED: f64 = 1e-15;
/// Iterations over which the tolerance of these methods is judged.
const WINDOW: usize = 100;
/// A curvature pair is used if cos(s, y) exceeds this.
pub(super) const COSINE: f64 = 1e-10;
/// Length of a step of which nothing is known, relative to the parameters.
const FIRST: f64 = 0.01;

/// A method that is told by its direction and by what it learns from a step. An empty memory means the direction −g.
pub trait Descent {
    /// What it has learnt; [`Default`] is nothing.
    type Memory: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned;

    /// By how much the line search must flatten the slope.
    const CURVATURE: f64;

    /// Iterations at most, and the tolerance over 100 of them.
    fn ends(&self) -> (usize, f64);

    /// Direction and the step to try first, from what was learnt; nothing without memory.
    fn direction(memory: &Self::Memory, gradient: &[f64]) -> Option<(Vec<f64>, f64)>;

    /// Learns from a step.
    fn learn(&self, memory: &mut Self::Memory, step: &Learnt<'_>);
}

/// A step that was taken.
pub struct Learnt<'a> {
    /// Where it began.
    pub(super) from: &'a Point,
    /// Along which direction.
    pub(super) direction: &'a [f64],
    /// Where it ended, and the multiple of the direction.
    pub(super) to: &'a CandidateField,
}

impl Learnt<'_> {
    /// s, the change of the parameters, and y, the change of the gradient.
    pub(super) fn pair(&self) -> (Vec<f64>, Vec<f64>) {
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let (from, to) = (self.from, &self.to.point);
        (
            difference(&to.parameters, &from.parameters),
            difference(&to.gradient, &from.gradient),
        )
    }
}

impl<D: Descent> FullBatch for D {
    type Memory = D::Memory;

    fn limits(&self) -> Limits {
        let (iterations, tolerance) = self.ends();
        Limits {
            iterations,
            tolerance,
            window: WINDOW,
        }
    }

    fn start(&self, objective: &dyn Objective, parameters: Vec<f64>) -> (Point, Self::Memory) {
        (Point::new(objective, parameters), Self::Memory::default())
    }

    fn advance(&self, work: &Work<'_>, at: &Point, memory: &mut Self::Memory) -> Result<Step, StopReason> {
        if norm(&at.gradient) <= VANISHED * work.first_norm {
            return Err(StopReason::GradientVanished);
        }
        let trial = iterate(self, work.objective, at, memory).ok_or(StopReason::RoundingLimit)?;
        Ok(Step {
            gradient_norm: norm(&trial.point.gradient),
            rate: trial.step,
            point: trial.point,
        })
    }
}

/// One step; along −g with an empty memory if nothing is gained along what was learnt.
pub(super) fn iterate<D: Descent>(
    method: &D,
    objective: &dyn Objective,
    at: &Point,
    memory: &mut D::Memory,
) -> Option<CandidateField> {
    let learnt = D::direction(memory, &at.gradient)
        .filter(|(direction, _)| dot(direction, &at.gradient) < 0.0)
        .and_then(|(direction, guess)| {
            let trial = search(objective, at, &direction, guess, D::CURVATURE)?;
            Some((direction, trial))
        });
    let (direction, to) = match learnt {
        Some(found) => found,
        None => {
            *memory = D::Memory::default();
            let direction: Vec<f64> = at.gradient.iter().map(|g| -g).collect();
            let guess = FIRST * norm(&at.parameters).max(1.0) / norm(&direction);
            let trial = search(objective, at, &direction, guess, D::CURVATURE)?;
            (direction, trial)
        }
    };
    method.learn(
        memory,
        &Learnt {
            from: at,
            direction: &direction,
            to: &to,
        },
    );
    Some(to)
}

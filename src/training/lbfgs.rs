//! Limited-memory BFGS on the full batch.
//!
//! Burn 0.21 has an L-BFGS (`burn::optim::LBFGS`), but it tests absolute thresholds, sees the parameters in f32 and cannot
//! take an objective that is summed over micro-batches; this one has only relative tests, judges curvature pairs by the
//! cosine between s and y, restarts from the gradient when a line search fails, and says why it stops.
//!
//! # Source
//! Nocedal & Wright, *Numerical Optimization*, 2006: two-loop recursion, algorithm 7.4.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::descent::{COSINE, Descent, Learnt};
use super::stage::{Footprint, Stage, not_negative};
use super::{dot, norm};

/// Limited-memory BFGS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lbfgs {
    /// Iterations at most.
    pub iterations: usize,
    /// Curvature pairs that are remembered.
    pub history: usize,
    /// Stops when the loss has fallen by less than this fraction over 100 iterations.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            iterations: 2000,
            history: 50,
            tolerance: 1e-4,
        }
    }
}

impl Stage for Lbfgs {
    fn name(&self) -> &'static str {
        "Lbfgs"
    }

    fn steps(&self) -> usize {
        self.iterations
    }

    fn set_steps(&mut self, steps: usize) {
        self.iterations = steps;
    }

    fn check(&self, _batch: usize, _points: usize) -> Result<(), (&'static str, String)> {
        if self.history == 0 {
            return Err(("history", "history = 0 must be at least 1".into()));
        }
        not_negative("tolerance", self.tolerance)
    }

    fn held(&self, _parameters: usize) -> Footprint {
        Footprint {
            vectors: 2 * self.history + 12,
            ..Footprint::default()
        }
    }
}

/// Curvature pairs (s, y, sᵀy), the oldest first.
pub(super) type Pairs = VecDeque<(Vec<f64>, Vec<f64>, f64)>;

impl Descent for Lbfgs {
    type Memory = Pairs;
    const CURVATURE: f64 = 0.9;

    fn ends(&self) -> (usize, f64) {
        (self.iterations, self.tolerance)
    }

    /// −H·g by the two-loop recursion.
    fn direction(pairs: &Pairs, gradient: &[f64]) -> Option<(Vec<f64>, f64)> {
        let (_, y, sy) = pairs.back()?;
        let scale = sy / dot(y, y);
        let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut factors = Vec::with_capacity(pairs.len());
        for (s, y, sy) in pairs.iter().rev() {
            let factor = dot(s, &q) / sy;
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= factor * y);
            factors.push(factor);
        }
        q.iter_mut().for_each(|q| *q *= scale);
        for ((s, y, sy), factor) in pairs.iter().zip(factors.iter().rev()) {
            let correction = factor - dot(y, &q) / sy;
            q.iter_mut().zip(s).for_each(|(q, s)| *q += correction * s);
        }
        Some((q, 1.0))
    }

    fn learn(&self, pairs: &mut Pairs, step: &Learnt<'_>) {
        let (s, y) = step.pair();
        let sy = dot(&s, &y);
        if sy > COSINE * norm(&s) * norm(&y) {
            if pairs.len() == self.history {
                pairs.pop_front();
            }
            pairs.push_back((s, y, sy));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_functions::{Rosenbrock, minimise};
    use super::*;

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_minimum_whatever_the_units_of_the_loss() {
        for factor in [1.0, 1e-12, 1e12] {
            let start = vec![-1.2, 1.0, 0.3, -2.0];
            let (end, iterations, _) = minimise(&Lbfgs::default(), &Rosenbrock(factor), start, 300);
            let x = end.parameters;
            assert!(
                x.iter().all(|x| (x - 1.0).abs() < 1e-7),
                "{factor}: {x:?} after {iterations}"
            );
            assert!(iterations < 120, "{factor}: {iterations}");
        }
    }
}

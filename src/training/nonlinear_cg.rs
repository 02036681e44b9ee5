//! Nonlinear conjugate gradients on the full batch: each direction is the gradient corrected by the direction before.
//!
//! With g the new gradient, d the last direction, y the change of the gradient along it:
//!
//! d₊ = −g + max(β, η)·d, β = (y − 2·d·|y|²/(dᵀy))ᵀg/(dᵀy), η = 0.4·dᵀg₀/|d|² with g₀ the gradient that d began with.
//!
//! On quadratics with exact searches it ends after p iterations, as linear conjugate gradients do; d₊ᵀg ≤ −⅞·|g|² whatever
//! the search found. It holds a few vectors only, and needs more exact searches than quasi-Newton methods do.
//!
//! # Source
//! Hager & Zhang, *A new conjugate gradient method with guaranteed descent and an efficient line search*, SIAM J. Optim. 16
//! (2005) 170, eq. 1.3; the bound η, which has no unit, from their *The limited memory conjugate gradient method*, SIAM J.
//! Optim. 23 (2013) 2150. First step of a search: Nocedal & Wright, *Numerical Optimization*, 2006, page 59.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::descent::{COSINE, Descent, Learnt};
use super::stage::{Footprint, Stage, not_negative};
use super::{dot, norm};

/// How far β may fall below 0.
const BOUND: f64 = 0.4;

/// Nonlinear conjugate gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NonlinearCg {
    /// Iterations at most.
    pub iterations: usize,
    /// Stops when the loss has fallen by less than this fraction over 100 iterations.
    pub tolerance: f64,
}

impl Default for NonlinearCg {
    fn default() -> Self {
        Self {
            iterations: 2000,
            tolerance: 1e-4,
        }
    }
}

impl Stage for NonlinearCg {
    fn name(&self) -> &'static str {
        "NonlinearCg"
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
            vectors: 16,
            ..Footprint::default()
        }
    }
}

/// The next direction, and what the search along it needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conjugate {
    /// Empty at the start.
    direction: Vec<f64>,
    /// The step to try first.
    guess: f64,
}

impl Descent for NonlinearCg {
    type Memory = Conjugate;
    const CURVATURE: f64 = 0.1;

    fn ends(&self) -> (usize, f64) {
        (self.iterations, self.tolerance)
    }

    fn direction(memory: &Conjugate, _gradient: &[f64]) -> Option<(Vec<f64>, f64)> {
        (!memory.direction.is_empty()).then(|| (memory.direction.clone(), memory.guess))
    }

    fn learn(&self, memory: &mut Conjugate, step: &Learnt<'_>) {
        let (_, y) = step.pair();
        let (d, g) = (step.direction, &step.to.point.gradient);
        let dy = dot(d, &y);
        if !(dy > COSINE * norm(d) * norm(&y)) {
            *memory = Conjugate::default();
            return;
        }
        let slope = dot(d, &step.from.gradient);
        let beta = (dot(&y, g) - 2.0 * dot(d, g) * dot(&y, &y) / dy) / dy;
        let beta = beta.max(BOUND * slope / dot(d, d));
        memory.direction = g.iter().zip(d).map(|(g, d)| beta * d - g).collect();
        // The first change of the loss to expect is that of the search before.
        memory.guess = step.to.step * slope / dot(&memory.direction, g);
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_functions::{Quadratic, Rosenbrock, minimise};
    use super::*;

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_minimum_whatever_the_units_of_the_loss() {
        for factor in [1.0, 1e-12, 1e12] {
            let start = vec![-1.2, 1.0, 0.3, -2.0];
            let (end, iterations, _) = minimise(&NonlinearCg::default(), &Rosenbrock(factor), start, 500);
            let x = end.parameters;
            assert!(
                x.iter().all(|x| (x - 1.0).abs() < 1e-6),
                "{factor}: {x:?} after {iterations}"
            );
        }
    }

    /// The error of conjugate gradients falls at least by 2·((√κ − 1)/(√κ + 1))^k, gradient descent needs κ/√κ times as long.
    #[test]
    fn a_quadratic_is_solved_at_the_rate_of_linear_conjugate_gradients() {
        let n = 30;
        let quadratic = Quadratic::new(n);
        let first = minimise(&NonlinearCg::default(), &quadratic, vec![1.0; n], 0).0.loss;
        // Eigenvalues lie in [1, n² + n] by Weyl's inequality.
        let root = ((n * n + n) as f64).sqrt();
        for iterations in [20, 60, 120] {
            let (end, ..) = minimise(&NonlinearCg::default(), &quadratic, vec![1.0; n], iterations);
            let bound = 4.0 * ((root - 1.0) / (root + 1.0)).powi(2 * iterations as i32);
            assert!(end.loss <= bound * first, "{iterations}: {} {bound}", end.loss / first);
        }
    }
}

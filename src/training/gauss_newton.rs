//! Gauss–Newton with Levenberg–Marquardt damping on the full batch.
//!
//! With r the weighted residuals and J = ∂r/∂θ a step solves (JᵀJ + μ·D)·δ = −Jᵀr. JᵀJ is added up over chunks of
//! points, so memory is p² whatever n is. For least squares of residuals this is the energy natural gradient (Müller & Zeinhofer,
//! *Achieving high accuracy with PINNs via energy natural gradients*, 2023).
//!
//! # Source
//! Marquardt, *J. SIAM* 11 (1963) 431: D = diag(JᵀJ), so that μ has no unit and no step depends on how the parameters are
//! scaled; μ falls by a factor after a success and grows by it until a step lowers the loss.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Objective, Record, StopReason, Training, norm};
use crate::jet::fused::Kernel;
use crate::jet::matmul::matmul_into;
use crate::loss::Rows;

/// Iterations over which [`GaussNewton::tolerance`] is judged.
const WINDOW: usize = 10;
/// Bytes of one chunk of the Jacobian.
const CHUNK_BYTES: usize = 32 << 20;
/// Columns of a panel of JᵀJ.
const PANEL: usize = 256;
/// Damped solves per iteration at most.
const ATTEMPTS: usize = 30;
/// By which the damping falls after a success and grows after a failure.
const FACTOR: f64 = 3.0;
/// Damping below which rounding decides.
const LEAST_DAMPING: f64 = 1e-18;
/// Smallest diagonal entry that damping counts with, relative to the mean one.
const FLOOR: f64 = 1e-9;

/// Gauss–Newton with Levenberg–Marquardt damping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussNewton {
    /// Iterations at most.
    pub iterations: usize,
    /// Damping μ of the first step.
    pub damping: f64,
    /// Stops when the loss has fallen by less than this fraction over 10 iterations.
    pub tolerance: f64,
}

impl Default for GaussNewton {
    fn default() -> Self {
        Self {
            iterations: 200,
            damping: 1e-3,
            tolerance: 0.1,
        }
    }
}

impl GaussNewton {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(self.damping > 0.0) {
            return Err(("damping", format!("damping = {} must be greater than 0", self.damping)));
        }
        if !(self.tolerance >= 0.0 && self.tolerance < 1.0) {
            return Err((
                "tolerance",
                format!("tolerance = {} must lie in [0, 1)", self.tolerance),
            ));
        }
        Ok(())
    }

    pub(super) fn run(&self, training: &mut Training<'_>, parameters: &mut Vec<f64>) -> (usize, f64, StopReason) {
        let p = parameters.len();
        let mut system = NormalEquations::new(p);
        let mut terms = training.objective.losses(parameters);
        let mut loss: f64 = terms.iter().sum();
        if !loss.is_finite() {
            return (0, loss, training.non_finite(0, &terms));
        }
        let mut damping = self.damping;
        let mut losses = vec![loss];
        for iteration in 1..=self.iterations {
            if training.interrupted() {
                return (iteration - 1, loss, StopReason::Interrupted);
            }
            system.assemble(training.kernel, training.terms, parameters);
            let gradient_norm = 2.0 * norm(&system.right);
            let Some(best) = search(&system, training.objective, parameters, loss, damping) else {
                return (iteration - 1, loss, StopReason::RoundingLimit);
            };
            damping = best.damping;
            *parameters = best.parameters;
            (loss, terms) = (best.loss, best.terms);
            training.observer.record(&Record {
                stage: "GaussNewton",
                step: iteration,
                steps: self.iterations,
                epoch: iteration as f64,
                loss,
                terms: terms.clone(),
                gradient_norm: Some(gradient_norm),
                rate: damping,
                batch: training.terms[0].points,
            });
            losses.push(loss);
            if losses.len() > WINDOW {
                let before = losses[losses.len() - 1 - WINDOW];
                if before - loss <= self.tolerance * before {
                    return (iteration, loss, StopReason::LossSettled);
                }
            }
        }
        (self.iterations, loss, StopReason::StepsDone)
    }
}

/// A damped step.
struct Trial {
    /// For the next iteration.
    damping: f64,
    parameters: Vec<f64>,
    terms: Vec<f64>,
    loss: f64,
}

/// The first step that lowers the loss: the damping grows until one does, and is smaller for the next iteration.
fn search(
    system: &NormalEquations,
    objective: &dyn Objective,
    parameters: &[f64],
    loss: f64,
    last: f64,
) -> Option<Trial> {
    let mut damping = last;
    for _ in 0..ATTEMPTS {
        if let Some(step) = system.solve(damping) {
            let parameters: Vec<f64> = parameters.iter().zip(&step).map(|(x, d)| x - d).collect();
            let terms = objective.losses(&parameters);
            let trial = Trial {
                damping: (damping / FACTOR).max(LEAST_DAMPING),
                loss: terms.iter().sum(),
                parameters,
                terms,
            };
            if trial.loss < loss {
                return Some(trial);
            }
        }
        damping *= FACTOR;
    }
    None
}

/// JᵀJ and Jᵀr.
struct NormalEquations {
    p: usize,
    /// Lower triangle in full panels, row-major `[p, p]`.
    matrix: Vec<f64>,
    right: Vec<f64>,
    /// Mean diagonal.
    unit: f64,
}

impl NormalEquations {
    fn new(p: usize) -> Self {
        Self {
            p,
            matrix: vec![0.0; p * p],
            right: vec![0.0; p],
            unit: 1.0,
        }
    }

    fn assemble(&mut self, kernel: &Kernel<f64>, terms: &[Rows<f64>], parameters: &[f64]) {
        let p = self.p;
        self.matrix.fill(0.0);
        self.right.fill(0.0);
        let (mut jacobian, mut residual) = (Vec::new(), Vec::new());
        for rows in terms {
            let r = rows.residuals;
            let chunk = (CHUNK_BYTES / (p * r * size_of::<f64>())).max(64);
            for start in (0..rows.points).step_by(chunk) {
                let n = chunk.min(rows.points - start);
                jacobian.resize(n * r * p, 0.0);
                residual.resize(n * r, 0.0);
                kernel.jacobian(parameters, rows, start, n, &mut jacobian, &mut residual);
                self.add(&jacobian, &residual);
            }
        }
        self.unit = (0..p).map(|i| self.matrix[i * p + i]).sum::<f64>() / p as f64;
    }

    /// Adds a chunk, one panel of rows of JᵀJ per task: each panel is written by one thread, in chunk order.
    fn add(&mut self, jacobian: &[f64], residual: &[f64]) {
        let p = self.p;
        let n = residual.len();
        self.matrix
            .par_chunks_mut(PANEL * p)
            .zip(self.right.par_chunks_mut(PANEL))
            .enumerate()
            // Later panels are longer: they are dealt out first.
            .rev()
            .for_each(|(panel, (matrix, right))| {
                let first = panel * PANEL;
                let height = right.len();
                let width = first + height;
                matmul_into(
                    (height, n, width),
                    (&jacobian[first..], 1, p),
                    (jacobian, p, 1),
                    (matrix, p),
                    true,
                );
                for (row, r) in jacobian.chunks(p).zip(residual) {
                    right.iter_mut().zip(&row[first..]).for_each(|(sum, j)| *sum += j * r);
                }
            });
    }

    /// (JᵀJ + damping·D)⁻¹·Jᵀr, if the matrix is positive definite to working precision.
    fn solve(&self, damping: f64) -> Option<Vec<f64>> {
        let p = self.p;
        let matrix = Mat::from_fn(p, p, |i, j| {
            let (i, j) = (i.max(j), i.min(j));
            self.matrix[i * p + j]
                + if i == j {
                    damping * self.matrix[i * p + i].max(FLOOR * self.unit)
                } else {
                    0.0
                }
        });
        let right = Mat::from_fn(p, 1, |i, _| self.right[i]);
        let solution = matrix.llt(Side::Lower).ok()?.solve(&right);
        let step: Vec<f64> = (0..p).map(|i| solution[(i, 0)]).collect();
        step.iter().all(|v| v.is_finite()).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn chunked_panels_give_the_normal_equations() {
        let (n, p) = (37, PANEL + 19);
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut numbers = |count: usize| (0..count).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
        let (jacobian, residual) = (numbers(n * p), numbers(n));
        let mut system = NormalEquations::new(p);
        system.add(&jacobian[..20 * p], &residual[..20]);
        system.add(&jacobian[20 * p..], &residual[20..]);
        for i in 0..p {
            let right: f64 = (0..n).map(|k| jacobian[k * p + i] * residual[k]).sum();
            assert!((system.right[i] - right).abs() < 1e-12);
            for j in 0..=i {
                let entry: f64 = (0..n).map(|k| jacobian[k * p + i] * jacobian[k * p + j]).sum();
                assert!((system.matrix[i * p + j] - entry).abs() < 1e-12);
            }
        }
    }
}

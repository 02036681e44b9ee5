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

use super::{Record, StopReason, Training, norm};
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
/// Step of the central differences along the velocity, relative to it.
const DIFFERENCE: f64 = 0.1;
/// Largest acceleration that is used, as 2·|a|/|v|.
const BEND: f64 = 0.75;
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
            let Some(best) = search(&system, training, parameters, loss, damping) else {
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
    training: &Training<'_>,
    parameters: &[f64],
    loss: f64,
    last: f64,
) -> Option<Trial> {
    let objective = training.objective;
    let mut damping = last;
    for _ in 0..ATTEMPTS {
        if let Some(factor) = system.factor(damping) {
            let mut step = system.solve(&factor, &system.right);
            bend(system, &factor, training, parameters, &mut step);
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

/// Adds the geodesic acceleration to a step −v: a = −½·(JᵀJ + μD)⁻¹·Jᵀr″, with r″ the second derivative of r along v, from
/// central differences. It follows the bend of the valley, so that longer steps succeed (Transtrum & Sethna,
/// *Improvements to the Levenberg–Marquardt algorithm*, 2012, arXiv 1201.5885, eq. 8 and 15).
fn bend(system: &NormalEquations, factor: &Factor, training: &Training<'_>, parameters: &[f64], step: &mut [f64]) {
    let terms: Vec<&Rows<f64>> = training.terms.iter().collect();
    let shifted = |sign: f64| -> Vec<Vec<f64>> {
        let at: Vec<f64> = parameters
            .iter()
            .zip(step.iter())
            .map(|(x, d)| x - sign * DIFFERENCE * d)
            .collect();
        terms.iter().map(|rows| training.kernel.residuals(&at, rows)).collect()
    };
    let (ahead, here, behind) = (shifted(1.0), shifted(0.0), shifted(-1.0));
    let curvature: Vec<Vec<f64>> = terms
        .iter()
        .enumerate()
        .map(|(t, rows)| {
            (0..here[t].len())
                .map(|i| {
                    let second = (ahead[t][i] - 2.0 * here[t][i] + behind[t][i]) / (DIFFERENCE * DIFFERENCE);
                    rows.weights[i / rows.residuals] * second
                })
                .collect()
        })
        .collect();
    let right = training.kernel.pullback(parameters, &terms, &curvature);
    let acceleration: Vec<f64> = system.solve(factor, &right).iter().map(|a| 0.5 * a).collect();
    // Where the acceleration is not small against the velocity the expansion does not hold.
    if 2.0 * norm(&acceleration) <= BEND * norm(step) {
        step.iter_mut().zip(acceleration).for_each(|(d, a)| *d += a);
    }
}

/// A Cholesky factorisation.
type Factor = faer::linalg::solvers::Llt<f64>;

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

    /// Factorises JᵀJ + damping·D, if it is positive definite to working precision.
    fn factor(&self, damping: f64) -> Option<Factor> {
        let p = self.p;
        Mat::from_fn(p, p, |i, j| {
            let (i, j) = (i.max(j), i.min(j));
            let diagonal = damping * self.matrix[i * p + i].max(FLOOR * self.unit);
            self.matrix[i * p + j] + if i == j { diagonal } else { 0.0 }
        })
        .llt(Side::Lower)
        .ok()
    }

    fn solve(&self, factor: &Factor, right: &[f64]) -> Vec<f64> {
        let solution = factor.solve(Mat::from_fn(self.p, 1, |i, _| right[i]));
        (0..self.p).map(|i| solution[(i, 0)]).collect()
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

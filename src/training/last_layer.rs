//! The output layer by linear least squares on the features of the layers below.
//!
//! Equation, conditions, ansatz and output layer are linear, so for given features the best output layer is one
//! linear solve: min Σ_i w_i·|r_i|² over (width + 1)·m unknowns, by streamed Householder factors.
//!
//! # Source
//! Golub & Pereyra, *SIAM J. Numer. Anal.* 10 (1973) 413 (separable least squares); for sources on random features see
//! [`crate::network::RandomFeatures`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::full_batch::{FullBatch, Limits, Point, Step, Work};
use super::gram::{GRAM, Gram};
use super::least_squares::{Fit, LeastSquares};
use super::stage::{Held, Stage};
use super::{FusedObjective, Lbfgs, Objective, StopReason};
use crate::jet::fused::Kernel;
use crate::jet::{Rows, Span};

/// Points whose rows are made at once.
const CHUNK: usize = 256;

/// Unknowns of an output layer at most that are solved for by Householder factors: half a minute on two cores.
pub const UNKNOWNS: usize = 3000;

/// Dampings of an energy, relative to the features' size, of which the best on an independent rule is taken.
pub(super) const RITZ: [f64; 8] = [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];
/// The output layer by linear least squares, in f64 on all points; alone, or in turn with L-BFGS steps of all layers
/// (variable projection).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LastLayer {
    /// Number of solves.
    pub rounds: usize,
    /// L-BFGS iterations of all layers between two solves.
    pub between: usize,
}

impl Default for LastLayer {
    fn default() -> Self {
        Self { rounds: 1, between: 50 }
    }
}

impl Stage for LastLayer {
    fn name(&self) -> &'static str {
        "LastLayer"
    }

    fn steps(&self) -> usize {
        self.rounds
    }

    fn set_steps(&mut self, steps: usize) {
        self.rounds = steps;
    }

    fn check(&self, _batch: usize, _points: usize) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    fn held(&self, parameters: usize) -> Held {
        let lbfgs = Stage::held(&Lbfgs::default(), parameters);
        let alone = Held::default();
        Held {
            output: true,
            ..if self.rounds > 1 { lbfgs } else { alone }
        }
    }
}

/// What the stage remembers: the rounds that are done, and the rank of the last solve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    done: usize,
    rank: usize,
}

impl FullBatch for LastLayer {
    type Memory = Rounds;

    fn limits(&self) -> Limits {
        Limits {
            // After the last one the stage says how it ended.
            iterations: self.rounds + 1,
            tolerance: 0.0,
            window: usize::MAX,
        }
    }

    fn start(&self, objective: &dyn Objective, parameters: Vec<f64>) -> (Point, Rounds) {
        (Point::without_gradient(objective, parameters), Rounds::default())
    }

    fn advance(&self, work: &Work<'_>, at: &Point, memory: &mut Rounds) -> Result<Step, StopReason> {
        if memory.done == self.rounds {
            return Err(StopReason::Solved {
                rank: memory.rank,
                unknowns: work.kernel.output_parameters(),
            });
        }
        let mut at = at.clone();
        if memory.done > 0 {
            at = descend(work, at, self.between);
        }
        let fit = solve(work, &at.parameters);
        let mut parameters = at.parameters.clone();
        let first = parameters.len() - fit.solution.len();
        parameters[first..].copy_from_slice(&fit.solution);
        let solved = Point::without_gradient(work.objective, parameters);
        // A better output layer than the solution can only be a matter of rounding.
        let point = if at.loss <= solved.loss { at } else { solved };
        memory.done += 1;
        memory.rank = fit.rank;
        Ok(Step {
            point,
            gradient_norm: f64::NAN,
            rate: 1.0,
        })
    }
}

/// L-BFGS iterations of all layers.
fn descend(work: &Work<'_>, at: Point, iterations: usize) -> Point {
    let lbfgs = Lbfgs::default();
    let (mut at, mut memory) = lbfgs.start(work.objective, at.parameters);
    for _ in 0..iterations {
        match lbfgs.advance(work, &at, &mut memory) {
            Ok(step) => at = step.point,
            Err(_) => break,
        }
    }
    at
}

/// The best output layer for the features of `parameters`.
fn solve(work: &Work<'_>, parameters: &[f64]) -> Fit {
    let mut features = parameters.to_vec();
    let collocation = work.collocation;
    let many = work.kernel.output_parameters() > UNKNOWNS;
    if collocation.energy()
        && many
        && let Some(mut gram) = Gram::new(collocation, work.kernel, parameters)
    {
        return best(
            work,
            parameters,
            GRAM.iter().filter_map(|damping| gram.solve(*damping)),
            1,
        );
    }
    let terms = 0..collocation.terms.len();
    let rows = terms
        .clone()
        .map(|t| collocation.terms[t].len() * collocation.residuals(t))
        .sum();
    let sample: Vec<Rows<f64>> = terms.map(|t| collocation.sample(t)).collect();
    let mut system = OutputSystem::new(work.kernel, &mut features, &sample, rows, work.chunk_bytes, 0.0);
    collocation.parts(|_, spans| {
        for span in spans {
            system.add(span.rows, span.start, span.points);
        }
    });
    if let Some(rows) = collocation.mean_rows() {
        system.add_mean(&rows);
    }
    if !collocation.energy() {
        return system.solve();
    }
    let columns = system.sizes.clone();
    let fits = system.system.solve_damped(&RITZ, &columns);
    best(work, parameters, fits, 2)
}

/// The one of the fits, of growing damping, with the least energy on an independent rule; the search ends after `patience` fits
/// that are worse.
///
/// The loads of an energy stand on the right of the normal equations, where rounding and the error of the rule are magnified by
/// the square of the condition: an independent rule tells how much damping that takes.
fn best(work: &Work<'_>, parameters: &[f64], fits: impl Iterator<Item = Fit>, patience: usize) -> Fit {
    let mut trial = parameters.to_vec();
    let check = work.collocation.independent();
    let objective = FusedObjective {
        kernel: work.kernel,
        collocation: &check,
    };
    let mut energy = |fit: &Fit| -> f64 {
        let first = trial.len() - fit.solution.len();
        trial[first..].copy_from_slice(&fit.solution);
        objective.losses(&trial).iter().sum()
    };
    let mut best: Option<(f64, Fit)> = None;
    let mut worse = 0;
    for fit in fits {
        let energy = energy(&fit);
        match &best {
            Some((least, _)) if !(energy < *least) => worse += 1,
            _ => (best, worse) = (Some((energy, fit)), 0),
        }
        // The energy falls with the damping that it takes, and then rises.
        if worse == patience {
            break;
        }
    }
    best.map_or_else(
        || Fit {
            solution: vec![0.0; work.kernel.output_parameters()],
            rank: 0,
        },
        |(_, fit)| fit,
    )
}

/// The least-squares problem of the output layer.
pub(super) struct OutputSystem<'a> {
    kernel: &'a Kernel<f64>,
    /// Parameters with an output layer of zeros: the residual is affine in it, r = r₀ + J·w.
    parameters: &'a [f64],
    system: LeastSquares,
    /// What damping is relative to, `[q]`: the columns' mean size; of an energy that of each output in its first term, so that
    /// penalties do not count, and the outputs of a soft region are not measured by those of a stiff one.
    sizes: Vec<f64>,
    matrix: Vec<f64>,
    residual: Vec<f64>,
}

impl<'a> OutputSystem<'a> {
    /// Sets the output layer to 0; `rows` like those of the `sample` are expected, taken in blocks of about `bytes`.
    pub(super) fn new(
        kernel: &'a Kernel<f64>,
        parameters: &'a mut [f64],
        sample: &[Rows<f64>],
        rows: usize,
        bytes: usize,
        damping: f64,
    ) -> Self {
        super::fix_splits();
        let q = kernel.output_parameters();
        let first = parameters.len() - q;
        parameters[first..].fill(0.0);
        let mut squares = vec![0.0; q];
        let (mut matrix, mut residual) = (Vec::new(), Vec::new());
        let m = kernel.architecture().components();
        let mut means = vec![0.0; m];
        for (term, rows) in sample.iter().enumerate() {
            matrix.resize(rows.points * rows.residuals * q, 0.0);
            residual.resize(rows.points * rows.residuals, 0.0);
            kernel.output_jacobian(parameters, rows, 0, rows.points, &mut matrix, &mut residual);
            for row in matrix.chunks(q) {
                squares.iter_mut().zip(row).for_each(|(sum, v)| *sum += v * v);
            }
            if term == 0 {
                squares
                    .iter()
                    .enumerate()
                    .for_each(|(j, square)| means[j % m] += square);
            }
        }
        if sample.first().is_none_or(|rows| rows.linear.is_empty()) {
            means = vec![squares.iter().sum::<f64>() / m as f64; m];
        }
        let sizes: Vec<f64> = (0..q).map(|j| (means[j % m] * m as f64 / q as f64).sqrt()).collect();
        let damping: Vec<f64> = sizes.iter().map(|size| damping * size).collect();
        let norms: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
        Self {
            kernel,
            parameters,
            sizes,
            system: LeastSquares::new(&norms, rows, BLOCKS * bytes, &damping),
            matrix,
            residual,
        }
    }

    /// Adds the points `start..start + points` of a term.
    pub(super) fn add(&mut self, rows: &Rows<f64>, start: usize, points: usize) {
        let q = self.kernel.output_parameters();
        for at in (start..start + points).step_by(CHUNK) {
            let n = CHUNK.min(start + points - at);
            self.matrix.resize(n * rows.residuals * q, 0.0);
            self.residual.resize(n * rows.residuals, 0.0);
            self.kernel
                .output_jacobian(self.parameters, rows, at, n, &mut self.matrix, &mut self.residual);
            self.residual.iter_mut().for_each(|r| *r = -*r);
            self.system.add(&self.matrix, &self.residual);
            if !rows.linear.is_empty() {
                let span = Span {
                    rows,
                    start: at,
                    points: n,
                };
                self.system.add_linear(&self.linear(span));
            }
        }
    }

    /// Adds the one residual Σ_i w_i·r_i of all points of some rows.
    pub(super) fn add_mean(&mut self, rows: &Rows<f64>) {
        let q = self.kernel.output_parameters();
        let (mut mean, mut right) = (vec![0.0; q], 0.0);
        for at in (0..rows.points).step_by(CHUNK) {
            let n = CHUNK.min(rows.points - at);
            self.matrix.resize(n * q, 0.0);
            self.residual.resize(n, 0.0);
            self.kernel
                .output_jacobian(self.parameters, rows, at, n, &mut self.matrix, &mut self.residual);
            // Rows come with the roots of their weights.
            for (i, (row, residual)) in self.matrix.chunks(q).zip(&self.residual).enumerate() {
                let root = rows.weights[at + i].sqrt();
                mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += root * v);
                right -= root * residual;
            }
        }
        self.system.add(&mean, &[right]);
    }

    /// Σ_i w_i·l_i·∂j_i/∂θ over the output layer, from the gradient of the whole at an output layer of zeros, of which the squares
    /// give −2·Jᵀ·(−r).
    fn linear(&self, span: Span<'_, f64>) -> Vec<f64> {
        let q = self.kernel.output_parameters();
        let mut gradient = vec![0.0; self.parameters.len()];
        self.kernel.gradient(self.parameters, &[span], &mut gradient);
        let mut linear: Vec<f64> = gradient[gradient.len() - q..].iter().map(|g| -g).collect();
        for (row, right) in self.matrix.chunks(q).zip(&self.residual) {
            linear.iter_mut().zip(row).for_each(|(c, a)| *c -= 2.0 * a * right);
        }
        linear
    }

    /// The output layer.
    pub(super) fn solve(self) -> Fit {
        self.system.solve()
    }
}

/// Bytes of a block of rows, in units of a Gauss–Newton stage's chunk of the Jacobian.
const BLOCKS: usize = 4;

/// Bytes that the stage needs for `unknowns` of the output layer, with chunks of `chunk_bytes`.
pub fn last_layer_bytes(unknowns: u128, chunk_bytes: u128) -> u128 {
    let row = unknowns.saturating_mul(size_of::<f64>() as u128);
    LeastSquares::bytes(unknowns, BLOCKS as u128 * chunk_bytes).saturating_add(row.saturating_mul(2 * CHUNK as u128))
}

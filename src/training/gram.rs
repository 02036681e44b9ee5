//! The output layer of many features by normal equations, for energies made of products of scalar features.
//!
//! All components see the same features φ, so that where rows are C_i = A·(d_i·∇ + g_i) with a matrix A that is the same at all points
//! (a homogeneous law, whatever its modulus does; values that hold exactly by one distance D for all components, d = D, g = ∇D), the
//! features ψ_j = d·∂_jφ + g_j·φ are made once for all components and rows, and
//!
//! K_cd = Σ_jk (Σ_r A_rcj·A_rdk)·G_jk, G_jk = Σ_i w_i·ψ_j·ψ_kᵀ.
//!
//! Elasticity in space takes 4.5 products of n × N × N by this instead of the 54 of Householder factors of all rows. Rounding is
//! magnified by the square of the condition: dampings below [`GRAM`] are lost in it.

mod forms;

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, MatRef, Side};
use rayon::prelude::*;

use super::least_squares::Fit;
use crate::batch::Collocation;
use crate::jet::fused::Kernel;
use crate::jet::{Rows, Span};
pub use forms::separable;
use forms::{Form, add, pairs, square};

/// Dampings relative to the features' size, in the order in which they are tried.
pub(super) const GRAM: [f64; 6] = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];
/// Points whose features are made at once.
const CHUNK: usize = 1024;
/// Steps of iterative refinement.
const REFINEMENTS: usize = 2;

/// Bytes that the equations of `unknowns` take: the matrix and its factor.
pub fn gram_bytes(unknowns: u128) -> u128 {
    let chunk = 4 * CHUNK as u128 * unknowns;
    (2 * unknowns)
        .saturating_mul(unknowns)
        .saturating_add(chunk)
        .saturating_mul(8)
}

/// Takes parts of the rows, with the terms that they belong to.
type Visitor<'v> = dyn FnMut(&[usize], &[Span<'_, f64>]) + 'v;

/// The normal equations K·x = b, unknowns sorted by component.
pub(super) struct Gram {
    /// Unknowns of one component N.
    count: usize,
    components: usize,
    /// The lower triangle of K, `[q, q]` by columns.
    lower: Vec<f64>,
    right: Mat<f64>,
    /// Mean square of the columns; of an energy that of each component's in the first term, `[m]`.
    sizes: Vec<f64>,
}

impl Gram {
    /// From all points of an energy; none if its rows have no common forms.
    pub(super) fn new(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Option<Self> {
        Self::separated(kernel, parameters, &|visit| collocation.parts(visit))
    }

    /// From rows that are all at hand: those of an energy by products of scalar features where they can be.
    pub(super) fn of_rows(kernel: &Kernel<f64>, parameters: &[f64], terms: &[Rows<f64>]) -> Self {
        let parts = |visit: &mut Visitor<'_>| {
            let terms = terms.iter().enumerate();
            terms.for_each(|(t, rows)| visit(&[t], &[rows.into()]));
        };
        let energy = terms.iter().any(|rows| !rows.linear.is_empty());
        let separated = energy.then(|| Self::separated(kernel, parameters, &parts)).flatten();
        separated.unwrap_or_else(|| Self::dense(kernel, parameters, terms))
    }

    /// From rows of any form.
    fn dense(kernel: &Kernel<f64>, parameters: &[f64], terms: &[Rows<f64>]) -> Self {
        super::fix_splits();
        let (q, m) = (kernel.output_parameters(), kernel.architecture().components());
        let (count, hidden) = (q / m, parameters.len() - q);
        let mut zero = parameters.to_vec();
        zero[hidden..].fill(0.0);
        let mut gradient = vec![0.0; parameters.len()];
        kernel.gradient(&zero, &terms.iter().collect::<Vec<_>>(), &mut gradient);
        let mut product = Mat::<f64>::zeros(q, q);
        let (mut matrix, mut residual) = (Vec::new(), Vec::new());
        let mut sizes = vec![0.0; m];
        for (term, rows) in terms.iter().enumerate() {
            let chunk = CHUNK.div_ceil(rows.residuals);
            for start in (0..rows.points).step_by(chunk) {
                let points = chunk.min(rows.points - start);
                let n = points * rows.residuals;
                matrix.resize(n * q, 0.0);
                residual.resize(n, 0.0);
                kernel.output_jacobian(&zero, rows, start, points, &mut matrix, &mut residual);
                square(&mut product, MatRef::from_row_major_slice(&matrix, n, q));
            }
            if term == 0 {
                (0..q).for_each(|i| sizes[i % m] += product[(i, i)] / count as f64);
            }
        }
        if terms.first().is_none_or(|rows| rows.linear.is_empty()) {
            sizes = vec![(0..q).map(|i| product[(i, i)]).sum::<f64>() / q as f64; m];
        }
        let natural = |i: usize| (i % count) * m + i / count;
        let mut lower = vec![0.0; q * q];
        lower.par_chunks_mut(q).enumerate().for_each(|(column, out)| {
            let j = natural(column);
            for (row, out) in out.iter_mut().enumerate().skip(column) {
                let i = natural(row);
                *out = product[(i.max(j), i.min(j))];
            }
        });
        Self {
            count,
            components: m,
            lower,
            right: Mat::from_fn(q, 1, |i, _| -0.5 * gradient[hidden + natural(i)]),
            sizes,
        }
    }

    /// By products of scalar features, from rows in parts.
    fn separated(kernel: &Kernel<f64>, parameters: &[f64], parts: &dyn Fn(&mut Visitor<'_>)) -> Option<Self> {
        super::fix_splits();
        let m = kernel.architecture().components();
        let q = kernel.output_parameters();
        let count = q / m;
        let hidden = parameters.len() - q;
        let mut zero = parameters.to_vec();
        zero[hidden..].fill(0.0);
        // The same features with one output.
        let mut architecture = kernel.architecture().clone();
        if let Some(last) = architecture.widths.last_mut() {
            *last = 1;
        }
        let scalar = Kernel::new(architecture);
        let mut single = parameters[..hidden].to_vec();
        single.resize(hidden + count, 0.0);

        let mut forms = Vec::new();
        let mut right = vec![0.0; q];
        let mut gradient = vec![0.0; parameters.len()];
        let mut fits = true;
        parts(&mut |terms, spans| {
            if !fits {
                return;
            }
            gradient.fill(0.0);
            kernel.gradient(&zero, spans, &mut gradient);
            right
                .iter_mut()
                .zip(&gradient[hidden..])
                .for_each(|(b, g)| *b -= 0.5 * g);
            for (&term, span) in terms.iter().zip(spans) {
                fits = fits && add(&mut forms, term, *span, &scalar, &single).is_some();
            }
        });
        if !fits {
            return None;
        }
        for (j, product) in forms
            .iter_mut()
            .flat_map(|form: &mut Form| pairs(form.slots).zip(&mut form.products))
        {
            if j.0 == j.1 {
                (0..count).for_each(|b| (0..b).for_each(|a| product[(a, b)] = product[(b, a)]));
            }
        }
        let sizes = (0..m).map(|c| {
            let own = |form: &Form| -> f64 { (0..count).map(|a| form.entry(m, (c, a), (c, a))).sum() };
            forms.iter().filter(|form| form.term == 0).map(own).sum::<f64>() / count as f64
        });
        let sizes = sizes.collect();
        let mut entries = vec![0.0; q * q];
        entries.par_chunks_mut(q).enumerate().for_each(|(column, out)| {
            let (d, b) = (column / count, column % count);
            for (row, out) in out.iter_mut().enumerate() {
                let (c, a) = (row / count, row % count);
                if row >= column {
                    *out = forms.iter().map(|form| form.entry(m, (c, a), (d, b))).sum();
                }
            }
        });
        drop(forms);
        Some(Self {
            count,
            components: m,
            lower: entries,
            right: Mat::from_fn(q, 1, |i, _| right[(i % count) * m + i / count]),
            sizes,
        })
    }

    /// The minimiser with a damping relative to the features' size (of an energy that of each output in its first term); none if
    /// rounding is larger than the damping.
    pub(super) fn solve(&mut self, damping: f64) -> Option<Fit> {
        let (n, m) = (self.count, self.components);
        let q = n * m;
        let largest = self.sizes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let level: Vec<f64> = (0..q)
            .map(|i| self.sizes[i / n])
            .map(|size| damping * damping * if size > 0.0 { size } else { largest })
            .collect();
        let plain: Vec<f64> = (0..q).map(|i| self.lower[i * (q + 1)]).collect();
        (0..q).for_each(|i| self.lower[i * (q + 1)] += level[i]);
        let factor = Llt::new(MatRef::from_column_major_slice(&self.lower, q, q), Side::Lower);
        let solution = factor.ok().map(|factor| {
            let mut x = factor.solve(&self.right);
            for _ in 0..REFINEMENTS {
                let product = self.times(&x);
                let rest = Mat::from_fn(q, 1, |i, _| self.right[(i, 0)] - product[i]);
                x += factor.solve(rest);
            }
            let pivots = factor.L();
            Fit {
                solution: (0..q).map(|i| x[((i % m) * n + i / m, 0)]).collect(),
                rank: (0..q).filter(|&i| pivots[(i, i)].powi(2) > 100.0 * level[i]).count(),
            }
        });
        (0..q).for_each(|i| self.lower[i * (q + 1)] = plain[i]);
        solution.filter(|fit| fit.solution.iter().all(|x| x.is_finite()))
    }

    /// K·x from the lower triangle.
    fn times(&self, x: &Mat<f64>) -> Vec<f64> {
        let q = self.count * self.components;
        let x = x.col_as_slice(0);
        let mut out = vec![0.0; q];
        for column in 0..q {
            let entries = &self.lower[column * (q + 1)..(column + 1) * q];
            out[column] += entries.iter().zip(&x[column..]).map(|(k, x)| k * x).sum::<f64>();
            let below = out[column + 1..].iter_mut().zip(&entries[1..]);
            below.for_each(|(out, k)| *out += k * x[column]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::formulation::Formulation;
    use crate::network::{NetworkKind, RandomFeatures};
    use crate::problem::{self, Problem};
    use crate::start::{Prepared, sample_rows};

    /// A shipped problem in its energy form, with few features and points.
    fn energy(name: &str, width: usize) -> Problem {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("problems/{name}.ron"));
        let loaded = problem::load(&path, |file| {
            (file.points.interior, file.points.boundary) = (600, 200);
            file.formulation = Some(Formulation::Energy);
            file.training = None;
            file.network = Some(NetworkKind::RandomFeatures(RandomFeatures {
                width,
                slope: Some(2.0),
                ..RandomFeatures::default()
            }));
            Ok(())
        });
        loaded.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The gradient of the energy with its damping, Σ w·(|r|² − l·j) + Σ λ·x², vanishes at the solution: with values held by a distance,
    /// and with two materials and a penalty.
    #[test]
    fn the_solution_has_the_least_damped_energy() {
        for name in ["bracket", "composite_cantilever"] {
            let problem = Arc::new(energy(name, 15));
            assert!(separable(&problem.model), "{name}");
            let prepared = Prepared::seeded(&problem, 0, ChaCha8Rng::seed_from_u64(4));
            let (kernel, mut parameters) = (&prepared.kernel, prepared.parameters.clone());
            let collocation = prepared.collocation(true, 500);
            let Some(mut gram) = Gram::new(&collocation, kernel, &parameters) else {
                panic!("{name} is separable")
            };
            let Some(fit) = gram.solve(1e-2) else {
                panic!("{name}: no factors")
            };
            let (q, m) = (fit.solution.len(), gram.components);
            let first = parameters.len() - q;
            let slope = |parameters: &[f64]| {
                let mut sum = vec![0.0; q];
                collocation.parts(|_, spans| {
                    let mut gradient = vec![0.0; parameters.len()];
                    kernel.gradient(parameters, spans, &mut gradient);
                    sum.iter_mut().zip(&gradient[first..]).for_each(|(s, g)| *s += g);
                });
                sum
            };
            parameters[first..].fill(0.0);
            let size = slope(&parameters).iter().map(|g| g * g).sum::<f64>().sqrt();
            parameters[first..].copy_from_slice(&fit.solution);
            for (i, g) in slope(&parameters).into_iter().enumerate() {
                let whole = g + 2.0 * 1e-4 * gram.sizes[i % m] * fit.solution[i];
                assert!(whole.abs() < 1e-7 * size, "{name}: {whole} of {size}");
            }
        }
    }

    /// Rows at hand give the same equations whether they are multiplied out or made of scalar features.
    #[test]
    fn products_of_scalar_features_are_those_of_all_rows() {
        for name in ["bracket", "composite_cantilever"] {
            let problem = Arc::new(energy(name, 15));
            let prepared = Prepared::seeded(&problem, 0, ChaCha8Rng::seed_from_u64(5));
            let (kernel, parameters) = (&prepared.kernel, &prepared.parameters);
            let mut terms = sample_rows(&prepared, 300);
            terms
                .iter_mut()
                .zip(&prepared.weights)
                .for_each(|(rows, weight)| rows.scale(*weight));
            let one = Gram::of_rows(kernel, parameters, &terms);
            let two = Gram::dense(kernel, parameters, &terms);
            let same = |one: &[f64], two: &[f64]| {
                let size = two.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                assert!(size > 0.0, "{name}");
                for (a, b) in one.iter().zip(two) {
                    assert!((a - b).abs() < 1e-11 * size, "{name}: {a} {b}");
                }
            };
            let lower = |gram: &Gram| -> Vec<f64> {
                let q = gram.right.nrows();
                let entries = gram.lower.chunks(q).enumerate();
                entries.flat_map(|(column, out)| out[column..].to_vec()).collect()
            };
            same(&lower(&one), &lower(&two));
            same(one.right.col_as_slice(0), two.right.col_as_slice(0));
            same(&one.sizes, &two.sizes);
        }
    }

    /// The hoop strain u_r/r reads values times 1/r.
    #[test]
    fn a_body_of_revolution_has_no_common_form() {
        assert!(!separable(&energy("pressure_vessel", 15).model));
    }
}

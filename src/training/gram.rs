//! The output layer of many features by normal equations, made of products of scalar features.
//!
//! All components see the same features φ, so that where rows are C_i = A·(d_i·∇ + g_i) with a matrix A that is the same at all points
//! (a homogeneous law, whatever its modulus does; values that hold exactly by one distance D for all components, d = D, g = ∇D), the
//! features ψ_j = d·∂_jφ + g_j·φ are made once for all components and rows, and
//!
//! K_cd = Σ_jk (Σ_r A_rcj·A_rdk)·G_jk, G_jk = Σ_i w_i·ψ_j·ψ_kᵀ.
//!
//! Elasticity in space takes 4.5 products of n × N × N by this instead of the 54 of Householder factors of all rows. Rounding is
//! magnified by the square of the condition: dampings below [`GRAM`] are lost in it.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, MatRef, Side, get_global_parallelism};
use rayon::prelude::*;

use super::least_squares::Fit;
use crate::batch::Collocation;
use crate::formulation::{Formulation, term_rows};
use crate::jet::fused::Kernel;
use crate::loss::{Rows, Span};
use crate::problem::Problem;
use crate::sampler::{PointSet, SamplerKind};

/// Dampings relative to the features' size, in the order in which they are tried.
pub(super) const GRAM: [f64; 6] = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];
/// Points whose features are made at once.
const CHUNK: usize = 1024;
/// Different matrices A at most.
const FORMS: usize = 8;
/// How far rows may be from A·(d·∇ + g), relative to them.
const EXACT: f64 = 1e-10;
/// Steps of iterative refinement.
const REFINEMENTS: usize = 2;
/// Points of every term at which a problem is asked for its forms.
const PROBES: usize = 64;

/// Rows with the same A.
struct Form {
    term: usize,
    /// Rows of A.
    rows: usize,
    /// Derivatives J, or 1 where only values are read.
    slots: usize,
    /// A, `[R, m, J]`.
    a: Vec<f64>,
    /// G_jk for j ≤ k, in the order of [`pairs`]; those with j = k have their lower triangle only.
    products: Vec<Mat<f64>>,
}

/// What a point adds: a form, and ψ of φ's jet, `[J, K]`.
type Seen = (usize, Vec<f64>);

fn pairs(slots: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..slots).flat_map(move |j| (j..slots).map(move |k| (j, k)))
}

/// Finds the form of a point's rows, or adds it; `Some(None)` for rows of zeros, `None` for rows that have no form.
fn seen(forms: &mut Vec<Form>, term: usize, rows: &Rows<f64>, point: usize) -> Option<Option<Seen>> {
    let (k, m, r) = (rows.channels.count(), rows.components, rows.residuals);
    let c = &rows.coefficients[point * rows.stride()..(point + 1) * rows.stride()];
    if c.iter().all(|v| *v == 0.0) {
        return Some(None);
    }
    // Values come first, then derivatives.
    let first = usize::from(k > 1);
    let slots = k - first;
    let top: Vec<f64> = c.chunks(k).flat_map(|jet| &jet[first..]).copied().collect();
    let square = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    let factor = |form: &Form| {
        if form.term != term || form.a.len() != top.len() {
            return None;
        }
        let d = form.a.iter().zip(&top).map(|(a, c)| a * c).sum::<f64>() / square(&form.a);
        let off: f64 = form.a.iter().zip(&top).map(|(a, c)| (c - d * a).powi(2)).sum();
        (off <= EXACT * EXACT * square(&top)).then_some(d)
    };
    let known = forms.iter().enumerate().find_map(|(i, form)| Some((i, factor(form)?)));
    let (index, d) = match known {
        Some(found) => found,
        None if forms.len() == FORMS => return None,
        None => {
            forms.push(Form {
                term,
                rows: r,
                slots,
                a: top,
                products: Vec::new(),
            });
            (forms.len() - 1, 1.0)
        }
    };
    let mut transform = vec![0.0; slots * k];
    for j in 0..slots {
        transform[j * k + first + j] = d;
    }
    if first == 1 {
        // A·g = the coefficients of the value, by least squares.
        let a = &forms[index].a;
        let value: Vec<f64> = c.iter().step_by(k).copied().collect();
        if value.iter().any(|v| *v != 0.0) {
            let column = |j: usize| a.iter().skip(j).step_by(slots);
            let normal = Mat::from_fn(slots, slots, |i, j| {
                column(i).zip(column(j)).map(|(a, b)| a * b).sum::<f64>()
            });
            let right = Mat::from_fn(slots, 1, |i, _| column(i).zip(&value).map(|(a, c)| a * c).sum::<f64>());
            let g = Llt::new(normal.as_ref(), Side::Lower).ok()?.solve(right);
            let rest = (0..r * m).map(|row| {
                let all: f64 = (0..slots).map(|j| a[row * slots + j] * g[(j, 0)]).sum();
                value[row] - all
            });
            if !(rest.map(|v| v * v).sum::<f64>() <= EXACT * EXACT * square(c)) {
                return None;
            }
            (0..slots).for_each(|j| transform[j * k] = g[(j, 0)]);
        }
    }
    Some(Some((index, transform)))
}

/// Whether the energy of a problem can be assembled from products of scalar features, as far as some points of every term tell.
pub fn separable(problem: &Problem) -> bool {
    let mut forms = Vec::new();
    problem.file.formulation() == Formulation::Energy
        && (0..=problem.terms.len()).all(|t| {
            let set = PointSet::new(SamplerKind::Sobol, PROBES, problem.axes(t), 17);
            let rows = term_rows(problem, t, &set.points());
            (0..rows.points).all(|point| seen(&mut forms, t, &rows, point).is_some())
        })
}

/// Bytes that the equations of `unknowns` take: the matrix and its factor.
pub fn gram_bytes(unknowns: u128) -> u128 {
    let chunk = 4 * CHUNK as u128 * unknowns;
    (2 * unknowns)
        .saturating_mul(unknowns)
        .saturating_add(chunk)
        .saturating_mul(8)
}

/// The normal equations K·x = b, unknowns sorted by component.
pub(super) struct Gram {
    /// Unknowns of one component N.
    count: usize,
    components: usize,
    /// The lower triangle of K, `[q, q]` by columns.
    lower: Vec<f64>,
    right: Mat<f64>,
    /// Mean square of the columns of the first term, `[m]`.
    sizes: Vec<f64>,
}

impl Gram {
    /// From all points of an energy; none if its rows have no common forms.
    pub(super) fn new(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Option<Self> {
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
        collocation.parts(|terms, spans| {
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

    /// The minimiser with a damping relative to the features' size; none if rounding is larger than the damping.
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

impl Form {
    /// Entry of K between unknown a of component c and b of d.
    fn entry(&self, m: usize, (c, a): (usize, usize), (d, b): (usize, usize)) -> f64 {
        let slots = self.slots;
        let at = |r: usize, c: usize, j: usize| self.a[(r * m + c) * slots + j];
        let mut sum = 0.0;
        for ((j, k), product) in pairs(slots).zip(&self.products) {
            let factor = |j: usize, k: usize| (0..self.rows).map(|r| at(r, c, j) * at(r, d, k)).sum::<f64>();
            let forth = factor(j, k);
            if forth != 0.0 {
                sum += forth * product[(a, b)];
            }
            if j != k {
                let back = factor(k, j);
                if back != 0.0 {
                    sum += back * product[(b, a)];
                }
            }
        }
        sum
    }
}

/// Adds the points of a span to the products of their forms.
fn add(forms: &mut Vec<Form>, term: usize, span: Span<'_, f64>, scalar: &Kernel<f64>, single: &[f64]) -> Option<()> {
    let count = scalar.output_parameters();
    let (rows, d) = (span.rows, span.rows.channels.coordinates());
    let (mut matrix, mut residual) = (Vec::new(), Vec::new());
    for start in (span.start..span.start + span.points).step_by(CHUNK) {
        let end = (start + CHUNK).min(span.start + span.points);
        // The points of every form.
        let mut lists: Vec<Vec<(usize, Vec<f64>)>> = Vec::new();
        for point in start..end {
            if let Some((index, transform)) = seen(forms, term, rows, point)? {
                lists.resize_with(forms.len(), Vec::new);
                lists[index].push((point, transform));
            }
        }
        for (form, list) in forms.iter_mut().zip(lists).filter(|(_, list)| !list.is_empty()) {
            let slots = form.slots;
            let mut own = Rows::with_capacity(rows.channels, slots, 1, list.len());
            for (point, transform) in &list {
                own.x.extend_from_slice(&rows.x[point * d..(point + 1) * d]);
                own.coefficients.extend_from_slice(transform);
                own.weights.push(rows.weights[*point]);
            }
            own.points = list.len();
            own.rhs.resize(own.points * slots, 0.0);
            matrix.resize(own.points * slots * count, 0.0);
            residual.resize(own.points * slots, 0.0);
            scalar.output_jacobian(single, &own, 0, own.points, &mut matrix, &mut residual);
            if form.products.is_empty() {
                form.products = pairs(slots).map(|_| Mat::zeros(count, count)).collect();
            }
            let features = |j: usize| {
                let from = &matrix[j * count..];
                MatRef::from_row_major_slice_with_stride(from, own.points, count, slots * count)
            };
            let parallel = get_global_parallelism();
            for ((j, k), product) in pairs(slots).zip(&mut form.products) {
                let (left, right) = (features(j).transpose(), features(k));
                if j == k {
                    triangular::matmul(
                        product.as_mut(),
                        BlockStructure::TriangularLower,
                        Accum::Add,
                        left,
                        BlockStructure::Rectangular,
                        right,
                        BlockStructure::Rectangular,
                        1.0,
                        parallel,
                    );
                } else {
                    matmul(product.as_mut(), Accum::Add, left, right, 1.0, parallel);
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::network::{NetworkKind, RandomFeatures};
    use crate::problem;
    use crate::solve::term_names;
    use crate::start::{architecture, start_values};

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
            let mut problem = energy(name, 15);
            assert!(separable(&problem), "{name}");
            let mut random = ChaCha8Rng::seed_from_u64(4);
            let kernel = Kernel::new(architecture(&problem, &mut random));
            let names = term_names(&problem);
            let (weights, mut parameters) = start_values(&mut problem, &kernel, &names, &mut random);
            let collocation = Collocation::new(&problem, &names, &weights, true, 500);
            let Some(mut gram) = Gram::new(&collocation, &kernel, &parameters) else {
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

    /// The hoop strain u_r/r reads values times 1/r.
    #[test]
    fn a_body_of_revolution_has_no_common_form() {
        assert!(!separable(&energy("pressure_vessel", 15)));
    }
}

//! Rows of an energy as products of a fixed matrix and a combination of a scalar feature's derivatives.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, MatRef, Side, get_global_parallelism};

use super::CHUNK;
use crate::formulation::{Formulation, Model, term_rows};
use crate::jet::fused::Kernel;
use crate::jet::{Rows, Span};
use crate::sampler::{PointSet, SamplerKind};

/// Different matrices A at most.
const FORMS: usize = 8;
/// How far rows may be from A·(d·∇ + g), relative to them.
const EXACT: f64 = 1e-10;
/// Points of every term at which a problem is asked for its forms.
const PROBES: usize = 64;

/// Rows with the same A.
pub(super) struct Form {
    pub(super) term: usize,
    /// Rows of A.
    rows: usize,
    /// Derivatives J, or 1 where only values are read.
    pub(super) slots: usize,
    /// A, `[R, m, J]`.
    a: Vec<f64>,
    /// G_jk for j ≤ k, in the order of [`pairs`]; those with j = k have their lower triangle only.
    pub(super) products: Vec<Mat<f64>>,
}

/// What a point adds: a form, and ψ of φ's jet, `[J, K]`.
type Seen = (usize, Vec<f64>);

pub(super) fn pairs(slots: usize) -> impl Iterator<Item = (usize, usize)> {
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
pub fn separable(model: &Model) -> bool {
    let mut forms = Vec::new();
    model.formulation == Formulation::Energy
        && (0..=model.terms.len()).all(|t| {
            let set = PointSet::new(SamplerKind::Sobol, PROBES, model.axes(t), 17);
            let rows = term_rows(model, t, &set.points());
            (0..rows.points).all(|point| seen(&mut forms, t, &rows, point).is_some())
        })
}

impl Form {
    /// Entry of K between unknown a of component c and b of d.
    pub(super) fn entry(&self, m: usize, (c, a): (usize, usize), (d, b): (usize, usize)) -> f64 {
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

/// Adds AᵀA to the lower triangle of a product.
pub(super) fn square(product: &mut Mat<f64>, a: MatRef<'_, f64>) {
    triangular::matmul(
        product.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        get_global_parallelism(),
    );
}

/// Adds the points of a span to the products of their forms.
pub(super) fn add(
    forms: &mut Vec<Form>,
    term: usize,
    span: Span<'_, f64>,
    scalar: &Kernel<f64>,
    single: &[f64],
) -> Option<()> {
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
                    square(product, right);
                } else {
                    matmul(product.as_mut(), Accum::Add, left, right, 1.0, parallel);
                }
            }
        }
    }
    Some(())
}

//! The strong form: residuals at collocation points.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Ansatz, Formulation, Model, Place, energy, smooth};
use crate::condition::{BoundaryPoint, Condition, Prescribed};
use crate::equation::{Equation, in_region};
use crate::geometry::Shape;
use crate::jet::{Channels, Jet, Order, Rows};
use crate::quantity::Field;

/// A condition that enters the loss.
#[derive(Clone, Debug)]
pub struct BoundaryTerm {
    /// Where it holds.
    pub place: Place,
    /// What holds.
    pub condition: Arc<dyn Condition>,
}

impl BoundaryTerm {
    /// Name for loss columns: `right traction`, `interface steel|rubber flux`.
    pub fn name(&self) -> String {
        let kind = if self.condition.sides().is_some() {
            "interface "
        } else {
            ""
        };
        format!("{kind}{} {}", self.place.name(), self.condition.name())
    }
}

/// The rows of a term in the problem's formulation at points of the unit cube; term 0 is the interior, the others are
/// [`Model::terms`]. The weights are all 1.
pub fn term_rows(problem: &Model, term: usize, units: &[[f64; 4]]) -> Rows<f64> {
    form_rows(problem, problem.formulation, term, units)
}

/// The residuals of a term whatever the problem's formulation is.
pub fn residual_rows(problem: &Model, term: usize, units: &[[f64; 4]]) -> Rows<f64> {
    form_rows(problem, Formulation::Strong, term, units)
}

fn form_rows(problem: &Model, formulation: Formulation, term: usize, units: &[[f64; 4]]) -> Rows<f64> {
    let energy = formulation == Formulation::Energy;
    let mut rows = if term == 0 {
        let points: Vec<[f64; 4]> = units.par_iter().map(|unit| problem.interior_point(*unit)).collect();
        if energy {
            energy::interior_rows(problem, &points)
        } else {
            interior_rows(problem, &points)
        }
    } else {
        let term = &problem.terms[term - 1];
        let points: Vec<BoundaryPoint> = units
            .par_iter()
            .map(|unit| problem.boundary_point(term.place, *unit))
            .collect();
        if energy {
            energy::boundary_rows(problem, term, &points)
        } else {
            boundary_rows(problem, term, &points)
        }
    };
    rows.weights.fill(1.0);
    rows
}

/// The residual of the equation at interior points, weight 1/n each.
pub fn interior_rows(problem: &Model, points: &[[f64; 4]]) -> Rows<f64> {
    let equation = problem.equation.as_ref();
    if equation.nonlinear() {
        return smooth::interior(problem, points);
    }
    let form = Form {
        order: equation.order(),
        residuals: equation.residuals(),
        linear: false,
        heads: problem.regions_of(points),
    };
    assemble(
        problem,
        &form,
        points,
        |i, jet, out| in_region(equation, form.heads[i]).residual(&points[i], jet, out),
        |_, _| 0.0,
    )
}

/// The residuals of a condition at boundary points, weight 1/n each.
pub fn boundary_rows(problem: &Model, term: &BoundaryTerm, points: &[BoundaryPoint]) -> Rows<f64> {
    let (equation, condition) = (problem.equation.as_ref(), term.condition.as_ref());
    if condition.nonlinear(equation) {
        return smooth::boundary(problem, term, points);
    }
    let x: Vec<[f64; 4]> = points.iter().map(|point| point.x).collect();
    let form = Form {
        order: condition.order(),
        residuals: condition.residuals(),
        linear: false,
        heads: heads(condition, points),
    };
    assemble(
        problem,
        &form,
        &x,
        |i, jet, out| condition.residual(seen(equation, condition, &points[i]), &points[i], jet, out),
        |_, _| 0.0,
    )
}

/// The differences of a component of the field from a value at interior points, weight 1/n each.
pub fn value_rows(problem: &Model, component: usize, value: Field, points: &[[f64; 4]]) -> Rows<f64> {
    let name = problem.equation.component_names()[component];
    let points: Vec<BoundaryPoint> = points
        .iter()
        .map(|x| BoundaryPoint {
            x: *x,
            normal: [0.0; 3],
            region: problem.region(x),
        })
        .collect();
    let term = BoundaryTerm {
        place: Place::Initial,
        condition: Arc::new(Prescribed { component, name, value }),
    };
    boundary_rows(problem, &term, &points)
}

/// Bytes of one point's rows of residuals, in f64; term 0 is the interior, the others are [`Model::terms`].
pub fn point_bytes(problem: &Model, term: usize) -> usize {
    let equation = problem.equation.as_ref();
    let condition = term.checked_sub(1).map(|term| problem.terms[term].condition.as_ref());
    let (order, nonlinear) = match condition {
        None => (equation.order(), equation.nonlinear()),
        Some(condition) => (condition.order(), condition.nonlinear(equation)),
    };
    let channels = Channels::new(problem.shape.dimension(), problem.transient, order);
    if nonlinear {
        let width = smooth::point_width(equation.components(), channels);
        return (channels.coordinates() + width + 1) * size_of::<f64>();
    }
    Rows::<f64>::point_bytes(channels, problem.residuals(term), problem.outputs())
}

/// The equation that a condition sees at a point: all regions' on an interface, otherwise that of the point's region.
pub fn seen<'a>(equation: &'a dyn Equation, condition: &dyn Condition, at: &BoundaryPoint) -> &'a dyn Equation {
    match condition.sides() {
        Some(_) => equation,
        None => in_region(equation, at.region),
    }
}

/// The regions whose heads a condition sees at every point, `[n, sides]`.
pub fn heads(condition: &dyn Condition, points: &[BoundaryPoint]) -> Vec<usize> {
    match condition.sides() {
        Some(sides) => points.iter().flat_map(|_| sides).collect(),
        None => points.iter().map(|point| point.region).collect(),
    }
}

/// What [`assemble`] makes.
pub(super) struct Form {
    /// The derivatives that are read.
    pub(super) order: Order,
    /// Residuals per point.
    pub(super) residuals: usize,
    /// Whether there is a linear form too.
    pub(super) linear: bool,
    /// The heads whose jets are read, `[n, sides]`.
    pub(super) heads: Vec<usize>,
}

/// Linearises an affine residual at every point: d = −r(0), A_k = r(e_k) − r(0), then from u to N by the ansatz; the same for
/// an affine number per point, of which the linear part is kept. The jet that is read has the components of u of every side.
pub(super) fn assemble(
    problem: &Model,
    form: &Form,
    points: &[[f64; 4]],
    residual: impl Fn(usize, &Jet<'_>, &mut [f64]) + Sync,
    number: impl Fn(usize, &Jet<'_>) -> f64 + Sync,
) -> Rows<f64> {
    let residuals = form.residuals;
    let (ansatz, shape): (&Ansatz, &dyn Shape) = (&problem.ansatz, problem.shape.as_ref());
    let channels = Channels::new(shape.dimension(), problem.transient, form.order);
    let (n, m, d) = (points.len(), problem.equation.components(), channels.coordinates());
    let sides = form.heads.len().checked_div(n).unwrap_or(1);
    // What the residual reads, and what the network gives.
    let (width, columns) = (sides * m * channels.count(), problem.outputs() * channels.count());
    let mut rows = Rows {
        channels,
        points: n,
        residuals,
        components: problem.outputs(),
        x: points.iter().flat_map(|x| problem.coordinates(x)).collect(),
        coefficients: vec![0.0; n * residuals * columns],
        rhs: vec![0.0; n * residuals],
        weights: vec![1.0 / n as f64; n],
        linear: vec![0.0; if form.linear { n * columns } else { 0 }],
        smooth: None,
    };
    // Into the columns of the heads.
    let place = |heads: &[usize], part: &[f64], out: &mut [f64]| {
        let head = m * channels.count();
        for (part, out) in part.chunks(width).zip(out.chunks_mut(columns)) {
            for (side, index) in part.chunks(head).zip(heads) {
                out[index * head..(index + 1) * head].copy_from_slice(side);
            }
        }
    };
    if form.linear {
        rows.linear.par_chunks_mut(columns).enumerate().for_each_init(
            || (vec![0.0; width], vec![0.0; width]),
            |(unit, part), (i, out)| {
                let heads = &form.heads[i * sides..(i + 1) * sides];
                unit.fill(0.0);
                let at_zero = number(i, &Jet::new(channels, unit));
                for column in 0..width {
                    unit[column] = 1.0;
                    part[column] = number(i, &Jet::new(channels, unit)) - at_zero;
                    unit[column] = 0.0;
                }
                // A number that does not depend on the network has no influence on the minimum.
                ansatz.substitute(shape, &points[i], heads, channels, part, &mut [0.0]);
                place(heads, part, out);
            },
        );
    }
    debug_assert_eq!(rows.x.len(), n * d);
    rows.coefficients
        .par_chunks_mut(residuals * columns)
        .zip(rows.rhs.par_chunks_mut(residuals))
        .enumerate()
        .for_each_init(
            || {
                let part = vec![0.0; residuals * width];
                (vec![0.0; width], vec![0.0; residuals], vec![0.0; residuals], part)
            },
            |buffers, (i, (out, rhs))| {
                let (unit, at_zero, value, part) = buffers;
                let heads = &form.heads[i * sides..(i + 1) * sides];
                unit.fill(0.0);
                residual(i, &Jet::new(channels, unit), at_zero);
                for column in 0..width {
                    unit[column] = 1.0;
                    residual(i, &Jet::new(channels, unit), value);
                    unit[column] = 0.0;
                    for row in 0..residuals {
                        part[row * width + column] = value[row] - at_zero[row];
                    }
                }
                rhs.iter_mut().zip(at_zero.iter()).for_each(|(d, r)| *d = -r);
                ansatz.substitute(shape, &points[i], heads, channels, part, rhs);
                place(heads, part, out);
            },
        );
    rows
}

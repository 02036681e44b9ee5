//! Rules of quadrature on a shape's own cells, graded at singular corners.

use crate::geometry::{Face, Shape};
use crate::sampler::gauss_legendre;

/// The rule of lowest order, and that order, on a shape's own cells with at least `count` points, over time too if `timed`; orders from 2 to [`MOST_ORDER`].
pub(super) fn rule_on(shape: &dyn Shape, face: Option<Face>, timed: bool, count: usize) -> Option<(usize, Weighted)> {
    let axes = shape.dimension() - usize::from(face.is_some());
    let cells = shape.rule(face, 1)?.len().max(1);
    let directions = axes + usize::from(timed);
    let order = (2..MOST_ORDER)
        .find(|order: &usize| cells * order.pow(directions as u32) >= count)
        .unwrap_or(MOST_ORDER);
    let space = shape.rule(face, order)?;
    let time = if timed { gauss_legendre(order) } else { vec![(0.5, 1.0)] };
    let product = space.into_iter().flat_map(|(unit, weight)| {
        time.iter().map(move |(t, w)| {
            let mut point = [unit[0], unit[1], unit[2], 0.5];
            if timed {
                point[axes] = *t;
            }
            (point, weight * w)
        })
    });
    Some((order, product.collect()))
}

/// Points of the unit cube with weights.
type Weighted = Vec<([f64; 4], f64)>;

/// Points per direction and cell at most.
const MOST_ORDER: usize = 40;

/// Points per direction of the cells at singular corners, besides those of all cells.
pub(super) const GRADED: usize = 9;

/// Replaces the points of the cells with the given spans of the first number by ones graded towards all their corners: u = v³/(v³ + (1 − v)³)
/// at Gauss points v, so that roots of the distance from a corner, and their slopes squared, are integrated to a few digits.
pub(super) fn grade(rule: &mut Vec<([f64; 4], f64)>, spans: &[[f64; 2]], axes: usize, order: usize) {
    let mut spans = spans.to_vec();
    spans.sort_by(|a, b| a[0].total_cmp(&b[0]));
    spans.dedup();
    let inside = |u: f64| {
        let next = spans.partition_point(|span| span[0] <= u);
        next > 0 && u < spans[next - 1][1]
    };
    rule.retain(|(point, _)| !inside(point[0]));
    let graded = |v: f64| {
        let (a, b) = (v.powi(3), (1.0 - v).powi(3));
        (a / (a + b), 3.0 * (v * (1.0 - v)).powi(2) / (a + b).powi(2))
    };
    let line: Vec<(f64, f64)> = gauss_legendre(order)
        .into_iter()
        .map(|(v, w)| (graded(v).0, w * graded(v).1))
        .collect();
    let total: f64 = line.iter().map(|(_, w)| w).sum();
    for [from, to] in spans {
        let mut cell = vec![([0.5; 4], to - from)];
        for axis in 0..axes {
            cell = cell
                .into_iter()
                .flat_map(|(point, weight)| {
                    line.iter().map(move |&(u, w)| {
                        let mut point: [f64; 4] = point;
                        point[axis] = if axis == 0 { from + (to - from) * u } else { u };
                        (point, weight * w / total)
                    })
                })
                .collect();
        }
        rule.extend(cell);
    }
}

//! Plane primitives: polygon and ellipse, and the outlines of the others.

use std::f64::consts::{FRAC_PI_2, TAU};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrangement::{Edge, Outline};
use super::curve::Curve;
use super::place::{Place, cross, distance, minus};
use crate::geometry::Shape;
use crate::geometry::axis_box::AxisBox;
use crate::geometry::plate_with_hole::QuarterPlate;
use crate::geometry::polar::Sector;
use crate::mesh::intern;
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// A polygon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Polygon {
    /// The corners (x, y) in order, m.
    pub points: Vec<(Expression, Expression)>,
    /// A name per edge; the first edge goes from the first to the second point, the last one back to the first.
    #[serde(default)]
    pub names: Vec<String>,
}

/// An ellipse with axes along x and y.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ellipse {
    /// Centre (x, y), m.
    #[serde(default)]
    pub center: (Expression, Expression),
    /// Half axes along x and y, m.
    pub radii: (Expression, Expression),
}

fn segment(a: Place, b: Place, name: &'static str) -> Edge {
    Edge {
        curve: Curve::Segment { a, b },
        name,
    }
}

pub(super) fn closed(points: &[Place], names: &[&'static str]) -> Outline {
    let next = |k: usize| points[(k + 1) % points.len()];
    points
        .iter()
        .zip(names)
        .enumerate()
        .map(|(k, (&a, name))| segment(a, next(k), name))
        .collect()
}

pub(super) fn arcs(center: Place, radii: Place, from: f64, to: f64, name: &'static str) -> Outline {
    Curve::arcs(center, radii, from, to)
        .into_iter()
        .map(|curve| Edge { curve, name })
        .collect()
}

impl Polygon {
    pub(super) fn outline(&self, at: &Path, values: &mut Values<'_>) -> Option<Outline> {
        let mut points: Vec<Place> = Vec::new();
        for (i, (x, y)) in self.points.iter().enumerate() {
            let x = values.number(x, &path![at; "points", i, 0]);
            let y = values.number(y, &path![at; "points", i, 1]);
            if let (Some(x), Some(y)) = (x, y) {
                points.push([x, y]);
            }
        }
        let n = points.len();
        if n < self.points.len() {
            return None;
        }
        if n < 3 {
            values.fault(
                &path![at; "points"],
                format!("a polygon has at least 3 points, not {n}"),
                None,
            );
            return None;
        }
        if !self.names.is_empty() && self.names.len() != n {
            values.fault(
                &path![at; "names"],
                format!("{} names for {n} edges", self.names.len()),
                Some("give one name per edge, or leave `names` out for `edge0`, `edge1`, …".into()),
            );
            return None;
        }
        let mut names: Vec<&'static str> = if self.names.is_empty() {
            (0..n).map(|i| intern(&format!("edge{i}"))).collect()
        } else {
            self.names.iter().map(|name| intern(name)).collect()
        };
        let extent = points.iter().map(|&x| distance(x, points[0])).fold(0.0, f64::max);
        let edge = |i: usize| Curve::Segment {
            a: points[i],
            b: points[(i + 1) % n],
        };
        for i in 0..n {
            if distance(points[i], points[(i + 1) % n]) <= 1e-9 * extent {
                values.fault(
                    &path![at; "points", (i + 1) % n],
                    "two points of the polygon that follow each other are one".into(),
                    None,
                );
                return None;
            }
            for k in 0..i {
                let neighbours = i - k == 1 || (k == 0 && i == n - 1);
                let meets = edge(i).meets(&edge(k), 1e-9 * extent);
                if meets.iter().any(|&t| !neighbours || t * (1.0 - t) > 1e-9) {
                    values.fault(
                        &path![at; "points", i],
                        format!("edge {i} of the polygon meets edge {k}"),
                        Some("list the corners in the order in which the boundary passes them".into()),
                    );
                    return None;
                }
            }
        }
        let area: f64 = (0..n)
            .map(|i| cross(minus(points[i], points[0]), minus(points[(i + 1) % n], points[0])))
            .sum();
        if area < 0.0 {
            // The first edge, between the first two points, becomes the last but one.
            points.reverse();
            names.reverse();
            names.rotate_left(1);
        }
        Some(closed(&points, &names))
    }
}

impl Ellipse {
    pub(super) fn outline(&self, at: &Path, values: &mut Values<'_>) -> Option<Outline> {
        let x = values.number(&self.center.0, &path![at; "center", 0]);
        let y = values.number(&self.center.1, &path![at; "center", 1]);
        let a = values.positive(&self.radii.0, &path![at; "radii", 0]);
        let b = values.positive(&self.radii.1, &path![at; "radii", 1]);
        Some(arcs([x?, y?], [a?, b?], 0.0, TAU, "outer"))
    }
}

/// The sides of a rectangle, with names from below counter-clockwise.
pub(super) fn rectangle(shape: &AxisBox, names: [&'static str; 4]) -> Outline {
    let (low, high) = Shape::bounds(shape);
    let points = [
        [low[0], low[1]],
        [high[0], low[1]],
        [high[0], high[1]],
        [low[0], high[1]],
    ];
    closed(&points, &names)
}

/// The circles and sides of a disk, a ring or a sector.
pub(super) fn sector(shape: &Sector) -> Outline {
    let (center, from, to) = (shape.center, shape.start, shape.start + shape.sweep);
    let to = if shape.full { from + TAU } else { to };
    let mut outline = arcs(center, [shape.outer; 2], from, to, "outer");
    if shape.inner > 0.0 {
        outline.extend(arcs(center, [shape.inner; 2], to, from, "inner"));
    }
    if !shape.full {
        let place = |radius: f64, angle: f64| [center[0] + radius * angle.cos(), center[1] + radius * angle.sin()];
        outline.push(segment(place(shape.inner, from), place(shape.outer, from), "start"));
        outline.push(segment(place(shape.outer, to), place(shape.inner, to), "end"));
    }
    outline
}

/// The sides of a quarter of a plate and the quarter of its hole.
pub(super) fn plate(shape: &QuarterPlate) -> Outline {
    let ([x, y], [w, h], a) = (shape.corner, shape.sides, shape.radius);
    let points = [[x + a, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y + a]];
    let mut outline = closed(&points, &["bottom", "right", "top", "left"]);
    outline.truncate(4);
    outline.extend(arcs([x, y], [a, a], FRAC_PI_2, 0.0, "hole"));
    outline
}

//! Solid primitives: all of them are swept by a plane shape.

use std::f64::consts::{FRAC_PI_2, TAU};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrangement::{Edge, Outline};
use super::curve::Curve;
use super::figures::{arcs, closed};
use crate::geometry::GeometryKind;
use crate::quantity::Expression;

/// A ball.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sphere {
    /// Centre (x, y, z), m.
    #[serde(default)]
    pub center: (Expression, Expression, Expression),
    /// Radius, m.
    pub radius: Expression,
}

/// A circular cylinder along z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cylinder {
    /// Centre of its lower end (x, y, z), m.
    #[serde(default)]
    pub center: (Expression, Expression, Expression),
    /// Radius, m.
    pub radius: Expression,
    /// Height along z, m.
    pub height: Expression,
}

/// A circular cone along z, pointed or truncated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cone {
    /// Centre of its lower end (x, y, z), m.
    #[serde(default)]
    pub center: (Expression, Expression, Expression),
    /// Radius of its lower end, m.
    pub bottom: Expression,
    /// Radius of its upper end, m; 0 for a pointed one.
    #[serde(default)]
    pub top: Expression,
    /// Height along z, m.
    pub height: Expression,
}

/// What a plane shape sweeps over along z, from z = 0 on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extrusion {
    /// The plane shape.
    pub of: Box<GeometryKind>,
    /// Height along z, m.
    pub height: Expression,
}

/// What a plane shape in (r, z), r ≥ 0, sweeps over round the z axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revolution {
    /// The plane shape; its x is r, its y is z.
    pub of: Box<GeometryKind>,
    /// First and last angle from the x axis, degrees; a full turn without it.
    #[serde(default)]
    pub angles: Option<(Expression, Expression)>,
}

/// The half disk that sweeps over a ball.
pub(super) fn half_disk(radius: f64) -> Outline {
    let mut outline = arcs([0.0; 2], [radius; 2], -FRAC_PI_2, FRAC_PI_2, "outer");
    outline.push(Edge {
        curve: Curve::Segment {
            a: [0.0, radius],
            b: [0.0, -radius],
        },
        name: "outer",
    });
    outline
}

/// The quarter ring that sweeps over a part of a hollow ball.
pub(super) fn quarter_ring(inner: f64, outer: f64) -> Outline {
    let mut outline = arcs([0.0; 2], [outer; 2], 0.0, FRAC_PI_2, "outer");
    outline.push(Edge {
        curve: Curve::Segment {
            a: [0.0, outer],
            b: [0.0, inner],
        },
        name: "outer",
    });
    outline.extend(arcs([0.0; 2], [inner; 2], FRAC_PI_2, 0.0, "inner"));
    outline.push(Edge {
        curve: Curve::Segment {
            a: [inner, 0.0],
            b: [outer, 0.0],
        },
        name: "z",
    });
    outline
}

/// A disk.
pub(super) fn disk(radius: f64) -> Outline {
    arcs([0.0; 2], [radius; 2], 0.0, TAU, "side")
}

/// The half section of a cone.
pub(super) fn half_section(bottom: f64, top: f64, height: f64) -> Outline {
    let mut points = vec![[0.0, 0.0]];
    let mut names = Vec::new();
    if bottom > 0.0 {
        points.push([bottom, 0.0]);
        names.push("bottom");
    }
    names.push("side");
    if top > 0.0 {
        points.push([top, height]);
        names.push("top");
    }
    points.push([0.0, height]);
    // The last edge lies on the axis and bounds nothing.
    names.push("side");
    closed(&points, &names)
}

//! The octant of a hollow sphere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::divide;
use super::{Chart, Face, Point, Shape};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// The octant x, y, z ≥ centre of a hollow sphere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SphericalShell {
    /// Centre (x, y, z), m.
    #[serde(default)]
    pub center: (Expression, Expression, Expression),
    /// Inner radius, m.
    pub inner: Expression,
    /// Outer radius, m.
    pub outer: Expression,
}

impl SphericalShell {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<Octant> {
        let inner = values.positive(&self.inner, &path![at; "inner"]);
        let outer = values.positive(&self.outer, &path![at; "outer"]);
        let center = [&self.center.0, &self.center.1, &self.center.2];
        let mut position = [0.0; 3];
        for (j, expression) in center.into_iter().enumerate() {
            position[j] = values.number(expression, &path![at; "center", j])?;
        }
        let (inner, outer) = (inner?, outer?);
        if inner >= outer {
            values.fault(
                &path![at; "outer"],
                format!("outer = {outer} must be greater than inner = {inner}"),
                None,
            );
            return None;
        }
        Some(Octant::new(position, inner, outer))
    }
}

/// ξ₀ = (r − inner)/(outer − inner); (ξ₁, ξ₂) = (φ, θ)/(π/2) with the azimuth φ from x and the elevation θ from the xy
/// plane.
///
/// The pole x = y = 0 is an edge of the octant; the chart is singular there, the distances are not.
#[derive(Clone, Debug)]
pub(super) struct Octant {
    pub(super) center: [f64; 3],
    pub(super) inner: f64,
    pub(super) outer: f64,
}

impl Octant {
    pub(super) fn new(center: [f64; 3], inner: f64, outer: f64) -> Self {
        Self { center, inner, outer }
    }

    fn local(&self, x: Point) -> Point {
        std::array::from_fn(|j| x[j].offset(-self.center[j]))
    }
}

impl Chart for Octant {
    fn dimension(&self) -> usize {
        3
    }

    fn faces(&self) -> Vec<Face> {
        [
            ("inner", 0, false),
            ("outer", 0, true),
            ("y", 1, false),
            ("x", 1, true),
            ("z", 2, false),
        ]
        .map(|(name, axis, high)| Face { name, axis, high })
        .to_vec()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        (self.center, self.center.map(|c| c + self.outer))
    }

    fn measure(&self) -> f64 {
        std::f64::consts::PI / 6.0 * (self.outer.powi(3) - self.inner.powi(3))
    }

    fn face_measure(&self, face: Face) -> f64 {
        let quarter = std::f64::consts::FRAC_PI_2;
        match (face.axis, face.high) {
            (0, false) => quarter * self.inner.powi(2),
            (0, true) => quarter * self.outer.powi(2),
            _ => 0.5 * quarter * (self.outer.powi(2) - self.inner.powi(2)),
        }
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self::new(
            self.center.map(|v| v * factor),
            self.inner * factor,
            self.outer * factor,
        ))
    }

    fn map(&self, xi: Point) -> Point {
        let quarter = std::f64::consts::FRAC_PI_2;
        let radius = xi[0].scale(self.outer - self.inner).offset(self.inner);
        let (azimuth, elevation) = (xi[1].scale(quarter), xi[2].scale(quarter));
        let across = radius * elevation.cos();
        [
            (across * azimuth.cos()).offset(self.center[0]),
            (across * azimuth.sin()).offset(self.center[1]),
            (radius * elevation.sin()).offset(self.center[2]),
        ]
    }

    fn inverse(&self, x: Point) -> Point {
        let [x, y, z] = self.local(x);
        let across = x * x + y * y;
        let radius = (across + z * z).sqrt();
        let turns = std::f64::consts::FRAC_2_PI;
        [
            radius.offset(-self.inner).scale(1.0 / (self.outer - self.inner)),
            y.atan2(x).scale(turns),
            z.atan2(across.sqrt()).scale(turns),
        ]
    }

    /// The flat sides by their coordinate, which is smooth everywhere.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let local = self.local(x);
        match (face.axis, face.high) {
            (0, high) => {
                let xi = self.inverse(x)[0];
                if high { (-xi).offset(1.0) } else { xi }
            }
            (1, false) => local[1].scale(1.0 / self.outer),
            (1, true) => local[0].scale(1.0 / self.outer),
            _ => local[2].scale(1.0 / self.outer),
        }
    }

    /// Uniform in volume (r³), in area on the spheres (sin θ) and on the flat sides (r²).
    fn spread(&self, unit: [f64; 3], face: Option<Face>) -> [f64; 3] {
        let power = if face.is_some_and(|face| face.axis > 0) {
            2.0
        } else {
            3.0
        };
        let (low, high) = (self.inner.powf(power), self.outer.powf(power));
        let radius = (low + unit[0] * (high - low)).powf(1.0 / power);
        let elevation = if face.is_some_and(|face| face.axis == 1) {
            unit[2]
        } else {
            unit[2].asin() * std::f64::consts::FRAC_2_PI
        };
        [(radius - self.inner) / (self.outer - self.inner), unit[1], elevation]
    }

    fn poles(&self) -> Vec<Pole> {
        vec![Pole::hole(self.center, self.inner, 3)]
    }

    fn divisions(&self, cells: usize) -> [usize; 3] {
        let arc = std::f64::consts::FRAC_PI_4 * (self.inner + self.outer);
        divide(&[self.outer - self.inner, arc, arc], cells)
    }
}

//! Disk and annulus, full or sectors of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::divide;
use super::{Chart, Face, Point, Shape};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// A disk or a sector of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Centre (x, y), m.
    #[serde(default)]
    pub center: (Expression, Expression),
    /// Radius, m.
    pub radius: Expression,
    /// First and last angle of a sector from the x axis, degrees; a full disk without it.
    #[serde(default)]
    pub angles: Option<(Expression, Expression)>,
}

/// A ring or a sector of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Annulus {
    /// Centre (x, y), m.
    #[serde(default)]
    pub center: (Expression, Expression),
    /// Inner radius, m.
    pub inner: Expression,
    /// Outer radius, m.
    pub outer: Expression,
    /// First and last angle of a sector from the x axis, degrees; a full ring without it.
    #[serde(default)]
    pub angles: Option<(Expression, Expression)>,
}

impl Disk {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<Sector> {
        let radius = values.positive(&self.radius, &path![at; "radius"]);
        build(&self.center, Some(0.0), radius, self.angles.as_ref(), at, values)
    }
}

impl Annulus {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<Sector> {
        let inner = values.positive(&self.inner, &path![at; "inner"]);
        let outer = values.positive(&self.outer, &path![at; "outer"]);
        if let (Some(a), Some(b)) = (inner, outer)
            && a >= b
        {
            values.fault(
                &path![at; "outer"],
                format!("outer = {b} must be greater than inner = {a}"),
                None,
            );
            return None;
        }
        build(&self.center, inner, outer, self.angles.as_ref(), at, values)
    }
}

fn build(
    center: &(Expression, Expression),
    inner: Option<f64>,
    outer: Option<f64>,
    angles: Option<&(Expression, Expression)>,
    at: &Path,
    values: &mut Values<'_>,
) -> Option<Sector> {
    let x = values.number(&center.0, &path![at; "center", 0]);
    let y = values.number(&center.1, &path![at; "center", 1]);
    let (start, end) = match angles {
        None => (0.0, 360.0),
        Some((start, end)) => {
            let start = values.number(start, &path![at; "angles", 0])?;
            let end = values.number(end, &path![at; "angles", 1])?;
            let sweep = end - start;
            if sweep <= 0.0 || sweep > 360.0 {
                values.fault(
                    &path![at; "angles"],
                    format!("the sector from {start} to {end} degrees must span more than 0 and at most 360 degrees"),
                    Some("angles are in degrees, the first one smaller".into()),
                );
                return None;
            }
            (start, end)
        }
    };
    Some(Sector::new([x?, y?], inner?, outer?, start, end))
}

/// ξ₀ = (r − inner)/(outer − inner), ξ₁ = (θ − start)/(end − start).
#[derive(Clone, Debug)]
pub(super) struct Sector {
    pub(super) center: [f64; 2],
    pub(super) inner: f64,
    pub(super) outer: f64,
    /// Radians.
    pub(super) start: f64,
    pub(super) sweep: f64,
    pub(super) full: bool,
}

impl Sector {
    /// Angles in degrees.
    pub(super) fn new(center: [f64; 2], inner: f64, outer: f64, start: f64, end: f64) -> Self {
        Self {
            center,
            inner,
            outer,
            start: start.to_radians(),
            sweep: (end - start).to_radians(),
            full: end - start >= 360.0,
        }
    }

    /// r and the angle from the middle of the sector, in (−π, π].
    fn polar(&self, x: Point) -> (CoordinateJet, CoordinateJet) {
        let middle = self.start + 0.5 * self.sweep;
        let (dx, dy) = (x[0].offset(-self.center[0]), x[1].offset(-self.center[1]));
        let along = dx.scale(middle.cos()) + dy.scale(middle.sin());
        let across = dy.scale(middle.cos()) - dx.scale(middle.sin());
        ((dx * dx + dy * dy).sqrt(), across.atan2(along))
    }

    /// The distance from the line through the centre at `angle`, positive to its left, by the outer radius.
    fn line(&self, angle: f64, x: Point) -> CoordinateJet {
        let (dx, dy) = (x[0].offset(-self.center[0]), x[1].offset(-self.center[1]));
        (dy.scale(angle.cos()) - dx.scale(angle.sin())).scale(1.0 / self.outer)
    }
}

impl Chart for Sector {
    fn dimension(&self) -> usize {
        2
    }

    fn faces(&self) -> Vec<Face> {
        let mut faces = Vec::new();
        if self.inner > 0.0 {
            faces.push(Face {
                name: "inner",
                axis: 0,
                high: false,
            });
        }
        faces.push(Face {
            name: "outer",
            axis: 0,
            high: true,
        });
        if !self.full {
            for (name, high) in [("start", false), ("end", true)] {
                faces.push(Face { name, axis: 1, high });
            }
        }
        faces
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let (mut min, mut max) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        (min[2], max[2]) = (0.0, 0.0);
        let mut take = |radius: f64, angle: f64| {
            let x = [
                self.center[0] + radius * angle.cos(),
                self.center[1] + radius * angle.sin(),
            ];
            for j in 0..2 {
                min[j] = min[j].min(x[j]);
                max[j] = max[j].max(x[j]);
            }
        };
        for angle in [self.start, self.start + self.sweep] {
            take(self.inner, angle);
            take(self.outer, angle);
        }
        // The extremes along the axes, where the sector contains them.
        let quarter = std::f64::consts::FRAC_PI_2;
        let mut angle = (self.start / quarter).ceil() * quarter;
        while angle < self.start + self.sweep {
            take(self.outer, angle);
            angle += quarter;
        }
        (min, max)
    }

    fn measure(&self) -> f64 {
        0.5 * self.sweep * (self.outer.powi(2) - self.inner.powi(2))
    }

    fn face_measure(&self, face: Face) -> f64 {
        match (face.axis, face.high) {
            (0, false) => self.sweep * self.inner,
            (0, true) => self.sweep * self.outer,
            _ => self.outer - self.inner,
        }
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self {
            center: self.center.map(|v| v * factor),
            inner: self.inner * factor,
            outer: self.outer * factor,
            ..self.clone()
        })
    }

    fn map(&self, xi: Point) -> Point {
        let radius = xi[0].scale(self.outer - self.inner).offset(self.inner);
        let angle = xi[1].scale(self.sweep).offset(self.start);
        [
            (radius * angle.cos()).offset(self.center[0]),
            (radius * angle.sin()).offset(self.center[1]),
            xi[2],
        ]
    }

    fn inverse(&self, x: Point) -> Point {
        let (radius, angle) = self.polar(x);
        [
            radius.offset(-self.inner).scale(1.0 / (self.outer - self.inner)),
            angle.scale(1.0 / self.sweep).offset(0.5),
            x[2],
        ]
    }

    /// Smooth also at the centre: the outer circle by 1 − (r/R)², a flat side by its line unless that line cuts the
    /// sector.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let convex = self.sweep <= std::f64::consts::PI;
        match (face.axis, face.high) {
            (0, true) if self.inner == 0.0 => {
                let (dx, dy) = (x[0].offset(-self.center[0]), x[1].offset(-self.center[1]));
                (-(dx * dx + dy * dy)).scale(1.0 / self.outer.powi(2)).offset(1.0)
            }
            (1, false) if convex => self.line(self.start, x),
            (1, true) if convex => -self.line(self.start + self.sweep, x),
            (axis, high) => {
                let xi = self.inverse(x)[axis];
                if high { (-xi).offset(1.0) } else { xi }
            }
        }
    }

    /// The density of r grows like r: r = √(inner² + u·(outer² − inner²)).
    fn spread(&self, unit: [f64; 3], face: Option<Face>) -> [f64; 3] {
        if face.is_some_and(|face| face.axis == 1) {
            return unit;
        }
        let radius = (self.inner.powi(2) + unit[0] * (self.outer.powi(2) - self.inner.powi(2))).sqrt();
        [(radius - self.inner) / (self.outer - self.inner), unit[1], unit[2]]
    }

    fn poles(&self) -> Vec<Pole> {
        let pole = Pole::hole([self.center[0], self.center[1], 0.0], self.inner, 2);
        if self.inner > 0.0 { vec![pole] } else { Vec::new() }
    }

    fn divisions(&self, cells: usize) -> [usize; 3] {
        let middle = 0.5 * (self.inner + self.outer);
        divide(&[self.outer - self.inner, self.sweep * middle], cells)
    }
}

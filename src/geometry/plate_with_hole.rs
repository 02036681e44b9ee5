//! The quarter of a rectangular plate with a hole in its middle.

use std::f64::consts::FRAC_PI_2;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::divide;
use super::{Chart, Face, Point, Shape};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// The quarter of a rectangular plate with a circular hole in its middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlateWithHole {
    /// Centre of the hole (x, y), m; the lower left corner of the quarter.
    #[serde(default)]
    pub corner: (Expression, Expression),
    /// From the centre of the hole to the right edge, m.
    pub width: Expression,
    /// From the centre of the hole to the top edge, m.
    pub height: Expression,
    /// Radius of the hole, m.
    pub radius: Expression,
}

impl PlateWithHole {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<QuarterPlate> {
        let x = values.number(&self.corner.0, &path![at; "corner", 0]);
        let y = values.number(&self.corner.1, &path![at; "corner", 1]);
        let width = values.positive(&self.width, &path![at; "width"]);
        let height = values.positive(&self.height, &path![at; "height"]);
        let radius = values.positive(&self.radius, &path![at; "radius"]);
        let (width, height, radius) = (width?, height?, radius?);
        let (name, least) = if width <= height {
            ("width", width)
        } else {
            ("height", height)
        };
        if radius >= least {
            values.fault(
                &path![at; "radius"],
                format!("radius = {radius} must be less than {name} = {least}"),
                Some("`width` and `height` are those of the quarter, from the centre of the hole".into()),
            );
            return None;
        }
        Some(QuarterPlate::new([x?, y?], [width, height], radius))
    }
}

/// ξ₀ runs along rays from the hole, r = a, to the edges, r = R(θ): ξ₀ = (r − a)/(R − a). ξ₁ is linear in the angle θ from 0
/// to ½ below the ray through the outer corner, and from ½ to 1 above it.
///
/// `right` and `top` are the two halves of the face ξ₀ = 1. Across the ray between them R and θ(ξ₁) have a kink: points are
/// uniform on either side all the same, but values are not extended along the box coordinates ([`Shape::extends`]), and a
/// Gauss rule over the box does not gain its full order.
#[derive(Clone, Debug)]
pub(super) struct QuarterPlate {
    pub(super) corner: [f64; 2],
    /// Width and height.
    pub(super) sides: [f64; 2],
    pub(super) radius: f64,
}

impl QuarterPlate {
    pub(super) fn new(corner: [f64; 2], sides: [f64; 2], radius: f64) -> Self {
        Self { corner, sides, radius }
    }

    /// The angle of the ray through the outer corner from the side of `right` (0) or `top` (1).
    fn opening(&self, half: usize) -> f64 {
        self.sides[1 - half].atan2(self.sides[half])
    }

    /// The distance from the hole's centre to the outer corner.
    fn diagonal(&self) -> f64 {
        self.sides[0].hypot(self.sides[1])
    }

    /// Twice the area between the axis of a half and the ray with the slope v to it: s²·v − a²·atan v, s the half's side.
    fn sector(&self, half: usize, v: f64) -> f64 {
        self.sides[half].powi(2) * v - self.radius.powi(2) * v.atan()
    }

    /// The slope v with `sector(half, v)` = q. The function is convex and grows, so Newton's method falls to its root from
    /// above, without overshooting.
    fn slope(&self, half: usize, q: f64) -> f64 {
        let mut v = self.sides[1 - half] / self.sides[half];
        for _ in 0..100 {
            let growth = self.sides[half].powi(2) - self.radius.powi(2) / (1.0 + v * v);
            let next = v - (self.sector(half, v) - q) / growth;
            if next >= v {
                break;
            }
            v = next.max(0.0);
        }
        v
    }

    /// ξ₁ of an angle from the axis of a half.
    fn along(&self, half: usize, angle: f64) -> f64 {
        let xi = 0.5 * angle / self.opening(half);
        if half == 0 { xi } else { 1.0 - xi }
    }
}

impl Chart for QuarterPlate {
    fn dimension(&self) -> usize {
        2
    }

    fn faces(&self) -> Vec<Face> {
        [
            ("hole", 0, false),
            ("right", 0, true),
            ("top", 0, true),
            ("left", 1, true),
            ("bottom", 1, false),
        ]
        .map(|(name, axis, high)| Face { name, axis, high })
        .to_vec()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let [x, y] = self.corner;
        ([x, y, 0.0], [x + self.sides[0], y + self.sides[1], 0.0])
    }

    fn measure(&self) -> f64 {
        self.sides[0] * self.sides[1] - 0.5 * FRAC_PI_2 * self.radius.powi(2)
    }

    fn face_measure(&self, face: Face) -> f64 {
        match face.name {
            "hole" => FRAC_PI_2 * self.radius,
            "right" => self.sides[1],
            "top" => self.sides[0],
            "left" => self.sides[1] - self.radius,
            _ => self.sides[0] - self.radius,
        }
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self::new(
            self.corner.map(|v| v * factor),
            self.sides.map(|v| v * factor),
            self.radius * factor,
        ))
    }

    fn map(&self, xi: Point) -> Point {
        let half = usize::from(xi[1].value > 0.5);
        let share = if half == 0 { xi[1] } else { (-xi[1]).offset(1.0) };
        let angle = share.scale(2.0 * self.opening(half));
        // Along the half's axis and across it; the edge is where `along` is the half's side.
        let (along, across) = (angle.cos(), angle.sin());
        let edge = CoordinateJet::constant(self.sides[half]) / along;
        let r = xi[0] * edge.offset(-self.radius) + CoordinateJet::constant(self.radius);
        let mut x = [r * along, r * across];
        if half == 1 {
            x.swap(0, 1);
        }
        [x[0].offset(self.corner[0]), x[1].offset(self.corner[1]), xi[2]]
    }

    fn inverse(&self, x: Point) -> Point {
        let local = [x[0].offset(-self.corner[0]), x[1].offset(-self.corner[1])];
        let half = usize::from(local[1].value * self.sides[0] > local[0].value * self.sides[1]);
        let (along, across) = (local[half], local[1 - half]);
        let r = (along * along + across * across).sqrt();
        let edge = r.scale(self.sides[half]) / along;
        let share = across.atan2(along).scale(0.5 / self.opening(half));
        [
            r.offset(-self.radius) / edge.offset(-self.radius),
            if half == 0 { share } else { (-share).offset(1.0) },
            x[2],
        ]
    }

    /// All smooth: the straight sides by their coordinate, the hole by the radius.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let across = |axis: usize| x[axis].offset(-self.corner[axis]).scale(1.0 / self.sides[axis]);
        match face.name {
            "left" => across(0),
            "bottom" => across(1),
            "right" => (-across(0)).offset(1.0),
            "top" => (-across(1)).offset(1.0),
            _ => {
                let (dx, dy) = (x[0].offset(-self.corner[0]), x[1].offset(-self.corner[1]));
                let r = (dx * dx + dy * dy).sqrt();
                r.offset(-self.radius).scale(1.0 / (self.diagonal() - self.radius))
            }
        }
    }

    /// Uniform in area: the angle by the area of either half, then r² between those of the hole and of the edge.
    fn spread(&self, unit: [f64; 3], face: Option<Face>) -> [f64; 3] {
        let angle = match face.map(|face| face.name) {
            Some("hole") => {
                let angle = unit[1] * FRAC_PI_2;
                let half = usize::from(angle > self.opening(0));
                let angle = if half == 0 { angle } else { FRAC_PI_2 - angle };
                return [unit[0], self.along(half, angle), unit[2]];
            }
            Some("right") => {
                return [
                    1.0,
                    self.along(0, (unit[1] * self.sides[1]).atan2(self.sides[0])),
                    unit[2],
                ];
            }
            Some("top") => {
                return [
                    1.0,
                    self.along(1, (unit[1] * self.sides[0]).atan2(self.sides[1])),
                    unit[2],
                ];
            }
            Some(_) => return unit,
            None => unit[1] * 2.0 * Chart::measure(self),
        };
        let first = self.sector(0, self.sides[1] / self.sides[0]);
        let (half, area) = if angle <= first {
            (0, angle)
        } else {
            (1, 2.0 * Chart::measure(self) - angle)
        };
        let v = self.slope(half, area);
        let edge = self.sides[half] * v.hypot(1.0);
        let r = (self.radius.powi(2) + unit[0] * (edge.powi(2) - self.radius.powi(2))).sqrt();
        [
            (r - self.radius) / (edge - self.radius),
            self.along(half, v.atan()),
            unit[2],
        ]
    }

    /// An even number along the angle, so that a line of the grid meets the outer corner.
    fn poles(&self) -> Vec<Pole> {
        vec![Pole::hole([self.corner[0], self.corner[1], 0.0], self.radius, 2)]
    }

    fn divisions(&self, cells: usize) -> [usize; 3] {
        let ray = (self.sides[0] + self.sides[1] + self.diagonal()) / 3.0 - self.radius;
        let [radial, angular, last] = divide(&[ray, Chart::measure(self) / ray], cells);
        [radial, angular.next_multiple_of(2), last]
    }

    fn extends(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_has_nodes_at_all_five_corners_and_along_every_edge() {
        let plate = QuarterPlate::new([1.0, -2.0], [4.0, 2.5], 1.0);
        let [n, m, _] = plate.divisions(400);
        assert_eq!(m % 2, 0);
        let node = |i: usize, j: usize| {
            let x = plate.position([i as f64 / n as f64, j as f64 / m as f64, 0.0]);
            [x[0] - 1.0, x[1] + 2.0]
        };
        let corners = [
            (0, 0, [1.0, 0.0]),
            (n, 0, [4.0, 0.0]),
            (n, m / 2, [4.0, 2.5]),
            (n, m, [0.0, 2.5]),
            (0, m, [0.0, 1.0]),
        ];
        for (i, j, corner) in corners {
            let x = node(i, j);
            assert!((x[0] - corner[0]).abs() < 1e-14 && (x[1] - corner[1]).abs() < 1e-14);
        }
        for j in 0..=m {
            let (hole, outer) = (node(0, j), node(n, j));
            assert!((hole[0].hypot(hole[1]) - 1.0).abs() < 1e-14);
            let edge = if j <= m / 2 { outer[0] - 4.0 } else { outer[1] - 2.5 };
            assert!(edge.abs() < 1e-14);
        }
    }

    /// The share of points below the outer corner's ray is that of its area, also with a hole as wide as the plate
    /// nearly, where the density on the axis almost vanishes.
    #[test]
    fn areas_are_inverted_to_rounding() {
        for radius in [1e-3, 1.0, 2.4999] {
            let plate = QuarterPlate::new([0.0; 2], [4.0, 2.5], radius);
            for half in [0, 1] {
                let whole = plate.sector(half, plate.sides[1 - half] / plate.sides[half]);
                for i in 0..=50 {
                    let q = whole * f64::from(i) / 50.0;
                    let v = plate.slope(half, q);
                    assert!(
                        (plate.sector(half, v) - q).abs() < 1e-13 * whole.max(1.0),
                        "{radius} {half} {i}"
                    );
                }
            }
        }
    }
}

//! Images of a box: box coordinates ξ ∈ [0, 1]^d run over the domain, and a boundary is a face of the box, ξ_axis = 0 or 1, or a
//! part of one. From the chart follow the points, the output grid, and the extension of prescribed values into the domain.

use std::fmt::Debug;

use super::{Corner, Face, Point, Shape, SurfacePoint, seed};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::sampler::unit;

/// The image of a box; every one is a [`Shape`], whose methods of the same name these are.
pub trait Chart: Debug + Send + Sync {
    /// Number of space coordinates d.
    fn dimension(&self) -> usize;

    /// The named boundaries.
    fn faces(&self) -> Vec<Face>;

    /// Corners of the smallest enclosing box along the axes.
    fn bounds(&self) -> ([f64; 3], [f64; 3]);

    /// Length, area or volume.
    fn measure(&self) -> f64;

    /// Length or area of a face; 1 for the end of an interval.
    fn face_measure(&self, face: Face) -> f64;

    /// The same shape, `factor` times as large.
    fn scaled(&self, factor: f64) -> Box<dyn Shape>;

    /// x(ξ).
    fn map(&self, xi: Point) -> Point;

    /// ξ(x), the inverse of [`Chart::map`], also near the domain.
    fn inverse(&self, x: Point) -> Point;

    /// By default the box coordinate itself.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let xi = self.inverse(x)[face.axis];
        if face.high { (-xi).offset(1.0) } else { xi }
    }

    /// Box coordinates with uniform density in x from numbers uniform on the unit cube. With `face` the fixed coordinate
    /// is overwritten afterwards and the density is uniform on the face.
    fn spread(&self, unit: [f64; 3], _face: Option<Face>) -> [f64; 3] {
        unit
    }

    /// Whether values on the boundaries extend smoothly along the box coordinates into the domain. Where they do not, only
    /// the value 0 (in the problem's units) is built into the ansatz.
    fn extends(&self) -> bool {
        true
    }

    /// Numbers of grid cells per box axis for about `cells` cells of equal size in x.
    fn divisions(&self, cells: usize) -> [usize; 3];

    /// The holes near which fields vary on the scale of the hole.
    fn poles(&self) -> Vec<Pole> {
        Vec::new()
    }

    /// The corners of a plane domain.
    fn corners(&self) -> Vec<Corner> {
        Vec::new()
    }

    /// x at plain box coordinates.
    fn position(&self, xi: [f64; 3]) -> [f64; 3] {
        self.map(xi.map(CoordinateJet::constant)).map(|c| c.value)
    }
}

impl<C: Chart> Shape for C {
    fn dimension(&self) -> usize {
        Chart::dimension(self)
    }

    fn faces(&self) -> Vec<Face> {
        Chart::faces(self)
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        Chart::bounds(self)
    }

    fn measure(&self) -> f64 {
        Chart::measure(self)
    }

    fn face_measure(&self, face: Face) -> f64 {
        Chart::face_measure(self, face)
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Chart::scaled(self, factor)
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.position(self.spread(unit, None))
    }

    /// The normal is −∇φ/|∇φ| of the face's distance φ.
    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let mut free = unit.into_iter();
        let mut place = [0.5; 3];
        for (axis, coordinate) in place.iter_mut().enumerate().take(Chart::dimension(self)) {
            if axis != face.axis {
                *coordinate = free.next().unwrap_or(0.5);
            }
        }
        let mut xi = self.spread(place, Some(face));
        xi[face.axis] = f64::from(u8::from(face.high));
        let x = self.position(xi);
        let gradient = Chart::distance(self, face, seed(x)).gradient;
        let length = gradient[..3].iter().map(|g| g * g).sum::<f64>().sqrt();
        SurfacePoint {
            x,
            normal: [0, 1, 2].map(|j| -gradient[j] / length),
        }
    }

    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        Chart::distance(self, face, x)
    }

    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]> {
        if first.axis == second.axis {
            return Vec::new();
        }
        let places = (0..32_u32).map(|i| {
            let mut xi = [0, 1, 2].map(|axis| unit(41, u64::from(3 * i + axis)));
            for face in [first, second] {
                xi[face.axis] = f64::from(u8::from(face.high));
            }
            self.position(xi)
        });
        // A boundary can be a part of a face of the box.
        let on = |face: Face, x: [f64; 3]| Chart::distance(self, face, seed(x)).value.abs() < 1e-9;
        places.filter(|x| on(first, *x) && on(second, *x)).collect()
    }

    fn chart(&self) -> Option<&dyn Chart> {
        Some(self)
    }

    fn poles(&self) -> Vec<Pole> {
        Chart::poles(self)
    }

    fn corners(&self) -> Vec<Corner> {
        Chart::corners(self)
    }
}

/// Divisions per axis for `cells` cells on a box with the given side lengths, at least one per axis.
pub(super) fn divide(lengths: &[f64], cells: usize) -> [usize; 3] {
    let d = lengths.len();
    let volume: f64 = lengths.iter().product();
    let side = (volume / cells as f64).powf(1.0 / d as f64);
    let mut divisions = [1; 3];
    for (n, length) in divisions.iter_mut().zip(lengths) {
        *n = ((length / side).round() as usize).clamp(2, cells.max(2));
    }
    divisions
}

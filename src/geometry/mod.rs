//! Where: domains with named boundaries.
//!
//! A [`Shape`] gives points, normals and distances. The primitives are images of a box, see [`Chart`]. Only this module makes
//! normals; they point outwards.

mod axis_box;
mod chart;
mod constructive;
mod cut_cells;
mod dividing_surface;
mod flat;
mod level_set;
mod mesh_shape;
mod outline;
mod partitioned;
mod patch;
mod plate_with_hole;
mod polar;
mod round;
mod spherical;

use std::fmt::Debug;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use axis_box::{Cuboid, Interval, Rectangle};
pub use chart::Chart;
pub use constructive::{
    Cone, Coordinates, Cylinder, Difference, Ellipse, Extrusion, Named, Polygon, Region, Revolution, Rotate, Scale,
    Sphere, Translate,
};
pub use mesh_shape::{MeshFile, MeshShape, ScaledMesh};
pub use partitioned::{Flaw, Partitioned};
pub use plate_with_hole::PlateWithHole;
pub use polar::{Annulus, Disk};
pub use spherical::SphericalShell;

use crate::jet::{CoordinateJet, Pole};
use crate::mesh::Mesh;
use crate::path;
use crate::quantity::Values;

/// A point with the coordinates as jets.
pub type Point = [CoordinateJet; 3];

/// A named boundary; of the image of a box, the face ξ_axis = 0 or 1 or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    /// The name in problem files.
    pub name: &'static str,
    /// Which box coordinate is fixed; 0 without a chart.
    pub axis: usize,
    /// Fixed at 1 rather than 0; false without a chart.
    pub high: bool,
}

/// The geometries that a problem file can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum GeometryKind {
    /// A line segment; boundaries `left`, `right`.
    Interval(Interval),
    /// A rectangle along the axes; boundaries `left`, `right`, `bottom`, `top`.
    Rectangle(Rectangle),
    /// A box along the axes; boundaries `left`, `right` (x), `front`, `back` (y), `bottom`, `top` (z).
    Cuboid(Cuboid),
    /// A disk or a sector of one; boundaries `outer` and, for a sector, `start`, `end`.
    Disk(Disk),
    /// A ring or a sector of one; boundaries `inner`, `outer` and, for a sector, `start`, `end`.
    Annulus(Annulus),
    /// An octant of a hollow sphere, x, y, z ≥ the centre; boundaries `inner`, `outer`, `x`, `y`, `z` (the planes on
    /// which that coordinate is the centre's).
    SphericalShell(SphericalShell),
    /// A quarter of a rectangular plate with a hole in its middle; boundaries `hole`, `right`, `top` and the planes of
    /// symmetry `left` (x = the centre's), `bottom` (y = the centre's).
    PlateWithHole(PlateWithHole),
    /// A polygon; boundaries `edge0`, `edge1`, … or the given names.
    Polygon(Polygon),
    /// An ellipse; boundary `outer`.
    Ellipse(Ellipse),
    /// A ball; boundary `outer`.
    Sphere(Sphere),
    /// A circular cylinder along z; boundaries `side`, `bottom`, `top`.
    Cylinder(Cylinder),
    /// A circular cone along z; boundaries `side`, `bottom`, `top`.
    Cone(Cone),
    /// What a plane shape sweeps over along z; its boundaries, and `base` (z = 0), `cap`.
    Extrusion(Extrusion),
    /// What a plane shape in (r, z) sweeps over round the z axis; its boundaries, and `start`, `end` of less than a full turn.
    Revolution(Revolution),
    /// The points of any of the shapes in a list: `Union([Rectangle(…), Disk(…)])`. Where they overlap, the first gives the
    /// region.
    Union(Vec<GeometryKind>),
    /// The points that all shapes of a list share: `Intersection([…])`.
    Intersection(Vec<GeometryKind>),
    /// What is left of a shape when others are cut out.
    Difference(Difference),
    /// A shifted shape.
    Translate(Translate),
    /// A turned shape.
    Rotate(Rotate),
    /// An enlarged or reduced shape.
    Scale(Scale),
    /// A shape whose whole surface is one boundary with the given name; the same name elsewhere joins them.
    Named(Named),
    /// A shape whose points belong to the region with the given name.
    Region(Region),
    /// A mesh file (Gmsh 4.1 or 2.2, VTU, STL), `Mesh("part.msh")` or `Mesh(file: "part.msh", scale: 1e-3)`; its physical
    /// names are the boundaries and regions.
    Mesh(MeshFile),
}

impl GeometryKind {
    /// Evaluates the sizes; faults are noted in `values`.
    pub fn shape(&self, values: &mut Values<'_>) -> Option<Box<dyn Shape>> {
        fn boxed<S: Shape + 'static>(shape: Option<S>) -> Option<Box<dyn Shape>> {
            shape.map(|shape| Box::new(shape) as Box<dyn Shape>)
        }
        let at = &path!["geometry"];
        match self {
            Self::Interval(kind) => boxed(kind.shape(at, values)),
            Self::Rectangle(kind) => boxed(kind.shape(at, values)),
            Self::Cuboid(kind) => boxed(kind.shape(at, values)),
            Self::Disk(kind) => boxed(kind.shape(at, values)),
            Self::Annulus(kind) => boxed(kind.shape(at, values)),
            Self::SphericalShell(kind) => boxed(kind.shape(at, values)),
            Self::PlateWithHole(kind) => boxed(kind.shape(at, values)),
            Self::Mesh(kind) => kind.shape(values),
            other => constructive::shape(other, at, values),
        }
    }

    /// The number of space coordinates of a primitive; 0 for an operation.
    fn primitive_dimension(&self) -> usize {
        match self {
            Self::Interval(_) => 1,
            Self::Rectangle(_) | Self::Disk(_) | Self::Annulus(_) | Self::PlateWithHole(_) => 2,
            Self::Polygon(_) | Self::Ellipse(_) => 2,
            Self::Cuboid(_) | Self::SphericalShell(_) | Self::Sphere(_) | Self::Cylinder(_) | Self::Cone(_) => 3,
            Self::Extrusion(_) | Self::Revolution(_) => 3,
            _ => 0,
        }
    }

    /// The path of the mesh file, if there is one.
    pub fn mesh_path(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Mesh(mesh) => Some(mesh.path_mut()),
            _ => None,
        }
    }

    /// The kind's name in problem files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Interval(_) => "Interval",
            Self::Rectangle(_) => "Rectangle",
            Self::Cuboid(_) => "Cuboid",
            Self::Disk(_) => "Disk",
            Self::Annulus(_) => "Annulus",
            Self::SphericalShell(_) => "SphericalShell",
            Self::PlateWithHole(_) => "PlateWithHole",
            Self::Polygon(_) => "Polygon",
            Self::Ellipse(_) => "Ellipse",
            Self::Sphere(_) => "Sphere",
            Self::Cylinder(_) => "Cylinder",
            Self::Cone(_) => "Cone",
            Self::Extrusion(_) => "Extrusion",
            Self::Revolution(_) => "Revolution",
            Self::Union(_) => "Union",
            Self::Intersection(_) => "Intersection",
            Self::Difference(_) => "Difference",
            Self::Translate(_) => "Translate",
            Self::Rotate(_) => "Rotate",
            Self::Scale(_) => "Scale",
            Self::Named(_) => "Named",
            Self::Region(_) => "Region",
            Self::Mesh(_) => "Mesh",
        }
    }
}

/// A point of a boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfacePoint {
    /// Where.
    pub x: [f64; 3],
    /// Outward unit normal.
    pub normal: [f64; 3],
}

/// An inner surface between two regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The surface; its normal points from the first side into the second.
    pub face: Face,
    /// The regions on its sides.
    pub sides: [usize; 2],
}

/// A domain with named boundaries.
pub trait Shape: Debug + Send + Sync {
    /// Number of space coordinates d.
    fn dimension(&self) -> usize;

    /// The named boundaries.
    fn faces(&self) -> Vec<Face>;

    /// The faces that a name stands for: the one of that name, or those of a group of a mesh.
    fn faces_named(&self, name: &str) -> Vec<Face> {
        self.faces().into_iter().filter(|face| face.name == name).collect()
    }

    /// What a name stands for that is no boundary, if it is known.
    fn no_boundary(&self, name: &str) -> Option<String> {
        known_otherwise(self, name)
    }

    /// Corners of the smallest enclosing box along the axes.
    fn bounds(&self) -> ([f64; 3], [f64; 3]);

    /// Length, area or volume.
    fn measure(&self) -> f64;

    /// Length or area of a face; 1 for the end of an interval.
    fn face_measure(&self, face: Face) -> f64;

    /// The same shape, `factor` times as large.
    fn scaled(&self, factor: f64) -> Box<dyn Shape>;

    /// A point of the interior from numbers uniform on the unit cube, with uniform density.
    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3];

    /// A point of a face from d − 1 numbers uniform on the unit cube, with uniform density.
    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint;

    /// A smooth function that is 0 on the face, positive inside, at most about 1, with a gradient on the face that does
    /// not vanish.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet;

    /// Whether [`Shape::distance`] of a face is smooth; values on others enter the loss instead of holding exactly.
    fn smooth(&self, _face: Face) -> bool {
        true
    }

    /// Points that lie on both of two faces; none if they do not meet.
    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]>;

    /// The chart of an image of a box.
    fn chart(&self) -> Option<&dyn Chart> {
        None
    }

    /// The mesh that the domain is made of, and the factor on its coordinates; fields are written on its cells.
    fn mesh(&self) -> Option<(&Mesh, f64)> {
        None
    }

    /// A rule of quadrature over the interior or a face, with `order` points per direction and cell: numbers that
    /// [`Shape::interior_point`] and [`Shape::face_point`] take, and weights that add up to 1. Without one, rules over the unit
    /// cube serve.
    fn rule(&self, _face: Option<Face>, _order: usize) -> Option<Vec<([f64; 3], f64)>> {
        None
    }

    /// A mesh of about `cells` cells for output. Without one, the grid of the box serves.
    fn grid(&self, _cells: usize) -> Option<Mesh> {
        None
    }

    /// The parts of the first of the numbers that belong to cells, of the interior or a face, with x as a corner.
    fn corner_cells(&self, _face: Option<Face>, _x: [f64; 3]) -> Vec<[f64; 2]> {
        Vec::new()
    }

    /// The names of the regions; none if there is only one, without a name.
    fn regions(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The regions that a name stands for: the one of that name, or those of a group of a mesh.
    fn regions_named(&self, name: &str) -> Vec<usize> {
        self.regions()
            .iter()
            .position(|region| *region == name)
            .into_iter()
            .collect()
    }

    /// The region that holds x.
    fn region(&self, _x: [f64; 3]) -> usize {
        0
    }

    /// The surfaces between regions.
    fn interfaces(&self) -> Vec<Interface> {
        Vec::new()
    }

    /// The holes near which fields vary on the scale of the hole.
    fn poles(&self) -> Vec<Pole> {
        Vec::new()
    }

    /// The corners of a plane domain.
    fn corners(&self) -> Vec<Corner> {
        Vec::new()
    }

    /// The axis that the face is perpendicular to everywhere, and whether its normal points to larger values, if there is
    /// one.
    fn normal_axis(&self, face: Face) -> Option<(usize, bool)> {
        let probes = [[0.31, 0.57, 0.73], [0.83, 0.11, 0.42], [0.05, 0.92, 0.21]];
        let normals = probes.map(|unit| self.face_point(face, unit).normal);
        (0..self.dimension())
            .flat_map(|axis| [(axis, true), (axis, false)])
            .find(|&(axis, high)| {
                let sign = if high { 1.0 } else { -1.0 };
                normals.iter().all(|n| sign * n[axis] > 1.0 - 1e-12)
            })
    }
}

/// What a name stands for that is a surface between regions or a region.
fn known_otherwise<S: Shape + ?Sized>(shape: &S, name: &str) -> Option<String> {
    let regions = shape.regions();
    let interface = shape
        .interfaces()
        .into_iter()
        .find(|interface| interface.face.name == name);
    match interface.map(|interface| interface.sides.map(|side| regions.get(side))) {
        Some([Some(first), Some(second)]) => Some(format!("`{name}` lies between `{first}` and `{second}`")),
        _ => (!shape.regions_named(name).is_empty()).then(|| format!("`{name}` is a region")),
    }
}

/// A corner of a plane domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corner {
    /// Where.
    pub place: [f64; 3],
    /// The opening angle inside the domain, radians.
    pub angle: f64,
    /// The direction of its first edge from the x axis, radians; the domain lies counter-clockwise from it.
    pub direction: f64,
    /// The boundaries of the first and the second edge.
    pub faces: [&'static str; 2],
}

/// The coordinates as jets with unit derivatives.
pub fn independent_variables(x: [f64; 3]) -> Point {
    std::array::from_fn(|j| CoordinateJet::coordinate(j, x[j], 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn shapes() -> Vec<Box<dyn Shape>> {
        vec![
            Box::new(axis_box::AxisBox::new(1, [-1.0, 0.0, 0.0], [2.0, 0.0, 0.0])),
            Box::new(axis_box::AxisBox::new(2, [-1.0, 1.0, 0.0], [2.0, 1.5, 0.0])),
            Box::new(axis_box::AxisBox::new(3, [-1.0, 1.0, 0.0], [2.0, 1.5, 3.0])),
            Box::new(polar::Sector::new([1.0, -2.0], 0.0, 1.5, 0.0, 360.0)),
            Box::new(polar::Sector::new([1.0, -2.0], 0.5, 1.5, 0.0, 360.0)),
            Box::new(polar::Sector::new([1.0, -2.0], 0.5, 1.5, 0.0, 90.0)),
            Box::new(polar::Sector::new([1.0, -2.0], 0.5, 1.5, 30.0, 300.0)),
            Box::new(polar::Sector::new([0.0, 0.0], 0.0, 1.5, 20.0, 110.0)),
            Box::new(spherical::Octant::new([1.0, 0.0, -1.0], 0.5, 2.0)),
            Box::new(plate_with_hole::QuarterPlate::new([1.0, -2.0], [4.0, 4.0], 1.0)),
            Box::new(plate_with_hole::QuarterPlate::new([0.0, 0.0], [2.0, 0.7], 0.6)),
        ]
    }

    /// Mean of f over n pseudo-random points and its standard error.
    fn mean(n: usize, mut f: impl FnMut([f64; 3]) -> f64) -> (f64, f64) {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let values: Vec<f64> = (0..n).map(|_| f(std::array::from_fn(|_| random.random()))).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        (mean, (variance / n as f64).sqrt())
    }

    #[test]
    fn chart_and_map_are_inverse() {
        for shape in shapes() {
            let Some(chart) = shape.chart() else { continue };
            mean(50, |unit| {
                let x = shape.interior_point(unit);
                let back = chart.map(chart.inverse(independent_variables(x)));
                for j in 0..shape.dimension() {
                    assert!((back[j].value - x[j]).abs() < 1e-12);
                    for k in 0..shape.dimension() {
                        let expected = f64::from(u8::from(j == k));
                        assert!((back[j].gradient[k] - expected).abs() < 1e-9, "{shape:?}");
                        assert!(back[j].second(k, j).abs() < 1e-6, "{shape:?}");
                    }
                }
                0.0
            });
        }
    }

    #[test]
    fn normals_have_unit_length_and_point_outwards() {
        for shape in shapes() {
            for face in shape.faces() {
                mean(30, |unit| {
                    let SurfacePoint { x, normal } = shape.face_point(face, unit);
                    assert!(shape.distance(face, independent_variables(x)).value.abs() < 1e-12);
                    assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-12);
                    let moved = |sign: f64| {
                        let x = std::array::from_fn(|j| x[j] + sign * 1e-4 * normal[j]);
                        shape.distance(face, independent_variables(x)).value
                    };
                    assert!(moved(-1.0) > 0.0 && moved(1.0) < 0.0, "{shape:?} {face:?}");
                    0.0
                });
            }
        }
    }

    /// ∫ div F = ∫ F·n for a quadratic F, with the interior's and the boundary's own uniform points: wrong densities,
    /// measures or normals break it. Five standard errors of Monte Carlo are allowed.
    #[test]
    fn the_divergence_theorem_holds() {
        let field = |x: [f64; 3]| [x[0] * x[0] + x[1], x[1] * x[1] - x[0] * x[2], 3.0 * x[2] * x[2] + x[0]];
        for shape in shapes() {
            let d = shape.dimension();
            let divergence = |x: [f64; 3]| (0..d).map(|j| [2.0, 2.0, 6.0][j] * x[j]).sum::<f64>();
            let (inside, e) = mean(40_000, |unit| divergence(shape.interior_point(unit)));
            let (mut total, mut error) = (0.0, (e * shape.measure()).powi(2));
            for face in shape.faces() {
                let (flux, e) = mean(40_000, |unit| {
                    let SurfacePoint { x, normal } = shape.face_point(face, unit);
                    (0..d).map(|j| field(x)[j] * normal[j]).sum()
                });
                total += flux * shape.face_measure(face);
                error += (e * shape.face_measure(face)).powi(2);
            }
            let difference = (inside * shape.measure() - total).abs();
            assert!(
                difference < 5.0 * error.sqrt() + 1e-12,
                "{shape:?}: {difference} {}",
                error.sqrt()
            );
        }
    }

    #[test]
    fn points_lie_within_the_bounds_and_scaling_scales() {
        for shape in shapes() {
            let (min, max) = shape.bounds();
            let twice = shape.scaled(2.0);
            mean(100, |unit| {
                let x = shape.interior_point(unit);
                let y = twice.interior_point(unit);
                for j in 0..shape.dimension() {
                    assert!(min[j] - 1e-12 <= x[j] && x[j] <= max[j] + 1e-12);
                    assert!((y[j] - 2.0 * x[j]).abs() < 1e-12);
                }
                0.0
            });
            let ratio = twice.measure() / shape.measure();
            assert!((ratio - 2f64.powi(shape.dimension() as i32)).abs() < 1e-12);
        }
    }

    #[test]
    fn flat_faces_along_the_axes_are_recognised() {
        let quarter = polar::Sector::new([1.0, -2.0], 0.5, 1.5, 0.0, 90.0);
        let axes: Vec<_> = Shape::faces(&quarter)
            .iter()
            .map(|face| quarter.normal_axis(*face))
            .collect();
        assert_eq!(axes, [None, None, Some((1, false)), Some((0, false))]);
    }
}

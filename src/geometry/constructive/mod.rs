//! Shapes made of shapes: union, difference and intersection of primitives, moved and turned, with their boundaries' names.
//!
//! In the plane everything is exact: the primitives' curves (segments, arcs of circles and ellipses) are cut where they meet
//! ([`arrangement`]), the parts that bound the result kept, and the result is divided into triangles whose edges on the
//! boundary are the true curves ([`triangulation`]). Areas, lengths, uniform points and normals ([`planar`]) have no error but
//! rounding. Solids are swept by plane shapes ([`sweep`]) and as exact as those.

mod affine;
mod arc_length;
mod arrangement;
mod boundary_distance;
mod boundary_edges;
mod builder;
mod clipped;
mod curve;
mod figures;
mod grid;
mod meeting;
mod operations;
mod place;
mod planar;
mod solid;
mod solids;
mod strata;
mod sweep;
mod swept;
#[cfg(test)]
mod tests;
mod tree;
mod triangulation;
mod voxels;

pub use figures::{Ellipse, Polygon};
pub use operations::{Coordinates, Difference, Named, Region, Rotate, Scale, Translate};
pub use solids::{Cone, Cylinder, Extrusion, Revolution, Sphere};

pub(super) use boundary_distance::{BoundaryDistance, joint, meet, trimmed};
pub(super) use builder::shape;
pub(super) use curve::Curve;

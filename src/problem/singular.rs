//! Corners at which the field may be singular.

use super::placed::Placed;
use crate::condition::Part;
use crate::geometry::{Corner, Shape};
use crate::network::Pole;

/// Corners beyond this number get no inputs of their own.
const CORNERS: usize = 8;

/// The corners at which the field may be singular: re-entrant ones, and those where prescribed components change; the widest ones
/// if they are many.
pub(super) fn singular(shape: &dyn Shape, parts: &[Placed], axis: &[&'static str]) -> Vec<Pole> {
    let prescribed = |name: &str| {
        let here = parts.iter().filter(|placed| placed.place.name() == name);
        let mut components: Vec<usize> = here
            .filter_map(|placed| match &placed.part {
                Part::Prescribed { component, .. } => Some(*component),
                Part::Symmetry { .. } => Some(usize::MAX),
                _ => None,
            })
            .collect();
        components.sort_unstable();
        components
    };
    let mut corners = shape.corners();
    corners.retain(|corner| {
        let [first, second] = corner.faces.map(prescribed);
        // On an axis of rotation lies no edge.
        let inside = corner.faces.iter().any(|name| axis.contains(name));
        !inside && (corner.angle > 1.02 * std::f64::consts::PI || first != second)
    });
    corners.sort_by(|a, b| b.angle.total_cmp(&a.angle));
    corners.truncate(CORNERS);
    let pole = |corner: Corner| Pole::corner(corner.place, 1.0, shape.dimension());
    corners.into_iter().map(pole).collect()
}

//! Boundaries that a mesh pairs node by node: without conditions of their own they would be free, which the pairs deny.

use super::placed::Placed;
use crate::formulation::Place;
use crate::geometry::{Face, Shape};
use crate::path;
use crate::quantity::Values;

/// A fault for every pair of boundaries of which one has no condition.
pub(super) fn unpaired(shape: &dyn Shape, parts: &[Placed], values: &mut Values<'_>) {
    let Some((mesh, _)) = shape.mesh() else { return };
    let faces = shape.faces();
    let named = |faces: &[Face]| {
        let names: Vec<String> = faces.iter().map(|face| format!("`{}`", face.name)).collect();
        names.join(", ")
    };
    for pair in &mesh.periodic {
        let sides = [0, 1].map(|side| pair.boundaries[side].iter().map(|at| faces[*at]).collect::<Vec<Face>>());
        let free: Vec<Face> = (sides.iter().flatten().copied())
            .filter(|face| parts.iter().all(|placed| placed.place != Place::Face(*face)))
            .collect();
        if !free.is_empty() {
            values.fault(
                &path!["conditions"],
                format!(
                    "the mesh pairs {} with {} (`$Periodic`), but no condition holds on {}",
                    named(&sides[0]),
                    named(&sides[1]),
                    named(&free)
                ),
                Some(
                    "add `Periodic(between: [\"…\", \"…\"])`, or give each a condition of its own, as a `Flux` or `Traction` of 0".into(),
                ),
            );
        }
    }
}

//! Boundaries that a file pairs node by node: images of each other by a shift or a turn.

use std::collections::BTreeSet;

use super::raw::{Link, Raw};
use super::{CellKind, Mesh};

/// Two parts of the boundary with matching nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periodic {
    /// Indices into [`Mesh::boundaries`]: those of the one part and those of the other.
    pub boundaries: [Vec<usize>; 2],
    /// A node of the one part and its image in the other, indices into [`Mesh::points`].
    pub nodes: Vec<[u32; 2]>,
}

/// Takes up the links of the file between parts of the boundary; those of edges and corners follow from them.
pub(super) fn pair(raw: &Raw, index: &[u32], mesh: &mut Mesh) {
    for link in raw.links.iter().filter(|link| link.dimension + 1 == mesh.dimension) {
        let nodes = numbered(link, index);
        let boundaries = [0, 1].map(|side| boundaries(mesh, &nodes.iter().map(|pair| pair[side]).collect()));
        if boundaries.iter().any(Vec::is_empty) {
            continue;
        }
        let [one, other] = [0, 1].map(|side| {
            let names: Vec<String> = boundaries[side]
                .iter()
                .map(|at| format!("`{}`", mesh.boundaries[*at]))
                .collect();
            names.join(", ")
        });
        mesh.notes
            .push(format!("the file pairs {one} with {other} (`$Periodic`)"));
        mesh.periodic.push(Periodic { boundaries, nodes });
    }
}

/// The pairs of a link in the mesh's own numbers.
fn numbered(link: &Link, index: &[u32]) -> Vec<[u32; 2]> {
    let pairs = link.pairs.iter().map(|pair| pair.map(|node| index[node as usize]));
    pairs.filter(|pair| !pair.contains(&u32::MAX)).collect()
}

/// The boundaries with a facet whose corners are all among `nodes`.
fn boundaries(mesh: &Mesh, nodes: &BTreeSet<u32>) -> Vec<usize> {
    let corners = |kind: CellKind, first: usize| &mesh.nodes[first..first + kind.corners()];
    let facets = mesh.facets.iter();
    let held = facets.filter(|facet| corners(facet.kind, facet.first).iter().all(|node| nodes.contains(node)));
    let found: BTreeSet<usize> = held.map(|facet| facet.boundary as usize).collect();
    found.into_iter().collect()
}

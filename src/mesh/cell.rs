//! The kinds of cells: their nodes, facets and numbering.

use std::sync::LazyLock;

use super::basis::Basis;

/// A kind of cell with its nodes in VTK's order: corners, middles of edges, middles of faces, middle of the cell.
///
/// Reference cells: the unit interval, square and cube, the unit triangle and tetrahedron with a corner at the origin, the unit
/// triangle times the unit interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CellKind {
    /// A point; the end of a line.
    Vertex,
    /// A line with its two ends.
    Line2,
    /// A line with a middle node.
    Line3,
    /// A triangle with straight edges.
    Triangle3,
    /// A triangle with middle nodes.
    Triangle6,
    /// A quadrilateral with straight edges.
    Quadrilateral4,
    /// A quadrilateral with nodes in the middle of its edges.
    Quadrilateral8,
    /// A quadrilateral with nodes in the middle of its edges and in its own.
    Quadrilateral9,
    /// A tetrahedron with straight edges.
    Tetrahedron4,
    /// A tetrahedron with middle nodes.
    Tetrahedron10,
    /// A hexahedron with straight edges.
    Hexahedron8,
    /// A hexahedron with nodes in the middle of its edges.
    Hexahedron20,
    /// A hexahedron with nodes in the middle of its edges, of its faces and in its own.
    Hexahedron27,
    /// A wedge with straight edges.
    Wedge6,
    /// A wedge with nodes in the middle of its edges.
    Wedge15,
    /// A wedge with nodes in the middle of its edges and of its quadrilateral faces.
    Wedge18,
}

/// Cells of one outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Vertex,
    Line,
    Triangle,
    Quadrilateral,
    Tetrahedron,
    Hexahedron,
    Wedge,
}

/// Which nodes a cell has besides its corners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Extra {
    None,
    Edges,
    Faces,
}

/// The greatest number of nodes of a cell.
pub(super) const MOST_NODES: usize = 27;

impl CellKind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Vertex,
        Self::Line2,
        Self::Line3,
        Self::Triangle3,
        Self::Triangle6,
        Self::Quadrilateral4,
        Self::Quadrilateral8,
        Self::Quadrilateral9,
        Self::Tetrahedron4,
        Self::Tetrahedron10,
        Self::Hexahedron8,
        Self::Hexahedron20,
        Self::Hexahedron27,
        Self::Wedge6,
        Self::Wedge15,
        Self::Wedge18,
    ];

    pub(super) fn parts(self) -> (Family, Extra) {
        match self {
            Self::Vertex => (Family::Vertex, Extra::None),
            Self::Line2 => (Family::Line, Extra::None),
            Self::Line3 => (Family::Line, Extra::Edges),
            Self::Triangle3 => (Family::Triangle, Extra::None),
            Self::Triangle6 => (Family::Triangle, Extra::Edges),
            Self::Quadrilateral4 => (Family::Quadrilateral, Extra::None),
            Self::Quadrilateral8 => (Family::Quadrilateral, Extra::Edges),
            Self::Quadrilateral9 => (Family::Quadrilateral, Extra::Faces),
            Self::Tetrahedron4 => (Family::Tetrahedron, Extra::None),
            Self::Tetrahedron10 => (Family::Tetrahedron, Extra::Edges),
            Self::Hexahedron8 => (Family::Hexahedron, Extra::None),
            Self::Hexahedron20 => (Family::Hexahedron, Extra::Edges),
            Self::Hexahedron27 => (Family::Hexahedron, Extra::Faces),
            Self::Wedge6 => (Family::Wedge, Extra::None),
            Self::Wedge15 => (Family::Wedge, Extra::Edges),
            Self::Wedge18 => (Family::Wedge, Extra::Faces),
        }
    }

    /// Number of nodes.
    pub fn nodes(self) -> usize {
        match self {
            Self::Vertex => 1,
            Self::Line2 => 2,
            Self::Line3 | Self::Triangle3 => 3,
            Self::Quadrilateral4 | Self::Tetrahedron4 => 4,
            Self::Triangle6 | Self::Wedge6 => 6,
            Self::Quadrilateral8 | Self::Hexahedron8 => 8,
            Self::Quadrilateral9 => 9,
            Self::Tetrahedron10 => 10,
            Self::Wedge15 => 15,
            Self::Wedge18 => 18,
            Self::Hexahedron20 => 20,
            Self::Hexahedron27 => 27,
        }
    }

    /// Number of corners; they are the first nodes.
    pub fn corners(self) -> usize {
        match self.parts().0 {
            Family::Vertex => 1,
            Family::Line => 2,
            Family::Triangle => 3,
            Family::Quadrilateral | Family::Tetrahedron => 4,
            Family::Wedge => 6,
            Family::Hexahedron => 8,
        }
    }

    /// Number of reference coordinates.
    pub fn dimension(self) -> usize {
        match self.parts().0 {
            Family::Vertex => 0,
            Family::Line => 1,
            Family::Triangle | Family::Quadrilateral => 2,
            _ => 3,
        }
    }

    /// 1 for straight cells, 2 for those with middle nodes.
    pub fn order(self) -> usize {
        if self.parts().1 == Extra::None { 1 } else { 2 }
    }

    /// The name for reports, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vertex => "vertices",
            Self::Line2 => "lines",
            Self::Line3 => "second-order lines",
            Self::Triangle3 => "triangles",
            Self::Triangle6 => "second-order triangles",
            Self::Quadrilateral4 => "quadrilaterals",
            Self::Quadrilateral8 => "8-node quadrilaterals",
            Self::Quadrilateral9 => "9-node quadrilaterals",
            Self::Tetrahedron4 => "tetrahedra",
            Self::Tetrahedron10 => "second-order tetrahedra",
            Self::Hexahedron8 => "hexahedra",
            Self::Hexahedron20 => "20-node hexahedra",
            Self::Hexahedron27 => "27-node hexahedra",
            Self::Wedge6 => "wedges",
            Self::Wedge15 => "15-node wedges",
            Self::Wedge18 => "18-node wedges",
        }
    }

    /// What one such cell is called.
    pub fn one(self) -> &'static str {
        match self {
            Self::Vertex => "vertex",
            Self::Line2 => "line",
            Self::Line3 => "second-order line",
            Self::Triangle3 => "triangle",
            Self::Triangle6 => "second-order triangle",
            Self::Quadrilateral4 => "quadrilateral",
            Self::Quadrilateral8 => "8-node quadrilateral",
            Self::Quadrilateral9 => "9-node quadrilateral",
            Self::Tetrahedron4 => "tetrahedron",
            Self::Tetrahedron10 => "second-order tetrahedron",
            Self::Hexahedron8 => "hexahedron",
            Self::Hexahedron20 => "20-node hexahedron",
            Self::Hexahedron27 => "27-node hexahedron",
            Self::Wedge6 => "wedge",
            Self::Wedge15 => "15-node wedge",
            Self::Wedge18 => "18-node wedge",
        }
    }

    /// VTK's number of the kind.
    pub fn vtk(self) -> u8 {
        match self {
            Self::Vertex => 1,
            Self::Line2 => 3,
            Self::Triangle3 => 5,
            Self::Quadrilateral4 => 9,
            Self::Tetrahedron4 => 10,
            Self::Hexahedron8 => 12,
            Self::Wedge6 => 13,
            Self::Line3 => 21,
            Self::Triangle6 => 22,
            Self::Quadrilateral8 => 23,
            Self::Tetrahedron10 => 24,
            Self::Hexahedron20 => 25,
            Self::Wedge15 => 26,
            Self::Quadrilateral9 => 28,
            Self::Hexahedron27 => 29,
            Self::Wedge18 => 32,
        }
    }

    /// Whether the cell is its reference cell under an affine map if its edges are straight.
    pub(super) fn simplex(self) -> bool {
        matches!(
            self.parts().0,
            Family::Vertex | Family::Line | Family::Triangle | Family::Tetrahedron
        )
    }

    /// Length, area or volume of the reference cell.
    pub(super) fn reference_measure(self) -> f64 {
        match self.parts().0 {
            Family::Triangle | Family::Wedge => 0.5,
            Family::Tetrahedron => 1.0 / 6.0,
            _ => 1.0,
        }
    }

    /// The tables of the kind.
    pub(super) fn reference(self) -> &'static Reference {
        static TABLES: LazyLock<Vec<Reference>> =
            LazyLock::new(|| CellKind::ALL.iter().map(|&kind| Reference::new(kind)).collect());
        &TABLES[self as usize]
    }
}

/// What is known of a kind once and for all.
#[derive(Debug)]
pub(super) struct Reference {
    /// Reference coordinates of the nodes.
    pub(super) nodes: Vec<[f64; 3]>,
    /// Pairs of corners.
    pub(super) edges: &'static [[u8; 2]],
    /// Kind and nodes of every facet; its normal, by the right-hand rule, points outwards (in the plane: to the right).
    pub(super) facets: Vec<(CellKind, Vec<u8>)>,
    /// The numbering of the mirrored cell.
    pub(super) mirror: Vec<u8>,
    /// The shape functions.
    pub(super) basis: Basis,
}

const TRIANGLE: &[[u8; 2]] = &[[0, 1], [1, 2], [2, 0]];
const QUADRILATERAL: &[[u8; 2]] = &[[0, 1], [1, 2], [2, 3], [3, 0]];
const TETRAHEDRON: &[[u8; 2]] = &[[0, 1], [1, 2], [2, 0], [0, 3], [1, 3], [2, 3]];
const HEXAHEDRON: &[[u8; 2]] = &[
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 4],
    [0, 4],
    [1, 5],
    [2, 6],
    [3, 7],
];
const WEDGE: &[[u8; 2]] = &[[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3], [0, 3], [1, 4], [2, 5]];

impl Family {
    /// Pairs of corners in the order of the middle nodes.
    pub(super) fn edges(self) -> &'static [[u8; 2]] {
        match self {
            Self::Vertex => &[],
            Self::Line => &[[0, 1]],
            Self::Triangle => TRIANGLE,
            Self::Quadrilateral => QUADRILATERAL,
            Self::Tetrahedron => TETRAHEDRON,
            Self::Hexahedron => HEXAHEDRON,
            Self::Wedge => WEDGE,
        }
    }

    /// Corners of the faces that carry a middle node, in the order of these nodes; the cell itself last.
    pub(super) fn centres(self) -> &'static [&'static [u8]] {
        match self {
            Self::Quadrilateral => &[&[0, 1, 2, 3]],
            Self::Hexahedron => &[
                &[0, 4, 7, 3],
                &[1, 2, 6, 5],
                &[0, 1, 5, 4],
                &[3, 7, 6, 2],
                &[0, 3, 2, 1],
                &[4, 5, 6, 7],
                &[0, 1, 2, 3, 4, 5, 6, 7],
            ],
            Self::Wedge => &[&[0, 1, 4, 3], &[1, 2, 5, 4], &[2, 0, 3, 5]],
            _ => &[],
        }
    }

    fn facets(self) -> &'static [&'static [u8]] {
        match self {
            Self::Vertex => &[],
            Self::Line => &[&[0], &[1]],
            Self::Triangle => &[&[0, 1], &[1, 2], &[2, 0]],
            Self::Quadrilateral => &[&[0, 1], &[1, 2], &[2, 3], &[3, 0]],
            Self::Tetrahedron => &[&[0, 2, 1], &[0, 1, 3], &[1, 2, 3], &[0, 3, 2]],
            Self::Hexahedron => &[
                &[0, 3, 2, 1],
                &[4, 5, 6, 7],
                &[0, 1, 5, 4],
                &[1, 2, 6, 5],
                &[2, 3, 7, 6],
                &[3, 0, 4, 7],
            ],
            Self::Wedge => &[&[0, 2, 1], &[3, 4, 5], &[0, 1, 4, 3], &[1, 2, 5, 4], &[2, 0, 3, 5]],
        }
    }

    fn corners(self) -> &'static [[f64; 3]] {
        const CUBE: [[f64; 3]; 8] = [
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [1.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 1.0],
            [1.0, 1.0, 1.0],
            [0.0, 1.0, 1.0],
        ];
        const PRISM: [[f64; 3]; 6] = [
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 1.0],
            [0.0, 1.0, 1.0],
        ];
        match self {
            Self::Vertex => &CUBE[..1],
            Self::Line => &CUBE[..2],
            Self::Triangle => &PRISM[..3],
            Self::Quadrilateral => &CUBE[..4],
            Self::Tetrahedron => &PRISM[..4],
            Self::Hexahedron => &CUBE,
            Self::Wedge => &PRISM,
        }
    }
}

impl Reference {
    fn new(kind: CellKind) -> Self {
        let (family, extra) = kind.parts();
        let corners = family.corners();
        let middle = |list: &[u8]| -> [f64; 3] {
            std::array::from_fn(|j| list.iter().map(|&c| corners[c as usize][j]).sum::<f64>() / list.len() as f64)
        };
        let edges = family.edges();
        let mut nodes = corners.to_vec();
        if extra >= Extra::Edges {
            nodes.extend(edges.iter().map(|edge| middle(edge)));
        }
        if extra >= Extra::Faces {
            nodes.extend(family.centres().iter().map(|face| middle(face)));
        }
        let at = |x: [f64; 3]| -> Option<u8> {
            let found = nodes.iter().position(|n| (0..3).all(|j| (n[j] - x[j]).abs() < 1e-12))?;
            u8::try_from(found).ok()
        };
        let facets = family
            .facets()
            .iter()
            .filter_map(|facet| {
                let outline = match facet.len() {
                    1 => Family::Vertex,
                    2 => Family::Line,
                    3 => Family::Triangle,
                    _ => Family::Quadrilateral,
                };
                let mut list = facet.to_vec();
                if extra >= Extra::Edges {
                    list.extend(
                        outline
                            .edges()
                            .iter()
                            .filter_map(|edge| at(middle(&edge.map(|c| facet[c as usize])))),
                    );
                }
                if extra >= Extra::Faces && outline == Family::Quadrilateral {
                    list.extend(at(middle(facet)));
                }
                let kind = CellKind::ALL
                    .into_iter()
                    .find(|kind| kind.parts().0 == outline && kind.nodes() == list.len());
                kind.map(|kind| (kind, list))
            })
            .collect();
        let mirror = nodes
            .iter()
            .filter_map(|x| {
                at(match family {
                    Family::Line => [1.0 - x[0], 0.0, 0.0],
                    _ => [x[1], x[0], x[2]],
                })
            })
            .collect();
        let basis = Basis::new(family, extra, &nodes);
        Self {
            nodes,
            edges,
            facets,
            mirror,
            basis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_nodes_and_facets_that_its_name_says() {
        for kind in CellKind::ALL {
            let reference = kind.reference();
            assert_eq!(reference.nodes.len(), kind.nodes(), "{kind:?}");
            assert_eq!(reference.mirror.len(), kind.nodes(), "{kind:?}");
            let facets = [0, 2, 3, 4, 4, 6, 5][kind.parts().0 as usize];
            assert_eq!(reference.facets.len(), facets, "{kind:?}");
            for (facet, nodes) in &reference.facets {
                assert_eq!(facet.nodes(), nodes.len(), "{kind:?}");
                assert_eq!(facet.dimension() + 1, kind.dimension(), "{kind:?}");
                assert!(kind == CellKind::Line3 || facet.order() == kind.order(), "{kind:?}");
            }
        }
    }
}

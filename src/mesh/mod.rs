//! Meshes: read from files, checked, measured, sampled and written.
//!
//! A [`Mesh`] is what [`Mesh::read`] makes of a file after everything that a solver takes for granted has been checked: cells of
//! positive measure that do not overlap, facets that belong to one cell (boundary) or two, tags that become names. Gmsh's own
//! formats, VTU and STL are read. An STL file has a surface only: its inside is told by winding numbers.

mod assemble;
mod basis;
mod cell;
mod cover;
mod element;
mod error;
mod facets;
mod gmsh;
mod hilbert;
mod input;
mod locate;
mod misplaced;
mod names;
mod orientation;
mod periodic;
mod profile;
mod quadrature;
mod quality;
mod raw;
mod region_array;
mod repeated;
mod solid;
mod space;
mod stl;
mod tag_sets;
mod tagged;
mod vtu;
mod write;

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

pub use cell::CellKind;
pub use error::{MeshError, Spot};
pub use misplaced::Misplaced;
pub use names::intern;
pub use periodic::Periodic;
pub use quality::Quality;
pub use space::Space;
pub use write::{Field, FieldValues, Grid};

use element::Element;
use solid::Solid;

/// A checked mesh.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// Number of space coordinates; those beyond are 0.
    pub dimension: usize,
    /// All nodes.
    pub points: Vec<[f64; 3]>,
    /// The nodes of all cells and facets, one after the other, in VTK's order.
    pub nodes: Vec<u32>,
    /// Cells as wide as the space, in the order of the file.
    pub cells: Vec<Cell>,
    /// Names of regions; empty if there is one region without a name.
    pub regions: Vec<&'static str>,
    /// The file's groups of cells; empty if each region is one.
    pub region_groups: Vec<Group>,
    /// What the file takes its regions from, or why it has none; a sentence for messages.
    pub regions_from: Option<String>,
    /// Facets of the surface.
    pub facets: Vec<Facet>,
    /// Names of boundaries.
    pub boundaries: Vec<&'static str>,
    /// The file's groups of facets; empty if each boundary is one.
    pub boundary_groups: Vec<Group>,
    /// Facets between cells of different regions.
    pub inner: Vec<InnerFacet>,
    /// Names of the surfaces between regions, and the two regions.
    pub interfaces: Vec<(&'static str, [usize; 2])>,
    /// Boundaries that the file pairs node by node.
    pub periodic: Vec<Periodic>,
    /// Names of the file that stand for no region and no boundary.
    pub misplaced: Vec<Misplaced>,
    /// What the user should know of.
    pub notes: Vec<String>,
    /// The inside, if it is told by a surface and not by cells.
    solid: Option<Arc<Solid>>,
}

/// A name of the file and the parts of the mesh that it stands for: several where groups overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: &'static str,
    /// Indices into [`Mesh::regions`] or [`Mesh::boundaries`], in ascending order.
    pub members: Vec<usize>,
}

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its kind.
    pub kind: CellKind,
    /// Where its nodes begin.
    pub first: usize,
    /// Its region, an index into [`Mesh::regions`]; 0 if there are none.
    pub region: u32,
}

/// A facet of the surface; its normal, by the right-hand rule (in the plane: to the right), points outwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Its kind.
    pub kind: CellKind,
    /// Which facet of its cell it is.
    pub side: u8,
    /// Where its nodes begin.
    pub first: usize,
    /// The cell that it belongs to.
    pub cell: u32,
    /// Its boundary, an index into [`Mesh::boundaries`].
    pub boundary: u32,
}

/// A facet between regions; its normal points from the first into the second cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerFacet {
    /// Its kind.
    pub kind: CellKind,
    /// Which facet of its first cell it is.
    pub side: u8,
    /// Where its nodes begin.
    pub first: usize,
    /// The cells on both sides, in the order of the interface's regions.
    pub cells: [u32; 2],
    /// An index into [`Mesh::interfaces`].
    pub interface: u32,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod faults;
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that panics has failed, and says where"
)]
mod fuzz;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod grouped;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;

/// What a boundary without a name of its own is called, if others have names.
pub const UNTAGGED: &str = "untagged";

impl Mesh {
    /// Reads and checks a mesh; the kind of file is recognised by its beginning.
    ///
    /// # Errors
    /// An unreadable file, or what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, MeshError> {
        let bytes = std::fs::read(path).map_err(|error| {
            let error = MeshError::new(error.to_string().to_lowercase());
            error.hint("check the path; it starts at the folder of the problem file, or at the current one")
        })?;
        Self::from_bytes(&bytes)
    }

    /// Reads and checks the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MeshError> {
        if bytes.is_empty() {
            return Err(MeshError::new("the file is empty"));
        }
        let start = bytes.trim_ascii_start();
        if stl::recognises(bytes) {
            return stl::read(bytes);
        }
        let raw = if start.starts_with(b"$") {
            gmsh::read(bytes)?
        } else if start.starts_with(b"<") {
            vtu::read(bytes)?
        } else {
            return Err(MeshError::new("this is no Gmsh, VTU or STL file")
                .hint("a Gmsh file begins with `$MeshFormat`, a VTU file with `<VTKFile` or `<?xml`, an STL file with `solid`"));
        };
        assemble::assemble(raw)
    }

    /// The nodes of a cell or facet.
    pub fn nodes_of(&self, kind: CellKind, first: usize) -> &[u32] {
        &self.nodes[first..first + kind.nodes()]
    }

    /// Corners of the smallest box along the axes that holds all nodes.
    pub fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let start = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        self.points.iter().fold(start, |(low, high), x| {
            (
                std::array::from_fn(|j| low[j].min(x[j])),
                std::array::from_fn(|j| high[j].max(x[j])),
            )
        })
    }

    /// The middle of every cell.
    pub fn centres(&self) -> Vec<[f64; 3]> {
        (0..self.cells.len())
            .into_par_iter()
            .map(|index| {
                let element = self.cell(index);
                let corners = &element.kind.reference().nodes[..element.kind.corners()];
                let middle = |j: usize| corners.iter().map(|x| x[j]).sum::<f64>() / corners.len() as f64;
                element.map([middle(0), middle(1), middle(2)]).0
            })
            .collect()
    }

    /// Number of cells of every kind that there is.
    pub fn cells_by_kind(&self) -> Vec<(CellKind, usize)> {
        let mut counts: Vec<(CellKind, usize)> = CellKind::ALL.map(|kind| (kind, 0)).to_vec();
        self.cells.iter().for_each(|cell| counts[cell.kind as usize].1 += 1);
        counts.retain(|(_, count)| *count > 0);
        counts
    }

    fn cell(&self, index: usize) -> Element {
        let cell = &self.cells[index];
        Element::new(
            cell.kind,
            self.dimension,
            &self.points,
            self.nodes_of(cell.kind, cell.first),
            1.0,
        )
    }

    fn side(&self, kind: CellKind, first: usize, side: u8) -> Element {
        // The second end of a line looks along it.
        let end = if side == 0 { -1.0 } else { 1.0 };
        Element::new(kind, self.dimension, &self.points, self.nodes_of(kind, first), end)
    }
}

//! A mesh as a file gives it, before anything is checked.

use std::collections::BTreeMap;

use super::tag_sets::TagSets;
use super::{CellKind, MeshError, Spot};

/// Points, and cells of all dimensions with their tags.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) points: Vec<[f64; 3]>,
    /// The points' numbers in the file, for messages; empty if they are 0, 1, 2 ….
    pub(super) numbers: Vec<u64>,
    pub(super) cells: Vec<RawCell>,
    /// Point indices of all cells, in VTK's order.
    pub(super) nodes: Vec<u32>,
    /// The sets of tags that cells carry.
    pub(super) sets: TagSets,
    /// Names by dimension and tag.
    pub(super) names: BTreeMap<(usize, i64), String>,
    /// What the file pairs node by node.
    pub(super) links: Vec<Link>,
    /// Where the regions come from, if not from groups; a sentence for messages.
    pub(super) regions_from: Option<String>,
    /// What the user should know of.
    pub(super) notes: Vec<String>,
}

/// Two entities of a file that are images of each other.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) dimension: usize,
    /// A point of the first and its image in the second.
    pub(super) pairs: Vec<[u32; 2]>,
}

/// A cell of any dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawCell {
    pub(super) kind: CellKind,
    /// Where its nodes begin.
    pub(super) first: usize,
    /// Its regions or boundaries: the number of a set of tags.
    pub(super) tags: u32,
    /// Its number in the file.
    pub(super) number: u64,
    pub(super) spot: Spot,
}

impl Raw {
    pub(super) fn nodes_of(&self, cell: &RawCell) -> &[u32] {
        &self.nodes[cell.first..cell.first + cell.kind.nodes()]
    }

    /// The number of a point in the file.
    pub(super) fn number(&self, point: u32) -> u64 {
        self.numbers
            .get(point as usize)
            .copied()
            .unwrap_or_else(|| u64::from(point))
    }

    /// Adds a cell; `nodes` are point indices in VTK's order.
    pub(super) fn push(&mut self, kind: CellKind, nodes: &[u32], tags: u32, number: u64, spot: Spot) {
        let first = self.nodes.len();
        self.nodes.extend_from_slice(nodes);
        self.cells.push(RawCell {
            kind,
            first,
            tags,
            number,
            spot,
        });
    }

    /// Adds a point.
    ///
    /// # Errors
    /// A coordinate that is not finite, or more than 2³² − 2 points.
    pub(super) fn point(&mut self, x: [f64; 3], spot: Spot) -> Result<(), MeshError> {
        if let Some(value) = x.iter().find(|v| !v.is_finite()) {
            return Err(MeshError::new(format!("the coordinate {value} is not finite")).at(spot));
        }
        if self.points.len() >= u32::MAX as usize - 1 {
            return Err(MeshError::new("there are more than 4294967294 points").at(spot));
        }
        self.points.push(x);
        Ok(())
    }
}

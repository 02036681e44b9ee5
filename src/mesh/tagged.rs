//! The tagged facets of a file, by their corners.

use std::collections::HashMap;

use super::MeshError;
use super::raw::{Raw, RawCell};

/// What a facet is found by, whichever way round its corners are given, and that way.
pub(super) fn key(corners: &[u32]) -> ([u32; 4], bool) {
    let mut key = [u32::MAX; 4];
    key[..corners.len()].copy_from_slice(corners);
    key.sort_unstable();
    let n = corners.len();
    let least = (0..n).min_by_key(|i| corners[*i]).unwrap_or(0);
    // From the least corner on, the way round is told by its two neighbours.
    (
        key,
        corners[(least + 1) % n] < corners[(least + n - 1) % n] || (n == 2 && least == 0),
    )
}

/// The tagged facets of the file, by their corners.
pub(super) struct Tags<'a> {
    cells: Vec<&'a RawCell>,
    places: HashMap<[u32; 4], usize>,
    used: Vec<bool>,
}

impl<'a> Tags<'a> {
    /// With the new numbers of the nodes; a facet with two tags is an error.
    pub(super) fn new(raw: &Raw, outside: &'a [RawCell], index: &[u32]) -> Result<Self, MeshError> {
        let mut tags = Self {
            cells: outside.iter().filter(|cell| cell.tag != 0).collect(),
            places: HashMap::new(),
            used: Vec::new(),
        };
        tags.used = vec![false; tags.cells.len()];
        for (at, cell) in tags.cells.iter().enumerate() {
            let corners: Vec<u32> = raw.nodes_of(cell)[..cell.kind.corners()]
                .iter()
                .map(|node| index[*node as usize])
                .collect();
            if let Some(&other) = tags.places.get(&key(&corners).0) {
                if tags.cells[other].tag != cell.tag {
                    return Err(MeshError::new(format!(
                        "the elements {} and {} are one facet with two tags, {} and {}",
                        tags.cells[other].number, cell.number, tags.cells[other].tag, cell.tag
                    ))
                    .at(cell.spot)
                    .hint("a facet belongs to one boundary; put it into one physical group"));
                }
                tags.used[at] = true;
            } else {
                tags.places.insert(key(&corners).0, at);
            }
        }
        Ok(tags)
    }

    /// The tag of a facet; 0 for none.
    pub(super) fn take(&mut self, key: &[u32; 4]) -> i64 {
        self.places.get(key).map_or(0, |at| {
            self.used[*at] = true;
            self.cells[*at].tag
        })
    }

    /// Whether every tagged facet was found on a cell.
    pub(super) fn all_used(&self) -> Result<(), MeshError> {
        match self.used.iter().position(|used| !used) {
            None => Ok(()),
            Some(at) => Err(MeshError::new(format!(
                "the element {} of a boundary is no facet of any cell",
                self.cells[at].number
            ))
            .at(self.cells[at].spot)
            .hint("mesh boundaries and cells together, so that they share nodes")),
        }
    }
}

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
    /// The numbers of their sets of tags.
    sets: Vec<u32>,
    used: Vec<bool>,
}

impl<'a> Tags<'a> {
    /// With the new numbers of the nodes.
    pub(super) fn new(raw: &mut Raw, outside: &'a [RawCell], index: &[u32]) -> Self {
        let mut tags = Self {
            cells: outside.iter().filter(|cell| cell.tags != 0).collect(),
            places: HashMap::new(),
            sets: Vec::new(),
            used: Vec::new(),
        };
        tags.sets = tags.cells.iter().map(|cell| cell.tags).collect();
        tags.used = vec![false; tags.cells.len()];
        for (at, cell) in tags.cells.iter().enumerate() {
            let corners: Vec<u32> = raw.nodes_of(cell)[..cell.kind.corners()]
                .iter()
                .map(|node| index[*node as usize])
                .collect();
            // Facets of two kinds on the same corners are one facet, too.
            let first = *tags.places.entry(key(&corners).0).or_insert(at);
            if first != at {
                tags.sets[first] = raw.sets.union(tags.sets[first], cell.tags);
                tags.used[at] = true;
            }
        }
        tags
    }

    /// The set of tags of a facet; 0 for none.
    pub(super) fn take(&mut self, key: &[u32; 4]) -> u32 {
        self.places.get(key).map_or(0, |at| {
            self.used[*at] = true;
            self.sets[*at]
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

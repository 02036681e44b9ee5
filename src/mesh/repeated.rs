//! Cells that a file gives more than once: one cell, in the groups of all.
//!
//! Gmsh's version 2.2 has one line per cell and physical group, so that a cell of two groups stands there twice.

use rayon::prelude::*;

use super::raw::{Raw, RawCell};

/// Most corners of a cell.
const CORNERS: usize = 8;

/// Makes one cell of all that have the same kind and nodes.
pub(super) fn merge(raw: &mut Raw) {
    let mut places: Vec<([u32; CORNERS], usize)> = raw
        .cells
        .par_iter()
        .enumerate()
        .map(|(index, cell)| {
            let mut key = [u32::MAX; CORNERS];
            let corners = &raw.nodes_of(cell)[..cell.kind.corners()];
            key[..corners.len()].copy_from_slice(corners);
            key.sort_unstable();
            (key, index)
        })
        .collect();
    places.par_sort_unstable();
    let mut gone = vec![false; raw.cells.len()];
    let mut idle = 0;
    for run in places.chunk_by(|a, b| a.0 == b.0) {
        for (at, &(_, index)) in run.iter().enumerate().skip(1) {
            let earlier = run[..at].iter().map(|(_, other)| *other);
            let Some(first) = earlier
                .filter(|other| !gone[*other])
                .find(|other| same(raw, *other, index))
            else {
                continue;
            };
            gone[index] = true;
            let both = raw.sets.union(raw.cells[first].tags, raw.cells[index].tags);
            idle += usize::from(raw.cells[index].tags == raw.cells[first].tags);
            raw.cells[first].tags = both;
        }
    }
    let mut gone = gone.into_iter();
    raw.cells.retain(|_| !gone.next().unwrap_or(false));
    match idle {
        0 => {}
        1 => raw
            .notes
            .push("one element stands twice in the file and counts once".into()),
        _ => raw
            .notes
            .push(format!("{idle} elements stand twice in the file and count once")),
    }
}

/// Whether two cells have one kind and the same nodes, in whatever order.
fn same(raw: &Raw, first: usize, second: usize) -> bool {
    let sorted = |cell: &RawCell| {
        let mut nodes = raw.nodes_of(cell).to_vec();
        nodes.sort_unstable();
        nodes
    };
    let [a, b] = [first, second].map(|index| &raw.cells[index]);
    a.kind == b.kind && sorted(a) == sorted(b)
}

//! The facets of a mesh's boundaries and of the surfaces between its regions.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::cell::CellKind;
use super::intern;
use super::names::{Names, joined};
use super::raw::{Raw, RawCell};
use super::tagged::{Tags, key};
use super::{Facet, InnerFacet, Mesh, MeshError, Misplaced, UNTAGGED};

/// A facet as one of its cells sees it, to be sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    /// Corners in ascending order; u32::MAX fills up.
    key: [u32; 4],
    cell: u32,
    side: u8,
    /// Which way round the cell sees the corners.
    turned: bool,
}

/// Finds the facets of the boundaries and between regions, and names them.
pub(super) fn facets(
    raw: &mut Raw,
    inside: &[RawCell],
    outside: &[RawCell],
    index: &[u32],
    mesh: &mut Mesh,
) -> Result<(), MeshError> {
    let number = |cell: u32| inside[cell as usize].number;
    let mut seen: Vec<Seen> = Vec::with_capacity(mesh.cells.len() * (mesh.dimension + 1));
    for (c, cell) in mesh.cells.iter().enumerate() {
        let list = mesh.nodes_of(cell.kind, cell.first);
        for (side, (kind, nodes)) in cell.kind.reference().facets.iter().enumerate() {
            let mut corners = [0; 4];
            for (slot, node) in corners.iter_mut().zip(nodes) {
                *slot = list[*node as usize];
            }
            let (key, turned) = key(&corners[..kind.corners()]);
            seen.push(Seen {
                key,
                cell: c as u32,
                side: side as u8,
                turned: if mesh.dimension == 1 { side == 0 } else { turned },
            });
        }
    }
    seen.par_sort_unstable();
    let mut tags = Tags::new(raw, outside, index);
    let mut boundary: Vec<(Seen, u32)> = Vec::new();
    let mut inner: Vec<([Seen; 2], u32)> = Vec::new();
    let mut enclosed: BTreeSet<u32> = BTreeSet::new();
    for run in seen.chunk_by(|a, b| a.key == b.key) {
        match run {
            [one] => boundary.push((*one, tags.take(&one.key))),
            [a, b] => {
                if a.turned == b.turned {
                    let spot = inside[b.cell as usize].spot;
                    return Err(MeshError::new(format!(
                        "the elements {} and {} overlap: one of them is inverted",
                        number(a.cell),
                        number(b.cell)
                    ))
                    .at(spot)
                    .hint("both lie on the same side of the facet that they share; mesh again"));
                }
                let (kinds, set) = ([a, b].map(|s| facet_kind(mesh, s)), tags.take(&a.key));
                if kinds[0] != kinds[1] {
                    return Err(MeshError::new(format!(
                        "the elements {} and {} share corners but not their middle nodes",
                        number(a.cell),
                        number(b.cell)
                    ))
                    .at(inside[b.cell as usize].spot)
                    .hint("give all cells the same order"));
                }
                let regions = [a, b].map(|s| mesh.cells[s.cell as usize].region);
                if regions[0] < regions[1] {
                    inner.push(([*a, *b], set));
                } else if regions[0] > regions[1] {
                    inner.push(([*b, *a], set));
                } else if set != 0 {
                    enclosed.insert(set);
                }
            }
            [a, b, c, ..] => {
                return Err(MeshError::new(format!(
                    "the elements {}, {} and {} share one facet",
                    number(a.cell),
                    number(b.cell),
                    number(c.cell)
                ))
                .at(inside[c.cell as usize].spot)
                .hint("a facet belongs to one or two cells; remove cells that lie on each other"));
            }
            [] => {}
        }
    }
    tags.all_used()?;
    name_boundaries(raw, &boundary, mesh);
    name_interfaces(raw, &inner, mesh);
    name_enclosed(raw, &enclosed, mesh);
    Ok(())
}

fn facet_kind(mesh: &Mesh, seen: &Seen) -> CellKind {
    let cell = mesh.cells[seen.cell as usize];
    cell.kind.reference().facets[seen.side as usize].0
}

/// Adds the nodes of a facet to the mesh's list; where they begin.
fn add_nodes(mesh: &mut Mesh, seen: &Seen) -> usize {
    let first = mesh.nodes.len();
    let cell = mesh.cells[seen.cell as usize];
    for node in &cell.kind.reference().facets[seen.side as usize].1 {
        mesh.nodes.push(mesh.nodes[cell.first + *node as usize]);
    }
    first
}

fn name_boundaries(raw: &Raw, boundary: &[(Seen, u32)], mesh: &mut Mesh) {
    let sets: Vec<u32> = boundary.iter().map(|(_, set)| *set).collect();
    let nameless = if sets.iter().all(|set| *set == 0) {
        "boundary"
    } else {
        UNTAGGED
    };
    let names = Names::new(raw, mesh.dimension - 1, &sets, nameless);
    for (seen, set) in boundary {
        let kind = facet_kind(mesh, seen);
        let first = add_nodes(mesh, seen);
        mesh.facets.push(Facet {
            kind,
            side: seen.side,
            first,
            cell: seen.cell,
            boundary: names.index[set],
        });
    }
    mesh.boundaries = names.list;
    mesh.boundary_groups = names.groups;
}

fn name_interfaces(raw: &Raw, inner: &[([Seen; 2], u32)], mesh: &mut Mesh) {
    for (pair, set) in inner {
        let regions = pair.map(|seen| mesh.cells[seen.cell as usize].region as usize);
        let own = joined(raw, mesh.dimension - 1, *set);
        let sides = format!("{}|{}", mesh.regions[regions[0]], mesh.regions[regions[1]]);
        // A name that also stands for a boundary, or for several pairs of regions, says which pair it means.
        let fits = |own: &String| {
            let others = mesh
                .interfaces
                .iter()
                .any(|(name, pair)| name == own && *pair != regions);
            !others && !mesh.boundaries.contains(&own.as_str())
        };
        let name = intern(&match own {
            Some(own) if fits(&own) => own,
            Some(own) => format!("{own} {sides}"),
            None => sides,
        });
        let interface = mesh.interfaces.iter().position(|(other, _)| *other == name);
        let interface = interface.unwrap_or_else(|| {
            mesh.interfaces.push((name, regions));
            mesh.interfaces.len() - 1
        });
        let kind = facet_kind(mesh, &pair[0]);
        let first = add_nodes(mesh, &pair[0]);
        mesh.inner.push(InnerFacet {
            kind,
            side: pair[0].side,
            first,
            cells: [pair[0].cell, pair[1].cell],
            interface: interface as u32,
        });
    }
}

/// Notes the names of facets that lie inside one region: nothing can hold there.
fn name_enclosed(raw: &Raw, enclosed: &BTreeSet<u32>, mesh: &mut Mesh) {
    for set in enclosed {
        let sets = [*set];
        for group in Names::new(raw, mesh.dimension - 1, &sets, UNTAGGED).groups {
            let misplaced = Misplaced::Inside(group.name);
            if !mesh.misplaced.contains(&misplaced) {
                mesh.misplaced.push(misplaced);
            }
        }
    }
}

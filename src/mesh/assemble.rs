//! From what a file says to a checked mesh: dimension, orientation, facets, names.

use std::collections::HashMap;

use rayon::prelude::*;

use super::cell::CellKind;
use super::element::{dot, sub};
use super::quadrature::nodes;
use super::raw::{Raw, RawCell};
use super::{Cell, Facet, InnerFacet, Mesh, MeshError, UNTAGGED};
use crate::geometry::intern;

/// Checks a mesh and finds its facets.
///
/// # Errors
/// The first thing that is wrong with it, with the numbers of the elements or nodes in question.
pub(super) fn assemble(raw: Raw) -> Result<Mesh, MeshError> {
    let dimension = dimension(&raw)?;
    let (inside, outside): (Vec<RawCell>, Vec<RawCell>) = raw
        .cells
        .iter()
        .filter(|cell| cell.kind.dimension() + 1 >= dimension)
        .partition(|cell| cell.kind.dimension() == dimension);
    let mut mesh = Mesh {
        dimension,
        notes: raw.notes.clone(),
        ..Mesh::default()
    };
    let index = points(&raw, &inside, &mut mesh)?;
    let tags: Vec<i64> = inside.iter().map(|cell| cell.tag).collect();
    let mut names = Names::new(&raw, dimension, &tags, UNTAGGED);
    if names.list.len() == 1 && names.list[0] == UNTAGGED {
        names.list.clear();
    }
    mesh.cells.reserve(inside.len());
    mesh.nodes.reserve(inside.len() * inside[0].kind.nodes());
    for cell in &inside {
        mesh.cells.push(Cell {
            kind: cell.kind,
            first: mesh.nodes.len(),
            region: names.index[&cell.tag],
        });
        mesh.nodes
            .extend(raw.nodes_of(cell).iter().map(|node| index[*node as usize]));
    }
    mesh.regions = names.list;
    orient(&inside, &mut mesh)?;
    facets(&raw, &inside, &outside, &index, &mut mesh)?;
    for ((level, _), name) in &raw.names {
        let used = match dimension.checked_sub(*level) {
            Some(0) => mesh.regions.contains(&name.as_str()),
            Some(1) => mesh.boundaries.contains(&name.as_str()) || mesh.interfaces.iter().any(|inner| inner.0 == name),
            _ => false,
        };
        if !used {
            mesh.notes.push(format!(
                "the mesh's name `{name}` belongs to no region, boundary or surface between regions"
            ));
        }
    }
    mesh.notes.sort_unstable();
    mesh.notes.dedup();
    Ok(mesh)
}

/// The dimension of the widest cells, which must fill a space along the axes.
fn dimension(raw: &Raw) -> Result<usize, MeshError> {
    let dimension = raw.cells.iter().map(|cell| cell.kind.dimension()).max().unwrap_or(0);
    let empty =
        "mesh the geometry before saving it; with physical groups, those of the widest dimension must be among them";
    if dimension == 0 {
        return Err(MeshError::new("the mesh has no cells").hint(empty));
    }
    let used = |j: usize| {
        let of = |cell: &RawCell| {
            raw.nodes_of(cell)
                .iter()
                .map(|node| raw.points[*node as usize][j])
                .collect::<Vec<_>>()
        };
        let all = raw.cells.iter().filter(|cell| cell.kind.dimension() == dimension);
        all.flat_map(of)
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| {
                [low.min(v), high.max(v)]
            })
    };
    let ranges = [0, 1, 2].map(used);
    let size = ranges.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    for (j, [low, high]) in ranges.iter().enumerate().skip(dimension) {
        if high - low > 1e-9 * size {
            let (kinds, missing) = if dimension == 1 {
                (
                    "lines only, but not along the x axis",
                    "triangles, quadrilaterals or cells of a volume",
                )
            } else {
                (
                    "a surface in space without cells inside",
                    "tetrahedra, hexahedra or wedges",
                )
            };
            return Err(MeshError::new(format!(
                "the mesh has {kinds}: {} runs from {low} to {high}",
                ["x", "y", "z"][j]
            ))
            .hint(format!(
                "save {missing} too, or lay the mesh {}",
                if dimension == 1 {
                    "on the x axis"
                } else {
                    "in a plane z = constant"
                }
            )));
        }
    }
    Ok(dimension)
}

/// Keeps the points that cells use; their new numbers. Two used points at one place are an error.
fn points(raw: &Raw, inside: &[RawCell], mesh: &mut Mesh) -> Result<Vec<u32>, MeshError> {
    let mut index = vec![u32::MAX; raw.points.len()];
    for cell in inside {
        let list = raw.nodes_of(cell);
        for (i, &node) in list.iter().enumerate() {
            index[node as usize] = 0;
            if list[..i].contains(&node) {
                return Err(MeshError::new(format!(
                    "the element {} has the node {} twice",
                    cell.number,
                    raw.number(node)
                ))
                .at(cell.spot));
            }
        }
    }
    let mut origin = Vec::new();
    for (old, slot) in index.iter_mut().enumerate() {
        if *slot == 0 {
            *slot = origin.len() as u32;
            origin.push(old as u32);
            let x = raw.points[old];
            mesh.points
                .push(std::array::from_fn(|j| if j < mesh.dimension { x[j] } else { 0.0 }));
        }
    }
    let (low, high) = mesh.bounds();
    let size = (0..3).map(|j| high[j] - low[j]).fold(0.0, f64::max);
    if !(size > 0.0 && size.is_finite()) {
        return Err(MeshError::new(format!("the mesh has the size {size}")));
    }
    let mut places: Vec<([i64; 3], u32)> = mesh
        .points
        .par_iter()
        .enumerate()
        .map(|(i, x)| {
            let cell = std::array::from_fn(|j| ((x[j] - low[j]) / size * 1e10).round() as i64);
            (cell, i as u32)
        })
        .collect();
    places.par_sort_unstable();
    if let Some(pair) = places.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let [a, b] = [pair[0].1, pair[1].1].map(|i| raw.number(origin[i as usize]));
        return Err(MeshError::new(format!(
            "the nodes {a} and {b} lie at the same point {:?}",
            &mesh.points[pair[0].1 as usize][..mesh.dimension]
        ))
        .hint("parts would not hang together there; merge them, in Gmsh with `Coherence;` and `Coherence Mesh;`"));
    }
    Ok(index)
}

/// Turns every cell so that its measure is positive; cells without measure or partly inside out are errors.
fn orient(inside: &[RawCell], mesh: &mut Mesh) -> Result<(), MeshError> {
    let rules: Vec<Vec<[f64; 3]>> = CellKind::ALL.iter().map(|kind| nodes(*kind, 3)).collect();
    let seen: Vec<(f64, f64, f64)> = (0..mesh.cells.len())
        .into_par_iter()
        .map(|index| {
            let element = mesh.cell(index);
            let size = element
                .kind
                .reference()
                .edges
                .iter()
                .map(|[a, b]| sub(element.corner(*a as usize), element.corner(*b as usize)))
                .map(|edge| dot(edge, edge).sqrt())
                .fold(0.0, f64::max);
            let least = 1e-12 * size.powi(mesh.dimension as i32);
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            let all = &rules[element.kind as usize];
            for xi in &all[..if element.affine { 1 } else { all.len() }] {
                let density = element.density(*xi);
                (low, high) = (low.min(density), high.max(density));
            }
            (low, high, least)
        })
        .collect();
    for (index, (low, high, least)) in seen.into_iter().enumerate() {
        let cell = inside[index];
        let named = |what: String| MeshError::new(what).at(cell.spot);
        if low.abs().max(high.abs()) <= least || !(low.is_finite() && high.is_finite()) {
            return Err(named(format!(
                "the element {} has no {}",
                cell.number,
                measure(mesh.dimension)
            ))
            .hint("its nodes lie on a line or in a plane; mesh again, with other sizes"));
        }
        if low <= 0.0 && high >= 0.0 {
            return Err(named(format!(
                "the element {} is partly inside out: its Jacobian runs from {low:.3e} to {high:.3e}",
                cell.number
            ))
            .hint("use finer cells on curved boundaries; Gmsh repairs such cells with `Mesh.HighOrderOptimize = 2`"));
        }
        if high < 0.0 {
            let first = mesh.cells[index].first;
            let list = &mut mesh.nodes[first..first + cell.kind.nodes()];
            let old = list.to_vec();
            for (slot, from) in list.iter_mut().zip(&cell.kind.reference().mirror) {
                *slot = old[*from as usize];
            }
        }
    }
    Ok(())
}

fn measure(dimension: usize) -> &'static str {
    ["", "length", "area", "volume"][dimension]
}

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

fn key(corners: &[u32]) -> ([u32; 4], bool) {
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

fn facets(raw: &Raw, inside: &[RawCell], outside: &[RawCell], index: &[u32], mesh: &mut Mesh) -> Result<(), MeshError> {
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
    let mut tags = Tags::new(raw, outside, index)?;
    let mut boundary: Vec<(Seen, i64)> = Vec::new();
    let mut inner: Vec<([Seen; 2], i64)> = Vec::new();
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
                let (kinds, tag) = ([a, b].map(|s| facet_kind(mesh, s)), tags.take(&a.key));
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
                    inner.push(([*a, *b], tag));
                } else if regions[0] > regions[1] {
                    inner.push(([*b, *a], tag));
                } else if tag != 0 {
                    let name = name(raw, mesh.dimension - 1, tag);
                    mesh.notes
                        .push(format!("facets named `{name}` lie inside one region and are not used"));
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

fn name_boundaries(raw: &Raw, boundary: &[(Seen, i64)], mesh: &mut Mesh) {
    let tags: Vec<i64> = boundary.iter().map(|(_, tag)| *tag).collect();
    let nameless = if tags.iter().all(|tag| *tag == 0) {
        "boundary"
    } else {
        UNTAGGED
    };
    let names = Names::new(raw, mesh.dimension - 1, &tags, nameless);
    for (seen, tag) in boundary {
        let kind = facet_kind(mesh, seen);
        let first = add_nodes(mesh, seen);
        mesh.facets.push(Facet {
            kind,
            side: seen.side,
            first,
            cell: seen.cell,
            boundary: names.index[tag],
        });
    }
    mesh.boundaries = names.list;
}

fn name_interfaces(raw: &Raw, inner: &[([Seen; 2], i64)], mesh: &mut Mesh) {
    for (pair, tag) in inner {
        let regions = pair.map(|seen| mesh.cells[seen.cell as usize].region as usize);
        let own = (*tag != 0).then(|| name(raw, mesh.dimension - 1, *tag));
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

/// The tagged facets of the file, by their corners.
struct Tags<'a> {
    cells: Vec<&'a RawCell>,
    places: HashMap<[u32; 4], usize>,
    used: Vec<bool>,
}

impl<'a> Tags<'a> {
    fn new(raw: &Raw, outside: &'a [RawCell], index: &[u32]) -> Result<Self, MeshError> {
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
    fn take(&mut self, key: &[u32; 4]) -> i64 {
        self.places.get(key).map_or(0, |at| {
            self.used[*at] = true;
            self.cells[*at].tag
        })
    }

    fn all_used(&self) -> Result<(), MeshError> {
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

/// Names in use, and where each tag's is.
struct Names {
    list: Vec<&'static str>,
    index: HashMap<i64, u32>,
}

impl Names {
    fn new(raw: &Raw, dimension: usize, tags: &[i64], nameless: &str) -> Self {
        let mut sorted: Vec<i64> = tags.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        // The nameless ones come last.
        sorted.sort_by_key(|tag| *tag == 0);
        let mut names = Self {
            list: Vec::new(),
            index: HashMap::new(),
        };
        for tag in sorted {
            let own = if tag == 0 {
                intern(nameless)
            } else {
                intern(&name(raw, dimension, tag))
            };
            let at = names.list.iter().position(|other| *other == own).unwrap_or_else(|| {
                names.list.push(own);
                names.list.len() - 1
            });
            names.index.insert(tag, at as u32);
        }
        names
    }
}

/// The name of a tag; its number if it has none.
fn name(raw: &Raw, dimension: usize, tag: i64) -> String {
    raw.names
        .get(&(dimension, tag))
        .cloned()
        .unwrap_or_else(|| tag.to_string())
}

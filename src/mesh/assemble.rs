//! From what a file says to a checked mesh: dimension, orientation, facets, names.

use rayon::prelude::*;

use super::facets::facets;
use super::intern;
use super::names::Names;
use super::orientation::orient;
use super::raw::{Raw, RawCell};
use super::repeated::merge;
use super::{Cell, Group, Mesh, MeshError, Misplaced, UNTAGGED, periodic};

/// Checks a mesh and finds its facets.
///
/// # Errors
/// The first thing that is wrong with it, with the numbers of the elements or nodes in question.
pub(super) fn assemble(mut raw: Raw) -> Result<Mesh, MeshError> {
    merge(&mut raw);
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
    let sets: Vec<u32> = inside.iter().map(|cell| cell.tags).collect();
    let mut names = Names::new(&raw, dimension, &sets, UNTAGGED);
    if names.list.len() == 1 && names.list[0] == UNTAGGED {
        names.list.clear();
        names.groups.clear();
    }
    mesh.cells.reserve(inside.len());
    mesh.nodes.reserve(inside.len() * inside[0].kind.nodes());
    for cell in &inside {
        mesh.cells.push(Cell {
            kind: cell.kind,
            first: mesh.nodes.len(),
            region: names.index[&cell.tags],
        });
        mesh.nodes
            .extend(raw.nodes_of(cell).iter().map(|node| index[*node as usize]));
    }
    mesh.regions = names.list;
    mesh.region_groups = names.groups;
    mesh.regions_from = raw.regions_from.take();
    orient(&inside, &mut mesh)?;
    facets(&mut raw, &inside, &outside, &index, &mut mesh)?;
    periodic::pair(&raw, &index, &mut mesh);
    for ((level, _), name) in &raw.names {
        let stands_for = |groups: &[Group]| groups.iter().any(|group| group.name == name);
        let used = match dimension.checked_sub(*level) {
            Some(0) => stands_for(&mesh.region_groups),
            Some(1) => {
                let inner = mesh.interfaces.iter().any(|inner| inner.0 == name);
                inner || stands_for(&mesh.boundary_groups) || mesh.misplaced.iter().any(|other| other.name() == name)
            }
            _ => false,
        };
        if !used {
            mesh.misplaced.push(Misplaced::new(intern(name), *level, dimension));
        }
    }
    let misplaced = mesh.misplaced.iter();
    mesh.notes
        .extend(misplaced.map(|name| format!("the mesh's name {name}")));
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

//! Gmsh's own files, versions 2.2 and 4.1, as text and binary, of either byte order.
//!
//! Not read: versions 1, 2.0, 2.1, 3 and 4.0 (write 4.1), partitioned meshes, pyramids, cells of third and higher order.
//!
//! # Source
//! Gmsh reference manual, chapter "Gmsh file formats"; the order of nodes from its section "Node ordering".

mod periodic;
mod v2;
mod v4;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cell::{Extra, Family};
use super::input::{Form, Input};
use super::raw::Raw;
use super::{CellKind, MeshError};

/// Reads a file.
///
/// # Errors
/// What cannot be read, with its line or byte.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, MeshError> {
    let mut input = Input::new(bytes);
    let mut raw = Raw::default();
    let mut reader: Option<Version> = None;
    let mut nodes = Nodes::default();
    let mut entities = v4::Entities::default();
    let (mut has_nodes, mut has_elements) = (false, false);
    while let Some(line) = input.full_line() {
        let Some(section) = line.strip_prefix('$') else {
            let shown: String = line.chars().take(40).collect();
            return Err(input.error(format!("`{shown}` stands where a section such as `$Nodes` is expected")));
        };
        let version = match (section, &reader) {
            ("MeshFormat", _) => {
                reader = Some(format(&mut input)?);
                continue;
            }
            ("NOD", _) => return Err(old(&input, "1")),
            (_, Some(version)) => *version,
            (_, None) => {
                return Err(input
                    .error(format!("`${section}` stands before `$MeshFormat`"))
                    .hint("a Gmsh file begins with `$MeshFormat`"));
            }
        };
        // Line breaks before binary blocks are part of the format, so words are read with care.
        match (section, version) {
            ("PhysicalNames", _) => names(&mut input, &mut raw)?,
            ("Entities", Version::Four) => entities = v4::entities(&mut input)?,
            ("PartitionedEntities", _) => {
                return Err(input
                    .error("partitioned meshes cannot be read")
                    .hint("write the mesh before it is partitioned"));
            }
            ("Nodes", _) if has_nodes => return Err(input.error("a second `$Nodes` cannot be read")),
            ("Nodes", Version::Four) => v4::nodes(&mut input, &mut raw, &mut nodes)?,
            ("Nodes", Version::Two) => v2::nodes(&mut input, &mut raw, &mut nodes)?,
            ("Elements", _) if !has_nodes => return Err(input.error("`$Elements` stands before `$Nodes`")),
            ("Elements", _) if has_elements => return Err(input.error("a second `$Elements` cannot be read")),
            ("Periodic", _) if !has_nodes => return Err(input.error("`$Periodic` stands before `$Nodes`")),
            ("Periodic", Version::Four) => periodic::v4(&mut input, &mut raw, &nodes)?,
            ("Periodic", Version::Two) => periodic::v2(&mut input, &mut raw, &nodes)?,
            ("Elements", Version::Four) => v4::elements(&mut input, &mut raw, &nodes, &entities)?,
            ("Elements", Version::Two) => v2::elements(&mut input, &mut raw, &nodes)?,
            _ => {
                input.skip_to(&format!("$End{section}"))?;
                continue;
            }
        }
        has_nodes |= section == "Nodes";
        has_elements |= section == "Elements";
        let end = format!("$End{section}");
        let word = input.word(&format!("`{end}`"))?;
        if word != end {
            let shown: String = word.chars().take(40).collect();
            return Err(input.error(format!("`{shown}` stands where `{end}` is expected")));
        }
    }
    match (reader, has_nodes, has_elements) {
        (None, _, _) => Err(MeshError::new("the file is empty")),
        (_, false, _) => Err(MeshError::new("the file has no `$Nodes`").hint("mesh the geometry before saving it")),
        (_, _, false) => Err(MeshError::new("the file has no `$Elements`").hint("mesh the geometry before saving it")),
        _ => Ok(raw),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Two,
    Four,
}

fn old(input: &Input<'_>, version: &str) -> MeshError {
    input
        .error(format!("Gmsh files of version {version} cannot be read"))
        .hint("write version 4.1 or 2.2, for example with `gmsh -save -format msh41`")
}

fn format(input: &mut Input<'_>) -> Result<Version, MeshError> {
    let version = input.word("the version")?.to_string();
    let reader = match version.as_str() {
        "4.1" => Version::Four,
        "2.2" => Version::Two,
        _ => {
            let shown: String = version.chars().take(20).collect();
            return Err(old(input, &shown));
        }
    };
    let binary = input.int("0 (text) or 1 (binary)")?;
    let size = input.int("the size of a number")?;
    if size != 8 {
        return Err(input.error(format!("numbers of {size} bytes cannot be read, only of 8")));
    }
    if binary == 1 {
        input.line();
        input.form = Form::Binary { little: true };
        let one = input.int("the number 1")?;
        let little = one == 1;
        if !little && one != i64::from(1_i32.swap_bytes()) {
            return Err(input.error(format!("{one} stands where the binary number 1 is expected")));
        }
        input.form = Form::Binary { little };
    } else if binary != 0 {
        return Err(input.error(format!("{binary} stands where 0 (text) or 1 (binary) is expected")));
    }
    let end = input.word("`$EndMeshFormat`")?;
    if end != "$EndMeshFormat" {
        return Err(input.error("`$EndMeshFormat` is expected here"));
    }
    input.line();
    Ok(reader)
}

/// `$PhysicalNames`, always text: dimension, tag, name.
fn names(input: &mut Input<'_>, raw: &mut Raw) -> Result<(), MeshError> {
    let form = std::mem::replace(&mut input.form, Form::Text);
    let declared = input.size("the number of names")?;
    let count = input.count(declared, 6, "names")?;
    for _ in 0..count {
        let dimension = input.size("the dimension of a name")?;
        let tag = input.int("the tag of a name")?;
        let text = input.line().unwrap_or_default();
        let name = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(input.error(format!("the name {text} must stand in quotes and must not be empty")));
        };
        if dimension > 3 {
            return Err(input.error(format!("the dimension {dimension} of `{name}` must be 0, 1, 2 or 3")));
        }
        raw.names.insert((dimension as usize, tag), name.to_string());
    }
    input.form = form;
    Ok(())
}

/// Point indices by the numbers of a file, which need not be consecutive.
#[derive(Debug, Default)]
struct Nodes {
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
    count: usize,
}

impl Nodes {
    /// Notes the number of the next point.
    fn insert(&mut self, number: u64, input: &Input<'_>) -> Result<(), MeshError> {
        let index = self.count as u32;
        self.count += 1;
        // Numbers in use are mostly consecutive; others go into a map, so that no memory depends on a number.
        let earlier = if number < 4 * self.count as u64 + 1024 {
            let at = number as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, u32::MAX);
            }
            let earlier = std::mem::replace(&mut self.dense[at], index);
            (earlier != u32::MAX)
                .then_some(earlier)
                .or_else(|| self.sparse.get(&number).copied())
        } else {
            self.sparse.insert(number, index)
        };
        match earlier {
            None => Ok(()),
            Some(_) => Err(input.error(format!("the node {number} is given twice"))),
        }
    }

    fn get(&self, number: u64) -> Option<u32> {
        let dense = usize::try_from(number).ok().and_then(|at| self.dense.get(at).copied());
        dense
            .filter(|index| *index != u32::MAX)
            .or_else(|| self.sparse.get(&number).copied())
    }
}

/// Adds an element with the nodes in Gmsh's order.
fn push(
    raw: &mut Raw,
    nodes: &Nodes,
    kind: CellKind,
    tags: u32,
    number: u64,
    given: &[u64],
    input: &Input<'_>,
) -> Result<(), MeshError> {
    let mut list = [0; super::cell::MOST_NODES];
    for (slot, &from) in list.iter_mut().zip(order(kind)) {
        let node = given[from];
        *slot = nodes.get(node).ok_or_else(|| {
            input.error(format!(
                "the element {number} has the node {node}, which does not exist"
            ))
        })?;
    }
    raw.push(kind, &list[..kind.nodes()], tags, number, input.spot());
    Ok(())
}

/// The kind that Gmsh gives a number.
fn kind(number: i64, input: &Input<'_>) -> Result<CellKind, MeshError> {
    Ok(match number {
        1 => CellKind::Line2,
        2 => CellKind::Triangle3,
        3 => CellKind::Quadrilateral4,
        4 => CellKind::Tetrahedron4,
        5 => CellKind::Hexahedron8,
        6 => CellKind::Wedge6,
        8 => CellKind::Line3,
        9 => CellKind::Triangle6,
        10 => CellKind::Quadrilateral9,
        11 => CellKind::Tetrahedron10,
        12 => CellKind::Hexahedron27,
        13 => CellKind::Wedge18,
        15 => CellKind::Vertex,
        16 => CellKind::Quadrilateral8,
        17 => CellKind::Hexahedron20,
        18 => CellKind::Wedge15,
        7 | 14 | 19 => {
            return Err(input
                .error("pyramids cannot be read")
                .hint("mesh with tetrahedra, or with hexahedra or wedges only"));
        }
        20..=93 => {
            return Err(input
                .error(format!("elements of Gmsh's type {number} cannot be read"))
                .hint("set the element order to 1 or 2, for example with `gmsh -order 2`"));
        }
        _ => return Err(input.error(format!("there is no element type {number}"))),
    })
}

/// Gmsh's pairs of corners in the order of its middle nodes, and its faces with middle nodes.
fn convention(family: Family) -> (&'static [[u8; 2]], &'static [&'static [u8]]) {
    match family {
        Family::Tetrahedron => (&[[0, 1], [1, 2], [2, 0], [0, 3], [2, 3], [1, 3]], &[]),
        Family::Hexahedron => (
            &[
                [0, 1],
                [0, 3],
                [0, 4],
                [1, 2],
                [1, 5],
                [2, 3],
                [2, 6],
                [3, 7],
                [4, 5],
                [4, 7],
                [5, 6],
                [6, 7],
            ],
            &[
                &[0, 3, 2, 1],
                &[0, 1, 5, 4],
                &[0, 4, 7, 3],
                &[1, 2, 6, 5],
                &[2, 3, 7, 6],
                &[4, 5, 6, 7],
                &[0, 1, 2, 3, 4, 5, 6, 7],
            ],
        ),
        Family::Wedge => (
            &[[0, 1], [0, 2], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [3, 5], [4, 5]],
            &[&[0, 1, 4, 3], &[0, 3, 5, 2], &[1, 2, 5, 4]],
        ),
        other => (other.edges(), other.centres()),
    }
}

/// For every node in VTK's order its place in Gmsh's.
fn order(kind: CellKind) -> &'static [usize] {
    static TABLES: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
        CellKind::ALL
            .iter()
            .map(|kind| {
                let (family, extra) = kind.parts();
                let (edges, faces) = convention(family);
                let key = |list: &[u8]| list.iter().fold(0_u32, |bits, c| bits | 1 << c);
                let mut order: Vec<usize> = (0..kind.corners()).collect();
                if extra >= Extra::Edges {
                    let find = |own: &[u8; 2]| edges.iter().position(|edge| key(edge) == key(own));
                    order.extend(family.edges().iter().filter_map(find).map(|at| kind.corners() + at));
                }
                if extra >= Extra::Faces {
                    let first = kind.corners() + edges.len();
                    let find = |own: &&[u8]| faces.iter().position(|face| key(face) == key(own));
                    order.extend(family.centres().iter().filter_map(find).map(|at| first + at));
                }
                order
            })
            .collect()
    });
    &TABLES[kind as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_nodes_is_a_permutation() {
        for kind in CellKind::ALL {
            let mut list = order(kind).to_vec();
            list.sort_unstable();
            assert_eq!(list, (0..kind.nodes()).collect::<Vec<_>>(), "{kind:?}");
        }
    }
}

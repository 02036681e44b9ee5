//! Version 4.1.

use std::collections::HashMap;

use super::super::MeshError;
use super::super::cell::MOST_NODES;
use super::super::input::Input;
use super::super::raw::Raw;
use super::{Nodes, kind, push};

/// The physical tags of every geometrical entity that has any, by dimension and tag.
pub(super) type Entities = HashMap<(i64, i64), Vec<i64>>;

/// `$Entities`: points, curves, surfaces, volumes with their boxes and physical tags.
pub(super) fn entities(input: &mut Input<'_>) -> Result<Entities, MeshError> {
    let mut counts = [0; 4];
    for count in &mut counts {
        let declared = input.size("the number of entities")?;
        *count = input.count(declared, 6, "entities")?;
    }
    let mut entities = Entities::new();
    for (dimension, count) in (0_i64..).zip(counts) {
        for _ in 0..count {
            let tag = input.int("the tag of an entity")?;
            for _ in 0..if dimension == 0 { 3 } else { 6 } {
                input.real("a coordinate of a box")?;
            }
            let declared = input.size("the number of physical tags")?;
            let physical = input.count(declared, 2, "physical tags")?;
            for _ in 0..physical {
                // The sign is an orientation.
                let value = input.int("a physical tag")?.saturating_abs();
                entities.entry((dimension, tag)).or_default().push(value);
            }
            if dimension > 0 {
                let declared = input.size("the number of bounding entities")?;
                let bounding = input.count(declared, 2, "bounding entities")?;
                for _ in 0..bounding {
                    input.int("a bounding entity")?;
                }
            }
        }
    }
    Ok(entities)
}

/// `$Nodes`: blocks by entity, in each first all numbers and then all coordinates.
pub(super) fn nodes(input: &mut Input<'_>, raw: &mut Raw, nodes: &mut Nodes) -> Result<(), MeshError> {
    let (blocks, total) = header(input, "nodes")?;
    for _ in 0..blocks {
        let dimension = input.int("the dimension of an entity")?;
        input.int("the tag of an entity")?;
        let parametric = match input.int("0 or 1")? {
            0 => 0,
            1 => usize::try_from(dimension).unwrap_or(0).min(3),
            other => return Err(input.error(format!("{other} stands where 0 or 1 (parametric nodes) is expected"))),
        };
        let declared = input.size("the number of nodes")?;
        let count = input.count(declared, 8, "nodes")?;
        for _ in 0..count {
            let number = input.size("the number of a node")?;
            nodes.insert(number, input)?;
            raw.numbers.push(number);
        }
        for _ in 0..count {
            let mut x = [0.0; 3];
            for value in &mut x {
                *value = input.real("a coordinate")?;
            }
            raw.point(x, input.spot())?;
            for _ in 0..parametric {
                input.real("a parametric coordinate")?;
            }
        }
    }
    if raw.points.len() as u64 != total {
        return Err(input.error(format!(
            "{total} nodes are announced, but {} are given",
            raw.points.len()
        )));
    }
    Ok(())
}

/// `$Elements`: blocks by entity and type, in each the number and nodes of every element.
pub(super) fn elements(
    input: &mut Input<'_>,
    raw: &mut Raw,
    nodes: &Nodes,
    entities: &Entities,
) -> Result<(), MeshError> {
    let (blocks, total) = header(input, "elements")?;
    for _ in 0..blocks {
        let dimension = input.int("the dimension of an entity")?;
        let entity = input.int("the tag of an entity")?;
        let code = input.int("the type of elements")?;
        let kind = kind(code, input)?;
        if dimension != kind.dimension() as i64 {
            return Err(input.error(format!("{} do not fit an entity of dimension {dimension}", kind.name())));
        }
        let declared = input.size("the number of elements")?;
        let count = input.count(declared, 4, "elements")?;
        let set = raw
            .sets
            .number(entities.get(&(dimension, entity)).map_or(&[], Vec::as_slice));
        for _ in 0..count {
            let number = input.size("the number of an element")?;
            let mut list = [0; MOST_NODES];
            for slot in list.iter_mut().take(kind.nodes()) {
                *slot = input.size("the number of a node")?;
            }
            push(raw, nodes, kind, set, number, &list, input)?;
        }
    }
    if raw.cells.len() as u64 != total {
        return Err(input.error(format!(
            "{total} elements are announced, but {} are given",
            raw.cells.len()
        )));
    }
    Ok(())
}

/// Numbers of blocks and of items; the least and greatest number are not needed.
fn header(input: &mut Input<'_>, what: &str) -> Result<(usize, u64), MeshError> {
    let declared = input.size("the number of blocks")?;
    let blocks = input.count(declared, 8, "blocks")?;
    let total = input.size(&format!("the number of {what}"))?;
    input.count(total, 4, what)?;
    input.size("the least number")?;
    input.size("the greatest number")?;
    Ok((blocks, total))
}

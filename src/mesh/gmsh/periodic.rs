//! `$Periodic`: which entities of the mesh are images of others, with the pairs of their nodes.

use super::super::MeshError;
use super::super::input::{Form, Input};
use super::super::raw::{Link, Raw};
use super::Nodes;

/// Version 2.2, always text: the number of entities, then for each its dimension, its tag and that of its source, perhaps a line
/// `Affine …`, the number of nodes and the pairs.
pub(super) fn v2(input: &mut Input<'_>, raw: &mut Raw, nodes: &Nodes) -> Result<(), MeshError> {
    let form = std::mem::replace(&mut input.form, Form::Text);
    let declared = input.size("the number of periodic entities")?;
    let entities = input.count(declared, 6, "periodic entities")?;
    for _ in 0..entities {
        let dimension = entity(input)?;
        let mut word = input.word("the number of nodes")?;
        if word == "Affine" {
            input.line();
            word = input.word("the number of nodes")?;
        }
        let declared = word.parse().map_err(|_| {
            let shown: String = word.chars().take(40).collect();
            input.error(format!("`{shown}` stands where the number of nodes is expected"))
        })?;
        let count = input.count(declared, 4, "pairs of nodes")?;
        pairs(input, raw, nodes, dimension, count)?;
    }
    input.form = form;
    Ok(())
}

/// Version 4.1: the same with the numbers of an affine map, whose count stands before them.
pub(super) fn v4(input: &mut Input<'_>, raw: &mut Raw, nodes: &Nodes) -> Result<(), MeshError> {
    let declared = input.size("the number of periodic entities")?;
    let entities = input.count(declared, 8, "periodic entities")?;
    for _ in 0..entities {
        let dimension = entity(input)?;
        let declared = input.size("the number of values of an affine map")?;
        for _ in 0..input.count(declared, 2, "values of an affine map")? {
            input.real("a value of an affine map")?;
        }
        let declared = input.size("the number of nodes")?;
        let count = input.count(declared, 4, "pairs of nodes")?;
        pairs(input, raw, nodes, dimension, count)?;
    }
    Ok(())
}

/// The dimension of an entity, whose tag and source need not be known.
fn entity(input: &mut Input<'_>) -> Result<usize, MeshError> {
    let dimension = input.int("the dimension of an entity")?;
    input.int("the tag of an entity")?;
    input.int("the tag of its source")?;
    match usize::try_from(dimension) {
        Ok(dimension @ 0..=3) => Ok(dimension),
        _ => Err(input.error(format!("the dimension {dimension} of an entity must be 0, 1, 2 or 3"))),
    }
}

fn pairs(input: &mut Input<'_>, raw: &mut Raw, nodes: &Nodes, dimension: usize, count: usize) -> Result<(), MeshError> {
    let mut node = || {
        let number = input.size("the number of a node")?;
        let found = nodes.get(number);
        found.ok_or_else(|| input.error(format!("the node {number} of a pair does not exist")))
    };
    let pairs: Result<Vec<[u32; 2]>, MeshError> = (0..count).map(|_| Ok([node()?, node()?])).collect();
    raw.links.push(Link {
        dimension,
        pairs: pairs?,
    });
    Ok(())
}

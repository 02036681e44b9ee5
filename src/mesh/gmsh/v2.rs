//! Version 2.2.

use super::super::MeshError;
use super::super::cell::MOST_NODES;
use super::super::input::{Form, Input};
use super::super::raw::Raw;
use super::{Nodes, kind, push};

/// `$Nodes`: the count as text, then number, x, y, z.
pub(super) fn nodes(input: &mut Input<'_>, raw: &mut Raw, nodes: &mut Nodes) -> Result<(), MeshError> {
    let count = count(input, "nodes", 8)?;
    for _ in 0..count {
        let number = input.int("the number of a node")?;
        let number = u64::try_from(number).map_err(|_| input.error(format!("the node number {number} is negative")))?;
        nodes.insert(number, input)?;
        let mut x = [0.0; 3];
        for value in &mut x {
            *value = input.real("a coordinate")?;
        }
        raw.point(x, input.spot())?;
        raw.numbers.push(number);
    }
    Ok(())
}

/// `$Elements`: the count as text; as text number, type, tags, nodes; binary in blocks of one type.
pub(super) fn elements(input: &mut Input<'_>, raw: &mut Raw, nodes: &Nodes) -> Result<(), MeshError> {
    let count = count(input, "elements", 6)?;
    let binary = input.form != Form::Text;
    let mut done = 0;
    while done < count {
        let mut number = if binary {
            0
        } else {
            input.int("the number of an element")?
        };
        let code = input.int("the type of an element")?;
        let kind = kind(code, input)?;
        let follow = if binary {
            input.int("the number of elements")?
        } else {
            1
        };
        let tags = input.int("the number of tags")?;
        if !(0..=1024).contains(&tags) {
            return Err(input.error(format!("an element cannot have {tags} tags")));
        }
        if follow < 1 || follow as u64 > (count - done) as u64 {
            return Err(input.error(format!(
                "a block of {follow} elements does not fit into the {} that are left",
                count - done
            )));
        }
        for _ in 0..follow {
            if binary {
                number = input.int("the number of an element")?;
            }
            let mut tag = 0;
            for index in 0..tags {
                let value = input.int("a tag")?;
                // The first one is the physical group; its sign is an orientation.
                if index == 0 {
                    tag = value.saturating_abs();
                }
            }
            let set = raw.sets.number(if tag == 0 { &[] } else { std::slice::from_ref(&tag) });
            let mut list = [0; MOST_NODES];
            for slot in list.iter_mut().take(kind.nodes()) {
                // A negative number is that of no node either.
                *slot = input.int("the number of a node")? as u64;
            }
            push(raw, nodes, kind, set, number as u64, &list, input)?;
            done += 1;
        }
    }
    Ok(())
}

/// A count, which is text also in binary files.
fn count(input: &mut Input<'_>, what: &str, least: usize) -> Result<usize, MeshError> {
    let form = std::mem::replace(&mut input.form, Form::Text);
    let declared = input.size(&format!("the number of {what}"))?;
    input.line();
    input.form = form;
    input.count(declared, least, what)
}

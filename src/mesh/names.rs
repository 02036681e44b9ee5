//! Names of regions and boundaries: the groups of a file, and the parts that they fall into where they overlap.
//!
//! Cells that belong to the same groups make one part. A part is called by the group that has no other part, otherwise by all its
//! groups; a group stands for all its parts. Where no groups overlap, each group is one part.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use super::Group;
use super::raw::Raw;

/// Parts and groups of one dimension.
pub(super) struct Names {
    /// The names of the parts.
    pub(super) list: Vec<&'static str>,
    /// The part of every set of tags.
    pub(super) index: HashMap<u32, u32>,
    /// What the names of the file stand for.
    pub(super) groups: Vec<Group>,
}

impl Names {
    /// Those of `sets` of tags in `dimension`, `nameless` for cells without a tag.
    pub(super) fn new(raw: &Raw, dimension: usize, sets: &[u32], nameless: &str) -> Self {
        let mut sorted: Vec<u32> = sets.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        // The nameless ones come last.
        sorted.sort_by_key(|set| (*set == 0, raw.sets.of(*set)));
        let mut parts: Vec<Vec<&'static str>> = Vec::new();
        let mut index = HashMap::new();
        for set in sorted {
            let own = match set {
                0 => vec![intern(nameless)],
                _ => names(raw, dimension, set),
            };
            let at = parts.iter().position(|other| *other == own).unwrap_or_else(|| {
                parts.push(own);
                parts.len() - 1
            });
            index.insert(set, at as u32);
        }
        let mut members: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (part, name) in parts
            .iter()
            .enumerate()
            .flat_map(|(part, names)| names.iter().map(move |name| (part, name)))
        {
            members.entry(name).or_default().push(part);
        }
        let called = |names: &Vec<&'static str>| {
            let own = names.iter().find(|name| names.len() == 1 || members[*name].len() == 1);
            own.map_or_else(|| intern(&names.join(" & ")), |name| *name)
        };
        Self {
            list: parts.iter().map(called).collect(),
            index,
            groups: members
                .into_iter()
                .map(|(name, members)| Group { name, members })
                .collect(),
        }
    }
}

/// The names of a set of tags, each once, in the order of the tags.
fn names(raw: &Raw, dimension: usize, set: u32) -> Vec<&'static str> {
    let mut list = Vec::new();
    for tag in raw.sets.of(set) {
        let name = intern(&name(raw, dimension, *tag));
        if !list.contains(&name) {
            list.push(name);
        }
    }
    list
}

/// The names of a set of tags as one; none of an empty set.
pub(super) fn joined(raw: &Raw, dimension: usize, set: u32) -> Option<String> {
    (set != 0).then(|| names(raw, dimension, set).join(" & "))
}

/// The name of a tag; its number if it has none.
fn name(raw: &Raw, dimension: usize, tag: i64) -> String {
    raw.names
        .get(&(dimension, tag))
        .cloned()
        .unwrap_or_else(|| tag.to_string())
}

/// A name that lives as long as the program; every distinct name is stored once.
pub fn intern(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.get(name) {
        Some(known) => known,
        None => {
            let name: &'static str = Box::leak(name.into());
            names.insert(name);
            name
        }
    }
}

//! Names of regions and boundaries by the tags of a file.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use super::raw::Raw;

/// Names in use, and where each tag's is.
pub(super) struct Names {
    pub(super) list: Vec<&'static str>,
    pub(super) index: HashMap<i64, u32>,
}

impl Names {
    /// Those of `tags` in `dimension`, `nameless` for the tag 0.
    pub(super) fn new(raw: &Raw, dimension: usize, tags: &[i64], nameless: &str) -> Self {
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
pub(super) fn name(raw: &Raw, dimension: usize, tag: i64) -> String {
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

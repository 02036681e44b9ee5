//! The sets of tags that cells carry: a cell may belong to several groups of its file.

use std::collections::HashMap;

/// All sets in use; 0 stands for the empty one.
#[derive(Debug, Default)]
pub(super) struct TagSets {
    sets: Vec<Vec<i64>>,
    numbers: HashMap<Vec<i64>, u32>,
}

impl TagSets {
    /// The number of a set.
    pub(super) fn number(&mut self, tags: &[i64]) -> u32 {
        let mut set = tags.to_vec();
        set.sort_unstable();
        set.dedup();
        if set.is_empty() {
            return 0;
        }
        let next = self.sets.len() as u32 + 1;
        let number = *self.numbers.entry(set.clone()).or_insert(next);
        if number == next {
            self.sets.push(set);
        }
        number
    }

    /// The tags of a set, in ascending order.
    pub(super) fn of(&self, number: u32) -> &[i64] {
        match number {
            0 => &[],
            _ => &self.sets[number as usize - 1],
        }
    }

    /// The number of the union of two sets.
    pub(super) fn union(&mut self, first: u32, second: u32) -> u32 {
        if first == second {
            return first;
        }
        let tags = [self.of(first), self.of(second)].concat();
        self.number(&tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_one_number_and_unions_hold_the_tags_of_both() {
        let mut sets = TagSets::default();
        let [a, b] = [[1, 2], [2, 3]].map(|tags| sets.number(&tags));
        assert_eq!((sets.number(&[]), sets.number(&[2, 1, 2])), (0, a));
        let both = sets.union(a, b);
        assert_eq!(sets.of(both), [1, 2, 3]);
        assert_eq!((sets.union(both, 0), sets.union(b, a)), (both, both));
    }
}

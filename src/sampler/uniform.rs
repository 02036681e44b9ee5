//! Independent points.

use super::point_set::{Sequence, chance};

/// Independent uniform points.
#[derive(Debug)]
pub(super) struct Uniform {
    count: usize,
    seed: u64,
}

impl Uniform {
    pub(super) fn new(count: usize, _axes: usize, seed: u64) -> Self {
        Self { count, seed }
    }
}

impl Sequence for Uniform {
    fn len(&self) -> usize {
        self.count
    }

    fn point(&self, index: usize) -> [f64; 4] {
        std::array::from_fn(|axis| chance(self.seed, index, axis))
    }
}

//! One point per slice of every axis.

use super::point_set::{Sequence, below_one, chance};
use super::{Permutation, mix};

/// Every axis cut into n slices, one point in each.
///
/// # Source
/// McKay, Beckman & Conover, *Technometrics* 21 (1979) 239.
#[derive(Debug)]
pub(super) struct LatinHypercube {
    count: usize,
    seed: u64,
    slices: [Permutation; 4],
}

impl LatinHypercube {
    pub(super) fn new(count: usize, _axes: usize, seed: u64) -> Self {
        Self {
            count,
            seed,
            slices: std::array::from_fn(|axis| Permutation::new(count, mix(seed, axis as u64))),
        }
    }
}

impl Sequence for LatinHypercube {
    fn len(&self) -> usize {
        self.count
    }

    fn point(&self, index: usize) -> [f64; 4] {
        std::array::from_fn(|axis| {
            let slice = self.slices[axis].at(index) as f64;
            below_one((slice + chance(self.seed, index, axis)) / self.count as f64)
        })
    }
}

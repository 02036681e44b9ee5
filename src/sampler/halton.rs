//! Halton points.

use super::point_set::{Sequence, below_one};
use super::unit;

/// The base of every axis.
const BASES: [u64; 4] = [2, 3, 5, 7];

/// Halton points, shifted at random.
///
/// # Source
/// Halton, *Numer. Math.* 2 (1960) 84, with the shift of Cranley & Patterson, *SIAM J. Numer. Anal.* 13 (1976) 904.
#[derive(Debug)]
pub(super) struct Halton {
    count: usize,
    seed: u64,
}

impl Halton {
    pub(super) fn new(count: usize, _axes: usize, seed: u64) -> Self {
        Self { count, seed }
    }
}

impl Sequence for Halton {
    fn len(&self) -> usize {
        self.count
    }

    fn point(&self, index: usize) -> [f64; 4] {
        std::array::from_fn(|axis| {
            let shifted = radical_inverse(index as u64 + 1, BASES[axis]) + unit(self.seed, axis as u64);
            below_one(shifted.fract())
        })
    }
}

/// The digits of `index` mirrored at the point.
fn radical_inverse(mut index: u64, base: u64) -> f64 {
    let (mut value, mut unit) = (0.0, 1.0 / base as f64);
    while index > 0 {
        value += (index % base) as f64 * unit;
        index /= base;
        unit /= base as f64;
    }
    value
}

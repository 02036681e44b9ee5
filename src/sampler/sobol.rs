//! Scrambled Sobol points.

use super::mix;
use super::point_set::Sequence;

/// Sobol points have 24 bits and at most 2^16 of them belong together; longer sets take new scramblings.
const BLOCK: usize = 1 << 16;

/// Owen-scrambled Sobol points.
///
/// # Source
/// Burley, *Practical hash-based Owen scrambling*, JCGT 9(4), 2020.
#[derive(Debug)]
pub(super) struct Sobol {
    count: usize,
    seed: u64,
}

impl Sobol {
    pub(super) fn new(count: usize, _axes: usize, seed: u64) -> Self {
        Self { count, seed }
    }
}

impl Sequence for Sobol {
    fn len(&self) -> usize {
        self.count
    }

    fn point(&self, index: usize) -> [f64; 4] {
        let scramble = mix(self.seed, (index / BLOCK) as u64) as u32;
        let index = (index % BLOCK) as u32;
        std::array::from_fn(|axis| f64::from(sobol_burley::sample(index, axis as u32, scramble)))
    }
}

//! Random permutations that take no memory: a shuffled epoch over any number of points.

/// A random bijection of 0..n, evaluated one index at a time.
///
/// A balanced Feistel network permutes the next power of four; indices that leave 0..n are sent through it again until they
/// come back (cycle walking).
///
/// # Source
/// Luby & Rackoff, *SIAM J. Comput.* 17 (1988) 373; Black & Rogaway, *Ciphers with arbitrary finite domains*, CT-RSA 2002.
#[derive(Clone, Copy, Debug)]
pub struct Permutation {
    count: u64,
    half: u32,
    keys: [u64; ROUNDS],
}

/// Rounds of the network; four are enough for large sets, small ones need more to come out even.
const ROUNDS: usize = 12;

impl Permutation {
    /// The permutation of 0..`count` that belongs to a seed.
    pub fn new(count: usize, seed: u64) -> Self {
        let count = count.max(1) as u64;
        let bits = 64 - (count - 1).leading_zeros();
        Self {
            count,
            half: bits.div_ceil(2).max(1),
            keys: std::array::from_fn(|round| mix(seed, round as u64)),
        }
    }

    /// Where `index` goes.
    pub fn at(&self, index: usize) -> usize {
        let mask = (1u64 << self.half) - 1;
        let mut value = index as u64;
        loop {
            let (mut left, mut right) = (value >> self.half, value & mask);
            for key in self.keys {
                (left, right) = (right, left ^ (mix(key, right) & mask));
            }
            value = left << self.half | right;
            if value < self.count {
                return value as usize;
            }
        }
    }
}

/// A well-mixed function of a key and a counter: the output function of SplitMix64.
///
/// # Source
/// Steele, Lea & Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014, figure 13.
pub fn mix(key: u64, counter: u64) -> u64 {
    let mut z = key.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// [`mix`] as a number in [0, 1).
pub fn unit(key: u64, counter: u64) -> f64 {
    (mix(key, counter) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_hit_once() {
        for count in [1, 2, 3, 7, 64, 103, 1000, 65_537] {
            let permutation = Permutation::new(count, 5);
            let mut hit = vec![false; count];
            (0..count).for_each(|i| hit[permutation.at(i)] = true);
            assert!(hit.into_iter().all(|hit| hit), "{count}");
        }
    }

    /// Over many seeds each index goes everywhere equally often, and so does each pair: χ² against its mean within five
    /// standard deviations.
    #[test]
    fn single_indices_and_pairs_go_everywhere_equally_often() {
        for count in [2_usize, 5, 8, 13] {
            let seeds = 40_000;
            let mut single = vec![0.0; count];
            let mut pairs = vec![0.0; count * count];
            for seed in 0..seeds {
                let permutation = Permutation::new(count, mix(99, seed));
                let (a, b) = (permutation.at(0), permutation.at(1));
                single[a] += 1.0;
                pairs[a * count + b] += 1.0;
            }
            let chi = |counts: &[f64], cells: usize| {
                let expected = seeds as f64 / cells as f64;
                let square: f64 = counts
                    .iter()
                    .filter(|n| **n > 0.0)
                    .map(|n| (n - expected).powi(2) / expected)
                    .sum();
                let freedom = (cells - 1) as f64;
                (square - freedom) / (2.0 * freedom).sqrt()
            };
            assert!(chi(&single, count) < 5.0, "{count}: {}", chi(&single, count));
            assert!(chi(&pairs, count * (count - 1)) < 5.0, "{count}");
            assert!((0..count).all(|i| pairs[i * count + i] == 0.0));
        }
    }
}

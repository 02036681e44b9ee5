//! Which points: numbers in the unit cube that geometry spreads over the domain.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The samplers that a problem file can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SamplerKind {
    /// Independent uniform points; mean errors fall as n^(−1/2).
    Uniform,
    /// Owen-scrambled Sobol points, even at every length; mean errors of smooth functions fall as n^(−3/2).
    #[default]
    Sobol,
}

impl SamplerKind {
    /// `count` points of [0, 1)^4, a function of the seed alone.
    ///
    /// # Source
    /// Sobol points: Burley, *Practical hash-based Owen scrambling*, JCGT 9(4), 2020.
    pub fn points(self, count: usize, seed: u64) -> Vec<[f64; 4]> {
        match self {
            Self::Uniform => {
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                (0..count).map(|_| std::array::from_fn(|_| random.random())).collect()
            }
            Self::Sobol => {
                // The crate's points have 24 bits and at most 2^16 of them belong together; longer sets take new seeds.
                let mix = |block: usize| {
                    let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(block as u64 * 0x9e37_79b9_7f4a_7c15));
                    random.random::<u32>()
                };
                const BLOCK: usize = 1 << 16;
                let mut points = Vec::with_capacity(count);
                for block in 0..count.div_ceil(BLOCK) {
                    let scramble = mix(block);
                    let length = BLOCK.min(count - block * BLOCK);
                    points.extend((0..length).map(|i| {
                        std::array::from_fn(|axis| f64::from(sobol_burley::sample(i as u32, axis as u32, scramble)))
                    }));
                }
                points
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root mean square error of the mean of a smooth function over 40 seeds.
    fn error(sampler: SamplerKind, n: usize) -> f64 {
        let exact = (1.0_f64.exp() - 1.0) * 0.5 * (1.0 - 1.0_f64.cos());
        let squares: f64 = (0..40)
            .map(|seed| {
                let sum: f64 = sampler
                    .points(n, seed)
                    .iter()
                    .map(|x| x[0].exp() * x[1] * x[2].sin())
                    .sum();
                (sum / n as f64 - exact).powi(2)
            })
            .sum();
        (squares / 40.0).sqrt()
    }

    #[test]
    fn integration_errors_fall_at_the_stated_rates() {
        let rate = |sampler| {
            let (few, many) = (error(sampler, 64), error(sampler, 4096));
            (many / few).ln() / 64f64.ln()
        };
        let uniform = rate(SamplerKind::Uniform);
        assert!((-0.65..-0.35).contains(&uniform), "{uniform}");
        // The 24-bit points stop the fall below about 1e-7; −1 is far beyond what unscrambled chance gives.
        let sobol = rate(SamplerKind::Sobol);
        assert!(sobol < -1.0, "{sobol}");
    }

    #[test]
    fn points_lie_in_the_unit_cube_and_depend_on_the_seed_only() {
        for sampler in [SamplerKind::Uniform, SamplerKind::Sobol] {
            let points = sampler.points(70_000, 5);
            assert!(points.iter().flatten().all(|x| (0.0..1.0).contains(x)));
            assert_eq!(points, sampler.points(70_000, 5));
            assert_ne!(points, sampler.points(70_000, 6));
            let mean = points.iter().map(|x| x[3]).sum::<f64>() / 70_000.0;
            assert!((mean - 0.5).abs() < 5.0 * (1.0_f64 / 12.0 / 70_000.0).sqrt());
        }
    }
}

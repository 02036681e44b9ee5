//! Sets of points that are functions of a seed and an index.

use std::fmt::Debug;
use std::sync::Arc;

use super::{Permutation, SamplerKind, Stream, unit};

/// Points of [0, 1)^4 with weights that add up to 1, one at a time; coordinates that are not used are filled, but have no meaning.
pub(super) trait Sequence: Debug + Send + Sync {
    /// Number of points.
    fn len(&self) -> usize;

    /// A point.
    fn point(&self, index: usize) -> [f64; 4];

    /// A point's weight.
    fn weight(&self, _index: usize) -> f64 {
        1.0 / self.len() as f64
    }

    /// Whether the first points stand for the whole set.
    fn begins_fairly(&self) -> bool {
        true
    }
}

/// Points of [0, 1)^4 with weights that add up to 1.
#[derive(Clone, Debug)]
pub struct PointSet {
    sequence: Arc<dyn Sequence>,
    seed: u64,
}

impl PointSet {
    /// About `count` points (exactly, except for Gauss points) of which the first `axes` coordinates are used.
    pub fn new(kind: SamplerKind, count: usize, axes: usize, seed: u64) -> Self {
        Self {
            sequence: kind.sequence(count, axes, seed),
            seed,
        }
    }

    /// Points that are given, with weights that add up to 1.
    pub fn given(points: Vec<([f64; 4], f64)>, seed: u64) -> Self {
        Self {
            sequence: Arc::new(Given(points)),
            seed,
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.sequence.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A point.
    pub fn point(&self, index: usize) -> [f64; 4] {
        self.sequence.point(index)
    }

    /// A point's weight.
    pub fn weight(&self, index: usize) -> f64 {
        self.sequence.weight(index)
    }

    /// Up to `count` indices that stand for the whole set: the first ones of a set whose beginnings are fair, others at random.
    pub fn sample(&self, count: usize) -> Vec<usize> {
        if count >= self.len() || self.sequence.begins_fairly() {
            return (0..count.min(self.len())).collect();
        }
        let permutation = Permutation::new(self.len(), Stream::Scatter.seed(self.seed, 0));
        (0..count).map(|k| permutation.at(k)).collect()
    }

    /// All points.
    pub fn points(&self) -> Vec<[f64; 4]> {
        (0..self.len()).map(|index| self.point(index)).collect()
    }
}

/// Points and weights that are given.
#[derive(Debug)]
struct Given(Vec<([f64; 4], f64)>);

impl Sequence for Given {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn point(&self, index: usize) -> [f64; 4] {
        self.0[index].0
    }

    fn weight(&self, index: usize) -> f64 {
        self.0[index].1
    }

    fn begins_fairly(&self) -> bool {
        false
    }
}

/// The random number of a point on an axis.
pub(super) fn chance(seed: u64, index: usize, axis: usize) -> f64 {
    unit(seed, (index * 4 + axis) as u64)
}

/// Rounding must not take a point to the end of the interval.
pub(super) fn below_one(x: f64) -> f64 {
    x.min(1.0 - f64::EPSILON / 2.0)
}

/// Cells per axis of a grid of at most `total` cells.
pub(super) fn cells(total: usize, axes: usize) -> usize {
    let guess = (total as f64).powf(1.0 / axes.max(1) as f64);
    // Roots of whole powers must not be rounded down.
    (guess + 1e-9).floor().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Gauss;

    const ALL: [SamplerKind; 6] = [
        SamplerKind::Uniform,
        SamplerKind::Stratified,
        SamplerKind::LatinHypercube,
        SamplerKind::Sobol,
        SamplerKind::Halton,
        SamplerKind::Gauss(Gauss { order: 3 }),
    ];

    /// The weighted mean of a smooth function of three coordinates.
    fn mean(sampler: SamplerKind, n: usize, seed: u64) -> f64 {
        let set = PointSet::new(sampler, n, 3, seed);
        (0..set.len())
            .map(|i| {
                let x = set.point(i);
                set.weight(i) * x[0].exp() * x[1] * x[2].sin()
            })
            .sum()
    }

    fn exact() -> f64 {
        (1.0_f64.exp() - 1.0) * 0.5 * (1.0 - 1.0_f64.cos())
    }

    /// Root mean square error over 40 seeds.
    fn error(sampler: SamplerKind, n: usize) -> f64 {
        let squares: f64 = (0..40).map(|seed| (mean(sampler, n, seed) - exact()).powi(2)).sum();
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
        // −1/2 − 1/3 in three dimensions.
        let stratified = rate(SamplerKind::Stratified);
        assert!((-0.95..-0.7).contains(&stratified), "{stratified}");
        // The order of the Latin hypercube is that of chance, its constant is not.
        let hypercube = rate(SamplerKind::LatinHypercube);
        assert!((-0.7..-0.3).contains(&hypercube), "{hypercube}");
        assert!(error(SamplerKind::LatinHypercube, 512) < 0.5 * error(SamplerKind::Uniform, 512));
        // The 24-bit points stop the fall below about 1e-7; −1 is far beyond what unscrambled chance gives.
        let sobol = rate(SamplerKind::Sobol);
        assert!(sobol < -1.0, "{sobol}");
        // (ln n)³/n over a factor of 64 is between −0.5 and −1.
        let halton = rate(SamplerKind::Halton);
        assert!((-1.1..-0.6).contains(&halton), "{halton}");
        // Three points per cell and axis: sixth order in the cell; 64 and 4096 points are 1 and 5 cells per axis.
        let [few, many] = [64, 4096].map(|n| {
            let set = PointSet::new(ALL[5], n, 3, 0);
            let sum: f64 = (0..set.len())
                .map(|i| set.weight(i) * (set.point(i)[0] + 2.0 * set.point(i)[2]).exp() * set.point(i)[1])
                .sum();
            (sum - 0.25 * (1.0_f64.exp() - 1.0) * (2.0_f64.exp() - 1.0)).abs()
        });
        let order = (many / few).ln() / (1.0_f64 / 5.0).ln();
        assert!((5.5..6.5).contains(&order), "{order}");
    }

    #[test]
    fn points_lie_in_the_unit_cube_and_weights_add_up_to_one() {
        for sampler in ALL {
            for (count, axes) in [(70_000, 4), (1000, 2), (17, 1), (1, 0)] {
                let set = PointSet::new(sampler, count, axes, 5);
                let points = set.points();
                assert!(points.iter().flatten().all(|x| (0.0..1.0).contains(x)), "{sampler:?}");
                let total: f64 = (0..set.len()).map(|i| set.weight(i)).sum();
                assert!((total - 1.0).abs() < 1e-11, "{sampler:?}: {total}");
                if sampler.random() {
                    assert_eq!(points.len(), count);
                    assert_ne!(points, PointSet::new(sampler, count, axes, 6).points());
                }
            }
            let set = PointSet::new(sampler, 70_000, 4, 5);
            let mean: f64 = (0..set.len()).map(|i| set.weight(i) * set.point(i)[3]).sum();
            assert!(
                (mean - 0.5).abs() < 5.0 * (1.0_f64 / 12.0 / 70_000.0).sqrt(),
                "{sampler:?}"
            );
        }
    }
}

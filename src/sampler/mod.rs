//! Which points: numbers in the unit cube that geometry spreads over the domain.
//!
//! A point set is a pure function of its seed and an index ([`PointSet`]): nothing has to be stored, any part of it can be made
//! anywhere, and an interrupted run finds the same points again. The weights of a set add up to 1.

mod permutation;

pub use permutation::{Permutation, mix, unit};

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The samplers that a problem file can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SamplerKind {
    /// Independent uniform points; mean errors fall as n^(−1/2).
    Uniform,
    /// One uniform point per cell of a grid (more where the number of points is no power); errors fall as n^(−1/2 − 1/D).
    Stratified,
    /// Every axis cut into n slices, one point in each; removes the parts of the error that depend on one coordinate.
    LatinHypercube,
    /// Owen-scrambled Sobol points, even at every length; mean errors of smooth functions fall as n^(−3/2).
    #[default]
    Sobol,
    /// Halton points in bases 2, 3, 5, 7, shifted at random; mean errors fall nearly as 1/n.
    Halton,
    /// Gauss–Legendre points and weights in the cells of a grid; the number of points is rounded to a full grid.
    Gauss(Gauss),
}

/// Gauss–Legendre quadrature per cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gauss {
    /// Points per axis of a cell, 1 to 10; polynomials of degree 2·order − 1 are integrated exactly.
    pub order: usize,
}

impl Default for Gauss {
    fn default() -> Self {
        Self { order: 3 }
    }
}

impl SamplerKind {
    /// The kind's name in problem files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "Uniform",
            Self::Stratified => "Stratified",
            Self::LatinHypercube => "LatinHypercube",
            Self::Sobol => "Sobol",
            Self::Halton => "Halton",
            Self::Gauss(_) => "Gauss",
        }
    }

    /// Whether another seed gives other points.
    pub fn random(self) -> bool {
        !matches!(self, Self::Gauss(_))
    }
}

/// Points of [0, 1)^4 with weights that add up to 1, one at a time.
#[derive(Clone, Debug)]
pub struct PointSet {
    kind: SamplerKind,
    count: usize,
    /// Coordinates that are used; further ones are filled, but have no meaning.
    axes: usize,
    seed: u64,
    /// Cells per axis of grids.
    cells: usize,
    /// Slices of the Latin hypercube.
    slices: [Permutation; 4],
    /// Gauss points and weights on [0, 1].
    rule: Vec<(f64, f64)>,
    /// Points and weights that are given.
    given: Arc<[([f64; 4], f64)]>,
}

/// Sobol points have 24 bits and at most 2^16 of them belong together; longer sets take new scramblings.
const SOBOL_BLOCK: usize = 1 << 16;

impl PointSet {
    /// About `count` points (exactly, except for Gauss points) of which the first `axes` coordinates are used.
    pub fn new(kind: SamplerKind, count: usize, axes: usize, seed: u64) -> Self {
        let root = |total: f64| {
            let guess = total.powf(1.0 / axes.max(1) as f64);
            // Roots of whole powers must not be rounded down.
            (guess + 1e-9).floor().max(1.0) as usize
        };
        let (cells, rule) = match kind {
            SamplerKind::Stratified => (root(count as f64), Vec::new()),
            SamplerKind::Gauss(Gauss { order }) => {
                ((root(count as f64) / order.max(1)).max(1), gauss_legendre(order.max(1)))
            }
            _ => (1, Vec::new()),
        };
        let count = match kind {
            SamplerKind::Gauss(_) => (cells * rule.len()).pow(axes as u32),
            _ => count,
        };
        Self {
            kind,
            count,
            axes,
            seed,
            cells,
            slices: std::array::from_fn(|axis| Permutation::new(count, mix(seed, axis as u64))),
            rule,
            given: Arc::new([]),
        }
    }

    /// Points that are given, with weights that add up to 1.
    pub fn given(points: Vec<([f64; 4], f64)>, seed: u64) -> Self {
        Self {
            count: points.len(),
            given: points.into(),
            ..Self::new(SamplerKind::Uniform, 0, 0, seed)
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A point.
    ///
    /// # Source
    /// Sobol points: Burley, *Practical hash-based Owen scrambling*, JCGT 9(4), 2020. Latin hypercube: McKay, Beckman &
    /// Conover, *Technometrics* 21 (1979) 239. Halton, *Numer. Math.* 2 (1960) 84, with the shift of Cranley & Patterson,
    /// *SIAM J. Numer. Anal.* 13 (1976) 904.
    pub fn point(&self, index: usize) -> [f64; 4] {
        if let Some((point, _)) = self.given.get(index) {
            return *point;
        }
        let chance = |axis: usize| unit(self.seed, (index * 4 + axis) as u64);
        match self.kind {
            SamplerKind::Uniform => std::array::from_fn(chance),
            SamplerKind::Stratified => {
                let mut cell = index % self.cells.pow(self.axes as u32);
                std::array::from_fn(|axis| {
                    if axis >= self.axes {
                        return chance(axis);
                    }
                    let digit = cell % self.cells;
                    cell /= self.cells;
                    below_one((digit as f64 + chance(axis)) / self.cells as f64)
                })
            }
            SamplerKind::LatinHypercube => std::array::from_fn(|axis| {
                below_one((self.slices[axis].at(index) as f64 + chance(axis)) / self.count as f64)
            }),
            SamplerKind::Sobol => {
                let scramble = mix(self.seed, (index / SOBOL_BLOCK) as u64) as u32;
                let index = (index % SOBOL_BLOCK) as u32;
                std::array::from_fn(|axis| f64::from(sobol_burley::sample(index, axis as u32, scramble)))
            }
            SamplerKind::Halton => std::array::from_fn(|axis| {
                let shifted = radical_inverse(index as u64 + 1, [2, 3, 5, 7][axis]) + unit(self.seed, axis as u64);
                below_one(shifted.fract())
            }),
            SamplerKind::Gauss(_) => {
                let mut rest = index;
                std::array::from_fn(|axis| {
                    if axis >= self.axes {
                        return 0.5;
                    }
                    let node = self.rule[rest % self.rule.len()].0;
                    rest /= self.rule.len();
                    let cell = rest % self.cells;
                    rest /= self.cells;
                    (cell as f64 + node) / self.cells as f64
                })
            }
        }
    }

    /// A point's weight.
    pub fn weight(&self, index: usize) -> f64 {
        if let Some((_, weight)) = self.given.get(index) {
            return *weight;
        }
        match self.kind {
            SamplerKind::Stratified => {
                // Cells beyond the remainder have one point fewer.
                let cells = self.cells.pow(self.axes as u32);
                let extra = usize::from(index % cells < self.count % cells);
                1.0 / (cells * (self.count / cells + extra)) as f64
            }
            SamplerKind::Gauss(_) => {
                let mut rest = index;
                (0..self.axes).fold(1.0, |product, _| {
                    let weight = self.rule[rest % self.rule.len()].1;
                    rest /= self.rule.len() * self.cells;
                    product * weight / self.cells as f64
                })
            }
            _ => 1.0 / self.count as f64,
        }
    }

    /// Up to `count` indices that stand for the whole set: the first ones of a set whose beginnings are fair, others at random.
    pub fn sample(&self, count: usize) -> Vec<usize> {
        let count = count.min(self.count);
        match self.kind {
            _ if count < self.count && !self.given.is_empty() => self.scattered(count),
            SamplerKind::Stratified | SamplerKind::Gauss(_) if count < self.count => self.scattered(count),
            _ => (0..count).collect(),
        }
    }

    fn scattered(&self, count: usize) -> Vec<usize> {
        let permutation = Permutation::new(self.count, mix(self.seed, 0x5a3e));
        (0..count).map(|k| permutation.at(k)).collect()
    }

    /// All points.
    pub fn points(&self) -> Vec<[f64; 4]> {
        (0..self.count).map(|index| self.point(index)).collect()
    }
}

/// Rounding must not take a point to the end of the interval.
fn below_one(x: f64) -> f64 {
    x.min(1.0 - f64::EPSILON / 2.0)
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

/// Points of the unit cube with weights that add up to 1: Gauss–Legendre of the given order in the cells of a grid over v ∈ [0, 1]^axes, with
/// u = v²·(3 − 2v) on every axis, so that weights carry du/dv = 6v(1 − v).
///
/// Without the substitution a root at the ends of an axis (the radius at the centre of a disk, the latitude at the pole of a
/// sphere are √u and √(1 − u)) would spoil the order of the rule; with it, it is smooth. It also gathers points at edges and
/// corners, where stresses are steep. Coordinates that are not used are 0.5.
///
/// # Source
/// Korobov's substitution, see Laurie, *Periodizing transformations for numerical integration*, J. Comput. Appl. Math. 66
/// (1996) 337.
pub fn graded_rule(axes: usize, order: usize, cells: usize) -> Vec<([f64; 4], f64)> {
    let nodes = gauss_legendre(order);
    let line: Vec<(f64, f64)> = (0..cells)
        .flat_map(|cell| {
            nodes.iter().map(move |(node, weight)| {
                let v = (cell as f64 + node) / cells as f64;
                (v * v * (3.0 - 2.0 * v), weight / cells as f64 * 6.0 * v * (1.0 - v))
            })
        })
        .collect();
    let mut points = vec![([0.5; 4], 1.0)];
    for axis in 0..axes {
        points = points
            .into_iter()
            .flat_map(|(point, weight)| {
                line.iter().map(move |(u, w)| {
                    let mut point: [f64; 4] = point;
                    point[axis] = *u;
                    (point, weight * w)
                })
            })
            .collect();
    }
    points
}

/// Nodes and weights on [0, 1]: Newton's method on the Legendre polynomial from Chebyshev's angles.
///
/// # Source
/// Press et al., *Numerical Recipes*, 2007, section 4.6.
pub fn gauss_legendre(order: usize) -> Vec<(f64, f64)> {
    let n = order as f64;
    (0..order)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut value) = (0.0, 1.0);
                for k in 0..order {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn gauss_rules_integrate_their_degree() {
        for order in 1..=10 {
            let rule = gauss_legendre(order);
            for degree in 0..2 * order {
                let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(degree as i32)).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-14, "{order}, {degree}");
            }
        }
    }
}

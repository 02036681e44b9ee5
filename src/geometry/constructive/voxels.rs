//! A solid divided into boxes: whole ones inside, and cut ones with the share of them that is inside.

use rayon::prelude::*;

use super::tree::Tree;
use crate::sampler::gauss_legendre;

/// A box along the axes, all sides as long, that holds points of the solid.
#[derive(Clone, Debug)]
pub(super) struct Cube {
    /// Its lowest corner.
    low: [f64; 3],
    side: f64,
    /// Whether the solid's surface passes through it.
    cut: bool,
    /// Share of the volume before it, and its own.
    before: f64,
    share: f64,
}

/// The boxes of a solid.
#[derive(Clone, Debug)]
pub(super) struct Cubes {
    cubes: Vec<Cube>,
    pub(super) volume: f64,
}

/// Finest boxes along the longest side; their cut parts are estimated from planes, so that volumes err by about 1e-4.
const FINEST: f64 = 32.0;
/// Halvings of a cut box for its volume, where planes do not tell it to `AGREED`.
const HALVINGS: u32 = 4;
/// How well a plane and those of eight parts must agree on the share of a box that is inside.
const AGREED: f64 = 2e-3;
/// Trials for a point of a cut box.
const TRIALS: usize = 10_000;

/// What is asked about a solid.
pub(super) struct Body<'a, L: Fn(usize, [f64; 3]) -> f64 + Sync> {
    pub(super) tree: &'a Tree,
    /// The signed function of a leaf.
    pub(super) leaf: L,
}

impl<L: Fn(usize, [f64; 3]) -> f64 + Sync> Body<'_, L> {
    pub(super) fn signed(&self, x: [f64; 3]) -> f64 {
        self.tree.signed(&|leaf| (self.leaf)(leaf, x))
    }

    /// The share of a cube round x that is inside, of which its plane tells `whole`.
    fn share(&self, x: [f64; 3], side: f64, whole: f64, depth: u32) -> f64 {
        let place = |corner: u32| std::array::from_fn(|j| x[j] + side * (0.5 * f64::from(corner >> j & 1) - 0.25));
        let parts: [f64; 8] = std::array::from_fn(|corner| self.fraction(place(corner as u32), 0.5 * side));
        let sum = parts.iter().sum::<f64>() / 8.0;
        if depth == 0 || (sum - whole).abs() < AGREED {
            return sum;
        }
        (0..8)
            .map(|corner| self.share(place(corner), 0.5 * side, parts[corner as usize], depth - 1))
            .sum::<f64>()
            / 8.0
    }

    /// The share of a cube round x that is inside, by the plane through the nearest points.
    fn fraction(&self, x: [f64; 3], side: f64) -> f64 {
        let f = self.signed(x);
        if f.abs() > 0.9 * side {
            return f64::from(u8::from(f < 0.0));
        }
        let h = 1e-4 * side;
        let mut n: [f64; 3] = std::array::from_fn(|j| {
            let mut y = x;
            y[j] += h;
            let up = self.signed(y);
            y[j] -= 2.0 * h;
            ((up - self.signed(y)) / (2.0 * h)).abs()
        });
        let length = n.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-6);
        // A plane along a side is tilted a little, so that the formula divides by no 0.
        n = n.map(|v| (v / length).max(1e-3));
        // The volume of the unit cube below n·y = c: Σ (−1)^|v| max(c − n·v, 0)³/(6·n₁n₂n₃) over its corners v.
        let c = -f / (length * side) + 0.5 * (n[0] + n[1] + n[2]);
        let mut sum = 0.0;
        for corner in 0..8_u32 {
            let below: f64 = c - (0..3).map(|j| f64::from(corner >> j & 1) * n[j]).sum::<f64>();
            let sign = if corner.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sum += sign * below.max(0.0).powi(3);
        }
        (sum / (6.0 * n[0] * n[1] * n[2])).clamp(0.0, 1.0)
    }
}

impl Cubes {
    /// The boxes of a body within bounds.
    pub(super) fn new<L: Fn(usize, [f64; 3]) -> f64 + Sync>(body: &Body<'_, L>, low: [f64; 3], high: [f64; 3]) -> Self {
        let longest = (0..3).map(|j| high[j] - low[j]).fold(0.0, f64::max);
        let side = longest / 4.0;
        let mut open: Vec<([f64; 3], f64)> = Vec::new();
        let count = |j: usize| ((high[j] - low[j]) / side - 1e-9).ceil().max(1.0) as usize;
        for i in 0..count(0) {
            for j in 0..count(1) {
                for k in 0..count(2) {
                    let steps = [i, j, k];
                    open.push((std::array::from_fn(|j| low[j] + steps[j] as f64 * side), side));
                }
            }
        }
        open.reverse();
        let mut cubes = Vec::new();
        let half_diagonal = 0.5 * 3.0_f64.sqrt();
        // Depth first: neighbours follow each other.
        while let Some((low, side)) = open.pop() {
            let f = body.signed(low.map(|v| v + 0.5 * side));
            if f > half_diagonal * side {
                continue;
            }
            let mut cube = Cube {
                low,
                side,
                cut: false,
                before: 0.0,
                share: side.powi(3),
            };
            if f < -half_diagonal * side {
                cubes.push(cube);
            } else if side > 1.5 * longest / FINEST {
                let half = 0.5 * side;
                for corner in (0..8_u32).rev() {
                    open.push((
                        std::array::from_fn(|j| low[j] + half * f64::from(corner >> j & 1)),
                        half,
                    ));
                }
            } else {
                cube.cut = true;
                cubes.push(cube);
            }
        }
        cubes.par_iter_mut().filter(|cube| cube.cut).for_each(|cube| {
            let middle = cube.low.map(|v| v + 0.5 * cube.side);
            cube.share *= body.share(middle, cube.side, body.fraction(middle, cube.side), HALVINGS);
        });
        cubes.retain(|cube| cube.share > 1e-4 * cube.side.powi(3));
        let volume: f64 = cubes.iter().map(|cube| cube.share).sum();
        let mut before = 0.0;
        for cube in &mut cubes {
            cube.share /= volume;
            cube.before = before;
            before += cube.share;
        }
        Self { cubes, volume }
    }

    /// The same, `factor` times as large.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let cube = |cube: &Cube| Cube {
            low: cube.low.map(|v| v * factor),
            side: cube.side * factor,
            ..cube.clone()
        };
        Self {
            cubes: self.cubes.iter().map(cube).collect(),
            volume: self.volume * factor.powi(3),
        }
    }

    /// The point that belongs to numbers of the unit cube, uniform within its box: the numbers' own point if it is inside, and
    /// otherwise the first that is of a sequence that the numbers begin.
    pub(super) fn point(&self, unit: [f64; 3], inside: impl Fn([f64; 3]) -> bool) -> [f64; 3] {
        let index = self
            .cubes
            .partition_point(|cube| cube.before <= unit[0])
            .saturating_sub(1);
        let cube = &self.cubes[index];
        let mut u = [
            super::strata::within(unit[0], cube.before, cube.share),
            unit[1],
            unit[2],
        ];
        let mut state = u.iter().fold(0, |state, v| crate::sampler::mix(state, v.to_bits()));
        for _ in 0..TRIALS {
            let x = std::array::from_fn(|j| cube.low[j] + cube.side * u[j]);
            if !cube.cut || inside(x) {
                return x;
            }
            for v in &mut u {
                state = crate::sampler::mix(state, 1);
                *v = (state >> 11) as f64 / (1_u64 << 53) as f64;
            }
        }
        cube.low.map(|v| v + 0.5 * cube.side)
    }

    /// A rule in the numbers of [`Cubes::point`]: Gauss points in whole boxes, in cut ones the middles of `2·order` parts per
    /// direction as far as they are inside.
    pub(super) fn rule(&self, order: usize, inside: impl Fn([f64; 3]) -> bool) -> Vec<([f64; 3], f64)> {
        let gauss = gauss_legendre(order.max(1));
        let mut rule = Vec::new();
        for cube in &self.cubes {
            let number = |u: [f64; 3]| [cube.before + cube.share * u[0], u[1], u[2]];
            if !cube.cut {
                for &(x, wx) in &gauss {
                    for &(y, wy) in &gauss {
                        rule.extend(
                            gauss
                                .iter()
                                .map(|&(z, wz)| (number([x, y, z]), cube.share * wx * wy * wz)),
                        );
                    }
                }
                continue;
            }
            let mut held = parts(cube, 2 * order.max(1));
            held.retain(|x| inside(*x));
            let weight = cube.share / held.len() as f64;
            rule.extend(held.into_iter().map(|x| {
                (
                    number(std::array::from_fn(|j| (x[j] - cube.low[j]) / cube.side)),
                    weight,
                )
            }));
        }
        let sum: f64 = rule.iter().map(|(_, w)| w).sum();
        rule.iter_mut().for_each(|(_, w)| *w /= sum);
        rule
    }
}

/// The middles of n³ parts of a cube.
fn parts(cube: &Cube, n: usize) -> Vec<[f64; 3]> {
    let at = |axis: usize, i: usize| cube.low[axis] + cube.side * (i as f64 + 0.5) / n as f64;
    (0..n * n * n)
        .map(|i| [at(0, i % n), at(1, i / n % n), at(2, i / n / n)])
        .collect()
}

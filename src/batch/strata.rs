//! Strata: parts of the point set that every batch is drawn from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Collocation;
use super::draw::each_gradient;
use crate::jet::fused::Kernel;
use crate::jet::{CoordinateJet, Scalar};
use crate::sampler::Permutation;

/// Stratified batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Strata {
    /// What the points are divided by: `Distance(n)`, `Cells(n)` or `Boundary`.
    pub by: Divide,
    /// How many points each stratum gets: `Proportional` to its weight, or `Neyman`.
    pub allocation: Allocation,
    /// Steps between measurements of the variances for `Neyman`.
    pub every: usize,
}

impl Default for Strata {
    fn default() -> Self {
        Self {
            by: Divide::Distance(4),
            allocation: Allocation::Proportional,
            every: 100,
        }
    }
}

/// What strata are made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Divide {
    /// Bands of equal numbers of interior points by their distance to the nearest boundary.
    Distance(usize),
    /// Regions of the domain: equal cells, this many per coordinate.
    Cells(usize),
    /// The interior and each boundary are strata of all points together.
    Boundary,
}

impl Divide {
    /// The number of strata of the interior, of points with `axes` coordinates; `None` if it is not divided.
    pub fn count(&self, axes: usize) -> Option<usize> {
        match self {
            Self::Distance(bands) => Some(*bands),
            Self::Cells(per_axis) => Some(per_axis.saturating_pow(axes as u32)),
            Self::Boundary => None,
        }
    }

    /// The same with two parts at most.
    pub fn fewer(&self) -> Self {
        match self {
            Self::Distance(bands) => Self::Distance((*bands).min(2)),
            Self::Cells(per_axis) => Self::Cells((*per_axis).min(2)),
            Self::Boundary => Self::Boundary,
        }
    }
}

/// How many points of a batch each stratum gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Allocation {
    /// As many as its share of the points.
    Proportional,
    /// In proportion to its share times the spread of its gradients, which is measured while training runs (Neyman, *J. R.
    /// Stat. Soc.* 97 (1934) 558).
    Neyman,
}

/// Points per stratum whose gradients tell its spread.
const SAMPLE: usize = 128;

/// The strata of the interior.
pub(super) struct Stratification {
    /// Points of each stratum.
    pub(super) members: Vec<Vec<usize>>,
    /// Share of a batch that each gets, in any unit.
    pub(super) shares: Vec<f64>,
}

impl Stratification {
    pub(super) fn new(by: &Divide, collocation: &Collocation<'_>) -> Self {
        let (source, interior) = (collocation.source(), &collocation.terms[0]);
        let n = interior.len();
        let mut members: Vec<Vec<usize>> = match by {
            Divide::Distance(bands) => {
                let faces = source.shape().faces();
                let distance = |i: usize| {
                    let x = source.interior_point(interior.unit(i));
                    let x = [x[0], x[1], x[2]].map(CoordinateJet::constant);
                    faces
                        .iter()
                        .map(|face| source.shape().distance(*face, x).value)
                        .fold(f64::INFINITY, f64::min)
                };
                let mut order: Vec<(f64, usize)> = (0..n).map(|i| (distance(i), i)).collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0));
                let length = n.div_ceil((*bands).max(1)).max(1);
                order
                    .chunks(length)
                    .map(|band| band.iter().map(|(_, i)| *i).collect())
                    .collect()
            }
            Divide::Cells(per_axis) => {
                let axes = source.axes(0);
                let mut cells = vec![Vec::new(); per_axis.pow(axes as u32)];
                for i in 0..n {
                    let unit = interior.unit(i);
                    let cell = (0..axes).rev().fold(0, |cell, axis| {
                        cell * per_axis + ((unit[axis] * *per_axis as f64) as usize).min(per_axis - 1)
                    });
                    cells[cell].push(i);
                }
                cells
            }
            Divide::Boundary => vec![(0..n).collect()],
        };
        members.retain(|members| !members.is_empty());
        let shares = members.iter().map(|members| members.len() as f64).collect();
        Self { members, shares }
    }

    /// Measures the spread of every stratum: N_h·σ_h with σ_h² the variance of its points' gradients.
    pub(super) fn neyman(&mut self, collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) {
        self.shares = self
            .members
            .iter()
            .map(|members| {
                let sample = fair_sample(members.len(), SAMPLE)
                    .map(|k| members[k])
                    .collect::<Vec<_>>();
                members.len() as f64 * spread(collocation, kernel, parameters, 0, &sample)
            })
            .collect();
    }
}

/// σ_t of the gradient of every term for [`Divide::Boundary`]: a term's mean over n points has the variance σ_t²/n.
pub(super) fn term_spreads(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Vec<f64> {
    (0..collocation.terms.len())
        .map(|t| {
            let n = collocation.terms[t].len();
            let sample: Vec<usize> = fair_sample(n, SAMPLE).collect();
            n as f64 * spread(collocation, kernel, parameters, t, &sample)
        })
        .collect()
}

/// Up to `count` of `n` indices, fairly.
pub(super) fn fair_sample(n: usize, count: usize) -> impl Iterator<Item = usize> {
    let permutation = Permutation::new(n, 0x5a3e);
    (0..n.min(count)).map(move |k| permutation.at(k))
}

/// The standard deviation of the gradients of some points.
fn spread(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64], t: usize, sample: &[usize]) -> f64 {
    let (mut mean, mut square) = (vec![0.0; parameters.len()], 0.0);
    each_gradient(collocation, kernel, parameters, t, sample, |_, gradient| {
        mean.iter_mut().zip(gradient).for_each(|(m, g)| *m += g);
        square += gradient.iter().map(|g| g * g).sum::<f64>();
    });
    let n = sample.len().max(1) as f64;
    (square / n - mean.iter().map(|m| (m / n) * (m / n)).sum::<f64>())
        .max(0.0)
        .sqrt()
}

/// Deals `total` out in proportion to `shares`: at least 1 and at most the cap each, rounded by largest remainder.
pub(super) fn allot(total: usize, shares: &[f64], caps: &[usize]) -> Vec<usize> {
    let sum: f64 = shares.iter().sum();
    let even = caps.iter().sum::<usize>() as f64;
    // Where no spread was measured points are dealt by number.
    let share = |h: usize| {
        if sum > 0.0 && sum.is_finite() {
            shares[h] / sum
        } else {
            caps[h] as f64 / even
        }
    };
    let exact: Vec<f64> = (0..caps.len()).map(|h| share(h) * total as f64).collect();
    let mut sizes: Vec<usize> = exact
        .iter()
        .zip(caps)
        .map(|(exact, cap)| (exact.floor() as usize).clamp(1, (*cap).max(1)))
        .collect();
    let mut order: Vec<usize> = (0..caps.len()).collect();
    order.sort_by(|&a, &b| {
        (exact[b] - exact[b].floor())
            .total_cmp(&(exact[a] - exact[a].floor()))
            .then(a.cmp(&b))
    });
    let target = total.min(caps.iter().sum());
    while sizes.iter().sum::<usize>() < target {
        let before: usize = sizes.iter().sum();
        for &h in &order {
            if sizes.iter().sum::<usize>() < target && sizes[h] < caps[h] {
                sizes[h] += 1;
            }
        }
        if sizes.iter().sum::<usize>() == before {
            break;
        }
    }
    // The least size of 1 may have made it too many: the largest give back.
    while sizes.iter().sum::<usize>() > total.max(caps.len()) {
        if let Some(h) = (0..sizes.len()).max_by_key(|&h| sizes[h]) {
            sizes[h] -= 1;
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allotments_add_up_and_keep_to_their_bounds() {
        assert_eq!(allot(10, &[1.0, 1.0, 2.0], &[100, 100, 100]).iter().sum::<usize>(), 10);
        assert_eq!(allot(8, &[1.0, 3.0], &[100, 100]), vec![2, 6]);
        assert_eq!(allot(8, &[0.0, 3.0], &[100, 100]), vec![1, 7]);
        assert_eq!(allot(50, &[1.0, 9.0], &[100, 10]), vec![40, 10]);
        assert_eq!(allot(6, &[0.0, 0.0], &[20, 40]), vec![2, 4]);
        assert_eq!(allot(1, &[5.0, 1.0, 1.0], &[9, 9, 9]), vec![1, 1, 1]);
    }
}

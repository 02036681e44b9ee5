//! How a batch is drawn from the points of every term.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strata::{Strata, Stratification, allot};
use super::{Allocation, Batch, Collocation, Divide, Points};
use crate::jet::fused::Kernel;
use crate::sampler::{Permutation, PointSet, mix, unit};

/// How a batch is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Draw {
    /// Shuffled epochs: every point once before any comes again.
    #[default]
    Shuffle,
    /// Every point of every batch at random, repetitions allowed.
    Replacement,
    /// New points from the sampler for every step.
    Fresh,
    /// With replacement, points in proportion to the norm of their gradient, weighted by its reciprocal: unbiased.
    Importance(Importance),
    /// From every stratum of the points its share.
    Strata(Strata),
}

/// Importance sampling.
///
/// p_i = (1 − uniform)·s_i/Σs + uniform·w_i/Σw with s_i = |∇(w_i·|r_i|²)|, and a factor 1/(B·p_i) on the weight.
///
/// # Source
/// Katharopoulos & Fleuret, *Not all samples are created equal*, 2018; for PINNs Nabian, Gladstone & Meidani, *Comput.-Aided
/// Civ. Infrastruct. Eng.* 36 (2021) 962.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Importance {
    /// Steps between measurements of the norms; each costs about two full-batch gradients.
    pub every: usize,
    /// Share of plain sampling, which bounds the factors; in (0, 1].
    pub uniform: f64,
}

impl Default for Importance {
    fn default() -> Self {
        Self {
            every: 100,
            uniform: 0.1,
        }
    }
}

/// Jitter as augmentation: each of the M points of a batch gives A points, moved by up to `size` of the domain and mirrored
/// at its boundary, with the M points' weights shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Jitter {
    /// Points per point, A.
    pub copies: usize,
    /// Largest move as a share of the domain per coordinate, in (0, 1].
    pub size: f64,
}

impl Default for Jitter {
    fn default() -> Self {
        Self { copies: 4, size: 0.02 }
    }
}

impl Jitter {
    /// The `copy`-th neighbour of a point; uniform points stay uniform.
    pub fn shift(&self, point: [f64; 4], key: u64, copy: usize) -> [f64; 4] {
        std::array::from_fn(|axis| {
            let moved = point[axis] + self.size * (2.0 * unit(key, (copy * 4 + axis) as u64) - 1.0);
            let mirrored = if moved < 0.0 { -moved } else { moved };
            let inside = if mirrored >= 1.0 { 2.0 - mirrored } else { mirrored };
            inside.clamp(0.0, 1.0 - f64::EPSILON / 2.0)
        })
    }
}

/// Fewest points of a boundary in a step.
const FEWEST: usize = 16;

/// Points of one term for one step.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Points of the set, with factors on their weights.
    Of {
        /// Which.
        indices: Vec<usize>,
        /// By what the weight of each is multiplied.
        factors: Vec<f64>,
    },
    /// Points that are not in the set, with their weights.
    New {
        /// Points of the unit cube.
        units: Vec<[f64; 4]>,
        /// The weight of each in the loss.
        weights: Vec<f64>,
    },
}

impl Selection {
    /// Number of points.
    pub fn len(&self) -> usize {
        match self {
            Self::Of { indices, .. } => indices.len(),
            Self::New { units, .. } => units.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The points `first..end`.
    pub fn part(&self, first: usize, end: usize) -> Self {
        match self {
            Self::Of { indices, factors } => Self::Of {
                indices: indices[first..end].to_vec(),
                factors: factors[first..end].to_vec(),
            },
            Self::New { units, weights } => Self::New {
                units: units[first..end].to_vec(),
                weights: weights[first..end].to_vec(),
            },
        }
    }

    fn extend(&mut self, other: Self) {
        if let (
            Self::Of { indices, factors },
            Self::Of {
                indices: more,
                factors: further,
            },
        ) = (self, other)
        {
            indices.extend(more);
            factors.extend(further);
        }
    }
}

/// Where the drawing stands; with the seed and the points it determines all further batches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrawState {
    /// Points drawn so far per term, or per stratum of the interior followed by the other terms.
    cursors: Vec<u64>,
    /// Batches drawn so far.
    batches: u64,
    /// The parameters at which gradients were last measured.
    anchor: Option<Vec<f64>>,
}

/// Draws batches.
pub struct Drawer<'p> {
    points: &'p Points,
    seed: u64,
    /// Where the drawing stands.
    pub state: DrawState,
    /// Importance: cumulated probabilities per term.
    cumulated: Vec<Vec<f64>>,
    /// Strata: the points of each stratum of the interior, and the share of a batch that each gets.
    strata: Option<Stratification>,
    /// Shares of the terms, if they are strata.
    term_shares: Option<Vec<f64>>,
}

impl<'p> Drawer<'p> {
    /// Draws from `collocation` as `points` says; `state` is that of an interrupted run or the default.
    pub fn new(
        points: &'p Points,
        seed: u64,
        state: DrawState,
        collocation: &Collocation<'_>,
        kernel: &Kernel<f64>,
    ) -> Self {
        let mut drawer = Self {
            points,
            seed,
            state,
            cumulated: Vec::new(),
            strata: None,
            term_shares: None,
        };
        drawer.divide(collocation);
        if let Some(anchor) = drawer.state.anchor.clone() {
            drawer.measure(collocation, kernel, &anchor);
        }
        drawer
    }

    /// Adjusts to another set of points; what was measured on the old one is forgotten.
    pub fn restart(&mut self, collocation: &Collocation<'_>) {
        self.state.anchor = None;
        self.divide(collocation);
    }

    fn divide(&mut self, collocation: &Collocation<'_>) {
        if let Draw::Strata(strata) = &self.points.draw {
            self.strata = match strata.by {
                Divide::Boundary => None,
                _ => Some(Stratification::new(&strata.by, collocation)),
            };
        }
        self.cumulated.clear();
        self.term_shares = None;
    }

    /// Steps between measurements of gradients, if the drawing asks for any.
    pub fn every(&self) -> Option<usize> {
        match &self.points.draw {
            Draw::Importance(importance) => Some(importance.every),
            Draw::Strata(strata) if strata.allocation == Allocation::Neyman => Some(strata.every),
            _ => None,
        }
    }

    /// Measures gradients at `parameters`, for importance and Neyman's allocation.
    pub fn measure(&mut self, collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) {
        match &self.points.draw {
            Draw::Importance(importance) => {
                self.cumulated = (0..collocation.terms.len())
                    .map(|t| {
                        let norms = gradient_norms(collocation, kernel, parameters, t);
                        let term = &collocation.terms[t];
                        let total: f64 = norms.iter().sum();
                        let mut sum = 0.0;
                        norms
                            .iter()
                            .enumerate()
                            .map(|(i, norm)| {
                                let plain = term.share(i);
                                sum += if total > 0.0 {
                                    (1.0 - importance.uniform) * norm / total + importance.uniform * plain
                                } else {
                                    plain
                                };
                                sum
                            })
                            .collect()
                    })
                    .collect();
            }
            Draw::Strata(strata) if strata.allocation == Allocation::Neyman => {
                if let Some(stratification) = &mut self.strata {
                    stratification.neyman(collocation, kernel, parameters);
                } else {
                    self.term_shares = Some(super::strata::term_spreads(collocation, kernel, parameters));
                }
            }
            _ => return,
        }
        self.state.anchor = Some(parameters.to_vec());
    }

    /// Points per step of every term for `batch` interior points.
    pub fn sizes(&self, collocation: &Collocation<'_>, batch: usize) -> Vec<usize> {
        let terms = &collocation.terms;
        let interior = terms[0].len().max(1);
        let share = batch as f64 / self.points.batch_size(interior).max(1) as f64;
        let given = match &self.points.batch {
            Some(Batch::Sizes(sizes)) => Some(sizes),
            _ => None,
        };
        let sizes: Vec<usize> = terms
            .iter()
            .enumerate()
            .map(|(t, term)| {
                let size = match given.and_then(|sizes| sizes.get(&term.name)) {
                    Some(size) if t > 0 => (*size as f64 * share).round() as usize,
                    _ if t == 0 => batch,
                    // A product of counts may exceed 64 bits.
                    _ => ((term.len() as u128 * batch as u128).div_ceil(interior as u128) as usize).max(FEWEST),
                };
                size.clamp(1, term.len())
            })
            .collect();
        let (Some(shares), Draw::Strata(_)) = (&self.term_shares, &self.points.draw) else {
            return sizes;
        };
        let caps: Vec<usize> = terms.iter().map(|term| term.len()).collect();
        allot(sizes.iter().sum(), shares, &caps)
    }

    /// Some batches drawn in the same way that leave no trace in the run's own sequence; `key` makes them new.
    pub fn aside(
        &mut self,
        collocation: &Collocation<'_>,
        batch: usize,
        count: usize,
        key: u64,
    ) -> Vec<Vec<Selection>> {
        let (seed, state) = (self.seed, self.state.clone());
        self.seed = mix(mix(seed, 0xa51d), key);
        self.state.cursors.clear();
        let batches = (0..count).map(|_| self.next(collocation, batch)).collect();
        (self.seed, self.state) = (seed, state);
        batches
    }

    /// The next batch of every term.
    pub fn next(&mut self, collocation: &Collocation<'_>, batch: usize) -> Vec<Selection> {
        let sizes = self.sizes(collocation, batch);
        let strata = self.strata.as_ref().map_or(1, |strata| strata.members.len());
        self.state.cursors.resize(strata + sizes.len() - 1, 0);
        let step = self.state.batches;
        self.state.batches += 1;
        let selections: Vec<Selection> = (0..sizes.len())
            .map(|t| {
                let (n, b) = (collocation.terms[t].len(), sizes[t]);
                let cursor = if t == 0 { 0 } else { strata + t - 1 };
                match &self.points.draw {
                    Draw::Fresh => self.fresh(collocation, t, b, step),
                    Draw::Replacement => {
                        let key = mix(self.seed, t as u64);
                        let chance = |k: u64| (unit(key, self.state.cursors[cursor] + k) * n as f64) as usize;
                        let indices = (0..b as u64).map(chance).collect();
                        self.state.cursors[cursor] += b as u64;
                        Selection::Of {
                            indices,
                            factors: vec![n as f64 / b as f64; b],
                        }
                    }
                    Draw::Importance(_) if !self.cumulated.is_empty() => self.weighted(collocation, t, b, cursor),
                    Draw::Strata(_) if t == 0 && self.strata.is_some() => self.stratified(b),
                    _ => self.shuffled(n, b, cursor, t as u64),
                }
            })
            .collect();
        match &self.points.jitter {
            Some(jitter) => selections
                .into_iter()
                .enumerate()
                .map(|(t, selection)| {
                    let key = mix(mix(self.seed, 0x7177 + t as u64), step);
                    jittered(jitter, collocation, t, &selection, key)
                })
                .collect(),
            None => selections,
        }
    }

    /// The next points of `n` in shuffled epochs of ⌈n/b⌉ batches. What is left of an epoch is dealt out evenly, so that sizes
    /// differ by 1 at most instead of leaving a last batch of a few points; each batch of m points is weighted by n/m, which
    /// makes its expected gradient the full one, and the mean over an epoch weighted by m is exactly the full gradient.
    fn shuffled(&mut self, n: usize, b: usize, cursor: usize, stream: u64) -> Selection {
        let at = self.state.cursors[cursor];
        let (epoch, first) = (at / n as u64, (at % n as u64) as usize);
        let left = n - first;
        let end = first + left.div_ceil(left.div_ceil(b));
        self.state.cursors[cursor] += (end - first) as u64;
        let permutation = Permutation::new(n, mix(mix(self.seed, stream), epoch));
        Selection::Of {
            indices: (first..end).map(|i| permutation.at(i)).collect(),
            factors: vec![n as f64 / (end - first) as f64; end - first],
        }
    }

    fn stratified(&mut self, b: usize) -> Selection {
        let Some(strata) = self.strata.take() else {
            return self.shuffled(1, 1, 0, 0);
        };
        let mut all = Selection::Of {
            indices: Vec::new(),
            factors: Vec::new(),
        };
        let caps: Vec<usize> = strata.members.iter().map(Vec::len).collect();
        for (h, (members, size)) in strata.members.iter().zip(allot(b, &strata.shares, &caps)).enumerate() {
            let mut part = self.shuffled(members.len(), size, h, 0x57a0 + h as u64);
            if let Selection::Of { indices, .. } = &mut part {
                indices.iter_mut().for_each(|i| *i = members[*i]);
            }
            all.extend(part);
        }
        self.strata = Some(strata);
        all
    }

    fn weighted(&mut self, collocation: &Collocation<'_>, t: usize, b: usize, cursor: usize) -> Selection {
        let key = mix(self.seed, 0x1390 + t as u64);
        let cumulated = &self.cumulated[t];
        let total = cumulated.last().copied().unwrap_or(1.0);
        let first = self.state.cursors[cursor];
        self.state.cursors[cursor] += b as u64;
        let (mut indices, mut factors) = (Vec::with_capacity(b), Vec::with_capacity(b));
        for k in 0..b as u64 {
            let level = unit(key, first + k) * total;
            let i = cumulated
                .partition_point(|sum| *sum <= level)
                .min(collocation.terms[t].len() - 1);
            let below = if i > 0 { cumulated[i - 1] } else { 0.0 };
            indices.push(i);
            factors.push(total / (b as f64 * (cumulated[i] - below)));
        }
        Selection::Of { indices, factors }
    }

    fn fresh(&self, collocation: &Collocation<'_>, t: usize, b: usize, step: u64) -> Selection {
        let seed = mix(mix(self.seed, 0xf4e5 + t as u64), step);
        let set = PointSet::new(
            self.points.sampler.unwrap_or_default(),
            b,
            collocation.source().axes(t),
            seed,
        );
        let weight = collocation.terms[t].weight;
        Selection::New {
            units: set.points(),
            weights: (0..set.len()).map(|i| weight * set.weight(i)).collect(),
        }
    }
}

/// Each selected point as `copies` neighbours that share its weight.
fn jittered(jitter: &Jitter, collocation: &Collocation<'_>, t: usize, selection: &Selection, key: u64) -> Selection {
    let term = &collocation.terms[t];
    let Selection::Of { indices, factors } = selection else {
        return selection.clone();
    };
    let (mut units, mut weights) = (Vec::new(), Vec::new());
    for (k, (&i, factor)) in indices.iter().zip(factors).enumerate() {
        for copy in 0..jitter.copies {
            units.push(jitter.shift(term.unit(i), mix(key, k as u64), copy));
            weights.push(term.point_weight(i) * factor / jitter.copies as f64);
        }
    }
    Selection::New { units, weights }
}

/// Bytes of the gradients that are held at once.
const CHUNK_BYTES: usize = 8 << 20;

/// Calls `work` with the gradient of every selected point, `[p]` each, in order.
pub(super) fn each_gradient(
    collocation: &Collocation<'_>,
    kernel: &Kernel<f64>,
    parameters: &[f64],
    t: usize,
    indices: &[usize],
    mut work: impl FnMut(usize, &[f64]),
) {
    let p = parameters.len();
    let size = (CHUNK_BYTES / (8 * p)).clamp(64, 4096);
    let mut gradients = vec![0.0; size.min(indices.len()) * p];
    for (chunk, indices) in indices.chunks(size).enumerate() {
        let rows = collocation.pick(t, indices);
        kernel.point_gradients(parameters, &rows, 0, indices.len(), &mut gradients);
        for (k, gradient) in gradients.chunks(p).take(indices.len()).enumerate() {
            work(chunk * size + k, gradient);
        }
    }
}

/// |∇(w_i·|r_i|²)| of all points of a term.
fn gradient_norms(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64], t: usize) -> Vec<f64> {
    let n = collocation.terms[t].len();
    let mut norms = vec![0.0; n];
    let all: Vec<usize> = (0..n).collect();
    each_gradient(collocation, kernel, parameters, t, &all, |i, gradient| {
        norms[i] = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    });
    norms
}

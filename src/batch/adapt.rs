//! Points that move to where the residual is large.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Collocation;
use crate::jet::fused::Kernel;
use crate::sampler::{PointSet, SamplerKind, mix, unit};

/// Residual-adaptive interior points. The loss is the plain mean over the points there are, as in the source.
///
/// # Source
/// Wu, Zhu, Tan, Kartha & Lu, *Comput. Methods Appl. Mech. Eng.* 403 (2023) 115671, algorithms 2 and 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Adapt {
    /// Replaces all points by others with density |r|^exponent/mean + offset.
    Rad(Rad),
    /// Adds points with that density to those there are.
    RarD(RarD),
}

/// Residual-based adaptive distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rad {
    /// Steps between replacements.
    pub every: usize,
    /// Power of the residual.
    pub exponent: f64,
    /// Share of the uniform density.
    pub offset: f64,
    /// Candidates per point.
    pub candidates: usize,
}

impl Default for Rad {
    fn default() -> Self {
        Self {
            every: 200,
            exponent: 1.0,
            offset: 1.0,
            candidates: 8,
        }
    }
}

/// Residual-based adaptive refinement with distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RarD {
    /// Steps between additions.
    pub every: usize,
    /// Points added each time.
    pub add: usize,
    /// Power of the residual.
    pub exponent: f64,
    /// Share of the uniform density.
    pub offset: f64,
    /// Candidates per added point.
    pub candidates: usize,
}

impl Default for RarD {
    fn default() -> Self {
        Self {
            every: 100,
            add: 64,
            exponent: 2.0,
            offset: 0.0,
            candidates: 32,
        }
    }
}

/// Most candidates at once.
const CHUNK: usize = 8192;

impl Adapt {
    /// Steps between changes.
    pub fn every(&self) -> usize {
        match self {
            Self::Rad(rad) => rad.every,
            Self::RarD(rar) => rar.every,
        }
    }

    /// Points that are looked at when `points` are replaced or added to.
    pub fn candidates(&self, points: usize) -> usize {
        match self {
            Self::Rad(rad) => points.saturating_mul(rad.candidates),
            Self::RarD(rar) => rar.add.saturating_mul(rar.candidates),
        }
    }

    /// Whether its numbers make sense.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        let (every, exponent, offset, candidates, add) = match self {
            Self::Rad(rad) => (rad.every, rad.exponent, rad.offset, rad.candidates, 1),
            Self::RarD(rar) => (rar.every, rar.exponent, rar.offset, rar.candidates, rar.add),
        };
        for (name, value) in [("every", every), ("candidates", candidates), ("add", add)] {
            if value == 0 {
                return Err(format!("{name} = 0 must be at least 1"));
            }
        }
        for (name, value) in [("exponent", exponent), ("offset", offset)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(format!("{name} = {value} must not be negative"));
            }
        }
        Ok(())
    }

    /// The new list of interior points.
    pub fn points(
        &self,
        collocation: &Collocation<'_>,
        kernel: &Kernel<f64>,
        parameters: &[f64],
        seed: u64,
    ) -> Vec<[f64; 4]> {
        let n = collocation.terms[0].len();
        match self {
            Self::Rad(rad) => choose(
                collocation,
                kernel,
                parameters,
                seed,
                n,
                rad.candidates,
                (rad.exponent, rad.offset),
            ),
            Self::RarD(rar) => {
                let mut list: Vec<[f64; 4]> = (0..n).map(|i| collocation.terms[0].unit(i)).collect();
                let law = (rar.exponent, rar.offset);
                list.extend(choose(
                    collocation,
                    kernel,
                    parameters,
                    seed,
                    rar.add,
                    rar.candidates,
                    law,
                ));
                list
            }
        }
    }
}

/// `count` of `count·candidates` uniform points with density |r|^exponent/mean + offset, by systematic sampling: no two
/// points are equal unless one candidate carries more than a 1/count of the density.
fn choose(
    collocation: &Collocation<'_>,
    kernel: &Kernel<f64>,
    parameters: &[f64],
    seed: u64,
    count: usize,
    candidates: usize,
    (exponent, offset): (f64, f64),
) -> Vec<[f64; 4]> {
    let source = collocation.source();
    let pool = PointSet::new(SamplerKind::Uniform, count * candidates, source.axes(0), seed);
    let mut density = Vec::with_capacity(pool.len());
    for start in (0..pool.len()).step_by(CHUNK) {
        let units: Vec<[f64; 4]> = (start..(start + CHUNK).min(pool.len()))
            .map(|i| pool.point(i))
            .collect();
        let rows = source.rows(0, &units);
        let residuals = kernel.residuals(parameters, &rows);
        density.extend(
            residuals
                .chunks(rows.residuals)
                .map(|r| r.iter().map(|r| r * r).sum::<f64>().sqrt().powf(exponent)),
        );
    }
    let mean = density.iter().sum::<f64>() / density.len() as f64;
    let law = |value: f64| {
        if mean > 0.0 && mean.is_finite() {
            value / mean + offset
        } else {
            1.0
        }
    };
    let total: f64 = density.iter().map(|value| law(*value)).sum();
    let step = total / count as f64;
    let (mut chosen, mut sum) = (Vec::with_capacity(count), 0.0);
    let mut next = step * unit(mix(seed, 1), 0);
    for (i, value) in density.iter().enumerate() {
        sum += law(*value);
        while next < sum && chosen.len() < count {
            chosen.push(pool.point(i));
            next += step;
        }
    }
    while chosen.len() < count {
        chosen.push(pool.point(pool.len() - 1 - chosen.len() % pool.len()));
    }
    chosen
}

//! How many collocation points there are, how they are chosen, and how many a step takes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Adapt, Draw, Jitter};
use crate::sampler::SamplerKind;

/// Collocation points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    /// Points inside the domain.
    pub interior: usize,
    /// Points on all boundaries together, dealt out by their size.
    pub boundary: usize,
    /// Points per first-order step: a number of interior points (boundary points follow in proportion), a size per loss term
    /// `{"interior": 512, "right traction": 64}`, `Full`, `Naive` or `Auto`; 512 or all if there are fewer.
    pub batch: Option<Batch>,
    /// Points whose activations and rows are held at once, as many as fit by default; the gradient stays that of the whole batch.
    pub micro_batch: Option<usize>,
    /// How points are chosen: by default Sobol points, and Gauss–Legendre points for an energy.
    pub sampler: Option<SamplerKind>,
    /// How a batch is drawn from them.
    pub draw: Draw,
    /// Moves every point of a batch a little, several times over.
    pub jitter: Option<Jitter>,
    /// Moves points to where the residual is large while first-order stages run.
    pub adapt: Option<Adapt>,
}

impl Default for Points {
    fn default() -> Self {
        Self {
            interior: 2048,
            boundary: 512,
            batch: None,
            micro_batch: None,
            sampler: None,
            draw: Draw::default(),
            jitter: None,
            adapt: None,
        }
    }
}

impl Points {
    /// Interior points per first-order step, of `interior` points; `Auto` counts as the default until it is decided.
    pub fn batch_size(&self, interior: usize) -> usize {
        match &self.batch {
            None | Some(Batch::All(Whole::Auto)) => interior.min(512),
            Some(Batch::Size(size)) => (*size).min(interior),
            Some(Batch::Sizes(sizes)) => sizes.get("interior").copied().unwrap_or(512).min(interior),
            Some(Batch::All(Whole::Full | Whole::Naive)) => interior,
        }
    }

    /// The number of strata of the interior, of points with `axes` coordinates, if it is divided.
    pub fn strata(&self, axes: usize) -> Option<usize> {
        match &self.draw {
            Draw::Strata(strata) => strata.by.count(axes),
            _ => None,
        }
    }

    /// Whether activations of the whole batch are to be held at once.
    pub fn naive(&self) -> bool {
        self.batch == Some(Batch::All(Whole::Naive))
    }
}

/// A mini-batch size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a batch is a whole number of points, sizes such as {\"interior\": 512}, or one of `Full`, `Naive`, `Auto`"
)]
pub enum Batch {
    /// Interior points per step.
    Size(usize),
    /// `Full`, `Naive` or `Auto`.
    All(Whole),
    /// Points per step by name of the loss term.
    Sizes(BTreeMap<String, usize>),
}

/// Batches without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Whole {
    /// All points in every step, evaluated block by block.
    Full,
    /// All points in every step and all their activations in memory at once, as programs without mini-batches do it; for
    /// comparison.
    Naive,
    /// The size with the least expected time, from gradient noise and step times measured at the start (see `pinn noise`).
    Auto,
}

//! The problem file as written: one RON struct, checked for its shape only.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Expression;
use crate::condition::ConditionKind;
use crate::equation::EquationKind;
use crate::geometry::GeometryKind;
use crate::loss::Weights;
use crate::network::NetworkKind;
use crate::sampler::SamplerKind;
use crate::training::StageKind;

/// A whole experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "Problem")]
pub struct ProblemFile {
    /// One line that says what is solved.
    pub title: String,
    /// Named numbers for use in formulas; they may refer to each other.
    #[serde(default)]
    pub constants: BTreeMap<String, Expression>,
    /// The domain.
    pub geometry: GeometryKind,
    /// End time of a transient problem, s; it starts at t = 0.
    #[serde(default)]
    pub time: Option<Expression>,
    /// What is solved.
    pub equation: EquationKind,
    /// What holds on the boundaries; a boundary that is not named is free.
    #[serde(default)]
    pub conditions: Vec<ConditionKind>,
    /// How many points, how chosen, how many per step.
    #[serde(default)]
    pub points: Points,
    /// The function that is trained.
    #[serde(default)]
    pub network: NetworkKind,
    /// How loss terms are weighted against each other.
    #[serde(default)]
    pub weights: Weights,
    /// The training stages in order.
    #[serde(default = "crate::training::default_stages")]
    pub training: Vec<StageKind>,
    /// What the result is compared with.
    #[serde(default)]
    pub reference: Option<Reference>,
    /// Largest relative L2 error that counts as solved; needs a reference.
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
    /// What is written.
    #[serde(default)]
    pub output: Output,
    /// Seed of every random number.
    #[serde(default)]
    pub seed: u64,
}

/// Collocation points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    /// Points inside the domain.
    pub interior: usize,
    /// Points on all boundaries together, dealt out by their size.
    pub boundary: usize,
    /// Interior points per first-order step, 512 or all if there are fewer; boundary points follow in proportion.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// How points are chosen.
    pub sampler: SamplerKind,
    /// Draw new points for every first-order step instead of shuffling a fixed set.
    pub fresh: bool,
}

impl Default for Points {
    fn default() -> Self {
        Self {
            interior: 2048,
            boundary: 512,
            batch: None,
            sampler: SamplerKind::default(),
            fresh: false,
        }
    }
}

impl Points {
    /// Interior points per first-order step.
    pub fn batch_size(&self) -> usize {
        match self.batch {
            None => self.interior.min(512),
            Some(Batch::Size(size)) => size.min(self.interior),
            Some(Batch::All(_)) => self.interior,
        }
    }
}

/// A mini-batch size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a batch is a whole number of points or the word `Full`")]
pub enum Batch {
    /// Points per step.
    Size(usize),
    /// `Full`: all points in every step.
    All(Full),
}

/// The word `Full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Full {
    /// All points in every step.
    Full,
}

/// What the result is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Reference {
    /// A closed-form solution.
    Exact(Exact),
}

/// A closed-form solution; its flux follows by differentiation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exact {
    /// Displacement along x, m.
    pub ux: Option<Expression>,
    /// Displacement along y, m.
    pub uy: Option<Expression>,
    /// Displacement along z, m.
    pub uz: Option<Expression>,
    /// Temperature, K.
    pub value: Option<Expression>,
}

/// Largest relative L2 errors that count as solved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a tolerance is a number such as 1e-3, or (field: 1e-3, flux: 1e-2)"
)]
pub enum Tolerance {
    /// Of the field only: `1e-3`.
    Field(f64),
    /// Of the field and of its flux (stress or heat flux): `(field: 1e-3, flux: 1e-2)`.
    Both(Limits),
}

/// Tolerances of the field and of its flux.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of displacement or temperature.
    pub field: f64,
    /// Of stress or heat flux.
    #[serde(default)]
    pub flux: Option<f64>,
}

impl Tolerance {
    /// The tolerance of the field, and that of the flux if one is given.
    pub fn parts(self) -> (f64, Option<f64>) {
        match self {
            Self::Field(field) => (field, None),
            Self::Both(limits) => (limits.field, limits.flux),
        }
    }
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// About how many cells the grid of `solution.vtu` has.
    pub cells: usize,
    /// Number of instants written for a transient problem, besides the last one in `solution.vtu`.
    pub frames: usize,
    /// Points at which errors are measured.
    pub check_points: usize,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            cells: 10_000,
            frames: 11,
            check_points: 20_000,
        }
    }
}

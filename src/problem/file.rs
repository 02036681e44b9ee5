//! The problem file as written: one RON struct, checked for its shape only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Material;
use crate::batch::Points;
use crate::condition::ConditionKind;
use crate::equation::EquationKind;
use crate::formulation::Formulation;
use crate::geometry::GeometryKind;
use crate::loss::Weights;
use crate::network::NetworkKind;
use crate::quantity::Expression;
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
    /// Several materials by name, `{"steel": (young: 210e9, poisson: 0.3), "rubber": (…, where: "y > h")}`: with `where` in
    /// each but one, or with the names of the geometry's regions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub materials: BTreeMap<String, Material>,
    /// What holds on the boundaries; a boundary that is not named is free.
    #[serde(default)]
    pub conditions: Vec<ConditionKind>,
    /// How many points, how chosen, how many per step.
    #[serde(default)]
    pub points: Points,
    /// Largest resident memory of the run, for example `"512 MiB"`; decides what is stored and how much is done at once.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// The function that is trained; by default what goes with the training.
    #[serde(default)]
    pub network: Option<NetworkKind>,
    /// What is minimised: `Strong`, `Energy`, `Mixed`; by default `Strong`, and `Energy` where that does not solve a steady
    /// problem.
    #[serde(default)]
    pub formulation: Option<Formulation>,
    /// How loss terms are weighted against each other.
    #[serde(default)]
    pub weights: Weights,
    /// The training stages in order; by default what the problem turns out to need: random features with their output layer
    /// solved for, and a trained network if the residual is not small enough then.
    #[serde(default)]
    pub training: Option<Vec<StageKind>>,
    /// A field near the solution, `(value: "4*(1 - x^2 - y^2)")`: where a nonlinear problem starts, and which of several solutions it
    /// finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_guess: Option<Exact>,
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

impl ProblemFile {
    /// The paths of all files that it names.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let table = match &mut self.reference {
            Some(Reference::Table(path)) => Some(path),
            _ => None,
        };
        self.geometry.mesh_path().into_iter().chain(table)
    }

    /// What is minimised.
    pub fn formulation(&self) -> Formulation {
        self.formulation.unwrap_or_default()
    }
}

/// An amount of memory: a number with a unit, as in `"512 MiB"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Memory(pub String);

impl Memory {
    /// Bytes; `None` if the text is not an amount.
    pub fn bytes(&self) -> Option<u64> {
        let text = self.0.trim();
        let digits = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let value: f64 = text[..digits].parse().ok()?;
        let unit = match text[digits..].trim() {
            "B" => 1.0,
            "KiB" => 1024.0,
            "MiB" => 1024.0 * 1024.0,
            "GiB" => 1024.0 * 1024.0 * 1024.0,
            "TiB" => 1024.0_f64.powi(4),
            "kB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "TB" => 1e12,
            _ => return None,
        };
        Some((value * unit) as u64)
    }
}

/// What the result is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Reference {
    /// A closed-form solution.
    Exact(Exact),
    /// A closed-form solution for each of several materials: `PerMaterial({"core": (value: "…"), "rest": (value: "…")})`.
    PerMaterial(BTreeMap<String, Exact>),
    /// Numbers at places, such as published ones: `Values([(at: [48, 52], uy: 23.9677)])`.
    Values(Vec<KnownValue>),
    /// A file of numbers at places, such as another program's results: comma-separated columns `x`, `y`, `z`, `t` and `ux`, `uy`, `uz` or
    /// `value` under a line of names.
    Table(PathBuf),
}

/// What is known at a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownValue {
    /// The place, m.
    pub at: Vec<Expression>,
    /// The instant of a transient problem, s; by default its end.
    #[serde(default)]
    pub t: Option<Expression>,
    /// Displacement along x, m.
    #[serde(default)]
    pub ux: Option<Expression>,
    /// Displacement along y, m.
    #[serde(default)]
    pub uy: Option<Expression>,
    /// Displacement along z, m.
    #[serde(default)]
    pub uz: Option<Expression>,
    /// Temperature, K.
    #[serde(default)]
    pub value: Option<Expression>,
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
    /// Places whose values are reported, `[[48, 52], [24, 22]]`, m; at the end of a transient problem.
    pub probes: Vec<Vec<Expression>>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            cells: 10_000,
            frames: 11,
            check_points: 20_000,
            probes: Vec::new(),
        }
    }
}

//! `summary.json`: what was run, how it went, how good the result is.

use serde::Serialize;

use crate::quantity::Scales;
use crate::solution::{Balance, Comparison, Errors, Estimate, Potential, Residuals, Warning};
use crate::training::{Sharpness, StageReport};

/// Everything that a comparison of runs needs.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The problem's title.
    pub title: String,
    /// Version of this program.
    pub version: &'static str,
    /// Version of Burn.
    pub burn: &'static str,
    /// Device of first-order stages and full-batch evaluations.
    pub device: String,
    /// What evaluates jets there: the fused kernel or Burn tensor operations.
    pub core: &'static str,
    /// Threads of the CPU.
    pub threads: usize,
    /// Seed of every random number.
    pub seed: u64,
    /// Whether the run was shortened by `--quick`.
    pub quick: bool,
    /// The units of the dimensionless problem.
    pub scales: Scales,
    /// Size of the field per component, in units of the field scale.
    pub output_scale: Vec<f64>,
    /// Parameters of the network.
    pub parameters: usize,
    /// Points and weight per loss term.
    pub terms: Vec<TermSummary>,
    /// The stages.
    pub stages: Vec<StageReport>,
    /// How sharp the minimum is that training ended in.
    pub sharpness: Sharpness,
    /// Decisions that the user should know of.
    pub notes: Vec<String>,
    /// Wall time of the whole run, s.
    pub seconds: f64,
    /// Where it went.
    pub times: Times,
    /// Whether the rows of all points were kept in memory.
    pub points_stored: bool,
    /// Largest resident size that was expected, bytes.
    pub predicted_memory_bytes: u64,
    /// Largest resident size of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Relative errors against the reference on fresh points in f64.
    pub errors: Option<Errors>,
    /// The field beside known numbers, if the file gives some.
    pub comparison: Option<Comparison>,
    /// The potential energy on two rules, in the energy form.
    pub potential: Option<Potential>,
    /// The errors as estimated without the reference.
    pub estimate: Option<Estimate>,
    /// Points at which errors were measured.
    pub check_points: usize,
    /// Balances of forces or heat, of moments and of energy.
    pub balance: Balance,
    /// Values at the file's probes.
    pub probes: Vec<Probe>,
    /// Residuals of the equation on fresh points and on training points.
    pub residuals: Residuals,
    /// What speaks against the result; empty with `--quick` and for runs that did not come to their end.
    pub warnings: Vec<Warning>,
    /// How the run is judged.
    pub verdict: Verdict,
}

/// Where the wall time of a run went, s; what is left is between the stages.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// From the beginning to the first step: reading, checking, points and starting values.
    pub start: f64,
    /// The steps of all stages.
    pub steps: f64,
    /// Writing of fields and network.
    pub fields: f64,
    /// Errors, estimates, balances, sharpness: what this summary tells.
    pub checks: f64,
}

/// One loss term.
#[derive(Clone, Debug, Serialize)]
pub struct TermSummary {
    /// Its name.
    pub name: String,
    /// Its points.
    pub points: usize,
    /// Its weight.
    pub weight: f64,
}

/// How a run is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The tolerance was met, and so were the balances.
    Solved,
    /// The tolerance was missed.
    Missed,
    /// Forces, moments, heat or energy do not balance: see [`crate::solution::BALANCE_LIMIT`].
    Unbalanced,
    /// Balances are not known well enough to tell.
    Unknown,
    /// More features or points would change the result: see [`crate::solution::unsettled`].
    Unsettled,
    /// The user interrupted the run.
    Unfinished,
    /// The loss became non-finite, or stayed above that of no field: training diverged. The last good parameters were kept.
    Failed,
    /// The file states no tolerance (what can be judged without one is in order), or the run was shortened by `--quick`.
    Unjudged,
}

/// The result at one place.
#[derive(Clone, Debug, Serialize)]
pub struct Probe {
    /// Its coordinates, m.
    pub place: Vec<f64>,
    /// All quantities there.
    pub readings: Vec<Reading>,
}

/// One quantity at one place.
#[derive(Clone, Debug, Serialize)]
pub struct Reading {
    /// Its name in the VTK file.
    pub name: &'static str,
    /// Its components.
    pub values: Vec<f64>,
    /// SI unit.
    pub unit: String,
}

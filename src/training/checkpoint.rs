//! Where a run stands, so that it can go on after any interruption.

use serde::{Deserialize, Serialize};

use super::{StageReport, StageState};

/// Everything that the rest of a run depends on, besides the problem file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Version of the program that wrote it.
    pub version: String,
    /// The resolved problem file that it belongs to.
    pub problem: String,
    /// The device as on the command line.
    pub device: String,
    /// Whether the run was shortened by `--quick`.
    pub quick: bool,
    /// The weights λ of the terms; empty before they are known.
    pub weights: Vec<f64>,
    /// Size of the field per component.
    pub scale: Vec<f64>,
    /// The last parameters whose loss is known to be finite.
    pub parameters: Vec<f64>,
    /// Interior points in the unit cube, if they were adapted.
    pub adapted: Option<Vec<[f64; 4]>>,
    /// The stages that are done.
    pub reports: Vec<StageReport>,
    /// How many of them belong to earlier attempts than the one in work.
    pub earlier: usize,
    /// The best of the earlier attempts.
    pub best: Option<Trained>,
    /// The stage in work.
    pub stage: StageState,
    /// Wall time of the stage in work so far, s.
    pub stage_seconds: f64,
    /// Wall time of the run so far, s.
    pub seconds: f64,
    /// Bytes of `history.csv` that belong to what is done.
    pub history: u64,
}

impl Checkpoint {
    /// A run that has not come to its first parameters.
    pub fn begun(problem: String, device: String, quick: bool, history: u64) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            problem,
            device,
            quick,
            weights: Vec::new(),
            scale: Vec::new(),
            parameters: Vec::new(),
            adapted: None,
            reports: Vec::new(),
            earlier: 0,
            best: None,
            stage: StageState::Start,
            stage_seconds: 0.0,
            seconds: 0.0,
            history,
        }
    }
}

impl Trained {
    /// Whether it solves the problem better: by the energy if there is one, else by the residual.
    pub fn beats(&self, other: &Self) -> bool {
        match (self.energy, other.energy) {
            (Some(own), Some(others)) => own < others,
            _ => self.residual < other.residual,
        }
    }
}

/// What an attempt ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Which attempt.
    pub attempt: usize,
    /// Relative residual on fresh points.
    pub residual: f64,
    /// Potential energy on an independent rule, in the energy form.
    pub energy: Option<f64>,
    /// That of the best of the attempts before, or of the one after it that did not beat it.
    pub rival: Option<f64>,
    /// The weights λ of the terms.
    pub weights: Vec<f64>,
    /// Size of the field per component.
    pub scale: Vec<f64>,
    /// Interior points in the unit cube, if they were adapted.
    pub adapted: Option<Vec<[f64; 4]>>,
    /// The network's parameters.
    pub parameters: Vec<f64>,
}

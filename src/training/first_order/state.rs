//! Where a first-order stage stands.

use serde::{Deserialize, Serialize};

use super::stepper::Stepper;
use crate::batch::{DrawState, Drawer};

/// A first-order stage between two steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstOrderState {
    pub(super) step: usize,
    pub(super) parameters: Vec<f64>,
    pub(super) moments: Vec<Vec<f32>>,
    pub(in crate::training) average: Option<Vec<f32>>,
    pub(super) averaged: u64,
    pub(super) first_batch: usize,
    pub(super) batch: usize,
    /// Interior points of the last step.
    pub(super) drawn: usize,
    /// Interior points seen.
    pub(super) seen: u64,
    /// By what a plateau or noise has lowered the rate.
    pub(super) slowed: f64,
    pub(super) mean_loss: f64,
    pub(super) lowest: f64,
    pub(super) since_lowest: usize,
    pub(in crate::training) mean_norm: f64,
    pub(in crate::training) clipped: u64,
    /// Signal-to-noise ratio of the gradient when it was last measured.
    pub(super) signal: Option<f64>,
    pub(super) draw: DrawState,
    pub(super) last: f64,
    /// Losses since the last line of the history, of a device.
    #[serde(default)]
    pub(in crate::training) unjudged: Vec<f64>,
}

impl FirstOrderState {
    /// At the start, with so many interior points per step.
    pub(in crate::training) fn new(parameters: &[f64], batch: usize) -> Self {
        Self {
            parameters: parameters.to_vec(),
            first_batch: batch,
            batch,
            slowed: 1.0,
            lowest: f64::INFINITY,
            mean_loss: f64::NAN,
            mean_norm: f64::NAN,
            last: f64::NAN,
            ..Self::default()
        }
    }
}

/// Takes over what the stepper and the drawer hold.
pub(super) fn capture(state: &mut FirstOrderState, stepper: &mut dyn Stepper, drawer: &Drawer<'_>) {
    stepper.read(state);
    state.parameters = stepper.parameters();
    state.moments = stepper.moments();
    state.average = stepper.average().map(|mean| mean.iter().map(|v| *v as f32).collect());
    state.draw = drawer.state.clone();
}

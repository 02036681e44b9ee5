//! Where a first-order stage stands.

use serde::{Deserialize, Serialize};

use super::stepper::Stepper;
use crate::batch::{DrawState, Drawer};

/// A first-order stage between two steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstOrderState {
    pub(in crate::training) step: usize,
    pub(in crate::training) parameters: Vec<f64>,
    pub(in crate::training) moments: Vec<Vec<f32>>,
    pub(in crate::training) average: Option<Vec<f32>>,
    pub(in crate::training) averaged: u64,
    pub(in crate::training) first_batch: usize,
    pub(in crate::training) batch: usize,
    /// Interior points of the last step.
    pub(in crate::training) drawn: usize,
    /// Interior points seen.
    pub(in crate::training) seen: u64,
    /// By what a plateau or noise has lowered the rate.
    pub(in crate::training) slowed: f64,
    pub(in crate::training) mean_loss: f64,
    pub(in crate::training) lowest: f64,
    pub(in crate::training) since_lowest: usize,
    pub(in crate::training) mean_norm: f64,
    pub(in crate::training) clipped: u64,
    /// Signal-to-noise ratio of the gradient when it was last measured.
    pub(in crate::training) signal: Option<f64>,
    pub(in crate::training) draw: DrawState,
    pub(in crate::training) last: f64,
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

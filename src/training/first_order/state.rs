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
    /// The first loss, and the step since which losses are far above it.
    pub(super) first: Option<f64>,
    pub(super) risen: Option<usize>,
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

/// Times that a loss grows by until it counts as far above its start: mini-batches scatter by less.
const FAR: f64 = 10.0;

impl FirstOrderState {
    /// Takes a loss into account that belongs to a step.
    pub(super) fn watch(&mut self, loss: f64, step: usize) {
        let first = *self.first.get_or_insert(loss);
        // An energy may start below 0.
        if loss - first > (FAR - 1.0) * first.abs() {
            self.risen.get_or_insert(step);
        } else {
            self.risen = None;
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

#[cfg(test)]
mod tests {
    use super::FirstOrderState;

    fn risen(losses: &[f64]) -> Option<usize> {
        let mut state = FirstOrderState::new(&[], 1);
        losses.iter().zip(1..).for_each(|(loss, step)| state.watch(*loss, step));
        state.risen
    }

    #[test]
    fn a_loss_that_stays_far_above_its_start_is_told_with_the_step_since_when() {
        assert_eq!(risen(&[1.0, 9.0, 3.0, 0.1]), None);
        assert_eq!(risen(&[1.0, 11.0, 50.0, 0.1]), None);
        assert_eq!(risen(&[1.0, 11.0, 2.0, 30.0, 1e9]), Some(4));
        assert_eq!(risen(&[-1.0, -2.0, 7.0]), None);
        assert_eq!(risen(&[-1.0, -2.0, 9.0]), Some(3));
    }
}

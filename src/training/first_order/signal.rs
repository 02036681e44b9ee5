//! What noise in the gradient does to batch size and rate.

use super::FirstOrderState;
use super::gradients::batch_gradient;
use super::stepper::Stepper;
use crate::batch::{Action, Adaptive, Collocation, Drawer, noise};

/// Parts of a batch that tell how noisy its gradient is.
const PARTS: usize = 8;

/// Measures the signal-to-noise ratio |g|²/(tr Σ/B) on batches of an eighth of the size, drawn in the same way, and acts on it.
pub(super) fn judge(
    adaptive: &Adaptive,
    stepper: &mut dyn Stepper,
    collocation: &Collocation<'_>,
    drawer: &mut Drawer<'_>,
    state: &mut FirstOrderState,
    micro: usize,
) {
    let available = collocation.terms[0].len();
    let largest = adaptive.largest.unwrap_or(available).min(available);
    let size = (state.batch / PARTS).max(1);
    let sizes = drawer.sizes(collocation, state.batch);
    let (mut gradients, mut points) = (Vec::new(), 0);
    for selections in drawer.aside(collocation, size, PARTS, state.step as u64) {
        points += selections[0].len();
        batch_gradient(stepper, collocation, &selections, micro);
        gradients.push(stepper.gradient());
        stepper.clear();
    }
    let signal = noise::signal(&gradients, points as f64 / PARTS as f64 / sizes[0] as f64);
    state.signal = Some(signal);
    if signal * (1.0 - adaptive.confidence) >= 1.0 {
        return;
    }
    if adaptive.action == Action::Grow && state.batch < largest {
        state.batch = (state.batch * 2).min(largest);
    } else if state.batch < available {
        // The full batch has no noise: nothing is gained by slowing it down.
        state.slowed *= 0.5;
    }
}

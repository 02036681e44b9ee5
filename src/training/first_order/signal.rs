//! What noise in the gradient does to batch size and rate.

use super::gradients::batch_gradient;
use super::{FirstOrderBackend, FirstOrderState, Form};
use crate::batch::{Action, Adaptive, Collocation, Drawer, noise};
use crate::jet::download;
use crate::jet::fused::Kernel;
use crate::network::Mlp;

/// Parts of a batch that tell how noisy its gradient is.
const PARTS: usize = 8;

/// Measures the signal-to-noise ratio |g|²/(tr Σ/B) on batches of an eighth of the size, drawn in the same way, and acts on it.
#[expect(clippy::too_many_arguments, reason = "the body of one loop")]
pub(super) fn judge<B: FirstOrderBackend>(
    adaptive: &Adaptive,
    kernel: &Kernel<f32>,
    network: &Mlp<B>,
    collocation: &Collocation<'_>,
    drawer: &mut Drawer<'_>,
    state: &mut FirstOrderState,
    (form, micro): (Form, usize),
    device: &B::Device,
) {
    let available = collocation.terms[0].len();
    let largest = adaptive.largest.unwrap_or(available).min(available);
    let size = (state.batch / PARTS).max(1);
    let sizes = drawer.sizes(collocation, state.batch);
    let (mut gradients, mut points) = (Vec::new(), 0);
    for selections in drawer.aside(collocation, size, PARTS, state.step as u64) {
        points += selections[0].len();
        let step = batch_gradient(kernel, network, collocation, &selections, (form, micro), device);
        gradients.push(download(step.gradient));
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

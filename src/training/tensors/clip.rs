//! Shortens gradients on a device, without reading anything.

use burn_tensor::Tensor;
use burn_tensor::backend::Backend;

use crate::jet::{download, upload};
use crate::training::first_order::{Clip, FirstOrderState, MEMORY, OUTLIER};

/// What clipping remembers, on the device: mean norm, `[1]`, and how many gradients were shortened, `[1]`.
pub(super) struct Clipper<B: Backend> {
    clip: Clip,
    mean: Tensor<B, 1>,
    shortened: Tensor<B, 1>,
    /// How many were shortened when they were last counted.
    counted: u64,
}

impl<B: Backend> Clipper<B> {
    /// Where `state` stands.
    pub(super) fn new(clip: Clip, state: &FirstOrderState, device: &B::Device) -> Self {
        let number = |value: f64| upload([value as f32].into(), device);
        Self {
            clip,
            // Below 0 before the first norm.
            mean: number(if state.mean_norm.is_finite() {
                state.mean_norm
            } else {
                -1.0
            }),
            shortened: number(0.0),
            counted: state.clipped,
        }
    }

    /// The gradient, shortened where it is too long.
    pub(super) fn shorten(&mut self, gradient: Tensor<B, 1>) -> Tensor<B, 1> {
        let norm = (gradient.clone() * gradient.clone()).sum().sqrt();
        let first = self.mean.clone().lower_elem(0.0);
        let limit = match self.clip {
            Clip::Norm(limit) => norm.zeros_like() + limit,
            // Nothing is known before the first gradient.
            Clip::Adaptive(factor) => (self.mean.clone() * factor).mask_where(first.clone(), norm.clone()),
        };
        let long = norm.clone().greater(limit.clone());
        let scale = (limit / norm.clone()).mask_fill(long.clone().bool_not(), 1.0);
        self.shortened = self.shortened.clone() + long.float();
        // A single outlier must not raise the mean that later ones are measured by.
        let most = (self.mean.clone() * OUTLIER).mask_where(first.clone(), norm.clone());
        let counted = norm.clone().mask_where(norm.clone().greater(most.clone()), most);
        let mean = self.mean.clone() * MEMORY + counted * (1.0 - MEMORY);
        self.mean = mean.mask_where(first, norm);
        gradient * scale
    }

    /// Reads both numbers back.
    pub(super) fn read(&self, state: &mut FirstOrderState) {
        let both = download(Tensor::cat(vec![self.mean.clone(), self.shortened.clone()], 0));
        if both[0] >= 0.0 {
            state.mean_norm = both[0];
        }
        state.clipped = self.counted + both[1] as u64;
    }
}

#[cfg(test)]
mod tests {
    use burn_ndarray::{NdArray, NdArrayDevice};

    use super::*;
    use crate::training::first_order::Clipper as Plain;

    #[test]
    fn a_device_shortens_gradients_as_host_memory_does() {
        let norms = [2.0, 1.0, 50.0, 0.5, 3.0, 900.0, 1.5, 8.0];
        for clip in [Clip::Norm(2.5), Clip::Adaptive(1.5)] {
            let (mut state, mut expected) = (FirstOrderState::new(&[], 1), FirstOrderState::new(&[], 1));
            let mut clipper = Clipper::<NdArray>::new(clip, &state, &NdArrayDevice::Cpu);
            let mut plain = Plain::new(clip, &expected);
            for (i, norm) in norms.iter().enumerate() {
                let gradient = [0.6 * *norm as f32, -0.8 * *norm as f32];
                let gradient = clipper.shorten(upload((&gradient[..]).into(), &NdArrayDevice::Cpu));
                let found = crate::training::norm(&download(gradient));
                let expected = norm * plain.factor(*norm).unwrap_or(1.0);
                assert!((found - expected).abs() < 1e-5 * expected, "{found} {expected}");
                // An interruption changes nothing.
                if i == 4 {
                    clipper.read(&mut state);
                    clipper = Clipper::new(clip, &state, &NdArrayDevice::Cpu);
                }
            }
            clipper.read(&mut state);
            plain.read(&mut expected);
            assert!((state.mean_norm - expected.mean_norm).abs() < 1e-5 * expected.mean_norm);
            assert_eq!(state.clipped, expected.clipped);
        }
    }
}

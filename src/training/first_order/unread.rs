//! What steps leave on a device until the next line of the history: their losses, and what clipping remembers.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{Clip, FirstOrderBackend, FirstOrderState, MEMORY, OUTLIER};
use crate::jet::{download, upload};

/// Numbers on the device that have not been read back; nothing on a backend that does not wait.
pub(super) struct Unread<B: FirstOrderBackend> {
    losses: Vec<Tensor<B::InnerBackend, 1>>,
    clipper: Option<Clipper<B::InnerBackend>>,
}

impl<B: FirstOrderBackend> Unread<B> {
    /// Where `state` stands.
    pub(super) fn new(clip: Option<Clip>, state: &FirstOrderState, device: &B::Device) -> Self {
        Self {
            losses: Vec::new(),
            clipper: clip.filter(|_| B::WAITS).map(|clip| Clipper::new(clip, state, device)),
        }
    }

    /// Keeps the loss of a step, `[1]`, for later.
    pub(super) fn keep(&mut self, loss: Tensor<B::InnerBackend, 1>) {
        self.losses.push(loss);
    }

    /// The gradient, shortened where it is too long.
    pub(super) fn shorten(&mut self, gradient: Tensor<B::InnerBackend, 1>) -> Tensor<B::InnerBackend, 1> {
        match &mut self.clipper {
            Some(clipper) => clipper.shorten(gradient),
            None => gradient,
        }
    }

    /// Reads everything back into the state.
    pub(super) fn read(&mut self, state: &mut FirstOrderState) {
        if !self.losses.is_empty() {
            let losses = Tensor::cat(std::mem::take(&mut self.losses), 0);
            state.unjudged.extend(download(losses));
        }
        if let Some(clipper) = &self.clipper {
            clipper.read(state);
        }
    }
}

/// What clipping remembers, on the device: mean norm, `[1]`, and how many gradients were shortened, `[1]`.
struct Clipper<B: Backend> {
    clip: Clip,
    mean: Tensor<B, 1>,
    shortened: Tensor<B, 1>,
    /// How many were shortened when they were last counted.
    counted: u64,
}

impl<B: Backend> Clipper<B> {
    /// Where `state` stands.
    fn new(clip: Clip, state: &FirstOrderState, device: &B::Device) -> Self {
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
    fn shorten(&mut self, gradient: Tensor<B, 1>) -> Tensor<B, 1> {
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
    fn read(&self, state: &mut FirstOrderState) {
        let both = download(Tensor::cat(vec![self.mean.clone(), self.shortened.clone()], 0));
        if both[0] >= 0.0 {
            state.mean_norm = both[0];
        }
        state.clipped = self.counted + both[1] as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_flex::{Flex, FlexDevice};

    /// The recursion in plain numbers.
    fn plain(clip: Clip, norms: &[f64]) -> (Vec<f64>, f64, u64) {
        let (mut mean, mut clipped) = (f64::NAN, 0);
        let shortened = norms
            .iter()
            .map(|&norm| {
                let limit = match clip {
                    Clip::Norm(limit) => limit,
                    Clip::Adaptive(factor) if mean.is_finite() => factor * mean,
                    Clip::Adaptive(_) => f64::INFINITY,
                };
                let most = if mean.is_finite() { OUTLIER * mean } else { norm };
                mean = crate::training::first_order::running(mean, norm.min(most));
                clipped += u64::from(norm > limit);
                norm.min(limit)
            })
            .collect();
        (shortened, mean, clipped)
    }

    #[test]
    fn a_device_shortens_gradients_as_the_plain_recursion_does() {
        let norms = [2.0, 1.0, 50.0, 0.5, 3.0, 900.0, 1.5, 8.0];
        for clip in [Clip::Norm(2.5), Clip::Adaptive(1.5)] {
            let mut state = FirstOrderState::new(&[], 1);
            let mut clipper = Clipper::<Flex>::new(clip, &state, &FlexDevice);
            let mut found = Vec::new();
            for (i, norm) in norms.iter().enumerate() {
                let gradient = [0.6 * *norm as f32, -0.8 * *norm as f32];
                let gradient = clipper.shorten(upload((&gradient[..]).into(), &FlexDevice));
                found.push(crate::training::norm(&download(gradient)));
                // An interruption changes nothing.
                if i == 4 {
                    clipper.read(&mut state);
                    clipper = Clipper::new(clip, &state, &FlexDevice);
                }
            }
            clipper.read(&mut state);
            let (expected, mean, clipped) = plain(clip, &norms);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5 * expected, "{found} {expected}");
            }
            assert!((state.mean_norm - mean).abs() < 1e-5 * mean);
            assert_eq!(state.clipped, clipped);
        }
    }
}

//! Shortens gradients that are too long.

use super::settings::Clip;
use super::{FirstOrderState, running};

/// Times the mean norm that a single gradient counts with at most in the mean.
pub(in crate::training) const OUTLIER: f64 = 10.0;

/// The running mean of the norms, and how many gradients were shortened.
pub(in crate::training) struct Clipper {
    clip: Clip,
    /// Not finite before the first norm.
    mean_norm: f64,
    clipped: u64,
}

impl Clipper {
    /// Where `state` stands.
    pub(in crate::training) fn new(clip: Clip, state: &FirstOrderState) -> Self {
        Self {
            clip,
            mean_norm: state.mean_norm,
            clipped: state.clipped,
        }
    }

    /// The factor for a gradient of this norm, if that is too long.
    pub(in crate::training) fn factor(&mut self, norm: f64) -> Option<f64> {
        let known = self.mean_norm.is_finite();
        let limit = match self.clip {
            Clip::Norm(limit) => limit,
            Clip::Adaptive(factor) if known => factor * self.mean_norm,
            Clip::Adaptive(_) => f64::INFINITY,
        };
        // A single outlier must not raise the mean that later ones are measured by.
        let most = if known { OUTLIER * self.mean_norm } else { norm };
        self.mean_norm = running(self.mean_norm, norm.min(most));
        if norm > limit {
            self.clipped += 1;
            return Some(limit / norm);
        }
        None
    }

    /// Tells the state.
    pub(in crate::training) fn read(&self, state: &mut FirstOrderState) {
        state.mean_norm = self.mean_norm;
        state.clipped = self.clipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_shortened_to_the_limit_and_counted() {
        let mut state = FirstOrderState::new(&[], 1);
        let mut clipper = Clipper::new(Clip::Norm(2.0), &state);
        assert_eq!(
            [1.0, 8.0, 2.0, 4.0].map(|norm| clipper.factor(norm)),
            [None, Some(0.25), None, Some(0.5)]
        );
        clipper.read(&mut state);
        assert_eq!(state.clipped, 2);
    }

    /// The mean after norms 1 and 10·1 at most is 0.99·1 + 0.01·10, whatever the size of an outlier.
    #[test]
    fn an_outlier_raises_the_mean_by_no_more_than_ten_of_it() {
        let mut state = FirstOrderState::new(&[], 1);
        let mut clipper = Clipper::new(Clip::Adaptive(2.0), &state);
        assert_eq!(clipper.factor(1.0), None);
        assert_eq!(clipper.factor(1e6), Some(2e-6));
        clipper.read(&mut state);
        assert!((state.mean_norm - 1.09).abs() < 1e-12);
    }
}

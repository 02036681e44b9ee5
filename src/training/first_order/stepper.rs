//! The seam between the loop of a first-order stage and what computes its steps.

use super::{FirstOrderState, Settings};
use crate::jet::Rows;
use crate::jet::fused::Kernel;

/// Parameters, gradient, memory of the update rule and mean of the parameters, where they are computed.
///
/// In host memory these are vectors, on a device tensors. Only methods that return numbers read them, and reading waits for a device.
pub(in crate::training) trait Stepper {
    /// Whether reading waits for a device. Steps then read nothing between two lines of the history.
    fn waits(&self) -> bool;

    /// Adds the loss terms and the gradient of `rows`, one element per term, to those of the step.
    fn add(&mut self, rows: Vec<Rows<f32>>);

    /// The same with rows that `make` makes once and that are kept until [`Stepper::forget`].
    fn add_kept(&mut self, make: &dyn Fn() -> Vec<Rows<f32>>);

    /// Drops the rows that are kept.
    fn forget(&mut self);

    /// Reads the gradient that was added up, `[p]`.
    fn gradient(&self) -> Vec<f64>;

    /// Reads the loss terms that were added up.
    fn terms(&self) -> Vec<f64>;

    /// Starts a gradient anew.
    fn clear(&mut self);

    /// Shortens the gradient if the stage clips it.
    fn shorten(&mut self);

    /// Keeps the loss until the next [`Stepper::read`].
    fn keep_loss(&mut self);

    /// Reads the losses that were kept and what clipping remembers.
    fn read(&mut self, state: &mut FirstOrderState);

    /// Steps along the gradient at `rate` and clears it; the mean takes the new parameters up with `weight`, if that is given.
    fn step(&mut self, step: usize, rate: f64, weight: Option<f64>);

    /// Reads the parameters, `[p]`.
    fn parameters(&self) -> Vec<f64>;

    /// Reads the mean of the parameters, `[p]`.
    fn average(&self) -> Option<Vec<f64>>;

    /// Reads the moments of the update rule, `[p]` each.
    fn moments(&self) -> Vec<Vec<f32>>;
}

/// What a stepper starts from.
pub(in crate::training) struct Start<'a> {
    /// The kernel whose network is trained.
    pub(in crate::training) kernel: &'a Kernel<f64>,
    /// The stage.
    pub(in crate::training) settings: &'a Settings<'a>,
    /// Where the stage stands.
    pub(in crate::training) state: &'a FirstOrderState,
    /// Seed of the update rule.
    pub(in crate::training) seed: u64,
}

impl Start<'_> {
    /// The parameters in f32.
    pub(in crate::training) fn parameters(&self) -> Vec<f32> {
        self.state.parameters.iter().map(|v| *v as f32).collect()
    }

    /// The moments of the update rule; zero at the start of a stage.
    pub(in crate::training) fn moments(&self) -> Vec<Vec<f32>> {
        let zero = vec![0.0; self.state.parameters.len()];
        let kept = &self.state.moments;
        (0..self.settings.method.moments())
            .map(|k| kept.get(k).unwrap_or(&zero).clone())
            .collect()
    }
}

//! The full-batch loss and its gradient, evaluated over micro-batches.

use crate::batch::Collocation;
use crate::jet::fused::Kernel;

/// Loss terms as a function of the parameters, in f64.
pub trait Objective {
    /// The weighted terms at `parameters`.
    fn losses(&self, parameters: &[f64]) -> Vec<f64>;

    /// The weighted terms, and the gradient of their sum in `gradient`, `[p]`.
    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64>;
}

/// By the fused kernel, whose blocks are its micro-batches.
pub struct FusedObjective<'a> {
    /// The kernel.
    pub kernel: &'a Kernel<f64>,
    /// All points.
    pub collocation: &'a Collocation<'a>,
}

impl Objective for FusedObjective<'_> {
    fn losses(&self, parameters: &[f64]) -> Vec<f64> {
        let mut losses = vec![0.0; self.collocation.terms.len()];
        self.collocation.parts(|terms, spans| {
            let part = self.kernel.losses(parameters, spans);
            terms.iter().zip(part).for_each(|(t, loss)| losses[*t] += loss);
        });
        losses
    }

    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        let mut losses = vec![0.0; self.collocation.terms.len()];
        let mut partial = vec![0.0; gradient.len()];
        gradient.fill(0.0);
        self.collocation.parts(|terms, spans| {
            let part = self.kernel.gradient(parameters, spans, &mut partial);
            terms.iter().zip(part).for_each(|(t, loss)| losses[*t] += loss);
            gradient.iter_mut().zip(&partial).for_each(|(sum, g)| *sum += g);
        });
        losses
    }
}

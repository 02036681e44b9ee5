//! The level of a field of which only fluxes are given: its mean is prescribed.

use super::Prepared;
use crate::batch::{CHECK_ORDER, LossTerms};
use crate::formulation::value_rows;
use crate::jet::Rows;
use crate::sampler::{Gauss, SamplerKind};

/// Points of the rule for the mean of the field.
const MEAN: usize = 4096;

impl Prepared {
    /// The differences of the field from its prescribed mean, on a Gauss rule whose weights add up to 1.
    pub(super) fn mean(&self) -> Option<Rows<f64>> {
        let value = self.problem.scales.level_field(self.problem.mean?);
        let set = self.point_set(0, SamplerKind::Gauss(Gauss { order: CHECK_ORDER }), MEAN, 0);
        let units = set.points().into_iter();
        let points: Vec<[f64; 4]> = units.map(|unit| self.model.interior_point(unit)).collect();
        let mut rows = value_rows(&self.model, 0, value, &points);
        let weights = points.iter().enumerate();
        rows.weights = weights
            .map(|(i, x)| set.weight(i) * self.model.equation.weight(x))
            .collect();
        let total: f64 = rows.weights.iter().sum();
        rows.scale(1.0 / total);
        Some(rows)
    }

    /// Moves the field to its prescribed mean by the biases of the outputs: where only fluxes are given and nothing depends on the field, one
    /// more constant changes no residual. Nonlinear problems are solved with the mean as a row of their own.
    pub fn fix_level(&self, parameters: &mut [f64]) {
        let Some(rows) = self.mean().filter(|_| !self.model.nonlinear()) else {
            return;
        };
        let residuals = self.kernel.residuals(parameters, &rows);
        let off: f64 = residuals.iter().zip(&rows.weights).map(|(r, w)| r * w).sum();
        let scale = &self.model.ansatz.scale;
        let first = parameters.len() - scale.len();
        let biases = parameters[first..].iter_mut().zip(scale);
        biases.for_each(|(bias, scale)| *bias -= off / scale);
    }
}

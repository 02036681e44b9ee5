//! Rows of residuals that are not trained on: samples, fresh points, and what a field is judged by on them.

use crate::batch::{CHECK_ORDER, Collocation, LossTerms};
use crate::formulation::{Model, residual_rows};
use crate::jet::Rows;
use crate::jet::fused::Kernel;
use crate::sampler::{Gauss, PointSet, SamplerKind, mix};
use crate::training::{FusedObjective, Objective};

/// Points per term that starting values are made from and residuals measured on.
pub(super) const SAMPLE: usize = 1024;

/// Residuals at `count` points of every term that no training uses, with weights that add up to 1.
pub fn fresh_rows(model: &Model, seed: u64, count: usize) -> Vec<Rows<f64>> {
    (0..=model.terms.len())
        .map(|t| {
            let set = PointSet::new(
                SamplerKind::Sobol,
                count,
                model.axes(t),
                mix(seed, 0xf4e5_0000 + t as u64),
            );
            let mut rows = residual_rows(model, t, &set.points());
            rows.weights.fill(1.0 / count as f64);
            rows
        })
        .collect()
}

/// The terms of an energy on another rule than the training points, with weights that add up to 1.
pub(super) fn check_rows(terms: &dyn LossTerms, count: usize) -> Vec<Rows<f64>> {
    (0..terms.names().len())
        .map(|t| {
            let set = terms.point_set(t, SamplerKind::Gauss(Gauss { order: CHECK_ORDER }), count, 0);
            let mut rows = terms.rows(t, &set.points());
            rows.weights = (0..set.len()).map(|i| set.weight(i)).collect();
            rows
        })
        .collect()
}

/// Up to `count` of the training points of every term, with weights that add up to 1.
pub fn sample_rows(terms: &dyn LossTerms, count: usize) -> Vec<Rows<f64>> {
    terms
        .point_sets()
        .iter()
        .enumerate()
        .map(|(t, set)| {
            let indices = set.sample(count);
            let units: Vec<[f64; 4]> = indices.iter().map(|&i| set.point(i)).collect();
            let mut rows = terms.rows(t, &units);
            let total: f64 = indices.iter().map(|&i| set.weight(i)).sum();
            for (weight, &i) in rows.weights.iter_mut().zip(&indices) {
                *weight = set.weight(i) / total;
            }
            rows
        })
        .collect()
}

/// Root mean square of all residuals on points that no training used, relative to that of the field that is zero wherever
/// it is not prescribed.
pub fn relative_residual(model: &Model, seed: u64, kernel: &Kernel<f64>, parameters: &[f64]) -> f64 {
    let rows = fresh_rows(model, seed, SAMPLE);
    let terms: Vec<&Rows<f64>> = rows.iter().collect();
    let total = |parameters: &[f64]| kernel.losses(parameters, &terms).iter().sum::<f64>();
    let mut zero = parameters.to_vec();
    let first = zero.len() - kernel.output_parameters();
    zero[first..].fill(0.0);
    let (left, all) = (total(parameters), total(&zero));
    if all > 0.0 { (left / all).sqrt() } else { left.sqrt() }
}

/// The potential energy on a rule that is not the training points', in the energy form.
pub fn independent_energy(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Option<f64> {
    collocation.energy().then(|| {
        let collocation = &collocation.independent();
        FusedObjective { kernel, collocation }.losses(parameters).iter().sum()
    })
}

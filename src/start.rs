//! Where training starts: the network, its first parameters, the size of the field, the weights of the terms, the batch.

use rand_chacha::ChaCha8Rng;

use crate::batch::{CHECK_ORDER, Collocation, noise};
use crate::budget::Plan;
use crate::device::Device;
use crate::formulation::{Formulation, residual_rows, term_rows};
use crate::jet::fused::Kernel;
use crate::loss::{Rows, term_weights};
use crate::network::{Architecture, NetworkKind, RandomFeatures};
use crate::problem::Problem;
use crate::sampler::{Gauss, PointSet, SamplerKind, mix};
use crate::training::{FusedObjective, Objective, choose_slope, fit_output_scale};

/// The network's shape for a problem.
pub fn architecture(problem: &Problem, random: &mut ChaCha8Rng) -> Architecture {
    architecture_of(problem, &problem.network, random)
}

/// The shape of another network for a problem.
pub fn architecture_of(problem: &Problem, network: &NetworkKind, random: &mut ChaCha8Rng) -> Architecture {
    let (min, max) = problem.bounds();
    network
        .architecture(problem.outputs(), &min, &max, random)
        .with_poles(problem.poles())
}

/// Points per term that the starting values are made from.
const SAMPLE: usize = 1024;
/// The same of an energy, whose points belong together.
const QUADRATURE: usize = 1 << 14;
/// Points per term of the rule that an energy is judged by when the slope of features is chosen.
const CHECK: usize = 1 << 13;

/// First parameters, the size of the field, and the weights of the terms, from a sample of the points.
pub fn start_values(
    problem: &mut Problem,
    kernel: &Kernel<f64>,
    names: &[String],
    random: &mut ChaCha8Rng,
) -> (Vec<f64>, Vec<f64>) {
    // The terms of an energy are integrals.
    let integrals: Option<Vec<f64>> = (problem.file.formulation() == Formulation::Energy)
        .then(|| (0..names.len()).map(|t| problem.term_measure(t)).collect());
    let energy = integrals.is_some();
    let at_lift = |rows: Vec<Rows<f64>>| rows.into_iter().map(Rows::at_lift).collect::<Vec<_>>();
    let mut terms = at_lift(sample_rows(problem, if energy { QUADRATURE } else { SAMPLE }));
    let scaled = |terms: &mut [Rows<f64>], weights: &[f64]| {
        terms
            .iter_mut()
            .zip(weights)
            .for_each(|(rows, weight)| rows.scale(*weight));
    };
    if let NetworkKind::RandomFeatures(features) = &problem.network
        && features.slope.is_none()
    {
        let mut whole = terms.clone();
        integrals.iter().for_each(|integrals| scaled(&mut whole, integrals));
        // An energy is judged by itself: the residual of a singular field has no bounds.
        let fresh = match &integrals {
            Some(integrals) => {
                let mut fresh = check_rows(problem, CHECK);
                scaled(&mut fresh, integrals);
                fresh
            }
            None => at_lift(fresh_rows(problem, SAMPLE)),
        };
        let slope = choose_slope(features, kernel.architecture(), &whole, &fresh, random);
        problem.network = NetworkKind::RandomFeatures(RandomFeatures {
            slope: Some(slope),
            ..features.clone()
        });
        problem.notes.push(format!("random features have slopes up to {slope}"));
    }
    let mut parameters = problem.network.initial_parameters(kernel.architecture(), random);
    let balance = |parameters: &[f64], terms: &[Rows<f64>]| match &integrals {
        Some(integrals) => integrals.clone(),
        None => term_weights(&problem.file.weights, names, kernel, parameters, terms),
    };
    let guess = balance(&parameters, &terms);
    scaled(&mut terms, &guess);
    let scale = fit_output_scale(kernel, &mut parameters, &mut terms);
    scaled(&mut terms, &guess.iter().map(|weight| 1.0 / weight).collect::<Vec<_>>());
    let weights = balance(&parameters, &terms);
    problem.ansatz.scale = scale;
    (weights, parameters)
}

/// Residuals at `count` points of every term that no training uses, with weights that add up to 1.
pub fn fresh_rows(problem: &Problem, count: usize) -> Vec<Rows<f64>> {
    (0..=problem.terms.len())
        .map(|t| {
            let seed = mix(problem.file.seed, 0xf4e5_0000 + t as u64);
            let set = PointSet::new(SamplerKind::Sobol, count, problem.axes(t), seed);
            let mut rows = residual_rows(problem, t, &set.points());
            rows.weights.fill(1.0 / count as f64);
            rows
        })
        .collect()
}

/// The terms of an energy on another rule than the training points, with weights that add up to 1.
fn check_rows(problem: &Problem, count: usize) -> Vec<Rows<f64>> {
    (0..=problem.terms.len())
        .map(|t| {
            let set = problem.point_set(t, SamplerKind::Gauss(Gauss { order: CHECK_ORDER }), count, 0);
            let mut rows = term_rows(problem, t, &set.points());
            rows.weights = (0..set.len()).map(|i| set.weight(i)).collect();
            rows
        })
        .collect()
}

/// Root mean square of all residuals on points that no training used, relative to that of the field that is zero wherever
/// it is not prescribed.
pub fn relative_residual(problem: &Problem, kernel: &Kernel<f64>, parameters: &[f64]) -> f64 {
    let rows = fresh_rows(problem, SAMPLE);
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

/// Up to `count` of the training points of every term, with weights that add up to 1.
pub fn sample_rows(problem: &Problem, count: usize) -> Vec<Rows<f64>> {
    problem
        .point_sets()
        .iter()
        .enumerate()
        .map(|(t, set)| {
            let indices = set.sample(count);
            let units: Vec<[f64; 4]> = indices.iter().map(|&i| set.point(i)).collect();
            let mut rows = term_rows(problem, t, &units);
            let total: f64 = indices.iter().map(|&i| set.weight(i)).sum();
            for (weight, &i) in rows.weights.iter_mut().zip(&indices) {
                *weight = set.weight(i) / total;
            }
            rows
        })
        .collect()
}

/// The batch with the least expected time, rounded to a power of two.
pub fn automatic_batch(
    device: Device,
    problem: &Problem,
    names: &[String],
    weights: &[f64],
    plan: &Plan,
    kernel: &Kernel<f64>,
    parameters: &[f64],
) -> usize {
    let mut collocation = Collocation::new(problem, names, weights, plan.stored, plan.chunk);
    let points = noise::plain(&problem.file.points);
    let n = collocation.terms[0].len();
    let measured = noise::PointNoise::measure(&collocation, kernel, parameters);
    let drawer = crate::batch::Drawer::new(&points, problem.file.seed, Default::default(), &collocation, kernel);
    let scale = measured.trace(&drawer.sizes(&collocation, points.batch_size(n))) / measured.square();
    let times = crate::noise::measure_steps(device, &mut collocation, kernel, parameters);
    let (fixed, per_point) = noise::step_times(&times);
    let best = noise::optimal(scale, fixed, per_point).clamp(1.0, n as f64);
    // The nearest power of two that the file's strata and schedules can take.
    let fits = |batch: usize| {
        let stages = problem.stages.iter().all(|stage| stage.check(batch, n).is_ok());
        stages
            && problem
                .file
                .points
                .strata(problem.axes(0))
                .is_none_or(|strata| strata <= batch)
    };
    let mut sizes: Vec<usize> = (0..usize::BITS - 1).map(|k| (1_usize << k).min(n)).collect();
    sizes.sort_by(|a, b| {
        let far = |size: &usize| (*size as f64 / best).ln().abs();
        far(a).total_cmp(&far(b))
    });
    sizes.into_iter().find(|size| fits(*size)).unwrap_or(n)
}

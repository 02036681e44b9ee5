//! Where training starts: the network, its first parameters, the size of the field, the weights of the terms.

use rand_chacha::ChaCha8Rng;

use crate::batch::{CHECK_ORDER, Collocation, LossTerms};
use crate::formulation::{Formulation, Model, residual_rows, term_rows, value_rows};
use crate::jet::fused::Kernel;
use crate::jet::{Architecture, Rows};
use crate::loss::term_weights;
use crate::network::{NetworkKind, RandomFeatures};
use crate::problem::Problem;
use crate::quantity::Field;
use crate::sampler::{Gauss, PointSet, SamplerKind, mix};
use crate::training::{FusedObjective, Objective, Trained, choose_slope, enrich, fit_exactly, fit_output_scale};

/// The network's shape for a problem.
pub fn architecture(problem: &Problem, random: &mut ChaCha8Rng) -> Architecture {
    architecture_of(problem, &problem.network, random)
}

/// The shape of another network for a problem.
pub fn architecture_of(problem: &Problem, network: &NetworkKind, random: &mut ChaCha8Rng) -> Architecture {
    let (min, max) = problem.model.bounds();
    network
        .architecture(problem.model.outputs(), &min, &max, random)
        .with_periods(&problem.model.periodic)
        .with_poles(problem.poles())
}

/// Points at which a network is fitted to a guess of the field.
const GUESS: usize = 1 << 12;
/// Points that further features are placed at.
const PLACES: usize = 1 << 13;
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
    let integrals: Option<Vec<f64>> = (problem.model.formulation == Formulation::Energy)
        .then(|| (0..names.len()).map(|t| problem.model.term_measure(t)).collect());
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
    problem.model.ansatz.scale = scale;
    if let Some(guess) = &problem.guess {
        parameters = fit_exactly(kernel, &parameters, &guess_rows(&problem.model, guess));
    }
    (weights, parameters)
}

/// u − g at points of the interior, for a field that is near the solution, per component; weights add up to 1.
fn guess_rows(model: &Model, guess: &[Field]) -> Vec<Rows<f64>> {
    let units = PointSet::new(SamplerKind::Sobol, GUESS, model.axes(0), 0).points();
    let points: Vec<[f64; 4]> = units.into_iter().map(|unit| model.interior_point(unit)).collect();
    let fields = guess.iter().enumerate();
    fields
        .map(|(component, value)| value_rows(model, component, value.clone(), &points))
        .collect()
}

/// Moves the field to the mean that is prescribed for it, by the biases of the outputs: where only fluxes are given and nothing depends on
/// the field, a constant more changes no residual.
pub fn fix_level(problem: &Problem, kernel: &Kernel<f64>, parameters: &mut [f64]) {
    let Some(rows) = problem.mean_rows().filter(|_| !problem.model.nonlinear()) else {
        return;
    };
    let residuals = kernel.residuals(parameters, &rows);
    let off: f64 = residuals.iter().zip(&rows.weights).map(|(r, w)| r * w).sum();
    let scale = &problem.model.ansatz.scale;
    let first = parameters.len() - scale.len();
    let biases = parameters[first..].iter_mut().zip(scale);
    biases.for_each(|(bias, scale)| *bias -= off / scale);
}

/// The parameters of the attempt in work, whose network is that of an earlier one with more units.
pub fn enriched(problem: &Problem, before: &Trained, kernel: &Kernel<f64>, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut smaller = kernel.architecture().clone();
    // All parameters of a hidden layer and its outputs are so many per unit, and the outputs' biases.
    let (inputs, m) = (smaller.widths[0], smaller.components());
    smaller.widths[1] = (before.parameters.len() - m) / (inputs + 1 + m);
    let set = PointSet::new(
        SamplerKind::Sobol,
        PLACES,
        problem.model.axes(0),
        mix(problem.file.seed, 0xe41c + before.attempt as u64),
    );
    let rows = residual_rows(&problem.model, 0, &set.points());
    enrich(
        &Kernel::new(smaller),
        &before.parameters,
        kernel.architecture(),
        &rows,
        random,
    )
}

/// Residuals at `count` points of every term that no training uses, with weights that add up to 1.
pub fn fresh_rows(problem: &Problem, count: usize) -> Vec<Rows<f64>> {
    (0..=problem.model.terms.len())
        .map(|t| {
            let seed = mix(problem.file.seed, 0xf4e5_0000 + t as u64);
            let set = PointSet::new(SamplerKind::Sobol, count, problem.model.axes(t), seed);
            let mut rows = residual_rows(&problem.model, t, &set.points());
            rows.weights.fill(1.0 / count as f64);
            rows
        })
        .collect()
}

/// The terms of an energy on another rule than the training points, with weights that add up to 1.
fn check_rows(problem: &Problem, count: usize) -> Vec<Rows<f64>> {
    (0..=problem.model.terms.len())
        .map(|t| {
            let set = problem.point_set(t, SamplerKind::Gauss(Gauss { order: CHECK_ORDER }), count, 0);
            let mut rows = term_rows(&problem.model, t, &set.points());
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
            let mut rows = term_rows(&problem.model, t, &units);
            let total: f64 = indices.iter().map(|&i| set.weight(i)).sum();
            for (weight, &i) in rows.weights.iter_mut().zip(&indices) {
                *weight = set.weight(i) / total;
            }
            rows
        })
        .collect()
}

//! What is told of a run at its end: how good the result is, and how it is judged.

use super::verdict::Evidence;
use crate::batch::LossTerms;
use crate::budget::Plan;
use crate::device::Device;
use crate::formulation::Formulation;
use crate::jet::Rows;
use crate::output::{Probe, Reading, Summary, TermSummary, Times, peak_memory};
use crate::problem::{COARSE, ProblemFile};
use crate::sampler::{Permutation, PointSet, SamplerKind, Stream};
use crate::solution::{Solution, balance, comparison, errors, estimate, potential, residuals};
use crate::start::{Prepared, sample_rows};
use crate::training::{StageReport, Trained, sharpness};

/// Points per term that the sharpness is measured on.
const SHARPNESS: usize = 1024;

/// How a run went.
pub(super) struct RunRecord<'a> {
    pub(super) device: Device,
    pub(super) quick: bool,
    pub(super) plan: &'a Plan,
    pub(super) stages: Vec<StageReport>,
    /// Without those of the checks.
    pub(super) times: Times,
    /// The last attempt that was made.
    pub(super) last: usize,
    pub(super) notes: Vec<String>,
}

/// Measures the solution and judges the run.
pub(super) fn summarise(prepared: &Prepared, trained: &Trained, record: RunRecord<'_>) -> Summary {
    let RunRecord {
        device,
        quick,
        plan,
        stages,
        times,
        last,
        notes,
    } = record;
    let solution = &Solution::of(prepared);
    let problem = solution.problem;
    let file = &problem.file;
    // A seed that no training point used.
    let check_seed = file.seed.wrapping_add(0x5eed_0001);
    let points = problem
        .model
        .interior_points(SamplerKind::Uniform, file.output.check_points, check_seed);
    let errors = errors(solution, &points);
    let balance = balance(solution);
    let potential = potential(prepared, plan.chunk, trained.rival, trained.attempt < last);
    let residuals = residuals(solution, &training_points(prepared, trained.adapted.as_deref()));
    let comparison = comparison(solution);
    // The defect equation takes residuals, which a singular field's energy form does without.
    let estimate = (problem.model.formulation != Formulation::Energy || trained.residual <= COARSE)
        .then(|| estimate(solution, &trained.weights, &points, errors.as_ref()));
    let measured = match (&errors, &comparison) {
        (Some(errors), _) => Some((errors.field_l2, errors.flux_l2)),
        (None, Some(comparison)) => Some((comparison.relative_l2, 0.0)),
        (None, None) => None,
    };
    let evidence = Evidence {
        quick,
        stages: &stages,
        balance: &balance,
        residuals: &residuals,
        estimate: estimate.as_ref(),
        potential: potential.as_ref(),
        residual: trained.residual,
        jumps: !problem.jumps.is_empty(),
        met: met(file, measured),
    };
    let verdict = evidence.verdict();
    let warnings = evidence.warnings();
    Summary {
        title: file.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        burn: "0.21.0",
        device: device.to_string(),
        core: core(file, device),
        threads: rayon::current_num_threads(),
        seed: file.seed,
        quick,
        scales: problem.scales,
        output_scale: trained.scale.clone(),
        parameters: solution.parameters.len(),
        terms: terms(prepared),
        verdict,
        stages,
        sharpness: sharpness(solution.kernel, solution.parameters, &weighted_sample(prepared)),
        notes,
        seconds: 0.0,
        times,
        points_stored: plan.stored,
        predicted_memory_bytes: plan.predicted,
        peak_memory_bytes: peak_memory(),
        potential,
        estimate,
        probes: probes(solution),
        comparison,
        errors,
        check_points: file.output.check_points,
        balance,
        residuals,
        warnings,
    }
}

/// What evaluates the network.
fn core(file: &ProblemFile, device: Device) -> &'static str {
    match file.points.naive() && device.in_host_memory() {
        true => "burn tensor operations",
        false => device.core(),
    }
}

/// The loss terms, interior first.
fn terms(prepared: &Prepared) -> Vec<TermSummary> {
    let sizes = prepared.point_sets();
    let named = prepared.names().into_iter().zip(sizes.iter().map(PointSet::len));
    named
        .zip(&prepared.weights)
        .map(|((name, points), weight)| TermSummary {
            name,
            points,
            weight: *weight,
        })
        .collect()
}

/// Training points of every term with the term's weight.
fn weighted_sample(prepared: &Prepared) -> Vec<Rows<f64>> {
    let mut sample = sample_rows(prepared, SHARPNESS);
    for (rows, weight) in sample.iter_mut().zip(&prepared.weights) {
        rows.scale(*weight);
    }
    sample
}

/// The result at the file's probes.
fn probes(solution: &Solution<'_>) -> Vec<Probe> {
    let problem = solution.problem;
    let arrays = solution.arrays(&problem.probes);
    let probe = |(i, x): (usize, &[f64; 4])| Probe {
        place: (0..problem.model.shape.dimension())
            .map(|j| x[j] * problem.scales.length)
            .collect(),
        readings: arrays
            .iter()
            .map(|array| Reading {
                name: array.name,
                values: array.values[i * array.components..(i + 1) * array.components].to_vec(),
                unit: array.unit.clone(),
            })
            .collect(),
    };
    problem.probes.iter().enumerate().map(probe).collect()
}

/// Training points that the residual is measured on.
const TRAINING_POINTS: usize = 8192;

/// Interior training points with their weights, all of them or so many at random.
fn training_points(prepared: &Prepared, adapted: Option<&[[f64; 4]]>) -> Vec<([f64; 4], f64)> {
    let set = &prepared.point_sets()[0];
    let count = adapted.map_or(set.len(), <[_]>::len);
    let permutation = Permutation::new(count, Stream::Residuals.seed(prepared.seed(), 0));
    (0..count.min(TRAINING_POINTS))
        .map(|k| permutation.at(k))
        .map(|index| match adapted {
            Some(list) => (prepared.interior_point(list[index]), 1.0 / count as f64),
            None => (prepared.interior_point(set.point(index)), set.weight(index)),
        })
        .collect()
}

/// Whether the errors are within the file's tolerance, if it has one.
fn met(file: &ProblemFile, measured: Option<(f64, f64)>) -> Option<bool> {
    let (tolerance, (field_error, flux_error)) = file.tolerance.zip(measured)?;
    let (field, flux) = tolerance.parts();
    Some(field_error <= field && flux.is_none_or(|flux| flux_error <= flux))
}

//! What is told of a run at its end: how good the result is, and how it is judged.

use crate::batch::LossTerms;
use crate::budget::Plan;
use crate::device::Device;
use crate::formulation::Formulation;
use crate::jet::Rows;
use crate::output::{Probe, Reading, Summary, TermSummary, Times, Verdict, peak_memory};
use crate::problem::{COARSE, ProblemFile};
use crate::sampler::{Permutation, PointSet, SamplerKind, Stream};
use crate::solution::{
    Balance, Imbalance, Potential, Residuals, Solution, Warning, balance, comparison, errors, estimate, overfitted,
    parted, potential, residuals, unbalanced, unsettled,
};
use crate::start::{Prepared, sample_rows};
use crate::training::{StageReport, StopReason, Trained, sharpness};

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
    let potential = potential(prepared, plan.chunk, trained.rival);
    let residuals = residuals(solution, &training_points(prepared, trained.adapted.as_deref()));
    let comparison = comparison(solution);
    let measured = match (&errors, &comparison) {
        (Some(errors), _) => Some((errors.field_l2, errors.flux_l2)),
        (None, Some(comparison)) => Some((comparison.relative_l2, 0.0)),
        (None, None) => None,
    };
    let settled = potential.as_ref().and_then(unsettled).is_none();
    let verdict = verdict(file, quick, &stages, measured, &balance, settled);
    let warnings = match verdict {
        Verdict::Unfinished | Verdict::Failed => Vec::new(),
        _ if quick => Vec::new(),
        _ => warnings(&balance, &residuals, potential.as_ref()),
    };
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
        // The defect equation takes residuals, which a singular field's energy form does without.
        estimate: (problem.model.formulation != Formulation::Energy || trained.residual <= COARSE)
            .then(|| estimate(solution, &trained.weights, &points, errors.as_ref())),
        probes: probes(solution),
        comparison,
        errors,
        check_points: file.output.check_points,
        balance,
        residuals,
        warnings,
    }
}

/// What the user should be warned of.
fn warnings(balance: &Balance, residuals: &Residuals, potential: Option<&Potential>) -> Vec<Warning> {
    // In the energy form the independent rule tells.
    let overfit = overfitted(residuals).filter(|_| potential.is_none());
    let energy = [potential.and_then(parted), potential.and_then(unsettled)];
    unbalanced(balance)
        .into_iter()
        .chain(overfit)
        .chain(energy.into_iter().flatten())
        .collect()
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

/// An error above its tolerance counts before a balance beyond its limit: the errors say how far off the result is.
fn verdict(
    file: &ProblemFile,
    quick: bool,
    stages: &[StageReport],
    measured: Option<(f64, f64)>,
    balance: &Balance,
    settled: bool,
) -> Verdict {
    match stages.last().map(|stage| &stage.stop) {
        Some(StopReason::Interrupted) => return Verdict::Unfinished,
        Some(StopReason::NonFinite { .. }) => return Verdict::Failed,
        _ => {}
    }
    if quick {
        return Verdict::Unjudged;
    }
    let met = file
        .tolerance
        .zip(measured)
        .map(|(tolerance, (field_error, flux_error))| {
            let (field, flux) = tolerance.parts();
            field_error <= field && flux.is_none_or(|flux| flux_error <= flux)
        });
    match met {
        Some(false) => Verdict::Missed,
        _ if !balance.all().all(Imbalance::within_limit) => Verdict::Unbalanced,
        Some(true) => Verdict::Solved,
        None if !settled => Verdict::Unsettled,
        None => Verdict::Unjudged,
    }
}

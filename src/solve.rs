//! The whole data flow: read [`solve`] first.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use burn::backend::{Autodiff, NdArray};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::budget::check_memory;
use crate::device::Device;
use crate::error::Error;
use crate::formulation::{boundary_rows, interior_rows};
use crate::jet::fused::Kernel;
use crate::loss::{Rows, term_weights};
use crate::network::Architecture;
use crate::output::{Results, Summary, TermSummary, Verdict, peak_memory, write_fields};
use crate::problem::{self, Batch, Points, Problem, ProblemFile};
use crate::solution::{Errors, Solution, balance, errors};
use crate::training::{
    FirstOrderBackend, FusedObjective, Observer, Record, StageReport, StopReason, Training, fit_output_scale,
};

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The problem file.
    pub file: PathBuf,
    /// Where the run computes.
    pub device: Device,
    /// Where results go; `results/<stem>` without it.
    pub out: Option<PathBuf>,
    /// Replaces the file's seed.
    pub seed: Option<u64>,
    /// Replaces the file's batch size.
    pub batch: Option<Batch>,
    /// A few steps on few points, to see that everything works.
    pub quick: bool,
}

/// A finished run.
#[derive(Debug)]
pub struct Outcome {
    /// Where its results are.
    pub folder: PathBuf,
    /// What it did and how good the result is.
    pub summary: Summary,
    /// Names of the field and its flux.
    pub norms: [&'static str; 2],
    /// The tolerances of the field and its flux.
    pub tolerance: Option<(f64, Option<f64>)>,
}

/// Receives progress while a problem is solved.
pub trait Progress {
    /// A line of the history.
    fn step(&mut self, record: &Record);

    /// Something that the user should know.
    fn note(&mut self, text: &str);
}

/// Solves a problem file and writes its results.
///
/// # Errors
/// Everything that keeps a run from starting, and results that cannot be written.
pub fn solve(request: &Request, interrupted: &AtomicBool, progress: &mut dyn Progress) -> Result<Outcome, Error> {
    let start = Instant::now();
    let mut problem = problem::load(&request.file, |file| adjust(file, request))?;
    check_memory(&problem)?;
    request.device.probe()?;
    problem.notes.iter().for_each(|note| progress.note(note));
    let names = term_names(&problem);
    let folder = request.out.clone().unwrap_or_else(|| default_folder(&request.file));
    let mut results = Results::create(&folder, &problem::resolved(&problem.file), &names)?;
    let mut random = ChaCha8Rng::seed_from_u64(problem.file.seed);
    let kernel = Kernel::new(architecture(&problem, &mut random));
    let mut terms = collocation(&problem);
    let (weights, mut parameters) = start_values(&mut problem, &kernel, &names, &mut terms, &mut random);
    let mut watch = Watch::new(&mut results, progress, &kernel, problem.scales.length);
    let stages = train(
        request.device,
        &problem,
        &names,
        &terms,
        &weights,
        &kernel,
        &mut parameters,
        interrupted,
        &mut watch,
    );
    // A history that could not be written must not cost the fields: it is reported after them.
    let failure = watch.failure;
    let solution = Solution {
        problem: &problem,
        kernel: &kernel,
        parameters: &parameters,
    };
    write_fields(&solution, results.folder())?;
    results.network(kernel.architecture(), &parameters, problem.scales.length)?;
    let summary = summarise(request, &solution, &names, &terms, &weights, stages, start);
    results.summary(&summary)?;
    failure.map_or(Ok(()), Err)?;
    Ok(Outcome {
        folder,
        summary,
        norms: problem.equation.norms(),
        tolerance: problem.file.tolerance.map(|tolerance| tolerance.parts()),
    })
}

/// Applies the command line to the file: numerics only, never physics.
///
/// # Errors
/// A batch that is larger than the point set.
pub fn adjust(file: &mut ProblemFile, request: &Request) -> Result<(), Error> {
    if let Some(seed) = request.seed {
        file.seed = seed;
    }
    if let Some(batch) = request.batch {
        file.points.batch = Some(batch);
        if let Batch::Size(size) = batch
            && size > file.points.interior
        {
            return Err(Error::Argument {
                message: format!(
                    "`--batch {size}` is greater than the file's {} interior points",
                    file.points.interior
                ),
                hint: "use `--batch full` for the full batch".into(),
            });
        }
    }
    if request.quick {
        let points = &mut file.points;
        points.interior = points.interior.min(256);
        points.boundary = points.boundary.min(128);
        if let Some(Batch::Size(size)) = points.batch {
            points.batch = Some(Batch::Size(size.min(128)));
        }
        file.output.cells = file.output.cells.min(400);
        file.output.frames = file.output.frames.min(2);
        file.output.check_points = file.output.check_points.min(1000);
        file.training = file.training.iter().map(|stage| stage.shortened(10)).collect();
    }
    Ok(())
}

/// Names of the loss terms, interior first.
pub fn term_names(problem: &Problem) -> Vec<String> {
    let mut names = vec!["interior".to_string()];
    names.extend(problem.terms.iter().map(|term| term.name()));
    names
}

/// `results/<stem>`.
fn default_folder(file: &Path) -> PathBuf {
    Path::new("results").join(file.file_stem().unwrap_or_default())
}

/// The network's shape for a problem.
pub fn architecture(problem: &Problem, random: &mut ChaCha8Rng) -> Architecture {
    let (min, max) = problem.bounds();
    problem
        .file
        .network
        .architecture(problem.equation.components(), &min, &max, random)
}

/// The fixed point set of every term.
fn collocation(problem: &Problem) -> Vec<Rows<f64>> {
    let Points { sampler, .. } = problem.file.points;
    let sizes = problem.term_sizes();
    let seed = problem.file.seed.wrapping_mul(1000);
    let mut rows = vec![interior_rows(
        problem,
        &problem.interior_points(sampler, sizes[0], seed),
    )];
    for (index, term) in problem.terms.iter().enumerate() {
        let points = problem.boundary_points(term.place, sampler, sizes[index + 1], seed + 1 + index as u64);
        rows.push(boundary_rows(problem, term, &points));
    }
    rows
}

/// First parameters, the size of the field, and the weights of the terms, which are put into the rows.
fn start_values(
    problem: &mut Problem,
    kernel: &Kernel<f64>,
    names: &[String],
    terms: &mut [Rows<f64>],
    random: &mut ChaCha8Rng,
) -> (Vec<f64>, Vec<f64>) {
    let mut parameters = kernel.architecture().initial_parameters(random);
    let balance =
        |parameters: &[f64], terms: &[Rows<f64>]| term_weights(&problem.file.weights, names, kernel, parameters, terms);
    let scaled = |terms: &mut [Rows<f64>], weights: &[f64]| {
        terms
            .iter_mut()
            .zip(weights)
            .for_each(|(rows, weight)| rows.scale(*weight));
    };
    let guess = balance(&parameters, terms);
    scaled(terms, &guess);
    let scale = fit_output_scale(kernel, &mut parameters, terms);
    scaled(terms, &guess.iter().map(|weight| 1.0 / weight).collect::<Vec<_>>());
    let weights = balance(&parameters, terms);
    scaled(terms, &weights);
    problem.ansatz.scale = scale;
    (weights, parameters)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, from `solve`; a struct would only repeat `Training`"
)]
fn train(
    device: Device,
    problem: &Problem,
    names: &[String],
    terms: &[Rows<f64>],
    weights: &[f64],
    kernel: &Kernel<f64>,
    parameters: &mut Vec<f64>,
    interrupted: &AtomicBool,
    observer: &mut dyn Observer,
) -> Vec<StageReport> {
    let fused = FusedObjective { kernel, terms };
    let mut training = Training {
        problem,
        terms,
        names,
        kernel,
        objective: &fused,
        interrupted,
        observer,
        weights,
    };
    match device {
        Device::Cpu => run_stages::<Autodiff<burn_flex::Flex>>(&mut training, parameters, &burn_flex::FlexDevice),
        Device::NdArray => run_stages::<Autodiff<NdArray>>(&mut training, parameters, &Default::default()),
        #[cfg(feature = "cuda")]
        Device::Cuda(index) => {
            use burn::backend::Cuda;
            let device = burn::backend::cuda::CudaDevice::new(index);
            let objective = crate::training::DeviceObjective::<Autodiff<Cuda>>::new(
                kernel.architecture().clone(),
                terms,
                device.clone(),
            );
            training.objective = &objective;
            run_stages::<Autodiff<Cuda>>(&mut training, parameters, &device)
        }
        #[cfg(not(feature = "cuda"))]
        Device::Cuda(_) => unreachable!("`probe` refuses CUDA in a build without it"),
    }
}

/// Runs the stages one after the other; one that is interrupted or diverges is the last.
fn run_stages<B: FirstOrderBackend>(
    training: &mut Training<'_>,
    parameters: &mut Vec<f64>,
    device: &B::Device,
) -> Vec<StageReport> {
    let mut reports: Vec<StageReport> = Vec::new();
    for (index, stage) in training.problem.file.training.iter().enumerate() {
        let seed = training.problem.file.seed.wrapping_add(7919 * (1 + index as u64));
        let report = training.run::<B>(stage, seed, parameters, device);
        let last = matches!(report.stop, StopReason::Interrupted | StopReason::NonFinite { .. });
        reports.push(report);
        if last {
            break;
        }
    }
    reports
}

/// Writes the history and the network as training goes on.
struct Watch<'a> {
    results: &'a mut Results,
    progress: &'a mut dyn Progress,
    kernel: &'a Kernel<f64>,
    length: f64,
    failure: Option<Error>,
}

impl<'a> Watch<'a> {
    fn new(results: &'a mut Results, progress: &'a mut dyn Progress, kernel: &'a Kernel<f64>, length: f64) -> Self {
        Self {
            results,
            progress,
            kernel,
            length,
            failure: None,
        }
    }
}

impl Observer for Watch<'_> {
    fn record(&mut self, record: &Record) {
        self.progress.step(record);
        if let Err(error) = self.results.record(record) {
            self.failure.get_or_insert(error);
        }
    }

    fn keep(&mut self, parameters: &[f64]) {
        if let Err(error) = self
            .results
            .network(self.kernel.architecture(), parameters, self.length)
        {
            self.failure.get_or_insert(error);
        }
    }
}

fn summarise(
    request: &Request,
    solution: &Solution<'_>,
    names: &[String],
    terms: &[Rows<f64>],
    weights: &[f64],
    stages: Vec<StageReport>,
    start: Instant,
) -> Summary {
    let problem = solution.problem;
    let file = &problem.file;
    // A seed that no training point used.
    let check_seed = file.seed.wrapping_add(0x5eed_0001);
    let points = problem.interior_points(
        crate::sampler::SamplerKind::Uniform,
        file.output.check_points,
        check_seed,
    );
    let errors = errors(solution, &points);
    Summary {
        title: file.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        burn: "0.21.0",
        device: request.device.to_string(),
        core: if matches!(request.device, Device::Cuda(_)) {
            "burn tensor operations"
        } else {
            "fused kernel"
        },
        threads: rayon::current_num_threads(),
        seed: file.seed,
        quick: request.quick,
        scales: problem.scales,
        output_scale: problem.ansatz.scale.clone(),
        parameters: solution.parameters.len(),
        terms: names
            .iter()
            .zip(terms)
            .zip(weights)
            .map(|((name, rows), weight)| TermSummary {
                name: name.clone(),
                points: rows.points,
                weight: *weight,
            })
            .collect(),
        verdict: verdict(file, request.quick, &stages, errors.as_ref()),
        stages,
        notes: problem.notes.clone(),
        seconds: start.elapsed().as_secs_f64(),
        peak_memory_bytes: peak_memory(),
        errors,
        check_points: file.output.check_points,
        balance: balance(solution, check_seed),
    }
}

fn verdict(file: &ProblemFile, quick: bool, stages: &[StageReport], errors: Option<&Errors>) -> Verdict {
    match stages.last().map(|stage| &stage.stop) {
        Some(StopReason::Interrupted) => return Verdict::Unfinished,
        Some(StopReason::NonFinite { .. }) => return Verdict::Failed,
        _ => {}
    }
    match (file.tolerance, errors) {
        (Some(tolerance), Some(errors)) if !quick => {
            let (field, flux) = tolerance.parts();
            let met = errors.field_l2 <= field && flux.is_none_or(|flux| errors.flux_l2 <= flux);
            if met { Verdict::Solved } else { Verdict::Missed }
        }
        _ => Verdict::Unjudged,
    }
}

//! The whole data flow: read [`solve`] first.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::batch::Collocation;
use crate::budget::{Plan, check_memory, plan};
use crate::device::Device;
use crate::error::Error;
use crate::formulation::Formulation;
use crate::jet::fused::Kernel;
use crate::network::{NetworkKind, RandomFeatures};
use crate::output::{
    Keeper, Probe, Reading, Results, Summary, TermSummary, Verdict, peak_memory, read_checkpoint, write_fields,
};
use crate::problem::{self, Batch, Memory, Problem, ProblemFile, Whole};
use crate::sampler::{Permutation, PointSet, mix};
use crate::solution::{
    Balance, Imbalance, Solution, balance, comparison, errors, estimate, overfitted, parted, potential, residuals,
    unbalanced,
};
use crate::start::{architecture, automatic_batch, independent_energy, relative_residual, sample_rows, start_values};
use crate::training::{
    COARSE, Checkpoint, LastLayer, Observer, Record, SINGULAR, StageKind, StageReport, StageState, StopReason, Trained,
    Training, energy_form, sharpness,
};

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The problem file, or the results folder of an interrupted run.
    pub source: Source,
    /// Where the run computes.
    pub device: Device,
    /// Where results go; `results/<stem>` without it.
    pub out: Option<PathBuf>,
    /// What replaces the file's settings.
    pub settings: Settings,
    /// A few steps on few points, to see that everything works.
    pub quick: bool,
    /// Time between checkpoints.
    pub checkpoint: Duration,
}

/// Where a run comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A problem file.
    File(PathBuf),
    /// The results folder of a run that was interrupted.
    Folder(PathBuf),
}

/// Numerics from the command line.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Replaces the file's seed.
    pub seed: Option<u64>,
    /// Replaces the file's batch size.
    pub batch: Option<Batch>,
    /// Replaces the file's number of interior points.
    pub points: Option<usize>,
    /// Replaces the file's memory limit, after the file was checked.
    pub memory: Option<Memory>,
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

/// Solves a problem file, or what is left of an interrupted run, and writes its results.
///
/// # Errors
/// Everything that keeps a run from starting, and results that cannot be written.
pub fn solve(request: &Request, interrupted: &AtomicBool, progress: &mut dyn Progress) -> Result<Outcome, Error> {
    run(request, interrupted, progress, &[])
}

/// `notes` are those of the form of the problem that was tried before.
fn run(
    request: &Request,
    interrupted: &AtomicBool,
    progress: &mut dyn Progress,
    notes: &[String],
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let (mut problem, folder, checkpoint) = open(request, progress)?;
    let device = match &checkpoint {
        Some(checkpoint) => checkpoint.device.parse().unwrap_or(request.device),
        None => request.device,
    };
    let quick = checkpoint.as_ref().map_or(request.quick, |checkpoint| checkpoint.quick);
    let planned = check_memory(&problem)?;
    device.probe()?;
    problem.notes.iter().for_each(|note| progress.note(note));
    problem.notes.splice(0..0, notes.iter().cloned());
    let names = term_names(&problem);
    let mut results = match &checkpoint {
        Some(checkpoint) => Results::resume(&folder, checkpoint.history, checkpoint.seconds)?,
        None => Results::create(&folder, &problem::resolved_in(&problem.file, &folder), &names)?,
    };
    let mut keeper = Keeper::new(&folder, request.checkpoint);
    let mut checkpoint = match checkpoint {
        Some(checkpoint) => checkpoint,
        None => {
            let text = problem::resolved_in(&problem.file, &folder);
            let begun = Checkpoint::begun(text, device.to_string(), quick, results.position().0);
            keeper.write(&begun, results.history()?)?;
            begun
        }
    };
    let mut stages = std::mem::take(&mut checkpoint.reports);
    let mut best = checkpoint.best.take();
    let mut failure = None;
    let first = problem.attempt_after(checkpoint.earlier);
    for index in first..problem.attempts.len() {
        let mut random = problem.take_up(index);
        let plan = plan(&problem)?;
        let kernel = Kernel::new(architecture(&problem, &mut random));
        let resumed = index == first && !checkpoint.weights.is_empty();
        let (weights, mut parameters) = if resumed {
            problem.ansatz.scale.clone_from(&checkpoint.scale);
            (checkpoint.weights.clone(), checkpoint.parameters.clone())
        } else {
            checkpoint.earlier = stages.len();
            start_values(&mut problem, &kernel, &names, &mut random)
        };
        if problem.file.points.batch == Some(Batch::All(Whole::Auto))
            && problem.stages.iter().any(StageKind::is_first_order)
        {
            let batch = automatic_batch(device, &problem, &names, &weights, &plan, &kernel, &parameters);
            problem.file.points.batch = Some(Batch::Size(batch));
            results.problem(&problem::resolved_in(&problem.file, &folder))?;
            let note = format!("batch = {batch} from gradient noise and step times at the start");
            progress.note(&note);
            problem.notes.push(note);
        }
        let mut collocation = Collocation::new(&problem, &names, &weights, plan.stored, plan.chunk);
        if resumed && let Some(list) = checkpoint.adapted.take() {
            collocation.adapt(list);
        }
        let mut watch = Watch {
            results: &mut results,
            keeper: &mut keeper,
            progress,
            kernel: &kernel,
            problem: problem::resolved_in(&problem.file, &folder),
            length: problem.scales.length,
            best: best.clone(),
            failure: None,
        };
        let drawn = problem.drawn();
        let mut training = Training {
            problem: &problem,
            kernel: &kernel,
            interrupted,
            pause: None,
            points: &drawn,
            observer: &mut watch,
            micro_batch: plan.micro_batch,
            chunk_bytes: plan.chunk_bytes,
            device,
            quick,
            reports: std::mem::take(&mut stages),
            earlier: checkpoint.earlier,
            begun: start,
            before: checkpoint.stage_seconds,
        };
        let state = std::mem::replace(&mut checkpoint.stage, StageState::Start);
        training.run(&mut collocation, &mut parameters, state);
        checkpoint.stage_seconds = 0.0;
        stages = training.reports;
        failure = failure.or(watch.failure);
        let trained = Trained {
            attempt: index,
            residual: relative_residual(&problem, &kernel, &parameters),
            energy: independent_energy(&collocation, &kernel, &parameters),
            rival: None,
            weights,
            scale: problem.ansatz.scale.clone(),
            adapted: collocation.adapted().map(<[_]>::to_vec),
            parameters,
        };
        let stop = stages.last().map(|stage| &stage.stop);
        let interrupted = stop == Some(&StopReason::Interrupted);
        let enough = problem.attempts[index].enough;
        let last = interrupted || trained.residual <= enough || index + 1 == problem.attempts.len();
        if !last {
            let note = format!(
                "attempt {} left a relative residual of {:.1e} on fresh points, more than {enough:.0e}: the next one follows",
                index + 1,
                trained.residual
            );
            progress.note(&note);
            problem.notes.push(note);
        }
        match &mut best {
            Some(best) if !trained.beats(best) => best.rival = trained.energy,
            _ => {
                let rival = best.as_ref().and_then(|best| best.energy);
                best = Some(Trained { rival, ..trained });
            }
        }
        if last {
            break;
        }
    }
    if let Some(best) = &best
        && best.residual > SINGULAR
        && stages.last().is_some_and(|stage| stage.stop != StopReason::Interrupted)
        && failure.is_none()
        && problem.changes_form()
    {
        keeper.finish()?;
        let note = format!(
            "the residuals stay at {:.1e} of those of no field: the problem follows in its energy form",
            best.residual
        );
        progress.note(&note);
        problem.notes.push(note);
        return again(&problem, folder, request, interrupted, progress);
    }
    // A history that could not be written must not cost the fields: it is reported after them.
    let failure = failure.or(keeper.finish().err());
    let best = best.unwrap_or_else(|| unreachable!("there is at least one attempt"));
    if problem.attempts.len() > 1 {
        problem.notes.push(format!(
            "attempt {} of {} is the result, with a relative residual of {:.1e} on fresh points",
            best.attempt + 1,
            problem.attempts.len(),
            best.residual
        ));
    }
    let mut random = problem.take_up(best.attempt);
    problem.ansatz.scale.clone_from(&best.scale);
    let kernel = Kernel::new(architecture(&problem, &mut random));
    let solution = Solution {
        problem: &problem,
        kernel: &kernel,
        parameters: &best.parameters,
    };
    write_fields(&solution, results.folder())?;
    results.network(kernel.architecture(), &best.parameters, problem.scales.length)?;
    let seconds = results.position().1;
    let course = Course {
        device,
        quick,
        plan: &planned,
        stages,
        seconds,
    };
    let summary = summarise(&solution, &names, &best, course);
    results.summary(&summary)?;
    failure.map_or(Ok(()), Err)?;
    Ok(Outcome {
        folder,
        summary,
        norms: problem.equation.medium().norms(),
        tolerance: problem.file.tolerance.map(|tolerance| tolerance.parts()),
    })
}

/// Solves the energy form of a problem in the same folder.
fn again(
    problem: &Problem,
    folder: PathBuf,
    request: &Request,
    interrupted: &AtomicBool,
    progress: &mut dyn Progress,
) -> Result<Outcome, Error> {
    let file = energy_form(
        problem.file.clone(),
        problem.shape.dimension(),
        problem.shape.poles().len(),
        problem.outputs(),
    );
    let path = folder.join("problem.ron");
    std::fs::write(&path, problem::resolved(&file)).map_err(Error::file("write", &path))?;
    let request = Request {
        source: Source::File(path),
        out: Some(folder),
        settings: Settings::default(),
        ..request.clone()
    };
    run(&request, interrupted, progress, &problem.notes)
}

/// The problem, the folder of its results, and where an interrupted run stood.
fn open(request: &Request, progress: &mut dyn Progress) -> Result<(Problem, PathBuf, Option<Checkpoint>), Error> {
    let adjusted = |path: &Path, quick: bool| {
        let mut problem = problem::load(path, |file| {
            adjust(file, &request.settings)?;
            if quick {
                shorten(file);
            }
            Ok(())
        })?;
        // Not before: a limit that is too small is no fault of the file.
        if let Some(memory) = &request.settings.memory {
            problem.file.memory = Some(memory.clone());
        }
        Ok::<Problem, Error>(problem)
    };
    match &request.source {
        Source::File(file) => {
            let problem = adjusted(file, request.quick)?;
            Ok((
                problem,
                request.out.clone().unwrap_or_else(|| default_folder(file)),
                None,
            ))
        }
        Source::Folder(folder) => {
            let problem = adjusted(&folder.join("problem.ron"), false)?;
            let checkpoint = read_checkpoint(folder)?;
            match &checkpoint {
                None => progress.note("there is no checkpoint: the run starts from the beginning"),
                // Nothing but device and `--quick` is taken from a run that had not come to its first parameters.
                Some(checkpoint) if checkpoint.weights.is_empty() => {}
                Some(checkpoint) if checkpoint.problem != problem::resolved_in(&problem.file, folder) => {
                    return Err(Error::Argument {
                        message: format!(
                            "`{}` is not the problem that its checkpoint belongs to",
                            folder.join("problem.ron").display()
                        ),
                        hint: "undo the changes, or solve it as a new run with `--out`".into(),
                    });
                }
                Some(_) => {}
            }
            Ok((problem, folder.clone(), checkpoint))
        }
    }
}

/// Applies the command line to the file: numerics only, never physics.
///
/// # Errors
/// A batch that is larger than the point set.
pub fn adjust(file: &mut ProblemFile, settings: &Settings) -> Result<(), Error> {
    if let Some(seed) = settings.seed {
        file.seed = seed;
    }
    if let Some(points) = settings.points {
        file.points.interior = points;
    }
    if let Some(batch) = &settings.batch {
        if let Batch::Size(size) = batch
            && *size > file.points.interior
        {
            return Err(Error::Argument {
                message: format!(
                    "`--batch {size}` is greater than the {} interior points",
                    file.points.interior
                ),
                hint: "use `--batch full` for the full batch".into(),
            });
        }
        file.points.batch = Some(batch.clone());
    }
    Ok(())
}

/// Makes a file one of a few steps on few points.
pub fn shorten(file: &mut ProblemFile) {
    let points = &mut file.points;
    points.interior = points.interior.min(256);
    points.boundary = points.boundary.min(128);
    match &mut points.batch {
        Some(Batch::Size(size)) => *size = (*size).min(128),
        Some(Batch::Sizes(sizes)) => sizes.values_mut().for_each(|size| *size = (*size).min(16)),
        _ => {}
    }
    if let crate::batch::Draw::Strata(strata) = &mut points.draw {
        strata.by = strata.by.fewer();
    }
    file.output.cells = file.output.cells.min(400);
    file.output.frames = file.output.frames.min(2);
    file.output.check_points = file.output.check_points.min(1000);
    match (&mut file.network, &mut file.training) {
        (_, Some(stages)) => *stages = stages.iter().map(|stage| stage.quick(10)).collect(),
        (Some(_), None) => {}
        (network, training) => {
            *network = Some(NetworkKind::RandomFeatures(RandomFeatures {
                width: 64,
                ..RandomFeatures::default()
            }));
            *training = Some(vec![StageKind::LastLayer(LastLayer::default())]);
        }
    }
}

/// Names of the loss terms, interior first.
pub fn term_names(problem: &Problem) -> Vec<String> {
    let mut names = vec!["interior".to_string()];
    names.extend(problem.terms.iter().map(|term| term.name()));
    names
}

/// `results/<stem>`.
pub fn default_folder(file: &Path) -> PathBuf {
    Path::new("results").join(file.file_stem().unwrap_or_default())
}

/// Writes the history, the network and checkpoints as training goes on.
struct Watch<'a> {
    results: &'a mut Results,
    keeper: &'a mut Keeper,
    progress: &'a mut dyn Progress,
    kernel: &'a Kernel<f64>,
    /// The resolved problem file.
    problem: String,
    length: f64,
    /// The best of the earlier attempts.
    best: Option<Trained>,
    failure: Option<Error>,
}

impl Watch<'_> {
    fn note(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

impl Observer for Watch<'_> {
    fn record(&mut self, record: &Record) {
        self.progress.step(record);
        let written = self.results.record(record);
        self.note(written);
    }

    fn keep(&mut self, parameters: &[f64]) {
        let written = self
            .results
            .network(self.kernel.architecture(), parameters, self.length);
        self.note(written);
    }

    fn due(&self) -> bool {
        self.keeper.due()
    }

    fn save(&mut self, mut checkpoint: Checkpoint) {
        (checkpoint.history, checkpoint.seconds) = self.results.position();
        checkpoint.problem.clone_from(&self.problem);
        checkpoint.best.clone_from(&self.best);
        let written = self
            .results
            .history()
            .and_then(|history| self.keeper.write(&checkpoint, history));
        self.note(written);
    }
}

/// Points per term that the sharpness is measured on.
const SHARPNESS: usize = 4096;

/// How a run went.
struct Course<'a> {
    device: Device,
    quick: bool,
    plan: &'a Plan,
    stages: Vec<StageReport>,
    seconds: f64,
}

fn summarise(solution: &Solution<'_>, names: &[String], trained: &Trained, course: Course<'_>) -> Summary {
    let Course {
        device,
        quick,
        plan,
        stages,
        seconds,
    } = course;
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
    let balance = balance(solution);
    let potential = potential(solution, names, &trained.weights, plan.chunk, trained.rival);
    let residuals = residuals(solution, &training_points(problem, trained.adapted.as_deref()));
    let comparison = comparison(solution);
    let measured = match (&errors, &comparison) {
        (Some(errors), _) => Some((errors.field_l2, errors.flux_l2)),
        (None, Some(comparison)) => Some((comparison.relative_l2, 0.0)),
        (None, None) => None,
    };
    let verdict = verdict(file, quick, &stages, measured, &balance);
    let judged = !quick && !matches!(verdict, Verdict::Unfinished | Verdict::Failed);
    let warnings = if judged {
        let parted = potential.as_ref().and_then(parted);
        let unbalanced = unbalanced(&balance).into_iter();
        // In the energy form the independent rule tells.
        let overfit = overfitted(&residuals).filter(|_| potential.is_none());
        unbalanced.chain(overfit).chain(parted).collect()
    } else {
        Vec::new()
    };
    let mut sample = sample_rows(problem, SHARPNESS);
    for (rows, weight) in sample.iter_mut().zip(&trained.weights) {
        rows.scale(*weight);
    }
    Summary {
        title: file.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        burn: "0.21.0",
        device: device.to_string(),
        core: if matches!(device, Device::Cuda(_)) || file.points.naive() {
            "burn tensor operations"
        } else {
            "fused kernel"
        },
        threads: rayon::current_num_threads(),
        seed: file.seed,
        quick,
        scales: problem.scales,
        output_scale: problem.ansatz.scale.clone(),
        parameters: solution.parameters.len(),
        terms: names
            .iter()
            .zip(problem.point_sets().iter().map(PointSet::len))
            .zip(&trained.weights)
            .map(|((name, points), weight)| TermSummary {
                name: name.clone(),
                points,
                weight: *weight,
            })
            .collect(),
        verdict,
        stages,
        sharpness: sharpness(solution.kernel, solution.parameters, &sample),
        notes: problem.notes.clone(),
        seconds,
        points_stored: plan.stored,
        predicted_memory_bytes: plan.predicted,
        peak_memory_bytes: peak_memory(),
        potential,
        // The defect equation takes residuals, which a singular field's energy form does without.
        estimate: (problem.file.formulation() != Formulation::Energy || trained.residual <= COARSE)
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

/// The result at the file's probes.
fn probes(solution: &Solution<'_>) -> Vec<Probe> {
    let problem = solution.problem;
    let arrays = solution.arrays(&problem.probes);
    let probe = |(i, x): (usize, &[f64; 4])| Probe {
        place: (0..problem.shape.dimension())
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
fn training_points(problem: &Problem, adapted: Option<&[[f64; 4]]>) -> Vec<([f64; 4], f64)> {
    let set = &problem.point_sets()[0];
    let count = adapted.map_or(set.len(), <[_]>::len);
    let permutation = Permutation::new(count, mix(problem.file.seed, 0x7e57));
    (0..count.min(TRAINING_POINTS))
        .map(|k| permutation.at(k))
        .map(|index| match adapted {
            Some(list) => (problem.interior_point(list[index]), 1.0 / count as f64),
            None => (problem.interior_point(set.point(index)), set.weight(index)),
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
        None => Verdict::Unjudged,
    }
}

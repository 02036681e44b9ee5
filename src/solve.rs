//! The whole data flow: read [`solve`] first.

mod request;
mod summary;
mod verdict;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use request::{Request, Settings, Source, adjust, default_folder, shorten};

use crate::batch::Collocation;
use crate::budget::{check_memory, plan};
use crate::error::Error;
use crate::jet::fused::Kernel;
use crate::output::{Keeper, Results, Summary, Times, read_checkpoint, write_fields};
use crate::problem::{self, Batch, Problem, Whole};
use crate::solution::{Solution, balance};
use crate::start::{architecture, automatic_batch, independent_energy, relative_residual, start_values};
use crate::training::{
    Checkpoint, HOPELESS, Record, SINGULAR, StageKind, StageState, StopReason, Trained, Training, energy_form,
};
use summary::{Course, summarise};
use watch::Watch;

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
    run(request, interrupted, progress, &Earlier::nothing())
}

/// What was done before in another form of the problem.
struct Earlier {
    /// When the run began.
    begun: Instant,
    /// Seconds in stages.
    steps: f64,
    /// Seconds to the first step.
    start: Option<f64>,
    /// The notes so far.
    notes: Vec<String>,
}

impl Earlier {
    fn nothing() -> Self {
        Self {
            begun: Instant::now(),
            steps: 0.0,
            start: None,
            notes: Vec::new(),
        }
    }
}

fn run(
    request: &Request,
    interrupted: &AtomicBool,
    progress: &mut dyn Progress,
    earlier: &Earlier,
) -> Result<Outcome, Error> {
    let start = Instant::now();
    let mut first_step = earlier.start;
    let (mut problem, folder, checkpoint) = open(request, progress)?;
    let device = match &checkpoint {
        Some(checkpoint) => checkpoint.device.parse().unwrap_or(request.device),
        None => request.device,
    };
    let quick = checkpoint.as_ref().map_or(request.quick, |checkpoint| checkpoint.quick);
    let planned = check_memory(&problem)?;
    device.probe()?;
    let mut stages = problem.attempts.iter().flat_map(|attempt| &attempt.stages);
    if !device.has_f64() && stages.any(|stage| !stage.is_first_order()) {
        let note =
            format!("full-batch stages work in f64, which `{device}` lacks: they run on the CPU, in the fused kernel");
        problem.notes.push(note);
    }
    // The form before this one has told the same of the same file.
    problem.notes.retain(|note| !earlier.notes.contains(note));
    problem.notes.iter().for_each(|note| progress.note(note));
    problem.notes.splice(0..0, earlier.notes.iter().cloned());
    let names = term_names(&problem);
    let mut results = match &checkpoint {
        Some(checkpoint) => Results::resume(&folder, checkpoint.history, checkpoint.seconds, earlier.begun)?,
        None => Results::create(
            &folder,
            &problem::resolved_in(&problem.file, &folder),
            &names,
            earlier.begun,
        )?,
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
    let mut last_made = first;
    for index in first..problem.attempts.len() {
        last_made = index;
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
        first_step.get_or_insert_with(|| earlier.begun.elapsed().as_secs_f64());
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
        let hopeless = trained.residual > HOPELESS && problem.changes_form();
        let last = interrupted || trained.residual <= enough || hopeless || index + 1 == problem.attempts.len();
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
        && stages.last().is_some_and(|stage| stage.stop != StopReason::Interrupted)
        && failure.is_none()
        && problem.changes_form()
        && let Some(reason) = fault(&mut problem, best)
    {
        keeper.finish()?;
        let note = format!("{reason}: the problem follows in its energy form");
        progress.note(&note);
        problem.notes.push(note);
        let earlier = Earlier {
            begun: earlier.begun,
            steps: stages.iter().map(|stage| stage.seconds).sum(),
            start: first_step,
            notes: problem.notes.clone(),
        };
        return again(&problem, folder, request, interrupted, progress, &earlier);
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
    let kernel = kernel_of(&mut problem, &best);
    let solution = Solution {
        problem: &problem,
        kernel: &kernel,
        parameters: &best.parameters,
    };
    let mut times = Times {
        start: first_step.unwrap_or_default(),
        steps: earlier.steps + stages.iter().map(|stage| stage.seconds).sum::<f64>(),
        ..Times::default()
    };
    let writing = Instant::now();
    write_fields(&solution, results.folder())?;
    results.network(kernel.architecture(), &best.parameters, problem.scales.length)?;
    times.fields = writing.elapsed().as_secs_f64();
    let checking = Instant::now();
    let course = Course {
        device,
        quick,
        plan: &planned,
        stages,
        times,
        last: last_made,
    };
    let mut summary = summarise(&solution, &names, &best, course);
    summary.times.checks = checking.elapsed().as_secs_f64();
    summary.seconds = results.position().1;
    results.summary(&summary)?;
    failure.map_or(Ok(()), Err)?;
    Ok(Outcome {
        folder,
        summary,
        norms: problem.equation.medium().norms(),
        tolerance: problem.file.tolerance.map(|tolerance| tolerance.parts()),
    })
}

/// The kernel of an attempt, whose network and scale the problem takes up.
fn kernel_of(problem: &mut Problem, trained: &Trained) -> Kernel<f64> {
    let mut random = problem.take_up(trained.attempt);
    problem.ansatz.scale.clone_from(&trained.scale);
    Kernel::new(architecture(problem, &mut random))
}

/// What speaks against the residual form of a problem after its best attempt.
fn fault(problem: &mut Problem, best: &Trained) -> Option<String> {
    if best.residual > SINGULAR {
        return Some(format!(
            "the residuals stay at {:.1e} of those of no field",
            best.residual
        ));
    }
    if best.residual <= problem.attempts[0].enough {
        return None;
    }
    let kernel = kernel_of(problem, best);
    let solution = Solution {
        problem,
        kernel: &kernel,
        parameters: &best.parameters,
    };
    // Residuals are those of the stiffest material: others may be badly wrong beside them.
    let balance = balance(&solution);
    let beyond = balance.all().find(|imbalance| imbalance.beyond())?;
    Some(format!(
        "{} are out of balance by {:.1e}",
        beyond.quantity, beyond.relative
    ))
}

/// Solves the energy form of a problem in the same folder.
fn again(
    problem: &Problem,
    folder: PathBuf,
    request: &Request,
    interrupted: &AtomicBool,
    progress: &mut dyn Progress,
    earlier: &Earlier,
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
    run(&request, interrupted, progress, earlier)
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

/// Names of the loss terms, interior first.
pub fn term_names(problem: &Problem) -> Vec<String> {
    let mut names = vec!["interior".to_string()];
    names.extend(problem.terms.iter().map(|term| term.name()));
    names
}

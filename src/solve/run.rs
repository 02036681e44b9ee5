//! A run: the attempts at a problem in one form, and what they leave.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::open::Opened;
use super::summary::{Course, summarise};
use super::watch::Watch;
use super::{Outcome, Progress, Request};
use crate::batch::{Batch, Whole};
use crate::budget::{Plan, check_memory, check_plans, plan};
use crate::device::Device;
use crate::error::Error;
use crate::noise::automatic_batch;
use crate::output::{Keeper, Results, Times, write_fields};
use crate::problem::{self, HOPELESS, Problem, ProblemFile, SINGULAR, energy_form};
use crate::solution::{Solution, balance};
use crate::start::{Prepared, independent_energy};
use crate::training::{Checkpoint, StageKind, StageReport, StageState, StopReason, Trained, Training};

/// A run of a problem in one form. The problem stays as it was stated; everything that changes is here.
pub(super) struct Run<'a> {
    request: &'a Request,
    interrupted: &'a AtomicBool,
    progress: &'a mut dyn Progress,
    problem: Arc<Problem>,
    /// The problem's file with the batch that was decided on.
    file: ProblemFile,
    folder: PathBuf,
    device: Device,
    quick: bool,
    /// The first attempt's plan.
    planned: Plan,
    results: Results,
    keeper: Keeper,
    /// Where an interrupted run stood, as far as it was not taken up yet.
    left: Checkpoint,
    /// The stages that are done.
    stages: Vec<StageReport>,
    best: Option<Trained>,
    failure: Option<Error>,
    clock: Clock,
    notes: Vec<String>,
    /// The last attempt that was made.
    last_made: usize,
}

/// Where the time of a run goes, over all its forms.
#[derive(Clone, Copy)]
struct Clock {
    begun: Instant,
    /// Seconds to the first step.
    first_step: Option<f64>,
    /// Seconds in the stages of earlier forms.
    steps: f64,
}

impl<'a> Run<'a> {
    /// Begins a run, or goes on with one.
    ///
    /// # Errors
    /// Too little memory, a device that does not exist, a folder that cannot be written to.
    pub(super) fn new(
        request: &'a Request,
        interrupted: &'a AtomicBool,
        opened: Opened,
        progress: &'a mut dyn Progress,
    ) -> Result<Self, Error> {
        let clock = Clock {
            begun: Instant::now(),
            first_step: None,
            steps: 0.0,
        };
        Self::begin(request, interrupted, opened, progress, clock, Vec::new())
    }

    fn begin(
        request: &'a Request,
        interrupted: &'a AtomicBool,
        opened: Opened,
        progress: &'a mut dyn Progress,
        clock: Clock,
        mut notes: Vec<String>,
    ) -> Result<Self, Error> {
        let Opened {
            problem,
            folder,
            checkpoint,
        } = opened;
        let (device, quick) = match &checkpoint {
            Some(left) => (left.device.parse().unwrap_or(request.device), left.quick),
            None => (request.device, request.quick),
        };
        let planned = check_memory(&problem, &problem.attempts[0])?;
        device.probe()?;
        // The form before this one has told the same of the same file.
        let own: Vec<String> = problem
            .notes
            .iter()
            .cloned()
            .chain(device_note(&problem, device))
            .collect();
        for note in own.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>() {
            progress.note(&note);
            notes.push(note);
        }
        let text = problem::resolved_in(&problem.file, &folder);
        let results = match &checkpoint {
            Some(left) => Results::resume(&folder, left.history, left.seconds, clock.begun)?,
            None => Results::create(&folder, &text, &problem.model.term_names(), clock.begun)?,
        };
        let mut keeper = Keeper::new(&folder, request.checkpoint);
        let mut left = match checkpoint {
            Some(left) => left,
            None => {
                let begun = Checkpoint::begun(text, device.to_string(), quick, results.position().0);
                keeper.write(&begun, results.history()?)?;
                begun
            }
        };
        Ok(Self {
            request,
            interrupted,
            progress,
            file: problem.file.clone(),
            problem: Arc::new(problem),
            folder,
            device,
            quick,
            planned,
            results,
            keeper,
            stages: std::mem::take(&mut left.reports),
            best: left.best.take(),
            left,
            failure: None,
            clock,
            notes,
            last_made: 0,
        })
    }

    /// Makes the attempts that are left until one is good enough.
    ///
    /// # Errors
    /// An attempt that cannot be planned, or a problem file that cannot be written.
    pub(super) fn attempt_all(&mut self) -> Result<(), Error> {
        let problem = Arc::clone(&self.problem);
        for index in problem.attempt_after(self.left.earlier)..problem.attempts.len() {
            let plan = plan(&problem, &problem.attempts[index], &self.file.points)?;
            let mut prepared = self.prepare(index);
            self.decide_batch(&mut prepared, &plan)?;
            let trained = self.train(&prepared, &plan);
            self.last_made = index;
            let last = self.is_last(&trained);
            self.take(trained);
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Takes up an attempt where it was interrupted, or begins it.
    fn prepare(&mut self, index: usize) -> Prepared {
        let (problem, left) = (&self.problem, &mut self.left);
        let weights = std::mem::take(&mut left.weights);
        let mut prepared = if weights.is_empty() {
            left.earlier = self.stages.len();
            match &self.best {
                Some(before) if problem.attempts[index].enriches => Prepared::enriching(problem, index, before),
                _ => Prepared::begin(problem, index),
            }
        } else {
            Prepared::restored(problem, index, &weights, &left.scale, &left.parameters)
        };
        prepared.points.clone_from(&self.file.points);
        self.notes.append(&mut prepared.notes);
        prepared
    }

    /// Measures which batch is best, if the file asks for that and it is not known yet.
    fn decide_batch(&mut self, prepared: &mut Prepared, plan: &Plan) -> Result<(), Error> {
        let open = self.file.points.batch == Some(Batch::All(Whole::Auto));
        if !open || !prepared.attempt().stages.iter().any(StageKind::is_first_order) {
            return Ok(());
        }
        let batch = automatic_batch(self.device, prepared, plan);
        self.file.points.batch = Some(Batch::Size(batch));
        prepared.points.clone_from(&self.file.points);
        self.results.problem(&problem::resolved_in(&self.file, &self.folder))?;
        self.tell(format!(
            "batch = {batch} from gradient noise and step times at the start"
        ));
        Ok(())
    }

    /// Trains an attempt.
    fn train(&mut self, prepared: &Prepared, plan: &Plan) -> Trained {
        let mut collocation = prepared.collocation(plan.stored, plan.chunk);
        if let Some(list) = self.left.adapted.take() {
            collocation.adapt(list);
        }
        let mut parameters = prepared.parameters.clone();
        let mut watch = Watch {
            results: &mut self.results,
            keeper: &mut self.keeper,
            progress: self.progress,
            kernel: &prepared.kernel,
            problem: problem::resolved_in(&self.file, &self.folder),
            length: self.problem.scales.length,
            best: self.best.clone(),
            failure: None,
        };
        let begun = self.clock.begun;
        self.clock
            .first_step
            .get_or_insert_with(|| begun.elapsed().as_secs_f64());
        let mut training = Training {
            source: prepared,
            stages: &prepared.attempt().stages,
            scale: &prepared.model.ansatz.scale,
            kernel: &prepared.kernel,
            interrupted: self.interrupted,
            pause: None,
            points: &prepared.drawn(),
            observer: &mut watch,
            micro_batch: plan.micro_batch,
            chunk_bytes: plan.chunk_bytes,
            device: self.device,
            quick: self.quick,
            reports: std::mem::take(&mut self.stages),
            earlier: self.left.earlier,
            begun,
            before: std::mem::take(&mut self.left.stage_seconds),
        };
        let state = std::mem::replace(&mut self.left.stage, StageState::Start);
        training.run(&mut collocation, &mut parameters, state);
        prepared.fix_level(&mut parameters);
        self.stages = training.reports;
        self.failure = self.failure.take().or(watch.failure);
        Trained {
            attempt: prepared.index,
            residual: prepared.relative_residual(&parameters),
            energy: independent_energy(&collocation, &prepared.kernel, &parameters),
            rival: None,
            weights: prepared.weights.clone(),
            scale: prepared.model.ansatz.scale.clone(),
            adapted: collocation.adapted().map(<[_]>::to_vec),
            parameters,
        }
    }

    /// Whether no further attempt is made.
    fn is_last(&mut self, trained: &Trained) -> bool {
        let enough = self.problem.attempts[trained.attempt].enough;
        let hopeless = trained.residual > HOPELESS && self.problem.changes_form();
        let last = self.stopped() || trained.residual <= enough || hopeless;
        if last || trained.attempt + 1 == self.problem.attempts.len() {
            return true;
        }
        self.tell(format!(
            "attempt {} left a relative residual of {:.1e} on fresh points, more than {enough:.0e}: the next one follows",
            trained.attempt + 1,
            trained.residual
        ));
        false
    }

    /// Keeps the better of the attempts.
    fn take(&mut self, trained: Trained) {
        match &mut self.best {
            Some(best) if !trained.beats(best) => best.rival = trained.energy,
            best => {
                let rival = best.as_ref().and_then(|best| best.energy);
                *best = Some(Trained { rival, ..trained });
            }
        }
    }

    /// Whether the user stopped the run.
    fn stopped(&self) -> bool {
        let last = self.stages.last().map(|stage| &stage.stop);
        last == Some(&StopReason::Interrupted)
    }

    /// What speaks against the residual form after its best attempt, if the energy form may follow.
    pub(super) fn fault(&self) -> Option<String> {
        let best = self.best.as_ref()?;
        let problem = &self.problem;
        if self.stages.is_empty() || self.stopped() || self.failure.is_some() || !problem.changes_form() {
            return None;
        }
        if best.residual > SINGULAR {
            return Some(format!(
                "the residuals stay at {:.1e} of those of no field",
                best.residual
            ));
        }
        if best.residual <= problem.attempts[0].enough {
            return None;
        }
        // Residuals are those of the stiffest material: others may be badly wrong beside them.
        let balance = balance(&Solution::of(&finished(problem, best)));
        let beyond = balance.all().find(|imbalance| imbalance.beyond())?;
        Some(format!(
            "{} are out of balance by {:.1e}",
            beyond.quantity, beyond.relative
        ))
    }

    /// Begins the energy form of the problem in the same folder.
    ///
    /// # Errors
    /// As [`Run::new`].
    pub(super) fn in_energy_form(mut self, reason: &str) -> Result<Self, Error> {
        self.keeper.finish()?;
        self.tell(format!("{reason}: the problem follows in its energy form"));
        let model = &self.problem.model;
        let file = energy_form(
            self.file,
            model.shape.dimension(),
            model.shape.poles().len(),
            model.outputs(),
        );
        let problem = problem::restated(file, &self.folder.join("problem.ron"))?;
        check_plans(&problem)?;
        let clock = Clock {
            steps: self.clock.steps + seconds(&self.stages),
            ..self.clock
        };
        let opened = Opened {
            problem,
            folder: self.folder,
            checkpoint: None,
        };
        Self::begin(self.request, self.interrupted, opened, self.progress, clock, self.notes)
    }

    /// Writes the fields of the best attempt, measures them, and judges the run.
    ///
    /// # Errors
    /// Results that cannot be written.
    pub(super) fn finish(mut self) -> Result<Outcome, Error> {
        // A history that could not be written must not cost the fields: it is reported after them.
        let failure = self.failure.take().or(self.keeper.finish().err());
        let best = self
            .best
            .take()
            .unwrap_or_else(|| unreachable!("there is at least one attempt"));
        let problem = self.problem;
        if problem.attempts.len() > 1 {
            self.notes.push(format!(
                "attempt {} of {} is the result, with a relative residual of {:.1e} on fresh points",
                best.attempt + 1,
                problem.attempts.len(),
                best.residual
            ));
        }
        let prepared = finished(&problem, &best);
        let mut times = Times {
            start: self.clock.first_step.unwrap_or_default(),
            steps: self.clock.steps + seconds(&self.stages),
            ..Times::default()
        };
        let writing = Instant::now();
        write_fields(&Solution::of(&prepared), self.results.folder())?;
        let architecture = prepared.kernel.architecture();
        self.results
            .network(architecture, &best.parameters, problem.scales.length)?;
        times.fields = writing.elapsed().as_secs_f64();
        let checking = Instant::now();
        let course = Course {
            device: self.device,
            quick: self.quick,
            plan: &self.planned,
            stages: self.stages,
            times,
            notes: self.notes,
            last: self.last_made,
        };
        let mut summary = summarise(&prepared, &best, course);
        summary.times.checks = checking.elapsed().as_secs_f64();
        summary.seconds = self.results.position().1;
        self.results.summary(&summary)?;
        failure.map_or(Ok(()), Err)?;
        Ok(Outcome {
            folder: self.folder,
            summary,
            norms: problem.model.equation.medium().norms(),
            tolerance: problem.file.tolerance.map(|tolerance| tolerance.parts()),
        })
    }

    /// Tells the user something now and in the summary.
    fn tell(&mut self, note: String) {
        self.progress.note(&note);
        self.notes.push(note);
    }
}

/// The attempt that training ended with.
fn finished(problem: &Arc<Problem>, trained: &Trained) -> Prepared {
    Prepared::restored(
        problem,
        trained.attempt,
        &trained.weights,
        &trained.scale,
        &trained.parameters,
    )
}

/// Seconds in stages.
fn seconds(stages: &[StageReport]) -> f64 {
    stages.iter().map(|stage| stage.seconds).sum()
}

/// Where stages run that a device cannot take.
fn device_note(problem: &Problem, device: Device) -> Option<String> {
    let mut stages = problem.attempts.iter().flat_map(|attempt| &attempt.stages);
    let left = !device.has_f64() && stages.any(|stage| !stage.is_first_order());
    left.then(|| {
        format!("full-batch stages work in f64, which `{device}` lacks: they run on the CPU, in the fused kernel")
    })
}

//! A run: what changes while a problem is solved in one form, and how the next form follows.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::open::Opened;
use super::{Progress, Request};
use crate::budget::{Plan, check_memory, check_plans};
use crate::device::Device;
use crate::error::Error;
use crate::output::{Keeper, Results};
use crate::problem::{self, Problem, ProblemFile, SINGULAR, energy_form};
use crate::solution::{Solution, balance};
use crate::start::Prepared;
use crate::training::{Checkpoint, StageReport, Trained};

/// A run of a problem in one form. The problem stays as it was stated; everything that changes is here.
pub(super) struct Run<'a> {
    pub(super) request: &'a Request,
    pub(super) interrupted: &'a AtomicBool,
    pub(super) progress: &'a mut dyn Progress,
    pub(super) problem: Arc<Problem>,
    /// The problem's file with the batch that was decided on.
    pub(super) file: ProblemFile,
    pub(super) folder: PathBuf,
    pub(super) device: Device,
    pub(super) quick: bool,
    /// The first attempt's plan.
    pub(super) planned: Plan,
    pub(super) results: Results,
    pub(super) keeper: Keeper,
    /// Where an interrupted run stood, as far as it was not taken up yet.
    pub(super) left: Checkpoint,
    /// The stages that are done.
    pub(super) stages: Vec<StageReport>,
    pub(super) best: Option<Trained>,
    pub(super) failure: Option<Error>,
    pub(super) clock: Clock,
    pub(super) notes: Vec<String>,
    /// The last attempt that was made.
    pub(super) last_made: usize,
}

/// Where the time of a run goes, over all its forms.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) begun: Instant,
    /// Seconds to the first step.
    pub(super) first_step: Option<f64>,
    /// Seconds in the stages of earlier forms.
    pub(super) steps: f64,
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

    /// Tells the user something now and in the summary.
    pub(super) fn tell(&mut self, note: String) {
        self.progress.note(&note);
        self.notes.push(note);
    }
}

/// The attempt that training ended with.
pub(super) fn finished(problem: &Arc<Problem>, trained: &Trained) -> Prepared {
    Prepared::restored(
        problem,
        trained.attempt,
        &trained.weights,
        &trained.scale,
        &trained.parameters,
    )
}

/// Seconds in stages.
pub(super) fn seconds(stages: &[StageReport]) -> f64 {
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

//! One attempt of a run: prepared, trained, and compared with those before.

use std::sync::Arc;

use super::run::Run;
use super::watch::Watch;
use crate::batch::{Batch, Whole};
use crate::budget::{Plan, plan};
use crate::error::Error;
use crate::noise::automatic_batch;
use crate::problem::{self, HOPELESS};
use crate::start::{Prepared, independent_energy};
use crate::training::{StageKind, StageState, StopReason, Trained, Training};

impl Run<'_> {
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
        let stuck = self.stages.last().map(|stage| &stage.stop) == Some(&StopReason::NoDescent);
        // More features do not help where there is no solution, and the energy form may follow.
        let hopeless = trained.residual > HOPELESS && (stuck || self.problem.changes_form());
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
    pub(super) fn stopped(&self) -> bool {
        let last = self.stages.last().map(|stage| &stage.stop);
        last == Some(&StopReason::Interrupted)
    }
}

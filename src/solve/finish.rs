//! The end of a run: the fields of its best attempt, and how good they are.

use std::time::Instant;

use super::Outcome;
use super::run::{Run, finished, seconds};
use super::summary::{RunRecord, summarise};
use crate::error::Error;
use crate::output::{Times, write_fields};
use crate::solution::Solution;

impl Run<'_> {
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
        let record = RunRecord {
            device: self.device,
            quick: self.quick,
            plan: &self.planned,
            stages: self.stages,
            times,
            notes: self.notes,
            last: self.last_made,
        };
        let mut summary = summarise(&prepared, &best, record);
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
}

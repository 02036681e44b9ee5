//! The verdict: one argument from all evidence for and against a result. `docs/verdicts.md` has it as a table.

use crate::output::Verdict;
use crate::solution::{
    Balance, Estimate, Imbalance, Potential, Residuals, Warning, inaccurate, overfitted, parted, unbalanced, unknown,
    unsettled, worse_than_none,
};
use crate::training::{StageReport, StopReason};

/// Residuals on fresh points, by those of no field, above which Newton's method has found no solution: solved problems left 1e-7 to 4e-3.
const STUCK: f64 = 5e-2;

/// What is known of a result.
pub(super) struct Evidence<'a> {
    pub(super) quick: bool,
    pub(super) stages: &'a [StageReport],
    pub(super) balance: &'a Balance,
    pub(super) residuals: &'a Residuals,
    pub(super) estimate: Option<&'a Estimate>,
    /// In the energy form.
    pub(super) potential: Option<&'a Potential>,
    /// Residuals of all terms on fresh points, relative to those of no field.
    pub(super) residual: f64,
    /// Whether values jump at the start, where residuals have no bound.
    pub(super) jumps: bool,
    /// Whether errors against the reference are within the tolerance, if the file has both.
    pub(super) met: Option<bool>,
}

impl Evidence<'_> {
    /// A failed run is not judged further. An error above its tolerance counts before a balance beyond its limit, since it says how far off
    /// the result is; a tolerance that is met outweighs all that is only not known.
    pub(super) fn verdict(&self) -> Verdict {
        match self.stages.last().map(|stage| &stage.stop) {
            Some(StopReason::Interrupted) => return Verdict::Unfinished,
            Some(StopReason::NonFinite { .. }) => return Verdict::Failed,
            _ if self.diverged().or_else(|| self.stuck()).is_some() => return Verdict::Failed,
            _ if self.quick => return Verdict::Unjudged,
            _ => {}
        }
        match self.met {
            Some(false) => Verdict::Missed,
            _ if self.balance.all().any(Imbalance::beyond) => Verdict::Unbalanced,
            Some(true) => Verdict::Solved,
            None if self.balance.all().any(Imbalance::unknown) => Verdict::Unknown,
            None if self.doubts().next().is_some() => Verdict::Unsettled,
            None => Verdict::Unjudged,
        }
    }

    /// All that speaks against the result, for the user.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        if let Some(warning) = self.diverged().or_else(|| self.stuck()) {
            return vec![warning];
        }
        if self.quick || matches!(self.verdict(), Verdict::Unfinished | Verdict::Failed) {
            return Vec::new();
        }
        let parted = self.potential.and_then(parted);
        let balances = unbalanced(self.balance).into_iter().chain(unknown(self.balance));
        balances.chain(self.doubts()).chain(parted).collect()
    }

    /// What tells without a reference that the result may be far from the solution. In the energy form residuals stay large where the
    /// field is singular; the independent rule tells instead.
    fn doubts(&self) -> impl Iterator<Item = Warning> {
        let residual_form = self.potential.is_none();
        let doubts = [
            self.potential.and_then(unsettled),
            self.estimate.and_then(inaccurate),
            overfitted(self.residuals, self.estimate).filter(|_| residual_form),
            worse_than_none(self.residual).filter(|_| residual_form && !self.jumps),
        ];
        doubts.into_iter().flatten()
    }

    /// Newton's method that ended far from any solution: no step along its direction lowers the residual, or the least that it
    /// comes to is no solution.
    fn stuck(&self) -> Option<Warning> {
        let newton = self.stages.iter().any(|stage| stage.stage == "Newton");
        let left = self.residual;
        (newton && !(left <= STUCK)).then(|| Warning {
            message: format!(
                "Newton's method came to no solution: residuals stay at {left:.1e} of those of no field, above the limit {STUCK:.0e}"
            ),
            hint: "there may be none for these loads, or it lies far from the start: give `initial_guess`, or reach the loads in steps, each from \
                   the solution before"
                .into(),
        })
    }

    /// Training whose loss stayed far above its start, with a result that is worse than none.
    fn diverged(&self) -> Option<Warning> {
        let (stage, since) = self.stages.iter().find_map(|stage| match stage.stop {
            StopReason::Diverged { since } => Some((&stage.stage, since)),
            _ => None,
        })?;
        let worse = match self.potential {
            Some(potential) => !(potential.independent <= potential.idle),
            None => self.jumps || worse_than_none(self.residual).is_some(),
        };
        worse.then(|| Warning {
            message: format!(
                "training diverged: since step {since} of {stage} the loss is far above its start, and the result is worse than no field at all"
            ),
            hint: "take a smaller learning rate; the fields are those of the end".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imbalance(relative: f64, integration_error: f64) -> Imbalance {
        Imbalance {
            quantity: "heat",
            imbalance: vec![0.0],
            unit: "W",
            relative,
            integration_error,
            terms: Vec::new(),
        }
    }

    /// A result with everything in order but what `change` changes.
    fn judged(change: impl Fn(&mut Evidence<'_>), relative: [f64; 2], stop: StopReason) -> (Verdict, usize) {
        let balance = Balance {
            loads: imbalance(relative[0], relative[1]),
            moments: None,
            energy: imbalance(1e-6, 0.0),
        };
        let residuals = Residuals {
            held_out: 1e-5,
            training: 1e-5,
        };
        let stages = [StageReport {
            stage: "Adam".into(),
            form: None,
            steps: 1,
            seconds: 0.0,
            loss: 1.0,
            stop,
        }];
        let mut evidence = Evidence {
            quick: false,
            stages: &stages,
            balance: &balance,
            residuals: &residuals,
            estimate: None,
            potential: None,
            residual: 1e-4,
            jumps: false,
            met: None,
        };
        change(&mut evidence);
        (evidence.verdict(), evidence.warnings().len())
    }

    #[test]
    fn an_imbalance_that_is_not_known_excuses_nothing() {
        let done = || StopReason::StepsDone;
        assert_eq!(judged(|_| {}, [1e-3, 1e-4], done()), (Verdict::Unjudged, 0));
        assert_eq!(judged(|_| {}, [0.5, 0.1], done()), (Verdict::Unbalanced, 1));
        assert_eq!(judged(|_| {}, [0.5, 5.0], done()), (Verdict::Unknown, 1));
        assert_eq!(judged(|_| {}, [1e-3, 2e-2], done()), (Verdict::Unknown, 1));
        assert_eq!(judged(|_| {}, [f64::NAN, 0.0], done()).0, Verdict::Unbalanced);
    }

    #[test]
    fn a_tolerance_decides_before_doubts_but_not_before_balances() {
        let done = || StopReason::StepsDone;
        let met = |met: bool| move |evidence: &mut Evidence<'_>| evidence.met = Some(met);
        assert_eq!(judged(met(true), [1e-3, 2e-2], done()).0, Verdict::Solved);
        assert_eq!(judged(met(true), [0.5, 0.0], done()).0, Verdict::Unbalanced);
        assert_eq!(judged(met(false), [0.5, 0.0], done()).0, Verdict::Missed);
    }

    #[test]
    fn training_that_diverged_to_less_than_nothing_failed() {
        let diverged = || StopReason::Diverged { since: 7 };
        let worse = |evidence: &mut Evidence<'_>| evidence.residual = 60.0;
        assert_eq!(judged(worse, [0.5, 5.0], diverged()), (Verdict::Failed, 1));
        // A later loss above that of an excellent start is no failure by itself.
        assert_eq!(judged(|_| {}, [1e-3, 0.0], diverged()), (Verdict::Unjudged, 0));
        assert_eq!(
            judged(worse, [1e-3, 0.0], StopReason::StepsDone),
            (Verdict::Unsettled, 1)
        );
    }

    #[test]
    fn estimates_and_fresh_residuals_that_speak_loudly_count() {
        let estimate = |field_l2: f64, captured: f64| Estimate {
            field_l2,
            flux_l2: field_l2,
            captured,
            effectivity: None,
        };
        let overfit = Residuals {
            held_out: 2e-2,
            training: 1e-4,
        };
        let quiet = Residuals {
            held_out: 1e-5,
            training: 1e-5,
        };
        for (error, captured, residuals, expected) in [
            (0.05, 0.9, quiet, Verdict::Unsettled),
            (1e-3, 0.1, quiet, Verdict::Unjudged),
            (3e-3, 0.06, overfit, Verdict::Unsettled),
            (1e-5, 0.99, overfit, Verdict::Unjudged),
        ] {
            let estimate = estimate(error, captured);
            let balance = Balance {
                loads: imbalance(1e-4, 0.0),
                moments: None,
                energy: imbalance(1e-6, 0.0),
            };
            let evidence = Evidence {
                quick: false,
                stages: &[],
                balance: &balance,
                residuals: &residuals,
                estimate: Some(&estimate),
                potential: None,
                residual: 1e-3,
                jumps: false,
                met: None,
            };
            assert_eq!(evidence.verdict(), expected, "{error} {captured}");
        }
    }
}

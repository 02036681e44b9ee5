//! Why a stage ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The reason for stopping, a value rather than a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum StopReason {
    /// All steps that the file asks for were done.
    StepsDone,
    /// The gradient fell below its relative tolerance.
    GradientVanished,
    /// The loss no longer falls: its relative decrease stayed below the tolerance over a window of iterations.
    LossSettled,
    /// No step along the gradient itself lowers the loss any more: rounding is as large as the progress that is left.
    RoundingLimit,
    /// An energy went on falling on its own points only, and no longer on an independent rule; the parameters are those where
    /// it was lowest there.
    RulesPart,
    /// The linear problem was solved.
    Solved {
        /// Unknowns that the points determine.
        rank: usize,
        /// All of them.
        unknowns: usize,
    },
    /// Newton's method came to its end: the field no longer changes.
    FieldSettled,
    /// No step along Newton's direction lowers the residual: the linearisation does not bear from here.
    NoDescent,
    /// The loss became infinite or not a number; the last good parameters are kept.
    NonFinite {
        /// The step at which it happened.
        step: usize,
        /// The term that was at fault.
        term: String,
    },
    /// The loss stayed far above its start to the end.
    Diverged {
        /// The step since which it did.
        since: usize,
    },
    /// The user interrupted the run.
    Interrupted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepsDone => f.write_str("all steps done"),
            Self::GradientVanished => f.write_str("the gradient vanished"),
            Self::LossSettled => f.write_str("the loss settled"),
            Self::RoundingLimit => f.write_str("rounding limit reached"),
            Self::RulesPart => f.write_str("the energy no longer falls on an independent rule"),
            Self::Solved { rank, unknowns } => write!(f, "solved, rank {rank} of {unknowns}"),
            Self::FieldSettled => f.write_str("the field settled"),
            Self::NoDescent => f.write_str("no step along Newton's direction lowers the residual"),
            Self::NonFinite { step, term } => {
                write!(
                    f,
                    "`{term}` became non-finite at step {step}; try a smaller learning rate"
                )
            }
            Self::Diverged { since } => write!(
                f,
                "diverged: the loss is far above its start since step {since}; try a smaller learning rate"
            ),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

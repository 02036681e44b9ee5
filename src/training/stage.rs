//! The kinds of stages: a kind is its file, its `mod` line and its line in the list at the end of this one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::first_order::{self, FirstOrderBackend, FirstOrderState, Settings};
use super::full_batch::{self, FullBatch, FullBatchState};
use super::{Adam, AdamW, GaussNewton, Langevin, LastLayer, Lbfgs, Newton, NonlinearCg, Sgd, SsBroyden};
use super::{StopReason, Training};
use crate::batch::Collocation;

/// What every stage kind tells about itself.
pub(super) trait Stage {
    /// The kind's name in problem files.
    fn name(&self) -> &'static str;

    /// Steps or iterations at most.
    fn steps(&self) -> usize;

    /// Changes them.
    fn set_steps(&mut self, steps: usize);

    /// Whether its numbers make sense with `batch` of `points` interior points per step.
    ///
    /// # Errors
    /// The field at fault and what is wrong with it.
    fn check(&self, batch: usize, points: usize) -> Result<(), (&'static str, String)>;

    /// What it holds besides the points, for p `parameters`.
    fn held(&self, parameters: usize) -> Held;

    /// Which of its forms it takes for p `parameters`, if it has several.
    fn form(&self, _parameters: usize) -> Option<String> {
        None
    }

    /// What first-order stages share.
    fn settings(&self) -> Option<Settings<'_>> {
        None
    }

    /// Takes back what makes the batch grow.
    fn fix_batch(&mut self) {}
}

/// What a stage holds besides the points, as numbers of f64 per parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Vectors `[p]`.
    pub vectors: usize,
    /// Matrices `[p, p]`.
    pub matrices: usize,
    /// Whether there are chunks of the Jacobian too.
    pub jacobian: bool,
    /// Rows of the Jacobian that are held with their kernel matrix, `[rows, p]` and `[rows, rows]`.
    pub rows: usize,
    /// Whether there is a list of interior points that are drawn anew.
    pub list: bool,
    /// Whether there is a least-squares problem of the output layer.
    pub output: bool,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            vectors: 8,
            matrices: 0,
            jacobian: false,
            rows: 0,
            list: false,
            output: false,
        }
    }
}

/// Refuses a negative number.
pub(super) fn not_negative(name: &'static str, value: f64) -> Result<(), (&'static str, String)> {
    if value >= 0.0 {
        Ok(())
    } else {
        Err((name, format!("{name} = {value} must not be negative")))
    }
}

impl StageKind {
    /// The kind's name in problem files.
    pub fn name(&self) -> &'static str {
        self.stage().name()
    }

    /// The settings of a first-order stage.
    pub(super) fn first_order(&self) -> Option<Settings<'_>> {
        self.stage().settings()
    }

    /// Whether it takes mini-batches.
    pub fn is_first_order(&self) -> bool {
        self.first_order().is_some()
    }

    /// The learning rate of a first-order stage.
    pub fn learning_rate(&self) -> Option<f64> {
        self.first_order().map(|settings| settings.learning_rate)
    }

    /// The largest batch of a first-order stage that starts with `first` of `points` interior points.
    pub fn largest_batch(&self, first: usize, points: usize) -> Option<usize> {
        self.first_order()
            .map(|settings| settings.growth.map_or(first, |growth| growth.largest(first, points)))
    }

    /// Whether its numbers make sense with `batch` of `points` interior points per step.
    ///
    /// # Errors
    /// The field at fault and what is wrong with it.
    pub fn check(&self, batch: usize, points: usize) -> Result<(), (&'static str, String)> {
        self.stage().check(batch, points)
    }

    /// What it holds besides the points, for p `parameters`.
    pub fn held(&self, parameters: usize) -> Held {
        self.stage().held(parameters)
    }

    /// Which of its forms it takes for p `parameters`, if it has several.
    pub fn form(&self, parameters: usize) -> Option<String> {
        self.stage().form(parameters)
    }

    /// Steps or iterations at most.
    pub fn steps(&self) -> usize {
        self.stage().steps()
    }

    /// The same stage with `steps` steps.
    pub fn with_steps(&self, steps: usize) -> Self {
        let mut stage = self.clone();
        stage.stage_mut().set_steps(steps);
        stage
    }

    /// The same stage with at most `steps` steps and a fixed batch.
    pub fn quick(&self, steps: usize) -> Self {
        let mut stage = self.with_steps(self.steps().min(steps));
        stage.stage_mut().fix_batch();
        stage
    }
}

/// Declares the kinds, one line each, and what depends on all of them.
macro_rules! stages {
    (
        first_order { $($(#[$first_doc:meta])* $first:ident,)* }
        full_batch { $($(#[$full_doc:meta])* $full:ident,)* }
    ) => {
        /// The training stages that a problem file can name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum StageKind {
            $($(#[$first_doc])* $first($first),)*
            $($(#[$full_doc])* $full($full),)*
        }

        impl StageKind {
            fn stage(&self) -> &dyn Stage {
                match self {
                    $(Self::$first(stage) => stage,)*
                    $(Self::$full(stage) => stage,)*
                }
            }

            fn stage_mut(&mut self) -> &mut dyn Stage {
                match self {
                    $(Self::$first(stage) => stage,)*
                    $(Self::$full(stage) => stage,)*
                }
            }

            /// Runs the stage from its start or from `state`: steps done, the loss, and why it ended.
            pub(super) fn run<B: FirstOrderBackend>(
                &self,
                training: &mut Training<'_>,
                seed: u64,
                collocation: &mut Collocation<'_>,
                parameters: &mut Vec<f64>,
                device: &B::Device,
                state: StageState,
            ) -> (usize, f64, StopReason) {
                match self {
                    $(Self::$first(stage) => {
                        let resumed = match state {
                            StageState::FirstOrder(state) => Some(state),
                            _ => None,
                        };
                        let settings = $first::settings(stage);
                        first_order::run::<B>(&settings, training, collocation, seed, parameters, device, resumed)
                    })*
                    $(Self::$full(stage) => {
                        let resumed = match state {
                            StageState::$full(state) => Some(state),
                            _ => None,
                        };
                        let work = (training, collocation, device);
                        full_batch::run::<B, _>(stage, work, seed, parameters, resumed, StageState::$full)
                    })*
                }
            }
        }

        $(impl Stage for $first {
            fn name(&self) -> &'static str {
                stringify!($first)
            }

            fn steps(&self) -> usize {
                self.steps
            }

            fn set_steps(&mut self, steps: usize) {
                self.steps = steps;
            }

            fn check(&self, batch: usize, points: usize) -> Result<(), (&'static str, String)> {
                $first::settings(self).check(batch, points)
            }

            fn held(&self, _parameters: usize) -> Held {
                Held::default()
            }

            fn settings(&self) -> Option<Settings<'_>> {
                Some($first::settings(self))
            }

            fn fix_batch(&mut self) {
                self.growth = None;
            }
        })*

        /// The state of the stage in work.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum StageState {
            /// It has not begun.
            Start,
            /// Between two steps of a first-order stage.
            FirstOrder(FirstOrderState),
            $(
                /// Between two iterations of the full-batch stage of that name.
                $full(FullBatchState<<$full as FullBatch>::Memory>),
            )*
        }
    };
}

stages! {
    first_order {
        /// Adam on mini-batches in f32.
        Adam,
        /// Adam with decoupled weight decay.
        AdamW,
        /// Stochastic gradient descent with momentum.
        Sgd,
        /// Langevin dynamics: gradient descent with thermal noise.
        Langevin,
    }
    full_batch {
        /// Nonlinear conjugate gradients on the full batch in f64, in the memory of a few vectors.
        NonlinearCg,
        /// Quasi-Newton steps on the full batch in f64, in memory that does not depend on the number of points.
        Lbfgs,
        /// Self-scaled quasi-Newton steps with the whole inverse Hessian, on the full batch in f64.
        SsBroyden,
        /// Levenberg–Marquardt steps on the full batch in f64; the method of choice below a few thousand parameters.
        GaussNewton,
        /// The output layer by linear least squares, in f64; with `RandomFeatures` all that a smooth solution needs.
        LastLayer,
        /// Newton steps of the output layer, in f64; with `RandomFeatures` all that a smooth solution of a nonlinear problem needs.
        Newton,
    }
}

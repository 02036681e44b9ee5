//! The loop that all full-batch stages share: what a method does in one iteration is its own, everything else is here.

use std::collections::VecDeque;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::stage::{Stage, StageState};
use super::{FusedObjective, Objective, Record, StopReason, Training, norm, tensors};
use crate::batch::{Adapt, Collocation, Rad};
use crate::jet::fused::Kernel;
use crate::sampler::mix;

/// Decrease of an energy, relative to it, that rounding hides.
const ROUNDING: f64 = 1e-14;

/// Iterations over which an energy may fall on the points it is trained on only.
const PATIENCE: usize = 20;

/// Parameters with what is known about the loss there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// `[p]`.
    pub(super) parameters: Vec<f64>,
    /// Gradient of the loss, `[p]`; empty for a method that makes its own.
    pub(super) gradient: Vec<f64>,
    /// The weighted terms.
    pub(super) terms: Vec<f64>,
    /// Their sum.
    pub(super) loss: f64,
}

impl Point {
    /// Evaluates loss and gradient.
    pub(super) fn new(objective: &dyn Objective, parameters: Vec<f64>) -> Self {
        let mut gradient = vec![0.0; parameters.len()];
        let terms = objective.gradient(&parameters, &mut gradient);
        Self {
            loss: terms.iter().sum(),
            parameters,
            gradient,
            terms,
        }
    }

    /// Evaluates the loss only.
    pub(super) fn without_gradient(objective: &dyn Objective, parameters: Vec<f64>) -> Self {
        let terms = objective.losses(&parameters);
        Self {
            loss: terms.iter().sum(),
            parameters,
            gradient: Vec::new(),
            terms,
        }
    }
}

/// What an iteration works on.
pub struct Work<'a> {
    /// The loss.
    pub(super) objective: &'a dyn Objective,
    /// The kernel in f64.
    pub(super) kernel: &'a Kernel<f64>,
    /// All points.
    pub(super) collocation: &'a Collocation<'a>,
    /// Bytes of the Jacobian that are held at once.
    pub(super) chunk_bytes: usize,
    /// Norm of the gradient that the stage began with.
    pub(super) first_norm: f64,
    /// The stage's seed.
    pub(super) seed: u64,
}

/// What an iteration came to.
pub struct Step {
    /// Where it ended.
    pub(super) point: Point,
    /// Norm of the gradient, for the history.
    pub(super) gradient_norm: f64,
    /// Step length or damping, for the history.
    pub(super) rate: f64,
}

/// How long a stage goes on.
pub struct Limits {
    /// Iterations at most.
    pub(super) iterations: usize,
    /// The stage ends when the loss has fallen by no more than this fraction …
    pub(super) tolerance: f64,
    /// … over this many iterations.
    pub(super) window: usize,
}

/// A stage that takes all points in every iteration, in f64.
pub trait FullBatch {
    /// What the method remembers from one iteration to the next, besides the point.
    type Memory: Clone + Debug + PartialEq + Serialize + DeserializeOwned;

    /// How long it goes on.
    fn limits(&self) -> Limits;

    /// Iterations between new interior points, if there are to be any.
    fn redraw(&self) -> Option<usize> {
        None
    }

    /// The first point and an empty memory.
    fn start(&self, objective: &dyn Objective, parameters: Vec<f64>) -> (Point, Self::Memory);

    /// One iteration, or the reason why there can be none.
    fn advance(&self, work: &Work<'_>, at: &Point, memory: &mut Self::Memory) -> Result<Step, StopReason>;
}

/// A full-batch stage between two iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullBatchState<M> {
    iteration: usize,
    at: Point,
    first_norm: f64,
    /// Losses of the last iterations on the present points, by which the stage is judged to have settled.
    losses: VecDeque<f64>,
    memory: M,
    /// Of an energy: where it was lowest on the independent rule, the energy there, and the iterations since.
    lowest: Option<(Point, f64, usize)>,
}

/// Iterations, the loss, and why a stage ended.
type End = (usize, f64, StopReason);

/// Runs a stage from its start or from `resumed`; `state` tells what kind of state a checkpoint of it holds.
pub(super) fn run<F: FullBatch + Stage>(
    stage: &F,
    (training, collocation): (&mut Training<'_>, &mut Collocation<'_>),
    seed: u64,
    parameters: &mut Vec<f64>,
    resumed: Option<FullBatchState<F::Memory>>,
    kind: fn(FullBatchState<F::Memory>) -> StageState,
) -> End {
    let mut state = resumed;
    loop {
        let fused = FusedObjective {
            kernel: training.kernel,
            collocation,
        };
        let device = tensors::objective(training.device, training.kernel, collocation);
        let points = (&*collocation, device.as_deref().unwrap_or(&fused));
        match stretch(stage, training, points, seed, parameters, state, kind) {
            Err(end) => return end,
            Ok(mut moved) => {
                drop(device);
                let seed = mix(seed, moved.iteration as u64);
                let list = Adapt::Rad(Rad::default()).points(collocation, training.kernel, parameters, seed);
                collocation.adapt(list);
                moved.losses.clear();
                state = Some(moved);
            }
        }
    }
}

/// Iterates until the points are to be drawn anew, or to the end.
fn stretch<F: FullBatch + Stage>(
    stage: &F,
    training: &mut Training<'_>,
    (collocation, objective): (&Collocation<'_>, &dyn Objective),
    seed: u64,
    parameters: &mut Vec<f64>,
    state: Option<FullBatchState<F::Memory>>,
    kind: fn(FullBatchState<F::Memory>) -> StageState,
) -> Result<FullBatchState<F::Memory>, End> {
    let limits = stage.limits();
    let mut state = state.unwrap_or_else(|| {
        let (at, memory) = stage.start(objective, parameters.clone());
        FullBatchState {
            iteration: 0,
            first_norm: norm(&at.gradient),
            losses: VecDeque::from([at.loss]),
            at,
            memory,
            lowest: None,
        }
    });
    if state.losses.is_empty() {
        state.at = stage.start(objective, state.at.parameters).0;
        state.losses.push_back(state.at.loss);
    }
    if !state.at.loss.is_finite() {
        return Err((0, state.at.loss, training.non_finite(0, &state.at.terms)));
    }
    parameters.clone_from(&state.at.parameters);
    let work = Work {
        objective,
        kernel: training.kernel,
        collocation,
        chunk_bytes: training.chunk_bytes,
        first_norm: state.first_norm,
        seed,
    };
    let check = collocation.energy().then(|| collocation.independent());
    let checked = |point: &Point| -> Option<f64> {
        let collocation = check.as_ref()?;
        let kernel = work.kernel;
        Some(
            FusedObjective { kernel, collocation }
                .losses(&point.parameters)
                .iter()
                .sum(),
        )
    };
    if state.lowest.is_none() {
        state.lowest = checked(&state.at).map(|energy| (state.at.clone(), energy, 0));
    }
    while state.iteration < limits.iterations {
        if training.interrupted() || training.pause == Some(state.iteration) {
            let (iteration, loss) = (state.iteration, state.at.loss);
            training.save(collocation, parameters, kind(state));
            return Err((iteration, loss, StopReason::Interrupted));
        }
        if training.observer.due() {
            training.save(collocation, parameters, kind(state.clone()));
        }
        // With a single loss the points are new.
        if state.losses.len() > 1
            && stage
                .redraw()
                .is_some_and(|every| state.iteration.is_multiple_of(every))
        {
            return Ok(state);
        }
        let step = match stage.advance(&work, &state.at, &mut state.memory) {
            Ok(step) => step,
            Err(stop) => return Err((state.iteration, state.at.loss, stop)),
        };
        state.iteration += 1;
        state.at = step.point;
        parameters.clone_from(&state.at.parameters);
        training.observer.record(&Record::full(
            stage.name(),
            (state.iteration, limits.iterations),
            collocation.terms[0].len(),
            state.at.terms.clone(),
            step.gradient_norm,
            step.rate,
        ));
        if let (Some(energy), Some(lowest)) = (checked(&state.at), &mut state.lowest) {
            if energy < lowest.1 {
                *lowest = (state.at.clone(), energy, 0);
            } else {
                lowest.2 += 1;
            }
            if lowest.2 >= PATIENCE {
                let (lowest, _, since) = lowest.clone();
                parameters.clone_from(&lowest.parameters);
                return Err((state.iteration - since, lowest.loss, StopReason::RulesPart));
            }
        }
        state.losses.push_back(state.at.loss);
        if state.losses.len() > limits.window {
            let before = state.losses.pop_front().unwrap_or(state.at.loss);
            // An energy has no known lower bound: only rounding settles it.
            let least = if collocation.energy() {
                ROUNDING * before.abs()
            } else {
                limits.tolerance * before
            };
            if before - state.at.loss <= least {
                return Err((state.iteration, state.at.loss, StopReason::LossSettled));
            }
        }
    }
    Err((limits.iterations, state.at.loss, StopReason::StepsDone))
}

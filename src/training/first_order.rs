//! First-order training on mini-batches.

mod clip;
mod gradients;
mod host;
mod kinds;
mod rule;
mod settings;
mod signal;
mod state;
mod stepper;

#[cfg(test)]
pub(super) use clip::Clipper;
pub(super) use clip::OUTLIER;
pub use gradients::micro_batches;
pub use kinds::{Adam, AdamW, Langevin, Sgd};
#[cfg(test)]
pub(super) use rule::Rule;
pub(super) use rule::{BETA_1, BETA_2, EPSILON, Method, corrections, normal};
pub(super) use settings::Settings;
pub use settings::{Average, Clip, Decay, Plateau};
pub use state::FirstOrderState;
pub(super) use stepper::{Start, Stepper};

use super::{Record, StageState, StopReason, Training, norm, tensors};
use crate::batch::{Collocation, Drawer, Growth};
use crate::sampler::{Stream, mix};
use gradients::{batch_gradient, full_gradient};
use host::Host;
use signal::judge;
use state::capture;

/// Decrease of the running mean of the loss that counts as progress.
const PROGRESS: f64 = 0.01;
/// Decay of the running means of norm and loss.
pub(super) const MEMORY: f64 = 0.99;

/// Runs a stage from its start or from `resumed`: steps done, the loss, and why it ended.
pub(super) fn run(
    settings: &Settings<'_>,
    training: &mut Training<'_>,
    collocation: &mut Collocation<'_>,
    seed: u64,
    parameters: &mut Vec<f64>,
    resumed: Option<FirstOrderState>,
) -> (usize, f64, StopReason) {
    let first = training.points.batch_size(collocation.terms[0].len());
    let state = resumed.unwrap_or_else(|| FirstOrderState::new(parameters, first));
    let start = Start {
        kernel: training.kernel,
        settings,
        state: &state,
        seed: Stream::Rule.seed(seed, 0),
    };
    let mut stepper: Box<dyn Stepper> = if training.device.in_host_memory() && !training.points.naive() {
        Box::new(Host::new(&start))
    } else {
        tensors::stepper(training.device, &start)
    };
    steps(
        settings,
        training,
        collocation,
        seed,
        parameters,
        state,
        stepper.as_mut(),
    )
}

/// The same with a stepper that stands where `state` says.
pub(super) fn steps(
    settings: &Settings<'_>,
    training: &mut Training<'_>,
    collocation: &mut Collocation<'_>,
    seed: u64,
    parameters: &mut Vec<f64>,
    mut state: FirstOrderState,
    stepper: &mut dyn Stepper,
) -> (usize, f64, StopReason) {
    let points = training.points;
    let mut drawer = Drawer::new(
        points,
        seed,
        std::mem::take(&mut state.draw),
        collocation,
        training.kernel,
    );
    // The naive full batch is evaluated at once: that is what it is there to show.
    let micro = if points.naive() {
        usize::MAX
    } else {
        training.micro_batch
    };
    // Reading back costs a synchronisation on a device; a hundred steps are a moment on any.
    let report = (settings.steps / 200).clamp(1, 100);
    let mut stop = StopReason::StepsDone;
    while state.step < settings.steps {
        let step = state.step;
        if training.interrupted() || training.pause == Some(step) {
            capture(&mut state, stepper, &drawer);
            training.save(collocation, parameters, StageState::FirstOrder(state.clone()));
            take_finite(stepper.parameters(), parameters);
            return (step, state.last, StopReason::Interrupted);
        }
        if training.observer.due() {
            capture(&mut state, stepper, &drawer);
            training.save(collocation, parameters, StageState::FirstOrder(state.clone()));
        }
        if let Some(adapt) = &points.adapt
            && step > 0
            && step.is_multiple_of(adapt.every())
        {
            let list = adapt.points(
                collocation,
                training.kernel,
                &stepper.parameters(),
                mix(seed, step as u64),
            );
            collocation.adapt(list);
            drawer.restart(collocation);
            stepper.forget();
        }
        let available = collocation.terms[0].len();
        if drawer.every().is_some_and(|every| step.is_multiple_of(every.max(1))) {
            drawer.measure(collocation, training.kernel, &stepper.parameters());
        }
        match settings.growth {
            Some(Growth::Adaptive(adaptive)) if step.is_multiple_of(adaptive.every) && step >= settings.warm_up => {
                judge(adaptive, stepper, collocation, &mut drawer, &mut state, micro);
            }
            Some(growth) => state.batch = growth.size(step, state.first_batch, available).unwrap_or(state.batch),
            // Points that were added belong to a full batch too.
            None => state.batch = points.batch_size(available),
        }
        if state.batch >= available && full(points) {
            state.drawn = available;
            full_gradient(stepper, collocation, micro);
        } else {
            stepper.forget();
            let selections = drawer.next(collocation, state.batch);
            let copies = points.jitter.as_ref().map_or(1, |jitter| jitter.copies);
            state.drawn = selections[0].len() / copies;
            batch_gradient(stepper, collocation, &selections, micro);
        }
        state.seen += state.drawn as u64;
        if let Some(stop) = advance(settings, training, &mut state, stepper, report, available, parameters) {
            return (step, state.last, stop);
        }
        if settings.settle.is_some_and(|settle| state.since_lowest >= settle) {
            stop = StopReason::LossSettled;
            break;
        }
    }
    take_finite(stepper.parameters(), parameters);
    if let Some(mean) = stepper.average() {
        take_finite(mean, parameters);
    }
    if let Some(since) = state.risen {
        stop = StopReason::Diverged { since };
    }
    (state.step, state.last, stop)
}

/// Whether a batch of all points is the same in every step.
fn full(points: &crate::batch::Points) -> bool {
    use crate::batch::Draw;
    let given = matches!(points.batch, Some(crate::batch::Batch::Sizes(_)));
    matches!(points.draw, Draw::Shuffle | Draw::Strata(_)) && points.jitter.is_none() && !given
}

/// Takes the step that the gradient asks for; the reason to stop, if the loss is not finite.
fn advance(
    settings: &Settings<'_>,
    training: &mut Training<'_>,
    state: &mut FirstOrderState,
    stepper: &mut dyn Stepper,
    report: usize,
    available: usize,
    parameters: &mut Vec<f64>,
) -> Option<StopReason> {
    let step = state.step;
    let growth = state.batch as f64 / state.first_batch.max(1) as f64;
    let rate = settings.rate(step) * state.slowed * settings.coupling(growth);
    let judged = settings.settle.is_some() || matches!(settings.decay, Decay::Plateau(_));
    let reported = step.is_multiple_of(report) || step + 1 == settings.steps;
    let gradient_norm = reported.then(|| norm(&stepper.gradient()));
    stepper.shorten();
    if judged {
        stepper.keep_loss();
    }
    if reported || (judged && !stepper.waits()) {
        let terms = stepper.terms();
        state.last = terms.iter().sum();
        if !state.last.is_finite() {
            return Some(training.non_finite(step, &terms));
        }
        state.watch(state.last, step + 1);
        stepper.read(state);
        for loss in std::mem::take(&mut state.unjudged) {
            judge_loss(settings, state, loss);
        }
        if reported {
            // The last parameters whose loss is known to be finite.
            *parameters = stepper.parameters();
            training.observer.record(&Record {
                stage: settings.name,
                step: step + 1,
                steps: settings.steps,
                epoch: state.seen as f64 / available as f64,
                seen: state.seen,
                loss: state.last,
                terms,
                gradient_norm,
                rate,
                batch: state.drawn,
                clipped: settings.clip.map(|_| state.clipped as f64 / (step + 1) as f64),
                signal: state.signal,
            });
        }
    }
    let weight = match settings.average {
        Some(Average::Ema(decay)) => {
            // The mean of all parameters so far until it is as long as the decay's memory.
            state.averaged += 1;
            Some((1.0 - decay).max(1.0 / state.averaged as f64))
        }
        Some(Average::Swa(start)) if step as f64 >= start * settings.steps as f64 => {
            state.averaged += 1;
            Some(1.0 / state.averaged as f64)
        }
        _ => None,
    };
    stepper.step(step, rate, weight);
    state.step += 1;
    None
}

/// Takes the loss of a step into account: slows down on a plateau, or counts the steps without progress.
fn judge_loss(settings: &Settings<'_>, state: &mut FirstOrderState, loss: f64) {
    state.mean_loss = running(state.mean_loss, loss);
    state.since_lowest += 1;
    if let Decay::Plateau(plateau) = settings.decay {
        if state.mean_loss < state.lowest {
            state.lowest = state.mean_loss;
            state.since_lowest = 0;
        } else if state.since_lowest >= plateau.patience {
            state.slowed *= plateau.factor;
            state.since_lowest = 0;
        }
    } else if !(state.mean_loss >= state.lowest - PROGRESS * state.lowest.abs()) {
        state.lowest = state.mean_loss;
        state.since_lowest = 0;
    }
}

/// The running mean after another value.
pub(super) fn running(mean: f64, value: f64) -> f64 {
    if mean.is_finite() {
        MEMORY * mean + (1.0 - MEMORY) * value
    } else {
        value
    }
}

/// Takes parameters over, unless the last steps made them non-finite.
fn take_finite(found: Vec<f64>, parameters: &mut Vec<f64>) {
    if found.iter().all(|v| v.is_finite()) {
        *parameters = found;
    }
}

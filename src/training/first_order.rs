//! First-order training on mini-batches.

mod backend;
mod gradients;
mod kinds;
#[cfg(test)]
mod reads;
mod rule;
mod settings;
mod signal;
mod state;
mod unread;

use burn::module::Param;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

pub use backend::{FirstOrderBackend, Form, HostBackend, HostBatch, Terms};
pub use gradients::micro_batches;
pub use kinds::{Adam, AdamW, Langevin, Sgd};
pub(super) use settings::Settings;
pub use settings::{Average, Clip, Decay, Plateau};
pub use state::FirstOrderState;

use super::{Record, StageState, StopReason, Training};
use crate::batch::{Collocation, Drawer, Growth};
use crate::jet::fused::Kernel;
use crate::jet::{download, upload};
use crate::network::Mlp;
use crate::sampler::mix;
use gradients::{Step, batch_gradient, full_gradient};
use rule::Rule;
use signal::judge;
use state::capture;
use unread::Unread;

/// Times the mean norm that a single gradient counts with at most in the mean.
const OUTLIER: f64 = 10.0;
/// Decrease of the running mean of the loss that counts as progress.
const PROGRESS: f64 = 0.01;
/// Decay of the running means of norm and loss.
const MEMORY: f64 = 0.99;

/// Runs a stage from its start or from `resumed`.
pub(super) fn run<B: FirstOrderBackend>(
    settings: &Settings<'_>,
    training: &mut Training<'_>,
    collocation: &mut Collocation<'_>,
    seed: u64,
    parameters: &mut Vec<f64>,
    device: &B::Device,
    resumed: Option<FirstOrderState>,
) -> (usize, f64, StopReason) {
    let points = training.points;
    let kernel = Kernel::<f32>::new(training.kernel.architecture().clone());
    let first = points.batch_size(collocation.terms[0].len());
    let mut state = resumed.unwrap_or_else(|| FirstOrderState::new(parameters, first));
    let mut network = Mlp::<B>::new(&state.parameters, device);
    let mut rule = Rule::<B::InnerBackend>::new(
        settings.method,
        state.parameters.len(),
        &state.moments,
        mix(seed, 0x401),
        device,
    );
    let mut average: Option<Tensor<B::InnerBackend, 1>> = state
        .average
        .as_ref()
        .map(|values| upload(TensorData::from(&values[..]), device));
    let mut drawer = Drawer::new(
        points,
        seed,
        std::mem::take(&mut state.draw),
        collocation,
        training.kernel,
    );
    let form = if points.naive() { Form::Tape } else { Form::Fused };
    let micro = if form == Form::Tape {
        usize::MAX
    } else {
        training.micro_batch
    };
    let mut unread = Unread::<B>::new(settings.clip, &state, device);
    let mut kept: Option<B::Batch> = None;
    // Reading back costs a synchronisation on a device; a hundred steps are a moment on any.
    let report = (settings.steps / 200).clamp(1, 100);
    let mut stop = StopReason::StepsDone;
    while state.step < settings.steps {
        let step = state.step;
        if training.interrupted() || training.pause == Some(step) {
            capture(&mut state, &network, &rule, average.as_ref(), &drawer, &mut unread);
            training.save(collocation, parameters, StageState::FirstOrder(state.clone()));
            take_finite(&network, parameters);
            return (step, state.last, StopReason::Interrupted);
        }
        if training.observer.due() {
            capture(&mut state, &network, &rule, average.as_ref(), &drawer, &mut unread);
            training.save(collocation, parameters, StageState::FirstOrder(state.clone()));
        }
        if let Some(adapt) = &points.adapt
            && step > 0
            && step.is_multiple_of(adapt.every())
        {
            let list = adapt.points(collocation, training.kernel, &network.to_vec(), mix(seed, step as u64));
            collocation.adapt(list);
            drawer.restart(collocation);
            kept = None;
        }
        let available = collocation.terms[0].len();
        if drawer.every().is_some_and(|every| step.is_multiple_of(every.max(1))) {
            drawer.measure(collocation, training.kernel, &network.to_vec());
        }
        match settings.growth {
            Some(Growth::Adaptive(adaptive)) if step.is_multiple_of(adaptive.every) && step >= settings.warm_up => {
                judge::<B>(
                    adaptive,
                    &kernel,
                    &network,
                    collocation,
                    &mut drawer,
                    &mut state,
                    (form, micro),
                    device,
                );
            }
            Some(growth) => state.batch = growth.size(step, state.first_batch, available).unwrap_or(state.batch),
            // Points that were added belong to a full batch too.
            None => state.batch = points.batch_size(available),
        }
        let whole = state.batch >= available && full(points);
        let sum = if whole {
            state.drawn = available;
            state.seen += available as u64;
            full_gradient::<B>(&kernel, &network, collocation, micro, form, device, &mut kept)
        } else {
            kept = None;
            let selections = drawer.next(collocation, state.batch);
            let copies = points.jitter.as_ref().map_or(1, |jitter| jitter.copies);
            state.drawn = selections[0].len() / copies;
            state.seen += state.drawn as u64;
            batch_gradient(&kernel, &network, collocation, &selections, (form, micro), device)
        };
        if let Some(stop) = advance(
            settings,
            training,
            &mut state,
            &mut network,
            &mut rule,
            &mut average,
            &mut unread,
            sum,
            report,
            available,
            parameters,
        ) {
            return (step, state.last, stop);
        }
        if settings.settle.is_some_and(|settle| state.since_lowest >= settle) {
            stop = StopReason::LossSettled;
            break;
        }
    }
    take_finite(&network, parameters);
    if let Some(average) = average {
        let mean = download(average);
        if mean.iter().all(|v| v.is_finite()) {
            *parameters = mean;
        }
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

/// Takes the step that `sum` asks for; the reason to stop, if the loss is not finite.
#[expect(clippy::too_many_arguments, reason = "the body of one loop")]
fn advance<B: FirstOrderBackend>(
    settings: &Settings<'_>,
    training: &mut Training<'_>,
    state: &mut FirstOrderState,
    network: &mut Mlp<B>,
    rule: &mut Rule<B::InnerBackend>,
    average: &mut Option<Tensor<B::InnerBackend, 1>>,
    unread: &mut Unread<B>,
    sum: Step<B>,
    report: usize,
    available: usize,
    parameters: &mut Vec<f64>,
) -> Option<StopReason> {
    let step = state.step;
    let growth = state.batch as f64 / state.first_batch.max(1) as f64;
    let rate = settings.rate(step) * state.slowed * settings.coupling(growth);
    let judged = settings.settle.is_some() || matches!(settings.decay, Decay::Plateau(_));
    let mut gradient = sum.gradient;
    let reported = step.is_multiple_of(report) || step + 1 == settings.steps;
    let clip_here = settings.clip.filter(|_| !B::WAITS);
    let norm = (reported || clip_here.is_some()).then(|| super::norm(&download(gradient.clone())));
    gradient = unread.shorten(gradient);
    if judged && B::WAITS {
        unread.keep(sum.loss);
    }
    let mut terms = Vec::new();
    if reported || (judged && !B::WAITS) {
        for part in sum.terms {
            let part = part();
            terms.resize(part.len(), 0.0);
            terms.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        state.last = terms.iter().sum();
        if !state.last.is_finite() {
            return Some(training.non_finite(step, &terms));
        }
        state.watch(state.last, step + 1);
        unread.read(state);
        if judged && !B::WAITS {
            state.unjudged.push(state.last);
        }
        for loss in std::mem::take(&mut state.unjudged) {
            judge_loss(settings, state, loss);
        }
    }
    if let (Some(clip), Some(norm)) = (clip_here, norm) {
        let limit = match clip {
            Clip::Norm(limit) => limit,
            Clip::Adaptive(factor) if state.mean_norm.is_finite() => factor * state.mean_norm,
            Clip::Adaptive(_) => f64::INFINITY,
        };
        if norm > limit {
            gradient = gradient * (limit / norm);
            state.clipped += 1;
        }
        // A single outlier must not raise the mean that later ones are measured by.
        let most = if state.mean_norm.is_finite() {
            OUTLIER * state.mean_norm
        } else {
            norm
        };
        state.mean_norm = running(state.mean_norm, norm.min(most));
    }
    if reported {
        // The last parameters whose loss is known to be finite.
        *parameters = network.to_vec();
        training.observer.record(&Record {
            stage: settings.name,
            step: step + 1,
            steps: settings.steps,
            epoch: state.seen as f64 / available as f64,
            seen: state.seen,
            loss: state.last,
            terms,
            gradient_norm: norm,
            rate,
            batch: state.drawn,
            clipped: settings.clip.map(|_| state.clipped as f64 / (step + 1) as f64),
            signal: state.signal,
        });
    }
    let next = rule.step(step, rate, network.parameters.val().inner(), gradient);
    match settings.average {
        Some(Average::Ema(decay)) => {
            // The mean of all parameters so far until it is as long as the decay's memory.
            state.averaged += 1;
            let weight = (1.0 - decay).max(1.0 / state.averaged as f64);
            *average = Some(blend(average.take(), &next, weight));
        }
        Some(Average::Swa(start)) if step as f64 >= start * settings.steps as f64 => {
            state.averaged += 1;
            *average = Some(blend(average.take(), &next, 1.0 / state.averaged as f64));
        }
        _ => {}
    }
    *network = Mlp {
        parameters: Param::from_tensor(Tensor::from_inner(next)),
    };
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

fn blend<B: Backend>(mean: Option<Tensor<B, 1>>, next: &Tensor<B, 1>, weight: f64) -> Tensor<B, 1> {
    match mean {
        Some(mean) => mean * (1.0 - weight) + next.clone() * weight,
        None => next.clone(),
    }
}

fn running(mean: f64, value: f64) -> f64 {
    if mean.is_finite() {
        MEMORY * mean + (1.0 - MEMORY) * value
    } else {
        value
    }
}

/// Takes the network's parameters over, unless the last steps made them non-finite.
fn take_finite<B: Backend>(network: &Mlp<B>, parameters: &mut Vec<f64>) {
    let end = network.to_vec();
    if end.iter().all(|v| v.is_finite()) {
        *parameters = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_flex::{Flex, FlexDevice};

    /// Plain means of 1, 2, …, n, and the closed form of the exponential one.
    #[test]
    fn averages_are_the_stated_means() {
        let tensor = |value: f32| upload::<Flex, 1>(TensorData::from([value]), &FlexDevice);
        let fold = |weight: &dyn Fn(u32) -> f64| {
            let mut mean = None;
            for n in 1..=20_u32 {
                mean = Some(blend(mean.take(), &tensor(n as f32), weight(n)));
            }
            mean.map_or(f64::NAN, |mean| download(mean)[0])
        };
        assert!((fold(&|n| 1.0 / f64::from(n)) - 10.5).abs() < 1e-4);
        // m_n = 0.5·m_{n−1} + 0.5·n from m_1 = 1: m_n = n − 1 + 2^(1−n).
        assert!((fold(&|_| 0.5) - (19.0 + 0.5_f64.powi(19))).abs() < 1e-4);
    }
}

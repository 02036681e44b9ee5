//! First-order training on mini-batches, with Burn's Adam.

use burn::backend::{Autodiff, NdArray};
use burn::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_flex::Flex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::batches::Batches;
use super::{Record, StopReason, Training};
use crate::formulation::{boundary_rows, interior_rows};
use crate::jet::fused::Kernel;
use crate::jet::operation::least_squares;
use crate::loss::Rows;
use crate::network::{Mlp, download};
use crate::sampler::SamplerKind;

/// First-order steps on mini-batches in f32 (Kingma & Ba, *Adam: a method for stochastic optimization*, 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// Number of steps.
    pub steps: usize,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Steps over which the learning rate grows linearly from 0.
    pub warm_up: usize,
    /// How the learning rate falls afterwards: `Cosine`, `Exponential` or `Constant`.
    pub decay: Decay,
    /// Largest norm of the gradient; longer ones are shortened to it.
    pub clip: Option<f64>,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            steps: 2000,
            learning_rate: 2e-3,
            warm_up: 50,
            decay: Decay::Cosine,
            clip: None,
        }
    }
}

/// How the learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Decay {
    /// Not at all.
    Constant,
    /// Half a cosine, to 1 % of its start.
    Cosine,
    /// By equal factors, to 1 % of its start.
    Exponential,
}

impl Adam {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let message = format!("learning_rate = {} must be greater than 0", self.learning_rate);
            return Err(("learning_rate", message));
        }
        match self.clip {
            Some(clip) if !(clip > 0.0) => Err(("clip", format!("clip = {clip} must be greater than 0"))),
            _ => Ok(()),
        }
    }

    /// The learning rate of a step, from 0. A pure function, so that a run can be resumed anywhere; Burn's schedulers count
    /// for themselves and start over after the last step.
    fn rate(&self, step: usize) -> f64 {
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let progress = (step - self.warm_up) as f64 / self.steps.saturating_sub(self.warm_up).max(1) as f64;
        self.learning_rate
            * match self.decay {
                Decay::Constant => 1.0,
                Decay::Cosine => 0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
                Decay::Exponential => 0.01_f64.powf(progress),
            }
    }

    pub(super) fn run<B: FirstOrderBackend>(
        &self,
        training: &mut Training<'_>,
        seed: u64,
        parameters: &mut Vec<f64>,
        device: &B::Device,
    ) -> (usize, f64, StopReason) {
        let points = &training.problem.file.points;
        let interior = training.terms[0].points;
        let batch = points.batch_size();
        let kernel = Kernel::<f32>::new(training.kernel.architecture().clone());
        let mut network = Mlp::<B>::new(parameters, device);
        let mut optimizer = AdamConfig::new()
            .with_epsilon(1e-8)
            .with_grad_clipping(self.clip.map(|clip| GradientClippingConfig::Norm(clip as f32)))
            .init();
        let mut batches = Batches::new(training.terms, batch, seed);
        let keep = batches.full() && !points.fresh;
        let mut current: Option<B::Batch> = None;
        // Reading back costs a synchronisation on a device; a hundred steps are a moment on any.
        let report = (self.steps / 200).clamp(1, 100);
        let mut last = f64::NAN;
        for step in 0..self.steps {
            if training.interrupted() {
                take_finite(&network, parameters);
                return (step, last, StopReason::Interrupted);
            }
            if current.is_none() || !keep {
                let rows = if points.fresh {
                    fresh(training, batch, seed.wrapping_add(step as u64))
                } else {
                    batches.next()
                };
                current = Some(B::upload(rows, device));
            }
            let Some(rows) = &current else { continue };
            let (loss, terms) = B::loss(&kernel, network.parameters.val(), rows);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let rate = self.rate(step);
            if step % report == 0 || step + 1 == self.steps {
                let terms = terms();
                last = terms.iter().sum();
                if !last.is_finite() {
                    return (step, last, training.non_finite(step, &terms));
                }
                // The last parameters whose loss is known to be finite.
                *parameters = network.to_vec();
                let gradient = gradients
                    .get::<B::InnerBackend, 1>(network.parameters.id)
                    .map(|gradient| super::norm(&download(gradient)));
                training.observer.record(&Record {
                    stage: "Adam",
                    step: step + 1,
                    steps: self.steps,
                    epoch: ((step + 1) * batch) as f64 / interior as f64,
                    loss: last,
                    terms,
                    gradient_norm: gradient,
                    rate,
                    batch,
                });
            }
            network = optimizer.step(rate, network, gradients);
        }
        take_finite(&network, parameters);
        (self.steps, last, StopReason::StepsDone)
    }
}

/// Takes the network's parameters over, unless the last steps made them non-finite.
fn take_finite<B: Backend>(network: &Mlp<B>, parameters: &mut Vec<f64>) {
    let end = network.to_vec();
    if end.iter().all(|v| v.is_finite()) {
        *parameters = end;
    }
}

/// New points for one step: as many per term as a batch of the fixed set would have.
fn fresh(training: &Training<'_>, batch: usize, seed: u64) -> Vec<Rows<f32>> {
    let problem = training.problem;
    let sizes = Batches::sizes(training.terms, batch);
    let sampler = SamplerKind::Uniform;
    sizes
        .iter()
        .enumerate()
        .map(|(t, &n)| {
            let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(t as u64);
            let rows = if t == 0 {
                interior_rows(problem, &problem.interior_points(sampler, n, seed))
            } else {
                let term = &problem.terms[t - 1];
                boundary_rows(problem, term, &problem.boundary_points(term.place, sampler, n, seed))
            };
            rows.gather(&(0..n).collect::<Vec<_>>(), training.weights[t])
        })
        .collect()
}

/// Reads the loss terms of a step, when they are wanted.
pub type Terms = Box<dyn FnOnce() -> Vec<f64>>;

/// A backend that first-order stages run on.
pub trait FirstOrderBackend: AutodiffBackend {
    /// A mini-batch where the backend wants it.
    type Batch;

    /// Takes a mini-batch to the device.
    fn upload(rows: Vec<Rows<f32>>, device: &Self::Device) -> Self::Batch;

    /// The loss, `[1]`, and its terms.
    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms);
}

/// A backend in host memory, which the fused kernel serves.
pub trait HostBackend: Backend {}

impl HostBackend for Flex {}
impl HostBackend for NdArray {}

impl<B: HostBackend> FirstOrderBackend for Autodiff<B> {
    type Batch = Vec<Rows<f32>>;

    fn upload(rows: Vec<Rows<f32>>, _device: &Self::Device) -> Self::Batch {
        rows
    }

    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms) {
        let (loss, terms) = least_squares(kernel, parameters, batch);
        (loss, Box::new(move || terms))
    }
}

#[cfg(feature = "cuda")]
impl FirstOrderBackend for Autodiff<burn::backend::Cuda> {
    type Batch = Vec<crate::jet::generic::RowTensors<Self>>;

    fn upload(rows: Vec<Rows<f32>>, device: &Self::Device) -> Self::Batch {
        rows.iter()
            .map(|rows| crate::jet::generic::RowTensors::new(rows, device))
            .collect()
    }

    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms) {
        let terms = crate::jet::generic::losses(kernel.architecture(), &parameters, batch);
        (terms.clone().sum(), Box::new(move || download(terms)))
    }
}

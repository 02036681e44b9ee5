//! The update rules: a vector of parameters, its gradient, a learning rate.
//!
//! They are written here rather than taken from Burn because their state has to be saved and restored bit for bit, and because
//! Burn has no Langevin dynamics and no averages.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::jet::{download, upload};
use crate::sampler::{mix, unit};

/// How parameters are updated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::training) enum Method {
    /// Adam, with decoupled weight decay.
    Adam { weight_decay: f64 },
    /// Gradient descent with momentum.
    Sgd { momentum: f64, nesterov: bool },
    /// Gradient descent with thermal noise.
    Langevin { temperature: f64 },
}

/// Decay of Adam's first moment.
const BETA_1: f64 = 0.9;
/// Decay of Adam's second moment.
const BETA_2: f64 = 0.999;
/// Keeps Adam's quotient finite.
const EPSILON: f64 = 1e-8;

/// A method with its state on the device.
pub(super) struct Rule<B: Backend> {
    method: Method,
    moments: Vec<Tensor<B, 1>>,
    seed: u64,
}

impl<B: Backend> Rule<B> {
    /// A method at its start, or with the moments of an interrupted run.
    pub(super) fn new(method: Method, size: usize, moments: &[Vec<f32>], seed: u64, device: &B::Device) -> Self {
        let count = match method {
            Method::Adam { .. } => 2,
            Method::Sgd { momentum, .. } => usize::from(momentum > 0.0),
            Method::Langevin { .. } => 0,
        };
        let zero = vec![0.0_f32; size];
        Self {
            method,
            moments: (0..count)
                .map(|k| upload(TensorData::from(moments.get(k).map_or(&zero[..], |m| &m[..])), device))
                .collect(),
            seed,
        }
    }

    /// The moments, to be saved.
    pub(super) fn moments(&self) -> Vec<Vec<f32>> {
        self.moments
            .iter()
            .map(|moment| download(moment.clone()).iter().map(|v| *v as f32).collect())
            .collect()
    }

    /// The parameters after step number `step`, from 0.
    pub(super) fn step(
        &mut self,
        step: usize,
        rate: f64,
        parameters: Tensor<B, 1>,
        gradient: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        match self.method {
            Method::Adam { weight_decay } => {
                let count = (step + 1).min(i32::MAX as usize) as i32;
                let first = self.moments[0].clone() * BETA_1 + gradient.clone() * (1.0 - BETA_1);
                let second = self.moments[1].clone() * BETA_2 + gradient.clone() * gradient * (1.0 - BETA_2);
                let root = (second.clone() / (1.0 - BETA_2.powi(count))).sqrt() + EPSILON;
                let change = first.clone() / root * (rate / (1.0 - BETA_1.powi(count)));
                self.moments = vec![first, second];
                let kept = if weight_decay > 0.0 {
                    parameters * (1.0 - rate * weight_decay)
                } else {
                    parameters
                };
                kept - change
            }
            Method::Sgd { momentum, nesterov } => {
                let Some(velocity) = self.moments.pop() else {
                    return parameters - gradient * rate;
                };
                let velocity = velocity * momentum + gradient.clone();
                let change = if nesterov {
                    velocity.clone() * momentum + gradient
                } else {
                    velocity.clone()
                };
                self.moments = vec![velocity];
                parameters - change * rate
            }
            Method::Langevin { temperature } => {
                let noise = normal(mix(self.seed, step as u64), parameters.dims()[0]);
                let noise = upload(TensorData::from(&noise[..]), &parameters.device());
                parameters - gradient * rate + noise * (2.0 * rate * temperature).sqrt()
            }
        }
    }
}

/// Independent standard normal numbers (Box & Muller).
fn normal(key: u64, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| {
            let radius = (-2.0 * (1.0 - unit(key, 2 * i as u64)).ln()).sqrt();
            (radius * (std::f64::consts::TAU * unit(key, 2 * i as u64 + 1)).cos()) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_flex::{Flex, FlexDevice};

    fn run(method: Method, steps: usize, rate: f64, gradient: impl Fn(f64) -> f64, start: f64) -> Vec<f64> {
        let mut rule = Rule::<Flex>::new(method, 1, &[], 3, &FlexDevice);
        let mut x: Tensor<Flex, 1> = upload(TensorData::from([start as f32]), &FlexDevice);
        let mut path = Vec::new();
        for step in 0..steps {
            let at = download(x.clone())[0];
            let g = upload(TensorData::from([gradient(at) as f32]), &FlexDevice);
            x = rule.step(step, rate, x, g);
            path.push(download(x.clone())[0]);
        }
        path
    }

    #[test]
    fn the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient() {
        for scale in [1e-3, 1.0, 1e6] {
            let path = run(Method::Adam { weight_decay: 0.0 }, 1, 0.01, |_| scale, 1.0);
            assert!((path[0] - 0.99).abs() < 1e-5, "{scale}: {}", path[0]);
        }
        // Decoupled decay acts beside the step.
        let path = run(Method::Adam { weight_decay: 0.5 }, 1, 0.01, |_| 1.0, 1.0);
        assert!((path[0] - (1.0 - 0.005 - 0.01)).abs() < 1e-5);
    }

    #[test]
    fn momentum_follows_its_recursion() {
        // g = x from x = 1: v1 = 1, x1 = 0.9; v2 = 0.5 + 0.9 = 1.4, x2 = 0.76.
        let plain = Method::Sgd {
            momentum: 0.5,
            nesterov: false,
        };
        let path = run(plain, 2, 0.1, |x| x, 1.0);
        assert!((path[0] - 0.9).abs() < 1e-6 && (path[1] - 0.76).abs() < 1e-6);
        // Nesterov: change = 0.5·v + g: x1 = 1 − 0.1·1.5 = 0.85.
        let ahead = Method::Sgd {
            momentum: 0.5,
            nesterov: true,
        };
        assert!((run(ahead, 1, 0.1, |x| x, 1.0)[0] - 0.85).abs() < 1e-6);
    }

    /// In the well x²/2 Langevin dynamics comes to the variance T/(1 − rate/2) of its discrete law.
    #[test]
    fn langevin_steps_come_to_the_stated_temperature() {
        let (temperature, rate) = (0.3, 0.2);
        let path = run(Method::Langevin { temperature }, 40_000, rate, |x| x, 0.0);
        let tail = &path[1000..];
        let variance = tail.iter().map(|x| x * x).sum::<f64>() / tail.len() as f64;
        let expected = temperature / (1.0 - rate / 2.0);
        // About 39 000·0.1 independent values: 5 standard deviations are 11 %.
        assert!((variance / expected - 1.0).abs() < 0.11, "{variance} {expected}");
    }
}

//! The update rules on a device.

use burn_tensor::backend::Backend;
use burn_tensor::{Tensor, TensorData};

use crate::jet::{download, upload};
use crate::sampler::mix;
use crate::training::first_order::{BETA_1, BETA_2, EPSILON, Method, corrections, normal};

/// A method with its state in tensors, `[p]` each.
pub(super) struct Rule<B: Backend> {
    method: Method,
    moments: Vec<Tensor<B, 1>>,
    seed: u64,
}

impl<B: Backend> Rule<B> {
    /// A method with its moments.
    pub(super) fn new(method: Method, moments: Vec<Tensor<B, 1>>, seed: u64) -> Self {
        Self { method, moments, seed }
    }

    /// The moments, to be saved.
    pub(super) fn moments(&self) -> Vec<Vec<f32>> {
        let singles = |moment: &Tensor<B, 1>| download(moment.clone()).iter().map(|v| *v as f32).collect();
        self.moments.iter().map(singles).collect()
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
                let [sum_1, sum_2] = corrections(step);
                let first = self.moments[0].clone() * BETA_1 + gradient.clone() * (1.0 - BETA_1);
                let second = self.moments[1].clone() * BETA_2 + gradient.clone() * gradient * (1.0 - BETA_2);
                let root = (second.clone() / sum_2).sqrt() + EPSILON;
                let change = first.clone() / root * (rate / sum_1);
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

#[cfg(test)]
mod tests {
    use burn_ndarray::{NdArray, NdArrayDevice};

    use super::*;
    use crate::training::first_order::Rule as Plain;

    /// Sums and products of f32, in the same order.
    #[test]
    fn a_device_steps_as_vectors_do() {
        for method in [
            Method::Adam { weight_decay: 0.0 },
            Method::Adam { weight_decay: 0.3 },
            Method::Sgd {
                momentum: 0.0,
                nesterov: false,
            },
            Method::Sgd {
                momentum: 0.8,
                nesterov: true,
            },
            Method::Langevin { temperature: 0.2 },
        ] {
            let tensor =
                |values: &[f32]| -> Tensor<NdArray, 1> { upload(TensorData::from(values), &NdArrayDevice::Cpu) };
            let start = [0.5, -2.0, 1e-3];
            let moments = vec![vec![0.0; 3]; method.moments()];
            let tensors = moments.iter().map(|moment| tensor(moment)).collect();
            let (mut rule, mut plain) = (Rule::new(method, tensors, 7), Plain::new(method, moments, 7));
            let (mut x, mut parameters) = (tensor(&start), start);
            for step in 0..20 {
                let gradient = parameters.map(|p| 3.0 * p + 0.1);
                plain.step(step, 0.05, &mut parameters, &gradient);
                x = rule.step(step, 0.05, x, tensor(&gradient));
                assert_eq!(
                    download(x.clone()),
                    parameters.map(f64::from),
                    "{method:?}, step {step}"
                );
            }
            assert_eq!(rule.moments(), plain.moments());
        }
    }
}

//! The update rules: a vector of parameters, its gradient, a learning rate.
//!
//! They are written here rather than taken from Burn because their state has to be saved and restored bit for bit, and because
//! Burn has no Langevin dynamics and no averages.

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

impl Method {
    /// Number of vectors `[p]` that it remembers.
    pub(in crate::training) fn moments(self) -> usize {
        match self {
            Self::Adam { .. } => 2,
            Self::Sgd { momentum, .. } => usize::from(momentum > 0.0),
            Self::Langevin { .. } => 0,
        }
    }
}

/// Decay of Adam's first moment.
pub(in crate::training) const BETA_1: f64 = 0.9;
/// Decay of Adam's second moment.
pub(in crate::training) const BETA_2: f64 = 0.999;
/// Keeps Adam's quotient finite.
pub(in crate::training) const EPSILON: f64 = 1e-8;

/// The sums of Adam's weights, 1 − βⁿ, after step number `step`, from 0.
pub(in crate::training) fn corrections(step: usize) -> [f64; 2] {
    let count = (step + 1).min(i32::MAX as usize) as i32;
    [1.0 - BETA_1.powi(count), 1.0 - BETA_2.powi(count)]
}

/// A method with its state, on vectors.
pub(in crate::training) struct Rule {
    method: Method,
    moments: Vec<Vec<f32>>,
    seed: u64,
}

impl Rule {
    /// A method with its moments, `[p]` each.
    pub(in crate::training) fn new(method: Method, moments: Vec<Vec<f32>>, seed: u64) -> Self {
        Self { method, moments, seed }
    }

    /// The moments, to be saved.
    pub(in crate::training) fn moments(&self) -> &[Vec<f32>] {
        &self.moments
    }

    /// Changes the parameters by step number `step`, from 0.
    pub(in crate::training) fn step(&mut self, step: usize, rate: f64, parameters: &mut [f32], gradient: &[f32]) {
        let both = parameters.iter_mut().zip(gradient);
        let plain = rate as f32;
        match (self.method, &mut self.moments[..]) {
            (Method::Adam { weight_decay }, [first, second]) => {
                let [sum_1, sum_2] = corrections(step);
                let (decay_1, fresh_1) = (BETA_1 as f32, (1.0 - BETA_1) as f32);
                let (decay_2, fresh_2) = (BETA_2 as f32, (1.0 - BETA_2) as f32);
                let (sum_2, epsilon, rate_1) = (sum_2 as f32, EPSILON as f32, (rate / sum_1) as f32);
                let kept = (1.0 - rate * weight_decay) as f32;
                for ((p, g), (m, v)) in both.zip(first.iter_mut().zip(second)) {
                    *m = *m * decay_1 + g * fresh_1;
                    *v = *v * decay_2 + g * g * fresh_2;
                    let root = (*v / sum_2).sqrt() + epsilon;
                    *p = *p * kept - *m / root * rate_1;
                }
            }
            (Method::Sgd { momentum, nesterov }, [velocity]) => {
                let momentum = momentum as f32;
                for ((p, g), v) in both.zip(velocity) {
                    *v = *v * momentum + g;
                    let change = if nesterov { *v * momentum + g } else { *v };
                    *p -= change * plain;
                }
            }
            (Method::Langevin { temperature }, _) => {
                let size = (2.0 * rate * temperature).sqrt() as f32;
                let noise = normal(mix(self.seed, step as u64), gradient.len());
                both.zip(noise)
                    .for_each(|((p, g), noise)| *p = *p - g * plain + noise * size);
            }
            // Without momentum nothing is remembered.
            _ => both.for_each(|(p, g)| *p -= g * plain),
        }
    }
}

/// Independent standard normal numbers (Box & Muller).
pub(in crate::training) fn normal(key: u64, count: usize) -> Vec<f32> {
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

    fn run(method: Method, steps: usize, rate: f64, gradient: impl Fn(f64) -> f64, start: f64) -> Vec<f64> {
        let mut rule = Rule::new(method, vec![vec![0.0]; method.moments()], 3);
        let mut x = [start as f32];
        (0..steps)
            .map(|step| {
                let g = gradient(f64::from(x[0])) as f32;
                rule.step(step, rate, &mut x, &[g]);
                f64::from(x[0])
            })
            .collect()
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

//! How loss terms are weighted against each other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jet::Rows;
use crate::jet::fused::Kernel;

/// The weights of the loss terms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Weights {
    /// Balanced at the start so that every term has the same mean squared gradient per residual (the trace of its neural
    /// tangent kernel by its number of points); Wang, Yu & Perdikaris, *J. Comput. Phys.* 449 (2022) 110768, eq. 6.5.
    #[default]
    Balanced,
    /// By name of the term, 1 where a term is not named: `Given({"interior": 1, "right traction": 10})`.
    Given(BTreeMap<String, f64>),
}

/// Points per term that the balance looks at.
const SAMPLE: usize = 64;

/// The weight λ of each term; the interior's balanced weight is 1.
///
/// λ_t = K_interior/K_t, with K_t the mean over points of Σ_r |∂r/∂θ|².
pub fn term_weights(
    weights: &Weights,
    names: &[String],
    kernel: &Kernel<f64>,
    parameters: &[f64],
    terms: &[Rows<f64>],
) -> Vec<f64> {
    match weights {
        Weights::Given(given) => names
            .iter()
            .map(|name| given.get(name).copied().unwrap_or(1.0))
            .collect(),
        Weights::Balanced => {
            let p = parameters.len();
            let traces: Vec<f64> = terms
                .iter()
                .map(|rows| {
                    let n = rows.points.min(SAMPLE);
                    let mut jacobian = vec![0.0; n * rows.residuals * p];
                    let mut residual = vec![0.0; n * rows.residuals];
                    kernel.jacobian(parameters, rows, 0, n, &mut jacobian, &mut residual);
                    let total: f64 = rows.weights[..n].iter().sum();
                    jacobian.iter().map(|v| v * v).sum::<f64>() / total
                })
                .collect();
            let reference = traces.first().copied().unwrap_or(1.0);
            traces
                .iter()
                .map(|trace| if *trace > 0.0 { reference / trace } else { 1.0 })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::{Channels, Order};
    use crate::network::MlpConfig;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The trace by central differences of the residuals, which the weights of the points and the right-hand side do not enter;
    /// residuals three times as large have one nine times as large.
    #[test]
    fn balanced_weights_are_the_ratios_of_the_mean_squared_gradients() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let architecture = MlpConfig {
            width: 6,
            depth: 2,
            ..MlpConfig::default()
        }
        .architecture(1, &[0.0], &[1.0], &mut random);
        let parameters = architecture.initial_parameters(&mut random);
        let kernel = Kernel::<f64>::new(architecture);
        let rows = |n: usize, factor: f64, weight: f64| Rows {
            channels: Channels::new(1, false, Order::Value),
            points: n,
            residuals: 1,
            components: 1,
            x: (0..n).map(|i| i as f64 / n as f64).collect(),
            coefficients: vec![factor; n],
            rhs: (0..n).map(|i| (i as f64).sin()).collect(),
            linear: Vec::new(),
            smooth: None,
            weights: vec![weight / n as f64; n],
        };
        let terms = [rows(40, 1.0, 1.0), rows(40, 3.0, 7.0), rows(9, 1.0, 1.0)];
        let names = ["interior", "left", "right"].map(String::from);
        let found = term_weights(&Weights::Balanced, &names, &kernel, &parameters, &terms);
        let traces: Vec<f64> = terms
            .iter()
            .map(|rows| {
                let step = 1e-5;
                let moved = |k: usize, step: f64| {
                    let mut parameters = parameters.clone();
                    parameters[k] += step;
                    kernel.residuals(&parameters, rows)
                };
                let squares = (0..parameters.len()).flat_map(|k| {
                    let (up, down) = (moved(k, step), moved(k, -step));
                    up.into_iter()
                        .zip(down)
                        .map(move |(up, down)| ((up - down) / (2.0 * step)).powi(2))
                });
                squares.sum::<f64>() / rows.points as f64
            })
            .collect();
        for (weight, trace) in found.iter().zip(&traces) {
            assert!((weight * trace / traces[0] - 1.0).abs() < 1e-8, "{found:?} {traces:?}");
        }
        assert!((found[1] - 1.0 / 9.0).abs() < 1e-12);
        let given = Weights::Given([("right".to_string(), 5.0)].into());
        assert_eq!(
            term_weights(&given, &names, &kernel, &parameters, &terms),
            [1.0, 1.0, 5.0]
        );
    }
}

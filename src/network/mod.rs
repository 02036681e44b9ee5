//! Networks: which function of the coordinates is trained.
//!
//! A network's parameters are one vector: for each layer the weights `[in, out]`, row-major, then the biases `[out]`.
//! Curvature methods, checkpoints and the fused kernel all work on that vector; [`Architecture`] says what stands where.

mod mlp;
mod random_features;

pub(crate) use mlp::normal;
pub use mlp::{Mlp, MlpConfig};
pub use random_features::RandomFeatures;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jet::Architecture;

/// The networks that a problem file can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum NetworkKind {
    /// Multilayer perceptron with equal hidden layers, optionally behind Fourier features.
    Mlp(MlpConfig),
    /// One wide layer of random features whose output layer is solved for.
    RandomFeatures(RandomFeatures),
}

impl Default for NetworkKind {
    fn default() -> Self {
        Self::Mlp(MlpConfig::default())
    }
}

impl NetworkKind {
    /// Units per hidden layer.
    pub fn width(&self) -> usize {
        match self {
            Self::Mlp(config) => config.width,
            Self::RandomFeatures(config) => config.width,
        }
    }

    /// Number of hidden layers.
    pub fn depth(&self) -> usize {
        match self {
            Self::Mlp(config) => config.depth,
            Self::RandomFeatures(_) => 1,
        }
    }

    /// The number of parameters p for m outputs, D coordinates and `further` inputs,
    /// without building anything; huge sizes do not overflow.
    pub fn parameters(&self, components: usize, coordinates: usize, further: usize) -> u128 {
        let (w, l, m) = (self.width() as u128, self.depth() as u128, components as u128);
        let inputs = match self {
            Self::Mlp(config) if config.fourier_features > 0 => 2 * config.fourier_features as u128,
            _ => coordinates as u128,
        } + further as u128;
        let hidden = w.saturating_mul(w + 1).saturating_mul(l - 1);
        (inputs + 1)
            .saturating_mul(w)
            .saturating_add(hidden)
            .saturating_add((w + 1) * m)
    }

    /// The shape for a problem with `components` outputs on a domain from `min` to `max`, time included.
    pub fn architecture(&self, components: usize, min: &[f64], max: &[f64], random: &mut impl Rng) -> Architecture {
        match self {
            Self::Mlp(config) => config.architecture(components, min, max, random),
            Self::RandomFeatures(config) => config.architecture(components, min, max),
        }
    }

    /// Random first parameters.
    pub fn initial_parameters(&self, architecture: &Architecture, random: &mut impl Rng) -> Vec<f64> {
        match self {
            Self::Mlp(_) => architecture.initial_parameters(random),
            Self::RandomFeatures(config) => config.initial_parameters(architecture, random),
        }
    }
}

/// Middle and reciprocal half width of a box per coordinate.
fn encoding(min: &[f64], max: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let center = min.iter().zip(max).map(|(a, b)| 0.5 * (a + b)).collect();
    let slope = min.iter().zip(max).map(|(a, b)| 2.0 / (b - a)).collect();
    (center, slope)
}

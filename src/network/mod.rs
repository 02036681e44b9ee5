//! Networks: which function of the coordinates is trained.
//!
//! A network's parameters are one vector: for each layer the weights `[in, out]`, row-major, then the biases `[out]`.
//! Curvature methods, checkpoints and the fused kernel all work on that vector; [`Architecture`] says what stands where.

mod mlp;
mod random_features;

pub use mlp::MlpConfig;
pub use random_features::RandomFeatures;

use std::ops::Range;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jet::activation::Activation;

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

/// A multilayer perceptron as plain data: sizes, activation, input map.
///
/// Input map: ξ_j = (x_j − center_j)·slope_j, which takes the domain to [−1, 1]; with Fourier features the network sees
/// (sin(Bξ), cos(Bξ)) instead of ξ.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Middle of the domain per coordinate, `[D]`.
    pub center: Vec<f64>,
    /// Reciprocal half width of the domain per coordinate, `[D]`.
    pub slope: Vec<f64>,
    /// The fixed Fourier matrix B, `[F, D]` row-major; empty without Fourier features.
    pub frequencies: Vec<f64>,
    /// Further inputs R^(−p)·u·|u|^(p−1), u = x − c: one vector of the space's dimension for every pole.
    pub poles: Vec<Pole>,
    /// Units per layer, from the encoded input to the m outputs.
    pub widths: Vec<usize>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
}

/// A place near which fields vary on scales of their own: the network takes R^(−p)·u·|u|^(p−1), u = x − c, as further inputs.
///
/// - The middle of a hole of radius R, p = −1, the inversion at its circle or sphere: smooth and at most 1 outside the
///   hole, it resolves the neighbourhood of the hole as x resolves the whole domain (Kelvin 1847).
/// - A corner, p = ½: smooth functions of it have the roots of the distance that fields have there (Williams, *J. Appl. Mech.* 19
///   (1952) 526), whatever their exponent; R is the size of the domain. Its second derivatives have no bounds, so that it goes
///   with an energy only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pole {
    /// c, dimensionless.
    pub center: [f64; 3],
    /// R, dimensionless.
    pub radius: f64,
    /// p.
    pub power: f64,
    /// Number of space coordinates d.
    pub space: usize,
}

/// Where one layer's parameters stand in the vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Weights `[inputs, outputs]`.
    pub weights: Range<usize>,
    /// Biases `[outputs]`.
    pub biases: Range<usize>,
    /// Units below.
    pub inputs: usize,
    /// Units above.
    pub outputs: usize,
}

impl Pole {
    /// A hole's middle.
    pub fn hole(center: [f64; 3], radius: f64, space: usize) -> Self {
        Self {
            center,
            radius,
            space,
            power: -1.0,
        }
    }

    /// A corner of a domain of the given size.
    pub fn corner(center: [f64; 3], size: f64, space: usize) -> Self {
        Self {
            center,
            radius: size,
            space,
            power: 0.5,
        }
    }

    /// q of |u|^(p−1) = (|u|²)^q.
    pub(crate) fn half_power(&self) -> f64 {
        0.5 * (self.power - 1.0)
    }
}

impl Architecture {
    /// The same with further inputs for the poles.
    #[must_use]
    pub fn with_poles(mut self, poles: Vec<Pole>) -> Self {
        self.widths[0] += poles.iter().map(|pole| pole.space).sum::<usize>();
        self.poles.extend(poles);
        self
    }

    /// Whether something else than ξ enters the first layer.
    pub fn encodes(&self) -> bool {
        !self.frequencies.is_empty() || !self.poles.is_empty()
    }

    /// Number of coordinates D.
    pub fn coordinates(&self) -> usize {
        self.center.len()
    }

    /// Number of field components m.
    pub fn components(&self) -> usize {
        self.widths.last().copied().unwrap_or(0)
    }

    /// Number of hidden layers.
    pub fn hidden(&self) -> usize {
        self.widths.len() - 2
    }

    /// The layers in order.
    pub fn layers(&self) -> Vec<Layer> {
        let mut at = 0;
        self.widths
            .windows(2)
            .map(|pair| {
                let (inputs, outputs) = (pair[0], pair[1]);
                let weights = at..at + inputs * outputs;
                let biases = weights.end..weights.end + outputs;
                at = biases.end;
                Layer {
                    weights,
                    biases,
                    inputs,
                    outputs,
                }
            })
            .collect()
    }

    /// Number of parameters p.
    pub fn parameters(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.biases.end)
    }
}

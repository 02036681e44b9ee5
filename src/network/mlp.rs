//! The multilayer perceptron as a Burn module.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoding;
use crate::jet::activation::Activation;
use crate::jet::{Architecture, download, upload};

/// Factor on the first layer's weights. With plain Glorot weights tanh is nearly linear over a domain of size 2 and the
/// features are nearly dependent; curvature stages then need twice the iterations (measured on the shipped problems).
const FIRST_GAIN: f64 = 2.0;

/// Multilayer perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MlpConfig {
    /// Units per hidden layer.
    pub width: usize,
    /// Number of hidden layers.
    pub depth: usize,
    /// `Tanh`, `Sin` or `Swish`.
    pub activation: Activation,
    /// Number of random Fourier features in front of the first layer; 0 for none.
    pub fourier_features: usize,
    /// Standard deviation of the Fourier frequencies, in half periods per domain size.
    pub fourier_scale: f64,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            width: 20,
            depth: 3,
            activation: Activation::Tanh,
            fourier_features: 0,
            fourier_scale: 1.0,
        }
    }
}

impl MlpConfig {
    /// The shape; draws the Fourier frequencies, B ~ N(0, (π/2·scale)²) (Tancik et al., *Fourier features let networks
    /// learn high frequency functions*, 2020).
    pub fn architecture(&self, components: usize, min: &[f64], max: &[f64], random: &mut impl Rng) -> Architecture {
        let d = min.len();
        let spread = std::f64::consts::FRAC_PI_2 * self.fourier_scale;
        let frequencies: Vec<f64> = (0..self.fourier_features * d)
            .map(|_| spread * normal(random))
            .collect();
        let inputs = if self.fourier_features > 0 {
            2 * self.fourier_features
        } else {
            d
        };
        let mut widths = vec![inputs];
        widths.extend(std::iter::repeat_n(self.width, self.depth));
        widths.push(components);
        let (center, slope) = encoding(min, max);
        Architecture {
            center,
            slope,
            plain: if frequencies.is_empty() {
                (0..d).collect()
            } else {
                Vec::new()
            },
            frequencies,
            poles: Vec::new(),
            widths,
            activation: self.activation,
        }
    }
}

impl Architecture {
    /// Random parameters: Glorot-normal weights (Glorot & Bengio 2010), those of the first
    /// layer times 2, biases uniform in [−1, 1] so that the units' transitions are spread over the domain, and an output layer without bias.
    pub fn initial_parameters(&self, random: &mut impl Rng) -> Vec<f64> {
        let mut parameters = Vec::with_capacity(self.parameters());
        let hidden = self.hidden();
        for (l, layer) in self.layers().iter().enumerate() {
            let gain = if l == 0 { FIRST_GAIN } else { 1.0 };
            let deviation = gain * (2.0 / (layer.inputs + layer.outputs) as f64).sqrt();
            parameters.extend(layer.weights.clone().map(|_| deviation * normal(random)));
            parameters.extend(layer.biases.clone().map(|_| {
                if l == hidden {
                    0.0
                } else {
                    random.random_range(-1.0..1.0)
                }
            }));
        }
        parameters
    }
}

/// A standard normal number (Box & Muller 1958).
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// A network whose parameters live on a Burn device.
#[derive(Module, Debug)]
pub struct Mlp<B: Backend> {
    /// All weights and biases, `[p]`, laid out as [`Architecture::layers`] says.
    pub parameters: Param<Tensor<B, 1>>,
}

impl<B: Backend> Mlp<B> {
    /// Uploads parameters as f32.
    pub fn new(parameters: &[f64], device: &B::Device) -> Self {
        let data: Vec<f32> = parameters.iter().map(|v| *v as f32).collect();
        Self {
            parameters: Param::from_tensor(upload(TensorData::from(&data[..]), device)),
        }
    }

    /// Reads the parameters back.
    pub fn to_vec(&self) -> Vec<f64> {
        download(self.parameters.val())
    }
}

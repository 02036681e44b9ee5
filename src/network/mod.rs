//! Networks: which function of the coordinates is trained.
//!
//! A network's parameters are one vector: for each layer the weights `[in, out]`, row-major, then the biases `[out]`.
//! Curvature methods, checkpoints and the fused kernel all work on that vector; [`Architecture`] says what stands where.

mod mlp;

pub use mlp::{Mlp, MlpConfig, NetworkKind, download, upload};

use std::ops::Range;

use crate::jet::activation::Activation;

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
    /// Units per layer, from the encoded input to the m outputs.
    pub widths: Vec<usize>,
    /// Nonlinearity of the hidden layers.
    pub activation: Activation,
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

impl Architecture {
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

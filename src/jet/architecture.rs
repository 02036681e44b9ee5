//! The shape of a network: sizes, input map, further inputs, and where each layer's parameters stand.

use std::ops::Range;

use super::activation::Activation;

/// A multilayer perceptron as plain data: sizes, activation, input map.
///
/// Input map: ξ_j = (x_j − center_j)·slope_j, which takes the domain to [−1, 1]. The network sees the plain ones of them, then
/// (sin(Bξ), cos(Bξ)): of random Fourier features, or of axes along which the field repeats, with B = π for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// Middle of the domain per coordinate, `[D]`.
    pub center: Vec<f64>,
    /// Reciprocal half width of the domain per coordinate, `[D]`.
    pub slope: Vec<f64>,
    /// The coordinates that enter as ξ_j themselves: all, or those that Fourier features do not take the place of.
    pub plain: Vec<usize>,
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

    /// The same for a field that repeats along some axes: the network sees (sin πξ_j, cos πξ_j) in place of ξ_j.
    ///
    /// Smooth functions of these have the period of the domain, and so have all their derivatives.
    #[must_use]
    pub fn with_periods(mut self, axes: &[usize]) -> Self {
        let d = self.coordinates();
        self.widths[0] += axes.len();
        self.plain.retain(|axis| !axes.contains(axis));
        let waves = axes
            .iter()
            .flat_map(|axis| (0..d).map(move |j| if j == *axis { std::f64::consts::PI } else { 0.0 }));
        self.frequencies.extend(waves);
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

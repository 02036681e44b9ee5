//! Heat conduction and other diffusion, steady or transient.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Conductivity, Equation, Quantity, Scale};
use crate::jet::{Jet, Order};
use crate::problem::{Expression, Field};

/// Heat conduction or another diffusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diffusion {
    /// Conductivity k, W/(m·K), which may depend on the position: one number or formula, principal values
    /// `(along: [4, 1], angle: 30)` or a tensor `[[4, 1], [1, 2]]`; 1 if left out.
    #[serde(default)]
    pub conductivity: Option<Conductivity>,
    /// Heat source q, W/m³.
    #[serde(default)]
    pub source: Expression,
    /// Heat capacity per volume c = ρ·c_p, J/(m³·K); used in transient problems.
    #[serde(default = "one")]
    pub capacity: Expression,
    /// Whether the body is one of revolution: x is the distance r from the axis, y the position z along it.
    #[serde(default)]
    pub axisymmetric: bool,
}

fn one() -> Expression {
    Expression::Number(1.0)
}

/// The dimensionless equation k·ΔT + grad k·grad T + q − c·∂T/∂t = 0.
#[derive(Clone, Debug)]
pub struct HeatConduction {
    dimension: usize,
    transient: bool,
    conductivity: Field,
    source: Field,
    capacity: Field,
}

impl HeatConduction {
    /// In `dimension` space coordinates; without `transient` the capacity is not used.
    pub fn new(dimension: usize, transient: bool, conductivity: Field, source: Field, capacity: Field) -> Self {
        Self {
            dimension,
            transient,
            conductivity,
            source,
            capacity,
        }
    }
}

impl Equation for HeatConduction {
    fn components(&self) -> usize {
        1
    }

    fn component_names(&self) -> Vec<&'static str> {
        vec!["value"]
    }

    fn order(&self) -> Order {
        Order::Laplacian
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let (k, slope) = self.conductivity.with_gradient(x);
        let drift: f64 = (0..self.dimension).map(|j| slope[j] * u.first(0, j)).sum();
        let rate = if self.transient { u.rate(0) } else { 0.0 };
        self.supply(x, &[rate], out);
        out[0] += k * u.laplacian(0) + drift;
    }

    fn supply(&self, x: &[f64; 4], rates: &[f64], out: &mut [f64]) {
        out[0] = self.source.at(x);
        if self.transient {
            out[0] -= self.capacity.at(x) * rates[0];
        }
    }

    fn energy_rows(&self) -> usize {
        self.dimension
    }

    /// √(k/2)·∂_j T.
    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let root = (0.5 * self.conductivity.at::<f64>(x)).sqrt();
        for (j, out) in out.iter_mut().enumerate() {
            *out = root * u.first(0, j);
        }
    }

    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        self.source.at::<f64>(x) * u.value(0)
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let k = self.conductivity.at(x);
        for (j, flux) in out.iter_mut().take(3).enumerate() {
            *flux = if j < self.dimension { k * u.first(0, j) } else { 0.0 };
        }
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]) {
        let (k, slope) = self.conductivity.with_gradient(x);
        out.fill(0.0);
        for (i, out) in out.iter_mut().take(self.dimension).enumerate() {
            *out = k * u.second(0, i, j) + slope[j] * u.first(0, i);
        }
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity {
                name: "temperature",
                unit: "K",
                scale: Scale::Field,
                components: 1,
            },
            // The physical heat flux −k·grad T, along which heat flows.
            Quantity {
                name: "heat_flux",
                unit: "W/m^2",
                scale: Scale::Flux,
                components: 3,
            },
        ]
    }

    fn evaluate(&self, _x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        out.push(u.value(0));
        out.extend(flux.iter().map(|q| -q));
    }

    fn norms(&self) -> [&'static str; 2] {
        ["temperature", "heat_flux"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::problem::formula::Formula;
    use crate::problem::{Scales, scales};
    use std::collections::BTreeMap;

    const UNIT: Scales = Scales {
        length: 1.0,
        time: 1.0,
        field: 1.0,
        offset: 0.0,
        modulus: 1.0,
    };

    fn formula(text: &str) -> Formula {
        match Formula::parse(text, &BTreeMap::new(), [true; 4]) {
            Ok(formula) => formula,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// T = e^(−t)·sin(x)·y with k = 1 + x² and c = 2: div(k grad T) = e^(−t)·y·(2x·cos x − (1+x²)·sin x).
    #[test]
    fn the_divergence_form_includes_the_gradient_of_the_conductivity() {
        let source = "-exp(-t)*y*(2*x*cos(x) - (1 + x^2)*sin(x)) - 2*exp(-t)*sin(x)*y";
        let equation = HeatConduction::new(
            2,
            true,
            UNIT.modulus_field(formula("1 + x^2")),
            UNIT.source_field(formula(source)),
            UNIT.capacity_field(formula("2")),
        );
        let channels = Channels::new(2, true, Order::Laplacian);
        let at = [0.7, -1.2, 0.0, 0.4];
        let [x, y, _, t] = scales::seed(at);
        let temperature: CoordinateJet = (-t).map(|v| [v.exp(); 3]) * x.sin() * y;
        let mut data = vec![0.0; channels.count()];
        temperature.write(channels, &mut data);
        let mut out = [f64::NAN];
        equation.residual(&at, &Jet::new(channels, &data), &mut out);
        assert!(out[0].abs() < 1e-14, "{out:?}");
    }
}

//! Heat conduction and other diffusion, steady or transient.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Balances, Conductivity, Equation, Family, HeatBody, Medium, Motion, Physics};
use crate::jet::{Jet, Order};
use crate::quantity::{Coefficient, Expression};

/// Heat conduction or another diffusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diffusion {
    /// Conductivity k, W/(m·K), which may depend on the position and on the temperature `T`: one number or formula, principal values
    /// `(along: [4, 1], angle: 30)` or a tensor `[[4, 1], [1, 2]]`; 1 if left out.
    #[serde(default)]
    pub conductivity: Option<Conductivity>,
    /// Heat source q, W/m³; may depend on the temperature `T`.
    #[serde(default)]
    pub source: Expression,
    /// Heat capacity per volume c = ρ·c_p, J/(m³·K); used in transient problems and with a `velocity`; may depend on `T`.
    #[serde(default = "one")]
    pub capacity: Expression,
    /// Velocity v of a flow that carries heat along, m/s per axis: `["1", "x*T"]`. The term is c·v·grad T, not div(c·v·T).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub velocity: Vec<Expression>,
    /// Whether the body is one of revolution: x is the distance r from the axis, y the position z along it.
    #[serde(default)]
    pub axisymmetric: bool,
}

fn one() -> Expression {
    Expression::Number(1.0)
}

impl Physics for Diffusion {
    fn family(&self) -> Family {
        Family::Diffusion
    }

    fn axisymmetric(&self) -> bool {
        self.axisymmetric
    }

    fn components(&self) -> &'static [&'static str] {
        &["value"]
    }

    fn vector(&self) -> bool {
        false
    }

    fn level(&self) -> bool {
        true
    }

    fn load(&self) -> &'static str {
        "flux"
    }

    fn motions(&self, _dimension: usize) -> Vec<Motion> {
        vec![Motion::shift("the level", 0)]
    }

    fn unheld(&self, _free: &[&'static str]) -> (String, &'static str) {
        (
            "nothing fixes the level of the temperature".into(),
            "add a `Value` or a `Convection` on some boundary, or the level itself as `Mean(value: …)`",
        )
    }

    fn source_unit(&self) -> &'static str {
        "W/m^3"
    }

    fn balances(&self, transient: bool) -> Balances {
        let (loads, energy) = match transient {
            false => (["W/m^2", "W/m", "W"], ["W K/m^2", "W K/m", "W K"]),
            true => (["J/m^2", "J/m", "J"], ["J K/m^2", "J K/m", "J K"]),
        };
        Balances {
            loads: ("heat", loads),
            moments: None,
            energy,
        }
    }
}

/// The dimensionless equation div(k·grad T) + q − c·(∂T/∂t + v·grad T) = 0, with
/// div(k·grad T) = k·ΔT + grad k·grad T + k′·|grad T|², grad k at fixed T and k′ = ∂k/∂T.
#[derive(Clone, Debug)]
pub struct HeatConduction {
    dimension: usize,
    conductivity: Coefficient,
    body: HeatBody,
}

impl HeatConduction {
    /// In `dimension` space coordinates.
    pub fn new(dimension: usize, conductivity: impl Into<Coefficient>, body: HeatBody) -> Self {
        Self {
            dimension,
            conductivity: conductivity.into(),
            body,
        }
    }
}

impl Equation for HeatConduction {
    fn components(&self) -> usize {
        1
    }

    fn medium(&self) -> &dyn Medium {
        &self.body
    }

    fn order(&self) -> Order {
        Order::Laplacian
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let k = self.conductivity.sample(x, u.value(0));
        let drift: f64 = (0..self.dimension)
            .map(|j| (k.gradient[j] + k.slope * u.first(0, j)) * u.first(0, j))
            .sum();
        out[0] = self.body.supplied(x, u) + (k.value * u.laplacian(0) + drift);
    }

    fn nonlinear_flux(&self) -> bool {
        self.conductivity.reads_field()
    }

    /// k′·ΔT + (grad k′ + k″·grad T)·grad T for the value, grad k + 2k′·grad T for the gradient, k for the second derivatives,
    /// besides what is supplied.
    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let channels = u.channels();
        let k = self.conductivity.sample(x, u.value(0));
        out.fill(0.0);
        out[0] = k.slope * u.laplacian(0);
        for j in 0..self.dimension {
            let slope = u.first(0, j);
            out[0] += (k.mixed[j] + k.curvature * slope) * slope;
            out[channels.first(j)] = k.gradient[j] + 2.0 * k.slope * slope;
        }
        channels.laplacian_channels().for_each(|channel| out[channel] = k.value);
        self.body.supplied_tangent(x, u, out);
    }

    fn energy_rows(&self) -> usize {
        self.dimension
    }

    /// √(k/2)·∂_j T.
    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let root = (0.5 * self.conductivity.value(x, u.value(0))).sqrt();
        for (j, out) in out.iter_mut().enumerate() {
            *out = root * u.first(0, j);
        }
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let k = self.conductivity.value(x, u.value(0));
        for (j, flux) in out.iter_mut().take(3).enumerate() {
            *flux = if j < self.dimension { k * u.first(0, j) } else { 0.0 };
        }
    }

    fn flux_tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let channels = u.channels();
        let k = self.conductivity.sample(x, u.value(0));
        out.fill(0.0);
        for (j, out) in out.chunks_mut(channels.count()).take(self.dimension).enumerate() {
            out[0] = k.slope * u.first(0, j);
            out[channels.first(j)] = k.value;
        }
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]) {
        let k = self.conductivity.sample(x, u.value(0));
        let along = k.gradient[j] + k.slope * u.first(0, j);
        out.fill(0.0);
        for (i, out) in out.iter_mut().take(self.dimension).enumerate() {
            *out = k.value * u.second(0, i, j) + along * u.first(0, i);
        }
    }

    fn evaluate(&self, _x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        HeatBody::write(u, flux, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::{UNIT, formula, jets};
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    /// T = e^(−t)·sin(x)·y with k = 1 + x² and c = 2: div(k grad T) = e^(−t)·y·(2x·cos x − (1+x²)·sin x).
    #[test]
    fn the_divergence_form_includes_the_gradient_of_the_conductivity() {
        let source = "-exp(-t)*y*(2*x*cos(x) - (1 + x^2)*sin(x)) - 2*exp(-t)*sin(x)*y";
        let equation = HeatConduction::new(
            2,
            UNIT.modulus_field(formula("1 + x^2")),
            HeatBody::new(
                true,
                UNIT.source_field(formula(source)),
                UNIT.capacity_field(formula("2")),
            ),
        );
        let channels = Channels::new(2, true, Order::Laplacian);
        let at = [0.7, -1.2, 0.0, 0.4];
        let [x, y, _, t] = scales::independent_variables(at);
        let temperature: CoordinateJet = (-t).map(|v| [v.exp(); 3]) * x.sin() * y;
        let data = jets(channels, &[temperature]);
        let mut out = [f64::NAN];
        equation.residual(&at, &Jet::new(channels, &data), &mut out);
        assert!(out[0].abs() < 1e-14, "{out:?}");
    }
}

//! Heat flux and convection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Condition, Part, Reader};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::problem::{Coefficient, Emission, Expression};

/// Heat flux entering the body: k·∂T/∂n = q.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flux {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Heat flux q, W/m²; 0 is an insulated surface.
    #[serde(default)]
    pub value: Expression,
}

/// Heat exchange with a surrounding fluid: k·∂T/∂n = h·(T∞ − T).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Convection {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Film coefficient h, W/(m²·K).
    pub coefficient: Expression,
    /// Temperature T∞ of the fluid, K.
    pub ambient: Expression,
}

impl Flux {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        reader.take(&self.value, "value", Part::Flux);
    }
}

impl Convection {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        let mut path = reader.at.clone();
        path.push("coefficient".into());
        let coefficient = reader.values.formula(&self.coefficient, reader.variables, &path);
        if let Some(coefficient) = coefficient {
            if let Some(value) = coefficient.as_constant().filter(|h| *h < 0.0) {
                reader
                    .values
                    .fault(&path, format!("coefficient = {value} must not be negative"), None);
            }
            reader.take(&self.ambient, "ambient", |ambient| Part::Convection {
                coefficient,
                ambient,
            });
        }
    }
}

/// k·∂T/∂n − q + h·(T − T∞) + ε·σ·(T⁴ − T_a⁴) = 0, with T of the last part absolute.
#[derive(Clone, Debug)]
pub struct FluxLaw {
    /// q.
    pub flux: Option<Coefficient>,
    /// (h, T∞).
    pub convection: Option<(Coefficient, Coefficient)>,
    /// ε·σ·(T⁴ − T_a⁴).
    pub radiation: Option<Emission>,
}

impl FluxLaw {
    fn loads(&self) -> impl Iterator<Item = &Coefficient> {
        let convection = self.convection.iter().flat_map(|(h, ambient)| [h, ambient]);
        self.flux.iter().chain(convection)
    }

    /// The residual for the normal flux `own` of the field.
    fn balance(&self, x: &[f64; 4], value: f64, own: f64) -> f64 {
        let mut sum = own;
        if let Some(q) = &self.flux {
            sum -= q.value(x, value);
        }
        if let Some((h, ambient)) = &self.convection {
            sum += h.value(x, value) * (value - ambient.value(x, value));
        }
        if let Some(law) = &self.radiation {
            sum += law.value(x, value);
        }
        sum
    }

    /// The derivative of what leaves the body beside the field's own flux, by the temperature.
    fn outflow_slope(&self, x: &[f64; 4], value: f64) -> f64 {
        let flux = self.flux.as_ref().map_or(0.0, |q| -q.sample(x, value).slope);
        let convection = self.convection.as_ref().map_or(0.0, |(h, ambient)| {
            let [h, ambient] = [h, ambient].map(|coefficient| coefficient.sample(x, value));
            h.slope * (value - ambient.value) + h.value * (1.0 - ambient.slope)
        });
        let radiation = self.radiation.as_ref().map_or(0.0, |law| law.slope(x, value));
        flux + convection + radiation
    }
}

impl Condition for FluxLaw {
    fn name(&self) -> &'static str {
        "flux"
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        1
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let mut flux = [0.0; 3];
        equation.flux(&at.x, u, &mut flux);
        let own: f64 = (0..3).map(|j| flux[j] * at.normal[j]).sum();
        out[0] = self.balance(&at.x, u.value(0), own);
    }

    fn nonlinear(&self, equation: &dyn Equation) -> bool {
        equation.nonlinear_flux() || self.radiation.is_some() || self.loads().any(Coefficient::reads_field)
    }

    fn tangent(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        normal_tangent(equation, at, u, out);
        out[0] += self.outflow_slope(&at.x, u.value(0));
    }

    /// With a flux, coefficients and a temperature of the fluid that do not depend on the field.
    fn conservative(&self) -> bool {
        self.radiation.is_none() && !self.loads().any(Coefficient::reads_field)
    }

    /// √(h/2)·(T − T∞).
    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let value = u.value(0);
        out[0] = self.convection.as_ref().map_or(0.0, |(h, ambient)| {
            (0.5 * h.value(&at.x, value)).sqrt() * (value - ambient.value(&at.x, value))
        });
    }

    fn work(&self, at: &BoundaryPoint, u: &Jet<'_>) -> f64 {
        self.flux.as_ref().map_or(0.0, |q| q.value(&at.x, u.value(0))) * u.value(0)
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], _value: &mut [f64], flux: &mut [f64]) {
        flux[0] -= residual[0];
    }
}

/// The derivative of the normal flux of a scalar field by its jet, `[m, K]`.
fn normal_tangent(equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
    let width = out.len();
    let mut flux = vec![0.0; 3 * width];
    equation.flux_tangent(&at.x, u, &mut flux);
    for (column, out) in out.iter_mut().enumerate() {
        *out = (0..3).map(|j| flux[j * width + column] * at.normal[j]).sum();
    }
}

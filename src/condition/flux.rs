//! Heat flux and convection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Condition, Part, Reader};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::{Expression, Field};

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

/// k·∂T/∂n − q + h·(T − T∞) = 0.
#[derive(Clone, Debug)]
pub struct FluxLaw {
    /// q.
    pub flux: Option<Field>,
    /// (h, T∞).
    pub convection: Option<(Field, Field)>,
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
        out[0] = (0..3).map(|j| flux[j] * at.normal[j]).sum();
        if let Some(q) = &self.flux {
            out[0] -= q.value(&at.x);
        }
        if let Some((h, ambient)) = &self.convection {
            out[0] += h.value(&at.x) * (u.value(0) - ambient.value(&at.x));
        }
    }

    fn conservative(&self) -> bool {
        true
    }

    /// √(h/2)·(T − T∞).
    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        out[0] = self.convection.as_ref().map_or(0.0, |(h, ambient)| {
            (0.5 * h.value(&at.x)).sqrt() * (u.value(0) - ambient.value(&at.x))
        });
    }

    fn work(&self, at: &BoundaryPoint, u: &Jet<'_>) -> f64 {
        self.flux.as_ref().map_or(0.0, |q| q.value(&at.x)) * u.value(0)
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], _value: &mut [f64], flux: &mut [f64]) {
        flux[0] -= residual[0];
    }
}

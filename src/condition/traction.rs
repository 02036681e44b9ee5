//! Loads on the surface of an elastic body.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Condition, Part, Reader};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::{Expression, Field};

/// Force per area along the axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traction {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Along x, Pa.
    #[serde(default)]
    pub tx: Option<Expression>,
    /// Along y, Pa.
    #[serde(default)]
    pub ty: Option<Expression>,
    /// Along z, Pa.
    #[serde(default)]
    pub tz: Option<Expression>,
}

/// Pressure pushing against the surface: traction −p·n.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Pressure p, Pa.
    pub value: Expression,
}

/// Springs between the surface and the ground: traction −k·u.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Foundation {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Stiffness k per area, Pa/m.
    pub stiffness: Expression,
}

impl Traction {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        reader.components(
            [&self.tx, &self.ty, &self.tz],
            ["tx", "ty", "tz"],
            |component, value| Part::Traction { component, value },
        );
    }
}

impl Pressure {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        reader.take(&self.value, "value", Part::Pressure);
    }
}

impl Foundation {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        reader.take(&self.stiffness, "stiffness", Part::Foundation);
    }
}

/// (σ·n)_c − t_c + p·n_c + k·u_c = 0 for the components that are not prescribed.
#[derive(Clone, Debug)]
pub struct TractionLaw {
    /// Components c that the law holds for.
    pub components: Vec<usize>,
    /// t, one per axis.
    pub traction: [Option<Field>; 3],
    /// p.
    pub pressure: Option<Field>,
    /// k.
    pub stiffness: Option<Field>,
}

impl Condition for TractionLaw {
    fn name(&self) -> &'static str {
        "traction"
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        self.components.len()
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let mut stress = [0.0; 9];
        equation.flux(&at.x, u, &mut stress);
        let pressure = self.pressure.as_ref().map_or(0.0, |p| p.value(&at.x));
        let stiffness = self.stiffness.as_ref().map_or(0.0, |k| k.value(&at.x));
        for (out, &c) in out.iter_mut().zip(&self.components) {
            let traction: f64 = (0..3).map(|j| stress[c * 3 + j] * at.normal[j]).sum();
            let load = self.traction[c].as_ref().map_or(0.0, |t| t.value(&at.x));
            *out = traction - load + pressure * at.normal[c] + stiffness * u.value(c);
        }
    }

    fn conservative(&self) -> bool {
        true
    }

    /// √(k/2)·u_c.
    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let stiffness: f64 = self.stiffness.as_ref().map_or(0.0, |k| k.value(&at.x));
        for (out, &c) in out.iter_mut().zip(&self.components) {
            *out = (0.5 * stiffness).sqrt() * u.value(c);
        }
    }

    /// Σ_c (t_c − p·n_c)·u_c.
    fn work(&self, at: &BoundaryPoint, u: &Jet<'_>) -> f64 {
        let pressure: f64 = self.pressure.as_ref().map_or(0.0, |p| p.value(&at.x));
        let load = |c: usize| self.traction[c].as_ref().map_or(0.0, |t| t.value(&at.x)) - pressure * at.normal[c];
        self.components.iter().map(|&c| load(c) * u.value(c)).sum()
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], _value: &mut [f64], flux: &mut [f64]) {
        for (residual, &c) in residual.iter().zip(&self.components) {
            flux[c] -= residual;
        }
    }
}

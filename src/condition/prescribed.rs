//! Prescribed displacements and temperatures, at the boundary or at the start.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Condition, PENALTY, Part, Reader};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::{Expression, Field};

/// Prescribed displacement components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Displacement {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Displacement along x, m; free if left out.
    #[serde(default)]
    pub ux: Option<Expression>,
    /// Displacement along y, m; free if left out.
    #[serde(default)]
    pub uy: Option<Expression>,
    /// Displacement along z, m; free if left out.
    #[serde(default)]
    pub uz: Option<Expression>,
    /// Enforce by the loss instead of exactly by the ansatz.
    #[serde(default)]
    pub soft: bool,
}

/// Prescribed temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Temperature, K.
    pub value: Expression,
    /// Enforce by the loss instead of exactly by the ansatz.
    #[serde(default)]
    pub soft: bool,
}

/// The field at t = 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Initial {
    /// Temperature at t = 0, K.
    pub value: Expression,
    /// Enforce by the loss instead of exactly by the ansatz.
    #[serde(default)]
    pub soft: bool,
}

impl Displacement {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        let soft = self.soft;
        if self.ux.is_none() && self.uy.is_none() && self.uz.is_none() {
            reader.values.fault(
                reader.at,
                "`Displacement` prescribes no component".into(),
                Some("give at least one of `ux`, `uy`, `uz`; for a free boundary leave the condition out".into()),
            );
        }
        reader.components(
            [&self.ux, &self.uy, &self.uz],
            ["ux", "uy", "uz"],
            |component, value| Part::Prescribed { component, value, soft },
        );
    }
}

impl Value {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        let soft = self.soft;
        reader.take(&self.value, "value", |value| Part::Prescribed {
            component: 0,
            value,
            soft,
        });
    }
}

impl Initial {
    pub(super) fn parts(&self, reader: &mut Reader<'_, '_>) {
        let soft = self.soft;
        // The initial state is a function of the position only.
        reader.variables.time = false;
        reader.take(&self.value, "value", |value| Part::Prescribed {
            component: 0,
            value,
            soft,
        });
    }
}

/// u_c − g = 0 as a residual.
#[derive(Clone, Debug)]
pub struct Prescribed {
    /// Which component.
    pub component: usize,
    /// The component's name, such as `ux`, which tells the terms of one boundary apart.
    pub name: &'static str,
    /// g, dimensionless.
    pub value: Field,
}

impl Condition for Prescribed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn order(&self) -> Order {
        Order::Value
    }

    fn residuals(&self) -> usize {
        1
    }

    fn residual(&self, _equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        out[0] = u.value(self.component) - self.value.value(&at.x);
    }

    fn conservative(&self) -> bool {
        true
    }

    /// By [`PENALTY`].
    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        out[0] = (0.5 * PENALTY).sqrt() * (u.value(self.component) - self.value.value(&at.x));
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], value: &mut [f64], _flux: &mut [f64]) {
        value[self.component] -= residual[0];
    }

    fn reaction(&self, _at: &BoundaryPoint, residual: &[f64], flux: &mut [f64]) {
        flux[self.component] = -PENALTY * residual[0];
    }
}

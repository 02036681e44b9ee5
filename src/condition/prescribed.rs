//! Values that the field takes on a boundary or at the start.

use super::{BoundaryPoint, Built, Condition, Holds, PENALTY, Stated, Statement};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::{Field, Scales};

/// A component of the field takes a value.
#[derive(Debug)]
pub(super) struct Held {
    /// What it is called in messages.
    pub(super) subject: String,
    /// Which component.
    pub(super) component: usize,
    /// Its value.
    pub(super) value: Stated,
    /// As a loss term instead of in the ansatz.
    pub(super) soft: bool,
}

impl Held {
    pub(super) fn temperature(value: Stated, soft: bool) -> Self {
        Self {
            subject: "the temperature".into(),
            component: 0,
            value,
            soft,
        }
    }
}

impl Statement for Held {
    fn subject(&self) -> String {
        self.subject.clone()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.value]
    }

    fn holds(&self) -> Holds {
        Holds::Component(self.component)
    }

    fn build(&self, scales: &Scales) -> Built {
        Built::Value {
            component: self.component,
            value: scales.value_field(self.value.formula.clone()),
            soft: self.soft,
        }
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

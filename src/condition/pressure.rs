//! Pressure against the surface.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Entry, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Expression, Field, Scales};

/// Pressure pushing against the surface: traction −p·n.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Pressure p, Pa.
    pub value: Expression,
}

impl Specification for Pressure {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        if let Some(pressure) = reader.formula(&self.value, "value", Role::Load) {
            reader.state(pressure.at.clone(), Pressed(pressure));
        }
    }
}

/// The pressure is given, Pa.
#[derive(Debug)]
struct Pressed(Stated);

impl Statement for Pressed {
    fn subject(&self) -> String {
        "the pressure".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.0]
    }

    fn loads(&self) -> Loads {
        Loads::Free
    }

    fn build(&self, scales: &Scales) -> Built {
        Built::Load(Box::new(Push(scales.flux_field(self.0.formula.clone()))))
    }
}

/// −p·n.
#[derive(Clone, Debug)]
struct Push(Field);

impl Load for Push {
    fn value(&self, at: &BoundaryPoint, _u: &Jet<'_>, component: usize) -> f64 {
        self.dead(at, component)
    }

    fn dead(&self, at: &BoundaryPoint, component: usize) -> f64 {
        -(self.0.value(&at.x) * at.normal[component])
    }

    /// σ·n = −p·n with n = ±1 along the axis.
    fn entry(&self, component: usize, axis: usize, _outward: bool) -> Entry {
        match component == axis {
            true => Entry::Value(self.0.clone().negated()),
            false => Entry::Zero,
        }
    }
}

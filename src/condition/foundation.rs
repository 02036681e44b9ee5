//! Springs between the surface and the ground.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Holds, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Expression, Field, Scales};

/// Springs between the surface and the ground: traction −k·u.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Foundation {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Stiffness k per area, Pa/m.
    pub stiffness: Expression,
}

impl Specification for Foundation {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        if let Some(stiffness) = reader.formula(&self.stiffness, "stiffness", Role::Coefficient) {
            reader.state(stiffness.at.clone(), Founded(stiffness));
        }
    }
}

/// The stiffness of the ground is given, Pa/m.
#[derive(Debug)]
struct Founded(Stated);

impl Statement for Founded {
    fn subject(&self) -> String {
        "the foundation".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.0]
    }

    fn holds(&self) -> Holds {
        match self.0.acts() {
            true => Holds::Elastically,
            false => Holds::Nothing,
        }
    }

    fn loads(&self) -> Loads {
        Loads::Free
    }

    fn build(&self, scales: &Scales) -> Built {
        Built::Load(Box::new(Springs(scales.transfer_field(self.0.formula.clone()))))
    }
}

/// −k·u.
#[derive(Clone, Debug)]
struct Springs(Field);

impl Load for Springs {
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, component: usize) -> f64 {
        -(self.0.value(&at.x) * u.value(component))
    }

    fn slope(&self, at: &BoundaryPoint, _u: &Jet<'_>, _component: usize) -> f64 {
        -self.0.value(&at.x)
    }

    /// √(k/2)·u_c.
    fn stored(&self, at: &BoundaryPoint, u: &Jet<'_>, component: usize) -> f64 {
        (0.5 * self.0.value(&at.x)).sqrt() * u.value(component)
    }
}

//! Heat exchange with a fluid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Holds, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Expression, Field, Scales};

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

impl Specification for Convection {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        let Some(coefficient) = reader.formula(&self.coefficient, "coefficient", Role::Coefficient) else {
            return;
        };
        if let Some(value) = coefficient.formula.as_constant().filter(|h| *h < 0.0) {
            let message = format!("coefficient = {value} must not be negative");
            reader.values.fault(&coefficient.at, message, None);
        }
        if let Some(ambient) = reader.formula(&self.ambient, "ambient", Role::Value) {
            reader.state(ambient.at.clone(), Cooled { coefficient, ambient });
        }
    }
}

/// Film coefficient, W/(m²·K), and ambient temperature, K, are given.
#[derive(Debug)]
struct Cooled {
    coefficient: Stated,
    ambient: Stated,
}

impl Statement for Cooled {
    fn subject(&self) -> String {
        "the convection".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.ambient, &self.coefficient]
    }

    fn holds(&self) -> Holds {
        match self.coefficient.acts() {
            true => Holds::Elastically,
            false => Holds::Nothing,
        }
    }

    fn loads(&self) -> Loads {
        Loads::Component(0)
    }

    fn build(&self, scales: &Scales) -> Built {
        Built::Load(Box::new(Exchange {
            coefficient: scales.transfer_field(self.coefficient.formula.clone()),
            ambient: scales.value_field(self.ambient.formula.clone()),
        }))
    }
}

/// h·(T∞ − T).
#[derive(Clone, Debug)]
struct Exchange {
    coefficient: Field,
    ambient: Field,
}

impl Load for Exchange {
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        self.coefficient.value(&at.x) * (self.ambient.value(&at.x) - u.value(0))
    }

    /// √(h/2)·(T − T∞).
    fn stored(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        (0.5 * self.coefficient.value(&at.x)).sqrt() * (u.value(0) - self.ambient.value(&at.x))
    }
}

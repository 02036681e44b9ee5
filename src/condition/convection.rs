//! Heat exchange with a fluid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Holds, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Coefficient, Expression, Scales};

/// Heat exchange with a surrounding fluid: k·∂T/∂n = h·(T∞ − T).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Convection {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Film coefficient h, W/(m²·K), which may depend on the temperature `T`.
    pub coefficient: Expression,
    /// Temperature T∞ of the fluid, K.
    pub ambient: Expression,
}

impl Specification for Convection {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        let Some(coefficient) = reader.coefficient(&self.coefficient, "coefficient", Role::Coefficient) else {
            return;
        };
        if let Some(value) = coefficient.formula.as_constant().filter(|h| *h < 0.0) {
            let message = format!("coefficient = {value} must not be negative");
            reader.values.fault(&coefficient.at, message, None);
        }
        if let Some(ambient) = reader.coefficient(&self.ambient, "ambient", Role::Value) {
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
        let coefficient = scales.transfer_field(self.coefficient.formula.clone());
        let ambient = scales.value_field(self.ambient.formula.clone());
        Built::Load(Box::new(Exchange {
            coefficient: scales.coefficient(coefficient),
            ambient: scales.coefficient(ambient),
        }))
    }
}

/// h·(T∞ − T).
#[derive(Clone, Debug)]
struct Exchange {
    coefficient: Coefficient,
    ambient: Coefficient,
}

impl Load for Exchange {
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        let value = u.value(0);
        self.coefficient.value(&at.x, value) * (self.ambient.value(&at.x, value) - value)
    }

    fn nonlinear(&self) -> bool {
        self.coefficient.reads_field() || self.ambient.reads_field()
    }

    fn slope(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        let value = u.value(0);
        let [h, ambient] = [&self.coefficient, &self.ambient].map(|coefficient| coefficient.sample(&at.x, value));
        h.slope * (ambient.value - value) + h.value * (ambient.slope - 1.0)
    }

    /// √(h/2)·(T − T∞).
    fn stored(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        let value = u.value(0);
        (0.5 * self.coefficient.value(&at.x, value)).sqrt() * (value - self.ambient.value(&at.x, value))
    }

    fn conservative(&self) -> bool {
        !self.nonlinear()
    }
}

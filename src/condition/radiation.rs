//! Heat exchange by radiation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Holds, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Emission, Expression, Scales};

/// Radiation of a grey surface to large surroundings: k·∂T/∂n = ε·σ·(T_a⁴ − T⁴), T absolute.
///
/// σ = 5.670374419e-8 W/(m²·K⁴) is the Stefan–Boltzmann constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Radiation {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Emissivity ε of the surface, from 0 to 1.
    pub emissivity: Expression,
    /// Temperature T_a of the surroundings, in the file's scale.
    pub ambient: Expression,
    /// Absolute zero in the file's scale: 0 in K, -273.15 in °C.
    #[serde(default)]
    pub zero: Expression,
}

impl Specification for Radiation {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        let at = reader.place("zero");
        let zero = reader.values.number(&self.zero, &at);
        let emissivity = reader.formula(&self.emissivity, "emissivity", Role::Fraction);
        let ambient = reader.formula(&self.ambient, "ambient", Role::Value);
        let (Some(zero), Some(emissivity), Some(ambient)) = (zero, emissivity, ambient) else {
            return;
        };
        reader.state(
            ambient.at.clone(),
            Radiating {
                emissivity,
                ambient,
                zero,
            },
        );
    }
}

/// Emissivity and the temperature of the surroundings are given.
#[derive(Debug)]
struct Radiating {
    emissivity: Stated,
    ambient: Stated,
    zero: f64,
}

impl Statement for Radiating {
    fn subject(&self) -> String {
        "the radiation".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.ambient, &self.emissivity]
    }

    fn holds(&self) -> Holds {
        match self.emissivity.acts() {
            true => Holds::Elastically,
            false => Holds::Nothing,
        }
    }

    fn loads(&self) -> Loads {
        Loads::Component(0)
    }

    fn absolute_zero(&self) -> Option<f64> {
        Some(self.zero)
    }

    fn build(&self, scales: &Scales) -> Built {
        let [emissivity, ambient] = [&self.emissivity, &self.ambient].map(|stated| stated.formula.clone());
        Built::Load(Box::new(Emitting(Emission::new(
            emissivity, ambient, self.zero, scales,
        ))))
    }
}

/// −ε·σ·(T⁴ − T_a⁴).
#[derive(Clone, Debug)]
struct Emitting(Emission);

impl Load for Emitting {
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        -self.0.value(&at.x, u.value(0))
    }

    fn nonlinear(&self) -> bool {
        true
    }

    fn slope(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        -self.0.slope(&at.x, u.value(0))
    }

    fn conservative(&self) -> bool {
        false
    }
}

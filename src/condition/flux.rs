//! Heat that flows in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Entry, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Coefficient, Expression, Scales};

/// Heat flux entering the body: k·∂T/∂n = q.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flux {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Heat flux q, W/m², which may depend on the temperature `T`; 0 is an insulated surface.
    #[serde(default)]
    pub value: Expression,
}

impl Specification for Flux {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        if let Some(flux) = reader.coefficient(&self.value, "value", Role::Load) {
            reader.state(flux.at.clone(), Heated(flux));
        }
    }
}

/// The heat flux is given, W/m².
#[derive(Debug)]
struct Heated(Stated);

impl Statement for Heated {
    fn subject(&self) -> String {
        "the flux".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.0]
    }

    fn loads(&self) -> Loads {
        Loads::Component(0)
    }

    fn build(&self, scales: &Scales) -> Built {
        let flux = scales.flux_field(self.0.formula.clone());
        Built::Load(Box::new(Heating(scales.coefficient(flux))))
    }
}

/// q.
#[derive(Clone, Debug)]
struct Heating(Coefficient);

impl Load for Heating {
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        self.0.value(&at.x, u.value(0))
    }

    fn nonlinear(&self) -> bool {
        self.0.reads_field()
    }

    fn slope(&self, at: &BoundaryPoint, u: &Jet<'_>, _component: usize) -> f64 {
        self.0.sample(&at.x, u.value(0)).slope
    }

    fn dead(&self, at: &BoundaryPoint, _component: usize) -> f64 {
        self.0.as_field().map_or(0.0, |flux| flux.value(&at.x))
    }

    fn entry(&self, _component: usize, _axis: usize, outward: bool) -> Entry {
        self.0
            .as_field()
            .map_or(Entry::Open, |flux| Entry::normal(flux, outward))
    }

    fn conservative(&self) -> bool {
        !self.0.reads_field()
    }
}

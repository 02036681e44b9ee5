//! Forces per area along the axes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Built, Entry, Load, Loads, On, Reader, Role, Specification, Stated, Statement};
use crate::jet::Jet;
use crate::quantity::{Expression, Field, Scales};

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

const KEYS: [&str; 3] = ["tx", "ty", "tz"];

impl Specification for Traction {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        reader.components([&self.tx, &self.ty, &self.tz], KEYS, Role::Load, |component, value| {
            Pulled { component, value }
        });
    }
}

/// A component of the traction is given.
#[derive(Debug)]
struct Pulled {
    component: usize,
    value: Stated,
}

impl Statement for Pulled {
    fn subject(&self) -> String {
        format!("the traction {}", KEYS[self.component])
    }

    fn formulas(&self) -> Vec<&Stated> {
        vec![&self.value]
    }

    fn loads(&self) -> Loads {
        Loads::Component(self.component)
    }

    fn build(&self, scales: &Scales) -> Built {
        Built::Load(Box::new(Pull {
            component: self.component,
            traction: scales.flux_field(self.value.formula.clone()),
        }))
    }
}

/// t_c along one axis.
#[derive(Clone, Debug)]
struct Pull {
    component: usize,
    traction: Field,
}

impl Load for Pull {
    fn value(&self, at: &BoundaryPoint, _u: &Jet<'_>, component: usize) -> f64 {
        self.dead(at, component)
    }

    fn dead(&self, at: &BoundaryPoint, component: usize) -> f64 {
        match component == self.component {
            true => self.traction.value(&at.x),
            false => 0.0,
        }
    }

    fn entry(&self, component: usize, _axis: usize, outward: bool) -> Entry {
        match component == self.component {
            true => Entry::normal(&self.traction, outward),
            false => Entry::Zero,
        }
    }
}

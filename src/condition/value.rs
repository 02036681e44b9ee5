//! Prescribed temperatures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prescribed::Held;
use super::{Boundaries, On, Reader, Role, Specification};
use crate::quantity::Expression;

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

impl Specification for Value {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn soften(&mut self) {
        self.soft = true;
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        if let Some(value) = reader.formula(&self.value, "value", Role::Value) {
            reader.state(value.at.clone(), Held::temperature(value, self.soft));
        }
    }
}

//! The start of transient problems.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prescribed::Held;
use super::{On, Reader, Role, Specification};
use crate::quantity::Expression;

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

impl Specification for Initial {
    fn on(&self) -> On<'_> {
        On::Start
    }

    fn soften(&mut self) {
        self.soft = true;
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        // The initial state is a function of the position only.
        reader.variables.time = false;
        if let Some(value) = reader.formula(&self.value, "value", Role::Value) {
            reader.state(value.at.clone(), Held::temperature(value, self.soft));
        }
    }
}

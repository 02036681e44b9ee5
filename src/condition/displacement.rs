//! Prescribed displacements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prescribed::Held;
use super::{Boundaries, On, Reader, Role, Specification};
use crate::quantity::Expression;

/// Prescribed displacement components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Displacement {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Displacement along x, m; free if left out.
    #[serde(default)]
    pub ux: Option<Expression>,
    /// Displacement along y, m; free if left out.
    #[serde(default)]
    pub uy: Option<Expression>,
    /// Displacement along z, m; free if left out.
    #[serde(default)]
    pub uz: Option<Expression>,
    /// Enforce by the loss instead of exactly by the ansatz.
    #[serde(default)]
    pub soft: bool,
}

const KEYS: [&str; 3] = ["ux", "uy", "uz"];

impl Specification for Displacement {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn soften(&mut self) {
        self.soft = true;
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        let given = [&self.ux, &self.uy, &self.uz];
        if given.iter().all(|component| component.is_none()) {
            reader.values.fault(
                reader.at,
                "`Displacement` prescribes no component".into(),
                Some("give at least one of `ux`, `uy`, `uz`; for a free boundary leave the condition out".into()),
            );
        }
        reader.components(given, KEYS, Role::Value, |component, value| Held {
            subject: format!("the displacement {}", KEYS[component]),
            component,
            value,
            soft: self.soft,
        });
    }
}

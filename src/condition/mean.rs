//! The level of a field that nothing else fixes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{On, Reader, Specification};
use crate::quantity::Expression;

/// The mean of the temperature over the domain, of a steady problem of which only fluxes are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    /// The mean, K.
    pub value: Expression,
}

impl Specification for Mean {
    fn on(&self) -> On<'_> {
        On::Domain
    }

    /// Nothing about any boundary.
    fn state(&self, _reader: &mut Reader<'_, '_>) {}
}

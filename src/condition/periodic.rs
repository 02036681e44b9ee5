//! Fields that repeat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Built, On, Reader, Specification, Stated, Statement};
use crate::quantity::Scales;

/// The field and its flux on one boundary are those on the opposite one: the domain repeats along the axis between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Periodic {
    /// The two boundaries, `["left", "right"]`: planes across an axis at both ends of the domain.
    pub between: Pair,
}

/// Two names, written as a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct Pair(pub [String; 2]);

impl TryFrom<Vec<String>> for Pair {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let count = names.len();
        let pair = names.try_into().map(Self);
        pair.map_err(|_| format!("a pair such as [\"left\", \"right\"] has two names, not {count}"))
    }
}

impl From<Pair> for Vec<String> {
    fn from(Pair(names): Pair) -> Self {
        names.into()
    }
}

impl Specification for Periodic {
    fn on(&self) -> On<'_> {
        On::Pair(&self.between.0)
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        reader.state(reader.place("between"), Repeated);
    }
}

/// A boundary continues on another one.
#[derive(Debug)]
struct Repeated;

impl Statement for Repeated {
    fn subject(&self) -> String {
        "the periodicity".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        Vec::new()
    }

    fn alone(&self) -> bool {
        true
    }

    fn build(&self, _scales: &Scales) -> Built {
        Built::Repeated
    }
}

//! The conditions that a problem file can name, one line each.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Convection, Displacement, Flux, Foundation, Initial, Mean, Periodic, Pressure, Radiation, Reader, Statement,
    Symmetry, Traction, Value,
};
use crate::equation::Family::{self, Diffusion, Elasticity};
use crate::equation::Physics;
use crate::quantity::{Path, Values, Variables};

/// One boundary name or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a boundary is a name such as \"left\" or a list such as [\"top\", \"bottom\"]"
)]
pub enum Boundaries {
    /// `"left"`
    One(String),
    /// `["top", "bottom"]`
    Several(Vec<String>),
}

impl Boundaries {
    /// The names, each with its place below `on`.
    pub fn names(&self) -> Vec<(&str, Option<usize>)> {
        match self {
            Self::One(name) => vec![(name, None)],
            Self::Several(names) => names.iter().enumerate().map(|(i, n)| (n.as_str(), Some(i))).collect(),
        }
    }
}

/// Where a condition holds.
#[derive(Clone, Copy, Debug)]
pub enum On<'a> {
    /// On boundaries.
    Boundaries(&'a Boundaries),
    /// On two boundaries that belong together.
    Pair(&'a [String; 2]),
    /// In the whole domain.
    Domain,
    /// At t = 0.
    Start,
}

impl<'a> On<'a> {
    /// The key of the names in the file.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Pair(_) => "between",
            Self::Boundaries(_) | Self::Domain | Self::Start => "on",
        }
    }

    /// The names of boundaries, each with its place below the key.
    pub fn names(&self) -> Vec<(&'a str, Option<usize>)> {
        match self {
            Self::Boundaries(boundaries) => boundaries.names(),
            Self::Pair(pair) => pair
                .iter()
                .enumerate()
                .map(|(i, name)| (name.as_str(), Some(i)))
                .collect(),
            Self::Domain | Self::Start => Vec::new(),
        }
    }
}

/// A condition as a problem file gives it.
pub trait Specification {
    /// Where it holds.
    fn on(&self) -> On<'_>;

    /// Has prescribed values enforced by the loss; loads have none.
    fn soften(&mut self) {}

    /// Reads its formulas and states what holds on each of its boundaries.
    fn state(&self, reader: &mut Reader<'_, '_>);
}

/// Declares the kinds by the families of equations that they belong to, and what depends on all of them.
macro_rules! conditions {
    ($($families:tt { $($(#[$doc:meta])* $kind:ident,)* })*) => {
        /// The conditions that a problem file can name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ConditionKind {
            $($($(#[$doc])* $kind($kind),)*)*
        }

        impl ConditionKind {
            /// The names of all kinds, with the families that each belongs to.
            const ALL: &[(&'static str, &'static [Family])] = &[$($((stringify!($kind), &$families),)*)*];

            /// The kind's name in problem files.
            pub fn name(&self) -> &'static str {
                match self {
                    $($(Self::$kind(_) => stringify!($kind),)*)*
                }
            }

            fn specification(&self) -> &dyn Specification {
                match self {
                    $($(Self::$kind(kind) => kind,)*)*
                }
            }

            fn specification_mut(&mut self) -> &mut dyn Specification {
                match self {
                    $($(Self::$kind(kind) => kind,)*)*
                }
            }
        }
    };
}

conditions! {
    [Elasticity] {
        /// Elasticity: prescribed displacement components; components left out stay free.
        Displacement,
        /// Elasticity: force per area along the axes; all components 0 is a free surface.
        Traction,
        /// Elasticity: pressure pushing against the surface.
        Pressure,
        /// Elasticity: springs between the surface and the ground.
        Foundation,
    }
    [Elasticity, Diffusion] {
        /// Mirror plane: no normal displacement and no shear, or no heat flux.
        Symmetry,
    }
    [Diffusion] {
        /// Diffusion: prescribed temperature.
        Value,
        /// Diffusion: heat flux entering the body.
        Flux,
        /// Diffusion: heat exchange with a surrounding fluid.
        Convection,
        /// Diffusion: heat exchange by radiation, with absolute temperatures.
        Radiation,
        /// Diffusion: the domain repeats between two opposite boundaries.
        Periodic,
        /// Diffusion: the mean of a temperature whose level nothing else fixes.
        Mean,
        /// Transient problems: the field at t = 0.
        Initial,
    }
}

impl ConditionKind {
    /// Names of the kinds that belong to a family of equations.
    pub fn names(family: Family) -> Vec<&'static str> {
        let own = Self::ALL.iter().filter(|(_, families)| families.contains(&family));
        own.map(|(name, _)| *name).collect()
    }

    /// Where it holds.
    pub fn on(&self) -> On<'_> {
        self.specification().on()
    }

    /// Has prescribed values enforced by the loss.
    pub fn soften(&mut self) {
        self.specification_mut().soften();
    }

    /// What it says about each of its boundaries, with the place of each statement in the file.
    pub fn statements(
        &self,
        physics: &dyn Physics,
        variables: Variables,
        at: &Path,
        values: &mut Values<'_>,
    ) -> Vec<(Arc<dyn Statement>, Path)> {
        let mut reader = Reader::new(physics, variables, at, values);
        self.specification().state(&mut reader);
        reader.into_statements()
    }
}

//! Names of a file on which nothing can hold, with the reason.

use std::fmt;

/// A name that stands for no region, boundary or surface between regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// Facets inside one region.
    Inside(&'static str),
    /// Points or curves, which are no facets.
    Thin(&'static str, usize),
    /// No cells at all.
    Unused(&'static str),
}

impl Misplaced {
    /// A name of cells of a dimension in a mesh of another one.
    pub(super) fn new(name: &'static str, dimension: usize, space: usize) -> Self {
        if dimension + 1 < space {
            Self::Thin(name, dimension)
        } else {
            Self::Unused(name)
        }
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inside(name) | Self::Thin(name, _) | Self::Unused(name) => name,
        }
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside(name) => write!(f, "`{name}` lies inside the body"),
            Self::Thin(name, dimension) => {
                let kind = if *dimension == 0 { "points" } else { "curves" };
                write!(f, "`{name}` stands for {kind}, which bound no cell")
            }
            Self::Unused(name) => write!(f, "`{name}` belongs to no cell of its dimension"),
        }
    }
}

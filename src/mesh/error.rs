//! What is wrong with a mesh file, and where.

use std::fmt;

/// Why a mesh cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshError {
    /// One sentence without a full stop, literals in backticks.
    pub message: String,
    /// Where in the file.
    pub place: Spot,
    /// What to try next.
    pub hint: Option<String>,
}

/// A place in a mesh file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spot {
    /// The file as a whole.
    #[default]
    File,
    /// A line, counted from 1.
    Line(usize),
    /// A byte, counted from 0.
    Byte(usize),
}

impl MeshError {
    /// An error of the file as a whole.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: Spot::File,
            hint: None,
        }
    }

    pub(super) fn at(mut self, place: Spot) -> Self {
        self.place = place;
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for MeshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Spot::File => f.write_str(&self.message),
            Spot::Line(line) => write!(f, "line {line}: {}", self.message),
            Spot::Byte(byte) => write!(f, "byte {byte}: {}", self.message),
        }
    }
}

impl std::error::Error for MeshError {}

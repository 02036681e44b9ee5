//! From physics to rows: residuals of equation and conditions as linear forms of the network's jet.

mod ansatz;
mod strong;

pub use ansatz::{Ansatz, HardFace, Place};
pub use strong::{BoundaryTerm, boundary_rows, interior_rows, term_rows};

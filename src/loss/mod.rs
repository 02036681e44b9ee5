//! Loss terms: weighted means of squared residuals.

mod rows;
mod smooth;
mod weights;

pub use rows::{Rows, Span};
pub use smooth::{SmoothResidual, SmoothRows};
pub use weights::{Weights, term_weights};

//! Loss terms: weighted means of squared residuals.

mod weights;

pub use weights::{Weights, term_weights};

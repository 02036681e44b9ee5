//! Loss terms: weighted means of squared residuals.

mod rows;


pub use rows::Rows;

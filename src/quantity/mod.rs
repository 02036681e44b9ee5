//! Quantities as problem files write them: numbers and formulas in SI units, where they stand in the text, and what they are in
//! the units of a problem.

mod coefficient;
mod emission;
mod field;
pub mod formula;
mod locate;
pub mod scales;
mod values;

pub use coefficient::{Coefficient, Sample, field_slope};
pub use emission::Emission;
pub use field::Field;
pub use formula::Formula;
pub use locate::{Path, Step, locate};
pub use scales::Scales;
pub use values::{Expression, Values, Variables};

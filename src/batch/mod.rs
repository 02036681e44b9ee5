//! Mini-batches: which points a step sees, with which weights.
//!
//! A term's loss is a weighted mean over its points, Σ_i w_i·|r_i|². A batch is a [`Selection`] of points with factors on
//! their weights such that the expected gradient of the batch is the gradient of the mean: the sampling only adds noise. How
//! much, and what it costs, is measured by [`noise`].
//!
//! Everything random here is a function of a seed and of how many points a term has been through, so that a run can be
//! interrupted at any step and go on with the same batches.

mod adapt;
mod collocation;
mod draw;
mod growth;
pub mod noise;
mod points;
mod strata;
mod terms;

pub use adapt::{Adapt, Rad, RarD};
pub(crate) use collocation::CHECK_ORDER;
pub use collocation::{Collocation, Term};
pub use draw::{Draw, DrawState, Drawer, Importance, Jitter, Selection};
pub use growth::{Action, Adaptive, Geometric, Growth};
pub use points::{Batch, Points, Whole};
pub use strata::{Allocation, Divide, Strata};
pub use terms::LossTerms;

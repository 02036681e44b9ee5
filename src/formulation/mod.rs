//! From physics to rows: residuals of equation and conditions as functions of the network's jet.

mod ansatz;
mod energy;
mod model;
mod smooth;
mod strong;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ansatz::{Ansatz, HardFace, Place};
pub use model::{Model, face_point};
pub use strong::{
    BoundaryTerm, boundary_rows, heads, interior_rows, point_bytes, residual_rows, seen, term_rows, value_rows,
};

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Formulation {
    /// The residuals of the equation and its conditions at collocation points.
    #[default]
    Strong,
    /// The potential energy by quadrature; prescribed values hold exactly, or by a penalty where they are `soft`.
    Energy,
    /// The residuals of the equation as a system of first order: the network gives the flux beside the field, and flux that is
    /// prescribed on faces along the axes holds exactly.
    Mixed,
}

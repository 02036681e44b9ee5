//! Mirror planes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Boundaries, BoundaryPoint, Condition};
use crate::equation::Equation;
use crate::jet::{Jet, Order};

/// Mirror plane: no normal displacement and no shear, or no heat flux.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Symmetry {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
}

/// u·n = 0 and the tangential part of σ·n = 0, for a mirror plane that is not along the axes.
///
/// The d tangential residuals σ·n − (n·σ·n)·n are not independent, but need no choice of tangents.
#[derive(Clone, Debug)]
pub struct Roller {
    /// Number of axes d.
    pub dimension: usize,
}

impl Condition for Roller {
    fn name(&self) -> &'static str {
        "symmetry"
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        1 + self.dimension
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let d = self.dimension;
        let mut stress = [0.0; 9];
        equation.flux(&at.x, u, &mut stress);
        let traction: Vec<f64> = (0..d)
            .map(|c| (0..d).map(|j| stress[c * 3 + j] * at.normal[j]).sum())
            .collect();
        let normal: f64 = (0..d).map(|c| traction[c] * at.normal[c]).sum();
        out[0] = (0..d).map(|c| u.value(c) * at.normal[c]).sum();
        for c in 0..d {
            out[1 + c] = traction[c] - normal * at.normal[c];
        }
    }
}

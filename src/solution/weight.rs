//! A weight for balances that vanishes where the data jump.
//!
//! A body whose boundary is suddenly at another temperature than its start takes up heat at an infinite rate at first. How much of it a
//! field has at the start already, and how much it takes up later, makes no difference a moment after. Weighed by a function w that
//! vanishes on such boundaries, ∫ w·c·(u₁ − u₀) = ∫∫ (w·source − q·grad w) + ∮ w·q·n, the balance does not see it, and still sees
//! all heat that comes from nowhere elsewhere.

use crate::geometry::{Face, independent_variables};
use crate::jet::{CoordinateJet, Scalar};
use crate::problem::Problem;

/// The product of the distances from boundaries, 1 if there are none.
pub(super) struct Weight {
    faces: Vec<Face>,
}

impl Weight {
    /// Vanishing on the boundaries of a problem whose values jump at the start, as far as they have a smooth distance.
    pub(super) fn new(problem: &Problem) -> Self {
        let faces = problem.jumps.iter().copied();
        Self {
            faces: faces.filter(|face| problem.model.shape.smooth(*face)).collect(),
        }
    }

    fn jet(&self, problem: &Problem, x: &[f64; 4]) -> CoordinateJet {
        let at = independent_variables([x[0], x[1], x[2]]);
        self.faces.iter().fold(CoordinateJet::constant(1.0), |all, face| {
            all * problem.model.shape.distance(*face, at)
        })
    }

    /// The weight at a point.
    pub(super) fn at(&self, problem: &Problem, x: &[f64; 4]) -> f64 {
        if self.faces.is_empty() {
            1.0
        } else {
            self.jet(problem, x).value
        }
    }

    /// The weight and its gradient, if it has one.
    pub(super) fn with_slope(&self, problem: &Problem, x: &[f64; 4]) -> (f64, Option<[f64; 3]>) {
        if self.faces.is_empty() {
            return (1.0, None);
        }
        let jet = self.jet(problem, x);
        let [a, b, c, _] = jet.gradient;
        (jet.value, Some([a, b, c]))
    }
}

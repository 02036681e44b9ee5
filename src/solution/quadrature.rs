//! Quadrature over the unit cube that geometry spreads over the domain and its faces.

use crate::formulation::Place;
use crate::problem::Problem;
use crate::sampler::graded_rule;

/// Rules of different size: the difference of two tells how well the finer one integrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fineness {
    Coarse,
    Fine,
    /// Where two rules do not agree well enough to judge by.
    Finer,
    Finest,
}

impl Fineness {
    /// The next finer rule.
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::Coarse => Some(Self::Fine),
            Self::Fine => Some(Self::Finer),
            Self::Finer => Some(Self::Finest),
            Self::Finest => None,
        }
    }
}

/// Points of the unit cube of a face, the interior or the initial state, with weights that add up to 1: on the shape's own cells if
/// it has cells and they are not too many.
pub(super) fn points(problem: &Problem, place: Option<Place>, fineness: Fineness) -> Vec<([f64; 4], f64)> {
    let axes = place.map_or(problem.model.axes(0), |place| problem.model.place_axes(place));
    let face = match place {
        Some(Place::Face(face)) => Some(face),
        _ => None,
    };
    let count = match fineness {
        Fineness::Coarse => FINE / 2,
        Fineness::Fine => FINE,
        Fineness::Finer => 4 * FINE,
        Fineness::Finest => 16 * FINE,
    };
    let shape = problem.model.shape.as_ref();
    let few = shape.rule(face, 1).is_some_and(|rule| rule.len() <= MOST);
    let own = few.then(|| problem.own_rule(place, count)).flatten();
    own.unwrap_or_else(|| rule(axes, fineness))
}

/// Points on a shape's own cells at least.
const FINE: usize = 20_000;
/// Cells at most; a larger mesh is sampled.
const MOST: usize = 50_000;

/// [`graded_rule`] with as many points as such fields need.
fn rule(axes: usize, fineness: Fineness) -> Vec<([f64; 4], f64)> {
    // Enough on a line to see a load that jumps, and on three axes for fields that fall like 1/r³.
    let (order, cells) = match (fineness, axes) {
        (Fineness::Fine, 0 | 1) => (10, 100),
        (Fineness::Fine, 2) => (10, 8),
        (Fineness::Fine, 3) => (12, 2),
        (Fineness::Fine, _) => (10, 1),
        (Fineness::Coarse, 0 | 1) => (9, 71),
        (Fineness::Coarse, 2) => (9, 6),
        (Fineness::Coarse, 3) => (9, 2),
        (Fineness::Coarse, _) => (8, 1),
        (Fineness::Finer, 0 | 1) => (10, 400),
        (Fineness::Finer, 2) => (10, 20),
        (Fineness::Finer, 3) => (10, 4),
        (Fineness::Finer, _) => (9, 2),
        (Fineness::Finest, 0 | 1) => (10, 1600),
        (Fineness::Finest, 2) => (10, 50),
        (Fineness::Finest, 3) => (10, 7),
        (Fineness::Finest, _) => (8, 3),
    };
    graded_rule(axes, order, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(axes: usize, fineness: Fineness, f: impl Fn([f64; 4]) -> f64) -> f64 {
        rule(axes, fineness).into_iter().map(|(x, w)| w * f(x)).sum()
    }

    /// ∫exp(u₀ + … ) = (e − 1)^axes. The bounds are those of the four-dimensional rule of order 8, which is the weakest.
    #[test]
    fn smooth_functions_are_integrated_to_many_digits() {
        for (axes, fine, coarse) in [(1, 1e-13, 1e-13), (2, 1e-13, 1e-13), (3, 1e-13, 1e-11), (4, 1e-8, 1e-6)] {
            let exact = (1.0_f64.exp() - 1.0).powi(axes as i32);
            for (fineness, bound) in [(Fineness::Fine, fine), (Fineness::Coarse, coarse)] {
                let sum = integral(axes, fineness, |x| x[..axes].iter().sum::<f64>().exp());
                assert!(
                    (sum / exact - 1.0).abs() < bound,
                    "{axes}, {fineness:?}: {}",
                    sum / exact - 1.0
                );
            }
        }
    }

    /// ∫√u = ∫√(1 − u) = 2/3; plain Gauss points would leave an error of the order n^(−3), 1e-6 with 90 points.
    #[test]
    fn roots_at_the_ends_of_an_axis_do_not_spoil_the_order() {
        for root in [|x: [f64; 4]| x[0].sqrt(), |x: [f64; 4]| (1.0 - x[0]).sqrt()] {
            assert!((integral(2, Fineness::Fine, root) - 2.0 / 3.0).abs() < 1e-12);
        }
    }

    /// A jump lies between two points of the line: the error is at most the larger of their weights, 1.5/1000.
    #[test]
    fn a_load_that_jumps_is_integrated_to_a_thousandth_on_a_line() {
        for jump in [0.1, 0.33, 0.5, 0.77] {
            let sum = integral(1, Fineness::Fine, |x| if x[0] < jump { 1.0 } else { 0.0 });
            assert!((sum - jump).abs() < 2.5e-3, "{sum}");
        }
    }
}

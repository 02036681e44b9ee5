//! A step along a descent direction that meets the strong Wolfe conditions.
//!
//! # Source
//! Nocedal & Wright, *Numerical Optimization*, 2006, algorithms 3.5 and 3.6; near the rounding limit the approximate Wolfe
//! test of Hager & Zhang, *SIAM J. Optim.* 16 (2005) 170, eq. 4.1.

use super::full_batch::Point;
use super::{Objective, dot};

/// Sufficient decrease.
const ARMIJO: f64 = 1e-4;
/// Evaluations per search.
const EVALUATIONS: usize = 30;
/// Change of the loss that may be rounding, relative to the loss.
const NOISE: f64 = 1e-14;

/// A point on the search line.
#[derive(Clone, Debug)]
pub(super) struct CandidateField {
    /// Multiple of the direction.
    pub(super) step: f64,
    /// Where that is.
    pub(super) point: Point,
    /// Derivative of the loss along the direction.
    slope: f64,
}

impl CandidateField {
    fn new(objective: &dyn Objective, from: &[f64], direction: &[f64], step: f64) -> Self {
        let parameters: Vec<f64> = from.iter().zip(direction).map(|(x, d)| x + step * d).collect();
        let point = Point::new(objective, parameters);
        Self {
            step,
            slope: dot(&point.gradient, direction),
            point,
        }
    }

    fn loss(&self) -> f64 {
        self.point.loss
    }
}

/// A step that meets the strong Wolfe conditions with |slope| ≤ `curvature`·|slope at the start|, or the approximate ones
/// where the loss cannot be told apart any more; failing that the lowest point found, if it is lower than the start.
pub(super) fn search(
    objective: &dyn Objective,
    start: &Point,
    direction: &[f64],
    guess: f64,
    curvature: f64,
) -> Option<CandidateField> {
    let slope = dot(&start.gradient, direction);
    let noise = NOISE * start.loss.abs();
    let accepted = |trial: &CandidateField| {
        let flat = trial.slope.abs() <= -curvature * slope;
        let wolfe = trial.loss() <= start.loss + ARMIJO * trial.step * slope && flat;
        let approximate = trial.loss() <= start.loss + noise && flat && trial.slope <= (2.0 * ARMIJO - 1.0) * slope;
        wolfe || approximate
    };
    let mut best: Option<CandidateField> = None;
    let mut low = CandidateField {
        slope,
        step: 0.0,
        point: start.clone(),
    };
    let mut high: Option<CandidateField> = None;
    let mut step = guess;
    for _ in 0..EVALUATIONS {
        let trial = CandidateField::new(objective, &start.parameters, direction, step);
        if trial.loss().is_finite() && accepted(&trial) {
            return Some(trial);
        }
        if trial.loss() < best.as_ref().map_or(start.loss, CandidateField::loss) {
            best = Some(trial.clone());
        }
        let too_far = !trial.loss().is_finite()
            || trial.loss() > start.loss + ARMIJO * trial.step * slope + noise
            || (low.step > 0.0 && trial.loss() >= low.loss());
        if too_far {
            high = Some(trial);
        } else if trial.slope * (high.as_ref().map_or(f64::INFINITY, |h| h.step) - low.step) >= 0.0 {
            high = Some(std::mem::replace(&mut low, trial));
        } else {
            low = trial;
        }
        step = match &high {
            None => low.step * 4.0,
            Some(high) => between(&low, high),
        };
        if let Some(high) = &high
            && (high.step - low.step).abs() <= 1e-14 * high.step.abs().max(low.step.abs())
        {
            break;
        }
    }
    best
}

/// The minimum of the cubic through values and slopes of both ends, kept off the ends (Nocedal & Wright, eq. 3.59).
fn between(low: &CandidateField, high: &CandidateField) -> f64 {
    let (a, b) = (low.step, high.step);
    let middle = 0.5 * (a + b);
    if !high.loss().is_finite() {
        return a + 0.1 * (b - a);
    }
    let d1 = low.slope + high.slope - 3.0 * (low.loss() - high.loss()) / (a - b);
    let square = d1 * d1 - low.slope * high.slope;
    if !(square >= 0.0) {
        return middle;
    }
    let d2 = (b - a).signum() * square.sqrt();
    let step = b - (b - a) * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let (left, right) = (a.min(b), a.max(b));
    let margin = 0.1 * (right - left);
    if step.is_finite() {
        step.clamp(left + margin, right - margin)
    } else {
        middle
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_functions::{Quadratic, Rosenbrock};
    use super::*;

    #[test]
    fn every_step_meets_the_conditions_that_were_asked_for() {
        let start = Point::new(&Rosenbrock(1.0), vec![-1.2, 1.0, 0.3, -2.0]);
        let direction: Vec<f64> = start.gradient.iter().map(|g| -g).collect();
        let slope = dot(&start.gradient, &direction);
        for curvature in [0.9, 0.1, 1e-3] {
            for guess in [1e-8, 1e-3, 1.0, 100.0] {
                let Some(trial) = search(&Rosenbrock(1.0), &start, &direction, guess, curvature) else {
                    panic!("no step from {guess}");
                };
                let again = Point::new(&Rosenbrock(1.0), trial.point.parameters.clone());
                assert!(
                    again.loss <= start.loss + ARMIJO * trial.step * slope,
                    "{curvature}, {guess}"
                );
                assert!(
                    dot(&again.gradient, &direction).abs() <= -curvature * slope,
                    "{curvature}, {guess}"
                );
            }
        }
    }

    /// Along d the loss is φ(α) = φ(0) + α·gᵀd + α²·dᵀAd/2, with its minimum at −gᵀd/dᵀAd.
    #[test]
    fn a_quadratic_is_searched_to_its_exact_minimum() {
        let quadratic = Quadratic::new(6);
        let start = Point::new(&quadratic, vec![1.0, -2.0, 0.5, 3.0, -1.0, 0.2]);
        let direction: Vec<f64> = start.gradient.iter().map(|g| -g).collect();
        let curved: f64 = dot(&direction, &quadratic.times(&direction));
        let exact = -dot(&start.gradient, &direction) / curved;
        for guess in [0.01 * exact, 3.0 * exact, 1e3 * exact] {
            let found = search(&quadratic, &start, &direction, guess, 1e-9).map(|trial| trial.step / exact);
            assert!(
                found.is_some_and(|ratio| (ratio - 1.0).abs() < 1e-8),
                "{guess}: {found:?}"
            );
        }
    }
}

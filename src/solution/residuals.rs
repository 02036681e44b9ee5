//! The equation's residual on fresh points beside that on the training points.

use serde::Serialize;

use super::Trial;
use super::quadrature::{self, Fineness};
use crate::jet::Order;

/// Root mean squares of the equation's residual, by the largest flux over the domain's size.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Residuals {
    /// On points that training did not see.
    pub held_out: f64,
    /// On training points.
    pub training: f64,
}

/// The residuals of a field that was trained on the given points with their weights.
pub fn residuals(trial: &dyn Trial, training: &[([f64; 4], f64)]) -> Residuals {
    let problem = trial.problem();
    let fresh: Vec<([f64; 4], f64)> = quadrature::points(problem, None, Fineness::Fine)
        .into_iter()
        .map(|(unit, weight)| (problem.model.interior_point(unit), weight))
        .collect();
    let largest = largest_flux(trial, &fresh);
    let scale = if largest > 0.0 { largest } else { 1.0 };
    Residuals {
        held_out: root_mean_square(trial, &fresh) / scale,
        training: root_mean_square(trial, training) / scale,
    }
}

fn root_mean_square(trial: &dyn Trial, points: &[([f64; 4], f64)]) -> f64 {
    let (x, weights): (Vec<[f64; 4]>, Vec<f64>) = points.iter().copied().unzip();
    let r = trial.problem().model.equation.residuals();
    let squares = trial.residuals(&x);
    let squares = squares.chunks(r).map(|r| r.iter().map(|v| v * v).sum::<f64>());
    let sum: f64 = squares.zip(&weights).map(|(square, weight)| weight * square).sum();
    (sum / weights.iter().sum::<f64>()).sqrt()
}

fn largest_flux(trial: &dyn Trial, points: &[([f64; 4], f64)]) -> f64 {
    let equation = trial.problem().model.equation.as_ref();
    let x: Vec<[f64; 4]> = points.iter().map(|(x, _)| *x).collect();
    let mut flux = vec![0.0; 3 * equation.field_components()];
    let mut largest: f64 = 0.0;
    trial.each(&x, Order::First, &mut |i, jet| {
        equation.flux(&x[i], jet, &mut flux);
        largest = largest.max(flux.iter().map(|q| q * q).sum::<f64>().sqrt());
    });
    largest
}

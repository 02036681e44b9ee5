//! Errors against a reference.

use serde::Serialize;

use super::{ClosedForm, Trial};
use crate::jet::{Jet, Order};

/// Relative errors against the reference, over points drawn for this purpose; e = u − u*, σ is the flux.
///
/// Norms of a temperature are those of its excess over the problem's lowest prescribed temperature, which is the stricter
/// measure where temperatures are absolute. Norms of a transient field run over space and time, those of a body of revolution
/// over its volume: points count 2πr times.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Errors {
    /// √(Σ|e|² / Σ|u*|²).
    pub field_l2: f64,
    /// The same of the flux: stress or heat flux.
    pub flux_l2: f64,
    /// max|e| / max|u*|.
    pub field_max: f64,
    /// The same of the flux.
    pub flux_max: f64,
    /// √(Σ|grad e|² / Σ|grad u*|²), the H¹ seminorm.
    pub h1: f64,
    /// √(Σ σ(e):grad e / Σ σ(u*):grad u*): for elasticity √∫σ(e):ε(e), for diffusion √∫k·|grad e|², with the flux by the
    /// material law even where it is an unknown of its own.
    pub energy: f64,
}

/// The sum and the largest of |error|² and |exact|² over points.
#[derive(Default)]
struct Norm {
    sum: [f64; 2],
    largest: [f64; 2],
}

impl Norm {
    fn add(&mut self, weight: f64, error: f64, exact: f64) {
        for (k, square) in [error, exact].into_iter().enumerate() {
            self.sum[k] += weight * square;
            self.largest[k] = self.largest[k].max(square);
        }
    }

    fn mean(&self) -> f64 {
        relative(self.sum)
    }

    fn maximum(&self) -> f64 {
        relative(self.largest)
    }
}

/// A reference that vanishes everywhere leaves the absolute error.
fn relative([error, exact]: [f64; 2]) -> f64 {
    if exact > 0.0 { error / exact } else { error }.sqrt()
}

/// The errors, if the problem has a reference.
pub fn errors(trial: &dyn Trial, points: &[[f64; 4]]) -> Option<Errors> {
    let problem = trial.problem();
    let exact = ClosedForm {
        problem,
        components: problem.reference.as_ref()?,
    };
    let equation = problem.model.equation.as_ref();
    let m = equation.field_components();
    let [mut field, mut flux, mut h1, mut energy] = std::array::from_fn(|_| Norm::default());
    let [mut q, mut q_exact, mut law, mut slope, mut slope_exact] = std::array::from_fn(|_| vec![0.0; 3 * m]);
    trial.each(points, Order::First, &mut |i, u| {
        let jet = exact.jets(&points[i..=i], Order::First);
        let v = Jet::new(u.channels(), &jet);
        equation.flux(&points[i], u, &mut q);
        equation.flux(&points[i], &v, &mut q_exact);
        equation.law(&points[i], u, &mut law);
        equation.gradient(&points[i], u, &mut slope);
        equation.gradient(&points[i], &v, &mut slope_exact);
        // Per point |error|² and |exact|² of field, flux, gradient and energy.
        let mut squares = [[0.0; 2]; 4];
        let mut add = |norm: usize, error: f64, exact: f64| {
            squares[norm][0] += error;
            squares[norm][1] += exact;
        };
        for c in 0..m {
            add(0, (u.value(c) - v.value(c)).powi(2), v.value(c).powi(2));
            for entry in 3 * c..3 * c + 3 {
                let (exact_flux, exact_slope) = (q_exact[entry], slope_exact[entry]);
                add(1, (q[entry] - exact_flux).powi(2), exact_flux.powi(2));
                add(2, (slope[entry] - exact_slope).powi(2), exact_slope.powi(2));
                // The flux is symmetric, so its product with the gradient is that with the strain.
                let product = (law[entry] - exact_flux) * (slope[entry] - exact_slope);
                add(3, product, exact_flux * exact_slope);
            }
        }
        let weight = equation.weight(&points[i]);
        for (norm, [error, exact]) in [&mut field, &mut flux, &mut h1, &mut energy].into_iter().zip(squares) {
            norm.add(weight, error, exact);
        }
    });
    Some(Errors {
        field_l2: field.mean(),
        flux_l2: flux.mean(),
        field_max: field.maximum(),
        flux_max: flux.maximum(),
        h1: h1.mean(),
        energy: energy.mean(),
    })
}

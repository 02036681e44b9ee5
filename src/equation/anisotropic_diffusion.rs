//! Diffusion with a conductivity that depends on the direction.

use super::conductivity::{TensorField, widened};
use super::symmetric::cholesky;
use super::{Equation, HeatBody, Medium};
use crate::jet::{Jet, Order};

/// The dimensionless equation div(k·grad T) + q − c·(∂T/∂t + v·grad T) = 0 with a tensor k, where
/// div(k·grad T) = Σ_ij k_ij·∂_i∂_j T + Σ_ij (∂_i k_ij + k′_ij·∂_i T)·∂_j T, ∂_i k at fixed T and k′ = ∂k/∂T.
#[derive(Clone, Debug)]
pub struct AnisotropicConduction {
    dimension: usize,
    conductivity: TensorField,
    body: HeatBody,
}

impl AnisotropicConduction {
    /// In `dimension` space coordinates.
    pub fn new(dimension: usize, conductivity: TensorField, body: HeatBody) -> Self {
        Self {
            dimension,
            conductivity,
            body,
        }
    }
}

impl Equation for AnisotropicConduction {
    fn components(&self) -> usize {
        1
    }

    fn medium(&self) -> &dyn Medium {
        &self.body
    }

    fn order(&self) -> Order {
        Order::Hessian
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        out[0] = self.body.supplied(x, u);
        let k = self.conductivity.sample(x, u.value(0));
        for i in 0..self.dimension {
            for j in 0..self.dimension {
                let along = k.gradient[i][i][j] + k.slope[i][j] * u.first(0, i);
                out[0] += k.value[i][j] * u.second(0, i, j) + along * u.first(0, j);
            }
        }
    }

    fn nonlinear_flux(&self) -> bool {
        self.conductivity.reads_field()
    }

    /// As that of [`super::HeatConduction`], entry by entry of k.
    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let channels = u.channels();
        let k = self.conductivity.sample(x, u.value(0));
        out.fill(0.0);
        for i in 0..self.dimension {
            for j in 0..self.dimension {
                let (along, across) = (u.first(0, i), u.first(0, j));
                out[0] += k.slope[i][j] * u.second(0, i, j);
                out[0] += (k.mixed[i][i][j] + k.curvature[i][j] * along) * across;
                out[channels.first(j)] += k.gradient[i][i][j] + 2.0 * k.slope[i][j] * along;
                out[channels.second(i, j)] += k.value[i][j];
            }
        }
        self.body.supplied_tangent(x, u, out);
    }

    fn energy_rows(&self) -> usize {
        self.dimension
    }

    /// Lᵀ·grad T/√2 with k = L·Lᵀ.
    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        // The problem file's check has seen that k is positive definite at many points.
        let l = cholesky(&widened(&self.conductivity.at(x, u.value(0))), self.dimension).unwrap_or([[f64::NAN; 6]; 6]);
        for (j, out) in out.iter_mut().enumerate() {
            *out = std::f64::consts::FRAC_1_SQRT_2 * (j..self.dimension).map(|i| l[i][j] * u.first(0, i)).sum::<f64>();
        }
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let k = self.conductivity.at(x, u.value(0));
        out.fill(0.0);
        for (out, k) in out.iter_mut().zip(&k).take(self.dimension) {
            *out = (0..self.dimension).map(|j| k[j] * u.first(0, j)).sum();
        }
    }

    fn flux_tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let channels = u.channels();
        let k = self.conductivity.sample(x, u.value(0));
        out.fill(0.0);
        for (i, out) in out.chunks_mut(channels.count()).take(self.dimension).enumerate() {
            for j in 0..self.dimension {
                out[0] += k.slope[i][j] * u.first(0, j);
                out[channels.first(j)] += k.value[i][j];
            }
        }
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, l: usize, out: &mut [f64]) {
        let k = self.conductivity.sample(x, u.value(0));
        out.fill(0.0);
        for (i, out) in out.iter_mut().take(self.dimension).enumerate() {
            let entry = |j: usize| {
                let along = k.gradient[l][i][j] + k.slope[i][j] * u.first(0, l);
                k.value[i][j] * u.second(0, j, l) + along * u.first(0, j)
            };
            *out = (0..self.dimension).map(entry).sum();
        }
    }

    fn evaluate(&self, _x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        HeatBody::write(u, flux, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::{UNIT, formula, jets};
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    /// k = [[2 + x², x·y], [x·y, 3]], no source.
    fn equation() -> AnisotropicConduction {
        let entry = |i: usize, j: usize| {
            let mut unit = [[0.0; 3]; 3];
            (unit[i][j], unit[j][i]) = (1.0, 1.0);
            unit
        };
        let parts = [
            (formula("2 + x^2"), entry(0, 0)),
            (formula("x*y"), entry(0, 1)),
            (formula("3"), entry(1, 1)),
        ];
        let body = HeatBody::new(
            false,
            UNIT.source_field(formula("0")),
            UNIT.capacity_field(formula("1")),
        );
        AnisotropicConduction::new(2, TensorField::new(&parts, &UNIT), body)
    }

    /// The jet of T = sin(x)·y² + x·y.
    fn temperature(at: [f64; 4]) -> Vec<f64> {
        let [x, y, ..] = scales::seed(at);
        let field: CoordinateJet = x.sin() * y * y + x * y;
        jets(Channels::new(2, false, Order::Hessian), &[field])
    }

    fn flux(at: [f64; 4]) -> [f64; 3] {
        let data = temperature(at);
        let mut out = [f64::NAN; 3];
        equation().flux(&at, &Jet::new(Channels::new(2, false, Order::Hessian), &data), &mut out);
        out
    }

    const AT: [f64; 4] = [0.7, -1.2, 0.0, 0.0];

    #[test]
    fn the_residual_is_the_divergence_of_the_flux_and_slopes_match_differences() {
        let data = temperature(AT);
        let jet = Jet::new(Channels::new(2, false, Order::Hessian), &data);
        let (mut residual, mut trace) = ([f64::NAN], 0.0);
        equation().residual(&AT, &jet, &mut residual);
        for j in 0..2 {
            let moved = |step: f64| {
                let mut at = AT;
                at[j] += step;
                flux(at)
            };
            let h = 1e-5;
            let mut slope = [f64::NAN; 3];
            equation().flux_slope(&AT, &jet, j, &mut slope);
            for (i, slope) in slope.iter().enumerate() {
                let difference = (moved(h)[i] - moved(-h)[i]) / (2.0 * h);
                assert!((slope - difference).abs() < 1e-8, "{i} {j}");
            }
            trace += slope[j];
        }
        assert!((residual[0] - trace).abs() < 1e-12);
    }

    #[test]
    fn the_energy_is_half_of_flux_times_gradient() {
        let data = temperature(AT);
        let jet = Jet::new(Channels::new(2, false, Order::Hessian), &data);
        let mut rows = [f64::NAN; 2];
        equation().energy(&AT, &jet, &mut rows);
        let q = flux(AT);
        let expected = 0.5 * (q[0] * jet.first(0, 0) + q[1] * jet.first(0, 1));
        assert!((rows.iter().map(|r| r * r).sum::<f64>() - expected).abs() < 1e-12);
    }
}

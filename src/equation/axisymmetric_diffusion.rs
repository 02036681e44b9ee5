//! Heat conduction in a body of revolution.

use super::axial::Axial;
use super::{Equation, Medium};
use crate::jet::{Jet, Order};

/// The dimensionless equation r/R·(∂_r q_r + q_r/r + ∂_z q_z + source − c·∂T/∂t) = 0 with q = k·grad T; see [`Axial`].
#[derive(Debug)]
pub struct AxisymmetricConduction {
    plane: Box<dyn Equation>,
    axial: Axial,
}

impl AxisymmetricConduction {
    /// From the equation with the same coefficients in Cartesian coordinates.
    pub fn new(plane: Box<dyn Equation>, axial: Axial) -> Self {
        Self { plane, axial }
    }
}

impl Equation for AxisymmetricConduction {
    fn components(&self) -> usize {
        self.plane.components()
    }

    fn medium(&self) -> &dyn Medium {
        self.plane.medium()
    }

    fn axial(&self) -> Option<Axial> {
        Some(self.axial)
    }

    fn order(&self) -> Order {
        self.plane.order()
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let mut flux = [0.0; 3];
        self.plane.flux(x, u, &mut flux);
        self.plane.residual(x, u, out);
        self.axial.divergence(x, &flux, out);
    }

    fn nonlinear_flux(&self) -> bool {
        self.plane.nonlinear_flux()
    }

    /// Linear in residual and flux of the plane, as the residual is.
    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let width = out.len();
        let mut flux = vec![0.0; 3 * width];
        self.plane.flux_tangent(x, u, &mut flux);
        self.plane.tangent(x, u, out);
        for (column, out) in out.iter_mut().enumerate() {
            let across = std::array::from_fn::<f64, 3, _>(|j| flux[j * width + column]);
            self.axial.divergence(x, &across, std::slice::from_mut(out));
        }
    }

    fn flux_tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.plane.flux_tangent(x, u, out);
    }

    fn energy_rows(&self) -> usize {
        self.plane.energy_rows()
    }

    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.plane.energy(x, u, out);
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.plane.flux(x, u, out);
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]) {
        self.plane.flux_slope(x, u, j, out);
    }

    fn evaluate(&self, x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        self.plane.evaluate(x, u, flux, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::{UNIT, formula, jets};
    use crate::equation::{HeatBody, HeatConduction};
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    fn equation(transient: bool, conductivity: &str, source: &str) -> AxisymmetricConduction {
        let body = HeatBody::new(
            transient,
            UNIT.source_field(formula(source)),
            UNIT.capacity_field(formula("2")),
        );
        let plane = HeatConduction::new(2, UNIT.modulus_field(formula(conductivity)), body);
        AxisymmetricConduction::new(Box::new(plane), Axial { reach: 2.0 })
    }

    fn residual(
        equation: &AxisymmetricConduction,
        at: [f64; 4],
        transient: bool,
        field: impl Fn([CoordinateJet; 4]) -> CoordinateJet,
    ) -> f64 {
        let channels = Channels::new(2, transient, Order::Laplacian);
        let data = jets(channels, &[field(scales::seed(at))]);
        let mut out = [f64::NAN];
        equation.residual(&at, &Jet::new(channels, &data), &mut out);
        out[0]
    }

    /// ln r is harmonic round an axis, and r² has the Laplacian 4.
    #[test]
    fn logarithm_and_square_of_r_have_the_laplacians_of_the_cylinder() {
        let at = [0.7, -0.4, 0.0, 0.3];
        let log = |[r, ..]: [CoordinateJet; 4]| r.map(|v| [v.ln(), 1.0 / v, -1.0 / (v * v)]);
        assert!(residual(&equation(false, "1", "0"), at, false, log).abs() < 1e-14);
        // T = r² + z·t with c = 2 and the source 2z − 4.
        let grows = |[r, z, _, t]: [CoordinateJet; 4]| r * r + z * t;
        assert!(residual(&equation(true, "1", "2*y - 4"), at, true, grows).abs() < 1e-14);
        // k = r: (1/r)·∂_r(r·r·3r²) = 12·r².
        let cube = |[r, ..]: [CoordinateJet; 4]| r * r * r;
        assert!(residual(&equation(false, "x", "-12*x^2"), at, false, cube).abs() < 1e-14);
        // On the axis nothing is left to divide by.
        let axis = residual(
            &equation(false, "1", "-4"),
            [0.0, 0.5, 0.0, 0.0],
            false,
            |[r, ..]: [CoordinateJet; 4]| r * r,
        );
        assert_eq!(axis, 0.0);
    }
}

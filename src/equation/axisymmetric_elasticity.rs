//! Small-strain elasticity of a body of revolution, isotropic or orthotropic.

use super::axial::Axial;
use super::elastic_state::{ElasticState, displacement, voigt};
use super::medium::ElasticBody;
use super::orthotropic::Stiffness;
use super::symmetric::Matrix;
use super::{Equation, Medium};
use crate::jet::{Jet, Order};
use crate::quantity::Field;

/// The dimensionless equations
///
/// r/R·(∂_r σ_rr + ∂_z σ_rz + (σ_rr − σ_θθ)/r + f_r) = 0 and r/R·(∂_r σ_rz + ∂_z σ_zz + σ_rz/r + f_z) = 0
///
/// in (u_r, u_z), with σ = C:ε, ε_rr = ∂_r u_r, ε_zz = ∂_z u_z, ε_θθ = u_r/r and 2ε_rz = ∂_z u_r + ∂_r u_z; see [`Axial`].
///
/// Strains and stresses stand in the order rr, zz, θθ, rz, which is VTK's xx, yy, zz, xy.
#[derive(Clone, Debug)]
pub struct AxisymmetricElasticity {
    stiffness: Stiffness,
    /// L of C = L·Lᵀ.
    factor: Matrix,
    body: ElasticBody,
    axial: Axial,
}

impl AxisymmetricElasticity {
    /// Stresses are in the units of `stiffness`.
    pub fn new(stiffness: Stiffness, body_force: Vec<Field>, axial: Axial) -> Self {
        Self {
            factor: stiffness.factor(),
            stiffness,
            body: ElasticBody::new(&["ur", "uz"], body_force),
            axial,
        }
    }

    fn strain(&self, x: &[f64; 4], u: &Jet<'_>) -> [f64; 4] {
        [
            u.first(0, 0),
            u.first(1, 1),
            self.axial.hoop(x, u),
            u.first(0, 1) + u.first(1, 0),
        ]
    }

    /// C:ε with the stress round the axis in (0, 2), `[2, 3]`.
    fn stress(&self, strain: [f64; 4], out: &mut [f64]) {
        let stress = |a: usize| -> f64 { (0..4).map(|b| self.stiffness.reduced[a][b] * strain[b]).sum() };
        let shear = stress(3);
        out[..6].copy_from_slice(&[stress(0), shear, stress(2), shear, stress(1), 0.0]);
    }
}

impl Equation for AxisymmetricElasticity {
    fn components(&self) -> usize {
        2
    }

    fn medium(&self) -> &dyn Medium {
        &self.body
    }

    fn axial(&self) -> Option<Axial> {
        Some(self.axial)
    }

    fn order(&self) -> Order {
        Order::Hessian
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let (mut flux, mut slope) = ([0.0; 6], [0.0; 6]);
        self.flux(x, u, &mut flux);
        self.body.supply(x, u, out);
        for j in 0..2 {
            self.flux_slope(x, u, j, &mut slope);
            out.iter_mut()
                .zip(slope[j..].iter().step_by(3))
                .for_each(|(out, s)| *out += s);
        }
        self.axial.divergence(x, &flux, out);
    }

    fn energy_rows(&self) -> usize {
        4
    }

    /// Lᵀ·ε/√2.
    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let strain = self.strain(x, u);
        for (column, out) in out.iter_mut().enumerate() {
            let sum: f64 = (column..4).map(|row| self.factor[row][column] * strain[row]).sum();
            *out = std::f64::consts::FRAC_1_SQRT_2 * sum;
        }
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.stress(self.strain(x, u), out);
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, k: usize, out: &mut [f64]) {
        let strain = [
            u.second(0, 0, k),
            u.second(1, 1, k),
            self.axial.hoop_slope(x, u, k),
            u.second(0, 1, k) + u.second(1, 0, k),
        ];
        self.stress(strain, out);
    }

    fn evaluate(&self, x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        let [rr, zz, hoop, gamma] = self.strain(x, u);
        let tensor = |rr, zz, hoop, rz| voigt(&[[rr, rz, 0.0], [rz, zz, 0.0], [0.0, 0.0, hoop]]);
        let state = ElasticState {
            displacement: displacement(2, u),
            stress: tensor(flux[0], flux[4], flux[2], flux[1]),
            strain: tensor(rr, zz, hoop, 0.5 * gamma),
        };
        state.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::jets;
    use crate::equation::{ElasticModel, Elasticity};
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    const NU: f64 = 0.3;

    fn steel() -> AxisymmetricElasticity {
        let stiffness = Stiffness::isotropic(ElasticModel::Axisymmetric, NU);
        AxisymmetricElasticity::new(stiffness, Vec::new(), Axial { reach: 2.0 })
    }

    type Plane = fn([CoordinateJet; 4]) -> [CoordinateJet; 2];

    fn jet(at: [f64; 4], u: Plane) -> (Channels, Vec<f64>) {
        let channels = Channels::new(2, false, Order::Hessian);
        (channels, jets(channels, &u(scales::seed(at))))
    }

    /// Lamé's cylinder u_r = r + b/r and sphere u = x·(1 + b/R³) (Timoshenko & Goodier, arts. 28 and 136), and pure tension.
    #[test]
    fn cylinder_sphere_and_tension_are_in_equilibrium_round_the_axis() {
        let cylinder: Plane = |[r, z, ..]| [r + CoordinateJet::constant(3.0) / r, z.scale(0.4)];
        let sphere: Plane = |[r, z, ..]| {
            let factor = (CoordinateJet::constant(2.0) * (r * r + z * z).powf(-1.5)).offset(1.0);
            [r * factor, z * factor]
        };
        let tension: Plane = |[r, z, ..]| [r.scale(-NU), z];
        for (u, axis) in [(cylinder, false), (sphere, true), (tension, true)] {
            for at in [[0.8, 0.5, 0.0, 0.0], [1e-4, 0.9, 0.0, 0.0], [0.0, 1.1, 0.0, 0.0]] {
                if at[0] > 0.1 || axis {
                    let (channels, data) = jet(at, u);
                    let mut out = [f64::NAN; 2];
                    steel().residual(&at, &Jet::new(channels, &data), &mut out);
                    assert!(out.iter().all(|r| r.abs() < 1e-9), "{at:?} {out:?}");
                }
            }
        }
    }

    /// The same field in Cartesian coordinates has the same stresses on the plane y = 0: σ_yy there is that round the axis.
    #[test]
    fn stresses_are_those_of_the_solid() {
        let at = [0.8, 0.5, 0.0, 0.0];
        let [r, z] = [at[0], at[1]];
        let (channels, data) = jet(at, |[r, z, ..]| [r * r * z, r * z * z]);
        let (mut flux, mut out) = ([0.0; 6], Vec::new());
        let u = Jet::new(channels, &data);
        steel().flux(&at, &u, &mut flux);
        steel().evaluate(&at, &u, &flux, &mut out);
        // u = (x·√(x² + y²)·z, y·√…·z, √…·z²) at y = 0.
        let (channels, mut solid) = (Channels::new(3, false, Order::First), Vec::new());
        solid.extend([r * r * z, 2.0 * r * z, 0.0, r * r]);
        solid.extend([0.0, 0.0, r * z, 0.0]);
        solid.extend([r * z * z, z * z, 0.0, 2.0 * r * z]);
        let (mut stress, mut whole) = ([0.0; 9], Vec::new());
        let (u, body) = (
            Jet::new(channels, &solid),
            Elasticity::new(ElasticModel::Solid, NU, Vec::new()),
        );
        body.flux(&at, &u, &mut stress);
        body.evaluate(&at, &u, &stress, &mut whole);
        // rr, zz, θθ, rz are xx, zz, yy, xz there; displacement, stress, principal stresses, von Mises, strain and energy.
        for (own, other) in [
            (3, 3),
            (4, 5),
            (5, 4),
            (6, 8),
            (9, 9),
            (10, 10),
            (11, 11),
            (12, 12),
            (13, 13),
            (14, 15),
            (15, 14),
            (16, 18),
            (19, 19),
        ] {
            assert!((out[own] - whole[other]).abs() < 1e-13, "{own}: {out:?} {whole:?}");
        }
        assert_eq!(flux[2], out[5]);
    }

    /// ½·σ:ε with the strain round the axis.
    #[test]
    fn the_stored_energy_is_half_of_stress_times_gradient() {
        let at = [0.8, 0.5, 0.0, 0.0];
        let (channels, data) = jet(at, |[r, z, ..]| [r * r * z, r * z * z]);
        let u = Jet::new(channels, &data);
        let (mut flux, mut gradient, mut rows) = ([0.0; 6], [0.0; 6], [0.0; 4]);
        let equation = steel();
        equation.flux(&at, &u, &mut flux);
        equation.gradient(&at, &u, &mut gradient);
        equation.energy(&at, &u, &mut rows);
        let product: f64 = flux.iter().zip(gradient).map(|(q, g)| q * g).sum();
        let stored: f64 = rows.iter().map(|r| r * r).sum();
        assert!((stored - 0.5 * product).abs() < 1e-14 * stored);
    }

    /// Central differences of second order, with a step whose error is about 1e-9; on the axis one-sided ones would do no better.
    #[test]
    fn slopes_of_the_stress_are_its_derivatives() {
        let u: Plane = |[r, z, ..]| [(r * z).sin(), (r + z.scale(2.0)).cos()];
        let at = [0.8, 0.5, 0.0, 0.0];
        let stress = |x: [f64; 4]| {
            let (channels, data) = jet(x, u);
            let mut flux = [0.0; 6];
            steel().flux(&x, &Jet::new(channels, &data), &mut flux);
            flux
        };
        for j in 0..2 {
            let h = 1e-5;
            let [mut low, mut high] = [at; 2];
            (low[j], high[j]) = (at[j] - h, at[j] + h);
            let (channels, data) = jet(at, u);
            let mut slope = [0.0; 6];
            steel().flux_slope(&at, &Jet::new(channels, &data), j, &mut slope);
            for (k, slope) in slope.iter().enumerate() {
                let difference = (stress(high)[k] - stress(low)[k]) / (2.0 * h);
                assert!((slope - difference).abs() < 1e-8, "{j} {k}: {slope} {difference}");
            }
        }
    }

    /// Just off the axis and on it u_r/r and its slopes agree.
    #[test]
    fn the_strain_round_the_axis_has_a_limit() {
        let u: Plane = |[r, z, ..]| [r * (r * r + z).sin(), z];
        let axial = Axial { reach: 1.0 };
        let of = |r: f64| {
            let at = [r, 0.5, 0.0, 0.0];
            let (channels, data) = jet(at, u);
            let jet = Jet::new(channels, &data);
            [
                axial.hoop(&at, &jet),
                axial.hoop_slope(&at, &jet, 0),
                axial.hoop_slope(&at, &jet, 1),
            ]
        };
        for (on, off) in of(0.0).into_iter().zip(of(1e-6)) {
            assert!((on - off).abs() < 1e-5, "{on} {off}");
        }
    }
}

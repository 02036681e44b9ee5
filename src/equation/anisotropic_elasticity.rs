//! Small-strain elasticity of an anisotropic body in displacements.

use super::elastic_state::{ElasticState, displacement, voigt};
use super::medium::ElasticBody;
use super::orthotropic::{PAIRS, Stiffness};
use super::symmetric::Matrix;
use super::{ElasticModel, Equation, Medium};
use crate::jet::{Jet, Order};
use crate::quantity::Field;

/// The dimensionless equation Σ_j ∂_j σ_ij + f_i = 0 with σ = C:ε and a constant C.
#[derive(Clone, Debug)]
pub struct AnisotropicElasticity {
    stiffness: Stiffness,
    /// L of C = L·Lᵀ.
    factor: Matrix,
    body: ElasticBody,
}

impl AnisotropicElasticity {
    /// Stresses are in the units of `stiffness`.
    pub fn new(stiffness: Stiffness, body_force: Vec<Field>) -> Self {
        Self {
            factor: stiffness.factor(),
            body: ElasticBody::new(&["ux", "uy", "uz"][..stiffness.model.dimension()], body_force),
            stiffness,
        }
    }

    fn dimension(&self) -> usize {
        self.stiffness.model.dimension()
    }

    /// Voigt's strain (with γ = 2ε) over the d coordinates.
    fn strain(&self, slope: impl Fn(usize, usize) -> f64) -> [f64; 6] {
        let mut strain = [0.0; 6];
        for &a in self.stiffness.active() {
            let (i, j) = PAIRS[a];
            strain[a] = if i == j { slope(i, i) } else { slope(i, j) + slope(j, i) };
        }
        strain
    }

    /// C:ε over the d coordinates, `[d, 3]`.
    fn stress(&self, slope: impl Fn(usize, usize) -> f64, out: &mut [f64]) {
        let strain = self.strain(slope);
        out.fill(0.0);
        for &a in self.stiffness.active() {
            let row = &self.stiffness.reduced[a];
            let stress = row.iter().zip(&strain).map(|(c, e)| c * e).sum();
            let (i, j) = PAIRS[a];
            out[3 * i + j] = stress;
            out[3 * j + i] = stress;
        }
    }
}

impl Equation for AnisotropicElasticity {
    fn components(&self) -> usize {
        self.dimension()
    }

    fn medium(&self) -> &dyn Medium {
        &self.body
    }

    fn order(&self) -> Order {
        Order::Hessian
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let d = self.dimension();
        self.body.supply(x, u, out);
        let mut slope = [0.0; 9];
        for j in 0..d {
            self.flux_slope(x, u, j, &mut slope[..3 * d]);
            for (i, out) in out.iter_mut().enumerate() {
                *out += slope[3 * i + j];
            }
        }
    }

    fn energy_rows(&self) -> usize {
        self.stiffness.active().len()
    }

    /// Lᵀ·ε/√2.
    fn energy(&self, _x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let strain = self.strain(|i, j| u.first(i, j));
        for (column, out) in out.iter_mut().enumerate() {
            let rows = self.stiffness.active().iter().enumerate().skip(column);
            let sum: f64 = rows.map(|(row, &a)| self.factor[row][column] * strain[a]).sum();
            *out = std::f64::consts::FRAC_1_SQRT_2 * sum;
        }
    }

    fn flux(&self, _x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.stress(|i, j| u.first(i, j), &mut out[..3 * self.dimension()]);
    }

    fn flux_slope(&self, _x: &[f64; 4], u: &Jet<'_>, k: usize, out: &mut [f64]) {
        self.stress(|i, j| u.second(i, j, k), &mut out[..3 * self.dimension()]);
    }

    fn evaluate(&self, _x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        let mut tensor = [[0.0; 3]; 3];
        for (row, flux) in tensor.iter_mut().zip(flux.chunks(3)) {
            row.copy_from_slice(flux);
        }
        let mut stress = voigt(&tensor);
        let mut strain = self.strain(|i, j| u.first(i, j));
        let dot = |a: &[f64; 6], b: &[f64; 6]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        match self.stiffness.model {
            ElasticModel::PlaneStrain => stress[2] = dot(&self.stiffness.across, &stress),
            ElasticModel::PlaneStress => strain[2] = dot(&self.stiffness.thickness, &strain),
            ElasticModel::Solid | ElasticModel::Axisymmetric | ElasticModel::Bar => {}
        }
        // The written shear strains are ε, not γ.
        strain[3..].iter_mut().for_each(|e| *e *= 0.5);
        let state = ElasticState {
            displacement: displacement(self.dimension(), u),
            stress,
            strain,
        };
        state.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::Elasticity;
    use crate::equation::fixture::jets;
    use crate::equation::symmetric::rotation;
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    /// The compliance of an isotropic body with E = 1.
    fn isotropic(nu: f64) -> Matrix {
        let mut s = [[0.0; 6]; 6];
        for (a, row) in s.iter_mut().enumerate() {
            for (b, s) in row.iter_mut().enumerate() {
                *s = match (a == b, a < 3, b < 3) {
                    (true, true, _) => 1.0,
                    (true, false, _) => 2.0 * (1.0 + nu),
                    (false, true, true) => -nu,
                    _ => 0.0,
                };
            }
        }
        s
    }

    fn made(model: ElasticModel, s: &Matrix, axis: [f64; 3], angle: f64) -> AnisotropicElasticity {
        let stiffness = Stiffness::new(model, s, &rotation(axis, angle));
        AnisotropicElasticity::new(stiffness.unwrap_or_else(|| panic!("admissible")), Vec::new())
    }

    fn jet(d: usize) -> (Channels, Vec<f64>) {
        let [x, y, z, _] = scales::seed([0.3, -0.4, if d == 3 { 0.6 } else { 0.0 }, 0.0]);
        let field: [CoordinateJet; 3] = [x.sin() * y + z * x * y, x * y * y - z * z, (x * z).sin() + y * z];
        let channels = Channels::new(d, false, Order::Hessian);
        (channels, jets(channels, &field[..d]))
    }

    /// Turning an isotropic body changes nothing: residual, stress and all arrays are those of [`Elasticity`].
    #[test]
    fn an_isotropic_body_is_a_special_case() {
        for model in [
            ElasticModel::PlaneStress,
            ElasticModel::PlaneStrain,
            ElasticModel::Solid,
        ] {
            let d = model.dimension();
            let axis = if d == 3 { [0.6, 0.0, 0.8] } else { [0.0, 0.0, 1.0] };
            let general = made(model, &isotropic(0.3), axis, 0.7);
            let special = Elasticity::new(model, 0.3, Vec::new());
            let (channels, data) = jet(d);
            let u = Jet::new(channels, &data);
            let at = [0.0; 4];
            let all = |equation: &dyn Equation| {
                let (mut residual, mut flux, mut out) = (vec![0.0; d], vec![0.0; 3 * d], Vec::new());
                equation.residual(&at, &u, &mut residual);
                equation.flux(&at, &u, &mut flux);
                equation.evaluate(&at, &u, &flux, &mut out);
                let mut rows = vec![0.0; equation.energy_rows()];
                equation.energy(&at, &u, &mut rows);
                out.extend(residual);
                out.extend(flux);
                out.push(rows.iter().map(|r| r * r).sum());
                out
            };
            for (found, expected) in all(&general).iter().zip(all(&special)) {
                assert!((found - expected).abs() < 1e-12, "{model:?} {found} {expected}");
            }
        }
    }

    /// |r|² = ½·σ:ε for a turned orthotropic body, in 3D about an oblique axis.
    #[test]
    fn the_stored_energy_is_half_of_stress_times_strain() {
        let mut s = isotropic(0.2);
        (s[0][0], s[3][3], s[4][4]) = (0.2, 3.0, 5.0);
        let equation = made(ElasticModel::Solid, &s, [0.6, 0.0, 0.8], 0.9);
        let (channels, data) = jet(3);
        let u = Jet::new(channels, &data);
        let (mut flux, mut rows) = ([0.0; 9], [0.0; 6]);
        equation.flux(&[0.0; 4], &u, &mut flux);
        equation.energy(&[0.0; 4], &u, &mut rows);
        let expected: f64 = (0..3)
            .map(|i| (0..3).map(|j| 0.5 * flux[3 * i + j] * u.first(i, j)).sum::<f64>())
            .sum();
        assert!((rows.iter().map(|r| r * r).sum::<f64>() / expected - 1.0).abs() < 1e-12);
    }
}

//! What is written of an elastic body at a point: displacement, stress, strain and what follows from them.

use super::symmetric::eigenvalues;
use super::{Quantity, Scale};
use crate::jet::Jet;

/// The state of an elastic body at a point, in three dimensions whatever the model.
///
/// Tensors have the six components of VTK's order xx, yy, zz, xy, yz, xz; shear strains are ε, not γ = 2ε. All strain is elastic:
/// nothing in this program swells or shrinks a body without stress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ElasticState {
    pub displacement: [f64; 3],
    pub stress: [f64; 6],
    pub strain: [f64; 6],
}

impl ElasticState {
    /// The arrays that [`ElasticState::write`] gives.
    pub(super) fn quantities() -> Vec<Quantity> {
        let quantity = |name, unit, scale, components| Quantity {
            name,
            unit,
            scale,
            components,
        };
        vec![
            quantity("displacement", "m", Scale::Field, 3),
            quantity("stress", "Pa", Scale::Flux, 6),
            quantity("principal_stress", "Pa", Scale::Flux, 3),
            quantity("von_mises", "Pa", Scale::Flux, 1),
            quantity("strain", "1", Scale::Gradient, 6),
            quantity("strain_energy_density", "J/m^3", Scale::Energy, 1),
        ]
    }

    /// The values of [`ElasticState::quantities`] one after the other.
    pub(super) fn write(&self, out: &mut Vec<f64>) {
        out.extend(self.displacement);
        out.extend(self.stress);
        out.extend(self.principal_stress());
        out.push(self.von_mises());
        out.extend(self.strain);
        out.push(self.energy());
    }

    /// σ1 ≥ σ2 ≥ σ3.
    fn principal_stress(&self) -> [f64; 3] {
        let [xx, yy, zz, xy, yz, xz] = self.stress;
        eigenvalues([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    }

    /// √(½[(σxx−σyy)² + (σyy−σzz)² + (σzz−σxx)²] + 3(σxy² + σyz² + σxz²)).
    fn von_mises(&self) -> f64 {
        let s = &self.stress;
        let normal = (s[0] - s[1]).powi(2) + (s[1] - s[2]).powi(2) + (s[2] - s[0]).powi(2);
        (0.5 * normal + 3.0 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5])).sqrt()
    }

    /// ½·σ:ε over all three dimensions: one of the factors across a plane model is 0.
    fn energy(&self) -> f64 {
        let products = self.stress.iter().zip(&self.strain).map(|(s, e)| s * e);
        let twice = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0];
        0.5 * products.zip(twice).map(|(product, count)| count * product).sum::<f64>()
    }
}

/// The six components in VTK's order.
pub(super) fn voigt(tensor: &[[f64; 3]; 3]) -> [f64; 6] {
    [
        tensor[0][0],
        tensor[1][1],
        tensor[2][2],
        tensor[0][1],
        tensor[1][2],
        tensor[0][2],
    ]
}

/// The values of u over the d coordinates, then zeros.
pub(super) fn displacement(d: usize, u: &Jet<'_>) -> [f64; 3] {
    std::array::from_fn(|i| if i < d { u.value(i) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::{ElasticModel, Elasticity, Equation};
    use crate::jet::{Channels, Order};

    const NU: f64 = 0.3;

    /// The arrays behind displacement and stress for a constant gradient ∂u_i/∂x_j: principal stresses, von Mises, strain, energy.
    fn derived(model: ElasticModel, gradient: [[f64; 3]; 3]) -> ([f64; 6], [f64; 3], f64, f64) {
        let d = model.dimension();
        let channels = Channels::new(d, false, Order::First);
        let data: Vec<f64> = gradient[..d]
            .iter()
            .flat_map(|row| [&[0.0], &row[..d]].concat())
            .collect();
        let (u, at) = (Jet::new(channels, &data), [0.0; 4]);
        let equation = Elasticity::new(model, NU, Vec::new());
        let (mut flux, mut out) = (vec![0.0; 3 * d], Vec::new());
        equation.flux(&at, &u, &mut flux);
        equation.evaluate(&at, &u, &flux, &mut out);
        let sizes: usize = equation
            .medium()
            .quantities()
            .iter()
            .map(|quantity| quantity.components)
            .sum();
        assert_eq!(out.len(), sizes);
        let stress = std::array::from_fn(|a| out[3 + a]);
        (stress, [out[9], out[10], out[11]], out[12], out[19])
    }

    fn diagonal(values: [f64; 3]) -> [[f64; 3]; 3] {
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { values[i] } else { 0.0 }))
    }

    fn close(found: &[f64], expected: &[f64]) {
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-14, "{found:?} {expected:?}");
        }
    }

    /// By Young's modulus: σ = 1 stores ½·σ²/E per volume, tension or compression.
    #[test]
    fn uniaxial_stress_stores_half_of_its_square_in_every_model() {
        for model in [ElasticModel::Bar, ElasticModel::PlaneStress, ElasticModel::Solid] {
            for sign in [1.0, -1.0] {
                let (_, principal, von_mises, energy) = derived(model, diagonal([sign, -NU * sign, -NU * sign]));
                let expected = if sign > 0.0 { [1.0, 0.0, 0.0] } else { [0.0, 0.0, -1.0] };
                close(&principal, &expected);
                close(&[von_mises, energy], &[1.0, 0.5]);
            }
        }
    }

    /// In plane strain σ_zz = ν·σ_xx stands across and does no work: ½·(1 − ν²)·σ²/E for the stress σ along x.
    #[test]
    fn plane_strain_has_a_stress_across_that_does_no_work() {
        let (stress, principal, _, energy) = derived(
            ElasticModel::PlaneStrain,
            diagonal([1.0 - NU * NU, -NU * (1.0 + NU), 0.0]),
        );
        close(&stress, &[1.0, 0.0, NU, 0.0, 0.0, 0.0]);
        close(&principal, &[1.0, NU, 0.0]);
        close(&[energy], &[0.5 * (1.0 - NU * NU)]);
    }

    /// A pressure p stores ½·p²/K with K = E/(3(1 − 2ν)); a shear τ stores ½·τ²/G and has the principal stresses τ, 0, −τ.
    #[test]
    fn pressure_and_shear_store_half_of_their_squares_by_bulk_and_shear_modulus() {
        let strain = 1.0 - 2.0 * NU;
        let (_, principal, von_mises, energy) = derived(ElasticModel::Solid, diagonal([-strain; 3]));
        close(&principal, &[-1.0; 3]);
        close(&[von_mises, energy], &[0.0, 0.5 * 3.0 * strain]);
        let gamma = 2.0 * (1.0 + NU);
        for (i, j) in [(0, 1), (1, 2), (2, 0)] {
            let mut gradient = [[0.0; 3]; 3];
            gradient[i][j] = gamma;
            let (_, principal, von_mises, energy) = derived(ElasticModel::Solid, gradient);
            close(&principal, &[1.0, 0.0, -1.0]);
            close(&[von_mises, energy], &[3.0_f64.sqrt(), 0.5 * gamma]);
        }
    }
}

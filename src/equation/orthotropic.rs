//! Orthotropic elastic constants and the stiffness that follows from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ElasticModel;
use super::conductivity::{extended, item, turned_axes};
use super::symmetric::{Matrix, cholesky, inverse};
use crate::quantity::{Expression, Path, Values};

/// Elastic constants that differ along three perpendicular axes, as in wood or a fibre composite.
///
/// ν12 is the contraction along axis 2 under tension along axis 1: ε22 = −ν12·σ11/E1. In a body of revolution the axes are r, z
/// and the one round the axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orthotropic {
    /// Young's moduli `[E1, E2, E3]`, Pa; `[E1, E2]` in plane stress.
    pub young: Vec<Expression>,
    /// Poisson's ratios `[nu12, nu13, nu23]`; `[nu12]` in plane stress.
    pub poisson: Vec<Expression>,
    /// Shear moduli `[G12, G13, G23]`, Pa; `[G12]` in the plane.
    pub shear: Vec<Expression>,
    /// How far axis 1 is turned from x, degrees.
    #[serde(default)]
    pub angle: Expression,
    /// What the axes are turned about in a `Solid`; by default z.
    #[serde(default)]
    pub axis: Option<Vec<Expression>>,
}

/// The (row, column) of Voigt's six components, in VTK's order.
pub(super) const PAIRS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)];

/// Stiffness of the body and what happens across a plane model, with strains ε_xx, ε_yy, ε_zz, γ_xy, γ_yz, γ_xz (γ = 2ε).
#[derive(Clone, Debug, PartialEq)]
pub struct Stiffness {
    /// The model.
    pub model: ElasticModel,
    /// σ_a = Σ_b C_ab·ε_b over the components that the model has; Pa or by the modulus.
    pub reduced: Matrix,
    /// Plane stress: ε_zz = Σ_b a_b·ε_b.
    pub thickness: [f64; 6],
    /// Plane strain: σ_zz = Σ_b a_b·σ_b.
    pub across: [f64; 6],
}

impl Stiffness {
    /// Voigt's components that exist in the model.
    pub fn active(&self) -> &'static [usize] {
        match self.model {
            ElasticModel::Solid => &[0, 1, 2, 3, 4, 5],
            ElasticModel::Axisymmetric => &[0, 1, 2, 3],
            _ => &[0, 1, 3],
        }
    }

    /// Of an isotropic body, by Young's modulus.
    pub fn isotropic(model: ElasticModel, poisson: f64) -> Self {
        let (lambda, shear) = model.lame(poisson);
        let mut stiffness = Self {
            model,
            reduced: [[0.0; 6]; 6],
            thickness: [0.0; 6],
            across: [0.0; 6],
        };
        for &a in stiffness.active() {
            stiffness.reduced[a][a] = if a < 3 { 2.0 * shear } else { shear };
            for &b in stiffness.active() {
                stiffness.reduced[a][b] += if a < 3 && b < 3 { lambda } else { 0.0 };
            }
        }
        stiffness
    }

    /// Whether it is a plate whose contraction across is not known, because nu13 and nu23 were not given.
    pub fn lacks_thickness(&self) -> bool {
        self.model == ElasticModel::PlaneStress && self.thickness == [0.0; 6]
    }

    /// The largest entry of the diagonal.
    pub fn largest(&self) -> f64 {
        self.active().iter().map(|&a| self.reduced[a][a]).fold(0.0, f64::max)
    }

    /// The same by a modulus.
    #[must_use]
    pub fn divided(mut self, modulus: f64) -> Self {
        self.reduced.iter_mut().flatten().for_each(|c| *c /= modulus);
        self
    }

    /// L of the active components with C = L·Lᵀ, in their order.
    pub(super) fn factor(&self) -> Matrix {
        // It was made from a positive definite compliance.
        cholesky(&compact(&self.reduced, self.active()), self.active().len()).unwrap_or([[f64::NAN; 6]; 6])
    }

    /// From the compliance along the body's own axes, turned by a rotation.
    ///
    /// # Source
    /// Lekhnitskii, *Theory of Elasticity of an Anisotropic Body*, 1981, §5 (compliances along turned axes), §9 (reduced ones).
    pub fn new(model: ElasticModel, compliance: &Matrix, turned: &[[f64; 3]; 3]) -> Option<Self> {
        let own = inverse(compliance, 6)?;
        let whole = rotated(&own, turned);
        let soft = inverse(&whole, 6)?;
        let plane = [0, 1, 3];
        let mut stiffness = Self {
            model,
            reduced: whole,
            thickness: [0.0; 6],
            across: [0.0; 6],
        };
        match model {
            ElasticModel::PlaneStress => {
                let small = inverse(&compact(&soft, &plane), 3)?;
                stiffness.reduced = spread(&small, &plane);
                for (b, thickness) in stiffness.thickness.iter_mut().enumerate() {
                    *thickness = plane.iter().map(|&a| soft[2][a] * stiffness.reduced[a][b]).sum();
                }
            }
            ElasticModel::PlaneStrain => {
                stiffness.reduced = spread(&compact(&whole, &plane), &plane);
                for &b in &plane {
                    stiffness.across[b] = -soft[2][b] / soft[2][2];
                }
            }
            // Turned in the plane (r, z), nothing couples to the shears that are not there.
            ElasticModel::Axisymmetric => {
                let round = [0, 1, 2, 3];
                stiffness.reduced = spread(&compact(&whole, &round), &round);
            }
            ElasticModel::Solid | ElasticModel::Bar => {}
        }
        Some(stiffness)
    }
}

/// The rows and columns of `indices`, closed up.
fn compact(a: &Matrix, indices: &[usize]) -> Matrix {
    let mut out = [[0.0; 6]; 6];
    for (i, &row) in indices.iter().enumerate() {
        for (j, &column) in indices.iter().enumerate() {
            out[i][j] = a[row][column];
        }
    }
    out
}

/// The reverse of [`compact`].
fn spread(a: &Matrix, indices: &[usize]) -> Matrix {
    let mut out = [[0.0; 6]; 6];
    for (i, &row) in indices.iter().enumerate() {
        for (j, &column) in indices.iter().enumerate() {
            out[row][column] = a[i][j];
        }
    }
    out
}

/// C'_ijkl = R_ia·R_jb·R_kc·R_ld·C_abcd in Voigt's notation.
fn rotated(c: &Matrix, r: &[[f64; 3]; 3]) -> Matrix {
    // σ' = R·σ·Rᵀ as a 6 × 6 matrix K of σ' = K·σ; then C' = K·C·Kᵀ, as work is the same along both axes.
    let mut k = [[0.0; 6]; 6];
    for (row, &(i, j)) in k.iter_mut().zip(&PAIRS) {
        for (k, &(a, b)) in row.iter_mut().zip(&PAIRS) {
            *k = if a == b {
                r[i][a] * r[j][a]
            } else {
                r[i][a] * r[j][b] + r[i][b] * r[j][a]
            };
        }
    }
    let mut out = [[0.0; 6]; 6];
    for i in 0..6 {
        for j in 0..6 {
            for a in 0..6 {
                for b in 0..6 {
                    out[i][j] += k[i][a] * c[a][b] * k[j][b];
                }
            }
        }
    }
    out
}

impl Orthotropic {
    /// Reads and checks the constants.
    pub fn stiffness(&self, model: ElasticModel, at: &Path, values: &mut Values<'_>) -> Option<Stiffness> {
        let counts: [&[usize]; 3] = match model {
            ElasticModel::Bar => {
                values.fault(
                    at,
                    "a `Bar` has one modulus".into(),
                    Some("give `young` and `poisson` instead of `orthotropic`".into()),
                );
                return None;
            }
            ElasticModel::PlaneStress => [&[2, 3], &[1, 3], &[1, 3]],
            ElasticModel::PlaneStrain | ElasticModel::Axisymmetric => [&[3], &[3], &[1, 3]],
            ElasticModel::Solid => [&[3], &[3], &[3]],
        };
        let mut read = |list: &[Expression], key: &str, counts: &[usize], positive: bool| -> Option<Vec<f64>> {
            let at = extended(at, key);
            if !counts.contains(&list.len()) {
                let all = match key {
                    "young" => ["E1", "E2", "E3"],
                    "poisson" => ["nu12", "nu13", "nu23"],
                    _ => ["G12", "G13", "G23"],
                };
                let forms: Vec<String> = counts.iter().map(|n| format!("[{}]", all[..*n].join(", "))).collect();
                values.fault(
                    &at,
                    format!("`{key}` has {} values", list.len()),
                    Some(format!("in `{model:?}` it is {}", forms.join(" or "))),
                );
                return None;
            }
            let numbers = list.iter().enumerate().map(|(i, number)| {
                let at = item(&at, i);
                let value = values.number(number, &at)?;
                if positive && value <= 0.0 {
                    values.fault(&at, format!("{key} = {value} must be greater than 0"), None);
                    return None;
                }
                Some(value)
            });
            // Every number is looked at, so that all faults are reported.
            numbers.collect::<Vec<_>>().into_iter().collect()
        };
        let young = read(&self.young, "young", counts[0], true);
        let poisson = read(&self.poisson, "poisson", counts[1], false);
        let shear = read(&self.shear, "shear", counts[2], true);
        let turned = turned_axes(&self.angle, self.axis.as_deref(), model.dimension(), at, values)?;
        let (young, poisson, shear) = (young?, poisson?, shear?);
        let stiffness = Stiffness::new(model, &compliance(&young, &poisson, &shear), &turned);
        if stiffness.is_none() {
            values.fault(
                &extended(at, "poisson"),
                "these Poisson's ratios would give energy away: the compliance is not positive definite".into(),
                Some("|nu12| must be below sqrt(E1/E2), likewise the others, and all three together must be small enough".into()),
            );
        }
        stiffness
    }
}

/// Along the body's own axes; what a plane model does not need is filled in without coupling.
fn compliance(young: &[f64], poisson: &[f64], shear: &[f64]) -> Matrix {
    let mut s = [[0.0; 6]; 6];
    let modulus = |a: usize| young.get(a).copied().unwrap_or(young[1]);
    for (a, row) in s.iter_mut().enumerate().take(3) {
        row[a] = 1.0 / modulus(a);
    }
    for (&nu, (a, b)) in poisson.iter().zip([(0, 1), (0, 2), (1, 2)]) {
        (s[a][b], s[b][a]) = (-nu / modulus(a), -nu / modulus(a));
    }
    // G12, G13, G23 stand in VTK's order xy, xz, yz → 3, 5, 4.
    for (place, k) in [(3, 0), (5, 1), (4, 2)] {
        s[place][place] = 1.0 / shear.get(k).copied().unwrap_or(shear[0]);
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::symmetric::rotation;

    fn glass(model: ElasticModel, angle: f64) -> Stiffness {
        let s = compliance(&[40e9, 8e9, 8e9], &[0.25, 0.25, 0.4], &[4e9, 4e9, 2.8e9]);
        let turned = rotation([0.0, 0.0, 1.0], angle);
        Stiffness::new(model, &s, &turned).unwrap_or_else(|| panic!("admissible"))
    }

    /// 1/E(θ) = cos⁴/E1 + (1/G12 − 2ν12/E1)·sin²cos² + sin⁴/E2 and the shear coupling of a turned bar under tension along x
    /// (Lekhnitskii 1981, eq. 5.27).
    #[test]
    fn a_turned_bar_under_tension_has_lekhnitskiis_compliances() {
        let theta: f64 = 0.5;
        let (s, c) = theta.sin_cos();
        let stiffness = glass(ElasticModel::PlaneStress, theta);
        let soft = inverse(&compact(&stiffness.reduced, &[0, 1, 3]), 3).unwrap_or_else(|| panic!("definite"));
        let (e1, e2, g, nu): (f64, f64, f64, f64) = (40e9, 8e9, 4e9, 0.25);
        let along = c.powi(4) / e1 + (1.0 / g - 2.0 * nu / e1) * (s * c).powi(2) + s.powi(4) / e2;
        let coupling = 2.0 * s * c * (c * c / e1 - s * s / e2 - (0.5 / g - nu / e1) * (c * c - s * s));
        assert!((soft[0][0] / along - 1.0).abs() < 1e-12);
        assert!((soft[0][2] / coupling - 1.0).abs() < 1e-12, "{} {coupling}", soft[0][2]);
    }

    /// In plane strain the third direction neither strains nor is free of stress: σ_zz from the whole stiffness.
    #[test]
    fn the_stress_across_plane_strain_is_that_of_the_solid() {
        let (plane, solid) = (glass(ElasticModel::PlaneStrain, 0.3), glass(ElasticModel::Solid, 0.3));
        let strain = [1e-3, -2e-3, 0.0, 5e-4, 0.0, 0.0];
        let stress = |c: &Matrix, a: usize| -> f64 { (0..6).map(|b| c[a][b] * strain[b]).sum() };
        let across: f64 = (0..6).map(|a| plane.across[a] * stress(&plane.reduced, a)).sum();
        assert!((across / stress(&solid.reduced, 2) - 1.0).abs() < 1e-12);
        // In plane stress the strain across makes the solid's σ_zz vanish.
        let thin = glass(ElasticModel::PlaneStress, 0.3);
        let mut whole = strain;
        whole[2] = (0..6).map(|b| thin.thickness[b] * strain[b]).sum();
        let zz: f64 = (0..6).map(|b| solid.reduced[2][b] * whole[b]).sum();
        assert!(zz.abs() < 1e-6 * solid.reduced[2][2] * 1e-3);
    }
}

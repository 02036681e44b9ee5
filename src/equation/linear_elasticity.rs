//! Small-strain elasticity in displacements; the isotropic body.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::elastic_state::{ElasticState, displacement, voigt};
use super::medium::ElasticBody;
use super::{Balances, Equation, Family, Medium, Motion, Orthotropic, Physics};
use crate::jet::{Jet, Order};
use crate::quantity::{Expression, Field};

/// Small-strain elasticity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearElasticity {
    /// `PlaneStress`, `PlaneStrain`, `Axisymmetric` (2D), `Solid` (3D) or `Bar` (1D).
    pub model: ElasticModel,
    /// Young's modulus E, Pa.
    #[serde(default)]
    pub young: Option<Expression>,
    /// Poisson's ratio ν.
    #[serde(default)]
    pub poisson: Option<Expression>,
    /// Constants that differ along three axes, in place of `young` and `poisson`:
    /// `(young: [E1, E2], poisson: [nu12], shear: [G12], angle: 30)`.
    #[serde(default)]
    pub orthotropic: Option<Orthotropic>,
    /// Force per volume along each axis, N/m³.
    #[serde(default)]
    pub body_force: Vec<Expression>,
}

impl Physics for LinearElasticity {
    fn family(&self) -> Family {
        Family::Elasticity
    }

    fn axisymmetric(&self) -> bool {
        self.model == ElasticModel::Axisymmetric
    }

    fn components(&self) -> &'static [&'static str] {
        &["ux", "uy", "uz"][..self.model.dimension()]
    }

    fn vector(&self) -> bool {
        true
    }

    fn level(&self) -> bool {
        false
    }

    fn load(&self) -> &'static str {
        "traction"
    }

    /// Rigid motions; what moves away from an axis of rotation stretches.
    fn motions(&self, dimension: usize) -> Vec<Motion> {
        match dimension {
            _ if self.axisymmetric() => vec![Motion::shift("along the axis", 1)],
            1 => vec![Motion::shift("along x", 0)],
            2 => vec![
                Motion::shift("along x", 0),
                Motion::shift("along y", 1),
                Motion::turn("turning", 0, 1),
            ],
            _ => vec![
                Motion::shift("along x", 0),
                Motion::shift("along y", 1),
                Motion::shift("along z", 2),
                Motion::turn("turning about x", 1, 2),
                Motion::turn("turning about y", 2, 0),
                Motion::turn("turning about z", 0, 1),
            ],
        }
    }

    fn unheld(&self, free: &[&'static str]) -> (String, &'static str) {
        (
            format!("the body can still move: {}", free.join(", ")),
            "prescribe displacements, a `Symmetry` or a `Foundation` until no rigid motion is left",
        )
    }

    fn source_unit(&self) -> &'static str {
        "N/m^3"
    }

    fn balances(&self, _transient: bool) -> Balances {
        Balances {
            loads: ("forces", ["Pa", "N/m", "N"]),
            // Forces of a body of revolution have no moment about its axis.
            moments: (!self.axisymmetric()).then_some(["", "N m/m", "N m"]),
            energy: ["J/m^2", "J/m", "J"],
        }
    }
}

/// How the body deforms across the coordinates that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ElasticModel {
    /// 2D, thin plate: no stress across it.
    PlaneStress,
    /// 2D, long body: no strain across it.
    PlaneStrain,
    /// 2D, body of revolution: x is the distance r from the axis, y the position z along it; `ux` is u_r, `uy` is u_z.
    Axisymmetric,
    /// 3D.
    Solid,
    /// 1D, uniaxial stress.
    Bar,
}

impl ElasticModel {
    /// Number of space coordinates d.
    pub fn dimension(self) -> usize {
        match self {
            Self::Bar => 1,
            Self::PlaneStress | Self::PlaneStrain | Self::Axisymmetric => 2,
            Self::Solid => 3,
        }
    }

    /// Lamé's constants by Young's modulus, (λ/E, μ/E), such that σ = λ·tr ε·1 + 2μ·ε over the d coordinates.
    ///
    /// # Source
    /// Timoshenko & Goodier, *Theory of Elasticity*, 1970, arts. 6, 16, 17; plane stress has λ* = νE/(1−ν²).
    pub fn lame(self, poisson: f64) -> (f64, f64) {
        let shear = 0.5 / (1.0 + poisson);
        let lambda = match self {
            Self::Bar => return (0.0, 0.5),
            Self::PlaneStress => poisson / (1.0 - poisson * poisson),
            Self::PlaneStrain | Self::Axisymmetric | Self::Solid => poisson / ((1.0 + poisson) * (1.0 - 2.0 * poisson)),
        };
        (lambda, shear)
    }
}

/// The dimensionless equation (λ+μ)·grad div u + μ·Δu + f = 0; bodies of revolution have [`super::AxisymmetricElasticity`].
#[derive(Clone, Debug)]
pub struct Elasticity {
    model: ElasticModel,
    poisson: f64,
    lambda: f64,
    shear: f64,
    body: ElasticBody,
}

impl Elasticity {
    /// Stresses are in units of Young's modulus.
    pub fn new(model: ElasticModel, poisson: f64, body_force: Vec<Field>) -> Self {
        let (lambda, shear) = model.lame(poisson);
        Self {
            model,
            poisson,
            lambda,
            shear,
            body: ElasticBody::new(&["ux", "uy", "uz"][..model.dimension()], body_force),
        }
    }

    /// The same with `modulus` times the stresses.
    #[must_use]
    pub fn with_modulus(mut self, modulus: f64) -> Self {
        self.lambda *= modulus;
        self.shear *= modulus;
        self
    }

    fn dimension(&self) -> usize {
        self.model.dimension()
    }

    /// Strain in three dimensions, row by row.
    fn strain(&self, u: &Jet<'_>) -> [[f64; 3]; 3] {
        let d = self.dimension();
        let mut strain = [[0.0; 3]; 3];
        for i in 0..d {
            for j in 0..d {
                strain[i][j] = 0.5 * (u.first(i, j) + u.first(j, i));
            }
        }
        let trace: f64 = (0..d).map(|i| strain[i][i]).sum();
        match self.model {
            // ε_zz = −ν/(1−ν)·(ε_xx + ε_yy)
            ElasticModel::PlaneStress => strain[2][2] = -self.poisson / (1.0 - self.poisson) * trace,
            ElasticModel::Bar => {
                strain[1][1] = -self.poisson * trace;
                strain[2][2] = strain[1][1];
            }
            ElasticModel::PlaneStrain | ElasticModel::Axisymmetric | ElasticModel::Solid => {}
        }
        strain
    }

    /// σ = λ·tr ε·1 + 2μ·ε over the d coordinates from the slopes ∂u_i/∂x_j.
    ///
    /// # Shapes
    /// `out` is `[d, 3]`.
    fn stress(&self, slope: impl Fn(usize, usize) -> f64, out: &mut [f64]) {
        let d = self.dimension();
        let trace: f64 = (0..d).map(|i| slope(i, i)).sum();
        out.fill(0.0);
        for i in 0..d {
            for j in 0..d {
                out[3 * i + j] = 2.0 * self.shear * (0.5 * (slope(i, j) + slope(j, i)));
            }
            out[4 * i] += self.lambda * trace;
        }
    }

    /// The stress in three dimensions, row by row, from that over the d coordinates.
    fn full_stress(&self, flux: &[f64]) -> [[f64; 3]; 3] {
        let mut stress = [[0.0; 3]; 3];
        for (row, flux) in stress.iter_mut().zip(flux.chunks(3)) {
            row.copy_from_slice(flux);
        }
        if self.model == ElasticModel::PlaneStrain {
            stress[2][2] = self.poisson * (stress[0][0] + stress[1][1]);
        }
        stress
    }
}

impl Equation for Elasticity {
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
        for i in 0..d {
            let dilatation_slope: f64 = (0..d).map(|j| u.second(j, i, j)).sum();
            out[i] += (self.lambda + self.shear) * dilatation_slope + self.shear * u.laplacian(i);
        }
    }

    fn energy_rows(&self) -> usize {
        let d = self.dimension();
        1 + d * (d + 1) / 2
    }

    /// ½·σ:ε = ½·κ·(tr ε)² + μ·|dev ε|² with κ = λ + 2μ/d, positive for every admissible ν: √(κ/2)·tr ε, then √μ·dev ε_ii and
    /// √(2μ)·ε_ij.
    fn energy(&self, _x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let d = self.dimension();
        let trace: f64 = (0..d).map(|i| u.first(i, i)).sum();
        let bulk = self.lambda + 2.0 * self.shear / d as f64;
        out[0] = (0.5 * bulk).sqrt() * trace;
        let mut rest = out[1..].iter_mut();
        for i in 0..d {
            for j in i..d {
                let value = if i == j {
                    self.shear.sqrt() * (u.first(i, i) - trace / d as f64)
                } else {
                    (2.0 * self.shear).sqrt() * 0.5 * (u.first(i, j) + u.first(j, i))
                };
                rest.next().into_iter().for_each(|out| *out = value);
            }
        }
    }

    fn flux(&self, _x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.stress(|i, j| u.first(i, j), &mut out[..3 * self.dimension()]);
    }

    fn flux_slope(&self, _x: &[f64; 4], u: &Jet<'_>, k: usize, out: &mut [f64]) {
        self.stress(|i, j| u.second(i, j, k), &mut out[..3 * self.dimension()]);
    }

    fn evaluate(&self, _x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        let state = ElasticState {
            displacement: displacement(self.dimension(), u),
            stress: voigt(&self.full_stress(flux)),
            strain: voigt(&self.strain(u)),
        };
        state.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::jets;
    use crate::jet::{Channels, CoordinateJet, Scalar};
    use crate::quantity::scales;

    /// The jet of a closed-form displacement field at a point.
    fn jet(d: usize, x: [f64; 4], u: impl Fn([CoordinateJet; 4]) -> [CoordinateJet; 3]) -> Vec<f64> {
        jets(Channels::new(d, false, Order::Hessian), &u(scales::seed(x))[..d])
    }

    fn residual(equation: &Elasticity, x: [f64; 4], u: impl Fn([CoordinateJet; 4]) -> [CoordinateJet; 3]) -> Vec<f64> {
        let d = equation.dimension();
        let data = jet(d, x, u);
        let mut out = vec![0.0; d];
        equation.residual(&x, &Jet::new(Channels::new(d, false, Order::Hessian), &data), &mut out);
        out
    }

    /// Timoshenko's cantilever satisfies the plane-stress equation exactly (Timoshenko & Goodier, art. 21).
    #[test]
    fn the_cantilever_is_in_equilibrium_in_plane_stress() {
        let (nu, length, depth) = (0.3, 8.0, 2.0);
        let equation = Elasticity::new(ElasticModel::PlaneStress, nu, Vec::new());
        let u = |x: [CoordinateJet; 4]| {
            let [x, y, ..] = x;
            let c = CoordinateJet::constant;
            let ux = y * ((c(6.0 * length) - x.scale(3.0)) * x + (y * y - c(depth * depth / 4.0)).scale(2.0 + nu));
            let uy = (y * y * (c(length) - x)).scale(3.0 * nu)
                + x.scale((4.0 + 5.0 * nu) * depth * depth / 4.0)
                + (c(3.0 * length) - x) * x * x;
            [ux, -uy, c(0.0)]
        };
        let at = [1.7, 0.4, 0.0, 0.0];
        for r in residual(&equation, at, u) {
            assert!(r.abs() < 1e-12);
        }
        // σ_xx = 6·(L − x)·y·E in these units, σ_yy = 0, σ_xy = 3·(y² − D²/4)·E.
        let data = jet(2, at, u);
        let mut flux = [0.0; 6];
        equation.flux(
            &at,
            &Jet::new(Channels::new(2, false, Order::Hessian), &data),
            &mut flux,
        );
        let expected = [
            6.0 * (length - at[0]) * at[1],
            3.0 * (at[1] * at[1] - 1.0),
            0.0,
            3.0 * (at[1] * at[1] - 1.0),
            0.0,
            0.0,
        ];
        for (found, expected) in flux.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{flux:?}");
        }
    }

    /// Lamé's cylinder in plane strain, u_r = (1−2ν)r + b/r, is in equilibrium; so is the sphere u_r = r + b/r² in 3D.
    #[test]
    fn cylinder_and_sphere_are_in_equilibrium() {
        let equation = Elasticity::new(ElasticModel::PlaneStrain, 0.3, Vec::new());
        let cylinder = |x: [CoordinateJet; 4]| {
            let [x, y, ..] = x;
            let factor = CoordinateJet::constant(3.0) / (x * x + y * y);
            [x.scale(0.4) + x * factor, y.scale(0.4) + y * factor, factor]
        };
        for r in residual(&equation, [1.1, 0.6, 0.0, 0.0], cylinder) {
            assert!(r.abs() < 1e-12);
        }
        let equation = Elasticity::new(ElasticModel::Solid, 0.25, Vec::new());
        let sphere = |x: [CoordinateJet; 4]| {
            let [x, y, z, _] = x;
            let radius = (x * x + y * y + z * z).sqrt();
            let factor = (CoordinateJet::constant(2.0) / (radius * radius * radius)).offset(1.0);
            [x * factor, y * factor, z * factor]
        };
        for r in residual(&equation, [0.8, 0.6, 0.5, 0.0], sphere) {
            assert!(r.abs() < 1e-12);
        }
    }

    #[test]
    fn uniaxial_tension_has_the_same_stress_in_every_model() {
        let nu = 0.3;
        for model in [ElasticModel::PlaneStress, ElasticModel::Solid, ElasticModel::Bar] {
            let equation = Elasticity::new(model, nu, Vec::new());
            let d = model.dimension();
            let data = jet(d, [0.3, 0.2, 0.1, 0.0], |[x, y, z, _]| [x, y.scale(-nu), z.scale(-nu)]);
            let (mut flux, mut out) = (vec![0.0; 3 * d], Vec::new());
            let u = Jet::new(Channels::new(d, false, Order::Hessian), &data);
            equation.flux(&[0.0; 4], &u, &mut flux);
            equation.evaluate(&[0.0; 4], &u, &flux, &mut out);
            let (stress, strain) = ([1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, -nu, -nu, 0.0, 0.0, 0.0]);
            for (found, expected) in out[3..9].iter().chain(&out[13..19]).zip(stress.iter().chain(&strain)) {
                assert!((found - expected).abs() < 1e-14, "{model:?} {out:?}");
            }
        }
    }
}

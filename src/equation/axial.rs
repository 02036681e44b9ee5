//! Bodies of revolution in the half plane (r, z): what cylindrical coordinates change in every equation.

use crate::jet::Jet;

/// The half plane of a body of revolution: x is the distance r from the axis, y the position z along it; a line has x = r only.
///
/// - The divergence of a flux has the part (σ_rr − σ_θθ)/r, σ_rz/r or q_r/r besides Σ_j ∂_j. On the axis it is 0/0: residuals
///   of equations are therefore multiplied by r/R with R the largest r, [`Axial::divergence`], which leaves the solution as it is.
/// - An area in the half plane stands for the ring that it sweeps over: energies, balances and error norms count it 2πr times,
///   [`Axial::weight`], so that they are those of the whole body (in 1D per length along the axis).
/// - The strain round the axis is u_r/r. It and its stress take the entry (0, 2) of an elastic body's gradient and flux, which
///   no normal in the half plane reads.
///
/// # Source
/// Timoshenko & Goodier, *Theory of Elasticity*, 1970, art. 116.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axial {
    /// R, the largest r of the domain.
    pub reach: f64,
}

/// Below this part of R the limits on the axis hold to all digits that u_r/r still has.
const ON_THE_AXIS: f64 = 1e-8;

impl Axial {
    /// 2πr.
    pub fn weight(&self, x: &[f64; 4]) -> f64 {
        std::f64::consts::TAU * x[0]
    }

    /// From Σ_j ∂_j flux_ij + source to r/R times div flux + source.
    ///
    /// # Shapes
    /// `flux` is `[m, 3]`, `out` is `[m]`.
    pub fn divergence(&self, x: &[f64; 4], flux: &[f64], out: &mut [f64]) {
        for (row, out) in out.iter_mut().enumerate() {
            let hoop = if row == 0 { flux[2] } else { 0.0 };
            *out = (x[0] * *out + flux[3 * row] - hoop) / self.reach;
        }
    }

    fn on_axis(&self, x: &[f64; 4]) -> bool {
        x[0] <= ON_THE_AXIS * self.reach
    }

    /// u_r/r; on the axis its limit ∂u_r/∂r.
    pub fn hoop(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        if self.on_axis(x) {
            u.first(0, 0)
        } else {
            u.value(0) / x[0]
        }
    }

    /// ∂(u_r/r)/∂x_j; on the axis its limit.
    pub fn hoop_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize) -> f64 {
        let r = x[0];
        match (self.on_axis(x), j) {
            (true, 0) => 0.5 * u.second(0, 0, 0),
            (true, _) => u.second(0, 0, j),
            (false, 0) => (u.first(0, 0) - u.value(0) / r) / r,
            (false, _) => u.first(0, j) / r,
        }
    }
}

//! What holds on a boundary.
//!
//! In the file a condition is a [`ConditionKind`] on one or more named boundaries: plain data. What it says about each of them is
//! a [`Statement`]: a value that the field takes there (built into the ansatz, or a loss term if soft), a mirror plane, or a
//! [`Load`]. The loads of a boundary are joined in one [`Natural`] condition; where nothing is said the boundary is free: no
//! traction, no heat flux.
//!
//! A further kind is one file, with a [`Specification`] and what it states, and one line in `kind.rs`.

mod convection;
mod displacement;
mod flux;
mod foundation;
mod initial;
mod interface;
mod kind;
mod mean;
mod natural;
mod periodic;
mod prescribed;
mod pressure;
mod radiation;
mod statement;
mod symmetry;
mod traction;
mod value;

use std::fmt::Debug;

pub use convection::Convection;
pub use displacement::Displacement;
pub use flux::Flux;
pub use foundation::Foundation;
pub use initial::Initial;
pub use interface::{FluxContinuity, ValueContinuity};
pub use kind::{Boundaries, ConditionKind, On, Specification};
pub use mean::Mean;
pub use natural::{Entry, Load, Natural};
pub use periodic::{Pair, Periodic};
pub use prescribed::Prescribed;
pub use pressure::Pressure;
pub use radiation::Radiation;
pub use statement::{Built, Holds, Loads, Reader, Role, Stated, Statement, clash};
pub use symmetry::{Mirror, Roller, Symmetry};
pub use traction::Traction;
pub use value::Value;

use crate::equation::{Equation, affine_tangent};
use crate::jet::{Jet, Order};

/// A point of a boundary, dimensionless.
#[derive(Clone, Copy, Debug)]
pub struct BoundaryPoint {
    /// (x, y, z, t).
    pub x: [f64; 4],
    /// Outward unit normal; 0 for the initial state.
    pub normal: [f64; 3],
    /// The region that it bounds; 0 if there is only one.
    pub region: usize,
}

/// What is continuous across an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The field.
    Value,
    /// Its normal flux.
    Flux,
}

/// Residuals on a boundary, affine in the field's jet and dimensionless.
pub trait Condition: Debug + Send + Sync {
    /// A word for loss columns and reports.
    fn name(&self) -> &'static str;

    /// The derivatives that [`Condition::residual`] reads.
    fn order(&self) -> Order;

    /// Residuals per point R.
    fn residuals(&self) -> usize;

    /// The regions on both sides of an interface; the jet then has the components of the first side and after them those of the
    /// second.
    fn sides(&self) -> Option<[usize; 2]> {
        None
    }

    /// What it makes continuous across an interface.
    fn continuity(&self) -> Option<Continuity> {
        None
    }

    /// The residuals at a point.
    ///
    /// # Shapes
    /// `out` is `[R]`.
    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]);

    /// Whether the residuals are smooth functions of the jet instead of affine ones.
    fn nonlinear(&self, _equation: &dyn Equation) -> bool {
        false
    }

    /// ∂residual/∂u at the jet `u`; affine residuals have it from unit jets.
    ///
    /// # Shapes
    /// `out` is `[R, sides·m, K]`.
    fn tangent(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let width = out.len() / self.residuals();
        affine_tangent(u.channels(), width, out, |jet, r| self.residual(equation, at, jet, r));
    }

    /// Whether the condition has a potential energy, or can be held by one.
    fn conservative(&self) -> bool {
        false
    }

    /// Affine forms r of the value whose |r|² is the energy stored per area in springs or by convection, up to a constant.
    ///
    /// # Shapes
    /// `out` is `[R]`.
    fn energy(&self, _at: &BoundaryPoint, _u: &Jet<'_>, out: &mut [f64]) {
        out.fill(0.0);
    }

    /// Work of the loads per area, t·u or q·T.
    fn work(&self, _at: &BoundaryPoint, _u: &Jet<'_>) -> f64 {
        0.0
    }

    /// Moves a field's value and normal flux at a point to what is prescribed there, given their residuals: prescribed =
    /// computed − residual. What the condition leaves open stays as it is.
    ///
    /// # Shapes
    /// `residual` is `[R]`, `value` and `flux` are `[m]`.
    fn impose(&self, at: &BoundaryPoint, residual: &[f64], value: &mut [f64], flux: &mut [f64]);

    /// Replaces the normal flux by that with which a value is held in the energy form; other conditions leave it.
    fn reaction(&self, _at: &BoundaryPoint, _residual: &[f64], _flux: &mut [f64]) {}
}

/// γ of the energy ½·γ·|u − g|² per area that holds prescribed values in the energy form, dimensionless: by the largest modulus and
/// the size of the domain.
///
/// Values are off by 1/γ of the flux that holds them, one part in a million of what the same flux does across the domain.
/// The rows' root √γ is far from the digits of the solve, so that nothing is lost by it (Babuška, *Math. Comp.* 27 (1973) 221,
/// on penalties in Ritz's method).
pub const PENALTY: f64 = 1e6;

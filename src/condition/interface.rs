//! What holds between two materials: the field and its normal flux are continuous.
//!
//! The jets of both sides stand one after the other: m components of the first, m of the second.

use super::{BoundaryPoint, Condition, Continuity};
use crate::equation::{Equation, in_region};
use crate::jet::{Jet, Order};

/// u₀ − u₁ = 0 per component of the field.
#[derive(Clone, Debug)]
pub struct ValueContinuity {
    /// The regions.
    pub sides: [usize; 2],
    /// Components of the field.
    pub field: usize,
    /// Components of all unknowns m.
    pub components: usize,
    /// √γ of the penalty γ·|u₀ − u₁|² that stands for it in an energy.
    pub penalty: f64,
}

/// q₀·n − q₁·n = 0 per component of the field, with q the flux and n the normal from the first side into the second.
#[derive(Clone, Debug)]
pub struct FluxContinuity {
    /// The regions.
    pub sides: [usize; 2],
    /// Components of the field.
    pub field: usize,
    /// Components of all unknowns m.
    pub components: usize,
}

impl Condition for ValueContinuity {
    fn name(&self) -> &'static str {
        "value"
    }

    fn order(&self) -> Order {
        Order::Value
    }

    fn residuals(&self) -> usize {
        self.field
    }

    fn sides(&self) -> Option<[usize; 2]> {
        Some(self.sides)
    }

    fn continuity(&self) -> Option<Continuity> {
        Some(Continuity::Value)
    }

    fn residual(&self, _equation: &dyn Equation, _at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let other = u.skip(self.components);
        for (c, out) in out.iter_mut().enumerate() {
            *out = u.value(c) - other.value(c);
        }
    }

    fn conservative(&self) -> bool {
        true
    }

    fn energy(&self, _at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let other = u.skip(self.components);
        for (c, out) in out.iter_mut().enumerate() {
            *out = self.penalty * (u.value(c) - other.value(c));
        }
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], value: &mut [f64], _flux: &mut [f64]) {
        value.iter_mut().zip(residual).for_each(|(value, r)| *value -= r);
    }
}

impl Condition for FluxContinuity {
    fn name(&self) -> &'static str {
        "flux"
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        self.field
    }

    fn sides(&self) -> Option<[usize; 2]> {
        Some(self.sides)
    }

    fn continuity(&self) -> Option<Continuity> {
        Some(Continuity::Flux)
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let other = u.skip(self.components);
        let mut fluxes = [[0.0; 9]; 2];
        for ((flux, side), jet) in fluxes.iter_mut().zip(self.sides).zip([u, &other]) {
            in_region(equation, side).flux(&at.x, jet, &mut flux[..3 * self.field]);
        }
        for (c, out) in out.iter_mut().enumerate() {
            *out = (0..3)
                .map(|j| (fluxes[0][3 * c + j] - fluxes[1][3 * c + j]) * at.normal[j])
                .sum();
        }
    }

    fn nonlinear(&self, equation: &dyn Equation) -> bool {
        equation.nonlinear_flux()
    }

    fn tangent(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let own = self.components * u.channels().count();
        let mut flux = vec![0.0; 3 * self.field * own];
        for (side, (region, jet)) in self.sides.into_iter().zip([*u, u.skip(self.components)]).enumerate() {
            in_region(equation, region).flux_tangent(&at.x, &jet, &mut flux);
            let sign = if side == 0 { 1.0 } else { -1.0 };
            for (c, row) in out.chunks_mut(2 * own).enumerate() {
                for (column, out) in row[side * own..(side + 1) * own].iter_mut().enumerate() {
                    let normal = (0..3).map(|j| flux[(3 * c + j) * own + column] * at.normal[j]);
                    *out = sign * normal.sum::<f64>();
                }
            }
        }
    }

    /// In an energy it holds by itself.
    fn conservative(&self) -> bool {
        true
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], _value: &mut [f64], flux: &mut [f64]) {
        flux.iter_mut().zip(residual).for_each(|(flux, r)| *flux -= r);
    }
}

//! SI outside, O(1) inside: the only module that changes units.
//!
//! With a length L, a time T, a field scale U with offset U₀ and a modulus M (Young's modulus or conductivity):
//! x = L·x̂, t = T·t̂, u = U₀ + U·û, flux = (M·U/L)·flux̂ and a source or body force = (M·U/L²)·sourcê. Poisson's ratio and
//! angles stay as they are.

use serde::Serialize;

use super::coefficient::Coefficient;
use super::emission::STEFAN_BOLTZMANN;
use super::field::Field;
use super::formula::Formula;
use crate::jet::CoordinateJet;

/// The units in which a problem is solved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scales {
    /// L, m: the largest extent of the domain.
    pub length: f64,
    /// T, s: the time simulated; 1 for steady problems.
    pub time: f64,
    /// U, m or K.
    pub field: f64,
    /// U₀, K; 0 for displacements.
    pub offset: f64,
    /// M, Pa or W/(m·K).
    pub modulus: f64,
}

impl Scales {
    /// M·U/L: stress or heat flux.
    pub fn flux(&self) -> f64 {
        self.modulus * self.field / self.length
    }

    /// M·U/L²: body force or heat source.
    pub fn source(&self) -> f64 {
        self.flux() / self.length
    }

    /// A formula for the field's value.
    pub fn value_field(&self, formula: Formula) -> Field {
        self.quantity(formula, self.offset, self.field)
    }

    /// A dimensionless value of the field as a function that is the same everywhere.
    pub fn level_field(&self, value: f64) -> Field {
        self.value_field(Formula::constant(self.offset + self.field * value))
    }

    /// A formula for a stress, a traction or a heat flux.
    pub fn flux_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.flux())
    }

    /// A formula for a body force or a heat source.
    pub fn source_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.source())
    }

    /// A formula for a foundation stiffness or a film coefficient: flux per field.
    pub fn transfer_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.modulus / self.length)
    }

    /// A formula for a modulus or a conductivity.
    pub fn modulus_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.modulus)
    }

    /// A formula for a heat capacity per volume: M·T/L².
    pub fn capacity_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.modulus * self.time / self.length.powi(2))
    }

    /// A formula for an emissivity: ε·σ by flux.
    pub(super) fn emissivity_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.flux() / STEFAN_BOLTZMANN)
    }

    /// A formula that keeps its SI unit.
    pub(super) fn plain_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, 1.0)
    }

    /// A formula for a velocity: L/T.
    pub fn velocity_field(&self, formula: Formula) -> Field {
        self.quantity(formula, 0.0, self.length / self.time)
    }

    /// Any of these as a function of the field too.
    pub fn coefficient(&self, field: Field) -> Coefficient {
        Coefficient::new(field, self.offset, self.field)
    }

    fn quantity(&self, formula: Formula, offset: f64, unit: f64) -> Field {
        Field::new(formula, [self.length, self.time], offset, unit)
    }

    /// SI coordinates of a dimensionless point (x̂, ŷ, ẑ, t̂).
    pub fn position(&self, x: [f64; 4]) -> [f64; 4] {
        [
            x[0] * self.length,
            x[1] * self.length,
            x[2] * self.length,
            x[3] * self.time,
        ]
    }
}

/// (x, y, z, t) as jets with unit derivatives.
pub fn seed(x: [f64; 4]) -> [CoordinateJet; 4] {
    std::array::from_fn(|j| CoordinateJet::coordinate(j, x[j], 1.0))
}

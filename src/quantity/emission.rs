//! Thermal radiation of grey surfaces.

use super::field::Field;
use super::formula::Formula;
use super::scales::Scales;

/// The Stefan–Boltzmann constant σ, W/(m²·K⁴) (CODATA 2018).
pub(super) const STEFAN_BOLTZMANN: f64 = 5.670_374_419e-8;

/// The flux that a grey surface emits less what it takes up, ε·σ·(T⁴ − T_a⁴) with absolute temperatures, as a function of the
/// dimensionless field.
#[derive(Clone, Debug)]
pub struct Emission {
    /// ε·σ over the unit of the flux.
    emissivity: Field,
    /// T_a in the file's scale, K or °C.
    ambient: Field,
    /// T = offset + unit·û in the file's scale.
    offset: f64,
    unit: f64,
    /// Absolute zero in the file's scale: 0 for K, −273.15 for °C.
    zero: f64,
}

impl Emission {
    /// From emissivity and surroundings in the file's units.
    pub fn new(emissivity: Formula, ambient: Formula, zero: f64, scales: &Scales) -> Self {
        Self {
            emissivity: scales.emissivity_field(emissivity),
            ambient: scales.plain_field(ambient),
            offset: scales.offset,
            unit: scales.field,
            zero,
        }
    }

    /// The flux at a point for the field û.
    pub fn value(&self, x: &[f64; 4], u: f64) -> f64 {
        let [own, ambient] = [self.offset + self.unit * u, self.ambient.value(x)].map(|t| t - self.zero);
        // a⁴ − b⁴ without the loss of digits where both are nearly the same.
        self.emissivity.value(x) * (own - ambient) * (own + ambient) * (own * own + ambient * ambient)
    }

    /// Its derivative by û.
    pub fn slope(&self, x: &[f64; 4], u: f64) -> f64 {
        let own = self.offset + self.unit * u - self.zero;
        4.0 * self.emissivity.value(x) * own.powi(3) * self.unit
    }
}

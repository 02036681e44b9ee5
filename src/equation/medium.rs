//! What fills the domain, whatever form its equation is written in: names, what is supplied to it, and the arrays of the result.

use std::fmt::Debug;

use super::elastic_state::ElasticState;
use super::{Quantity, Scale};
use crate::jet::Jet;
use crate::quantity::Field;

/// The part of an equation that is the same in Cartesian coordinates and round an axis, for any law of the material, and as a
/// system of first order.
pub trait Medium: Debug + Send + Sync {
    /// Names of the field's components in problem files and reports, for example `ux`.
    fn component_names(&self) -> Vec<&'static str>;

    /// Source − storage, for the given rates ∂u/∂t.
    ///
    /// # Shapes
    /// `rates` and `out` are `[field_components]`.
    fn supply(&self, x: &[f64; 4], rates: &[f64], out: &mut [f64]);

    /// Work of the sources per volume, f·u or q·T.
    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64;

    /// The arrays written to result files, the field itself first and its derived fields after it.
    fn quantities(&self) -> Vec<Quantity>;

    /// Names of the field and of its flux in summaries and tolerances: `displacement` and `stress`.
    fn norms(&self) -> [&'static str; 2];
}

/// An elastic body under forces per volume.
#[derive(Clone, Debug)]
pub(super) struct ElasticBody {
    names: &'static [&'static str],
    force: Vec<Field>,
}

impl ElasticBody {
    /// With a name per component; components without a force have none.
    pub(super) fn new(names: &'static [&'static str], force: Vec<Field>) -> Self {
        Self { names, force }
    }
}

impl Medium for ElasticBody {
    fn component_names(&self) -> Vec<&'static str> {
        self.names.to_vec()
    }

    fn supply(&self, x: &[f64; 4], _rates: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.force.get(i).map_or(0.0, |force| force.value(x));
        }
    }

    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        let force = self.force.iter().enumerate();
        force.map(|(i, force)| force.value(x) * u.value(i)).sum()
    }

    fn quantities(&self) -> Vec<Quantity> {
        ElasticState::quantities()
    }

    fn norms(&self) -> [&'static str; 2] {
        ["displacement", "stress"]
    }
}

/// A body with a source of heat, which stores heat in transient problems.
#[derive(Clone, Debug)]
pub struct HeatBody {
    transient: bool,
    source: Field,
    capacity: Field,
}

impl HeatBody {
    /// Without `transient` the capacity is not used.
    pub fn new(transient: bool, source: Field, capacity: Field) -> Self {
        Self {
            transient,
            source,
            capacity,
        }
    }

    fn net(&self, x: &[f64; 4], rate: f64) -> f64 {
        let source: f64 = self.source.value(x);
        if self.transient {
            source - self.capacity.value(x) * rate
        } else {
            source
        }
    }

    /// Source − storage at the rate of `u`.
    pub(super) fn supplied(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        self.net(x, if self.transient { u.rate(0) } else { 0.0 })
    }

    /// The values of its quantities: T and the physical heat flux −k·grad T, along which heat flows.
    pub(super) fn write(u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        out.push(u.value(0));
        out.extend(flux.iter().map(|q| -q));
    }
}

impl Medium for HeatBody {
    fn component_names(&self) -> Vec<&'static str> {
        vec!["value"]
    }

    fn supply(&self, x: &[f64; 4], rates: &[f64], out: &mut [f64]) {
        out[0] = self.net(x, rates[0]);
    }

    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        self.source.value(x) * u.value(0)
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity {
                name: "temperature",
                unit: "K",
                scale: Scale::Field,
                components: 1,
            },
            Quantity {
                name: "heat_flux",
                unit: "W/m^2",
                scale: Scale::Flux,
                components: 3,
            },
        ]
    }

    fn norms(&self) -> [&'static str; 2] {
        ["temperature", "heat_flux"]
    }
}

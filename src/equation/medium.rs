//! What fills the domain, whatever form its equation is written in: names, what is supplied to it, and the arrays of the result.

use std::fmt::Debug;

use super::elastic_state::ElasticState;
use super::{Quantity, Scale};
use crate::jet::Jet;
use crate::quantity::{Coefficient, Field};

/// The part of an equation that is the same in Cartesian coordinates and round an axis, for any law of the material, and as a
/// system of first order.
pub trait Medium: Debug + Send + Sync {
    /// Names of the field's components in problem files and reports, for example `ux`.
    fn component_names(&self) -> Vec<&'static str>;

    /// Source − storage at a point, from value and first derivatives.
    ///
    /// # Shapes
    /// `out` is `[field_components]`.
    fn supply(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]);

    /// Adds ∂supply/∂u of a medium that reads the field; the others supply the same whatever the field is.
    ///
    /// # Shapes
    /// `tangent` is `[field_components, m, K]` with K the channels of `u`.
    fn supply_tangent(&self, _x: &[f64; 4], _u: &Jet<'_>, _tangent: &mut [f64]) {}

    /// What a change of the field by `change` stores per volume, c·ΔT.
    ///
    /// # Shapes
    /// `change` and `out` are `[field_components]`.
    fn storage(&self, _x: &[f64; 4], _u: &Jet<'_>, _change: &[f64], out: &mut [f64]) {
        out.fill(0.0);
    }

    /// Whether source or storage depend on the field in another way than affinely.
    fn nonlinear(&self) -> bool {
        false
    }

    /// Whether the sources have a potential energy: they do not depend on the field, and nothing is carried along.
    fn conservative(&self) -> bool {
        true
    }

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

    fn supply(&self, x: &[f64; 4], _u: &Jet<'_>, out: &mut [f64]) {
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

/// A body with a source of heat, which stores heat in transient problems and where a flow carries it along:
/// q − c·(∂T/∂t + v·grad T).
#[derive(Clone, Debug)]
pub struct HeatBody {
    transient: bool,
    source: Coefficient,
    capacity: Coefficient,
    /// v, one component per space coordinate; none where nothing flows.
    velocity: Vec<Coefficient>,
}

impl HeatBody {
    /// Without `transient` and without a velocity the capacity is not used.
    pub fn new(transient: bool, source: impl Into<Coefficient>, capacity: impl Into<Coefficient>) -> Self {
        Self {
            transient,
            source: source.into(),
            capacity: capacity.into(),
            velocity: Vec::new(),
        }
    }

    /// The same with a flow through it.
    #[must_use]
    pub fn with_velocity(self, velocity: Vec<Coefficient>) -> Self {
        Self { velocity, ..self }
    }

    /// The rate that a point of the flow sees, ∂T/∂t + v·grad T.
    fn material_rate(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        let rate = if self.transient { u.rate(0) } else { 0.0 };
        let carried = self.velocity.iter().enumerate();
        carried.fold(rate, |sum, (j, v)| sum + v.value(x, u.value(0)) * u.first(0, j))
    }

    /// Source − storage of `u`.
    pub(super) fn supplied(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        let source = self.source.value(x, u.value(0));
        if self.transient || !self.velocity.is_empty() {
            source - self.capacity.value(x, u.value(0)) * self.material_rate(x, u)
        } else {
            source
        }
    }

    /// Adds ∂(source − storage)/∂(T, grad T, ∂T/∂t) to `tangent`, `[K]`:
    /// q′ − c′·(∂T/∂t + v·grad T) − c·v′·grad T for the value, −c·v_j and −c for the derivatives.
    pub(super) fn supplied_tangent(&self, x: &[f64; 4], u: &Jet<'_>, tangent: &mut [f64]) {
        let value = u.value(0);
        tangent[0] += self.source.sample(x, value).slope;
        if !self.transient && self.velocity.is_empty() {
            return;
        }
        let channels = u.channels();
        let capacity = self.capacity.sample(x, value);
        tangent[0] -= capacity.slope * self.material_rate(x, u);
        if self.transient {
            tangent[channels.first(channels.space)] -= capacity.value;
        }
        for (j, velocity) in self.velocity.iter().enumerate() {
            let v = velocity.sample(x, value);
            tangent[0] -= capacity.value * v.slope * u.first(0, j);
            tangent[channels.first(j)] -= capacity.value * v.value;
        }
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

    fn supply(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        out[0] = self.supplied(x, u);
    }

    fn supply_tangent(&self, x: &[f64; 4], u: &Jet<'_>, tangent: &mut [f64]) {
        self.supplied_tangent(x, u, tangent);
    }

    fn storage(&self, x: &[f64; 4], u: &Jet<'_>, change: &[f64], out: &mut [f64]) {
        out[0] = if self.transient {
            self.capacity.value(x, u.value(0)) * change[0]
        } else {
            0.0
        };
    }

    fn nonlinear(&self) -> bool {
        let stores = self.transient || !self.velocity.is_empty();
        let capacity = stores && self.capacity.reads_field();
        self.source.reads_field() || capacity || self.velocity.iter().any(Coefficient::reads_field)
    }

    fn conservative(&self) -> bool {
        self.velocity.is_empty() && !self.source.reads_field()
    }

    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        self.source.value(x, u.value(0)) * u.value(0)
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

//! Tractions and heat fluxes that hold exactly, where the flux is an unknown of its own.
//!
//! On a face along the axes, n = ±e_a, a component of the normal flux is ± one component of the flux: (σ·n)_c = ±σ_ca. It can be
//! prescribed in the ansatz like a displacement. Elsewhere it combines several unknowns and stays in the loss.

use super::Problem;
use super::enforcement::hold;
use crate::condition::{Entry, Natural};
use crate::formulation::Place;
use crate::geometry::Face;
use crate::quantity::{Field, Formula, Scales};

/// Where the flux is an unknown: moves components of the loads on a face along the axes, of which each is one entry of the flux, into
/// the ansatz if they can hold exactly. Loads that depend on the field stay.
pub(super) fn hold_loads(problem: &mut Problem, face: Face, natural: &mut Natural) {
    let Some((axis, outward)) = problem.model.shape.normal_axis(face) else {
        return;
    };
    natural.components = std::mem::take(&mut natural.components)
        .into_iter()
        .filter(|&c| {
            let value = entry(natural, c, axis, outward, &problem.scales);
            let unknown = problem.model.equation.flux_component(c, axis).zip(value);
            !unknown.is_some_and(|(component, value)| hold(problem, Place::Face(face), component, &value))
        })
        .collect();
}

/// The entry (c, axis) of the flux, unless it depends on the field or is the sum of several functions.
fn entry(natural: &Natural, c: usize, axis: usize, outward: bool, scales: &Scales) -> Option<Field> {
    let mut sum = None;
    for load in &natural.loads {
        match (load.entry(c, axis, outward), &sum) {
            (Entry::Zero, _) => {}
            (Entry::Value(value), None) => sum = Some(value),
            (Entry::Value(_), Some(_)) | (Entry::Open, _) => return None,
        }
    }
    Some(sum.unwrap_or_else(|| scales.flux_field(Formula::constant(0.0))))
}

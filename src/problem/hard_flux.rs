//! Tractions and heat fluxes that hold exactly, where the flux is an unknown of its own.
//!
//! On a face along the axes, n = ±e_a, a component of the normal flux is ± one component of the flux: (σ·n)_c = ±σ_ca. It can be
//! prescribed in the ansatz like a displacement. Elsewhere it combines several unknowns and stays in the loss.

use super::enforcement::hold;
use super::formula::Formula;
use super::{Coefficient, Field, Problem};
use crate::condition::{FluxLaw, TractionLaw};
use crate::formulation::Place;
use crate::geometry::Face;

/// Where the stress is an unknown: moves components of a traction on a face along the axes, of which each is one component of
/// the stress, into the ansatz if they can hold exactly. Springs depend on the displacement and stay.
pub(super) fn hold_traction(problem: &mut Problem, face: Face, law: &mut TractionLaw) {
    let Some((axis, outward)) = problem.shape.normal_axis(face).filter(|_| law.stiffness.is_none()) else {
        return;
    };
    let zero = || problem.scales.flux_field(Formula::constant(0.0));
    let values: Vec<(usize, Option<Field>)> = law
        .components
        .iter()
        .map(|&c| {
            // σ·n = t − p·n with n = ±1 along the axis.
            let pressure = law.pressure.as_ref().filter(|_| c == axis);
            let value = match (&law.traction[c], pressure) {
                (Some(traction), None) => Some(signed(traction, outward)),
                (None, Some(pressure)) => Some(pressure.clone().negated()),
                (None, None) => Some(zero()),
                (Some(_), Some(_)) => None,
            };
            (c, value)
        })
        .collect();
    law.components.clear();
    for (c, value) in values {
        let unknown = problem.equation.flux_component(c, axis).zip(value);
        let exact = unknown.is_some_and(|(component, value)| hold(problem, Place::Face(face), component, &value));
        if !exact {
            law.components.push(c);
        }
    }
}

/// Where the heat flux is an unknown: puts that of a face along the axes into the ansatz if it can hold exactly. Convection and
/// radiation depend on the temperature and do not.
pub(super) fn hold_flux(problem: &mut Problem, face: Face, law: &FluxLaw) -> bool {
    let plain = law.convection.is_none() && law.radiation.is_none();
    let Some((axis, outward)) = problem.shape.normal_axis(face).filter(|_| plain) else {
        return false;
    };
    let value = match law.flux.as_ref().map(Coefficient::as_field) {
        Some(Some(flux)) => signed(flux, outward),
        Some(None) => return false,
        None => problem.scales.flux_field(Formula::constant(0.0)),
    };
    let component = problem.equation.flux_component(0, axis);
    component.is_some_and(|component| hold(problem, Place::Face(face), component, &value))
}

fn signed(value: &Field, positive: bool) -> Field {
    if positive {
        value.clone()
    } else {
        value.clone().negated()
    }
}

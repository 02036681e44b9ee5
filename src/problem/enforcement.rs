//! How conditions are met: exactly by the ansatz where that is possible, in the loss otherwise.

use std::sync::Arc;

use super::Problem;
use super::hard_flux::hold_loads;
use super::placed::Placed;
use crate::condition::{Built, Condition, Natural, Prescribed, Roller};
use crate::formulation::{BoundaryTerm, HardFace, Place};
use crate::geometry::Chart;
use crate::quantity::{Field, Formula};
use crate::sampler::{self, PointSet, SamplerKind};

/// Splits what conditions say into the ansatz and the loss terms, face by face.
pub(super) fn conditions(problem: &mut Problem, placed: &[Placed]) {
    let mut places: Vec<Place> = problem.model.shape.faces().into_iter().map(Place::Face).collect();
    if problem.model.transient {
        places.push(Place::Initial);
    }
    for place in places {
        let here = placed.iter().filter(|placed| placed.place == place);
        let built = here.map(|placed| placed.statement.build(&problem.scales)).collect();
        if let Some(condition) = enforce(problem, place, built) {
            problem.model.terms.push(BoundaryTerm { place, condition });
        }
    }
}

/// Prescribes the values of a place; the condition that is left for its other components.
fn enforce(problem: &mut Problem, place: Place, built: Vec<Built>) -> Option<Arc<dyn Condition>> {
    let mut free: Vec<usize> = (0..problem.model.equation.field_components()).collect();
    let mut loads = Vec::new();
    for built in built {
        match built {
            Built::Nothing => {}
            Built::Repeated => return None,
            Built::Load(load) => loads.push(load),
            Built::Value { component, value, soft } => {
                free.retain(|other| *other != component);
                prescribe(problem, place, component, value, soft);
            }
            Built::Mirror { soft } => match normal_axis(problem, place) {
                Some(axis) if !soft => {
                    free.retain(|other| *other != axis);
                    let value = problem.scales.value_field(Formula::constant(0.0));
                    prescribe(problem, place, axis, value, false);
                }
                _ => {
                    let dimension = problem.model.shape.dimension();
                    return Some(Arc::new(Roller { dimension }));
                }
            },
        }
    }
    let Place::Face(face) = place else { return None };
    let mut natural = Natural {
        name: problem.file.equation.physics().load(),
        components: free,
        loads,
    };
    hold_loads(problem, face, &mut natural);
    (!natural.components.is_empty()).then(|| Arc::new(natural) as Arc<dyn Condition>)
}

/// The axis along which a plane boundary's normal points.
fn normal_axis(problem: &Problem, place: Place) -> Option<usize> {
    match place {
        Place::Face(face) => problem.model.shape.normal_axis(face).map(|(axis, _)| axis),
        Place::Initial => None,
    }
}

/// Puts a prescribed value into the ansatz, or into the loss if it is soft or cannot hold exactly.
fn prescribe(problem: &mut Problem, place: Place, component: usize, value: Field, soft: bool) {
    if soft || !hold(problem, place, component, &value) {
        let name = problem.model.equation.component_names()[component];
        problem.model.terms.push(BoundaryTerm {
            place,
            condition: Arc::new(Prescribed { component, name, value }),
        });
    }
}

/// Puts a value of a component into the ansatz, unless it has no smooth extension or contradicts one that is already there.
pub(super) fn hold(problem: &mut Problem, place: Place, component: usize, value: &Field) -> bool {
    let constant = value.as_constant().is_some();
    let extends = problem.model.shape.chart().is_some_and(Chart::extends);
    let kinked = !constant && matches!(place, Place::Face(_)) && !extends;
    if kinked {
        let note = format!(
            "values that vary along a boundary of `{}` do not extend smoothly into it, so `{}` enters the loss instead of holding exactly",
            problem.file.geometry.name(),
            place.name()
        );
        problem.notes.push(note);
    }
    let rival = (!kinked)
        .then(|| contradiction(problem, place, component, value))
        .flatten();
    if let Some(rival) = rival {
        problem.notes.push(format!(
            "the values of `{}` and `{rival}` differ where the two meet, so `{}` enters the loss instead of holding exactly",
            place.name(),
            place.name()
        ));
    }
    let rough = matches!(place, Place::Face(face) if !problem.model.shape.smooth(face));
    if rough {
        problem.notes.push(format!(
            "`{}` is made of neither lines, circles, planes nor cylinders, so that its values enter the loss instead of holding exactly",
            place.name()
        ));
    }
    let exact = !kinked && !rough && rival.is_none();
    if exact {
        let value = value.clone();
        problem.model.ansatz.hard[component].push(HardFace { place, value });
    }
    exact
}

/// The name of a place whose value of this component differs where it meets `place`.
fn contradiction(problem: &Problem, place: Place, component: usize, value: &Field) -> Option<&'static str> {
    let shape = problem.model.shape.as_ref();
    let meeting = |other: Place| match (place, other) {
        (Place::Face(a), Place::Face(b)) => shape.meeting(a, b),
        (Place::Face(face), Place::Initial) | (Place::Initial, Place::Face(face)) => {
            let units = PointSet::new(SamplerKind::Uniform, 32, 4, 41).points();
            let space = units.iter().map(|u| shape.face_point(face, [u[0], u[1], u[2]]).x);
            space.collect()
        }
        (Place::Initial, Place::Initial) => Vec::new(),
    };
    problem.model.ansatz.hard[component]
        .iter()
        .find(|other| {
            let steady = place != Place::Initial && other.place != Place::Initial;
            meeting(other.place).into_iter().enumerate().any(|(i, x)| {
                let t = if steady { sampler::unit(43, i as u64) } else { 0.0 };
                let at = [x[0], x[1], x[2], t];
                let difference: f64 = value.at(&at) - other.value.at(&at);
                // Values are in units of the field scale.
                difference.abs() > 1e-6
            })
        })
        .map(|other| other.place.name())
}

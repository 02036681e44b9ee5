//! How conditions are met: exactly by the ansatz where that is possible, in the loss otherwise.

use super::formula::Formula;
use super::hard_flux::{hold_flux, hold_traction};
use super::placed::Placed;
use super::{Field, Problem};
use crate::condition::{Condition, FluxLaw, Part, Prescribed, Roller, TractionLaw};
use crate::equation::EquationKind;
use crate::formulation::{BoundaryTerm, HardFace, Place};
use crate::geometry::Chart;
use crate::sampler::{self, PointSet, SamplerKind};

/// Splits the parts into the ansatz and the loss terms, face by face.
pub(super) fn conditions(problem: &mut Problem, parts: Vec<Placed>) {
    let scales = problem.scales;
    let d = problem.shape.dimension();
    let elastic = matches!(problem.file.equation, EquationKind::LinearElasticity(_));
    let mut places: Vec<Place> = problem.shape.faces().into_iter().map(Place::Face).collect();
    if problem.transient() {
        places.push(Place::Initial);
    }
    for place in places {
        let here = || parts.iter().filter(|placed| placed.place == place);
        let mut prescribed: Vec<usize> = Vec::new();
        let mut oblique = false;
        for placed in here() {
            let (component, value, soft) = match (&placed.part, place) {
                (Part::Prescribed { component, value, soft }, _) => (*component, value.clone(), *soft),
                (Part::Symmetry { soft }, Place::Face(face)) if elastic => match problem.shape.normal_axis(face) {
                    Some((axis, _)) if !soft => (axis, Formula::constant(0.0), false),
                    _ => {
                        oblique = true;
                        continue;
                    }
                },
                _ => continue,
            };
            prescribed.push(component);
            prescribe(problem, place, component, scales.value_field(value), soft);
        }
        let condition: Option<Box<dyn Condition>> = match place {
            Place::Initial => None,
            Place::Face(_) if elastic && oblique => Some(Box::new(Roller { dimension: d })),
            Place::Face(face) if elastic => {
                let components: Vec<usize> = (0..d).filter(|c| !prescribed.contains(c)).collect();
                let mut law = TractionLaw {
                    components,
                    traction: [None, None, None],
                    pressure: None,
                    stiffness: None,
                };
                for placed in here() {
                    match &placed.part {
                        Part::Traction { component, value } => {
                            law.traction[*component] = Some(scales.flux_field(value.clone()));
                        }
                        Part::Pressure(value) => law.pressure = Some(scales.flux_field(value.clone())),
                        Part::Foundation(value) => law.stiffness = Some(scales.transfer_field(value.clone())),
                        _ => {}
                    }
                }
                hold_traction(problem, face, &mut law);
                (!law.components.is_empty()).then(|| Box::new(law) as Box<dyn Condition>)
            }
            Place::Face(face) => {
                let mut law = FluxLaw {
                    flux: None,
                    convection: None,
                };
                for placed in here() {
                    match &placed.part {
                        Part::Flux(value) => law.flux = Some(scales.flux_field(value.clone())),
                        Part::Convection { coefficient, ambient } => {
                            law.convection = Some((
                                scales.transfer_field(coefficient.clone()),
                                scales.value_field(ambient.clone()),
                            ));
                        }
                        _ => {}
                    }
                }
                (prescribed.is_empty() && !hold_flux(problem, face, &law)).then(|| Box::new(law) as Box<dyn Condition>)
            }
        };
        if let Some(condition) = condition {
            problem.terms.push(BoundaryTerm { place, condition });
        }
    }
}

/// Puts a prescribed value into the ansatz, or into the loss if it is soft or cannot hold exactly.
fn prescribe(problem: &mut Problem, place: Place, component: usize, value: Field, soft: bool) {
    if soft || !hold(problem, place, component, &value) {
        problem.terms.push(BoundaryTerm {
            place,
            condition: Box::new(Prescribed { component, value }),
        });
    }
}

/// Puts a value of a component into the ansatz, unless it has no smooth extension or contradicts one that is already there.
pub(super) fn hold(problem: &mut Problem, place: Place, component: usize, value: &Field) -> bool {
    let constant = value.as_constant().is_some();
    let extends = problem.shape.chart().is_some_and(Chart::extends);
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
    let rough = matches!(place, Place::Face(face) if !problem.shape.smooth(face));
    if rough {
        problem.notes.push(format!(
            "`{}` is made of neither lines, circles, planes nor cylinders, so that its values enter the loss instead of holding exactly",
            place.name()
        ));
    }
    let exact = !kinked && !rough && rival.is_none();
    if exact {
        let value = value.clone();
        problem.ansatz.hard[component].push(HardFace { place, value });
    }
    exact
}

/// The name of a place whose value of this component differs where it meets `place`.
fn contradiction(problem: &Problem, place: Place, component: usize, value: &Field) -> Option<&'static str> {
    let shape = problem.shape.as_ref();
    let meeting = |other: Place| match (place, other) {
        (Place::Face(a), Place::Face(b)) => shape.meeting(a, b),
        (Place::Face(face), Place::Initial) | (Place::Initial, Place::Face(face)) => {
            let units = PointSet::new(SamplerKind::Uniform, 32, 4, 41).points();
            let space = units.iter().map(|u| shape.face_point(face, [u[0], u[1], u[2]]).x);
            space.collect()
        }
        (Place::Initial, Place::Initial) => Vec::new(),
    };
    problem.ansatz.hard[component]
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

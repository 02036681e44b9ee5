//! The file's conditions, each on its boundaries.

use super::ProblemFile;
use crate::condition::{Family, Part};
use crate::equation::EquationKind;
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Path, Values, Variables};

/// A part of a condition with its boundary and its place in the file.
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) part: Part,
    pub(super) at: Path,
}

/// All parts of all conditions, each on one boundary; contradictions are faults.
pub(super) fn parts(
    file: &ProblemFile,
    shape: &dyn Shape,
    variables: Variables,
    values: &mut Values<'_>,
) -> Vec<Placed> {
    let faces = shape.faces();
    let names = faces
        .iter()
        .map(|face| format!("`{}`", face.name))
        .collect::<Vec<_>>()
        .join(", ");
    let family = match file.equation {
        EquationKind::LinearElasticity(_) => Family::Elasticity,
        EquationKind::Diffusion(_) => Family::Diffusion,
    };
    let mut placed: Vec<Placed> = Vec::new();
    for (i, condition) in file.conditions.iter().enumerate() {
        let at = path!["conditions", i];
        if condition.family() != Family::Any && condition.family() != family {
            values.fault(
                &at,
                format!("`{}` does not belong to `{}`", condition.name(), file.equation.name()),
                Some(match family {
                    Family::Elasticity => {
                        "use `Displacement`, `Traction`, `Pressure`, `Foundation` or `Symmetry`".into()
                    }
                    _ => "use `Value`, `Flux`, `Convection`, `Symmetry` or `Initial`".into(),
                }),
            );
            continue;
        }
        let mut places = Vec::new();
        match condition.on() {
            None if file.time.is_none() => values.fault(
                &at,
                "`Initial` needs a transient problem".into(),
                Some("add the end time, for example `time: 10`".into()),
            ),
            None => places.push(Place::Initial),
            Some(boundaries) => {
                if boundaries.names().is_empty() {
                    values.fault(
                        &at,
                        format!("`{}` holds on no boundary", condition.name()),
                        Some(format!("`{}` has {names}", file.geometry.name())),
                    );
                }
                for (name, index) in boundaries.names() {
                    let mut at = at.clone();
                    at.push("on".into());
                    at.extend(index.map(Into::into));
                    match faces.iter().find(|face| face.name == name) {
                        Some(face) if places.contains(&Place::Face(*face)) => {
                            values.fault(&at, format!("the boundary `{name}` is named twice"), None);
                        }
                        Some(face) => places.push(Place::Face(*face)),
                        None => values.fault(
                            &at,
                            format!("unknown boundary `{name}`"),
                            Some(format!("`{}` has {names}", file.geometry.name())),
                        ),
                    }
                }
            }
        }
        for (part, at) in condition.parts(variables, &at, values) {
            for &place in &places {
                let clash = placed
                    .iter()
                    .find(|other| other.place == place && clashes(&other.part, &part));
                if let Some(other) = clash {
                    let (now, before) = (what(&part, family), what(&other.part, family));
                    let message = if now == before {
                        format!("{now} of `{}` is given twice", place.name())
                    } else {
                        format!("{now} of `{}` contradicts {before} there", place.name())
                    };
                    values.fault(&at, message, Some("keep one of the two conditions".into()));
                } else {
                    placed.push(Placed {
                        place,
                        part: part.clone(),
                        at: at.clone(),
                    });
                }
            }
        }
    }
    placed
}

/// Whether two parts say two things about the same quantity of one boundary.
fn clashes(a: &Part, b: &Part) -> bool {
    use Part::{Convection, Flux, Foundation, Prescribed, Pressure, Symmetry, Traction};
    match (a, b) {
        (
            Prescribed { component: a, .. } | Traction { component: a, .. },
            Prescribed { component: b, .. } | Traction { component: b, .. },
        ) => a == b,
        (Pressure(_), Pressure(_)) | (Foundation(_), Foundation(_)) | (Flux(_), Flux(_)) => true,
        (Convection { .. }, Convection { .. }) => true,
        (Symmetry { .. }, _) | (_, Symmetry { .. }) => true,
        (Prescribed { .. }, Flux(_) | Convection { .. }) | (Flux(_) | Convection { .. }, Prescribed { .. }) => true,
        _ => false,
    }
}

fn what(part: &Part, family: Family) -> String {
    match part {
        Part::Prescribed { .. } if family == Family::Diffusion => "the temperature".into(),
        Part::Prescribed { component, .. } => format!("the displacement {}", ["ux", "uy", "uz"][*component]),
        Part::Traction { component, .. } => format!("the traction {}", ["tx", "ty", "tz"][*component]),
        Part::Pressure(_) => "the pressure".into(),
        Part::Foundation(_) => "the foundation".into(),
        Part::Symmetry { .. } => "the symmetry".into(),
        Part::Flux(_) => "the flux".into(),
        Part::Convection { .. } => "the convection".into(),
    }
}

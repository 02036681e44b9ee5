//! The file's conditions, each on its boundaries.

use super::{Path, ProblemFile, Values, Variables};
use crate::condition::{Family, Part};
use crate::equation::EquationKind;
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;

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
    let mut names: Vec<&str> = faces.iter().map(|face| face.name).collect();
    let groups = shape.mesh().map_or(&[][..], |(mesh, _)| &mesh.boundary_groups);
    names.extend(
        groups
            .iter()
            .map(|group| group.name)
            .filter(|name| faces.iter().all(|face| face.name != *name)),
    );
    let names = format!("`{}`", names.join("`, `"));
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
                    let known = format!("`{}` has {names}", file.geometry.name());
                    let found = shape.faces_named(name);
                    if found.is_empty() {
                        let (message, hint) = match shape.no_boundary(name) {
                            None => (format!("unknown boundary `{name}`"), known),
                            Some(reason) => (
                                format!("{reason}: no condition can hold there"),
                                format!("{known}; to hold a condition inside, cut a narrow slot into the geometry"),
                            ),
                        };
                        values.fault(&at, message, Some(hint));
                    } else if boundaries.names().iter().any(|(other, i)| *other == name && *i < index) {
                        values.fault(&at, format!("the boundary `{name}` is named twice"), None);
                    }
                    // Groups of a mesh may overlap.
                    let new = found
                        .into_iter()
                        .map(Place::Face)
                        .filter(|place| !places.contains(place));
                    places.extend(new.collect::<Vec<_>>());
                }
            }
        }
        for (part, at) in condition.parts(variables, &at, values) {
            for &place in &places {
                let clash = placed
                    .iter()
                    .find(|other| other.place == place && clashes(&other.part, &part));
                if let Some(other) = clash {
                    let groups = groups_of(shape, place);
                    if other.part == part && groups.len() > 1 {
                        continue;
                    }
                    let (now, before) = (what(&part, family), what(&other.part, family));
                    let message = if now == before {
                        format!("{now} of `{}` is given twice", place.name())
                    } else {
                        format!("{now} of `{}` contradicts {before} there", place.name())
                    };
                    let hint = match groups.as_slice() {
                        [] | [_] => "keep one of the two conditions".into(),
                        several => format!(
                            "`{}` belongs to `{}`; keep one of the conditions",
                            place.name(),
                            several.join("`, `")
                        ),
                    };
                    values.fault(&at, message, Some(hint));
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

/// The groups of a mesh that a boundary belongs to: it may be given the same condition by each.
fn groups_of(shape: &dyn Shape, place: Place) -> Vec<&'static str> {
    let (Place::Face(face), Some((mesh, _))) = (place, shape.mesh()) else {
        return Vec::new();
    };
    let names = mesh.boundary_groups.iter().map(|group| group.name);
    names.filter(|name| shape.faces_named(name).contains(&face)).collect()
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

//! The file's conditions, each on its boundaries.

use std::sync::Arc;

use super::ProblemFile;
use crate::condition::{ConditionKind, On, Statement, clash};
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Formula, Path, Values, Variables};

/// What a condition says about one boundary.
pub(super) struct Placed {
    /// The boundary, or the start.
    pub(super) place: Place,
    /// The condition's kind.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) statement: Arc<dyn Statement>,
    /// Its place in the file.
    pub(super) at: Path,
}

/// What all conditions say, each on one boundary; contradictions are faults.
pub(super) fn placed(
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
    let physics = file.equation.physics();
    let own = ConditionKind::names(physics.family());
    let mut placed: Vec<Placed> = Vec::new();
    for (i, condition) in file.conditions.iter().enumerate() {
        let at = path!["conditions", i];
        if !own.contains(&condition.name()) {
            values.fault(
                &at,
                format!("`{}` does not belong to `{}`", condition.name(), file.equation.name()),
                own.split_last()
                    .map(|(last, others)| format!("use `{}` or `{last}`", others.join("`, `"))),
            );
            continue;
        }
        let mut places = Vec::new();
        let on = condition.on();
        match on {
            On::Domain => {}
            On::Start if file.time.is_none() => values.fault(
                &at,
                "`Initial` needs a transient problem".into(),
                Some("add the end time, for example `time: 10`".into()),
            ),
            On::Start => places.push(Place::Initial),
            On::Boundaries(_) | On::Pair(_) => {
                let boundaries = on.names();
                if boundaries.is_empty() {
                    values.fault(
                        &at,
                        format!("`{}` holds on no boundary", condition.name()),
                        Some(format!("`{}` has {names}", file.geometry.name())),
                    );
                }
                for (name, index) in boundaries {
                    let mut at = at.clone();
                    at.push(on.key().into());
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
                    } else if on.names().iter().any(|(other, i)| *other == name && *i < index) {
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
        for (statement, at) in condition.statements(physics, variables, &at, values) {
            for &place in &places {
                let mut here = placed.iter().filter(|other| other.place == place);
                if let Some(other) = here.find(|other| clash(other.statement.as_ref(), statement.as_ref())) {
                    let groups = groups_of(shape, place);
                    if groups.len() > 1 && same(other.statement.as_ref(), statement.as_ref()) {
                        continue;
                    }
                    let (now, before) = (statement.subject(), other.statement.subject());
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
                        kind: condition.name(),
                        statement: statement.clone(),
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

/// Whether two statements say the same.
fn same(a: &dyn Statement, b: &dyn Statement) -> bool {
    let texts = |statement: &dyn Statement| -> Vec<Formula> {
        statement
            .formulas()
            .into_iter()
            .map(|stated| stated.formula.clone())
            .collect()
    };
    a.subject() == b.subject() && texts(a) == texts(b)
}

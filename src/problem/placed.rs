//! The file's conditions, each on its boundaries.

use std::sync::Arc;

use super::ProblemFile;
use crate::condition::{ConditionKind, On, Statement, clash};
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Path, Values, Variables};

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
    let names = faces
        .iter()
        .map(|face| format!("`{}`", face.name))
        .collect::<Vec<_>>()
        .join(", ");
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
        for (statement, at) in condition.statements(physics, variables, &at, values) {
            for &place in &places {
                let mut here = placed.iter().filter(|other| other.place == place);
                if let Some(other) = here.find(|other| clash(other.statement.as_ref(), statement.as_ref())) {
                    let (now, before) = (statement.subject(), other.statement.subject());
                    let message = if now == before {
                        format!("{now} of `{}` is given twice", place.name())
                    } else {
                        format!("{now} of `{}` contradicts {before} there", place.name())
                    };
                    values.fault(&at, message, Some("keep one of the two conditions".into()));
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

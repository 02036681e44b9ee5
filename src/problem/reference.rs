//! References in closed form: which components they give, and in which material.

use super::known::given;
use super::{Exact, Material, ProblemFile, Reference};
use crate::path;
use crate::quantity::{Formula, Path, Step, Values, Variables};

/// The exact solution per region, or one for all.
pub(super) fn reference(
    file: &ProblemFile,
    assigned: &[Option<(&str, &Material)>],
    variables: Variables,
    values: &mut Values<'_>,
) -> Option<Vec<Vec<Formula>>> {
    match file.reference.as_ref()? {
        Reference::Exact(whole) => Some(vec![exact(file, whole, &path!["reference"], variables, values)?]),
        Reference::PerMaterial(parts) => {
            let names: Vec<&str> = assigned.iter().flatten().map(|(name, _)| *name).collect();
            for name in parts.keys().filter(|name| !names.contains(&name.as_str())) {
                values.fault(
                    &path!["reference", 0, name.as_str()],
                    format!("unknown material `{name}`"),
                    Some(match names[..] {
                        [] => "there is one material: use `Exact(…)`".into(),
                        _ => format!("the materials are `{}`", names.join("`, `")),
                    }),
                );
            }
            let lists = names.iter().map(|name| {
                let Some(part) = parts.get(*name) else {
                    values.fault(
                        &path!["reference"],
                        format!("the reference lacks the material `{name}`"),
                        None,
                    );
                    return None;
                };
                exact(file, part, &path!["reference", 0, *name], variables, values)
            });
            lists.collect::<Vec<_>>().into_iter().collect()
        }
        Reference::Values(_) | Reference::Table(_) => None,
    }
}

/// The field that a nonlinear problem starts from, per component with its place in the file.
pub(super) fn guess(file: &ProblemFile, variables: Variables, values: &mut Values<'_>) -> Option<Vec<(Formula, Path)>> {
    let guess = file.initial_guess.as_ref()?;
    let formulas = exact(file, guess, &path!["initial_guess"], variables, values)?;
    let names = file.equation.physics().components().iter();
    Some(
        formulas
            .into_iter()
            .zip(names.map(|name| path!["initial_guess", *name]))
            .collect(),
    )
}

fn exact(
    file: &ProblemFile,
    exact: &Exact,
    at: &Path,
    variables: Variables,
    values: &mut Values<'_>,
) -> Option<Vec<Formula>> {
    let given = given([&exact.ux, &exact.uy, &exact.uz, &exact.value]);
    let what = match at.first() {
        Some(Step::Key(key)) if key == "initial_guess" => "initial guess",
        _ => "reference",
    };
    let needed = file.equation.physics().components();
    let place = |name: &str| {
        let mut at = at.clone();
        at.push(name.into());
        at
    };
    for (name, expression) in given {
        if expression.is_some() != needed.contains(&name) {
            let verb = if expression.is_some() {
                "does not fit"
            } else {
                "is missing in"
            };
            values.fault(
                &place(name),
                format!("`{name}` {verb} the {what}"),
                Some(format!("its components are `{}`", needed.join("`, `"))),
            );
        }
    }
    let own = given.into_iter().filter(|(name, _)| needed.contains(name));
    own.map(|(name, expression)| values.formula(expression.as_ref()?, variables, &place(name)))
        .collect()
}

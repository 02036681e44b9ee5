//! Whether formulation, weights and batches suit the problem.

use super::Problem;
use crate::batch::{Batch, Whole};
use crate::formulation::Formulation;
use crate::loss::Weights;
use crate::path;
use crate::quantity::{Path, Values};
use crate::training::{GaussNewtonForm, StageKind};

/// Reports, weights and batch sizes tell loss terms apart by their names.
pub(super) fn equal_names(problem: &Problem, values: &mut Values<'_>) {
    let names = problem.model.term_names();
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            values.fault(
                &path!["geometry"],
                format!("two loss terms would be called `{name}`"),
                Some("give the boundary another name: `initial` is the start of a transient problem".into()),
            );
        }
    }
}

/// Weights and batch sizes must name terms that exist.
pub(super) fn unknown_terms(problem: &Problem, values: &mut Values<'_>) {
    let names = problem.model.term_names();
    let mut check = |name: &String, at: Path| {
        if !names.contains(name) {
            values.fault(
                &at,
                format!("unknown loss term `{name}`"),
                Some(format!("the terms are `{}`", names.join("`, `"))),
            );
        }
    };
    if let Weights::Given(given) = &problem.file.weights {
        given
            .keys()
            .for_each(|name| check(name, path!["weights", 0, name.as_str()]));
    }
    let Some(Batch::Sizes(sizes)) = &problem.file.points.batch else {
        return;
    };
    sizes
        .keys()
        .for_each(|name| check(name, path!["points", "batch", name.as_str()]));
    for (name, points) in names.iter().zip(problem.point_sets(&problem.attempts[0])).skip(1) {
        if let Some(size) = sizes.get(name)
            && *size > points.len()
        {
            values.fault(
                &path!["points", "batch", name.as_str()],
                format!(
                    "the size {size} is greater than the {} points of `{name}`",
                    points.len()
                ),
                Some("give more `boundary` points, or a smaller size".into()),
            );
        }
    }
}

/// An energy exists for steady problems, and for prescribed values that hold exactly.
pub(super) fn formulation(problem: &Problem, values: &mut Values<'_>) {
    if problem.model.formulation != Formulation::Energy {
        return;
    }
    let at = path!["formulation"];
    if problem.model.transient {
        values.fault(
            &at,
            "a transient problem has no potential energy to minimise".into(),
            Some("use `formulation: Strong`".into()),
        );
    }
    if !problem.model.equation.conservative() {
        values.fault(
            &at,
            "an equation with a velocity, or with a conductivity or source that depends on `T`, has no potential energy here".into(),
            Some("use `formulation: Strong`".into()),
        );
    }
    for term in problem.model.terms.iter().filter(|term| !term.condition.conservative()) {
        values.fault(
            &at,
            format!("`{}` has no potential energy", term.name()),
            Some("use `formulation: Strong`".into()),
        );
    }
    for (i, stage) in problem.file.training.iter().flatten().enumerate() {
        if let StageKind::GaussNewton(stage) = stage
            && (stage.redraw > 0 || matches!(stage.form, Some(GaussNewtonForm::Kernel(_))))
        {
            values.fault(
                &path!["training", i],
                "an energy takes neither redrawn points nor the kernel form: its loads have no residuals".into(),
                Some("leave `redraw` and `form` out".into()),
            );
        }
    }
    if problem.file.weights != Weights::default() {
        values.fault(
            &path!["weights"],
            "the terms of an energy are integrals and cannot be weighted".into(),
            Some("leave `weights` out".into()),
        );
    }
}

/// Every stratum needs a point in every batch.
pub(super) fn strata(problem: &Problem, values: &mut Values<'_>) {
    let points = &problem.file.points;
    let interior = problem.point_sets(&problem.attempts[0])[0].len();
    let automatic = points.batch == Some(Batch::All(Whole::Auto));
    let batch = if automatic {
        interior
    } else {
        points.batch_size(interior)
    };
    if let Some(strata) = points.strata(problem.model.axes(0))
        && strata > batch
    {
        values.fault(
            &path!["points", "draw"],
            format!("{strata} strata are more than the {batch} points of a batch"),
            Some("every stratum needs a point in every batch".into()),
        );
    }
}

//! Checks of the numbers that say how to solve: points, network, stages, tolerances, output.

use super::{ProblemFile, Reference};
use crate::batch::{Batch, Draw};
use crate::network::NetworkKind;
use crate::path;
use crate::quantity::{Path, Values};
use crate::sampler::SamplerKind;

/// Most frames of a time series.
const MOST_FRAMES: usize = 10_000;
/// Most points of a term: a year of steps on a large machine.
const MOST_POINTS: usize = 1_000_000_000_000;

/// Batches, and how they are drawn.
fn batches(file: &ProblemFile, values: &mut Values<'_>) {
    let points = &file.points;
    let mut size = |size: usize, at: Path, name: &str| {
        if size == 0 {
            values.fault(&at, format!("{name} = 0 must be at least 1"), None);
        } else if size > points.interior && points.interior > 0 && name != "size" {
            values.fault(
                &at,
                format!("{name} = {size} is greater than interior = {}", points.interior),
                Some("use `batch: Full` for the full batch".into()),
            );
        }
    };
    match &points.batch {
        Some(Batch::Size(batch)) => size(*batch, path!["points", "batch"], "batch"),
        Some(Batch::Sizes(sizes)) => {
            for (term, batch) in sizes {
                let name = if term == "interior" { "batch" } else { "size" };
                size(*batch, path!["points", "batch", term.as_str()], name);
            }
        }
        _ => {}
    }
    if points.naive() && points.micro_batch.is_some() {
        values.fault(
            &path!["points", "micro_batch"],
            "`micro_batch` contradicts `batch: Naive`, which takes all points at once".into(),
            Some("use `batch: Full`".into()),
        );
    }
    if let Some(memory) = &file.memory
        && memory.bytes().is_none()
    {
        values.fault(
            &path!["memory"],
            format!("`{}` is not an amount of memory", memory.0),
            Some("write a number and a unit, for example \"512 MiB\" or \"4 GB\"".into()),
        );
    }
    if let Some(SamplerKind::Gauss(gauss)) = points.sampler {
        if !(1..=10).contains(&gauss.order) {
            values.fault(
                &path!["points", "sampler"],
                format!("order = {} must lie in 1 to 10", gauss.order),
                None,
            );
        }
        if points.draw == Draw::Fresh {
            values.fault(
                &path!["points", "draw"],
                "`Fresh` needs a random sampler, and `Gauss` points are always the same".into(),
                Some("use `Stratified` or `Sobol` points".into()),
            );
        }
    }
    let mut wrong = |what: &str, message: String, hint: &str| {
        values.fault(&path!["points", what], message, Some(hint.into()));
    };
    match &points.draw {
        Draw::Importance(importance) => {
            if importance.every == 0 {
                wrong("draw", "every = 0 must be at least 1".into(), "100 is the default");
            }
            if !(importance.uniform > 0.0 && importance.uniform <= 1.0) {
                wrong(
                    "draw",
                    format!("uniform = {} must lie in (0, 1]", importance.uniform),
                    "0.1 bounds the weights by 10",
                );
            }
        }
        Draw::Strata(strata) => {
            if strata.every == 0 {
                wrong("draw", "every = 0 must be at least 1".into(), "100 is the default");
            }
            if points.strata(1) == Some(0) {
                wrong(
                    "draw",
                    "there must be at least 1 stratum".into(),
                    "`Distance(4)` is the default",
                );
            }
        }
        _ => {}
    }
    if let Some(jitter) = &points.jitter {
        if jitter.copies == 0 {
            wrong("jitter", "copies = 0 must be at least 1".into(), "4 is the default");
        }
        if !(jitter.size > 0.0 && jitter.size <= 1.0) {
            wrong(
                "jitter",
                format!("size = {} must lie in (0, 1]", jitter.size),
                "it is a share of the domain",
            );
        }
        if let Some(SamplerKind::Gauss(_)) = points.sampler {
            wrong(
                "jitter",
                "`Gauss` points that are moved no longer fit their weights".into(),
                "use `Stratified` or `Sobol` points",
            );
        }
        if !matches!(points.draw, Draw::Shuffle | Draw::Replacement) {
            wrong(
                "jitter",
                "jitter goes with `Shuffle` and `Replacement` only".into(),
                "leave `jitter` or `draw` out",
            );
        }
    }
    if let Some(adapt) = &points.adapt {
        if let Err(message) = adapt.check() {
            wrong("adapt", message, "`pinn list adaptations` shows the fields");
        }
        if points.draw == Draw::Fresh {
            wrong(
                "adapt",
                "adapted points are never used with `draw: Fresh`".into(),
                "leave `adapt` or `draw` out",
            );
        }
    }
}

pub(super) fn numerics(file: &ProblemFile, values: &mut Values<'_>) {
    let points = &file.points;
    let mut at_least_one = |value: usize, at: Path, name: &str| {
        if value == 0 {
            values.fault(&at, format!("{name} = 0 must be at least 1"), None);
        }
    };
    at_least_one(points.interior, path!["points", "interior"], "interior");
    at_least_one(points.boundary, path!["points", "boundary"], "boundary");
    at_least_one(file.output.cells, path!["output", "cells"], "cells");
    at_least_one(
        file.output.check_points,
        path!["output", "check_points"],
        "check_points",
    );
    if let Some(size) = points.micro_batch {
        at_least_one(size, path!["points", "micro_batch"], "micro_batch");
    }
    if let Some(network) = &file.network {
        at_least_one(network.width(), path!["network", "width"], "width");
        at_least_one(network.depth(), path!["network", "depth"], "depth");
    }
    for (name, count) in [("interior", points.interior), ("boundary", points.boundary)] {
        if count > MOST_POINTS {
            values.fault(
                &path!["points", name],
                format!("{name} = {count} must be at most {MOST_POINTS}"),
                Some("the error of smooth solutions does not fall any more beyond some 10^4 points".into()),
            );
        }
    }
    batches(file, values);
    if file.output.frames > MOST_FRAMES {
        values.fault(
            &path!["output", "frames"],
            format!("frames = {} must be at most {MOST_FRAMES}", file.output.frames),
            None,
        );
    }
    if file.training.as_ref().is_some_and(Vec::is_empty) {
        values.fault(
            &path!["training"],
            "no training stage is given".into(),
            Some("leave `training` out for a default plan, or name `Adam`, `Lbfgs` or `GaussNewton`".into()),
        );
    }
    let positive = match &file.network {
        Some(NetworkKind::Mlp(network)) => Some(("fourier_scale", network.fourier_scale)),
        Some(NetworkKind::RandomFeatures(network)) => network.slope.map(|slope| ("slope", slope)),
        None => None,
    };
    if let Some((name, value)) = positive
        && !(value > 0.0 && value.is_finite())
    {
        values.fault(
            &path!["network", name],
            format!("{name} = {value} must be greater than 0"),
            None,
        );
    }
    if let Some(tolerance) = file.tolerance {
        let (field, flux) = tolerance.parts();
        for (name, value) in [("field", Some(field)), ("flux", flux)] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                values.fault(
                    &path!["tolerance", name],
                    format!("the tolerance {value} must be a number greater than 0"),
                    None,
                );
            }
        }
        let pointwise = matches!(file.reference, Some(Reference::Values(_) | Reference::Table(_)));
        if pointwise && flux.is_some() {
            values.fault(
                &path!["tolerance", "flux"],
                "known values are those of the field, so that the flux has no error to judge".into(),
                Some("give one number, `tolerance: 1e-3`".into()),
            );
        }
        if file.reference.is_none() {
            values.fault(
                &path!["tolerance"],
                "a tolerance needs a reference to compare with".into(),
                Some("add `reference: Exact(…)` or `reference: Values([…])`, or leave the tolerance out".into()),
            );
        }
    }
    for (i, stage) in file.training.iter().flatten().enumerate() {
        if stage.steps() == 0 {
            values.fault(&path!["training", i], format!("`{}` has no steps", stage.name()), None);
        }
        let batch = points.batch_size(points.interior).max(1);
        if let Err((field, message)) = stage.check(batch, points.interior) {
            values.fault(&path!["training", i, field], message, None);
        }
    }
    if let crate::loss::Weights::Given(given) = &file.weights {
        for (name, weight) in given {
            if !(*weight >= 0.0 && weight.is_finite()) {
                values.fault(
                    &path!["weights", 0, name.as_str()],
                    format!("the weight {weight} of `{name}` must not be negative"),
                    None,
                );
            }
        }
    }
}

//! Checks of the numbers that say how to solve: points, network, stages, tolerances, output.

use super::{Batch, Path, ProblemFile, Values};
use crate::path;

/// Most frames of a time series.
const MOST_FRAMES: usize = 10_000;

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
    let crate::network::NetworkKind::Mlp(network) = &file.network;
    at_least_one(network.width, path!["network", "width"], "width");
    at_least_one(network.depth, path!["network", "depth"], "depth");
    if let Some(Batch::Size(batch)) = points.batch {
        at_least_one(batch, path!["points", "batch"], "batch");
        if batch > points.interior && points.interior > 0 {
            values.fault(
                &path!["points", "batch"],
                format!("batch = {batch} is greater than interior = {}", points.interior),
                Some("use `batch: Full` for the full batch".into()),
            );
        }
    }
    if file.output.frames > MOST_FRAMES {
        values.fault(
            &path!["output", "frames"],
            format!("frames = {} must be at most {MOST_FRAMES}", file.output.frames),
            None,
        );
    }
    if file.training.is_empty() {
        values.fault(
            &path!["training"],
            "no training stage is given".into(),
            Some("leave `training` out for a default plan, or name `Adam`, `Lbfgs` or `GaussNewton`".into()),
        );
    }
    if !(network.fourier_scale > 0.0 && network.fourier_scale.is_finite()) {
        values.fault(
            &path!["network", "fourier_scale"],
            format!("fourier_scale = {} must be greater than 0", network.fourier_scale),
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
        if file.reference.is_none() {
            values.fault(
                &path!["tolerance"],
                "a tolerance needs a reference to compare with".into(),
                Some("add `reference: Exact(…)` or leave the tolerance out".into()),
            );
        }
    }
    for (i, stage) in file.training.iter().enumerate() {
        if stage.steps() == 0 {
            values.fault(&path!["training", i], format!("`{}` has no steps", stage.name()), None);
        }
        if let Err((field, message)) = stage.check() {
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

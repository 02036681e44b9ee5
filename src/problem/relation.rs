//! What conditions say about the domain as a whole: axes along which it repeats, and the mean of the field.

use super::ProblemFile;
use super::placed::Placed;
use crate::condition::{ConditionKind, Holds};
use crate::formulation::{Place, face_point};
use crate::geometry::{Face, Shape};
use crate::path;
use crate::quantity::{Path, Values};
use crate::sampler::{PointSet, SamplerKind};

/// Points of a boundary that are looked at.
const PROBES: usize = 64;
/// How far they may be off a plane, by the size of the domain.
const FLAT: f64 = 1e-9;
/// How much two equal boundaries may differ in measure, by their measure: rims of meshes are polygons.
const EQUAL: f64 = 1e-3;
/// How far the means of their points may be apart, by the size of the domain: what some points show for certain.
const NEAR: f64 = 0.05;

/// The axes along which the domain repeats. Both boundaries of a pair must be equal planes across one axis, at both ends of the
/// domain.
pub(super) fn periodic(file: &ProblemFile, shape: &dyn Shape, values: &mut Values<'_>) -> Vec<usize> {
    let faces = shape.faces();
    let mut axes = Vec::new();
    for (i, condition) in file.conditions.iter().enumerate() {
        let ConditionKind::Periodic(periodic) = condition else {
            continue;
        };
        let pair = periodic.between.0.each_ref();
        let found = pair.map(|name| faces.iter().find(|face| face.name == name).copied());
        // An unknown boundary is a fault of its own.
        let [Some(first), Some(second)] = found else {
            continue;
        };
        // So is one that is named twice.
        if first == second {
            continue;
        }
        let at = path!["conditions", i, "between"];
        match (0..shape.dimension()).find(|&axis| opposite(shape, axis, [first, second])) {
            Some(0) if file.equation.physics().axisymmetric() => values.fault(
                &at,
                "a body of revolution does not repeat along its radius".into(),
                Some("it may repeat along its axis, between boundaries across y".into()),
            ),
            Some(axis) => axes.push(axis),
            None => values.fault(
                &at,
                format!(
                    "`{}` and `{}` are not equal planes across one axis at both ends of the domain",
                    pair[0], pair[1]
                ),
                Some(repeats(file.geometry.name(), shape, &faces)),
            ),
        }
    }
    if let (false, Some(crate::network::NetworkKind::Mlp(network))) = (axes.is_empty(), &file.network)
        && network.fourier_features > 0
    {
        values.fault(
            &path!["network", "fourier_features"],
            "random Fourier features do not repeat with the domain".into(),
            Some("leave `fourier_features` out: a periodic axis has features of its own".into()),
        );
    }
    axes
}

/// Between which boundaries a field can repeat, as a hint.
fn repeats(name: &str, shape: &dyn Shape, faces: &[Face]) -> String {
    let mut pairs = Vec::new();
    for (i, &first) in faces.iter().enumerate() {
        for &second in &faces[i + 1..] {
            if (0..shape.dimension()).any(|axis| opposite(shape, axis, [first, second])) {
                pairs.push(format!("between `{}` and `{}`", first.name, second.name));
            }
        }
    }
    match pairs.is_empty() {
        true => format!("`{name}` has no such boundaries"),
        false => format!("`{name}` may repeat {}", pairs.join(" or ")),
    }
}

/// Whether two faces are equal planes, one at the lower and the other at the upper end of an axis.
fn opposite(shape: &dyn Shape, axis: usize, faces: [Face; 2]) -> bool {
    let (min, max) = shape.bounds();
    let size = (0..shape.dimension()).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    let [a, b] = faces.map(|face| {
        let units = PointSet::new(SamplerKind::Sobol, PROBES, 4, 53).points().into_iter();
        units
            .map(|unit| face_point(shape, face, unit, false).x)
            .collect::<Vec<_>>()
    });
    let lies = |points: &[[f64; 4]], end: f64| points.iter().all(|x| (x[axis] - end).abs() <= FLAT * size);
    let mean = |points: &[[f64; 4]], j: usize| points.iter().map(|x| x[j]).sum::<f64>() / points.len() as f64;
    let ends = (lies(&a, min[axis]) && lies(&b, max[axis])) || (lies(&b, min[axis]) && lies(&a, max[axis]));
    let near = (0..shape.dimension()).all(|j| j == axis || (mean(&a, j) - mean(&b, j)).abs() <= NEAR * size);
    let [one, other] = faces.map(|face| shape.face_measure(face));
    ends && near && (one - other).abs() <= EQUAL * one.max(other)
}

/// The prescribed mean of the field, in its SI unit.
///
/// A displacement has none: there the condition is a fault of its own.
pub(super) fn mean(file: &ProblemFile, placed: &[Placed], values: &mut Values<'_>) -> Option<f64> {
    if !file.equation.physics().level() {
        return None;
    }
    let mut found = None;
    for (i, condition) in file.conditions.iter().enumerate() {
        let ConditionKind::Mean(mean) = condition else {
            continue;
        };
        let at: Path = path!["conditions", i];
        let value = values.number(&mean.value, &path!["conditions", i, "value"]);
        if found.is_some() {
            values.fault(
                &at,
                "the mean is given twice".into(),
                Some("keep one of the two".into()),
            );
        }
        if file.time.is_some() {
            values.fault(
                &at,
                "the start fixes the mean of a transient problem".into(),
                Some("leave `Mean` out".into()),
            );
        }
        let held = placed
            .iter()
            .find(|placed| matches!(placed.place, Place::Face(_)) && placed.statement.holds() != Holds::Nothing);
        if let Some(held) = held {
            values.fault(
                &at,
                format!(
                    "`{}` on `{}` fixes the level of the field already",
                    held.kind,
                    held.place.name()
                ),
                Some("`Mean` is for problems with fluxes only; leave it out".into()),
            );
        }
        found = value;
    }
    found
}

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

/// The axes along which the domain repeats. Both boundaries of a pair must lie in planes across one axis, at both ends of the domain.
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
        let at = path!["conditions", i, "between"];
        match (0..shape.dimension()).find(|&axis| across(shape, axis, [first, second])) {
            Some(axis) => axes.push(axis),
            None => values.fault(
                &at,
                format!(
                    "`{}` and `{}` are not planes across one axis at both ends of the domain",
                    pair[0], pair[1]
                ),
                Some("a field repeats between boundaries such as `left` and `right` of a rectangle".into()),
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

/// Whether one face lies at the lower and the other at the upper end of an axis.
fn across(shape: &dyn Shape, axis: usize, faces: [Face; 2]) -> bool {
    let (min, max) = shape.bounds();
    let size = max[axis] - min[axis];
    let lies = |face: Face, end: f64| {
        let mut units = PointSet::new(SamplerKind::Uniform, PROBES, 4, 53).points().into_iter();
        units.all(|unit| (face_point(shape, face, unit, false).x[axis] - end).abs() <= FLAT * size)
    };
    let [a, b] = faces;
    (lies(a, min[axis]) && lies(b, max[axis])) || (lies(b, min[axis]) && lies(a, max[axis]))
}

/// The prescribed mean of the field, in its SI unit.
pub(super) fn mean(file: &ProblemFile, placed: &[Placed], values: &mut Values<'_>) -> Option<f64> {
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

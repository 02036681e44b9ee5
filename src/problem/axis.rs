//! The axis of a body of revolution: inside of the body, so that nothing but symmetry holds there.

use std::sync::Arc;

use super::ProblemFile;
use super::placed::Placed;
use crate::condition::Mirror;
use crate::formulation::{Place, face_point};
use crate::geometry::{Face, Shape};
use crate::path;
use crate::quantity::{Path, Values};
use crate::sampler::{PointSet, SamplerKind};

/// By the largest r: what is nearer to the axis than this lies on it.
const NEAR: f64 = 1e-9;

/// Points of a boundary that are looked at.
const PROBES: usize = 64;

/// The boundaries that lie on the axis of a body of revolution; u_r = 0 of a vector is added to the conditions there.
///
/// Negative distances from the axis, conditions on it, and boundaries that lie on it in part are faults.
pub(super) fn axis(
    file: &ProblemFile,
    shape: &dyn Shape,
    placed: &mut Vec<Placed>,
    values: &mut Values<'_>,
) -> Vec<&'static str> {
    // Another number of dimensions is a fault of its own.
    if !file.equation.physics().axisymmetric() || shape.dimension() > 2 {
        return Vec::new();
    }
    let (min, max) = shape.bounds();
    let near = NEAR * max[0].abs().max(min[0].abs());
    if min[0] < -near {
        values.fault(
            &path!["geometry"],
            format!("x = {} is negative, but it is the distance from the axis here", min[0]),
            Some("give the half of the section with x > 0; it is turned about the line x = 0".into()),
        );
        return Vec::new();
    }
    let mut faces: Vec<Face> = Vec::new();
    for face in shape.faces() {
        let units = PointSet::new(SamplerKind::Uniform, PROBES, 4, 47).points();
        let mut on = units
            .into_iter()
            .map(|unit| face_point(shape, face, unit, false).x[0] <= near);
        match (on.clone().all(|on| on), on.any(|on| on)) {
            (true, _) => faces.push(face),
            (false, false) => {}
            (false, true) => values.fault(
                &path!["geometry"],
                format!("the boundary `{}` lies on the axis x = 0 in part", face.name),
                Some("give the part on the axis a name of its own".into()),
            ),
        }
    }
    for face in &faces {
        let here = || placed.iter().filter(|placed| placed.place == Place::Face(*face));
        for placed in here().filter(|placed| !placed.statement.holds_on_axis()) {
            values.fault(
                &placed.at,
                format!("`{}` is the axis, where nothing but symmetry holds", face.name),
                Some("the axis is no surface of the body: leave the condition out, symmetry there needs none".into()),
            );
        }
        let vector = file.equation.physics().vector();
        if vector && here().next().is_none() {
            placed.push(Placed {
                place: Place::Face(*face),
                kind: "Symmetry",
                statement: Arc::new(Mirror { soft: false, vector }),
                at: Path::new(),
            });
        }
    }
    faces.iter().map(|face| face.name).collect()
}

//! Boundaries whose prescribed values differ from the initial state: heat moves at an infinite rate there at first.

use super::placed::Placed;
use crate::condition::Holds;
use crate::formulation::Place;
use crate::geometry::{Face, Shape};
use crate::sampler::{PointSet, SamplerKind};

/// Points at which values are compared.
const POINTS: usize = 32;
/// Differences, by the scale of the field, that count as none.
const EQUAL: f64 = 1e-6;

/// The boundaries with a jump; `field` is the scale of the values.
pub(super) fn jumps(shape: &dyn Shape, parts: &[Placed], field: f64) -> Vec<Face> {
    let prescribed = |placed: &Placed| match placed.statement.holds() {
        Holds::Component(component) => {
            let value = placed.statement.formulas().first().map(|stated| stated.formula.clone());
            value.map(|value| (component, value))
        }
        _ => None,
    };
    let starts: Vec<_> = (parts.iter().filter(|placed| placed.place == Place::Initial))
        .filter_map(prescribed)
        .collect();
    let units = PointSet::new(SamplerKind::Uniform, POINTS, 4, 41).points();
    let mut faces = Vec::new();
    for placed in parts {
        let (Place::Face(face), Some((component, value))) = (placed.place, prescribed(placed)) else {
            continue;
        };
        let jump = starts
            .iter()
            .filter(|(other, _)| *other == component)
            .any(|(_, start)| {
                units.iter().any(|unit| {
                    let [x, y, z] = shape.face_point(face, [unit[0], unit[1], unit[2]]).x;
                    let at = [x, y, z, 0.0];
                    (value.evaluate(&at) - start.evaluate(&at)).abs() > EQUAL * field
                })
            });
        if jump {
            faces.push(face);
        }
    }
    faces
}

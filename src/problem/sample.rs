//! Sampling formulas where they are used: faults that only show in values, and the scales that the values suggest.

use super::build::{Material, Placed};
use super::formula::Formula;
use super::{Path, Scales, Values};
use crate::condition::Part;
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;
use crate::sampler::{PointSet, SamplerKind};

/// The values of a formula on a place.
pub(super) struct Range {
    low: f64,
    high: f64,
    /// Whether every sampled value was finite.
    finite: bool,
}

impl Range {
    fn largest(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// The range of a formula on a place, by sampling.
pub(super) fn range(shape: &dyn Shape, place: Option<Place>, end: Option<f64>, formula: &Formula) -> Range {
    let mut range = Range {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        finite: true,
    };
    for unit in PointSet::new(SamplerKind::Uniform, 256, 4, 23).points() {
        let space = [unit[0], unit[1], unit[2]];
        let x = match place {
            Some(Place::Face(face)) => shape.face_point(face, space).x,
            _ => shape.interior_point(space),
        };
        let t = if place == Some(Place::Initial) {
            0.0
        } else {
            unit[3] * end.unwrap_or(0.0)
        };
        let value = formula.evaluate(&[x[0], x[1], x[2], t]);
        range.finite &= value.is_finite();
        range.low = range.low.min(value);
        range.high = range.high.max(value);
    }
    range
}

/// Units from the problem's own data: the size of the domain, the largest modulus, and the largest field that prescribed
/// values or loads suggest.
pub(super) fn scales(shape: &dyn Shape, end: Option<f64>, material: &Material, parts: &[Placed]) -> Scales {
    let (min, max) = shape.bounds();
    let length = (0..shape.dimension()).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    let modulus = match material {
        Material::Elastic { young, .. } => *young,
        Material::Diffusive { conductivity, .. } => range(shape, None, end, conductivity).high,
    };
    let elastic = matches!(material, Material::Elastic { .. });
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut loads: f64 = 0.0;
    let largest = |place: Option<Place>, formula: &Formula| range(shape, place, end, formula).largest();
    for placed in parts {
        let place = Some(placed.place);
        match &placed.part {
            Part::Prescribed { value, .. } | Part::Convection { ambient: value, .. } => {
                let values = range(shape, place, end, value);
                (low, high) = (low.min(values.low), high.max(values.high));
            }
            Part::Traction { value, .. } | Part::Pressure(value) | Part::Flux(value) => {
                loads = loads.max(largest(place, value) * length / modulus);
            }
            Part::Foundation(_) | Part::Symmetry { .. } => {}
        }
    }
    let sources: Vec<&Formula> = match material {
        Material::Elastic { body_force, .. } => body_force.iter().collect(),
        Material::Diffusive { source, .. } => vec![source],
    };
    for source in sources {
        loads = loads.max(largest(None, source) * length * length / modulus);
    }
    let offset = if elastic || !low.is_finite() { 0.0 } else { low };
    let spread = if elastic { low.abs().max(high.abs()) } else { high - low };
    let field = if spread.is_finite() { spread.max(loads) } else { loads };
    Scales {
        length,
        time: end.unwrap_or(1.0),
        field: if field > 0.0 { field } else { 1.0 },
        offset,
        modulus,
    }
}

/// Formulas must have finite values where they are used, and moduli positive ones.
pub(super) fn sample(
    material: &Material,
    shape: &dyn Shape,
    end: Option<f64>,
    parts: &[Placed],
    values: &mut Values<'_>,
) {
    let mut check = |place: Option<Place>, formula: &Formula, least: f64, at: &Path| {
        let Range { low, finite, .. } = range(shape, place, end, formula);
        if !finite {
            values.fault(
                at,
                format!(
                    "the value of this formula is not finite everywhere on {}",
                    at_place(place)
                ),
                Some("look for a division by 0 or the root or logarithm of a negative number".into()),
            );
        } else if low < least {
            let bound = if least > 0.0 {
                "must be greater than 0"
            } else {
                "must not be negative"
            };
            values.fault(at, format!("the value {low} on {} {bound}", at_place(place)), None);
        }
    };
    let any = f64::NEG_INFINITY;
    match material {
        Material::Elastic { body_force, .. } => {
            for (i, force) in body_force.iter().enumerate() {
                check(None, force, any, &path!["equation", "body_force", i]);
            }
        }
        Material::Diffusive {
            conductivity,
            source,
            capacity,
        } => {
            check(
                None,
                conductivity,
                f64::MIN_POSITIVE,
                &path!["equation", "conductivity"],
            );
            check(None, capacity, f64::MIN_POSITIVE, &path!["equation", "capacity"]);
            check(None, source, any, &path!["equation", "source"]);
        }
    }
    for placed in parts {
        let place = Some(placed.place);
        match &placed.part {
            Part::Prescribed { value, .. }
            | Part::Traction { value, .. }
            | Part::Pressure(value)
            | Part::Flux(value) => {
                check(place, value, any, &placed.at);
            }
            Part::Foundation(stiffness) => check(place, stiffness, 0.0, &placed.at),
            Part::Convection { coefficient, ambient } => {
                let mut at = placed.at.clone();
                check(place, ambient, any, &at);
                at.pop();
                at.push("coefficient".into());
                check(place, coefficient, 0.0, &at);
            }
            Part::Symmetry { .. } => {}
        }
    }
}

pub(super) fn at_place(place: Option<Place>) -> String {
    place.map_or_else(|| "the domain".into(), |place| format!("`{}`", place.name()))
}

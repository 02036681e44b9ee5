//! Sampling formulas where they are used: faults that only show in values, and the scales that the values suggest.

use super::formula::{Formula, VARIABLES};
use super::material::Law;
use super::placed::Placed;
use super::{Path, Scales, Values};
use crate::condition::Part;
use crate::equation::ConductivityLaw;
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::sampler::{self, PointSet, SamplerKind};

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

/// Where a formula is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Where {
    /// On a boundary or at the start.
    Place(Place),
    /// In the whole domain.
    Domain,
    /// In one of its regions.
    Region(usize),
}

/// Where the coefficients of the body or of one of several regions are used.
fn home(laws: &[Law], index: usize) -> Where {
    if laws.len() > 1 {
        Where::Region(index)
    } else {
        Where::Domain
    }
}

/// What formulas are sampled over: the domain, the time, and the values that conditions prescribe for the field.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    shape: &'a dyn Shape,
    end: Option<f64>,
    /// The least and the largest prescribed value; 0 where there is none.
    field: [f64; 2],
}

impl<'a> Span<'a> {
    /// With the values that the conditions prescribe at a boundary, at the start or of the surroundings.
    pub(super) fn new(shape: &'a dyn Shape, end: Option<f64>, parts: &[Placed]) -> Self {
        let mut span = Self {
            shape,
            end,
            field: [0.0; 2],
        };
        if let Some([low, high]) = span
            .prescribed(parts)
            .filter(|range| range[0].is_finite() && range[1].is_finite())
        {
            span.field = [low, high];
        }
        span
    }

    /// The least and the largest value that conditions prescribe for the field without reference to it.
    fn prescribed(&self, parts: &[Placed]) -> Option<[f64; 2]> {
        let given = parts.iter().filter_map(|placed| match &placed.part {
            Part::Prescribed { value, .. } | Part::Convection { ambient: value, .. } if !value.reads_field() => {
                Some(self.range(Where::Place(placed.place), value))
            }
            _ => None,
        });
        given
            .map(|range| [range.low, range.high])
            .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    }

    /// The range of a formula, by sampling.
    pub(super) fn range(&self, place: Where, formula: &Formula) -> Range {
        self.range_of(place, |x| {
            let value = formula.evaluate_with(&x);
            (value, value)
        })
    }

    /// The range of a quantity of which a point (x, y, z, t, T) has a least and a largest value.
    fn range_of(&self, place: Where, at: impl Fn([f64; VARIABLES.len()]) -> (f64, f64)) -> Range {
        let Self { shape, end, field } = *self;
        let mut range = Range {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            finite: true,
        };
        let count = if matches!(place, Where::Region(_)) { 2048 } else { 256 };
        let units = PointSet::new(SamplerKind::Uniform, count, 4, 23).points();
        for (i, unit) in units.into_iter().enumerate() {
            let space = [unit[0], unit[1], unit[2]];
            let x = match place {
                Where::Place(Place::Face(face)) => shape.face_point(face, space).x,
                _ => shape.interior_point(space),
            };
            if matches!(place, Where::Region(region) if shape.region(x) != region) {
                continue;
            }
            let t = if place == Where::Place(Place::Initial) {
                0.0
            } else {
                unit[3] * end.unwrap_or(0.0)
            };
            // Both ends of the field's range are looked at, and what lies between.
            let share = match i {
                0 | 1 => i as f64,
                _ => sampler::unit(29, i as u64),
            };
            let (low, high) = at([x[0], x[1], x[2], t, field[0] + share * (field[1] - field[0])]);
            range.finite &= low.is_finite() && high.is_finite();
            range.low = range.low.min(low);
            range.high = range.high.max(high);
        }
        range
    }

    /// From the least to the largest principal value, roughly.
    fn conductivity(&self, place: Where, conductivity: &ConductivityLaw) -> Range {
        self.range_of(place, |x| conductivity.extremes(&x, self.shape.dimension()))
    }
}

/// Units from the problem's own data: the size of the domain, the largest modulus, and the largest field that prescribed
/// values or loads suggest.
///
/// Of several materials the stiffest gives the modulus, so that fluxes are O(1) wherever they come from: they are continuous
/// across interfaces, fields and gradients are not alike on both sides.
pub(super) fn scales(shape: &dyn Shape, end: Option<f64>, laws: &[Law], parts: &[Placed]) -> Scales {
    let span = Span::new(shape, end, parts);
    let (min, max) = shape.bounds();
    let length = (0..shape.dimension()).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    let size = |(index, law): (usize, &Law)| match law {
        Law::Elastic { modulus, .. } => modulus.size(),
        Law::Diffusive {
            conductivity: (conductivity, _),
            ..
        } => span.conductivity(home(laws, index), conductivity).high,
    };
    let modulus = laws.iter().enumerate().map(size).fold(f64::MIN_POSITIVE, f64::max);
    let elastic = matches!(laws.first(), Some(Law::Elastic { .. }));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut loads: f64 = 0.0;
    let largest = |place: Where, formula: &Formula| span.range(place, formula).largest();
    for placed in parts {
        let place = Where::Place(placed.place);
        match &placed.part {
            Part::Prescribed { value, .. } | Part::Convection { ambient: value, .. } => {
                let values = span.range(place, value);
                (low, high) = (low.min(values.low), high.max(values.high));
            }
            Part::Traction { value, .. } | Part::Pressure(value) | Part::Flux(value) => {
                loads = loads.max(largest(place, value) * length / modulus);
            }
            Part::Foundation(_) | Part::Symmetry { .. } => {}
        }
    }
    for (index, law) in laws.iter().enumerate() {
        let sources: Vec<&Formula> = match law {
            Law::Elastic { body_force, .. } => body_force.iter().map(|(force, _)| force).collect(),
            Law::Diffusive { source, .. } => vec![&source.0],
        };
        for source in sources {
            loads = loads.max(largest(home(laws, index), source) * length * length / modulus);
        }
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
pub(super) fn sample(laws: &[Law], shape: &dyn Shape, end: Option<f64>, parts: &[Placed], values: &mut Values<'_>) {
    let span = Span::new(shape, end, parts);
    let mut check = |place: Where, formula: &Formula, least: f64, at: &Path| {
        let Range { low, finite, .. } = span.range(place, formula);
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
    for (index, law) in laws.iter().enumerate() {
        let place = home(laws, index);
        match law {
            Law::Elastic { body_force, .. } => {
                for (force, at) in body_force {
                    check(place, force, any, at);
                }
            }
            Law::Diffusive {
                conductivity,
                source,
                capacity,
                velocity,
            } => {
                if let (ConductivityLaw::Scalar(formula), at) = conductivity {
                    check(place, formula, f64::MIN_POSITIVE, at);
                }
                check(place, &capacity.0, f64::MIN_POSITIVE, &capacity.1);
                check(place, &source.0, any, &source.1);
                for (component, at) in velocity {
                    check(place, component, any, at);
                }
            }
        }
    }
    for placed in parts {
        let place = Where::Place(placed.place);
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

/// A conductivity tensor must be positive definite everywhere.
pub(super) fn definite(laws: &[Law], span: Span<'_>, values: &mut Values<'_>) {
    for (index, law) in laws.iter().enumerate() {
        let Law::Diffusive {
            conductivity: (conductivity @ ConductivityLaw::Tensor(_), at),
            ..
        } = law
        else {
            continue;
        };
        let place = home(laws, index);
        if !(span.conductivity(place, conductivity).low > 0.0) {
            values.fault(
                at,
                format!(
                    "the conductivity tensor is not positive definite everywhere on {}",
                    at_place(place)
                ),
                Some("heat must flow from warm to cold: all principal values must be greater than 0".into()),
            );
        }
    }
}

pub(super) fn at_place(place: Where) -> String {
    match place {
        Where::Domain => "the domain".into(),
        Where::Region(_) => "the material's region".into(),
        Where::Place(place) => format!("`{}`", place.name()),
    }
}

//! Sampling formulas where they are used: faults that only show in values, and the scales that the values suggest.

use super::material::Law;
use super::placed::Placed;
use crate::condition::Role;
use crate::equation::{ConductivityLaw, Physics};
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::jet::CoordinateJet;
use crate::quantity::field_slope;
use crate::quantity::formula::VARIABLES;
use crate::quantity::{Formula, Path, Scales, Values};
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
    pub(super) fn new(shape: &'a dyn Shape, end: Option<f64>, placed: &[Placed]) -> Self {
        let mut span = Self {
            shape,
            end,
            field: [0.0; 2],
        };
        if let Some([low, high]) = span
            .prescribed(placed)
            .filter(|range| range[0].is_finite() && range[1].is_finite())
        {
            span.field = [low, high];
        }
        span
    }

    /// The least and the largest value that conditions prescribe for the field without reference to it.
    fn prescribed(&self, placed: &[Placed]) -> Option<[f64; 2]> {
        let given = placed.iter().flat_map(|placed| {
            let stated = placed.statement.formulas().into_iter();
            let values = stated.filter(|stated| stated.role == Role::Value && !stated.formula.reads_field());
            let ranges = values.map(|stated| self.range(Where::Place(placed.place), &stated.formula));
            ranges.collect::<Vec<_>>()
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
pub(super) fn scales(
    physics: &dyn Physics,
    shape: &dyn Shape,
    end: Option<f64>,
    laws: &[Law],
    placed: &[Placed],
) -> Scales {
    let span = Span::new(shape, end, placed);
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
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut loads: f64 = 0.0;
    let largest = |place: Where, formula: &Formula| span.range(place, formula).largest();
    for placed in placed {
        let place = Where::Place(placed.place);
        for stated in placed.statement.formulas() {
            match stated.role {
                Role::Value => {
                    let values = span.range(place, &stated.formula);
                    (low, high) = (low.min(values.low), high.max(values.high));
                }
                Role::Load => loads = loads.max(largest(place, &stated.formula) * length / modulus),
                Role::Coefficient => {}
            }
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
    let offset = if physics.level() && low.is_finite() { low } else { 0.0 };
    let spread = if physics.level() {
        high - low
    } else {
        low.abs().max(high.abs())
    };
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
pub(super) fn sample(laws: &[Law], shape: &dyn Shape, end: Option<f64>, placed: &[Placed], values: &mut Values<'_>) {
    let span = Span::new(shape, end, placed);
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
            let hint = formula.reads_field().then(|| {
                let [low, high] = span.field;
                format!("`T` was taken between the least and the largest prescribed value, {low} and {high}")
            });
            values.fault(at, format!("the value {low} on {} {bound}", at_place(place)), hint);
        } else {
            differentiable(span, place, formula, at, values);
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
    for placed in placed {
        for stated in placed.statement.formulas() {
            let least = match stated.role {
                Role::Coefficient => 0.0,
                Role::Value | Role::Load => any,
            };
            check(Where::Place(placed.place), &stated.formula, least, &stated.at);
        }
    }
}

/// Where radiation takes temperatures for absolute ones, none may lie below the file's absolute zero.
pub(super) fn absolute(span: Span<'_>, placed: &[Placed], values: &mut Values<'_>) {
    let zeros = placed.iter().filter_map(|placed| placed.statement.absolute_zero());
    let Some(zero) = zeros.reduce(f64::max) else {
        return;
    };
    for placed in placed {
        for stated in placed.statement.formulas() {
            let range = span.range(Where::Place(placed.place), &stated.formula);
            if stated.role == Role::Value && range.low < zero {
                values.fault(
                    &stated.at,
                    format!(
                        "the temperature {} lies below absolute zero, {zero}, but `Radiation` needs absolute temperatures",
                        range.low
                    ),
                    Some("for temperatures in °C add `zero: -273.15` to `Radiation`, or write the file in K".into()),
                );
            }
        }
    }
}

/// A word on velocities that are not free of divergence, where they do not depend on the field.
pub(super) fn divergence(laws: &[Law], span: Span<'_>) -> Option<String> {
    let largest = |(index, law): (usize, &Law)| {
        let Law::Diffusive { velocity, .. } = law else {
            return 0.0;
        };
        if velocity.iter().any(|(component, _)| component.reads_field()) {
            return 0.0;
        }
        let range = span.range_of(home(laws, index), |x| {
            let at: [CoordinateJet; 4] = std::array::from_fn(|j| CoordinateJet::coordinate(j, x[j], 1.0));
            let slopes = velocity.iter().enumerate();
            let (sum, size) = slopes
                .map(|(j, (component, _))| component.evaluate(&at).gradient[j])
                .fold((0.0, 0.0), |(sum, size), slope: f64| (sum + slope, size + slope.abs()));
            // Slopes that cancel leave rounding.
            let sum = if sum.abs() <= 1e-9 * size { 0.0 } else { sum };
            (sum, sum)
        });
        if velocity.is_empty() { 0.0 } else { range.largest() }
    };
    let most = laws.iter().enumerate().map(largest).fold(0.0, f64::max);
    (most > 0.0).then(|| {
        format!(
            "the velocity has a divergence of up to {most:.1e} 1/s: the term is capacity·v·grad T, not div(capacity·v·T), and the flow makes or loses heat"
        )
    })
}

/// What a formula of the field does between the least and the largest prescribed value: its derivative must be finite there.
fn differentiable(span: Span<'_>, place: Where, formula: &Formula, at: &Path, values: &mut Values<'_>) {
    if !formula.reads_field() {
        return;
    }
    let slopes = span.range_of(place, |x| {
        let slope = field_slope(formula, &x);
        (slope, slope)
    });
    if !slopes.finite {
        let [low, high] = span.field;
        values.fault(
            at,
            format!("this formula has no derivative by `T` at a value between {low} and {high}"),
            Some(
                "Newton's method needs one: move the root, the logarithm or the kink away from the values that occur"
                    .into(),
            ),
        );
    }
}

/// A conductivity tensor must be positive definite everywhere.
pub(super) fn check_positive_definite(laws: &[Law], span: Span<'_>, values: &mut Values<'_>) {
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

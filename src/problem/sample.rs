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
    /// The field T at the least and at the largest value.
    at: [f64; 2],
    /// The field at a value that was not finite, if one was sampled.
    broken: Option<f64>,
}

impl Range {
    fn largest(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// What the values of a formula must satisfy.
#[derive(Clone, Copy)]
enum Bound {
    Any,
    Positive,
    NotNegative,
    Fraction,
}

impl Bound {
    /// A value outside, the field there, and what it must satisfy.
    fn missed(self, range: &Range) -> Option<(f64, f64, &'static str)> {
        let Range { low, high, at, .. } = *range;
        match self {
            Self::Positive if low <= 0.0 => Some((low, at[0], "must be greater than 0")),
            Self::NotNegative if low < 0.0 => Some((low, at[0], "must not be negative")),
            Self::Fraction if low < 0.0 => Some((low, at[0], "must lie in [0, 1]")),
            Self::Fraction if high > 1.0 => Some((high, at[1], "must lie in [0, 1]")),
            _ => None,
        }
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
            at: [0.0; 2],
            broken: None,
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
            let value = field[0] + share * (field[1] - field[0]);
            let (low, high) = at([x[0], x[1], x[2], t, value]);
            if !(low.is_finite() && high.is_finite()) {
                range.broken.get_or_insert(value);
            }
            if low < range.low {
                (range.low, range.at[0]) = (low, value);
            }
            if high > range.high {
                (range.high, range.at[1]) = (high, value);
            }
        }
        range
    }

    /// Words for a value of the field, where a formula reads it.
    fn for_field(&self, reads: bool, field: f64) -> String {
        match reads {
            true => format!(" for T = {field}"),
            false => String::new(),
        }
    }

    /// Which values of the field are looked at, as a hint.
    fn extent(&self) -> String {
        let [low, high] = self.field;
        format!("formulas of `T` must hold from {low} to {high}, the values that conditions prescribe")
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
                Role::Coefficient | Role::Fraction => {}
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
pub(super) fn sample(
    laws: &[Law],
    span: Span<'_>,
    placed: &[Placed],
    guess: Option<&[(Formula, Path)]>,
    values: &mut Values<'_>,
) {
    let mut check = |place: Where, formula: &Formula, bound: Bound, at: &Path| {
        let range = span.range(place, formula);
        let reads = formula.reads_field();
        if let Some(field) = range.broken {
            let place = at_place(place);
            let message = match reads {
                true => format!("the value of this formula on {place} is not finite for T = {field}"),
                false => format!("the value of this formula is not finite everywhere on {place}"),
            };
            let hint = "look for a division by 0 or the root or logarithm of a negative number";
            values.fault(at, message, Some(hint.into()));
        } else if let Some((value, field, bound)) = bound.missed(&range) {
            let place = at_place(place) + &span.for_field(reads, field);
            let message = format!("the value {value} on {place} {bound}");
            values.fault(at, message, reads.then(|| span.extent()));
        } else {
            differentiable(span, place, formula, at, values);
        }
    };
    for (index, law) in laws.iter().enumerate() {
        let place = home(laws, index);
        match law {
            Law::Elastic { body_force, .. } => {
                for (force, at) in body_force {
                    check(place, force, Bound::Any, at);
                }
            }
            Law::Diffusive {
                conductivity,
                source,
                capacity,
                velocity,
            } => {
                if let (ConductivityLaw::Scalar(formula), at) = conductivity {
                    check(place, formula, Bound::Positive, at);
                }
                check(place, &capacity.0, Bound::Positive, &capacity.1);
                check(place, &source.0, Bound::Any, &source.1);
                for (component, at) in velocity {
                    check(place, component, Bound::Any, at);
                }
            }
        }
    }
    for placed in placed {
        for stated in placed.statement.formulas() {
            let bound = match stated.role {
                Role::Coefficient => Bound::NotNegative,
                Role::Fraction => Bound::Fraction,
                Role::Value | Role::Load => Bound::Any,
            };
            check(Where::Place(placed.place), &stated.formula, bound, &stated.at);
        }
    }
    for (component, at) in guess.into_iter().flatten() {
        check(Where::Domain, component, Bound::Any, at);
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
///
/// div v = Σ ∂v_j/∂x_j, with v_r/r beside it in a body of revolution.
pub(super) fn divergence(laws: &[Law], span: Span<'_>, axisymmetric: bool) -> Option<String> {
    let largest = |(index, law): (usize, &Law)| {
        let Law::Diffusive { velocity, .. } = law else {
            return 0.0;
        };
        if velocity.is_empty() || velocity.iter().any(|(component, _)| component.reads_field()) {
            return 0.0;
        }
        let range = span.range_of(home(laws, index), |x| {
            let at: [CoordinateJet; 4] = std::array::from_fn(|j| CoordinateJet::coordinate(j, x[j], 1.0));
            let jets: Vec<CoordinateJet> = velocity.iter().map(|(v, _)| v.evaluate(&at)).collect();
            let slopes = jets.iter().enumerate().map(|(j, jet)| jet.gradient[j]);
            let hoop = axisymmetric.then(|| jets[0].value / x[0]);
            let (sum, size) = slopes
                .chain(hoop)
                .fold((0.0, 0.0), |(sum, size), slope: f64| (sum + slope, size + slope.abs()));
            // Slopes that cancel leave rounding.
            let sum = if sum.abs() <= 1e-9 * size { 0.0 } else { sum };
            (sum, sum)
        });
        range.largest()
    };
    let most = laws.iter().enumerate().map(largest).fold(0.0, f64::max);
    // Two digits.
    let most = format!("{most:.1e}").parse().unwrap_or(most);
    (most > 0.0).then(|| {
        format!(
            "the velocity has a divergence of up to {most} 1/s: the term is capacity·v·grad T, not div(capacity·v·T), \
             so that the flow brings or loses heat on its way"
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
    if let Some(field) = slopes.broken {
        values.fault(
            at,
            format!("this formula has no finite derivative by `T` for T = {field}, a value that occurs"),
            Some("Newton's method needs one: keep roots away from such values, for example by `sqrt(T + 1e-6)`".into()),
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
        let range = span.conductivity(place, conductivity);
        if !(range.low > 0.0) {
            let reads = conductivity.reads_field();
            let everywhere = if reads { "" } else { " everywhere" };
            let place = at_place(place) + &span.for_field(reads, range.at[0]);
            values.fault(
                at,
                format!("the conductivity tensor is not positive definite{everywhere} on {place}"),
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

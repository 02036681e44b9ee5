//! Formulas as functions of dimensionless coordinates.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::formula::{Formula, VARIABLES};
use super::scales::seed;
use crate::jet::Scalar;

/// A formula in SI units as a function of dimensionless coordinates with a dimensionless value.
///
/// Residuals are linearised by evaluating them once per number of the jet, always at the same point, so the last value of a formula
/// that is not constant is remembered per thread: a formula is evaluated once per point.
#[derive(Clone, Debug)]
pub struct Field {
    formula: Formula,
    length: f64,
    time: f64,
    offset: f64,
    unit: f64,
    /// The value if it depends on no coordinate.
    constant: Option<f64>,
    /// Tells functions apart in the memory of last values; clones are the same function.
    id: u64,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |field: &Self| [field.length, field.time, field.offset, field.unit];
        self.formula == other.formula && numbers(self) == numbers(other)
    }
}

/// The number of the next function.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Functions of one problem that are remembered at once; others share places.
const PLACES: usize = 16;

/// A function, the point where it was last evaluated, its value and its gradient if that was asked for.
#[derive(Clone, Copy)]
struct Last {
    id: u64,
    x: [u64; 4],
    value: f64,
    gradient: Option<[f64; 3]>,
}

thread_local! {
    static LAST: [Cell<Option<Last>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
}

impl Field {
    /// A formula of coordinates in units of `[length, time]`; its value is (formula − offset)/unit.
    pub(super) fn new(formula: Formula, [length, time]: [f64; 2], offset: f64, unit: f64) -> Self {
        Self {
            constant: formula.as_constant().map(|value| (value - offset) / unit),
            formula,
            length,
            time,
            offset,
            unit,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The value, with derivatives where `S` carries them.
    pub fn at<S: Scalar>(&self, x: &[S; 4]) -> S {
        if let Some(value) = self.constant {
            return S::constant(value);
        }
        let si = [
            x[0].scale(self.length),
            x[1].scale(self.length),
            x[2].scale(self.length),
            x[3].scale(self.time),
        ];
        self.formula.evaluate(&si).offset(-self.offset).scale(1.0 / self.unit)
    }

    /// The value at (x, y, z, t, T), T in SI units.
    pub(super) fn at_state<S: Scalar>(&self, x: &[S; VARIABLES.len()]) -> S {
        let si = [
            x[0].scale(self.length),
            x[1].scale(self.length),
            x[2].scale(self.length),
            x[3].scale(self.time),
            x[4],
        ];
        let value = self.formula.evaluate_with(&si);
        value.offset(-self.offset).scale(1.0 / self.unit)
    }

    /// Whether the formula depends on the field that is solved for.
    pub(super) fn reads_field(&self) -> bool {
        self.formula.reads_field()
    }

    /// The value at a plain point.
    pub fn value(&self, x: &[f64; 4]) -> f64 {
        if let Some(value) = self.constant {
            return value;
        }
        self.remembered(x, false).value
    }

    /// The value and the gradient over the space coordinates at a plain point.
    pub fn with_gradient(&self, x: &[f64; 4]) -> (f64, [f64; 3]) {
        if let Some(value) = self.constant {
            return (value, [0.0; 3]);
        }
        let last = self.remembered(x, true);
        (last.value, last.gradient.unwrap_or([0.0; 3]))
    }

    fn remembered(&self, x: &[f64; 4], gradient: bool) -> Last {
        let bits = x.map(f64::to_bits);
        let place = self.id as usize % PLACES;
        LAST.with(|all| {
            if let Some(last) = all[place].get()
                && last.id == self.id
                && last.x == bits
                && (last.gradient.is_some() || !gradient)
            {
                return last;
            }
            let mut last = Last {
                id: self.id,
                x: bits,
                value: f64::NAN,
                gradient: None,
            };
            if gradient {
                let jet = self.at(&seed(*x));
                last.value = jet.value;
                last.gradient = Some([jet.gradient[0], jet.gradient[1], jet.gradient[2]]);
            } else {
                last.value = self.at(x);
            }
            all[place].set(Some(last));
            last
        })
    }

    /// The value if it depends on no coordinate.
    pub fn as_constant(&self) -> Option<f64> {
        self.constant
    }

    /// The same with the opposite sign.
    pub fn negated(mut self) -> Self {
        if self.constant != Some(0.0) {
            self.unit = -self.unit;
            self.constant = self.constant.map(|value| -value);
            self.id = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    /// The formula in SI units.
    pub fn text(&self) -> String {
        let text = self.formula.text();
        if self.unit < 0.0 {
            format!("-({text})")
        } else {
            text.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn field(text: &str, unit: f64) -> Field {
        let formula = Formula::parse(text, &BTreeMap::new(), [true; 5]).unwrap_or_else(|error| panic!("{error:?}"));
        Field::new(formula, [2.0, 3.0], 1.0, unit)
    }

    /// (f − 1)/unit with x in units of 2 and t in units of 3, in any order of functions, points and kinds of evaluation.
    #[test]
    fn remembered_values_belong_to_their_function_and_point() {
        let (one, other) = (field("x^2 + t", 4.0), field("x*y", -1.0));
        let negative = one.clone().negated();
        for round in 0..3 {
            for k in 0..4 {
                let x = [0.5 + f64::from(k), -0.25, 0.0, f64::from(k % 2)];
                let value = (4.0 * x[0] * x[0] + 3.0 * x[3] - 1.0) / 4.0;
                assert_eq!(one.value(&x), value);
                assert_eq!(negative.value(&x), -value);
                assert_eq!(other.value(&x), 1.0 - 4.0 * x[0] * x[1]);
                if round == 1 {
                    assert_eq!(one.with_gradient(&x), (value, [2.0 * x[0], 0.0, 0.0]));
                }
                assert_eq!(other.with_gradient(&x).1, [-4.0 * x[1], -4.0 * x[0], 0.0]);
                assert_eq!(one.at(&x), value);
            }
        }
    }
}

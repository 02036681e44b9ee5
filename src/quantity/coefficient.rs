//! Coefficients: formulas of the position, of time, and of the field itself.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::field::Field;
use super::formula::{Formula, VARIABLES};
use crate::jet::Scalar;

/// A formula in SI units as a function of dimensionless coordinates and the dimensionless field û, with a dimensionless value.
///
/// The formula's variable `T` is T = offset + unit·û. A formula without `T` is a [`Field`], whose values are the same to the bit.
#[derive(Clone, Debug)]
pub struct Coefficient {
    field: Field,
    /// Offset and unit of T, where the formula reads it.
    state: Option<[f64; 2]>,
}

/// The derivative of a formula by T at (x, y, z, t, T), in SI units.
pub fn field_slope(formula: &Formula, x: &[f64; VARIABLES.len()]) -> f64 {
    let at = std::array::from_fn(|j| StateJet::variable(j, x[j]));
    formula.evaluate_with(&at).gradient[4]
}

/// A coefficient with its exact derivatives at a point and a value of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// f.
    pub value: f64,
    /// ∂f/∂x_j at fixed û.
    pub gradient: [f64; 3],
    /// ∂f/∂û.
    pub slope: f64,
    /// ∂²f/∂û².
    pub curvature: f64,
    /// ∂²f/∂x_j∂û.
    pub mixed: [f64; 3],
}

impl From<Field> for Coefficient {
    fn from(field: Field) -> Self {
        Self { field, state: None }
    }
}

impl Coefficient {
    /// A formula of T = offset + unit·û.
    pub(super) fn new(field: Field, offset: f64, unit: f64) -> Self {
        let state = field.reads_field().then_some([offset, unit]);
        Self { field, state }
    }

    /// The function of coordinates that it is, if it does not depend on the field.
    pub fn as_field(&self) -> Option<&Field> {
        self.state.is_none().then_some(&self.field)
    }

    /// Whether it depends on the field.
    pub fn reads_field(&self) -> bool {
        self.state.is_some()
    }

    /// The value at x for the field û.
    pub fn value(&self, x: &[f64; 4], u: f64) -> f64 {
        match self.state {
            None => self.field.value(x),
            Some([offset, unit]) => self.field.at_state(&[x[0], x[1], x[2], x[3], offset + unit * u]),
        }
    }

    /// The value with all derivatives that a balance and its tangent read.
    pub fn sample(&self, x: &[f64; 4], u: f64) -> Sample {
        let Some([offset, unit]) = self.state else {
            let (value, gradient) = self.field.with_gradient(x);
            return Sample {
                value,
                gradient,
                ..Sample::default()
            };
        };
        let mut at: [StateJet; VARIABLES.len()] =
            std::array::from_fn(|j| StateJet::variable(j, if j < 4 { x[j] } else { u }));
        at[4] = at[4].scale(unit).offset(offset);
        let jet = self.field.at_state(&at);
        Sample {
            value: jet.value,
            gradient: [jet.gradient[0], jet.gradient[1], jet.gradient[2]],
            slope: jet.gradient[4],
            curvature: jet.mixed[3],
            mixed: [jet.mixed[0], jet.mixed[1], jet.mixed[2]],
        }
    }

    /// The value if it depends on neither coordinates nor field.
    pub fn as_constant(&self) -> Option<f64> {
        self.field.as_constant()
    }

    /// The formula in SI units.
    pub fn text(&self) -> String {
        self.field.text()
    }
}

/// A function of (x, y, z, t, û) at a point: value, gradient, and the second derivatives in which û takes part.
///
/// Arithmetic follows the product and chain rules, as that of [`crate::jet::CoordinateJet`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct StateJet {
    value: f64,
    /// ∂f over (x, y, z, t, û).
    gradient: [f64; 5],
    /// ∂²f/∂û∂(x, y, z, û).
    mixed: [f64; 4],
}

/// Where the other variable of each second derivative stands in the gradient.
const OTHER: [usize; 4] = [0, 1, 2, 4];

impl StateJet {
    fn variable(index: usize, value: f64) -> Self {
        let mut jet = Self::constant(value);
        jet.gradient[index] = 1.0;
        jet
    }
}

impl Add for StateJet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            gradient: std::array::from_fn(|j| self.gradient[j] + other.gradient[j]),
            mixed: std::array::from_fn(|i| self.mixed[i] + other.mixed[i]),
        }
    }
}

impl Neg for StateJet {
    type Output = Self;
    fn neg(self) -> Self {
        self.scale(-1.0)
    }
}

impl Sub for StateJet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + (-other)
    }
}

impl Mul for StateJet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (f, g) = (self, other);
        Self {
            value: f.value * g.value,
            gradient: std::array::from_fn(|j| f.gradient[j] * g.value + f.value * g.gradient[j]),
            mixed: std::array::from_fn(|i| {
                let j = OTHER[i];
                f.mixed[i] * g.value
                    + f.gradient[j] * g.gradient[4]
                    + f.gradient[4] * g.gradient[j]
                    + f.value * g.mixed[i]
            }),
        }
    }
}

impl Div for StateJet {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self * other.map(|v| {
            let r = 1.0 / v;
            [r, -r * r, 2.0 * r * r * r]
        })
    }
}

impl Scalar for StateJet {
    fn constant(value: f64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    fn value(self) -> f64 {
        self.value
    }

    fn scale(self, factor: f64) -> Self {
        Self {
            value: factor * self.value,
            gradient: self.gradient.map(|v| factor * v),
            mixed: self.mixed.map(|v| factor * v),
        }
    }

    fn map(self, derivatives: impl Fn(f64) -> [f64; 3]) -> Self {
        let [f, first, second] = derivatives(self.value);
        // An argument that does not vary has no derivatives, whatever f′ is.
        let times = |slope: f64, v: f64| if v == 0.0 { 0.0 } else { slope * v };
        Self {
            value: f,
            gradient: self.gradient.map(|v| times(first, v)),
            mixed: std::array::from_fn(|i| {
                times(first, self.mixed[i]) + times(second, self.gradient[OTHER[i]] * self.gradient[4])
            }),
        }
    }

    fn power(self, exponent: Self) -> Self {
        if exponent.gradient == [0.0; 5] {
            return self.powf(exponent.value);
        }
        // a^b = exp(b·ln a)
        let log = self.map(|v| [v.ln(), 1.0 / v, -1.0 / (v * v)]);
        (exponent * log).map(|v| [v.exp(); 3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Scales;
    use std::collections::BTreeMap;

    const SCALES: Scales = Scales {
        length: 2.0,
        time: 3.0,
        field: 50.0,
        offset: 300.0,
        modulus: 4.0,
    };

    fn coefficient(text: &str) -> Coefficient {
        let formula = Formula::parse(text, &BTreeMap::new(), [true; 5]).unwrap_or_else(|error| panic!("{error:?}"));
        SCALES.coefficient(SCALES.modulus_field(formula))
    }

    /// Every derivative by central differences of values, of a formula with every kind of operation.
    #[test]
    fn derivatives_over_position_and_field_match_differences() {
        let k =
            coefficient("(1 + 0.01*T)^1.5*exp(x*T/400) + sqrt(T + y)/(2 + z) - min(x, T)*atan2(y, T)^2 + x^(T/300)");
        let (x, u) = ([0.7, -0.4, 0.3, 0.2], 0.6);
        let f = |d: [f64; 4], du: f64| k.value(&std::array::from_fn(|j| x[j] + d[j]), u + du);
        let found = k.sample(&x, u);
        let h = 1e-4;
        let along = |j: usize, step: f64| std::array::from_fn(|i| if i == j { step } else { 0.0 });
        assert_eq!(found.value, f([0.0; 4], 0.0));
        let close = |a: f64, b: f64, what: &str| assert!((a - b).abs() < 2e-6 * (1.0 + b.abs()), "{what}: {a} {b}");
        close(found.slope, (f([0.0; 4], h) - f([0.0; 4], -h)) / (2.0 * h), "slope");
        let second = (f([0.0; 4], h) - 2.0 * found.value + f([0.0; 4], -h)) / (h * h);
        close(found.curvature, second, "curvature");
        for j in 0..3 {
            close(
                found.gradient[j],
                (f(along(j, h), 0.0) - f(along(j, -h), 0.0)) / (2.0 * h),
                "gradient",
            );
            let corner = |a: f64, b: f64| f(along(j, a * h), b * h);
            let mixed = (corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0)) / (4.0 * h * h);
            close(found.mixed[j], mixed, "mixed");
        }
    }

    /// k = 16·(1 + 0.002·T) by the modulus 4 at T = 300 + 50·û.
    #[test]
    fn the_field_enters_in_its_unit() {
        let k = coefficient("16*(1 + 0.002*T)");
        let sample = k.sample(&[0.1, 0.2, 0.0, 0.0], 2.0);
        assert!((sample.value - 4.0 * 1.8).abs() < 1e-14);
        assert!((sample.slope - 4.0 * 0.1).abs() < 1e-15);
        assert_eq!(
            (sample.curvature, sample.gradient, sample.mixed),
            (0.0, [0.0; 3], [0.0; 3])
        );
        assert!(k.reads_field() && !coefficient("1 + x").reads_field());
    }
}

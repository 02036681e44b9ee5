//! The functions that formulas know, with their derivatives.

use crate::jet::Scalar;

/// The functions of one argument.
pub(super) const UNARY: [&str; 16] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "ln", "log10", "sqrt", "abs", "sign",
    "step",
];

/// The functions of two arguments.
pub(super) const BINARY: [&str; 3] = ["atan2", "min", "max"];

/// Where `min` and `max` stand in [`BINARY`].
pub(super) const MIN: usize = 1;
pub(super) const MAX: usize = 2;

/// The value of one of [`UNARY`].
pub(super) fn unary<S: Scalar>(name: &str, a: S) -> S {
    match name {
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tan" => a.map(|v| {
            let t = v.tan();
            let s = 1.0 + t * t;
            [t, s, 2.0 * t * s]
        }),
        "asin" => a.map(|v| {
            let c = 1.0 / (1.0 - v * v).sqrt();
            [v.asin(), c, v * c * c * c]
        }),
        "acos" => a.map(|v| {
            let c = 1.0 / (1.0 - v * v).sqrt();
            [v.acos(), -c, -v * c * c * c]
        }),
        "atan" => a.atan(),
        "sinh" => a.map(|v| [v.sinh(), v.cosh(), v.sinh()]),
        "cosh" => a.map(|v| [v.cosh(), v.sinh(), v.cosh()]),
        "tanh" => a.map(|v| {
            let t = v.tanh();
            let s = 1.0 - t * t;
            [t, s, -2.0 * t * s]
        }),
        "exp" => a.map(|v| [v.exp(); 3]),
        "ln" => a.map(|v| [v.ln(), 1.0 / v, -1.0 / (v * v)]),
        "log10" => a.map(|v| {
            let scale = std::f64::consts::LOG10_E;
            [v.log10(), scale / v, -scale / (v * v)]
        }),
        "sqrt" => a.sqrt(),
        "abs" => a.map(|v| [v.abs(), v.signum(), 0.0]),
        "sign" => a.map(|v| [if v == 0.0 { 0.0 } else { v.signum() }, 0.0, 0.0]),
        "step" => a.map(|v| [if v < 0.0 { 0.0 } else { 1.0 }, 0.0, 0.0]),
        _ => unreachable!("the parser accepts only listed functions"),
    }
}

/// The value of one of [`BINARY`].
pub(super) fn binary<S: Scalar>(name: &str, a: S, b: S) -> S {
    match name {
        "atan2" => a.atan2(b),
        "min" => {
            if a.value() <= b.value() {
                a
            } else {
                b
            }
        }
        "max" => {
            if a.value() >= b.value() {
                a
            } else {
                b
            }
        }
        _ => unreachable!("the parser accepts only listed functions"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Formula;
    use super::*;
    use crate::jet::CoordinateJet;

    #[test]
    fn derivatives_of_every_function_match_central_differences() {
        for name in UNARY {
            let formula = match Formula::parse(&format!("{name}(x)"), &BTreeMap::new(), [true; 5]) {
                Ok(formula) => formula,
                Err(error) => panic!("{error:?}"),
            };
            let (x, h) = (0.37, 1e-4);
            let f = |x: f64| formula.evaluate(&[x, 0.0, 0.0, 0.0]);
            let zero = CoordinateJet::constant(0.0);
            let jet = formula.evaluate(&[CoordinateJet::coordinate(0, x, 1.0), zero, zero, zero]);
            let slope = (f(x + h) - f(x - h)) / (2.0 * h);
            let curvature = (f(x + h) - 2.0 * f(x) + f(x - h)) / (h * h);
            assert!((jet.gradient[0] - slope).abs() < 1e-6, "{name}");
            assert!((jet.hessian[0] - curvature).abs() < 1e-5, "{name}");
        }
    }
}

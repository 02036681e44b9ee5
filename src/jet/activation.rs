//! Activation functions with the derivatives that a jet and its adjoint need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::real::Real;

/// The nonlinearity of the hidden layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Activation {
    /// tanh(v), the usual choice: bounded, smooth.
    #[default]
    Tanh,
    /// sin(v), for oscillating solutions.
    Sin,
    /// v·σ(v), also called SiLU.
    Swish,
}

/// f(v) by two stored numbers from which f and its first three derivatives follow without another transcendental.
pub trait Nonlinearity: Copy + Send + Sync {
    /// The two numbers that are kept between the forward and the adjoint pass.
    fn keep<F: Real>(v: F) -> (F, F);

    /// f, f′, f″, f‴ from the kept numbers. Tanh keeps one number only and ignores the second.
    fn derivatives<F: Real>(a: F, b: F) -> [F; 4];

    /// f, f′, f″.
    #[inline(always)]
    fn two_derivatives<F: Real>(a: F, b: F) -> (F, F, F) {
        let [f, first, second, _] = Self::derivatives(a, b);
        (f, first, second)
    }
}

/// See [`Activation::Tanh`]: t; 1−t², −2t(1−t²), (1−t²)(6t²−2).
#[derive(Clone, Copy)]
pub struct Tanh;

/// See [`Activation::Sin`]: sin; cos, −sin, −cos.
#[derive(Clone, Copy)]
pub struct Sin;

/// See [`Activation::Swish`], with s = σ(v), s₁ = s(1−s): vs; s + vs₁, s₁(2 + v(1−2s)), s₁(3(1−2s) + v(1−6s₁)).
#[derive(Clone, Copy)]
pub struct Swish;

impl Nonlinearity for Tanh {
    #[inline(always)]
    fn keep<F: Real>(v: F) -> (F, F) {
        (v.tanh(), F::ZERO)
    }

    #[inline(always)]
    fn derivatives<F: Real>(t: F, _: F) -> [F; 4] {
        let first = F::ONE - t * t;
        let second = -(t + t) * first;
        [t, first, second, first * (F::of(6.0) * t * t - F::TWO)]
    }
}

impl Nonlinearity for Sin {
    #[inline(always)]
    fn keep<F: Real>(v: F) -> (F, F) {
        v.sin_cos()
    }

    #[inline(always)]
    fn derivatives<F: Real>(s: F, c: F) -> [F; 4] {
        [s, c, -s, -c]
    }
}

impl Nonlinearity for Swish {
    #[inline(always)]
    fn keep<F: Real>(v: F) -> (F, F) {
        (v, v.sigmoid())
    }

    #[inline(always)]
    fn derivatives<F: Real>(v: F, s: F) -> [F; 4] {
        let s1 = s * (F::ONE - s);
        let odd = F::ONE - s - s;
        [
            v * s,
            s + v * s1,
            s1 * (F::TWO + v * odd),
            s1 * (F::of(3.0) * odd + v * (F::ONE - F::of(6.0) * s1)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<N: Nonlinearity>(f: impl Fn(f64) -> f64) {
        let h = 1e-3;
        for v in [-2.3, -0.4, 0.0, 0.7, 1.9] {
            let (a, b) = N::keep(v);
            let exact = N::derivatives(a, b);
            // Central differences of fourth order: truncation about h⁴, rounding about 1e-16/h³ for the third.
            let g = |k: i32| f(v + f64::from(k) * h);
            let first = (8.0 * (g(1) - g(-1)) - (g(2) - g(-2))) / (12.0 * h);
            let second = (16.0 * (g(1) + g(-1)) - (g(2) + g(-2)) - 30.0 * g(0)) / (12.0 * h * h);
            let third = (-(g(3) - g(-3)) + 8.0 * (g(2) - g(-2)) - 13.0 * (g(1) - g(-1))) / (8.0 * h.powi(3));
            for (found, expected, tolerance) in [
                (exact[0], f(v), 1e-15),
                (exact[1], first, 1e-10),
                (exact[2], second, 1e-8),
                (exact[3], third, 1e-5),
            ] {
                assert!((found - expected).abs() < tolerance, "{v}: {found} {expected}");
            }
        }
    }

    #[test]
    fn derivatives_match_central_differences() {
        check::<Tanh>(f64::tanh);
        check::<Sin>(f64::sin);
        check::<Swish>(|v| v / (1.0 + (-v).exp()));
    }
}

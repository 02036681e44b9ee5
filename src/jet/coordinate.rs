//! Closed-form functions of x with their derivatives: formulas, distances and charts are evaluated with these numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Channels, Order};

/// Largest number of coordinates: x, y, z, t.
pub const COORDINATES: usize = 4;

/// The position of (j, k), j ≤ k < 3, in the packed Hessian.
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

/// A number that formulas, distances and charts can be evaluated with.
pub trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A constant.
    fn constant(value: f64) -> Self;

    /// The value without derivatives.
    fn value(self) -> f64;

    /// f(self) where `derivatives(v)` gives f(v), f′(v) and f″(v).
    fn map(self, derivatives: impl Fn(f64) -> [f64; 3]) -> Self;

    /// self^exponent.
    fn power(self, exponent: Self) -> Self;

    /// Multiplies by a constant.
    fn scale(self, factor: f64) -> Self {
        self * Self::constant(factor)
    }

    /// Adds a constant.
    fn offset(self, summand: f64) -> Self {
        self + Self::constant(summand)
    }

    /// Square root.
    fn sqrt(self) -> Self {
        self.map(|v| {
            let root = v.sqrt();
            [root, 0.5 / root, -0.25 / (root * v)]
        })
    }

    /// Sine.
    fn sin(self) -> Self {
        self.map(|v| [v.sin(), v.cos(), -v.sin()])
    }

    /// Cosine.
    fn cos(self) -> Self {
        self.map(|v| [v.cos(), -v.sin(), -v.cos()])
    }

    /// Arc tangent.
    fn atan(self) -> Self {
        self.map(|v| {
            let d = 1.0 / (1.0 + v * v);
            [v.atan(), d, -2.0 * v * d * d]
        })
    }

    /// The angle of (x, y), in (−π, π]; `self` is y.
    fn atan2(self, x: Self) -> Self {
        let angle = self.value().atan2(x.value());
        // The derivatives are those of atan(y/x) or of −atan(x/y), whichever divides by the larger number.
        let turned = if x.value().abs() >= self.value().abs() {
            (self / x).atan()
        } else {
            -(x / self).atan()
        };
        turned.offset(angle - turned.value())
    }

    /// self^n for a whole exponent, by products.
    fn powi(self, n: i32) -> Self {
        self.map(|v| {
            let power = |factor: i32, n: i32| {
                if factor == 0 {
                    0.0
                } else {
                    f64::from(factor) * v.powi(n)
                }
            };
            [v.powi(n), power(n, n - 1), power(n * (n - 1), n - 2)]
        })
    }

    /// self^n for a constant exponent.
    fn powf(self, n: f64) -> Self {
        self.map(|v| {
            let second = if n == 0.0 || n == 1.0 {
                0.0
            } else {
                n * (n - 1.0) * v.powf(n - 2.0)
            };
            let first = if n == 0.0 { 0.0 } else { n * v.powf(n - 1.0) };
            [v.powf(n), first, second]
        })
    }
}

impl Scalar for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    fn map(self, derivatives: impl Fn(f64) -> [f64; 3]) -> Self {
        derivatives(self)[0]
    }

    fn power(self, exponent: Self) -> Self {
        self.powf(exponent)
    }
}

/// A function of (x, y, z, t) at a point: value, gradient and the Hessian over the space coordinates.
///
/// Arithmetic follows the product and chain rules to second order (truncated Taylor arithmetic; Griewank & Walther,
/// *Evaluating Derivatives*, 2008, ch. 13). Time is carried to first order only, as in [`Channels`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoordinateJet {
    /// f.
    pub value: f64,
    /// ∂f/∂x, ∂f/∂y, ∂f/∂z, ∂f/∂t.
    pub gradient: [f64; COORDINATES],
    /// ∂²f/∂x_j∂x_k for (j, k) = xx, xy, xz, yy, yz, zz.
    pub hessian: [f64; 6],
}

impl CoordinateJet {
    /// The coordinate with index `axis` (3 is time) and derivative `slope` with respect to it.
    pub fn coordinate(axis: usize, value: f64, slope: f64) -> Self {
        let mut jet = Self::constant(value);
        jet.gradient[axis] = slope;
        jet
    }

    /// ∂²f/∂x_j∂x_k.
    pub fn second(&self, j: usize, k: usize) -> f64 {
        let (j, k) = (j.min(k), j.max(k));
        self.hessian[j * 3 - j * (j + 1) / 2 + k]
    }

    /// Writes the channels of `layout` into `out`, `[K]`. The layout's time is the fourth coordinate here.
    pub fn write(&self, layout: Channels, out: &mut [f64]) {
        out[0] = self.value;
        if layout.order == Order::Value {
            return;
        }
        for j in 0..layout.space {
            out[layout.first(j)] = self.gradient[j];
        }
        if layout.time {
            out[layout.first(layout.space)] = self.gradient[3];
        }
        match layout.order {
            Order::Laplacian => {
                out[layout.laplacian()] = (0..layout.space).map(|j| self.second(j, j)).sum();
            }
            Order::Hessian => {
                for (j, k) in layout.pairs() {
                    out[layout.second(j, k)] = self.second(j, k);
                }
            }
            Order::Value | Order::First => {}
        }
    }
}

impl Add for CoordinateJet {
    type Output = Self;
    #[inline]
    fn add(mut self, other: Self) -> Self {
        self.value += other.value;
        for j in 0..COORDINATES {
            self.gradient[j] += other.gradient[j];
        }
        for i in 0..PAIRS.len() {
            self.hessian[i] += other.hessian[i];
        }
        self
    }
}

impl Neg for CoordinateJet {
    type Output = Self;
    #[inline]
    fn neg(mut self) -> Self {
        self.value = -self.value;
        self.gradient.iter_mut().for_each(|v| *v = -*v);
        self.hessian.iter_mut().for_each(|v| *v = -*v);
        self
    }
}

impl Sub for CoordinateJet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + (-other)
    }
}

impl Mul for CoordinateJet {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let (f, g) = (self, other);
        let mut product = Self {
            value: f.value * g.value,
            ..Self::default()
        };
        for j in 0..COORDINATES {
            product.gradient[j] = f.gradient[j] * g.value + f.value * g.gradient[j];
        }
        for (i, (j, k)) in PAIRS.into_iter().enumerate() {
            product.hessian[i] = f.hessian[i] * g.value
                + f.gradient[j] * g.gradient[k]
                + f.gradient[k] * g.gradient[j]
                + f.value * g.hessian[i];
        }
        product
    }
}

impl Div for CoordinateJet {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self * other.map(|v| {
            let r = 1.0 / v;
            [r, -r * r, 2.0 * r * r * r]
        })
    }
}

impl Scalar for CoordinateJet {
    #[inline]
    fn constant(value: f64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    fn value(self) -> f64 {
        self.value
    }

    #[inline]
    fn scale(mut self, factor: f64) -> Self {
        self.value *= factor;
        self.gradient.iter_mut().for_each(|v| *v *= factor);
        self.hessian.iter_mut().for_each(|v| *v *= factor);
        self
    }

    #[inline]
    fn offset(mut self, summand: f64) -> Self {
        self.value += summand;
        self
    }

    fn map(self, derivatives: impl Fn(f64) -> [f64; 3]) -> Self {
        let [f, first, second] = derivatives(self.value);
        // An argument that does not vary has no derivatives, whatever f′ is: |x| or sqrt at a kink stays finite there.
        let times = |slope: f64, v: f64| if v == 0.0 { 0.0 } else { slope * v };
        Self {
            value: f,
            gradient: self.gradient.map(|v| times(first, v)),
            hessian: std::array::from_fn(|i| {
                let (j, k) = PAIRS[i];
                times(first, self.hessian[i]) + times(second, self.gradient[j] * self.gradient[k])
            }),
        }
    }

    fn power(self, exponent: Self) -> Self {
        if exponent.gradient == [0.0; COORDINATES] {
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

    /// A function that uses every operation, of (x, y, z, t).
    fn sample<S: Scalar>(x: [S; 4]) -> S {
        let [x, y, z, t] = x;
        (x * y.sin() - z.powf(3.0) / (t.offset(2.0))).sqrt() + y.atan2(x) * z.cos() + x.power(y) + t.scale(0.3) * x * z
    }

    #[test]
    fn derivatives_of_a_composite_function_match_central_differences() {
        let at = [1.3, 0.7, -0.4, 0.9];
        let jet = sample(std::array::from_fn(|j| CoordinateJet::coordinate(j, at[j], 1.0)));
        let f = |d: [f64; 4]| sample(std::array::from_fn(|j| at[j] + d[j]));
        assert_eq!(jet.value, f([0.0; 4]));
        let h = 1e-4;
        for j in 0..4 {
            let mut d = [0.0; 4];
            d[j] = h;
            let slope = (f(d) - f(d.map(|v| -v))) / (2.0 * h);
            assert!((jet.gradient[j] - slope).abs() < 1e-7, "gradient {j}");
        }
        for (i, (j, k)) in PAIRS.into_iter().enumerate() {
            let corner = |sj: f64, sk: f64| {
                let mut d = [0.0; 4];
                d[j] += sj * h;
                d[k] += sk * h;
                f(d)
            };
            let second =
                (corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0)) / (4.0 * h * h);
            // Truncation h² and rounding ε/h² are both about 1e-8 here.
            assert!((jet.hessian[i] - second).abs() < 1e-6, "hessian {i}");
        }
    }

    /// n·x^(n−1) and n·(n−1)·x^(n−2), also where a power of 0 meets a factor of 0.
    #[test]
    fn whole_powers_have_the_derivatives_of_monomials() {
        for n in -4..=6 {
            for x in [-1.5_f64, 0.0, 0.75] {
                if n < 0 && x == 0.0 {
                    continue;
                }
                let jet = CoordinateJet::coordinate(0, x, 1.0).powi(n);
                let monomial = |factor: i32, n: i32| {
                    if factor == 0 {
                        0.0
                    } else {
                        f64::from(factor) * x.powf(f64::from(n))
                    }
                };
                let expected = [monomial(1, n), monomial(n, n - 1), monomial(n * (n - 1), n - 2)];
                for (a, b) in [jet.value, jet.gradient[0], jet.hessian[0]].into_iter().zip(expected) {
                    assert!((a - b).abs() <= 1e-14 * b.abs(), "{x}^{n}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_constant_exponent_of_a_negative_base_is_exact() {
        let x = CoordinateJet::coordinate(0, -2.0, 1.0);
        let cube = x.power(CoordinateJet::constant(3.0));
        assert_eq!((cube.value, cube.gradient[0], cube.hessian[0]), (-8.0, 12.0, -12.0));
    }
}

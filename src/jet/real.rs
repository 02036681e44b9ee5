//! Vectorisable elementary functions for the fused kernel, in f32 and f64.
//!
//! Every function is branch-free, so that a loop over a slice becomes vector code of whatever width the processor has.
//! Error bounds (tested below against double-doubles): at most 2 ulp in f64 and 4 ulp in f32 for [`Real::tanh`], [`Real::sigmoid`]
//! and [`Real::sin_cos`]; the last where the result is not close to a zero other than x = 0: there the bound is absolute, 2 and 4
//! ulp of ⅛.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use pulp::Simd;

/// A floating-point type that the kernel runs in.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 2.
    const TWO: Self;

    /// Rounds a double.
    fn of(value: f64) -> Self;

    /// Widens to double.
    fn double(self) -> f64;

    /// (2ⁿ, q) with exp(x) = 2ⁿ·(1 + q), |q| < 0.42, for |x| ≤ 80 (f32) or 700 (f64); clamped outside.
    fn exp_parts(self) -> (Self, Self);

    /// tanh(x); NaN stays NaN.
    fn tanh(self) -> Self;

    /// 1 / (1 + exp(−x)).
    fn sigmoid(self) -> Self;

    /// sin(x) and cos(x).
    fn sin_cos(self) -> (Self, Self);

    /// self·b + c with one rounding: one instruction inside a dispatched loop, a function call outside.
    fn fma(self, b: Self, c: Self) -> Self;

    /// A vector of an instruction set.
    type Vector<S: Simd>: Copy;

    /// Numbers per vector.
    fn lanes<S: Simd>() -> usize;

    /// The same number in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// a·b + c with one rounding, or two where the instruction set has no fused form.
    fn fused<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;

    /// The sum of the lanes.
    fn total<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;

    /// Reads a vector.
    ///
    /// # Safety
    /// `lanes` numbers can be read at `from`.
    #[expect(unsafe_code, reason = "the caller has checked the bounds")]
    unsafe fn load<S: Simd>(from: *const Self) -> Self::Vector<S>;

    /// Writes a vector.
    ///
    /// # Safety
    /// `lanes` numbers can be written at `to`.
    #[expect(unsafe_code, reason = "the caller has checked the bounds")]
    unsafe fn store<S: Simd>(a: Self::Vector<S>, to: *mut Self);
}

/// Implements [`Real`] for one type.
///
/// - exp: x = n·ln 2 + r with |r| ≤ ½ ln 2 (Cody & Waite, *Software Manual for the Elementary Functions*, 1980, ch. 6);
///   q is the Taylor polynomial of exp(r) − 1.
/// - tanh(x) = E/(E + 2) with E = exp(2|x|) − 1 = 2ⁿ·q + (2ⁿ − 1), which keeps the relative accuracy of q when n = 0.
/// - sin, cos: x = n·π/2 + r, Taylor polynomials on |r| ≤ π/4, exchanged and signed by n mod 4.
///
/// Rounding to an integer adds and subtracts 1.5·2^(mantissa bits): the integer then stands in the low bits.
macro_rules! real {
    ($type:ident, $bits:ident, $vector:ident, $lanes:ident, $splat:ident, $fused:ident, $sum:ident, magic: $magic:expr, mantissa: $mantissa:expr, bias: $bias:expr, exp_limit: $limit:expr,
     tanh_limit: $tanh_limit:expr, ln2: [$ln2_high:expr, $ln2_low:expr], half_pi: [$($half_pi:expr),*],
     expm1: [$($e:expr),*], sin: [$($s:expr),*], cos: [$($c:expr),*]) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const TWO: Self = 2.0;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn double(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }

            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fused(a, b, c)
            }

            #[inline(always)]
            fn total<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            #[expect(unsafe_code, reason = "the caller has checked the bounds")]
            unsafe fn load<S: Simd>(from: *const Self) -> S::$vector {
                // SAFETY: as many numbers as a vector has can be read there, by the contract of this function; vectors are
                // plain old data of exactly these numbers.
                unsafe { from.cast::<S::$vector>().read_unaligned() }
            }

            #[inline(always)]
            #[expect(unsafe_code, reason = "the caller has checked the bounds")]
            unsafe fn store<S: Simd>(a: S::$vector, to: *mut Self) {
                // SAFETY: as for reading.
                unsafe { to.cast::<S::$vector>().write_unaligned(a) }
            }

            #[inline(always)]
            fn exp_parts(self) -> (Self, Self) {
                let x = if self > $limit { $limit } else { self };
                let x = if x < -$limit { -$limit } else { x };
                let shifted = x.mul_add(std::$type::consts::LOG2_E, $magic);
                let n = shifted - $magic;
                let r = n.mul_add(-$ln2_low, n.mul_add(-$ln2_high, x));
                // q = r + r²·(1/2! + r/3! + …)
                let mut q: Self = 0.0;
                $( q = r.mul_add(q, $e); )*
                let q = (r * r).mul_add(q, r);
                let power = <$type>::from_bits(
                    shifted.to_bits().wrapping_sub($magic.to_bits()).wrapping_add($bias).wrapping_shl($mantissa),
                );
                (power, q)
            }

            #[inline(always)]
            fn tanh(self) -> Self {
                let sign = self.to_bits() & (1 << ($bits::BITS - 1));
                let a = self.abs();
                let a = if a > $tanh_limit { $tanh_limit } else { a };
                let (power, q) = (a + a).exp_parts();
                let e = power.mul_add(q, power - 1.0);
                let t = e / (e + 2.0);
                <$type>::from_bits(t.to_bits() | sign)
            }

            #[inline(always)]
            fn sigmoid(self) -> Self {
                // exp(−|x|) does not overflow; σ(x) = 1/(1 + exp(−x)) = exp(x)/(1 + exp(x)).
                let (power, q) = (-self.abs()).exp_parts();
                let e = power.mul_add(q, power);
                (if self < 0.0 { e } else { 1.0 }) / (1.0 + e)
            }

            #[inline(always)]
            fn sin_cos(self) -> (Self, Self) {
                let shifted = self.mul_add(std::$type::consts::FRAC_2_PI, $magic);
                let n = shifted - $magic;
                let mut r = self;
                $( r = n.mul_add(-$half_pi, r); )*
                let z = r * r;
                let mut s: Self = 0.0;
                $( s = z.mul_add(s, $s); )*
                let s = (r * z).mul_add(s, r);
                let mut c: Self = 0.0;
                $( c = z.mul_add(c, $c); )*
                let c = (z * z).mul_add(c, (-0.5 as Self).mul_add(z, 1.0));
                let quadrant = shifted.to_bits();
                let odd = quadrant & 1 == 1;
                let (sine, cosine) = if odd { (c, s) } else { (s, c) };
                let sine_sign = (quadrant & 2) << ($bits::BITS - 2);
                let cosine_sign = ((quadrant.wrapping_add(1)) & 2) << ($bits::BITS - 2);
                (
                    <$type>::from_bits(sine.to_bits() ^ sine_sign),
                    <$type>::from_bits(cosine.to_bits() ^ cosine_sign),
                )
            }
        }
    };
}

real!(
    f64, u64, f64s, F64_LANES, splat_f64s, mul_add_e_f64s, reduce_sum_f64s,
    magic: 6_755_399_441_055_744.0_f64, mantissa: 52, bias: 1023, exp_limit: 700.0, tanh_limit: 22.0,
    // ln 2 with 32 trailing zero bits, so that n·high is exact (Cody & Waite).
    ln2: [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10],
    // π/2 in three parts of 33 bits (fdlibm, e_rem_pio2.c).
    half_pi: [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_7e-21],
    expm1: [
        1.0 / 87_178_291_200.0, 1.0 / 6_227_020_800.0, 1.0 / 479_001_600.0, 1.0 / 39_916_800.0, 1.0 / 3_628_800.0,
        1.0 / 362_880.0, 1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5
    ],
    sin: [
        1.0 / 355_687_428_096_000.0, -1.0 / 1_307_674_368_000.0, 1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0,
        1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0
    ],
    cos: [
        1.0 / 20_922_789_888_000.0, -1.0 / 87_178_291_200.0, 1.0 / 479_001_600.0, -1.0 / 3_628_800.0, 1.0 / 40_320.0,
        -1.0 / 720.0, 1.0 / 24.0
    ]
);

real!(
    f32, u32, f32s, F32_LANES, splat_f32s, mul_add_e_f32s, reduce_sum_f32s,
    magic: 12_582_912.0_f32, mantissa: 23, bias: 127, exp_limit: 80.0, tanh_limit: 9.5,
    ln2: [0.693_359_4, -2.121_944_4e-4],
    // π/2 in three parts (Cody & Waite).
    half_pi: [1.570_312_5, 4.837_513e-4, 7.549_79e-8],
    expm1: [
        1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5
    ],
    sin: [1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0],
    cos: [-1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0]
);

#[cfg(test)]
mod tests {
    use super::*;

    /// An unevaluated sum of two doubles, about 106 bits (Dekker, *Numer. Math.* 18 (1971) 224).
    #[derive(Clone, Copy)]
    struct Double(f64, f64);

    impl Double {
        fn sum(a: f64, b: f64) -> Self {
            let s = a + b;
            let t = s - a;
            Self(s, (a - (s - t)) + (b - t))
        }

        fn plus(self, other: Self) -> Self {
            let s = Self::sum(self.0, other.0);
            let s = Self::sum(s.0, s.1 + (self.1 + other.1));
            Self(s.0, s.1)
        }

        fn times(self, other: Self) -> Self {
            let p = self.0 * other.0;
            let e = self.0.mul_add(other.0, -p) + (self.0 * other.1 + self.1 * other.0);
            Self::sum(p, e)
        }

        fn over(self, other: Self) -> Self {
            let q = self.0 / other.0;
            let rest = self.plus(other.times(Self(-q, 0.0)));
            let q2 = rest.0 / other.0;
            let rest = rest.plus(other.times(Self(-q2, 0.0)));
            Self::sum(q, q2).plus(Self(rest.0 / other.0, 0.0))
        }

        /// Σ_{k ≥ first, step} (±1)·x^k/k!, for |x| ≤ 1.
        fn series(self, first: i32, step: i32, alternate: bool) -> Self {
            let mut term = Self(1.0, 0.0);
            let mut sum = Self(0.0, 0.0);
            for k in 0..40 {
                if k > 0 {
                    term = term.times(self).over(Self(f64::from(k), 0.0));
                }
                if k >= first && (k - first) % step == 0 {
                    let odd = alternate && (k - first) / step % 2 == 1;
                    sum = sum.plus(if odd { Self(-term.0, -term.1) } else { term });
                }
            }
            sum
        }

        /// exp(x) − 1 by halving the argument until it is at most ⅛: e ← e·(e + 2) doubles it.
        fn expm1(x: f64) -> Self {
            let halvings = (x.abs() * 8.0).log2().ceil().max(0.0) as i32;
            let small = x / 2f64.powi(halvings);
            let mut e = Self(small, 0.0).series(1, 1, false);
            for _ in 0..halvings {
                e = e.times(e.plus(Self(2.0, 0.0)));
            }
            e
        }

        fn tanh(x: f64) -> Self {
            if x.abs() > 25.0 {
                return Self(x.signum(), 0.0);
            }
            let e = Self::expm1(2.0 * x);
            e.over(e.plus(Self(2.0, 0.0)))
        }

        fn sigmoid(x: f64) -> Self {
            let e = Self::expm1(-x);
            Self(1.0, 0.0).over(e.plus(Self(2.0, 0.0)))
        }

        /// sin x and cos x; π/2 to 160 bits.
        fn sin_cos(x: f64) -> [Self; 2] {
            let n = (x * std::f64::consts::FRAC_2_PI).round();
            let mut r = Self(x, 0.0);
            for part in [
                std::f64::consts::FRAC_PI_2,
                6.123_233_995_736_766e-17,
                -1.497_384_904_859_169_8e-33,
            ] {
                r = r.plus(Self(n, 0.0).times(Self(-part, 0.0)));
            }
            let (s, c) = (r.series(1, 2, true), r.series(0, 2, true));
            let minus = |v: Self| Self(-v.0, -v.1);
            match n.rem_euclid(4.0) as u8 {
                0 => [s, c],
                1 => [c, minus(s)],
                2 => [minus(s), minus(c)],
                _ => [minus(c), s],
            }
        }

        /// The distance of a number in units in the last place of this one, of a type with the given bits of mantissa.
        fn ulps(self, value: f64, mantissa: i32) -> f64 {
            let exponent = self.0.abs().log2().floor().max(-1000.0) as i32;
            ((value - self.0) - self.1).abs() / 2f64.powi(exponent - mantissa)
        }
    }

    fn arguments() -> impl Iterator<Item = f64> {
        (0..40_001)
            .map(|i| f64::from(i - 20_000) * 1.1e-3 + 1e-7 * f64::from(i % 97))
            .chain((-290..0).map(|e| 10f64.powi(e)))
            .chain((1..3000).map(|i| f64::from(i) * 0.377))
    }

    /// Largest errors of tanh and sigmoid in ulp, and of sine and cosine in ulp of the larger of 2^−3 and the result.
    fn errors<F: Real>(mantissa: i32) -> [f64; 3] {
        let mut largest = [0.0_f64; 3];
        for x in arguments().map(F::of).filter(|x| x.double().abs() > 1e-30) {
            let wide = x.double();
            largest[0] = largest[0].max(Double::tanh(wide).ulps(x.tanh().double(), mantissa));
            if wide.abs() < 30.0 {
                largest[1] = largest[1].max(Double::sigmoid(wide).ulps(x.sigmoid().double(), mantissa));
            }
            let (sine, cosine) = x.sin_cos();
            for (found, exact) in [sine, cosine].into_iter().zip(Double::sin_cos(wide)) {
                let error = if exact.0.abs() < 0.125 && wide.abs() > 0.125 {
                    ((found.double() - exact.0) - exact.1).abs() / 2f64.powi(-3 - mantissa)
                } else {
                    exact.ulps(found.double(), mantissa)
                };
                largest[2] = largest[2].max(error);
            }
        }
        largest
    }

    #[test]
    fn f64_functions_stay_within_two_ulp() {
        let errors = errors::<f64>(52);
        assert!(
            errors.iter().all(|error| *error <= 2.0),
            "tanh, sigmoid, sin and cos: {errors:?}"
        );
    }

    #[test]
    fn f32_functions_stay_within_four_ulp() {
        let errors = errors::<f32>(23);
        assert!(
            errors.iter().all(|error| *error <= 4.0),
            "tanh, sigmoid, sin and cos: {errors:?}"
        );
    }

    #[test]
    fn awkward_arguments_give_limits_and_nan_stays_nan() {
        assert_eq!(Real::tanh(f64::INFINITY), 1.0);
        assert_eq!(Real::tanh(f64::NEG_INFINITY), -1.0);
        assert_eq!(Real::tanh(-0.0_f64).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(Real::tanh(1e3_f32), 1.0);
        assert!(Real::tanh(f64::NAN).is_nan() && Real::tanh(f32::NAN).is_nan());
        assert!(f64::NAN.sigmoid().is_nan() && Real::sin_cos(f64::NAN).0.is_nan());
        assert!((-1e3_f64).sigmoid() < 1e-300);
    }
}

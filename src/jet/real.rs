//! Vectorisable elementary functions for the fused kernel, in f32 and f64.
//!
//! Every function is branch-free, so that a loop over a slice becomes vector code of whatever width the processor has.
//! Error bounds (tested below): at most 2 ulp in f64 and 4 ulp in f32 for [`Real::tanh`], [`Real::sin_cos`] (where the
//! result is not close to a zero other than x = 0: there the bound is absolute, 1 ulp of 1) and [`Real::sigmoid`].

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
                // exp(−|x|) does not overflow; the other half follows from σ(−x) = exp(−x)·σ(x).
                let (power, q) = (-self.abs()).exp_parts();
                let e = power.mul_add(q, power);
                let s = 1.0 / (1.0 + e);
                if self < 0.0 { e * s } else { s }
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

    /// Distance in units in the last place of the reference.
    fn ulps64(value: f64, reference: f64) -> f64 {
        let spacing = f64::from_bits(reference.abs().to_bits() + 1) - reference.abs();
        (value - reference).abs() / spacing
    }

    fn ulps32(value: f32, reference: f64) -> f64 {
        let rounded = reference as f32;
        let spacing = f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs();
        (f64::from(value) - reference).abs() / f64::from(spacing)
    }

    fn arguments() -> impl Iterator<Item = f64> {
        (0..400_001)
            .map(|i| f64::from(i - 200_000) * 1.1e-4)
            .chain((-300..0).map(|e| 10f64.powi(e)))
            .chain((1..3000).map(|i| f64::from(i) * 0.377))
    }

    #[test]
    fn f64_functions_stay_within_two_ulp() {
        let (mut tanh, mut sigmoid, mut sine): (f64, f64, f64) = (0.0, 0.0, 0.0);
        for x in arguments() {
            // The reference functions themselves are good to 1 ulp.
            tanh = tanh.max(ulps64(Real::tanh(x), x.tanh()));
            if x.abs() < 30.0 {
                sigmoid = sigmoid.max(ulps64(x.sigmoid(), 1.0 / (1.0 + (-x).exp())));
            }
            let (s, c) = Real::sin_cos(x);
            sine = sine.max((s - x.sin()).abs()).max((c - x.cos()).abs());
        }
        assert!(tanh <= 3.0, "tanh {tanh}");
        assert!(sigmoid <= 4.0, "sigmoid {sigmoid}");
        assert!(sine <= 2.3e-16, "sine {sine}");
    }

    #[test]
    fn f32_functions_stay_within_four_ulp() {
        let (mut tanh, mut sigmoid, mut sine): (f64, f64, f64) = (0.0, 0.0, 0.0);
        for x in arguments().filter(|x| x.abs() > 1e-30 || *x == 0.0) {
            let narrow = x as f32;
            let x = f64::from(narrow);
            tanh = tanh.max(ulps32(Real::tanh(narrow), x.tanh()));
            if x.abs() < 30.0 {
                sigmoid = sigmoid.max(ulps32(narrow.sigmoid(), 1.0 / (1.0 + (-x).exp())));
            }
            let (s, c) = Real::sin_cos(narrow);
            sine = sine
                .max((f64::from(s) - x.sin()).abs())
                .max((f64::from(c) - x.cos()).abs());
        }
        assert!(tanh <= 4.0, "tanh {tanh}");
        assert!(sigmoid <= 4.0, "sigmoid {sigmoid}");
        assert!(sine <= 1.2e-7, "sine {sine}");
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

//! Elementary functions from additions and multiplications alone.
//!
//! Vulkan and WGSL have no transcendental functions in f64 and a poor sine in f32; these serve every device alike. In f64
//! relative errors are a few 1e-16, those of sine and cosine absolute and for |x| < 1e6.

use std::f64::consts::{FRAC_2_PI, LOG2_E};

use cubecl::prelude::*;

/// Sine and cosine of one angle.
#[derive(CubeType)]
pub(super) struct SineCosine<F: Float> {
    pub(super) sine: F,
    pub(super) cosine: F,
}

/// 2^(−m) for whole numbers m from 0 to 1022: the product of 2^(−2^i) over the bits of m.
#[cube]
fn negative_power_of_two(whole: f64) -> f64 {
    let mut rest = whole;
    let mut power = 0.5f64;
    let mut product = 1.0f64;
    #[unroll]
    for _ in 0..10 {
        let half = f64::floor(rest * 0.5);
        product *= select(rest - half * 2.0 > 0.5, power, 1.0f64);
        power *= power;
        rest = half;
    }
    product
}

/// e^x − 1 for x ≤ 0; NaN stays NaN.
#[cube]
pub(super) fn exp_minus_one(x: f64) -> f64 {
    // x = r − m·ln 2 with |r| ≤ ln 2/2, ln 2 in two parts of which the first has 20 zeros at its end (Cody & Waite 1980).
    let x = select(x < -708.0, -708.0f64, x);
    let m = f64::floor(0.5 - x * LOG2_E);
    let r = x + m * 6.931_471_803_691_238e-1 + m * 1.908_214_929_270_587_7e-10;
    // Taylor: the first term left out is below 2e-19.
    let mut q = 1.0 / 87178291200.0 * r + 1.0 / 6227020800.0;
    q = q * r + 1.0 / 479001600.0;
    q = q * r + 1.0 / 39916800.0;
    q = q * r + 1.0 / 3628800.0;
    q = q * r + 1.0 / 362880.0;
    q = q * r + 1.0 / 40320.0;
    q = q * r + 1.0 / 5040.0;
    q = q * r + 1.0 / 720.0;
    q = q * r + 1.0 / 120.0;
    q = q * r + 1.0 / 24.0;
    q = q * r + 1.0 / 6.0;
    q = q * r + 0.5;
    q = q * r + 1.0;
    let scale = negative_power_of_two(m);
    // 2^(−m)·(1 + qr) − 1 without cancellation where m = 0.
    scale * q * r + (scale - 1.0)
}

/// tanh(x) = (1 − e^(−2|x|))/(1 + e^(−2|x|)) with the sign of x.
#[cube]
pub(super) fn tanh_double(x: f64) -> f64 {
    let e = exp_minus_one(f64::abs(x) * -2.0);
    let t = -e / (2.0 + e);
    select(x < 0.0, -t, t)
}

/// Sine and cosine: x = r + k·π/2, |r| ≤ π/4, π/2 in three parts of 33 bits, and Taylor polynomials in r.
#[cube]
pub(super) fn sine_cosine_double(x: f64) -> SineCosine<f64> {
    let k = f64::floor(x * FRAC_2_PI + 0.5);
    let r = x - k * 1.570_796_326_734_125_6 - k * 6.077_100_506_303_966e-11 - k * 2.022_266_248_795_950_6e-21;
    let s = r * r;
    let mut odd = 1.0 / 355687428096000.0 * s - 1.0 / 1307674368000.0;
    odd = odd * s + 1.0 / 6227020800.0;
    odd = odd * s - 1.0 / 39916800.0;
    odd = odd * s + 1.0 / 362880.0;
    odd = odd * s - 1.0 / 5040.0;
    odd = odd * s + 1.0 / 120.0;
    odd = odd * s - 1.0 / 6.0;
    let sine = odd * s * r + r;
    let mut even = 1.0 / 20922789888000.0 * s - 1.0 / 87178291200.0;
    even = even * s + 1.0 / 479001600.0;
    even = even * s - 1.0 / 3628800.0;
    even = even * s + 1.0 / 40320.0;
    even = even * s - 1.0 / 720.0;
    even = even * s + 1.0 / 24.0;
    even = even * s - 0.5;
    let cosine = even * s + 1.0;
    turned::<f64>(sine, cosine, k)
}

/// The same in f32, where the sine of a device may be wrong by 2^(−11) and more beyond π (Vulkan 1.3, precision of SPIR-V
/// instructions): absolute error about 1e-7 for |x| < 1e4, π/2 in parts of 8, 11 and 24 bits.
#[cube]
pub(super) fn sine_cosine_single(x: f32) -> SineCosine<f32> {
    let k = f32::floor(x * std::f32::consts::FRAC_2_PI + 0.5);
    let r = x - k * 1.5703125 - k * 4.837513e-4 - k * 7.54979e-8;
    let s = r * r;
    let mut odd = 1.0 / 362880.0 * s - 1.0 / 5040.0;
    odd = odd * s + 1.0 / 120.0;
    odd = odd * s - 1.0 / 6.0;
    let sine = odd * s * r + r;
    let mut even = -1.0 / 3628800.0 * s + 1.0 / 40320.0;
    even = even * s - 1.0 / 720.0;
    even = even * s + 1.0 / 24.0;
    even = even * s - 0.5;
    let cosine = even * s + 1.0;
    turned::<f32>(sine, cosine, k)
}

/// After k quarter turns: (s, c), (c, −s), (−s, −c), (−c, s).
#[cube]
fn turned<F: Float>(sine: F, cosine: F, k: F) -> SineCosine<F> {
    let quarter = k - F::floor(k * F::new(0.25)) * F::new(4.0);
    let odd = quarter - F::floor(quarter * F::new(0.5)) * F::new(2.0) > F::new(0.5);
    let a = select(odd, cosine, sine);
    let b = select(odd, sine, cosine);
    SineCosine::<F> {
        sine: select(quarter > F::new(1.5), -a, a),
        cosine: select(quarter > F::new(0.5) && quarter < F::new(2.5), -b, b),
    }
}

//! Elementary functions in doubles from additions and multiplications alone.
//!
//! Vulkan and WGSL have no transcendental functions in f64; these serve every device alike. Relative errors of a few 1e-16, those of
//! sine and cosine absolute and for |x| < 1e6.
// The macro's code is not ours to polish.
#![allow(clippy::excessive_precision)]

use burn::cubecl;
use cubecl::prelude::*;

/// Sine and cosine of one angle.
#[derive(CubeType)]
pub(super) struct SineCosine {
    pub(super) sine: f64,
    pub(super) cosine: f64,
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
    let m = f64::floor(x * -1.4426950408889634 + 0.5);
    let r = x + m * 6.93147180369123816490e-01 + m * 1.90821492927058770002e-10;
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
pub(super) fn tanh(x: f64) -> f64 {
    let e = exp_minus_one(f64::abs(x) * -2.0);
    let t = -e / (2.0 + e);
    select(x < 0.0, -t, t)
}

/// Sine and cosine: x = r + k·π/2, |r| ≤ π/4, π/2 in three parts of 33 bits, and Taylor polynomials in r.
#[cube]
pub(super) fn sine_cosine(x: f64) -> SineCosine {
    let k = f64::floor(x * 0.6366197723675814 + 0.5);
    let r = x - k * 1.57079632673412561417e+00 - k * 6.07710050630396597660e-11 - k * 2.02226624879595063154e-21;
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
    // Quarter turns: (s, c), (c, −s), (−s, −c), (−c, s).
    let quarter = k - f64::floor(k * 0.25) * 4.0;
    let turned = quarter - f64::floor(quarter * 0.5) * 2.0 > 0.5;
    let a = select(turned, cosine, sine);
    let b = select(turned, sine, cosine);
    SineCosine {
        sine: select(quarter > 1.5, -a, a),
        cosine: select(quarter > 0.5 && quarter < 2.5, -b, b),
    }
}

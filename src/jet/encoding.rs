//! What enters the first layer besides ξ itself: Fourier features of ξ, and powers of the distance at the poles of the domain.

use super::real::Real;
use super::{Channels, Order};
use crate::jet::{Architecture, Pole};

/// encoded ← the jets of the input: the plain ξ_j, (sin(Bξ), cos(Bξ)), then R^(−p)·u·|u|^(p−1) with u = x − c of every pole, `[K, P, inputs]`.
pub(super) fn encode<F: Real>(architecture: &Architecture, channels: Channels, xi: &[F], encoded: &mut Vec<F>) {
    let d = channels.coordinates();
    let (p, width) = (xi.len() / d, architecture.widths[0]);
    encoded.clear();
    encoded.resize(channels.count() * p * width, F::ZERO);
    let mut put = |channel: usize, i: usize, unit: usize, value: F| encoded[(channel * p + i) * width + unit] = value;
    for (unit, &j) in architecture.plain.iter().enumerate() {
        for i in 0..p {
            put(0, i, unit, xi[i * d + j]);
            if j < channels.firsts() {
                put(channels.first(j), i, unit, F::of(architecture.slope[j]));
            }
        }
    }
    let mut first = architecture.plain.len();
    first += fourier(architecture, channels, xi, |channel, i, unit, value| {
        put(channel, i, first + unit, value);
    });
    for pole in &architecture.poles {
        for i in 0..p {
            let x: [f64; 3] = std::array::from_fn(|j| {
                if j < channels.space {
                    xi[i * d + j].double() / architecture.slope[j] + architecture.center[j]
                } else {
                    0.0
                }
            });
            power(pole, channels, &x, |channel, j, value| {
                put(channel, i, first + j, F::of(value))
            });
        }
        first += channels.space;
    }
}

/// The input that belongs to a point ξ.
pub(crate) fn encoded(architecture: &Architecture, xi: &[f64]) -> Vec<f64> {
    let space = architecture.poles.first().map_or(xi.len(), |pole| pole.space);
    let mut values = Vec::new();
    encode(
        architecture,
        Channels::new(space, xi.len() > space, Order::Value),
        xi,
        &mut values,
    );
    values
}

/// The jets of (sin(Bξ), cos(Bξ)); returns their number.
fn fourier<F: Real>(
    architecture: &Architecture,
    channels: Channels,
    xi: &[F],
    mut put: impl FnMut(usize, usize, usize, F),
) -> usize {
    let d = channels.coordinates();
    let features = architecture.frequencies.len() / d;
    for f in 0..features {
        let frequency = &architecture.frequencies[f * d..(f + 1) * d];
        let slope: Vec<F> = (0..d).map(|j| F::of(frequency[j] * architecture.slope[j])).collect();
        let seconds: Vec<F> = match channels.order {
            Order::Value | Order::First => Vec::new(),
            Order::Laplacian => vec![slope[..channels.space].iter().map(|s| *s * *s).sum()],
            Order::Hessian => channels.pairs().map(|(j, k)| slope[j] * slope[k]).collect(),
        };
        for (i, xi) in xi.chunks(d).enumerate() {
            let phase: F = (0..d).map(|j| F::of(frequency[j]) * xi[j]).sum();
            let (sine, cosine) = phase.sin_cos();
            let mut pair = |channel: usize, s: F, c: F| {
                put(channel, i, f, s);
                put(channel, i, features + f, c);
            };
            pair(0, sine, cosine);
            for j in 0..channels.firsts() {
                pair(channels.first(j), slope[j] * cosine, -slope[j] * sine);
            }
            for (s, second) in seconds.iter().enumerate() {
                pair(1 + channels.firsts() + s, -*second * sine, -*second * cosine);
            }
        }
    }
    2 * features
}

/// The jets of y = R^(−p)·u·|u|^(p−1), u = x − c, in d space coordinates; with s = |u|² and q = (p − 1)/2
///
/// - y_i = R^(−p)·u_i·s^q,
/// - ∂_j y_i = R^(−p)·(δ_ij·s^q + 2q·u_i·u_j·s^(q−1)),
/// - ∂_jk y_i = R^(−p)·(2q·(δ_ij·u_k + δ_ik·u_j + δ_jk·u_i)·s^(q−1) + 4q(q − 1)·u_i·u_j·u_k·s^(q−2)), so that
///   Δy_i = R^(−p)·(2q(d + 2) + 4q(q − 1))·u_i·s^(q−1).
pub(super) fn power(pole: &Pole, channels: Channels, x: &[f64; 3], mut put: impl FnMut(usize, usize, f64)) {
    let d = channels.space;
    let u: [f64; 3] = std::array::from_fn(|j| if j < d { x[j] - pole.center[j] } else { 0.0 });
    let square: f64 = u.iter().map(|v| v * v).sum();
    // At the corner itself, a node of the output, derivatives are those a little way off.
    let square = if square < NOWHERE { BESIDE } else { square };
    let same = |j: usize, k: usize| f64::from(u8::from(j == k));
    let q = pole.half_power();
    let one = pole.radius.powf(-pole.power) * square.powf(q);
    let two = 2.0 * q * one / square;
    let three = 2.0 * (q - 1.0) * two / square;
    for i in 0..d {
        put(0, i, one * u[i]);
        for j in 0..channels.firsts().min(d) {
            put(channels.first(j), i, one * same(i, j) + two * u[i] * u[j]);
        }
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => put(channels.laplacian(), i, two * (d as f64 + 2.0 * q) * u[i]),
            Order::Hessian => {
                for (j, k) in channels.pairs() {
                    let mixed = same(i, j) * u[k] + same(i, k) * u[j] + same(j, k) * u[i];
                    put(channels.second(j, k), i, three * u[i] * u[j] * u[k] + two * mixed);
                }
            }
        }
    }
}

/// |u|² below which a point is the pole itself.
pub(super) const NOWHERE: f64 = 1e-20;
/// |u|² that it is given then.
pub(super) const BESIDE: f64 = 1e-8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::seed;
    use crate::jet::{CoordinateJet, Scalar};

    /// The closed forms are the derivatives of R^(−p)·u·|u|^(p−1).
    #[test]
    fn the_inputs_of_a_pole_have_the_jets_of_their_formula() {
        for (space, power) in [(2, -1.0), (3, -1.0), (2, 0.5), (3, 0.5)] {
            let pole = Pole {
                center: [0.3, -0.2, 0.1],
                radius: 0.7,
                space,
                power,
            };
            let x = [1.1, 0.4, if space == 3 { -0.6 } else { 0.0 }];
            let at = seed(x);
            let u: Vec<_> = (0..space).map(|j| at[j].offset(-pole.center[j])).collect();
            let square = u.iter().map(|u| *u * *u).reduce(|a, b| a + b);
            for order in [Order::Value, Order::First, Order::Laplacian, Order::Hessian] {
                let channels = Channels::new(space, true, order);
                let mut found = vec![0.0; channels.count() * space];
                super::power(&pole, channels, &x, |channel, j, value| {
                    found[j * channels.count() + channel] = value
                });
                for (i, jet) in found.chunks(channels.count()).enumerate() {
                    let mut expected = vec![0.0; channels.count()];
                    let y = square.map(|square| {
                        let factor = match power {
                            -1.0 => CoordinateJet::constant(1.0) / square,
                            _ => CoordinateJet::constant(1.0) / square.sqrt().sqrt(),
                        };
                        (u[i] * factor).scale(pole.radius.powf(-power))
                    });
                    y.into_iter().for_each(|y| y.write(channels, &mut expected));
                    for (a, b) in jet.iter().zip(&expected) {
                        assert!((a - b).abs() < 1e-12, "{order:?}: {jet:?} {expected:?}");
                    }
                }
            }
        }
    }
}

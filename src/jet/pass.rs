//! The vectorised passes of the fused kernel: activation jets and their adjoint.
//!
//! The loops run over slices without branches, one simple expression each, so that the compiler makes vectors of them; `pulp`
//! has them compiled once per instruction set and picks one at run time.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

use super::activation::{Activation, Nonlinearity, Sin, Swish, Tanh};
use super::real::Real;
use super::{Channels, Order};

/// The points of a block are padded to a multiple of this, a whole number of vectors for every instruction set.
pub(super) const LANES: usize = 32;

/// Values that a pass takes through all channels before the next: they stay in the first-level cache.
const CHUNK: usize = 256;

/// A pass over the buffers of a block, `[K, n]`, n a multiple of [`LANES`].
pub(super) trait Pass: Sized {
    /// All its loops; marked `#[inline(always)]`, so that they are compiled with the instructions of their caller.
    fn with<N: Nonlinearity>(self);

    /// The pass of an activation, with the instructions of this processor.
    fn run(self, kind: Activation) {
        let arch = Arch::new();
        match kind {
            Activation::Tanh => arch.dispatch(Loops::<_, Tanh>(self, PhantomData)),
            Activation::Sin => arch.dispatch(Loops::<_, Sin>(self, PhantomData)),
            Activation::Swish => arch.dispatch(Loops::<_, Swish>(self, PhantomData)),
        }
    }
}

/// The loops of a pass, to be compiled for every instruction set.
struct Loops<P, N>(P, PhantomData<N>);

impl<P: Pass, N: Nonlinearity> WithSimd for Loops<P, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.with::<N>();
    }
}

/// a ← the jets of f(v); z keeps what the adjoint needs.
pub(super) struct Activate<'a, F> {
    pub(super) channels: Channels,
    pub(super) n: usize,
    pub(super) z: &'a mut [F],
    pub(super) keep: &'a mut [F],
    pub(super) a: &'a mut [F],
}

/// What an activation kept, and the buffer that changes in place.
pub(super) struct InPlace<'a, F> {
    pub(super) channels: Channels,
    pub(super) n: usize,
    pub(super) z: &'a [F],
    pub(super) keep: &'a [F],
    pub(super) buffer: &'a mut [F],
}

/// The adjoint of the pre-activations from that of the activations.
pub(super) struct Adjoint<'a, F>(pub(super) InPlace<'a, F>);

/// The change of the activations from that of the pre-activations: the adjoint's transpose.
pub(super) struct Tangent<'a, F>(pub(super) InPlace<'a, F>);

impl<F: Real> Pass for Activate<'_, F> {
    #[inline(always)]
    fn with<N: Nonlinearity>(self) {
        activate::<F, N>(self.channels, self.n, self.z, self.keep, self.a);
    }
}

impl<F: Real> Pass for Adjoint<'_, F> {
    #[inline(always)]
    fn with<N: Nonlinearity>(self) {
        let Self(on) = self;
        adjoint::<F, N>(on.channels, on.n, on.z, on.keep, on.buffer);
    }
}

impl<F: Real> Pass for Tangent<'_, F> {
    #[inline(always)]
    fn with<N: Nonlinearity>(self) {
        let Self(on) = self;
        tangent::<F, N>(on.channels, on.n, on.z, on.keep, on.buffer);
    }
}

/// The part of channel `channel` that a chunk works on.
#[inline(always)]
fn part<F>(buffer: &[F], channel: usize, n: usize, start: usize, length: usize) -> &[F] {
    &buffer[channel * n + start..][..length]
}

#[inline(always)]
fn part_mut<F>(buffer: &mut [F], channel: usize, n: usize, start: usize, length: usize) -> &mut [F] {
    &mut buffer[channel * n + start..][..length]
}

#[inline(always)]
fn activate<F: Real, N: Nonlinearity>(channels: Channels, n: usize, z: &mut [F], keep: &mut [F], a: &mut [F]) {
    let pairs = pairs(channels);
    let seconds = 1 + channels.firsts();
    let (mut scratch, mut first, mut second) = ([F::ZERO; CHUNK], [F::ZERO; CHUNK], [F::ZERO; CHUNK]);
    for start in (0..n).step_by(CHUNK) {
        let length = CHUNK.min(n - start);
        let (first, second) = (&mut first[..length], &mut second[..length]);
        {
            let v = part_mut(z, 0, n, start, length);
            let kept = if keep.is_empty() {
                &mut scratch[..length]
            } else {
                part_mut(keep, 0, n, start, length)
            };
            for (v, kept) in v.iter_mut().zip(kept.iter_mut()) {
                (*v, *kept) = N::keep(*v);
            }
            let value = part_mut(a, 0, n, start, length);
            for i in 0..length {
                (value[i], first[i], second[i]) = N::two_derivatives(v[i], kept[i]);
            }
        }
        for j in 0..channels.firsts() {
            let channel = channels.first(j);
            let (out, d) = (
                part_mut(a, channel, n, start, length),
                part(z, channel, n, start, length),
            );
            for i in 0..length {
                out[i] = first[i] * d[i];
            }
        }
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => {
                let squares = squares(channels, n, start, z, &mut scratch[..length]);
                let out = part_mut(a, seconds, n, start, length);
                let laplacian = part(z, seconds, n, start, length);
                for i in 0..length {
                    out[i] = first[i].fma(laplacian[i], second[i] * squares[i]);
                }
            }
            Order::Hessian => {
                for (s, &(j, k)) in pairs.iter().take(channels.seconds()).enumerate() {
                    let out = part_mut(a, seconds + s, n, start, length);
                    let h = part(z, seconds + s, n, start, length);
                    let dj = part(z, channels.first(j), n, start, length);
                    let dk = part(z, channels.first(k), n, start, length);
                    for i in 0..length {
                        out[i] = first[i].fma(h[i], second[i] * dj[i] * dk[i]);
                    }
                }
            }
        }
    }
}

/// Σ d_j² over the space coordinates.
#[inline(always)]
fn squares<'a, F: Real>(channels: Channels, n: usize, start: usize, z: &[F], squares: &'a mut [F]) -> &'a [F] {
    squares.fill(F::ZERO);
    for j in 0..channels.space {
        let d = part(z, channels.first(j), n, start, squares.len());
        for (square, d) in squares.iter_mut().zip(d) {
            *square = d.fma(*d, *square);
        }
    }
    squares
}

#[inline(always)]
fn adjoint<F: Real, N: Nonlinearity>(channels: Channels, n: usize, z: &[F], keep: &[F], bar: &mut [F]) {
    let pairs = pairs(channels);
    let seconds = 1 + channels.firsts();
    let mut s = [[F::ZERO; CHUNK]; 3];
    let mut v_bar = [F::ZERO; CHUNK];
    let mut scratch = [F::ZERO; CHUNK];
    for start in (0..n).step_by(CHUNK) {
        let length = CHUNK.min(n - start);
        let [s1, s2, s3] = &mut s;
        let (s1, s2, s3) = (&mut s1[..length], &mut s2[..length], &mut s3[..length]);
        let v_bar = &mut v_bar[..length];
        {
            let one = part(z, 0, n, start, length);
            let kept = if keep.is_empty() {
                one
            } else {
                part(keep, 0, n, start, length)
            };
            let bar = part(bar, 0, n, start, length);
            for i in 0..length {
                [_, s1[i], s2[i], s3[i]] = N::derivatives(one[i], kept[i]);
                v_bar[i] = s1[i] * bar[i];
            }
        }
        // First-order channels: d̄ ← s₁·d̄ (+ below, from the second-order ones), v̄ += s₂·Σ d̄·d.
        for j in 0..channels.firsts() {
            let d = part(z, channels.first(j), n, start, length);
            let d_bar = part_mut(bar, channels.first(j), n, start, length);
            for i in 0..length {
                v_bar[i] = (s2[i] * d_bar[i]).fma(d[i], v_bar[i]);
                d_bar[i] *= s1[i];
            }
        }
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => {
                let squares = squares(channels, n, start, z, &mut scratch[..length]);
                let l_bar = part_mut(bar, seconds, n, start, length);
                let laplacian = part(z, seconds, n, start, length);
                for i in 0..length {
                    let change = s2[i].fma(laplacian[i], s3[i] * squares[i]);
                    v_bar[i] = l_bar[i].fma(change, v_bar[i]);
                    // s₂ becomes 2·l̄·s₂.
                    s2[i] = F::TWO * l_bar[i] * s2[i];
                    l_bar[i] = s1[i] * l_bar[i];
                }
                for j in 0..channels.space {
                    let d = part(z, channels.first(j), n, start, length);
                    let d_bar = part_mut(bar, channels.first(j), n, start, length);
                    for i in 0..length {
                        d_bar[i] = s2[i].fma(d[i], d_bar[i]);
                    }
                }
            }
            Order::Hessian => {
                let both = &mut scratch[..length];
                for (s, &(j, k)) in pairs.iter().take(channels.seconds()).enumerate() {
                    let h = part(z, seconds + s, n, start, length);
                    let (dj, dk) = (
                        part(z, channels.first(j), n, start, length),
                        part(z, channels.first(k), n, start, length),
                    );
                    let h_bar = part_mut(bar, seconds + s, n, start, length);
                    for i in 0..length {
                        let change = s2[i].fma(h[i], s3[i] * dj[i] * dk[i]);
                        v_bar[i] = h_bar[i].fma(change, v_bar[i]);
                        both[i] = h_bar[i] * s2[i];
                        h_bar[i] = s1[i] * h_bar[i];
                    }
                    for (to, by) in [(j, dk), (k, dj)] {
                        let d_bar = part_mut(bar, channels.first(to), n, start, length);
                        for i in 0..length {
                            d_bar[i] = both[i].fma(by[i], d_bar[i]);
                        }
                    }
                }
            }
        }
        part_mut(bar, 0, n, start, length).copy_from_slice(v_bar);
    }
}

/// v̇ ← s₁·v̇, ḋ ← s₁·ḋ + s₂·v̇·d, l̇ ← s₁·l̇ + s₂·(v̇·l + 2·Σ d·ḋ) + s₃·v̇·Σ d², and each second derivative likewise.
#[inline(always)]
fn tangent<F: Real, N: Nonlinearity>(channels: Channels, n: usize, z: &[F], keep: &[F], dot: &mut [F]) {
    let pairs = pairs(channels);
    let seconds = (1 + channels.firsts()) * n;
    for i in 0..n {
        let kept = keep.get(i).copied().unwrap_or(F::ZERO);
        let [_, s1, s2, s3] = N::derivatives(z[i], kept);
        let v_dot = dot[i];
        let d = |j: usize| z[channels.first(j) * n + i];
        // The second-order channels first: they read the changes of the first-order ones before the pass.
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => {
                let mut mixed = z[seconds + i] * v_dot;
                let mut squares = F::ZERO;
                for j in 0..channels.space {
                    mixed += F::TWO * d(j) * dot[channels.first(j) * n + i];
                    squares += d(j) * d(j);
                }
                dot[seconds + i] = s1 * dot[seconds + i] + s2 * mixed + s3 * v_dot * squares;
            }
            Order::Hessian => {
                for (s, &(j, k)) in pairs.iter().take(channels.seconds()).enumerate() {
                    let at = seconds + s * n + i;
                    let (dj, dk) = (dot[channels.first(j) * n + i], dot[channels.first(k) * n + i]);
                    let mixed = z[at] * v_dot + d(j) * dk + d(k) * dj;
                    dot[at] = s1 * dot[at] + s2 * mixed + s3 * v_dot * d(j) * d(k);
                }
            }
        }
        for j in 0..channels.firsts() {
            let at = channels.first(j) * n + i;
            dot[at] = s1 * dot[at] + s2 * v_dot * d(j);
        }
        dot[i] = s1 * v_dot;
    }
}

/// [`Channels::pairs`] without an allocation.
#[inline(always)]
fn pairs(channels: Channels) -> [(usize, usize); 6] {
    let mut pairs = [(0, 0); 6];
    let all = (0..channels.space).flat_map(|j| (j..channels.space).map(move |k| (j, k)));
    for (slot, pair) in pairs.iter_mut().zip(all) {
        *slot = pair;
    }
    pairs
}

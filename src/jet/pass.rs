//! The vectorised passes of the fused kernel: activation jets and their adjoint.
//!
//! The loops run over [`LANES`] values at a time without branches; `pulp` compiles them once per instruction set and
//! picks one at run time.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

use super::activation::{Activation, Nonlinearity, Sin, Swish, Tanh};
use super::real::Real;
use super::{Channels, Order};

/// Values per inner loop; the points of a block are padded to a multiple of it.
pub(super) const LANES: usize = 32;

/// a ← the jets of f(v); z keeps what the adjoint needs. Buffers are `[K, n]`, n a multiple of [`LANES`].
pub(super) fn activation_pass<F: Real>(
    kind: Activation,
    channels: Channels,
    n: usize,
    z: &mut [F],
    keep: &mut [F],
    a: &mut [F],
) {
    let pass = Activate {
        channels,
        n,
        z,
        keep,
        a,
    };
    match kind {
        Activation::Tanh => pass.run::<Tanh>(),
        Activation::Sin => pass.run::<Sin>(),
        Activation::Swish => pass.run::<Swish>(),
    }
}

/// bar ← the adjoint of the pre-activations from that of the activations, in place.
pub(super) fn adjoint_pass<F: Real>(
    kind: Activation,
    channels: Channels,
    n: usize,
    z: &[F],
    keep: &[F],
    bar: &mut [F],
) {
    let pass = InPlace {
        channels,
        n,
        z,
        keep,
        bar,
    };
    match kind {
        Activation::Tanh => pass.adjoint::<Tanh>(),
        Activation::Sin => pass.adjoint::<Sin>(),
        Activation::Swish => pass.adjoint::<Swish>(),
    }
}

/// dot ← the change of the activations from that of the pre-activations, in place: the adjoint's transpose.
pub(super) fn tangent_pass<F: Real>(
    kind: Activation,
    channels: Channels,
    n: usize,
    z: &[F],
    keep: &[F],
    dot: &mut [F],
) {
    let pass = InPlace {
        channels,
        n,
        z,
        keep,
        bar: dot,
    };
    match kind {
        Activation::Tanh => pass.tangent::<Tanh>(),
        Activation::Sin => pass.tangent::<Sin>(),
        Activation::Swish => pass.tangent::<Swish>(),
    }
}

/// The operands of a pass forward.
struct Activate<'a, F> {
    channels: Channels,
    n: usize,
    z: &'a mut [F],
    keep: &'a mut [F],
    a: &'a mut [F],
}

/// The operands of a pass that changes one buffer.
struct InPlace<'a, F> {
    channels: Channels,
    n: usize,
    z: &'a [F],
    keep: &'a [F],
    bar: &'a mut [F],
}

/// A loop to be compiled for every instruction set, with the nonlinearity N.
struct Loop<P, N, const ADJOINT: bool>(P, PhantomData<N>);

impl<F: Real> Activate<'_, F> {
    fn run<N: Nonlinearity>(self) {
        Arch::new().dispatch(Loop::<_, N, false>(self, PhantomData));
    }
}

impl<F: Real> InPlace<'_, F> {
    fn adjoint<N: Nonlinearity>(self) {
        Arch::new().dispatch(Loop::<_, N, true>(self, PhantomData));
    }

    fn tangent<N: Nonlinearity>(self) {
        Arch::new().dispatch(Loop::<_, N, false>(self, PhantomData));
    }
}

impl<F: Real, N: Nonlinearity> WithSimd for Loop<Activate<'_, F>, N, false> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Activate {
            channels,
            n,
            z,
            keep,
            a,
        } = self.0;
        activate::<F, N>(channels, n, z, keep, a);
    }
}

impl<F: Real, N: Nonlinearity> WithSimd for Loop<InPlace<'_, F>, N, true> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let InPlace {
            channels,
            n,
            z,
            keep,
            bar,
        } = self.0;
        adjoint::<F, N>(channels, n, z, keep, bar);
    }
}

impl<F: Real, N: Nonlinearity> WithSimd for Loop<InPlace<'_, F>, N, false> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let InPlace {
            channels,
            n,
            z,
            keep,
            bar,
        } = self.0;
        tangent::<F, N>(channels, n, z, keep, bar);
    }
}

/// One vector's worth of a channel.
#[inline(always)]
fn lanes<F: Real>(buffer: &[F], at: usize) -> &[F; LANES] {
    match buffer[at..at + LANES].try_into() {
        Ok(lanes) => lanes,
        Err(_) => unreachable!("the slice has this length"),
    }
}

#[inline(always)]
fn lanes_mut<F: Real>(buffer: &mut [F], at: usize) -> &mut [F; LANES] {
    match (&mut buffer[at..at + LANES]).try_into() {
        Ok(lanes) => lanes,
        Err(_) => unreachable!("the slice has this length"),
    }
}

#[inline(always)]
fn activate<F: Real, N: Nonlinearity>(channels: Channels, n: usize, z: &mut [F], keep: &mut [F], a: &mut [F]) {
    let pairs = pairs(channels);
    let seconds = (1 + channels.firsts()) * n;
    for start in (0..n).step_by(LANES) {
        let mut first = [F::ZERO; LANES];
        let mut second = [F::ZERO; LANES];
        {
            let (value, v) = (lanes_mut(a, start), lanes_mut(z, start));
            let mut kept = [F::ZERO; LANES];
            for l in 0..LANES {
                let (one, two) = N::keep(v[l]);
                let [f, d1, d2, _] = N::derivatives(one, two);
                (v[l], kept[l]) = (one, two);
                (value[l], first[l], second[l]) = (f, d1, d2);
            }
            if !keep.is_empty() {
                *lanes_mut(keep, start) = kept;
            }
        }
        for j in 0..channels.firsts() {
            let at = channels.first(j) * n + start;
            let (out, d) = (lanes_mut(a, at), lanes(z, at));
            for l in 0..LANES {
                out[l] = first[l] * d[l];
            }
        }
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => {
                let mut squares = [F::ZERO; LANES];
                for j in 0..channels.space {
                    let d = lanes(z, channels.first(j) * n + start);
                    for l in 0..LANES {
                        squares[l] = d[l].fma(d[l], squares[l]);
                    }
                }
                let (out, laplacian) = (lanes_mut(a, seconds + start), lanes(z, seconds + start));
                for l in 0..LANES {
                    out[l] = first[l].fma(laplacian[l], second[l] * squares[l]);
                }
            }
            Order::Hessian => {
                for (s, &(j, k)) in pairs.iter().take(channels.seconds()).enumerate() {
                    let at = seconds + s * n + start;
                    let (out, h) = (lanes_mut(a, at), lanes(z, at));
                    let dj = lanes(z, channels.first(j) * n + start);
                    let dk = lanes(z, channels.first(k) * n + start);
                    for l in 0..LANES {
                        out[l] = first[l].fma(h[l], second[l] * dj[l] * dk[l]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn adjoint<F: Real, N: Nonlinearity>(channels: Channels, n: usize, z: &[F], keep: &[F], bar: &mut [F]) {
    let pairs = pairs(channels);
    let seconds = (1 + channels.firsts()) * n;
    for start in (0..n).step_by(LANES) {
        let mut s1 = [F::ZERO; LANES];
        let mut s2 = [F::ZERO; LANES];
        let mut s3 = [F::ZERO; LANES];
        let mut v_bar = [F::ZERO; LANES];
        {
            let one = lanes(z, start);
            let kept = if keep.is_empty() {
                &[F::ZERO; LANES]
            } else {
                lanes(keep, start)
            };
            let bar = lanes(bar, start);
            for l in 0..LANES {
                [_, s1[l], s2[l], s3[l]] = N::derivatives(one[l], kept[l]);
                v_bar[l] = s1[l] * bar[l];
            }
        }
        // First-order channels: d̄ ← s₁·d̄ (+ below, from the second-order ones), v̄ += s₂·Σ d̄·d.
        for j in 0..channels.firsts() {
            let at = channels.first(j) * n + start;
            let (d_bar, d) = (lanes_mut(bar, at), lanes(z, at));
            for l in 0..LANES {
                v_bar[l] = (s2[l] * d_bar[l]).fma(d[l], v_bar[l]);
                d_bar[l] *= s1[l];
            }
        }
        match channels.order {
            Order::Value | Order::First => {}
            Order::Laplacian => {
                let l_bar = *lanes(bar, seconds + start);
                let mut squares = [F::ZERO; LANES];
                for j in 0..channels.space {
                    let at = channels.first(j) * n + start;
                    let (d_bar, d) = (lanes_mut(bar, at), lanes(z, at));
                    for l in 0..LANES {
                        squares[l] = d[l].fma(d[l], squares[l]);
                        d_bar[l] = (F::TWO * l_bar[l] * s2[l]).fma(d[l], d_bar[l]);
                    }
                }
                let (out, laplacian) = (lanes_mut(bar, seconds + start), lanes(z, seconds + start));
                for l in 0..LANES {
                    v_bar[l] = l_bar[l].fma(s2[l].fma(laplacian[l], s3[l] * squares[l]), v_bar[l]);
                    out[l] = s1[l] * l_bar[l];
                }
            }
            Order::Hessian => {
                for (s, &(j, k)) in pairs.iter().take(channels.seconds()).enumerate() {
                    let at = seconds + s * n + start;
                    let h_bar = *lanes(bar, at);
                    let h = lanes(z, at);
                    let (aj, ak) = (channels.first(j) * n + start, channels.first(k) * n + start);
                    let (dj, dk) = (lanes(z, aj), lanes(z, ak));
                    for l in 0..LANES {
                        v_bar[l] = h_bar[l].fma(s2[l].fma(h[l], s3[l] * dj[l] * dk[l]), v_bar[l]);
                    }
                    let dj_bar = lanes_mut(bar, aj);
                    for l in 0..LANES {
                        dj_bar[l] = (h_bar[l] * s2[l]).fma(dk[l], dj_bar[l]);
                    }
                    let dk_bar = lanes_mut(bar, ak);
                    for l in 0..LANES {
                        dk_bar[l] = (h_bar[l] * s2[l]).fma(dj[l], dk_bar[l]);
                    }
                    let out = lanes_mut(bar, at);
                    for l in 0..LANES {
                        out[l] = s1[l] * h_bar[l];
                    }
                }
            }
        }
        *lanes_mut(bar, start) = v_bar;
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

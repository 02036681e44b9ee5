//! The seam at which a backend brings activations and products of its own; Burn's tensor operations elsewhere.

use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use burn_tensor::backend::Backend;
use burn_tensor::{DType, Tensor};

use crate::jet::activation::Activation;
use crate::jet::{Channels, Order};

/// A backend that evaluates jets.
pub trait JetBackend: Backend {
    /// The jets of f(z + b), b added to the value of every point.
    ///
    /// With v the biased value, d_j the first-order channels and f′, f″ at v: f, f′·d_j, and for the second-order channels
    /// f′·l + f″·Σ_j d_j² (Laplacian) or f′·h_jk + f″·d_j·d_k (Hessian). The default does this in tensor operations.
    ///
    /// # Shapes
    /// `z` and the result `[K, n, w]`, `biases` `[w]`.
    fn activate(kind: Activation, channels: Channels, z: Tensor<Self, 3>, biases: Tensor<Self, 1>) -> Tensor<Self, 3> {
        by_operations(kind, channels, z, biases)
    }

    /// The product of matrices `[a, b]` and `[b, c]`, every operation in the precision of its elements.
    fn product(left: Tensor<Self, 2>, right: Tensor<Self, 2>) -> Tensor<Self, 2> {
        left.matmul(right)
    }
}

impl JetBackend for NdArray {}
impl JetBackend for Autodiff<NdArray> {}

/// [`JetBackend::activate`] by Burn's tensor operations.
pub(crate) fn by_operations<B: Backend>(
    kind: Activation,
    channels: Channels,
    z: Tensor<B, 3>,
    biases: Tensor<B, 1>,
) -> Tensor<B, 3> {
    let [k, n, width] = z.dims();
    let channel = |c: usize| z.clone().slice([c..c + 1, 0..n, 0..width]).reshape([n, width]);
    let value = channel(0) + biases.reshape([1, width]);
    let [f, first, second] = derivatives(kind, value, channels);
    let mut out = Vec::with_capacity(k);
    out.push(f);
    out.extend((0..channels.firsts()).map(|j| first.clone() * channel(channels.first(j))));
    match channels.order {
        Order::Value | Order::First => {}
        Order::Laplacian => {
            let squares = (0..channels.space)
                .map(|j| {
                    let d = channel(channels.first(j));
                    d.clone() * d
                })
                .reduce(|a, b| a + b);
            let linear = first * channel(channels.laplacian());
            out.push(match squares {
                Some(squares) => linear + second * squares,
                None => linear,
            });
        }
        Order::Hessian => {
            for (j, k) in channels.pairs() {
                let product = channel(channels.first(j)) * channel(channels.first(k));
                out.push(first.clone() * channel(channels.second(j, k)) + second.clone() * product);
            }
        }
    }
    Tensor::stack(out, 0)
}

/// f, f′, f″ at v; the second is skipped where no channel needs it.
fn derivatives<B: Backend>(kind: Activation, v: Tensor<B, 2>, channels: Channels) -> [Tensor<B, 2>; 3] {
    let second = channels.seconds() > 0;
    match kind {
        Activation::Tanh => {
            let t = v.tanh();
            let first = -(t.clone() * t.clone()) + 1.0;
            let curvature = if second {
                t.clone() * first.clone() * -2.0
            } else {
                t.clone()
            };
            [t, first, curvature]
        }
        Activation::Sin => {
            let s = v.clone().sin();
            [s.clone(), v.cos(), -s]
        }
        Activation::Swish => {
            // 1/(1 + e^(−v)), which Burn's own function rounds to f32; e^bound is a number still.
            let bound = if v.dtype() == DType::F64 { 700.0 } else { 80.0 };
            let s = v.ones_like() / ((-v.clone().clamp_min(-bound)).exp() + 1.0);
            let s1 = s.clone() * (-s.clone() + 1.0);
            let first = s.clone() + v.clone() * s1.clone();
            let curvature = if second {
                s1 * (v.clone() * (s.clone() * -2.0 + 1.0) + 2.0)
            } else {
                s1
            };
            [v * s, first, curvature]
        }
    }
}

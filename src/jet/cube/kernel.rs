//! The kernels and their launch.
#![expect(
    clippy::explicit_counter_loop,
    reason = "unrolled loops count at compile time, which only a counter of their own does"
)]

use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use burn_tensor::{DType, Shape};
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_tiling::launch_ref;
use cubek::matmul::routines::BlueprintStrategy;
use cubek::matmul::routines::simple_unit::SimpleUnitAlgorithm;
use cubek::std::InputBinding;

use super::elementary::{SineCosine, exp_minus_one, sine_cosine_double, sine_cosine_single, tanh_double};
use crate::jet::activation::Activation;
use crate::jet::{Channels, Order};

/// f and its first three derivatives.
#[derive(CubeType)]
struct Derivatives<F: Float> {
    value: F,
    first: F,
    second: F,
    third: F,
}

/// The formulas stand at [`crate::jet::activation`].
#[cube]
fn derivatives<F: Float>(v: F, #[comptime] kind: Activation, #[comptime] double: bool) -> Derivatives<F> {
    let one = F::new(1.0);
    let two = F::new(2.0);
    if comptime!(kind == Activation::Tanh) {
        let t = tanh::<F>(v, double);
        let first = one - t * t;
        Derivatives::<F> {
            value: t,
            first,
            second: t * first * F::new(-2.0),
            third: first * (F::new(6.0) * t * t - two),
        }
    } else if comptime!(kind == Activation::Sin) {
        let at = sine_cosine::<F>(v, double);
        Derivatives::<F> {
            value: at.sine,
            first: at.cosine,
            second: -at.sine,
            third: -at.cosine,
        }
    } else {
        let s = sigmoid::<F>(v, double);
        let s1 = s * (one - s);
        let odd = one - s - s;
        Derivatives::<F> {
            value: v * s,
            first: s + v * s1,
            second: s1 * (two + v * odd),
            third: s1 * (F::new(3.0) * odd + v * (one - F::new(6.0) * s1)),
        }
    }
}

#[cube]
fn sine_cosine<F: Float>(v: F, #[comptime] double: bool) -> SineCosine<F> {
    if comptime!(double) {
        let at = sine_cosine_double(f64::cast_from(v));
        SineCosine::<F> {
            sine: F::cast_from(at.sine),
            cosine: F::cast_from(at.cosine),
        }
    } else {
        let at = sine_cosine_single(f32::cast_from(v));
        SineCosine::<F> {
            sine: F::cast_from(at.sine),
            cosine: F::cast_from(at.cosine),
        }
    }
}

/// Some drivers divide infinities for large v; beyond 15 the result rounds to 1 in f32.
#[cube]
fn tanh<F: Float>(v: F, #[comptime] double: bool) -> F {
    if comptime!(double) {
        F::cast_from(tanh_double(f64::cast_from(v)))
    } else {
        let bound = F::new(15.0);
        let low = select(v < -bound, -bound, v);
        F::tanh(select(v > bound, bound, low))
    }
}

/// 1/(1 + e^(−v)) without the exponential of a positive number.
#[cube]
fn sigmoid<F: Float>(v: F, #[comptime] double: bool) -> F {
    let one = F::new(1.0);
    let e = if comptime!(double) {
        F::cast_from(exp_minus_one(-f64::abs(f64::cast_from(v)))) + one
    } else {
        F::exp(-F::abs(v))
    };
    select(v < F::new(0.0), e, one) / (one + e)
}

/// The channels of one value, in order.
#[cube]
fn gather<F: Float>(from: &Array<F>, position: usize, stride: usize, #[comptime] count: usize) -> Sequence<F> {
    let mut channels = Sequence::<F>::new();
    #[unroll]
    for c in 0..count {
        channels.push(from[c * stride + position]);
    }
    channels
}

/// Σ_j d_j² over the space coordinates.
#[cube]
fn squares<F: Float>(z: &Sequence<F>, #[comptime] space: usize) -> F {
    let mut sum = F::new(0.0);
    let mut j = comptime!(1usize);
    #[unroll]
    for _ in 0..space {
        sum += z[j] * z[j];
        comptime!(j += 1);
    }
    sum
}

/// See [`crate::jet::generic::JetBackend::activate`]; one unit per point and neuron.
#[cube(launch_unchecked, address_type = "dynamic")]
fn forward_kernel<F: Float>(
    z: &Array<F>,
    biases: &Array<F>,
    out: &mut Array<F>,
    #[comptime] kind: Activation,
    #[comptime] channels: Channels,
    #[comptime] double: bool,
    #[define(F)] _dtype: StorageType,
) {
    let count = comptime!(channels.count());
    let stride = out.len() / count;
    let position = ABSOLUTE_POS;
    if position >= stride {
        terminate!();
    }
    let z = gather::<F>(z, position, stride, count);
    let f = derivatives::<F>(z[0] + biases[position % biases.len()], kind, double);
    out[position] = f.value;
    let mut c = comptime!(1usize);
    #[unroll]
    for _ in 0..comptime!(channels.firsts()) {
        out[c * stride + position] = f.first * z[c];
        comptime!(c += 1);
    }
    if comptime!(channels.order == Order::Laplacian) {
        out[c * stride + position] = f.first * z[c] + f.second * squares::<F>(&z, channels.space);
    }
    if comptime!(channels.order == Order::Hessian) {
        let mut j = comptime!(1usize);
        #[unroll]
        for _ in 0..comptime!(channels.space) {
            let mut k = comptime!(j);
            #[unroll]
            for _ in 0..comptime!(channels.space + 1 - j) {
                out[c * stride + position] = f.first * z[c] + f.second * z[j] * z[k];
                comptime!(c += 1);
                comptime!(k += 1);
            }
            comptime!(j += 1);
        }
    }
}

/// The adjoint of the biased pre-activations from that of the activations, with a bar for an adjoint and v for the biased value:
///
/// - v̄ = f′·v̄ + f″·Σ_j d̄_j·d_j + Σ over the second-order channels of l̄·(f″·l + f‴·Σ d²) or h̄·(f″·h + f‴·d_j·d_k),
/// - d̄_j = f′·d̄_j + f″·(2·l̄·d_j, or Σ_k h̄_jk·d_k with the diagonal twice), l̄ = f′·l̄ and h̄ = f′·h̄.
#[cube(launch_unchecked, address_type = "dynamic")]
fn adjoint_kernel<F: Float>(
    z: &Array<F>,
    biases: &Array<F>,
    bar: &Array<F>,
    out: &mut Array<F>,
    #[comptime] kind: Activation,
    #[comptime] channels: Channels,
    #[comptime] double: bool,
    #[define(F)] _dtype: StorageType,
) {
    let count = comptime!(channels.count());
    let space = comptime!(channels.space);
    let stride = out.len() / count;
    let position = ABSOLUTE_POS;
    if position >= stride {
        terminate!();
    }
    let z = gather::<F>(z, position, stride, count);
    let bar = gather::<F>(bar, position, stride, count);
    let f = derivatives::<F>(z[0] + biases[position % biases.len()], kind, double);
    let two = F::new(2.0);
    let mut value = f.first * bar[0];
    let mut c = comptime!(1usize);
    #[unroll]
    for _ in 0..comptime!(channels.firsts()) {
        value += f.second * bar[c] * z[c];
        let mut first = f.first * bar[c];
        if comptime!(channels.order == Order::Laplacian && c <= space) {
            first += f.second * two * bar[comptime!(channels.laplacian())] * z[c];
        }
        if comptime!(channels.order == Order::Hessian && c <= space) {
            let mut k = comptime!(1usize);
            #[unroll]
            for _ in 0..space {
                let h = f.second * bar[comptime!(channels.second(c - 1, k - 1))] * z[k];
                first += if comptime!(c == k) { two * h } else { h };
                comptime!(k += 1);
            }
        }
        out[c * stride + position] = first;
        comptime!(c += 1);
    }
    if comptime!(channels.order == Order::Laplacian) {
        value += bar[c] * (f.second * z[c] + f.third * squares::<F>(&z, space));
        out[c * stride + position] = f.first * bar[c];
    }
    if comptime!(channels.order == Order::Hessian) {
        let mut j = comptime!(1usize);
        #[unroll]
        for _ in 0..space {
            let mut k = comptime!(j);
            #[unroll]
            for _ in 0..comptime!(space + 1 - j) {
                value += bar[c] * (f.second * z[c] + f.third * z[j] * z[k]);
                out[c * stride + position] = f.first * bar[c];
                comptime!(c += 1);
                comptime!(k += 1);
            }
            comptime!(j += 1);
        }
    }
    out[position] = value;
}

/// The activations of `z`, `[K, n, w]`; or, with `bar`, their adjoint, that of `z`.
pub(super) fn activation<R: CubeRuntime>(
    kind: Activation,
    channels: Channels,
    z: CubeTensor<R>,
    biases: CubeTensor<R>,
    bar: Option<CubeTensor<R>>,
) -> CubeTensor<R> {
    let z = into_contiguous(z);
    let (out, count, dim) = output(&z, channels);
    if z.meta.num_elements() == 0 {
        return out;
    }
    let (client, address, dtype) = (out.client.clone(), out.required_address_type(), out.dtype);
    let double = dtype == DType::F64;
    let argument = |tensor| into_contiguous(tensor).into_array_arg();
    let (z, biases, result) = (argument(z), argument(biases), out.clone().into_array_arg());
    // SAFETY: a unit past the last value ends before it reads; every other index is below K·n·w, the length of `z`, of `bar`, which
    // has its shape, and of the result, or below w, that of `biases`. The element type is the one that the tensors have.
    #[expect(unsafe_code, reason = "launched without checks of the bounds at every access")]
    unsafe {
        match bar.map(argument) {
            None => forward_kernel::launch_unchecked(
                &client,
                count,
                dim,
                address,
                z,
                biases,
                result,
                kind,
                channels,
                double,
                dtype.into(),
            ),
            Some(bar) => adjoint_kernel::launch_unchecked(
                &client,
                count,
                dim,
                address,
                z,
                biases,
                bar,
                result,
                kind,
                channels,
                double,
                dtype.into(),
            ),
        }
    }
    out
}

/// Memory for a result with the shape of `z`, and how many units fill it.
fn output<R: CubeRuntime>(z: &CubeTensor<R>, channels: Channels) -> (CubeTensor<R>, CubeCount, CubeDim) {
    assert!(matches!(z.dtype, DType::F32 | DType::F64), "jets are f32 or f64");
    assert_eq!(z.meta.shape()[0], channels.count(), "a jet has K channels");
    let out = empty_device_contiguous_dtype(z.client.clone(), z.device.clone(), z.meta.shape().clone(), z.dtype);
    let units = z.meta.num_elements() / channels.count();
    let dim = CubeDim::new(&z.client, units);
    let count = calculate_cube_count_elemwise(&z.client, units, dim);
    (out, count, dim)
}

/// The product of matrices without tensor cores, which would round f32 to TF32.
///
/// The algorithm is named by its type: a choice at run time would have all of them compiled.
pub(super) fn product<R: CubeRuntime>(left: CubeTensor<R>, right: CubeTensor<R>) -> CubeTensor<R> {
    let shape = Shape::new([left.meta.shape()[0], right.meta.shape()[1]]);
    let out = empty_device_contiguous_dtype(left.client.clone(), left.device.clone(), shape, left.dtype);
    let dtype = left.dtype;
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: dtype.into(),
        rhs: dtype.into(),
        out: dtype.into(),
    });
    let result = launch_ref::<R, SimpleUnitAlgorithm>(
        &out.client,
        InputBinding::new(left.binding(), dtype.into()),
        InputBinding::new(right.binding(), dtype.into()),
        out.clone().binding(),
        &BlueprintStrategy::default(),
        &mut types,
    );
    if let Err(error) = result {
        panic!("a product of matrices was refused: {error:?}");
    }
    out
}

//! The kernels against tensor operations, and the whole gradient against the fused kernel of the CPU; on any Vulkan adapter.

use std::sync::LazyLock;

use burn::backend::Autodiff;
use burn::backend::wgpu::WgpuDevice;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Element, Tensor, TensorData, TensorPrimitive};
use burn_flex::{Flex, FlexDevice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::JetKernels;
use crate::device::{Device, wgpu_device};
use crate::error::Error;
use crate::jet::activation::Activation;
use crate::jet::generic::tests::{ACTIVATIONS, cases, layouts, relative};
use crate::jet::generic::{JetBackend, by_operations};
use crate::jet::real::Real;
use crate::jet::{Channels, download, upload};

type Wgpu = burn::backend::Wgpu;

/// The adapter, or a word that there is none.
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn adapter(test: &str) -> Option<WgpuDevice> {
    // Once: a probe silences the panics of all threads.
    static PROBE: LazyLock<Result<(), Error>> = LazyLock::new(|| Device::Wgpu(None).probe());
    match &*PROBE {
        Ok(()) => Some(wgpu_device(None)),
        Err(error) => {
            eprintln!("skipped: {test}: {error}");
            None
        }
    }
}

/// Operands of one activation: z, `[K, n, w]`, biases, and an adjoint.
struct Operands {
    channels: Channels,
    kind: Activation,
    shape: [usize; 3],
    z: Vec<f64>,
    biases: Vec<f64>,
    bar: Vec<f64>,
}

/// For every layout and activation; one value in ten is large, one in fifty is not a number.
fn operands() -> Vec<Operands> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    layouts()
        .into_iter()
        .flat_map(|channels| ACTIVATIONS.map(|kind| (channels, kind)))
        .map(|(channels, kind)| {
            let (n, w) = (random.random_range(1..40), random.random_range(1..20));
            let shape = [channels.count(), n, w];
            // A sine of a large number is what its rounding makes of it. Powers of two, so that f32 holds the products.
            let large = if kind == Activation::Sin { 8.0 } else { 8192.0 };
            let mut numbers = |count: usize| -> Vec<f64> {
                (0..count)
                    .map(|_| f64::from(random.random_range(-2.0_f32..2.0)))
                    .collect()
            };
            let (mut z, biases, bar) = (
                numbers(shape.iter().product()),
                numbers(w),
                numbers(shape.iter().product()),
            );
            for value in &mut z[..n * w] {
                match random.random_range(0..50) {
                    0 => *value = f64::NAN,
                    1..6 => *value *= large,
                    _ => {}
                }
            }
            Operands {
                channels,
                kind,
                shape,
                z,
                biases,
                bar,
            }
        })
        .collect()
}

impl Operands {
    /// The jets and the adjoint of z by tensor operations in f64 on the CPU.
    fn expected(&self) -> [Vec<f64>; 2] {
        let tensor = |values: &[f64]| TensorData::new(values.to_vec(), self.shape);
        let z: Tensor<Autodiff<Flex>, 3> = upload(tensor(&self.z), &FlexDevice).require_grad();
        let biases = upload(TensorData::from(&self.biases[..]), &FlexDevice);
        let _turn = crate::jet::generic::TURN.lock();
        let out = by_operations(self.kind, self.channels, z.clone(), biases);
        let bar = upload(tensor(&self.bar), &FlexDevice);
        let gradients = (out.clone() * bar).sum().backward();
        [download(out), z.grad(&gradients).map(download).unwrap_or_default()]
    }

    /// The same by the kernels.
    fn found<F: Real + Element>(&self, device: &WgpuDevice) -> [Vec<f64>; 2] {
        let tensor = |values: &[f64], shape: &[usize]| {
            let values: Vec<F> = values.iter().map(|v| F::of(*v)).collect();
            let TensorPrimitive::Float(tensor) =
                upload::<Wgpu, 3>(TensorData::new(values, shape.to_vec()), device).into_primitive()
            else {
                unreachable!("uploaded as floating-point numbers")
            };
            tensor
        };
        let data = |tensor| download(Tensor::<Wgpu, 3>::from_primitive(TensorPrimitive::Float(tensor)));
        let z = tensor(&self.z, &self.shape);
        let biases = tensor(&self.biases, &[1, 1, self.shape[2]]);
        let bar = tensor(&self.bar, &self.shape);
        let out = Wgpu::forward(self.kind, self.channels, z.clone(), biases.clone());
        let adjoint = Wgpu::adjoint(self.kind, self.channels, z, biases, bar);
        [data(out), data(adjoint)]
    }

    fn compare<F: Real + Element>(&self, device: &WgpuDevice, tolerance: f64) {
        for (found, expected) in self.found::<F>(device).iter().zip(self.expected()) {
            assert_eq!(found.len(), expected.len());
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                let at = || format!("{:?} {:?} at {i}: {found} {expected}", self.kind, self.channels);
                assert_eq!(found.is_nan(), expected.is_nan(), "{}", at());
                assert!(
                    !((found - expected).abs() > tolerance * (1.0 + expected.abs())),
                    "{}",
                    at()
                );
            }
        }
    }
}

#[test]
fn kernels_equal_tensor_operations_in_f32() {
    let Some(device) = adapter("kernels in f32") else {
        return;
    };
    for operands in operands() {
        operands.compare::<f32>(&device, 1e-5);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn kernels_equal_tensor_operations_in_f64() {
    let Some(device) = adapter("kernels in f64") else {
        return;
    };
    if !Wgpu::supports_dtype(&device, DType::F64) {
        eprintln!("skipped: this adapter has no f64");
        return;
    }
    for operands in operands() {
        operands.compare::<f64>(&device, 1e-12);
    }
}

/// TF32 would be wrong by 5e-4.
#[test]
fn products_keep_all_digits_of_f32() {
    let Some(device) = adapter("products") else { return };
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for [a, b, c] in [[1, 1, 1], [7, 2, 20], [300, 20, 20], [64, 256, 64], [129, 33, 1]] {
        let mut numbers = |rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-1.0..1.0)).collect();
            TensorData::new(values, [rows, columns])
        };
        let (left, right) = (numbers(a, b), numbers(b, c));
        let on_cpu = |data: &TensorData| upload::<Flex, 2>(data.clone().convert::<f64>(), &FlexDevice);
        let expected = download(on_cpu(&left).matmul(on_cpu(&right)));
        let on_device = |data: TensorData| upload::<Autodiff<Wgpu>, 2>(data, &device);
        let found = download(Autodiff::<Wgpu>::product(on_device(left), on_device(right)));
        assert!(relative(&found, &expected) < 1e-6, "{a} {b} {c}");
    }
}

#[test]
fn the_gradient_of_a_loss_equals_that_of_the_fused_kernel() {
    let Some(device) = adapter("whole gradients") else {
        return;
    };
    for case in cases(21) {
        let (losses, gradient) = case.by_kernel();
        let found = case.by_operations::<f32, Autodiff<Wgpu>>(&device);
        let errors = (relative(&found.0, &losses), relative(&found.1, &gradient));
        assert!(
            errors.0 < 1e-5 && errors.1 < 1e-5,
            "{:?} {:?}: {errors:?}",
            case.architecture,
            case.rows[0].channels
        );
    }
}

#[test]
fn a_point_that_is_not_a_number_makes_the_loss_one_too() {
    let Some(device) = adapter("NaN in a loss") else { return };
    let mut case = cases(22).remove(0);
    case.rows[0].x[0] = f64::NAN;
    let (losses, gradient) = case.by_operations::<f32, Autodiff<Wgpu>>(&device);
    assert!(losses[0].is_nan() && losses[1].is_finite());
    assert!(gradient.iter().any(|g| g.is_nan()));
}

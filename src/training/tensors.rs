//! Training in Burn's tensors: on a device, or in host memory where every activation of a batch is to be kept.
//!
//! The loops of training meet it at [`Stepper`] and [`Objective`] alone, which speak of plain vectors; the types of backends stay here.

mod clip;
#[cfg(any(feature = "cuda", test))]
mod objective;
#[cfg(test)]
mod reads;
mod rule;
mod stepper;

use burn_autodiff::Autodiff;
use burn_ndarray::{NdArray, NdArrayDevice};

use super::Objective;
use super::first_order::{Start, Stepper};
use crate::batch::Collocation;
use crate::device::Device;
use crate::jet::fused::Kernel;
use stepper::TensorStepper;

/// Takes first-order steps in tensors.
pub(super) fn stepper(device: Device, start: &Start<'_>) -> Box<dyn Stepper> {
    match device {
        Device::Cpu | Device::NdArray => Box::new(TensorStepper::<Autodiff<NdArray>>::new(start, NdArrayDevice::Cpu)),
        #[cfg(feature = "cuda")]
        Device::Cuda(index) => {
            use burn_cuda::{Cuda, CudaDevice};
            Box::new(TensorStepper::<Autodiff<Cuda>>::new(start, CudaDevice::new(index)))
        }
        #[cfg(not(feature = "cuda"))]
        Device::Cuda(_) => unreachable!("`probe` refuses CUDA in a build without it"),
        #[cfg(feature = "wgpu")]
        Device::Wgpu(index) => {
            let device = crate::device::wgpu_device(index);
            Box::new(TensorStepper::<Autodiff<burn_wgpu::Wgpu>>::new(start, device))
        }
        #[cfg(not(feature = "wgpu"))]
        Device::Wgpu(_) => unreachable!("`probe` refuses wgpu in a build without it"),
    }
}

/// The loss of all points in f64 on a device that has f64; `None` where the fused kernel serves.
#[cfg_attr(not(feature = "cuda"), expect(unused_variables, reason = "no other device has f64"))]
pub(super) fn objective<'a>(
    device: Device,
    kernel: &Kernel<f64>,
    collocation: &'a Collocation<'a>,
) -> Option<Box<dyn Objective + 'a>> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(index) if device.has_f64() => {
            use burn_cuda::{Cuda, CudaDevice};
            use objective::TensorObjective;
            let architecture = kernel.architecture().clone();
            let device = CudaDevice::new(index);
            Some(Box::new(TensorObjective::<Autodiff<Cuda>>::new(
                architecture,
                collocation,
                device,
            )))
        }
        _ => None,
    }
}

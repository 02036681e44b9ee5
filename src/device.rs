//! The devices that a run can use.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Where first-order stages and full-batch evaluations run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// All cores, through Burn's flex backend and the fused kernel.
    #[default]
    Cpu,
    /// All cores, through Burn's ndarray backend and the fused kernel.
    NdArray,
    /// An NVIDIA GPU, through Burn's CUDA backend.
    Cuda(usize),
    /// Any GPU, through Burn's wgpu backend (Vulkan; Metal on macOS): the best adapter, or the discrete GPU of this number.
    Wgpu(Option<usize>),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::NdArray => f.write_str("ndarray"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Wgpu(None) => f.write_str("wgpu"),
            Self::Wgpu(Some(index)) => write!(f, "wgpu:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "ndarray" => Ok(Self::NdArray),
            "cuda" => Ok(Self::Cuda(0)),
            "wgpu" => Ok(Self::Wgpu(None)),
            _ => numbered(text).ok_or_else(|| {
                format!("unknown device `{text}`; devices are cpu, ndarray, cuda and cuda:N, wgpu and wgpu:N")
            }),
        }
    }
}

/// `cuda:N` and `wgpu:N`.
fn numbered(text: &str) -> Option<Device> {
    let (name, index) = text.split_once(':')?;
    let index = index.parse().ok()?;
    match name {
        "cuda" => Some(Device::Cuda(index)),
        "wgpu" => Some(Device::Wgpu(Some(index))),
        _ => None,
    }
}

impl Device {
    /// Tries the device with one small operation.
    ///
    /// # Errors
    /// A build without the backend, a machine without a driver or adapter, or a device number that does not exist.
    pub fn probe(self) -> Result<(), Error> {
        let (result, hint) = match self {
            Self::Cpu | Self::NdArray => return Ok(()),
            Self::Cuda(index) => (
                probe_cuda(index),
                "use `--device cpu`; CUDA needs an NVIDIA driver and a build with the feature `cuda`",
            ),
            Self::Wgpu(index) => (
                probe_wgpu(index),
                "use `--device cpu`; wgpu needs a Vulkan driver (`vulkaninfo --summary` lists the adapters) and a build with `cargo build \
                 --release --features wgpu`; `wgpu` takes any adapter, `wgpu:N` a discrete GPU",
            ),
        };
        result.map_err(|reason| Error::Device {
            device: self.to_string(),
            reason,
            hint: hint.into(),
        })
    }

    /// Bytes that the device has reserved for this process; `None` for host memory, which the allocator counts.
    pub fn reserved_bytes(self) -> Option<u64> {
        match self {
            Self::Cpu | Self::NdArray => None,
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                use burn::cubecl::cuda::{CudaDevice, CudaRuntime};
                reserved::<CudaRuntime>(&CudaDevice::new(index))
            }
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => None,
            #[cfg(feature = "wgpu")]
            Self::Wgpu(index) => reserved::<burn::cubecl::wgpu::WgpuRuntime>(&wgpu_device(index)),
            #[cfg(not(feature = "wgpu"))]
            Self::Wgpu(_) => None,
        }
    }

    /// What evaluates jets in first-order stages.
    pub fn core(self) -> &'static str {
        match self {
            Self::Cpu | Self::NdArray => "fused kernel",
            Self::Cuda(_) | Self::Wgpu(_) => "burn tensor operations, activations of jets in one kernel",
        }
    }

    /// Whether stages in f64 run there. Vulkan has no transcendental functions in f64, and Burn's products of matrices on CUDA have
    /// been f32 only so far.
    pub fn has_f64(self) -> bool {
        match self {
            Self::Cpu | Self::NdArray => true,
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                use burn::tensor::backend::Backend;
                let device = burn::backend::cuda::CudaDevice::new(index);
                <burn::backend::Cuda as Backend>::supports_dtype(&device, burn::tensor::DType::F64)
            }
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => false,
            Self::Wgpu(_) => false,
        }
    }
}

#[cfg(feature = "cube")]
fn reserved<R: burn::cubecl::Runtime>(device: &R::Device) -> Option<u64> {
    let usage = R::client(device).memory_usage();
    usage.ok().map(|usage| usage.bytes_reserved)
}

#[cfg(not(feature = "cuda"))]
fn probe_cuda(_index: usize) -> Result<(), String> {
    Err("this build has no CUDA".into())
}

#[cfg(feature = "cuda")]
fn probe_cuda(index: usize) -> Result<(), String> {
    let device = burn::backend::cuda::CudaDevice::new(index);
    sums::<burn::backend::Cuda>(&device, "no NVIDIA driver, or no device with this number")
}

#[cfg(not(feature = "wgpu"))]
fn probe_wgpu(_index: Option<usize>) -> Result<(), String> {
    Err("this build has no wgpu".into())
}

#[cfg(feature = "wgpu")]
fn probe_wgpu(index: Option<usize>) -> Result<(), String> {
    let missing = match index {
        None => "no Vulkan adapter on this machine",
        Some(_) => "no discrete GPU with this number",
    };
    sums::<burn::backend::Wgpu>(&wgpu_device(index), missing)
}

/// The adapter of `wgpu` or `wgpu:N`.
#[cfg(feature = "wgpu")]
pub(crate) fn wgpu_device(index: Option<usize>) -> burn::backend::wgpu::WgpuDevice {
    use burn::backend::wgpu::WgpuDevice;
    index.map_or(WgpuDevice::DefaultDevice, WgpuDevice::DiscreteGpu)
}

/// Adds two numbers. Burn panics where there is no driver; the panic is caught and silenced here.
#[cfg(feature = "cube")]
fn sums<B: burn::tensor::backend::Backend>(device: &B::Device, missing: &str) -> Result<(), String> {
    use crate::jet::download;
    use burn::tensor::Tensor;

    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let probe = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let tensor = Tensor::<B, 1>::from_data([1.5_f32, 2.0], device);
        download(tensor.sum())[0]
    }));
    std::panic::set_hook(hook);
    match probe {
        Ok(3.5) => Ok(()),
        Ok(_) => Err("it computes wrong sums".into()),
        Err(_) => Err(missing.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_it_is_written() {
        for device in [
            Device::Cpu,
            Device::NdArray,
            Device::Cuda(2),
            Device::Wgpu(None),
            Device::Wgpu(Some(1)),
        ] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["gpu", "cuda:", "wgpu:x", "cpu:0", "wgpu:-1"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}

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
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::NdArray => f.write_str("ndarray"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
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
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("unknown device `{text}`; devices are cpu, ndarray, cuda and cuda:N")),
        }
    }
}

impl Device {
    /// Tries the device with one small operation.
    ///
    /// # Errors
    /// A build without CUDA, a machine without a driver, or a device number that does not exist.
    pub fn probe(self) -> Result<(), Error> {
        match self {
            Self::Cpu | Self::NdArray => Ok(()),
            Self::Cuda(index) => probe_cuda(index).map_err(|reason| Error::Device {
                device: self.to_string(),
                reason,
                hint: "use `--device cpu`; CUDA needs an NVIDIA driver and a build with the feature `cuda`".into(),
            }),
        }
    }
}

impl Device {
    /// Bytes that the device has reserved for this process; `None` for host memory, which the allocator counts.
    pub fn reserved_bytes(self) -> Option<u64> {
        match self {
            Self::Cpu | Self::NdArray => None,
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                use burn::cubecl::Runtime;
                use burn::cubecl::cuda::{CudaDevice, CudaRuntime};
                let usage = CudaRuntime::client(&CudaDevice::new(index)).memory_usage();
                usage.ok().map(|usage| usage.bytes_reserved)
            }
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => None,
        }
    }
}

#[cfg(not(feature = "cuda"))]
fn probe_cuda(_index: usize) -> Result<(), String> {
    Err("this build has no CUDA".into())
}

/// Burn panics where there is no driver; the panic is caught and silenced here.
#[cfg(feature = "cuda")]
fn probe_cuda(index: usize) -> Result<(), String> {
    use burn::backend::Cuda;
    use burn::backend::cuda::CudaDevice;
    use burn::tensor::Tensor;

    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let probe = std::panic::catch_unwind(|| {
        let tensor = Tensor::<Cuda, 1>::from_data([1.5_f32, 2.0], &CudaDevice::new(index));
        tensor.sum().into_data().iter::<f32>().next()
    });
    std::panic::set_hook(hook);
    match probe {
        Ok(Some(3.5)) => Ok(()),
        Ok(_) => Err("it computes wrong sums".into()),
        Err(_) => Err("no NVIDIA driver, or no device with this number".into()),
    }
}

//! Numbers to and from a device.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

/// A tensor with the element type of `data`, whatever the backend's default is.
pub fn upload<B: Backend, const D: usize>(data: TensorData, device: &B::Device) -> Tensor<B, D> {
    let dtype: DType = data.dtype;
    Tensor::from_data(data, (device, dtype))
}

#[cfg(test)]
thread_local! {
    /// How many tensors this thread has read.
    pub(crate) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A tensor's elements as doubles, in row order: the one way in which training reads from a device, which it waits for.
pub fn download<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    #[cfg(test)]
    READS.set(READS.get() + 1);
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    let data = tensor.into_data();
    data.iter::<f64>().collect()
}

//! Where batches are evaluated: by the fused kernel in host memory, or by Burn's tensor operations on any device.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_flex::Flex;
#[cfg(feature = "cube")]
use burn_fusion::{Fusion, FusionBackend};

#[cfg(feature = "cube")]
use crate::jet::cube::JetKernels;
use crate::jet::fused::Kernel;
use crate::jet::generic::{self, JetBackend, RowTensors};
use crate::jet::operation::least_squares;
use crate::jet::{Architecture, Rows, download};

/// Reads the loss terms of a step, when they are wanted.
pub type Terms = Box<dyn FnOnce() -> Vec<f64>>;

/// How a batch is evaluated in host memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Block by block, by the fused kernel.
    Fused,
    /// At once, by Burn's tensor operations: every activation of the batch stays in memory until the gradient is done.
    Tape,
}

/// A backend that training runs on.
pub trait FirstOrderBackend: AutodiffBackend + JetBackend {
    /// Whether reading a number back waits for a device. Steps then read nothing: what they need of norms stays on the device,
    /// and their losses are read together at the lines of the history.
    const WAITS: bool;

    /// A mini-batch where the backend wants it.
    type Batch;

    /// Takes a mini-batch to the device.
    fn upload(rows: Vec<Rows<f32>>, form: Form, device: &Self::Device) -> Self::Batch;

    /// The loss, `[1]`, and its terms.
    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms);
}

/// A mini-batch in host memory.
pub enum HostBatch<B: AutodiffBackend> {
    /// For the fused kernel.
    Fused(Vec<Rows<f32>>),
    /// For Burn's tensor operations.
    Tape(Vec<RowTensors<B>>),
}

/// A backend in host memory, which the fused kernel serves.
pub trait HostBackend: Backend {}

impl HostBackend for Flex {}
impl HostBackend for NdArray {}

impl<B: HostBackend> FirstOrderBackend for Autodiff<B>
where
    Autodiff<B>: JetBackend,
{
    const WAITS: bool = false;

    type Batch = HostBatch<Self>;

    fn upload(rows: Vec<Rows<f32>>, form: Form, device: &Self::Device) -> Self::Batch {
        match form {
            Form::Fused => HostBatch::Fused(rows),
            Form::Tape => HostBatch::Tape(rows.iter().map(|rows| RowTensors::new(rows, device)).collect()),
        }
    }

    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms) {
        match batch {
            HostBatch::Fused(rows) => {
                let (loss, terms) = least_squares(kernel, parameters, rows);
                (loss, Box::new(move || terms))
            }
            HostBatch::Tape(rows) => tape(kernel.architecture(), parameters, rows),
        }
    }
}

/// Every device: CubeCL's runtimes behind Burn's fusion stream.
#[cfg(feature = "cube")]
impl<B: FusionBackend + JetKernels> FirstOrderBackend for Autodiff<Fusion<B>> {
    const WAITS: bool = true;

    type Batch = Vec<RowTensors<Self>>;

    fn upload(rows: Vec<Rows<f32>>, _form: Form, device: &Self::Device) -> Self::Batch {
        rows.iter().map(|rows| RowTensors::new(rows, device)).collect()
    }

    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms) {
        tape(kernel.architecture(), parameters, batch)
    }
}

/// The loss by Burn's tensor operations.
pub(super) fn tape<B: AutodiffBackend + JetBackend>(
    architecture: &Architecture,
    parameters: Tensor<B, 1>,
    batch: &[RowTensors<B>],
) -> (Tensor<B, 1>, Terms) {
    let terms = generic::losses(architecture, &parameters, batch);
    (terms.clone().sum(), Box::new(move || download(terms)))
}

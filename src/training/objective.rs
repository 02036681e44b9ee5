//! The full-batch loss and its gradient, evaluated over micro-batches.

use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;

use crate::jet::fused::Kernel;
use crate::jet::generic::{self, RowTensors};
use crate::loss::Rows;
use crate::network::{Architecture, download, upload};

/// Loss terms as a function of the parameters, in f64.
pub trait Objective {
    /// The weighted terms at `parameters`.
    fn losses(&self, parameters: &[f64]) -> Vec<f64>;

    /// The weighted terms, and the gradient of their sum in `gradient`, `[p]`.
    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64>;
}

/// By the fused kernel, whose blocks are its micro-batches.
pub struct FusedObjective<'a> {
    /// The kernel.
    pub kernel: &'a Kernel<f64>,
    /// All points.
    pub terms: &'a [Rows<f64>],
}

impl Objective for FusedObjective<'_> {
    fn losses(&self, parameters: &[f64]) -> Vec<f64> {
        self.kernel.losses(parameters, &self.terms.iter().collect::<Vec<_>>())
    }

    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        self.kernel
            .gradient(parameters, &self.terms.iter().collect::<Vec<_>>(), gradient)
    }
}

/// Points per micro-batch on a device.
const MICRO_BATCH: usize = 8192;

/// By Burn tensors in f64 on any device.
pub struct DeviceObjective<B: AutodiffBackend> {
    architecture: Architecture,
    device: B::Device,
    /// Micro-batches with the term that each belongs to.
    parts: Vec<(usize, RowTensors<B>)>,
    terms: usize,
}

impl<B: AutodiffBackend> DeviceObjective<B> {
    /// Uploads all points.
    pub fn new(architecture: Architecture, terms: &[Rows<f64>], device: B::Device) -> Self {
        let mut parts = Vec::new();
        for (t, rows) in terms.iter().enumerate() {
            for start in (0..rows.points).step_by(MICRO_BATCH) {
                let indices: Vec<usize> = (start..(start + MICRO_BATCH).min(rows.points)).collect();
                parts.push((t, RowTensors::new(&rows.gather::<f64>(&indices, 1.0), &device)));
            }
        }
        Self {
            architecture,
            device,
            parts,
            terms: terms.len(),
        }
    }
}

impl<B: AutodiffBackend> Objective for DeviceObjective<B> {
    fn losses(&self, parameters: &[f64]) -> Vec<f64> {
        let parameters = upload::<B, 1>(TensorData::from(parameters), &self.device);
        let mut losses = vec![0.0; self.terms];
        for (term, rows) in &self.parts {
            let part = generic::losses(&self.architecture, &parameters, std::slice::from_ref(rows));
            losses[*term] += download(part)[0];
        }
        losses
    }

    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        let parameters = upload::<B, 1>(TensorData::from(parameters), &self.device).require_grad();
        let mut losses = vec![0.0; self.terms];
        gradient.fill(0.0);
        for (term, rows) in &self.parts {
            let part = generic::losses(&self.architecture, &parameters, std::slice::from_ref(rows));
            let gradients = part.backward();
            losses[*term] += download(part)[0];
            if let Some(part) = parameters.grad(&gradients) {
                gradient.iter_mut().zip(download(part)).for_each(|(sum, g)| *sum += g);
            }
        }
        losses
    }
}

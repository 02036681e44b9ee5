//! The full-batch loss and its gradient, evaluated over micro-batches.

use burn::tensor::TensorData;
use burn::tensor::backend::AutodiffBackend;

use crate::batch::Collocation;
use crate::jet::fused::Kernel;
use crate::jet::generic::{self, JetBackend, RowTensors};
use crate::jet::{Architecture, Span, download, upload};

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
    pub collocation: &'a Collocation<'a>,
}

impl Objective for FusedObjective<'_> {
    fn losses(&self, parameters: &[f64]) -> Vec<f64> {
        let mut losses = vec![0.0; self.collocation.terms.len()];
        self.collocation.parts(|terms, spans| {
            let part = self.kernel.losses(parameters, spans);
            terms.iter().zip(part).for_each(|(t, loss)| losses[*t] += loss);
        });
        losses
    }

    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        let mut losses = vec![0.0; self.collocation.terms.len()];
        let mut partial = vec![0.0; gradient.len()];
        gradient.fill(0.0);
        self.collocation.parts(|terms, spans| {
            let part = self.kernel.gradient(parameters, spans, &mut partial);
            terms.iter().zip(part).for_each(|(t, loss)| losses[*t] += loss);
            gradient.iter_mut().zip(&partial).for_each(|(sum, g)| *sum += g);
        });
        losses
    }
}

/// Points per micro-batch on a device.
const MICRO_BATCH: usize = 8192;

/// By Burn tensors in f64 on any device.
pub struct DeviceObjective<'a, B: AutodiffBackend> {
    architecture: Architecture,
    device: B::Device,
    collocation: &'a Collocation<'a>,
    /// Micro-batches with the term that each belongs to, if the points are kept.
    kept: Vec<(usize, RowTensors<B>)>,
}

impl<'a, B: AutodiffBackend> DeviceObjective<'a, B> {
    /// Uploads all points, if they are kept in memory; others are uploaded whenever they are made.
    pub fn new(architecture: Architecture, collocation: &'a Collocation<'a>, device: B::Device) -> Self {
        let mut kept = Vec::new();
        if collocation.stored() {
            collocation.parts(|terms, spans| {
                for (t, span) in terms.iter().zip(spans) {
                    kept.extend(micro_batches(span, &device).map(|rows| (*t, rows)));
                }
            });
        }
        Self {
            architecture,
            device,
            collocation,
            kept,
        }
    }

    fn each(&self, mut work: impl FnMut(usize, &RowTensors<B>)) {
        if self.collocation.stored() {
            self.kept.iter().for_each(|(t, rows)| work(*t, rows));
        } else {
            self.collocation.parts(|terms, spans| {
                for (t, span) in terms.iter().zip(spans) {
                    micro_batches(span, &self.device).for_each(|rows| work(*t, &rows));
                }
            });
        }
    }
}

fn micro_batches<'s, B: AutodiffBackend>(
    span: &'s Span<'_, f64>,
    device: &'s B::Device,
) -> impl Iterator<Item = RowTensors<B>> + 's {
    (0..span.points).step_by(MICRO_BATCH).map(move |start| {
        let end = (start + MICRO_BATCH).min(span.points);
        let indices: Vec<usize> = (span.start + start..span.start + end).collect();
        RowTensors::new(&span.rows.gather::<f64>(&indices, 1.0), device)
    })
}

impl<B: AutodiffBackend + JetBackend> Objective for DeviceObjective<'_, B> {
    fn losses(&self, parameters: &[f64]) -> Vec<f64> {
        let parameters = upload::<B, 1>(TensorData::from(parameters), &self.device);
        let mut losses = vec![0.0; self.collocation.terms.len()];
        self.each(|term, rows| {
            let part = generic::losses(&self.architecture, &parameters, std::slice::from_ref(rows));
            losses[term] += download(part)[0];
        });
        losses
    }

    fn gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        let parameters = upload::<B, 1>(TensorData::from(parameters), &self.device).require_grad();
        let mut losses = vec![0.0; self.collocation.terms.len()];
        gradient.fill(0.0);
        #[cfg(test)]
        let _turn = generic::TURN.lock();
        self.each(|term, rows| {
            let part = generic::losses(&self.architecture, &parameters, std::slice::from_ref(rows));
            let gradients = part.backward();
            losses[term] += download(part)[0];
            let part = parameters.grad(&gradients);
            let part = part.unwrap_or_else(|| unreachable!("a loss depends on the parameters"));
            gradient.iter_mut().zip(download(part)).for_each(|(sum, g)| *sum += g);
        });
        losses
    }
}

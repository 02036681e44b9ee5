//! The full-batch loss in tensors of f64, evaluated over micro-batches.

use burn_tensor::TensorData;
use burn_tensor::backend::AutodiffBackend;

use crate::batch::Collocation;
use crate::jet::generic::{self, JetBackend, RowTensors};
use crate::jet::{Architecture, Span, download, upload};
use crate::training::Objective;

/// Points per micro-batch on a device.
const MICRO_BATCH: usize = 8192;

/// Loss terms in f64 on a device.
pub(super) struct TensorObjective<'a, B: AutodiffBackend> {
    architecture: Architecture,
    device: B::Device,
    collocation: &'a Collocation<'a>,
    /// Micro-batches with the term that each belongs to, if the points are kept.
    kept: Vec<(usize, RowTensors<B>)>,
}

impl<'a, B: AutodiffBackend> TensorObjective<'a, B> {
    /// Uploads all points, if they are kept in memory; others are uploaded whenever they are made.
    pub(super) fn new(architecture: Architecture, collocation: &'a Collocation<'a>, device: B::Device) -> Self {
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

impl<B: AutodiffBackend + JetBackend> Objective for TensorObjective<'_, B> {
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

#[cfg(test)]
mod tests {
    use burn_autodiff::Autodiff;
    use burn_ndarray::{NdArray, NdArrayDevice};

    use super::*;
    use crate::jet::generic::tests::relative;
    use crate::training::FusedObjective;
    use crate::training::test_problem::TestProblem;

    #[test]
    fn losses_and_gradients_are_those_of_the_fused_kernel() {
        let case = TestProblem::new();
        let collocation = case.collocation();
        let tensors = TensorObjective::<Autodiff<NdArray>>::new(
            case.kernel.architecture().clone(),
            &collocation,
            NdArrayDevice::Cpu,
        );
        let fused = FusedObjective {
            kernel: &case.kernel,
            collocation: &collocation,
        };
        let [mut found, mut expected] = [0.0, 0.0].map(|v| vec![v; case.parameters.len()]);
        let losses = tensors.gradient(&case.parameters, &mut found);
        assert!(relative(&losses, &fused.gradient(&case.parameters, &mut expected)) < 1e-11);
        assert!(relative(&found, &expected) < 1e-11);
        assert!(relative(&tensors.losses(&case.parameters), &losses) < 1e-12);
    }
}

//! Gradients of batches, part by part.

use burn::tensor::Tensor;

use super::{FirstOrderBackend, Form, Terms};
use crate::batch::{Collocation, Selection, Term};
use crate::jet::fused::Kernel;
use crate::network::Mlp;

/// Loss terms and gradient of one or more micro-batches.
pub(super) struct Step<B: FirstOrderBackend> {
    pub(super) gradient: Tensor<B::InnerBackend, 1>,
    /// The loss, `[1]`.
    pub(super) loss: Tensor<B::InnerBackend, 1>,
    pub(super) terms: Vec<Terms>,
}

/// Adds what another micro-batch gives.
fn add<B: FirstOrderBackend>(mut sum: Step<B>, more: Step<B>) -> Step<B> {
    sum.gradient = sum.gradient + more.gradient;
    sum.loss = sum.loss + more.loss;
    sum.terms.extend(more.terms);
    sum
}

/// Loss terms and gradient of rows on the device.
fn gradient<B: FirstOrderBackend>(kernel: &Kernel<f32>, network: &Mlp<B>, rows: &B::Batch) -> Step<B> {
    #[cfg(test)]
    let _turn = crate::jet::generic::TURN.lock();
    let parameters = network.parameters.val();
    let (loss, terms) = B::loss(kernel, parameters.clone(), rows);
    let gradient = parameters.grad(&loss.backward());
    Step {
        gradient: gradient.unwrap_or_else(|| unreachable!("a loss depends on the parameters")),
        loss: loss.inner(),
        terms: vec![terms],
    }
}

/// Cuts a batch into parts of at most `size` points per term; their losses and gradients add up to the batch's.
pub fn micro_batches(selections: &[Selection], size: usize) -> impl Iterator<Item = Vec<Selection>> + '_ {
    let longest = selections.iter().map(Selection::len).max().unwrap_or(0);
    let count = longest.div_ceil(size.max(1)).max(1);
    (0..count).map(move |k| {
        selections
            .iter()
            .map(|selection| {
                let n = selection.len();
                selection.part(n * k / count, n * (k + 1) / count)
            })
            .collect()
    })
}

/// The gradient of all points, in their order; a batch that fits into one part is kept from step to step.
pub(super) fn full_gradient<B: FirstOrderBackend>(
    kernel: &Kernel<f32>,
    network: &Mlp<B>,
    collocation: &Collocation<'_>,
    micro: usize,
    form: Form,
    device: &B::Device,
    kept: &mut Option<B::Batch>,
) -> Step<B> {
    let lengths: Vec<usize> = collocation.terms.iter().map(Term::len).collect();
    let count = lengths.iter().max().map_or(1, |n| n.div_ceil(micro)).max(1);
    let part = |k: usize| {
        let rows = lengths
            .iter()
            .enumerate()
            .map(|(t, n)| collocation.slice::<f32>(t, n * k / count, n * (k + 1) / count))
            .collect();
        B::upload(rows, form, device)
    };
    if count == 1 {
        return gradient(kernel, network, kept.get_or_insert_with(|| part(0)));
    }
    let parts = (0..count).map(|k| gradient(kernel, network, &part(k)));
    let sum = parts.reduce(add);
    sum.unwrap_or_else(|| unreachable!("there is a part at least"))
}

/// The gradient of a batch: one micro-batch is gathered, used and dropped before the next.
pub(super) fn batch_gradient<B: FirstOrderBackend>(
    kernel: &Kernel<f32>,
    network: &Mlp<B>,
    collocation: &Collocation<'_>,
    selections: &[Selection],
    (form, micro): (Form, usize),
    device: &B::Device,
) -> Step<B> {
    let parts = micro_batches(selections, micro).map(|part| {
        let rows = part
            .iter()
            .enumerate()
            .map(|(t, selection)| collocation.gather::<f32>(t, selection))
            .collect();
        gradient(kernel, network, &B::upload(rows, form, device))
    });
    let sum = parts.reduce(add);
    sum.unwrap_or_else(|| unreachable!("a batch has a part at least"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_batches_hold_every_point_once() {
        let selection = |n: usize| Selection::Of {
            indices: (0..n).collect(),
            factors: vec![1.5; n],
        };
        let parts: Vec<_> = micro_batches(&[selection(103), selection(7)], 10).collect();
        assert_eq!(parts.len(), 11);
        for (t, n) in [103, 7].into_iter().enumerate() {
            let all: Vec<usize> = parts
                .iter()
                .flat_map(|part| match &part[t] {
                    Selection::Of { indices, factors } => {
                        assert!(factors.iter().all(|factor| *factor == 1.5) && indices.len() <= 10);
                        indices.clone()
                    }
                    Selection::New { .. } => Vec::new(),
                })
                .collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }
}

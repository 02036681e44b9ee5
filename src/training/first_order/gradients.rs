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
pub(super) fn add<B: FirstOrderBackend>(sum: &mut Option<Step<B>>, more: Option<Step<B>>) {
    match (sum.as_mut(), more) {
        (Some(sum), Some(more)) => {
            sum.gradient = sum.gradient.clone() + more.gradient;
            sum.loss = sum.loss.clone() + more.loss;
            sum.terms.extend(more.terms);
        }
        (None, more) => *sum = more,
        (Some(_), None) => {}
    }
}

/// Loss terms and gradient of rows on the device.
pub(super) fn gradient<B: FirstOrderBackend>(
    kernel: &Kernel<f32>,
    network: &Mlp<B>,
    rows: &B::Batch,
) -> Option<Step<B>> {
    let parameters = network.parameters.val();
    let (loss, terms) = B::loss(kernel, parameters.clone(), rows);
    let gradient = parameters.grad(&loss.backward())?;
    Some(Step {
        gradient,
        loss: loss.inner(),
        terms: vec![terms],
    })
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
) -> Option<Step<B>> {
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
    let mut sum = None;
    for k in 0..count {
        add(&mut sum, gradient(kernel, network, &part(k)));
    }
    sum
}

/// The rows of a part of a batch on the device.
pub(super) fn upload_part<B: FirstOrderBackend>(
    collocation: &Collocation<'_>,
    part: &[Selection],
    form: Form,
    device: &B::Device,
) -> B::Batch {
    let rows = part
        .iter()
        .enumerate()
        .map(|(t, selection)| collocation.gather::<f32>(t, selection))
        .collect();
    B::upload(rows, form, device)
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

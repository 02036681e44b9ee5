//! Gradients of batches, part by part.

use super::stepper::Stepper;
use crate::batch::{Collocation, Selection, Term};

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

/// Adds the gradient of all points, in their order; rows that fit into one part are kept from step to step.
pub(super) fn full_gradient(stepper: &mut dyn Stepper, collocation: &Collocation<'_>, micro: usize) {
    let lengths: Vec<usize> = collocation.terms.iter().map(Term::len).collect();
    let count = lengths.iter().max().map_or(1, |n| n.div_ceil(micro)).max(1);
    let part = |k: usize| {
        let terms = lengths.iter().enumerate();
        terms
            .map(|(t, n)| collocation.slice::<f32>(t, n * k / count, n * (k + 1) / count))
            .collect()
    };
    if count == 1 {
        stepper.add_kept(&|| part(0));
    } else {
        (0..count).for_each(|k| stepper.add(part(k)));
    }
}

/// Adds the gradient of a batch: one micro-batch is gathered, used and dropped before the next.
pub(super) fn batch_gradient(
    stepper: &mut dyn Stepper,
    collocation: &Collocation<'_>,
    selections: &[Selection],
    micro: usize,
) {
    for part in micro_batches(selections, micro) {
        let terms = part.iter().enumerate();
        let rows = terms
            .map(|(t, selection)| collocation.gather::<f32>(t, selection))
            .collect();
        stepper.add(rows);
    }
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

//! What a layer multiplied, and what that adds to a gradient or to the rows of a Jacobian.

use super::parameters::{LayerSums, PackedLayer, add_rows};
use crate::jet::product::{Left, Product, Right, Start};
use crate::jet::real::Real;
use crate::jet::{Channels, Layer};

/// What enters a layer.
pub(super) enum Input<'a, F> {
    /// `[K, P, row]`.
    Stacked { values: &'a [F], row: usize },
    /// The jets of ξ itself: the value ξ, `[P, D]`, the constant first derivatives, no second ones.
    Affine { xi: &'a [F], slope: &'a [f64] },
}

/// A layer's input jets and the adjoint of its output jets.
pub(super) struct Operands<'a, F> {
    pub(super) input: Input<'a, F>,
    /// `[K, P, output_row]`.
    pub(super) bar: &'a [F],
    pub(super) channels: Channels,
    pub(super) p: usize,
}

impl<F: Real> Input<'_, F> {
    /// z ← the jets times the weights of a hidden layer, plus its biases for the values.
    pub(super) fn multiply(&self, layer: &PackedLayer<F>, channels: Channels, p: usize, z: &mut [F]) {
        let row = layer.output_row;
        let product = |left: Left<'_, F>, rows: usize, out: &mut [F], start: Start<'_, F>| {
            Product {
                rows,
                depth: layer.inputs,
                columns: row,
                left,
                right: layer.weights(),
                out,
                row,
                start,
                panel: None,
            }
            .run();
        };
        let (values, others) = z.split_at_mut(p * row);
        let biases = Start::Row(&layer.biases);
        match self {
            Self::Stacked { values: jets, row } => {
                product(Left::rows(jets, *row), p, values, biases);
                let rows = (channels.count() - 1) * p;
                if rows > 0 {
                    product(Left::rows(&jets[p * row..], *row), rows, others, Start::Zero);
                }
            }
            Self::Affine { xi, slope } => {
                let d = layer.inputs;
                product(Left::rows(xi, d), p, values, biases);
                let (firsts, seconds) = others.split_at_mut(channels.firsts() * p * row);
                for (j, rows) in firsts.chunks_exact_mut(p * row).enumerate() {
                    // Row j of the weights, times the slope.
                    let mut unit = vec![F::ZERO; d];
                    unit[j] = F::of(slope[j]);
                    product(
                        Left {
                            values: &unit,
                            row: 0,
                            step: 1,
                        },
                        p,
                        rows,
                        Start::Zero,
                    );
                }
                seconds.fill(F::ZERO);
            }
        }
    }
}

impl<F: Real> Operands<'_, F> {
    /// Adds inputᵀ·bar and the column sums of the value channel to the sums of a hidden layer.
    pub(super) fn add_to(&self, layer: &PackedLayer<F>, sums: &mut LayerSums<F>, panel: &mut [F]) {
        let (p, k, row) = (self.p, self.channels.count(), layer.output_row);
        let right = Right::rows(self.bar, row);
        let mut product = |left: Left<'_, F>, depth: usize| {
            Product {
                rows: layer.inputs,
                depth,
                columns: row,
                left,
                right,
                out: &mut sums.weights,
                row,
                start: Start::Result,
                panel: Some(&mut *panel),
            }
            .run();
        };
        match &self.input {
            Input::Stacked { values, row } => product(Left::transposed(values, *row), k * p),
            Input::Affine { xi, slope } => {
                product(Left::transposed(xi, layer.inputs), p);
                for j in 0..self.channels.firsts() {
                    let start = self.channels.first(j) * p * row;
                    let weights = &mut sums.weights[j * row..(j + 1) * row];
                    add_rows(F::of(slope[j]), &self.bar[start..], p, weights);
                }
            }
        }
        add_rows(F::ONE, self.bar, p, &mut sums.biases);
    }

    /// The same for the output layer, whose sums stand transposed.
    pub(super) fn add_to_output(&self, layer: &PackedLayer<F>, sums: &mut LayerSums<F>) {
        let (p, k, m) = (self.p, self.channels.count(), layer.outputs);
        if let Input::Stacked { values, row } = &self.input {
            Product {
                rows: m,
                depth: k * p,
                columns: *row,
                left: Left::transposed(self.bar, m),
                right: Right::rows(values, *row),
                out: &mut sums.weights,
                row: *row,
                start: Start::Result,
                panel: None,
            }
            .run();
        }
        for bar in self.bar[..p * m].chunks_exact(m) {
            sums.biases.iter_mut().zip(bar).for_each(|(sum, bar)| *sum += *bar);
        }
    }

    /// Writes each point's own product Σ_k input_k ⊗ bar_k into the row that starts at `offset(i)`.
    pub(super) fn rows_to(
        &self,
        layer: &Layer,
        output_row: usize,
        jacobian: &mut [F],
        points: usize,
        offset: impl Fn(usize) -> usize,
    ) {
        let (p, k, w, d) = (self.p, self.channels.count(), layer.outputs, layer.inputs);
        for i in 0..points {
            let row = &mut jacobian[offset(i)..];
            row[layer.biases.clone()].copy_from_slice(&self.bar[i * output_row..][..w]);
            let weights = &mut row[layer.weights.clone()];
            weights.fill(F::ZERO);
            for channel in 0..k {
                let bar = &self.bar[(channel * p + i) * output_row..][..w];
                for j in 0..d {
                    let value = match &self.input {
                        Input::Stacked { values, row } => values[(channel * p + i) * row + j],
                        Input::Affine { xi, .. } if channel == 0 => xi[i * d + j],
                        Input::Affine { slope, .. }
                            if self.channels.firsts() > 0 && channel == self.channels.first(j) =>
                        {
                            F::of(slope[j])
                        }
                        Input::Affine { .. } => continue,
                    };
                    let weights = &mut weights[j * w..(j + 1) * w];
                    weights.iter_mut().zip(bar).for_each(|(y, x)| *y += value * *x);
                }
            }
        }
    }
}

//! A parameter vector as the products of a block want it: packed weights, and sums of a gradient in rows of whole vectors.

use crate::jet::Layer;
use crate::jet::packing::{pack, pack_transposed, whole};
use crate::jet::product::{Left, Product, Right, Start};
use crate::jet::real::Real;

/// The layers of a network, its weights packed for both directions.
pub(super) struct Packed<F>(pub(super) Vec<PackedLayer<F>>);

/// One layer's weights and biases.
pub(super) struct PackedLayer<F> {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Row stride of the jets that come in.
    pub(super) input_row: usize,
    /// Row stride of the jets that go out; m for the output layer.
    pub(super) output_row: usize,
    /// W for products from the left, or Wᵀ by rows, `[m, input_row]`, for the output layer.
    pub(super) forward: Vec<F>,
    /// Wᵀ for products from the left; empty for the first layer and the output layer.
    pub(super) backward: Vec<F>,
    /// `[output_row]`.
    pub(super) biases: Vec<F>,
}

impl<F: Real> Packed<F> {
    /// The layers before the last.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &PackedLayer<F>> {
        self.0[..self.0.len() - 1].iter()
    }

    /// The last layer.
    pub(super) fn output(&self) -> &PackedLayer<F> {
        &self.0[self.0.len() - 1]
    }

    /// Packs the weights of all layers.
    pub(super) fn new(layers: &[Layer], parameters: &[F]) -> Self {
        let last = layers.len() - 1;
        Self(
            layers
                .iter()
                .enumerate()
                .map(|(l, layer)| PackedLayer::new(layer, parameters, l == 0, l == last))
                .collect(),
        )
    }
}

impl<F: Real> PackedLayer<F> {
    fn new(layer: &Layer, parameters: &[F], first: bool, last: bool) -> Self {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let weights = &parameters[layer.weights.clone()];
        let input_row = whole::<F>(inputs);
        let output_row = if last { outputs } else { whole::<F>(outputs) };
        let mut biases = parameters[layer.biases.clone()].to_vec();
        biases.resize(output_row, F::ZERO);
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        if last {
            forward.resize(outputs * input_row, F::ZERO);
            for (at, weight) in weights.iter().enumerate() {
                forward[at % outputs * input_row + at / outputs] = *weight;
            }
        } else {
            pack(weights, inputs, outputs, &mut forward);
            if !first {
                pack_transposed(weights, outputs, inputs, &mut backward);
            }
        }
        Self {
            inputs,
            outputs,
            input_row,
            output_row,
            forward,
            backward,
            biases,
        }
    }

    /// W as a right factor.
    pub(super) fn weights(&self) -> Right<'_, F> {
        Right::packed(&self.forward, self.inputs)
    }
}

/// The gradient of a loss, added up over blocks.
pub(super) struct Sums<F>(pub(super) Vec<LayerSums<F>>);

/// One layer's part.
pub(super) struct LayerSums<F> {
    /// Of the weights `[inputs, output_row]`, or of their transpose `[m, input_row]` for the output layer.
    pub(super) weights: Vec<F>,
    /// `[output_row]`.
    pub(super) biases: Vec<F>,
}

impl<F: Real> Sums<F> {
    /// Zeros for the layers of a network.
    pub(super) fn new(packed: &Packed<F>) -> Self {
        let last = packed.0.len() - 1;
        let layers = packed.0.iter().enumerate().map(|(l, layer)| {
            let size = if l == last {
                layer.outputs * layer.input_row
            } else {
                layer.inputs * layer.output_row
            };
            LayerSums {
                weights: vec![F::ZERO; size],
                biases: vec![F::ZERO; layer.output_row],
            }
        });
        Self(layers.collect())
    }

    /// Adds other sums.
    pub(super) fn add(&mut self, other: &Self) {
        let add = |a: &mut [F], b: &[F]| a.iter_mut().zip(b).for_each(|(a, b)| *a += *b);
        for (sums, other) in self.0.iter_mut().zip(&other.0) {
            add(&mut sums.weights, &other.weights);
            add(&mut sums.biases, &other.biases);
        }
    }

    /// Writes the sums as a parameter vector.
    pub(super) fn write(&self, layers: &[Layer], packed: &Packed<F>, gradient: &mut [F]) {
        let last = layers.len() - 1;
        for (l, ((layer, packed), sums)) in layers.iter().zip(&packed.0).zip(&self.0).enumerate() {
            let outputs = layer.outputs;
            let rows = gradient[layer.weights.clone()].chunks_exact_mut(outputs);
            if l == last {
                for (i, row) in rows.enumerate() {
                    for (j, value) in row.iter_mut().enumerate() {
                        *value = sums.weights[j * packed.input_row + i];
                    }
                }
            } else {
                rows.zip(sums.weights.chunks_exact(packed.output_row))
                    .for_each(|(row, sums)| row.copy_from_slice(&sums[..outputs]));
            }
            gradient[layer.biases.clone()].copy_from_slice(&sums.biases[..outputs]);
        }
    }
}

/// out += factor·Σ of the first `n` rows of `rows`, of the stride of `out`.
pub(super) fn add_rows<F: Real>(factor: F, rows: &[F], n: usize, out: &mut [F]) {
    let row = out.len();
    Product {
        rows: 1,
        depth: n,
        columns: row,
        left: Left::constant(&factor),
        right: Right::rows(rows, row),
        out,
        row,
        start: Start::Result,
        panel: None,
    }
    .run();
}

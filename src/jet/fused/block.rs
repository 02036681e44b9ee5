//! One block of points: forward through the layers, and the adjoint back.

use super::operands::{Input, Operands};
use super::parameters::{Packed, PackedLayer};
use super::residuals::Tangents;
use super::{LANES, padded};
use crate::jet::activation::Activation;
use crate::jet::dots::Dots;
use crate::jet::encoding::encode;
use crate::jet::packing::whole;
use crate::jet::pass::{Activate, Adjoint, InPlace, Pass, Tangent};
use crate::jet::product::{Left, Product, Right, Start};
use crate::jet::real::Real;
use crate::jet::{Architecture, Channels};

/// The buffers of one block of P points; the capacity is kept from call to call. Rows of hidden layers are whole vectors.
#[derive(Default)]
pub(super) struct Workspace<F> {
    /// Network input ξ, `[P, D]`.
    pub(super) xi: Vec<F>,
    /// Encoded input, `[K, P, inputs]`, where ξ itself is not the input.
    pub(super) encoded: Vec<F>,
    /// The hidden layers.
    pub(super) hidden: Vec<Hidden<F>>,
    /// Output jets, `[K, P, m]`.
    pub(super) out: Vec<F>,
    /// Adjoint of `out`.
    pub(super) out_bar: Vec<F>,
    /// Adjoint, or change along a direction, of the layer in work, `[K, P, row]`.
    pub(super) bar: Vec<F>,
    /// The same of the layer below, or above.
    pub(super) other: Vec<F>,
    /// Residuals of the block, `[P, R]`.
    pub(super) residual: Vec<F>,
    /// The tangents of smooth rows at the block's jets.
    pub(super) tangents: Tangents<F>,
    /// Room for the columns of a product.
    pub(super) panel: Vec<F>,
}

/// The buffers of one hidden layer.
#[derive(Default)]
pub(super) struct Hidden<F> {
    /// Kept numbers and pre-activation derivatives, `[K, P, row]`.
    pub(super) z: Vec<F>,
    /// The second kept number, `[P, row]`; empty for activations that keep one.
    pub(super) keep: Vec<F>,
    /// Activations, `[K, P, row]`.
    pub(super) a: Vec<F>,
}

impl<F> Hidden<F> {
    /// The operands of a pass that changes `buffer`, `[K, n]`.
    fn in_place<'a>(&'a self, channels: Channels, n: usize, buffer: &'a mut [F]) -> InPlace<'a, F> {
        InPlace {
            channels,
            n,
            z: &self.z,
            keep: &self.keep,
            buffer,
        }
    }
}

impl<F: Real> Workspace<F> {
    /// Carries the jets of the points `x`, `[n, D]`, to the outputs.
    pub(super) fn forward(&mut self, architecture: &Architecture, packed: &Packed<F>, channels: Channels, x: &[F]) {
        let (d, k) = (channels.coordinates(), channels.count());
        let n = x.len() / d;
        let p = padded(n);
        resize(&mut self.xi, p * d);
        for i in 0..p {
            // Points beyond the last repeat it: their adjoints are zero.
            let source = i.min(n - 1);
            for j in 0..d {
                self.xi[i * d + j] = (x[source * d + j] - F::of(architecture.center[j])) * F::of(architecture.slope[j]);
            }
        }
        if architecture.encodes() {
            encode(architecture, channels, &self.xi, &mut self.encoded);
        }
        self.hidden.resize_with(architecture.hidden(), Hidden::default);
        for (l, layer) in packed.hidden().enumerate() {
            let mut hidden = std::mem::take(&mut self.hidden[l]);
            let size = k * p * layer.output_row;
            resize(&mut hidden.z, size);
            resize(&mut hidden.a, size);
            let kept = if architecture.activation == Activation::Tanh {
                0
            } else {
                p * layer.output_row
            };
            resize(&mut hidden.keep, kept);
            self.input(architecture, packed, l)
                .multiply(layer, channels, p, &mut hidden.z);
            Activate {
                channels,
                n: p * layer.output_row,
                z: &mut hidden.z,
                keep: &mut hidden.keep,
                a: &mut hidden.a,
            }
            .run(architecture.activation);
            self.hidden[l] = hidden;
        }
        let layer = packed.output();
        resize(&mut self.out, k * p * layer.outputs);
        if let Some(below) = self.hidden.last() {
            output(layer, &below.a, p, &mut self.out);
        }
    }

    /// What enters layer l.
    fn input<'a>(&'a self, architecture: &'a Architecture, packed: &Packed<F>, l: usize) -> Input<'a, F> {
        if l > 0 {
            Input::Stacked {
                values: &self.hidden[l - 1].a,
                row: packed.0[l].input_row,
            }
        } else if architecture.encodes() {
            Input::Stacked {
                values: &self.encoded,
                row: packed.0[0].inputs,
            }
        } else {
            Input::Affine {
                xi: &self.xi,
                slope: &architecture.slope,
            }
        }
    }

    /// Takes the adjoint of the output jets down through the layers; `emit` receives each layer's operands.
    pub(super) fn backward(
        &mut self,
        architecture: &Architecture,
        packed: &Packed<F>,
        channels: Channels,
        p: usize,
        mut emit: impl FnMut(usize, &Operands<'_, F>),
    ) {
        let (rows, last) = (channels.count() * p, architecture.hidden());
        let mut bar = std::mem::take(&mut self.bar);
        let mut below = std::mem::take(&mut self.other);
        for (l, layer) in packed.0.iter().enumerate().rev() {
            if l < last {
                // `bar` holds the adjoint of the activations and becomes that of the pre-activations.
                let pass = self.hidden[l].in_place(channels, p * layer.output_row, &mut bar);
                Adjoint(pass).run(architecture.activation);
            }
            let above = if l == last { &self.out_bar } else { &bar };
            emit(
                l,
                &Operands {
                    input: self.input(architecture, packed, l),
                    bar: above,
                    channels,
                    p,
                },
            );
            if l == 0 {
                break;
            }
            resize(&mut below, rows * layer.input_row);
            let right = if l == last {
                Right::rows(&layer.forward, layer.input_row)
            } else {
                Right::packed(&layer.backward, layer.outputs)
            };
            Product {
                rows,
                depth: layer.outputs,
                columns: layer.input_row,
                left: Left::rows(above, layer.output_row),
                right,
                out: &mut below,
                row: layer.input_row,
                start: Start::Zero,
                panel: None,
            }
            .run();
            std::mem::swap(&mut bar, &mut below);
        }
        (self.bar, self.other) = (bar, below);
    }

    /// After [`Self::forward`]: the change of the output jets, `[K, P, m]`, per change of the parameters along a direction, in
    /// `out_bar`.
    pub(super) fn tangent(
        &mut self,
        architecture: &Architecture,
        packed: &Packed<F>,
        direction: &Packed<F>,
        channels: Channels,
        p: usize,
    ) {
        let rows = channels.count() * p;
        let mut dot = std::mem::take(&mut self.bar);
        let mut next = std::mem::take(&mut self.other);
        for (l, (layer, change)) in packed.hidden().zip(direction.hidden()).enumerate() {
            resize(&mut next, rows * layer.output_row);
            self.input(architecture, packed, l)
                .multiply(change, channels, p, &mut next);
            if l > 0 {
                Product {
                    rows,
                    depth: layer.inputs,
                    columns: layer.output_row,
                    left: Left::rows(&dot, layer.input_row),
                    right: layer.weights(),
                    out: &mut next,
                    row: layer.output_row,
                    start: Start::Result,
                    panel: None,
                }
                .run();
            }
            let pass = self.hidden[l].in_place(channels, p * layer.output_row, &mut next);
            Tangent(pass).run(architecture.activation);
            std::mem::swap(&mut dot, &mut next);
        }
        let layer = packed.output();
        resize(&mut self.out_bar, rows * layer.outputs);
        if let Some(below) = self.hidden.last() {
            output(direction.output(), &below.a, p, &mut self.out_bar);
        }
        let mut change = vec![F::ZERO; self.out_bar.len()];
        Dots {
            left: &dot[..rows * layer.input_row],
            right: &layer.forward,
            row: layer.input_row,
            start: None,
            out: &mut change,
        }
        .run();
        self.out_bar.iter_mut().zip(change).for_each(|(a, b)| *a += b);
        (self.bar, self.other) = (dot, next);
    }
}

/// out ← the jets `a`, `[K, P, row]`, times the weights of the output layer, plus its biases for the values.
fn output<F: Real>(layer: &PackedLayer<F>, a: &[F], p: usize, out: &mut [F]) {
    let (values, others) = a.split_at(p * layer.input_row);
    let (value_out, other_out) = out.split_at_mut(p * layer.outputs);
    for (left, out, start) in [(values, value_out, Some(&layer.biases[..])), (others, other_out, None)] {
        Dots {
            left,
            right: &layer.forward,
            row: layer.input_row,
            start,
            out,
        }
        .run();
    }
}

pub(super) fn resize<F: Real>(buffer: &mut Vec<F>, length: usize) {
    buffer.resize(length, F::ZERO);
}

/// A block's activations should stay in a core's second-level cache.
const BLOCK_BYTES: usize = 512 * 1024;

/// Points per block: as many as keep two buffers per hidden layer in the cache.
pub(super) fn block_points<F: Real>(architecture: &Architecture, channels: Channels) -> usize {
    let units: usize = architecture.widths[1..=architecture.hidden()]
        .iter()
        .map(|w| whole::<F>(*w))
        .sum();
    let bytes = 2 * units * channels.count() * size_of::<F>();
    (BLOCK_BYTES / bytes / LANES * LANES).clamp(LANES, 8 * LANES)
}

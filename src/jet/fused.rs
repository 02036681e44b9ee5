//! The fused CPU kernel: blocks of points go through all layers, the residuals and back while they stay in the cache.
//!
//! Per block and layer there is one matrix product of the stacked channels, `[K·P, in] × [in, out]`, and one vectorised
//! pass for the activation. With t = f(v) and s₁, s₂, s₃ the next three derivatives, the pass maps
//!
//! - v → f(v), d_i → s₁·d_i,
//! - Laplacian l → s₁·l + s₂·Σ d_i², Hessian h_jk → s₁·h_jk + s₂·d_j·d_k,
//!
//! and its adjoint maps (v̄, d̄, l̄ or h̄) back by the transposed derivatives. Activations are kept for the block in work
//! only, and a block has as many points as keep them in the second-level cache: nothing of size n·width is ever stored, and memory does
//! not depend on the number of points.
//!
//! Weights are packed once per call (`parameters`), the rows of all jets are whole vectors, and products run in register tiles
//! without further copies (`jet::product`). The same passes serve values, losses, gradients, rows of the Jacobian ([`Kernel::jacobian`]) and
//! products with it ([`Kernel::pushforward`], [`Kernel::pullback`]).
//!
//! Blocks are dealt to a number of groups that depends on the points only; each group adds up in block order, and the
//! groups are added in order: the result has the same bits for any number of threads. Instruction sets differ in their last bits.

mod block;
mod operands;
mod output;
mod parameters;
mod residuals;
mod rows;

use std::sync::Mutex;

use rayon::prelude::*;

use super::Channels;
use super::pass::LANES;
use super::product::PANEL;
use super::real::Real;
use crate::jet::{Architecture, Layer, Rows, Span};
use block::{Workspace, block_points};
use parameters::{Packed, Sums};

/// Most partial sums of a reduction.
const GROUPS: usize = 32;

/// Fewest blocks that share a partial sum.
const LEAST: usize = 2;

/// Evaluates one network with the fused kernel.
pub struct Kernel<F> {
    architecture: Architecture,
    layers: Vec<Layer>,
    idle: Mutex<Vec<Workspace<F>>>,
}

fn spans<'a, F: 'a, T: Copy + Into<Span<'a, F>>>(terms: &[T]) -> Vec<Span<'a, F>> {
    terms.iter().map(|term| (*term).into()).collect()
}

/// A range of points of one term.
struct Block {
    term: usize,
    start: usize,
    points: usize,
}

impl<F: Real> Kernel<F> {
    /// A kernel for networks of the given shape.
    pub fn new(architecture: Architecture) -> Self {
        Self {
            layers: architecture.layers(),
            architecture,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// The network's shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Σ_i w_i·(|r_i|² − l_i·j_i) of each term.
    pub fn losses<'a, T: Copy + Into<Span<'a, F>>>(&self, parameters: &[F], terms: &[T]) -> Vec<f64> {
        let (terms, packed) = (spans(terms), self.pack(parameters));
        let parts = self.per_block(&terms, |workspace, block| {
            self.forward(workspace, &packed, terms[block.term].rows, block);
            (block.term, workspace.residuals(terms[block.term].rows, block))
        });
        let mut losses = vec![0.0; terms.len()];
        parts.into_iter().for_each(|(term, loss)| losses[term] += loss);
        losses
    }

    /// The same, and the gradient of their sum in `gradient`, `[p]`.
    pub fn gradient<'a, T: Copy + Into<Span<'a, F>>>(
        &self,
        parameters: &[F],
        terms: &[T],
        gradient: &mut [F],
    ) -> Vec<f64> {
        let (terms, packed) = (spans(terms), self.pack(parameters));
        let losses = self.reduce(&terms, &packed, gradient, |workspace, block| {
            let rows = terms[block.term].rows;
            self.forward(workspace, &packed, rows, block);
            let loss = workspace.residuals(rows, block);
            workspace.seed_loss(rows, block);
            loss
        });
        let mut sums = vec![0.0; terms.len()];
        losses.into_iter().for_each(|(term, loss)| sums[term] += loss);
        sums
    }

    /// Jᵀ·v: Σ_t Σ_i Σ_r v_ir·∂r_ir/∂θ, `[p]`, without the weights; one vector `[n, R]` per term.
    pub fn pullback<'a, T: Copy + Into<Span<'a, F>>>(
        &self,
        parameters: &[F],
        terms: &[T],
        vectors: &[Vec<F>],
    ) -> Vec<F> {
        let (terms, packed) = (spans(terms), self.pack(parameters));
        let mut sum = vec![F::ZERO; parameters.len()];
        self.reduce(&terms, &packed, &mut sum, |workspace, block| {
            let Span { rows, start, .. } = terms[block.term];
            self.forward(workspace, &packed, rows, block);
            let vector = &vectors[block.term][(block.start - start) * rows.residuals..];
            workspace.seed(rows, block, |i, row| vector[i * rows.residuals + row]);
            0.0
        });
        sum
    }

    /// J·v: Σ_j ∂r_ir/∂θ_j·v_j of each term, `[n, R]`, without the weights, for a vector `[p]` of parameters.
    pub fn pushforward<'a, T: Copy + Into<Span<'a, F>>>(
        &self,
        parameters: &[F],
        terms: &[T],
        vector: &[F],
    ) -> Vec<Vec<F>> {
        let (terms, packed, direction) = (spans(terms), self.pack(parameters), self.pack(vector));
        let parts = self.per_block(&terms, |workspace, block| {
            let rows = terms[block.term].rows;
            self.forward(workspace, &packed, rows, block);
            let p = padded(block.points);
            workspace.tangent(&self.architecture, &packed, &direction, rows.channels, p);
            (block.term, workspace.changes(rows, block))
        });
        let mut products = vec![Vec::new(); terms.len()];
        parts.into_iter().for_each(|(term, part)| products[term].extend(part));
        products
    }

    /// The residuals r_i of a term, `[n, R]`.
    pub fn residuals<'a>(&self, parameters: &[F], term: impl Into<Span<'a, F>>) -> Vec<F> {
        let (span, packed) = (term.into(), self.pack(parameters));
        let rows = span.rows;
        self.per_block(&[span], |workspace, block| {
            self.forward(workspace, &packed, rows, block);
            workspace.residuals(rows, block);
            workspace.residual[..block.points * rows.residuals].to_vec()
        })
        .concat()
    }

    /// Affine rows with the residuals and tangents that these have at the parameters.
    pub fn frozen(&self, parameters: &[F], rows: &Rows<F>) -> Rows<F> {
        match rows.smooth {
            Some(_) => rows.frozen(&self.jets(parameters, rows.channels, &rows.x)),
            None => rows.clone(),
        }
    }

    /// The network's jets at n points `x`, `[n, D]`: returns `[n, m, K]`.
    pub fn jets(&self, parameters: &[F], channels: Channels, x: &[F]) -> Vec<F> {
        let d = channels.coordinates();
        let rows = Rows {
            channels,
            points: x.len() / d,
            residuals: 0,
            components: self.architecture.components(),
            x: Vec::new(),
            coefficients: Vec::new(),
            rhs: Vec::new(),
            linear: Vec::new(),
            smooth: None,
            weights: Vec::new(),
        };
        let (m, k, packed) = (self.architecture.components(), channels.count(), self.pack(parameters));
        self.per_block(&[Span::from(&rows)], |workspace, block| {
            let points = &x[block.start * d..(block.start + block.points) * d];
            workspace.forward(&self.architecture, &packed, channels, points);
            let p = padded(block.points);
            let mut jets = Vec::with_capacity(block.points * m * k);
            for i in 0..block.points {
                for c in 0..m {
                    jets.extend((0..k).map(|channel| workspace.out[(channel * p + i) * m + c]));
                }
            }
            jets
        })
        .concat()
    }

    fn take(&self) -> Workspace<F> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }

    fn give(&self, workspace: Workspace<F>) {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(workspace);
    }

    fn blocks(&self, terms: &[Span<'_, F>]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (term, span) in terms.iter().enumerate() {
            let size = block_points::<F>(&self.architecture, span.rows.channels);
            for start in (0..span.points).step_by(size) {
                blocks.push(Block {
                    term,
                    start: span.start + start,
                    points: size.min(span.points - start),
                });
            }
        }
        blocks
    }

    fn per_block<T: Send>(
        &self,
        terms: &[Span<'_, F>],
        work: impl Fn(&mut Workspace<F>, &Block) -> T + Sync,
    ) -> Vec<T> {
        self.blocks(terms)
            .par_iter()
            .map(|block| {
                let mut workspace = self.take();
                let result = work(&mut workspace, block);
                self.give(workspace);
                result
            })
            .collect()
    }

    /// Runs `work` on every block, which leaves the adjoint of the output jets, and adds the gradients up. Returns what `work`
    /// returned, with the terms, in order.
    fn reduce(
        &self,
        terms: &[Span<'_, F>],
        packed: &Packed<F>,
        gradient: &mut [F],
        work: impl Fn(&mut Workspace<F>, &Block) -> f64 + Sync,
    ) -> Vec<(usize, f64)> {
        let blocks = self.blocks(terms);
        let per_group = blocks.len().div_ceil(GROUPS).max(LEAST);
        let last = self.layers.len() - 1;
        let (values, partials): (Vec<Vec<_>>, Vec<Sums<F>>) = blocks
            .par_chunks(per_group)
            .map(|group| {
                let mut workspace = self.take();
                let mut sums = Sums::new(packed);
                let mut panel = std::mem::take(&mut workspace.panel);
                panel.resize(PANEL, F::ZERO);
                let values = group
                    .iter()
                    .map(|block| {
                        let value = work(&mut workspace, block);
                        let channels = terms[block.term].rows.channels;
                        let p = padded(block.points);
                        workspace.backward(&self.architecture, packed, channels, p, |l, operands| {
                            let (layer, sums) = (&packed.0[l], &mut sums.0[l]);
                            if l == last {
                                operands.add_to_output(layer, sums);
                            } else {
                                operands.add_to(layer, sums, &mut panel);
                            }
                        });
                        (block.term, value)
                    })
                    .collect();
                workspace.panel = panel;
                self.give(workspace);
                (values, sums)
            })
            .unzip();
        let mut total = Sums::new(packed);
        partials.iter().for_each(|sums| total.add(sums));
        total.write(&self.layers, packed, gradient);
        values.concat()
    }

    fn pack(&self, parameters: &[F]) -> Packed<F> {
        Packed::new(&self.layers, parameters)
    }

    fn forward(&self, workspace: &mut Workspace<F>, packed: &Packed<F>, rows: &Rows<F>, block: &Block) {
        let d = rows.channels.coordinates();
        let points = &rows.x[block.start * d..(block.start + block.points) * d];
        workspace.forward(&self.architecture, packed, rows.channels, points);
        workspace.linearise(rows, block);
    }
}

fn padded(points: usize) -> usize {
    points.next_multiple_of(LANES)
}

#[cfg(test)]
mod tests;

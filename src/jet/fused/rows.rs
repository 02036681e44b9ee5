//! Rows of the Jacobian, and gradients, point by point.

use rayon::prelude::*;

use super::block::{Workspace, block_points};
use super::parameters::Packed;
use super::{Block, Kernel, padded};
use crate::jet::real::Real;
use crate::jet::{Rows, Span};

impl<F: Real> Kernel<F> {
    /// Rows √w_i·∂r_ic/∂θ and entries √w_i·r_ic of the points `start..start + points` of a term.
    ///
    /// # Shapes
    /// `jacobian` is `[points·R, p]`, `residual` is `[points·R]`.
    pub fn jacobian(
        &self,
        parameters: &[F],
        rows: &Rows<F>,
        start: usize,
        points: usize,
        jacobian: &mut [F],
        residual: &mut [F],
    ) {
        let (p, r) = (self.architecture.parameters(), rows.residuals);
        let span = Span { rows, start, points };
        self.weighted(
            parameters,
            span,
            (jacobian, p),
            residual,
            |workspace, packed, block, roots, jacobian| {
                for c in 0..r {
                    workspace.seed(rows, block, |i, row| if row == c { roots[i] } else { F::ZERO });
                    let padded = padded(block.points);
                    workspace.backward(&self.architecture, packed, rows.channels, padded, |l, operands| {
                        let (layer, row) = (&self.layers[l], packed.0[l].output_row);
                        operands.rows_to(layer, row, jacobian, block.points, |i| (i * r + c) * p);
                    });
                }
            },
        );
    }

    /// The gradient of w_i·|r_i|² with respect to the parameters for the points `start..start + points` of a term, one after the
    /// other.
    ///
    /// # Shapes
    /// `gradients` is `[points, p]`.
    pub fn point_gradients(&self, parameters: &[F], rows: &Rows<F>, start: usize, points: usize, gradients: &mut [F]) {
        let p = self.architecture.parameters();
        let size = block_points::<F>(&self.architecture, rows.channels);
        let parts = gradients[..points * p].par_chunks_mut(size * p);
        let span = Span { rows, start, points };
        self.per_part(parameters, span, parts, |workspace, packed, block, gradients| {
            workspace.seed_loss(rows, block);
            let padded = padded(block.points);
            workspace.backward(&self.architecture, packed, rows.channels, padded, |l, operands| {
                let (layer, row) = (&self.layers[l], packed.0[l].output_row);
                operands.rows_to(layer, row, gradients, block.points, |i| i * p);
            });
        });
    }

    /// Entries √w_i·r_ic of a span, `[points·R]`, and rows, `[points·R, columns]`, which `work` makes block by block from the roots √w_i
    /// of the block's points.
    pub(super) fn weighted(
        &self,
        parameters: &[F],
        span: Span<'_, F>,
        (matrix, columns): (&mut [F], usize),
        residual: &mut [F],
        work: impl Fn(&mut Workspace<F>, &Packed<F>, &Block, &[F], &mut [F]) + Sync,
    ) {
        let r = span.rows.residuals;
        let size = block_points::<F>(&self.architecture, span.rows.channels) * r;
        let parts = matrix[..span.points * r * columns]
            .par_chunks_mut(size * columns)
            .zip(residual[..span.points * r].par_chunks_mut(size));
        self.per_part(
            parameters,
            span,
            parts,
            |workspace, packed, block, (matrix, residual)| {
                let roots: Vec<F> = (0..block.points)
                    .map(|i| F::of(span.rows.weights[block.start + i].double().sqrt()))
                    .collect();
                for (i, entry) in residual.iter_mut().enumerate() {
                    *entry = workspace.residual[i] * roots[i / r];
                }
                work(workspace, packed, block, &roots, matrix);
            },
        );
    }

    /// Evaluates the residuals of a span block by block, and gives every block its part of a result.
    pub(super) fn per_part<T: Send>(
        &self,
        parameters: &[F],
        span: Span<'_, F>,
        parts: impl IndexedParallelIterator<Item = T>,
        work: impl Fn(&mut Workspace<F>, &Packed<F>, &Block, T) + Sync,
    ) {
        let packed = self.pack(parameters);
        let blocks = self.blocks(&[span]);
        blocks.par_iter().zip(parts).for_each(|(block, part)| {
            let mut workspace = self.take();
            self.forward(&mut workspace, &packed, span.rows, block);
            workspace.residuals(span.rows, block);
            work(&mut workspace, &packed, block, part);
            self.give(workspace);
        });
    }
}

//! Rows of the Jacobian, and gradients, point by point.

use rayon::prelude::*;

use super::block::block_points;
use super::{Block, Kernel, padded};
use crate::jet::real::Real;
use crate::loss::Rows;

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
        let (p, r, packed) = (self.architecture.parameters(), rows.residuals, self.pack(parameters));
        let size = block_points::<F>(&self.architecture, rows.channels);
        jacobian[..points * r * p]
            .par_chunks_mut(size * r * p)
            .zip(residual[..points * r].par_chunks_mut(size * r))
            .enumerate()
            .for_each(|(index, (jacobian, residual))| {
                let block = Block {
                    term: 0,
                    start: start + index * size,
                    points: residual.len() / r,
                };
                let mut workspace = self.take();
                self.forward(&mut workspace, &packed, rows, &block);
                workspace.residuals(rows, &block);
                let roots: Vec<F> = (0..block.points)
                    .map(|i| F::of(rows.weights[block.start + i].double().sqrt()))
                    .collect();
                for (i, chunk) in residual.chunks_mut(r).enumerate() {
                    for (c, entry) in chunk.iter_mut().enumerate() {
                        *entry = workspace.residual[i * r + c] * roots[i];
                    }
                }
                for c in 0..r {
                    workspace.seed(rows, &block, |i, row| if row == c { roots[i] } else { F::ZERO });
                    let padded = padded(block.points);
                    workspace.backward(&self.architecture, &packed, rows.channels, padded, |l, operands| {
                        let (layer, row) = (&self.layers[l], packed.0[l].output_row);
                        operands.rows_to(layer, row, jacobian, block.points, |i| (i * r + c) * p);
                    });
                }
                self.give(workspace);
            });
    }

    /// The gradient of w_i·|r_i|² with respect to the parameters for the points `start..start + points` of a term, one after the
    /// other.
    ///
    /// # Shapes
    /// `gradients` is `[points, p]`.
    pub fn point_gradients(&self, parameters: &[F], rows: &Rows<F>, start: usize, points: usize, gradients: &mut [F]) {
        let (p, packed) = (self.architecture.parameters(), self.pack(parameters));
        let size = block_points::<F>(&self.architecture, rows.channels);
        gradients[..points * p]
            .par_chunks_mut(size * p)
            .enumerate()
            .for_each(|(index, gradients)| {
                let block = Block {
                    term: 0,
                    start: start + index * size,
                    points: gradients.len() / p,
                };
                let mut workspace = self.take();
                self.forward(&mut workspace, &packed, rows, &block);
                workspace.residuals(rows, &block);
                workspace.seed_loss(rows, &block);
                let padded = padded(block.points);
                workspace.backward(&self.architecture, &packed, rows.channels, padded, |l, operands| {
                    let (layer, row) = (&self.layers[l], packed.0[l].output_row);
                    operands.rows_to(layer, row, gradients, block.points, |i| i * p);
                });
                self.give(workspace);
            });
    }
}

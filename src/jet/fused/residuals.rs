//! Residuals of a block from its output jets, and the adjoints that start the way back.

use super::block::{Workspace, resize};
use super::{Block, padded};
use crate::jet::Rows;
use crate::jet::real::Real;

impl<F: Real> Workspace<F> {
    /// The residuals C·j − d of the block, `[P, R]`; returns Σ_i w_i·(|r_i|² − l_i·j_i).
    pub(super) fn residuals(&mut self, rows: &Rows<F>, block: &Block) -> f64 {
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        resize(&mut self.residual, p * r);
        let mut loss = 0.0;
        for i in 0..block.points {
            let point = block.start + i;
            for row in 0..r {
                let at = point * r + row;
                let sum = form(&rows.coefficients[at * m * k..(at + 1) * m * k], &self.out, p, i, m) - rows.rhs[at];
                self.residual[i * r + row] = sum;
                loss += rows.weights[point].double() * sum.double() * sum.double();
            }
            if let Some(linear) = rows.linear(point) {
                let jets = linear.chunks(k).enumerate().flat_map(|(c, linear)| {
                    let out = &self.out;
                    linear
                        .iter()
                        .enumerate()
                        .map(move |(channel, l)| l.double() * out[(channel * p + i) * m + c].double())
                });
                loss -= rows.weights[point].double() * jets.sum::<f64>();
            }
        }
        loss
    }

    /// C·j of each point, `[points, R]`, with j in the place of adjoints: what a change of the output jets does to the residuals.
    pub(super) fn changes(&self, rows: &Rows<F>, block: &Block) -> Vec<F> {
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        (0..block.points * r)
            .map(|at| {
                let point = block.start + at / r;
                let form_at = (point * r + at % r) * m * k;
                form(
                    &rows.coefficients[form_at..form_at + m * k],
                    &self.out_bar,
                    p,
                    at / r,
                    m,
                )
            })
            .collect()
    }

    /// Sets the adjoint of the output jets to that of the block's loss.
    pub(super) fn seed_loss(&mut self, rows: &Rows<F>, block: &Block) {
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        let residual = std::mem::take(&mut self.residual);
        self.seed(rows, block, |i, row| {
            F::TWO * rows.weights[block.start + i] * residual[i * r + row]
        });
        self.residual = residual;
        for i in 0..block.points {
            let Some(linear) = rows.linear(block.start + i) else {
                break;
            };
            for (c, linear) in linear.chunks(k).enumerate() {
                for (channel, l) in linear.iter().enumerate() {
                    self.out_bar[(channel * p + i) * m + c] -= rows.weights[block.start + i] * *l;
                }
            }
        }
    }

    /// Sets the adjoint of the output jets to Σ_row factor(i, row)·C_i,row.
    pub(super) fn seed(&mut self, rows: &Rows<F>, block: &Block, factor: impl Fn(usize, usize) -> F) {
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        resize(&mut self.out_bar, k * p * m);
        self.out_bar.fill(F::ZERO);
        for i in 0..block.points {
            for row in 0..r {
                let factor = factor(i, row);
                let at = (block.start + i) * r + row;
                let coefficients = &rows.coefficients[at * m * k..(at + 1) * m * k];
                for c in 0..m {
                    for channel in 0..k {
                        self.out_bar[(channel * p + i) * m + c] += factor * coefficients[c * k + channel];
                    }
                }
            }
        }
    }
}

/// Σ_c Σ_channel coefficients`[c, channel]`·jets`[channel, i, c]`.
fn form<F: Real>(coefficients: &[F], jets: &[F], p: usize, i: usize, m: usize) -> F {
    let k = coefficients.len() / m;
    let mut sum = F::ZERO;
    for c in 0..m {
        for channel in 0..k {
            sum += coefficients[c * k + channel] * jets[(channel * p + i) * m + c];
        }
    }
    sum
}

//! Residuals of a block from its output jets, and the adjoints that start the way back.
//!
//! Affine rows bring their coefficients along; smooth rows are linearised at the block's jets, in f64.

use super::block::{Workspace, resize};
use super::{Block, padded};
use crate::jet::Rows;
use crate::jet::real::Real;

/// Smooth rows linearised at the jets of a block.
#[derive(Default)]
pub(super) struct Tangents<F> {
    /// C = ∂r/∂j, `[P, R, m, K]`.
    forms: Vec<F>,
    /// r, `[P, R]`.
    residual: Vec<F>,
    /// Room for one point.
    scratch: Vec<f64>,
}

impl<F: Real> Tangents<F> {
    /// The form C of a residual of the block's point i.
    pub(super) fn form<'a>(&'a self, rows: &'a Rows<F>, block: &Block, i: usize, row: usize) -> &'a [F] {
        let width = rows.width();
        let (forms, point) = match rows.smooth {
            Some(_) => (&self.forms, i),
            None => (&rows.coefficients, block.start + i),
        };
        &forms[(point * rows.residuals + row) * width..][..width]
    }

    /// Linearises the rows of a block at its output jets `out`, `[K, P, m]`; nothing for affine rows.
    fn linearise(&mut self, rows: &Rows<F>, block: &Block, out: &[F]) {
        let Some(smooth) = &rows.smooth else {
            return;
        };
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        let stride = rows.stride();
        resize(&mut self.forms, block.points * stride);
        resize(&mut self.residual, block.points * r);
        let (mut jet, mut tangent, mut residual) = (vec![0.0; m * k], vec![0.0; stride], vec![0.0; r]);
        for i in 0..block.points {
            for c in 0..m {
                for channel in 0..k {
                    jet[c * k + channel] = out[(channel * p + i) * m + c].double();
                }
            }
            let data = smooth.point(block.start + i);
            smooth
                .residual
                .linearise(data, &jet, &mut self.scratch, &mut residual, &mut tangent);
            let forms = self.forms[i * stride..].iter_mut().zip(&tangent);
            forms.for_each(|(form, v)| *form = F::of(*v));
            let residuals = self.residual[i * r..].iter_mut().zip(&residual);
            residuals.for_each(|(out, v)| *out = F::of(*v));
        }
    }
}

impl<F: Real> Workspace<F> {
    /// After the way forward: what the rows' forms are at the block's jets.
    pub(super) fn linearise(&mut self, rows: &Rows<F>, block: &Block) {
        self.tangents.linearise(rows, block, &self.out);
    }

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
                let sum = match rows.smooth {
                    Some(_) => self.tangents.residual[i * r + row],
                    None => {
                        form(self.tangents.form(rows, block, i, row), &self.out, p, i, m) - rows.rhs[point * r + row]
                    }
                };
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
        let (p, m, r) = (padded(block.points), rows.components, rows.residuals);
        (0..block.points * r)
            .map(|at| {
                let (i, row) = (at / r, at % r);
                form(self.tangents.form(rows, block, i, row), &self.out_bar, p, i, m)
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
                let coefficients = self.tangents.form(rows, block, i, row);
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

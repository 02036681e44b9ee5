//! Rows of the Jacobian with respect to the output layer alone: the features of the layers below, combined by the residuals.

use super::{Kernel, padded};
use crate::jet::real::Real;
use crate::jet::{Rows, Span};

impl<F: Real> Kernel<F> {
    /// Number of parameters of the output layer, (width + 1)·m; they are the last ones of the vector.
    pub fn output_parameters(&self) -> usize {
        self.layers
            .last()
            .map_or(0, |layer| layer.weights.len() + layer.biases.len())
    }

    /// Rows √w_i·∂r_ic/∂θ with θ the parameters of the output layer, and entries √w_i·r_ic, of the points
    /// `start..start + points`.
    ///
    /// # Shapes
    /// `matrix` is `[points·R, (width + 1)·m]`, `residual` is `[points·R]`.
    pub fn output_jacobian(
        &self,
        parameters: &[F],
        rows: &Rows<F>,
        start: usize,
        points: usize,
        matrix: &mut [F],
        residual: &mut [F],
    ) {
        let (q, r, m) = (self.output_parameters(), rows.residuals, rows.components);
        let (k, w) = (rows.channels.count(), q / m - 1);
        let span = Span { rows, start, points };
        self.weighted(
            parameters,
            span,
            (matrix, q),
            residual,
            |workspace, packed, block, roots, matrix| {
                let (p, stride) = (padded(block.points), packed.output().input_row);
                let features = &workspace.hidden[self.architecture.hidden() - 1].a;
                let mut combined = vec![F::ZERO; w];
                for (at, entries) in matrix.chunks_mut(q).enumerate() {
                    let i = at / r;
                    let forms = workspace.tangents.form(rows, block, i, at % r).chunks(k);
                    for (c, form) in forms.enumerate() {
                        combined.fill(F::ZERO);
                        for (channel, coefficient) in form.iter().enumerate() {
                            if *coefficient == F::ZERO {
                                continue;
                            }
                            let factor = roots[i] * *coefficient;
                            let feature = &features[(channel * p + i) * stride..][..w];
                            let sums = combined.iter_mut().zip(feature);
                            sums.for_each(|(sum, value)| *sum += factor * *value);
                        }
                        let own = entries[c..].iter_mut().step_by(m);
                        own.zip(&combined).for_each(|(entry, value)| *entry = *value);
                        entries[w * m + c] = roots[i] * form[0];
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::activation::Activation;
    use crate::jet::generic::tests::rows;
    use crate::jet::{Architecture, Channels, Order};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The same numbers as the last columns of the whole Jacobian.
    #[test]
    fn output_rows_are_the_last_columns_of_the_jacobian() {
        for (m, widths) in [(1, vec![2, 9, 1]), (2, vec![2, 7, 5, 2])] {
            let architecture = Architecture {
                center: vec![0.2, -0.1],
                slope: vec![1.5, 0.7],
                plain: vec![0, 1],
                frequencies: Vec::new(),
                poles: Vec::new(),
                widths,
                activation: Activation::Tanh,
            };
            let channels = Channels::new(2, false, Order::Hessian);
            let mut random = ChaCha8Rng::seed_from_u64(5);
            let parameters = architecture.initial_parameters(&mut random);
            let (n, r) = (300, 2);
            let rows = rows(channels, [n, r, m], false, &mut random);
            let kernel = Kernel::new(architecture);
            let (p, q) = (parameters.len(), kernel.output_parameters());
            let (start, count) = (17, 260);
            let mut whole = vec![0.0; count * r * p];
            let mut part = vec![0.0; count * r * q];
            let (mut one, mut two) = (vec![0.0; count * r], vec![0.0; count * r]);
            kernel.jacobian(&parameters, &rows, start, count, &mut whole, &mut one);
            kernel.output_jacobian(&parameters, &rows, start, count, &mut part, &mut two);
            for (a, b) in whole.chunks(p).zip(part.chunks(q)) {
                for (a, b) in a[p - q..].iter().zip(b) {
                    assert!((a - b).abs() < 1e-13);
                }
            }
            assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-15));
        }
    }
}

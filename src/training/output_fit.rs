//! The starting point: the output layer by linear least squares on the random features of the layers below.
//!
//! The problem is linear and so is the output layer, so its best weights for given features are one small linear solve.
//! The fit also tells how large the field is, which the data alone do not (a slender beam bends far more than load by
//! modulus suggests); the ansatz takes that size as its scale, so that the network's outputs are O(1).

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::jet::fused::Kernel;
use crate::jet::{Channels, Order};
use crate::loss::Rows;

/// Damping relative to the mean diagonal: with less, nearly dependent features get large weights of both signs, and
/// every later step is bent by their cancellation.
const DAMPING: f64 = 1e-4;

/// Sets the output layer and returns the factor per component, `[m]`, by which the rows have been scaled.
pub fn fit_output_scale(kernel: &Kernel<f64>, parameters: &mut [f64], terms: &mut [Rows<f64>]) -> Vec<f64> {
    super::fix_splits();
    let architecture = kernel.architecture();
    let (p, m) = (architecture.parameters(), architecture.components());
    let layers = architecture.layers();
    let Some(layer) = layers.last() else {
        return vec![1.0; m];
    };
    let (first, count) = (layer.weights.start, p - layer.weights.start);
    let before = total(kernel, terms, parameters);
    // The residual is affine in the output layer: with it set to zero, r = r₀ + J·w.
    let mut trial = parameters.to_vec();
    trial[first..].fill(0.0);
    let mut normal = Mat::<f64>::zeros(count, count);
    let mut right = Mat::<f64>::zeros(count, 1);
    for rows in terms.iter() {
        let chunk = 64;
        for start in (0..rows.points).step_by(chunk) {
            let n = chunk.min(rows.points - start);
            let mut jacobian = vec![0.0; n * rows.residuals * p];
            let mut residual = vec![0.0; n * rows.residuals];
            kernel.jacobian(&trial, rows, start, n, &mut jacobian, &mut residual);
            for (row, r) in jacobian.chunks(p).zip(&residual) {
                let row = &row[first..];
                for i in 0..count {
                    right[(i, 0)] -= row[i] * r;
                    for j in 0..=i {
                        normal[(i, j)] += row[i] * row[j];
                    }
                }
            }
        }
    }
    let trace: f64 = (0..count).map(|i| normal[(i, i)]).sum();
    for i in 0..count {
        normal[(i, i)] += DAMPING * trace / count as f64;
    }
    let Ok(factor) = normal.llt(Side::Lower) else {
        return vec![1.0; m];
    };
    let solution = factor.solve(&right);
    for i in 0..count {
        trial[first + i] = solution[(i, 0)];
    }
    if !(total(kernel, terms, &trial) < before) {
        return vec![1.0; m];
    }
    // Size of each output over the interior.
    let Some(interior) = terms.first() else {
        return vec![1.0; m];
    };
    let values = Channels::new(interior.channels.space, interior.channels.time, Order::Value);
    let outputs = kernel.jets(&trial, values, &interior.x);
    let n = interior.points as f64;
    let scale: Vec<f64> = (0..m)
        .map(|c| {
            let size = (outputs.iter().skip(c).step_by(m).map(|v| v * v).sum::<f64>() / n).sqrt();
            if size > 0.0 && size.is_finite() { size } else { 1.0 }
        })
        .collect();
    for (index, weight) in trial[first..].iter_mut().enumerate() {
        *weight /= scale[index % m];
    }
    parameters.copy_from_slice(&trial);
    for rows in terms.iter_mut() {
        let k = rows.channels.count();
        for (index, form) in rows.coefficients.chunks_mut(k).enumerate() {
            form.iter_mut().for_each(|c| *c *= scale[index % m]);
        }
    }
    scale
}

fn total(kernel: &Kernel<f64>, terms: &[Rows<f64>], parameters: &[f64]) -> f64 {
    kernel
        .losses(parameters, &terms.iter().collect::<Vec<_>>())
        .iter()
        .sum()
}

//! How sharp the minimum is that training ended in.

use serde::Serialize;

use super::{dot, norm};
use crate::jet::Rows;
use crate::jet::fused::Kernel;
use crate::sampler::{mix, unit};

/// Iterations at most.
const ITERATIONS: usize = 30;
/// Relative change of the eigenvalue at which it counts as found.
const TOLERANCE: f64 = 1e-2;

/// The largest eigenvalue of the loss's Hessian.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sharpness {
    /// λ, in units of the loss per squared parameter; plain gradient steps are stable below the learning rate 2/λ.
    pub largest_eigenvalue: f64,
    /// Its relative change in the last iteration.
    pub change: f64,
    /// Points that the loss was evaluated on.
    pub points: usize,
}

/// Power iteration on products of the Hessian with a vector, each the central difference of two gradients.
pub fn sharpness(kernel: &Kernel<f64>, parameters: &[f64], terms: &[Rows<f64>]) -> Sharpness {
    let rows: Vec<&Rows<f64>> = terms.iter().collect();
    let p = parameters.len();
    let mut vector: Vec<f64> = (0..p).map(|i| unit(mix(0x5a4b, 0), i as u64) - 0.5).collect();
    let scale = 1e-5 * (1.0 + norm(parameters));
    let gradient = |sign: f64, vector: &[f64]| {
        let at: Vec<f64> = parameters
            .iter()
            .zip(vector)
            .map(|(x, v)| x + sign * scale * v)
            .collect();
        let mut gradient = vec![0.0; p];
        kernel.gradient(&at, &rows, &mut gradient);
        gradient
    };
    let (mut eigenvalue, mut change) = (0.0_f64, f64::INFINITY);
    for _ in 0..ITERATIONS {
        let length = norm(&vector);
        if !(length > 0.0) {
            break;
        }
        vector.iter_mut().for_each(|v| *v /= length);
        let (ahead, behind) = (gradient(1.0, &vector), gradient(-1.0, &vector));
        let product: Vec<f64> = ahead
            .iter()
            .zip(&behind)
            .map(|(a, b)| (a - b) / (2.0 * scale))
            .collect();
        let next = dot(&vector, &product);
        change = ((next - eigenvalue) / next).abs();
        eigenvalue = next;
        vector = product;
        if change < TOLERANCE {
            break;
        }
    }
    Sharpness {
        largest_eigenvalue: eigenvalue,
        change,
        points: terms.iter().map(|rows| rows.points).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::{Channels, Order};
    use crate::network::MlpConfig;
    use faer::{Mat, Side};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Where all residuals vanish the Hessian is 2·JᵀWJ exactly; its largest eigenvalue from a dense solver.
    #[test]
    fn the_eigenvalue_is_that_of_the_normal_equations_at_a_perfect_fit() {
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let architecture = MlpConfig {
            width: 6,
            depth: 2,
            ..MlpConfig::default()
        }
        .architecture(1, &[0.0], &[1.0], &mut random);
        let parameters = architecture.initial_parameters(&mut random);
        let kernel = Kernel::<f64>::new(architecture);
        let n = 40;
        let mut rows = Rows {
            channels: Channels::new(1, false, Order::Value),
            points: n,
            residuals: 1,
            components: 1,
            x: (0..n).map(|i| i as f64 / n as f64).collect(),
            coefficients: vec![1.0; n],
            rhs: vec![0.0; n],
            linear: Vec::new(),
            smooth: None,
            weights: vec![1.0 / n as f64; n],
        };
        rows.rhs = kernel.residuals(&parameters, &rows);
        let p = parameters.len();
        let (mut jacobian, mut residual) = (vec![0.0; n * p], vec![0.0; n]);
        kernel.jacobian(&parameters, &rows, 0, n, &mut jacobian, &mut residual);
        assert!(residual.iter().all(|r| r.abs() < 1e-14));
        let normal = Mat::from_fn(p, p, |i, j| {
            (0..n)
                .map(|k| 2.0 * jacobian[k * p + i] * jacobian[k * p + j])
                .sum::<f64>()
        });
        let Ok(values) = normal.self_adjoint_eigenvalues(Side::Lower) else {
            panic!("a symmetric matrix has eigenvalues")
        };
        let expected = values.iter().fold(0.0_f64, |a, b| a.max(*b));
        let found = sharpness(&kernel, &parameters, std::slice::from_ref(&rows));
        assert!(
            (found.largest_eigenvalue / expected - 1.0).abs() < 0.02,
            "{found:?} {expected}"
        );
    }
}

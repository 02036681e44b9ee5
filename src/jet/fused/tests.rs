//! The kernel against Burn's automatic differentiation, central differences and its own identities.

use super::*;
use crate::jet::Order;
use crate::jet::generic::tests::{ACTIVATIONS, Case, poles, relative, rows};
use crate::network::MlpConfig;
use burn_autodiff::Autodiff;
use burn_ndarray::{NdArray, NdArrayDevice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn case(space: usize, time: bool, order: Order, config: &MlpConfig, sizes: &[usize]) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let channels = Channels::new(space, time, order);
    let d = channels.coordinates();
    let m = 1 + space % 3;
    let poles = if sizes.len() == 1 { poles(space) } else { Vec::new() };
    let architecture = config
        .architecture(m, &vec![-0.5; d], &vec![2.0; d], &mut random)
        .with_poles(poles);
    Case {
        parameters: architecture.initial_parameters(&mut random),
        architecture,
        rows: sizes
            .iter()
            .enumerate()
            .map(|(t, n)| rows(channels, [*n, 1 + t % 2, m], false, &mut random))
            .collect(),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for activation in ACTIVATIONS {
        for (fourier_features, sizes) in [(0, vec![70, 33]), (5, vec![1]), (0, vec![40])] {
            let config = MlpConfig {
                width: 11,
                depth: 3,
                activation,
                fourier_features,
                fourier_scale: 1.0,
            };
            for order in [Order::Value, Order::First, Order::Laplacian, Order::Hessian] {
                for (space, time) in [(1, true), (2, false), (3, false), (3, true)] {
                    cases.push(case(space, time, order, &config, &sizes));
                }
            }
        }
    }
    cases
}

#[test]
fn loss_and_gradient_equal_burns_automatic_differentiation_in_f64() {
    for case in cases() {
        let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
        let (losses, gradient) = case.by_kernel();
        assert_eq!(losses, case.kernel::<f64>().losses(&case.parameters, &terms));
        let (expected_losses, expected) = case.by_operations::<f64, Autodiff<NdArray>>(&NdArrayDevice::Cpu);
        assert!(relative(&losses, &expected_losses) < 1e-12);
        assert!(relative(&gradient, &expected) < 1e-12);
    }
}

#[test]
fn loss_and_gradient_equal_burns_automatic_differentiation_in_f32() {
    // Sums over many points: a single residual may be a small difference of large numbers, with any relative error.
    for case in cases().into_iter().filter(|case| case.rows[0].points > 1) {
        let kernel = case.kernel::<f32>();
        let parameters: Vec<f32> = case.parameters.iter().map(|v| *v as f32).collect();
        let rows: Vec<Rows<f32>> = case
            .rows
            .iter()
            .map(|rows| rows.gather(&(0..rows.points).collect::<Vec<_>>(), 1.0))
            .collect();
        let mut gradient = vec![0.0; parameters.len()];
        let losses = kernel.gradient(&parameters, &rows.iter().collect::<Vec<_>>(), &mut gradient);
        let (expected_losses, expected) = case.by_operations::<f32, Autodiff<NdArray>>(&NdArrayDevice::Cpu);
        let gradient: Vec<f64> = gradient.iter().map(|v| f64::from(*v)).collect();
        assert!(relative(&losses, &expected_losses) < 1e-5);
        assert!(relative(&gradient, &expected) < 1e-5);
    }
}

#[test]
fn jets_match_central_differences_of_the_values() {
    for case in cases() {
        let kernel = case.kernel::<f64>();
        let channels = case.rows[0].channels;
        let d = channels.coordinates();
        let (m, k) = (case.architecture.components(), channels.count());
        let x: Vec<f64> = case.rows[0].x[..d].to_vec();
        let jet = kernel.jets(&case.parameters, channels, &x);
        let values = Channels::new(channels.space, channels.time, Order::Value);
        let h = 1e-3;
        let f = |shift: &[(usize, f64)]| {
            let mut x = x.clone();
            shift.iter().for_each(|(j, s)| x[*j] += s * h);
            kernel.jets(&case.parameters, values, &x)
        };
        // Truncation is about h² = 1e-6 times fourth derivatives.
        let close = |a: f64, b: f64| assert!((a - b).abs() < 2e-4 * (1.0 + b.abs()), "{a} {b}");
        for c in 0..m {
            let at = |channel: usize| jet[c * k + channel];
            let second = |i: usize, j: usize| {
                (f(&[(i, 1.0), (j, 1.0)])[c] - f(&[(i, 1.0), (j, -1.0)])[c] - f(&[(i, -1.0), (j, 1.0)])[c]
                    + f(&[(i, -1.0), (j, -1.0)])[c])
                    / (4.0 * h * h)
            };
            for j in 0..channels.firsts() {
                close(
                    at(channels.first(j)),
                    (f(&[(j, 1.0)])[c] - f(&[(j, -1.0)])[c]) / (2.0 * h),
                );
            }
            match channels.order {
                Order::Laplacian => close(
                    at(channels.laplacian()),
                    (0..channels.space).map(|j| second(j, j)).sum(),
                ),
                Order::Hessian => {
                    for (i, j) in channels.pairs() {
                        close(at(channels.second(i, j)), second(i, j));
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn jacobian_rows_reproduce_gradient_and_loss() {
    for case in cases() {
        let kernel = case.kernel::<f64>();
        let p = case.parameters.len();
        for rows in &case.rows {
            let mut jacobian = vec![f64::NAN; rows.points * rows.residuals * p];
            let mut residual = vec![f64::NAN; rows.points * rows.residuals];
            kernel.jacobian(&case.parameters, rows, 0, rows.points, &mut jacobian, &mut residual);
            let mut expected = vec![0.0; p];
            let loss = kernel.gradient(&case.parameters, &[rows], &mut expected)[0];
            let squares: f64 = residual.iter().map(|r| r * r).sum();
            assert!((loss - squares).abs() < 1e-12 * loss);
            let gradient: Vec<f64> = (0..p)
                .map(|j| {
                    residual
                        .iter()
                        .zip(jacobian.chunks(p))
                        .map(|(r, row)| 2.0 * r * row[j])
                        .sum()
                })
                .collect();
            assert!(relative(&gradient, &expected) < 1e-12);
        }
    }
}

#[test]
fn the_pullback_of_weighted_residuals_is_half_the_gradient() {
    for case in cases() {
        let kernel = case.kernel::<f64>();
        let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
        let vectors: Vec<Vec<f64>> = terms
            .iter()
            .map(|rows| {
                let residuals = kernel.residuals(&case.parameters, *rows);
                let weight = |i: usize| rows.weights[i / rows.residuals];
                residuals.iter().enumerate().map(|(i, r)| weight(i) * r).collect()
            })
            .collect();
        let half = kernel.pullback(&case.parameters, &terms, &vectors);
        let (_, gradient) = case.by_kernel();
        let doubled: Vec<f64> = half.iter().map(|v| 2.0 * v).collect();
        assert!(relative(&doubled, &gradient) < 1e-12);
    }
}

#[test]
fn the_result_has_the_same_bits_for_any_number_of_threads() {
    let config = MlpConfig::default();
    let case = case(2, false, Order::Hessian, &config, &[3000, 100]);
    let kernel = case.kernel::<f64>();
    let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
    let run = |threads: usize| {
        let mut gradient = vec![0.0; case.parameters.len()];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let losses = match pool {
            Ok(pool) => pool.install(|| kernel.gradient(&case.parameters, &terms, &mut gradient)),
            Err(error) => panic!("{error}"),
        };
        (losses, gradient)
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
fn a_non_finite_input_makes_the_loss_non_finite() {
    let mut case = case(2, false, Order::Hessian, &MlpConfig::default(), &[40]);
    let kernel = case.kernel::<f64>();
    case.rows[0].x[3] = f64::NAN;
    assert!(kernel.losses(&case.parameters, &[&case.rows[0]])[0].is_nan());
    case.rows[0].x[3] = 1e9;
    assert!(kernel.losses(&case.parameters, &[&case.rows[0]])[0].is_finite());
}

#[test]
fn products_with_the_jacobian_and_its_transpose_agree_with_its_rows() {
    for case in cases() {
        let kernel = case.kernel::<f64>();
        let p = case.parameters.len();
        let direction: Vec<f64> = (0..p).map(|j| ((j * 37 + 11) % 23) as f64 / 23.0 - 0.5).collect();
        let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
        let products = kernel.pushforward(&case.parameters, &terms, &direction);
        for (rows, product) in case.rows.iter().zip(&products) {
            let mut jacobian = vec![f64::NAN; rows.points * rows.residuals * p];
            let mut residual = vec![f64::NAN; rows.points * rows.residuals];
            kernel.jacobian(&case.parameters, rows, 0, rows.points, &mut jacobian, &mut residual);
            let expected: Vec<f64> = jacobian
                .chunks(p)
                .enumerate()
                .map(|(i, row)| {
                    let root = rows.weights[i / rows.residuals].sqrt();
                    row.iter().zip(&direction).map(|(a, b)| a * b).sum::<f64>() / root
                })
                .collect();
            assert!(relative(product, &expected) < 1e-11);
        }
        // ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩ with u = J·v.
        let back = kernel.pullback(&case.parameters, &terms, &products);
        let squares: f64 = products.iter().flatten().map(|v| v * v).sum();
        let other: f64 = back.iter().zip(&direction).map(|(a, b)| a * b).sum();
        assert!((squares - other).abs() < 1e-12 * squares);
    }
}

//! The tensor operations against the fused kernel and central differences.

use super::*;
use crate::jet::activation::Activation;
use crate::jet::download;
use crate::jet::fused::Kernel;
use crate::network::MlpConfig;
use burn::backend::Autodiff;
use burn::tensor::Element;
use burn_flex::{Flex, FlexDevice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random network with two random terms.
pub(crate) struct Case {
    pub(crate) architecture: Architecture,
    pub(crate) parameters: Vec<f64>,
    pub(crate) rows: Vec<Rows<f64>>,
}

/// Every layout of channels.
pub(crate) fn layouts() -> Vec<Channels> {
    let orders = [Order::Value, Order::First, Order::Laplacian, Order::Hessian];
    (1..=3)
        .flat_map(|space| [false, true].map(|time| (space, time)))
        .flat_map(|(space, time)| orders.map(|order| Channels::new(space, time, order)))
        .collect()
}

pub(crate) const ACTIVATIONS: [Activation; 3] = [Activation::Tanh, Activation::Sin, Activation::Swish];

/// A network for every layout and activation: width, depth, inputs and points by chance.
pub(crate) fn cases(seed: u64) -> Vec<Case> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    layouts()
        .into_iter()
        .flat_map(|channels| ACTIVATIONS.map(|activation| (channels, activation)))
        .map(|(channels, activation)| case(channels, activation, &mut random))
        .collect()
}

fn case(channels: Channels, activation: Activation, random: &mut ChaCha8Rng) -> Case {
    let (d, space) = (channels.coordinates(), channels.space);
    let config = MlpConfig {
        width: random.random_range(3..14),
        depth: random.random_range(1..4),
        activation,
        fourier_features: if random.random_bool(0.3) { 4 } else { 0 },
        fourier_scale: 1.0,
    };
    let m = random.random_range(1..4);
    let poles = if random.random_bool(0.3) {
        poles(space)
    } else {
        Vec::new()
    };
    let architecture = config
        .architecture(m, &vec![-0.5; d], &vec![2.0; d], random)
        .with_poles(poles);
    let parameters = architecture.initial_parameters(random);
    let rows = [false, true].map(|linear| {
        let (n, r) = (random.random_range(20..70), random.random_range(1..4));
        rows(channels, [n, r, m], linear, random)
    });
    Case {
        architecture,
        parameters: parameters.iter().map(|v| f64::from(*v as f32)).collect(),
        rows: rows.into(),
    }
}

/// Poles outside the points, whose coordinates lie in [−1, 1].
pub(crate) fn poles(space: usize) -> Vec<Pole> {
    vec![
        Pole::hole([-2.0, 1.5, 1.2], 0.8, space),
        Pole::corner([1.7, -1.8, 2.2], 1.3, space),
    ]
}

/// A term of n points, R residuals and m components, of random numbers that f32 holds too.
pub(crate) fn rows(channels: Channels, [n, r, m]: [usize; 3], linear: bool, random: &mut ChaCha8Rng) -> Rows<f64> {
    let width = m * channels.count();
    let mut numbers = |count: usize| -> Vec<f64> {
        (0..count)
            .map(|_| f64::from(random.random_range(-1.0_f32..1.0)))
            .collect()
    };
    Rows {
        channels,
        points: n,
        residuals: r,
        components: m,
        x: numbers(n * channels.coordinates()),
        coefficients: numbers(n * r * width),
        rhs: numbers(n * r),
        linear: if linear { numbers(n * width) } else { Vec::new() },
        weights: numbers(n).iter().map(|w| w.abs()).collect(),
        smooth: None,
    }
}

impl Case {
    /// The fused kernel for its network.
    pub(crate) fn kernel<F: Real>(&self) -> Kernel<F> {
        Kernel::new(self.architecture.clone())
    }

    /// Losses and gradient by the fused kernel.
    pub(crate) fn by_kernel(&self) -> (Vec<f64>, Vec<f64>) {
        let mut gradient = vec![0.0; self.parameters.len()];
        let terms: Vec<&Rows<f64>> = self.rows.iter().collect();
        (
            self.kernel().gradient(&self.parameters, &terms, &mut gradient),
            gradient,
        )
    }

    /// Losses and gradient by tensor operations with elements F.
    pub(crate) fn by_operations<F: Real + Element, B>(&self, device: &B::Device) -> (Vec<f64>, Vec<f64>)
    where
        B: JetBackend + burn::tensor::backend::AutodiffBackend,
    {
        let parameters: Vec<F> = self.parameters.iter().map(|v| F::of(*v)).collect();
        let parameters: Tensor<B, 1> = upload(TensorData::from(&parameters[..]), device).require_grad();
        assert_eq!(parameters.dtype(), F::dtype());
        let terms: Vec<RowTensors<B>> = self
            .rows
            .iter()
            .map(|rows| {
                let all: Vec<usize> = (0..rows.points).collect();
                RowTensors::new(&rows.gather::<F>(&all, 1.0), device)
            })
            .collect();
        let _turn = TURN.lock();
        let losses = losses(&self.architecture, &parameters, &terms);
        let gradients = losses.clone().sum().backward();
        let gradient = parameters.grad(&gradients).map(download).unwrap_or_default();
        (download(losses), gradient)
    }
}

/// ‖a − b‖/‖b‖.
pub(crate) fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()).max(1e-300)
}

/// The jets at the points x, `[n, m, K]`.
fn jets_at<F: Real + Element>(case: &Case, channels: Channels, x: &[f64]) -> Vec<f64> {
    let d = channels.coordinates();
    let convert = |values: &[f64]| -> Vec<F> { values.iter().map(|v| F::of(*v)).collect() };
    let parameters: Tensor<Flex, 1> = upload(TensorData::from(&convert(&case.parameters)[..]), &FlexDevice);
    let x: Tensor<Flex, 2> = upload(TensorData::new(convert(x), vec![x.len() / d, d]), &FlexDevice);
    download(jets(&case.architecture, &parameters, channels, x).permute([1, 2, 0]))
}

#[test]
fn losses_and_gradients_equal_those_of_the_fused_kernel() {
    for case in cases(11) {
        let (losses, gradient) = case.by_kernel();
        let double = case.by_operations::<f64, Autodiff<Flex>>(&FlexDevice);
        assert!(relative(&double.0, &losses) < 1e-12);
        assert!(relative(&double.1, &gradient) < 1e-12);
        let single = case.by_operations::<f32, Autodiff<Flex>>(&FlexDevice);
        assert!(relative(&single.0, &losses) < 1e-5);
        assert!(relative(&single.1, &gradient) < 1e-5);
    }
}

#[test]
fn gradients_match_central_differences_of_the_losses() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for mut case in cases(12) {
        let (_, gradient) = case.by_operations::<f64, Autodiff<Flex>>(&FlexDevice);
        let direction: Vec<f64> = gradient.iter().map(|_| random.random_range(-1.0..1.0)).collect();
        let start = case.parameters.clone();
        let h = 1e-4;
        let mut at = |step: f64| -> f64 {
            case.parameters = start.iter().zip(&direction).map(|(p, v)| p + step * h * v).collect();
            case.by_operations::<f64, Autodiff<Flex>>(&FlexDevice).0.iter().sum()
        };
        // Fourth order: truncation about h⁴ = 1e-16 times fifth derivatives, rounding about 1e-16·L/h.
        let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
        let expected: f64 = gradient.iter().zip(&direction).map(|(g, v)| g * v).sum();
        let scale = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!((slope - expected).abs() < 1e-8 * scale, "{slope} {expected}");
    }
}

/// Central differences of fourth order of the value of every component.
fn differences(f: impl Fn(f64) -> Vec<f64>, h: f64) -> Vec<f64> {
    let at = [-2.0, -1.0, 1.0, 2.0].map(|s| f(s * h));
    (0..at[0].len())
        .map(|c| (8.0 * (at[2][c] - at[1][c]) - (at[3][c] - at[0][c])) / (12.0 * h))
        .collect()
}

#[test]
fn jets_match_central_differences_of_jets_of_one_order_less() {
    for case in cases(13) {
        let channels = case.rows[0].channels;
        let (d, k) = (channels.coordinates(), channels.count());
        let x = &case.rows[0].x[..d];
        let jet = jets_at::<f64>(&case, channels, x);
        let lower = |order: Order, channel: usize, j: usize| {
            let layout = Channels::new(channels.space, channels.time, order);
            let shifted = |s: f64| {
                let mut x = x.to_vec();
                x[j] += s;
                let jets = jets_at::<f64>(&case, layout, &x);
                jets.iter().skip(channel).step_by(layout.count()).copied().collect()
            };
            // Truncation is about h⁴ = 1e-12 times derivatives of fifth order, rounding 1e-16/h.
            differences(shifted, 1e-3)
        };
        let close = |channel: usize, expected: &[f64]| {
            for (c, expected) in expected.iter().enumerate() {
                let found = jet[c * k + channel];
                assert!(
                    (found - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                    "{found} {expected}"
                );
            }
        };
        for j in 0..channels.firsts() {
            close(channels.first(j), &lower(Order::Value, 0, j));
        }
        match channels.order {
            Order::Laplacian => {
                let parts: Vec<Vec<f64>> = (0..channels.space).map(|j| lower(Order::First, 1 + j, j)).collect();
                let sum: Vec<f64> = (0..parts[0].len())
                    .map(|c| parts.iter().map(|part| part[c]).sum())
                    .collect();
                close(channels.laplacian(), &sum);
            }
            Order::Hessian => {
                for (i, j) in channels.pairs() {
                    close(channels.second(i, j), &lower(Order::First, 1 + i, j));
                }
            }
            _ => {}
        }
        // In f32 a jet is as good as its rounding, which derivatives of second order amplify.
        let single = jets_at::<f32>(&case, channels, x);
        assert!(relative(&single, &jet) < 1e-5);
    }
}

#[test]
fn nan_stays_with_its_point_and_large_coordinates_give_the_jets_of_the_kernel() {
    for case in cases(14).into_iter().filter(|case| !case.architecture.encodes()) {
        let kernel = case.kernel::<f64>();
        let channels = case.rows[0].channels;
        let d = channels.coordinates();
        let width = case.architecture.components() * channels.count();
        let mut x = case.rows[0].x[..3 * d].to_vec();
        x[d] = f64::NAN;
        x[2 * d] = 300.0;
        let single: Vec<f64> = jets_at::<f32>(&case, channels, &x);
        let found = jets_at::<f64>(&case, channels, &x);
        for (jets, tolerance) in [(&found, 1e-11), (&single, 3e-3)] {
            assert!(jets[width..2 * width].iter().all(|v| v.is_nan()));
            for point in [0, 2] {
                let expected = kernel.jets(&case.parameters, channels, &x[point * d..(point + 1) * d]);
                // A sine of 1e3 has lost three digits.
                assert!(relative(&jets[point * width..(point + 1) * width], &expected) < tolerance);
            }
        }
        // Far outside everything is saturated, or a line, but for the sine.
        if case.architecture.activation != Activation::Sin {
            x[2 * d] = 1e9;
            let found = jets_at::<f64>(&case, channels, &x);
            let expected = kernel.jets(&case.parameters, channels, &x[2 * d..]);
            assert!(found[2 * width..].iter().all(|v| v.is_finite()));
            assert!(relative(&found[2 * width..], &expected) < 1e-11);
        }
    }
}

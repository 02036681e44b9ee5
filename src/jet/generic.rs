//! The jet in Burn tensor operations: any device and element type; the reference for the fused kernel.

mod backend;
#[cfg(test)]
pub(crate) mod tests;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use super::encoding::{BESIDE, NOWHERE};
use super::real::Real;
use super::{Channels, Order};
use crate::jet::{Architecture, Pole, Rows, upload};

pub use backend::JetBackend;
#[cfg(all(test, feature = "wgpu"))]
pub(crate) use backend::by_operations;

/// Burn's tape frees nodes of other threads' graphs in between two of their operations (burn-autodiff 0.21, `cleanup_orphaned_entries` in
/// runtime/graph.rs), and gradients get lost. A run differentiates on one thread; tests share a process, and take turns.
#[cfg(test)]
pub(crate) static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// [`Rows`] on a device.
#[derive(Clone, Debug)]
pub struct RowTensors<B: Backend> {
    channels: Channels,
    /// `[n, D]`.
    x: Tensor<B, 2>,
    /// `[n, R, m·K]`.
    coefficients: Tensor<B, 3>,
    /// `[n, R]`.
    rhs: Tensor<B, 2>,
    /// `[n, 1]`.
    weights: Tensor<B, 2>,
    /// `[n, m·K]`.
    linear: Option<Tensor<B, 2>>,
}

impl<B: Backend> RowTensors<B> {
    /// Uploads rows with their own element type.
    pub fn new<F: Real + burn::tensor::Element>(rows: &Rows<F>, device: &B::Device) -> Self {
        let (n, r) = (rows.points, rows.residuals);
        let data = |values: &[F], shape: Vec<usize>| TensorData::new(values.to_vec(), shape);
        Self {
            channels: rows.channels,
            x: upload(data(&rows.x, vec![n, rows.channels.coordinates()]), device),
            coefficients: upload(
                data(&rows.coefficients, vec![n, r, rows.components * rows.channels.count()]),
                device,
            ),
            rhs: upload(data(&rows.rhs, vec![n, r]), device),
            weights: upload(data(&rows.weights, vec![n, 1]), device),
            linear: (!rows.linear.is_empty()).then(|| upload(data(&rows.linear, vec![n, rows.width()]), device)),
        }
    }
}

/// Σ_i w_i·(|r_i|² − l_i·j_i) of each term, `[T]`.
pub fn losses<B: JetBackend>(
    architecture: &Architecture,
    parameters: &Tensor<B, 1>,
    terms: &[RowTensors<B>],
) -> Tensor<B, 1> {
    let losses = terms
        .iter()
        .map(|rows| {
            let [n, r, columns] = rows.coefficients.dims();
            let jets = jets(architecture, parameters, rows.channels, rows.x.clone());
            // [K, n, m] → [n, 1, m·K]
            let jets = jets.permute([1, 2, 0]).reshape([n, 1, columns]);
            let residual = (rows.coefficients.clone() * jets.clone()).sum_dim(2).reshape([n, r]) - rows.rhs.clone();
            let squares = (residual.clone() * residual * rows.weights.clone()).sum();
            match &rows.linear {
                Some(linear) => {
                    let work = (linear.clone() * jets.reshape([n, columns])).sum_dim(1);
                    squares - (work * rows.weights.clone()).sum()
                }
                None => squares,
            }
        })
        .collect();
    Tensor::cat(losses, 0)
}

/// The network's jets at the points `x`, `[n, D]`: returns `[K, n, m]`.
pub fn jets<B: JetBackend>(
    architecture: &Architecture,
    parameters: &Tensor<B, 1>,
    channels: Channels,
    x: Tensor<B, 2>,
) -> Tensor<B, 3> {
    let [n, _] = x.dims();
    let k = channels.count();
    let layers = architecture.layers();
    let mut stacked = input(architecture, channels, x);
    for (l, layer) in layers.iter().enumerate() {
        let weights = parameters
            .clone()
            .slice([layer.weights.clone()])
            .reshape([layer.inputs, layer.outputs]);
        let biases = parameters.clone().slice([layer.biases.clone()]);
        let z = B::product(stacked.reshape([k * n, layer.inputs]), weights).reshape([k, n, layer.outputs]);
        stacked = if l + 1 == layers.len() {
            biased(z, biases)
        } else {
            B::activate(architecture.activation, channels, z, biases)
        };
    }
    stacked
}

/// z with b added to the value of every point, `[K, n, m]`.
fn biased<B: Backend>(z: Tensor<B, 3>, biases: Tensor<B, 1>) -> Tensor<B, 3> {
    let [k, n, m] = z.dims();
    let value = z.clone().slice([0..1, 0..n, 0..m]) + biases.reshape([1, 1, m]);
    if k == 1 {
        return value;
    }
    Tensor::cat(vec![value, z.slice([1..k, 0..n, 0..m])], 0)
}

/// The jets of the encoded input, `[K, n, inputs]`.
fn input<B: Backend>(architecture: &Architecture, channels: Channels, x: Tensor<B, 2>) -> Tensor<B, 3> {
    let mut parts = vec![coordinates(architecture, channels, x.clone())];
    parts.extend(
        architecture
            .poles
            .iter()
            .map(|pole| inversion(pole, channels, x.clone())),
    );
    Tensor::cat(parts, 2)
}

/// The jets of R^(−p)·u·|u|^(p−1), u = x − c, `[K, n, d]`; the formulas stand in `encoding`.
fn inversion<B: Backend>(pole: &Pole, channels: Channels, x: Tensor<B, 2>) -> Tensor<B, 3> {
    let [n, _] = x.dims();
    let d = channels.space;
    let u: Vec<Tensor<B, 2>> = (0..d)
        .map(|j| x.clone().slice([0..n, j..j + 1]) - pole.center[j])
        .collect();
    let square = u
        .iter()
        .map(|u| u.clone() * u.clone())
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| x.ones_like());
    let square = square.clone().mask_fill(square.lower_elem(NOWHERE), BESIDE);
    let q = pole.half_power();
    let one = square.clone().powf_scalar(q) * pole.radius.powf(-pole.power);
    let two = one.clone() / square.clone() * (2.0 * q);
    let three = two.clone() / square * (2.0 * (q - 1.0));
    let row = |part: &dyn Fn(usize) -> Tensor<B, 2>| Tensor::cat((0..d).map(part).collect(), 1);
    let mut out = vec![row(&|i| one.clone() * u[i].clone())];
    for j in 0..channels.firsts() {
        if j >= d {
            out.push(out[0].zeros_like());
            continue;
        }
        out.push(row(&|i| {
            let product = two.clone() * u[i].clone() * u[j].clone();
            if i == j { product + one.clone() } else { product }
        }));
    }
    match channels.order {
        Order::Value | Order::First => {}
        Order::Laplacian => out.push(row(&|i| two.clone() * u[i].clone() * (d as f64 + 2.0 * q))),
        Order::Hessian => {
            for (j, k) in channels.pairs() {
                out.push(row(&|i| {
                    let mut sum = three.clone() * u[i].clone() * u[j].clone() * u[k].clone();
                    for (a, b, c) in [(i, j, k), (i, k, j), (j, k, i)] {
                        if a == b {
                            sum = sum + two.clone() * u[c].clone();
                        }
                    }
                    sum
                }));
            }
        }
    }
    Tensor::stack(out, 0)
}

/// The jets of the plain ξ_j and of the Fourier features.
fn coordinates<B: Backend>(architecture: &Architecture, channels: Channels, x: Tensor<B, 2>) -> Tensor<B, 3> {
    let [n, d] = x.dims();
    let device = x.device();
    let dtype = x.dtype();
    let row = |values: Vec<f64>| {
        let width = values.len();
        Tensor::<B, 2>::from_data(
            TensorData::new(values, [1, width]).convert_dtype(dtype),
            (&device, dtype),
        )
    };
    let xi = (x - row(architecture.center.clone())) * row(architecture.slope.clone());
    let slope = &architecture.slope;
    let plain = &architecture.plain;
    let own = (!plain.is_empty()).then(|| {
        let columns = plain.iter().map(|&j| xi.clone().slice([0..n, j..j + 1])).collect();
        let values = Tensor::cat(columns, 1);
        let zero = values.zeros_like();
        let mut out = vec![values];
        for j in 0..channels.firsts() {
            let unit = plain.iter().map(|&axis| if axis == j { slope[j] } else { 0.0 });
            out.push(zero.clone() + row(unit.collect()));
        }
        out.extend((0..channels.seconds()).map(|_| zero.clone()));
        Tensor::stack(out, 0)
    });
    if let (Some(own), true) = (&own, architecture.frequencies.is_empty()) {
        return own.clone();
    }
    let features = architecture.frequencies.len() / d;
    let column = |j: usize| -> Vec<f64> { (0..features).map(|f| architecture.frequencies[f * d + j]).collect() };
    let scaled = |j: usize| -> Vec<f64> { column(j).iter().map(|b| b * slope[j]).collect() };
    let phase = (0..d)
        .map(|j| xi.clone().slice([0..n, j..j + 1]) * row(column(j)))
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| xi.clone());
    let (s, c) = (phase.clone().sin(), phase.cos());
    let mut out = vec![Tensor::cat(vec![s.clone(), c.clone()], 1)];
    for j in 0..channels.firsts() {
        let b = row(scaled(j));
        out.push(Tensor::cat(vec![c.clone() * b.clone(), -(s.clone() * b)], 1));
    }
    let seconds: Vec<Vec<f64>> = match channels.order {
        Order::Value | Order::First => Vec::new(),
        Order::Laplacian => vec![
            (0..features)
                .map(|f| (0..channels.space).map(|j| scaled(j)[f].powi(2)).sum())
                .collect(),
        ],
        Order::Hessian => channels
            .pairs()
            .map(|(j, k)| scaled(j).iter().zip(scaled(k)).map(|(a, b)| a * b).collect())
            .collect(),
    };
    for second in seconds {
        let b = row(second);
        out.push(-Tensor::cat(vec![s.clone() * b.clone(), c.clone() * b], 1));
    }
    let waves = Tensor::stack(out, 0);
    match own {
        Some(own) => Tensor::cat(vec![own, waves], 2),
        None => waves,
    }
}

//! The fused CPU kernel: blocks of points go through all layers, the residuals and back while they stay in the cache.
//!
//! Per block and layer there is one matrix product of the stacked channels, `[K·P, in] × [in, out]`, and one vectorised
//! pass for the activation. With t = f(v) and s₁, s₂, s₃ the next three derivatives, the pass maps
//!
//! - v → f(v), d_i → s₁·d_i,
//! - Laplacian l → s₁·l + s₂·Σ d_i², Hessian h_jk → s₁·h_jk + s₂·d_j·d_k,
//!
//! and its adjoint maps (v̄, d̄, l̄ or h̄) back by the transposed derivatives. Nothing of size n·width is ever stored:
//! memory does not depend on the number of points.
//!
//! Blocks are dealt to a number of groups that depends on the points only; each group adds up in block order, and the
//! groups are added in order: the result has the same bits for any number of threads.

mod output;

use std::sync::Mutex;

use rayon::prelude::*;

use super::Channels;
use super::activation::Activation;
use super::encoding::encode;
use super::layer::{Input, Operands, first_layer};
use super::matmul::{product, product_transposed};
use super::pass::{LANES, activation_pass, adjoint_pass};
use super::real::Real;
use crate::loss::{Rows, Span};
use crate::network::{Architecture, Layer};

/// A block's activations should stay in a core's second-level cache.
const BLOCK_BYTES: usize = 512 * 1024;

/// Most partial sums of a reduction.
const GROUPS: usize = 32;

/// Evaluates one network with the fused kernel.
pub struct Kernel<F> {
    architecture: Architecture,
    layers: Vec<Layer>,
    idle: Mutex<Vec<Workspace<F>>>,
}

/// The buffers of one block; the capacity is kept from call to call.
#[derive(Default)]
struct Workspace<F> {
    /// Network input ξ, `[P, D]`.
    xi: Vec<F>,
    /// Encoded input, `[K, P, inputs]`, where ξ itself is not the input.
    encoded: Vec<F>,
    /// Per hidden layer: kept numbers and pre-activation derivatives, `[K, P, width]`.
    z: Vec<Vec<F>>,
    /// Per hidden layer: the second kept number, `[P, width]`.
    keep: Vec<Vec<F>>,
    /// Per hidden layer: activations, `[K, P, width]`.
    a: Vec<Vec<F>>,
    /// Output jets, `[K, P, m]`.
    out: Vec<F>,
    /// Adjoint of `out`.
    out_bar: Vec<F>,
    /// Adjoint of the activations of the layer in work.
    bar: Vec<F>,
    /// Adjoint of the layer below.
    below: Vec<F>,
    /// Residuals of the block, `[P, R]`.
    residual: Vec<F>,
}

fn spans<'a, F: 'a, T: Copy + Into<Span<'a, F>>>(terms: &[T]) -> Vec<Span<'a, F>> {
    terms.iter().map(|term| (*term).into()).collect()
}

/// A range of points of one term.
struct Block {
    term: usize,
    start: usize,
    points: usize,
}

impl<F: Real> Kernel<F> {
    /// A kernel for networks of the given shape.
    pub fn new(architecture: Architecture) -> Self {
        Self {
            layers: architecture.layers(),
            architecture,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// The network's shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Σ_i w_i·(|r_i|² − l_i·j_i) of each term.
    pub fn losses<'a, T: Copy + Into<Span<'a, F>>>(&self, parameters: &[F], terms: &[T]) -> Vec<f64> {
        let terms = spans(terms);
        self.reduce(&terms, |workspace, block, losses, _| {
            let rows = terms[block.term].rows;
            losses[block.term] += self.block_loss(workspace, parameters, rows, block, false);
        })
        .0
    }

    /// Σ_i w_i·|r_i|² of each term, and the gradient of their sum in `gradient`, `[p]`.
    pub fn gradient<'a, T: Copy + Into<Span<'a, F>>>(
        &self,
        parameters: &[F],
        terms: &[T],
        gradient: &mut [F],
    ) -> Vec<f64> {
        let terms = spans(terms);
        let (losses, sum) = self.reduce(&terms, |workspace, block, losses, partial| {
            let rows = terms[block.term].rows;
            losses[block.term] += self.block_loss(workspace, parameters, rows, block, true);
            self.backward(
                workspace,
                parameters,
                rows.channels,
                padded(block.points),
                |layer, product| {
                    product.add_to(layer, partial);
                },
            );
        });
        gradient.copy_from_slice(&sum);
        losses
    }

    /// Jᵀ·v: Σ_t Σ_i Σ_r v_ir·∂r_ir/∂θ, `[p]`, without the weights; one vector `[n, R]` per term.
    pub fn pullback<'a, T: Copy + Into<Span<'a, F>>>(
        &self,
        parameters: &[F],
        terms: &[T],
        vectors: &[Vec<F>],
    ) -> Vec<F> {
        let terms = spans(terms);
        self.reduce(&terms, |workspace, block, _, partial| {
            let Span { rows, start, .. } = terms[block.term];
            let d = rows.channels.coordinates();
            let points = &rows.x[block.start * d..(block.start + block.points) * d];
            self.forward(workspace, parameters, rows.channels, points);
            let vector = &vectors[block.term][(block.start - start) * rows.residuals..];
            self.seed(workspace, rows, block, |i, row| vector[i * rows.residuals + row]);
            self.backward(
                workspace,
                parameters,
                rows.channels,
                padded(block.points),
                |layer, product| product.add_to(layer, partial),
            );
        })
        .1
    }

    /// The residuals r_i of a term, `[n, R]`.
    pub fn residuals<'a>(&self, parameters: &[F], term: impl Into<Span<'a, F>>) -> Vec<F> {
        let span = term.into();
        let rows = span.rows;
        self.per_block(&[span], |workspace, block| {
            self.block_loss(workspace, parameters, rows, block, false);
            workspace.residual[..block.points * rows.residuals].to_vec()
        })
        .concat()
    }

    /// The network's jets at n points `x`, `[n, D]`: returns `[n, m, K]`.
    pub fn jets(&self, parameters: &[F], channels: Channels, x: &[F]) -> Vec<F> {
        let d = channels.coordinates();
        let rows = Rows {
            channels,
            points: x.len() / d,
            residuals: 0,
            components: self.architecture.components(),
            x: Vec::new(),
            coefficients: Vec::new(),
            rhs: Vec::new(),
            linear: Vec::new(),
            weights: Vec::new(),
        };
        let (m, k) = (self.architecture.components(), channels.count());
        self.per_block(&[Span::from(&rows)], |workspace, block| {
            let points = &x[block.start * d..(block.start + block.points) * d];
            self.forward(workspace, parameters, channels, points);
            let p = padded(block.points);
            let mut jets = Vec::with_capacity(block.points * m * k);
            for i in 0..block.points {
                for c in 0..m {
                    jets.extend((0..k).map(|channel| workspace.out[(channel * p + i) * m + c]));
                }
            }
            jets
        })
        .concat()
    }

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
                self.block_loss(&mut workspace, parameters, rows, &block, false);
                let roots: Vec<F> = (0..block.points)
                    .map(|i| F::of(rows.weights[block.start + i].double().sqrt()))
                    .collect();
                for (i, chunk) in residual.chunks_mut(r).enumerate() {
                    for (c, entry) in chunk.iter_mut().enumerate() {
                        *entry = workspace.residual[i * r + c] * roots[i];
                    }
                }
                for c in 0..r {
                    self.seed(
                        &mut workspace,
                        rows,
                        &block,
                        |i, row| {
                            if row == c { roots[i] } else { F::ZERO }
                        },
                    );
                    self.backward(
                        &mut workspace,
                        parameters,
                        rows.channels,
                        padded(block.points),
                        |layer, product| {
                            product.rows_to(layer, jacobian, block.points, |i| (i * r + c) * p);
                        },
                    );
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
        let p = self.architecture.parameters();
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
                self.block_loss(&mut workspace, parameters, rows, &block, true);
                self.backward(
                    &mut workspace,
                    parameters,
                    rows.channels,
                    padded(block.points),
                    |layer, product| product.rows_to(layer, gradients, block.points, |i| i * p),
                );
                self.give(workspace);
            });
    }

    fn take(&self) -> Workspace<F> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }

    fn give(&self, workspace: Workspace<F>) {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(workspace);
    }

    fn blocks(&self, terms: &[Span<'_, F>]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (term, span) in terms.iter().enumerate() {
            let size = block_points::<F>(&self.architecture, span.rows.channels);
            for start in (0..span.points).step_by(size) {
                blocks.push(Block {
                    term,
                    start: span.start + start,
                    points: size.min(span.points - start),
                });
            }
        }
        blocks
    }

    fn per_block<T: Send>(
        &self,
        terms: &[Span<'_, F>],
        work: impl Fn(&mut Workspace<F>, &Block) -> T + Sync,
    ) -> Vec<T> {
        self.blocks(terms)
            .par_iter()
            .map(|block| {
                let mut workspace = self.take();
                let result = work(&mut workspace, block);
                self.give(workspace);
                result
            })
            .collect()
    }

    /// Runs `work` on every block; it adds to the losses per term and to a parameter vector.
    fn reduce(
        &self,
        terms: &[Span<'_, F>],
        work: impl Fn(&mut Workspace<F>, &Block, &mut [f64], &mut [F]) + Sync,
    ) -> (Vec<f64>, Vec<F>) {
        let blocks = self.blocks(terms);
        let p = self.architecture.parameters();
        let per_group = blocks.len().div_ceil(GROUPS).max(1);
        let partials: Vec<(Vec<f64>, Vec<F>)> = blocks
            .par_chunks(per_group)
            .map(|group| {
                let mut workspace = self.take();
                let mut losses = vec![0.0; terms.len()];
                let mut partial = vec![F::ZERO; p];
                for block in group {
                    work(&mut workspace, block, &mut losses, &mut partial);
                }
                self.give(workspace);
                (losses, partial)
            })
            .collect();
        let mut losses = vec![0.0; terms.len()];
        let mut sum = vec![F::ZERO; p];
        for (part, partial) in partials {
            losses.iter_mut().zip(part).for_each(|(a, b)| *a += b);
            sum.iter_mut().zip(partial).for_each(|(a, b)| *a += b);
        }
        (losses, sum)
    }

    /// Forward pass and residuals of a block; with `seed` also the adjoint of its loss with respect to the output jets.
    fn block_loss(
        &self,
        workspace: &mut Workspace<F>,
        parameters: &[F],
        rows: &Rows<F>,
        block: &Block,
        seed: bool,
    ) -> f64 {
        let d = rows.channels.coordinates();
        let points = &rows.x[block.start * d..(block.start + block.points) * d];
        self.forward(workspace, parameters, rows.channels, points);
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        resize(&mut workspace.residual, p * r);
        let mut loss = 0.0;
        for i in 0..block.points {
            let point = block.start + i;
            for row in 0..r {
                let at = point * r + row;
                let coefficients = &rows.coefficients[at * m * k..(at + 1) * m * k];
                let mut sum = -rows.rhs[at];
                for c in 0..m {
                    for channel in 0..k {
                        sum += coefficients[c * k + channel] * workspace.out[(channel * p + i) * m + c];
                    }
                }
                workspace.residual[i * r + row] = sum;
                loss += rows.weights[point].double() * sum.double() * sum.double();
            }
            if let Some(linear) = rows.linear(point) {
                let jets = linear.chunks(k).enumerate().flat_map(|(c, linear)| {
                    let out = &workspace.out;
                    linear
                        .iter()
                        .enumerate()
                        .map(move |(channel, l)| l.double() * out[(channel * p + i) * m + c].double())
                });
                loss -= rows.weights[point].double() * jets.sum::<f64>();
            }
        }
        if seed {
            let residual = std::mem::take(&mut workspace.residual);
            self.seed(workspace, rows, block, |i, row| {
                F::TWO * rows.weights[block.start + i] * residual[i * r + row]
            });
            workspace.residual = residual;
            for i in 0..block.points {
                let Some(linear) = rows.linear(block.start + i) else {
                    break;
                };
                for (c, linear) in linear.chunks(k).enumerate() {
                    for (channel, l) in linear.iter().enumerate() {
                        workspace.out_bar[(channel * p + i) * m + c] -= rows.weights[block.start + i] * *l;
                    }
                }
            }
        }
        loss
    }

    /// Sets the adjoint of the output jets to Σ_row factor(i, row)·C_i,row.
    fn seed(&self, workspace: &mut Workspace<F>, rows: &Rows<F>, block: &Block, factor: impl Fn(usize, usize) -> F) {
        let (p, m, k, r) = (
            padded(block.points),
            rows.components,
            rows.channels.count(),
            rows.residuals,
        );
        resize(&mut workspace.out_bar, k * p * m);
        workspace.out_bar.fill(F::ZERO);
        for i in 0..block.points {
            for row in 0..r {
                let factor = factor(i, row);
                let at = (block.start + i) * r + row;
                let coefficients = &rows.coefficients[at * m * k..(at + 1) * m * k];
                for c in 0..m {
                    for channel in 0..k {
                        workspace.out_bar[(channel * p + i) * m + c] += factor * coefficients[c * k + channel];
                    }
                }
            }
        }
    }

    fn forward(&self, workspace: &mut Workspace<F>, parameters: &[F], channels: Channels, x: &[F]) {
        let architecture = &self.architecture;
        let (d, k, hidden) = (channels.coordinates(), channels.count(), architecture.hidden());
        let n = x.len() / d;
        let p = padded(n);
        workspace.z.resize_with(hidden, Vec::new);
        workspace.keep.resize_with(hidden, Vec::new);
        workspace.a.resize_with(hidden, Vec::new);
        resize(&mut workspace.xi, p * d);
        for i in 0..p {
            // Points beyond the last repeat it: their adjoints are zero.
            let source = i.min(n - 1);
            for j in 0..d {
                workspace.xi[i * d + j] =
                    (x[source * d + j] - F::of(architecture.center[j])) * F::of(architecture.slope[j]);
            }
        }
        if architecture.encodes() {
            encode(architecture, channels, &workspace.xi, &mut workspace.encoded);
        }
        for l in 0..hidden {
            let layer = &self.layers[l];
            let (w, weights) = (layer.outputs, &parameters[layer.weights.clone()]);
            let mut z = std::mem::take(&mut workspace.z[l]);
            resize(&mut z, k * p * w);
            if l > 0 {
                product(&workspace.a[l - 1], weights, &mut z, k * p, layer.inputs, w);
            } else if !architecture.encodes() {
                first_layer(architecture, channels, &workspace.xi, weights, w, &mut z);
            } else {
                product(&workspace.encoded, weights, &mut z, k * p, layer.inputs, w);
            }
            let biases = &parameters[layer.biases.clone()];
            for row in z[..p * w].chunks_exact_mut(w) {
                row.iter_mut().zip(biases).for_each(|(v, b)| *v += *b);
            }
            let (keep, a) = (&mut workspace.keep[l], &mut workspace.a[l]);
            resize(
                keep,
                if architecture.activation == Activation::Tanh {
                    0
                } else {
                    p * w
                },
            );
            resize(a, k * p * w);
            activation_pass(architecture.activation, channels, p * w, &mut z, keep, a);
            workspace.z[l] = z;
        }
        let layer = &self.layers[hidden];
        let m = layer.outputs;
        resize(&mut workspace.out, k * p * m);
        product(
            &workspace.a[hidden - 1],
            &parameters[layer.weights.clone()],
            &mut workspace.out,
            k * p,
            layer.inputs,
            m,
        );
        let biases = &parameters[layer.biases.clone()];
        for row in workspace.out[..p * m].chunks_exact_mut(m) {
            row.iter_mut().zip(biases).for_each(|(v, b)| *v += *b);
        }
    }

    /// Takes the adjoint of the output jets down through the layers; `emit` receives each layer's operands.
    fn backward(
        &self,
        workspace: &mut Workspace<F>,
        parameters: &[F],
        channels: Channels,
        p: usize,
        mut emit: impl FnMut(&Layer, &Operands<'_, F>),
    ) {
        let architecture = &self.architecture;
        let (k, hidden) = (channels.count(), architecture.hidden());
        for l in (0..=hidden).rev() {
            let layer = &self.layers[l];
            if l < hidden {
                // `bar` holds the adjoint of the activations and becomes that of the pre-activations.
                adjoint_pass(
                    architecture.activation,
                    channels,
                    p * layer.outputs,
                    &workspace.z[l],
                    &workspace.keep[l],
                    &mut workspace.bar,
                );
            }
            let bar = if l == hidden {
                &workspace.out_bar
            } else {
                &workspace.bar
            };
            let input = if l > 0 {
                Input::Stacked(&workspace.a[l - 1])
            } else if !architecture.encodes() {
                Input::Affine {
                    xi: &workspace.xi,
                    slope: &architecture.slope,
                }
            } else {
                Input::Stacked(&workspace.encoded)
            };
            emit(
                layer,
                &Operands {
                    input,
                    bar,
                    channels,
                    p,
                },
            );
            if l > 0 {
                resize(&mut workspace.below, k * p * layer.inputs);
                product_transposed(
                    bar,
                    &parameters[layer.weights.clone()],
                    &mut workspace.below,
                    k * p,
                    layer.outputs,
                    layer.inputs,
                );
                std::mem::swap(&mut workspace.bar, &mut workspace.below);
            }
        }
    }
}

fn padded(points: usize) -> usize {
    points.next_multiple_of(LANES)
}

fn resize<F: Real>(buffer: &mut Vec<F>, length: usize) {
    buffer.resize(length, F::ZERO);
}

/// Points per block: as many as keep two buffers per hidden layer in the cache.
fn block_points<F>(architecture: &Architecture, channels: Channels) -> usize {
    let units: usize = architecture.widths[1..architecture.widths.len() - 1].iter().sum();
    let bytes = 2 * units * channels.count() * size_of::<F>();
    (BLOCK_BYTES / bytes / LANES * LANES).clamp(LANES, 8 * LANES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::Order;
    use crate::jet::generic::{self, RowTensors};
    use crate::network::{MlpConfig, Pole, download, upload};
    use burn::backend::Autodiff;
    use burn::tensor::{Element, Tensor, TensorData};
    use burn_flex::{Flex, FlexDevice};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    struct Case {
        kernel: Kernel<f64>,
        parameters: Vec<f64>,
        rows: Vec<Rows<f64>>,
    }

    fn case(space: usize, time: bool, order: Order, config: &MlpConfig, sizes: &[usize]) -> Case {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let channels = Channels::new(space, time, order);
        let d = channels.coordinates();
        let m = 1 + space % 3;
        // A pole outside the points, whose coordinates lie in [−1, 1].
        let poles = match sizes.len() {
            1 => vec![
                Pole::hole([-2.0, 1.5, 1.2], 0.8, space),
                Pole::corner([1.7, -1.8, 2.2], 1.3, space),
            ],
            _ => Vec::new(),
        };
        let architecture = config
            .architecture(m, &vec![-0.5; d], &vec![2.0; d], &mut random)
            .with_poles(poles);
        let parameters = architecture.initial_parameters(&mut random);
        let rows = sizes
            .iter()
            .enumerate()
            .map(|(t, &n)| {
                let r = 1 + t % 2;
                let mut numbers =
                    |count: usize| (0..count).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
                Rows {
                    channels,
                    points: n,
                    residuals: r,
                    components: m,
                    x: numbers(n * d),
                    coefficients: numbers(n * r * m * channels.count()),
                    rhs: numbers(n * r),
                    linear: Vec::new(),
                    weights: numbers(n).iter().map(|w| w.abs() / n as f64).collect(),
                }
            })
            .collect();
        Case {
            kernel: Kernel::new(architecture),
            parameters,
            rows,
        }
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for activation in [Activation::Tanh, Activation::Sin, Activation::Swish] {
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

    fn by_burn<F: Real + Element>(case: &Case) -> (Vec<f64>, Vec<f64>) {
        let device = FlexDevice;
        let parameters: Vec<F> = case.parameters.iter().map(|v| F::of(*v)).collect();
        let parameters: Tensor<Autodiff<Flex>, 1> = upload(TensorData::from(&parameters[..]), &device).require_grad();
        assert_eq!(parameters.dtype(), F::dtype());
        let terms: Vec<RowTensors<Autodiff<Flex>>> = case
            .rows
            .iter()
            .map(|rows| {
                let all: Vec<usize> = (0..rows.points).collect();
                RowTensors::new(&rows.gather::<F>(&all, 1.0), &device)
            })
            .collect();
        let losses = generic::losses(case.kernel.architecture(), &parameters, &terms);
        let gradients = losses.clone().sum().backward();
        let gradient = parameters.grad(&gradients).map(download).unwrap_or_default();
        (download(losses), gradient)
    }

    fn relative(a: &[f64], b: &[f64]) -> f64 {
        let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
        norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()).max(1e-300)
    }

    #[test]
    fn loss_and_gradient_equal_burns_automatic_differentiation_in_f64() {
        for case in cases() {
            let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
            let mut gradient = vec![0.0; case.parameters.len()];
            let losses = case.kernel.gradient(&case.parameters, &terms, &mut gradient);
            assert_eq!(losses, case.kernel.losses(&case.parameters, &terms));
            let (expected_losses, expected) = by_burn::<f64>(&case);
            assert!(relative(&losses, &expected_losses) < 1e-12);
            assert!(relative(&gradient, &expected) < 1e-12);
        }
    }

    #[test]
    fn loss_and_gradient_equal_burns_automatic_differentiation_in_f32() {
        // Sums over many points: a single residual may be a small difference of large numbers, with any relative error.
        for case in cases().into_iter().filter(|case| case.rows[0].points > 1) {
            let kernel = Kernel::<f32>::new(case.kernel.architecture().clone());
            let parameters: Vec<f32> = case.parameters.iter().map(|v| *v as f32).collect();
            let rows: Vec<Rows<f32>> = case
                .rows
                .iter()
                .map(|rows| rows.gather(&(0..rows.points).collect::<Vec<_>>(), 1.0))
                .collect();
            let mut gradient = vec![0.0; parameters.len()];
            let losses = kernel.gradient(&parameters, &rows.iter().collect::<Vec<_>>(), &mut gradient);
            let (expected_losses, expected) = by_burn::<f32>(&case);
            let gradient: Vec<f64> = gradient.iter().map(|v| f64::from(*v)).collect();
            assert!(relative(&losses, &expected_losses) < 1e-5);
            assert!(relative(&gradient, &expected) < 1e-5);
        }
    }

    #[test]
    fn jets_match_central_differences_of_the_values() {
        for case in cases() {
            let channels = case.rows[0].channels;
            let d = channels.coordinates();
            let (m, k) = (case.kernel.architecture().components(), channels.count());
            let x: Vec<f64> = case.rows[0].x[..d].to_vec();
            let jet = case.kernel.jets(&case.parameters, channels, &x);
            let values = Channels::new(channels.space, channels.time, Order::Value);
            let h = 1e-3;
            let f = |shift: &[(usize, f64)]| {
                let mut x = x.clone();
                shift.iter().for_each(|(j, s)| x[*j] += s * h);
                case.kernel.jets(&case.parameters, values, &x)
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
            let p = case.parameters.len();
            for rows in &case.rows {
                let mut jacobian = vec![f64::NAN; rows.points * rows.residuals * p];
                let mut residual = vec![f64::NAN; rows.points * rows.residuals];
                case.kernel
                    .jacobian(&case.parameters, rows, 0, rows.points, &mut jacobian, &mut residual);
                let mut expected = vec![0.0; p];
                let loss = case.kernel.gradient(&case.parameters, &[rows], &mut expected)[0];
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
            let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
            let vectors: Vec<Vec<f64>> = terms
                .iter()
                .map(|rows| {
                    let residuals = case.kernel.residuals(&case.parameters, *rows);
                    let weight = |i: usize| rows.weights[i / rows.residuals];
                    residuals.iter().enumerate().map(|(i, r)| weight(i) * r).collect()
                })
                .collect();
            let half = case.kernel.pullback(&case.parameters, &terms, &vectors);
            let mut gradient = vec![0.0; case.parameters.len()];
            case.kernel.gradient(&case.parameters, &terms, &mut gradient);
            let doubled: Vec<f64> = half.iter().map(|v| 2.0 * v).collect();
            assert!(relative(&doubled, &gradient) < 1e-12);
        }
    }

    #[test]
    fn the_result_has_the_same_bits_for_any_number_of_threads() {
        let config = MlpConfig::default();
        let case = case(2, false, Order::Hessian, &config, &[3000, 100]);
        let terms: Vec<&Rows<f64>> = case.rows.iter().collect();
        let run = |threads: usize| {
            let mut gradient = vec![0.0; case.parameters.len()];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let losses = match pool {
                Ok(pool) => pool.install(|| case.kernel.gradient(&case.parameters, &terms, &mut gradient)),
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
        case.rows[0].x[3] = f64::NAN;
        assert!(case.kernel.losses(&case.parameters, &[&case.rows[0]])[0].is_nan());
        case.rows[0].x[3] = 1e9;
        assert!(case.kernel.losses(&case.parameters, &[&case.rows[0]])[0].is_finite());
    }
}

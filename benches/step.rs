//! The training step of the CPU kernel: value, derivatives, residuals and parameter gradient of one batch.
//!
//! `cargo bench` prints a time per step and its rate (`Gelem/s` are GFLOP/s); `benches/table.py` makes tables of the last run, with
//! the fraction of the rate of a large matrix product in the same run. Only the matrix products of the layers count as
//! operations: 2·K·n·in·out forward, the same for the adjoint of the input and for the gradient of the weights. `-- NAME` runs
//! the cases whose name holds NAME.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use gemm::Parallelism;
use pinn::jet::activation::Activation;
use pinn::jet::fused::Kernel;
use pinn::jet::real::Real;
use pinn::jet::{Architecture, Channels, Order, Rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A kind of residual: what it needs of the network.
struct Physics {
    name: &'static str,
    channels: Channels,
    components: usize,
    residuals: usize,
}

const LAPLACIAN: Physics = physics("laplacian", 2, Order::Laplacian, 1, 1);
const ELASTICITY: Physics = physics("elasticity2d", 2, Order::Hessian, 2, 2);
const ELASTICITY_3D: Physics = physics("elasticity3d", 3, Order::Hessian, 3, 3);
const ENERGY: Physics = physics("energy", 2, Order::First, 2, 3);

const fn physics(name: &'static str, space: usize, order: Order, components: usize, residuals: usize) -> Physics {
    Physics {
        name,
        channels: Channels {
            space,
            time: false,
            order,
        },
        components,
        residuals,
    }
}

/// One measured case.
struct Case<'a> {
    physics: &'a Physics,
    width: usize,
    depth: usize,
    points: usize,
}

impl Case<'_> {
    fn name(&self, precision: &str) -> String {
        format!(
            "{}/{precision}/{}x{}/{}",
            self.physics.name, self.width, self.depth, self.points
        )
    }

    /// Floating-point operations of the matrix products of one step.
    fn operations(&self) -> f64 {
        let (w, m, d) = (self.width, self.physics.components, self.physics.channels.space);
        // The first layer has no adjoint of its input, and its derivative channels are constants.
        let inner = 3 * ((self.depth - 1) * w * w + w * m) * self.physics.channels.count();
        2.0 * (self.points * (inner + 2 * d * w)) as f64
    }

    fn rows<F: Real>(&self, random: &mut ChaCha8Rng) -> Rows<F> {
        let Physics {
            channels,
            components,
            residuals,
            ..
        } = *self.physics;
        let mut numbers = |count: usize| {
            (0..count)
                .map(|_| F::of(random.random_range(-1.0..1.0)))
                .collect::<Vec<F>>()
        };
        let n = self.points;
        Rows {
            channels,
            points: n,
            residuals,
            components,
            x: numbers(n * channels.coordinates()),
            coefficients: numbers(n * residuals * components * channels.count()),
            rhs: numbers(n * residuals),
            linear: Vec::new(),
            smooth: None,
            weights: vec![F::of(1.0 / n as f64); n],
        }
    }
}

fn kernel<F: Real>(case: &Case<'_>, random: &mut ChaCha8Rng) -> (Kernel<F>, Vec<F>) {
    let d = case.physics.channels.coordinates();
    let mut widths = vec![case.width; case.depth + 2];
    widths[0] = d;
    widths[case.depth + 1] = case.physics.components;
    let architecture = Architecture {
        center: vec![0.0; d],
        slope: vec![1.0; d],
        plain: (0..d).collect(),
        frequencies: Vec::new(),
        poles: Vec::new(),
        widths,
        activation: Activation::Tanh,
    };
    let parameters = architecture.initial_parameters(random);
    let parameters = parameters.iter().map(|v| F::of(*v)).collect();
    (Kernel::new(architecture), parameters)
}

fn step<F: Real>(group: &mut BenchmarkGroup<'_, WallTime>, precision: &str, case: &Case<'_>) {
    group.throughput(Throughput::Elements(case.operations() as u64));
    group.bench_function(case.name(precision), |bencher| {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (kernel, parameters) = kernel::<F>(case, &mut random);
        let rows = case.rows::<F>(&mut random);
        let mut gradient = vec![F::ZERO; parameters.len()];
        bencher.iter(|| black_box(kernel.gradient(black_box(&parameters), &[&rows], &mut gradient)));
    });
}

/// A product of two square matrices on all cores: the machine's rate.
fn gemm_rate<F: Real>(group: &mut BenchmarkGroup<'_, WallTime>, precision: &str) {
    const N: usize = 2048;
    group.throughput(Throughput::Elements((2 * N * N * N) as u64));
    group.bench_function(format!("gemm/{precision}/{N}"), |bencher| {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let mut numbers = || {
            (0..N * N)
                .map(|_| F::of(random.random_range(-1.0..1.0)))
                .collect::<Vec<F>>()
        };
        let (a, b, mut c) = (numbers(), numbers(), numbers());
        let n = N as isize;
        bencher.iter(|| {
            // SAFETY: three matrices of N·N numbers with unit row stride and column stride N; c is borrowed mutably.
            #[expect(unsafe_code, reason = "the gemm crate takes pointers and strides")]
            unsafe {
                let (c, a, b) = (c.as_mut_ptr(), a.as_ptr(), b.as_ptr());
                let threads = Parallelism::Rayon(0);
                gemm::gemm(
                    N,
                    N,
                    N,
                    c,
                    n,
                    1,
                    false,
                    a,
                    n,
                    1,
                    b,
                    n,
                    1,
                    F::ZERO,
                    F::ONE,
                    false,
                    false,
                    false,
                    threads,
                );
            }
        });
    });
}

fn cases() -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    let mut add = |physics: &'static Physics, width: usize, depth: usize, points: usize| {
        cases.push(Case {
            physics,
            width,
            depth,
            points,
        });
    };
    for physics in [&LAPLACIAN, &ELASTICITY, &ELASTICITY_3D, &ENERGY] {
        for points in [256, 1024, 8192, 65_536] {
            add(physics, 64, 4, points);
        }
    }
    for points in [1024, 8192] {
        for width in [16, 32, 128, 256] {
            add(&LAPLACIAN, width, 4, points);
        }
        for depth in [2, 3, 5, 6] {
            add(&LAPLACIAN, 64, depth, points);
        }
    }
    cases
}

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("step");
    gemm_rate::<f32>(&mut group, "f32");
    gemm_rate::<f64>(&mut group, "f64");
    for case in cases() {
        step::<f32>(&mut group, "f32", &case);
        step::<f64>(&mut group, "f64", &case);
    }
    group.finish();
    criterion.final_summary();
}

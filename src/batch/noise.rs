//! How noisy the gradient of a batch is, and what size of batch follows from it.

use super::draw::each_gradient;
use super::strata::fair_sample;
use super::{Batch, Collocation, Drawer, Points, Whole};
use crate::jet::Rows;
use crate::jet::fused::Kernel;

/// Most points per term whose gradients are looked at one by one.
const SAMPLE: usize = 8192;

/// |g|²/(tr Σ/B) from the gradients of K small batches that are each `share` times as large as B; both are freed of their
/// bias.
///
/// S² = Σ|g_k − ḡ|²/(K − 1) estimates the variance of one small batch, S²·share that of B points, S²/K that of ḡ, and
/// |ḡ|² − S²/K the square of the true gradient.
pub fn signal(parts: &[Vec<f64>], share: f64) -> f64 {
    let (mean, variance) = moments(parts);
    let noise = variance * share;
    let square = mean.iter().map(|g| g * g).sum::<f64>() - variance / parts.len() as f64;
    if noise > 0.0 {
        square.max(0.0) / noise
    } else {
        f64::INFINITY
    }
}

/// Mean of some vectors and the trace of their covariance.
pub fn moments(vectors: &[Vec<f64>]) -> (Vec<f64>, f64) {
    let n = vectors.len() as f64;
    let mut mean = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(m, v)| *m += v / n);
    }
    let squares: f64 = vectors.iter().map(|vector| distance(vector, &mean)).sum();
    (mean, squares / (n - 1.0).max(1.0))
}

/// |a − b|².
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The gradient of the full loss and the variance between points, term by term.
#[derive(Clone, Debug)]
pub struct PointNoise {
    /// The full gradient.
    pub gradient: Vec<f64>,
    /// tr Σ_t: the variance of the gradient that one point of term t gives, drawn at random from all.
    pub traces: Vec<f64>,
}

impl PointNoise {
    /// Looks at every point of every term for the gradient, and at 8192 of them at most for the traces.
    pub fn measure(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Self {
        let (mut gradient, mut partial) = (vec![0.0; parameters.len()], vec![0.0; parameters.len()]);
        collocation.parts(|_, spans| {
            kernel.gradient(parameters, spans, &mut partial);
            gradient.iter_mut().zip(&partial).for_each(|(sum, g)| *sum += g);
        });
        let traces = (0..collocation.terms.len())
            .map(|t| {
                let n = collocation.terms[t].len();
                let sample: Vec<usize> = fair_sample(n, SAMPLE).collect();
                let count = sample.len() as f64;
                let (mut sum, mut square) = (vec![0.0; parameters.len()], 0.0);
                each_gradient(collocation, kernel, parameters, t, &sample, |_, point| {
                    sum.iter_mut().zip(point).for_each(|(s, g)| *s += g);
                    square += point.iter().map(|g| g * g).sum::<f64>();
                });
                // One point stands for all n: its gradient counts n-fold.
                let n = n as f64;
                (n * n * (square / count - sum.iter().map(|s| (s / count).powi(2)).sum::<f64>())).max(0.0)
            })
            .collect();
        Self { gradient, traces }
    }

    /// |g|².
    pub fn square(&self) -> f64 {
        self.gradient.iter().map(|g| g * g).sum()
    }

    /// B·Σ_t tr Σ_t/b_t for batches with b_t points of term t, B = b_0: the trace that the law tr Σ/B counts with.
    pub fn trace(&self, sizes: &[usize]) -> f64 {
        self.traces
            .iter()
            .zip(sizes)
            .map(|(trace, size)| trace * sizes[0] as f64 / *size as f64)
            .sum()
    }

    /// The variance of a batch gradient without replacement: every term's tr Σ_t/b_t times (n_t − b_t)/(n_t − 1).
    pub fn without_replacement(&self, sizes: &[usize], points: &[usize]) -> f64 {
        self.traces
            .iter()
            .zip(sizes)
            .zip(points)
            .map(|((trace, b), n)| {
                let factor = (*n - b) as f64 / (*n as f64 - 1.0).max(1.0);
                trace / *b as f64 * factor
            })
            .sum()
    }
}

/// The gradient of one batch.
pub fn batch_gradient(
    collocation: &Collocation<'_>,
    kernel: &Kernel<f64>,
    parameters: &[f64],
    drawer: &mut Drawer<'_>,
    batch: usize,
) -> Vec<f64> {
    let selections = drawer.next(collocation, batch);
    let rows: Vec<Rows<f64>> = selections
        .iter()
        .enumerate()
        .map(|(t, selection)| collocation.gather(t, selection))
        .collect();
    let mut gradient = vec![0.0; parameters.len()];
    kernel.gradient(parameters, &rows.iter().collect::<Vec<_>>(), &mut gradient);
    gradient
}

/// The smallest batch whose gradient is off by more than ε·|g| with probability δ at most, by Chebyshev's inequality:
/// B = tr Σ/(δ·ε²·|g|²).
pub fn chebyshev(trace: f64, square: f64, epsilon: f64, delta: f64) -> f64 {
    trace / (delta * epsilon * epsilon * square)
}

/// The same if the batch gradient is normal (central limit theorem): B = tr Σ·q/(ε²·|g|²) with q the (1 − δ)-quantile of χ²_ν/ν
/// and ν = (tr Σ)²/tr Σ² the effective number of directions.
///
/// # Source
/// Satterthwaite, *Biometrics Bull.* 2 (1946) 110; quantile by Wilson & Hilferty, *Proc. Natl. Acad. Sci.* 17 (1931) 684.
pub fn gaussian(trace: f64, square: f64, freedom: f64, epsilon: f64, delta: f64) -> f64 {
    let width = 2.0 / (9.0 * freedom);
    let quantile = (1.0 - width + normal_quantile(1.0 - delta) * width.sqrt()).powi(3);
    trace * quantile.max(0.0) / (epsilon * epsilon * square)
}

/// ν = (tr Σ)²/tr Σ² of some gradients, from the products of their deviations, freed of its bias to first order.
pub fn freedom(gradients: &[Vec<f64>]) -> f64 {
    let (mean, trace) = moments(gradients);
    let n = gradients.len() as f64;
    let deviations: Vec<Vec<f64>> = gradients
        .iter()
        .map(|gradient| gradient.iter().zip(&mean).map(|(g, m)| g - m).collect())
        .collect();
    // Products of different deviations alone: those of one with itself would add (tr Σ)²/n.
    let mut off = 0.0;
    for (i, a) in deviations.iter().enumerate() {
        for b in &deviations[..i] {
            let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            off += 2.0 * product * product;
        }
    }
    let square = off / (n * (n - 1.0)) - trace * trace / ((n - 1.0) * (n - 1.0));
    (trace * trace / square.max(trace * trace * 1e-6)).max(1.0)
}

/// The quantile of the standard normal distribution, by bisection of its distribution function.
fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if normal_distribution(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Φ(x) by Simpson's rule over the density.
fn normal_distribution(x: f64) -> f64 {
    let n = 400;
    let h = x.abs() / n as f64;
    let density = |t: f64| (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt();
    let sum: f64 = (0..=n)
        .map(|i| {
            let weight = match i {
                0 => 1.0,
                _ if i == n => 1.0,
                _ if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * density(i as f64 * h)
        })
        .sum();
    0.5 + x.signum() * sum * h / 3.0
}

/// The batch with the least expected time to a given progress.
///
/// N(B) = N_iter + C_var/B steps of τ_f + B·τ_d each take (N_iter + C_var/B)·(τ_f + B·τ_d), least at
/// b* = √(C_var·τ_f/(N_iter·τ_d)); C_var/N_iter is the noise scale tr Σ/|g|².
///
/// # Source
/// McCandlish, Kaplan, Amodei et al., *An empirical model of large-batch training*, 2018, eq. 2.11 and 2.12.
pub fn optimal(noise_scale: f64, fixed: f64, per_point: f64) -> f64 {
    (noise_scale * fixed / per_point).sqrt()
}

/// τ_f and τ_d of the line fixed + per_point·B through measured step times, by least squares on relative deviations, neither
/// negative.
pub fn step_times(times: &[(usize, f64)]) -> (f64, f64) {
    let (mut s, mut sx, mut sxx, mut sy, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(batch, time) in times {
        let (x, weight) = (batch as f64, 1.0 / (time * time));
        s += weight;
        sx += weight * x;
        sxx += weight * x * x;
        sy += weight * time;
        sxy += weight * x * time;
    }
    let slope = ((s * sxy - sx * sy) / (s * sxx - sx * sx)).max(1e-12);
    (((sy - slope * sx) / s).max(1e-9), slope)
}

/// The points with plain shuffled batches: what statistics of the noise are about.
pub fn plain(points: &Points) -> Points {
    Points {
        draw: super::Draw::Shuffle,
        jitter: None,
        adapt: None,
        batch: match &points.batch {
            Some(Batch::All(Whole::Auto | Whole::Naive)) => None,
            other => other.clone(),
        },
        ..points.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        assert!((normal_quantile(0.975) - 1.959_964).abs() < 1e-5);
        assert!((normal_quantile(0.9) - 1.281_552).abs() < 1e-5);
        // χ²_10 at 0.95 is 18.307, χ²_1 at 0.9 is 2.706; Wilson & Hilferty's own values are 18.292 and 2.639.
        assert!((gaussian(1.0, 1.0, 10.0, 1.0, 0.05) - 1.8292).abs() < 1e-4);
        assert!((gaussian(1.0, 1.0, 1.0, 1.0, 0.1) - 2.639).abs() < 1e-3);
    }

    /// Normal vectors with 3 directions of variance 4 around a mean of norm 5.
    fn vectors(n: usize) -> Vec<Vec<f64>> {
        let normal = |k: u64| {
            let radius = (-2.0 * (1.0 - crate::sampler::unit(5, 2 * k)).ln()).sqrt();
            radius * (std::f64::consts::TAU * crate::sampler::unit(5, 2 * k + 1)).cos()
        };
        (0..n)
            .map(|i| {
                let mut vector = vec![5.0, 0.0, 0.0, 0.0];
                (0..3).for_each(|j| vector[j + 1] += 2.0 * normal((3 * i + j) as u64));
                vector
            })
            .collect()
    }

    #[test]
    fn statistics_of_known_noise_come_out() {
        let (_, trace) = moments(&vectors(4000));
        assert!((trace - 12.0).abs() < 0.6, "{trace}");
        let freedom = freedom(&vectors(1000));
        assert!((freedom - 3.0).abs() < 0.3, "{freedom}");
        // 25/(12/8) for a batch of eight such vectors; 4000 of them tell it within a few percent.
        let signal = signal(&vectors(4000), 1.0 / 8.0);
        assert!((signal / (25.0 / 1.5) - 1.0).abs() < 0.1, "{signal}");
    }

    #[test]
    fn the_optimal_batch_has_the_least_expected_time() {
        let (noise, fixed, per_point) = (300.0, 2e-4, 1e-6);
        let time = |b: f64| (1.0 + noise / b) * (fixed + b * per_point);
        let best = optimal(noise, fixed, per_point);
        assert!(time(best) < time(0.9 * best) && time(best) < time(1.1 * best));
        let times: Vec<(usize, f64)> = [64, 256, 1024].map(|b| (b, fixed + b as f64 * per_point)).to_vec();
        let (f, d) = step_times(&times);
        assert!((f / fixed - 1.0).abs() < 1e-9 && (d / per_point - 1.0).abs() < 1e-9);
    }
}

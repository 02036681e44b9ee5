//! Further features where a solution on fewer of them is steep or wrong.
//!
//! A network of one hidden layer keeps its units and gets new ones f(s·n·(ξ − c)):
//!
//! - half of them along the gradient of the network N, c with a density ∝ |∇N|, n within some angle of ∇N, s about |∇N| by half the range
//!   of N: the slope of a front tanh(s·n·(ξ − c)) that has this gradient,
//! - half of them where the residual is large, c with a density ∝ |r|, in any direction, with slopes up to some times those of
//!   the first units.
//!
//! The output weights of new units are 0, so that the field stays as it is until it is solved for again.
//!
//! # Source
//! Places by gradient and residual: Dang & Wang, *Adaptive growing randomized neural networks*, arXiv 2408.17225 (2024).

use rand::{Rng, RngExt};

use crate::jet::fused::Kernel;
use crate::jet::{Architecture, Channels, Order, Rows, encoded};
use crate::network::normal;

/// Slopes of units along the gradient, relative to the front's own.
const STRETCH: [f64; 2] = [0.25, 2.0];
/// Deviation of their direction, as tangents of an angle: from nearly none to much.
const SPREAD: [f64; 2] = [0.02, 1.0];
/// Slopes of units where the residual is large at most, relative to the median of those that there are.
const STEEPER: f64 = 8.0;

/// The parameters of the network `to`, which is as that of `kernel` with more units, from those of fewer.
///
/// `rows` are residuals of the equation at points of the interior.
pub fn enrich(
    kernel: &Kernel<f64>,
    parameters: &[f64],
    to: &Architecture,
    rows: &Rows<f64>,
    random: &mut impl Rng,
) -> Vec<f64> {
    let from = kernel.architecture();
    let (inputs, old, new) = (from.widths[0], from.widths[1], to.widths[1]);
    let m = from.components();
    let mut enriched = vec![0.0; to.parameters()];
    // Weights of every input, then biases; weights of the outputs, then theirs.
    for row in 0..=inputs {
        enriched[row * new..row * new + old].copy_from_slice(&parameters[row * old..(row + 1) * old]);
    }
    let [own, out] = [(inputs + 1) * old, (inputs + 1) * new];
    enriched[out..out + old * m].copy_from_slice(&parameters[own..own + old * m]);
    enriched[out + new * m..].copy_from_slice(&parameters[own + old * m..]);

    let places = Places::new(kernel, parameters, rows);
    let slope = median_slope(parameters, inputs, old);
    for unit in old..new {
        let (place, direction, steepness) = if unit % 2 == 0 {
            places.along_gradient(random)
        } else {
            places.at_residual(slope, random)
        };
        let length = direction.iter().map(|n| n * n).sum::<f64>().sqrt();
        let mut bias = 0.0;
        for (j, (n, c)) in direction.iter().zip(place).enumerate() {
            let weight = steepness * n / length;
            enriched[j * new + unit] = weight;
            bias -= weight * c;
        }
        enriched[inputs * new + unit] = bias;
    }
    enriched
}

/// The median slope of the units of a hidden layer.
fn median_slope(parameters: &[f64], inputs: usize, units: usize) -> f64 {
    let square = |unit: usize| {
        (0..inputs)
            .map(|row| parameters[row * units + unit].powi(2))
            .sum::<f64>()
    };
    let mut slopes: Vec<f64> = (0..units).map(|unit| square(unit).sqrt()).collect();
    slopes.sort_by(f64::total_cmp);
    slopes[units / 2]
}

/// Where units may be placed.
struct Places {
    /// The network's inputs e(ξ) without those at poles, `[n, E]`.
    points: Vec<Vec<f64>>,
    /// Directions of the inputs along which N rises as along ∂N/∂ξ of its steepest component, `[n, E]`, by half the range of that component.
    gradients: Vec<Vec<f64>>,
    /// Running sums of |∇N| and of |r|, `[n]`.
    steep: Vec<f64>,
    wrong: Vec<f64>,
}

/// The plain coordinates, and sine and cosine of periodic ones.
fn inputs(architecture: &Architecture, xi: &[f64]) -> Vec<f64> {
    let mut all = encoded(architecture, xi);
    all.truncate(architecture.plain.len() + 2 * waves(architecture).len());
    all
}

/// The periodic axes.
fn waves(architecture: &Architecture) -> Vec<usize> {
    let rows = architecture.frequencies.chunks(architecture.coordinates());
    rows.filter_map(|row| row.iter().position(|b| *b != 0.0)).collect()
}

/// The least n with Jᵀ·n = g, where J = ∂e/∂ξ: g_j for plain coordinates, g_j/π along the circle for periodic ones.
fn pulled(architecture: &Architecture, xi: &[f64], gradient: &[f64]) -> Vec<f64> {
    use std::f64::consts::PI;
    let waves = waves(architecture);
    let plain = architecture.plain.iter().map(|&j| gradient[j]);
    let sines = waves.iter().map(|&j| gradient[j] / PI * (PI * xi[j]).cos());
    let cosines = waves.iter().map(|&j| -gradient[j] / PI * (PI * xi[j]).sin());
    plain.chain(sines).chain(cosines).collect()
}

impl Places {
    fn new(kernel: &Kernel<f64>, parameters: &[f64], rows: &Rows<f64>) -> Self {
        let architecture = kernel.architecture();
        let (d, m, n) = (architecture.coordinates(), architecture.components(), rows.points);
        let xi = |i: usize| -> Vec<f64> {
            let x = &rows.x[i * d..(i + 1) * d];
            (0..d)
                .map(|j| (x[j] - architecture.center[j]) * architecture.slope[j])
                .collect()
        };
        let channels = Channels::new(rows.channels.space, rows.channels.time, Order::First);
        let k = channels.count();
        let jets = kernel.jets(parameters, channels, &rows.x);
        let half_range = |c: usize| {
            let values = jets.iter().skip(c * k).step_by(m * k);
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(*v), high.max(*v))
            });
            (0.5 * (high - low)).max(f64::MIN_POSITIVE)
        };
        let ranges: Vec<f64> = (0..m).map(half_range).collect();
        let size = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let gradients: Vec<Vec<f64>> = jets
            .chunks(m * k)
            .map(|jet| {
                let of = |(c, jet): (usize, &[f64])| -> Vec<f64> {
                    let slopes = (0..d).map(|j| jet[channels.first(j)] / architecture.slope[j]);
                    slopes.map(|slope| slope / ranges[c]).collect()
                };
                let all = jet.chunks(k).enumerate().map(of);
                all.max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or_default()
            })
            .collect();
        let residual = kernel.residuals(parameters, rows);
        let sums = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            let mut sum = 0.0;
            values
                .map(|v| {
                    sum += v;
                    sum
                })
                .collect()
        };
        Self {
            points: (0..n).map(|i| inputs(architecture, &xi(i))).collect(),
            steep: sums(&mut gradients.iter().map(|gradient| size(gradient))),
            wrong: sums(&mut residual.chunks(rows.residuals).map(size)),
            gradients: gradients
                .iter()
                .enumerate()
                .map(|(i, gradient)| pulled(architecture, &xi(i), gradient))
                .collect(),
        }
    }

    /// A point drawn with the density of which `sums` are the running sums.
    fn draw(sums: &[f64], random: &mut impl Rng) -> usize {
        let total = sums.last().copied().unwrap_or(0.0);
        let at = total * random.random::<f64>();
        sums.partition_point(|sum| *sum <= at).min(sums.len() - 1)
    }

    /// Place, direction and slope.
    fn along_gradient(&self, random: &mut impl Rng) -> (&[f64], Vec<f64>, f64) {
        let i = Self::draw(&self.steep, random);
        let gradient = &self.gradients[i];
        let steepness = gradient
            .iter()
            .map(|v| v * v)
            .sum::<f64>()
            .sqrt()
            .max(f64::MIN_POSITIVE);
        let [low, high] = SPREAD.map(f64::ln);
        let spread = random.random_range(low..high).exp();
        let direction = gradient
            .iter()
            .map(|v| v / steepness + spread * normal(random))
            .collect();
        (
            &self.points[i],
            direction,
            steepness * random.random_range(STRETCH[0]..STRETCH[1]),
        )
    }

    fn at_residual(&self, slope: f64, random: &mut impl Rng) -> (&[f64], Vec<f64>, f64) {
        let point = &self.points[Self::draw(&self.wrong, random)];
        let direction = point.iter().map(|_| normal(random)).collect();
        (point, direction, STEEPER * slope * random.random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::network::RandomFeatures;

    /// Two units become six; where the network is a front along x + y = 0, half of the new ones lie on it and cross it.
    #[test]
    fn the_field_stays_and_new_units_cross_the_front() {
        let features = |width| RandomFeatures {
            width,
            slope: Some(2.0),
            ..RandomFeatures::default()
        };
        let few = features(2).architecture(1, &[0.0, -1.0], &[4.0, 1.0]);
        let many = features(400).architecture(1, &[0.0, -1.0], &[4.0, 1.0]);
        // One unit tanh(20·(ξ + η)), and one that the output does not see.
        let parameters = [20.0, 0.3, 20.0, 0.1, 0.0, 0.2, 1.0, 0.0, 0.5];
        let kernel = Kernel::new(few);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let n = 2000;
        let x: Vec<f64> = (0..n)
            .flat_map(|_| [random.random_range(0.0..4.0), random.random_range(-1.0..1.0)])
            .collect();
        let mut rows = Rows::with_capacity(Channels::new(2, false, Order::Value), 1, 1, n);
        (rows.points, rows.x) = (n, x);
        (rows.coefficients, rows.rhs, rows.weights) = (vec![1.0; n], vec![0.0; n], vec![1.0; n]);
        let enriched = enrich(&kernel, &parameters, &many, &rows, &mut random);
        let values = Channels::new(2, false, Order::Value);
        let before = kernel.jets(&parameters, values, &rows.x);
        let after = Kernel::new(many).jets(&enriched, values, &rows.x);
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-14));
        let on_the_front = (2..400).step_by(2).filter(|unit| {
            let [a, b, bias] = [0, 1, 2].map(|row| enriched[row * 400 + unit]);
            // The point of the unit's line that is nearest to the middle of the domain lies near ξ + η = 0 for units along it.
            let distance = (bias / a.hypot(b)).abs();
            let along = (a + b).abs() / (std::f64::consts::SQRT_2 * a.hypot(b));
            along > 0.7 && distance < 1.5
        });
        assert!(on_the_front.count() > 150);
    }
}

//! The starting point: the output layer by linear least squares on the random features of the layers below.
//!
//! The problem is linear and so is the output layer, so its best weights for given features are one small linear solve.
//! The fit also tells how large the field is, which the data alone do not (a slender beam bends far more than load by
//! modulus suggests); the ansatz takes that size as its scale, so that the network's outputs are O(1).

use rand_chacha::ChaCha8Rng;

use super::CHUNK_BYTES;
use super::gram::{GRAM, Gram};
use super::last_layer::{OutputSystem, RITZ};
use crate::jet::fused::Kernel;
use crate::jet::{Architecture, Channels, Order, Rows};
use crate::network::RandomFeatures;

/// Damping relative to the features' mean size: with less, nearly dependent features get large weights of both signs, and
/// every later step is bent by their cancellation.
const DAMPING: f64 = 1e-2;

/// The parameters with the output layer of best fit, by Householder factors.
pub fn fit_exactly(kernel: &Kernel<f64>, parameters: &[f64], terms: &[Rows<f64>]) -> Vec<f64> {
    let mut trial = parameters.to_vec();
    let rows = terms.iter().map(|rows| rows.points * rows.residuals).sum();
    let sample: Vec<Rows<f64>> = terms.iter().map(|rows| first_points(rows, COLUMNS)).collect();
    let mut system = OutputSystem::new(kernel, &mut trial, &sample, rows, CHUNK_BYTES, 0.0);
    for rows in terms {
        system.add(rows, 0, rows.points);
    }
    let solution = system.solve().solution;
    let first = trial.len() - solution.len();
    trial[first..].copy_from_slice(&solution);
    trial
}

/// The parameters with the output layer of best fit, with a damping relative to the features' mean size, by normal equations: several
/// times faster than Householder factors.
///
/// From [`GRAM`]'s first on the damping covers rounding; where it does not, more is taken.
fn fit_output(kernel: &Kernel<f64>, parameters: &[f64], terms: &[Rows<f64>], damping: f64) -> Vec<f64> {
    let mut trial = parameters.to_vec();
    let first = trial.len() - kernel.output_parameters();
    trial[first..].fill(0.0);
    let mut system = Gram::of_rows(kernel, &trial, terms);
    let mut dampings = std::iter::once(damping).chain(GRAM.into_iter().filter(|more| *more > damping));
    if let Some(fit) = dampings.find_map(|damping| system.solve(damping)) {
        trial[first..].copy_from_slice(&fit.solution);
    }
    trial
}

/// Slopes that [`choose_slope`] tries.
const SLOPES: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];
/// How many that are worse than the best one end its search.
const PATIENCE: usize = 2;
/// Share of the width that it tries them with.
const PILOT: usize = 3;
/// Unknowns of a fit that only the slope or the size of the field is taken from.
const MOST: usize = 600;
/// The same for the slope of an energy in space.
const SOLID: usize = 2000;
/// Residuals in the interior for each unknown of such a fit.
const RESIDUALS: usize = 3;
/// Points in the interior for each one on a boundary.
const INNER: usize = 4;
/// Points per term that the size of columns is estimated from.
const COLUMNS: usize = 128;

/// The first points of some rows, which stand for all of them.
fn first_points(rows: &Rows<f64>, count: usize) -> Rows<f64> {
    let count = count.min(rows.points);
    let mut few: Rows<f64> = rows.slice(0, count);
    few.scale(rows.weights.iter().sum::<f64>() / few.weights.iter().sum::<f64>());
    few
}

/// The slope of random features whose fit leaves the least residual on `fresh` points, tried with a part of the width.
///
/// The energy of N features in space is resolved on lengths of N^(−1/3), so that its slope is taken between those that were tried, and
/// times the cube root of the share of the width that it was tried with. (In the plane the choice among a few has sufficed.)
pub fn choose_slope(
    features: &RandomFeatures,
    architecture: &Architecture,
    terms: &[Rows<f64>],
    fresh: &[Rows<f64>],
    random: &ChaCha8Rng,
) -> f64 {
    let energy = terms.iter().any(|rows| !rows.linear.is_empty());
    // The fits of an energy in space are made of products of scalar features.
    let solid = energy && terms.first().is_some_and(|rows| rows.channels.space == 3);
    let most = if solid { SOLID } else { MOST };
    let width = (features.width / PILOT).clamp(1, (most / architecture.components()).max(1));
    let mut pilot = architecture.clone();
    pilot.widths[1] = width;
    let kernel = Kernel::new(pilot);
    let few: Vec<Rows<f64>> = terms
        .iter()
        .enumerate()
        // The points of an energy belong together.
        .map(|(t, rows)| match (energy, t) {
            (true, _) => rows.clone(),
            (false, 0) => first_points(rows, RESIDUALS * kernel.output_parameters() / rows.residuals),
            (false, _) => first_points(
                rows,
                RESIDUALS * kernel.output_parameters() / terms[0].residuals / INNER,
            ),
        })
        .collect();
    let left = |slope: f64| {
        let features = RandomFeatures {
            width,
            slope: Some(slope),
            ..features.clone()
        };
        let parameters = features.initial_parameters(kernel.architecture(), &mut random.clone());
        let fitted = if energy {
            fit_output(&kernel, &parameters, &few, RITZ[3])
        } else {
            fit_exactly(&kernel, &parameters, &few)
        };
        total(&kernel, fresh, &fitted)
    };
    let mut tried: Vec<f64> = Vec::new();
    let mut best = 0;
    for slope in SLOPES {
        tried.push(left(slope));
        let last = tried.len() - 1;
        if tried[last] < tried[best] {
            best = last;
        }
        if last - best == PATIENCE {
            break;
        }
    }
    if solid {
        let growth = (features.width as f64 / width as f64).log2() / 3.0;
        return SLOPES[0] * (vertex(&tried, best) + growth).exp2().min(SLOPES[4]);
    }
    SLOPES[best]
}

/// Where the parabola through the least value and its neighbours has its vertex, counted in places.
fn vertex(values: &[f64], least: usize) -> f64 {
    if least == 0 || least + 1 >= values.len() {
        return least as f64;
    }
    let [before, here, after] = [least - 1, least, least + 1].map(|i| values[i]);
    let curvature = before - 2.0 * here + after;
    if curvature > 0.0 {
        least as f64 + (0.5 * (before - after) / curvature).clamp(-0.5, 0.5)
    } else {
        least as f64
    }
}

/// Sets the output layer and returns the factor per component, `[m]`, by which the rows have been scaled.
pub fn fit_output_scale(kernel: &Kernel<f64>, parameters: &mut [f64], terms: &mut [Rows<f64>]) -> Vec<f64> {
    let m = kernel.architecture().components();
    if kernel.output_parameters() > MOST && kernel.architecture().hidden() == 1 {
        // The size of the field takes no more than some of the features.
        let (few, mut fitted) = some_features(kernel, parameters, (MOST / m).max(2) - 1);
        let scale = fit_output_scale(&few, &mut fitted, terms);
        let own = few.output_parameters() - m;
        let [from, to] = [(&few, fitted.len()), (kernel, parameters.len())].map(|(k, end)| end - k.output_parameters());
        parameters[to..to + own].copy_from_slice(&fitted[from..from + own]);
        let biases = parameters.len() - m;
        parameters[biases..].copy_from_slice(&fitted[from + own..]);
        return scale;
    }
    let first = parameters.len() - kernel.output_parameters();
    let before = total(kernel, terms, parameters);
    let mut trial = fit_output(kernel, parameters, terms, DAMPING);
    if !(total(kernel, terms, &trial) < before) {
        return vec![1.0; m];
    }
    // Size of each output over the interior.
    let Some(interior) = terms.first() else {
        return vec![1.0; m];
    };
    let values = Channels::new(interior.channels.space, interior.channels.time, Order::Value);
    let outputs = kernel.jets(&trial, values, &interior.x);
    // The head of a region counts where its equation reads it.
    let (k, stride) = (interior.channels.count(), interior.stride());
    let read = |point: usize, c: usize| {
        let forms = interior.coefficients[point * stride..(point + 1) * stride].chunks(k);
        forms.skip(c).step_by(m).any(|form| form.iter().any(|v| *v != 0.0))
    };
    let scale: Vec<f64> = (0..m)
        .map(|c| {
            let values = outputs.iter().skip(c).step_by(m).enumerate();
            let own: Vec<f64> = values
                .filter(|(point, _)| read(*point, c))
                .map(|(_, v)| v * v)
                .collect();
            let size = (own.iter().sum::<f64>() / own.len() as f64).sqrt();
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

/// The first features of one hidden layer, with an output layer of zeros.
fn some_features(kernel: &Kernel<f64>, parameters: &[f64], width: usize) -> (Kernel<f64>, Vec<f64>) {
    let mut architecture = kernel.architecture().clone();
    let all = architecture.widths[1];
    architecture.widths[1] = width;
    let mut few = vec![0.0; architecture.parameters()];
    // Weights of every input, then biases.
    for row in 0..=architecture.widths[0] {
        few[row * width..(row + 1) * width].copy_from_slice(&parameters[row * all..row * all + width]);
    }
    (Kernel::new(architecture), few)
}

fn total(kernel: &Kernel<f64>, terms: &[Rows<f64>], parameters: &[f64]) -> f64 {
    kernel
        .losses(parameters, &terms.iter().collect::<Vec<_>>())
        .iter()
        .sum()
}

#[cfg(test)]
mod tests {
    use super::vertex;

    #[test]
    fn the_vertex_of_a_parabola_is_found_between_places() {
        let values: Vec<f64> = (0..4).map(|i| 3.0 * (f64::from(i) - 1.3).powi(2) - 7.0).collect();
        assert!((vertex(&values, 1) - 1.3).abs() < 1e-12);
        // At an end of the list nothing tells how far beyond it lies.
        assert_eq!(vertex(&values[1..], 0), 0.0);
        assert_eq!(vertex(&values[..2], 1), 1.0);
    }
}

//! One wide hidden layer of random features, made for a least-squares solve of the output layer.

use std::ops::Range;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoding;
use super::mlp::normal;
use crate::jet::activation::Activation;
use crate::jet::{Architecture, encoded};

/// One wide hidden layer whose units f(s·n·(ξ − c)) have random directions n, slopes s and places c; the stage `LastLayer`
/// solves for its output layer.
///
/// ξ ∈ [−1, 1]^D with its inversions at the poles, |n| = 1, s uniform on [0, slope], c uniform on the box: every unit bends inside the domain, some
/// gently and some sharply. Of several poles every unit sees one, since what holes and corners do to a field adds up.
///  With all slopes equal, errors of smooth problems were 10³ to 10⁶ times larger (measured).
///
/// # Source
/// Huang, Zhu & Siew, *Extreme learning machine*, Neurocomputing 70 (2006) 489; for differential equations Dwivedi & Srinivasan,
/// *Physics informed extreme learning machine*, 2020, and Dong & Li, *Comput. Methods Appl. Mech. Eng.* 387 (2021) 114129.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomFeatures {
    /// Number of features.
    pub width: usize,
    /// Largest slope, in units of one over half the domain's size; by default the one of a few whose small network leaves
    /// the least residual on points that it was not fitted to.
    pub slope: Option<f64>,
    /// `Tanh`, `Sin` or `Swish`.
    pub activation: Activation,
}

/// The slope that is used where none was chosen.
const SLOPE: f64 = 4.0;

impl Default for RandomFeatures {
    fn default() -> Self {
        Self {
            width: 400,
            slope: None,
            activation: Activation::Tanh,
        }
    }
}

impl RandomFeatures {
    /// The shape for m outputs on a domain from `min` to `max`, time included.
    pub fn architecture(&self, components: usize, min: &[f64], max: &[f64]) -> Architecture {
        let (center, slope) = encoding(min, max);
        Architecture {
            widths: vec![center.len(), self.width, components],
            center,
            slope,
            plain: (0..min.len()).collect(),
            frequencies: Vec::new(),
            poles: Vec::new(),
            activation: self.activation,
        }
    }

    /// Random features, and an output layer of zeros.
    pub fn initial_parameters(&self, architecture: &Architecture, random: &mut impl Rng) -> Vec<f64> {
        let (d, w) = (architecture.widths[0], self.width);
        let mut parameters = vec![0.0; architecture.parameters()];
        let mut end = d;
        let mut poles: Vec<Range<usize>> = Vec::new();
        for pole in architecture.poles.iter().rev() {
            poles.push(end - pole.space..end);
            end -= pole.space;
        }
        for unit in 0..w {
            let mut direction: Vec<f64> = (0..d).map(|_| normal(random)).collect();
            if poles.len() > 1 {
                let own = &poles[random.random_range(0..poles.len())];
                for other in poles.iter().filter(|other| *other != own) {
                    direction[other.clone()].fill(0.0);
                }
            }
            let xi: Vec<f64> = (0..architecture.coordinates())
                .map(|_| random.random_range(-1.0..1.0))
                .collect();
            let place = encoded(architecture, &xi);
            let length = direction.iter().map(|n| n * n).sum::<f64>().sqrt();
            let slope = self.slope.unwrap_or(SLOPE) * random.random::<f64>() / length;
            let mut bias = 0.0;
            for (j, n) in direction.iter().enumerate() {
                parameters[j * w + unit] = slope * n;
                // Inside a hole the inversion has no bounds.
                bias -= slope * n * place[j].clamp(-1.0, 1.0);
            }
            parameters[d * w + unit] = bias;
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_feature_bends_inside_the_domain_with_a_slope_below_the_largest() {
        let config = RandomFeatures {
            width: 200,
            slope: Some(3.0),
            ..RandomFeatures::default()
        };
        let architecture = config.architecture(2, &[0.0, -1.0], &[4.0, 1.0]);
        let parameters = config.initial_parameters(&architecture, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(parameters.len(), 2 * 200 + 200 + 200 * 2 + 2);
        for unit in 0..200 {
            let (a, b, bias) = (parameters[unit], parameters[200 + unit], parameters[400 + unit]);
            assert!(a.hypot(b) <= 3.0);
            // a·ξ + b·η + bias = 0 crosses the square [−1, 1]².
            assert!(bias.abs() <= a.abs() + b.abs());
        }
        assert!(parameters[600..].iter().all(|v| *v == 0.0));
    }
}

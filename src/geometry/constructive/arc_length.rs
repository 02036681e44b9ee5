//! Lengths of plane curves, and the parameters at given lengths.

use std::sync::LazyLock;

use super::curve::Curve;
use crate::sampler::gauss_legendre;

/// Points and weights that integrate over short arcs to rounding.
pub(super) static RULE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| gauss_legendre(16));

impl Curve {
    /// The length up to t, exact for segments and circles and to rounding for arcs of ellipses up to a third of a turn.
    pub(super) fn length_to(&self, t: f64) -> f64 {
        let speed = |t: f64| {
            let v = self.velocity(t);
            v[0].hypot(v[1])
        };
        match self {
            Self::Segment { .. } => t * speed(0.0),
            Self::Arc { .. } if self.circle().is_some() => t * speed(0.0),
            Self::Arc { .. } => {
                let parts = 4;
                let h = t / f64::from(parts);
                (0..parts)
                    .flat_map(|i| RULE.iter().map(move |&(x, w)| (f64::from(i) + x, w)))
                    .map(|(x, w)| w * h * speed(x * h))
                    .sum()
            }
        }
    }

    /// The length.
    pub(super) fn length(&self) -> f64 {
        self.length_to(1.0)
    }

    /// The t at a share of the length.
    pub(super) fn at_share(&self, share: f64) -> f64 {
        match self {
            Self::Arc { .. } if self.circle().is_none() => {
                let target = share * self.length();
                invert(target, |t| {
                    let v = self.velocity(t);
                    (self.length_to(t), v[0].hypot(v[1]))
                })
            }
            _ => share,
        }
    }
}

/// The t ∈ [0, 1] at which a growing function has a value; `f` gives value and slope. Newton's method, kept in a bracket.
pub(super) fn invert(target: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    let mut t = 0.5;
    for _ in 0..80 {
        let (value, slope) = f(t);
        if value < target {
            low = t;
        } else {
            high = t;
        }
        let next = t - (value - target) / slope;
        let next = if next > low && next < high {
            next
        } else {
            0.5 * (low + high)
        };
        if (next - t).abs() < 1e-16 {
            return next;
        }
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    #[test]
    fn the_length_of_an_ellipse_is_that_of_its_series() {
        // Ramanujan's second formula errs by about 1e-10 for half axes 2 and 1.5.
        let (a, b) = (2.0_f64, 1.5_f64);
        let h = ((a - b) / (a + b)).powi(2);
        let expected = PI * (a + b) * (1.0 + 3.0 * h / (10.0 + (4.0 - 3.0 * h).sqrt()));
        let arcs = Curve::arcs([1.0, 2.0], [a, b], 0.0, TAU);
        let length: f64 = arcs.iter().map(Curve::length).sum();
        assert!((length - expected).abs() < 1e-9, "{length} {expected}");
        let arc = Curve::Arc {
            center: [0.3, -0.2],
            axes: [[2.0, 0.5], [-0.3, 1.0]],
            angles: [0.4, 2.1],
        };
        for share in [0.0, 0.1, 0.5, 0.93, 1.0] {
            let t = arc.at_share(share);
            assert!((arc.length_to(t) - share * arc.length()).abs() < 1e-13);
        }
    }
}

//! Where plane curves meet.

use std::f64::consts::TAU;

use super::curve::Curve;
use super::place::{Place, along, cross, dot, minus};

impl Curve {
    /// Parameters of this curve at which it meets `other`, tangent points and ends included; coincident pieces give their
    /// ends only.
    pub(super) fn meets(&self, other: &Self, tolerance: f64) -> Vec<f64> {
        let mut found: Vec<f64> = [other.at(0.0), other.at(1.0)]
            .into_iter()
            .filter_map(|x| self.parameter(x, tolerance))
            .collect();
        let candidates: Vec<Place> = match (self, other) {
            (Self::Segment { a, b }, Self::Segment { a: c, b: d }) => {
                let (v, w) = (minus(*b, *a), minus(*d, *c));
                let det = cross(v, w);
                if det.abs() < 1e-12 * v[0].hypot(v[1]) * w[0].hypot(w[1]) {
                    Vec::new()
                } else {
                    vec![along(*a, cross(minus(*c, *a), w) / det, v)]
                }
            }
            (
                Self::Segment { a, b },
                Self::Arc {
                    center, axes: [p, q], ..
                },
            )
            | (
                Self::Arc {
                    center, axes: [p, q], ..
                },
                Self::Segment { a, b },
            ) => {
                let v = minus(*b, *a);
                let f = Wave {
                    constant: cross(v, minus(*center, *a)),
                    first: [cross(v, *p), cross(v, *q)],
                    second: [0.0; 2],
                };
                f.points(*center, [*p, *q])
            }
            (
                Self::Arc { .. },
                Self::Arc {
                    center, axes: [p, q], ..
                },
            ) => {
                // |u(θ)|² = 1 in the coordinates that make this curve's ellipse the unit circle.
                let origin = self.round([0.0; 2]);
                let (c, p1, q1) = (
                    self.round(*center),
                    minus(self.round(*p), origin),
                    minus(self.round(*q), origin),
                );
                let f = Wave {
                    constant: dot(c, c) + 0.5 * (dot(p1, p1) + dot(q1, q1)) - 1.0,
                    first: [2.0 * dot(c, p1), 2.0 * dot(c, q1)],
                    second: [0.5 * (dot(p1, p1) - dot(q1, q1)), dot(p1, q1)],
                };
                // Coincident ellipses meet at their ends only.
                let size = f.constant.abs() + f.first[0].hypot(f.first[1]) + f.second[0].hypot(f.second[1]);
                if size < 1e-9 {
                    Vec::new()
                } else {
                    f.points(*center, [*p, *q])
                }
            }
        };
        let both = |x: &Place| Some((self.parameter(*x, tolerance)?, other.parameter(*x, tolerance)?));
        found.extend(candidates.iter().filter_map(both).map(|(t, _)| t));
        found
    }
}

/// a₀ + a₁·cos θ + b₁·sin θ + a₂·cos 2θ + b₂·sin 2θ.
struct Wave {
    constant: f64,
    first: [f64; 2],
    second: [f64; 2],
}

impl Wave {
    fn at(&self, angle: f64) -> f64 {
        let ((s, c), (s2, c2)) = (angle.sin_cos(), (2.0 * angle).sin_cos());
        self.constant + self.first[0] * c + self.first[1] * s + self.second[0] * c2 + self.second[1] * s2
    }

    fn slope(&self, angle: f64) -> f64 {
        let ((s, c), (s2, c2)) = (angle.sin_cos(), (2.0 * angle).sin_cos());
        self.first[1] * c - self.first[0] * s + 2.0 * (self.second[1] * c2 - self.second[0] * s2)
    }

    /// Angles of zeros, also of double ones to about the root of rounding.
    fn roots(&self) -> Vec<f64> {
        let size = self.first[0].hypot(self.first[1]);
        let second = self.second[0].hypot(self.second[1]);
        if second < 1e-13 * (size + self.constant.abs() + second) {
            if size < 1e-300 {
                return Vec::new();
            }
            let phase = self.first[1].atan2(self.first[0]);
            let ratio = -self.constant / size;
            // A touching line or circle is off by rounding.
            if ratio.abs() > 1.0 + 1e-12 {
                return Vec::new();
            }
            let half = ratio.clamp(-1.0, 1.0).acos();
            return vec![phase + half, phase - half];
        }
        // Between the zeros of the slope the function is monotone.
        let probes = 720;
        let step = TAU / f64::from(probes);
        let bisect = |f: &dyn Fn(f64) -> f64, mut low: f64, mut high: f64| {
            let sign = f(low) < 0.0;
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if (f(middle) < 0.0) == sign {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            0.5 * (low + high)
        };
        let turns: Vec<f64> = (0..probes)
            .map(|i| f64::from(i) * step)
            .filter(|&a| (self.slope(a) < 0.0) != (self.slope(a + step) < 0.0))
            .map(|a| bisect(&|x| self.slope(x), a, a + step))
            .collect();
        let scale = size + second + self.constant.abs();
        let mut roots = Vec::new();
        for (i, &a) in turns.iter().enumerate() {
            let b = turns.get(i + 1).copied().unwrap_or_else(|| turns[0] + TAU);
            if self.at(a).abs() < 1e-13 * scale {
                roots.push(a);
            } else if (self.at(a) < 0.0) != (self.at(b) < 0.0) {
                roots.push(bisect(&|x| self.at(x), a, b));
            }
        }
        roots
    }

    fn points(&self, center: Place, [p, q]: [Place; 2]) -> Vec<Place> {
        let at = |angle: f64| along(along(center, angle.cos(), p), angle.sin(), q);
        self.roots().into_iter().map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::distance;
    use super::*;

    #[test]
    fn curves_meet_where_both_pass() {
        let segment = Curve::Segment {
            a: [-3.0, -0.4],
            b: [3.0, 1.1],
        };
        let circle = Curve::arcs([0.5, 0.0], [1.2, 1.2], 0.0, TAU);
        let other = Curve::arcs([1.0, 0.3], [0.7, 2.0], 0.1, 0.1 + TAU);
        let count = |first: &[Curve], second: &[Curve]| {
            let mut places: Vec<Place> = Vec::new();
            for a in first {
                for b in second {
                    for t in a.meets(b, 1e-10) {
                        let x = a.at(t);
                        assert!(b.nearest(x).0 < 1e-9);
                        if places.iter().all(|y| distance(*y, x) > 1e-8) {
                            places.push(x);
                        }
                    }
                }
            }
            places.len()
        };
        assert_eq!(count(&circle, &[segment]), 2);
        assert_eq!(count(&[segment], &other), 2);
        assert_eq!(count(&circle, &other), 4);
        assert_eq!(count(&other, &circle), 4);
        let touching = Curve::arcs([2.7, 0.0], [1.0, 1.0], 0.2, 0.2 + TAU);
        assert_eq!(count(&circle, &touching), 1);
    }
}

//! Plane curves: segments and elliptic arcs, with exact angles of sight and bounds.

use std::f64::consts::{PI, TAU};

use super::affine::Affine;
use super::place::{Place, along, cross, distance, dot, minus};

/// An oriented curve over t ∈ [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::geometry) enum Curve {
    /// (1 − t)·a + t·b.
    Segment {
        /// First end.
        a: Place,
        /// Last end.
        b: Place,
    },
    /// c + p·cos θ + q·sin θ with θ = (1 − t)·from + t·to; at most half a turn.
    Arc {
        /// c.
        center: Place,
        /// p and q: conjugate half diameters, q to the left of p.
        axes: [Place; 2],
        /// Angles of both ends.
        angles: [f64; 2],
    },
}

impl Curve {
    /// Arcs of at most a third of a turn that make up an arc of an ellipse with axes along x and y.
    pub(in crate::geometry) fn arcs(center: Place, radii: Place, from: f64, to: f64) -> Vec<Self> {
        let count = ((to - from).abs() / (TAU / 3.0) - 1e-9).ceil().max(1.0);
        (0..count as usize)
            .map(|i| {
                let angle = |i: usize| from + (to - from) * i as f64 / count;
                Self::Arc {
                    center,
                    axes: [[radii[0], 0.0], [0.0, radii[1]]],
                    angles: [angle(i), angle(i + 1)],
                }
            })
            .collect()
    }

    /// x(t).
    pub(super) fn at(&self, t: f64) -> Place {
        match *self {
            Self::Segment { a, b } => [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])],
            Self::Arc {
                center,
                axes: [p, q],
                angles,
            } => {
                let (s, c) = (angles[0] + t * (angles[1] - angles[0])).sin_cos();
                along(along(center, c, p), s, q)
            }
        }
    }

    /// dx/dt.
    pub(super) fn velocity(&self, t: f64) -> Place {
        match *self {
            Self::Segment { a, b } => minus(b, a),
            Self::Arc {
                axes: [p, q], angles, ..
            } => {
                let turn = angles[1] - angles[0];
                let (s, c) = (angles[0] + t * turn).sin_cos();
                [turn * (c * q[0] - s * p[0]), turn * (c * q[1] - s * p[1])]
            }
        }
    }

    /// The unit normal to the left.
    pub(super) fn left(&self, t: f64) -> Place {
        let v = self.velocity(t);
        let speed = v[0].hypot(v[1]);
        [-v[1] / speed, v[0] / speed]
    }

    /// The part between two parameters.
    pub(super) fn part(&self, from: f64, to: f64) -> Self {
        match *self {
            Self::Segment { .. } => Self::Segment {
                a: self.at(from),
                b: self.at(to),
            },
            Self::Arc {
                center,
                axes,
                angles: [a, b],
            } => Self::Arc {
                center,
                axes,
                angles: [a + from * (b - a), a + to * (b - a)],
            },
        }
    }

    /// The same curve from its end to its beginning.
    pub(super) fn reversed(&self) -> Self {
        match *self {
            Self::Segment { a, b } => Self::Segment { a: b, b: a },
            Self::Arc {
                center,
                axes,
                angles: [a, b],
            } => Self::Arc {
                center,
                axes,
                angles: [b, a],
            },
        }
    }

    /// The image under a map of the plane.
    pub(super) fn mapped(&self, map: &Affine) -> Self {
        let place = |x: Place| map.place(x);
        let vector = |x: Place| {
            let y = map.vector([x[0], x[1], 0.0]);
            [y[0], y[1]]
        };
        match *self {
            Self::Segment { a, b } => Self::Segment {
                a: place(a),
                b: place(b),
            },
            Self::Arc { center, axes, angles } => Self::Arc {
                center: place(center),
                axes: axes.map(vector),
                angles,
            },
        }
    }

    /// Whether the curve is an arc.
    pub(super) fn curved(&self) -> bool {
        matches!(self, Self::Arc { .. })
    }

    /// By how much the tangent turns, at most; for an ellipse that of its circle.
    pub(super) fn turn(&self) -> f64 {
        match self {
            Self::Segment { .. } => 0.0,
            Self::Arc { angles, .. } => (angles[1] - angles[0]).abs(),
        }
    }

    /// Centre and radius of a circle's arc.
    pub(super) fn circle(&self) -> Option<(Place, f64)> {
        match *self {
            Self::Arc {
                center, axes: [p, q], ..
            } => {
                let (a, b) = (p[0].hypot(p[1]), q[0].hypot(q[1]));
                let round = (a - b).abs() < 1e-12 * a && dot(p, q).abs() < 1e-12 * a * a;
                round.then_some((center, a))
            }
            Self::Segment { .. } => None,
        }
    }

    /// The angle under which the curve is seen from x, positive counter-clockwise.
    pub(super) fn sight(&self, x: Place) -> f64 {
        let (a, b) = (minus(self.at(0.0), x), minus(self.at(1.0), x));
        let chord = cross(a, b).atan2(dot(a, b));
        let Self::Arc { angles: [from, to], .. } = *self else {
            return chord;
        };
        let u = self.round(x);
        let middle = 0.5 * (from + to);
        let (s, c) = middle.sin_cos();
        // Between the chord and the arc the line of sight goes the other way round.
        let beyond = u[0] * c + u[1] * s > (0.5 * (to - from)).cos();
        if beyond && dot(u, u) < 1.0 {
            // At points of the chord's own line rounding decides which sign the half turn has.
            let full = if to > from { TAU } else { -TAU };
            if chord * full > 0.0 { chord } else { chord + full }
        } else {
            chord
        }
    }

    /// The coordinates in which the arc's ellipse is the unit circle.
    pub(super) fn round(&self, x: Place) -> Place {
        match *self {
            Self::Arc {
                center, axes: [p, q], ..
            } => {
                let d = minus(x, center);
                let det = cross(p, q);
                [cross(d, q) / det, cross(p, d) / det]
            }
            Self::Segment { .. } => x,
        }
    }

    /// The parameter of x if it lies on the curve to within `tolerance`, ends included.
    pub(super) fn parameter(&self, x: Place, tolerance: f64) -> Option<f64> {
        let t = match *self {
            Self::Segment { a, b } => {
                let d = minus(b, a);
                dot(minus(x, a), d) / dot(d, d)
            }
            Self::Arc { angles: [from, to], .. } => {
                let u = self.round(x);
                let middle = 0.5 * (from + to);
                let mut turn = u[1].atan2(u[0]) - middle;
                turn -= TAU * (turn / TAU).round();
                0.5 + turn / (to - from)
            }
        }
        .clamp(0.0, 1.0);
        (distance(self.at(t), x) <= tolerance).then_some(t)
    }

    /// Distance of x and the parameter of the nearest point.
    pub(super) fn nearest(&self, x: Place) -> (f64, f64) {
        let t = match *self {
            Self::Segment { a, b } => {
                let d = minus(b, a);
                (dot(minus(x, a), d) / dot(d, d)).clamp(0.0, 1.0)
            }
            Self::Arc { angles: [from, to], .. } if self.circle().is_some() => {
                let u = self.round(x);
                let middle = 0.5 * (from + to);
                let mut turn = u[1].atan2(u[0]) - middle;
                turn -= TAU * (turn / TAU).round();
                // Beyond an end the end itself is nearest.
                (0.5 + turn / (to - from)).clamp(0.0, 1.0)
            }
            Self::Arc { .. } => {
                let square = |t: f64| {
                    let d = minus(self.at(t), x);
                    dot(d, d)
                };
                let probes = 16;
                let mut best = 0.0;
                for i in 0..=probes {
                    let t = f64::from(i) / f64::from(probes);
                    if square(t) < square(best) {
                        best = t;
                    }
                }
                let step = 1.0 / f64::from(probes);
                let (mut low, mut high) = ((best - step).max(0.0), (best + step).min(1.0));
                // (x(t) − x)·x′ grows through 0 at the nearest point.
                let slope = |t: f64| dot(minus(self.at(t), x), self.velocity(t));
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if slope(middle) < 0.0 {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                0.5 * (low + high)
            }
        };
        (distance(self.at(t), x), t)
    }

    /// A box along the axes that holds the curve.
    pub(super) fn bounds(&self) -> [Place; 2] {
        let (a, b) = (self.at(0.0), self.at(1.0));
        let (mut low, mut high) = ([a[0].min(b[0]), a[1].min(b[1])], [a[0].max(b[0]), a[1].max(b[1])]);
        if let Self::Arc {
            axes: [p, q], angles, ..
        } = *self
        {
            for j in 0..2 {
                // x_j is extreme where tan θ = q_j/p_j.
                let extreme = q[j].atan2(p[j]);
                let (first, last) = (angles[0].min(angles[1]), angles[0].max(angles[1]));
                let mut angle = extreme + PI * ((first - extreme) / PI).ceil();
                while angle <= last {
                    let x = self.at((angle - angles[0]) / (angles[1] - angles[0]));
                    low[j] = low[j].min(x[j]);
                    high[j] = high[j].max(x[j]);
                    angle += PI;
                }
            }
        }
        [low, high]
    }

    /// The largest distance from the chord.
    pub(super) fn sagitta(&self) -> f64 {
        match *self {
            Self::Segment { .. } => 0.0,
            Self::Arc { .. } => distance(
                self.at(0.5),
                along(self.at(0.0), 0.5, minus(self.at(1.0), self.at(0.0))),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ellipse() -> Curve {
        Curve::Arc {
            center: [0.3, -0.2],
            axes: [[2.0, 0.5], [-0.3, 1.0]],
            angles: [0.4, 2.1],
        }
    }

    #[test]
    fn a_closed_curve_is_seen_under_a_full_turn_from_inside_only() {
        for center in [[0.0, 0.0], [3.0, -1.0]] {
            let arcs = Curve::arcs(center, [2.0, 1.0], 0.3, 0.3 + TAU);
            let turn = |x: Place| arcs.iter().map(|arc| arc.sight(along(center, 1.0, x))).sum::<f64>() / TAU;
            for inside in [[0.0, 0.0], [1.9, 0.0], [0.0, -0.99], [-1.3, 0.7], [1.0, 0.86]] {
                assert!((turn(inside) - 1.0).abs() < 1e-12, "{inside:?}");
            }
            for outside in [[2.1, 0.0], [0.0, -1.01], [1.0, 0.88], [-1.6, 0.7]] {
                assert!(turn(outside).abs() < 1e-12, "{outside:?}");
            }
        }
    }

    #[test]
    fn bounds_enclose_a_tilted_arc_tightly() {
        let arc = ellipse();
        let [low, high] = arc.bounds();
        let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for i in 0..=10_000 {
            let x = arc.at(f64::from(i) / 1e4);
            for j in 0..2 {
                least[j] = least[j].min(x[j]);
                most[j] = most[j].max(x[j]);
            }
        }
        for j in 0..2 {
            assert!((low[j] - least[j]).abs() < 1e-7 && (high[j] - most[j]).abs() < 1e-7);
        }
    }
}

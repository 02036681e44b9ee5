//! Plane curves: segments and elliptic arcs, with exact lengths, intersections and angles of sight.

use std::f64::consts::{PI, TAU};
use std::sync::LazyLock;

use super::affine::Affine;
use crate::sampler::gauss_legendre;

/// A point of the plane.
pub(in crate::geometry) type Place = [f64; 2];

pub(super) fn minus(a: Place, b: Place) -> Place {
    [a[0] - b[0], a[1] - b[1]]
}

pub(super) fn along(a: Place, t: f64, d: Place) -> Place {
    [a[0] + t * d[0], a[1] + t * d[1]]
}

pub(super) fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub(super) fn cross(a: Place, b: Place) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(super) fn distance(a: Place, b: Place) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Points and weights that integrate over short arcs to rounding.
pub(super) static RULE: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| gauss_legendre(16));

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
    use super::*;

    fn ellipse() -> Curve {
        Curve::Arc {
            center: [0.3, -0.2],
            axes: [[2.0, 0.5], [-0.3, 1.0]],
            angles: [0.4, 2.1],
        }
    }

    #[test]
    fn the_length_of_an_ellipse_is_that_of_its_series() {
        // Ramanujan's second formula errs by about 1e-10 for half axes 2 and 1.5.
        let (a, b) = (2.0_f64, 1.5_f64);
        let h = ((a - b) / (a + b)).powi(2);
        let expected = PI * (a + b) * (1.0 + 3.0 * h / (10.0 + (4.0 - 3.0 * h).sqrt()));
        let arcs = Curve::arcs([1.0, 2.0], [a, b], 0.0, TAU);
        let length: f64 = arcs.iter().map(Curve::length).sum();
        assert!((length - expected).abs() < 1e-9, "{length} {expected}");
        let arc = ellipse();
        for share in [0.0, 0.1, 0.5, 0.93, 1.0] {
            let t = arc.at_share(share);
            assert!((arc.length_to(t) - share * arc.length()).abs() < 1e-13);
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

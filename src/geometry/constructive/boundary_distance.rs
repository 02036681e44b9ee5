//! Smooth functions that vanish on a plane boundary: of whole lines and conics where the domain lies to one side of them, of
//! their parts elsewhere.

use super::curve::Curve;
use super::place::{Place, cross, distance, minus};
use crate::geometry::Point;
use crate::jet::{CoordinateJet, Scalar};

/// A chain of edges on one line, circle or ellipse, with the domain to its left.
#[derive(Clone, Debug)]
pub(in crate::geometry) struct BoundaryDistance {
    /// Its first edge.
    curve: Curve,
    /// The last point.
    end: Place,
    /// Whether it is closed.
    closed: bool,
    /// Whether the whole line or conic serves.
    whole: bool,
    /// Distances are by this length.
    unit: f64,
}

impl BoundaryDistance {
    /// The chain of one edge; `unit` is the length that distances are by.
    pub(in crate::geometry) fn new(curve: Curve, unit: f64) -> Self {
        Self {
            curve,
            end: curve.at(1.0),
            closed: false,
            whole: false,
            unit,
        }
    }

    /// Whether an edge goes on along the same line or conic.
    pub(super) fn continues(&self, next: &Curve) -> bool {
        let near = |a: Place, b: Place, scale: f64| distance(a, b) < 1e-9 * scale;
        near(self.end, next.at(0.0), self.unit) && self.carries(next)
    }

    fn carries(&self, next: &Curve) -> bool {
        match (&self.curve, next) {
            (Curve::Segment { .. }, Curve::Segment { .. }) => {
                let (v, w) = (self.curve.left(0.0), next.left(0.0));
                distance(v, w) < 1e-9
            }
            (Curve::Arc { angles, .. }, Curve::Arc { angles: others, .. }) => {
                let same = [0.0, 0.5, 1.0].iter().all(|&t| {
                    let u = self.curve.round(next.at(t));
                    (u[0].hypot(u[1]) - 1.0).abs() < 1e-9
                });
                same && (angles[1] > angles[0]) == (others[1] > others[0])
            }
            _ => false,
        }
    }

    /// Appends an edge that continues it.
    pub(in crate::geometry) fn append(&mut self, next: &Curve) {
        self.end = next.at(1.0);
        self.closed = distance(self.end, self.curve.at(0.0)) < 1e-9 * self.unit;
    }

    /// Joins a chain that begins where this one ends.
    pub(super) fn join(&mut self, next: &Self) {
        self.end = next.end;
        self.closed = distance(self.end, self.curve.at(0.0)) < 1e-9 * self.unit;
    }

    /// The first edge.
    pub(super) fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Decides whether the whole line or conic serves: it does if all the probes, points of the closed domain off this
    /// boundary, lie on its positive side.
    pub(in crate::geometry) fn settle(&mut self, probes: &[Place]) {
        self.whole = self.closed && probes.is_empty()
            || probes.iter().all(|x| {
                let at = [x[0], x[1], 0.0].map(CoordinateJet::constant);
                self.side(at).value > 1e-7
            });
    }

    /// Positive to the left of the whole line or conic, by the unit; the gradient on a line or circle is 1.
    fn side(&self, x: Point) -> CoordinateJet {
        match self.curve {
            Curve::Segment { a, .. } => {
                let n = self.curve.left(0.0);
                (x[0].offset(-a[0]).scale(n[0]) + x[1].offset(-a[1]).scale(n[1])).scale(1.0 / self.unit)
            }
            Curve::Arc {
                center,
                axes: [p, q],
                angles,
            } => {
                let (dx, dy) = (x[0].offset(-center[0]), x[1].offset(-center[1]));
                let det = cross(p, q);
                let u = (dx.scale(q[1]) - dy.scale(q[0])).scale(1.0 / det);
                let v = (dy.scale(p[0]) - dx.scale(p[1])).scale(1.0 / det);
                let square = u * u + v * v;
                // The smaller half axis: area by the larger one.
                let size = (p[0].hypot(p[1]).powi(2) + q[0].hypot(q[1]).powi(2)).sqrt();
                let radius = self.curve.circle().map_or(det / size, |(_, radius)| radius) / self.unit;
                if angles[1] > angles[0] && !self.whole {
                    // The same near the curve, and bounded by the distance far outside.
                    (-square).offset(1.0).scale(radius) / square.offset(1.0).scale(2.0).sqrt()
                } else if angles[1] > angles[0] {
                    (-square).offset(1.0).scale(0.5 * radius)
                } else {
                    square.sqrt().offset(-1.0).scale(radius)
                }
            }
        }
    }

    /// Positive where the nearest point of the line or conic belongs to the chain, 0 at its ends.
    fn trim(&self, x: Point) -> CoordinateJet {
        let a = self.curve.at(0.0);
        let d = minus(self.end, a);
        let length = d[0].hypot(d[1]);
        match self.curve {
            Curve::Segment { .. } => {
                let (dx, dy) = (
                    x[0].offset(-0.5 * (a[0] + self.end[0])),
                    x[1].offset(-0.5 * (a[1] + self.end[1])),
                );
                // Like L/2 − r at the ends, smooth in the middle, and bounded by r far away.
                let (square, ends) = (dx * dx + dy * dy, 0.25 * length * length);
                let t = (-square).offset(ends) / square.offset(ends).scale(2.0).sqrt();
                t.scale(1.0 / self.unit)
            }
            Curve::Arc { angles, .. } => {
                let sign = if angles[1] > angles[0] { 1.0 } else { -1.0 };
                let across = x[0].offset(-a[0]).scale(d[1]) - x[1].offset(-a[1]).scale(d[0]);
                across.scale(sign / (length * self.unit))
            }
        }
    }

    /// Whether it lies on the axis of a revolution.
    pub(super) fn on_axis(&self) -> bool {
        let near = |x: Place| x[0].abs() < 1e-9 * self.unit;
        near(self.curve.at(0.0)) && near(self.curve.at(0.5)) && near(self.end)
    }

    /// The same for the surface of a revolution about the axis x = 0, from r² and z: in r², where that is smooth on the axis.
    pub(super) fn revolved(&self, square: CoordinateJet, z: CoordinateJet) -> CoordinateJet {
        if let (Curve::Segment { a, .. }, true) = (self.curve, self.whole) {
            let n = self.curve.left(0.0);
            if n[0] < -1e-9 {
                // m(z) − |n|·r > 0 inside, so m > 0 there: (m² − n²·r²)/(2m) vanishes with it; m of the longer end bounds it.
                let m = z.offset(-a[1]).scale(n[1]).offset(-a[0] * n[0]);
                let most = (-n[0] * a[0].max(self.end[0])).max(1e-300);
                return (m * m - square.scale(n[0] * n[0])).scale(0.5 / (most * self.unit));
            }
        }
        self.distance([square.sqrt(), z, CoordinateJet::constant(0.0)])
    }

    /// 0 on the chain, positive elsewhere, with the gradient 1 (by the unit) on lines and circles: f itself, or
    /// √(f² + τ²) with τ = (√(t² + f⁴) − t)/2 for the trim t.
    ///
    /// # Source
    /// V. L. Rvachev, T. I. Sheiko, Appl. Mech. Rev. 48 (1995) 151; A. Biswas, V. Shapiro, Graph. Models 66 (2004) 133.
    pub(in crate::geometry) fn distance(&self, x: Point) -> CoordinateJet {
        let f = self.side(x);
        if self.whole {
            return f;
        }
        // Other parts of the domain may lie on the other side. A little beyond the curve are points of facets that stand for it, and
        // there the function goes on.
        let positive = if f.value < -BEYOND { -f } else { f };
        if self.closed {
            return positive;
        }
        trimmed(positive, self.trim(x))
    }
}

/// √(f² + τ²) with τ = (√(t² + f⁴) − t)/2: like f where the trim t is positive, and 0 nowhere else.
pub(in crate::geometry) fn trimmed(f: CoordinateJet, t: CoordinateJet) -> CoordinateJet {
    let fourth = f * f * f * f;
    if t.value > 0.0 {
        // τ = f²·w with w = f²/(2(√(t² + f⁴) + t)): no root of 0 on the chain.
        let w = f * f / ((t * t + fourth).sqrt() + t).scale(2.0);
        return f * (w * w * f * f).offset(1.0).sqrt();
    }
    let guarded = fourth.offset(1e-60);
    let tau = ((t * t + guarded).sqrt() - t).scale(0.5);
    (f * f + tau * tau).offset(1e-60).sqrt()
}

/// How far facets of a mesh may be beyond the curve that they stand for, by the unit: a circle in 16 parts is off by 2 % of its radius.
const BEYOND: f64 = 5e-3;

/// A smooth function that vanishes on all chains: the product of whole lines and conics, which is as smooth as each of them, times
/// what the parts of others [`meet`] in.
pub(in crate::geometry) fn joint(chains: &[BoundaryDistance], x: Point) -> CoordinateJet {
    let few = chains.len() <= FACTORS;
    let (whole, parts): (Vec<&BoundaryDistance>, Vec<&BoundaryDistance>) =
        chains.iter().partition(|chain| few && (chain.whole || chain.closed));
    let parts: Vec<CoordinateJet> = parts.into_iter().map(|chain| chain.distance(x)).collect();
    let product = |all: CoordinateJet, chain: &&BoundaryDistance| all * chain.distance(x);
    whole.iter().fold(meet(&parts), product)
}

/// A product of more would vanish nearly everywhere.
const FACTORS: usize = 12;

/// 1/(Σ 1/φ_i), written without dividing by 0: it vanishes with each of them, and like it.
pub(in crate::geometry) fn meet(parts: &[CoordinateJet]) -> CoordinateJet {
    let Some((first, rest)) = parts.split_first() else {
        return CoordinateJet::constant(1.0);
    };
    rest.iter().fold(*first, |all, next| {
        // At a common point the two may be lifted from 0 by less than any tolerance.
        let sum = all + *next;
        let sum = if sum.value.abs() < 1e-12 {
            sum.offset(1e-12)
        } else {
            sum
        };
        all * *next / sum
    })
}

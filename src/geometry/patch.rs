//! A part of a plane in space: a function that vanishes on it and nowhere else.
//!
//! Feet, screw faces and steps lie in planes that the domain touches or crosses elsewhere, so that the distance f from the plane does
//! not serve. With a trim t of the plane's own coordinates, positive within the outline, √(f² + τ²) with τ = (√(t² + f⁴) − t)/2 is 0 on the
//! patch only.
//!
//! # Source
//! V. L. Rvachev, T. I. Sheiko, Appl. Mech. Rev. 48 (1995) 151; A. Biswas, V. Shapiro, Graph. Models 66 (2004) 133.

use super::Point;
use super::constructive::trimmed;
use super::outline::circle;
use crate::jet::{CoordinateJet, Scalar};

/// Edges of an outline at most; a polygon of more is a curve.
const EDGES: usize = 16;
/// Corners that make a circle; a square's also lie on one.
const ROUND: usize = 12;

type Place = [f64; 2];

/// A part of a plane with a polygonal or round outline.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patch {
    origin: [f64; 3],
    /// Two directions along the plane and the inward normal, each by the domain's size.
    axes: [[f64; 3]; 3],
    trim: Trim,
}

/// A function of the plane's coordinates that is positive inside an outline, 0 on it, with the slope 1 there.
#[derive(Clone, Debug, PartialEq)]
enum Trim {
    /// To the left of a line: a point of it and its normal.
    Edge(Place, Place),
    /// Within a circle.
    Disc(Place, f64),
    /// Within all of them: a ∧ b = a + b − √(a² + b²).
    All(Vec<Trim>),
    /// Outside.
    Not(Box<Trim>),
}

impl Trim {
    fn at(&self, x: [CoordinateJet; 2]) -> CoordinateJet {
        match self {
            Self::Edge(from, normal) => x[0].offset(-from[0]).scale(normal[0]) + x[1].offset(-from[1]).scale(normal[1]),
            Self::Disc(center, radius) => {
                let [a, b] = [0, 1].map(|j| x[j].offset(-center[j]));
                let (square, own) = (a * a + b * b, radius * radius);
                // Like R − r on the circle, smooth at its centre, bounded by r far away.
                (-square).offset(own) / square.offset(own).scale(2.0).sqrt()
            }
            Self::All(list) => {
                let values = list.iter().map(|trim| trim.at(x));
                let both = |a: CoordinateJet, b: CoordinateJet| a + b - (a * a + b * b).offset(1e-60).sqrt();
                values.reduce(both).unwrap_or_else(|| CoordinateJet::constant(1.0))
            }
            Self::Not(inner) => -inner.at(x),
        }
    }

    /// Of closed outlines with the inside to their left: one around the patch, the others around its holes.
    fn outlines(loops: &[Vec<Place>]) -> Option<Self> {
        let trims = loops.iter().map(|outline| {
            let mut corners = corners(outline);
            let hole = area(&corners) < 0.0;
            if hole {
                corners.reverse();
            }
            let round = (corners.len() >= ROUND).then(|| circle(&corners, 1.0)).flatten();
            let trim = match round {
                Some((center, radius)) => Self::Disc(center, radius),
                None if corners.len() <= EDGES => Self::polygon(&corners),
                None => return None,
            };
            Some(if hole { Self::Not(Box::new(trim)) } else { trim })
        });
        trims.collect::<Option<Vec<Self>>>().map(Self::All)
    }

    /// A polygon, counter-clockwise: its convex hull without what the polygon leaves of it.
    fn polygon(corners: &[Place]) -> Self {
        let hull = hull(corners);
        let n = corners.len();
        let mut list = Vec::new();
        for (k, &from) in hull.iter().enumerate() {
            let to = hull[(k + 1) % hull.len()];
            let (a, b) = (corners[from], corners[to]);
            let d = [b[0] - a[0], b[1] - a[1]];
            let length = d[0].hypot(d[1]);
            list.push(Self::Edge(a, [-d[1] / length, d[0] / length]));
            let skipped = (to + n - from) % n;
            if skipped > 1 {
                let pocket: Vec<Place> = (0..=skipped).rev().map(|i| corners[(from + i) % n]).collect();
                list.push(Self::Not(Box::new(Self::polygon(&pocket))));
            }
        }
        Self::All(list)
    }
}

impl Patch {
    /// The patch with the given outlines in space, run through with the inside to the left as seen from outside; none if they are
    /// neither polygons of few edges nor circles. `inward` is a unit vector, `extent` the domain's size.
    pub(super) fn new(loops: &[Vec<[f64; 3]>], inward: [f64; 3], extent: f64) -> Option<Self> {
        let origin = *loops.first()?.first()?;
        let outward = inward.map(|v| -v);
        // The coordinate that is farthest from the normal gives the first direction along the plane.
        let far = (0..3).min_by(|&i, &j| inward[i].abs().total_cmp(&inward[j].abs()))?;
        let u: [f64; 3] = std::array::from_fn(|j| f64::from(u8::from(j == far)) - outward[far] * outward[j]);
        let length = u.iter().map(|v| v * v).sum::<f64>().sqrt();
        let u = u.map(|v| v / length);
        let v = [
            outward[1] * u[2] - outward[2] * u[1],
            outward[2] * u[0] - outward[0] * u[2],
            outward[0] * u[1] - outward[1] * u[0],
        ];
        let axes = [u, v, inward].map(|axis| axis.map(|v| v / extent));
        let flat = |x: &[f64; 3]| -> Place { [0, 1].map(|i| (0..3).map(|j| axes[i][j] * (x[j] - origin[j])).sum()) };
        let loops: Vec<Vec<Place>> = loops.iter().map(|outline| outline.iter().map(flat).collect()).collect();
        let trim = Trim::outlines(&loops)?;
        Some(Self { origin, axes, trim })
    }

    /// 0 on the patch, positive elsewhere, with the slope 1 (by the domain's size) on it.
    pub(super) fn distance(&self, x: Point) -> CoordinateJet {
        let along = |axis: [f64; 3]| {
            (0..3).fold(CoordinateJet::constant(0.0), |sum, j| {
                sum + x[j].offset(-self.origin[j]).scale(axis[j])
            })
        };
        let [a, b, f] = self.axes.map(along);
        // The domain may lie on both sides of the plane.
        trimmed(if f.value < -ROUNDING { -f } else { f }, self.trim.at([a, b]))
    }
}

/// How far points of the patch may be off its plane, by the domain's size.
const ROUNDING: f64 = 1e-9;

/// Twice the signed area of a polygon.
fn area(points: &[Place]) -> f64 {
    let n = points.len();
    (0..n).map(|i| cross(points[i], points[(i + 1) % n])).sum()
}

fn cross(a: Place, b: Place) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// Twice the area of the triangle of three points, positive if they run counter-clockwise.
fn turn(a: Place, b: Place, c: Place) -> f64 {
    cross([b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]])
}

/// The points of a closed outline that are not on the line through their neighbours.
fn corners(points: &[Place]) -> Vec<Place> {
    let n = points.len();
    let bends = |i: usize| {
        let [a, b, c] = [points[(i + n - 1) % n], points[i], points[(i + 1) % n]];
        let size = |p: Place, q: Place| (p[0] - q[0]).hypot(p[1] - q[1]);
        turn(a, b, c).abs() > 1e-9 * (size(a, b) * size(b, c)).max(1e-12)
    };
    (0..n).filter(|i| bends(*i)).map(|i| points[i]).collect()
}

/// Indices of the corners of the convex hull of a simple polygon, counter-clockwise.
fn hull(points: &[Place]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&i, &j| points[i].partial_cmp(&points[j]).unwrap_or(std::cmp::Ordering::Equal));
    let half = |order: &mut dyn Iterator<Item = &usize>| {
        let mut chain: Vec<usize> = Vec::new();
        for &i in order {
            while let [.., a, b] = chain[..]
                && turn(points[a], points[b], points[i]) <= 0.0
            {
                chain.pop();
            }
            chain.push(i);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut order.iter());
    hull.extend(half(&mut order.iter().rev()));
    hull
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;
    use crate::geometry::independent_variables;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Whether a ray to the right crosses the outlines an odd number of times.
    fn inside(loops: &[Vec<Place>], x: Place) -> bool {
        let mut crossings = 0;
        for outline in loops {
            for (i, a) in outline.iter().enumerate() {
                let b = outline[(i + 1) % outline.len()];
                if (a[1] > x[1]) != (b[1] > x[1]) && a[0] + (x[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) > x[0] {
                    crossings += 1;
                }
            }
        }
        crossings % 2 == 1
    }

    fn ring(center: Place, radius: f64, turned: bool) -> Vec<Place> {
        let angle = |k: usize| std::f64::consts::TAU * if turned { 64 - k } else { k } as f64 / 64.0;
        (0..64)
            .map(|k| [center[0] + radius * angle(k).cos(), center[1] + radius * angle(k).sin()])
            .collect()
    }

    /// A foot, an L, a comb with two pockets, a frame, a screw face: in the plane z = 2, turned, the domain above.
    #[test]
    fn the_distance_vanishes_on_the_patch_and_nowhere_else() {
        let square = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let angle = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 0.4], [0.4, 0.4], [0.4, 1.0], [0.0, 1.0]];
        let comb = vec![
            [0.0, 0.0],
            [1.0, 0.0],
            [1.0, 1.0],
            [0.8, 1.0],
            [0.8, 0.3],
            [0.6, 0.3],
            [0.6, 0.9],
            [0.4, 0.9],
            [0.4, 0.3],
            [0.2, 0.3],
            [0.0, 1.0],
        ];
        let hole: Vec<Place> = square.iter().rev().map(|x: &Place| x.map(|v| 0.3 + 0.4 * v)).collect();
        let screw = vec![ring([0.5, 0.5], 0.5, false), ring([0.5, 0.5], 0.2, true)];
        let mut random = ChaCha8Rng::seed_from_u64(9);
        for loops in [vec![square.clone()], vec![angle], vec![comb], vec![square, hole], screw] {
            // Seen from below, the outside, x and y change places.
            let space: Vec<Vec<[f64; 3]>> = loops
                .iter()
                .map(|outline| outline.iter().map(|x| [x[1], x[0], 2.0]).collect())
                .collect();
            let patch = Patch::new(&space, [0.0, 0.0, 1.0], 2.0).unwrap();
            for _ in 0..400 {
                let [a, b]: Place = std::array::from_fn(|_| random.random_range(-0.3..1.3));
                let at = |z: f64| patch.distance(independent_variables([b, a, z]));
                let near = loops.iter().flatten().any(|c| (c[0] - a).hypot(c[1] - b) < 0.05);
                if inside(&loops, [a, b]) {
                    let found = at(2.0);
                    assert!(found.value.abs() < 1e-12, "{a} {b} {}", found.value);
                    assert!(
                        near || (found.gradient[2] - 0.5).abs() < 1e-6,
                        "{a} {b} {:?}",
                        found.gradient
                    );
                } else {
                    // The facets of a ring leave out a little of its circle.
                    assert!(at(2.0).value > 0.0 || loops[0].len() == 64, "{a} {b}");
                }
                assert!(at(2.3).value > 0.0 && at(1.7).value > 0.0);
            }
        }
    }

    #[test]
    fn outlines_of_many_edges_that_are_no_circle_are_left_alone() {
        let oval: Vec<[f64; 3]> = ring([0.0; 2], 1.0, false)
            .iter()
            .map(|x| [2.0 * x[1], x[0], 0.0])
            .collect();
        assert_eq!(Patch::new(&[oval], [0.0, 0.0, 1.0], 4.0), None);
    }
}

//! Surfaces φ = 0 of a formula: their pieces in the cells of a fine grid, with every point exactly on them.

use crate::jet::{CoordinateJet, Scalar};
use crate::quantity::Formula;

/// A function of the position that is negative inside of a region, in SI units, over coordinates that are not.
#[derive(Clone, Debug)]
pub(super) struct Level {
    formula: Formula,
    /// SI units per unit of the coordinates.
    length: f64,
}

impl Level {
    pub(super) fn new(formula: Formula) -> Self {
        Self { formula, length: 1.0 }
    }

    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            formula: self.formula.clone(),
            length: self.length / factor,
        }
    }

    /// φ.
    pub(super) fn value(&self, x: [f64; 3]) -> f64 {
        let [x, y, z] = x.map(|v| v * self.length);
        self.formula.evaluate(&[x, y, z, 0.0])
    }

    /// φ and ∇φ.
    pub(super) fn slope(&self, x: [f64; 3]) -> (f64, [f64; 3]) {
        let at: [CoordinateJet; 4] = std::array::from_fn(|j| match x.get(j) {
            Some(v) => CoordinateJet::coordinate(j, v * self.length, self.length),
            None => CoordinateJet::constant(0.0),
        });
        let jet = self.formula.evaluate(&at);
        (jet.value, [jet.gradient[0], jet.gradient[1], jet.gradient[2]])
    }

    /// The point of φ = 0 near x, by Newton's steps along ∇φ.
    pub(super) fn project(&self, mut x: [f64; 3]) -> [f64; 3] {
        for _ in 0..STEPS {
            let (value, slope) = self.slope(x);
            let square: f64 = slope.iter().map(|g| g * g).sum();
            if value == 0.0 || !(square > 0.0) {
                break;
            }
            x = std::array::from_fn(|j| x[j] - value * slope[j] / square);
        }
        x
    }

    /// The distance from the surface, to first order.
    pub(super) fn away(&self, x: [f64; 3]) -> f64 {
        let (value, slope) = self.slope(x);
        value.abs() / slope.iter().map(|g| g * g).sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
    }

    /// ∇φ/|∇φ|; 0 where there is none.
    pub(super) fn normal(&self, x: [f64; 3]) -> [f64; 3] {
        let slope = self.slope(x).1;
        let length = slope.iter().map(|g| g * g).sum::<f64>().sqrt();
        slope.map(|g| if length > 0.0 { g / length } else { 0.0 })
    }
}

/// Newton's steps; they start within a cell's width squared of the surface.
const STEPS: usize = 6;

/// Points, chords or triangles whose d corners lie on the surface.
pub(super) type Piece = Vec<[f64; 3]>;

/// Grid cells per axis in 1, 2 and 3 dimensions; odd, so that surfaces through the middle do not meet grid points.
const CELLS: [usize; 3] = [1023, 127, 31];

/// The pieces of φ = 0 in a domain that `map` makes of the unit cube: marching over the simplices that a grid's cells are cut into
/// (Kuhn 1960), so that no case is ambiguous. In the plane pieces follow each other along the curve.
pub(super) fn pieces(level: &Level, dimension: usize, map: impl Fn([f64; 3]) -> [f64; 3]) -> Vec<Piece> {
    let n = CELLS[dimension - 1];
    let count = |axis: usize| if axis < dimension { n + 1 } else { 1 };
    let unit = |index: [usize; 3]| -> [f64; 3] {
        std::array::from_fn(|j| if j < dimension { index[j] as f64 / n as f64 } else { 0.5 })
    };
    let number = |index: [usize; 3]| (index[2] * count(1) + index[1]) * count(0) + index[0];
    let mut values = Vec::with_capacity(count(0) * count(1) * count(2));
    for k in 0..count(2) {
        for j in 0..count(1) {
            for i in 0..count(0) {
                values.push(level.value(map(unit([i, j, k]))));
            }
        }
    }
    let orders: &[&[usize]] = match dimension {
        1 => &[&[0]],
        2 => &[&[0, 1], &[1, 0]],
        _ => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
    };
    let mut found = Vec::new();
    let cells = |axis: usize| if axis < dimension { n } else { 1 };
    for k in 0..cells(2) {
        for j in 0..cells(1) {
            for i in 0..cells(0) {
                for order in orders {
                    let mut corner = [i, j, k];
                    let mut corners = vec![corner];
                    for &axis in *order {
                        corner[axis] += 1;
                        corners.push(corner);
                    }
                    let (inside, outside): (Vec<_>, Vec<_>) =
                        corners.into_iter().partition(|corner| values[number(*corner)] < 0.0);
                    let crossing = |a: [usize; 3], b: [usize; 3]| {
                        // The same bits from both sides of the edge.
                        let at = |s: f64| -> [f64; 3] {
                            let (a, b) = (unit(a), unit(b));
                            map(std::array::from_fn(|j| a[j] + s * (b[j] - a[j])))
                        };
                        at(root(|s| level.value(at(s))))
                    };
                    found.extend(cut(&inside, &outside, crossing));
                }
            }
        }
    }
    if dimension == 2 { chained(found) } else { found }
}

/// The part of a simplex's surface between its corners inside and outside.
fn cut<C: Copy>(inside: &[C], outside: &[C], crossing: impl Fn(C, C) -> [f64; 3]) -> Vec<Piece> {
    match (inside, outside) {
        ([], _) | (_, []) => Vec::new(),
        // Two and two: a quadrilateral.
        ([a, b], [c, e]) => {
            let [p, q, r, s] = [crossing(*a, *c), crossing(*a, *e), crossing(*b, *e), crossing(*b, *c)];
            vec![vec![p, q, r], vec![p, r, s]]
        }
        _ => {
            let ends = inside.iter().flat_map(|a| outside.iter().map(|b| (*a, *b)));
            vec![ends.map(|(a, b)| crossing(a, b)).collect()]
        }
    }
}

/// The s in [0, 1] where f changes from negative to not negative, or back, by bisection.
pub(super) fn root(f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    let sign = f(low) < 0.0;
    while high - low > f64::EPSILON {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if (f(middle) < 0.0) == sign {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Chords in the order of the curves that they make, as long as they touch.
fn chained(mut pieces: Vec<Piece>) -> Vec<Piece> {
    use std::collections::HashMap;
    let key = |x: [f64; 3]| x.map(|v| (v * 1e9).round() as i64);
    pieces.retain(|piece| key(piece[0]) != key(piece[1]));
    let mut touching: HashMap<[i64; 3], Vec<usize>> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        for end in piece {
            touching.entry(key(*end)).or_default().push(index);
        }
    }
    let mut used = vec![false; pieces.len()];
    let mut out = Vec::with_capacity(pieces.len());
    // Curves with ends first, from an end.
    let ends = |index: &usize| pieces[*index].iter().any(|end| touching[&key(*end)].len() == 1);
    let mut starts: Vec<usize> = (0..pieces.len()).collect();
    starts.sort_by_key(|index| !ends(index));
    for start in starts {
        let mut next = Some(start).filter(|&start| !used[start]);
        let mut at = None;
        while let Some(index) = next {
            used[index] = true;
            let mut piece = pieces[index].clone();
            let free = |x: [f64; 3]| touching[&key(x)].len() == 1;
            let turn = match at {
                Some(at) => key(piece[1]) == at,
                None => free(piece[1]) && !free(piece[0]),
            };
            if turn {
                piece.swap(0, 1);
            }
            let end = key(piece[1]);
            at = Some(end);
            out.push(piece);
            next = touching[&end].iter().copied().find(|&other| !used[other]);
        }
    }
    out
}

/// Length or area of the surface that a piece stands for; 1 for a point. By halving once and Richardson's extrapolation.
pub(super) fn size(level: &Level, piece: &Piece) -> f64 {
    let between = |a: [f64; 3], b: [f64; 3]| level.project(std::array::from_fn(|j| 0.5 * (a[j] + b[j])));
    match piece[..] {
        [a, b] => {
            let middle = between(a, b);
            let fine = distance(a, middle) + distance(middle, b);
            (4.0 * fine - distance(a, b)) / 3.0
        }
        [a, b, c] => {
            let (p, q, r) = (between(a, b), between(b, c), between(c, a));
            let fine = area(a, p, r) + area(p, b, q) + area(r, q, c) + area(p, q, r);
            (4.0 * fine - area(a, b, c)) / 3.0
        }
        _ => 1.0,
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|j| (a[j] - b[j]).powi(2)).sum::<f64>().sqrt()
}

fn area(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> f64 {
    let [p, q]: [[f64; 3]; 2] = [b, c].map(|v| std::array::from_fn(|j| v[j] - a[j]));
    let cross = [
        p[1] * q[2] - p[2] * q[1],
        p[2] * q[0] - p[0] * q[2],
        p[0] * q[1] - p[1] * q[0],
    ];
    0.5 * cross.iter().map(|v| v * v).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn level(text: &str) -> Level {
        let formula = Formula::condition(text, &BTreeMap::new(), [true, true, true, false, false]);
        Level::new(formula.unwrap_or_else(|error| panic!("{error:?}")))
    }

    fn total(level: &Level, dimension: usize) -> f64 {
        let map = |u: [f64; 3]| u.map(|v| 2.0 * v - 1.0);
        pieces(level, dimension, map)
            .iter()
            .map(|piece| size(level, piece))
            .sum()
    }

    #[test]
    fn lengths_and_areas_are_those_of_circles_and_spheres() {
        let pi = std::f64::consts::PI;
        assert_eq!(total(&level("x < 0.3"), 1), 1.0);
        assert!((total(&level("x^2 + y^2 < 0.25"), 2) / pi - 1.0).abs() < 1e-7);
        assert!((total(&level("x^2 + y^2 + z^2 < 0.25"), 3) / pi - 1.0).abs() < 1e-3);
        // On a grid line of every grid.
        assert!((total(&level("y < -1 + 1e-300"), 2)).abs() <= 2.0);
        assert!((total(&level("y > 0"), 2) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn chords_follow_each_other_along_the_curve() {
        let level = level("x^2 + y^2 < 0.25");
        let pieces = pieces(&level, 2, |u| u.map(|v| 2.0 * v - 1.0));
        for (piece, next) in pieces.iter().zip(&pieces[1..]) {
            assert!(distance(piece[1], next[0]) < 1e-8);
        }
    }

    #[test]
    fn a_point_is_moved_onto_the_surface() {
        let level = level("x^2 + y^2 < 0.25");
        let [x, y, _] = level.project([0.31, 0.41, 0.0]);
        assert!((x * x + y * y - 0.25).abs() < 1e-15);
    }
}

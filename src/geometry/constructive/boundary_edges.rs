//! The edges of a triangulation that lie on the boundary: parts of its curves, short and apart from each other.

use super::arrangement::{Arrangement, Degenerate};
use super::curve::Curve;
use super::place::{Place, along, cross, distance, dot, minus};
use super::triangulation::Triangulation;

/// A part of a piece of the boundary or of an interface, without further points on it.
#[derive(Clone, Debug)]
pub(super) struct BoundaryEdge {
    /// The piece.
    pub(super) piece: usize,
    /// Its part of it.
    pub(super) curve: Curve,
    /// Point numbers.
    pub(super) ends: [usize; 2],
    /// The regions to its left and right.
    pub(super) sides: [u32; 2],
    /// Halvings since the start.
    pub(super) depth: u32,
}

impl Triangulation {
    /// The length of a bound's chord.
    pub(super) fn chord(&self, bound: &BoundaryEdge) -> f64 {
        distance(self.points[bound.ends[0]], self.points[bound.ends[1]])
    }

    /// Edges of at most `size` and `turn`.
    pub(super) fn discretise(&mut self, domain: &Arrangement, size: f64, turn: f64) -> Result<(), Degenerate> {
        for (number, piece) in domain.pieces.iter().enumerate() {
            let curve = piece.curve;
            let count = (curve.length() / size).max(curve.turn() / turn).ceil().max(1.0);
            if count > 1e6 {
                return Err(Degenerate::Tiny(curve.at(0.5)));
            }
            let mut start = piece.ends[0];
            for i in 0..count as usize {
                let (from, to) = (i as f64 / count, (i + 1) as f64 / count);
                let end = if i + 1 == count as usize {
                    piece.ends[1]
                } else {
                    self.points.push(curve.at(to));
                    self.points.len() - 1
                };
                let ends = [start, end];
                self.bounds.push(BoundaryEdge {
                    piece: number,
                    curve: curve.part(from, to),
                    ends,
                    sides: piece.sides,
                    depth: 0,
                });
                start = end;
            }
        }
        Ok(())
    }

    /// Halves a bound at its middle; the second half is appended.
    pub(super) fn halve(&mut self, index: usize) {
        let bound = self.bounds[index].clone();
        self.points.push(bound.curve.at(0.5));
        let middle = self.points.len() - 1;
        let half = |curve: Curve, ends| BoundaryEdge {
            curve,
            ends,
            depth: bound.depth + 1,
            ..bound
        };
        self.bounds[index] = half(bound.curve.part(0.0, 0.5), [bound.ends[0], middle]);
        self.bounds
            .push(half(bound.curve.part(0.5, 1.0), [middle, bound.ends[1]]));
    }

    /// Halves arcs until chords may stand for them: no other edge comes near the space between an arc and its chord.
    pub(super) fn separate(&mut self, domain: &Arrangement) -> Result<(), Degenerate> {
        for _ in 0..40 {
            let mut wide = Vec::new();
            for i in 0..self.bounds.len() {
                for k in 0..i {
                    let (a, b) = (&self.bounds[i], &self.bounds[k]);
                    if !a.curve.curved() && !b.curve.curved() {
                        continue;
                    }
                    let wider = if a.curve.sagitta() > b.curve.sagitta() { i } else { k };
                    let close = match self.shared(a, b) {
                        Some(shared) => shared.iter().any(|&vertex| self.narrow(a, b, vertex)),
                        None => {
                            let room = 1.5 * (a.curve.sagitta() + b.curve.sagitta());
                            let reach = 0.5 * (self.chord(a) + self.chord(b)) + room;
                            let centers = [a, b].map(|c| {
                                along(
                                    self.points[c.ends[0]],
                                    0.5,
                                    minus(self.points[c.ends[1]], self.points[c.ends[0]]),
                                )
                            });
                            distance(centers[0], centers[1]) < reach && self.gap(a, b) < room
                        }
                    };
                    if close {
                        wide.push(wider);
                    }
                }
            }
            wide.sort_unstable();
            wide.dedup();
            if wide.is_empty() {
                return Ok(());
            }
            if let Some(&index) = wide.iter().find(|&&index| self.bounds[index].depth > 20) {
                return Err(Degenerate::Cusp(self.bounds[index].curve.at(0.5)));
            }
            for index in wide {
                self.halve(index);
            }
        }
        Err(Degenerate::Tiny(domain.vertices[0]))
    }

    fn shared(&self, a: &BoundaryEdge, b: &BoundaryEdge) -> Option<Vec<usize>> {
        let shared: Vec<usize> = a.ends.into_iter().filter(|end| b.ends.contains(end)).collect();
        (!shared.is_empty()).then_some(shared)
    }

    /// Whether the angle between two edges at a shared point is small beside those between them and their chords.
    fn narrow(&self, a: &BoundaryEdge, b: &BoundaryEdge, vertex: usize) -> bool {
        let leaving = |bound: &BoundaryEdge| {
            let v = if bound.ends[0] == vertex {
                bound.curve.velocity(0.0)
            } else {
                bound.curve.velocity(1.0).map(|v| -v)
            };
            let other = if bound.ends[0] == vertex {
                bound.ends[1]
            } else {
                bound.ends[0]
            };
            let chord = minus(self.points[other], self.points[vertex]);
            (v, cross(v, chord).atan2(dot(v, chord)).abs())
        };
        let ((v, first), (w, second)) = (leaving(a), leaving(b));
        cross(v, w).atan2(dot(v, w)).abs() < 1.5 * (first + second)
    }

    /// The distance of two chords.
    fn gap(&self, a: &BoundaryEdge, b: &BoundaryEdge) -> f64 {
        let chord = |bound: &BoundaryEdge| Curve::Segment {
            a: self.points[bound.ends[0]],
            b: self.points[bound.ends[1]],
        };
        let (a, b) = (chord(a), chord(b));
        if !a.meets(&b, 0.0).is_empty() {
            return 0.0;
        }
        let to = |x: Place, curve: &Curve| curve.nearest(x).0;
        to(a.at(0.0), &b)
            .min(to(a.at(1.0), &b))
            .min(to(b.at(0.0), &a))
            .min(to(b.at(1.0), &a))
    }
}

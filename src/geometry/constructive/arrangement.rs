//! The boundary of a plane combination: the curves of its primitives, cut where they meet, as far as they separate regions.

use std::f64::consts::TAU;

use super::affine::Affine;
use super::curve::Curve;
use super::place::{Place, along, distance};
use super::tree::Tree;

/// A named curve of a primitive, which lies to its left.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) curve: Curve,
    pub(super) name: &'static str,
}

/// A primitive: closed chains of edges.
pub(super) type Outline = Vec<Edge>;

/// Whether a primitive holds x; points on its edges may go either way.
pub(super) fn holds(outline: &[Edge], x: Place) -> bool {
    outline.iter().map(|edge| edge.curve.sight(x)).sum::<f64>() > 0.5 * TAU
}

/// A part of an edge that separates two regions.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) curve: Curve,
    pub(super) name: &'static str,
    /// Numbers of its ends in [`Arrangement::vertices`].
    pub(super) ends: [usize; 2],
    /// The regions to its left and right; 0 is outside, and never to the left.
    pub(super) sides: [u32; 2],
}

/// A plane combination.
#[derive(Clone, Debug)]
pub(super) struct Arrangement {
    pub(super) outlines: Vec<Outline>,
    pub(super) tree: Tree,
    pub(super) vertices: Vec<Place>,
    pub(super) pieces: Vec<Piece>,
    /// The diagonal of the box round all primitives.
    pub(super) extent: f64,
}

/// Why a combination is no domain.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Degenerate {
    /// Nothing is left.
    Empty,
    /// The boundary touches itself here.
    Pinched(Place),
    /// Two edges leave this point in the same direction.
    Cusp(Place),
    /// Edges here are too close to each other to be told apart.
    Tiny(Place),
}

/// Points closer than this part of the extent are one.
const SAME: f64 = 1e-10;
/// How far beside an edge its two sides are looked at, by the extent.
const BESIDE: f64 = 1e-7;

impl Arrangement {
    /// Cuts the edges and keeps those that separate regions.
    ///
    /// # Errors
    /// Combinations without points, or whose boundary is no set of simple closed curves.
    pub(super) fn new(outlines: Vec<Outline>, tree: Tree) -> Result<Self, Degenerate> {
        let edges: Vec<&Edge> = outlines.iter().flatten().collect();
        let boxes: Vec<[Place; 2]> = edges.iter().map(|edge| edge.curve.bounds()).collect();
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for [a, b] in &boxes {
            (0..2).for_each(|j| low[j] = low[j].min(a[j]));
            (0..2).for_each(|j| high[j] = high[j].max(b[j]));
        }
        let extent = distance(low, high);
        if edges.is_empty() || !(extent > 0.0) {
            return Err(Degenerate::Empty);
        }
        let tolerance = SAME * extent;
        let mut arrangement = Self {
            outlines: Vec::new(),
            tree,
            vertices: Vec::new(),
            pieces: Vec::new(),
            extent,
        };
        let mut parts: Vec<(Curve, &'static str, [usize; 2])> = Vec::new();
        for (i, edge) in edges.iter().enumerate() {
            let mut cuts = vec![0.0, 1.0];
            for (k, other) in edges.iter().enumerate() {
                let apart = (0..2).any(|j| {
                    boxes[i][0][j] > boxes[k][1][j] + tolerance || boxes[k][0][j] > boxes[i][1][j] + tolerance
                });
                if k != i && !apart {
                    cuts.extend(edge.curve.meets(&other.curve, tolerance));
                }
            }
            cuts.sort_by(f64::total_cmp);
            let numbers: Vec<usize> = cuts
                .iter()
                .map(|&t| arrangement.vertex(edge.curve.at(t), tolerance))
                .collect();
            for k in 1..cuts.len() {
                let ends = [numbers[k - 1], numbers[k]];
                let part = edge.curve.part(cuts[k - 1], cuts[k]);
                if part.length() < 4.0 * tolerance {
                    if ends[0] != ends[1] {
                        return Err(Degenerate::Tiny(edge.curve.at(cuts[k])));
                    }
                    continue;
                }
                if ends[0] == ends[1] {
                    return Err(Degenerate::Tiny(edge.curve.at(cuts[k])));
                }
                let twin = parts.iter().any(|(other, _, others)| {
                    let joined = *others == ends || *others == [ends[1], ends[0]];
                    joined && distance(other.at(0.5), part.at(0.5)) < 10.0 * tolerance
                });
                if !twin {
                    parts.push((part, edge.name, ends));
                }
            }
        }
        arrangement.outlines = outlines;
        for (curve, name, ends) in parts {
            let (x, n) = (curve.at(0.5), curve.left(0.5));
            let step = (BESIDE * extent).min(0.01 * curve.length());
            let sides = [step, -step].map(|h| arrangement.label(along(x, h, n)));
            if sides[0] == sides[1] {
                continue;
            }
            let piece = Piece {
                curve,
                name,
                ends,
                sides,
            };
            arrangement
                .pieces
                .push(if sides[0] == 0 { piece.reversed() } else { piece });
        }
        if arrangement.pieces.is_empty() {
            return Err(Degenerate::Empty);
        }
        for (v, &place) in arrangement.vertices.iter().enumerate() {
            let count = |end: usize| arrangement.outer().filter(|piece| piece.ends[end] == v).count();
            let (arriving, leaving) = (count(1), count(0));
            if arriving != leaving || leaving > 1 {
                return Err(if leaving == arriving {
                    Degenerate::Pinched(place)
                } else {
                    Degenerate::Tiny(place)
                });
            }
        }
        Ok(arrangement)
    }

    /// The number of a place.
    fn vertex(&mut self, x: Place, tolerance: f64) -> usize {
        let known = self.vertices.iter().position(|y| distance(*y, x) < 4.0 * tolerance);
        known.unwrap_or_else(|| {
            self.vertices.push(x);
            self.vertices.len() - 1
        })
    }

    /// The region of x, 0 outside.
    pub(super) fn label(&self, x: Place) -> u32 {
        self.tree.label(&|leaf| holds(&self.outlines[leaf], x))
    }

    /// Its image.
    pub(super) fn mapped(&self, map: &Affine) -> Self {
        let edge = |edge: &Edge| Edge {
            curve: edge.curve.mapped(map),
            name: edge.name,
        };
        Self {
            outlines: self
                .outlines
                .iter()
                .map(|outline| outline.iter().map(edge).collect())
                .collect(),
            tree: self.tree.clone(),
            vertices: self.vertices.iter().map(|x| map.place(*x)).collect(),
            pieces: self
                .pieces
                .iter()
                .map(|piece| Piece {
                    curve: piece.curve.mapped(map),
                    ..piece.clone()
                })
                .collect(),
            extent: map.factor() * self.extent,
        }
    }

    /// The pieces of the outer boundary.
    pub(super) fn outer(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| piece.sides[1] == 0)
    }
}

impl Piece {
    fn reversed(self) -> Self {
        Self {
            curve: self.curve.reversed(),
            name: self.name,
            ends: [self.ends[1], self.ends[0]],
            sides: [self.sides[1], self.sides[0]],
        }
    }
}

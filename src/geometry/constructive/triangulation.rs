//! Triangles of a plane combination whose edges on the boundary are its true curves.
//!
//! Constrained Delaunay triangulation, refined by circumcentres and by halving boundary edges until triangles are small and
//! their angles not sharp.
//!
//! # Source
//! J. Ruppert, J. Algorithms 18 (1995) 548.

use std::collections::HashMap;

use spade::{ConstrainedDelaunayTriangulation, Point2, Triangulation as _};

use super::affine::Affine;
use super::arrangement::{Arrangement, Degenerate};
use super::boundary_edges::BoundaryEdge;
use super::curve::Curve;
use super::place::{Place, along, cross, distance, dot, minus};

/// A triangle, counter-clockwise.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    /// Point numbers.
    pub(super) corners: [usize; 3],
    /// The region.
    pub(super) region: u32,
    /// The bound from corner k to corner k + 1, and whether it runs the other way.
    pub(super) bounds: [Option<(usize, bool)>; 3],
}

/// Points, triangles, and the bounds between regions.
#[derive(Clone, Debug)]
pub(super) struct Triangulation {
    pub(super) points: Vec<Place>,
    pub(super) triangles: Vec<Triangle>,
    pub(super) bounds: Vec<BoundaryEdge>,
}

/// Circumradius by shortest edge above which a triangle is split: 1/(2 sin 22.6°).
const SHARP: f64 = 1.3;
/// Halvings of a boundary edge for the sake of angles; corners sharper than a triangle's angles would ask for more and more.
const HALVINGS: u32 = 5;
/// The region of a triangle that none was found for yet.
const UNKNOWN: u32 = u32::MAX - 1;
/// Rounds of refinement.
const ROUNDS: usize = 60;

impl Triangulation {
    /// Triangles with edges of about `size`; arcs turn by at most `turn` per edge.
    ///
    /// # Errors
    /// Boundaries that come so close to each other that no triangle fits between them.
    pub(super) fn new(domain: &Arrangement, size: f64, turn: f64) -> Result<Self, Degenerate> {
        let mut mesh = Self {
            points: domain.vertices.clone(),
            triangles: Vec::new(),
            bounds: Vec::new(),
        };
        mesh.discretise(domain, size, turn)?;
        mesh.separate(domain)?;
        mesh.bounds.iter_mut().for_each(|bound| bound.depth = 0);
        mesh.seed(domain, size);
        let shortest = mesh.bounds.iter().map(|bound| mesh.chord(bound)).fold(size, f64::min);
        for round in 0..ROUNDS {
            mesh.connect()?;
            if !mesh.refine(domain, size, 0.2 * shortest, round) {
                break;
            }
        }
        mesh.drop_unused();
        match mesh.triangles.iter().find(|triangle| !mesh.star_shaped(triangle)) {
            Some(triangle) => Err(Degenerate::Tiny(mesh.points[triangle.corners[0]])),
            None => Ok(mesh),
        }
    }

    /// Its image.
    pub(super) fn mapped(&self, map: &Affine) -> Self {
        Self {
            points: self.points.iter().map(|x| map.place(*x)).collect(),
            triangles: self.triangles.clone(),
            bounds: self
                .bounds
                .iter()
                .map(|bound| BoundaryEdge {
                    curve: bound.curve.mapped(map),
                    ..bound.clone()
                })
                .collect(),
        }
    }

    /// Points of a triangular lattice inside, away from the boundary.
    fn seed(&mut self, domain: &Arrangement, size: f64) {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for piece in &domain.pieces {
            let [a, b] = piece.curve.bounds();
            (0..2).for_each(|j| low[j] = low[j].min(a[j]));
            (0..2).for_each(|j| high[j] = high[j].max(b[j]));
        }
        let row = 0.75_f64.sqrt() * size;
        let chords: Vec<(Place, Place, f64)> = self
            .bounds
            .iter()
            .map(|bound| {
                let (a, b) = (self.points[bound.ends[0]], self.points[bound.ends[1]]);
                (a, b, bound.curve.sagitta())
            })
            .collect();
        let rows = ((high[1] - low[1]) / row).ceil() as usize;
        let columns = ((high[0] - low[0]) / size).ceil() as usize;
        for j in 0..=rows {
            for i in 0..=columns {
                let shift = if j % 2 == 0 { 0.25 } else { 0.75 };
                let x = [low[0] + (i as f64 + shift) * size, low[1] + (j as f64 + 0.5) * row];
                let free = chords.iter().all(|&(a, b, sagitta)| {
                    let d = minus(b, a);
                    let t = (dot(minus(x, a), d) / dot(d, d)).clamp(0.0, 1.0);
                    distance(along(a, t, d), x) > 0.6 * size + sagitta
                });
                if free && domain.label(x) > 0 {
                    self.points.push(x);
                }
            }
        }
    }

    /// The triangles of the present points and bounds, with regions from the sides of the bounds.
    fn connect(&mut self) -> Result<(), Degenerate> {
        let crowded = || Degenerate::Tiny(self.points[0]);
        let vertices: Vec<Point2<f64>> = self.points.iter().map(|x| Point2::new(x[0], x[1])).collect();
        let edges: Vec<[usize; 2]> = self.bounds.iter().map(|bound| bound.ends).collect();
        let mut crossing = None;
        let cdt = ConstrainedDelaunayTriangulation::<Point2<f64>>::try_bulk_load_cdt(vertices, edges, |edge| {
            crossing = Some(edge);
        })
        .map_err(|_| crowded())?;
        if let Some([a, _]) = crossing {
            return Err(Degenerate::Tiny(self.points[a]));
        }
        if cdt.num_vertices() != self.points.len() {
            return Err(crowded());
        }
        let known: HashMap<(usize, usize), usize> = self
            .bounds
            .iter()
            .enumerate()
            .map(|(i, bound)| ((bound.ends[0], bound.ends[1]), i))
            .collect();
        let find = |a: usize, b: usize| {
            known
                .get(&(a, b))
                .map(|&i| (i, false))
                .or_else(|| known.get(&(b, a)).map(|&i| (i, true)))
        };
        let mut triangles = Vec::new();
        let mut owners: HashMap<(usize, usize), usize> = HashMap::new();
        for face in cdt.inner_faces() {
            let corners = face.vertices().map(|vertex| vertex.fix().index());
            let edge = |k: usize| (corners[k], corners[(k + 1) % 3]);
            for k in 0..3 {
                owners.insert(edge(k), triangles.len());
            }
            let bounds = [0, 1, 2].map(|k| find(edge(k).0, edge(k).1));
            triangles.push(Triangle {
                corners,
                region: UNKNOWN,
                bounds,
            });
        }
        self.triangles = triangles;
        self.flood(&owners);
        self.triangles
            .retain(|triangle| triangle.region != 0 && triangle.region != UNKNOWN);
        Ok(())
    }

    /// Spreads the regions from the bounds over the triangles.
    fn flood(&mut self, owners: &HashMap<(usize, usize), usize>) {
        let mut open = Vec::new();
        for (number, triangle) in self.triangles.iter_mut().enumerate() {
            if let Some(&(bound, against)) = triangle.bounds.iter().flatten().next() {
                triangle.region = self.bounds[bound].sides[usize::from(against)];
                open.push(number);
            }
        }
        while let Some(number) = open.pop() {
            let triangle = self.triangles[number].clone();
            for k in 0..3 {
                let (a, b) = (triangle.corners[k], triangle.corners[(k + 1) % 3]);
                if triangle.bounds[k].is_some() {
                    continue;
                }
                if let Some(&next) = owners.get(&(b, a))
                    && self.triangles[next].region == UNKNOWN
                {
                    self.triangles[next].region = triangle.region;
                    open.push(next);
                }
            }
        }
    }

    /// Splits what is too large or too sharp; whether there was anything. Edges stay longer than `least` for the sake of angles.
    fn refine(&mut self, domain: &Arrangement, size: f64, least: f64, round: usize) -> bool {
        let mut halved: Vec<usize> = Vec::new();
        let mut wanted: Vec<(f64, Place, u32)> = Vec::new();
        for triangle in &self.triangles {
            let x = triangle.corners.map(|corner| self.points[corner]);
            if !self.star_shaped(triangle) {
                halved.extend(
                    triangle
                        .bounds
                        .iter()
                        .flatten()
                        .map(|&(bound, _)| bound)
                        .filter(|&b| self.bounds[b].curve.curved()),
                );
                continue;
            }
            for (k, bound) in triangle.bounds.iter().enumerate() {
                let apex = x[(k + 2) % 3];
                let (u, v) = (minus(x[k], apex), minus(x[(k + 1) % 3], apex));
                if let Some((bound, _)) = *bound
                    && dot(u, v) < -0.5 * u[0].hypot(u[1]) * v[0].hypot(v[1])
                    && self.bounds[bound].depth < HALVINGS
                {
                    halved.push(bound);
                }
            }
            let lengths = [0, 1, 2].map(|k| distance(x[k], x[(k + 1) % 3]));
            let double = cross(minus(x[1], x[0]), minus(x[2], x[0]));
            let radius = lengths.iter().product::<f64>() / (2.0 * double);
            let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
            let large = radius > 0.8 * size;
            let sharp = radius > SHARP * shortest && shortest > least && round < ROUNDS / 2;
            if large || sharp {
                wanted.push((radius, circumcenter(x), triangle.region));
            }
        }
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken: Vec<(Place, f64)> = Vec::new();
        for (radius, center, region) in wanted {
            let encroached: Vec<usize> = (0..self.bounds.len())
                .filter(|&b| {
                    let [a, b] = self.bounds[b].ends.map(|end| minus(self.points[end], center));
                    dot(a, b) < 0.0
                })
                .collect();
            if !encroached.is_empty() {
                halved.extend(encroached.into_iter().filter(|&b| {
                    let chord = self.chord(&self.bounds[b]);
                    chord > 0.7 * size || (self.bounds[b].depth < HALVINGS && chord > 2.0 * least)
                }));
            } else if taken.iter().all(|&(x, r)| distance(x, center) > 0.8 * radius.min(r))
                && domain.label(center) == region
            {
                taken.push((center, radius));
            }
        }
        let changed = !halved.is_empty() || !taken.is_empty();
        halved.sort_unstable();
        halved.dedup();
        // New points inside wait while the boundary changes near them.
        let middles: Vec<(Place, f64)> = halved
            .iter()
            .map(|&b| (self.bounds[b].curve.at(0.5), self.chord(&self.bounds[b])))
            .collect();
        halved.iter().for_each(|&bound| self.halve(bound));
        let far = |x: Place| middles.iter().all(|&(middle, chord)| distance(x, middle) > 0.6 * chord);
        self.points
            .extend(taken.into_iter().map(|(x, _)| x).filter(|&x| far(x)));
        changed
    }

    /// Whether every arc of the triangle is seen whole from the point that its cell is a cone from.
    fn star_shaped(&self, triangle: &Triangle) -> bool {
        self.cones(triangle).iter().all(|(apex, curve, _)| {
            let area = |t: f64| cross(minus(curve.at(t), *apex), curve.velocity(t));
            let mean = cross(minus(curve.at(0.0), *apex), minus(curve.at(1.0), *apex));
            (0..=4).all(|i| area(f64::from(i) / 4.0) > 0.1 * mean.abs())
        })
    }

    /// The triangle as cones from a point over a curve, with the bound that the curve belongs to: one cone if at most one
    /// edge is curved, otherwise one per edge from the middle.
    pub(super) fn cones(&self, triangle: &Triangle) -> Vec<(Place, Curve, Option<usize>)> {
        let x = triangle.corners.map(|corner| self.points[corner]);
        let curve = |k: usize| match triangle.bounds[k] {
            Some((bound, against)) => {
                let curve = self.bounds[bound].curve;
                (if against { curve.reversed() } else { curve }, Some(bound))
            }
            None => (
                Curve::Segment {
                    a: x[k],
                    b: x[(k + 1) % 3],
                },
                None,
            ),
        };
        let curved: Vec<usize> = (0..3).filter(|&k| curve(k).0.curved()).collect();
        match curved[..] {
            [] | [_] => {
                let k = curved.first().copied().unwrap_or(0);
                let (curve, bound) = curve(k);
                vec![(x[(k + 2) % 3], curve, bound)]
            }
            _ => {
                let middle = [0, 1].map(|j| (x[0][j] + x[1][j] + x[2][j]) / 3.0);
                (0..3)
                    .map(|k| {
                        let (curve, bound) = curve(k);
                        (middle, curve, bound)
                    })
                    .collect()
            }
        }
    }

    /// Numbers the points that triangles use.
    fn drop_unused(&mut self) {
        let mut numbers = vec![usize::MAX; self.points.len()];
        let mut points = Vec::new();
        let mut number = |old: usize| {
            if numbers[old] == usize::MAX {
                numbers[old] = points.len();
                points.push(self.points[old]);
            }
            numbers[old]
        };
        self.triangles
            .iter_mut()
            .for_each(|triangle| triangle.corners = triangle.corners.map(&mut number));
        self.bounds
            .iter_mut()
            .for_each(|bound| bound.ends = bound.ends.map(&mut number));
        self.points = points;
    }
}

fn circumcenter([a, b, c]: [Place; 3]) -> Place {
    let (u, v) = (minus(b, a), minus(c, a));
    let (uu, vv, double) = (dot(u, u), dot(v, v), 2.0 * cross(u, v));
    [
        a[0] + (v[1] * uu - u[1] * vv) / double,
        a[1] + (u[0] * vv - v[0] * uu) / double,
    ]
}

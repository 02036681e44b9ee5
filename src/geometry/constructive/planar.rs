//! Plane combinations as domains: uniform points, rules, normals and distances on the true curves.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

use super::affine::Affine;
use super::arrangement::{Arrangement, Degenerate};
use super::carrier::{Carrier, joint};
use super::curve::{Curve, Place, along, cross, distance, dot, invert, minus};
use super::tree::NAMELESS;
use super::triangulation::Triangulation;
use crate::geometry::{Corner, Face, Interface, Point, Shape, SurfacePoint, intern};
use crate::jet::CoordinateJet;
use crate::network::Pole;
use crate::sampler::gauss_legendre;

/// About how many triangles points and rules are made from; as the cells are exact, few are enough.
const CELLS: f64 = 128.0;
/// The largest turn of an arc of such a triangle, radians.
const TURN: f64 = PI / 6.0;

/// The cone a + ρ·(c(t) − a), ρ and t ∈ [0, 1], from an apex a over a curve c, with the Jacobian ρ·g, g = (c − a) × c′.
///
/// Uniform points have the density ρ·g: ρ = √u, and t by the area G(t) = ∫ g, which is elementary for segments and arcs.
#[derive(Clone, Debug)]
struct Cone {
    apex: Place,
    curve: Curve,
    /// The share of the domain's area before this cell, and its own.
    before: f64,
    share: f64,
}

impl Cone {
    /// (G(t), g(t)).
    fn swept(apex: Place, curve: &Curve, t: f64) -> (f64, f64) {
        let slope = cross(minus(curve.at(t), apex), curve.velocity(t));
        let area = match *curve {
            Curve::Segment { a, b } => t * cross(minus(a, apex), minus(b, a)),
            Curve::Arc {
                center,
                axes: [p, q],
                angles,
            } => {
                // c − a = d + e(θ), and ∫ d × e′ + e × e′ dθ = d × (e(θ) − e(θ₀)) + p × q·(θ − θ₀).
                let moved = minus(curve.at(t), curve.at(0.0));
                cross(minus(center, apex), moved) + cross(p, q) * t * (angles[1] - angles[0])
            }
        };
        (area, slope)
    }

    fn area(apex: Place, curve: &Curve) -> f64 {
        0.5 * Self::swept(apex, curve, 1.0).0
    }

    fn point(&self, u: f64, v: f64) -> Place {
        let whole = Self::swept(self.apex, &self.curve, 1.0).0;
        let t = match self.curve {
            Curve::Segment { .. } => u,
            Curve::Arc { .. } => invert(u * whole, |t| Self::swept(self.apex, &self.curve, t)),
        };
        along(self.apex, v.sqrt(), minus(self.curve.at(t), self.apex))
    }
}

/// A named boundary or an interface.
#[derive(Clone, Debug)]
struct Border {
    face: Face,
    /// Its edges, with the share of its length before each and that of each.
    edges: Vec<(Curve, f64, f64)>,
    length: f64,
    /// The same as maximal chains on one line or conic.
    carriers: Vec<Carrier>,
    /// The numbers of the end points of its pieces.
    vertices: BTreeSet<usize>,
}

/// A plane combination as a domain.
#[derive(Clone, Debug)]
pub(super) struct Planar {
    domain: Arrangement,
    triangles: Triangulation,
    regions: Vec<&'static str>,
    cells: Vec<Cone>,
    area: f64,
    borders: Vec<Border>,
    interfaces: Vec<(Border, [usize; 2])>,
}

impl Planar {
    /// The domain of a combination whose regions 1, 2, … have these names.
    ///
    /// # Errors
    /// Boundaries that cannot be triangulated.
    pub(super) fn new(domain: Arrangement, regions: Vec<&'static str>) -> Result<Self, Degenerate> {
        let area: f64 = domain.outer().map(|piece| Cone::area([0.0; 2], &piece.curve)).sum();
        let size = (4.0 / 3.0_f64.sqrt() * area.abs() / CELLS).sqrt();
        let triangles = Triangulation::new(&domain, size, TURN)?;
        Ok(Self::assemble(domain, triangles, regions))
    }

    fn assemble(domain: Arrangement, triangles: Triangulation, regions: Vec<&'static str>) -> Self {
        let mut cones: Vec<(u32, u64, Place, Curve)> = Vec::new();
        let low = domain
            .vertices
            .iter()
            .fold([f64::INFINITY; 2], |m, x| [m[0].min(x[0]), m[1].min(x[1])]);
        for triangle in &triangles.triangles {
            for (apex, curve, _) in triangles.cones(triangle) {
                let middle = along(apex, 2.0 / 3.0, minus(curve.at(0.5), apex));
                cones.push((
                    triangle.region,
                    along_hilbert(minus(middle, low), domain.extent),
                    apex,
                    curve,
                ));
            }
        }
        // Neighbours stay together, so that low-discrepancy numbers stay even over the domain.
        cones.sort_by_key(|&(region, place, ..)| (region, place));
        let areas: Vec<f64> = cones
            .iter()
            .map(|(_, _, apex, curve)| Cone::area(*apex, curve))
            .collect();
        let area: f64 = areas.iter().sum();
        let mut before = 0.0;
        let cells = cones
            .into_iter()
            .zip(areas)
            .map(|((_, _, apex, curve), own)| {
                let cone = Cone {
                    apex,
                    curve,
                    before,
                    share: own / area,
                };
                before += cone.share;
                cone
            })
            .collect();
        let mut planar = Self {
            domain,
            triangles,
            regions,
            cells,
            area,
            borders: Vec::new(),
            interfaces: Vec::new(),
        };
        planar.borders = planar.outer_borders();
        planar.interfaces = planar.inner_borders();
        planar
    }

    /// The pieces of the boundary by name, in order of appearance.
    fn outer_borders(&self) -> Vec<Border> {
        let mut names: Vec<&'static str> = Vec::new();
        for piece in self.domain.outer() {
            if !names.contains(&piece.name) {
                names.push(piece.name);
            }
        }
        let border = |name: &'static str| {
            self.border(name, |number| {
                let piece = &self.domain.pieces[number];
                (piece.sides[1] == 0 && piece.name == name).then_some(false)
            })
        };
        names.into_iter().map(border).collect()
    }

    /// The pieces between regions, by the regions.
    fn inner_borders(&self) -> Vec<(Border, [usize; 2])> {
        let mut pairs: BTreeSet<[u32; 2]> = BTreeSet::new();
        for piece in self.domain.pieces.iter().filter(|piece| piece.sides[1] != 0) {
            let [a, b] = piece.sides;
            pairs.insert([a.min(b), a.max(b)]);
        }
        pairs
            .into_iter()
            .map(|pair| {
                let sides = pair.map(|label| self.index(label));
                let name = intern(
                    &sides
                        .map(|side| self.regions.get(side).copied().unwrap_or_default())
                        .join("|"),
                );
                let border = self.border(name, |number| {
                    let sides = self.domain.pieces[number].sides;
                    if sides == pair {
                        Some(false)
                    } else {
                        (sides == [pair[1], pair[0]]).then_some(true)
                    }
                });
                (border, sides)
            })
            .collect()
    }

    /// The border of the pieces that `belongs` accepts, reversed where it says so.
    fn border(&self, name: &'static str, belongs: impl Fn(usize) -> Option<bool>) -> Border {
        let turned = |curve: Curve, against: bool| if against { curve.reversed() } else { curve };
        let curves: Vec<Curve> = self
            .triangles
            .bounds
            .iter()
            .filter_map(|bound| Some(turned(bound.curve, belongs(bound.piece)?)))
            .collect();
        let length: f64 = curves.iter().map(Curve::length).sum();
        let mut before = 0.0;
        let edges = in_order(curves, 1e-9 * self.domain.extent)
            .into_iter()
            .map(|curve| {
                let share = curve.length() / length;
                before += share;
                (curve, before - share, share)
            })
            .collect();
        let (mut pieces, mut vertices) = (Vec::new(), BTreeSet::new());
        for (number, piece) in self.domain.pieces.iter().enumerate() {
            if let Some(against) = belongs(number) {
                pieces.push(turned(piece.curve, against));
                vertices.extend(piece.ends);
            }
        }
        let carriers = self.carriers(pieces);
        Border {
            face: Face {
                name,
                axis: 0,
                high: false,
            },
            edges,
            length,
            carriers,
            vertices,
        }
    }

    fn carriers(&self, pieces: Vec<Curve>) -> Vec<Carrier> {
        let mut chains: Vec<Carrier> = Vec::new();
        for piece in in_order(pieces.clone(), 1e-9 * self.domain.extent) {
            match chains.last_mut().filter(|chain| chain.continues(&piece)) {
                Some(chain) => chain.append(&piece),
                None => chains.push(Carrier::new(piece, self.domain.extent)),
            }
        }
        // A closed chain may have been entered in the middle of an arc.
        if let [first, .., last] = &chains[..]
            && last.continues(first.curve())
        {
            let mut last = last.clone();
            last.join(first);
            chains[0] = last;
            chains.pop();
        }
        let on = |x: &Place| {
            pieces
                .iter()
                .any(|piece| piece.nearest(*x).0 < 1e-9 * self.domain.extent)
        };
        let along_bounds = self
            .triangles
            .bounds
            .iter()
            .flat_map(|bound| [0.25, 0.5, 0.75].map(|t| bound.curve.at(t)));
        let probes: Vec<Place> = self
            .triangles
            .points
            .iter()
            .copied()
            .chain(along_bounds)
            .filter(|x| !on(x))
            .collect();
        chains.iter_mut().for_each(|chain| chain.settle(&probes));
        chains
    }

    /// The index of a region's number.
    fn index(&self, label: u32) -> usize {
        if label == NAMELESS {
            self.regions.len()
        } else {
            (label as usize).saturating_sub(1)
        }
    }

    fn find(&self, face: Face) -> Option<&Border> {
        let inner = self.interfaces.iter().map(|(border, _)| border);
        self.borders.iter().chain(inner).find(|border| border.face == face)
    }

    /// The signed distance of x from the boundary, negative inside, and its gradient, which on the boundary is the outward
    /// normal.
    pub(super) fn signed_distance(&self, x: Place) -> (f64, Place) {
        let inside = self.domain.label(x) > 0;
        let nearest = self.domain.outer().map(|piece| {
            let (d, t) = piece.curve.nearest(x);
            (d, piece.curve.at(t), piece.curve.left(t).map(|v| -v))
        });
        let (d, foot, normal) = nearest.fold((f64::INFINITY, x, [0.0; 2]), |a, b| if b.0 < a.0 { b } else { a });
        let sign = if inside { -1.0 } else { 1.0 };
        if d < 1e-12 * self.domain.extent {
            return (0.0, normal);
        }
        (sign * d, [0, 1].map(|j| sign * (x[j] - foot[j]) / d))
    }

    /// A triangulation of about `cells` triangles for output.
    pub(super) fn fine(&self, cells: usize) -> Triangulation {
        let size = (4.0 / 3.0_f64.sqrt() * self.area / cells.max(1) as f64).sqrt();
        Triangulation::new(&self.domain, size, TURN).unwrap_or_else(|_| self.triangles.clone())
    }
}

/// The curves end to end, chain after chain.
fn in_order(mut open: Vec<Curve>, tolerance: f64) -> Vec<Curve> {
    let meets = |a: &Curve, b: &Curve| distance(a.at(1.0), b.at(0.0)) < tolerance;
    let mut ordered: Vec<Curve> = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let following = ordered
            .last()
            .and_then(|last| open.iter().position(|curve| meets(last, curve)));
        let next = following
            .or_else(|| {
                open.iter()
                    .position(|curve| !open.iter().any(|other| meets(other, curve)))
            })
            .unwrap_or(0);
        ordered.push(open.remove(next));
    }
    ordered
}

/// The place of x along Hilbert's curve over a square of the given side.
fn along_hilbert(x: Place, side: f64) -> u64 {
    let bits = 16;
    let scale = f64::from(1u32 << bits);
    let [mut i, mut j] = x.map(|v| (v / side * scale).clamp(0.0, scale - 1.0) as u64);
    let mut place = 0;
    let mut half = 1u64 << (bits - 1);
    while half > 0 {
        let (right, upper) = (u64::from(i & half > 0), u64::from(j & half > 0));
        place += half * half * ((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                i = half.wrapping_sub(1).wrapping_sub(i) & (2 * half - 1);
                j = half.wrapping_sub(1).wrapping_sub(j) & (2 * half - 1);
            }
            std::mem::swap(&mut i, &mut j);
        }
        half /= 2;
    }
    place
}

/// The share of u within the part of [0, 1] from `before` on with the width `share`.
fn within(u: f64, before: f64, share: f64) -> f64 {
    ((u - before) / share).clamp(0.0, 1.0)
}

impl Shape for Planar {
    fn dimension(&self) -> usize {
        2
    }

    fn faces(&self) -> Vec<Face> {
        self.borders.iter().map(|border| border.face).collect()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let (mut low, mut high) = (
            [f64::INFINITY, f64::INFINITY, 0.0],
            [f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0],
        );
        for [a, b] in self.domain.outer().map(|piece| piece.curve.bounds()) {
            (0..2).for_each(|j| low[j] = low[j].min(a[j]));
            (0..2).for_each(|j| high[j] = high[j].max(b[j]));
        }
        (low, high)
    }

    fn measure(&self) -> f64 {
        self.area
    }

    fn face_measure(&self, face: Face) -> f64 {
        self.find(face).map_or(0.0, |border| border.length)
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        let map = Affine::scaling(factor);
        Box::new(Self::assemble(
            self.domain.mapped(&map),
            self.triangles.mapped(&map),
            self.regions.clone(),
        ))
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        let index = self
            .cells
            .partition_point(|cell| cell.before <= unit[0])
            .saturating_sub(1);
        let cell = &self.cells[index];
        let x = cell.point(within(unit[0], cell.before, cell.share), unit[1]);
        [x[0], x[1], 0.0]
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let Some(border) = self.find(face) else {
            unreachable!("`{}` is no boundary of this shape", face.name)
        };
        let index = border
            .edges
            .partition_point(|(_, before, _)| *before <= unit[0])
            .saturating_sub(1);
        let (curve, before, share) = &border.edges[index];
        let t = curve.at_share(within(unit[0], *before, *share));
        let (x, n) = (curve.at(t), curve.left(t));
        SurfacePoint {
            x: [x[0], x[1], 0.0],
            normal: [-n[0], -n[1], 0.0],
        }
    }

    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        joint(self.find(face).map_or(&[], |border| &border.carriers), x)
    }

    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]> {
        match (self.find(first), self.find(second)) {
            (Some(a), Some(b)) => a
                .vertices
                .intersection(&b.vertices)
                .map(|&vertex| [self.domain.vertices[vertex][0], self.domain.vertices[vertex][1], 0.0])
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Exact cells: `order` points along the curve and `order` along the rays, of a weight ρ.
    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        let gauss = gauss_legendre(order.max(1));
        let mut rule = Vec::new();
        match face {
            None => {
                for cell in &self.cells {
                    let swept = |t: f64| Cone::swept(cell.apex, &cell.curve, t);
                    let sum: f64 = gauss.iter().map(|&(t, w)| w * swept(t).1).sum();
                    let radial: f64 = gauss.iter().map(|&(rho, w)| w * rho).sum();
                    for &(t, along) in &gauss {
                        let (area, slope) = swept(t);
                        let u = cell.before + cell.share * area / swept(1.0).0;
                        for &(rho, outwards) in &gauss {
                            let weight = cell.share * (along * slope / sum) * (outwards * rho / radial);
                            rule.push(([u, rho * rho, 0.5], weight));
                        }
                    }
                }
            }
            Some(face) => {
                for (curve, before, share) in &self.find(face)?.edges {
                    let speed = |t: f64| {
                        let v = curve.velocity(t);
                        v[0].hypot(v[1])
                    };
                    let sum: f64 = gauss.iter().map(|&(t, w)| w * speed(t)).sum();
                    for &(t, w) in &gauss {
                        let u = before + share * curve.length_to(t) / curve.length();
                        rule.push(([u, 0.5, 0.5], share * w * speed(t) / sum));
                    }
                }
            }
        }
        Some(rule)
    }

    fn regions(&self) -> Vec<&'static str> {
        self.regions.clone()
    }

    /// Points outside by rounding belong to the region of the nearest boundary.
    fn region(&self, x: [f64; 3]) -> usize {
        let x = [x[0], x[1]];
        match self.domain.label(x) {
            0 => {
                let nearest = |a: &&super::arrangement::Piece, b: &&super::arrangement::Piece| {
                    a.curve.nearest(x).0.total_cmp(&b.curve.nearest(x).0)
                };
                self.domain
                    .outer()
                    .min_by(nearest)
                    .map_or(0, |piece| self.index(piece.sides[0]))
            }
            label => self.index(label),
        }
    }

    fn interfaces(&self) -> Vec<Interface> {
        self.interfaces
            .iter()
            .map(|(border, sides)| Interface {
                face: border.face,
                sides: *sides,
            })
            .collect()
    }

    /// Circles of the boundary with the domain outside, of which at least a sixth is there.
    fn poles(&self) -> Vec<Pole> {
        let mut found: Vec<(Place, f64, f64)> = Vec::new();
        for piece in self.domain.outer() {
            let (Some((center, radius)), Curve::Arc { angles, .. }) = (piece.curve.circle(), piece.curve) else {
                continue;
            };
            if angles[1] > angles[0] {
                continue;
            }
            let turn = piece.curve.turn();
            let near = |(c, r, _): &&mut (Place, f64, f64)| {
                distance(*c, center) < 1e-9 * self.domain.extent && (*r - radius).abs() < 1e-9 * self.domain.extent
            };
            match found.iter_mut().find(near) {
                Some((_, _, sum)) => *sum += turn,
                None => found.push((center, radius, turn)),
            }
        }
        // The inversion must stay away from its pole.
        let clear = |center: Place, radius: f64| {
            self.domain.label(center) == 0
                && self
                    .domain
                    .pieces
                    .iter()
                    .all(|piece| piece.curve.nearest(center).0 > 0.5 * radius)
        };
        found
            .into_iter()
            .filter(|&(center, radius, turn)| turn > TAU / 6.0 && clear(center, radius))
            .map(|(center, radius, _)| Pole::hole([center[0], center[1], 0.0], radius, 2))
            .collect()
    }

    /// Where the boundary has a kink, or changes its name.
    fn corners(&self) -> Vec<Corner> {
        let mut corners = Vec::new();
        for arriving in self.domain.outer() {
            for leaving in self.domain.outer().filter(|piece| piece.ends[0] == arriving.ends[1]) {
                let (first, back) = (leaving.curve.velocity(0.0), arriving.curve.velocity(1.0).map(|v| -v));
                let turn = cross(first, back).atan2(dot(first, back));
                let angle = if turn < 0.0 { turn + TAU } else { turn };
                if (angle - PI).abs() < 1e-7 && leaving.name == arriving.name {
                    continue;
                }
                let place = self.domain.vertices[leaving.ends[0]];
                corners.push(Corner {
                    place: [place[0], place[1], 0.0],
                    angle,
                    direction: first[1].atan2(first[0]),
                    faces: [leaving.name, arriving.name],
                });
            }
        }
        corners
    }
}

//! Plane combinations as domains: uniform points, rules, normals and distances on the true curves.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

use super::affine::Affine;
use super::arrangement::{Arrangement, Degenerate};
use super::carrier::{Carrier, joint};
use super::curve::Curve;
use super::place::{Place, along, cross, distance, dot, minus};
use super::strata::{Cells, Edges, Weight};
use super::tree::NAMELESS;
use super::triangulation::Triangulation;
use crate::geometry::{Corner, Face, Interface, Point, Shape, SurfacePoint};
use crate::jet::{CoordinateJet, Pole};
use crate::mesh::{Mesh, intern};

/// About how many triangles points and rules are made from; as the cells are exact, few are enough.
const CELLS: f64 = 128.0;
/// The largest turn of an arc of such a triangle, radians.
const TURN: f64 = PI / 6.0;

/// A named boundary or an interface.
#[derive(Clone, Debug)]
pub(super) struct Border {
    pub(super) face: Face,
    pub(super) edges: Edges,
    /// The same as maximal chains on one line or conic.
    pub(super) carriers: Vec<Carrier>,
    /// The numbers of the end points of its pieces.
    pub(super) vertices: BTreeSet<usize>,
}

/// A plane combination as a domain.
#[derive(Clone, Debug)]
pub(super) struct Planar {
    pub(super) domain: Arrangement,
    pub(super) triangles: Triangulation,
    pub(super) regions: Vec<&'static str>,
    pub(super) cells: Cells,
    pub(super) borders: Vec<Border>,
    pub(super) interfaces: Vec<(Border, [usize; 2])>,
}

impl Planar {
    /// The domain of a combination whose regions 1, 2, … have these names.
    ///
    /// # Errors
    /// Boundaries that cannot be triangulated.
    pub(super) fn new(domain: Arrangement, regions: Vec<&'static str>) -> Result<Self, Degenerate> {
        let area = Cells::new(domain.outer().map(|piece| ([0.0; 2], piece.curve)), Weight::Even).total;
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
        let cells = Cells::new(cones.into_iter().map(|(_, _, apex, curve)| (apex, curve)), Weight::Even);
        let mut planar = Self {
            domain,
            triangles,
            regions,
            cells,
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
        let edges = Edges::new(in_order(curves, 1e-9 * self.domain.extent), Weight::Even);
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
    pub(super) fn index(&self, label: u32) -> usize {
        if label == NAMELESS {
            self.regions.len()
        } else {
            (label as usize).saturating_sub(1)
        }
    }

    pub(super) fn find(&self, face: Face) -> Option<&Border> {
        let inner = self.interfaces.iter().map(|(border, _)| border);
        self.borders.iter().chain(inner).find(|border| border.face == face)
    }

    /// The signed distance of x from the boundary, negative inside; `axis` says whether edges on the line x = 0 count.
    pub(super) fn signed_distance(&self, x: Place, axis: bool) -> f64 {
        let tolerance = 1e-9 * self.domain.extent;
        let counts = |curve: &Curve| axis || [0.0, 0.5, 1.0].iter().any(|&t| curve.at(t)[0].abs() > tolerance);
        let curves = self
            .domain
            .outer()
            .map(|piece| &piece.curve)
            .filter(|curve| counts(curve));
        let d = curves.map(|curve| curve.nearest(x).0).fold(f64::INFINITY, f64::min);
        if self.domain.label(x) > 0 { -d } else { d }
    }

    /// A triangulation of about `cells` triangles for output.
    pub(super) fn fine(&self, cells: usize) -> Triangulation {
        let size = (4.0 / 3.0_f64.sqrt() * self.cells.total / cells.max(1) as f64).sqrt();
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
        self.cells.total
    }

    fn face_measure(&self, face: Face) -> f64 {
        self.find(face).map_or(0.0, |border| border.edges.total)
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
        let x = self.cells.point(unit[0], unit[1]);
        [x[0], x[1], 0.0]
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let Some(border) = self.find(face) else {
            unreachable!("`{}` is no boundary of this shape", face.name)
        };
        let (x, n) = border.edges.point(unit[0]);
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

    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        Some(match face {
            None => self
                .cells
                .rule(order)
                .into_iter()
                .map(|([u, v], w)| ([u, v, 0.5], w))
                .collect(),
            Some(face) => self
                .find(face)?
                .edges
                .rule(order)
                .into_iter()
                .map(|(u, w)| ([u, 0.5, 0.5], w))
                .collect(),
        })
    }

    fn spans(&self, face: Option<Face>, x: [f64; 3]) -> Vec<[f64; 2]> {
        let (x, tolerance) = ([x[0], x[1]], 1e-9 * self.domain.extent);
        match face {
            None => self.cells.spans(x, tolerance),
            Some(face) => self
                .find(face)
                .map_or_else(Vec::new, |border| border.edges.spans(x, tolerance)),
        }
    }

    fn grid(&self, cells: usize) -> Option<Mesh> {
        Some(super::grid::plane(self, cells))
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

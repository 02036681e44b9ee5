//! The boundary of a mesh as lines, circles, planes and cylinders: what its distances, corners and holes follow from.
//!
//! Nodes of a mesh lie on the curves that it was made from, so that lines and circles are found again from their nodes, straight
//! or curved facets alike. Boundaries that are neither have no smooth distance.

use std::collections::{BTreeMap, BTreeSet};

use super::constructive::{BoundaryDistance, Curve, joint};
use super::round::{self, Sheet, sheets};
use super::{Corner, Point};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::mesh::CellKind;

/// Turns above this are corners; below, facets of a curve (radians).
const KINK: f64 = 0.5;
/// How far nodes may be off a line or circle, by the size of the domain.
pub(super) const TOLERANCE: f64 = 1e-7;
/// Lines and circles of one boundary at most.
const PIECES: usize = 24;

type Place = [f64; 2];

/// Kind and nodes of the facets of a face.
type Facets = Vec<(CellKind, Vec<[f64; 3]>)>;

/// A facet with the domain to its left.
#[derive(Clone, Copy, Debug)]
struct Edge {
    face: usize,
    a: [f64; 3],
    b: [f64; 3],
    middle: Option<[f64; 3]>,
}

impl Edge {
    /// The direction at the start or the end.
    fn direction(&self, end: bool) -> f64 {
        let slope = |j: usize| match (self.middle, end) {
            (None, _) => self.b[j] - self.a[j],
            (Some(m), false) => 4.0 * m[j] - 3.0 * self.a[j] - self.b[j],
            (Some(m), true) => 3.0 * self.b[j] + self.a[j] - 4.0 * m[j],
        };
        slope(1).atan2(slope(0))
    }
}

/// What distances of a face are made of.
#[derive(Clone, Debug)]
enum Surface {
    Curves(Vec<BoundaryDistance>),
    /// Planes and cylinders in space.
    Sheets(Vec<Sheet>),
    /// Neither; some of its nodes.
    Free(Vec<[f64; 3]>),
}

/// The boundary of a mesh.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    surfaces: Vec<Surface>,
    corners: Vec<Corner>,
    poles: Vec<Pole>,
}

/// An angle in (−π, π].
fn wrapped(angle: f64) -> f64 {
    angle.sin().atan2(angle.cos())
}

pub(super) fn bits(x: [f64; 3]) -> [u64; 3] {
    // −0 and 0 are one place.
    x.map(|v| (v + 0.0).to_bits())
}

fn plane(x: [f64; 3]) -> Place {
    [x[0], x[1]]
}

impl Outline {
    /// From the facets of every face, all nodes, and the names of the faces.
    pub(super) fn new(dimension: usize, faces: &[Facets], nodes: &[[f64; 3]], names: &[&'static str]) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for x in nodes {
            low = std::array::from_fn(|j| low[j].min(x[j]));
            high = std::array::from_fn(|j| high[j].max(x[j]));
        }
        let extent = (0..3).map(|j| high[j] - low[j]).fold(f64::MIN_POSITIVE, f64::max);
        if dimension == 2 {
            return Self::plane(faces, nodes, names, extent);
        }
        let surfaces = (0..faces.len())
            .map(|face| spatial(face, faces, nodes, extent))
            .collect();
        Self {
            surfaces,
            corners: Vec::new(),
            poles: Vec::new(),
        }
    }

    fn plane(faces: &[Facets], nodes: &[[f64; 3]], names: &[&'static str], extent: f64) -> Self {
        let edges = faces.iter().enumerate().flat_map(|(face, facets)| {
            facets.iter().map(move |(_, nodes)| Edge {
                face,
                a: nodes[0],
                b: nodes[1],
                middle: nodes.get(2).copied(),
            })
        });
        let mut following: BTreeMap<[u64; 3], Vec<Edge>> = BTreeMap::new();
        for edge in edges {
            following.entry(bits(edge.a)).or_default().push(edge);
        }
        let mut outline = Self {
            surfaces: vec![Surface::Curves(Vec::new()); faces.len()],
            corners: Vec::new(),
            poles: Vec::new(),
        };
        while let Some(start) = following.keys().next().copied() {
            let mut chain: Vec<Edge> = Vec::new();
            let mut at = start;
            while let Some(next) = following.get_mut(&at).and_then(Vec::pop) {
                at = bits(next.b);
                chain.push(next);
            }
            following.retain(|_, edges| !edges.is_empty());
            outline.closed_chain(&chain, nodes, names, extent);
        }
        outline
    }

    /// Adds a closed chain of edges.
    fn closed_chain(&mut self, chain: &[Edge], nodes: &[[f64; 3]], names: &[&'static str], extent: f64) {
        let n = chain.len();
        let mut breaks = Vec::new();
        for (i, edge) in chain.iter().enumerate() {
            let before = &chain[(i + n - 1) % n];
            let turn = wrapped(edge.direction(false) - before.direction(true));
            if turn.abs() > KINK || edge.face != before.face {
                breaks.push(i);
                self.corners.push(Corner {
                    place: edge.a,
                    angle: std::f64::consts::PI - turn,
                    direction: edge.direction(false),
                    faces: [names[edge.face], names[before.face]],
                });
            }
        }
        if breaks.is_empty() {
            breaks.push(0);
        }
        for (k, &from) in breaks.iter().enumerate() {
            let to = breaks.get(k + 1).copied().unwrap_or(breaks[0] + n);
            let edges: Vec<Edge> = (from..to).map(|i| chain[i % n]).collect();
            self.smooth_chain(&edges, nodes, extent);
        }
    }

    /// Adds a chain without corners.
    fn smooth_chain(&mut self, edges: &[Edge], nodes: &[[f64; 3]], extent: f64) {
        let face = edges[0].face;
        let mut at = 0;
        while at < edges.len() {
            let line = run(edges, at, |points| on_line(points, extent).then_some(()));
            let round = run(edges, at, |points| circle(points, extent));
            let (count, curves) = match (line, round) {
                (Some((count, ())), round) if round.as_ref().is_none_or(|(other, _)| count >= *other) => {
                    let (a, b) = (plane(edges[at].a), plane(edges[at + count - 1].b));
                    (count, vec![Curve::Segment { a, b }])
                }
                (_, Some((count, (center, radius)))) => {
                    let part = &edges[at..at + count];
                    (count, self.arcs(part, center, radius, nodes))
                }
                _ => unreachable!("one straight or curved facet is a line or has a circle"),
            };
            let part: BTreeSet<[u64; 3]> = edges[at..at + count]
                .iter()
                .flat_map(|edge| [Some(edge.a), edge.middle, Some(edge.b)])
                .flatten()
                .map(bits)
                .collect();
            let mut chain = BoundaryDistance::new(curves[0], extent);
            curves[1..].iter().for_each(|curve| chain.append(curve));
            let probes: Vec<Place> = nodes
                .iter()
                .filter(|x| !part.contains(&bits(**x)))
                .map(|x| plane(*x))
                .collect();
            chain.settle(&probes);
            match &mut self.surfaces[face] {
                Surface::Curves(chains) if chains.len() < PIECES => chains.push(chain),
                Surface::Free(known) => known.extend(edges.iter().map(|edge| edge.a)),
                other => *other = Surface::Free(edges.iter().map(|edge| edge.a).collect()),
            }
            at += count;
        }
    }

    /// The arcs of a part of a circle; one with the domain outside is a hole or a part of one.
    fn arcs(&mut self, part: &[Edge], center: Place, radius: f64, nodes: &[[f64; 3]]) -> Vec<Curve> {
        let angle = |x: [f64; 3]| (x[1] - center[1]).atan2(x[0] - center[0]);
        let from = angle(part[0].a);
        let sweep: f64 = part.iter().map(|edge| wrapped(angle(edge.b) - angle(edge.a))).sum();
        let clear = nodes
            .iter()
            .all(|x| (x[0] - center[0]).hypot(x[1] - center[1]) > 0.5 * radius);
        let center3 = [center[0], center[1], 0.0];
        let known = |pole: &Pole| pole.center == center3;
        if sweep < -std::f64::consts::FRAC_PI_3 && clear && !self.poles.iter().any(known) {
            self.poles.push(Pole::hole(center3, radius, 2));
        }
        Curve::arcs(center, [radius; 2], from, from + sweep)
    }

    /// Whether a face has a smooth distance.
    pub(super) fn smooth(&self, face: usize) -> bool {
        !matches!(self.surfaces[face], Surface::Free(_))
    }

    /// The distance of a face by the size of the domain; of a face that has no smooth one, the value alone.
    pub(super) fn distance(&self, face: usize, x: Point) -> CoordinateJet {
        match &self.surfaces[face] {
            Surface::Curves(chains) => joint(chains, x),
            Surface::Sheets(sheets) => round::joint(sheets, x),
            Surface::Free(nodes) => {
                let square = |node: &[f64; 3]| (0..3).map(|j| (x[j].value - node[j]).powi(2)).sum::<f64>();
                let nearest = nodes.iter().map(square).fold(f64::INFINITY, f64::min);
                CoordinateJet::constant(nearest.sqrt())
            }
        }
    }

    /// The corners of a plane domain.
    pub(super) fn corners(&self) -> &[Corner] {
        &self.corners
    }

    /// The round holes of a plane domain.
    pub(super) fn poles(&self) -> &[Pole] {
        &self.poles
    }
}

/// The longest run of edges from `at` whose nodes pass a test, and what the test found.
fn run<T>(edges: &[Edge], at: usize, test: impl Fn(&[Place]) -> Option<T>) -> Option<(usize, T)> {
    let points = |count: usize| -> Vec<Place> {
        let part = &edges[at..at + count];
        let inner = part.iter().flat_map(|edge| [Some(edge.a), edge.middle]).flatten();
        inner.chain([part[count - 1].b]).map(plane).collect()
    };
    // Runs that pass are found by doubling and halving: parts of a line or circle pass, too.
    let mut best: Option<(usize, T)> = None;
    let (mut low, mut high) = (1, edges.len() - at);
    while low <= high {
        let middle = if best.is_none() && low == 1 {
            high
        } else {
            low.midpoint(high)
        };
        match test(&points(middle)) {
            Some(found) => {
                best = Some((middle, found));
                low = middle + 1;
            }
            None => high = middle - 1,
        }
    }
    best
}

/// Whether all points lie on the line from the first to the last.
fn on_line(points: &[Place], extent: f64) -> bool {
    let (a, b) = (points[0], points[points.len() - 1]);
    let d = [b[0] - a[0], b[1] - a[1]];
    let length = d[0].hypot(d[1]);
    length > 0.0
        && points.iter().all(|x| {
            let off = (d[0] * (x[1] - a[1]) - d[1] * (x[0] - a[0])).abs();
            off <= TOLERANCE * extent * length
        })
}

/// Centre and radius of the circle of at least four points (three of one curved facet), by least squares.
///
/// # Source
/// Kåsa, *IEEE Trans. Instrum. Meas.* 25 (1976) 8: |x|² = 2c·x + (r² − |c|²) is linear.
pub(super) fn circle(points: &[Place], extent: f64) -> Option<(Place, f64)> {
    if points.len() < 3 || points.len() == 3 && on_line(points, extent) {
        return None;
    }
    let n = points.len() as f64;
    let mean = [0, 1].map(|j| points.iter().map(|x| x[j]).sum::<f64>() / n);
    let (mut m, mut v) = ([[0.0; 2]; 2], [0.0; 2]);
    for x in points {
        let u = [x[0] - mean[0], x[1] - mean[1]];
        let square = u[0] * u[0] + u[1] * u[1];
        for j in 0..2 {
            v[j] += 0.5 * square * u[j];
            for k in 0..2 {
                m[j][k] += u[j] * u[k];
            }
        }
    }
    let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    if !(det.abs() > 1e-12 * (m[0][0] + m[1][1]).powi(2)) {
        return None;
    }
    let c = [
        (v[0] * m[1][1] - v[1] * m[0][1]) / det,
        (m[0][0] * v[1] - m[1][0] * v[0]) / det,
    ];
    let center = [c[0] + mean[0], c[1] + mean[1]];
    let distances = points.iter().map(|x| (x[0] - center[0]).hypot(x[1] - center[1]));
    let radius = distances.clone().sum::<f64>() / n;
    let fits = distances
        .into_iter()
        .all(|distance| (distance - radius).abs() <= TOLERANCE * extent);
    (fits && radius < 10.0 * extent).then_some((center, radius))
}

/// A face on a line: its points, each with the whole domain on one side, or else free.
fn ends(facets: &Facets, nodes: &[[f64; 3]], extent: f64) -> Surface {
    let end = |(_, points): &(CellKind, Vec<[f64; 3]>)| {
        let own = points[0];
        let within = |sign: &f64| nodes.iter().all(|x| sign * (x[0] - own[0]) >= 0.0);
        let inward = [1.0, -1.0].into_iter().find(within)?;
        Some(Sheet::Plane(own, [inward / extent, 0.0, 0.0]))
    };
    match facets.iter().map(end).collect() {
        Some(sheets) => Surface::Sheets(sheets),
        None => Surface::Free(facets.iter().map(|(_, points)| points[0]).collect()),
    }
}

/// A face in space.
fn spatial(face: usize, faces: &[Facets], nodes: &[[f64; 3]], extent: f64) -> Surface {
    let facets = &faces[face];
    if facets.iter().all(|(kind, _)| *kind == CellKind::Vertex) {
        return ends(facets, nodes, extent);
    }
    let others = faces.iter().enumerate().filter(|(other, _)| *other != face);
    let others: Vec<&[[f64; 3]]> = others
        .flat_map(|(_, facets)| facets)
        .map(|(_, nodes)| nodes.as_slice())
        .collect();
    match sheets(facets, &others, nodes, extent) {
        Some(sheets) => Surface::Sheets(sheets),
        None => Surface::Free(facets.iter().map(|(_, nodes)| nodes[0]).take(1000).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::independent_variables;

    /// A square with a round hole of straight facets: four lines, one circle, four corners, one hole.
    fn outline() -> (Outline, f64) {
        let line = |a: [f64; 2], b: [f64; 2]| (CellKind::Line2, vec![[a[0], a[1], 0.0], [b[0], b[1], 0.0]]);
        let p = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        let side = |i: usize| {
            let (a, b): ([f64; 2], [f64; 2]) = (p[i], p[(i + 1) % 4]);
            let at = |t: f64| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
            (0..4)
                .map(|k| line(at(k as f64 / 4.0), at((k + 1) as f64 / 4.0)))
                .collect::<Vec<_>>()
        };
        let n = 24;
        let at = |k: usize| {
            let angle = -std::f64::consts::TAU * (k % n) as f64 / n as f64;
            [1.5 + 0.7 * angle.cos(), 2.0 + 0.7 * angle.sin()]
        };
        let hole: Vec<_> = (0..n).map(|k| line(at(k), at(k + 1))).collect();
        let outer: Vec<_> = [0, 1, 2].into_iter().flat_map(side).collect();
        let faces = [outer, side(3), hole];
        let nodes: Vec<[f64; 3]> = faces.iter().flatten().flat_map(|(_, nodes)| nodes.clone()).collect();
        (Outline::new(2, &faces, &nodes, &["outer", "left", "hole"]), 4.0)
    }

    #[test]
    fn lines_circles_corners_and_holes_are_found_again_from_the_nodes() {
        let (outline, _) = outline();
        assert!((0..3).all(|face| outline.smooth(face)));
        assert_eq!(outline.corners().len(), 4);
        for corner in outline.corners() {
            assert!((corner.angle - std::f64::consts::FRAC_PI_2).abs() < 1e-12);
        }
        assert_eq!(outline.poles().len(), 1);
        let pole = outline.poles()[0];
        assert!((pole.center[0] - 1.5).abs() < 1e-12 && (pole.radius - 0.7).abs() < 1e-12);
    }

    /// Off the boundary, distances are those of the true line and circle: by the size of the domain.
    #[test]
    fn distances_vanish_on_the_curve_and_grow_by_one_by_the_size_of_the_domain() {
        let (outline, size) = outline();
        for (face, x, direction, expected) in [
            (1, [0.3, 1.1, 0.0], [1.0, 0.0], 0.3),
            (2, [1.5, 2.9, 0.0], [0.0, 1.0], 0.2),
        ] {
            let found = outline.distance(face, independent_variables(x));
            assert!((found.value * size - expected).abs() < 1e-12, "{}", found.value);
            for j in 0..2 {
                assert!((found.gradient[j] * size - direction[j]).abs() < 1e-9);
            }
        }
        // Points of facets lie a little beyond the circle: the function goes on there, with the same slope.
        for beyond in [1e-6, 1e-3] {
            let found = outline.distance(2, independent_variables([1.5, 2.7 - beyond, 0.0]));
            assert!((found.value * size + beyond).abs() < 1e-12, "{}", found.value);
            assert!((found.gradient[1] * size - 1.0).abs() < 1e-9);
        }
        // Three sides at once: 0 on each, positive inside.
        for (x, zero) in [
            ([4.0, 1.0, 0.0], true),
            ([2.0, 4.0, 0.0], true),
            ([3.0, 3.0, 0.0], false),
        ] {
            let value = outline.distance(0, independent_variables(x)).value;
            assert_eq!(value.abs() < 1e-12, zero, "{value}");
            assert!(value > -1e-12);
        }
    }
}

//! Combinations of solids: points inside by boxes, points of the surface on the true surfaces of the sweeps.
//!
//! Points are exact: those inside are uniform in every box, those of the boundary lie on the sweeps' own surfaces with their own
//! normals. Measures are estimates: the volume from the planes that cut boxes (relative error about 1e-4), areas from strips of
//! each surface whose ends are found exactly and whose widths are not (about the same).

use std::sync::Arc;

use super::affine::Affine;
use super::sweep::Sweep;
use super::tree::Tree;
use super::voxels::{Body, Cubes};
use crate::geometry::{Face, Point, Shape, SurfacePoint};
use crate::jet::{CoordinateJet, Scalar};
use crate::mesh::Mesh;
use crate::sampler::{gauss_legendre, mix};

/// Strips per surface at least, and probes along each.
const STRIPS: usize = 48;
const PROBES: usize = 32;
/// Strips are halved, so often at most, while the length that bounds the solid changes by more than this across them.
const UNEVEN: f64 = 0.05;
const HALVINGS: u32 = 6;
/// Panels of the rule along a whole surface.
const PANELS: f64 = 6.0;
/// How far beside a surface its two sides are looked at, by the extent.
const BESIDE: f64 = 1e-7;
/// Trials for a point of a strip.
const TRIALS: u64 = 1000;

/// A part of a sweep's surface that may bound the solid: a rectangle in the numbers of its points.
#[derive(Clone, Debug)]
struct Strip {
    leaf: usize,
    skin: usize,
    low: [f64; 2],
    high: [f64; 2],
    /// Share of the face's area before it, and its own.
    before: f64,
    share: f64,
}

/// A named boundary.
#[derive(Clone, Debug)]
struct Border {
    face: Face,
    strips: Vec<Strip>,
    area: f64,
    /// Leaf and surface.
    parts: Vec<(usize, usize)>,
    /// Leaf, surface, and the factor that makes its distance positive inside the solid and at most about 1; empty if a surface
    /// goes on through the solid, so that it has no such factor.
    signs: Vec<(usize, usize, f64)>,
}

/// A combination of sweeps.
#[derive(Clone, Debug)]
pub(super) struct Solid {
    leaves: Vec<Sweep>,
    tree: Arc<Tree>,
    regions: Vec<&'static str>,
    low: [f64; 3],
    high: [f64; 3],
    cubes: Cubes,
    borders: Vec<Border>,
}

impl Solid {
    /// The solid; `None` if nothing is left.
    pub(super) fn new(leaves: Vec<Sweep>, tree: Tree, regions: Vec<&'static str>) -> Option<Self> {
        let (low, high) = tree.bounds(&|leaf| leaves[leaf].bounds());
        if (0..3).any(|j| !(low[j] < high[j])) {
            return None;
        }
        let body = Body {
            tree: &tree,
            leaf: |leaf: usize, x: [f64; 3]| leaves[leaf].signed(x),
        };
        let cubes = Cubes::new(&body, low, high);
        let mut solid = Self {
            leaves,
            tree: Arc::new(tree),
            regions,
            low,
            high,
            cubes,
            borders: Vec::new(),
        };
        if !(solid.cubes.volume > 0.0) {
            return None;
        }
        solid.borders = solid.surfaces();
        solid.sign();
        (!solid.borders.is_empty()).then_some(solid)
    }

    fn extent(&self) -> f64 {
        (0..3).map(|j| (self.high[j] - self.low[j]).powi(2)).sum::<f64>().sqrt()
    }

    /// Lowest and highest corner of a box that holds all points.
    pub(super) fn box_of_points(&self) -> ([f64; 3], [f64; 3]) {
        (self.low, self.high)
    }

    /// The volume.
    pub(super) fn volume(&self) -> f64 {
        self.cubes.volume
    }

    /// Negative inside, positive outside, and of slope 1 at most.
    pub(super) fn signed(&self, x: [f64; 3]) -> f64 {
        self.tree.signed(&|leaf| self.leaves[leaf].signed(x))
    }

    /// The boundary whose surface is nearest to a point that is close to one.
    pub(super) fn nearest_face(&self, x: [f64; 3]) -> &'static str {
        let at = x.map(CoordinateJet::constant);
        let leaves = self.borders.iter().flat_map(|border| {
            border.parts.iter().map(move |&(leaf, skin)| {
                let sweep = &self.leaves[leaf];
                let off = sweep.distance(&sweep.skins[skin], at).value.abs() * sweep.size();
                (off + 1e-6 * sweep.signed(x).abs(), border.face.name)
            })
        });
        leaves.min_by(|a, b| a.0.total_cmp(&b.0)).map_or("", |(_, name)| name)
    }

    /// The region of x, 0 outside.
    pub(super) fn label(&self, x: [f64; 3]) -> u32 {
        self.tree.label(&|leaf| self.leaves[leaf].label(x) > 0)
    }

    /// The point of a leaf's surface with the solid's outward normal, if it bounds the solid there; of surfaces that coincide the
    /// first leaf's counts.
    fn bounding(&self, leaf: usize, skin: usize, unit: [f64; 2]) -> Option<SurfacePoint> {
        let sweep = &self.leaves[leaf];
        let mut point = sweep.surface_point(&sweep.skins[skin], [unit[0], unit[1], 0.5]);
        let step = BESIDE * self.extent();
        let beside = |h: f64| std::array::from_fn(|j| point.x[j] + h * point.normal[j]);
        let (inner, outer) = (self.label(beside(-step)) > 0, self.label(beside(step)) > 0);
        if inner == outer {
            return None;
        }
        let twin = self.leaves[..leaf]
            .iter()
            .any(|other| other.signed(point.x).abs() < 0.01 * step);
        if twin {
            return None;
        }
        if outer {
            point.normal = point.normal.map(|v| -v);
        }
        Some(point)
    }

    /// The boundaries by name.
    fn surfaces(&self) -> Vec<Border> {
        let mut borders: Vec<Border> = Vec::new();
        for (leaf, sweep) in self.leaves.iter().enumerate() {
            for (number, skin) in sweep.skins.iter().enumerate() {
                let strips = self.strips(leaf, number);
                if strips.is_empty() {
                    continue;
                }
                let known = borders.iter().position(|border| border.face == skin.face);
                let index = known.unwrap_or_else(|| {
                    borders.push(Border {
                        face: skin.face,
                        strips: Vec::new(),
                        area: 0.0,
                        parts: Vec::new(),
                        signs: Vec::new(),
                    });
                    borders.len() - 1
                });
                borders[index].strips.extend(strips);
                borders[index].parts.push((leaf, number));
            }
        }
        for border in &mut borders {
            border.area = border.strips.iter().map(|strip| strip.share).sum();
            let mut before = 0.0;
            for strip in &mut border.strips {
                strip.share /= border.area;
                strip.before = before;
                before += strip.share;
            }
        }
        borders
    }

    /// The strips of a surface, with their areas as shares.
    fn strips(&self, leaf: usize, skin: usize) -> Vec<Strip> {
        let mut strips = Vec::new();
        let sweep = &self.leaves[leaf];
        let breaks = sweep.breaks(&sweep.skins[skin]);
        let parts = STRIPS.div_ceil(breaks.len() - 1).max(2);
        let mut open: Vec<(f64, f64, u32)> = Vec::new();
        for pair in breaks.windows(2) {
            let width = (pair[1] - pair[0]) / parts as f64;
            open.extend((0..parts).map(|i| (pair[0] + i as f64 * width, width, 0)));
        }
        open.reverse();
        while let Some((left, width, depth)) = open.pop() {
            let [first, middle, last] = [0.01, 0.5, 0.99].map(|share| self.kept(leaf, skin, left + share * width));
            let length = |kept: &[[f64; 2]]| kept.iter().map(|[low, high]| high - low).sum::<f64>();
            let [a, b, c] = [&first, &middle, &last].map(|kept| length(kept));
            if (a - c).abs().max((a - 2.0 * b + c).abs()) > UNEVEN && depth < HALVINGS {
                let half = 0.5 * width;
                open.extend([(left + half, half, depth + 1), (left, half, depth + 1)]);
                continue;
            }
            for [low, high] in middle {
                let area = sweep.skins[skin].area * width * (high - low);
                let (low, high) = ([left, low], [left + width, high]);
                strips.push(Strip {
                    leaf,
                    skin,
                    low,
                    high,
                    before: 0.0,
                    share: area,
                });
            }
        }
        strips
    }

    /// The intervals of the second number in which the surface bounds the solid.
    fn kept(&self, leaf: usize, skin: usize, u: f64) -> Vec<[f64; 2]> {
        let holds = |v: f64| self.bounding(leaf, skin, [u, v]).is_some();
        let edge = |mut a: f64, mut b: f64| {
            let sign = holds(a);
            for _ in 0..30 {
                let middle = 0.5 * (a + b);
                if holds(middle) == sign {
                    a = middle;
                } else {
                    b = middle;
                }
            }
            0.5 * (a + b)
        };
        let place = |k: usize| (k as f64 + 0.5) / PROBES as f64;
        let mut kept = Vec::new();
        let mut start = holds(place(0)).then_some(0.0);
        for k in 1..=PROBES {
            let here = k < PROBES && holds(place(k));
            match start {
                Some(low) if !here => {
                    let high = if k == PROBES { 1.0 } else { edge(place(k - 1), place(k)) };
                    kept.push([low, high]);
                    start = None;
                }
                None if here => start = Some(edge(place(k - 1), place(k))),
                _ => {}
            }
        }
        kept
    }

    fn border(&self, face: Face) -> &Border {
        let Some(border) = self.borders.iter().find(|border| border.face == face) else {
            unreachable!("`{}` is no boundary of this shape", face.name)
        };
        border
    }

    /// Finds the factors of the distances.
    fn sign(&mut self) {
        let rule = self.cubes.rule(1, |x| self.label(x) > 0);
        let step = rule.len().div_ceil(1000).max(1);
        let probes: Vec<[f64; 3]> = rule
            .iter()
            .step_by(step)
            .map(|(unit, _)| self.interior_point(*unit))
            .collect();
        let factor = |(leaf, number): (usize, usize)| {
            let sweep = &self.leaves[leaf];
            let values = probes.iter().map(|x| {
                sweep
                    .distance(&sweep.skins[number], x.map(CoordinateJet::constant))
                    .value
            });
            let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
            let whole = low * high > 0.0;
            whole.then(|| (leaf, number, low.signum() / low.abs().max(high.abs()).max(1.0)))
        };
        let found: Vec<Option<Vec<(usize, usize, f64)>>> = self
            .borders
            .iter()
            .map(|border| border.parts.iter().copied().map(factor).collect())
            .collect();
        for (border, signs) in self.borders.iter_mut().zip(found) {
            border.signs = signs.unwrap_or_default();
        }
    }
}

impl Shape for Solid {
    fn dimension(&self) -> usize {
        3
    }

    fn faces(&self) -> Vec<Face> {
        self.borders.iter().map(|border| border.face).collect()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        (self.low, self.high)
    }

    fn measure(&self) -> f64 {
        self.cubes.volume
    }

    fn face_measure(&self, face: Face) -> f64 {
        self.border(face).area
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        let map = Affine::scaling(factor);
        let border = |border: &Border| Border {
            area: border.area * factor * factor,
            ..border.clone()
        };
        Box::new(Self {
            leaves: self.leaves.iter().map(|leaf| leaf.mapped(&map)).collect(),
            tree: Arc::clone(&self.tree),
            regions: self.regions.clone(),
            low: self.low.map(|v| v * factor),
            high: self.high.map(|v| v * factor),
            cubes: self.cubes.scaled(factor),
            borders: self.borders.iter().map(border).collect(),
        })
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.cubes.point(unit, |x| self.label(x) > 0)
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let border = self.border(face);
        let index = border
            .strips
            .partition_point(|strip| strip.before <= unit[0])
            .saturating_sub(1);
        let strip = &border.strips[index];
        let at = |u: [f64; 2]| std::array::from_fn(|j| strip.low[j] + u[j] * (strip.high[j] - strip.low[j]));
        let first = [super::strata::within(unit[0], strip.before, strip.share), unit[1]];
        let mut state = first.iter().fold(0, |state, v| mix(state, v.to_bits()));
        let mut u = first;
        for _ in 0..TRIALS {
            if let Some(point) = self.bounding(strip.leaf, strip.skin, at(u)) {
                return point;
            }
            for v in &mut u {
                state = mix(state, 1);
                *v = (state >> 11) as f64 / (1_u64 << 53) as f64;
            }
        }
        let sweep = &self.leaves[strip.leaf];
        let [u, v] = at([0.5, 0.5]);
        sweep.surface_point(&sweep.skins[strip.skin], [u, v, 0.5])
    }

    /// NaN where a surface of the boundary goes on through the solid.
    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let signs = &self.border(face).signs;
        if signs.is_empty() {
            return CoordinateJet::constant(f64::NAN);
        }
        let part = |&(leaf, skin, factor): &(usize, usize, f64)| {
            self.leaves[leaf]
                .distance(&self.leaves[leaf].skins[skin], x)
                .scale(factor)
        };
        super::boundary_distance::meet(&signs.iter().map(part).collect::<Vec<_>>())
    }

    fn smooth(&self, face: Face) -> bool {
        !self.border(face).signs.is_empty()
    }

    fn meeting(&self, _first: Face, _second: Face) -> Vec<[f64; 3]> {
        Vec::new()
    }

    /// Inside see [`Cubes::rule`]; on a boundary Gauss points along the middle of every strip.
    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        let Some(face) = face else {
            return Some(self.cubes.rule(order, |x| self.label(x) > 0));
        };
        let gauss = gauss_legendre(order.max(1));
        let strips = self.border(face).strips.iter();
        Some(
            strips
                .flat_map(|strip| {
                    let u = strip.before + 0.5 * strip.share;
                    // The whole of the second number may be a full turn.
                    let panels = ((strip.high[1] - strip.low[1]) * PANELS).ceil().max(1.0);
                    let gauss = &gauss;
                    (0..panels as usize).flat_map(move |i| {
                        let point =
                            move |&(v, w): &(f64, f64)| ([u, (i as f64 + v) / panels, 0.5], strip.share * w / panels);
                        gauss.iter().map(point)
                    })
                })
                .collect(),
        )
    }

    fn grid(&self, cells: usize) -> Option<Mesh> {
        Some(super::clipped::clipped(self, cells))
    }

    fn regions(&self) -> Vec<&'static str> {
        self.regions.clone()
    }

    fn region(&self, x: [f64; 3]) -> usize {
        (self.label(x) as usize)
            .saturating_sub(1)
            .min(self.regions.len().saturating_sub(1))
    }
}

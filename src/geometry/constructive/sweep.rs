//! Solids that a plane shape sweeps over: straight along z, or round the z axis.

use std::f64::consts::TAU;
use std::sync::Arc;

use super::affine::Affine;
use super::planar::{Border, Planar};
use super::strata::{Cells, Edges, Weight};
use crate::geometry::{Face, Point, Shape, SurfacePoint};
use crate::jet::{CoordinateJet, Scalar};

/// How a profile moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Motion {
    /// From z = 0 to this height; the profile lies in (x, y).
    Straight(f64),
    /// Round the z axis, from the first angle over the second one, radians; the profile lies in (r, z), r ≥ 0.
    Round(f64, f64),
}

/// A part of a sweep's surface.
#[derive(Clone, Debug)]
enum Part {
    /// What a border of the profile sweeps over: its number, interfaces after the others, and its edges, with their density.
    Side(usize, Edges),
    /// The profile at the beginning or at the end of its way.
    Cap(bool),
}

/// A named boundary of a sweep.
#[derive(Clone, Debug)]
pub(super) struct Skin {
    pub(super) face: Face,
    /// The parts with the share of each.
    parts: Vec<(Part, f64)>,
    /// Its area.
    pub(super) area: f64,
}

/// A solid.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    pub(super) profile: Arc<Planar>,
    pub(super) motion: Motion,
    pub(super) map: Affine,
    /// Names of the caps.
    caps: [&'static str; 2],
    cells: Cells,
    pub(super) skins: Vec<Skin>,
    /// What the interfaces of the profile sweep over, with the regions on both sides.
    pub(super) inner: Vec<(Skin, [usize; 2])>,
    pub(super) volume: f64,
}

impl Sweep {
    /// The solid, mapped; `caps` are the names of the profile's first and last place.
    pub(super) fn new(profile: Arc<Planar>, motion: Motion, map: Affine, caps: [&'static str; 2]) -> Self {
        let (weight, way) = match motion {
            Motion::Straight(height) => (Weight::Even, height),
            Motion::Round(_, angle) => (Weight::Radius, angle),
        };
        let cells = profile.cells.weighted(weight);
        let factor = map.factor();
        let mut sweep = Self {
            volume: cells.total * way * factor.powi(3),
            profile,
            motion,
            map,
            caps,
            cells,
            skins: Vec::new(),
            inner: Vec::new(),
        };
        let mut parts: Vec<(&'static str, Part, f64)> = Vec::new();
        for (number, border) in sweep.profile.borders.iter().enumerate() {
            let edges = border.edges.weighted(weight);
            let area = edges.total * way;
            if area > 1e-12 * sweep.profile.domain.extent.powi(2) {
                parts.push((border.face.name, Part::Side(number, edges), area));
            }
        }
        if !sweep.full() {
            for end in [false, true] {
                parts.push((caps[usize::from(end)], Part::Cap(end), sweep.profile.cells.total));
            }
        }
        for (name, part, area) in parts {
            let skin = match sweep.skins.iter().position(|skin| skin.face.name == name) {
                Some(known) => &mut sweep.skins[known],
                None => {
                    let face = Face {
                        name,
                        axis: 0,
                        high: false,
                    };
                    sweep.skins.push(Skin {
                        face,
                        parts: Vec::new(),
                        area: 0.0,
                    });
                    let last = sweep.skins.len() - 1;
                    &mut sweep.skins[last]
                }
            };
            skin.parts.push((part, area));
            skin.area += area;
        }
        for (number, (border, sides)) in sweep.profile.interfaces.iter().enumerate() {
            let edges = border.edges.weighted(weight);
            let area = edges.total * way;
            let part = Part::Side(sweep.profile.borders.len() + number, edges);
            sweep.inner.push((
                Skin {
                    face: border.face,
                    parts: vec![(part, area)],
                    area,
                },
                *sides,
            ));
        }
        for skin in sweep
            .skins
            .iter_mut()
            .chain(sweep.inner.iter_mut().map(|(skin, _)| skin))
        {
            skin.parts.iter_mut().for_each(|(_, area)| *area /= skin.area);
            skin.area *= factor * factor;
        }
        sweep
    }

    fn border(&self, number: usize) -> &Border {
        let outer = self.profile.borders.len();
        if number < outer {
            &self.profile.borders[number]
        } else {
            &self.profile.interfaces[number - outer].0
        }
    }

    /// The length that distances are by.
    pub(super) fn size(&self) -> f64 {
        self.map.factor() * self.profile.domain.extent
    }

    /// The name of the first or the last place of the profile.
    pub(super) fn cap(&self, end: bool) -> &'static str {
        self.caps[usize::from(end)]
    }

    /// Its image.
    pub(super) fn mapped(&self, map: &Affine) -> Self {
        Self::new(Arc::clone(&self.profile), self.motion, map.after(&self.map), self.caps)
    }

    /// Whether the profile comes back to its beginning.
    pub(super) fn full(&self) -> bool {
        matches!(self.motion, Motion::Round(_, angle) if angle > TAU - 1e-9)
    }

    /// The solid's place of a point of the profile and of its way, both from 0 to 1, before the map; and how its vectors turn.
    fn lifted(&self, x: [f64; 2], normal: [f64; 2], way: f64) -> SurfacePoint {
        match self.motion {
            Motion::Straight(height) => SurfacePoint {
                x: [x[0], x[1], height * way],
                normal: [normal[0], normal[1], 0.0],
            },
            Motion::Round(from, angle) => {
                let (s, c) = (from + angle * way).sin_cos();
                SurfacePoint {
                    x: [x[0] * c, x[0] * s, x[1]],
                    normal: [normal[0] * c, normal[0] * s, normal[1]],
                }
            }
        }
    }

    /// The image of a point of the profile and of its way.
    pub(super) fn place(&self, x: [f64; 2], way: f64) -> [f64; 3] {
        self.map.point(self.lifted(x, [0.0; 2], way).x)
    }

    /// A uniform point of the inside.
    pub(super) fn point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.place(self.cells.point(unit[0], unit[1]), unit[2])
    }

    /// A rule for the inside, in the numbers of [`Sweep::point`].
    pub(super) fn rule(&self, order: usize) -> Vec<([f64; 3], f64)> {
        let along = self.along(order);
        let plane = self.cells.rule(order);
        plane
            .iter()
            .flat_map(|&([u, v], w)| along.iter().map(move |&(t, wt)| ([u, v, t], w * wt)))
            .collect()
    }

    /// Gauss points along the way: one panel, or one per sixth of a turn.
    fn along(&self, order: usize) -> Vec<(f64, f64)> {
        let panels = match self.motion {
            Motion::Straight(_) => 1.0,
            Motion::Round(_, angle) => (6.0 * angle / TAU - 1e-9).ceil().max(1.0),
        };
        let gauss = crate::sampler::gauss_legendre(order.max(1));
        (0..panels as usize)
            .flat_map(|i| gauss.iter().map(move |&(t, w)| ((i as f64 + t) / panels, w / panels)))
            .collect()
    }

    /// A uniform point of a boundary, from two numbers.
    pub(super) fn surface_point(&self, skin: &Skin, unit: [f64; 3]) -> SurfacePoint {
        let mut u = unit[0];
        let mut last = None;
        for (part, share) in &skin.parts {
            last = Some((part, (u / share).min(1.0)));
            if u < *share {
                break;
            }
            u -= share;
        }
        let Some((part, u)) = last else {
            unreachable!("a boundary has parts")
        };
        let local = match part {
            Part::Side(_, edges) => {
                let (x, left) = edges.point(u);
                self.lifted(x, left.map(|v| -v), unit[1])
            }
            Part::Cap(end) => {
                let way = f64::from(u8::from(*end));
                let sign = 2.0 * way - 1.0;
                let mut point = self.lifted(self.profile.cells.point(u, unit[1]), [0.0; 2], way);
                point.normal = match self.motion {
                    Motion::Straight(_) => [0.0, 0.0, sign],
                    Motion::Round(from, angle) => {
                        let (s, c) = (from + angle * way).sin_cos();
                        [-sign * s, sign * c, 0.0]
                    }
                };
                point
            }
        };
        let factor = self.map.factor();
        SurfacePoint {
            x: self.map.point(local.x),
            normal: self.map.vector(local.normal).map(|v| v / factor),
        }
    }

    /// Where the first number of [`Sweep::surface_point`] passes from one smooth piece to the next, 1 at the end.
    pub(super) fn breaks(&self, skin: &Skin) -> Vec<f64> {
        let mut breaks = Vec::new();
        let mut before = 0.0;
        for (part, share) in &skin.parts {
            let inner = match part {
                Part::Side(_, edges) => edges.breaks(),
                Part::Cap(_) => self.profile.cells.breaks(),
            };
            breaks.extend(inner.into_iter().map(|u| before + share * u));
            before += share;
        }
        breaks.push(1.0);
        breaks
    }

    /// A rule for a boundary, in the numbers of [`Sweep::surface_point`].
    pub(super) fn surface_rule(&self, skin: &Skin, order: usize) -> Vec<([f64; 3], f64)> {
        let along = self.along(order);
        let mut rule = Vec::new();
        let mut before = 0.0;
        for (part, share) in &skin.parts {
            let number = |u: f64| before + share * u;
            match part {
                Part::Side(_, edges) => {
                    for (u, w) in edges.rule(order) {
                        rule.extend(along.iter().map(|&(t, wt)| ([number(u), t, 0.5], share * w * wt)));
                    }
                }
                Part::Cap(_) => {
                    let plane = self.profile.cells.rule(order);
                    rule.extend(plane.iter().map(|&([u, v], w)| ([number(u), v, 0.5], share * w)));
                }
            }
            before += share;
        }
        rule
    }

    /// The profile's coordinates of x and the share of its way, which leaves [0, 1] outside.
    pub(super) fn unswept(&self, x: [f64; 3]) -> ([f64; 2], f64) {
        let y = self.map.inverse(x);
        match self.motion {
            Motion::Straight(height) => ([y[0], y[1]], y[2] / height),
            Motion::Round(from, angle) => {
                let turn = y[1].atan2(y[0]) - from;
                // Angles count from the middle, so that both ends of the way are equally far.
                let middle = 0.5 * angle;
                let offset = turn - middle - TAU * ((turn - middle) / TAU).round();
                // The axis bounds the profile, not the solid.
                let r = y[0].hypot(y[1]).max(1e-9 * self.profile.domain.extent);
                ([r, y[2]], 0.5 + offset / angle)
            }
        }
    }

    /// Negative inside, positive outside, and of slope 1 at most; the distance near the surface.
    pub(super) fn signed(&self, x: [f64; 3]) -> f64 {
        let (place, way) = self.unswept(x);
        let beyond = (way - 0.5).abs() - 0.5;
        let (plane, ends) = match self.motion {
            Motion::Straight(height) => (self.profile.signed_distance(place, true), beyond * height),
            Motion::Round(..) if self.full() => (self.profile.signed_distance(place, false), f64::NEG_INFINITY),
            Motion::Round(_, angle) => {
                let turn = (beyond * angle).clamp(-0.25 * TAU, 0.25 * TAU);
                (self.profile.signed_distance(place, false), place[0] * turn.sin())
            }
        };
        let outside = plane.max(0.0).hypot(ends.max(0.0));
        self.map.factor() * if outside > 0.0 { outside } else { plane.max(ends) }
    }

    /// The region of x, 0 outside.
    pub(super) fn label(&self, x: [f64; 3]) -> u32 {
        let (place, way) = self.unswept(x);
        if self.full() || (0.0..=1.0).contains(&way) {
            self.profile.domain.label(place)
        } else {
            0
        }
    }

    /// Corners of an enclosing box along the axes.
    pub(super) fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let (low, high) = self.profile.bounds();
        let (mut min, mut max) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        let mut take = |x: [f64; 3]| {
            let x = self.map.point(x);
            for j in 0..3 {
                min[j] = min[j].min(x[j]);
                max[j] = max[j].max(x[j]);
            }
        };
        match self.motion {
            Motion::Straight(height) => {
                for corner in 0..8 {
                    let pick = |bit: usize, a: f64, b: f64| if corner >> bit & 1 == 0 { a } else { b };
                    take([pick(0, low[0], high[0]), pick(1, low[1], high[1]), pick(2, 0.0, height)]);
                }
            }
            Motion::Round(from, angle) => {
                // Tangents of a polygon round the circle hold it.
                let steps = (32.0 * angle / TAU).ceil().max(1.0);
                let half = 0.5 * angle / steps;
                for i in 0..=2 * steps as usize {
                    let (s, c) = (from + half * i as f64).sin_cos();
                    let outer = if i % 2 == 1 { high[0] / half.cos() } else { high[0] };
                    for r in [low[0], outer] {
                        for z in [low[1], high[1]] {
                            take([r * c, r * s, z]);
                        }
                    }
                }
            }
        }
        (min, max)
    }

    /// Points on two boundaries.
    pub(super) fn meeting(&self, first: &Skin, second: &Skin) -> Vec<[f64; 3]> {
        let mut found = Vec::new();
        let ways: &[f64] = if self.full() {
            &[0.0, 0.3, 0.6]
        } else {
            &[0.0, 0.5, 1.0]
        };
        for (a, _) in &first.parts {
            for (b, _) in &second.parts {
                match (a, b) {
                    (Part::Side(i, _), Part::Side(k, _)) => {
                        for &vertex in self.border(*i).vertices.intersection(&self.border(*k).vertices) {
                            let x = self.profile.domain.vertices[vertex];
                            found.extend(ways.iter().map(|&way| self.place(x, way)));
                        }
                    }
                    (Part::Side(_, edges), Part::Cap(end)) | (Part::Cap(end), Part::Side(_, edges)) => {
                        let way = f64::from(u8::from(*end));
                        let shares = (0..=16).map(|i| f64::from(i) / 16.0);
                        found.extend(shares.map(|u| self.place(edges.point(u).0, way)));
                    }
                    (Part::Cap(_), Part::Cap(_)) => {}
                }
            }
        }
        found
    }

    /// Zero on a boundary, smooth and positive inside, by the size of the profile.
    pub(super) fn distance(&self, skin: &Skin, x: Point) -> CoordinateJet {
        let y = self.map.inverse_jets(x);
        let extent = self.profile.domain.extent;
        let parts: Vec<CoordinateJet> = skin
            .parts
            .iter()
            .flat_map(|(part, _)| match (part, self.motion) {
                (Part::Side(number, _), Motion::Straight(_)) => {
                    let chains = &self.border(*number).chains;
                    chains.iter().map(|chain| chain.distance(y)).collect()
                }
                (Part::Side(number, _), Motion::Round(..)) => {
                    // The square root of a square that never is 0, also on the axis.
                    let square = (y[0] * y[0] + y[1] * y[1]).offset((1e-9 * extent).powi(2));
                    let chains = self.border(*number).chains.iter();
                    chains
                        .filter(|chain| !chain.on_axis())
                        .map(|chain| chain.revolved(square, y[2]))
                        .collect()
                }
                (Part::Cap(end), Motion::Straight(height)) => {
                    vec![if *end { (-y[2]).offset(height) } else { y[2] }.scale(1.0 / extent.max(height))]
                }
                (Part::Cap(end), Motion::Round(from, angle)) => vec![half_plane(from, angle, *end, y, extent)],
            })
            .collect();
        super::boundary_distance::meet(&parts)
    }
}

/// Zero on the half plane of an angle, positive on the side of a revolution from `from` over `angle`.
fn half_plane(from: f64, angle: f64, end: bool, y: Point, extent: f64) -> CoordinateJet {
    let (at, sign) = if end { (from + angle, -1.0) } else { (from, 1.0) };
    let (s, c) = at.sin_cos();
    let across = (y[1].scale(c) - y[0].scale(s)).scale(sign / extent);
    if angle <= 0.5 * TAU {
        return across;
    }
    // The plane goes on through the solid beyond the axis: r·sin(φ/2) is 0 on its half only.
    let ahead = (y[0].scale(c) + y[1].scale(s)).scale(1.0 / extent);
    let radius = (across * across + ahead * ahead).offset(1e-24).sqrt();
    if ahead.value > 0.0 {
        // sin(φ/2) = sin φ·√(r/(2·(r + r·cos φ))), without cancelling.
        let positive = if across.value < -1e-9 { -across } else { across };
        positive * (radius / (radius + ahead).scale(2.0)).sqrt()
    } else {
        (radius * (radius - ahead)).scale(0.5).sqrt()
    }
}

//! A shape divided into regions by conditions on the position.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dividing_surface::Surface;
use super::level_set::{Level, Piece, pieces};
use super::{Chart, Corner, Face, Interface, Point, Shape, SurfacePoint, cut_cells};
use crate::jet::{CoordinateJet, Pole};
use crate::mesh::intern;
use crate::quantity::Formula;
use crate::sampler::{PointSet, SamplerKind};

/// A shape whose regions are where formulas are negative; at most one region takes the rest.
#[derive(Debug)]
pub struct Partitioned {
    inner: Box<dyn Shape>,
    names: Vec<&'static str>,
    levels: Vec<Option<Level>>,
    /// What is left is in this region.
    rest: usize,
    surfaces: Arc<Vec<Surface>>,
    /// The surfaces were made for a shape that was so many times smaller.
    factor: f64,
}

/// Why regions cannot be what conditions say.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// No point of the domain is in the region.
    Empty(usize),
    /// A point is in two regions.
    Overlap(usize, usize, [f64; 3]),
    /// A point is in none.
    Uncovered([f64; 3]),
}

/// Points at which regions are checked.
const PROBES: usize = 4096;
/// How far from a surface its sides are asked for, by the size of the domain.
const ASIDE: f64 = 1e-6;
/// Cells of the rule per axis in 1, 2 and 3 dimensions.
const CELLS: [usize; 3] = [64, 16, 6];

impl Partitioned {
    /// Divides `inner`: a name per region, with the function that is negative in it, in the shape's own coordinates. Without a
    /// function the region takes what the others leave.
    ///
    /// # Errors
    /// What is wrong with the regions.
    pub fn new(inner: Box<dyn Shape>, regions: Vec<(&str, Option<Formula>)>) -> Result<Self, Flaw> {
        let names: Vec<&'static str> = regions.iter().map(|(name, _)| intern(name)).collect();
        let levels: Vec<Option<Level>> = regions
            .into_iter()
            .map(|(_, formula)| formula.map(Level::new))
            .collect();
        let rest = levels.iter().position(Option::is_none);
        let mut counts = vec![0; levels.len()];
        for unit in PointSet::new(SamplerKind::Sobol, PROBES, 4, 57).points() {
            let x = inner.interior_point([unit[0], unit[1], unit[2]]);
            let mut holding =
                (0..levels.len()).filter(|&r| levels[r].as_ref().is_some_and(|level| level.value(x) < 0.0));
            match (holding.next(), holding.next()) {
                (Some(a), Some(b)) => return Err(Flaw::Overlap(a, b, x)),
                (Some(a), None) => counts[a] += 1,
                _ => counts[rest.ok_or(Flaw::Uncovered(x))?] += 1,
            }
        }
        if let Some(empty) = counts.iter().position(|count| *count == 0) {
            return Err(Flaw::Empty(empty));
        }
        let mut shape = Self {
            inner,
            names,
            levels,
            rest: rest.unwrap_or(0),
            surfaces: Arc::new(Vec::new()),
            factor: 1.0,
        };
        shape.surfaces = Arc::new(shape.find_surfaces());
        Ok(shape)
    }

    fn find_surfaces(&self) -> Vec<Surface> {
        let d = self.dimension();
        let (min, max) = self.bounds();
        let aside = ASIDE * (0..d).map(|j| max[j] - min[j]).fold(0.0, f64::max);
        let mut found: BTreeMap<(usize, usize, usize, bool), Vec<Piece>> = BTreeMap::new();
        for (index, level) in self.levels.iter().enumerate() {
            let Some(level) = level else { continue };
            for piece in pieces(level, d, |unit| self.inner.interior_point(unit)) {
                let corners = piece.len() as f64;
                let middle = level.project([0, 1, 2].map(|j| piece.iter().map(|x| x[j]).sum::<f64>() / corners));
                // Where two levels end together the first one counts.
                let earlier = self.levels[..index].iter().flatten();
                if earlier.map(|other| other.away(middle)).any(|away| away < aside) {
                    continue;
                }
                let normal = level.normal(middle);
                let [inside, outside] =
                    [-aside, aside].map(|step| self.region(std::array::from_fn(|j| middle[j] + step * normal[j])));
                if inside != outside {
                    let key = (inside.min(outside), inside.max(outside), index, inside < outside);
                    found.entry(key).or_default().push(piece);
                }
            }
        }
        let mut surfaces: Vec<Surface> = Vec::new();
        for ((first, second, level, outwards), pieces) in found {
            // The points of an interval have their own conditions each.
            let parts: Vec<Vec<Piece>> = if d == 1 {
                pieces.into_iter().map(|piece| vec![piece]).collect()
            } else {
                vec![pieces]
            };
            for pieces in parts {
                let plain = format!("{}|{}", self.names[first], self.names[second]);
                let before = surfaces.iter().filter(|s| s.sides == [first, second]).count();
                let name = match before {
                    0 => plain,
                    n => format!("{plain} {}", n + 1),
                };
                surfaces.extend(Surface::new(
                    &name,
                    [first, second],
                    (level, outwards),
                    pieces,
                    &self.levels,
                ));
            }
        }
        surfaces
    }

    /// Points of the unit cube in cells that surfaces do not cross, where `map` takes the cube into the domain; graded towards the
    /// ends of its axes like [`crate::sampler::graded_rule`], by u = v²·(3 − 2v).
    fn cut_rule(&self, axes: usize, order: usize, map: impl Fn([f64; 3]) -> [f64; 3]) -> Vec<([f64; 3], f64)> {
        let graded = |v: [f64; 3]| -> [f64; 3] {
            std::array::from_fn(|j| {
                if j < axes {
                    v[j] * v[j] * (3.0 - 2.0 * v[j])
                } else {
                    v[j]
                }
            })
        };
        let map = &map;
        let functions: Vec<_> = self
            .levels
            .iter()
            .flatten()
            .map(|level| move |v| level.value(map(graded(v))))
            .collect();
        let functions: Vec<&dyn Fn([f64; 3]) -> f64> = functions.iter().map(|f| f as _).collect();
        let points = cut_cells::rule(&functions, axes, CELLS[axes - 1], order).into_iter();
        points
            .map(|(v, weight)| {
                let stretch: f64 = v[..axes].iter().map(|v| 6.0 * v * (1.0 - v)).product();
                (graded(v), weight * stretch)
            })
            .collect()
    }

    fn surface(&self, face: Face) -> Option<&Surface> {
        self.surfaces.iter().find(|surface| surface.name == face.name)
    }
}

impl Shape for Partitioned {
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    fn faces(&self) -> Vec<Face> {
        self.inner.faces()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        self.inner.bounds()
    }

    fn measure(&self) -> f64 {
        self.inner.measure()
    }

    fn face_measure(&self, face: Face) -> f64 {
        match self.surface(face) {
            Some(surface) => surface.measure * self.factor.powi(self.dimension() as i32 - 1),
            None => self.inner.face_measure(face),
        }
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        let scaled = |level: &Option<Level>| level.as_ref().map(|level| level.scaled(factor));
        Box::new(Self {
            inner: self.inner.scaled(factor),
            names: self.names.clone(),
            levels: self.levels.iter().map(scaled).collect(),
            rest: self.rest,
            surfaces: self.surfaces.clone(),
            factor: self.factor * factor,
        })
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.inner.interior_point(unit)
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let Some((surface, level)) = self
            .surface(face)
            .and_then(|surface| Some((surface, self.levels[surface.level].as_ref()?)))
        else {
            return self.inner.face_point(face, unit);
        };
        let x = level.project(surface.place(unit).map(|v| v * self.factor));
        let sign = if surface.outwards { 1.0 } else { -1.0 };
        SurfacePoint {
            x,
            normal: level.normal(x).map(|n| sign * n),
        }
    }

    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        self.inner.distance(face, x)
    }

    fn smooth(&self, face: Face) -> bool {
        self.inner.smooth(face)
    }

    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]> {
        self.inner.meeting(first, second)
    }

    fn chart(&self) -> Option<&dyn Chart> {
        self.inner.chart()
    }

    /// Cells that surfaces do not cross; on a surface its pieces.
    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        match face {
            Some(face) => match self.surface(face) {
                Some(surface) => Some(surface.rule(order)),
                None if self.dimension() == 1 => None,
                None => Some(self.cut_rule(self.dimension() - 1, order, |unit| self.inner.face_point(face, unit).x)),
            },
            None => Some(self.cut_rule(self.dimension(), order, |unit| self.inner.interior_point(unit))),
        }
    }

    fn regions(&self) -> Vec<&'static str> {
        self.names.clone()
    }

    fn region(&self, x: [f64; 3]) -> usize {
        let inside = |level: &Option<Level>| level.as_ref().is_some_and(|level| level.value(x) < 0.0);
        self.levels.iter().position(inside).unwrap_or(self.rest)
    }

    fn interfaces(&self) -> Vec<Interface> {
        self.surfaces
            .iter()
            .map(|surface| Interface {
                face: surface.face(),
                sides: surface.sides,
            })
            .collect()
    }

    fn poles(&self) -> Vec<Pole> {
        self.inner.poles()
    }

    fn corners(&self) -> Vec<Corner> {
        self.inner.corners()
    }

    fn normal_axis(&self, face: Face) -> Option<(usize, bool)> {
        self.inner.normal_axis(face)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::axis_box::AxisBox;

    fn formula(text: &str) -> Formula {
        let formula = Formula::condition(text, &BTreeMap::new(), [true, true, true, false, false]);
        formula.unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn divided(dimension: usize, regions: &[(&str, Option<&str>)]) -> Result<Partitioned, Flaw> {
        let shape = Box::new(AxisBox::new(dimension, [-1.0; 3], [1.0; 3]));
        let regions = regions.iter().map(|(name, text)| (*name, text.map(formula))).collect();
        Partitioned::new(shape, regions)
    }

    fn made(dimension: usize, regions: &[(&str, Option<&str>)]) -> Partitioned {
        divided(dimension, regions).unwrap_or_else(|flaw| panic!("{flaw:?}"))
    }

    /// ∫ div F over the inner region = ∮ F·n over the interface, also after scaling.
    #[test]
    fn the_divergence_theorem_holds_for_an_inner_region() {
        for (dimension, text, bound) in [(2, "x^2 + 2*y^2 < 0.4", 1e-6), (3, "x^2 + y^2 + z^2 < 0.36", 1e-2)] {
            let shape = made(dimension, &[("core", Some(text)), ("rest", None)]).scaled(3.0);
            let field = |x: [f64; 3]| [x[0] * x[0] * x[0] + x[1], x[1] - x[0], x[2] * x[0]];
            let divergence = |x: [f64; 3]| match dimension {
                2 => 3.0 * x[0] * x[0] + 1.0,
                _ => 3.0 * x[0] * x[0] + 1.0 + x[0],
            };
            let inside: f64 = shape
                .rule(None, 5)
                .unwrap_or_default()
                .into_iter()
                .map(|(unit, weight)| (shape.interior_point(unit), weight * shape.measure()))
                .filter(|(x, _)| shape.region(*x) == 0)
                .map(|(x, weight)| weight * divergence(x))
                .sum();
            let interfaces = shape.interfaces();
            assert_eq!(interfaces.len(), 1);
            assert_eq!(interfaces[0].sides, [0, 1]);
            let face = interfaces[0].face;
            let through: f64 = shape
                .rule(Some(face), 3)
                .unwrap_or_default()
                .into_iter()
                .map(|(unit, weight)| {
                    let SurfacePoint { x, normal } = shape.face_point(face, unit);
                    let flux: f64 = field(x).iter().zip(normal).map(|(f, n)| f * n).sum();
                    weight * shape.face_measure(face) * flux
                })
                .sum();
            assert!(
                (through / inside - 1.0).abs() < bound,
                "{dimension}: {through} {inside}"
            );
        }
    }

    /// A square inside a square: four sides of a level with kinks, and three layers whose conditions end together.
    #[test]
    fn layers_touch_once_and_normals_point_from_the_first_to_the_second() {
        let shape = made(
            2,
            &[
                ("a", Some("y < -0.3")),
                ("b", Some("-0.3 < y < 0.4")),
                ("c", Some("y > 0.4")),
            ],
        );
        let interfaces = shape.interfaces();
        let sides: Vec<[usize; 2]> = interfaces.iter().map(|interface| interface.sides).collect();
        assert_eq!(sides, [[0, 1], [1, 2]]);
        for interface in interfaces {
            let SurfacePoint { normal, .. } = shape.face_point(interface.face, [0.3; 3]);
            assert_eq!(normal, [0.0, 1.0, 0.0]);
            assert!((shape.face_measure(interface.face) - 2.0).abs() < 1e-9);
        }
        let box_in_box = made(
            2,
            &[("inner", Some("-0.5 < x < 0.5 and -0.5 < y < 0.5")), ("outer", None)],
        );
        let perimeter = box_in_box.face_measure(box_in_box.interfaces()[0].face);
        assert!((perimeter - 4.0).abs() < 0.05, "{perimeter}");
    }

    #[test]
    fn the_points_of_an_interval_are_interfaces_of_their_own() {
        let shape = made(1, &[("middle", Some("-0.5 < x < 0.25")), ("ends", None)]);
        let found: Vec<(&str, f64, f64)> = shape
            .interfaces()
            .iter()
            .map(|interface| {
                let point = shape.face_point(interface.face, [0.5; 3]);
                (interface.face.name, point.x[0], point.normal[0])
            })
            .collect();
        assert_eq!(found, [("middle|ends", -0.5, -1.0), ("middle|ends 2", 0.25, 1.0)]);
    }

    #[test]
    fn regions_that_overlap_or_are_empty_or_leave_gaps_are_flaws() {
        let flaw = |regions: &[(&str, Option<&str>)]| divided(2, regions).err();
        assert!(matches!(
            flaw(&[("a", Some("x < 0.1")), ("b", Some("x > 0"))]),
            Some(Flaw::Overlap(0, 1, _))
        ));
        assert_eq!(flaw(&[("a", Some("x > 2")), ("b", None)]), Some(Flaw::Empty(0)));
        assert!(matches!(
            flaw(&[("a", Some("x < 0")), ("b", Some("x > 0.1"))]),
            Some(Flaw::Uncovered(_))
        ));
    }
}

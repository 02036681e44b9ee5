//! The problem: read, checked as a whole, and made dimensionless.

mod axis;
mod build;
mod enforcement;
mod field;
mod file;
pub mod formula;
mod hard_flux;
mod input;
mod jump;
mod known;
mod load;
mod locate;
mod material;
mod materials;
mod numerics;
mod pairs;
mod placed;
mod reference;
mod sample;
pub mod scales;
mod singular;
mod size;
mod suitability;
mod support;
mod values;

pub use field::Field;
pub use file::{Batch, Exact, Limits, Memory, Output, Points, ProblemFile, Reference, Tolerance, Whole};
pub use known::Known;
pub use load::{load, resolved, resolved_in};
pub use locate::{Path, Step, locate};
pub use material::Material;
pub use scales::Scales;
pub use values::{Expression, Values, Variables};

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::batch::Draw;
use crate::condition::BoundaryPoint;
use crate::equation::Equation;
use crate::formulation::{Ansatz, BoundaryTerm, Formulation, Place};
use crate::geometry::{Face, Shape, SurfacePoint};
use crate::network::{NetworkKind, Pole};
use crate::sampler::{Gauss, PointSet, SamplerKind, gauss_legendre, graded_rule, mix};
use crate::training::{Attempt, StageKind, changes_form};

/// How far inside of a boundary point its region is asked for, by the size of the domain.
const INWARDS: f64 = 1e-7;

/// A checked problem, dimensionless throughout.
#[derive(Debug)]
pub struct Problem {
    /// The file it was made from, with command-line settings applied.
    pub file: ProblemFile,
    /// Its units.
    pub scales: Scales,
    /// The domain by the length scale.
    pub shape: Arc<dyn Shape>,
    /// The equation.
    pub equation: Box<dyn Equation>,
    /// Values that hold exactly.
    pub ansatz: Ansatz,
    /// Conditions that enter the loss.
    pub terms: Vec<BoundaryTerm>,
    /// Boundaries whose prescribed values differ from the start.
    pub jumps: Vec<Face>,
    /// Corners at which the field may be singular.
    pub singular: Vec<Pole>,
    /// The exact solution per region and component of the field, dimensionless; one entry if it is the same formula everywhere.
    pub reference: Option<Vec<Vec<Field>>>,
    /// Places whose values are reported.
    pub probes: Vec<[f64; 4]>,
    /// Numbers that the field is compared with.
    pub known: Vec<Known>,
    /// Decisions that the user should know of.
    pub notes: Vec<String>,
    /// What is tried to solve it, in order.
    pub attempts: Vec<Attempt>,
    /// The network of the attempt in work.
    pub network: NetworkKind,
    /// The training stages of the attempt in work.
    pub stages: Vec<StageKind>,
    /// Interior points of the attempt in work at least.
    pub least: usize,
}

impl Problem {
    /// The places that give the network further inputs: holes, and in the energy form singular corners.
    pub fn poles(&self) -> Vec<Pole> {
        let mut poles = self.shape.poles();
        if self.file.formulation() == Formulation::Energy {
            poles.extend(&self.singular);
        }
        poles
    }

    /// Whether the energy form follows if this one does not solve the problem.
    pub fn changes_form(&self) -> bool {
        changes_form(&self.file) && self.terms.iter().all(|term| term.condition.conservative())
    }

    /// Takes up an attempt.
    pub fn attempt(&mut self, index: usize) {
        if let Some(attempt) = self.attempts.get(index) {
            self.network = attempt.network.clone();
            self.stages.clone_from(&attempt.stages);
            self.least = attempt.points;
        }
    }

    /// The attempt that comes after `earlier` stages.
    pub fn attempt_after(&self, earlier: usize) -> usize {
        let mut stages = 0;
        let begins = self.attempts.iter().position(|attempt| {
            let here = stages >= earlier;
            stages += attempt.stages.len();
            here
        });
        begins.unwrap_or(0)
    }

    /// Takes up an attempt; its random numbers.
    pub fn take_up(&mut self, index: usize) -> ChaCha8Rng {
        self.attempt(index);
        let seed = self.file.seed;
        ChaCha8Rng::seed_from_u64(if index == 0 { seed } else { mix(seed, index as u64) })
    }

    /// Residuals per point of a term; term 0 is the interior, the others are [`Problem::terms`].
    pub fn residuals(&self, term: usize) -> usize {
        match term {
            0 => self.equation.residuals(),
            _ => self.terms[term - 1].condition.residuals(),
        }
    }

    /// Numbers that the network gives per point: every region has a head of its own for all components.
    pub fn outputs(&self) -> usize {
        self.equation.components() * self.equation.parts()
    }

    /// The region of a point; 0 if there is only one.
    pub fn region(&self, x: &[f64; 4]) -> usize {
        match self.equation.parts() {
            1 => 0,
            _ => self.shape.region([x[0], x[1], x[2]]),
        }
    }

    /// The regions of points.
    pub fn regions_of(&self, points: &[[f64; 4]]) -> Vec<usize> {
        points.par_iter().map(|x| self.region(x)).collect()
    }

    /// The region that a boundary point belongs to: a little inwards of it.
    fn region_inside(&self, at: &BoundaryPoint) -> usize {
        let mut x = at.x;
        x.iter_mut().zip(at.normal).for_each(|(x, n)| *x -= INWARDS * n);
        self.region(&x)
    }

    /// Whether time is a coordinate; it then runs over [0, 1].
    pub fn transient(&self) -> bool {
        self.file.time.is_some()
    }

    /// The coordinates that exist, of (x, y, z, t).
    pub fn coordinates(&self, x: &[f64; 4]) -> Vec<f64> {
        let mut coordinates = x[..self.shape.dimension()].to_vec();
        if self.transient() {
            coordinates.push(x[3]);
        }
        coordinates
    }

    /// Lower and upper bounds of the coordinates that exist.
    pub fn bounds(&self) -> (Vec<f64>, Vec<f64>) {
        let (min, max) = self.shape.bounds();
        let end = f64::from(u8::from(self.transient()));
        (
            self.coordinates(&[min[0], min[1], min[2], 0.0]),
            self.coordinates(&[max[0], max[1], max[2], end]),
        )
    }

    /// The point of the domain that belongs to numbers of the unit cube, uniform in space and time.
    pub fn interior_point(&self, unit: [f64; 4]) -> [f64; 4] {
        // Time takes the coordinate after the last of space, so that low-dimensional sets stay even.
        let x = self.shape.interior_point([unit[0], unit[1], unit[2]]);
        let t = if self.transient() {
            unit[self.shape.dimension()]
        } else {
            0.0
        };
        [x[0], x[1], x[2], t]
    }

    /// The point of a boundary or of the initial state that belongs to numbers of the unit cube, uniform.
    pub fn boundary_point(&self, place: Place, unit: [f64; 4]) -> BoundaryPoint {
        let mut point = match place {
            Place::Initial => {
                let x = self.shape.interior_point([unit[0], unit[1], unit[2]]);
                BoundaryPoint {
                    x: [x[0], x[1], x[2], 0.0],
                    normal: [0.0; 3],
                    region: 0,
                }
            }
            Place::Face(face) => face_point(self.shape.as_ref(), face, unit, self.transient()),
        };
        point.region = self.region_inside(&point);
        point
    }

    /// n points of the domain, uniform in space and time.
    pub fn interior_points(&self, sampler: SamplerKind, n: usize, seed: u64) -> Vec<[f64; 4]> {
        let set = PointSet::new(sampler, n, self.axes(0), seed);
        set.points().into_iter().map(|unit| self.interior_point(unit)).collect()
    }

    /// n points of a boundary or of the initial state, uniform.
    pub fn boundary_points(&self, place: Place, sampler: SamplerKind, n: usize, seed: u64) -> Vec<BoundaryPoint> {
        let set = PointSet::new(sampler, n, self.place_axes(place), seed);
        set.points()
            .into_iter()
            .map(|unit| self.boundary_point(place, unit))
            .collect()
    }

    /// How many numbers of the unit cube a point of a place takes.
    pub(crate) fn place_axes(&self, place: Place) -> usize {
        match place {
            Place::Initial => self.shape.dimension(),
            Place::Face(_) => self.shape.dimension() - 1 + usize::from(self.transient()),
        }
    }

    /// How many numbers of the unit cube a point of a term takes; term 0 is the interior, the others are [`Problem::terms`].
    pub fn axes(&self, term: usize) -> usize {
        match term {
            0 => self.shape.dimension() + usize::from(self.transient()),
            _ => self.place_axes(self.terms[term - 1].place),
        }
    }

    /// The point set of every term.
    pub fn point_sets(&self) -> Vec<PointSet> {
        self.term_sizes()
            .into_iter()
            .enumerate()
            .map(|(t, n)| self.point_set(t, self.sampler(), n, mix(self.file.seed, t as u64)))
            .collect()
    }

    /// About `count` points of a term. Gauss points are those of the shape's own cells where it has cells, as many per cell as
    /// it takes to have `count`; where the file names no sampler they are graded towards the boundary.
    pub(crate) fn point_set(&self, term: usize, kind: SamplerKind, count: usize, seed: u64) -> PointSet {
        let axes = self.axes(term);
        match (kind, self.file.points.sampler) {
            (SamplerKind::Gauss(gauss), sampler) => {
                match self.own_rule((term > 0).then(|| self.terms[term - 1].place), count) {
                    Some(points) => PointSet::given(points, seed),
                    None if sampler.is_none() => {
                        let order = 2 * gauss.order;
                        let per_axis = (count as f64).powf(1.0 / axes.max(1) as f64) / order as f64;
                        // An even number: charts may have a kink in the middle.
                        let cells = 2 * ((0.5 * per_axis).ceil() as usize).max(1);
                        PointSet::given(graded_rule(axes, order, cells), seed)
                    }
                    None => PointSet::new(kind, count, axes, seed),
                }
            }
            _ => PointSet::new(kind, count, axes, seed),
        }
    }

    /// The rule of lowest order on the shape's own cells that has at least `count` points, in numbers of the unit cube, of a place or the
    /// interior; in the energy form cells at singular corners have a graded rule.
    pub(crate) fn own_rule(&self, place: Option<Place>, count: usize) -> Option<Vec<([f64; 4], f64)>> {
        let face = match place {
            Some(Place::Face(face)) => Some(face),
            Some(Place::Initial) | None => None,
        };
        let timed = self.transient() && place != Some(Place::Initial);
        let shape = self.shape.as_ref();
        let (order, mut rule) = rule_on(shape, face, timed, count)?;
        if self.file.formulation() == Formulation::Energy {
            let corners = self.singular.iter();
            let spans: Vec<[f64; 2]> = corners.flat_map(|corner| shape.spans(face, corner.center)).collect();
            grade(
                &mut rule,
                &spans,
                shape.dimension() - usize::from(face.is_some()),
                GRADED + order,
            );
        }
        Some(rule)
    }

    /// How points are chosen.
    pub fn sampler(&self) -> SamplerKind {
        let energy = SamplerKind::Gauss(Gauss { order: 4 });
        let default = match self.file.formulation() {
            Formulation::Energy => energy,
            Formulation::Strong | Formulation::Mixed => SamplerKind::default(),
        };
        self.file.points.sampler.unwrap_or(default)
    }

    /// How first-order stages draw their batches: an energy on a fixed rule can be cheated, so they see new points in every step
    /// unless the file says otherwise.
    pub fn drawn(&self) -> Points {
        let mut points = self.file.points.clone();
        let plain = points.draw == Draw::Shuffle && points.jitter.is_none() && points.adapt.is_none();
        if self.file.formulation() == Formulation::Energy && points.sampler.is_none() && plain {
            points.draw = Draw::Fresh;
        }
        points
    }

    /// Length, area or volume that a term is a mean over.
    pub fn term_measure(&self, term: usize) -> f64 {
        match term {
            0 => self.shape.measure(),
            _ => match self.terms[term - 1].place {
                Place::Face(face) => self.shape.face_measure(face),
                Place::Initial => self.shape.measure(),
            },
        }
    }

    /// Interior and boundary sizes of the terms: interior first, then [`Problem::terms`]; boundaries are dealt `boundary` points by
    /// size, at least 16 each, and the start has as many by itself.
    pub fn term_sizes(&self) -> Vec<usize> {
        let points = &self.file.points;
        let size = |place: Place| match place {
            Place::Face(face) => self.shape.face_measure(face),
            Place::Initial => 0.0,
        };
        let total: f64 = self.terms.iter().map(|term| size(term.place)).sum();
        let share = |place: Place| match place {
            Place::Face(face) => self.shape.face_measure(face) / total,
            Place::Initial => 1.0,
        };
        let interior = points.interior.max(self.least);
        let factor = interior as f64 / points.interior as f64;
        let mut sizes = vec![interior];
        sizes.extend(self.terms.iter().map(|term| {
            let part = share(term.place) * points.boundary as f64 * factor.sqrt();
            if self.shape.dimension() == 1 && !self.transient() {
                1
            } else {
                (part.ceil() as usize).max(16)
            }
        }));
        sizes
    }
}

/// The rule of lowest order, and that order, on a shape's own cells with at least `count` points, over time too if `timed`; orders from 2 to [`MOST_ORDER`].
fn rule_on(shape: &dyn Shape, face: Option<Face>, timed: bool, count: usize) -> Option<(usize, Weighted)> {
    let axes = shape.dimension() - usize::from(face.is_some());
    let cells = shape.rule(face, 1)?.len().max(1);
    let directions = axes + usize::from(timed);
    let order = (2..MOST_ORDER)
        .find(|order: &usize| cells * order.pow(directions as u32) >= count)
        .unwrap_or(MOST_ORDER);
    let space = shape.rule(face, order)?;
    let time = if timed { gauss_legendre(order) } else { vec![(0.5, 1.0)] };
    let product = space.into_iter().flat_map(|(unit, weight)| {
        time.iter().map(move |(t, w)| {
            let mut point = [unit[0], unit[1], unit[2], 0.5];
            if timed {
                point[axes] = *t;
            }
            (point, weight * w)
        })
    });
    Some((order, product.collect()))
}

/// Points of the unit cube with weights.
type Weighted = Vec<([f64; 4], f64)>;

/// Points per direction and cell at most.
const MOST_ORDER: usize = 40;

/// Points per direction of the cells at singular corners, besides those of all cells.
const GRADED: usize = 9;

/// Replaces the points of the cells with the given spans of the first number by ones graded towards all their corners: u = v³/(v³ + (1 − v)³)
/// at Gauss points v, so that roots of the distance from a corner, and their slopes squared, are integrated to a few digits.
fn grade(rule: &mut Vec<([f64; 4], f64)>, spans: &[[f64; 2]], axes: usize, order: usize) {
    let mut spans = spans.to_vec();
    spans.sort_by(|a, b| a[0].total_cmp(&b[0]));
    spans.dedup();
    let inside = |u: f64| {
        let next = spans.partition_point(|span| span[0] <= u);
        next > 0 && u < spans[next - 1][1]
    };
    rule.retain(|(point, _)| !inside(point[0]));
    let graded = |v: f64| {
        let (a, b) = (v.powi(3), (1.0 - v).powi(3));
        (a / (a + b), 3.0 * (v * (1.0 - v)).powi(2) / (a + b).powi(2))
    };
    let line: Vec<(f64, f64)> = gauss_legendre(order)
        .into_iter()
        .map(|(v, w)| (graded(v).0, w * graded(v).1))
        .collect();
    let total: f64 = line.iter().map(|(_, w)| w).sum();
    for [from, to] in spans {
        let mut cell = vec![([0.5; 4], to - from)];
        for axis in 0..axes {
            cell = cell
                .into_iter()
                .flat_map(|(point, weight)| {
                    line.iter().map(move |&(u, w)| {
                        let mut point: [f64; 4] = point;
                        point[axis] = if axis == 0 { from + (to - from) * u } else { u };
                        (point, weight * w / total)
                    })
                })
                .collect();
        }
        rule.extend(cell);
    }
}

/// A point of a face from four numbers of the unit cube: space takes the first ones, time the next.
fn face_point(shape: &dyn Shape, face: Face, unit: [f64; 4], time: bool) -> BoundaryPoint {
    let t = if time { unit[shape.dimension() - 1] } else { 0.0 };
    let SurfacePoint { x, normal } = shape.face_point(face, [unit[0], unit[1], unit[2]]);
    BoundaryPoint {
        x: [x[0], x[1], x[2], t],
        normal,
        region: 0,
    }
}

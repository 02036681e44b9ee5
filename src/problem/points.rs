//! The points of a problem: how many of each loss term, and by which rule.

use super::rule::{GRADED, grade, rule_on};
use super::{Attempt, Problem};
use crate::formulation::{Formulation, Place};
use crate::sampler::{Gauss, PointSet, SamplerKind, graded_rule, mix};

impl Problem {
    /// The point set of every term in an attempt.
    pub fn point_sets(&self, attempt: &Attempt) -> Vec<PointSet> {
        self.term_sizes(attempt)
            .into_iter()
            .enumerate()
            .map(|(t, n)| self.point_set(t, self.sampler(), n, mix(self.file.seed, t as u64)))
            .collect()
    }

    /// About `count` points of a term. Gauss points are those of the shape's own cells where it has cells, as many per cell as
    /// it takes to have `count`; where the file names no sampler they are graded towards the boundary.
    pub fn point_set(&self, term: usize, kind: SamplerKind, count: usize, seed: u64) -> PointSet {
        let axes = self.model.axes(term);
        match (kind, self.file.points.sampler) {
            (SamplerKind::Gauss(gauss), sampler) => {
                match self.own_rule((term > 0).then(|| self.model.terms[term - 1].place), count) {
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
        let timed = self.model.transient && place != Some(Place::Initial);
        let shape = self.model.shape.as_ref();
        let (order, mut rule) = rule_on(shape, face, timed, count)?;
        if self.model.formulation == Formulation::Energy {
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
        let default = match self.model.formulation {
            Formulation::Energy => energy,
            Formulation::Strong | Formulation::Mixed => SamplerKind::default(),
        };
        self.file.points.sampler.unwrap_or(default)
    }

    /// Interior and boundary sizes of the terms: interior first, then [`Model::terms`]; boundaries are dealt `boundary` points by
    /// size, at least 16 each, and the start has as many by itself.
    fn term_sizes(&self, attempt: &Attempt) -> Vec<usize> {
        let points = &self.file.points;
        let size = |place: Place| match place {
            Place::Face(face) => self.model.shape.face_measure(face),
            Place::Initial => 0.0,
        };
        let total: f64 = self.model.terms.iter().map(|term| size(term.place)).sum();
        let share = |place: Place| match place {
            Place::Face(face) => self.model.shape.face_measure(face) / total,
            Place::Initial => 1.0,
        };
        let interior = points.interior.max(attempt.points);
        let factor = interior as f64 / points.interior as f64;
        let mut sizes = vec![interior];
        sizes.extend(self.model.terms.iter().map(|term| {
            let part = share(term.place) * points.boundary as f64 * factor.sqrt();
            if self.model.shape.dimension() == 1 && !self.model.transient {
                1
            } else {
                (part.ceil() as usize).max(16)
            }
        }));
        sizes
    }
}

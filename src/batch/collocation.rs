//! All points of a problem as rows of residuals: kept in memory, or made from the seed whenever they are needed.

use rayon::prelude::*;

use super::{LossTerms, Selection};
use crate::jet::real::Real;
use crate::jet::{Rows, Span};
use crate::sampler::{Gauss, PointSet, SamplerKind};

/// Order of the rule that an energy is checked on.
pub(crate) const CHECK_ORDER: usize = 5;

/// Points whose rows are made at once for keeping.
const STORE: usize = 4096;

/// Points that stand for those of a term.
const SAMPLE: usize = 128;

/// Where a term's points are.
#[derive(Clone, Debug)]
enum Place {
    /// A function of the index.
    Set(Box<PointSet>),
    /// A list of points of the unit cube with equal weights, after adaptation.
    List(Vec<[f64; 4]>),
}

/// The points of one loss term.
#[derive(Debug)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// Its weight λ against the other terms.
    pub weight: f64,
    place: Place,
    /// The rows of all points, if they are kept.
    stored: Option<Rows<f64>>,
}

impl Term {
    /// Number of points.
    pub fn len(&self) -> usize {
        match &self.place {
            Place::Set(set) => set.len(),
            Place::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A point in the unit cube.
    pub fn unit(&self, index: usize) -> [f64; 4] {
        match &self.place {
            Place::Set(set) => set.point(index),
            Place::List(list) => list[index],
        }
    }

    /// A point's weight in the loss; those of a term add up to λ.
    pub fn point_weight(&self, index: usize) -> f64 {
        self.weight * self.share(index)
    }

    /// A point's share of its term; the shares add up to 1.
    pub fn share(&self, index: usize) -> f64 {
        match &self.place {
            Place::Set(set) => set.weight(index),
            Place::List(list) => 1.0 / list.len() as f64,
        }
    }
}

/// All points of a problem.
pub struct Collocation<'a> {
    source: &'a dyn LossTerms,
    /// The terms, interior first.
    pub terms: Vec<Term>,
    /// Points per term that full-batch evaluations take at once.
    chunk: usize,
}

impl<'a> Collocation<'a> {
    /// The points of every term with the weight λ of each, kept in memory if `stored`.
    pub fn new(source: &'a dyn LossTerms, weights: &[f64], stored: bool, chunk: usize) -> Self {
        let terms = source
            .point_sets()
            .into_iter()
            .zip(source.names())
            .zip(weights)
            .map(|((set, name), &weight)| Term {
                name,
                weight,
                place: Place::Set(Box::new(set)),
                stored: None,
            })
            .collect();
        let mut collocation = Self { source, terms, chunk };
        if stored {
            for t in 0..collocation.terms.len() {
                collocation.store(t);
            }
        }
        collocation
    }

    /// The same terms on another rule, made when it is needed: Gauss–Legendre points of another order.
    pub fn independent(&self) -> Self {
        let terms = self.terms.iter().enumerate().map(|(t, term)| Term {
            name: term.name.clone(),
            weight: term.weight,
            place: Place::Set(Box::new(self.source.point_set(
                t,
                SamplerKind::Gauss(Gauss { order: CHECK_ORDER }),
                if self.source.shape().chart().is_some() {
                    2 * term.len()
                } else {
                    term.len() + 1
                },
                0,
            ))),
            stored: None,
        });
        let mut collocation = Self {
            source: self.source,
            terms: terms.collect(),
            chunk: self.chunk,
        };
        if self.stored() {
            for t in 0..collocation.terms.len() {
                collocation.store(t);
            }
        }
        collocation
    }

    /// What the points belong to.
    pub fn source(&self) -> &'a dyn LossTerms {
        self.source
    }

    /// Rows per point of a term.
    pub fn residuals(&self, t: usize) -> usize {
        self.source.residuals(t)
    }

    /// The differences of the field from its prescribed mean, if there is one.
    pub fn mean_rows(&self) -> Option<Rows<f64>> {
        self.source.mean_rows()
    }

    /// Whether the loss is an energy.
    pub fn energy(&self) -> bool {
        self.source.energy()
    }

    /// Whether rows are kept in memory.
    pub fn stored(&self) -> bool {
        self.terms.iter().all(|term| term.stored.is_some())
    }

    /// The rows of a term, if they are kept.
    pub fn rows(&self, t: usize) -> Option<&Rows<f64>> {
        self.terms[t].stored.as_ref()
    }

    /// The adapted interior points, if they were adapted.
    pub fn adapted(&self) -> Option<&[[f64; 4]]> {
        match &self.terms[0].place {
            Place::List(list) => Some(list),
            Place::Set(_) => None,
        }
    }

    /// Takes a list of interior points in place of those there are.
    pub fn adapt(&mut self, list: Vec<[f64; 4]>) {
        self.terms[0].place = Place::List(list);
        if self.terms[0].stored.take().is_some() {
            self.store(0);
        }
    }

    /// Makes the rows of a term, chunk by chunk so that nothing but the rows themselves takes memory.
    fn store(&mut self, t: usize) {
        let n = self.terms[t].len();
        let mut all: Option<Rows<f64>> = None;
        for start in (0..n).step_by(STORE) {
            let part = self.range(t, start, STORE.min(n - start));
            let all = all.get_or_insert_with(|| part.like(n));
            all.append(&part);
        }
        self.terms[t].stored = all;
    }

    /// The rows of points in order.
    fn range(&self, t: usize, start: usize, count: usize) -> Rows<f64> {
        let term = &self.terms[t];
        let units: Vec<[f64; 4]> = (start..start + count).into_par_iter().map(|i| term.unit(i)).collect();
        let mut rows = self.source.rows(t, &units);
        for (k, weight) in rows.weights.iter_mut().enumerate() {
            *weight = term.point_weight(start + k);
        }
        rows
    }

    /// The rows of selected points, their weights times the selection's factors.
    pub fn gather<F: Real>(&self, t: usize, selection: &Selection) -> Rows<F> {
        match selection {
            Selection::Of { indices, factors } => {
                if let Some(rows) = &self.terms[t].stored {
                    let mut out = rows.like(indices.len());
                    rows.gather_to(indices, |k| factors[k], &mut out);
                    return out;
                }
                let term = &self.terms[t];
                let units: Vec<[f64; 4]> = indices.par_iter().map(|&i| term.unit(i)).collect();
                let mut rows = self.source.rows(t, &units);
                for (k, weight) in rows.weights.iter_mut().enumerate() {
                    *weight = term.point_weight(indices[k]) * factors[k];
                }
                rows.convert()
            }
            Selection::New { units, weights } => {
                let mut rows = self.source.rows(t, units);
                rows.weights.copy_from_slice(weights);
                rows.convert()
            }
        }
    }

    /// The rows of points `start..end` of a term, with their own weights.
    pub fn slice<F: Real>(&self, t: usize, start: usize, end: usize) -> Rows<F> {
        match &self.terms[t].stored {
            Some(rows) => rows.slice(start, end),
            None => self.range(t, start, end - start).convert(),
        }
    }

    /// The rows of some points of a term, with their own weights.
    pub fn pick(&self, t: usize, indices: &[usize]) -> Rows<f64> {
        self.gather(
            t,
            &Selection::Of {
                indices: indices.to_vec(),
                factors: vec![1.0; indices.len()],
            },
        )
    }

    /// Some points of a term, evenly spread over its list, that stand for all of them.
    pub fn sample(&self, t: usize) -> Rows<f64> {
        let n = self.terms[t].len();
        let indices: Vec<usize> = (0..n).step_by(n.div_ceil(SAMPLE)).collect();
        let mut rows = self.pick(t, &indices);
        rows.scale(n as f64 / indices.len() as f64);
        rows
    }

    /// Calls `work` on parts that together hold every point once, with the terms that they belong to: the same parts
    /// whether rows are kept or made, so that sums have the same bits.
    pub fn parts(&self, mut work: impl FnMut(&[usize], &[Span<'_, f64>])) {
        let longest = self.terms.iter().map(Term::len).max().unwrap_or(0);
        for start in (0..longest).step_by(self.chunk) {
            let present: Vec<usize> = (0..self.terms.len()).filter(|&t| self.terms[t].len() > start).collect();
            let made: Vec<Option<Rows<f64>>> = present
                .iter()
                .map(|&t| {
                    let count = self.chunk.min(self.terms[t].len() - start);
                    self.terms[t].stored.is_none().then(|| self.range(t, start, count))
                })
                .collect();
            let spans: Vec<Span<'_, f64>> = present
                .iter()
                .zip(&made)
                .filter_map(|(&t, made)| match (made, &self.terms[t].stored) {
                    (Some(rows), _) => Some(rows.into()),
                    (None, Some(rows)) => Some(Span {
                        rows,
                        start,
                        points: self.chunk.min(rows.points - start),
                    }),
                    (None, None) => None,
                })
                .collect();
            work(&present, &spans);
        }
    }
}

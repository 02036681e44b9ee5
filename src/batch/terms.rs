//! What collocation asks of a problem.

use super::Points;
use crate::geometry::Shape;
use crate::jet::Rows;
use crate::sampler::{PointSet, SamplerKind};

/// The loss terms of a problem; term 0 is the interior, the others are its conditions.
pub trait LossTerms: Sync {
    /// Seed of every random number.
    fn seed(&self) -> u64;

    /// How many points there are, and how batches of them are drawn.
    fn points(&self) -> &Points;

    /// The domain.
    fn shape(&self) -> &dyn Shape;

    /// The point of the domain that belongs to numbers of the unit cube.
    fn interior_point(&self, unit: [f64; 4]) -> [f64; 4];

    /// Names of the terms.
    fn names(&self) -> Vec<String>;

    /// The differences of the field from its prescribed mean, on a rule whose weights add up to 1; none where no mean is prescribed.
    fn mean_rows(&self) -> Option<Rows<f64>> {
        None
    }

    /// Whether the loss is an energy.
    fn energy(&self) -> bool;

    /// How many numbers of the unit cube a point of a term takes.
    fn axes(&self, term: usize) -> usize;

    /// Rows per point of a term.
    fn residuals(&self, term: usize) -> usize;

    /// The points that a run trains on, per term.
    fn point_sets(&self) -> Vec<PointSet>;

    /// About `count` other points of a term.
    fn point_set(&self, term: usize, kind: SamplerKind, count: usize, seed: u64) -> PointSet;

    /// The rows of a term at points of the unit cube; the weights are all 1.
    fn rows(&self, term: usize, units: &[[f64; 4]]) -> Rows<f64>;
}

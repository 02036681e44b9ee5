//! Where an attempt starts: its network and first parameters, the size of the field, the weights of the terms.

mod level;
mod rows;
mod values;

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

pub use rows::{fresh_rows, independent_energy, relative_residual, sample_rows};

use crate::batch::{Collocation, Draw, LossTerms, Points};
use crate::formulation::{Formulation, Model, term_rows};
use crate::geometry::Shape;
use crate::jet::fused::Kernel;
use crate::jet::{Architecture, Rows};
use crate::network::NetworkKind;
use crate::problem::{Attempt, Problem};
use crate::sampler::{PointSet, SamplerKind};
use crate::training::Trained;

/// The network's shape for a problem.
pub fn architecture(problem: &Problem, network: &NetworkKind, random: &mut ChaCha8Rng) -> Architecture {
    let (min, max) = problem.model.bounds();
    network
        .architecture(problem.model.outputs(), &min, &max, random)
        .with_periods(&problem.model.periodic)
        .with_poles(problem.poles())
}

/// An attempt at a problem, ready to be trained: all that a run decides beside what the file states.
pub struct Prepared {
    /// The problem.
    pub problem: Arc<Problem>,
    /// Which of its attempts.
    pub index: usize,
    /// The problem's model with the size of the field.
    pub model: Model,
    /// The problem's points with the batch that was decided on.
    pub points: Points,
    /// The kernel in f64.
    pub kernel: Kernel<f64>,
    /// The weights λ of the terms.
    pub weights: Vec<f64>,
    /// The network's parameters.
    pub parameters: Vec<f64>,
    /// Decisions that the user should know of.
    pub notes: Vec<String>,
}

impl Prepared {
    /// An attempt from its beginning.
    pub fn begin(problem: &Arc<Problem>, index: usize) -> Self {
        Self::seeded(problem, index, problem.random(index))
    }

    /// The same with other random numbers.
    pub fn seeded(problem: &Arc<Problem>, index: usize, mut random: ChaCha8Rng) -> Self {
        let mut prepared = Self::bare(problem, index, &mut random);
        prepared.start(&mut random);
        prepared
    }

    /// An attempt whose network takes the units of an earlier one and others where its solution is steep or wrong.
    pub fn enriching(problem: &Arc<Problem>, index: usize, before: &Trained) -> Self {
        let mut random = problem.random(index);
        let mut prepared = Self::bare(problem, index, &mut random);
        prepared.model.ansatz.scale.clone_from(&before.scale);
        prepared.weights.clone_from(&before.weights);
        prepared.enrich(before, &mut random);
        prepared
    }

    /// An attempt at a later moment, with its weights, the size of the field per component, and its parameters.
    pub fn restored(problem: &Arc<Problem>, index: usize, weights: &[f64], scale: &[f64], parameters: &[f64]) -> Self {
        let mut prepared = Self::bare(problem, index, &mut problem.random(index));
        prepared.model.ansatz.scale = scale.to_vec();
        prepared.weights = weights.to_vec();
        prepared.parameters = parameters.to_vec();
        prepared
    }

    /// Before its first parameters.
    fn bare(problem: &Arc<Problem>, index: usize, random: &mut ChaCha8Rng) -> Self {
        let network = &problem.attempts[index].network;
        Self {
            problem: Arc::clone(problem),
            index,
            model: problem.model.clone(),
            points: problem.file.points.clone(),
            kernel: Kernel::new(architecture(problem, network, random)),
            weights: Vec::new(),
            parameters: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What the problem says of it.
    pub fn attempt(&self) -> &Attempt {
        &self.problem.attempts[self.index]
    }

    /// Its points, kept in memory if `stored`, of which full-batch evaluations take `chunk` at once.
    pub fn collocation(&self, stored: bool, chunk: usize) -> Collocation<'_> {
        Collocation::new(self, &self.weights, stored, chunk)
    }

    /// How first-order stages draw their batches: an energy on a fixed rule can be cheated, so they see new points in every step
    /// unless the file says otherwise.
    pub fn drawn(&self) -> Points {
        let mut points = self.points.clone();
        let plain = points.draw == Draw::Shuffle && points.jitter.is_none() && points.adapt.is_none();
        if self.energy() && points.sampler.is_none() && plain {
            points.draw = Draw::Fresh;
        }
        points
    }

    /// Root mean square of the residuals on fresh points, relative to that of no field.
    pub fn relative_residual(&self, parameters: &[f64]) -> f64 {
        relative_residual(&self.model, self.problem.file.seed, &self.kernel, parameters)
    }
}

impl LossTerms for Prepared {
    fn seed(&self) -> u64 {
        self.problem.file.seed
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn shape(&self) -> &dyn Shape {
        self.model.shape.as_ref()
    }

    fn interior_point(&self, unit: [f64; 4]) -> [f64; 4] {
        self.model.interior_point(unit)
    }

    fn names(&self) -> Vec<String> {
        self.model.term_names()
    }

    fn energy(&self) -> bool {
        self.model.formulation == Formulation::Energy
    }

    fn axes(&self, term: usize) -> usize {
        self.model.axes(term)
    }

    fn residuals(&self, term: usize) -> usize {
        self.model.rows_per_point(term)
    }

    fn point_sets(&self) -> Vec<PointSet> {
        self.problem.point_sets(self.attempt())
    }

    fn point_set(&self, term: usize, kind: SamplerKind, count: usize, seed: u64) -> PointSet {
        self.problem.point_set(term, kind, count, seed)
    }

    fn mean_rows(&self) -> Option<Rows<f64>> {
        self.mean()
    }

    fn rows(&self, term: usize, units: &[[f64; 4]]) -> Rows<f64> {
        term_rows(&self.model, term, units)
    }
}

//! First values of an attempt: the slopes of its features, its parameters, the size of the field, the weights of the terms.

use rand_chacha::ChaCha8Rng;

use super::Prepared;
use super::rows::{SAMPLE, check_rows, fresh_rows, sample_rows};
use crate::batch::LossTerms;
use crate::formulation::{residual_rows, value_rows};
use crate::jet::Rows;
use crate::jet::fused::Kernel;
use crate::loss::term_weights;
use crate::network::{NetworkKind, RandomFeatures};
use crate::quantity::Field;
use crate::sampler::{PointSet, SamplerKind, mix};
use crate::training::{Trained, choose_slope, enrich, fit_exactly, fit_output_scale};

/// Points at which a network is fitted to a guess of the field.
const GUESS: usize = 1 << 12;
/// Points that further features are placed at.
const PLACES: usize = 1 << 13;
/// Points per term that the starting values of an energy are made from: they belong together.
const QUADRATURE: usize = 1 << 14;
/// Points per term of the rule that an energy is judged by when the slope of features is chosen.
const CHECK: usize = 1 << 13;

impl Prepared {
    /// Finds parameters, the size of the field, and weights from a sample of the points.
    pub(super) fn start(&mut self, random: &mut ChaCha8Rng) {
        // The terms of an energy are integrals.
        let terms = 0..=self.model.terms.len();
        let integrals: Option<Vec<f64>> = self
            .energy()
            .then(|| terms.map(|t| self.model.term_measure(t)).collect());
        let mut rows = at_lift(sample_rows(self, if integrals.is_some() { QUADRATURE } else { SAMPLE }));
        let network = self.with_slopes(&rows, integrals.as_deref(), random);
        let mut parameters = network.initial_parameters(self.kernel.architecture(), random);
        let guess = self.balanced(integrals.as_deref(), &parameters, &rows);
        scale(&mut rows, &guess);
        let size = fit_output_scale(&self.kernel, &mut parameters, &mut rows);
        scale(&mut rows, &guess.iter().map(|weight| 1.0 / weight).collect::<Vec<_>>());
        self.weights = self.balanced(integrals.as_deref(), &parameters, &rows);
        self.model.ansatz.scale = size;
        self.parameters = match &self.problem.guess {
            Some(guess) => fit_exactly(&self.kernel, &parameters, &self.guess_rows(guess)),
            None => parameters,
        };
    }

    /// u − g at points of the interior for a field g that is near the solution, per component.
    fn guess_rows(&self, guess: &[Field]) -> Vec<Rows<f64>> {
        let model = &self.model;
        let units = PointSet::new(SamplerKind::Sobol, GUESS, model.axes(0), 0).points();
        let points: Vec<[f64; 4]> = units.into_iter().map(|unit| model.interior_point(unit)).collect();
        let fields = guess.iter().enumerate();
        fields
            .map(|(component, value)| value_rows(model, component, value.clone(), &points))
            .collect()
    }

    /// The attempt's network; random features whose slopes are open take the best of a few.
    fn with_slopes(&mut self, rows: &[Rows<f64>], integrals: Option<&[f64]>, random: &mut ChaCha8Rng) -> NetworkKind {
        let network = self.attempt().network.clone();
        let NetworkKind::RandomFeatures(features) = &network else {
            return network;
        };
        if features.slope.is_some() {
            return network;
        }
        let mut whole = rows.to_vec();
        // An energy is judged by itself: the residual of a singular field has no bounds.
        let fresh = match integrals {
            Some(integrals) => {
                scale(&mut whole, integrals);
                let mut fresh = check_rows(self, CHECK);
                scale(&mut fresh, integrals);
                fresh
            }
            None => at_lift(fresh_rows(&self.model, self.seed(), SAMPLE)),
        };
        let slope = choose_slope(features, self.kernel.architecture(), &whole, &fresh, random);
        self.notes.push(format!("random features have slopes up to {slope}"));
        NetworkKind::RandomFeatures(RandomFeatures {
            slope: Some(slope),
            ..features.clone()
        })
    }

    /// The weights λ of the terms for rows of each.
    fn balanced(&self, integrals: Option<&[f64]>, parameters: &[f64], rows: &[Rows<f64>]) -> Vec<f64> {
        match integrals {
            Some(integrals) => integrals.to_vec(),
            None => term_weights(
                &self.problem.file.weights,
                &self.names(),
                &self.kernel,
                parameters,
                rows,
            ),
        }
    }

    /// Takes the units of an earlier attempt and adds others.
    pub(super) fn enrich(&mut self, before: &Trained, random: &mut ChaCha8Rng) {
        let mut smaller = self.kernel.architecture().clone();
        // All parameters of a hidden layer and its outputs are so many per unit, and the outputs' biases.
        let (inputs, m) = (smaller.widths[0], smaller.components());
        smaller.widths[1] = (before.parameters.len() - m) / (inputs + 1 + m);
        let seed = mix(self.seed(), 0xe41c + before.attempt as u64);
        let set = PointSet::new(SamplerKind::Sobol, PLACES, self.axes(0), seed);
        let rows = residual_rows(&self.model, 0, &set.points());
        self.parameters = enrich(
            &Kernel::new(smaller),
            &before.parameters,
            self.kernel.architecture(),
            &rows,
            random,
        );
    }
}

/// Smooth rows linearised at the field of no network.
fn at_lift(rows: Vec<Rows<f64>>) -> Vec<Rows<f64>> {
    rows.into_iter().map(Rows::at_lift).collect()
}

fn scale(rows: &mut [Rows<f64>], weights: &[f64]) {
    rows.iter_mut()
        .zip(weights)
        .for_each(|(rows, weight)| rows.scale(*weight));
}

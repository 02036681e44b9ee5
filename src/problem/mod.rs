//! The problem: read, checked as a whole, and made dimensionless.

mod axis;
mod build;
mod enforcement;
mod file;
mod hard_flux;
mod known;
mod load;
mod material;
mod materials;
mod numerics;
mod placed;
mod points;
mod reference;
mod relation;
mod rule;
mod sample;
mod singular;
mod strategy;
mod suitability;
mod support;

pub use file::{Exact, Limits, Memory, Output, ProblemFile, Reference, Tolerance};
pub use known::Known;
pub use load::{Origin, load, resolved, resolved_in};
pub use material::Material;
pub use strategy::{Attempt, COARSE, HOPELESS, SINGULAR, attempts, changes_form, energy_form};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::formulation::{Formulation, Model};
use crate::jet::Pole;
use crate::network::NetworkKind;
use crate::quantity::{Field, Scales};
use crate::sampler::mix;
use crate::training::StageKind;

/// A checked problem, dimensionless throughout.
#[derive(Debug)]
pub struct Problem {
    /// The file it was made from, with command-line settings applied.
    pub file: ProblemFile,
    /// Where that was read, for errors that are found later.
    pub origin: Origin,
    /// Its units.
    pub scales: Scales,
    /// What holds in the domain and on its boundaries.
    pub model: Model,
    /// The prescribed mean of the field, dimensionless, of a problem of which only fluxes are given.
    pub mean: Option<f64>,
    /// A field near the solution per component, dimensionless.
    pub guess: Option<Vec<Field>>,
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
        let mut poles = self.model.shape.poles();
        if self.model.formulation == Formulation::Energy {
            poles.extend(&self.singular);
        }
        poles
    }

    /// Whether the energy form follows if this one does not solve the problem.
    pub fn changes_form(&self) -> bool {
        let equation = self.model.equation.as_ref();
        changes_form(&self.file)
            && equation.conservative()
            && self.model.terms.iter().all(|term| term.condition.conservative())
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
}

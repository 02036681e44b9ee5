//! The problem: read, checked as a whole, and made dimensionless.

mod axis;
mod build;
mod enforcement;
mod file;
mod hard_flux;
mod input;
mod jump;
mod known;
mod load;
mod material;
mod materials;
mod numerics;
mod pairs;
mod placed;
mod points;
mod reference;
mod relation;
mod rule;
mod sample;
mod singular;
mod size;
mod strategy;
mod suitability;
mod support;

pub use file::{Exact, Limits, Memory, Output, ProblemFile, Reference, Tolerance};
pub use known::ReferenceValue;
pub use load::{Origin, load, resolved, resolved_in, restated};
pub use material::Material;
pub use strategy::{Attempt, COARSE, HOPELESS, SINGULAR, attempts, changes_form, energy_form};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::formulation::{Formulation, Model};
use crate::geometry::Face;
use crate::jet::Pole;
use crate::quantity::{Field, Scales};
use crate::sampler::mix;

/// A checked problem, dimensionless throughout; it does not change while it is solved.
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
    /// Boundaries whose prescribed values differ from the start.
    pub jumps: Vec<Face>,
    /// Corners at which the field may be singular.
    pub singular: Vec<Pole>,
    /// The exact solution per region and component of the field, dimensionless; one entry if it is the same formula everywhere.
    pub reference: Option<Vec<Vec<Field>>>,
    /// Places whose values are reported.
    pub probes: Vec<[f64; 4]>,
    /// Numbers that the field is compared with.
    pub known: Vec<ReferenceValue>,
    /// Decisions that the user should know of.
    pub notes: Vec<String>,
    /// What is tried to solve it, in order.
    pub attempts: Vec<Attempt>,
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

    /// The random numbers of an attempt.
    pub fn random(&self, index: usize) -> ChaCha8Rng {
        let seed = self.file.seed;
        ChaCha8Rng::seed_from_u64(if index == 0 { seed } else { mix(seed, index as u64) })
    }
}

//! The whole data flow: read [`solve`] first.

mod attempt;
mod finish;
mod open;
mod request;
mod run;
mod summary;
mod verdict;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

pub use request::{Request, Settings, Source, adjust, default_folder, shorten};

use crate::error::Error;
use crate::output::Summary;
use crate::training::Record;
use open::open;
use run::Run;

/// A finished run.
#[derive(Debug)]
pub struct Outcome {
    /// Where its results are.
    pub folder: PathBuf,
    /// What it did and how good the result is.
    pub summary: Summary,
    /// Names of the field and its flux.
    pub norms: [&'static str; 2],
    /// The tolerances of the field and its flux.
    pub tolerance: Option<(f64, Option<f64>)>,
}

/// Receives progress while a problem is solved.
pub trait Progress {
    /// A line of the history.
    fn step(&mut self, record: &Record);

    /// Something that the user should know.
    fn note(&mut self, text: &str);
}

/// Solves a problem file, or what is left of an interrupted run, and writes its results: attempt after attempt until the residual
/// is small enough, and in the energy form if the residual form does not solve the problem.
///
/// # Errors
/// Everything that keeps a run from starting, and results that cannot be written.
pub fn solve(request: &Request, interrupted: &AtomicBool, progress: &mut dyn Progress) -> Result<Outcome, Error> {
    let mut run = Run::new(request, interrupted, open(request, progress)?, progress)?;
    loop {
        run.attempt_all()?;
        match run.fault() {
            Some(reason) => run = run.in_energy_form(&reason)?,
            None => return run.finish(),
        }
    }
}

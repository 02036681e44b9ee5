//! What a run starts from: a problem file, or the folder of a run that was interrupted.

use std::path::{Path, PathBuf};

use super::Progress;
use super::request::{Request, Source, adjust, default_folder, shorten};
use crate::budget::check_plans;
use crate::error::Error;
use crate::output::read_checkpoint;
use crate::problem::{self, Problem};
use crate::training::Checkpoint;

/// A problem and how far it was solved.
pub(super) struct Opened {
    pub(super) problem: Problem,
    /// Where results go.
    pub(super) folder: PathBuf,
    /// Where an interrupted run stood.
    pub(super) checkpoint: Option<Checkpoint>,
}

/// Reads and checks what is asked for.
pub(super) fn open(request: &Request, progress: &mut dyn Progress) -> Result<Opened, Error> {
    match &request.source {
        Source::File(file) => Ok(Opened {
            problem: load(request, file, request.quick)?,
            folder: request.out.clone().unwrap_or_else(|| default_folder(file)),
            checkpoint: None,
        }),
        Source::Folder(folder) => {
            let problem = load(request, &folder.join("problem.ron"), false)?;
            let checkpoint = read_checkpoint(folder)?;
            match &checkpoint {
                None => progress.note("there is no checkpoint: the run starts from the beginning"),
                Some(checkpoint) => belongs(checkpoint, &problem, folder)?,
            }
            Ok(Opened {
                problem,
                folder: folder.clone(),
                checkpoint,
            })
        }
    }
}

/// The problem with the settings of the command line.
fn load(request: &Request, path: &Path, quick: bool) -> Result<Problem, Error> {
    let mut problem = problem::load(path, |file| {
        adjust(file, &request.settings)?;
        if quick {
            shorten(file);
        }
        Ok(())
    })?;
    check_plans(&problem)?;
    // Not before: a limit that is too small is no fault of the file.
    if let Some(memory) = &request.settings.memory {
        problem.file.memory = Some(memory.clone());
    }
    Ok(problem)
}

/// A checkpoint must be one of the same problem; nothing but device and `--quick` is taken from a run that had not come to its first
/// parameters.
fn belongs(checkpoint: &Checkpoint, problem: &Problem, folder: &Path) -> Result<(), Error> {
    if checkpoint.weights.is_empty() || checkpoint.problem == problem::resolved_in(&problem.file, folder) {
        return Ok(());
    }
    Err(Error::Argument {
        message: format!(
            "`{}` is not the problem that its checkpoint belongs to",
            folder.join("problem.ron").display()
        ),
        hint: "undo the changes, or solve it as a new run with `--out`".into(),
    })
}

//! Checkpoints on disk.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::results::replace;
use crate::error::Error;
use crate::training::Checkpoint;

/// The checkpoint's name in a results folder.
const NAME: &str = "checkpoint.bin";

/// Writes checkpoints beside the run: a thread writes, flushes and renames while training goes on.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    interval: Duration,
    last: Instant,
    writer: Option<JoinHandle<Result<(), Error>>>,
}

impl Keeper {
    /// Keeps a checkpoint in `folder`, no more often than once per `interval`.
    pub fn new(folder: &Path, interval: Duration) -> Self {
        Self {
            path: folder.join(NAME),
            interval,
            last: Instant::now(),
            writer: None,
        }
    }

    /// Whether the interval is over and the last checkpoint is on disk.
    pub fn due(&self) -> bool {
        self.last.elapsed() >= self.interval && self.writer.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Writes a checkpoint in the background, after the one before and after `history` has reached the disk.
    ///
    /// # Errors
    /// What went wrong with the one before.
    pub fn write(&mut self, checkpoint: &Checkpoint, history: File) -> Result<(), Error> {
        let before = self.finish();
        self.last = Instant::now();
        let path = self.path.clone();
        let bytes = rmp_serde::to_vec_named(checkpoint)
            .map_err(|error| Error::file("write", &path)(std::io::Error::other(error)))?;
        self.writer = Some(std::thread::spawn(move || {
            // After a power cut the history must be at least as long as the checkpoint says.
            history.sync_data().map_err(Error::file("write", &path))?;
            replace(&path, &bytes)
        }));
        before
    }

    /// Waits until the last checkpoint is on disk.
    ///
    /// # Errors
    /// A file that could not be written.
    pub fn finish(&mut self) -> Result<(), Error> {
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(Error::file("write", &self.path)(std::io::Error::other(
                "the writing thread failed",
            ))),
            None => Ok(()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A run that fails must not leave a half-written file behind.
        let _ = self.finish();
    }
}

/// Removes the checkpoint of a results folder, if it has one.
///
/// # Errors
/// A file that cannot be removed.
pub(super) fn remove_checkpoint(folder: &Path) -> Result<(), Error> {
    let path = folder.join(NAME);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The checkpoint of a results folder, if it has one.
///
/// # Errors
/// A file that cannot be read or is no checkpoint of this version.
pub fn read_checkpoint(folder: &Path) -> Result<Option<Checkpoint>, Error> {
    let path = folder.join(NAME);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).map_err(Error::file("read", &path))?;
    let damaged = |reason: String| Error::Argument {
        message: format!("`{}` {reason}", path.display()),
        hint: "remove it to start the run from the beginning".into(),
    };
    let checkpoint: Checkpoint =
        rmp_serde::from_slice(&bytes).map_err(|error| damaged(format!("is not a checkpoint: {error}")))?;
    if checkpoint.version != env!("CARGO_PKG_VERSION") {
        return Err(damaged(format!(
            "was written by version {}, this is {}",
            checkpoint.version,
            env!("CARGO_PKG_VERSION")
        )));
    }
    Ok(Some(checkpoint))
}

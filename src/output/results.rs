//! The results folder: opened before the long run, complete whatever happens.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::checkpoint::remove_checkpoint;
use super::memory::peak_memory;
use super::network::write_network;
use super::summary::Summary;
use crate::error::Error;
use crate::jet::Architecture;
use crate::training::Record;

/// An open results folder.
#[derive(Debug)]
pub struct Results {
    folder: PathBuf,
    history: BufWriter<File>,
    /// Bytes of the history so far.
    length: u64,
    start: Instant,
    /// Wall time before an interruption, s.
    before: f64,
}

impl Results {
    /// Creates the folder, writes `problem.ron` and opens `history.csv`; the clock counts from `begun`.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn create(folder: &Path, problem: &str, terms: &[String], begun: Instant) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        // What an earlier run left must not be taken for this one's.
        remove_checkpoint(folder)?;
        replace(&folder.join("problem.ron"), problem.as_bytes())?;
        let path = folder.join("history.csv");
        let mut history = BufWriter::new(File::create(&path).map_err(Error::file("write", &path))?);
        let mut header = String::from("stage,step,epoch,points,loss");
        for term in terms {
            header.push_str(&format!(",loss {term}"));
        }
        header.push_str(",gradient_norm,rate,batch,clipped,signal_to_noise,seconds,peak_memory_bytes\n");
        history
            .write_all(header.as_bytes())
            .and_then(|()| history.flush())
            .map_err(Error::file("write", &path))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            history,
            length: header.len() as u64,
            start: begun,
            before: 0.0,
        })
    }

    /// Opens the folder of an interrupted run; its history goes on after `length` bytes, its clock after `seconds` before `begun`.
    ///
    /// # Errors
    /// A history that is shorter or cannot be written.
    pub fn resume(folder: &Path, length: u64, seconds: f64, begun: Instant) -> Result<Self, Error> {
        let path = folder.join("history.csv");
        let open = || {
            let mut file = File::options().write(true).open(&path)?;
            if file.metadata()?.len() < length {
                return Err(std::io::Error::other("it is shorter than at the checkpoint"));
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            history: BufWriter::new(open().map_err(Error::file("continue", &path))?),
            length,
            start: begun,
            before: seconds,
        })
    }

    /// Replaces `problem.ron`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn problem(&self, problem: &str) -> Result<(), Error> {
        replace(&self.folder.join("problem.ron"), problem.as_bytes())
    }

    /// The history's file.
    ///
    /// # Errors
    /// Too many open files.
    pub fn history(&self) -> Result<File, Error> {
        self.history
            .get_ref()
            .try_clone()
            .map_err(Error::file("write", self.folder.join("history.csv")))
    }

    /// Bytes of the history and seconds of the run so far.
    pub fn position(&self) -> (u64, f64) {
        (self.length, self.before + self.start.elapsed().as_secs_f64())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends a line to the history.
    ///
    /// # Errors
    /// A full disk, for example.
    pub fn record(&mut self, record: &Record) -> Result<(), Error> {
        let mut line = format!(
            "{},{},{:.3},{},{:e}",
            record.stage, record.step, record.epoch, record.seen, record.loss
        );
        let optional = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:e}"));
        for term in &record.terms {
            line.push_str(&format!(",{term:e}"));
        }
        line.push_str(&format!(
            ",{},{:e},{},{},{},{:.3},{}\n",
            optional(record.gradient_norm),
            record.rate,
            record.batch,
            optional(record.clipped),
            optional(record.signal),
            self.position().1,
            peak_memory().map_or(String::new(), |bytes| bytes.to_string())
        ));
        let path = self.folder.join("history.csv");
        self.history
            .write_all(line.as_bytes())
            .and_then(|()| self.history.flush())
            .map_err(Error::file("write", path))?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Writes the network.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn network(&self, architecture: &Architecture, parameters: &[f64], length: f64) -> Result<(), Error> {
        write_network(
            &self.folder.join("network.safetensors"),
            architecture,
            parameters,
            length,
        )
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn summary(&self, summary: &Summary) -> Result<(), Error> {
        let path = self.folder.join("summary.json");
        let text = serde_json::to_string_pretty(summary)
            .map_err(|error| Error::file("write", &path)(std::io::Error::other(error)))?;
        replace(&path, format!("{text}\n").as_bytes())
    }
}

/// Writes a file beside `path` and renames it, so that a reader sees the old or the new one.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(content)?;
        file.sync_data()
    };
    write().map_err(Error::file("write", path))?;
    std::fs::rename(&part, path).map_err(Error::file("write", path))
}

//! The results folder: opened before the long run, complete whatever happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::memory::peak_memory;
use super::network::write_network;
use super::summary::Summary;
use crate::error::Error;
use crate::network::Architecture;
use crate::training::Record;

/// An open results folder.
#[derive(Debug)]
pub struct Results {
    folder: PathBuf,
    history: BufWriter<File>,
    start: Instant,
}

impl Results {
    /// Creates the folder, writes `problem.ron` and opens `history.csv`.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn create(folder: &Path, problem: &str, terms: &[String]) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        replace(&folder.join("problem.ron"), problem.as_bytes())?;
        let path = folder.join("history.csv");
        let mut history = BufWriter::new(File::create(&path).map_err(Error::file("write", &path))?);
        let mut header = String::from("stage,step,epoch,loss");
        for term in terms {
            header.push_str(&format!(",loss {term}"));
        }
        header.push_str(",gradient_norm,rate,batch,seconds,peak_memory_bytes");
        writeln!(history, "{header}").map_err(Error::file("write", &path))?;
        history.flush().map_err(Error::file("write", &path))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            history,
            start: Instant::now(),
        })
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
        let mut line = format!("{},{},{:.3},{:e}", record.stage, record.step, record.epoch, record.loss);
        for term in &record.terms {
            line.push_str(&format!(",{term:e}"));
        }
        line.push_str(&format!(
            ",{},{:e},{},{:.3},{}",
            record.gradient_norm.map_or(String::new(), |norm| format!("{norm:e}")),
            record.rate,
            record.batch,
            self.start.elapsed().as_secs_f64(),
            peak_memory().map_or(String::new(), |bytes| bytes.to_string())
        ));
        let path = self.folder.join("history.csv");
        writeln!(self.history, "{line}")
            .and_then(|()| self.history.flush())
            .map_err(Error::file("write", path))
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
    std::fs::write(&part, content).map_err(Error::file("write", path))?;
    std::fs::rename(&part, path).map_err(Error::file("write", path))
}

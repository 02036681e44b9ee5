//! What the user did wrong, with its position, the allowed values and the next thing to try.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One fault of a problem file.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// One sentence without a full stop, literals in backticks.
    pub message: String,
    /// Bytes of the file that are meant.
    pub span: Range<usize>,
    /// What to try next.
    pub hint: Option<String>,
}

/// Why the program cannot go on.
#[derive(Debug)]
pub enum Error {
    /// A problem file with all its faults.
    Problem {
        /// The file as the user named it.
        file: PathBuf,
        /// Its text.
        text: String,
        /// At least one fault, in the order of the text.
        faults: Vec<Fault>,
    },
    /// A file that cannot be read or written.
    File {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A device that does not exist here.
    Device {
        /// The device as the user named it.
        device: String,
        /// Why it cannot be used.
        reason: String,
        /// What to try next.
        hint: String,
    },
    /// Settings that need more memory than there is.
    Memory {
        /// Bytes that the run would need.
        needed: u64,
        /// Bytes that are available.
        available: u64,
        /// What to try next.
        hint: String,
    },
    /// A value on the command line that the run cannot use.
    Argument {
        /// What is wrong.
        message: String,
        /// What to try next.
        hint: String,
    },
}

impl Error {
    /// An I/O error while doing `action` with `path`.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { file, text, faults } => {
                let renderer = Renderer::plain();
                for (i, fault) in faults.iter().enumerate() {
                    let report = [Level::ERROR.primary_title(&fault.message).element(
                        Snippet::source(text.as_str())
                            .path(file.to_string_lossy())
                            .annotation(AnnotationKind::Primary.span(fault.span.clone())),
                    )];
                    if i > 0 {
                        writeln!(f)?;
                    }
                    write!(f, "{}", renderer.render(&report))?;
                    if let Some(hint) = &fault.hint {
                        write!(f, "\nhint: {hint}")?;
                    }
                    writeln!(f)?;
                }
                Ok(())
            }
            Self::File { action, path, source } => {
                writeln!(f, "error: cannot {action} `{}`: {source}", path.display())?;
                let hint = match source.kind() {
                    std::io::ErrorKind::NotFound => "check the path; relative paths start at the current folder",
                    std::io::ErrorKind::PermissionDenied => "choose a folder that you may write to with `--out DIR`",
                    _ => "check the path and the free space of the disk",
                };
                writeln!(f, "hint: {hint}")
            }
            Self::Device { device, reason, hint } => {
                writeln!(f, "error: cannot use the device `{device}`: {reason}\nhint: {hint}")
            }
            Self::Memory {
                needed,
                available,
                hint,
            } => writeln!(
                f,
                "error: the run would need about {}, but {} are available\nhint: {hint}",
                crate::output::bytes(*needed),
                crate::output::bytes(*available)
            ),
            Self::Argument { message, hint } => writeln!(f, "error: {message}\nhint: {hint}"),
        }
    }
}

impl std::error::Error for Error {}

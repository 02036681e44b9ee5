//! What the user did wrong, with its position, the allowed values and the next thing to try.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A number of things: `1 facet`, `2 facets`.
pub fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

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
                    let span = drawable(text, &fault.span);
                    let report = [Level::ERROR.primary_title(&fault.message).element(
                        Snippet::source(text.as_str())
                            .path(file.to_string_lossy())
                            .annotation(AnnotationKind::Primary.span(span)),
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
                    std::io::ErrorKind::AlreadyExists => "choose another name; existing files are never written over",
                    std::io::ErrorKind::InvalidData => "save the file as UTF-8 text",
                    std::io::ErrorKind::IsADirectory => "name a file, not a folder",
                    std::io::ErrorKind::NotADirectory => "choose another folder with `--out DIR`",
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
                bytes(*needed),
                bytes(*available)
            ),
            Self::Argument { message, hint } => writeln!(f, "error: {message}\nhint: {hint}"),
        }
    }
}

/// The span cut to whole characters of one line, and at least one character long where there is one.
fn drawable(text: &str, span: &Range<usize>) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    let line = text[start..].find('\n').map_or(text.len(), |end| start + end);
    let end = floor(span.end.min(line)).max(start);
    if end > start {
        return start..end;
    }
    let next = text[start..].chars().next().filter(|c| *c != '\n');
    match next {
        Some(c) => start..start + c.len_utf8(),
        None => text[..start]
            .chars()
            .next_back()
            .map_or(start..start, |c| start - c.len_utf8()..start),
    }
}

impl std::error::Error for Error {}

/// `1536` as `1.5 KiB`.
pub fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted};

    #[test]
    fn one_thing_is_not_called_by_its_plural() {
        assert_eq!(
            [0, 1, 2].map(|count| counted(count, "facet")),
            ["0 facets", "1 facet", "2 facets"]
        );
    }

    #[test]
    fn sizes_are_rounded_to_a_fitting_unit() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
    }
}

//! Reading a problem file, with all its faults in one report.

use std::path::{Component, Path as FilePath, PathBuf};

use ron::extensions::Extensions;
use ron::ser::PrettyConfig;

use super::build::build;
use super::{Problem, ProblemFile};
use crate::error::{Error, Fault};
use crate::quantity::{Path, locate};

/// The extensions that every problem file is read with: `Some` is implied, and `LinearElasticity(young: …)` needs no
/// second pair of brackets.
fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// The text that a problem was read from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The file as the user named it.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

impl Origin {
    /// An error about the value at a path of the file.
    pub fn error(&self, at: &Path, message: String, hint: String) -> Error {
        self.report(vec![Fault {
            message,
            span: locate(&self.text, at),
            hint: Some(hint),
        }])
    }

    /// The report of faults.
    fn report(&self, faults: Vec<Fault>) -> Error {
        Error::Problem {
            file: self.path.clone(),
            text: self.text.clone(),
            faults,
        }
    }
}

/// Reads and checks the file at `path`; `adjust` applies command-line settings to it before it is checked.
///
/// # Errors
/// An unreadable file, or all faults found in it.
pub fn load(path: &FilePath, adjust: impl FnOnce(&mut ProblemFile) -> Result<(), Error>) -> Result<Problem, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    // Some editors begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let origin = Origin {
        path: path.to_path_buf(),
        text,
    };
    let mut file: ProblemFile = options()
        .from_str(&origin.text)
        .map_err(|error| origin.report(vec![syntax_fault(&origin.text, &error)]))?;
    adjust(&mut file)?;
    for named in file.paths() {
        *named = found(named, path.parent().unwrap_or(FilePath::new("")));
    }
    build(file, &origin).map_err(|faults| origin.report(faults))
}

/// Checks a file that the program made itself, as if it were read from `path`.
///
/// # Errors
/// All faults found in it.
pub fn restated(file: ProblemFile, path: &FilePath) -> Result<Problem, Error> {
    let origin = Origin {
        path: path.to_path_buf(),
        text: resolved(&file),
    };
    build(file, &origin).map_err(|faults| origin.report(faults))
}

/// The file as RON text with every default visible; it can be solved again.
pub fn resolved(file: &ProblemFile) -> String {
    // Serialising plain data to a string cannot fail.
    let text = options()
        .to_string_pretty(file, PrettyConfig::new())
        .unwrap_or_else(|error| unreachable!("a problem file is plain data: {error}"));
    format!("Problem{text}\n")
}

/// [`resolved`] for a file in `folder`: the paths of other files lead there from it.
pub fn resolved_in(file: &ProblemFile, folder: &FilePath) -> String {
    let mut file = file.clone();
    for named in file.paths() {
        *named = relative(named, folder);
    }
    resolved(&file)
}

/// The absolute path of a file that is named relative to `folder` or, if there is none, to the current folder.
fn found(path: &FilePath, folder: &FilePath) -> PathBuf {
    let beside = folder.join(path);
    let path = if beside.exists() || !path.exists() {
        beside
    } else {
        path.to_path_buf()
    };
    plain(&path)
}

/// The path from `folder` to a file.
fn relative(path: &FilePath, folder: &FilePath) -> PathBuf {
    let (path, folder) = (plain(path), plain(folder));
    let shared = path.iter().zip(folder.iter()).take_while(|(a, b)| a == b).count();
    let up = folder.iter().skip(shared).map(|_| "..");
    up.map(PathBuf::from)
        .chain(path.iter().skip(shared).map(PathBuf::from))
        .collect()
}

/// An absolute path without `.` and `..`.
fn plain(path: &FilePath) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// RON's own error with its place as bytes.
fn syntax_fault(text: &str, error: &ron::error::SpannedError) -> Fault {
    let offset = |position: &ron::error::Position| {
        let line_start: usize = text
            .split_inclusive('\n')
            .take(position.line.saturating_sub(1))
            .map(str::len)
            .sum();
        let line = text[line_start..].lines().next().unwrap_or("");
        let column = line
            .char_indices()
            .nth(position.col.saturating_sub(1))
            .map_or(line.len(), |(byte, _)| byte);
        line_start + column
    };
    let mut start = offset(&error.span.start).min(text.len());
    let mut end = offset(&error.span.end).clamp(start, text.len());
    use ron::Error as Code;
    let list = |names: &[&str]| format!("expected one of `{}`", names.join("`, `"));
    let named = |found: &str, kind: &str, outer: &Option<String>| match outer {
        Some(outer) => match outer.strip_suffix("Kind") {
            Some(family) => format!("unknown {} `{found}`", family.to_lowercase()),
            None => format!("unknown {kind} `{found}` in `{outer}`"),
        },
        None => format!("unknown {kind} `{found}`"),
    };
    let (message, hint) = match &error.code {
        Code::NoSuchStructField { expected, found, outer } => {
            (start, end) = word(text, found, start, end);
            (named(found, "field", outer), Some(list(expected)))
        }
        Code::NoSuchEnumVariant { expected, found, outer } => {
            (start, end) = word(text, found, start, end);
            (named(found, "kind", outer), Some(list(expected)))
        }
        Code::TrailingCharacters => {
            start += text[start..].len() - text[start..].trim_start().len();
            end = text.len();
            (
                "there is text after the end of the problem".into(),
                Some("a bracket may be closed too early".into()),
            )
        }
        Code::IntegerOutOfBounds => (
            "this number is not a whole number in range".into(),
            Some("counts and seeds start at 0".into()),
        ),
        Code::InvalidIntegerDigit { .. } => (
            "this is not a whole number".into(),
            Some("counts are written out, for example 1000".into()),
        ),
        Code::Eof | Code::ExpectedStructLikeEnd | Code::ExpectedArrayEnd | Code::ExpectedMapEnd => (
            lower(&error.code.to_string()),
            Some("a closing bracket may be missing before this; `pinn new NAME` writes a file to start from".into()),
        ),
        Code::ExpectedComma => (
            "a comma is expected here".into(),
            Some("formulas stand in quotes; fields are separated by commas".into()),
        ),
        Code::MissingStructField { field, outer } => (
            match outer {
                Some(outer) => format!("`{outer}` lacks the field `{field}`"),
                None => format!("the field `{field}` is missing"),
            },
            Some(format!("add `{field}: …`; `pinn list` shows the fields of every kind")),
        ),
        other => (lower(&other.to_string()), None),
    };
    // RON counts the blank before a value in.
    let blank = text[start..end].len() - text[start..end].trim_start().len();
    start += blank;
    Fault {
        message,
        span: start..end,
        hint,
    }
}

/// RON points behind an unknown name; this finds the name itself, the last one before the end of the span.
fn word(text: &str, name: &str, start: usize, end: usize) -> (usize, usize) {
    match text[..end].rfind(name) {
        Some(at) => (at, at + name.len()),
        None => (start, end),
    }
}

/// First letter in lower case, no full stop.
fn lower(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_is_found_from_the_folder_of_the_results() {
        let path = plain(FilePath::new("problems/../meshes/part.msh"));
        let back = relative(&path, FilePath::new("results/part"));
        assert_eq!(back, FilePath::new("../../meshes/part.msh"));
        assert_eq!(plain(&FilePath::new("results/part").join(back)), path);
    }
}

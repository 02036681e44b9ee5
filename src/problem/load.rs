//! Reading a problem file, with all its faults in one report.

use std::path::Path as FilePath;

use ron::extensions::Extensions;
use ron::ser::PrettyConfig;

use super::build::build;
use super::{Problem, ProblemFile};
use crate::error::{Error, Fault};

/// The extensions that every problem file is read with: `Some` is implied, and `LinearElasticity(young: …)` needs no
/// second pair of brackets.
fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// Reads and checks the file at `path`; `adjust` applies command-line settings to it before it is checked.
///
/// # Errors
/// An unreadable file, or all faults found in it.
pub fn load(path: &FilePath, adjust: impl FnOnce(&mut ProblemFile)) -> Result<Problem, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    let report = |faults| Error::Problem {
        file: path.to_path_buf(),
        text: text.clone(),
        faults,
    };
    let mut file: ProblemFile = options()
        .from_str(&text)
        .map_err(|error| report(vec![syntax_fault(&text, &error)]))?;
    adjust(&mut file);
    build(file, &text).map_err(report)
}

/// The file as RON text with every default visible; it can be solved again.
pub fn resolved(file: &ProblemFile) -> String {
    let config = PrettyConfig::new()
        .struct_names(true)
        .extensions(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES);
    // Serialising plain data to a string cannot fail.
    options()
        .to_string_pretty(file, config)
        .unwrap_or_else(|error| unreachable!("a problem file is plain data: {error}"))
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
        Some(outer) => format!("unknown {kind} `{found}` in `{outer}`"),
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
        Code::MissingStructField { field, outer } => (
            match outer {
                Some(outer) => format!("`{outer}` lacks the field `{field}`"),
                None => format!("the field `{field}` is missing"),
            },
            Some(format!("add `{field}: …`; `pinn list` shows the fields of every kind")),
        ),
        other => (lower(&other.to_string()), None),
    };
    if end == start {
        // An empty span cannot be drawn.
        end = (start + 1).min(text.len());
        start = end.saturating_sub(1);
    }
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

//! Where in a RON text a value stands, for errors about fields that parse but do not fit together.
//!
//! RON reports positions of its own errors only; values carry none. This reads the nesting of the text (names, fields,
//! lists, maps) without judging it, and finds the span of a path such as `conditions[1].ty`.

use std::ops::Range;

/// One step into a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A struct field or a map key.
    Key(String),
    /// A position in a list or tuple.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path from the file's root to a value.
pub type Path = Vec<Step>;

/// Builds a [`Path`] from keys and indices, `path!["a", 0]`, or from a path and further steps, `path![at; "b"]`.
#[macro_export]
macro_rules! path {
    ($at:expr; $($step:expr),* $(,)?) => {
        $at.iter().cloned().chain([$($crate::quantity::Step::from($step)),*]).collect::<$crate::quantity::Path>()
    };
    ($($step:expr),* $(,)?) => { $crate::quantity::Path::from([$($crate::quantity::Step::from($step)),*]) };
}

#[derive(Debug)]
struct Node {
    span: Range<usize>,
    children: Vec<(Option<String>, Node)>,
}

/// The span of the value at `path`, or of the deepest step that exists.
pub fn locate(text: &str, path: &[Step]) -> Range<usize> {
    let mut reader = Reader { text, at: 0 };
    let root = reader.value();
    let mut node = &root;
    for step in path {
        let child = match step {
            Step::Key(key) => node.children.iter().find(|(name, _)| name.as_deref() == Some(key)),
            Step::Index(index) => node.children.get(*index),
        };
        match child {
            Some((_, child)) => node = child,
            None => break,
        }
    }
    // A whole struct or list is shown by its first line.
    let end = text[node.span.clone()]
        .find('\n')
        .map_or(node.span.end, |line| node.span.start + line);
    node.span.start..end
}

/// The keys at `path` that were given before, in order.
pub(super) fn repeated_keys(text: &str, path: &[Step]) -> Vec<Range<usize>> {
    let mut reader = Reader { text, at: 0 };
    let root = reader.value();
    let mut node = &root;
    for step in path {
        let Step::Key(key) = step else { return Vec::new() };
        match node.children.iter().find(|(name, _)| name.as_deref() == Some(key)) {
            Some((_, child)) => node = child,
            None => return Vec::new(),
        }
    }
    let mut repeated = Vec::new();
    for (index, (name, value)) in node.children.iter().enumerate() {
        let earlier = node.children[..index].iter().any(|(other, _)| other == name);
        if let (Some(name), true) = (name, earlier) {
            let end = text[..value.span.start]
                .rfind(name.as_str())
                .map_or(value.span.start, |at| at + name.len());
            repeated.push(end - name.len()..end);
        }
    }
    repeated
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&mut self) -> Option<char> {
        loop {
            let trimmed = self.rest().trim_start();
            self.at = self.text.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else if trimmed.starts_with("#!") {
                self.at += trimmed.find(']').map_or(trimmed.len(), |end| end + 1);
            } else {
                return trimmed.chars().next();
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        let mut escaped = false;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            if c == '"' && !escaped {
                break;
            }
            escaped = c == '\\' && !escaped;
        }
    }

    fn value(&mut self) -> Node {
        let open = self.peek();
        let start = self.at;
        let mut children = Vec::new();
        match open {
            Some('"') => self.string(),
            Some('(' | '[' | '{') => children = self.children(),
            _ => {
                let word = |c: char| !c.is_whitespace() && !"()[]{}:,\"".contains(c);
                self.at += self.rest().find(|c| !word(c)).unwrap_or(self.rest().len());
                if self.at > start && self.rest().starts_with('(') {
                    children = self.children();
                }
            }
        }
        Node {
            span: start..self.at,
            children,
        }
    }

    fn children(&mut self) -> Vec<(Option<String>, Node)> {
        self.at += 1;
        let mut children = Vec::new();
        loop {
            match self.peek() {
                None => return children,
                Some(')' | ']' | '}') => {
                    self.at += 1;
                    return children;
                }
                Some(',' | ':') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    let first = self.value();
                    if self.peek() == Some(':') {
                        self.at += 1;
                        let key = self.text[first.span].trim_matches('"').to_string();
                        children.push((Some(key), self.value()));
                    } else {
                        children.push((None, first));
                    }
                    if self.at == before {
                        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a card (with brackets)\nProblem(\n  constants: {\"P\": 1e3},\n  conditions: [\n    A(on: \"left\"), /* , */ B(on: [\"top\", \"rigth\"], v: (\"0\", \"x(\")),\n  ],\n)";

    #[test]
    fn nested_values_are_found() {
        let at = |path: Path| &TEXT[locate(TEXT, &path)];
        assert_eq!(at(path!["constants", "P"]), "1e3");
        assert_eq!(at(path!["conditions", 1, "on", 1]), "\"rigth\"");
        assert_eq!(at(path!["conditions", 1, "v", 1]), "\"x(\"");
        assert_eq!(at(path!["conditions", 0]), "A(on: \"left\")");
        assert_eq!(at(path!["conditions", 0, "missing"]), "A(on: \"left\")");
    }

    #[test]
    fn unfinished_text_ends_the_search() {
        for end in 0..TEXT.len() {
            assert!(locate(&TEXT[..end], &path!["conditions", 1, "v"]).end <= end);
        }
    }
}

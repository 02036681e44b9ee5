//! The words of a formula.

use std::ops::Range;

use super::FormulaError;

/// A number, a name or a symbol.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    Symbol(char),
}

impl Token {
    /// As messages say it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Number(value) => format!("number `{value}`"),
            Self::Name(name) => format!("name `{name}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
        }
    }
}

/// The tokens of a text with their places.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, FormulaError> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if c.is_ascii_digit() || c == '.' {
            while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
                at += 1;
            }
            if at < bytes.len() && matches!(bytes[at], b'e' | b'E') {
                let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    at += 1 + sign;
                    while at < bytes.len() && bytes[at].is_ascii_digit() {
                        at += 1;
                    }
                }
            }
            let value = text[start..at].parse().map_err(|_| FormulaError {
                message: format!("`{}` is not a number", &text[start..at]),
                span: start..at,
                hint: None,
            })?;
            tokens.push((Token::Number(value), start..at));
        } else if c.is_ascii_alphabetic() || c == '_' {
            while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                at += 1;
            }
            tokens.push((Token::Name(text[start..at].into()), start..at));
        } else if "+-*/^(),<>".contains(c) {
            at += 1;
            // On the boundary itself nothing is decided, so that `<=` is `<`.
            if matches!(c, '<' | '>') && bytes.get(at) == Some(&b'=') {
                at += 1;
            }
            // `**` is how Python writes a power.
            if c == '*' && bytes.get(at) == Some(&b'*') {
                at += 1;
                tokens.push((Token::Symbol('^'), start..at));
            } else {
                tokens.push((Token::Symbol(c), start..at));
            }
        } else {
            return Err(FormulaError {
                message: format!("unexpected character `{c}` in a formula"),
                span: start..start + c.len_utf8(),
                hint: Some("formulas use + - * / ^ ( ) and functions such as sin(x)".into()),
            });
        }
    }
    Ok(tokens)
}

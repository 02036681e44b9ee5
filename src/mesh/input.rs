//! A file that is read from front to back, as text or as binary numbers.

use super::{MeshError, Spot};

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// Binary, with the bytes of a number in the order of the machine that wrote them: least first or not.
    Binary {
        little: bool,
    },
}

/// The bytes of a file and a place in them.
#[derive(Debug)]
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Line of `at`, counted from 1; lines of binary numbers are not counted.
    line: usize,
    /// Lines before the last token, for messages.
    token_line: usize,
    token_at: usize,
    pub(super) form: Form,
    /// Whether any binary block was read, so that line numbers mean nothing.
    binary: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
            token_line: 1,
            token_at: 0,
            form: Form::Text,
            binary: false,
        }
    }

    /// The place of what was read last.
    pub(super) fn spot(&self) -> Spot {
        if self.binary {
            Spot::Byte(self.token_at)
        } else {
            Spot::Line(self.token_line)
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> MeshError {
        MeshError::new(message).at(self.spot())
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn ended(&mut self, wanted: &str) -> MeshError {
        self.token_line = self.line;
        self.token_at = self.bytes.len();
        self.error(format!("the file ends where {wanted} is expected"))
            .hint("it may be cut short; write or copy it again")
    }

    fn skip_blank(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            if !byte.is_ascii_whitespace() {
                break;
            }
            self.line += usize::from(*byte == b'\n');
            self.at += 1;
        }
    }

    /// The rest of the line, without blanks at its ends; `None` at the end of the file.
    pub(super) fn line(&mut self) -> Option<String> {
        if self.left() == 0 {
            return None;
        }
        (self.token_line, self.token_at) = (self.line, self.at);
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == b'\n');
        let text = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())])
            .trim()
            .to_string();
        self.at += end.map_or(rest.len(), |end| end + 1);
        self.line += usize::from(end.is_some());
        Some(text)
    }

    /// The next line that is not empty.
    pub(super) fn full_line(&mut self) -> Option<String> {
        self.skip_blank();
        self.line()
    }

    /// The next word of text; what stands there otherwise is called `wanted`.
    pub(super) fn word(&mut self, wanted: &str) -> Result<&'a str, MeshError> {
        self.skip_blank();
        (self.token_line, self.token_at) = (self.line, self.at);
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return Err(self.ended(wanted));
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.at += end;
        std::str::from_utf8(&rest[..end]).map_err(|_| self.error(format!("this is not text, but {wanted} is expected")))
    }

    fn bytes<const N: usize>(&mut self, wanted: &str) -> Result<[u8; N], MeshError> {
        self.token_at = self.at;
        self.binary = true;
        let Some(bytes) = self.bytes[self.at..].first_chunk::<N>() else {
            return Err(self.ended(wanted));
        };
        self.at += N;
        Ok(*bytes)
    }

    fn parse<T: std::str::FromStr>(&mut self, wanted: &str) -> Result<T, MeshError> {
        let word = self.word(wanted)?;
        word.parse().map_err(|_| {
            let shown: String = word.chars().take(40).collect();
            self.error(format!("`{shown}` stands where {wanted} is expected"))
        })
    }

    /// A whole number of four bytes.
    pub(super) fn int(&mut self, wanted: &str) -> Result<i64, MeshError> {
        Ok(match self.form {
            Form::Text => self.parse(wanted)?,
            Form::Binary { little: true } => i32::from_le_bytes(self.bytes(wanted)?).into(),
            Form::Binary { little: false } => i32::from_be_bytes(self.bytes(wanted)?).into(),
        })
    }

    /// A count or a number of a node or an element, of eight bytes.
    pub(super) fn size(&mut self, wanted: &str) -> Result<u64, MeshError> {
        Ok(match self.form {
            Form::Text => self.parse(wanted)?,
            Form::Binary { little: true } => u64::from_le_bytes(self.bytes(wanted)?),
            Form::Binary { little: false } => u64::from_be_bytes(self.bytes(wanted)?),
        })
    }

    /// A real number.
    pub(super) fn real(&mut self, wanted: &str) -> Result<f64, MeshError> {
        Ok(match self.form {
            Form::Text => self.parse(wanted)?,
            Form::Binary { little: true } => f64::from_le_bytes(self.bytes(wanted)?),
            Form::Binary { little: false } => f64::from_be_bytes(self.bytes(wanted)?),
        })
    }

    /// Checks a declared count against what the rest of the file can hold at `least` bytes each.
    pub(super) fn count(&mut self, declared: u64, least: usize, what: &str) -> Result<usize, MeshError> {
        match usize::try_from(declared) {
            Ok(count) if count <= self.left() / least.max(1) => Ok(count),
            _ => Err(self
                .error(format!(
                    "{declared} {what} are announced, but the file has only {} bytes left",
                    self.left()
                ))
                .hint("it may be cut short; write or copy it again")),
        }
    }

    /// Goes behind the line that begins with `mark`.
    pub(super) fn skip_to(&mut self, mark: &str) -> Result<(), MeshError> {
        let rest = &self.bytes[self.at..];
        let Some(found) = rest.windows(mark.len()).position(|window| window == mark.as_bytes()) else {
            return Err(self.ended(&format!("`{mark}`")));
        };
        self.line += rest[..found].iter().filter(|b| **b == b'\n').count();
        self.at += found + mark.len();
        Ok(())
    }
}

//! From the words of a formula to its operations, operands first.
//!
//! Grammar, loosest first: `a + b`, `a - b`; `a * b`, `a / b`; `-a`; `a ^ b` (right-associative); numbers, names,
//! `f(a)`, `f(a, b)` and parentheses.

use std::collections::BTreeMap;
use std::ops::Range;

use super::functions::{BINARY, MAX, MIN, UNARY};
use super::token::{Token, tokens};
use super::{Allowed, FIELD, FormulaError, Op, VARIABLES};

/// What is left to read, and what was read.
pub(super) struct Parser<'a> {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    constants: &'a BTreeMap<String, f64>,
    allowed: Allowed,
    tape: Vec<Op>,
    depth: usize,
}

/// The operations of a whole text: a sum or a condition.
pub(super) fn read(
    text: &str,
    constants: &BTreeMap<String, f64>,
    allowed: Allowed,
    whole: impl Fn(&mut Parser<'_>) -> Result<(), FormulaError>,
) -> Result<Vec<Op>, FormulaError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        next: 0,
        end: text.len(),
        constants,
        allowed,
        tape: Vec::new(),
        depth: 0,
    };
    whole(&mut parser)?;
    if let Some((token, span)) = parser.tokens.get(parser.next) {
        return Err(FormulaError {
            message: format!("unexpected {} in a formula", token.describe()),
            span: span.clone(),
            hint: Some(match token {
                Token::Symbol(',') => "decimals are written with a point".into(),
                Token::Symbol(')') => "there is one `)` too many".into(),
                Token::Symbol('<' | '>') => {
                    "comparisons stand in conditions such as `where`; `a < b < c` is the longest".into()
                }
                _ => "an operator such as `*` may be missing before it".into(),
            }),
        });
    }
    Ok(parser.tape)
}

/// Deepest nesting of brackets, signs and powers.
const DEPTH: usize = 200;

impl Parser<'_> {
    fn take(&mut self, symbol: char) -> bool {
        let found = matches!(self.tokens.get(self.next), Some((Token::Symbol(s), _)) if *s == symbol);
        self.next += usize::from(found);
        found
    }

    fn take_name(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some((Token::Name(name), _)) if name == word);
        self.next += usize::from(found);
        found
    }

    /// Comparisons joined by `and`, which binds more tightly, and `or`.
    pub(super) fn condition(&mut self) -> Result<(), FormulaError> {
        self.all()?;
        while self.take_name("or") {
            self.all()?;
            self.tape.push(Op::Binary(MIN));
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), FormulaError> {
        self.comparison()?;
        while self.take_name("and") {
            self.comparison()?;
            self.tape.push(Op::Binary(MAX));
        }
        Ok(())
    }

    fn comparison(&mut self) -> Result<(), FormulaError> {
        self.sum()?;
        let less = self.compares().ok_or_else(|| FormulaError {
            message: "a condition compares two formulas".into(),
            span: 0..self.end,
            hint: Some("write for example `x^2 + y^2 < 0.25`".into()),
        })?;
        let start = self.tape.len();
        self.sum()?;
        let right = self.tape[start..].to_vec();
        self.difference(less);
        if let Some(less) = self.compares() {
            self.tape.extend(right);
            self.sum()?;
            self.difference(less);
            self.tape.push(Op::Binary(MAX));
        }
        Ok(())
    }

    /// `<` or `>`, if one of them follows.
    fn compares(&mut self) -> Option<bool> {
        if self.take('<') {
            Some(true)
        } else {
            self.take('>').then_some(false)
        }
    }

    /// a − b for a < b, b − a for a > b.
    fn difference(&mut self, less: bool) {
        self.tape.push(Op::Subtract);
        if !less {
            self.tape.push(Op::Negate);
        }
    }

    pub(super) fn sum(&mut self) -> Result<(), FormulaError> {
        self.product()?;
        loop {
            let op = if self.take('+') {
                Op::Add
            } else if self.take('-') {
                Op::Subtract
            } else {
                return Ok(());
            };
            self.product()?;
            self.tape.push(op);
        }
    }

    fn product(&mut self) -> Result<(), FormulaError> {
        self.signed()?;
        loop {
            let op = if self.take('*') {
                Op::Multiply
            } else if self.take('/') {
                Op::Divide
            } else {
                return Ok(());
            };
            self.signed()?;
            self.tape.push(op);
        }
    }

    fn signed(&mut self) -> Result<(), FormulaError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(FormulaError {
                message: format!("the formula is nested more than {DEPTH} deep"),
                span: 0..self.end,
                hint: None,
            });
        }
        let result = self.signed_operand();
        self.depth -= 1;
        result
    }

    fn signed_operand(&mut self) -> Result<(), FormulaError> {
        if self.take('-') {
            self.signed()?;
            self.tape.push(Op::Negate);
            return Ok(());
        }
        if self.take('+') {
            return self.signed();
        }
        self.operand()?;
        if self.take('^') {
            self.signed()?;
            self.tape.push(Op::Power);
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<(), FormulaError> {
        let Some((token, span)) = self.tokens.get(self.next).cloned() else {
            return Err(FormulaError {
                message: "the formula ends where a value is expected".into(),
                span: self.end.saturating_sub(1)..self.end,
                hint: None,
            });
        };
        self.next += 1;
        match token {
            Token::Number(value) => self.tape.push(Op::Constant(value)),
            Token::Symbol('(') => {
                self.sum()?;
                self.close(span)?;
            }
            Token::Symbol(symbol) => {
                return Err(FormulaError {
                    message: format!("unexpected `{symbol}` where a value is expected"),
                    span,
                    hint: None,
                });
            }
            Token::Name(name) => {
                if self.take('(') {
                    return self.call(&name, span);
                }
                let op = self.name(&name, span)?;
                self.tape.push(op);
            }
        }
        Ok(())
    }

    fn close(&mut self, open: Range<usize>) -> Result<(), FormulaError> {
        if self.take(')') {
            return Ok(());
        }
        let span = self.tokens.get(self.next).map_or(open, |(_, span)| span.clone());
        Err(FormulaError {
            message: "a `)` is missing in the formula".into(),
            span,
            hint: None,
        })
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Result<(), FormulaError> {
        let (op, arity) = if let Some(index) = UNARY.iter().position(|f| *f == name) {
            (Op::Unary(index), 1)
        } else if let Some(index) = BINARY.iter().position(|f| *f == name) {
            (Op::Binary(index), 2)
        } else if self.constants.contains_key(name) {
            return Err(FormulaError {
                message: format!("`{name}` is a constant, not a function"),
                span,
                hint: Some(format!("write `{name}*(…)` for a product")),
            });
        } else {
            return Err(FormulaError {
                message: format!("unknown function `{name}`"),
                span,
                hint: Some(format!("functions are {}, {}", UNARY.join(", "), BINARY.join(", "))),
            });
        };
        let mut count = 1;
        self.sum()?;
        while self.take(',') {
            self.sum()?;
            count += 1;
        }
        self.close(span.clone())?;
        if count != arity {
            return Err(FormulaError {
                message: format!(
                    "`{name}` takes {arity} argument{}, not {count}",
                    if arity == 1 { "" } else { "s" }
                ),
                span,
                hint: None,
            });
        }
        self.tape.push(op);
        Ok(())
    }

    fn name(&self, name: &str, span: Range<usize>) -> Result<Op, FormulaError> {
        if let Some(value) = self.constants.get(name) {
            return Ok(Op::Constant(*value));
        }
        if name == "pi" {
            return Ok(Op::Constant(std::f64::consts::PI));
        }
        let axis = VARIABLES.iter().position(|v| *v == name);
        if let Some(axis) = axis.filter(|&axis| self.allowed[axis]) {
            return Ok(Op::Variable(axis));
        }
        let mut known: Vec<&str> = VARIABLES
            .iter()
            .zip(self.allowed)
            .filter_map(|(v, allowed)| allowed.then_some(*v))
            .collect();
        known.push("pi");
        known.extend(self.constants.keys().map(String::as_str));
        let function = UNARY.contains(&name) || BINARY.contains(&name);
        Err(FormulaError {
            message: if axis == Some(FIELD) {
                "the field `T` is not known here".into()
            } else if axis.is_some() {
                format!("`{name}` is not a coordinate here")
            } else if function {
                format!("`{name}` is a function and needs its argument in brackets")
            } else {
                format!("unknown name `{name}` in a formula")
            },
            span,
            hint: Some(match axis {
                Some(FIELD) => format!(
                    "`T` stands in coefficients, sources, velocities and fluxes of `Diffusion`; names here are {}",
                    known.join(", ")
                ),
                _ => format!("names here are {}", known.join(", ")),
            }),
        })
    }
}

//! Formulas of x, y, z, t and named constants, evaluated with or without derivatives.
//!
//! Written here rather than taken from a library because a formula must be evaluated with [`CoordinateJet`]s (a
//! prescribed value is differentiated twice), because `-x^2` must mean −(x²) as in every textbook (exmex 0.21 documents
//! that it reads it as (−x)²), and because an error must name the column.
//!
//! [`CoordinateJet`]: crate::jet::CoordinateJet
//!
//! Conditions compare formulas, `a < b`, `a > b`, `a < b < c`, joined by `and` and `or`; they become functions that are negative where
//! the condition holds.
//!
//! Grammar, loosest first: `a + b`, `a - b`; `a * b`, `a / b`; `-a`; `a ^ b` (right-associative); numbers, names,
//! `f(a)`, `f(a, b)` and parentheses.

use smallvec::SmallVec;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::jet::Scalar;

/// The functions of one argument.
const UNARY: [&str; 16] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "ln", "log10", "sqrt", "abs", "sign",
    "step",
];

/// Whether a name has a meaning of its own in formulas.
pub(super) fn reserved(name: &str) -> bool {
    name == "pi" || VARIABLES.contains(&name) || UNARY.contains(&name) || BINARY.contains(&name)
}

/// The functions of two arguments.
const BINARY: [&str; 3] = ["atan2", "min", "max"];

/// Where `min` and `max` stand in [`BINARY`].
const MIN: usize = 1;
const MAX: usize = 2;

/// The coordinates, in the order of the evaluation point.
pub const VARIABLES: [&str; 4] = ["x", "y", "z", "t"];

/// Why a formula cannot be used, with the place in its text.
#[derive(Clone, Debug, PartialEq)]
pub struct FormulaError {
    /// What is wrong, without a full stop.
    pub message: String,
    /// Bytes of the formula's text that are meant.
    pub span: Range<usize>,
    /// What to try next.
    pub hint: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Op {
    Constant(f64),
    Variable(usize),
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Unary(usize),
    Binary(usize),
}

/// A checked formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    tape: Vec<Op>,
}

impl Formula {
    /// A formula with the same value everywhere.
    pub fn constant(value: f64) -> Self {
        Self {
            text: value.to_string(),
            tape: vec![Op::Constant(value)],
        }
    }

    /// Reads `text`, where names are those in `constants` and the first `VARIABLES` allowed by `variables`.
    ///
    /// # Errors
    /// A syntax error, an unknown name or a wrong number of arguments, with its place.
    pub fn parse(text: &str, constants: &BTreeMap<String, f64>, variables: [bool; 4]) -> Result<Self, FormulaError> {
        Self::read(text, constants, variables, |parser| parser.sum())
    }

    /// Reads a condition such as `x^2 + y^2 < r^2` or `0 < y < h and x > 0` as a formula that is negative where it holds:
    /// a < b is a − b, `and` the larger and `or` the smaller of two.
    ///
    /// # Errors
    /// As [`Formula::parse`], and where nothing is compared.
    pub fn condition(
        text: &str,
        constants: &BTreeMap<String, f64>,
        variables: [bool; 4],
    ) -> Result<Self, FormulaError> {
        Self::read(text, constants, variables, |parser| parser.condition())
    }

    fn read(
        text: &str,
        constants: &BTreeMap<String, f64>,
        variables: [bool; 4],
        whole: impl Fn(&mut Parser<'_>) -> Result<(), FormulaError>,
    ) -> Result<Self, FormulaError> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens,
            next: 0,
            end: text.len(),
            constants,
            variables,
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
        Ok(Self {
            text: text.into(),
            tape: parser.tape,
        })
    }

    /// The names in `text` that are neither functions nor coordinates nor `pi`, in order; used to order constants.
    pub fn names(text: &str) -> Vec<String> {
        tokens(text).map_or_else(
            |_| Vec::new(),
            |tokens| {
                tokens
                    .into_iter()
                    .filter_map(|(token, _)| match token {
                        Token::Name(name) => Some(name),
                        _ => None,
                    })
                    .collect()
            },
        )
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value if the formula depends on no coordinate.
    pub fn as_constant(&self) -> Option<f64> {
        (!self.tape.iter().any(|op| matches!(op, Op::Variable(_)))).then(|| self.evaluate(&[0.0; 4]))
    }

    /// The value at (x, y, z, t).
    pub fn evaluate<S: Scalar>(&self, x: &[S; 4]) -> S {
        if let [Op::Constant(value)] = self.tape[..] {
            return S::constant(value);
        }
        let mut stack: SmallVec<[S; 8]> = SmallVec::new();
        for op in &self.tape {
            let value = match op {
                Op::Constant(value) => S::constant(*value),
                Op::Variable(axis) => x[*axis],
                Op::Negate => -pop(&mut stack),
                Op::Unary(index) => unary(UNARY[*index], pop(&mut stack)),
                two => {
                    let b = pop(&mut stack);
                    let a = pop(&mut stack);
                    match two {
                        Op::Add => a + b,
                        Op::Subtract => a - b,
                        Op::Multiply => a * b,
                        Op::Divide => a / b,
                        Op::Power => a.power(b),
                        Op::Binary(index) => binary(BINARY[*index], a, b),
                        _ => unreachable!("handled above"),
                    }
                }
            };
            stack.push(value);
        }
        pop(&mut stack)
    }
}

fn pop<S: Scalar>(stack: &mut SmallVec<[S; 8]>) -> S {
    // The parser emits operands before their operator.
    stack.pop().unwrap_or_else(|| unreachable!("a parsed tape is balanced"))
}

fn unary<S: Scalar>(name: &str, a: S) -> S {
    match name {
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tan" => a.map(|v| {
            let t = v.tan();
            let s = 1.0 + t * t;
            [t, s, 2.0 * t * s]
        }),
        "asin" => a.map(|v| {
            let c = 1.0 / (1.0 - v * v).sqrt();
            [v.asin(), c, v * c * c * c]
        }),
        "acos" => a.map(|v| {
            let c = 1.0 / (1.0 - v * v).sqrt();
            [v.acos(), -c, -v * c * c * c]
        }),
        "atan" => a.atan(),
        "sinh" => a.map(|v| [v.sinh(), v.cosh(), v.sinh()]),
        "cosh" => a.map(|v| [v.cosh(), v.sinh(), v.cosh()]),
        "tanh" => a.map(|v| {
            let t = v.tanh();
            let s = 1.0 - t * t;
            [t, s, -2.0 * t * s]
        }),
        "exp" => a.map(|v| [v.exp(); 3]),
        "ln" => a.map(|v| [v.ln(), 1.0 / v, -1.0 / (v * v)]),
        "log10" => a.map(|v| {
            let scale = std::f64::consts::LOG10_E;
            [v.log10(), scale / v, -scale / (v * v)]
        }),
        "sqrt" => a.sqrt(),
        "abs" => a.map(|v| [v.abs(), v.signum(), 0.0]),
        "sign" => a.map(|v| [if v == 0.0 { 0.0 } else { v.signum() }, 0.0, 0.0]),
        "step" => a.map(|v| [if v < 0.0 { 0.0 } else { 1.0 }, 0.0, 0.0]),
        _ => unreachable!("the parser accepts only listed functions"),
    }
}

fn binary<S: Scalar>(name: &str, a: S, b: S) -> S {
    match name {
        "atan2" => a.atan2(b),
        "min" => {
            if a.value() <= b.value() {
                a
            } else {
                b
            }
        }
        "max" => {
            if a.value() >= b.value() {
                a
            } else {
                b
            }
        }
        _ => unreachable!("the parser accepts only listed functions"),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Symbol(char),
}

impl Token {
    fn describe(&self) -> String {
        match self {
            Self::Number(value) => format!("number `{value}`"),
            Self::Name(name) => format!("name `{name}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, FormulaError> {
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

struct Parser<'a> {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    constants: &'a BTreeMap<String, f64>,
    variables: [bool; 4],
    tape: Vec<Op>,
    depth: usize,
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
    fn condition(&mut self) -> Result<(), FormulaError> {
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

    fn sum(&mut self) -> Result<(), FormulaError> {
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
        if let Some(axis) = axis.filter(|&axis| self.variables[axis]) {
            return Ok(Op::Variable(axis));
        }
        let mut known: Vec<&str> = VARIABLES
            .iter()
            .zip(self.variables)
            .filter_map(|(v, allowed)| allowed.then_some(*v))
            .collect();
        known.push("pi");
        known.extend(self.constants.keys().map(String::as_str));
        let function = UNARY.contains(&name) || BINARY.contains(&name);
        Err(FormulaError {
            message: if axis.is_some() {
                format!("`{name}` is not a coordinate here")
            } else if function {
                format!("`{name}` is a function and needs its argument in brackets")
            } else {
                format!("unknown name `{name}` in a formula")
            },
            span,
            hint: Some(format!("names here are {}", known.join(", "))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::CoordinateJet;

    fn value(text: &str) -> f64 {
        let constants = BTreeMap::from([("a".to_string(), 2.0)]);
        match Formula::parse(text, &constants, [true; 4]) {
            Ok(formula) => formula.evaluate(&[0.5, -1.0, 3.0, 4.0]),
            Err(error) => panic!("{text}: {error:?}"),
        }
    }

    fn error(text: &str) -> FormulaError {
        match Formula::parse(text, &BTreeMap::new(), [true, true, false, false]) {
            Ok(_) => panic!("{text} was accepted"),
            Err(error) => error,
        }
    }

    #[test]
    fn precedence_is_that_of_textbooks() {
        assert_eq!(value("-x^2"), -0.25);
        assert_eq!(value("2^3^2"), 512.0);
        assert_eq!(value("2^-1"), 0.5);
        assert_eq!(value("1 - 2 - 3"), -4.0);
        assert_eq!(value("8/2/2*3"), 6.0);
        assert_eq!(value("-a*z + 1e2"), 94.0);
        assert_eq!(value("2**3"), 8.0);
        assert_eq!(value("--x"), 0.5);
        assert_eq!(value("max(x, y) + min(t, z)"), 3.5);
        assert_eq!(value("atan2(y, 0)"), -std::f64::consts::FRAC_PI_2);
    }

    #[test]
    fn derivatives_of_every_function_match_central_differences() {
        for name in UNARY {
            let formula = match Formula::parse(&format!("{name}(x)"), &BTreeMap::new(), [true; 4]) {
                Ok(formula) => formula,
                Err(error) => panic!("{error:?}"),
            };
            let (x, h) = (0.37, 1e-4);
            let f = |x: f64| formula.evaluate(&[x, 0.0, 0.0, 0.0]);
            let zero = CoordinateJet::constant(0.0);
            let jet = formula.evaluate(&[CoordinateJet::coordinate(0, x, 1.0), zero, zero, zero]);
            let slope = (f(x + h) - f(x - h)) / (2.0 * h);
            let curvature = (f(x + h) - 2.0 * f(x) + f(x - h)) / (h * h);
            assert!((jet.gradient[0] - slope).abs() < 1e-6, "{name}");
            assert!((jet.hessian[0] - curvature).abs() < 1e-5, "{name}");
        }
    }

    #[test]
    fn conditions_are_negative_where_they_hold() {
        let holds = |text: &str| {
            let constants = BTreeMap::from([("a".to_string(), 2.0)]);
            match Formula::condition(text, &constants, [true; 4]) {
                Ok(formula) => formula.evaluate(&[0.5, -1.0, 3.0, 4.0]) < 0.0,
                Err(error) => panic!("{text}: {error:?}"),
            }
        };
        assert!(holds("x < a") && !holds("x > a") && holds("y^2 + x >= 1"));
        assert!(holds("-2 < y < 0") && !holds("-2 < y < -1.5") && holds("0 > y > -2"));
        assert!(holds("x > 0 and y < 0 or z < 0") && !holds("x > 0 and y > 0") && holds("z < 0 or x > 0"));
        let fault = |text: &str| match Formula::condition(text, &BTreeMap::new(), [true; 4]) {
            Ok(_) => panic!("{text} was accepted"),
            Err(error) => error,
        };
        assert_eq!(fault("x + 1").message, "a condition compares two formulas");
        assert_eq!(fault("x < 1 < 2 < 3").span, 10..11);
        assert_eq!(fault("x < 1 y > 2").span, 6..7);
    }

    #[test]
    fn errors_point_at_the_fault() {
        assert_eq!(error("x + qq").span, 4..6);
        assert_eq!(error("x + z").message, "`z` is not a coordinate here");
        assert_eq!(error("sin(x").message, "a `)` is missing in the formula");
        assert_eq!(error("2 x").span, 2..3);
        assert_eq!(error("x +").message, "the formula ends where a value is expected");
        assert_eq!(error("sin(x, y)").message, "`sin` takes 1 argument, not 2");
        assert_eq!(error("x $ 2").span, 2..3);
        assert_eq!(error("1.2.3").message, "`1.2.3` is not a number");
    }
}

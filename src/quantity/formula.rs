//! Formulas of x, y, z, t, the field T and named constants, evaluated with or without derivatives.
//!
//! Written here rather than taken from a library because a formula must be evaluated with [`CoordinateJet`]s (a
//! prescribed value is differentiated twice), because `-x^2` must mean −(x²) as in every textbook (exmex 0.21 documents
//! that it reads it as (−x)²), and because an error must name the column.
//!
//! [`CoordinateJet`]: crate::jet::CoordinateJet
//!
//! Conditions compare formulas, `a < b`, `a > b`, `a < b < c`, joined by `and` and `or`; they become functions that are negative where
//! the condition holds.

mod functions;
mod parser;
mod token;

use std::collections::BTreeMap;
use std::ops::Range;

use smallvec::SmallVec;

use functions::{BINARY, UNARY, binary, unary};
use parser::read;
use token::{Token, tokens};

use crate::jet::Scalar;

/// The variables, in the order of the evaluation point: the coordinates, and the field where it is one.
pub const VARIABLES: [&str; 5] = ["x", "y", "z", "t", "T"];

/// Where the field stands in [`VARIABLES`].
pub const FIELD: usize = 4;

/// Which of the [`VARIABLES`] a formula may use.
pub type Allowed = [bool; VARIABLES.len()];

/// Whether a name has a meaning of its own in formulas.
pub(super) fn reserved(name: &str) -> bool {
    name == "pi" || VARIABLES.contains(&name) || UNARY.contains(&name) || BINARY.contains(&name)
}

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
    /// A whole power.
    Whole(i32),
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

    /// Reads `text`, where names are those in `constants` and the `VARIABLES` that are `allowed`.
    ///
    /// # Errors
    /// A syntax error, an unknown name or a wrong number of arguments, with its place.
    pub fn parse(text: &str, constants: &BTreeMap<String, f64>, allowed: Allowed) -> Result<Self, FormulaError> {
        let tape = read(text, constants, allowed, |parser| parser.sum())?;
        Ok(Self {
            text: text.into(),
            tape: folded(tape),
        })
    }

    /// Reads a condition such as `x^2 + y^2 < r^2` or `0 < y < h and x > 0` as a formula that is negative where it holds:
    /// a < b is a − b, `and` the larger and `or` the smaller of two.
    ///
    /// # Errors
    /// As [`Formula::parse`], and where nothing is compared.
    pub fn condition(text: &str, constants: &BTreeMap<String, f64>, allowed: Allowed) -> Result<Self, FormulaError> {
        let tape = read(text, constants, allowed, |parser| parser.condition())?;
        Ok(Self {
            text: text.into(),
            tape: folded(tape),
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

    /// The value if the formula depends on no variable.
    pub fn as_constant(&self) -> Option<f64> {
        (!self.tape.iter().any(|op| matches!(op, Op::Variable(_)))).then(|| self.evaluate(&[0.0; 4]))
    }

    /// Whether the field is one of its variables.
    pub fn reads_field(&self) -> bool {
        self.tape.contains(&Op::Variable(FIELD))
    }

    /// The value at (x, y, z, t).
    ///
    /// # Panics
    /// If the formula reads the field, see [`Formula::reads_field`].
    pub fn evaluate<S: Scalar>(&self, x: &[S; 4]) -> S {
        run(&self.tape, x)
    }

    /// The value at (x, y, z, t, T).
    pub fn evaluate_with<S: Scalar>(&self, x: &[S; VARIABLES.len()]) -> S {
        run(&self.tape, x)
    }
}

/// What a tape leaves on its stack.
fn run<S: Scalar>(tape: &[Op], x: &[S]) -> S {
    if let [Op::Constant(value)] = tape {
        return S::constant(*value);
    }
    let mut stack: SmallVec<[S; 8]> = SmallVec::new();
    for op in tape {
        let value = match op {
            Op::Constant(value) => S::constant(*value),
            Op::Variable(axis) => x[*axis],
            Op::Negate => -pop(&mut stack),
            Op::Whole(exponent) => pop(&mut stack).powi(*exponent),
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

/// Largest power that is made of products.
const WHOLE: f64 = 12.0;

/// The same with parts that depend on no coordinate replaced by their values, and small whole powers by products.
fn folded(tape: Vec<Op>) -> Vec<Op> {
    let mut out: Vec<Op> = Vec::with_capacity(tape.len());
    for op in tape {
        // What the operation reads, if that is constant: a constant part has become one number.
        let known = match op {
            Op::Constant(_) | Op::Variable(_) => 0,
            Op::Negate | Op::Unary(_) | Op::Whole(_) => 1,
            _ => 2,
        };
        let tail = out.len().saturating_sub(known);
        let whole = match (&op, out.last()) {
            (Op::Power, Some(Op::Constant(n))) if n.abs() <= WHOLE && n.fract() == 0.0 => Some(*n as i32),
            _ => None,
        };
        if known > 0 && out[tail..].iter().all(|op| matches!(op, Op::Constant(_))) {
            out.push(op);
            let value = run::<f64>(&out[tail..], &[]);
            out.truncate(tail);
            out.push(Op::Constant(value));
        } else if let Some(exponent) = whole {
            out.pop();
            out.push(Op::Whole(exponent));
        } else {
            out.push(op);
        }
    }
    out
}

fn pop<S: Scalar>(stack: &mut SmallVec<[S; 8]>) -> S {
    // The parser emits operands before their operator.
    stack.pop().unwrap_or_else(|| unreachable!("a parsed tape is balanced"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let constants = BTreeMap::from([("a".to_string(), 2.0)]);
        match Formula::parse(text, &constants, [true; 5]) {
            Ok(formula) => formula.evaluate(&[0.5, -1.0, 3.0, 4.0]),
            Err(error) => panic!("{text}: {error:?}"),
        }
    }

    fn error(text: &str) -> FormulaError {
        match Formula::parse(text, &BTreeMap::new(), [true, true, false, false, false]) {
            Ok(_) => panic!("{text} was accepted"),
            Err(error) => error,
        }
    }

    /// The constant a is 2; parts of constants are one number, and a formula of constants is one altogether.
    #[test]
    fn parts_that_depend_on_no_coordinate_are_computed_once() {
        let constants = BTreeMap::from([("a".to_string(), 2.0)]);
        let tape = |text: &str| Formula::parse(text, &constants, [true; 5]).map(|formula| formula.tape);
        let known = vec![
            Op::Constant(16.0),
            Op::Variable(0),
            Op::Whole(3),
            Op::Multiply,
            Op::Variable(1),
            Op::Constant(2.5),
            Op::Power,
            Op::Add,
        ];
        assert_eq!(tape("4*a^2*x^(a + 1) + y^(5/a)"), Ok(known));
        assert_eq!(tape("-max(a, 3)*cos(0)"), Ok(vec![Op::Constant(-3.0)]));
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
    fn conditions_are_negative_where_they_hold() {
        let holds = |text: &str| {
            let constants = BTreeMap::from([("a".to_string(), 2.0)]);
            match Formula::condition(text, &constants, [true; 5]) {
                Ok(formula) => formula.evaluate(&[0.5, -1.0, 3.0, 4.0]) < 0.0,
                Err(error) => panic!("{text}: {error:?}"),
            }
        };
        assert!(holds("x < a") && !holds("x > a") && holds("y^2 + x >= 1"));
        assert!(holds("-2 < y < 0") && !holds("-2 < y < -1.5") && holds("0 > y > -2"));
        assert!(holds("x > 0 and y < 0 or z < 0") && !holds("x > 0 and y > 0") && holds("z < 0 or x > 0"));
        let fault = |text: &str| match Formula::condition(text, &BTreeMap::new(), [true; 5]) {
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

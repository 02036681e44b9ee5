//! Turning expressions of the file into numbers and formulas, noting every fault with its place.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::formula::{Allowed, FIELD, Formula, FormulaError};
use super::locate::repeated_keys;
use super::{Path, Step, locate};
use crate::error::Fault;
use crate::path;

/// A number or a formula: `210e9`, `"E/2"`, `"-P*y/I"`.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(with = "String")]
pub enum Expression {
    /// A plain number.
    Number(f64),
    /// A formula.
    Text(String),
}

impl Default for Expression {
    fn default() -> Self {
        Self::Number(0.0)
    }
}

impl From<f64> for Expression {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Expression;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 210e9 or a formula in quotes such as \"P/(2*I)\"")
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Expression, E> {
                Ok(Expression::Number(value))
            }
            fn visit_f32<E: de::Error>(self, value: f32) -> Result<Expression, E> {
                // RON hands short numbers over as f32; its decimal form is what the user wrote.
                value.to_string().parse().map(Expression::Number).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Expression, E> {
                Ok(Expression::Number(value as f64))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Expression, E> {
                Ok(Expression::Number(value as f64))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Expression, E> {
                Ok(Expression::Text(value.into()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Which variables a formula may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variables {
    /// Number of space coordinates.
    pub space: usize,
    /// Whether t is one.
    pub time: bool,
    /// Whether the field T is one.
    pub field: bool,
}

impl Variables {
    /// The same with the field T.
    #[must_use]
    pub fn with_field(self) -> Self {
        Self { field: true, ..self }
    }

    fn allowed(self) -> Allowed {
        std::array::from_fn(|j| match j {
            FIELD => self.field,
            3 => self.time,
            _ => j < self.space,
        })
    }
}

/// The named constants, and the faults found so far.
#[derive(Debug)]
pub struct Values<'a> {
    text: &'a str,
    constants: BTreeMap<String, f64>,
    faults: Vec<Fault>,
}

impl<'a> Values<'a> {
    /// Evaluates the constants of a file, in whatever order they refer to each other.
    pub fn new(text: &'a str, constants: &BTreeMap<String, Expression>) -> Self {
        let mut values = Self {
            text,
            constants: BTreeMap::new(),
            faults: Vec::new(),
        };
        for span in repeated_keys(text, &path!["constants"]) {
            values.faults.push(Fault {
                message: format!("the constant `{}` is given twice", &text[span.clone()]),
                span,
                hint: Some("keep one of the two".into()),
            });
        }
        let mut open: Vec<&String> = constants.keys().collect();
        for name in &open {
            let at = path!["constants", name.as_str()];
            if super::formula::reserved(name) {
                values.fault(
                    &at,
                    format!("the constant `{name}` has a reserved name"),
                    Some(match name.as_str() {
                        "T" => {
                            "`T` is the field itself in formulas of `Diffusion`; rename it, for example to `T0`".into()
                        }
                        _ => "coordinates, pi and functions keep their meaning in formulas; rename it".into(),
                    }),
                );
            } else if Formula::names(name) != [name.as_str()] {
                values.fault(
                    &at,
                    format!("the constant `{name}` cannot be named in a formula"),
                    Some("a name has letters, digits and `_` and starts with a letter".into()),
                );
            }
        }
        loop {
            let before = open.len();
            open.retain(|name| {
                let waits = match &constants[*name] {
                    Expression::Number(_) => false,
                    Expression::Text(text) => Formula::names(text)
                        .iter()
                        .any(|used| constants.contains_key(used) && !values.constants.contains_key(used)),
                };
                if !waits {
                    let at = path!["constants", name.as_str()];
                    let value = values.number(&constants[*name], &at).unwrap_or(f64::NAN);
                    values.constants.insert((*name).clone(), value);
                }
                waits
            });
            if open.is_empty() {
                return values;
            }
            if open.len() == before {
                let names: Vec<String> = open.iter().map(|n| format!("`{n}`")).collect();
                values.fault(
                    &path!["constants", open[0].as_str()],
                    match &names[..] {
                        [name] => format!("the constant {name} refers to itself"),
                        _ => format!("the constants {} refer to each other", names.join(", ")),
                    },
                    Some("a constant may use only constants that can be computed before it".into()),
                );
                for name in open {
                    values.constants.insert(name.clone(), f64::NAN);
                }
                return values;
            }
        }
    }

    /// Notes a fault at a path of the file.
    pub fn fault(&mut self, path: &[Step], message: String, hint: Option<String>) {
        let span = locate(self.text, path);
        self.faults.push(Fault { message, span, hint });
    }

    /// Notes the keys of a map that are given twice.
    pub fn unique(&mut self, map: &Path, what: &str) {
        for span in repeated_keys(self.text, map) {
            self.faults.push(Fault {
                message: format!(
                    "the {what} `{}` is given twice",
                    self.text[span.clone()].trim_matches('"')
                ),
                span,
                hint: Some("keep one of the two".into()),
            });
        }
    }

    /// Whether no fault was found so far.
    pub fn sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The faults in the order of the text.
    pub fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults;
        faults.sort_by_key(|fault| fault.span.start);
        faults.dedup();
        faults
    }

    /// A formula of the allowed variables.
    pub fn formula(&mut self, expression: &Expression, variables: Variables, path: &Path) -> Option<Formula> {
        let formula = match expression {
            Expression::Number(value) => Formula::constant(*value),
            Expression::Text(text) => match Formula::parse(text, &self.constants, variables.allowed()) {
                Ok(formula) => formula,
                Err(error) => {
                    self.formula_fault(path, error);
                    return None;
                }
            },
        };
        if let Some(value) = formula.as_constant()
            && !value.is_finite()
        {
            // A constant that was itself at fault is NaN and has been reported.
            if !value.is_nan() || self.faults.is_empty() {
                self.fault(path, format!("the value `{value}` is not finite"), None);
            }
            return None;
        }
        Some(formula)
    }

    /// A condition on the position, as a formula that is negative where it holds.
    pub fn condition(&mut self, text: &str, space: usize, path: &Path) -> Option<Formula> {
        let allowed = std::array::from_fn(|j| j < space);
        match Formula::condition(text, &self.constants, allowed) {
            Ok(formula) => Some(formula),
            Err(error) => {
                self.formula_fault(path, error);
                None
            }
        }
    }

    /// A number.
    pub fn number(&mut self, expression: &Expression, path: &Path) -> Option<f64> {
        let none = Variables {
            space: 0,
            time: false,
            field: false,
        };
        let before = self.faults.len();
        let value = self
            .formula(expression, none, path)
            .and_then(|formula| formula.as_constant());
        if let Some(fault) = self.faults.get_mut(before)
            && fault.message.ends_with("is not a coordinate here")
        {
            fault.message = "this must be one number, not a function of the position or of time".into();
        }
        value
    }

    /// A number greater than 0.
    pub fn positive(&mut self, expression: &Expression, path: &Path) -> Option<f64> {
        let value = self.number(expression, path)?;
        if value > 0.0 {
            return Some(value);
        }
        let name = match path.last() {
            Some(Step::Key(key)) => key.clone(),
            _ => "value".into(),
        };
        self.fault(path, format!("{name} = {value} must be greater than 0"), None);
        None
    }

    fn formula_fault(&mut self, path: &Path, error: FormulaError) {
        let whole = locate(self.text, path);
        // The literal stands between quotes; a formula with escapes is shown as a whole.
        let inside = self
            .text
            .get(whole.clone())
            .is_some_and(|t| t.starts_with('"') && !t.contains('\\'));
        let span = if inside {
            whole.start + 1 + error.span.start..whole.start + 1 + error.span.end
        } else {
            whole
        };
        self.faults.push(Fault {
            message: error.message,
            span,
            hint: error.hint,
        });
    }
}

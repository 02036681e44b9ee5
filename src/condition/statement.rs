//! What a condition says about one boundary, in SI units.

use std::fmt::Debug;
use std::sync::Arc;

use super::Load;
use crate::equation::Physics;
use crate::quantity::{Expression, Field, Formula, Path, Scales, Values, Variables};

/// What a formula of a condition stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A value of the field: it suggests the field's size.
    Value,
    /// A traction or a flux: it suggests the size of the loads.
    Load,
    /// A stiffness or a film coefficient, which must not be negative.
    Coefficient,
    /// An emissivity, which must lie in [0, 1].
    Fraction,
}

/// A formula of a condition.
#[derive(Clone, Debug)]
pub struct Stated {
    /// The formula, in SI units.
    pub formula: Formula,
    /// What it stands for.
    pub role: Role,
    /// Its place in the file.
    pub at: Path,
}

impl Stated {
    /// Whether it is more than a constant 0.
    pub fn acts(&self) -> bool {
        self.formula.as_constant() != Some(0.0)
    }
}

/// What a statement keeps from moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// A component of the field.
    Component(usize),
    /// The component along the normal.
    Normal,
    /// Every component, by springs or by what flows in.
    Elastically,
}

/// Which components of the flux a statement gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loads {
    /// None.
    Nothing,
    /// One, which must not be prescribed beside it.
    Component(usize),
    /// Those that are not prescribed.
    Free,
}

/// What a statement makes of a boundary, dimensionless.
#[derive(Debug)]
pub enum Built {
    /// Nothing beyond a free boundary.
    Nothing,
    /// A component of the field takes a value.
    Value {
        /// Which component.
        component: usize,
        /// Its value.
        value: Field,
        /// As a loss term instead of in the ansatz.
        soft: bool,
    },
    /// A mirror plane: no normal component, no tangential load.
    Mirror {
        /// As a loss term instead of in the ansatz.
        soft: bool,
    },
    /// A load, which joins the others of the boundary.
    Load(Box<dyn Load>),
    /// The field goes on at another boundary, by the network's inputs: nothing is left to hold.
    Repeated,
}

/// What one condition says about one boundary.
pub trait Statement: Debug {
    /// What it speaks of, in messages: `the pressure`, `the displacement ux`.
    fn subject(&self) -> String;

    /// Its formulas.
    fn formulas(&self) -> Vec<&Stated>;

    /// What it keeps from moving.
    fn holds(&self) -> Holds {
        Holds::Nothing
    }

    /// Which components of the flux it gives.
    fn loads(&self) -> Loads {
        Loads::Nothing
    }

    /// Whether it says all there is to say about its boundary.
    fn alone(&self) -> bool {
        false
    }

    /// Absolute zero in the file's scale, where it speaks of absolute temperatures.
    fn absolute_zero(&self) -> Option<f64> {
        None
    }

    /// Whether it holds on the axis of a body of revolution by itself.
    fn holds_on_axis(&self) -> bool {
        false
    }

    /// What it makes of the boundary.
    fn build(&self, scales: &Scales) -> Built;
}

/// Whether two statements about one boundary contradict or repeat each other.
pub fn clash(one: &dyn Statement, other: &dyn Statement) -> bool {
    let excludes = |held: &dyn Statement, loaded: &dyn Statement| match (held.holds(), loaded.loads()) {
        (Holds::Component(held), Loads::Component(loaded)) => held == loaded,
        _ => false,
    };
    let alone = one.alone() || other.alone();
    alone || one.subject() == other.subject() || excludes(one, other) || excludes(other, one)
}

/// Reads the formulas of one condition and takes its statements.
pub struct Reader<'a, 'v> {
    /// The equation that the condition belongs to.
    pub physics: &'a dyn Physics,
    /// The coordinates that formulas may use.
    pub variables: Variables,
    /// The condition's place in the file.
    pub at: &'a Path,
    /// Takes the faults.
    pub values: &'a mut Values<'v>,
    statements: Vec<(Arc<dyn Statement>, Path)>,
}

impl<'a, 'v> Reader<'a, 'v> {
    pub(super) fn new(
        physics: &'a dyn Physics,
        variables: Variables,
        at: &'a Path,
        values: &'a mut Values<'v>,
    ) -> Self {
        Self {
            physics,
            variables,
            at,
            values,
            statements: Vec::new(),
        }
    }

    pub(super) fn into_statements(self) -> Vec<(Arc<dyn Statement>, Path)> {
        self.statements
    }

    /// The place of the field `key`.
    pub fn place(&self, key: &str) -> Path {
        let mut path = self.at.clone();
        path.push(key.into());
        path
    }

    /// The formula in the field `key`.
    pub fn formula(&mut self, expression: &Expression, key: &str, role: Role) -> Option<Stated> {
        let at = self.place(key);
        let formula = self.values.formula(expression, self.variables, &at)?;
        Some(Stated { formula, role, at })
    }

    /// The formula in the field `key`, which may depend on the temperature.
    pub fn coefficient(&mut self, expression: &Expression, key: &str, role: Role) -> Option<Stated> {
        let at = self.place(key);
        let formula = self.values.formula(expression, self.variables.with_field(), &at)?;
        Some(Stated { formula, role, at })
    }

    /// Takes a statement whose place in the file is `at`.
    pub fn state(&mut self, at: Path, statement: impl Statement + 'static) {
        self.statements.push((Arc::new(statement), at));
    }

    /// Reads one formula per axis and takes a statement of each; components beyond the dimension are faults.
    pub fn components<S: Statement + 'static>(
        &mut self,
        expressions: [&Option<Expression>; 3],
        keys: [&'static str; 3],
        role: Role,
        statement: impl Fn(usize, Stated) -> S,
    ) {
        for (component, (expression, key)) in expressions.into_iter().zip(keys).enumerate() {
            let Some(expression) = expression else {
                continue;
            };
            if component >= self.variables.space {
                let allowed = keys[..self.variables.space].join("`, `");
                self.values.fault(
                    &self.place(key),
                    format!("`{key}` does not exist in {} dimensions", self.variables.space),
                    Some(format!("components here are `{allowed}`")),
                );
                continue;
            }
            if let Some(stated) = self.formula(expression, key, role) {
                self.state(stated.at.clone(), statement(component, stated));
            }
        }
    }
}

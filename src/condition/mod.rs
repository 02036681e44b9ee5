//! What holds on a boundary.
//!
//! In the file a condition is a [`ConditionKind`] on one or more named boundaries. It is split into [`Part`]s, one per
//! boundary and role: values that the field takes there (built into the ansatz, or a loss term if soft), and loads. Where
//! nothing is said the boundary is free: no traction, no heat flux.

mod flux;
mod interface;
mod prescribed;
mod symmetry;
mod traction;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use flux::{Convection, Flux, FluxLaw};
pub use interface::{FluxContinuity, ValueContinuity};
pub use prescribed::{Displacement, Initial, Prescribed, Value};
pub use symmetry::{Roller, Symmetry};
pub use traction::{Foundation, Pressure, Traction, TractionLaw};

use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::problem::formula::Formula;
use crate::problem::{Path, Values, Variables};

/// The conditions that a problem file can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionKind {
    /// Elasticity: prescribed displacement components; components left out stay free.
    Displacement(Displacement),
    /// Elasticity: force per area along the axes; all components 0 is a free surface.
    Traction(Traction),
    /// Elasticity: pressure pushing against the surface.
    Pressure(Pressure),
    /// Elasticity: springs between the surface and the ground.
    Foundation(Foundation),
    /// Mirror plane: no normal displacement and no shear, or no heat flux.
    Symmetry(Symmetry),
    /// Diffusion: prescribed temperature.
    Value(Value),
    /// Diffusion: heat flux entering the body.
    Flux(Flux),
    /// Diffusion: heat exchange with a surrounding fluid.
    Convection(Convection),
    /// Transient problems: the field at t = 0.
    Initial(Initial),
}

/// One boundary name or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a boundary is a name such as \"left\" or a list such as [\"top\", \"bottom\"]"
)]
pub enum Boundaries {
    /// `"left"`
    One(String),
    /// `["top", "bottom"]`
    Several(Vec<String>),
}

impl Boundaries {
    /// The names, each with its place below `on`.
    pub fn names(&self) -> Vec<(&str, Option<usize>)> {
        match self {
            Self::One(name) => vec![(name, None)],
            Self::Several(names) => names.iter().enumerate().map(|(i, n)| (n.as_str(), Some(i))).collect(),
        }
    }
}

/// What one condition says about one boundary, in SI units.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The field's component takes a value.
    Prescribed {
        /// Which component.
        component: usize,
        /// Its value.
        value: Formula,
        /// As a loss term instead of in the ansatz.
        soft: bool,
    },
    /// A component of the traction.
    Traction {
        /// Which component.
        component: usize,
        /// Its value, Pa.
        value: Formula,
    },
    /// Pressure, Pa.
    Pressure(Formula),
    /// Foundation stiffness, Pa/m.
    Foundation(Formula),
    /// Mirror plane.
    Symmetry {
        /// As a loss term instead of in the ansatz.
        soft: bool,
    },
    /// Heat flux entering, W/m².
    Flux(Formula),
    /// Film coefficient, W/(m²·K), and ambient temperature, K.
    Convection {
        /// h.
        coefficient: Formula,
        /// T∞.
        ambient: Formula,
    },
}

/// Which equation a condition belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Conditions of elasticity.
    Elasticity,
    /// Conditions of diffusion.
    Diffusion,
    /// Conditions of both.
    Any,
}

impl ConditionKind {
    /// The kind's name in problem files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Displacement(_) => "Displacement",
            Self::Traction(_) => "Traction",
            Self::Pressure(_) => "Pressure",
            Self::Foundation(_) => "Foundation",
            Self::Symmetry(_) => "Symmetry",
            Self::Value(_) => "Value",
            Self::Flux(_) => "Flux",
            Self::Convection(_) => "Convection",
            Self::Initial(_) => "Initial",
        }
    }

    /// The boundaries it holds on; none for an initial condition.
    pub fn on(&self) -> Option<&Boundaries> {
        match self {
            Self::Displacement(kind) => Some(&kind.on),
            Self::Traction(kind) => Some(&kind.on),
            Self::Pressure(kind) => Some(&kind.on),
            Self::Foundation(kind) => Some(&kind.on),
            Self::Symmetry(kind) => Some(&kind.on),
            Self::Value(kind) => Some(&kind.on),
            Self::Flux(kind) => Some(&kind.on),
            Self::Convection(kind) => Some(&kind.on),
            Self::Initial(_) => None,
        }
    }

    /// Has prescribed values enforced by the loss.
    pub fn soften(&mut self) {
        match self {
            Self::Displacement(kind) => kind.soft = true,
            Self::Symmetry(kind) => kind.soft = true,
            Self::Value(kind) => kind.soft = true,
            Self::Initial(kind) => kind.soft = true,
            Self::Traction(_) | Self::Pressure(_) | Self::Foundation(_) | Self::Flux(_) | Self::Convection(_) => {}
        }
    }

    /// The equation it belongs to.
    pub fn family(&self) -> Family {
        match self {
            Self::Displacement(_) | Self::Traction(_) | Self::Pressure(_) | Self::Foundation(_) => Family::Elasticity,
            Self::Value(_) | Self::Flux(_) | Self::Convection(_) | Self::Initial(_) => Family::Diffusion,
            Self::Symmetry(_) => Family::Any,
        }
    }

    /// Its parts, with the place of each in the file.
    pub fn parts(&self, variables: Variables, at: &Path, values: &mut Values<'_>) -> Vec<(Part, Path)> {
        let mut reader = Reader {
            variables,
            at,
            values,
            parts: Vec::new(),
        };
        match self {
            Self::Displacement(kind) => kind.parts(&mut reader),
            Self::Traction(kind) => kind.parts(&mut reader),
            Self::Pressure(kind) => kind.parts(&mut reader),
            Self::Foundation(kind) => kind.parts(&mut reader),
            Self::Symmetry(kind) => reader.parts.push((Part::Symmetry { soft: kind.soft }, at.clone())),
            Self::Value(kind) => kind.parts(&mut reader),
            Self::Flux(kind) => kind.parts(&mut reader),
            Self::Convection(kind) => kind.parts(&mut reader),
            Self::Initial(kind) => kind.parts(&mut reader),
        }
        reader.parts
    }
}

/// Reads the formulas of one condition.
struct Reader<'a, 'v> {
    variables: Variables,
    at: &'a Path,
    values: &'a mut Values<'v>,
    parts: Vec<(Part, Path)>,
}

impl Reader<'_, '_> {
    /// Reads the field `key` and adds the part made of it.
    fn take(&mut self, expression: &crate::problem::Expression, key: &str, part: impl FnOnce(Formula) -> Part) {
        let mut path = self.at.clone();
        path.push(key.into());
        if let Some(formula) = self.values.formula(expression, self.variables, &path) {
            self.parts.push((part(formula), path));
        }
    }

    /// As [`Reader::take`] for one component per axis; components beyond the dimension are faults.
    fn components(
        &mut self,
        expressions: [&Option<crate::problem::Expression>; 3],
        keys: [&str; 3],
        part: impl Fn(usize, Formula) -> Part,
    ) {
        for (component, (expression, key)) in expressions.into_iter().zip(keys).enumerate() {
            let Some(expression) = expression else {
                continue;
            };
            if component >= self.variables.space {
                let mut path = self.at.clone();
                path.push(key.into());
                let allowed = keys[..self.variables.space].join("`, `");
                self.values.fault(
                    &path,
                    format!("`{key}` does not exist in {} dimensions", self.variables.space),
                    Some(format!("components here are `{allowed}`")),
                );
                continue;
            }
            self.take(expression, key, |formula| part(component, formula));
        }
    }
}

/// A point of a boundary, dimensionless.
#[derive(Clone, Copy, Debug)]
pub struct BoundaryPoint {
    /// (x, y, z, t).
    pub x: [f64; 4],
    /// Outward unit normal; 0 for the initial state.
    pub normal: [f64; 3],
    /// The region that it bounds; 0 if there is only one.
    pub region: usize,
}

/// Residuals on a boundary, affine in the field's jet and dimensionless.
pub trait Condition: Debug + Send + Sync {
    /// A word for loss columns and reports.
    fn name(&self) -> &'static str;

    /// The derivatives that [`Condition::residual`] reads.
    fn order(&self) -> Order;

    /// Residuals per point R.
    fn residuals(&self) -> usize;

    /// The regions on both sides of an interface; the jet then has the components of the first side and after them those of the
    /// second.
    fn sides(&self) -> Option<[usize; 2]> {
        None
    }

    /// The residuals at a point.
    ///
    /// # Shapes
    /// `out` is `[R]`.
    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]);

    /// Whether the condition has a potential energy, or can be held by one.
    fn conservative(&self) -> bool {
        false
    }

    /// Affine forms r of the value whose |r|² is the energy stored per area in springs or by convection, up to a constant.
    ///
    /// # Shapes
    /// `out` is `[R]`.
    fn energy(&self, _at: &BoundaryPoint, _u: &Jet<'_>, out: &mut [f64]) {
        out.fill(0.0);
    }

    /// Work of the loads per area, t·u or q·T.
    fn work(&self, _at: &BoundaryPoint, _u: &Jet<'_>) -> f64 {
        0.0
    }

    /// Moves a field's value and normal flux at a point to what is prescribed there, given their residuals: prescribed =
    /// computed − residual. What the condition leaves open stays as it is.
    ///
    /// # Shapes
    /// `residual` is `[R]`, `value` and `flux` are `[m]`.
    fn impose(&self, at: &BoundaryPoint, residual: &[f64], value: &mut [f64], flux: &mut [f64]);

    /// Replaces the normal flux by that with which a value is held in the energy form; other conditions leave it.
    fn reaction(&self, _at: &BoundaryPoint, _residual: &[f64], _flux: &mut [f64]) {}
}

/// γ of the energy ½·γ·|u − g|² per area that holds prescribed values in the energy form, dimensionless: by the largest modulus and
/// the size of the domain.
///
/// Values are off by 1/γ of the flux that holds them, one part in a million of what the same flux does across the domain.
/// The rows' root √γ is far from the digits of the solve, so that nothing is lost by it (Babuška, *Math. Comp.* 27 (1973) 221,
/// on penalties in Ritz's method).
pub const PENALTY: f64 = 1e6;

//! Conductivities: one number, principal values along turned axes, or a whole tensor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::symmetric::{Matrix, cholesky, rotation};
use crate::quantity::{Coefficient, Expression, Formula, Path, Sample, Scales, Values, Variables};

/// A conductivity k, W/(m·K); it may depend on the position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a conductivity is a number or formula, principal values such as (along: [4, 1], angle: 30), or a tensor such as [[4, 1], [1, 2]]"
)]
pub enum Conductivity {
    /// The same in all directions: `45`.
    Isotropic(Expression),
    /// A symmetric tensor row by row: `[["k11", "k12"], ["k12", "k22"]]`.
    Tensor(Vec<Vec<Expression>>),
    /// Principal values along turned axes: `(along: ["k1", "k2"], angle: 30)`.
    Principal(Principal),
}

/// Principal conductivities along turned axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// One value per axis, W/(m·K).
    pub along: Vec<Expression>,
    /// How far the axes are turned, degrees.
    #[serde(default)]
    pub angle: Expression,
    /// What they are turned about in 3D; by default z.
    #[serde(default)]
    pub axis: Option<Vec<Expression>>,
}

impl Default for Conductivity {
    fn default() -> Self {
        Self::Isotropic(Expression::Number(1.0))
    }
}

/// k in SI units.
#[derive(Clone, Debug)]
pub enum ConductivityLaw {
    /// k·1.
    Scalar(Formula),
    /// Σ f_n·A_n.
    Tensor(Vec<(Formula, [[f64; 3]; 3])>),
}

impl Conductivity {
    /// Reads it in d dimensions; a tensor must be symmetric, constants positive.
    pub fn law(&self, variables: Variables, at: &Path, values: &mut Values<'_>) -> Option<ConductivityLaw> {
        match self {
            Self::Isotropic(expression) => positive(expression, variables, at, values).map(ConductivityLaw::Scalar),
            Self::Principal(principal) => principal.law(variables, at, values),
            Self::Tensor(rows) => tensor(rows, variables, at, values),
        }
    }
}

/// A formula that is greater than 0 if it is a constant.
fn positive(expression: &Expression, variables: Variables, at: &Path, values: &mut Values<'_>) -> Option<Formula> {
    let formula = values.formula(expression, variables, at)?;
    let Some(value) = formula.as_constant().filter(|value| *value <= 0.0) else {
        return Some(formula);
    };
    values.fault(at, format!("conductivity = {value} must be greater than 0"), None);
    None
}

impl Principal {
    fn law(&self, variables: Variables, at: &Path, values: &mut Values<'_>) -> Option<ConductivityLaw> {
        let d = variables.space;
        let along = extended(at, "along");
        if self.along.len() != d {
            values.fault(
                &along,
                format!("{} principal conductivities in {d} dimensions", self.along.len()),
                Some(format!("give {d}, one per axis")),
            );
            return None;
        }
        let formulas: Vec<Option<Formula>> = (0..d)
            .map(|a| positive(&self.along[a], variables, &item(&along, a), values))
            .collect();
        let turned = turned_axes(&self.angle, self.axis.as_deref(), d, at, values)?;
        let parts = formulas.into_iter().enumerate().map(|(a, formula)| {
            let projector = std::array::from_fn(|i| std::array::from_fn(|j| turned[i][a] * turned[j][a]));
            Some((formula?, projector))
        });
        parts.collect::<Option<_>>().map(ConductivityLaw::Tensor)
    }
}

fn tensor(
    rows: &[Vec<Expression>],
    variables: Variables,
    at: &Path,
    values: &mut Values<'_>,
) -> Option<ConductivityLaw> {
    let d = variables.space;
    if rows.len() != d || rows.iter().any(|row| row.len() != d) {
        values.fault(
            at,
            format!("the conductivity tensor must have {d} rows of {d} entries"),
            None,
        );
        return None;
    }
    let mut parts = Vec::new();
    for i in 0..d {
        for j in 0..d {
            let formula = values.formula(&rows[i][j], variables, &item(&item(at, i), j))?;
            if j < i {
                let other: &(Formula, _) = &parts[place(j, i, d)];
                let same = match (formula.as_constant(), other.0.as_constant()) {
                    (Some(a), Some(b)) => a == b,
                    _ => formula.text() == other.0.text(),
                };
                if !same {
                    values.fault(
                        &item(&item(at, i), j),
                        format!(
                            "the conductivity tensor is not symmetric: {} here, {} across",
                            formula.text(),
                            other.0.text()
                        ),
                        Some("write the same number or formula in both places".into()),
                    );
                    return None;
                }
                continue;
            }
            let mut unit = [[0.0; 3]; 3];
            (unit[i][j], unit[j][i]) = (1.0, 1.0);
            parts.push((formula, unit));
        }
    }
    Some(ConductivityLaw::Tensor(parts))
}

/// Where the entry (i, j), i ≤ j, stands in the upper triangle of a d × d matrix, row by row.
fn place(i: usize, j: usize, d: usize) -> usize {
    i * d - i * (i + 1) / 2 + j
}

/// The turned axes as columns.
pub(super) fn turned_axes(
    angle: &Expression,
    axis: Option<&[Expression]>,
    d: usize,
    at: &Path,
    values: &mut Values<'_>,
) -> Option<[[f64; 3]; 3]> {
    let angle = values.number(angle, &extended(at, "angle"))?;
    let mut about = [0.0, 0.0, 1.0];
    if let Some(axis) = axis {
        let place = extended(at, "axis");
        if d < 3 {
            values.fault(
                &place,
                "axes turn in the plane here: `axis` is for 3D".into(),
                Some("leave `axis` out".into()),
            );
            return None;
        }
        let numbers: Option<Vec<f64>> = axis
            .iter()
            .enumerate()
            .map(|(j, number)| values.number(number, &item(&place, j)))
            .collect();
        let numbers = numbers?;
        let length = numbers.iter().map(|v| v * v).sum::<f64>().sqrt();
        if numbers.len() != 3 || length == 0.0 {
            values.fault(&place, "an axis is three numbers that are not all 0".into(), None);
            return None;
        }
        about = std::array::from_fn(|j| numbers[j] / length);
    }
    Some(rotation(about, angle.to_radians()))
}

pub(super) fn extended(at: &Path, key: &str) -> Path {
    let mut path = at.clone();
    path.push(key.into());
    path
}

pub(super) fn item(at: &Path, index: usize) -> Path {
    let mut path = at.clone();
    path.push(index.into());
    path
}

impl ConductivityLaw {
    /// Whether it depends on the field that is solved for.
    pub fn reads_field(&self) -> bool {
        match self {
            Self::Scalar(formula) => formula.reads_field(),
            Self::Tensor(parts) => parts.iter().any(|(formula, _)| formula.reads_field()),
        }
    }

    /// The least and the largest of the diagonal after elimination at a point: both have the size of k's principal values, and the
    /// least is 0 unless k is positive definite.
    ///
    /// `x` are (x, y, z, t, T) in SI units.
    pub fn extremes(&self, x: &[f64; 5], dimension: usize) -> (f64, f64) {
        match self {
            Self::Scalar(formula) => {
                let k = formula.evaluate_with(x);
                (k, k)
            }
            Self::Tensor(parts) => {
                let k = sum(parts.iter().map(|(formula, unit)| (formula.evaluate_with(x), unit)));
                let Some(l) = cholesky(&widened(&k), dimension) else {
                    return (0.0, f64::NAN);
                };
                let pivots = (0..dimension).map(|j| l[j][j] * l[j][j]);
                let diagonal = (0..dimension).map(|j| k[j][j]);
                (pivots.fold(f64::INFINITY, f64::min), diagonal.fold(0.0, f64::max))
            }
        }
    }
}

fn sum<'a>(parts: impl Iterator<Item = (f64, &'a [[f64; 3]; 3])>) -> [[f64; 3]; 3] {
    let mut k = [[0.0; 3]; 3];
    for (factor, unit) in parts {
        for (k, unit) in k.iter_mut().flatten().zip(unit.iter().flatten()) {
            *k += factor * unit;
        }
    }
    k
}

pub(super) fn widened(k: &[[f64; 3]; 3]) -> Matrix {
    let mut a = [[0.0; 6]; 6];
    for (a, k) in a.iter_mut().zip(k) {
        a[..3].copy_from_slice(k);
    }
    a
}

/// k as a dimensionless tensor field, which may depend on the field that is solved for.
#[derive(Clone, Debug)]
pub struct TensorField {
    parts: Vec<(Coefficient, [[f64; 3]; 3])>,
}

/// A symmetric 3 × 3 tensor.
pub(super) type Tensor = [[f64; 3]; 3];

/// k with the derivatives that a balance and its tangent read.
pub(super) struct TensorSample {
    pub(super) value: Tensor,
    /// ∂k/∂x_j.
    pub(super) gradient: [Tensor; 3],
    /// ∂k/∂û.
    pub(super) slope: Tensor,
    /// ∂²k/∂û².
    pub(super) curvature: Tensor,
    /// ∂²k/∂x_j∂û.
    pub(super) mixed: [Tensor; 3],
}

impl TensorField {
    /// Σ f_n·A_n by the scales' modulus.
    pub fn new(parts: &[(Formula, [[f64; 3]; 3])], scales: &Scales) -> Self {
        let part = |(formula, unit): &(Formula, _)| (scales.coefficient(scales.modulus_field(formula.clone())), *unit);
        Self {
            parts: parts.iter().map(part).collect(),
        }
    }

    /// Whether it depends on the field that is solved for.
    pub fn reads_field(&self) -> bool {
        self.parts.iter().any(|(part, _)| part.reads_field())
    }

    /// k at a point for the field û.
    pub fn at(&self, x: &[f64; 4], u: f64) -> [[f64; 3]; 3] {
        sum(self.parts.iter().map(|(part, unit)| (part.value(x, u), unit)))
    }

    /// k and its derivatives at a point for the field û.
    pub(super) fn sample(&self, x: &[f64; 4], u: f64) -> TensorSample {
        let samples: Vec<(Sample, &Tensor)> = self
            .parts
            .iter()
            .map(|(part, unit)| (part.sample(x, u), unit))
            .collect();
        let of = |pick: &dyn Fn(&Sample) -> f64| sum(samples.iter().map(|(sample, unit)| (pick(sample), *unit)));
        TensorSample {
            value: of(&|sample| sample.value),
            gradient: std::array::from_fn(|j| of(&|sample| sample.gradient[j])),
            slope: of(&|sample| sample.slope),
            curvature: of(&|sample| sample.curvature),
            mixed: std::array::from_fn(|j| of(&|sample| sample.mixed[j])),
        }
    }
}

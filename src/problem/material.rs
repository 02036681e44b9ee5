//! The coefficients of a body or of one of its materials: read, checked, and made an equation.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProblemFile;
use crate::equation::{
    AnisotropicConduction, AnisotropicElasticity, Axial, AxisymmetricConduction, AxisymmetricElasticity, Composite,
    Conductivity, ConductivityLaw, ElasticModel, Elasticity, Equation, EquationKind, Family, HeatBody, HeatConduction,
    Mixed, Orthotropic, Stiffness, TensorField,
};
use crate::formulation::Formulation;
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Expression, Formula, Path, Scales, Values, Variables};

/// One of several materials; what it leaves out is as the `equation` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Material {
    /// Where it is, as a condition on the position: `"x^2 + y^2 < r0^2"`, `"y > 0 and y < 0.1"`. One material without a
    /// condition takes the rest. Left out where the geometry has regions with the materials' names.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// Diffusion: conductivity, W/(m·K).
    pub conductivity: Option<Conductivity>,
    /// Diffusion: heat source, W/m³.
    pub source: Option<Expression>,
    /// Diffusion: heat capacity per volume, J/(m³·K).
    pub capacity: Option<Expression>,
    /// Diffusion: velocity of a flow, m/s per axis.
    pub velocity: Option<Vec<Expression>>,
    /// Elasticity: Young's modulus, Pa.
    pub young: Option<Expression>,
    /// Elasticity: Poisson's ratio.
    pub poisson: Option<Expression>,
    /// Elasticity: constants that differ along three axes, in place of `young` and `poisson`.
    pub orthotropic: Option<Orthotropic>,
    /// Elasticity: force per volume along each axis, N/m³.
    pub body_force: Option<Vec<Expression>>,
}

/// The coefficients of one body or region in SI units, with their places in the file.
pub(super) enum Law {
    Elastic {
        modulus: Modulus,
        body_force: Vec<(Formula, Path)>,
    },
    Diffusive {
        conductivity: (ConductivityLaw, Path),
        source: (Formula, Path),
        capacity: (Formula, Path),
        velocity: Vec<(Formula, Path)>,
    },
}

/// How an elastic body resists.
pub(super) enum Modulus {
    Isotropic {
        model: ElasticModel,
        young: f64,
        poisson: f64,
    },
    Orthotropic(Box<Stiffness>),
}

/// Where a coefficient is given: in the material, or else in the equation.
struct Given<'a> {
    material: Option<(&'a str, &'a Material)>,
}

impl<'a> Given<'a> {
    fn pick<T>(
        &self,
        key: &str,
        own: impl Fn(&'a Material) -> &'a Option<T>,
        common: Option<&'a T>,
    ) -> (Option<&'a T>, Path) {
        match self.material {
            Some((name, material)) if own(material).is_some() => {
                (own(material).as_ref(), path!["materials", name, key])
            }
            Some((name, _)) if common.is_none() => (None, path!["materials", name]),
            _ if common.is_none() => (None, path!["equation"]),
            _ => (common, path!["equation", key]),
        }
    }

    fn missing(&self, key: &str, hint: &str, at: &Path, values: &mut Values<'_>) {
        let message = match self.material {
            Some((name, _)) => format!("the material `{name}` lacks `{key}`"),
            None => format!("the equation lacks `{key}`"),
        };
        values.fault(at, message, Some(hint.into()));
    }
}

/// What does not depend on the material: the model's dimension, and time.
pub(super) fn check_equation(file: &ProblemFile, dimension: usize, values: &mut Values<'_>) {
    let equation = match &file.equation {
        EquationKind::LinearElasticity(equation) => equation,
        EquationKind::Diffusion(equation) => {
            if equation.axisymmetric && dimension > 2 {
                values.fault(
                    &path!["equation", "axisymmetric"],
                    format!(
                        "a body of revolution is given by r and z, but `{}` has {dimension} dimensions",
                        file.geometry.name()
                    ),
                    Some("use a plane geometry with x = r and y = z, or leave `axisymmetric` out".into()),
                );
            }
            return;
        }
    };
    let d = equation.model.dimension();
    if d != dimension {
        let fitting = match dimension {
            1 => "`Bar`",
            2 => "`PlaneStress`, `PlaneStrain` or `Axisymmetric`",
            _ => "`Solid`",
        };
        values.fault(
            &path!["equation", "model"],
            format!(
                "`{:?}` has {d} dimensions, but `{}` has {dimension}",
                equation.model,
                file.geometry.name(),
            ),
            Some(format!("use {fitting}")),
        );
    }
    if file.time.is_some() {
        values.fault(
            &path!["time"],
            "`LinearElasticity` is steady and takes no `time`".into(),
            Some("remove `time`, or use `Diffusion`".into()),
        );
    }
    if file.initial_guess.is_some() {
        values.fault(
            &path!["initial_guess"],
            "`LinearElasticity` is linear and takes no `initial_guess`".into(),
            Some("remove it: a linear problem has one solution, wherever it starts".into()),
        );
    }
}

/// Reads the coefficients of a body, or of one of its materials.
pub(super) fn law(
    file: &ProblemFile,
    material: Option<(&str, &Material)>,
    variables: Variables,
    values: &mut Values<'_>,
) -> Option<Law> {
    let given = Given { material };
    if let Some((name, material)) = material {
        foreign(file, name, material, values);
    }
    match &file.equation {
        EquationKind::LinearElasticity(equation) => {
            let (list, at) = given.pick("body_force", |m| &m.body_force, Some(&equation.body_force));
            let d = equation.model.dimension();
            if list.map_or(0, Vec::len) > d {
                let count = list.map_or(0, Vec::len);
                values.fault(
                    &at,
                    format!("body_force has {count} components in {d} dimensions"),
                    None,
                );
            }
            let forces = list.into_iter().flatten().enumerate().map(|(i, force)| {
                let mut at = at.clone();
                at.push(i.into());
                Some((values.formula(force, variables, &at)?, at))
            });
            let body_force: Vec<Option<(Formula, Path)>> = forces.collect();
            let modulus = modulus(&given, equation, values);
            Some(Law::Elastic {
                modulus: modulus?,
                body_force: body_force.into_iter().collect::<Option<_>>()?,
            })
        }
        EquationKind::Diffusion(equation) => {
            // Coefficients may depend on the temperature.
            let own = variables.with_field();
            let (conductivity, at) = given.pick("conductivity", |m| &m.conductivity, equation.conductivity.as_ref());
            let one = Conductivity::default();
            let conductivity = match (conductivity, material) {
                (Some(conductivity), _) => conductivity.law(own, &at, values).map(|law| (law, at)),
                (None, None) => one.law(variables, &at, values).map(|law| (law, at)),
                (None, Some(_)) => {
                    given.missing("conductivity", "add `conductivity: …`", &at, values);
                    None
                }
            };
            let (capacity, at) = given.pick("capacity", |m| &m.capacity, Some(&equation.capacity));
            let capacity = capacity.and_then(|expression| {
                let formula = values.formula(expression, own, &at)?;
                if let Some(value) = formula.as_constant().filter(|value| *value <= 0.0) {
                    values.fault(&at, format!("capacity = {value} must be greater than 0"), None);
                    return None;
                }
                Some((formula, at))
            });
            let (source, at) = given.pick("source", |m| &m.source, Some(&equation.source));
            let source = source.and_then(|expression| Some((values.formula(expression, own, &at)?, at)));
            let (velocity, at) = given.pick("velocity", |m| &m.velocity, Some(&equation.velocity));
            let velocity = velocity.and_then(|list| self::velocity(list, own, &at, values));
            Some(Law::Diffusive {
                conductivity: conductivity?,
                source: source?,
                capacity: capacity?,
                velocity: velocity?,
            })
        }
    }
}

/// The components of a velocity, one per axis or none at all.
fn velocity(
    list: &[Expression],
    variables: Variables,
    at: &Path,
    values: &mut Values<'_>,
) -> Option<Vec<(Formula, Path)>> {
    let d = variables.space;
    if !list.is_empty() && list.len() != d {
        let plural = |count| if count == 1 { "" } else { "s" };
        values.fault(
            at,
            format!(
                "velocity has {} component{} in {d} dimension{}",
                list.len(),
                plural(list.len()),
                plural(d)
            ),
            Some(format!("give {d}, one per axis")),
        );
        return None;
    }
    let components: Vec<Option<(Formula, Path)>> = list
        .iter()
        .enumerate()
        .map(|(j, expression)| {
            let mut at = at.clone();
            at.push(j.into());
            Some((values.formula(expression, variables, &at)?, at))
        })
        .collect();
    components.into_iter().collect()
}

/// Coefficients of the other equation in a material.
fn foreign(file: &ProblemFile, name: &str, material: &Material, values: &mut Values<'_>) {
    let family = file.equation.physics().family();
    let keys = [
        ("conductivity", material.conductivity.is_some(), Family::Diffusion),
        ("source", material.source.is_some(), Family::Diffusion),
        ("capacity", material.capacity.is_some(), Family::Diffusion),
        ("velocity", material.velocity.is_some(), Family::Diffusion),
        ("young", material.young.is_some(), Family::Elasticity),
        ("poisson", material.poisson.is_some(), Family::Elasticity),
        ("orthotropic", material.orthotropic.is_some(), Family::Elasticity),
        ("body_force", material.body_force.is_some(), Family::Elasticity),
    ];
    for (key, _, _) in keys.iter().filter(|(_, given, own)| *given && *own != family) {
        let own: Vec<&str> = keys.iter().filter(|key| key.2 == family).map(|key| key.0).collect();
        values.fault(
            &path!["materials", name, *key],
            format!("`{key}` does not belong to `{}`", file.equation.name()),
            Some(format!("its coefficients are `{}`", own.join("`, `"))),
        );
    }
}

fn modulus(
    given: &Given<'_>,
    equation: &crate::equation::LinearElasticity,
    values: &mut Values<'_>,
) -> Option<Modulus> {
    let model = equation.model;
    let own = given.material.map(|(_, material)| material);
    let isotropic_material = own.is_some_and(|m| m.young.is_some() || m.poisson.is_some());
    let (orthotropic, at) = match own {
        // An isotropic material in a body that is orthotropic otherwise.
        Some(material) if isotropic_material && material.orthotropic.is_none() => (None, Path::new()),
        _ => given.pick("orthotropic", |m| &m.orthotropic, equation.orthotropic.as_ref()),
    };
    if let Some(orthotropic) = orthotropic {
        let twice = match own {
            Some(material) if material.orthotropic.is_some() => isotropic_material,
            _ => equation.young.is_some() || equation.poisson.is_some(),
        };
        if twice {
            values.fault(
                &at,
                "`orthotropic` stands beside `young` or `poisson`".into(),
                Some("keep one of the two".into()),
            );
        }
        let stiffness = orthotropic.stiffness(model, &at, values)?;
        return Some(Modulus::Orthotropic(Box::new(stiffness)));
    }
    let (young, at) = given.pick("young", |m| &m.young, equation.young.as_ref());
    let young = match young {
        Some(young) => values.positive(young, &at),
        None => {
            given.missing(
                "young",
                "add `young: …` and `poisson: …`, or `orthotropic: (…)`",
                &at,
                values,
            );
            return None;
        }
    };
    let (poisson, at) = given.pick("poisson", |m| &m.poisson, equation.poisson.as_ref());
    let poisson = match poisson {
        Some(poisson) => values.number(poisson, &at),
        None => {
            given.missing("poisson", "add `poisson: …`; steel has 0.3", &at, values);
            return None;
        }
    };
    if let Some(nu) = poisson
        && !(nu > -1.0 && nu < 0.5)
    {
        values.fault(
            &at,
            format!("poisson = {nu} must lie in (-1, 0.5)"),
            Some("steel has 0.3, rubber about 0.4999".into()),
        );
    }
    Some(Modulus::Isotropic {
        model,
        young: young?,
        poisson: poisson?,
    })
}

impl Law {
    /// Whether a source of heat depends on the temperature.
    pub(super) fn source_reads_field(&self) -> bool {
        matches!(self, Self::Diffusive { source: (source, _), .. } if source.reads_field())
    }

    /// What the user should know of it.
    pub(super) fn note(&self) -> Option<String> {
        match self {
            Self::Elastic {
                modulus: Modulus::Orthotropic(stiffness),
                ..
            } if stiffness.lacks_thickness() => {
                Some("`poisson` has no nu13 and nu23: the strain across the plate is written as 0".into())
            }
            _ => None,
        }
    }
}

impl Modulus {
    /// The size of its stiffness, Pa.
    pub(super) fn size(&self) -> f64 {
        match self {
            Self::Isotropic { young, .. } => *young,
            Self::Orthotropic(stiffness) => stiffness.largest(),
        }
    }
}

/// The dimensionless equation of the body: one, or one per region.
pub(super) fn build_equation(
    laws: &[Law],
    scales: &Scales,
    shape: &Arc<dyn Shape>,
    transient: bool,
    formulation: Formulation,
    axisymmetric: bool,
) -> Arc<dyn Equation> {
    let axial = axisymmetric.then(|| Axial {
        reach: shape.bounds().1[0],
    });
    let one = |law| equation(law, scales, shape.dimension(), transient, formulation, axial);
    match laws {
        [law] => one(law).into(),
        _ => Arc::new(Composite::new(laws.iter().map(one).collect(), shape.clone())),
    }
}

/// The dimensionless equation of one material.
fn equation(
    law: &Law,
    scales: &Scales,
    dimension: usize,
    transient: bool,
    formulation: Formulation,
    axial: Option<Axial>,
) -> Box<dyn Equation> {
    let primal: Box<dyn Equation> = match law {
        Law::Elastic { modulus, body_force } => {
            let force = body_force.iter().map(|(f, _)| scales.source_field(f.clone())).collect();
            match (modulus, axial) {
                (Modulus::Isotropic { model, young, poisson }, Some(axial)) => Box::new(AxisymmetricElasticity::new(
                    Stiffness::isotropic(*model, *poisson).divided(scales.modulus / young),
                    force,
                    axial,
                )),
                (Modulus::Orthotropic(stiffness), Some(axial)) => Box::new(AxisymmetricElasticity::new(
                    (**stiffness).clone().divided(scales.modulus),
                    force,
                    axial,
                )),
                (Modulus::Isotropic { model, young, poisson }, None) => {
                    Box::new(Elasticity::new(*model, *poisson, force).with_modulus(young / scales.modulus))
                }
                (Modulus::Orthotropic(stiffness), None) => Box::new(AnisotropicElasticity::new(
                    (**stiffness).clone().divided(scales.modulus),
                    force,
                )),
            }
        }
        Law::Diffusive {
            conductivity: (conductivity, _),
            source: (source, _),
            capacity: (capacity, _),
            velocity,
        } => {
            let body = HeatBody::new(
                transient,
                scales.coefficient(scales.source_field(source.clone())),
                scales.coefficient(scales.capacity_field(capacity.clone())),
            )
            .with_velocity(
                velocity
                    .iter()
                    .map(|(v, _)| scales.coefficient(scales.velocity_field(v.clone())))
                    .collect(),
            );
            let plane: Box<dyn Equation> = match conductivity {
                ConductivityLaw::Scalar(conductivity) => Box::new(HeatConduction::new(
                    dimension,
                    scales.coefficient(scales.modulus_field(conductivity.clone())),
                    body,
                )),
                ConductivityLaw::Tensor(parts) => Box::new(AnisotropicConduction::new(
                    dimension,
                    TensorField::new(parts, scales),
                    body,
                )),
            };
            match axial {
                Some(axial) => Box::new(AxisymmetricConduction::new(plane, axial)),
                None => plane,
            }
        }
    };
    match law {
        _ if formulation != Formulation::Mixed => primal,
        Law::Elastic { .. } => Box::new(Mixed::with_stress(primal, dimension)),
        Law::Diffusive { .. } => Box::new(Mixed::with_flux(primal, dimension)),
    }
}

//! From a file to a problem: every expression read, every fault collected, everything made dimensionless.

use std::collections::BTreeMap;

use super::formula::Formula;
use super::{Batch, Expression, Path, Problem, ProblemFile, Reference, Scales, Values, Variables};
use crate::condition::{Condition, Family, FluxLaw, Part, Prescribed, Roller, TractionLaw};
use crate::equation::{ElasticModel, Elasticity, Equation, EquationKind, HeatConduction};
use crate::error::Fault;
use crate::formulation::{Ansatz, BoundaryTerm, HardFace, Place};
use crate::geometry::Shape;
use crate::path;
use crate::sampler::SamplerKind;

/// A part of a condition with its boundary and its place in the file.
struct Placed {
    place: Place,
    part: Part,
    at: Path,
}

/// The equation's formulas in SI units.
enum Material {
    Elastic {
        model: ElasticModel,
        young: f64,
        poisson: f64,
        body_force: Vec<Formula>,
    },
    Diffusive {
        conductivity: Formula,
        source: Formula,
        capacity: Formula,
    },
}

/// Checks a file as a whole.
///
/// # Errors
/// All faults, in the order of the text.
pub(super) fn build(file: ProblemFile, text: &str) -> Result<Problem, Vec<Fault>> {
    let mut values = Values::new(text, &file.constants);
    let shape = file.geometry.shape(&mut values);
    let end = file.time.as_ref().map(|time| values.positive(time, &path!["time"]));
    numerics(&file, &mut values);
    let Some(shape) = shape else {
        return Err(values.into_faults());
    };
    let variables = Variables {
        space: shape.dimension(),
        time: file.time.is_some(),
    };
    let material = material(&file, shape.as_ref(), variables, &mut values);
    let parts = parts(&file, shape.as_ref(), variables, &mut values);
    let exact = reference(&file, variables, &mut values);
    let Some(material) = material else {
        return Err(values.into_faults());
    };
    if values.sound() {
        let end = end.flatten();
        sample(&material, shape.as_ref(), end, &parts, &mut values);
        idle(shape.dimension(), &parts, &mut values);
        support(&file, &material, shape.as_ref(), &parts, &mut values);
    }
    if !values.sound() {
        return Err(values.into_faults());
    }

    let scales = scales(shape.as_ref(), end.flatten(), &material, &parts);
    let shape = shape.scaled(1.0 / scales.length);
    let equation = equation(&material, &scales, shape.dimension(), variables.time);
    let mut problem = Problem {
        ansatz: Ansatz::new(equation.components()),
        reference: exact.map(|exact| exact.into_iter().map(|f| scales.value_field(f)).collect()),
        file,
        scales,
        shape,
        equation,
        terms: Vec::new(),
        notes: Vec::new(),
    };
    conditions(&mut problem, parts);
    unknown_weights(&problem, &mut values);
    if values.sound() {
        Ok(problem)
    } else {
        Err(values.into_faults())
    }
}

/// Most frames of a time series.
const MOST_FRAMES: usize = 10_000;

fn numerics(file: &ProblemFile, values: &mut Values<'_>) {
    let points = &file.points;
    let mut at_least_one = |value: usize, at: Path, name: &str| {
        if value == 0 {
            values.fault(&at, format!("{name} = 0 must be at least 1"), None);
        }
    };
    at_least_one(points.interior, path!["points", "interior"], "interior");
    at_least_one(points.boundary, path!["points", "boundary"], "boundary");
    at_least_one(file.output.cells, path!["output", "cells"], "cells");
    at_least_one(
        file.output.check_points,
        path!["output", "check_points"],
        "check_points",
    );
    let crate::network::NetworkKind::Mlp(network) = &file.network;
    at_least_one(network.width, path!["network", "width"], "width");
    at_least_one(network.depth, path!["network", "depth"], "depth");
    if let Some(Batch::Size(batch)) = points.batch {
        at_least_one(batch, path!["points", "batch"], "batch");
        if batch > points.interior && points.interior > 0 {
            values.fault(
                &path!["points", "batch"],
                format!("batch = {batch} is greater than interior = {}", points.interior),
                Some("use `batch: Full` for the full batch".into()),
            );
        }
    }
    if file.output.frames > MOST_FRAMES {
        values.fault(
            &path!["output", "frames"],
            format!("frames = {} must be at most {MOST_FRAMES}", file.output.frames),
            None,
        );
    }
    if file.training.is_empty() {
        values.fault(
            &path!["training"],
            "no training stage is given".into(),
            Some("leave `training` out for a default plan, or name `Adam`, `Lbfgs` or `GaussNewton`".into()),
        );
    }
    if !(network.fourier_scale > 0.0 && network.fourier_scale.is_finite()) {
        values.fault(
            &path!["network", "fourier_scale"],
            format!("fourier_scale = {} must be greater than 0", network.fourier_scale),
            None,
        );
    }
    if let Some(tolerance) = file.tolerance {
        let (field, flux) = tolerance.parts();
        for (name, value) in [("field", Some(field)), ("flux", flux)] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                values.fault(
                    &path!["tolerance", name],
                    format!("the tolerance {value} must be a number greater than 0"),
                    None,
                );
            }
        }
        if file.reference.is_none() {
            values.fault(
                &path!["tolerance"],
                "a tolerance needs a reference to compare with".into(),
                Some("add `reference: Exact(…)` or leave the tolerance out".into()),
            );
        }
    }
    for (i, stage) in file.training.iter().enumerate() {
        if stage.steps() == 0 {
            values.fault(&path!["training", i], format!("`{}` has no steps", stage.name()), None);
        }
        if let Err((field, message)) = stage.check() {
            values.fault(&path!["training", i, field], message, None);
        }
    }
    if let crate::loss::Weights::Given(given) = &file.weights {
        for (name, weight) in given {
            if !(*weight >= 0.0 && weight.is_finite()) {
                values.fault(
                    &path!["weights", 0, name.as_str()],
                    format!("the weight {weight} of `{name}` must not be negative"),
                    None,
                );
            }
        }
    }
}

fn material(file: &ProblemFile, shape: &dyn Shape, variables: Variables, values: &mut Values<'_>) -> Option<Material> {
    match &file.equation {
        EquationKind::LinearElasticity(equation) => {
            let d = equation.model.dimension();
            if d != shape.dimension() {
                let fitting = match shape.dimension() {
                    1 => "`Bar`",
                    2 => "`PlaneStress` or `PlaneStrain`",
                    _ => "`Solid`",
                };
                values.fault(
                    &path!["equation", "model"],
                    format!(
                        "`{:?}` has {d} dimensions, but `{}` has {}",
                        equation.model,
                        file.geometry.name(),
                        shape.dimension()
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
            let young = values.positive(&equation.young, &path!["equation", "young"]);
            let poisson = values.number(&equation.poisson, &path!["equation", "poisson"]);
            if let Some(nu) = poisson
                && !(nu > -1.0 && nu < 0.5)
            {
                values.fault(
                    &path!["equation", "poisson"],
                    format!("poisson = {nu} must lie in (-1, 0.5)"),
                    Some("steel has 0.3, rubber about 0.4999".into()),
                );
            }
            if equation.body_force.len() > d {
                values.fault(
                    &path!["equation", "body_force"],
                    format!(
                        "body_force has {} components in {d} dimensions",
                        equation.body_force.len()
                    ),
                    None,
                );
            }
            let body_force: Vec<Option<Formula>> = equation
                .body_force
                .iter()
                .enumerate()
                .map(|(i, force)| values.formula(force, variables, &path!["equation", "body_force", i]))
                .collect();
            Some(Material::Elastic {
                model: equation.model,
                young: young?,
                poisson: poisson?,
                body_force: body_force.into_iter().collect::<Option<_>>()?,
            })
        }
        EquationKind::Diffusion(equation) => {
            let mut positive = |expression: &Expression, name: &str| {
                let at = path!["equation", name];
                let formula = values.formula(expression, variables, &at)?;
                if let Some(value) = formula.as_constant()
                    && value <= 0.0
                {
                    values.fault(&at, format!("{name} = {value} must be greater than 0"), None);
                    return None;
                }
                Some(formula)
            };
            let conductivity = positive(&equation.conductivity, "conductivity");
            let capacity = positive(&equation.capacity, "capacity");
            let source = values.formula(&equation.source, variables, &path!["equation", "source"]);
            Some(Material::Diffusive {
                conductivity: conductivity?,
                source: source?,
                capacity: capacity?,
            })
        }
    }
}

/// Weights must name terms that exist.
fn unknown_weights(problem: &Problem, values: &mut Values<'_>) {
    let crate::loss::Weights::Given(given) = &problem.file.weights else {
        return;
    };
    let names = crate::solve::term_names(problem);
    for name in given.keys().filter(|name| !names.contains(name)) {
        values.fault(
            &path!["weights", 0, name.as_str()],
            format!("unknown loss term `{name}`"),
            Some(format!("the terms are `{}`", names.join("`, `"))),
        );
    }
}

/// All parts of all conditions, each on one boundary; contradictions are faults.
fn parts(file: &ProblemFile, shape: &dyn Shape, variables: Variables, values: &mut Values<'_>) -> Vec<Placed> {
    let faces = shape.faces();
    let names = faces
        .iter()
        .map(|face| format!("`{}`", face.name))
        .collect::<Vec<_>>()
        .join(", ");
    let family = match file.equation {
        EquationKind::LinearElasticity(_) => Family::Elasticity,
        EquationKind::Diffusion(_) => Family::Diffusion,
    };
    let mut placed: Vec<Placed> = Vec::new();
    for (i, condition) in file.conditions.iter().enumerate() {
        let at = path!["conditions", i];
        if condition.family() != Family::Any && condition.family() != family {
            values.fault(
                &at,
                format!("`{}` does not belong to `{}`", condition.name(), file.equation.name()),
                Some(match family {
                    Family::Elasticity => {
                        "use `Displacement`, `Traction`, `Pressure`, `Foundation` or `Symmetry`".into()
                    }
                    _ => "use `Value`, `Flux`, `Convection`, `Symmetry` or `Initial`".into(),
                }),
            );
            continue;
        }
        let mut places = Vec::new();
        match condition.on() {
            None if file.time.is_none() => values.fault(
                &at,
                "`Initial` needs a transient problem".into(),
                Some("add the end time, for example `time: 10`".into()),
            ),
            None => places.push(Place::Initial),
            Some(boundaries) => {
                if boundaries.names().is_empty() {
                    values.fault(
                        &at,
                        format!("`{}` holds on no boundary", condition.name()),
                        Some(format!("`{}` has {names}", file.geometry.name())),
                    );
                }
                for (name, index) in boundaries.names() {
                    let mut at = at.clone();
                    at.push("on".into());
                    at.extend(index.map(Into::into));
                    match faces.iter().find(|face| face.name == name) {
                        Some(face) if places.contains(&Place::Face(*face)) => {
                            values.fault(&at, format!("the boundary `{name}` is named twice"), None);
                        }
                        Some(face) => places.push(Place::Face(*face)),
                        None => values.fault(
                            &at,
                            format!("unknown boundary `{name}`"),
                            Some(format!("`{}` has {names}", file.geometry.name())),
                        ),
                    }
                }
            }
        }
        for (part, at) in condition.parts(variables, &at, values) {
            for &place in &places {
                let clash = placed
                    .iter()
                    .find(|other| other.place == place && clashes(&other.part, &part));
                if let Some(other) = clash {
                    let (now, before) = (what(&part, family), what(&other.part, family));
                    let message = if now == before {
                        format!("{now} of `{}` is given twice", place.name())
                    } else {
                        format!("{now} of `{}` contradicts {before} there", place.name())
                    };
                    values.fault(&at, message, Some("keep one of the two conditions".into()));
                } else {
                    placed.push(Placed {
                        place,
                        part: part.clone(),
                        at: at.clone(),
                    });
                }
            }
        }
    }
    placed
}

/// Whether two parts say two things about the same quantity of one boundary.
fn clashes(a: &Part, b: &Part) -> bool {
    use Part::{Convection, Flux, Foundation, Prescribed, Pressure, Symmetry, Traction};
    match (a, b) {
        (
            Prescribed { component: a, .. } | Traction { component: a, .. },
            Prescribed { component: b, .. } | Traction { component: b, .. },
        ) => a == b,
        (Pressure(_), Pressure(_)) | (Foundation(_), Foundation(_)) | (Flux(_), Flux(_)) => true,
        (Convection { .. }, Convection { .. }) => true,
        (Symmetry, _) | (_, Symmetry) => true,
        (Prescribed { .. }, Flux(_) | Convection { .. }) | (Flux(_) | Convection { .. }, Prescribed { .. }) => true,
        _ => false,
    }
}

fn what(part: &Part, family: Family) -> String {
    match part {
        Part::Prescribed { .. } if family == Family::Diffusion => "the temperature".into(),
        Part::Prescribed { component, .. } => format!("the displacement {}", ["ux", "uy", "uz"][*component]),
        Part::Traction { component, .. } => format!("the traction {}", ["tx", "ty", "tz"][*component]),
        Part::Pressure(_) => "the pressure".into(),
        Part::Foundation(_) => "the foundation".into(),
        Part::Symmetry => "the symmetry".into(),
        Part::Flux(_) => "the flux".into(),
        Part::Convection { .. } => "the convection".into(),
    }
}

fn reference(file: &ProblemFile, variables: Variables, values: &mut Values<'_>) -> Option<Vec<Formula>> {
    let Some(Reference::Exact(exact)) = &file.reference else {
        return None;
    };
    let given: BTreeMap<&str, &Option<Expression>> = BTreeMap::from([
        ("ux", &exact.ux),
        ("uy", &exact.uy),
        ("uz", &exact.uz),
        ("value", &exact.value),
    ]);
    let needed: &[&str] = match &file.equation {
        EquationKind::LinearElasticity(equation) => &["ux", "uy", "uz"][..equation.model.dimension()],
        EquationKind::Diffusion(_) => &["value"],
    };
    for (name, expression) in &given {
        if expression.is_some() != needed.contains(name) {
            let verb = if expression.is_some() {
                "does not fit"
            } else {
                "is missing in"
            };
            values.fault(
                &path!["reference", *name],
                format!("`{name}` {verb} the reference"),
                Some(format!("the exact solution here is `{}`", needed.join("`, `"))),
            );
        }
    }
    needed
        .iter()
        .map(|name| {
            let expression = given[name].as_ref()?;
            values.formula(expression, variables, &path!["reference", *name])
        })
        .collect()
}

/// Formulas must have finite values where they are used, and moduli positive ones.
fn sample(material: &Material, shape: &dyn Shape, end: Option<f64>, parts: &[Placed], values: &mut Values<'_>) {
    let mut check = |place: Option<Place>, formula: &Formula, least: f64, at: &Path| {
        let Range { low, finite, .. } = range(shape, place, end, formula);
        if !finite {
            values.fault(
                at,
                format!(
                    "the value of this formula is not finite everywhere on {}",
                    at_place(place)
                ),
                Some("look for a division by 0 or the root or logarithm of a negative number".into()),
            );
        } else if low < least {
            let bound = if least > 0.0 {
                "must be greater than 0"
            } else {
                "must not be negative"
            };
            values.fault(at, format!("the value {low} on {} {bound}", at_place(place)), None);
        }
    };
    let any = f64::NEG_INFINITY;
    match material {
        Material::Elastic { body_force, .. } => {
            for (i, force) in body_force.iter().enumerate() {
                check(None, force, any, &path!["equation", "body_force", i]);
            }
        }
        Material::Diffusive {
            conductivity,
            source,
            capacity,
        } => {
            check(
                None,
                conductivity,
                f64::MIN_POSITIVE,
                &path!["equation", "conductivity"],
            );
            check(None, capacity, f64::MIN_POSITIVE, &path!["equation", "capacity"]);
            check(None, source, any, &path!["equation", "source"]);
        }
    }
    for placed in parts {
        let place = Some(placed.place);
        match &placed.part {
            Part::Prescribed { value, .. }
            | Part::Traction { value, .. }
            | Part::Pressure(value)
            | Part::Flux(value) => {
                check(place, value, any, &placed.at);
            }
            Part::Foundation(stiffness) => check(place, stiffness, 0.0, &placed.at),
            Part::Convection { coefficient, ambient } => {
                let mut at = placed.at.clone();
                check(place, ambient, any, &at);
                at.pop();
                at.push("coefficient".into());
                check(place, coefficient, 0.0, &at);
            }
            Part::Symmetry => {}
        }
    }
}

fn at_place(place: Option<Place>) -> String {
    place.map_or_else(|| "the domain".into(), |place| format!("`{}`", place.name()))
}

/// A load has no effect where every component is prescribed.
fn idle(dimension: usize, parts: &[Placed], values: &mut Values<'_>) {
    for placed in parts {
        let name = match placed.part {
            Part::Pressure(_) => "Pressure",
            Part::Foundation(_) => "Foundation",
            _ => continue,
        };
        let prescribed = parts
            .iter()
            .filter(|other| other.place == placed.place && matches!(other.part, Part::Prescribed { .. }))
            .count();
        if prescribed == dimension {
            values.fault(
                &placed.at,
                format!(
                    "`{name}` has no effect on `{}`: all displacements are prescribed there",
                    placed.place.name()
                ),
                Some("remove one of the two conditions".into()),
            );
        }
    }
}

/// Whether a stiffness or film coefficient is more than a constant 0.
fn acts(formula: &Formula) -> bool {
    formula.as_constant() != Some(0.0)
}

/// A steady problem must be held: every rigid motion, or the level of the temperature.
fn support(file: &ProblemFile, material: &Material, shape: &dyn Shape, parts: &[Placed], values: &mut Values<'_>) {
    match material {
        Material::Diffusive { .. } => {
            let held = parts.iter().any(|placed| match &placed.part {
                Part::Prescribed { .. } => true,
                Part::Convection { coefficient, .. } => acts(coefficient),
                _ => false,
            });
            if file.time.is_none() && !held {
                values.fault(
                    &path!["conditions"],
                    "nothing fixes the level of the temperature".into(),
                    Some("add a `Value` or a `Convection` on some boundary".into()),
                );
            }
            let started = parts.iter().any(|placed| placed.place == Place::Initial);
            if file.time.is_some() && !started {
                values.fault(
                    &path!["conditions"],
                    "a transient problem needs an initial state".into(),
                    Some("add `Initial(value: …)`".into()),
                );
            }
        }
        Material::Elastic { .. } => {
            let free = free_motions(shape, parts);
            if !free.is_empty() {
                values.fault(
                    &path!["conditions"],
                    format!("the body can still move: {}", free.join(", ")),
                    Some(
                        "prescribe displacements, a `Symmetry` or a `Foundation` until no rigid motion is left".into(),
                    ),
                );
            }
        }
    }
}

/// Names of the rigid motions that the conditions leave free: null space of the constraint rows, by elimination.
fn free_motions(shape: &dyn Shape, parts: &[Placed]) -> Vec<&'static str> {
    let d = shape.dimension();
    let (min, max) = shape.bounds();
    let size = (0..d).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    // A motion's displacement at x, one column per motion.
    let motions = |x: [f64; 3], c: usize| -> Vec<f64> {
        let r: Vec<f64> = (0..3).map(|j| (x[j] - 0.5 * (min[j] + max[j])) / size).collect();
        let unit = |j: usize| f64::from(u8::from(j == c));
        let spin = |a: usize, b: usize| {
            if c == a {
                -r[b]
            } else if c == b {
                r[a]
            } else {
                0.0
            }
        };
        match d {
            1 => vec![unit(0)],
            2 => vec![unit(0), unit(1), spin(0, 1)],
            _ => vec![unit(0), unit(1), unit(2), spin(1, 2), spin(2, 0), spin(0, 1)],
        }
    };
    let names: &[&'static str] = match d {
        1 => &["along x"],
        2 => &["along x", "along y", "turning"],
        _ => &[
            "along x",
            "along y",
            "along z",
            "turning about x",
            "turning about y",
            "turning about z",
        ],
    };
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for placed in parts {
        let Place::Face(face) = placed.place else {
            continue;
        };
        for unit in SamplerKind::Uniform.points(8, 11) {
            let point = super::face_point(shape, face, unit, false);
            let x = [point.x[0], point.x[1], point.x[2]];
            match &placed.part {
                Part::Prescribed { component, .. } => rows.push(motions(x, *component)),
                Part::Foundation(stiffness) if acts(stiffness) => rows.extend((0..d).map(|c| motions(x, c))),
                Part::Symmetry => {
                    let mut row = vec![0.0; names.len()];
                    for c in 0..d {
                        for (sum, motion) in row.iter_mut().zip(motions(x, c)) {
                            *sum += point.normal[c] * motion;
                        }
                    }
                    rows.push(row);
                }
                _ => {}
            }
        }
    }
    let mut free = Vec::new();
    let mut rank = 0;
    for (column, name) in names.iter().enumerate() {
        let pivot = (rank..rows.len()).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        match pivot {
            Some(pivot) if rows[pivot][column].abs() > 1e-8 => {
                rows.swap(rank, pivot);
                let (top, below) = rows.split_at_mut(rank + 1);
                for row in below {
                    let factor = row[column] / top[rank][column];
                    row.iter_mut().zip(&top[rank]).for_each(|(a, b)| *a -= factor * b);
                }
                rank += 1;
            }
            _ => free.push(*name),
        }
    }
    free
}

/// The values of a formula on a place.
struct Range {
    low: f64,
    high: f64,
    /// Whether every sampled value was finite.
    finite: bool,
}

impl Range {
    fn largest(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// The range of a formula on a place, by sampling.
fn range(shape: &dyn Shape, place: Option<Place>, end: Option<f64>, formula: &Formula) -> Range {
    let mut range = Range {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        finite: true,
    };
    for unit in SamplerKind::Uniform.points(256, 23) {
        let space = [unit[0], unit[1], unit[2]];
        let x = match place {
            Some(Place::Face(face)) => shape.face_point(face, space),
            _ => shape.interior_point(space),
        };
        let t = if place == Some(Place::Initial) {
            0.0
        } else {
            unit[3] * end.unwrap_or(0.0)
        };
        let value = formula.evaluate(&[x[0], x[1], x[2], t]);
        range.finite &= value.is_finite();
        range.low = range.low.min(value);
        range.high = range.high.max(value);
    }
    range
}

/// Units from the problem's own data: the size of the domain, the largest modulus, and the largest field that prescribed
/// values or loads suggest.
fn scales(shape: &dyn Shape, end: Option<f64>, material: &Material, parts: &[Placed]) -> Scales {
    let (min, max) = shape.bounds();
    let length = (0..shape.dimension()).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    let modulus = match material {
        Material::Elastic { young, .. } => *young,
        Material::Diffusive { conductivity, .. } => range(shape, None, end, conductivity).high,
    };
    let elastic = matches!(material, Material::Elastic { .. });
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut loads: f64 = 0.0;
    let largest = |place: Option<Place>, formula: &Formula| range(shape, place, end, formula).largest();
    for placed in parts {
        let place = Some(placed.place);
        match &placed.part {
            Part::Prescribed { value, .. } | Part::Convection { ambient: value, .. } => {
                let values = range(shape, place, end, value);
                (low, high) = (low.min(values.low), high.max(values.high));
            }
            Part::Traction { value, .. } | Part::Pressure(value) | Part::Flux(value) => {
                loads = loads.max(largest(place, value) * length / modulus);
            }
            Part::Foundation(_) | Part::Symmetry => {}
        }
    }
    let sources: Vec<&Formula> = match material {
        Material::Elastic { body_force, .. } => body_force.iter().collect(),
        Material::Diffusive { source, .. } => vec![source],
    };
    for source in sources {
        loads = loads.max(largest(None, source) * length * length / modulus);
    }
    let offset = if elastic || !low.is_finite() { 0.0 } else { low };
    let spread = if elastic { low.abs().max(high.abs()) } else { high - low };
    let field = if spread.is_finite() { spread.max(loads) } else { loads };
    Scales {
        length,
        time: end.unwrap_or(1.0),
        field: if field > 0.0 { field } else { 1.0 },
        offset,
        modulus,
    }
}

fn equation(material: &Material, scales: &Scales, dimension: usize, transient: bool) -> Box<dyn Equation> {
    match material {
        Material::Elastic {
            model,
            poisson,
            body_force,
            ..
        } => Box::new(Elasticity::new(
            *model,
            *poisson,
            body_force.iter().map(|f| scales.source_field(f.clone())).collect(),
        )),
        Material::Diffusive {
            conductivity,
            source,
            capacity,
        } => Box::new(HeatConduction::new(
            dimension,
            transient,
            scales.modulus_field(conductivity.clone()),
            scales.source_field(source.clone()),
            scales.capacity_field(capacity.clone()),
        )),
    }
}

/// Splits the parts into the ansatz and the loss terms, face by face.
fn conditions(problem: &mut Problem, parts: Vec<Placed>) {
    let scales = problem.scales;
    let d = problem.shape.dimension();
    let elastic = matches!(problem.file.equation, EquationKind::LinearElasticity(_));
    let mut places: Vec<Place> = problem.shape.faces().into_iter().map(Place::Face).collect();
    if problem.transient() {
        places.push(Place::Initial);
    }
    for place in places {
        let here = || parts.iter().filter(|placed| placed.place == place);
        let mut prescribed: Vec<usize> = Vec::new();
        let mut oblique = false;
        for placed in here() {
            let (component, value, soft) = match (&placed.part, place) {
                (Part::Prescribed { component, value, soft }, _) => (*component, value.clone(), *soft),
                (Part::Symmetry, Place::Face(face)) if elastic => match problem.shape.normal_axis(face) {
                    Some(axis) => (axis, Formula::constant(0.0), false),
                    None => {
                        oblique = true;
                        continue;
                    }
                },
                _ => continue,
            };
            prescribed.push(component);
            prescribe(problem, place, component, scales.value_field(value), soft, &placed.at);
        }
        let condition: Option<Box<dyn Condition>> = match place {
            Place::Initial => None,
            Place::Face(_) if elastic && oblique => Some(Box::new(Roller { dimension: d })),
            Place::Face(_) if elastic => {
                let components: Vec<usize> = (0..d).filter(|c| !prescribed.contains(c)).collect();
                let mut law = TractionLaw {
                    components,
                    traction: [None, None, None],
                    pressure: None,
                    stiffness: None,
                };
                for placed in here() {
                    match &placed.part {
                        Part::Traction { component, value } => {
                            law.traction[*component] = Some(scales.flux_field(value.clone()));
                        }
                        Part::Pressure(value) => law.pressure = Some(scales.flux_field(value.clone())),
                        Part::Foundation(value) => law.stiffness = Some(scales.transfer_field(value.clone())),
                        _ => {}
                    }
                }
                (!law.components.is_empty()).then(|| Box::new(law) as Box<dyn Condition>)
            }
            Place::Face(_) => {
                let mut law = FluxLaw {
                    flux: None,
                    convection: None,
                };
                for placed in here() {
                    match &placed.part {
                        Part::Flux(value) => law.flux = Some(scales.flux_field(value.clone())),
                        Part::Convection { coefficient, ambient } => {
                            law.convection = Some((
                                scales.transfer_field(coefficient.clone()),
                                scales.value_field(ambient.clone()),
                            ));
                        }
                        _ => {}
                    }
                }
                prescribed.is_empty().then(|| Box::new(law) as Box<dyn Condition>)
            }
        };
        if let Some(condition) = condition {
            problem.terms.push(BoundaryTerm { place, condition });
        }
    }
}

/// Puts a prescribed value into the ansatz, or into the loss if it is soft or contradicts one that is already there.
fn prescribe(problem: &mut Problem, place: Place, component: usize, value: super::Field, soft: bool, _at: &Path) {
    let rival = (!soft)
        .then(|| contradiction(problem, place, component, &value))
        .flatten();
    if let Some(rival) = rival {
        problem.notes.push(format!(
            "the values of `{}` and `{rival}` differ where the two meet, so `{}` enters the loss instead of holding exactly",
            place.name(),
            place.name()
        ));
    }
    if soft || rival.is_some() {
        problem.terms.push(BoundaryTerm {
            place,
            condition: Box::new(Prescribed { component, value }),
        });
    } else {
        problem.ansatz.hard[component].push(HardFace { place, value });
    }
}

/// The name of a place whose value of this component differs where it meets `place`.
fn contradiction(problem: &Problem, place: Place, component: usize, value: &super::Field) -> Option<&'static str> {
    let pin = |xi: &mut [f64; 4], place: Place| {
        xi[place.axis()] = match place {
            Place::Face(face) if face.high => 1.0,
            _ => 0.0,
        };
    };
    problem.ansatz.hard[component]
        .iter()
        .filter(|other| other.place.axis() != place.axis())
        .find(|other| {
            SamplerKind::Uniform.points(32, 41).into_iter().any(|mut xi| {
                pin(&mut xi, place);
                pin(&mut xi, other.place);
                let x = problem.shape.position([xi[0], xi[1], xi[2]]);
                let at = [x[0], x[1], x[2], xi[3]];
                let difference: f64 = value.at(&at) - other.value.at(&at);
                // Values are in units of the field scale.
                difference.abs() > 1e-6
            })
        })
        .map(|other| other.place.name())
}

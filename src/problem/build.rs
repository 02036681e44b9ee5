//! From a file to a problem: every expression read, every fault collected, everything made dimensionless.

use std::sync::Arc;

use super::axis::axis;
use super::formula::Formula;
use super::hard_flux::{hold_flux, hold_traction};
use super::known::{components, given, known, place};
use super::material::{Law, check_equation, law, whole};
use super::materials::{assign, interfaces};
use super::numerics::numerics;
use super::sample::{definite, sample, scales};
use super::support::{idle, support};
use super::{Exact, Material, Path, Problem, ProblemFile, Reference, Values, Variables};
use crate::condition::{Condition, Family, FluxLaw, Part, Prescribed, Roller, TractionLaw};
use crate::equation::EquationKind;
use crate::error::Fault;
use crate::formulation::{Ansatz, BoundaryTerm, Formulation, HardFace, Place};
use crate::geometry::{Chart, Corner, Shape};
use crate::network::{NetworkKind, Pole};
use crate::path;
use crate::sampler::{self, PointSet, SamplerKind};
use crate::training::{GaussNewtonForm, StageKind, attempts};

/// A part of a condition with its boundary and its place in the file.
pub(super) struct Placed {
    pub(super) place: Place,
    pub(super) part: Part,
    pub(super) at: Path,
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
    check_equation(&file, shape.dimension(), &mut values);
    let Some((shape, assigned)) = assign(&file, shape, &mut values) else {
        return Err(values.into_faults());
    };
    let laws = assigned
        .iter()
        .map(|material| law(&file, *material, variables, &mut values));
    let laws: Option<Vec<Law>> = laws.collect::<Vec<_>>().into_iter().collect();
    let mut parts = parts(&file, shape.as_ref(), variables, &mut values);
    let axis = axis(&file, shape.as_ref(), &mut parts, &mut values);
    let probes = probes(&file, shape.as_ref(), &mut values);
    let known = known(&file, shape.as_ref(), &mut values);
    let exact = reference(&file, &assigned, variables, &mut values);
    let Some(laws) = laws else {
        return Err(values.into_faults());
    };
    if values.sound() {
        let end = end.flatten();
        sample(&laws, shape.as_ref(), end, &parts, &mut values);
        definite(&laws, shape.as_ref(), end, &mut values);
        idle(shape.dimension(), &parts, &mut values);
        support(&file, shape.as_ref(), &parts, &mut values);
    }
    if !values.sound() {
        return Err(values.into_faults());
    }

    let scales = scales(shape.as_ref(), end.flatten(), &laws, &parts);
    let shape: Arc<dyn Shape> = shape.scaled(1.0 / scales.length).into();
    let singular = singular(shape.as_ref(), &parts, &axis);
    let end = f64::from(u8::from(variables.time));
    let probes = probes
        .into_iter()
        .map(|x| [x[0] / scales.length, x[1] / scales.length, x[2] / scales.length, end])
        .collect();
    let equation = whole(
        &laws,
        &scales,
        &shape,
        variables.time,
        file.formulation(),
        file.equation.axisymmetric(),
    );
    let coordinates = shape.dimension() + usize::from(variables.time);
    let outputs = equation.components() * equation.parts();
    let attempts = attempts(&file, coordinates, shape.poles().len(), outputs);
    let mut problem = Problem {
        ansatz: Ansatz::new(equation.components(), equation.parts()),
        reference: exact.map(|exact| {
            let fields = |list: Vec<Formula>| list.into_iter().map(|f| scales.value_field(f)).collect();
            exact.into_iter().map(fields).collect()
        }),
        file,
        scales,
        shape,
        equation,
        singular,
        probes,
        known: known.iter().map(|known| known.scaled(&scales, end)).collect(),
        terms: Vec::new(),
        notes: laws.iter().find_map(Law::note).into_iter().collect(),
        attempts,
        network: NetworkKind::default(),
        stages: Vec::new(),
        least: 0,
    };
    conditions(&mut problem, parts);
    interfaces(&mut problem);
    unknown_terms(&problem, &mut values);
    formulation(&problem, &mut values);
    strata(&problem, &mut values);
    for index in (0..problem.attempts.len()).rev() {
        problem.attempt(index);
        if let Err(refusal) = crate::budget::plan(&problem) {
            values.fault(&refusal.at, refusal.message, Some(refusal.hint));
            break;
        }
    }
    if values.sound() {
        Ok(problem)
    } else {
        Err(values.into_faults())
    }
}

/// Weights and batch sizes must name terms that exist.
fn unknown_terms(problem: &Problem, values: &mut Values<'_>) {
    let names = crate::solve::term_names(problem);
    let mut check = |name: &String, at: super::Path| {
        if !names.contains(name) {
            values.fault(
                &at,
                format!("unknown loss term `{name}`"),
                Some(format!("the terms are `{}`", names.join("`, `"))),
            );
        }
    };
    if let crate::loss::Weights::Given(given) = &problem.file.weights {
        given
            .keys()
            .for_each(|name| check(name, path!["weights", 0, name.as_str()]));
    }
    let Some(super::Batch::Sizes(sizes)) = &problem.file.points.batch else {
        return;
    };
    sizes
        .keys()
        .for_each(|name| check(name, path!["points", "batch", name.as_str()]));
    for (name, points) in names.iter().zip(problem.point_sets()).skip(1) {
        if let Some(size) = sizes.get(name)
            && *size > points.len()
        {
            values.fault(
                &path!["points", "batch", name.as_str()],
                format!(
                    "the size {size} is greater than the {} points of `{name}`",
                    points.len()
                ),
                Some("give more `boundary` points, or a smaller size".into()),
            );
        }
    }
}

/// An energy exists for steady problems, and for prescribed values that hold exactly.
fn formulation(problem: &Problem, values: &mut Values<'_>) {
    if problem.file.formulation() != Formulation::Energy {
        return;
    }
    let at = path!["formulation"];
    if problem.transient() {
        values.fault(
            &at,
            "a transient problem has no potential energy to minimise".into(),
            Some("use `formulation: Strong`".into()),
        );
    }
    for term in problem.terms.iter().filter(|term| !term.condition.conservative()) {
        values.fault(
            &at,
            format!("`{}` has no potential energy", term.name()),
            Some("use `formulation: Strong`".into()),
        );
    }
    for (i, stage) in problem.file.training.iter().flatten().enumerate() {
        if let StageKind::GaussNewton(stage) = stage
            && (stage.redraw > 0 || matches!(stage.form, Some(GaussNewtonForm::Kernel(_))))
        {
            values.fault(
                &path!["training", i],
                "an energy takes neither redrawn points nor the kernel form: its loads have no residuals".into(),
                Some("leave `redraw` and `form` out".into()),
            );
        }
    }
    if problem.file.weights != crate::loss::Weights::default() {
        values.fault(
            &path!["weights"],
            "the terms of an energy are integrals and cannot be weighted".into(),
            Some("leave `weights` out".into()),
        );
    }
}

/// Every stratum needs a point in every batch.
fn strata(problem: &Problem, values: &mut Values<'_>) {
    let points = &problem.file.points;
    let interior = problem.point_sets()[0].len();
    let automatic = points.batch == Some(super::Batch::All(super::Whole::Auto));
    let batch = if automatic {
        interior
    } else {
        points.batch_size(interior)
    };
    if let Some(strata) = points.strata(problem.axes(0))
        && strata > batch
    {
        values.fault(
            &path!["points", "draw"],
            format!("{strata} strata are more than the {batch} points of a batch"),
            Some("every stratum needs a point in every batch".into()),
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
        (Symmetry { .. }, _) | (_, Symmetry { .. }) => true,
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
        Part::Symmetry { .. } => "the symmetry".into(),
        Part::Flux(_) => "the flux".into(),
        Part::Convection { .. } => "the convection".into(),
    }
}

/// The exact solution per region, or one for all.
fn reference(
    file: &ProblemFile,
    assigned: &[Option<(&str, &Material)>],
    variables: Variables,
    values: &mut Values<'_>,
) -> Option<Vec<Vec<Formula>>> {
    match file.reference.as_ref()? {
        Reference::Exact(whole) => Some(vec![exact(file, whole, &path!["reference"], variables, values)?]),
        Reference::PerMaterial(parts) => {
            let names: Vec<&str> = assigned.iter().flatten().map(|(name, _)| *name).collect();
            for name in parts.keys().filter(|name| !names.contains(&name.as_str())) {
                values.fault(
                    &path!["reference", 0, name.as_str()],
                    format!("unknown material `{name}`"),
                    Some(match names[..] {
                        [] => "there is one material: use `Exact(…)`".into(),
                        _ => format!("the materials are `{}`", names.join("`, `")),
                    }),
                );
            }
            let lists = names.iter().map(|name| {
                let Some(part) = parts.get(*name) else {
                    values.fault(
                        &path!["reference"],
                        format!("the reference lacks the material `{name}`"),
                        None,
                    );
                    return None;
                };
                exact(file, part, &path!["reference", 0, *name], variables, values)
            });
            lists.collect::<Vec<_>>().into_iter().collect()
        }
        Reference::Values(_) | Reference::Table(_) => None,
    }
}

fn exact(
    file: &ProblemFile,
    exact: &Exact,
    at: &Path,
    variables: Variables,
    values: &mut Values<'_>,
) -> Option<Vec<Formula>> {
    let given = given([&exact.ux, &exact.uy, &exact.uz, &exact.value]);
    let needed = components(file);
    let place = |name: &str| {
        let mut at = at.clone();
        at.push(name.into());
        at
    };
    for (name, expression) in given {
        if expression.is_some() != needed.contains(&name) {
            let verb = if expression.is_some() {
                "does not fit"
            } else {
                "is missing in"
            };
            values.fault(
                &place(name),
                format!("`{name}` {verb} the reference"),
                Some(format!("the exact solution here is `{}`", needed.join("`, `"))),
            );
        }
    }
    let own = given.into_iter().filter(|(name, _)| needed.contains(name));
    own.map(|(name, expression)| values.formula(expression.as_ref()?, variables, &place(name)))
        .collect()
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
                (Part::Symmetry { soft }, Place::Face(face)) if elastic => match problem.shape.normal_axis(face) {
                    Some((axis, _)) if !soft => (axis, Formula::constant(0.0), false),
                    _ => {
                        oblique = true;
                        continue;
                    }
                },
                _ => continue,
            };
            prescribed.push(component);
            prescribe(problem, place, component, scales.value_field(value), soft);
        }
        let condition: Option<Box<dyn Condition>> = match place {
            Place::Initial => None,
            Place::Face(_) if elastic && oblique => Some(Box::new(Roller { dimension: d })),
            Place::Face(face) if elastic => {
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
                hold_traction(problem, face, &mut law);
                (!law.components.is_empty()).then(|| Box::new(law) as Box<dyn Condition>)
            }
            Place::Face(face) => {
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
                (prescribed.is_empty() && !hold_flux(problem, face, &law)).then(|| Box::new(law) as Box<dyn Condition>)
            }
        };
        if let Some(condition) = condition {
            problem.terms.push(BoundaryTerm { place, condition });
        }
    }
}

/// The places of probes, m.
fn probes(file: &ProblemFile, shape: &dyn Shape, values: &mut Values<'_>) -> Vec<[f64; 3]> {
    let probes = file.output.probes.iter().enumerate();
    probes
        .filter_map(|(i, probe)| place(probe, shape, &path!["output", "probes", i], values))
        .collect()
}

/// Corners beyond this number get no inputs of their own.
const CORNERS: usize = 8;

/// The corners at which the field may be singular: re-entrant ones, and those where prescribed components change; the widest ones
/// if they are many.
fn singular(shape: &dyn Shape, parts: &[Placed], axis: &[&'static str]) -> Vec<Pole> {
    let prescribed = |name: &str| {
        let here = parts.iter().filter(|placed| placed.place.name() == name);
        let mut components: Vec<usize> = here
            .filter_map(|placed| match &placed.part {
                Part::Prescribed { component, .. } => Some(*component),
                Part::Symmetry { .. } => Some(usize::MAX),
                _ => None,
            })
            .collect();
        components.sort_unstable();
        components
    };
    let mut corners = shape.corners();
    corners.retain(|corner| {
        let [first, second] = corner.faces.map(prescribed);
        // On an axis of rotation lies no edge.
        let inside = corner.faces.iter().any(|name| axis.contains(name));
        !inside && (corner.angle > 1.02 * std::f64::consts::PI || first != second)
    });
    corners.sort_by(|a, b| b.angle.total_cmp(&a.angle));
    corners.truncate(CORNERS);
    let pole = |corner: Corner| Pole::corner(corner.place, 1.0, shape.dimension());
    corners.into_iter().map(pole).collect()
}

/// Puts a prescribed value into the ansatz, or into the loss if it is soft or cannot hold exactly.
fn prescribe(problem: &mut Problem, place: Place, component: usize, value: super::Field, soft: bool) {
    if soft || !hold(problem, place, component, &value) {
        problem.terms.push(BoundaryTerm {
            place,
            condition: Box::new(Prescribed { component, value }),
        });
    }
}

/// Puts a value of a component into the ansatz, unless it has no smooth extension or contradicts one that is already there.
pub(super) fn hold(problem: &mut Problem, place: Place, component: usize, value: &super::Field) -> bool {
    let constant = value.as_constant().is_some();
    let extends = problem.shape.chart().is_some_and(Chart::extends);
    let kinked = !constant && matches!(place, Place::Face(_)) && !extends;
    if kinked {
        let note = format!(
            "values that vary along a boundary of `{}` do not extend smoothly into it, so `{}` enters the loss instead of holding exactly",
            problem.file.geometry.name(),
            place.name()
        );
        if !problem.notes.contains(&note) {
            problem.notes.push(note);
        }
    }
    let rival = (!kinked)
        .then(|| contradiction(problem, place, component, value))
        .flatten();
    if let Some(rival) = rival {
        problem.notes.push(format!(
            "the values of `{}` and `{rival}` differ where the two meet, so `{}` enters the loss instead of holding exactly",
            place.name(),
            place.name()
        ));
    }
    let rough = matches!(place, Place::Face(face) if !problem.shape.smooth(face));
    if rough {
        problem.notes.push(format!(
            "`{}` is made of neither lines, circles nor planes, so that its values enter the loss instead of holding exactly",
            place.name()
        ));
    }
    let exact = !kinked && !rough && rival.is_none();
    if exact {
        let value = value.clone();
        problem.ansatz.hard[component].push(HardFace { place, value });
    }
    exact
}

/// The name of a place whose value of this component differs where it meets `place`.
fn contradiction(problem: &Problem, place: Place, component: usize, value: &super::Field) -> Option<&'static str> {
    let shape = problem.shape.as_ref();
    let meeting = |other: Place| match (place, other) {
        (Place::Face(a), Place::Face(b)) => shape.meeting(a, b),
        (Place::Face(face), Place::Initial) | (Place::Initial, Place::Face(face)) => {
            let units = PointSet::new(SamplerKind::Uniform, 32, 4, 41).points();
            let space = units.iter().map(|u| shape.face_point(face, [u[0], u[1], u[2]]).x);
            space.collect()
        }
        (Place::Initial, Place::Initial) => Vec::new(),
    };
    problem.ansatz.hard[component]
        .iter()
        .find(|other| {
            let steady = place != Place::Initial && other.place != Place::Initial;
            meeting(other.place).into_iter().enumerate().any(|(i, x)| {
                let t = if steady { sampler::unit(43, i as u64) } else { 0.0 };
                let at = [x[0], x[1], x[2], t];
                let difference: f64 = value.at(&at) - other.value.at(&at);
                // Values are in units of the field scale.
                difference.abs() > 1e-6
            })
        })
        .map(|other| other.place.name())
}

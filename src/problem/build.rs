//! From a file to a problem: every expression read, every fault collected, everything made dimensionless.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::axis::axis;
use super::enforcement::conditions;
use super::formula::Formula;
use super::jump::jumps;
use super::known::{known, place};
use super::material::{Law, check_equation, law, whole};
use super::materials::{assign, interfaces, replaced};
use super::numerics::numerics;
use super::pairs::unpaired;
use super::placed::parts;
use super::reference::reference;
use super::sample::{definite, sample, scales};
use super::singular::singular;
use super::size::millimetres;
use super::suitability::{formulation, strata, unknown_terms};
use super::support::{idle, support};
use super::{Problem, ProblemFile, Values, Variables};
use crate::error::Fault;
use crate::formulation::Ansatz;
use crate::geometry::Shape;
use crate::network::NetworkKind;
use crate::path;
use crate::training::{attempts, separable};

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
        support(&file, shape.as_ref(), &laws, &parts, &mut values);
        unpaired(shape.as_ref(), &parts, &mut values);
    }
    if !values.sound() {
        return Err(values.into_faults());
    }

    let scales = scales(shape.as_ref(), end.flatten(), &laws, &parts);
    let suspicious = millimetres(&file, &scales, &laws);
    let replaced = replaced(&file, shape.as_ref());
    let jumps = jumps(shape.as_ref(), &parts, scales.field);
    let shape: Arc<dyn Shape> = shape.scaled(1.0 / scales.length).into();
    let elastic = matches!(file.equation, crate::equation::EquationKind::LinearElasticity(_));
    let singular = singular(shape.as_ref(), elastic, &parts, &axis);
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
        jumps,
        singular,
        probes,
        known: known.iter().map(|known| known.scaled(&scales, end)).collect(),
        terms: Vec::new(),
        notes: (laws.iter().find_map(Law::note).into_iter())
            .chain(suspicious)
            .chain(replaced)
            .collect(),
        attempts: Vec::new(),
        network: NetworkKind::default(),
        stages: Vec::new(),
        least: 0,
    };
    conditions(&mut problem, parts);
    interfaces(&mut problem);
    let wide = problem.shape.dimension() == 3 && outputs > 1 && separable(&problem);
    problem.attempts = attempts(&problem.file, coordinates, problem.shape.poles().len(), outputs, wide);
    let mut told = BTreeSet::new();
    problem.notes.retain(|note| told.insert(note.clone()));
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

/// The places of probes, m.
fn probes(file: &ProblemFile, shape: &dyn Shape, values: &mut Values<'_>) -> Vec<[f64; 3]> {
    let probes = file.output.probes.iter().enumerate();
    probes
        .filter_map(|(i, probe)| place(probe, shape, &path!["output", "probes", i], values))
        .collect()
}

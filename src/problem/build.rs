//! From a file to a problem: every expression read, every fault collected, everything made dimensionless.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::axis::axis;
use super::enforcement::conditions;
use super::jump::jumps;
use super::known::{known, place};
use super::material::{Law, build_equation, check_equation, law};
use super::materials::{assign, interfaces, replaced};
use super::numerics::numerics;
use super::pairs::unpaired;
use super::placed::placed;
use super::reference::{guess, reference};
use super::relation::{mean, periodic};
use super::sample::{Span, absolute, check_positive_definite, divergence, sample, scales};
use super::singular::singular;
use super::size::millimetres;
use super::strategy::attempts;
use super::suitability::{equal_names, formulation, strata, unknown_terms};
use super::support::{loads_without_effect, support};
use super::{Origin, Problem, ProblemFile};
use crate::error::Fault;
use crate::formulation::{Ansatz, Model};
use crate::geometry::Shape;
use crate::path;
use crate::quantity::{Formula, Values, Variables};
use crate::training::separable;

/// Checks a file as a whole.
///
/// # Errors
/// All faults, in the order of the text.
pub(super) fn build(file: ProblemFile, origin: &Origin) -> Result<Problem, Vec<Fault>> {
    let mut values = Values::new(&origin.text, &file.constants);
    let shape = file.geometry.shape(&mut values);
    let end = file.time.as_ref().map(|time| values.positive(time, &path!["time"]));
    numerics(&file, &mut values);
    let Some(shape) = shape else {
        return Err(values.into_faults());
    };
    let variables = Variables {
        space: shape.dimension(),
        time: file.time.is_some(),
        field: false,
    };
    check_equation(&file, shape.dimension(), &mut values);
    let Some((shape, assigned)) = assign(&file, shape, &mut values) else {
        return Err(values.into_faults());
    };
    let laws = assigned
        .iter()
        .map(|material| law(&file, *material, variables, &mut values));
    let laws: Option<Vec<Law>> = laws.collect::<Vec<_>>().into_iter().collect();
    let mut placed = placed(&file, shape.as_ref(), variables, &mut values);
    let axis = axis(&file, shape.as_ref(), &mut placed, &mut values);
    let probes = probes(&file, shape.as_ref(), &mut values);
    let known = known(&file, shape.as_ref(), end.flatten(), &mut values);
    let periodic = periodic(&file, shape.as_ref(), &mut values);
    let mean = mean(&file, &placed, &mut values);
    let guess = guess(&file, variables, &mut values);
    let exact = reference(&file, &assigned, variables, &mut values);
    let Some(laws) = laws else {
        return Err(values.into_faults());
    };
    if values.sound() {
        let end = end.flatten();
        let span = Span::new(shape.as_ref(), end, &placed);
        sample(&laws, span, &placed, guess.as_deref(), &mut values);
        check_positive_definite(&laws, span, &mut values);
        absolute(span, &placed, &mut values);
        loads_without_effect(file.equation.physics(), &placed, &mut values);
        support(&file, shape.as_ref(), &laws, &placed, mean.is_some(), &mut values);
        unpaired(shape.as_ref(), &placed, &mut values);
    }
    if !values.sound() {
        return Err(values.into_faults());
    }

    let mut notes: Vec<String> = laws.iter().find_map(Law::note).into_iter().collect();
    let span = Span::new(shape.as_ref(), end.flatten(), &placed);
    notes.extend(divergence(&laws, span, file.equation.physics().axisymmetric()));
    let scales = scales(file.equation.physics(), shape.as_ref(), end.flatten(), &laws, &placed);
    notes.extend(millimetres(&file, &scales, &laws));
    notes.extend(replaced(&file, shape.as_ref()));
    let jumps = jumps(shape.as_ref(), &placed, scales.field);
    let shape: Arc<dyn Shape> = shape.scaled(1.0 / scales.length).into();
    let singular = singular(file.equation.physics(), shape.as_ref(), &placed, &axis);
    let end = f64::from(u8::from(variables.time));
    let probes = probes
        .into_iter()
        .map(|x| [x[0] / scales.length, x[1] / scales.length, x[2] / scales.length, end])
        .collect();
    let equation = build_equation(
        &laws,
        &scales,
        &shape,
        variables.time,
        file.formulation(),
        file.equation.physics().axisymmetric(),
    );
    let coordinates = shape.dimension() + usize::from(variables.time);
    let outputs = equation.components() * equation.parts();
    let mut problem = Problem {
        reference: exact.map(|exact| {
            let fields = |list: Vec<Formula>| list.into_iter().map(|f| scales.value_field(f)).collect();
            exact.into_iter().map(fields).collect()
        }),
        model: Model {
            ansatz: Ansatz::new(equation.components(), equation.parts()),
            formulation: file.formulation(),
            transient: variables.time,
            periodic,
            shape,
            equation,
            terms: Vec::new(),
        },
        file,
        origin: origin.clone(),
        scales,
        mean: mean.map(|mean| (mean - scales.offset) / scales.field),
        guess: guess.map(|guess| guess.into_iter().map(|(f, _)| scales.value_field(f)).collect()),
        jumps,
        singular,
        probes,
        known: known.iter().map(|known| known.scaled(&scales)).collect(),
        notes,
        attempts: Vec::new(),
    };
    conditions(&mut problem, &placed);
    interfaces(&mut problem);
    let wide = problem.model.shape.dimension() == 3 && outputs > 1 && separable(&problem.model);
    problem.attempts = attempts(
        &problem.file,
        coordinates,
        problem.model.shape.poles().len(),
        outputs,
        (wide, problem.model.nonlinear(), problem.changes_form()),
    );
    let mut told = BTreeSet::new();
    problem.notes.retain(|note| told.insert(note.clone()));
    equal_names(&problem, &mut values);
    unknown_terms(&problem, &mut values);
    formulation(&problem, &mut values);
    strata(&problem, &mut values);
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

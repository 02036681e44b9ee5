//! Whether a steady problem is held: every rigid motion, or the level of the temperature.

use super::ProblemFile;
use super::input::{Input, input};
use super::material::Law;
use super::placed::Placed;
use crate::condition::{Holds, Loads};
use crate::equation::Physics;
use crate::formulation::{Place, face_point};
use crate::geometry::Shape;
use crate::path;
use crate::quantity::Values;
use crate::sampler::{PointSet, SamplerKind};

/// A load on what is not prescribed has no effect where every component is prescribed.
pub(super) fn loads_without_effect(physics: &dyn Physics, placed: &[Placed], values: &mut Values<'_>) {
    for load in placed.iter().filter(|placed| placed.statement.loads() == Loads::Free) {
        let here = placed.iter().filter(|other| other.place == load.place);
        let prescribed = here.filter(|other| matches!(other.statement.holds(), Holds::Component(_)));
        if prescribed.count() == physics.components().len() {
            values.fault(
                &load.at,
                format!(
                    "`{}` has no effect on `{}`: all displacements are prescribed there",
                    load.kind,
                    load.place.name()
                ),
                Some("remove one of the two conditions".into()),
            );
        }
    }
}

/// A steady problem must be held against every motion without flux; a transient one must start somewhere.
///
/// The level of a field is fixed by sources that depend on it, too; a prescribed `mean` fixes it where sources and fluxes balance.
pub(super) fn support(
    file: &ProblemFile,
    shape: &dyn Shape,
    laws: &[Law],
    placed: &[Placed],
    mean: bool,
    values: &mut Values<'_>,
) {
    let physics = file.equation.physics();
    if file.time.is_some() {
        if !placed.iter().any(|placed| placed.place == Place::Initial) {
            values.fault(
                &path!["conditions"],
                "a transient problem needs an initial state".into(),
                Some("add `Initial(value: …)`".into()),
            );
        }
        return;
    }
    if physics.level() && laws.iter().any(Law::source_reads_field) {
        return;
    }
    let free = free_motions(physics, shape, placed);
    if free.is_empty() {
        return;
    }
    let input = physics.level().then(|| input(file, shape, laws, placed));
    if let Some(input) = input.filter(|input| !input.balanced()) {
        let (message, hint) = unsolvable(&input);
        values.fault(&path!["conditions"], message, Some(hint));
    } else if !(mean && physics.level()) {
        let (message, hint) = physics.unheld(&free);
        values.fault(&path!["conditions"], message, Some(hint.into()));
    }
}

/// Heat that goes in and cannot come out: message and hint.
fn unsolvable(input: &Input) -> (String, String) {
    // Six digits.
    let number = |value: f64| format!("{value:.5e}").parse().unwrap_or(value);
    let [sources, fluxes, total] = [input.sources, input.fluxes, input.sources + input.fluxes].map(number);
    let unit = input.unit;
    (
        format!(
            "no steady state exists: the sources give {sources} {unit} and the fluxes through boundaries {fluxes} {unit}, \
             together {total} {unit} instead of 0"
        ),
        "add a `Value` or a `Convection` that lets heat out, make sources and fluxes balance, or give a `time`".into(),
    )
}

/// Names of the motions that the conditions leave free: null space of the constraint rows, by elimination.
fn free_motions(physics: &dyn Physics, shape: &dyn Shape, placed: &[Placed]) -> Vec<&'static str> {
    let d = shape.dimension();
    let (min, max) = shape.bounds();
    let size = (0..d).map(|j| max[j] - min[j]).fold(0.0, f64::max);
    let motions = physics.motions(d);
    // A component of every motion at x.
    let row = |x: [f64; 3], c: usize| -> Vec<f64> {
        let place = std::array::from_fn(|j| (x[j] - 0.5 * (min[j] + max[j])) / size);
        motions.iter().map(|motion| motion.component(place, c)).collect()
    };
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for placed in placed {
        let Place::Face(face) = placed.place else {
            continue;
        };
        for unit in PointSet::new(SamplerKind::Uniform, 8, 4, 11).points() {
            let point = face_point(shape, face, unit, false);
            let x = [point.x[0], point.x[1], point.x[2]];
            match placed.statement.holds() {
                Holds::Nothing => {}
                Holds::Component(component) => rows.push(row(x, component)),
                Holds::Elastically => rows.extend((0..physics.components().len()).map(|c| row(x, c))),
                Holds::Normal => {
                    let mut sum = vec![0.0; motions.len()];
                    for c in 0..d {
                        for (sum, motion) in sum.iter_mut().zip(row(x, c)) {
                            *sum += point.normal[c] * motion;
                        }
                    }
                    rows.push(sum);
                }
            }
        }
    }
    let mut free = Vec::new();
    let mut rank = 0;
    for (column, motion) in motions.iter().enumerate() {
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
            _ => free.push(motion.name),
        }
    }
    free
}

//! Whether a steady problem is held: every rigid motion, or the level of the temperature.

use super::ProblemFile;
use super::formula::Formula;
use super::input::{Input, input};
use super::material::Law;
use super::placed::Placed;
use super::{Values, face_point};
use crate::condition::Part;
use crate::equation::EquationKind;
use crate::formulation::Place;
use crate::geometry::Shape;
use crate::path;
use crate::sampler::{PointSet, SamplerKind};

/// A load has no effect where every component is prescribed.
pub(super) fn idle(dimension: usize, parts: &[Placed], values: &mut Values<'_>) {
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
pub(super) fn acts(formula: &Formula) -> bool {
    formula.as_constant() != Some(0.0)
}

/// A steady problem must be held: every rigid motion, or the level of the temperature.
pub(super) fn support(file: &ProblemFile, shape: &dyn Shape, laws: &[Law], parts: &[Placed], values: &mut Values<'_>) {
    match file.equation {
        EquationKind::Diffusion(_) => {
            let held = parts.iter().any(|placed| match &placed.part {
                Part::Prescribed { .. } => true,
                Part::Convection { coefficient, .. } => acts(coefficient),
                _ => false,
            });
            if file.time.is_none() && !held {
                let input = input(file, shape, laws, parts);
                let (message, hint) = match input.balanced() {
                    true => (
                        "nothing fixes the level of the temperature".into(),
                        "add a `Value` or a `Convection` on some boundary".into(),
                    ),
                    false => unsolvable(&input),
                };
                values.fault(&path!["conditions"], message, Some(hint));
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
        EquationKind::LinearElasticity(_) => {
            let free = free_motions(shape, parts, file.equation.axisymmetric());
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

/// Names of the rigid motions that the conditions leave free: null space of the constraint rows, by elimination.
pub(super) fn free_motions(shape: &dyn Shape, parts: &[Placed], axisymmetric: bool) -> Vec<&'static str> {
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
            // What moves away from the axis stretches.
            _ if axisymmetric => vec![unit(1)],
            1 => vec![unit(0)],
            2 => vec![unit(0), unit(1), spin(0, 1)],
            _ => vec![unit(0), unit(1), unit(2), spin(1, 2), spin(2, 0), spin(0, 1)],
        }
    };
    let names: &[&'static str] = match d {
        _ if axisymmetric => &["along the axis"],
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
        for unit in PointSet::new(SamplerKind::Uniform, 8, 4, 11).points() {
            let point = face_point(shape, face, unit, false);
            let x = [point.x[0], point.x[1], point.x[2]];
            match &placed.part {
                Part::Prescribed { component, .. } => rows.push(motions(x, *component)),
                Part::Foundation(stiffness) if acts(stiffness) => rows.extend((0..d).map(|c| motions(x, c))),
                Part::Symmetry { .. } => {
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

//! `pinn check`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Exit, complain, print};
use crate::budget::{Plan, check_memory};
use crate::error::Error;
use crate::network::NetworkKind;
use crate::output::bytes;
use crate::problem::{self, Batch, Problem, Whole};
use crate::solve::term_names;
use crate::start::architecture;

/// Checks every file; all of them are read before the first fault ends the command.
pub(super) fn run(files: &[PathBuf]) -> Result<Exit, Error> {
    let mut failure = None;
    for file in files {
        match problem::load(file, |_| Ok(())).and_then(|problem| check_memory(&problem).map(|plan| (problem, plan))) {
            Ok((problem, plan)) => print(&describe(file, &problem, &plan)),
            Err(error) => {
                if let Some(earlier) = failure.replace(error) {
                    complain(&earlier);
                }
            }
        }
    }
    failure.map_or(Ok(Exit::Solved), Err)
}

/// The parameters of a network for the problem.
fn parameters(problem: &Problem, network: &NetworkKind) -> usize {
    let further = problem.poles().iter().map(|pole| pole.space).sum();
    let count = network.parameters(problem.outputs(), problem.axes(0), further);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Cells, quality, regions and boundaries of a mesh, with what holds on them.
fn mesh_lines(problem: &Problem) -> Vec<String> {
    let shape = problem.shape.as_ref();
    let Some((mesh, _)) = shape.mesh() else {
        return Vec::new();
    };
    let (d, length) = (shape.dimension(), problem.scales.length);
    let unit = |power: usize| ["", " m", " m²", " m³"][power];
    let size = |value: f64, power: usize| format!("{:.4e}{}", value * length.powi(power as i32), unit(power));
    let kinds: Vec<String> = mesh
        .cells_by_kind()
        .into_iter()
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    let quality = mesh.quality();
    let mut lines = vec![
        format!("{}, {} nodes", kinds.join(", "), mesh.points.len()),
        format!(
            "scaled Jacobian {:.3} at least, {:.3} on average",
            quality.least, quality.mean
        ),
    ];
    if mesh.regions.is_empty() {
        lines.push(format!("one region, {}", size(shape.measure(), d)));
    }
    for (region, measure) in mesh.regions.iter().zip(mesh.region_measures()) {
        let whole: f64 = mesh.region_measures().iter().sum();
        lines.push(format!(
            "region `{region}`, {}",
            size(measure / whole * shape.measure(), d)
        ));
    }
    for interface in shape.interfaces() {
        lines.push(format!(
            "`{}` between regions, {}",
            interface.face.name,
            size(shape.face_measure(interface.face), d - 1)
        ));
    }
    for (index, face) in shape.faces().into_iter().enumerate() {
        let written = &problem.file.conditions;
        let holds: Vec<&str> = written
            .iter()
            .filter(|condition| {
                let on = condition.on();
                on.is_some_and(|on| on.names().iter().any(|(name, _)| *name == face.name))
            })
            .map(|condition| condition.name())
            .collect();
        let holds = if holds.is_empty() {
            "free".to_string()
        } else {
            holds.join(", ")
        };
        let facets = mesh
            .facets
            .iter()
            .filter(|facet| facet.boundary as usize == index)
            .count();
        lines.push(format!(
            "boundary `{}`, {facets} facets, {}: {holds}",
            face.name,
            size(shape.face_measure(face), d - 1)
        ));
    }
    lines.extend(mesh.notes.iter().cloned());
    lines
}

fn describe(file: &Path, problem: &Problem, plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    let written = &problem.file;
    line(
        "equation",
        format!(
            "{} for {}",
            written.equation.name(),
            problem.equation.component_names().join(", ")
        ),
    );
    let length = problem.scales.length;
    let (min, max) = problem.shape.bounds();
    let extent: Vec<String> = (0..problem.shape.dimension())
        .map(|j| {
            format!("{:.6}", (max[j] - min[j]) * length)
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_string()
        })
        .collect();
    line(
        "domain",
        format!("{}, {} m", written.geometry.name(), extent.join(" x ")),
    );
    for text in mesh_lines(problem) {
        line("mesh", text);
    }
    if problem.transient() {
        line("time", format!("0 to {} s", problem.scales.time));
    }
    let names = problem.equation.component_names();
    for (component, hard) in problem.ansatz.hard.iter().enumerate() {
        for face in hard {
            line(
                "exact",
                format!(
                    "{} on `{}` = {}",
                    names[component],
                    face.place.name(),
                    face.value.text()
                ),
            );
        }
    }
    let terms: Vec<String> = term_names(problem)
        .iter()
        .zip(problem.point_sets())
        .map(|(name, set)| format!("{name} {}", set.len()))
        .collect();
    line("points", terms.join(", "));
    line(
        "batch",
        match written.points.batch {
            Some(Batch::All(Whole::Auto)) => "measured at the start".to_string(),
            _ => format!(
                "{} interior points per first-order step",
                written.points.batch_size(problem.point_sets()[0].len())
            ),
        },
    );
    let architecture = architecture(problem, &mut ChaCha8Rng::seed_from_u64(written.seed));
    let widths: Vec<String> = architecture.widths.iter().map(usize::to_string).collect();
    line(
        "network",
        format!(
            "{} {:?}, {} parameters",
            widths.join("-"),
            architecture.activation,
            architecture.parameters()
        ),
    );
    for (index, attempt) in problem.attempts.iter().enumerate() {
        let stages: Vec<String> = attempt
            .stages
            .iter()
            .map(|stage| {
                let p = parameters(problem, &attempt.network);
                let form = stage.form(p).map_or(String::new(), |form| format!(" ({form})"));
                format!("{} x {}{form}", stage.name(), stage.steps())
            })
            .collect();
        let stages = stages.join(", ");
        match index {
            0 => line("training", stages),
            _ => line(
                "otherwise",
                format!(
                    "{} hidden layer(s) of {}: {stages}",
                    attempt.network.depth(),
                    attempt.network.width()
                ),
            ),
        }
    }
    let points = if plan.stored {
        "kept"
    } else {
        "made when they are needed"
    };
    line("memory", format!("about {}, points {points}", bytes(plan.predicted)));
    for note in &problem.notes {
        line("note", note.clone());
    }
    format!("{}: {}\n{text}", file.display(), written.title)
}

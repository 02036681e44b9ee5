//! `pinn check`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Exit, complain, print};
use crate::batch::{Batch, Whole};
use crate::budget::{Plan, check_memory, check_plans};
use crate::error::{Error, bytes, counted};
use crate::geometry::Shape;
use crate::network::NetworkKind;
use crate::problem::{self, Problem};
use crate::start::architecture;

/// Checks every file; all of them are read before the first fault ends the command.
pub(super) fn run(files: &[PathBuf]) -> Result<Exit, Error> {
    let mut failure = None;
    for file in files {
        let checked = problem::load(file, |_| Ok(())).and_then(|problem| {
            check_plans(&problem)?;
            let plan = check_memory(&problem, &problem.attempts[0])?;
            Ok((problem, plan))
        });
        match checked {
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
    let count = network.parameters(problem.model.outputs(), problem.model.axes(0), further);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Cells, quality, regions with their sizes, and boundaries with what holds on them: each line with its name.
fn geometry_lines(problem: &Problem) -> Vec<(&'static str, String)> {
    let shape = problem.model.shape.as_ref();
    let d = shape.dimension();
    let size = |value: f64, power: usize| size(problem, value, power);
    let mut lines = Vec::new();
    let mesh = shape.mesh().map(|(mesh, _)| mesh);
    if let Some(mesh) = mesh {
        let kinds: Vec<String> = mesh
            .cells_by_kind()
            .into_iter()
            .map(|(kind, count)| format!("{count} {}", if count == 1 { kind.one() } else { kind.name() }))
            .collect();
        lines.push((
            "mesh",
            format!("{}, {}", kinds.join(", "), counted(mesh.points.len(), "node")),
        ));
        let quality = mesh.quality();
        lines.push((
            "mesh",
            format!(
                "scaled Jacobian {:.3} at least, {:.3} on average",
                quality.least, quality.mean
            ),
        ));
        lines.extend(mesh.notes.iter().map(|note| ("mesh", note.clone())));
    }
    for (region, share) in shape.regions().iter().zip(region_shares(shape)) {
        lines.push(("region", format!("`{region}`{}", size(share * shape.measure(), d))));
    }
    for interface in shape.interfaces() {
        let measure = size(shape.face_measure(interface.face), d - 1);
        lines.push(("interface", format!("`{}`{measure}", interface.face.name)));
    }
    for (index, face) in shape.faces().into_iter().enumerate() {
        let holds: Vec<&str> = problem
            .file
            .conditions
            .iter()
            .filter(|condition| {
                let on = condition.on().names();
                on.iter().any(|(name, _)| shape.faces_named(name).contains(&face))
            })
            .map(|condition| condition.name())
            .collect();
        let holds = if holds.is_empty() {
            "free".to_string()
        } else {
            holds.join(", ")
        };
        let facets = mesh.map_or_else(String::new, |mesh| {
            let facets = mesh.facets.iter();
            let count = facets.filter(|facet| facet.boundary as usize == index).count();
            format!(", {}", counted(count, "facet"))
        });
        let measure = size(shape.face_measure(face), d - 1);
        lines.push(("boundary", format!("`{}`{facets}{measure}: {holds}", face.name)));
    }
    lines
}

/// `, 0.02 m²`: a length, area or volume in SI units; nothing for a point.
fn size(problem: &Problem, value: f64, power: usize) -> String {
    let unit = match power {
        0 => return String::new(),
        1 => "m",
        2 => "m²",
        _ => "m³",
    };
    format!(", {} {unit}", number(value * problem.scales.length.powi(power as i32)))
}

/// With five digits, plain or with a power of ten.
fn number(value: f64) -> String {
    let short = |text: String| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    };
    let digits = format!("{value:.4e}");
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    match exponent.parse::<i32>() {
        Ok(power @ -3..=4) => short(format!("{value:.*}", (4 - power).max(0) as usize)),
        _ => format!("{}e{exponent}", short(mantissa.to_string())),
    }
}

/// What part of the domain each region is: of a mesh by its cells, otherwise by the rule of quadrature.
fn region_shares(shape: &dyn Shape) -> Vec<f64> {
    let mut shares = vec![0.0; shape.regions().len()];
    if let Some((mesh, _)) = shape.mesh() {
        let measures = mesh.region_measures();
        let whole: f64 = measures.iter().sum();
        shares = measures.iter().map(|measure| measure / whole).collect();
    } else if !shares.is_empty() {
        for (unit, weight) in shape.rule(None, ORDER).into_iter().flatten() {
            shares[shape.region(shape.interior_point(unit))] += weight;
        }
    }
    shares
}

/// Points of that rule per direction and cell.
const ORDER: usize = 4;

fn describe(file: &Path, problem: &Problem, plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    let (written, first) = (&problem.file, &problem.attempts[0]);
    line(
        "equation",
        format!(
            "{} for {}",
            written.equation.name(),
            problem.model.equation.component_names().join(", ")
        ),
    );
    let length = problem.scales.length;
    let (min, max) = problem.model.shape.bounds();
    let extent: Vec<String> = (0..problem.model.shape.dimension())
        .map(|j| number((max[j] - min[j]) * length))
        .collect();
    let measure = match problem.model.shape.dimension() {
        1 => String::new(),
        d => size(problem, problem.model.shape.measure(), d),
    };
    line(
        "domain",
        format!("{}, {} m{measure}", written.geometry.name(), extent.join(" x ")),
    );
    for (name, text) in geometry_lines(problem) {
        line(name, text);
    }
    if problem.model.transient {
        line("time", format!("0 to {} s", problem.scales.time));
    }
    let names = problem.model.equation.component_names();
    for (component, hard) in problem.model.ansatz.hard.iter().enumerate() {
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
    let terms: Vec<String> = problem
        .model
        .term_names()
        .iter()
        .zip(problem.point_sets(first))
        .map(|(name, set)| format!("{name} {}", set.len()))
        .collect();
    line("points", terms.join(", "));
    line(
        "batch",
        match written.points.batch {
            Some(Batch::All(Whole::Auto)) => "measured at the start".to_string(),
            _ => format!(
                "{} interior points per first-order step",
                written.points.batch_size(problem.point_sets(first)[0].len())
            ),
        },
    );
    let architecture = architecture(problem, &first.network, &mut ChaCha8Rng::seed_from_u64(written.seed));
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
                    "{} of {}: {stages}",
                    counted(attempt.network.depth(), "hidden layer"),
                    attempt.network.width()
                ),
            ),
        }
    }
    if problem.changes_form() {
        line(
            "otherwise",
            "the energy form, if the residuals stay large (`formulation: Strong` keeps to them)".into(),
        );
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

//! `pinn check`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Exit, complain, print};
use crate::budget::{check_memory, memory_estimate};
use crate::error::Error;
use crate::output::bytes;
use crate::problem::{self, Problem};
use crate::solve::{architecture, term_names};

/// Checks every file; all of them are read before the first fault ends the command.
pub(super) fn run(files: &[PathBuf]) -> Result<Exit, Error> {
    let mut failure = None;
    for file in files {
        match problem::load(file, |_| Ok(())).and_then(|problem| check_memory(&problem).map(|()| problem)) {
            Ok(problem) => print(&describe(file, &problem)),
            Err(error) => {
                if let Some(earlier) = failure.replace(error) {
                    complain(&earlier);
                }
            }
        }
    }
    failure.map_or(Ok(Exit::Solved), Err)
}

fn describe(file: &Path, problem: &Problem) -> String {
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
                    face.value.formula().text()
                ),
            );
        }
    }
    let terms: Vec<String> = term_names(problem)
        .iter()
        .zip(problem.term_sizes())
        .map(|(name, size)| format!("{name} {size}"))
        .collect();
    line("points", terms.join(", "));
    line(
        "batch",
        format!("{} interior points per first-order step", written.points.batch_size()),
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
    let stages: Vec<String> = written
        .training
        .iter()
        .map(|stage| format!("{} x {}", stage.name(), stage.steps()))
        .collect();
    line("training", stages.join(", "));
    line("memory", format!("about {}", bytes(memory_estimate(problem))));
    for note in &problem.notes {
        line("note", note.clone());
    }
    format!("{}: {}\n{text}", file.display(), written.title)
}

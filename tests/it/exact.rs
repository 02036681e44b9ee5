//! What the tests against exact solutions share: problems from their text, solved or with their exact field put in.

use std::path::Path;

use pinn::jet::Order;
use pinn::problem::{self, Problem};
use pinn::solution::{CandidateField, ClosedForm};
use serde_json::Value;

use super::{ok, pinn, scratch, text};

/// Solves a problem, well enough or not; the summary.
pub(super) fn solve(name: &str, problem: &str) -> Value {
    let folder = scratch(name);
    let file = folder.join("problem.ron");
    ok(std::fs::write(&file, problem));
    let out = folder.join("out");
    let output = pinn(&["solve", text(&file), "--out", text(&out)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    summary(&out)
}

/// The summary in a folder of results.
pub(super) fn summary(folder: &Path) -> Value {
    ok(serde_json::from_str(&ok(std::fs::read_to_string(
        folder.join("summary.json"),
    ))))
}

/// The number at a pointer such as `/errors/field_l2`.
pub(super) fn number(summary: &Value, pointer: &str) -> f64 {
    summary.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Solves a problem, of whose relative errors of field and flux both must be smaller than the bounds; the summary.
pub(super) fn solved_within(name: &str, problem: &str, [field, flux]: [f64; 2]) -> Value {
    let summary = solve(name, problem);
    let found = ["/errors/field_l2", "/errors/flux_l2"].map(|pointer| number(&summary, pointer));
    assert!(found[0] < field && found[1] < flux, "{name}: {found:?}");
    summary
}

/// A problem from its text.
pub(super) fn load(folder: &Path, name: &str, problem: &str) -> Problem {
    let path = folder.join(format!("{name}.ron"));
    ok(std::fs::write(&path, problem));
    ok(problem::load(&path, |_| Ok(())))
}

/// The reference of a problem that has one in closed form.
pub(super) fn closed_form(problem: &Problem) -> ClosedForm<'_> {
    let Some(components) = &problem.reference else {
        panic!("{} has no reference", problem.file.title)
    };
    ClosedForm { problem, components }
}

/// The exact solution times a factor.
pub(super) struct Scaled<'a>(pub(super) ClosedForm<'a>, pub(super) f64);

impl CandidateField for Scaled<'_> {
    fn problem(&self) -> &Problem {
        self.0.problem
    }

    fn jets_in(&self, points: &[[f64; 4]], regions: &[usize], order: Order) -> Vec<f64> {
        let jets = self.0.jets_in(points, regions, order);
        jets.into_iter().map(|v| self.1 * v).collect()
    }
}

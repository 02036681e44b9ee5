//! Lone full-batch stages from the first parameters, against an exact solution.

use serde_json::Value;

use super::exact::summary;
use super::{ok, pinn, scratch, text};

/// −ΔT = 2π²·sin πx·sin πy with T = 0 on the boundary: T = sin πx·sin πy.
const POISSON: &str = r#"Problem(
    title: "alone",
    geometry: Rectangle(min: (0, 0), max: (1, 1)),
    equation: Diffusion(conductivity: 1, source: "2*pi^2*sin(pi*x)*sin(pi*y)"),
    conditions: [Value(on: ["left", "right", "bottom", "top"], value: 0)],
    points: (interior: 500),
    network: Mlp(width: 10, depth: 2),
    training: [STAGE],
    reference: Exact(value: "sin(pi*x)*sin(pi*y)"),
    output: (cells: 100, check_points: 2000),
)"#;

/// The summary of a run with one stage.
fn alone(name: &str, stage: &str) -> Value {
    let folder = scratch(name);
    let file = folder.join("alone.ron");
    ok(std::fs::write(&file, POISSON.replace("STAGE", stage)));
    let out = folder.join("out");
    let output = pinn(&["solve", text(&file), "--out", text(&out)]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    summary(&out)
}

fn error(summary: &Value) -> f64 {
    summary["errors"]["field_l2"].as_f64().unwrap_or(f64::NAN)
}

/// The fit of the output layer alone comes to some per cent; below 1e-4 the stage itself has solved the problem, and
/// with further iterations it must go on: 1e-4 is the tolerance of the shipped problems.
#[test]
fn every_full_batch_stage_alone_solves_poissons_equation_and_goes_on_falling() {
    for (name, few, many) in [
        ("Lbfgs", "Lbfgs(iterations: 400)", "Lbfgs(iterations: 2000)"),
        (
            "NonlinearCg",
            "NonlinearCg(iterations: 400)",
            "NonlinearCg(iterations: 3000)",
        ),
        ("SsBroyden", "SsBroyden(iterations: 200)", "SsBroyden(iterations: 1000)"),
        (
            "SsBroydenBfgs",
            "SsBroyden(iterations: 200, update: Bfgs)",
            "SsBroyden(iterations: 1000, update: Bfgs)",
        ),
        (
            "GaussNewton",
            "GaussNewton(iterations: 5)",
            "GaussNewton(iterations: 40)",
        ),
    ] {
        let short = alone(&format!("alone_{name}_short"), few);
        let long = alone(&format!("alone_{name}"), many);
        let (before, after) = (error(&short), error(&long));
        assert!(after < 1e-4, "{name}: {after:e}");
        assert!(after < 0.5 * before, "{name}: {before:e} {after:e}");
    }
}

/// Far more parameters than residuals in a batch. The same bound as above, after a tenth of the iterations that L-BFGS is
/// given there.
#[test]
fn gauss_newton_chooses_the_kernel_form_for_many_parameters_and_says_so() {
    let folder = scratch("kernel_form");
    let file = folder.join("alone.ron");
    let wide = POISSON.replace("width: 10, depth: 2", "width: 60, depth: 2");
    ok(std::fs::write(
        &file,
        wide.replace("STAGE", "GaussNewton(iterations: 20)"),
    ));
    let check = pinn(&["check", text(&file)]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("GaussNewton x 20 (kernel form"), "{said}");
    let out = folder.join("out");
    let output = pinn(&["solve", text(&file), "--out", text(&out)]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("(kernel form"), "{said}");
    let summary: Value = ok(serde_json::from_str(&ok(std::fs::read_to_string(
        out.join("summary.json"),
    ))));
    let stage = &summary["stages"][0];
    let form = stage["form"].as_str().unwrap_or("none");
    assert!(form.starts_with("kernel form"), "{form}");
    assert!(error(&summary) < 1e-5, "{:e}", error(&summary));
    let few = alone("normal_form", "GaussNewton(iterations: 5)");
    assert_eq!(few["stages"][0]["form"], "normal equations");
}

/// A batch is all that is held of the Jacobian, whatever the number of points.
#[test]
fn the_kernel_form_needs_no_more_memory_for_a_hundred_times_the_points() {
    let folder = scratch("kernel_form_memory");
    let predicted = |points: &str| {
        let file = folder.join("alone.ron");
        let stage = "GaussNewton(iterations: 1, form: Kernel(rows: 300))";
        let text_of = POISSON.replace("STAGE", stage).replace("interior: 500", points);
        ok(std::fs::write(
            &file,
            text_of.replace("title:", "memory: \"64 MiB\", title:"),
        ));
        let output = pinn(&["check", text(&file)]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said.lines().find(|line| line.trim_start().starts_with("memory"));
        line.map(|line| line.split(" MiB").next().unwrap_or("").to_string())
    };
    let few = predicted("interior: 1000000");
    assert!(few.is_some());
    assert_eq!(few, predicted("interior: 100000000"));
}

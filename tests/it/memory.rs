//! Limits and reports of memory.

use super::{ok, root};

/// The resident peak that the system reports must stay below the limit, with points that would take more than it.
#[test]
fn a_memory_limit_is_kept_by_the_whole_run() {
    let folder = super::scratch("limit");
    let file = folder.join("limited.ron");
    ok(std::fs::write(
        &file,
        r#"Problem(
            title: "limited",
            geometry: Rectangle(min: (0, 0), max: (1, 1)),
            equation: LinearElasticity(model: PlaneStress, young: 1e9, poisson: 0.3, body_force: [0, -1e4]),
            conditions: [Displacement(on: "left", ux: 0, uy: 0)],
            points: (interior: 400000, boundary: 4000, batch: 30000),
            memory: "40 MiB",
            network: Mlp(width: 8, depth: 2),
            training: [Adam(steps: 5), Lbfgs(iterations: 2, history: 5), GaussNewton(iterations: 1)],
            output: (cells: 1000, check_points: 1000),
        )"#,
    ));
    let out = folder.join("out");
    let output = super::pinn_on_two_threads(&["solve", super::text(&file), "--out", super::text(&out)]);
    // After so few steps forces do not balance, which is 1.
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let summary: serde_json::Value = ok(serde_json::from_str(&ok(std::fs::read_to_string(
        out.join("summary.json"),
    ))));
    assert_eq!(summary["points_stored"], false);
    // 400 000 points of 29 numbers would take 89 MiB.
    let Some(peak) = summary["peak_memory_bytes"].as_u64() else {
        return;
    };
    assert!(peak <= 40 << 20, "{} MiB", peak >> 20);
    let predicted = summary["predicted_memory_bytes"].as_u64();
    assert!(
        predicted.is_some_and(|bytes| bytes >= peak / 2 && bytes <= 40 << 20),
        "{predicted:?}, {peak}"
    );
}

/// A process per setting: activations of a naive full batch grow with the points, those of a mini-batch do not.
#[test]
fn the_memory_report_shows_what_a_mini_batch_saves() {
    let folder = super::scratch("memory");
    let output = super::pinn_on_two_threads(&[
        "memory",
        "problems/poisson.ron",
        "--points",
        "20000",
        "--batch",
        "200,naive:200,naive,lbfgs",
        "--out",
        super::text(&folder),
    ]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let table = ok(std::fs::read_to_string(folder.join("memory.csv")));
    let row = |setting: &str| -> Vec<f64> {
        let line = table.lines().find(|line| line.starts_with(&format!("{setting},")));
        let Some(line) = line else {
            panic!("{setting} is missing in {table}")
        };
        line.split(',').skip(1).map(|field| ok(field.parse::<f64>())).collect()
    };
    // Columns after the setting: batch, points, activation bytes, …, points seen, loss.
    let naive = row("naive")[2];
    assert!(naive / row("200")[2] >= 0.8 * 100.0, "{table}");
    assert!(naive / row("naive:200")[2] >= 0.8 * 100.0, "{table}");
    assert!(row("lbfgs")[2] < naive / 10.0, "{table}");
    for setting in ["200", "naive:200", "naive"] {
        assert!((row(setting)[9] - 20_000.0).abs() < 1.0, "{table}");
    }
    // The same steps by the kernel and by Burn's tensor operations, in f32.
    assert!((row("200")[10] / row("naive:200")[10] - 1.0).abs() < 1e-2, "{table}");
    assert!(ok(std::fs::read_to_string(folder.join("memory.svg"))).contains("<svg"));
}

#[test]
fn noise_and_memory_refuse_what_makes_no_sense() {
    for (arguments, expected) in [
        (&["noise", "problems/poisson.ron", "--delta", "1"][..], "--delta"),
        (&["noise", "problems/poisson.ron", "--epsilon", "0"], "--epsilon"),
        (&["memory", "problems/poisson.ron", "--batch", "99999"], "greater than"),
        (&["memory", "problems/poisson.ron", "--batch", "0"], "at least 1"),
        (
            &["memory", "problems/poisson.ron", "--batch", "some"],
            "unknown setting",
        ),
        (&["memory", "problems/poisson.ron", "--memory", "1"], "512 MiB"),
        (&["solve", "problems/poisson.ron", "--memory", "2 MiB"], "at least"),
        (&["solve", "problems/poisson.ron", "--checkpoint=-1"], "seconds"),
        (&["solve", "problems/poisson.ron", "--points", "0"], "at least 1"),
        (&["solve"], "FILE"),
    ] {
        let output = super::pinn(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

/// With a limit the plan must not depend on the machine's threads.
#[test]
fn a_memory_limit_leaves_the_bits_independent_of_the_threads() {
    let folder = super::scratch("threads");
    let run = |threads: &str| {
        let out = folder.join(threads);
        let output = ok(std::process::Command::new(env!("CARGO_BIN_EXE_pinn"))
            .current_dir(root())
            .env("RAYON_NUM_THREADS", threads)
            .args([
                "solve",
                "problems/beam.ron",
                "--quick",
                "--memory",
                "60 MiB",
                "--out",
                super::text(&out),
            ])
            .output());
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        ok(std::fs::read(out.join("network.safetensors")))
    };
    assert!(run("1") == run("3"));
}

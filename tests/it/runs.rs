//! Whole runs: bits, seeds, interruption, exit codes, files.

use std::f64::consts::FRAC_PI_2;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use vtkio::model::{DataSet, Piece, Vtk};

use super::exact::summary;
use super::{ok, pinn, scratch, text};

/// A small problem that is solved in a second: T = 20 + 5x + y + sin(πx/2)·cosh(πy/2) is harmonic.
const SMALL: &str = r#"Problem(
    title: "small",
    geometry: Rectangle(min: (0, 0), max: (2, 1)),
    equation: Diffusion(conductivity: 3),
    conditions: [
        Value(on: "left", value: "20 + y"),
        Value(on: "right", value: "30 + y"),
        Flux(on: "bottom", value: -3),
        Flux(on: "top", value: "3 + 3*pi/2*sin(pi*x/2)*sinh(pi/2)"),
    ],
    points: (interior: 300, boundary: 100, batch: 100),
    network: Mlp(width: 10, depth: 2),
    training: [Adam(steps: 40), Lbfgs(iterations: 40), GaussNewton(iterations: 10)],
    reference: Exact(value: "20 + 5*x + y + sin(pi*x/2)*cosh(pi*y/2)"),
    tolerance: (field: 1e-3, flux: 1e-3),
    output: (cells: 200),
)"#;

fn write(folder: &Path, name: &str, problem: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    ok(std::fs::write(&path, problem));
    path
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_another_network_within_the_tolerance() {
    let folder = scratch("seeds");
    let file = write(&folder, "small.ron", SMALL);
    let run = |out: &str, seed: &str| {
        let out = folder.join(out);
        let output = pinn(&["solve", text(&file), "--seed", seed, "--out", text(&out)]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        ["network.safetensors", "solution.vtu"].map(|name| ok(std::fs::read(out.join(name))))
    };
    let first = run("a", "1");
    assert!(first == run("b", "1"), "two runs differ");
    assert!(first != run("c", "2"), "two seeds agree");
}

#[test]
fn both_cpu_devices_solve_and_full_batches_too() {
    let folder = scratch("devices");
    let file = write(&folder, "small.ron", SMALL);
    for options in [
        &["--device", "ndarray"][..],
        &["--batch", "full"],
        &["--batch", "7"],
        &["--batch", "1"],
        &["--points", "100", "--batch", "naive"],
    ] {
        let out = folder.join(options.join("_"));
        let mut arguments = vec!["solve", text(&file), "--out", text(&out)];
        arguments.extend(options);
        let output = pinn(&arguments);
        assert_eq!(output.status.code(), Some(0), "{options:?}");
    }
    assert_eq!(summary(&folder.join("--device_ndarray"))["device"], "ndarray");
}

#[test]
fn every_way_of_drawing_and_stepping_solves_too() {
    let folder = scratch("variants");
    for (name, from, to) in [
        ("fresh", "batch: 100", "batch: 100, draw: Fresh, sampler: Uniform"),
        ("gauss", "batch: 100", "batch: 100, sampler: Gauss(order: 4)"),
        ("importance", "batch: 100", "batch: 100, draw: Importance(every: 10)"),
        (
            "strata",
            "batch: 100",
            "batch: {\"interior\": 100, \"top flux\": 20}, draw: Strata(by: Cells(3), allocation: Neyman)",
        ),
        ("jitter", "batch: 100", "batch: 100, jitter: (copies: 3, size: 0.05)"),
        ("rad", "batch: 100", "batch: 100, adapt: Rad(every: 15)"),
        ("rar", "batch: 100", "batch: 100, adapt: RarD(every: 15, add: 20)"),
        ("auto", "batch: 100", "batch: Auto"),
        ("naive", "batch: 100", "batch: Naive"),
        ("micro", "batch: 100", "batch: 100, micro_batch: 7"),
        (
            "growth",
            "Adam(steps: 40)",
            "Adam(steps: 40, growth: Geometric(every: 10), average: Ema(0.9))",
        ),
        (
            "judged",
            "Adam(steps: 40)",
            "Adam(steps: 40, warm_up: 5, growth: Adaptive(every: 5, confidence: 0.9), clip: Adaptive(1.5))",
        ),
        (
            "others",
            "Adam(steps: 40)",
            "Sgd(steps: 20, learning_rate: 1e-4, clip: Norm(1)), Langevin(steps: 20, learning_rate: 1e-5), \
             AdamW(steps: 20, decay: Plateau(patience: 5), average: Swa(0.5))",
        ),
        ("soft", "value: \"20 + y\"", "value: \"20 + y\", soft: true"),
        ("fourier", "depth: 2", "depth: 2, activation: Sin, fourier_features: 6"),
        (
            "given",
            "reference:",
            "weights: Given({\"interior\": 1, \"top flux\": 50, \"bottom flux\": 50}), reference:",
        ),
    ] {
        let file = write(&folder, &format!("{name}.ron"), &SMALL.replace(from, to));
        let out = folder.join(name);
        let output = pinn(&["solve", text(&file), "--out", text(&out)]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{name}: {}{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn a_missed_tolerance_ends_with_1_and_says_so() {
    let folder = scratch("missed");
    let file = write(&folder, "small.ron", &SMALL.replace("field: 1e-3", "field: 1e-14"));
    let out = folder.join("out");
    let output = pinn(&["solve", text(&file), "--out", text(&out)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("MISSED"));
    assert_eq!(summary(&out)["verdict"], "missed");
}

#[test]
fn the_history_has_a_header_and_a_number_in_every_column() {
    let folder = scratch("history");
    let file = write(&folder, "small.ron", SMALL);
    let out = folder.join("out");
    pinn(&["solve", text(&file), "--out", text(&out)]);
    let history = ok(std::fs::read_to_string(out.join("history.csv")));
    let mut lines = history.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    assert_eq!(
        header[..6],
        ["stage", "step", "epoch", "points", "loss", "loss interior"]
    );
    let mut stages: Vec<String> = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), header.len());
        for (name, field) in header.iter().zip(&fields).skip(1) {
            if ["clipped", "signal_to_noise"].contains(name) {
                assert!(field.is_empty(), "{name} = {field}, but nothing is clipped or judged");
                continue;
            }
            assert!(field.parse::<f64>().is_ok_and(f64::is_finite), "{name} = {field}");
        }
        let terms: f64 = fields[5..fields.len() - 7]
            .iter()
            .filter_map(|f| f.parse::<f64>().ok())
            .sum();
        let loss: f64 = ok(fields[4].parse::<f64>());
        assert!((terms - loss).abs() <= 1e-9 * loss);
        if stages.last().is_none_or(|stage| stage != fields[0]) {
            stages.push(fields[0].into());
        }
    }
    assert_eq!(stages, ["Adam", "Lbfgs", "GaussNewton"]);
}

/// With k = 3 the flux is −3·(5 + π/2·cos(πx/2)·cosh(πy/2), 1 + π/2·sin(πx/2)·sinh(πy/2), 0).
#[test]
fn the_fields_in_the_vtk_file_are_those_of_the_solution() {
    let folder = scratch("vtk");
    let file = write(&folder, "small.ron", SMALL);
    let out = folder.join("out");
    pinn(&["solve", text(&file), "--out", text(&out)]);
    let vtk = match Vtk::import(out.join("solution.vtu")) {
        Ok(vtk) => vtk,
        Err(error) => panic!("{error}"),
    };
    let DataSet::UnstructuredGrid { pieces, .. } = vtk.data else {
        panic!("not an unstructured grid")
    };
    let Some(Piece::Inline(piece)) = pieces.into_iter().next() else {
        panic!("no piece")
    };
    let points: Vec<f64> = piece.points.cast_into().unwrap_or_default();
    let array = |name: &str| -> Vec<f64> {
        piece
            .data
            .point
            .iter()
            .find_map(|attribute| match attribute {
                vtkio::model::Attribute::DataArray(array) if array.name == name => array.data.clone().cast_into(),
                _ => None,
            })
            .unwrap_or_default()
    };
    let (temperature, flux) = (array("temperature"), array("heat_flux"));
    assert_eq!(temperature.len() * 3, points.len());
    assert_eq!(flux.len(), points.len());
    for ((x, t), q) in points.chunks(3).zip(&temperature).zip(flux.chunks(3)) {
        let (a, b) = (FRAC_PI_2 * x[0], FRAC_PI_2 * x[1]);
        assert!(
            (t - (20.0 + 5.0 * x[0] + x[1] + a.sin() * b.cosh())).abs() < 0.02,
            "{t}"
        );
        let expected = [
            5.0 + FRAC_PI_2 * a.cos() * b.cosh(),
            1.0 + FRAC_PI_2 * a.sin() * b.sinh(),
            0.0,
        ];
        for (q, expected) in q.iter().zip(expected) {
            assert!((q + 3.0 * expected).abs() < 0.3, "{q} {expected}");
        }
    }
    assert_eq!(array("residual").len(), temperature.len());
    assert_eq!(array("error").len(), temperature.len());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_still_writes_everything_and_ends_with_1() {
    let folder = scratch("interrupt");
    let endless = SMALL.replace("Adam(steps: 40)", "Adam(steps: 100000000)");
    let file = write(&folder, "endless.ron", &endless);
    let out = folder.join("out");
    let mut child = ok(Command::new(env!("CARGO_BIN_EXE_pinn"))
        .args(["solve", text(&file), "--out", text(&out)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn());
    // Wait until it trains.
    while !ok(std::fs::exists(out.join("history.csv")))
        || ok(std::fs::read_to_string(out.join("history.csv"))).lines().count() < 2
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    ok(Command::new("kill").args(["-INT", &child.id().to_string()]).status());
    let status = ok(child.wait());
    assert_eq!(status.code(), Some(1));
    assert_eq!(summary(&out)["verdict"], "unfinished");
    assert!(out.join("solution.vtu").is_file() && out.join("network.safetensors").is_file());
}

#[test]
fn a_diverging_run_names_the_step_and_keeps_finite_results() {
    let folder = scratch("diverging");
    let wild = SMALL.replace("Adam(steps: 40)", "Adam(steps: 400, learning_rate: 1e30, warm_up: 0)");
    let file = write(&folder, "wild.ron", &wild);
    let out = folder.join("out");
    let output = pinn(&["solve", text(&file), "--out", text(&out)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(summary(&out)["verdict"], "failed");
    assert_eq!(summary(&out)["stages"][0]["stop"]["reason"], "non_finite");
    assert!(summary(&out)["errors"]["field_l2"].as_f64().is_some_and(f64::is_finite));
}

/// The columns of a history by name.
fn column(folder: &Path, name: &str) -> Vec<f64> {
    let history = ok(std::fs::read_to_string(folder.join("history.csv")));
    let mut lines = history.lines();
    let at = lines
        .next()
        .and_then(|header| header.split(',').position(|column| column == name));
    let Some(at) = at else { panic!("no column `{name}`") };
    lines
        .filter(|line| line.starts_with("Adam"))
        .map(|line| {
            line.split(',')
                .nth(at)
                .and_then(|field| field.parse().ok())
                .unwrap_or(f64::NAN)
        })
        .collect()
}

#[test]
fn batches_grow_and_rates_fall_when_the_gradient_is_mostly_noise() {
    let folder = scratch("growth");
    let run = |name: &str, adam: &str| {
        let text_of = SMALL.replace("batch: 100", "batch: 8").replace(
            "Adam(steps: 40), Lbfgs(iterations: 40), GaussNewton(iterations: 10)",
            adam,
        );
        let file = write(&folder, &format!("{name}.ron"), &text_of);
        let out = folder.join(name);
        pinn(&["solve", text(&file), "--out", text(&out)]);
        out
    };
    let grown = run(
        "grow",
        "Adam(steps: 200, warm_up: 10, decay: Constant, couple: false, growth: Adaptive(confidence: 0.9, every: 10))",
    );
    let (batches, signals) = (column(&grown, "batch"), column(&grown, "signal_to_noise"));
    assert!(batches.last().is_some_and(|last| *last > 32.0), "{batches:?}");
    // Growth happens where the measured ratio is below 1/(1 − confidence) = 10, and nowhere else; an epoch's batches differ by 1.
    for (k, pair) in batches.windows(2).enumerate() {
        let grown = pair[1] > pair[0] + 1.0;
        assert!(!grown || pair[1] <= 2.0 * pair[0] + 2.0, "{pair:?}");
        assert!(!grown || signals[k + 1] < 10.0, "{} at {k}", signals[k + 1]);
    }
    let slowed = run(
        "slow",
        "Adam(steps: 200, warm_up: 10, decay: Constant, growth: Adaptive(confidence: 0.9, every: 10, action: Slow))",
    );
    assert!(column(&slowed, "batch").iter().all(|batch| *batch <= 8.0));
    let rates = column(&slowed, "rate");
    assert!(rates.last() < rates.get(20), "{rates:?}");
    let coupled = run(
        "coupled",
        "Adam(steps: 60, warm_up: 0, decay: Constant, learning_rate: 1e-3, growth: Steps([(30, 32)]))",
    );
    let rates = column(&coupled, "rate");
    // √(32/8) = 2.
    assert!(
        (rates[0] - 1e-3).abs() < 1e-12 && (rates[59] - 2e-3).abs() < 1e-12,
        "{rates:?}"
    );
}

#[test]
fn gradients_are_shortened_and_the_share_is_in_the_history() {
    let folder = scratch("clip");
    let run = |name: &str, clip: &str| {
        let adam = format!("training: [Adam(steps: 50, clip: {clip})]");
        let all = "training: [Adam(steps: 40), Lbfgs(iterations: 40), GaussNewton(iterations: 10)]";
        let file = write(&folder, &format!("{name}.ron"), &SMALL.replace(all, &adam));
        let out = folder.join(name);
        pinn(&["solve", text(&file), "--out", text(&out)]);
        column(&out, "clipped")
    };
    assert!(run("all", "Norm(1e-9)").iter().all(|share| *share == 1.0));
    assert!(run("none", "Norm(1e9)").iter().all(|share| *share == 0.0));
    let some = run("some", "Adaptive(0.5)");
    assert!(
        some.last().is_some_and(|share| (0.05..0.95).contains(share)),
        "{some:?}"
    );
}

#[test]
fn points_seen_and_epochs_are_those_of_the_batches() {
    let folder = scratch("seen");
    // 300 points in batches of 70 at most: five of 60 per epoch.
    let all = "training: [Adam(steps: 40), Lbfgs(iterations: 40), GaussNewton(iterations: 10)]";
    let problem = SMALL
        .replace(all, "training: [Adam(steps: 12)]")
        .replace("batch: 100", "batch: 70");
    let file = write(&folder, "seen.ron", &problem);
    let out = folder.join("out");
    pinn(&["solve", text(&file), "--out", text(&out)]);
    let expected: [f64; 12] = std::array::from_fn(|step| 60.0 * (step + 1) as f64);
    assert_eq!(column(&out, "points"), expected);
    assert!((column(&out, "epoch")[9] - 2.0).abs() < 1e-9);
}

//! Wrong input: every file in `tests/bad/` holds one fault, and the text file next to it is the whole report.
//!
//! `PINN_BLESS=1` rewrites the reports; read the change before you commit it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{files, ok, pinn, root, scratch, text};

/// What the command line promises for bad input and failed runs.
const BAD_INPUT: Option<i32> = Some(2);

/// Refused because of its size, which needs a system that tells how much memory is free.
const TOO_LARGE: &str = "naive_batch_that_does_not_fit_in_memory";

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command wrote to stderr, after a check that it failed as promised and printed no result.
fn refused(arguments: &[&str]) -> String {
    let output = pinn(arguments);
    let errors = said(&output.stderr);
    let command = arguments.join(" ");
    assert_eq!(
        output.status.code(),
        BAD_INPUT,
        "exit code of `pinn {command}`:\n{errors}"
    );
    assert!(
        output.stdout.is_empty(),
        "`pinn {command}` printed a result:\n{}",
        said(&output.stdout)
    );
    errors
}

/// Stems of the files in `tests/bad/` with an extension, in order.
fn names(extension: &str) -> Vec<String> {
    let stem = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_string());
    files("tests/bad", extension).into_iter().filter_map(stem).collect()
}

fn memory_is_known() -> bool {
    Path::new("/proc/meminfo").exists()
}

/// The report without what differs between machines: how much memory is free, and what would fit into it.
fn normalised(report: &str) -> String {
    let mut text = String::new();
    for line in report.lines() {
        match (line.find(", but "), line.strip_suffix(" are available")) {
            (Some(at), Some(_)) => text.push_str(&format!("{}, but … are available", &line[..at])),
            _ => match line.find(", or at most `batch: ") {
                Some(at) => text.push_str(&format!("{}, or at most `batch: …`", &line[..at])),
                None => text.push_str(line),
            },
        }
        text.push('\n');
    }
    text
}

/// The lines that differ, `-` expected and `+` found, between the lines that agree at both ends.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let marked =
        |mark: char, lines: &[&str]| -> String { lines.iter().map(|line| format!("  {mark} {line}\n")).collect() };
    let changed = marked('-', &old[head..old.len() - tail]) + &marked('+', &new[head..new.len() - tail]);
    if changed.is_empty() {
        return "  the ends of lines differ\n".into();
    }
    marked(' ', &old[..head]) + &changed + &marked(' ', &old[old.len() - tail..])
}

/// What is wrong with the report on a file, if anything is.
fn complaint(name: &str, bless: bool) -> Option<String> {
    let output = pinn(&["check", &format!("tests/bad/{name}.ron")]);
    let report = normalised(&said(&output.stderr));
    let mut complaint = String::new();
    if output.status.code() != BAD_INPUT {
        complaint.push_str(&format!("  exit code {:?} instead of 2\n", output.status.code()));
    }
    if !output.stdout.is_empty() {
        complaint.push_str(&format!("  printed a result:\n{}", said(&output.stdout)));
    }
    if !report.starts_with("error: ") {
        complaint.push_str("  the report does not start with `error: `\n");
    }
    let file = root().join(format!("tests/bad/{name}.txt"));
    if bless && complaint.is_empty() {
        ok(fs::write(&file, &report));
    } else if !file.exists() {
        complaint.push_str(&format!("  {name}.txt is missing; the report is\n{report}"));
    } else {
        let expected = ok(fs::read_to_string(&file));
        if expected != report {
            complaint.push_str(&difference(&expected, &report));
        }
    }
    (!complaint.is_empty()).then(|| format!("{name}\n{complaint}"))
}

#[test]
fn every_bad_file_is_refused_with_the_report_next_to_it() {
    let bless = std::env::var("PINN_BLESS").is_ok_and(|value| value == "1");
    let names = names("ron");
    assert!(names.len() >= 25, "only {} files in tests/bad", names.len());
    let complaints: Vec<String> = names
        .iter()
        .filter(|name| name.as_str() != TOO_LARGE || memory_is_known())
        .filter_map(|name| complaint(name, bless))
        .collect();
    assert!(
        complaints.is_empty(),
        "{} of {} reports are not as expected (- expected, + found; PINN_BLESS=1 accepts them):\n\n{}",
        complaints.len(),
        names.len(),
        complaints.join("\n")
    );
}

#[test]
fn every_report_belongs_to_a_bad_file() {
    let files = names("ron");
    let orphans: Vec<String> = names("txt").into_iter().filter(|name| !files.contains(name)).collect();
    assert!(orphans.is_empty(), "no .ron file for the reports {orphans:?}");
}

#[test]
fn solving_a_bad_file_reports_the_same_and_creates_no_folder() {
    // Refused by the reader, by the checks and by its size.
    for name in ["missing_bracket", "traction_on_an_unknown_boundary", TOO_LARGE] {
        if name == TOO_LARGE && !memory_is_known() {
            continue;
        }
        let out = scratch("bad file").join("results");
        let file = format!("tests/bad/{name}.ron");
        let solved = refused(&["solve", &file, "--out", text(&out)]);
        assert_eq!(normalised(&solved), normalised(&refused(&["check", &file])), "{name}");
        assert!(!out.exists(), "{name} left a results folder");
    }
}

#[test]
fn good_files_are_described_and_all_bad_ones_reported_before_the_command_fails() {
    let bad = [
        "tests/bad/unknown_geometry.ron",
        "tests/bad/traction_on_an_unknown_boundary.ron",
    ];
    let output = pinn(&["check", bad[0], "problems/poisson.ron", bad[1]]);
    assert_eq!(output.status.code(), BAD_INPUT);
    assert!(said(&output.stdout).starts_with("problems/poisson.ron: "));
    let errors = said(&output.stderr);
    for file in bad {
        assert!(
            errors.contains(&format!("--> {file}:")),
            "{file} is not reported:\n{errors}"
        );
    }
}

#[test]
fn a_file_that_does_not_exist_is_named_with_a_hint() {
    let errors = refused(&["check", "does_not_exist.ron"]);
    assert!(
        errors.starts_with("error: cannot read `does_not_exist.ron`: "),
        "{errors}"
    );
    assert!(errors.contains("\nhint: check the path"), "{errors}");
}

#[test]
fn a_results_folder_that_cannot_be_created_ends_the_run_before_training() {
    // A file as the parent refuses everybody; permissions do not stop the administrator.
    let out = "tests/bad/unknown_geometry.ron/results";
    let errors = refused(&["solve", "problems/poisson.ron", "--out", out]);
    assert!(
        errors.starts_with(&format!("error: cannot create `{out}`: ")),
        "{errors}"
    );
    assert!(errors.contains("\nhint: "), "{errors}");
    assert!(!errors.contains("loss"), "training began:\n{errors}");
}

#[test]
fn an_unknown_device_is_refused_with_the_devices_that_exist() {
    let errors = refused(&["solve", "problems/poisson.ron", "--device", "gpu"]);
    assert!(errors.contains("unknown device `gpu`"), "{errors}");
    assert!(
        errors.contains("cpu, ndarray, cuda and cuda:N, wgpu and wgpu:N"),
        "{errors}"
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn cuda_without_a_driver_is_refused_before_the_results_folder_exists() {
    // The driver of Linux and that of its subsystem on Windows.
    if ["/dev/nvidiactl", "/dev/dxg"]
        .iter()
        .any(|device| Path::new(device).exists())
    {
        eprintln!("skipped: this machine has a CUDA driver");
        return;
    }
    let out = scratch("missing device").join("results");
    let errors = refused(&[
        "solve",
        "problems/poisson.ron",
        "--quick",
        "--device",
        "cuda",
        "--out",
        text(&out),
    ]);
    assert!(errors.starts_with("error: cannot use the device `cuda"), "{errors}");
    assert!(errors.contains("\nhint: use `--device cpu`"), "{errors}");
    assert!(!out.exists(), "the run left a results folder");
}

#[test]
fn a_device_that_was_not_built_in_is_refused_with_the_command_that_builds_it() {
    let device = match (cfg!(feature = "cuda"), cfg!(feature = "wgpu")) {
        (_, false) => "wgpu",
        (false, true) => "cuda",
        (true, true) => return,
    };
    let errors = refused(&["solve", "problems/poisson.ron", "--quick", "--device", device]);
    assert!(errors.contains("this build has no "), "{errors}");
    assert!(errors.contains("\nhint: use `--device cpu`"), "{errors}");
    assert!(errors.contains("feature"), "{errors}");
}

#[test]
fn a_batch_of_no_points_is_refused_on_the_command_line() {
    let errors = refused(&["solve", "problems/poisson.ron", "--batch", "0"]);
    assert!(errors.contains("'--batch <BATCH>'"), "{errors}");
    assert!(errors.contains("a batch has at least 1 point"), "{errors}");
}

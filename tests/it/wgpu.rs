//! Runs on a Vulkan adapter, a software one for want of another.

use std::process::Command;

use super::exact::summary;
use super::{ok, pinn, root, scratch, text};

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn wgpu_trains_as_the_cpu_does_and_says_what_runs_elsewhere() {
    let folder = scratch("wgpu");
    let run = |device: &str| {
        let out = folder.join(device);
        let output = pinn(&[
            "solve",
            "problems/hot_spot.ron",
            "--quick",
            "--device",
            device,
            "--out",
            text(&out),
        ]);
        (output, out)
    };
    let (output, out) = run("wgpu");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.contains("no Vulkan adapter") {
        eprintln!("skipped: a run on wgpu: no Vulkan adapter");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let found = summary(&out);
    assert!(found["core"].as_str().is_some_and(|core| core.contains("one kernel")));
    assert!(found["notes"].to_string().contains("they run on the CPU"));
    let expected = summary(&run("cpu").1);
    for stage in 0..2 {
        let loss = |summary: &serde_json::Value| summary["stages"][stage]["loss"].as_f64().unwrap_or(f64::NAN);
        let (found, expected) = (loss(&found), loss(&expected));
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn wgpu_without_an_adapter_is_refused_before_the_results_folder_exists() {
    let out = scratch("no adapter").join("results");
    let arguments = [
        "solve",
        "problems/poisson.ron",
        "--quick",
        "--device",
        "wgpu",
        "--out",
        text(&out),
    ];
    // Drivers that do not exist, for both names of the variable.
    let output = ok(Command::new(env!("CARGO_BIN_EXE_pinn"))
        .args(arguments)
        .envs([("VK_ICD_FILENAMES", "/nowhere"), ("VK_DRIVER_FILES", "/nowhere")])
        .current_dir(root())
        .output());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("cannot use the device `wgpu`: no Vulkan adapter"),
        "{errors}"
    );
    assert!(errors.contains("\nhint: use `--device cpu`"), "{errors}");
    assert!(!out.exists(), "the run left a results folder");
}

//! The integration tests, in one binary so that Burn is linked once.

mod architecture;
mod axisymmetric;
mod bad_input;
mod batches;
mod command_line;
mod exact;
mod formulations;
mod full_batch;
mod materials;
mod memory;
mod mixed;
mod problems;
mod resume;
mod runs;
mod signals;
mod velocities;
#[cfg(feature = "wgpu")]
mod wgpu;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `pinn` in the repository's root.
fn pinn(arguments: &[&str]) -> Output {
    ok(Command::new(env!("CARGO_BIN_EXE_pinn"))
        .args(arguments)
        .current_dir(root())
        .output())
}

/// The same on two threads: every thread has buffers, which count against a memory limit.
fn pinn_on_two_threads(arguments: &[&str]) -> Output {
    ok(Command::new(env!("CARGO_BIN_EXE_pinn"))
        .args(arguments)
        .env("RAYON_NUM_THREADS", "2")
        .current_dir(root())
        .output())
}

/// The folder of that name in the test's own space.
fn scratch_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// An empty folder for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = scratch_path(name);
    if folder.exists() {
        ok(std::fs::remove_dir_all(&folder));
    }
    ok(std::fs::create_dir_all(&folder));
    folder
}

/// The value, or the test fails with the error.
fn ok<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// The path as an argument.
fn text(path: &Path) -> &str {
    match path.to_str() {
        Some(text) => text,
        None => panic!("{} is not UTF-8", path.display()),
    }
}

/// All files of a folder with an extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ok(std::fs::read_dir(root().join(folder)))
        .map(|entry| ok(entry).path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

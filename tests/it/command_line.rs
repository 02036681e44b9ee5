//! The commands that do not train.

use super::{files, ok, pinn, root, scratch, text};
use std::process::Command;

#[test]
fn list_shows_every_kind_with_its_fields() {
    let output = pinn(&["list"]);
    let said = String::from_utf8_lossy(&output.stdout);
    for word in [
        "LinearElasticity",
        "Diffusion",
        "Interval",
        "Rectangle",
        "Cuboid",
        "Disk",
        "Annulus",
        "SphericalShell",
        "PlateWithHole",
        "Polygon",
        "Extrusion",
        "Revolution",
        "Union",
        "Difference",
        "Named",
        "Region",
        "Mesh",
        "orthotropic",
        "where",
        "Energy",
        "Displacement",
        "Traction",
        "Pressure",
        "Symmetry",
        "Foundation",
        "Convection",
        "Initial",
        "Mlp",
        "fourier_features",
        "Adam",
        "NonlinearCg",
        "Lbfgs",
        "SsBroyden",
        "GaussNewton",
        "warm_up",
        "Sobol",
        "Uniform",
        "poisson",
    ] {
        assert!(said.contains(word), "`{word}` is missing in:\n{said}");
    }
    let conditions = pinn(&["list", "conditions"]);
    let said = String::from_utf8_lossy(&conditions.stdout);
    assert!(said.contains("Foundation") && !said.contains("Sobol"));
}

#[test]
fn check_describes_every_shipped_problem() {
    for file in files("problems", "ron") {
        let output = pinn(&["check", text(&file)]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        for word in [
            "equation", "domain", "boundary", "points", "network", "training", "memory",
        ] {
            assert!(said.contains(word), "`{word}` is missing in:\n{said}");
        }
    }
}

#[test]
fn every_template_makes_a_file_that_passes_the_check_and_is_never_written_over() {
    let folder = scratch("templates");
    for template in [
        "beam",
        "cylinder",
        "cube",
        "heat",
        "transient",
        "poisson",
        "materials",
        "mesh",
    ] {
        let run = || {
            ok(Command::new(env!("CARGO_BIN_EXE_pinn"))
                .args(["new", template, "--template", template])
                .current_dir(&folder)
                .output())
        };
        assert_eq!(run().status.code(), Some(0));
        let path = folder.join(format!("{template}.ron"));
        assert_eq!(pinn(&["check", text(&path)]).status.code(), Some(0), "{template}");
        assert_eq!(run().status.code(), Some(2), "{template} was written over");
    }
}

#[test]
fn completions_and_help_name_the_commands() {
    for arguments in [vec!["completions", "bash"], vec!["--help"]] {
        let output = pinn(&arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0));
        for command in ["solve", "check", "list", "new"] {
            assert!(said.contains(command));
        }
    }
}

#[test]
fn several_files_are_checked_in_one_call_and_the_first_fault_does_not_hide_the_rest() {
    let good = root().join("problems/beam.ron");
    let output = pinn(&["check", "does_not_exist.ron", text(&good), "neither_does_this.ron"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Timoshenko"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("does_not_exist.ron") && said.contains("neither_does_this.ron"));
}

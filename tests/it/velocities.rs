//! What `pinn check` says of the divergence of a given velocity: the term is capacity·v·∇T, which conserves heat only without one.

use std::fs;

use super::{ok, pinn, scratch, text};

/// The words on the divergence of a velocity in the unit square, if there are any.
fn note(name: &str, equation: &str) -> Option<String> {
    let file = scratch(&format!("velocity {name}")).join("problem.ron");
    let problem = format!(
        "Problem(
            title: \"A flow\",
            geometry: Rectangle(min: (0, 0), max: (1, 1)),
            equation: Diffusion(conductivity: 1, {equation}),
            conditions: [Value(on: \"bottom\", value: 0), Value(on: \"top\", value: 1)],
        )"
    );
    ok(fs::write(&file, problem));
    let output = pinn(&["check", text(&file)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().find(|line| line.contains("divergence")).map(String::from)
}

#[test]
fn a_velocity_with_a_divergence_is_noted_with_its_size() {
    // ∂x/∂x + ∂(y/2)/∂y.
    let found = note("that spreads", r#"velocity: ["x", "0.5*y"]"#).unwrap_or_default();
    assert!(
        found.contains("note ") && found.contains("a divergence of up to 1.5 1/s: "),
        "{found}"
    );
    assert!(!found.trim_start_matches("  note").trim().contains("  "), "{found}");
}

#[test]
fn a_body_of_revolution_has_the_divergence_of_cylindrical_coordinates() {
    // (1/r)·∂(r·v_r)/∂r + ∂v_z/∂z is −1 + 1 for v = (−r/2, z), and 2·1 + 1 for v = (r, z).
    let still = note("that turns", r#"velocity: ["-x/2", "y"], axisymmetric: true"#);
    assert_eq!(still, None);
    let found = note("that widens", r#"velocity: ["x", "y"], axisymmetric: true"#).unwrap_or_default();
    assert!(found.contains("a divergence of up to 3 1/s: "), "{found}");
}

#[test]
fn a_velocity_without_divergence_and_one_of_the_field_pass_without_a_word() {
    assert_eq!(note("that circles", r#"velocity: ["-y", "x"]"#), None);
    assert_eq!(note("of the field", r#"velocity: ["T", "0"]"#), None);
}

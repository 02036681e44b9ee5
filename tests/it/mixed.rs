//! The equation as a system of first order: accuracy, and fluxes that hold exactly.

use pinn::batch::Points;
use pinn::formulation::{Formulation, Place};
use pinn::jet::{Channels, Jet, Order};
use pinn::problem::{self, Limits, Problem, ProblemFile, Tolerance};
use pinn::sampler::SamplerKind;
use pinn::solution::{ClosedForm, balance, errors, residuals};
use pinn::training::{Adam, GaussNewton, Lbfgs, StageKind};
use serde_json::Value;

use super::{files, ok, pinn, root, scratch, text};

/// A block between plates: pressure on two sides, tension that varies, and shear on one face.
const BLOCK: &str = r#"Problem(
    title: "a block",
    geometry: Rectangle(min: (0, 0), max: (2, 1)),
    equation: LinearElasticity(model: PlaneStrain, young: 1e9, poisson: 0.3),
    conditions: [
        Symmetry(on: "bottom"),
        Displacement(on: "left", ux: 0),
        Pressure(on: "right", value: 5e5),
        Traction(on: "top", tx: "1e5*x*(2 - x)", ty: 3e5),
    ],
)"#;

/// Heat that leaves at one end and enters at the other at the same rate: opposite fluxes, equal components.
const WALL: &str = r#"Problem(
    title: "a wall",
    geometry: Cuboid(min: (0, 0, 0), max: (1, 1, 1)),
    equation: Diffusion(conductivity: 2),
    conditions: [
        Flux(on: ["left", "right"], value: 7),
        Flux(on: "front", value: "1 + x*z"),
        Flux(on: "back", value: "2*x"),
        Value(on: "top", value: 20),
        Convection(on: "bottom", coefficient: 3, ambient: 10),
    ],
)"#;

fn mixed(file: &mut ProblemFile) -> Result<(), pinn::error::Error> {
    file.formulation = Some(Formulation::Mixed);
    Ok(())
}

/// The problem in its own formulation and as a system.
fn both(path: &std::path::Path) -> [Problem; 2] {
    [ok(problem::load(path, |_| Ok(()))), ok(problem::load(path, mixed))]
}

fn terms(problem: &Problem) -> Vec<String> {
    problem.model.terms.iter().map(|term| term.name()).collect()
}

/// The loads of the strong form that are no longer a loss term hold to rounding, whatever the network says.
#[test]
fn prescribed_fluxes_on_faces_along_the_axes_hold_for_any_network() {
    let folder = scratch("hard fluxes");
    let mut paths = files("problems", "ron");
    for (name, problem) in [("block", BLOCK), ("wall", WALL)] {
        let path = folder.join(format!("{name}.ron"));
        ok(std::fs::write(&path, problem));
        paths.push(path);
    }
    let mut held = 0;
    for path in paths {
        let [strong, mixed] = both(&path);
        let left = terms(&mixed);
        let equation = mixed.model.equation.as_ref();
        let channels = Channels::new(mixed.model.shape.dimension(), mixed.model.transient, Order::First);
        for term in strong.model.terms.iter().filter(|term| !left.contains(&term.name())) {
            held += 1;
            for point in mixed.model.boundary_points(term.place, SamplerKind::Uniform, 40, 9) {
                let count = equation.components() * channels.count();
                let mut jets: Vec<f64> = (0..count).map(|j| 3.0 * (1.3 * j as f64).sin()).collect();
                let shape = mixed.model.shape.as_ref();
                mixed.model.ansatz.apply(shape, &point.x, 0, channels, &mut jets);
                let mut residual = vec![f64::NAN; term.condition.residuals()];
                let u = Jet::new(channels, &jets);
                term.condition.residual(equation, &point, &u, &mut residual);
                assert!(
                    residual.iter().all(|r| r.abs() < 1e-12),
                    "{}, {}: {residual:?}",
                    mixed.file.title,
                    term.name()
                );
            }
        }
    }
    assert!(held >= 20, "{held}");
}

/// Springs, convection, curved faces and values that differ where faces meet stay in the loss.
#[test]
fn what_cannot_hold_exactly_stays_a_loss_term() {
    let folder = scratch("soft fluxes");
    for (name, problem, expected) in [
        ("beam", None, &[][..]),
        ("fin", None, &["bottom flux", "top flux"]),
        ("thick_cylinder", None, &["inner traction", "outer traction"]),
        // The shear of `top` is 0 where it meets `left` and `right`.
        ("block", Some(BLOCK), &[]),
        ("wall", Some(WALL), &["bottom flux"]),
    ] {
        let path = match problem {
            None => root().join(format!("problems/{name}.ron")),
            Some(problem) => {
                let path = folder.join(format!("{name}.ron"));
                ok(std::fs::write(&path, problem));
                path
            }
        };
        let [_, mixed] = both(&path);
        assert_eq!(terms(&mixed), expected, "{name}");
        assert_eq!(mixed.notes.len(), 0, "{name}: {:?}", mixed.notes);
    }
    // With shear up to its corners the top contradicts the free shear of `right`; its normal traction holds all the same.
    let path = folder.join("corner.ron");
    ok(std::fs::write(&path, BLOCK.replace("1e5*x*(2 - x)", "1e5*x")));
    let [_, corner] = both(&path);
    assert_eq!(terms(&corner), ["top traction"]);
    assert_eq!(corner.model.terms[0].condition.residuals(), 1);
    assert!(corner.notes.len() == 1 && corner.notes[0].contains("`top` enters the loss"));
    let exact = |component: usize| -> Vec<&str> {
        let faces = corner.model.ansatz.hard[component].iter();
        faces
            .map(|face| match face.place {
                Place::Face(face) => face.name,
                Place::Initial => "initial",
            })
            .collect()
    };
    assert_eq!(exact(3), ["top"]);
    assert_eq!(exact(4), ["left", "right", "bottom"]);
}

/// The exact field and its flux are the same in both forms: so are their balances, by whatever rule they are integrated; nothing
/// is left of errors, and of the residuals rounding by the largest second derivative.
#[test]
fn exact_fields_with_their_flux_balance_as_without_and_have_no_error() {
    for path in files("problems", "ron") {
        let problems = both(&path);
        let title = &problems[0].file.title;
        let [Some(strong), Some(mixed)] = problems.each_ref().map(|problem| {
            let components = problem.reference.as_ref()?;
            Some(ClosedForm { problem, components })
        }) else {
            // Known at some places only.
            continue;
        };
        let (with, without) = (balance(&mixed), balance(&strong));
        for (with, without) in with.all().zip(without.all()) {
            assert!(
                (with.relative - without.relative).abs() < 1e-12,
                "{title}: {with:?} {without:?}"
            );
        }
        let points = problems[1].model.interior_points(SamplerKind::Uniform, 200, 1);
        let Some(errors) = errors(&mixed, &points) else {
            panic!("{title} has no reference")
        };
        assert!(errors.energy == 0.0 && errors.flux_max == 0.0 && errors.h1 == 0.0 && errors.field_max == 0.0);
        let weighted: Vec<([f64; 4], f64)> = points.into_iter().map(|x| (x, 1.0)).collect();
        let residuals = residuals(&mixed, &weighted);
        assert!(
            residuals.held_out.max(residuals.training) < 1e-10,
            "{title}: {residuals:?}"
        );
    }
}

/// Random features and one linear solve of the whole system; the strong form reaches 1e-9 on the same problems.
#[test]
fn a_beam_a_square_and_a_cooling_rod_are_solved_to_a_millionth() {
    let folder = scratch("mixed");
    for name in ["beam", "poisson", "rod"] {
        let problem = ok(problem::load(&root().join(format!("problems/{name}.ron")), |file| {
            *file = ProblemFile {
                formulation: Some(Formulation::Mixed),
                network: None,
                training: None,
                points: Points::default(),
                tolerance: Some(Tolerance::Both(Limits {
                    field: 1e-6,
                    flux: Some(1e-6),
                })),
                ..file.clone()
            };
            Ok(())
        }));
        let (path, out) = (folder.join(format!("{name}.ron")), folder.join(name));
        ok(std::fs::write(&path, problem::resolved(&problem.file)));
        let output = pinn(&["solve", text(&path), "--out", text(&out)]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let summary: Value = ok(serde_json::from_str(&ok(std::fs::read_to_string(
            out.join("summary.json"),
        ))));
        assert_eq!(summary["stages"].as_array().map(Vec::len), Some(1), "{name}: {said}");
    }
}

/// First-order, quasi-Newton and Gauss–Newton steps; the result is not small in a few steps, but the loss falls.
#[test]
fn every_kind_of_stage_trains_a_system() {
    let folder = scratch("mixed stages");
    let path = folder.join("fin.ron");
    let fin = ok(problem::load(&root().join("problems/fin.ron"), |file| {
        mixed(file)?;
        file.training = Some(vec![
            StageKind::Adam(Adam::default()),
            StageKind::Lbfgs(Lbfgs::default()),
            StageKind::GaussNewton(GaussNewton::default()),
        ]);
        Ok(())
    }));
    ok(std::fs::write(&path, problem::resolved(&fin.file)));
    let out = folder.join("fin");
    let output = pinn(&["solve", text(&path), "--quick", "--out", text(&out)]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let history = ok(std::fs::read_to_string(out.join("history.csv")));
    let losses: Vec<f64> = history
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(4)?.parse().ok())
        .collect();
    let [Some(first), Some(last)] = [losses.first(), losses.last()] else {
        panic!("no losses in {history}")
    };
    assert!(last < first, "{first} {last}");
}

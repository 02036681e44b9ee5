//! Every shipped problem: it loads, its reference solves it, and it trains.

use std::fs;

use pinn::condition::{BoundaryPoint, Condition};
use pinn::formulation::{Formulation, Place, seen};
use pinn::jet::{Channels, Jet, Order};
use pinn::problem::{self, Problem};
use pinn::sampler::SamplerKind;
use pinn::solution::CandidateField;

use super::exact::closed_form;
use super::{files, ok, pinn, root, scratch, text};

/// Every shipped problem with a closed form as it is, and as a system of first order.
fn shipped() -> Vec<Problem> {
    let files = files("problems", "ron");
    assert!(files.len() >= 7);
    let mixed = files.iter().map(|file| {
        problem::load(file, |file| {
            file.formulation = Some(Formulation::Mixed);
            Ok(())
        })
    });
    let own = files.iter().map(|file| problem::load(file, |_| Ok(())));
    let all = own.chain(mixed).map(ok);
    all.filter(|problem| problem.reference.is_some()).collect()
}

/// The reference's jets at a point, `[m, K]`.
fn exact(problem: &Problem, x: &[f64; 4], order: Order) -> (Channels, Vec<f64>) {
    let trial = closed_form(problem);
    (trial.channels(order), trial.jets(&[*x], order))
}

/// The reference is exact, so every residual vanishes up to rounding, about 1e-16 of its largest summand. All quantities
/// are dimensionless and O(1) to O(1e3).
#[test]
fn every_reference_satisfies_its_equation_and_its_conditions() {
    for problem in shipped() {
        let equation = problem.model.equation.as_ref();
        let title = &problem.file.title;
        for x in problem.model.interior_points(SamplerKind::Uniform, 50, 3) {
            let (channels, jets) = exact(&problem, &x, equation.order());
            let mut residual = vec![f64::NAN; equation.residuals()];
            equation.residual(&x, &Jet::new(channels, &jets), &mut residual);
            let size = jets.iter().fold(1.0_f64, |size, v| size.max(v.abs()));
            assert!(residual.iter().all(|r| r.abs() < 1e-10 * size), "{title}: {residual:?}");
        }
        for term in &problem.model.terms {
            for point in problem.model.boundary_points(term.place, SamplerKind::Uniform, 50, 5) {
                let condition = term.condition.as_ref();
                let trial = closed_form(&problem);
                let channels = trial.channels(condition.order());
                let jets = trial.jets_for(condition, &[point], condition.order());
                let mut residual = vec![f64::NAN; condition.residuals()];
                let equation = seen(equation, condition, &point);
                condition.residual(equation, &point, &Jet::new(channels, &jets), &mut residual);
                let size = jets.iter().fold(1.0_f64, |size, v| size.max(v.abs()));
                assert!(
                    residual.iter().all(|r| r.abs() < 1e-10 * size),
                    "{title}, {}: {residual:?}",
                    term.name()
                );
            }
        }
    }
}

/// On its own face the ansatz takes the prescribed value whatever the network says.
#[test]
fn prescribed_values_hold_exactly_for_any_network() {
    for problem in shipped() {
        let m = problem.model.equation.components();
        let channels = Channels::new(problem.model.shape.dimension(), problem.model.transient, Order::Value);
        for (component, hard) in problem.model.ansatz.hard.iter().enumerate() {
            for face in hard {
                for point in problem.model.boundary_points(face.place, SamplerKind::Uniform, 40, 9) {
                    let expected: f64 = face.value.at(&point.x);
                    let title = &problem.file.title;
                    for head in 0..problem.model.equation.parts() {
                        let mut jets = vec![17.0; m];
                        problem
                            .model
                            .ansatz
                            .apply(problem.model.shape.as_ref(), &point.x, head, channels, &mut jets);
                        assert!(
                            (jets[component] - expected).abs() < 1e-12,
                            "{title} on {}",
                            face.place.name()
                        );
                    }
                }
            }
        }
    }
}

/// A plate with a hole has no smooth extension of values that vary along its boundaries: they enter the loss, and the file's author
/// is told. Constants are blended by the distances and hold exactly, on faces that meet a face of another value, too.
#[test]
fn values_that_do_not_extend_smoothly_enter_the_loss_with_a_note() {
    let path = scratch("kinked").join("problem.ron");
    let text = r#"Problem(
        title: "A plate pulled at its edge",
        geometry: PlateWithHole(width: 0.2, height: 0.1, radius: 0.05),
        equation: LinearElasticity(model: PlaneStress, young: 70e9, poisson: 0.3),
        conditions: [Symmetry(on: ["left", "bottom"]), Displacement(on: "right", ux: 1e-4, uy: "1e-5*x")],
    )"#;
    ok(std::fs::write(&path, text));
    let problem = ok(problem::load(&path, |_| Ok(())));
    let exact: Vec<Vec<&str>> = problem
        .model
        .ansatz
        .hard
        .iter()
        .map(|faces| faces.iter().map(|face| face.place.name()).collect())
        .collect();
    assert_eq!(exact, [vec!["right", "left"], vec!["bottom"]]);
    for (face, expected) in problem.model.ansatz.hard[0].iter().zip([1.0, 0.0]) {
        for point in problem.model.boundary_points(face.place, SamplerKind::Uniform, 40, 9) {
            let mut jets = [17.0; 2];
            let channels = Channels::new(2, false, Order::Value);
            problem
                .model
                .ansatz
                .apply(problem.model.shape.as_ref(), &point.x, 0, channels, &mut jets);
            let value = jets[0] * problem.scales.field / 1e-4;
            assert!((value - expected).abs() < 1e-12, "{value} on {}", face.place.name());
        }
    }
    assert!(problem.notes.len() == 1 && problem.notes[0].contains("`right` enters the loss"));
    assert!(problem.model.terms.iter().any(|term| term.name() == "right uy"));
}

/// Each component of a soft displacement is a loss term of its own: weights and batch sizes tell them apart.
#[test]
fn terms_of_soft_displacements_are_named_by_their_components() {
    let path = scratch("soft").join("problem.ron");
    let text = r#"Problem(
        title: "A plate that is held softly",
        geometry: Rectangle(min: (0, 0), max: (2, 1)),
        equation: LinearElasticity(model: PlaneStress, young: 70e9, poisson: 0.3),
        conditions: [Displacement(on: "left", ux: 0, uy: 0, soft: true), Traction(on: "right", tx: 1e6)],
        points: (batch: {"interior": 64, "left uy": 17}),
        weights: Given({"left ux": 2, "left uy": 3}),
    )"#;
    ok(std::fs::write(&path, text));
    let names = ok(problem::load(&path, |_| Ok(()))).model.term_names();
    let expected = [
        "interior",
        "left ux",
        "left uy",
        "right traction",
        "bottom traction",
        "top traction",
    ];
    assert_eq!(names, expected);
}

/// The rows of the ansatz and the field's jets agree: C·j − d is the residual of the field u = g + D·s·N, of smooth rows at the jets
/// that they are frozen at.
#[test]
fn rows_equal_the_residual_of_the_composed_field() {
    for mut problem in shipped() {
        problem.model.ansatz.scale = (0..problem.model.outputs()).map(|c| 0.7 + c as f64).collect();
        let equation = problem.model.equation.as_ref();
        let (m, outputs) = (equation.components(), problem.model.outputs());
        let points = problem.model.interior_points(SamplerKind::Uniform, 20, 1);
        let rows = pinn::formulation::interior_rows(&problem.model, &points);
        let k = rows.channels.count();
        let network = |i: usize| (0..outputs * k).map(move |j| (1.3 * j as f64 + i as f64).sin());
        let rows = rows.frozen(&(0..points.len()).flat_map(network).collect::<Vec<f64>>());
        for (i, x) in points.iter().enumerate() {
            let network: Vec<f64> = network(i).collect();
            let head = problem.model.region(x);
            let mut field = network[head * m * k..(head + 1) * m * k].to_vec();
            problem
                .model
                .ansatz
                .apply(problem.model.shape.as_ref(), x, head, rows.channels, &mut field);
            let mut expected = vec![0.0; m];
            equation.residual(x, &Jet::new(rows.channels, &field), &mut expected);
            for (row, expected) in expected.iter().enumerate() {
                let at = i * m + row;
                let form = &rows.coefficients[at * outputs * k..(at + 1) * outputs * k];
                let found: f64 = form.iter().zip(&network).map(|(c, j)| c * j).sum::<f64>() - rows.rhs[at];
                let size: f64 = form.iter().zip(&network).map(|(c, j)| (c * j).abs()).sum::<f64>() + rows.rhs[at].abs();
                assert!(
                    (found - expected).abs() < 1e-11 * size.max(1.0),
                    "{}",
                    problem.file.title
                );
            }
        }
    }
}

#[test]
fn a_resolved_file_describes_the_same_problem() {
    let folder = scratch("resolved");
    for problem in shipped() {
        let path = folder.join("problem.ron");
        ok(std::fs::write(&path, problem::resolved(&problem.file)));
        let again = ok(problem::load(&path, |_| Ok(())));
        assert_eq!(again.file, problem.file);
        assert_eq!(again.scales, problem.scales);
    }
}

#[test]
fn every_problem_trains_a_few_steps_and_writes_its_results() {
    for file in files("problems", "ron") {
        let folder = scratch("quick");
        let output = pinn(&["solve", text(&file), "--quick", "--out", text(&folder)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {said}", file.display());
        for name in [
            "problem.ron",
            "history.csv",
            "solution.vtu",
            "summary.json",
            "network.safetensors",
        ] {
            assert!(folder.join(name).is_file(), "{}: {name} is missing", file.display());
        }
        assert!(!folder.join("solution.vtu.part").exists());
    }
}

/// Tolerances of shipped problems are part of what is promised: 1e-3 of the field at most, 1e-2 of what finite elements give at many
/// places of a part.
#[test]
fn every_problem_states_a_reference_and_a_tolerance() {
    for file in files("problems", "ron") {
        let problem = ok(problem::load(&file, |_| Ok(())));
        assert!(problem.reference.is_some() || !problem.known.is_empty());
        let limit = problem
            .file
            .tolerance
            .map_or(f64::INFINITY, |tolerance| tolerance.parts().0);
        let most = if problem.known.len() > 100 { 1e-2 } else { 1e-3 };
        assert!(limit <= most, "{}", problem.file.title);
    }
}

/// A traction of the wrong sign must not pass: the end load pulls the beam down.
#[test]
fn tension_is_positive_and_a_positive_flux_enters() {
    let beam = ok(problem::load(&super::root().join("problems/beam.ron"), |_| Ok(())));
    let Some(term) = beam.model.terms.iter().find(|term| term.name() == "right traction") else {
        panic!("the beam has a load at its right end")
    };
    let Place::Face(face) = term.place else {
        panic!("a load has a face")
    };
    let pinn::geometry::SurfacePoint { x, normal } = beam.model.shape.face_point(face, [0.5; 3]);
    let point = BoundaryPoint {
        x: [x[0], x[1], x[2], 0.0],
        normal,
        region: 0,
    };
    let channels = Channels::new(2, false, term.condition.order());
    let mut residual = [0.0; 2];
    // An undeformed body misses the load −P/(2I)·H²/4 at mid-height, 75 kPa downwards.
    term.condition.residual(
        beam.model.equation.as_ref(),
        &point,
        &Jet::new(channels, &[0.0; 6]),
        &mut residual,
    );
    assert!((residual[1] * beam.scales.flux() - 75e3).abs() < 1e-6);
    let condition: &dyn Condition = term.condition.as_ref();
    assert_eq!(condition.residuals(), 2);
}

/// A bar of 100 units: as metres it is suspicious for steel, for a heat flux that would give 10⁵ K, and for a minute of heating; not for
/// numbers without units, nor where the file says what a unit is.
#[test]
fn a_mesh_in_millimetres_that_is_read_in_metres_is_suspected() {
    let folder = scratch("millimetres");
    let mesh = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n4\n1 0 0 0\n2 100 0 0\n3 100 20 0\n4 0 20 0\n$EndNodes\n\
                $Elements\n1\n1 3 2 1 1 1 2 3 4\n$EndElements\n";
    ok(fs::write(folder.join("bar.msh"), mesh));
    let suspected = |name: &str, geometry: &str, rest: &str| {
        let file = folder.join(format!("{name}.ron"));
        let problem = format!("Problem(title: \"bar\", geometry: {geometry}, {rest})");
        ok(fs::write(&file, problem));
        let problem = ok(problem::load(&file, |_| Ok(())));
        problem
            .notes
            .iter()
            .any(|note| note.contains("`Mesh(file: \"bar.msh\", scale: 1e-3)`"))
    };
    let steel = "equation: LinearElasticity(model: PlaneStrain, young: 210e9, poisson: 0.3, body_force: [0, -7.7e4]), \
                 conditions: [Displacement(on: \"boundary\", ux: 0, uy: 0)]";
    let hot = "equation: Diffusion(conductivity: 15, source: 1e3), conditions: [Value(on: \"boundary\", value: 300)]";
    let brief = "time: 60, equation: Diffusion(conductivity: 15, capacity: 4e6), \
                 conditions: [Value(on: \"boundary\", value: 300), Initial(value: 290)]";
    let plain = "equation: LinearElasticity(model: PlaneStrain, young: 1, poisson: 0.3, body_force: [0, -1e-3]), \
                 conditions: [Displacement(on: \"boundary\", ux: 0, uy: 0)]";
    let own = "Mesh(\"bar.msh\")";
    for (name, rest, expected) in [
        ("steel", steel, true),
        ("hot", hot, true),
        ("brief", brief, true),
        ("plain", plain, false),
    ] {
        assert_eq!(suspected(name, own, rest), expected, "{name}");
    }
    for scale in ["1e-3", "1"] {
        assert!(
            !suspected("said", &format!("Mesh(file: \"bar.msh\", scale: {scale})"), steel),
            "{scale}"
        );
    }
}

/// One line has two names and one face of a strip is part of the other: conditions by either name hold, an equal one may stand twice.
#[test]
fn conditions_hold_by_every_name_of_a_boundary() {
    let folder = scratch("names");
    let mesh = text(&root().join("tests/meshes/groups_41.msh")).to_string();
    let held = |name: &str, conditions: &str| {
        let file = folder.join(format!("{name}.ron"));
        let problem = format!(
            "Problem(title: \"strip\", geometry: Mesh(\"{mesh}\"), equation: Diffusion(conductivity: 1), conditions: [{conditions}])"
        );
        ok(fs::write(&file, problem));
        let problem = ok(problem::load(&file, |_| Ok(())));
        let mut names: Vec<&str> = problem.model.ansatz.hard[0]
            .iter()
            .map(|face| face.place.name())
            .collect();
        names.sort_unstable();
        names.join(", ")
    };
    assert_eq!(held("group", "Value(on: \"ends\", value: 0)"), "left, right");
    assert_eq!(
        held("one", "Value(on: \"left\", value: 0), Flux(on: \"right\", value: 1)"),
        "left"
    );
    assert_eq!(
        held("both", "Value(on: [\"ends\", \"right\"], value: 0)"),
        "left, right"
    );
    assert_eq!(
        held("twice", "Value(on: \"ends\", value: 0), Value(on: \"left\", value: 0)"),
        "left, right"
    );
}

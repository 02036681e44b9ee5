//! Bodies of revolution against exact solutions.

use std::f64::consts::PI;

use pinn::problem::Problem;
use pinn::sampler::SamplerKind;
use pinn::solution::{Balance, balance, errors};
use serde_json::Value;

use super::exact::{Scaled, closed_form, load, number, solved_within};
use super::{ok, root, scratch};

/// A steel tube in (r, z) between rigid smooth planes under inner pressure: Lamé's plane strain.
const TUBE: &str = r#"Problem(
    title: "Tube",
    constants: {"a": 0.05, "b": 0.1, "h": 0.05, "p": 50e6, "E": 210e9, "nu": 0.3, "C": "(1 + nu)*p*a^2/(E*(b^2 - a^2))"},
    geometry: Rectangle(min: ("a", 0), max: ("b", "h")),
    equation: LinearElasticity(model: Axisymmetric, young: "E", poisson: "nu"),
    conditions: [Symmetry(on: ["bottom", "top"]), Pressure(on: "left", value: "p")],
    reference: Exact(ux: "C*x*(1 - 2*nu + b^2/x^2)", uy: "0"),
)"#;

/// The same of two materials; constants as in `composite_cylinder.ron`.
const TWO_TUBES: &str = r#"Problem(
    title: "Tube of two materials",
    constants: {
        "a": 0.1, "b": 0.14, "c": 0.2, "p": 50e6,
        "E1": 210e9, "nu1": 0.3, "f1": "(1 + nu1)/E1",
        "E2": 70e9, "nu2": 0.33, "f2": "(1 + nu2)/E2",
        "q": "2*f1*(1 - nu1)*p*a^2/(b^2 - a^2)/(f1*((1 - 2*nu1)*b^2 + a^2)/(b^2 - a^2) + f2*((1 - 2*nu2)*b^2 + c^2)/(c^2 - b^2))",
        "A1": "f1*(1 - 2*nu1)*(p*a^2 - q*b^2)/(b^2 - a^2)", "B1": "f1*a^2*b^2*(p - q)/(b^2 - a^2)",
        "A2": "f2*(1 - 2*nu2)*q*b^2/(c^2 - b^2)", "B2": "f2*b^2*c^2*q/(c^2 - b^2)",
    },
    geometry: Rectangle(min: ("a", 0), max: ("c", 0.1)),
    equation: LinearElasticity(model: Axisymmetric),
    materials: {"steel": (young: "E1", poisson: "nu1", where: "x < b"), "aluminium": (young: "E2", poisson: "nu2")},
    conditions: [Symmetry(on: ["bottom", "top"]), Pressure(on: "left", value: "p")],
    reference: PerMaterial({"steel": (ux: "A1*x + B1/x", uy: "0"), "aluminium": (ux: "A2*x + B2/x", uy: "0")}),
)"#;

/// Four times as stiff round the axis as along r, without contraction: u_r = A·(r² + b⁴/r²) (Lekhnitskii, *Anisotropic Plates*,
/// 1968, § 26, with k = √(E_θ/E_r) = 2).
const WOUND: &str = r#"Problem(
    title: "Wound tube",
    constants: {"a": 0.1, "b": 0.2, "p": 1e6, "E": 1e9, "A": "p/(2*E*(b^4/a^3 - a))"},
    geometry: Rectangle(min: ("a", 0), max: ("b", 0.1)),
    equation: LinearElasticity(
        model: Axisymmetric,
        orthotropic: (young: ["E", "2*E", "4*E"], poisson: [0, 0, 0], shear: ["E"]),
    ),
    conditions: [Symmetry(on: ["bottom", "top"]), Pressure(on: "left", value: "p")],
    reference: Exact(ux: "A*(x^2 + b^4/x^2)", uy: "0"),
)"#;

/// A round bar hung up by its top: pulled at the bottom, and by its own weight.
const BAR: &str = r#"Problem(
    title: "Round bar under tension and its own weight",
    constants: {"R": 0.5, "L": 2, "s": 1e6, "w": 2e5, "E": 1e9, "nu": 0.3},
    geometry: Rectangle(min: (0, 0), max: ("R", "L")),
    equation: LinearElasticity(model: Axisymmetric, young: "E", poisson: "nu", body_force: [0, "-w"]),
    conditions: [
        Displacement(on: "top", ux: "-nu*x*(s + w*L)/E", uy: "nu*w*x^2/(2*E)"),
        Traction(on: "bottom", ty: "-s"),
    ],
    reference: Exact(
        ux: "-nu*x*(s + w*y)/E",
        uy: "(s*(y - L) + w*(y^2 - L^2 + nu*x^2)/2)/E",
    ),
)"#;

/// A wire heated throughout, T = T₀ + q·(R² − r²)/(4k) (Carslaw & Jaeger, *Conduction of Heat in Solids*, 1959, § 7.2).
const WIRE: &str = r#"Problem(
    title: "Heated wire",
    constants: {"R": 0.01, "q": 1e6, "k": 20},
    geometry: Rectangle(min: (0, 0), max: ("R", 0.02)),
    equation: Diffusion(conductivity: "k", source: "q", axisymmetric: true),
    conditions: [Value(on: "right", value: 300)],
    reference: Exact(value: "300 + q*(R^2 - x^2)/(4*k)"),
)"#;

/// The insulation of a pipe on one line: T falls like ln r.
const PIPE: &str = r#"Problem(
    title: "Insulated pipe",
    constants: {"a": 0.05, "b": 0.15, "h": 8, "k": 0.04, "T1": 450, "T2": 290, "Q": "(T1 - T2)/(ln(b/a)/k + 1/(h*b))"},
    geometry: Interval(min: "a", max: "b"),
    equation: Diffusion(conductivity: "k", axisymmetric: true),
    conditions: [Value(on: "left", value: "T1"), Convection(on: "right", coefficient: "h", ambient: "T2")],
    reference: Exact(value: "T1 - Q/k*ln(x/a)"),
)"#;

/// T = r² + 2t with c = 2: the Laplacian of r² is 4.
const COOLING: &str = r#"Problem(
    title: "Rod that warms up",
    geometry: Interval(min: 0, max: 1),
    time: 1,
    equation: Diffusion(capacity: 2, axisymmetric: true),
    conditions: [Flux(on: "right", value: 2), Initial(value: "x^2")],
    reference: Exact(value: "x^2 + 2*t"),
)"#;

fn further(problem: &str, setting: &str) -> String {
    problem.replacen("    geometry:", &format!("    {setting}\n    geometry:"), 1)
}

/// Bounds are ten to a thousand times what is found; without the part with 1/r errors would be tens of per cent.
fn solved_and_balanced(name: &str, problem: &str, bounds: [f64; 2]) -> Value {
    let summary = solved_within(name, problem, bounds);
    for balance in ["relative", "energy/relative"] {
        let left = number(&summary, &format!("/balance/{balance}"));
        assert!(left < 1e-4, "{name}, {balance}: {left}");
    }
    summary
}

#[test]
fn tubes_of_one_and_two_materials_and_wound_ones_are_solved() {
    solved_and_balanced("axial_tube", TUBE, [1e-7, 1e-6]);
    solved_and_balanced("axial_tubes", TWO_TUBES, [1e-6, 1e-5]);
    solved_and_balanced("axial_wound", WOUND, [1e-7, 1e-6]);
}

#[test]
fn bodies_that_reach_their_axis_are_solved() {
    solved_and_balanced("axial_bar", BAR, [1e-7, 1e-6]);
    solved_and_balanced("axial_wire", WIRE, [1e-7, 1e-6]);
    solved_and_balanced("axial_pipe", PIPE, [1e-7, 1e-6]);
    solved_and_balanced("axial_cooling", COOLING, [1e-7, 1e-6]);
}

#[test]
fn energy_and_mixed_forms_know_bodies_of_revolution() {
    let energy = "formulation: Energy, network: RandomFeatures(width: 300),";
    solved_and_balanced("axial_energy_bar", &further(BAR, energy), [1e-5, 1e-3]);
    solved_and_balanced("axial_energy_wire", &further(WIRE, energy), [1e-4, 1e-3]);
    solved_and_balanced("axial_energy_tubes", &further(TWO_TUBES, energy), [1e-4, 1e-2]);
    let mixed = "formulation: Mixed, network: RandomFeatures(width: 200),";
    solved_and_balanced("axial_mixed_bar", &further(BAR, mixed), [1e-6, 1e-6]);
    solved_and_balanced("axial_mixed_wire", &further(WIRE, mixed), [1e-6, 1e-6]);
}

/// σ_θθ(a) = p·(2a³ + b³)/(2·(b³ − a³)) = 5.238095 beside σ_RR = −p = −10, and the same along the meridian; on the axis no
/// direction round it is preferred (Timoshenko & Goodier, art. 136).
#[test]
fn a_spherical_vessel_has_lames_stresses_in_the_section_and_round_the_axis() {
    let vessel = ok(std::fs::read_to_string(root().join("problems/pressure_vessel.ron")));
    let summary = solved_and_balanced("axial_vessel", &vessel, [1e-6, 1e-5]);
    let stresses = |probe: usize| -> Vec<f64> {
        let readings = summary["probes"][probe]["readings"].as_array().into_iter().flatten();
        let of = |name: &str| -> Vec<f64> {
            let reading = readings.clone().find(|reading| reading["name"] == name);
            let values = reading
                .and_then(|reading| reading["values"].as_array())
                .into_iter()
                .flatten();
            values.filter_map(Value::as_f64).collect()
        };
        [of("stress"), of("von_mises")].concat()
    };
    let hoop = 5.238_095;
    for (probe, expected) in [
        (0, [-10.0, hoop, hoop, 0.0, 0.0, 0.0, 10.0 + hoop]),
        (2, [hoop, -10.0, hoop, 0.0, 0.0, 0.0, 10.0 + hoop]),
    ] {
        for (found, expected) in stresses(probe).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{probe}: {:?}", stresses(probe));
        }
        assert_eq!(stresses(probe).len(), 7);
    }
}

fn balance_of(problem: &Problem, factor: f64) -> Balance {
    balance(&Scaled(closed_form(problem), factor))
}

#[test]
fn exact_fields_are_in_balance_round_the_axis() {
    let folder = scratch("axial_balance");
    for (name, text) in [
        ("tube", TUBE),
        ("tubes", TWO_TUBES),
        ("wound", WOUND),
        ("bar", BAR),
        ("wire", WIRE),
        ("pipe", PIPE),
        ("cooling", COOLING),
    ] {
        let problem = load(&folder, name, text);
        let balance = balance_of(&problem, 1.0);
        assert!(balance.moments.is_none());
        for part in balance.all() {
            assert!(part.relative < 1e-9, "{name}: {part:?}");
        }
    }
}

/// A bar whose stress is a hundredth too large hangs on its top by that much more than it is pulled with: ε·(s + w·L)·πR². Heat is
/// per metre of the axis on a line: a hundredth of 2π·Q too much flows in.
#[test]
fn imbalances_are_those_of_the_whole_body() {
    let folder = scratch("axial_imbalance");
    let problem = load(&folder, "bar", BAR);
    let force = balance_of(&problem, 1.01).loads;
    let expected = 0.01 * (1e6 + 2e5 * 2.0) * PI * 0.25;
    assert_eq!((force.unit, force.imbalance.len()), ("N", 1));
    assert!((force.imbalance[0].abs() / expected - 1.0).abs() < 1e-9, "{force:?}");
    // √∫r of the error by that of the solution is ε wherever points are.
    let points = problem.model.interior_points(SamplerKind::default(), 100, 1);
    let Some(errors) = errors(&Scaled(closed_form(&problem), 1.01), &points) else {
        panic!("there is a reference")
    };
    for error in [errors.field_l2, errors.flux_l2, errors.h1, errors.energy] {
        assert!((error - 0.01).abs() < 1e-12, "{errors:?}");
    }
    let unit = balance_of(&load(&folder, "pipe", PIPE), 1.0).loads.unit;
    assert_eq!(unit, "W/m");
}

#[test]
fn the_axis_needs_no_condition() {
    let problem = load(&scratch("axis"), "bar", BAR);
    let held = &problem.model.ansatz.hard[0];
    assert!(held.iter().any(|face| face.place.name() == "left"), "{held:?}");
    assert_eq!(problem.model.equation.component_names(), ["ur", "uz"]);
}

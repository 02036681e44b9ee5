//! Several materials and materials with a direction, against exact solutions.

use pinn::problem::{self, Problem};
use pinn::sampler::SamplerKind;
use pinn::solution::{ClosedForm, Trial, balance};

use super::exact::{closed_form, solved_within};
use super::{ok, root, scratch, text};

fn shipped(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = ok(std::fs::read_to_string(root().join(format!("problems/{name}.ron"))));
    for (from, to) in changes {
        assert!(text.contains(from), "`{from}` is not in {name}.ron");
        text = text.replace(from, to);
    }
    text
}

/// Bounds here and below are about a hundred times what is found, and far below what a jump left out would cost.
#[test]
fn layers_are_solved_whichever_conducts_a_thousand_times_better() {
    for contrast in ["1000", "0.001"] {
        let problem = shipped("layered_plate", &[("\"k2\": 10", &format!("\"k2\": {contrast}"))]);
        solved_within("layers", &problem, [1e-6, 1e-6]);
    }
}

#[test]
fn materials_with_directions_and_cylinders_of_two_materials_are_solved() {
    for name in ["composite_cylinder", "anisotropic_plate", "orthotropic_bar"] {
        solved_within(name, &shipped(name, &[]), [1e-7, 1e-6]);
    }
}

/// The same minimum by an energy, whose fluxes balance by themselves, and by a system of first order.
#[test]
fn energy_and_mixed_forms_know_several_materials() {
    let energy = (
        "    tolerance",
        "    formulation: Energy, network: RandomFeatures(width: 300),\n    tolerance",
    );
    let mixed = (
        "    tolerance",
        "    formulation: Mixed, network: RandomFeatures(width: 300),\n    tolerance",
    );
    solved_within("energy_layers", &shipped("layered_plate", &[energy]), [1e-4, 1e-3]);
    solved_within(
        "energy_cylinder",
        &shipped("composite_cylinder", &[energy]),
        [1e-4, 1e-3],
    );
    solved_within("mixed_layers", &shipped("layered_plate", &[mixed]), [1e-6, 1e-6]);
    let fibres = shipped("orthotropic_bar", &[energy]);
    solved_within("energy_fibres", &fibres, [1e-5, 1e-4]);
}

/// T = e^(−t)·g with g bent at the joint, so that k·g' is continuous; the source of each part makes up for its storage.
const ROD: &str = r#"Problem(
    title: "Cooling of a rod of two parts",
    constants: {"k1": 1, "k2": 50, "h": 0.3, "c1": 2, "c2": 3},
    geometry: Interval(min: 0, max: 1),
    time: 1,
    equation: Diffusion(),
    materials: {
        "a": (conductivity: "k1", capacity: "c1", source: "-c1*x*exp(-t)", where: "x < h"),
        "b": (conductivity: "k2", capacity: "c2", source: "-c2*(h + (x - h)*k1/k2)*exp(-t)"),
    },
    conditions: [
        Value(on: "left", value: 0),
        Value(on: "right", value: "(h + (1 - h)*k1/k2)*exp(-t)"),
        Initial(value: "min(x, h + (x - h)*k1/k2)", soft: true),
    ],
    network: RandomFeatures(width: 200),
    training: [LastLayer()],
    reference: PerMaterial({
        "a": (value: "x*exp(-t)"),
        "b": (value: "(h + (x - h)*k1/k2)*exp(-t)"),
    }),
)"#;

/// Two cubes of different conductivity, one above the other: the temperature has a bend, the flux is the same everywhere.
const TOWER: &str = r#"Problem(
    title: "Two cubes",
    constants: {"k1": 1, "k2": 100, "h": 0.45},
    geometry: Cuboid(min: (0, 0, 0), max: (1, 1, 1)),
    equation: Diffusion(),
    materials: {
        "lower": (conductivity: "k1", where: "z < h"),
        "upper": (conductivity: "k2"),
    },
    conditions: [Value(on: "bottom", value: 0), Value(on: "top", value: "h/k1 + (1 - h)/k2")],
    network: RandomFeatures(width: 500),
    training: [LastLayer()],
    reference: PerMaterial({
        "lower": (value: "z/k1"),
        "upper": (value: "h/k1 + (z - h)/k2"),
    }),
)"#;

#[test]
fn rods_that_cool_and_cubes_are_solved() {
    solved_within("two_part_rod", ROD, [1e-4, 1e-3]);
    solved_within("two_cubes", TOWER, [1e-4, 1e-2]);
    // Without time an interval's joint is one point.
    let steady = r#"Problem(
        title: "A rod of two parts",
        geometry: Interval(min: 0, max: 1),
        equation: LinearElasticity(model: Bar, poisson: 0.3),
        materials: {"steel": (young: 210e9, where: "x < 0.5"), "rubber": (young: 1e8)},
        conditions: [Displacement(on: "left", ux: 0), Traction(on: "right", tx: 1e5)],
        reference: PerMaterial({"steel": (ux: "1e5*x/210e9"), "rubber": (ux: "1e5*(0.5/210e9 + (x - 0.5)/1e8)")}),
    )"#;
    solved_within("two_part_bar", steady, [1e-8, 1e-6]);
}

fn load(name: &str) -> Problem {
    ok(problem::load(&root().join(format!("problems/{name}.ron")), |_| Ok(())))
}

/// The exact solution, in one region times a factor.
struct Lifted<'a>(ClosedForm<'a>, f64);

impl Trial for Lifted<'_> {
    fn problem(&self) -> &Problem {
        self.0.problem
    }

    fn jets_in(&self, points: &[[f64; 4]], regions: &[usize], order: pinn::jet::Order) -> Vec<f64> {
        let mut jets = self.0.jets_in(points, regions, order);
        let stride = jets.len() / points.len();
        for (jet, _) in jets.chunks_mut(stride).zip(regions).filter(|(_, region)| **region == 0) {
            jet.iter_mut().for_each(|v| *v *= self.1);
        }
        jets
    }
}

/// A steel tube whose stress is 1 % too large presses on the aluminium with 1 % too much: energy comes from nowhere at the surface
/// between them, and the interface terms are named for it.
#[test]
fn a_jump_between_materials_is_blamed_on_their_interface() {
    let problem = load("composite_cylinder");
    let found = balance(&Lifted(closed_form(&problem), 1.01)).energy;
    let share = |term: &str| {
        let share = found.terms.iter().find(|share| share.term == term);
        share.map_or(0.0, |share| share.relative)
    };
    let interface = share("interface aluminium|steel value") + share("interface aluminium|steel flux");
    assert!(interface > 1e-3 && share("interior") < 1e-9, "{:?}", found.terms);
}

/// Points of boundaries know the material behind them, those of the interface are on it.
#[test]
fn boundary_points_belong_to_the_region_inside() {
    let problem = load("composite_cylinder");
    let radius = |x: &[f64; 4]| x[0].hypot(x[1]) * problem.scales.length;
    for term in &problem.model.terms {
        for point in problem.model.boundary_points(term.place, SamplerKind::Uniform, 50, 3) {
            match term.place.name() {
                "inner" => assert_eq!(point.region, 1),
                "outer" => assert_eq!(point.region, 0),
                "aluminium|steel" => assert!((radius(&point.x) - 0.14).abs() < 1e-12),
                _ => assert_eq!(point.region, usize::from(radius(&point.x) < 0.14)),
            }
        }
    }
}

/// Regions of a mesh are the materials of that name, and its inner surfaces join them.
#[test]
fn regions_of_a_mesh_take_the_materials_of_their_names() {
    let problem = r#"Problem(
        title: "Heat sink",
        geometry: Mesh("MESH"),
        equation: Diffusion(),
        materials: {"copper": (conductivity: 400), "aluminium": (conductivity: 200)},
        conditions: [Flux(on: "bottom", value: 1e5), Convection(on: "air", coefficient: 100, ambient: 300)],
    )"#;
    let file = scratch("mesh_materials").join("problem.ron");
    let mesh = root().join("meshes/heat_sink.msh");
    ok(std::fs::write(&file, problem.replace("MESH", text(&mesh))));
    let problem = ok(problem::load(&file, |_| Ok(())));
    assert_eq!(problem.model.outputs(), 2);
    let names: Vec<String> = problem.model.terms.iter().map(|term| term.name()).collect();
    for name in ["interface joint value", "interface joint flux"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    // The joint lies 5 mm above the bottom, copper below it.
    let copper = problem.model.shape.regions().iter().position(|name| *name == "copper");
    for x in problem.model.interior_points(SamplerKind::Uniform, 100, 1) {
        let below = x[1] * problem.scales.length < 0.005;
        assert_eq!(Some(problem.model.region(&x)) == copper, below);
    }
}

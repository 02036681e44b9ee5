//! Random features with a least-squares output layer, and the energy form, against exact solutions.

use serde_json::Value;

use super::exact::{self, number};
use super::{ok, root, scratch_path};

/// Solves a shipped problem with further fields; the summary.
fn solve(name: &str, folder: &str, further: &str) -> Value {
    let problem = ok(std::fs::read_to_string(root().join(format!("problems/{name}.ron"))));
    let changed = problem.replace("    reference:", &format!("    {further}\n    reference:"));
    exact::solve(folder, &changed)
}

/// Smooth solutions of elliptic and parabolic problems: errors of random features fall faster than any power of their number.
#[test]
fn random_features_converge_faster_than_any_power_of_their_number() {
    for name in ["poisson", "rod"] {
        let error = |width: usize| {
            let network = format!("network: RandomFeatures(width: {width}, slope: 2),");
            number(&solve(name, "features", &network), "/errors/field_l2")
        };
        let errors = [20, 40, 80, 160].map(error);
        // The observed order grows from one doubling to the next, until rounding stops it.
        let orders: Vec<f64> = errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect();
        assert!(orders[2] > orders[0] && orders[2] > 6.0, "{name}: {errors:?}");
        assert!(errors[3] < 1e-7, "{name}: {errors:?}");
    }
}

/// The first bar of a file that leaves network and training open, and the estimate that comes with it.
#[test]
fn open_files_are_solved_and_the_estimated_error_is_near_the_true_one() {
    for name in ["poisson", "fin", "beam", "thick_cylinder"] {
        let summary = solve(name, "open", "seed: 5,");
        assert_eq!(summary["verdict"], "solved", "{name}");
        for (index, error) in ["field_l2", "flux_l2"].into_iter().enumerate() {
            let found = number(&summary, &format!("/errors/{error}"));
            assert!(found < 1e-6, "{name}: {error} {found}");
            let effectivity = number(&summary, &format!("/estimate/effectivity/{index}"));
            // Errors this small are rounding, which no features follow closely.
            assert!((0.1..10.0).contains(&effectivity), "{name}: {error} {effectivity}");
        }
    }
}

/// Variable projection: the output layer solved in turn with steps of all layers does better than one solve.
#[test]
fn solving_the_last_layer_in_turn_with_descent_improves_on_one_solve() {
    let error = |rounds: usize| {
        let further =
            format!("network: Mlp(width: 20, depth: 2), training: [LastLayer(rounds: {rounds}, between: 40)],");
        number(&solve("poisson", "rounds", &further), "/errors/field_l2")
    };
    let (one, several) = (error(1), error(4));
    assert!(several < 0.1 * one, "{one} {several}");
}

/// Every stage minimises the same energy, and its minimum is the solution.
#[test]
fn the_minimum_of_the_energy_is_the_solution() {
    for (name, limit) in [("poisson", 1e-6), ("fin", 1e-6), ("beam", 1e-6)] {
        let summary = solve(
            name,
            "energy",
            "formulation: Energy, network: RandomFeatures(width: 300),",
        );
        let error = number(&summary, "/errors/field_l2");
        assert!(error < limit, "{name}: {error}");
    }
    let stages = "training: [SsBroyden(iterations: 400)],";
    let network = "network: Mlp(width: 12, depth: 2),";
    let summary = solve(
        "poisson",
        "energy_trained",
        &format!("formulation: Energy, {network} {stages}"),
    );
    let error = number(&summary, "/errors/field_l2");
    assert!(error < 1e-3, "{error}");
}

/// A rule of 6 × 6 points does not see what a network of 200 parameters does between them: the energy there falls far
/// below the least energy there is, while the field goes wrong. An independent rule ends the stage, which would otherwise
/// go on to the last of its iterations; on the default rule the same stage comes to the solution.
#[test]
fn an_energy_on_a_coarse_rule_goes_wrong_and_is_stopped_by_an_independent_one() {
    let run = |folder: &str, points: &str| {
        let stages = "training: [SsBroyden(iterations: 400)],";
        let further = format!("formulation: Energy, network: Mlp(width: 12, depth: 2), {points} {stages}");
        let summary = solve("poisson", folder, &further);
        let history = ok(std::fs::read_to_string(scratch_path(folder).join("out/history.csv")));
        let column = history
            .lines()
            .next()
            .unwrap_or("")
            .split(',')
            .position(|name| name == "loss");
        let energies = history.lines().skip(1).filter_map(|line| line.split(',').nth(column?));
        let least = energies
            .filter_map(|text| text.parse().ok())
            .fold(f64::INFINITY, f64::min);
        (summary, least)
    };
    let (coarse, below) = run("coarse", "points: (interior: 36, sampler: Gauss(order: 3)),");
    let (fine, least) = run("fine", "");
    assert!(least < 0.0 && below < 1.2 * least, "{below} {least}");
    assert_eq!(coarse["stages"][0]["stop"]["reason"], "rules_part");
    assert_eq!(fine["stages"][0]["stop"]["reason"], "steps_done");
    // A first-order stage on the coarse rule has no watch, but the result is warned of.
    let points = "points: (interior: 9, sampler: Gauss(order: 3)),";
    let stages = "training: [Adam(steps: 3000, learning_rate: 1e-2)],";
    let further = format!("formulation: Energy, network: Mlp(width: 12, depth: 2), {points} {stages}");
    let trained = solve("poisson", "cheated", &further);
    let said = trained["warnings"].to_string();
    assert!(said.contains("independent rule"), "{said}");
    assert!(number(&trained, "/potential/relative") > 1e-2);
    let same = number(&fine, "/potential/relative");
    assert!(same < 1e-6, "{same}");
    let error = number(&fine, "/errors/flux_l2");
    assert!(error < 1e-2, "{error}");
}

/// A first-order stage hands over when it makes no progress any more, instead of doing all its steps.
#[test]
fn a_first_order_stage_that_settles_hands_over_to_curvature() {
    let stages = "Adam(steps: 20000, learning_rate: 1e-2, decay: Constant, settle: 100), GaussNewton(iterations: 10)";
    let further = format!("network: Mlp(width: 8, depth: 2), training: [{stages}],");
    let summary = solve("poisson", "settled", &further);
    assert_eq!(summary["stages"][0]["stop"]["reason"], "loss_settled");
    let steps = number(&summary, "/stages/0/steps");
    assert!((100.0..20_000.0).contains(&steps), "{steps}");
    assert_eq!(summary["stages"][1]["stage"], "GaussNewton");
    let losses = [0, 1].map(|stage| number(&summary, &format!("/stages/{stage}/loss")));
    assert!(losses[1] < 0.1 * losses[0], "{losses:?}");
}

//! The potential energy of a result on two rules of quadrature.

use serde::Serialize;

use super::{Solution, Warning};
use crate::batch::Collocation;
use crate::start::independent_energy;
use crate::training::{FusedObjective, Objective};

/// Relative difference of the two energies above which the rule has been cheated.
pub const ENERGY_LIMIT: f64 = 1e-2;

/// Change from one attempt to the next, in the energy norm, above which more features would change the field too: in the plane, and in
/// space, where errors fall more slowly with the number of features.
///
/// The energies of the shipped problems change by at most 0.03 and 0.1. Of problems that were tried in the plane (25, 9 and 4 stiff
/// inclusions, holes, corners), those that changed by 0.3 or more were wrong by 1 % to 33 % in the field, those below by less than 1 % but for one with 24 holes (0.05, 1.3 %); in space
/// a change of 0.13 left 5 % (a bar with cross holes), one of 0.10 0.5 % and a stress 17 % off (a cavity).
pub const CHANGE_LIMIT: [f64; 2] = [0.25, 0.1];

/// The potential energy that an energy form minimises, dimensionless.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Potential {
    /// On the points of the problem.
    pub energy: f64,
    /// On an independent rule.
    pub independent: f64,
    /// Their difference by the second.
    pub relative: f64,
    /// √(|change|/|energy|) from the other attempt to this one: about the error of the poorer one in the energy norm.
    pub change: Option<f64>,
    /// Of [`CHANGE_LIMIT`], the one that holds here.
    pub limit: f64,
}

/// The energies, if the problem is in its energy form.
///
/// Points are made when they are needed, in parts of `chunk`; `rival` is the energy of the next best attempt.
pub fn potential(solution: &Solution<'_>, weights: &[f64], chunk: usize, rival: Option<f64>) -> Option<Potential> {
    let collocation = Collocation::new(solution.problem, weights, false, chunk);
    let objective = FusedObjective {
        kernel: solution.kernel,
        collocation: &collocation,
    };
    let own: f64 = objective.losses(solution.parameters).iter().sum();
    let independent = independent_energy(&collocation, solution.kernel, solution.parameters)?;
    Some(Potential {
        energy: own,
        independent,
        limit: CHANGE_LIMIT[usize::from(solution.problem.model.shape.dimension() == 3)],
        change: rival.map(|rival| ((rival - independent) / independent).abs().sqrt()),
        relative: (own - independent).abs() / independent.abs().max(f64::MIN_POSITIVE),
    })
}

/// A warning if attempts with different numbers of features differ: balances do not show it, since every minimiser of an energy is in
/// equilibrium with the penalties that hold its prescribed values.
pub fn unsettled(potential: &Potential) -> Option<Warning> {
    let limit = potential.limit;
    let change = potential.change.filter(|change| *change > limit)?;
    Some(Warning {
        message: format!(
            "more features changed the field by {change:.2e} in the energy norm, above the limit {limit}: there may not be enough of them \
             for what the field does"
        ),
        hint: "leave out details that do not matter, solve parts of the domain on their own, or give more features and points \
               (`formulation: Energy`, `network: RandomFeatures(width: 2500)`, `points: (interior: 60000)`)"
            .into(),
    })
}

/// A warning if the two energies part.
pub fn parted(potential: &Potential) -> Option<Warning> {
    (potential.relative > ENERGY_LIMIT).then(|| Warning {
        message: format!(
            "the energy on the problem's points and that on an independent rule differ by {:.2e}, above the limit {ENERGY_LIMIT:.0e}",
            potential.relative
        ),
        hint: "give more interior points, leave `sampler` and `draw` to their defaults, or use `formulation: Strong`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Energies that fall by the share s between attempts change by √s in the norm; one attempt alone tells nothing.
    #[test]
    fn attempts_that_differ_are_told_of() {
        let potential = |change: Option<f64>, limit: f64| Potential {
            energy: -1.0,
            independent: -1.0,
            relative: 0.0,
            change,
            limit,
        };
        let [plane, space] = CHANGE_LIMIT;
        for (change, limit, told) in [
            (Some(0.2), plane, false),
            (Some(0.3), plane, true),
            (Some(0.2), space, true),
            (Some(0.05), space, false),
            (None, space, false),
        ] {
            assert_eq!(
                unsettled(&potential(change, limit)).is_some(),
                told,
                "{change:?} {limit}"
            );
        }
    }
}

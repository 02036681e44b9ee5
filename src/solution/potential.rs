//! The potential energy of a result on two rules of quadrature.

use serde::Serialize;

use super::{Solution, Warning};
use crate::batch::Collocation;
use crate::start::independent_energy;
use crate::training::{FusedObjective, Objective};

/// Relative difference of the two energies above which the rule has been cheated.
pub const ENERGY_LIMIT: f64 = 1e-2;

/// Change from one attempt to the next, in the energy norm, above which more features would change the field too.
///
/// The energies of the shipped problems change by at most 0.08. Of problems that were tried (25, 9 and 4 stiff inclusions, holes, corners),
/// those that changed by 0.3 or more were wrong by 1 % to 33 % in the field, those below by less than 1 %.
pub const CHANGE_LIMIT: f64 = 0.25;

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
}

/// The energies, if the problem is in its energy form.
///
/// Points are made when they are needed, in parts of `chunk`; `rival` is the energy of the next best attempt.
pub fn potential(
    solution: &Solution<'_>,
    names: &[String],
    weights: &[f64],
    chunk: usize,
    rival: Option<f64>,
) -> Option<Potential> {
    let collocation = Collocation::new(solution.problem, names, weights, false, chunk);
    let objective = FusedObjective {
        kernel: solution.kernel,
        collocation: &collocation,
    };
    let own: f64 = objective.losses(solution.parameters).iter().sum();
    let independent = independent_energy(&collocation, solution.kernel, solution.parameters)?;
    Some(Potential {
        energy: own,
        independent,
        change: rival.map(|rival| ((rival - independent) / independent).abs().sqrt()),
        relative: (own - independent).abs() / independent.abs().max(f64::MIN_POSITIVE),
    })
}

/// A warning if attempts with different numbers of features differ: balances do not show it, since every minimiser of an energy is in
/// equilibrium with the penalties that hold its prescribed values.
pub fn unsettled(potential: &Potential) -> Option<Warning> {
    let change = potential.change.filter(|change| *change > CHANGE_LIMIT)?;
    Some(Warning {
        message: format!(
            "more features changed the field by {change:.2e} in the energy norm, above the limit {CHANGE_LIMIT}: there may not be enough of them \
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

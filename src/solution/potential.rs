//! The potential energy of a result on two rules of quadrature.

use serde::Serialize;

use super::Warning;
use crate::start::{Prepared, independent_energy};
use crate::training::{FusedObjective, Objective};

/// Relative difference of the two energies above which the rule has been cheated.
pub const ENERGY_LIMIT: f64 = 1e-2;

/// Change from one attempt to the next, in the energy norm, above which more features would change the field too.
///
/// The energies of the shipped problems change by at most 0.03 in the plane and 0.1 in space. Of problems that were tried in the plane (25, 9
/// and 4 stiff inclusions, holes, corners), those that changed by 0.3 or more were wrong by 1 % to 33 % in the field, those below by less than
/// 1 % but for one with 24 holes (0.05, 1.3 %) and a narrow load (0.22, 2.4 % at its peak); in space a change of 0.13 left 5 % (a bar with
/// cross holes), one of 0.10 0.5 % and a stress 17 % off (a cavity).
pub const CHANGE_LIMIT: f64 = 0.1;

/// Change above which more features must not end at a higher energy: their space holds the field of fewer ones, so that what they lack was
/// lost to rounding. Where nothing was, the change stayed below 0.011; an L with 0.063 was 2 % off.
pub const RISE_LIMIT: f64 = 0.03;

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
    /// Whether the other attempt had more features and yet a higher energy.
    pub rises: bool,
    /// That of the field that is zero wherever it is not prescribed, on the independent rule.
    pub idle: f64,
}

/// The energies that a trained attempt has come to, if the problem is in its energy form.
///
/// Points are made when they are needed, in parts of `chunk`; `rival` is the energy of the next best attempt, which came `later` or before.
pub fn potential(prepared: &Prepared, chunk: usize, rival: Option<f64>, later: bool) -> Option<Potential> {
    let collocation = &prepared.collocation(false, chunk);
    let kernel = &prepared.kernel;
    let objective = FusedObjective { kernel, collocation };
    let own: f64 = objective.losses(&prepared.parameters).iter().sum();
    let independent = independent_energy(collocation, kernel, &prepared.parameters)?;
    let mut zero = prepared.parameters.clone();
    let output = zero.len() - kernel.output_parameters();
    zero[output..].fill(0.0);
    Some(Potential {
        energy: own,
        independent,
        rises: later && rival.is_some_and(|rival| rival > independent),
        idle: independent_energy(collocation, kernel, &zero)?,
        change: rival.map(|rival| ((rival - independent) / independent).abs().sqrt()),
        relative: (own - independent).abs() / independent.abs().max(f64::MIN_POSITIVE),
    })
}

/// A warning if attempts with different numbers of features differ: balances do not show it, since every minimiser of an energy is in
/// equilibrium with the penalties that hold its prescribed values.
pub fn unsettled(potential: &Potential) -> Option<Warning> {
    let change = potential.change?;
    if change > CHANGE_LIMIT {
        return Some(Warning {
            message: format!(
                "more features changed the field by {change:.2e} in the energy norm, above the limit {CHANGE_LIMIT}: there may not be \
                 enough of them for what the field does"
            ),
            hint: "leave out details that do not matter, solve parts of the domain on their own, or give more features and points \
                   (`formulation: Energy`, `network: RandomFeatures(width: 2500)`, `points: (interior: 60000)`)"
                .into(),
        });
    }
    (potential.rises && change > RISE_LIMIT).then(|| Warning {
        message: format!(
            "more features ended at a higher energy, by {change:.2e} in the energy norm, above the limit {RISE_LIMIT}: rounding has cost \
             features that the field may need"
        ),
        hint: "give fewer features and more points (`formulation: Energy`, `network: RandomFeatures(width: 600)`, \
               `points: (interior: 60000)`)"
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
        let potential = |change: Option<f64>, rises: bool| Potential {
            energy: -1.0,
            independent: -1.0,
            relative: 0.0,
            idle: 0.0,
            change,
            rises,
        };
        for (change, rises, told) in [
            (Some(0.05), false, false),
            (Some(0.2), false, true),
            (Some(0.01), true, false),
            (Some(0.05), true, true),
            (None, false, false),
        ] {
            assert_eq!(
                unsettled(&potential(change, rises)).is_some(),
                told,
                "{change:?} {rises}"
            );
        }
    }
}

//! What a user must know before relying on a result.

use std::fmt::{Display, Formatter, Result};

use serde::Serialize;

use super::{Balance, Estimate, Imbalance, Residuals};

/// Relative imbalance of forces, moments, heat or energy above which a result is not taken for a solution.
///
/// The shipped problems stay below 2e-6. Reactions that are wrong by more than 1 % are of no use to an engineer, however small
/// the loss.
pub const BALANCE_LIMIT: f64 = 1e-2;

/// A residual on fresh points that is this many times that on training points…
pub const OVERFIT_RATIO: f64 = 10.0;

/// …and above this, relative like [`Residuals`], means that the network fits points instead of the equation.
pub const OVERFIT_RESIDUAL: f64 = 1e-3;

/// An estimated relative error of the field above which a result is not taken for a solution: what is missing in the estimate only adds to it.
pub const ESTIMATE_LIMIT: f64 = 1e-2;

/// Share of the residual that an estimate must explain to speak for a result whose residuals on fresh points are large.
pub const CAPTURED: f64 = 0.7;

/// Something that speaks against a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warning {
    /// What was measured, with its limit.
    pub message: String,
    /// What to try.
    pub hint: String,
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "warning: {}", self.message)?;
        writeln!(f, "hint: {}", self.hint)
    }
}

impl Imbalance {
    /// Whether it is beyond [`BALANCE_LIMIT`] for certain, whatever the error of integration.
    pub fn beyond(&self) -> bool {
        !(self.relative - self.integration_error <= BALANCE_LIMIT)
    }

    /// Whether the error of integration leaves open on which side of [`BALANCE_LIMIT`] it is: nothing is excused by not being known.
    pub fn unknown(&self) -> bool {
        !self.beyond() && !(self.relative + self.integration_error <= BALANCE_LIMIT)
    }

    /// The loss term that brings in most.
    fn worst(&self) -> &str {
        let worst = self.terms.iter().max_by(|a, b| a.relative.total_cmp(&b.relative));
        worst.map_or("interior", |share| &share.term)
    }
}

/// A warning if balances are beyond their limit.
pub fn unbalanced(balance: &Balance) -> Option<Warning> {
    let beyond: Vec<&Imbalance> = balance.all().filter(|imbalance| imbalance.beyond()).collect();
    let worst = beyond.iter().max_by(|a, b| a.relative.total_cmp(&b.relative))?.worst();
    let parts: Vec<String> = beyond
        .iter()
        .map(|imbalance| format!("{} by {:.2e}", imbalance.quantity, imbalance.relative))
        .collect();
    Some(Warning {
        message: format!(
            "out of balance: {} of the absolute sum, above the limit {BALANCE_LIMIT:.0e}; the loss term `{worst}` brings in most of it",
            parts.join(", ")
        ),
        hint: match worst {
            "interior" => {
                "train longer, or give more interior points, above all near loads and corners (`adapt`)".into()
            }
            term => format!("train longer, or give `{term}` more points or a larger weight (`weights`)"),
        },
    })
}

/// A warning if balances are not known well enough to judge by.
pub fn unknown(balance: &Balance) -> Option<Warning> {
    let parts: Vec<String> = balance
        .all()
        .filter(|imbalance| imbalance.unknown())
        .map(|imbalance| {
            let Imbalance {
                quantity,
                relative,
                integration_error,
                ..
            } = imbalance;
            format!("{quantity} {relative:.2e} ± {integration_error:.0e}")
        })
        .collect();
    (!parts.is_empty()).then(|| Warning {
        message: format!(
            "imbalances are not known well enough to tell whether they are below the limit {BALANCE_LIMIT:.0e}: {}",
            parts.join(", ")
        ),
        hint: "the field varies faster than quadrature follows, as after training that went wrong: train otherwise, or give a `reference`"
            .into(),
    })
}

/// A warning if the estimated error is large.
pub fn inaccurate(estimate: &Estimate) -> Option<Warning> {
    let error = estimate.field_l2;
    (!(error <= ESTIMATE_LIMIT)).then(|| Warning {
        message: format!("the estimated error of the field is {error:.2e}, above the limit {ESTIMATE_LIMIT:.0e}"),
        hint: "train longer, or give more features and points".into(),
    })
}

/// A warning if the result is further from the equation and its conditions than the field that is zero wherever it is not prescribed:
/// `residual` is relative to that field's.
pub fn worse_than_none(residual: f64) -> Option<Warning> {
    (!(residual <= 1.0)).then(|| Warning {
        message: format!("the residuals on fresh points are {residual:.1e} times those of no field at all"),
        hint: "train longer or with a smaller learning rate, or leave `training` and `formulation` out".into(),
    })
}

/// A warning if the residual on fresh points is far above that on training points, unless an estimated error that explains it is small.
pub fn overfitted(residuals: &Residuals, estimate: Option<&Estimate>) -> Option<Warning> {
    let Residuals { held_out, training } = residuals;
    let excused = estimate.is_some_and(|estimate| estimate.captured >= CAPTURED && estimate.field_l2 <= ESTIMATE_LIMIT);
    (!excused && *held_out > OVERFIT_RESIDUAL && *held_out > OVERFIT_RATIO * training).then(|| Warning {
        message: format!(
            "the relative residual is {held_out:.2e} on fresh points, but {training:.2e} on the training points: the network \
             fits the points rather than the equation"
        ),
        hint: "give more interior points, draw them anew (`draw: Fresh`), or take a smaller network".into(),
    })
}

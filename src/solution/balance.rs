//! What must balance in a body that is in equilibrium: forces or heat, moments, energy.
//!
//! Loads are those that the problem prescribes, wherever it does; the field's own normal flux stands for reactions only. So
//! a field that satisfies the equation, but not the loads on its boundary, is out of balance. Values that a loss term
//! prescribes count in the same way in the balance of energy, and a start that is not the prescribed one as heat from nowhere.

use std::ops::Range;

use serde::Serialize;

use super::CandidateField;
use super::quadrature::Fineness;
use super::sums::{Sum, Sums};

/// The balances of a field, the first one written beside the names of the others.
#[derive(Clone, Debug, Serialize)]
pub struct Balance {
    /// Forces on the body, or heat into it: ∮ flux·n + ∫ (source − storage) = 0 per component; in a body of revolution along the
    /// axis only.
    #[serde(flatten)]
    pub loads: Imbalance,
    /// Moments of the forces about the middle of the domain's bounds: ∮ r × (σ·n) + ∫ r × f = 0.
    pub moments: Option<Imbalance>,
    /// ∮ (flux·n)·u + ∫ (source − storage)·u − ∫ flux:grad u = 0: in elasticity Clapeyron's theorem, the strain energy
    /// ½∫σ:ε is half the work of the loads. Temperatures count from the problem's lowest prescribed one.
    pub energy: Imbalance,
}

/// One balance.
#[derive(Clone, Debug, Serialize)]
pub struct Imbalance {
    /// What should balance.
    pub quantity: &'static str,
    /// What is left of the sum in SI units, per component.
    pub imbalance: Vec<f64>,
    /// SI unit of `imbalance`; per metre of depth in 2D, per square metre in 1D. A body of revolution is counted whole, in 1D per
    /// metre of the axis.
    pub unit: &'static str,
    /// Norm of `imbalance` by the sum of the absolute parts.
    pub relative: f64,
    /// Estimated error of `relative` by integration: the difference of two quadrature rules.
    pub integration_error: f64,
    /// How much of `relative` each loss term brings in.
    pub terms: Vec<Share>,
}

/// The part of an imbalance that comes from one loss term: the interior's is that of the field's own flux, a boundary's the
/// difference between prescribed and own.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// The loss term.
    pub term: String,
    /// Its part, relative like the whole.
    pub relative: f64,
}

impl Balance {
    /// Those that there are.
    pub fn all(&self) -> impl Iterator<Item = &Imbalance> {
        [Some(&self.loads), self.moments.as_ref(), Some(&self.energy)]
            .into_iter()
            .flatten()
    }
}

/// The balances of a field over the whole boundary and, in transient problems, the whole time.
///
/// # Source
/// Love, *A Treatise on the Mathematical Theory of Elasticity*, 1927, art. 120: the energy of deformation is half the work of
/// the loads.
pub fn balance(candidate: &dyn CandidateField) -> Balance {
    let problem = candidate.problem();
    let equation = problem.model.equation.as_ref();
    // A body of revolution is counted whole.
    let d = problem.model.shape.dimension() + usize::from(equation.axial().is_some());
    let scales = &problem.scales;
    let [fine, coarse] = [Fineness::Fine, Fineness::Coarse].map(|fineness| Sums::new(candidate, fineness));
    let balances = problem.file.equation.physics().balances(problem.model.transient);
    let (loads, units) = balances.loads;
    let total = scales.flux() * scales.length.powi(d as i32 - 1) * scales.time;
    let names = problem.model.term_names();
    let imbalance =
        |kind: fn(&Sums) -> &Sum, (quantity, unit): (&'static str, _), components: Range<usize>, scale: f64| {
            let absolute = kind(&fine).absolute.max(NOTHING);
            let relative = |part: &[f64; 3]| part.iter().map(|v| v * v).sum::<f64>().sqrt() / absolute;
            let [sum, other] = [&fine, &coarse].map(|sums| kind(sums).total());
            Imbalance {
                quantity,
                imbalance: sum[components].iter().map(|v| v * scale).collect(),
                unit,
                relative: relative(&sum),
                integration_error: relative(&std::array::from_fn(|c| sum[c] - other[c])),
                terms: names
                    .iter()
                    .zip(&kind(&fine).terms)
                    .map(|(name, part)| Share {
                        term: name.clone(),
                        relative: relative(part),
                    })
                    .collect(),
            }
        };
    // In the plane moments are about the third axis.
    let axes = if d == 2 { 2..3 } else { 0..3 };
    Balance {
        loads: imbalance(|sums| &sums.loads, (loads, units[d - 1]), equation.balanced(), total),
        moments: balances.moments.filter(|_| d > 1).map(|units| {
            let moments = ("moments", units[d - 1]);
            imbalance(|sums| &sums.moments, moments, axes, total * scales.length)
        }),
        energy: imbalance(
            |sums| &sums.energy,
            ("energy", balances.energy[d - 1]),
            0..1,
            total * scales.field,
        ),
    }
}

/// Absolute parts that count as nothing: dimensionless loads are O(1), and rounding in a body without load is no imbalance.
const NOTHING: f64 = 1e-6;

//! What must balance in a body that is in equilibrium: forces or heat, moments, energy.
//!
//! Loads are those that the problem prescribes, wherever it does; the field's own normal flux stands for reactions only. So
//! a field that satisfies the equation, but not the loads on its boundary, is out of balance. Values that a loss term
//! prescribes count in the same way in the balance of energy, and a start that is not the prescribed one as heat from nowhere.

use std::ops::Range;

use serde::Serialize;

use super::CandidateField;
use super::quadrature::Fineness;
use super::sums::{Scope, Sum, Sums};
use super::weight::Weight;

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
    /// Norm of `imbalance` by the sum of the absolute parts; of a transient problem the largest one at a few times, by that sum at the end.
    pub relative: f64,
    /// Estimated error of `relative` by integration: the difference of two quadrature rules, the finer ones of which are taken where it
    /// decides.
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

/// The balances of a field over the whole boundary and, in transient problems, from the start to a few times.
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
    let weight = Weight::new(problem);
    let spans = if problem.model.transient {
        &SPANS[..]
    } else {
        &[[0.0, 1.0]]
    };
    let sums = |fineness: Fineness| -> Vec<Sums> {
        let scope = |span: &[f64; 2]| Scope {
            fineness,
            span: *span,
            weight: &weight,
        };
        spans.iter().map(|span| Sums::new(candidate, scope(span))).collect()
    };
    let balances = problem.file.equation.physics().balances(problem.model.transient);
    let (loads, units) = balances.loads;
    let total = scales.flux() * scales.length.powi(d as i32 - 1) * scales.time;
    let names = problem.model.term_names();
    let axes = if d == 2 { 2..3 } else { 0..3 };
    let measure = |fine: &[Sums], coarse: &[Sums]| -> Balance {
        let imbalance =
            |kind: fn(&Sums) -> &Sum, (quantity, unit): (&'static str, _), components: Range<usize>, scale: f64| {
                let absolute = fine.iter().map(|sums| kind(sums).absolute).sum::<f64>().max(NOTHING);
                let relative = |part: &[f64; 3]| part.iter().map(|v| v * v).sum::<f64>().sqrt() / absolute;
                // From the start to the end of each span: what is missing for a while counts as well.
                let [own, other] = [fine, coarse].map(|list| running(list.iter().map(|sums| kind(sums).total())));
                let worst = |list: &[[f64; 3]]| list.iter().map(relative).fold(0.0, larger);
                let apart: Vec<[f64; 3]> = own
                    .iter()
                    .zip(&other)
                    .map(|(a, b)| std::array::from_fn(|c| a[c] - b[c]))
                    .collect();
                let parts = |term: usize| fine.iter().map(move |sums| kind(sums).terms[term]);
                Imbalance {
                    quantity,
                    imbalance: own
                        .last()
                        .map_or(&[][..], |sum| &sum[components])
                        .iter()
                        .map(|v| v * scale)
                        .collect(),
                    unit,
                    relative: worst(&own),
                    integration_error: worst(&apart),
                    terms: (names.iter().enumerate())
                        .map(|(term, name)| Share {
                            term: name.clone(),
                            relative: worst(&running(parts(term))),
                        })
                        .collect(),
                }
            };
        Balance {
            loads: imbalance(|sums| &sums.loads, (loads, units[d - 1]), equation.balanced(), total),
            // In the plane moments are about the third axis.
            moments: balances.moments.filter(|_| d > 1).map(|units| {
                let moments = ("moments", units[d - 1]);
                imbalance(|sums| &sums.moments, moments, axes.clone(), total * scales.length)
            }),
            energy: imbalance(
                |sums| &sums.energy,
                ("energy", balances.energy[d - 1]),
                0..1,
                total * scales.field,
            ),
        }
    };
    let (mut fineness, mut coarse) = (Fineness::Fine, sums(Fineness::Coarse));
    loop {
        let fine = sums(fineness);
        let found = measure(&fine, &coarse);
        match fineness.next() {
            Some(finer) if found.all().any(Imbalance::unknown) => (fineness, coarse) = (finer, fine),
            _ => return found,
        }
    }
}

/// Spans of time whose ends balances are asked at; heat moves fastest at first.
const SPANS: [[f64; 2]; 4] = [[0.0, 0.1], [0.1, 0.3], [0.3, 0.6], [0.6, 1.0]];

/// The sums of the first one, two, three … of a list.
fn running(list: impl Iterator<Item = [f64; 3]>) -> Vec<[f64; 3]> {
    list.scan([0.0; 3], |sum, part| {
        *sum = std::array::from_fn(|c| sum[c] + part[c]);
        Some(*sum)
    })
    .collect()
}

/// The larger of two numbers, or the one that is none.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Absolute parts that count as nothing: dimensionless loads are O(1), and rounding in a body without load is no imbalance.
const NOTHING: f64 = 1e-6;

//! The result in SI units, and how far it can be trusted: errors against the reference, and what tells without one
//! (balances, residuals on fresh points, warnings).

mod balance;
mod candidate;
mod comparison;
mod errors;
mod estimate;
mod potential;
mod quadrature;
mod residuals;
mod sums;
mod warning;
mod weight;

pub use balance::{Balance, Imbalance, Share, balance};
pub use candidate::{CandidateField, ClosedForm};
pub use comparison::{Comparison, comparison};
pub use errors::{Errors, errors};
pub use estimate::{Estimate, estimate};
pub use potential::{CHANGE_LIMIT, ENERGY_LIMIT, Potential, RISE_LIMIT, parted, potential, unsettled};
pub use residuals::{Residuals, residuals};
pub use warning::{
    BALANCE_LIMIT, CAPTURED, ESTIMATE_LIMIT, OVERFIT_RATIO, OVERFIT_RESIDUAL, Warning, inaccurate, overfitted,
    unbalanced, unknown, worse_than_none,
};

use rayon::prelude::*;

use crate::equation::Scale;
use crate::formulation::Model;
use crate::jet::fused::Kernel;
use crate::jet::{Jet, Order};
use crate::problem::Problem;
use crate::start::Prepared;

/// A trained ansatz.
pub struct Solution<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// Its model with the size of the field.
    pub model: &'a Model,
    /// The network's kernel in f64.
    pub kernel: &'a Kernel<f64>,
    /// The trained parameters.
    pub parameters: &'a [f64],
}

/// A named array over points.
#[derive(Clone, Debug)]
pub struct Array {
    /// Its name.
    pub name: &'static str,
    /// Its SI unit.
    pub unit: String,
    /// Components per point.
    pub components: usize,
    /// `[n, components]`.
    pub values: Vec<f64>,
}

impl CandidateField for Solution<'_> {
    fn problem(&self) -> &Problem {
        self.problem
    }

    fn jets_in(&self, points: &[[f64; 4]], regions: &[usize], order: Order) -> Vec<f64> {
        let (problem, channels) = (self.problem, self.channels(order));
        let x: Vec<f64> = points.iter().flat_map(|x| problem.model.coordinates(x)).collect();
        let mut jets = self.kernel.jets(self.parameters, channels, &x);
        let stride = problem.model.equation.components() * channels.count();
        let heads = problem.model.equation.parts();
        if heads > 1 {
            let chosen = jets.par_chunks(heads * stride).zip(regions);
            jets = chosen
                .flat_map_iter(|(all, region)| all[region * stride..(region + 1) * stride].iter().copied())
                .collect();
        }
        let shape = problem.model.shape.as_ref();
        jets.par_chunks_mut(stride)
            .zip(points.par_iter().zip(regions))
            .for_each(|(jet, (x, region))| self.model.ansatz.apply(shape, x, *region, channels, jet));
        jets
    }
}

impl<'a> Solution<'a> {
    /// What an attempt has come to.
    pub fn of(prepared: &'a Prepared) -> Self {
        Self {
            problem: &prepared.problem,
            model: &prepared.model,
            kernel: &prepared.kernel,
            parameters: &prepared.parameters,
        }
    }

    /// The result arrays at dimensionless points, in SI units: the equation's quantities, the norm of its residual, and the
    /// error of the field where a reference exists.
    pub fn arrays(&self, points: &[[f64; 4]]) -> Vec<Array> {
        let (problem, equation) = (self.problem, self.problem.model.equation.as_ref());
        let quantities = equation.medium().quantities();
        // Wide networks take longer than all the rest: one evaluation serves fluxes and residuals.
        let order = equation.order().max(Order::First);
        let channels = self.channels(order);
        let m = equation.components();
        let jets = self.jets(points, order);
        let mut arrays: Vec<Array> = quantities
            .iter()
            .map(|quantity| Array {
                name: quantity.name,
                unit: quantity.unit.into(),
                components: quantity.components,
                values: Vec::with_capacity(points.len() * quantity.components),
            })
            .collect();
        let scales = &problem.scales;
        let (mut values, mut flux) = (Vec::new(), vec![0.0; 3 * equation.field_components()]);
        for (jet, x) in jets.chunks(m * channels.count()).zip(points) {
            values.clear();
            let u = Jet::new(channels, jet);
            equation.flux(x, &u, &mut flux);
            equation.evaluate(x, &u, &flux, &mut values);
            let mut rest = values.as_slice();
            for (array, quantity) in arrays.iter_mut().zip(&quantities) {
                let (own, others) = rest.split_at(quantity.components);
                rest = others;
                let (offset, unit) = match quantity.scale {
                    Scale::Field => (scales.offset, scales.field),
                    Scale::Flux => (0.0, scales.flux()),
                    Scale::Gradient => (0.0, scales.field / scales.length),
                    Scale::Energy => (0.0, scales.flux() * scales.field / scales.length),
                };
                array.values.extend(own.iter().map(|v| offset + unit * v));
            }
        }
        arrays.push(Array {
            name: "residual",
            unit: problem.file.equation.physics().source_unit().into(),
            components: 1,
            values: jets
                .par_chunks(m * channels.count())
                .zip(points)
                .map_init(
                    || vec![0.0; equation.residuals()],
                    |residual, (jet, x)| {
                        equation.residual(x, &Jet::new(channels, jet), residual);
                        scales.source() * residual.iter().map(|v| v * v).sum::<f64>().sqrt()
                    },
                )
                .collect(),
        });
        if equation.parts() > 1 {
            arrays.push(Array {
                name: "material",
                unit: "1".into(),
                components: 1,
                values: problem
                    .model
                    .regions_of(points)
                    .into_iter()
                    .map(|region| region as f64)
                    .collect(),
            });
        }
        if let Some(reference) = &problem.reference {
            let k = channels.count();
            let values = jets
                .chunks(m * k)
                .zip(points)
                .map(|(jet, x)| {
                    let own = &reference[problem.model.region(x).min(reference.len() - 1)];
                    let errors = own.iter().zip(jet.chunks(k));
                    let square: f64 = errors.map(|(exact, jet)| (jet[0] - exact.at::<f64>(x)).powi(2)).sum();
                    scales.field * square.sqrt()
                })
                .collect();
            arrays.push(Array {
                name: "error",
                unit: quantities[0].unit.into(),
                components: 1,
                values,
            });
        }
        arrays
    }
}

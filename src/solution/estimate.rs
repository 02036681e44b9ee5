//! An estimate of the error without a reference: the defect equation, solved on features that training did not have.
//!
//! To first order the error e = u − u* satisfies the equation and conditions linearised at u with the residuals of u on the right. It is
//! approximated by new random features in the same ansatz, min Σ λ·|A·e − r|² on points that no training used. What the
//! features cannot follow is not seen: `captured` says which part of the residual they explain. A value near 1
//! means that the estimate can be trusted; a small one means that it is a lower bound.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{CandidateField, Errors, Solution};
use crate::jet::fused::Kernel;
use crate::jet::{Jet, Order, Rows};
use crate::network::{NetworkKind, RandomFeatures};
use crate::sampler::Stream;
use crate::start::{architecture, fresh_rows};
use crate::training::fit_exactly;

/// Unknowns of the defect equation at most.
const UNKNOWNS: usize = 600;
/// Features at most.
const FEATURES: usize = 400;
/// Points per term that the residual is taken at.
const POINTS: usize = 1024;
/// Largest slope of the features: errors are rougher than solutions.
const SLOPE: f64 = 4.0;

/// Points that the norms are taken over at most.
const CHECKED: usize = 4096;

/// Estimated relative errors.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Estimate {
    /// Of the field, relative L2.
    pub field_l2: f64,
    /// Of the flux, relative L2.
    pub flux_l2: f64,
    /// Share of the residual, as a root mean square, that the estimated error explains.
    pub captured: f64,
    /// Estimated by true error of field and flux, where the problem has a reference.
    pub effectivity: Option<[f64; 2]>,
}

/// Estimates the error of a solution over the first of `points`; λ are the `weights` of the terms.
pub fn estimate(solution: &Solution<'_>, weights: &[f64], points: &[[f64; 4]], errors: Option<&Errors>) -> Estimate {
    let points = &points[..points.len().min(CHECKED)];
    let problem = solution.problem;
    let (m, fields) = (
        problem.model.equation.components(),
        problem.model.equation.field_components(),
    );
    let outputs = problem.model.outputs();
    let network = NetworkKind::RandomFeatures(RandomFeatures {
        width: (UNKNOWNS / outputs).min(FEATURES),
        slope: Some(SLOPE),
        ..RandomFeatures::default()
    });
    let mut random = ChaCha8Rng::seed_from_u64(Stream::Estimate.seed(problem.file.seed, 0));
    let kernel = Kernel::new(architecture(problem, &network, &mut random));
    let features = network.initial_parameters(kernel.architecture(), &mut random);
    // C·j_e = −(C·j_N − d) is what the network lacks.
    let mut terms: Vec<Rows<f64>> = fresh_rows(solution.model, problem.file.seed, POINTS)
        .iter()
        .map(|rows| solution.kernel.frozen(solution.parameters, rows))
        .collect();
    let mut before = 0.0;
    for (rows, weight) in terms.iter_mut().zip(weights) {
        rows.scale(*weight);
        rows.rhs = solution
            .kernel
            .residuals(solution.parameters, &*rows)
            .iter()
            .map(|r| -r)
            .collect();
        for (rhs, weight) in rows.rhs.chunks(rows.residuals).zip(&rows.weights) {
            before += weight * rhs.iter().map(|r| r * r).sum::<f64>();
        }
    }
    let fitted = fit_exactly(&kernel, &features, &terms);
    let after: f64 = kernel.losses(&fitted, &terms.iter().collect::<Vec<_>>()).iter().sum();
    let correction = |parameters: &[f64], order: Order| {
        let solution = Solution {
            problem,
            model: solution.model,
            kernel: &kernel,
            parameters,
        };
        solution.jets(points, order)
    };
    // The ansatz is affine: without its lift the correction is a difference of two fields.
    let (with, without) = (correction(&fitted, Order::First), correction(&features, Order::First));
    let mut error: Vec<f64> = with.iter().zip(&without).map(|(a, b)| a - b).collect();
    let channels = solution.channels(Order::First);
    let stride = m * channels.count();
    let equation = problem.model.equation.as_ref();
    if problem.mean.is_some() {
        // A constant changes no residual, and the mean is right.
        let weights: Vec<f64> = points.iter().map(|x| equation.weight(x)).collect();
        let sum: f64 = error.chunks(stride).zip(&weights).map(|(jet, w)| w * jet[0]).sum();
        let mean = sum / weights.iter().sum::<f64>();
        error.iter_mut().step_by(stride).for_each(|value| *value -= mean);
    }
    let (mut squares, mut flux) = ([[0.0; 2]; 2], vec![0.0; 3 * fields]);
    let jets = solution.jets(points, Order::First);
    let mut tangent = vec![0.0; flux.len() * stride];
    for (k, field) in [&error, &jets].into_iter().enumerate() {
        for ((jet, own), x) in field.chunks(stride).zip(jets.chunks(stride)).zip(points) {
            let weight = equation.weight(x);
            if k == 0 && equation.nonlinear_flux() {
                // To first order, about the solution.
                equation.flux_tangent(x, &Jet::new(channels, own), &mut tangent);
                let rows = flux.iter_mut().zip(tangent.chunks(stride));
                rows.for_each(|(q, row)| *q = row.iter().zip(jet).map(|(a, e)| a * e).sum());
            } else {
                equation.flux(x, &Jet::new(channels, jet), &mut flux);
            }
            let jet = Jet::new(channels, jet);
            squares[0][k] += weight * (0..fields).map(|c| jet.value(c).powi(2)).sum::<f64>();
            squares[1][k] += weight * flux.iter().map(|q| q * q).sum::<f64>();
        }
    }
    let [field_l2, flux_l2] = squares.map(|[error, size]| {
        if size > 0.0 {
            (error / size).sqrt()
        } else {
            error.sqrt()
        }
    });
    Estimate {
        field_l2,
        flux_l2,
        captured: if before > 0.0 {
            (1.0 - after / before).max(0.0).sqrt()
        } else {
            1.0
        },
        effectivity: errors.map(|errors| [field_l2 / errors.field_l2, flux_l2 / errors.flux_l2]),
    }
}

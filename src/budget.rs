//! How much memory a run will need, asked before anything is allocated.

use crate::error::Error;
use crate::output::available_memory;
use crate::problem::Problem;

/// Bytes that a run will need: the points, the normal equations of a curvature stage, the output, the kernel's buffers.
pub fn memory_estimate(problem: &Problem) -> u64 {
    let m = problem.equation.components() as u128;
    let d = problem.bounds().0.len() as u128;
    let p = problem
        .file
        .network
        .parameters(problem.equation.components(), d as usize);
    let channels =
        |order| crate::jet::Channels::new(problem.shape.dimension(), problem.transient(), order).count() as u128;
    let sizes = problem.term_sizes();
    let mut points = sizes[0] as u128 * (d + 1 + m * (1 + m * channels(problem.equation.order())));
    for (term, size) in problem.terms.iter().zip(&sizes[1..]) {
        let r = term.condition.residuals() as u128;
        points += *size as u128 * (d + 1 + r * (1 + m * channels(term.condition.order())));
    }
    let curvature = problem
        .file
        .training
        .iter()
        .any(|stage| matches!(stage, crate::training::StageKind::GaussNewton(_)));
    // JᵀJ, its factor and a copy; a chunk of J; otherwise pairs of L-BFGS and partial gradients.
    let dense = if curvature { 3 * p * p + (8 << 20) } else { 200 * p };
    // Fields and their jets at the nodes of the output grid and at the check points.
    let output = &problem.file.output;
    let fields = (output.cells as u128).saturating_mul(60) + (output.check_points as u128).saturating_mul(20);
    let base = 16 << 20;
    u64::try_from((points + dense + fields).saturating_mul(8) + base).unwrap_or(u64::MAX)
}

/// Refuses a run that cannot fit.
///
/// # Errors
/// The need and what is available.
pub fn check_memory(problem: &Problem) -> Result<(), Error> {
    let needed = memory_estimate(problem);
    match available_memory() {
        Some(available) if needed > available => Err(Error::Memory {
            needed,
            available,
            hint: "take fewer `points` or a smaller `network`".into(),
        }),
        _ => Ok(()),
    }
}

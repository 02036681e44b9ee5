//! How much memory a run will need, asked before anything is allocated; and what is done at once so that it stays within a
//! given amount.

use crate::batch::{Adapt, Batch, Divide, Draw, Points, Rad, Whole};
use crate::error::{Error, bytes};
use crate::formulation::{Formulation, point_bytes};
use crate::jet::Channels;
use crate::output::available_memory;
use crate::path;
use crate::problem::{Attempt, Problem};
use crate::quantity::Path;
use crate::training::{CHUNK_BYTES, UNKNOWNS, gram_bytes, last_layer_bytes};

/// What a run does at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Rows of all points are kept in memory; otherwise they are made whenever they are needed.
    pub stored: bool,
    /// Points per term that full-batch evaluations take at once.
    pub chunk: usize,
    /// Points per term that a first-order step takes at once.
    pub micro_batch: usize,
    /// Bytes of the Jacobian that Gauss–Newton takes at once.
    pub chunk_bytes: usize,
    /// The largest resident size that is expected, bytes.
    pub predicted: u64,
}

/// Without a memory limit, points are kept up to this many bytes. A constant, so that a file's result does not depend on how
/// much memory happens to be free.
const STORED: u128 = 1 << 30;
/// Points per term that are taken at once without a limit.
const CHUNK: usize = 8192;
/// Points per term that a first-order step takes at once without a limit.
const MICRO_BATCH: usize = 65_536;
/// Threads that a memory limit is divided for.
const THREADS: u128 = 4;
/// Resident size of the program itself, with CUDA in it.
const PROGRAM: u128 = 12 << 20;
/// Numbers per point, unit and channel that Burn's tensor operations hold until the gradient is done.
const TAPE: u128 = 5;

/// Sizes that a plan is made from, bytes.
struct Sizes {
    /// Parameters of the network.
    parameters: usize,
    /// One point of every term, as f64 rows, times the number of points.
    stored: u128,
    /// The widest point's rows, made when they are needed in f64 and used in f32, with its coordinates.
    point: u128,
    /// The same gathered in f32 from rows that are kept, with its index and factor.
    gathered: u128,
    /// Buffers of one thread.
    buffers: u128,
    /// What depends neither on the points nor on the threads.
    fixed: u128,
    /// Activations of one point by Burn's tensor operations.
    tape: u128,
    /// Interior points.
    interior: u128,
    /// The Jacobian of the largest term.
    jacobian: u128,
    /// Unknowns of the output layer.
    output: u128,
}

fn sizes(problem: &Problem, attempt: &Attempt) -> Sizes {
    let components = problem.model.outputs();
    let dimensions = problem.model.axes(0);
    let network = &attempt.network;
    let p = network.parameters(
        components,
        dimensions,
        problem.poles().iter().map(|pole| pole.space).sum::<usize>() + problem.model.periodic.len(),
    );
    let channels = |order| Channels::new(problem.model.shape.dimension(), problem.model.transient, order);
    let terms = 0..=problem.model.terms.len();
    let widths: Vec<u128> = terms
        .clone()
        .map(|term| point_bytes(&problem.model, term) as u128)
        .collect();
    let residuals: Vec<u128> = terms.map(|term| problem.model.residuals(term) as u128).collect();
    let lengths: Vec<u128> = problem
        .point_sets(attempt)
        .iter()
        .map(|set| set.len() as u128)
        .collect();
    let widest = widths.iter().copied().max().unwrap_or(0);
    let units = network.width() as u128 * network.depth() as u128;
    let count = channels(problem.model.equation.order()).count() as u128;
    // Blocks of 32 to 256 points, two precisions, per thread: see `jet::fused`.
    let buffers = (units * count * 16 * 32 * 2).max(1 << 20);
    let parameters = usize::try_from(p).unwrap_or(usize::MAX);
    let held = attempt.stages.iter().map(|stage| stage.held(parameters));
    let dense = held.clone().map(|held| held.matrices as u128).max().unwrap_or(0);
    let history = held.clone().map(|held| held.vectors as u128).max().unwrap_or(8);
    // A batch of the kernel form is no larger than all points; its matrix is factorised in a copy.
    let all = lengths
        .iter()
        .zip(&residuals)
        .map(|(n, r)| n.saturating_mul(*r))
        .fold(0, u128::saturating_add);
    let rows = held.map(|held| held.rows as u128).max().unwrap_or(0).min(all);
    // Partial gradients of the reduction, and what the most demanding stages hold.
    let vectors = p * (history + 3 * 32) + dense * p * p + rows * (p + 3 * rows);
    // Fields and their jets at the nodes of the output grid and at the check points.
    let output = &problem.file.output;
    let fields = (output.cells as u128).saturating_mul(60) + (output.check_points as u128).saturating_mul(30);
    Sizes {
        parameters,
        stored: lengths
            .iter()
            .zip(&widths)
            .map(|(n, width)| n.saturating_mul(*width))
            .fold(0, u128::saturating_add),
        point: 3 * widest / 2 + 160,
        gathered: widest / 2 + 32,
        buffers,
        fixed: PROGRAM + vectors.saturating_mul(8).saturating_add(fields.saturating_mul(8)),
        output: (network.width() as u128 + 1) * components as u128,
        tape: units * count * TAPE * 4,
        interior: lengths.first().copied().unwrap_or(0),
        jacobian: lengths
            .iter()
            .zip(&residuals)
            .map(|(n, r)| n.saturating_mul(r * p * 8))
            .max()
            .unwrap_or(0),
    }
}

/// A run that cannot be planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What in the problem file is at fault.
    pub at: Path,
    /// What is wrong.
    pub message: String,
    /// What to try next.
    pub hint: String,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Argument {
            message: refusal.message,
            hint: refusal.hint,
        }
    }
}

/// Plans an attempt on the points that a file asks for.
///
/// # Errors
/// A limit that not even one point at a time would keep; drawing that needs all points in memory where they are too many.
pub fn plan(problem: &Problem, attempt: &Attempt, points: &Points) -> Result<Plan, Refusal> {
    let sizes = sizes(problem, attempt);
    let terms = problem.model.terms.len() as u128 + 1;
    let newton = attempt.stages.iter().any(|stage| stage.held(sizes.parameters).jacobian);
    let limit = problem.file.memory.as_ref().and_then(crate::problem::Memory::bytes);
    let asked = points.micro_batch.unwrap_or(MICRO_BATCH);
    let mut plan = Plan {
        stored: sizes.stored <= STORED,
        chunk: CHUNK,
        micro_batch: asked,
        chunk_bytes: CHUNK_BYTES,
        predicted: 0,
    };
    if let Some(limit) = limit.map(u128::from) {
        // A plan for a fixed number of threads, so that results do not depend on how many there are.
        let needed = sizes.fixed + THREADS * sizes.buffers + terms * sizes.point;
        let Some(room) = limit.checked_sub(needed) else {
            return Err(too_small(limit, needed));
        };
        // Half for what is kept, a quarter for what is taken at once, the rest for what was not thought of.
        plan.stored = sizes.stored <= room / 2;
        let at_once = |bytes: u128| usize::try_from((bytes / (terms * sizes.point)).max(1)).unwrap_or(CHUNK);
        plan.chunk = at_once(room / 4).min(CHUNK);
        plan.micro_batch = at_once(room / 4).min(asked);
        plan.chunk_bytes = usize::try_from(room / 4).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
    }
    let interior = usize::try_from(sizes.interior).unwrap_or(usize::MAX);
    let batch = largest_batch(attempt, points, interior);
    let at_once = |size: usize| (size.min(interior) as u128).saturating_mul(sizes.point);
    // Indices and factors of a selection, or points and weights where they are made.
    let made = matches!(points.draw, Draw::Fresh) || points.jitter.is_some();
    let copies = points.jitter.as_ref().map_or(1, |jitter| jitter.copies) as u128;
    let drawn = batch as u128 * copies * if made { 48 } else { 16 };
    let step = match points.naive() {
        true => (batch as u128).saturating_mul(sizes.tape + sizes.point),
        false => {
            let micro = (batch as u128 * copies).min(plan.micro_batch as u128);
            let row = if plan.stored && !made {
                sizes.gathered
            } else {
                sizes.point
            };
            drawn.saturating_add(micro * terms * row)
        }
    };
    // Densities of candidates, and the list of points.
    let list = |adapt: &Adapt| 8 * adapt.candidates(interior) as u128 + 64 * sizes.interior;
    let redrawn = attempt.stages.iter().any(|stage| stage.held(sizes.parameters).list);
    let adapted = points.adapt.as_ref().map_or(0, list);
    let adapted = adapted.max(if redrawn { list(&Adapt::Rad(Rad::default())) } else { 0 });
    let full = if plan.stored { 0 } else { at_once(plan.chunk) };
    let jacobian = if newton {
        sizes.jacobian.min(plan.chunk_bytes as u128)
    } else {
        0
    };
    let factors = if attempt.stages.iter().any(|stage| stage.held(sizes.parameters).output) {
        let householder = last_layer_bytes(sizes.output, plan.chunk_bytes as u128);
        // Those that have no common forms are found out by the attempts, which are made of fewer features then.
        match problem.model.formulation == Formulation::Energy && sizes.output > UNKNOWNS as u128 {
            true => householder.min(gram_bytes(sizes.output)),
            false => householder,
        }
    } else {
        0
    };
    let kept = if plan.stored { sizes.stored } else { 0 };
    let threads = rayon::current_num_threads() as u128;
    let total = (sizes.fixed + threads * sizes.buffers)
        .saturating_add(kept)
        .saturating_add(adapted)
        .saturating_add(step.max(full).max(jacobian).max(factors));
    plan.predicted = u64::try_from(total).unwrap_or(u64::MAX);
    if let Some(limit) = limit
        && plan.predicted > limit
    {
        return Err(Refusal {
            at: path!["memory"],
            message: format!(
                "the run would need about {}, but {} are allowed",
                bytes(plan.predicted),
                bytes(limit)
            ),
            hint: fitting(&sizes, points, limit),
        });
    }
    if !plan.stored
        && let Some((at, name)) = needs_all(points, redrawn)
    {
        return Err(Refusal {
            at,
            message: format!(
                "{name} needs all points in memory, which take about {}",
                bytes(u64::try_from(sizes.stored).unwrap_or(u64::MAX))
            ),
            hint: "take fewer points, a higher `memory` limit, or leave it out: points of plain batches are made when they are needed"
                .into(),
        });
    }
    Ok(plan)
}

/// Whether every attempt can be planned.
///
/// # Errors
/// The refusal of an attempt, with what in the file is at fault.
pub fn check_plans(problem: &Problem) -> Result<(), Error> {
    for attempt in problem.attempts.iter().rev() {
        plan(problem, attempt, &problem.file.points)
            .map_err(|refusal| problem.origin.error(&refusal.at, refusal.message, refusal.hint))?;
    }
    Ok(())
}

/// What looks at all points at once.
fn needs_all(points: &Points, redrawn: bool) -> Option<(Path, &'static str)> {
    match &points.draw {
        Draw::Importance(_) => return Some((path!["points", "draw"], "`Importance`")),
        Draw::Strata(strata) if strata.by != Divide::Boundary => return Some((path!["points", "draw"], "`Strata`")),
        _ if points.adapt.is_some() => return Some((path!["points", "adapt"], "`adapt`")),
        _ => {}
    }
    redrawn.then(|| (path!["training"], "`redraw`"))
}

fn too_small(limit: u128, needed: u128) -> Refusal {
    let amount = |bytes: u128| u64::try_from(bytes).unwrap_or(u64::MAX);
    Refusal {
        at: path!["memory"],
        message: format!(
            "a limit of {} is too small even for one point at a time: the run needs at least {}",
            bytes(amount(limit)),
            bytes(amount(needed))
        ),
        hint: "raise `memory`, or take a smaller `network`, a shorter `history` of `Lbfgs`, no `GaussNewton` or `SsBroyden`, fewer output `cells`"
            .into(),
    }
}

/// The largest batch of any first-order stage.
fn largest_batch(attempt: &Attempt, points: &Points, interior: usize) -> usize {
    if points.batch == Some(Batch::All(Whole::Auto)) {
        return interior;
    }
    let first = points.batch_size(interior);
    let stages = &attempt.stages;
    stages
        .iter()
        .filter_map(|stage| stage.largest_batch(first, interior))
        .max()
        .unwrap_or(1)
}

/// The hint with the batch that would fit.
fn fitting(sizes: &Sizes, points: &Points, available: u64) -> String {
    let threads = rayon::current_num_threads() as u128;
    let room = u128::from(available).saturating_sub(sizes.fixed + threads * sizes.buffers);
    let (room, point) = if points.naive() {
        (room.saturating_sub(sizes.stored.min(STORED)), sizes.tape + sizes.point)
    } else {
        let copies = points.jitter.as_ref().map_or(1, |jitter| jitter.copies as u128);
        (room / 2, 48 * copies)
    };
    let other = if points.naive() {
        "use `batch: Full`, which needs no activations of the whole batch"
    } else {
        "raise the limit, or take fewer threads (RAYON_NUM_THREADS)"
    };
    // A power of two, so that the hint is the same on similar machines.
    match (room / point).checked_ilog2() {
        None => other.into(),
        Some(bits) => format!("{other}, or at most `batch: {}`", 1_u128 << bits),
    }
}

/// Plans an attempt and refuses one that cannot fit into the memory that is free.
///
/// # Errors
/// The need and what is available, with what would fit.
pub fn check_memory(problem: &Problem, attempt: &Attempt) -> Result<Plan, Error> {
    let plan = plan(problem, attempt, &problem.file.points)?;
    match available_memory() {
        Some(available) if plan.predicted > available => Err(Error::Memory {
            needed: plan.predicted,
            available,
            hint: if problem.file.points.naive() {
                fitting(&sizes(problem, attempt), &problem.file.points, available)
            } else if problem.file.memory.is_none()
                && plan.stored
                && plan.predicted - available < sizes(problem, attempt).stored.try_into().unwrap_or(u64::MAX)
            {
                "give a `memory` limit, which makes points when they are needed instead of keeping them".into()
            } else {
                "take a smaller `network`, `output` or `history`".into()
            },
        }),
        _ => Ok(plan),
    }
}

//! Gauss–Newton with Levenberg–Marquardt damping.
//!
//! With r the weighted residuals and J = ∂r/∂θ, `[n, p]`, a step solves (JᵀJ + μ·D)·δ = Jᵀr, in one of two forms:
//!
//! - the normal equations, p × p, of all points: [`normal`];
//! - for large p the same step in the space of the residuals, n × n, of a mini-batch: [`dual`].
//!
//! Either way a step is taken only if it lowers the loss over all points, which costs little beside the step: as much as the
//! kernel matrix of b rows at some b²/12 points. For least squares of residuals this is the energy
//! natural gradient (Müller & Zeinhofer, *Achieving high accuracy with PINNs via energy natural gradients*, 2023, arXiv 2302.13163).
//!
//! # Source
//! Marquardt, *J. SIAM* 11 (1963) 431: D = diag(JᵀJ), so that μ has no unit and no step depends on how the parameters are
//! scaled; μ falls by a factor after a success and grows by it until a step lowers the loss.

mod dual;
mod normal;

use faer::Mat;
use faer::linalg::solvers::Solve;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use dual::FIRST_PART;
pub use dual::KernelForm;
use normal::NormalEquations;

use super::full_batch::{FullBatch, Limits, Point, Step, Work};
use super::stage::{Held, Stage};
use super::{Objective, StopReason, norm};
use crate::batch::DrawState;
use crate::jet::Span;

/// Iterations over which [`GaussNewton::tolerance`] is judged.
const WINDOW: usize = 20;
/// Parameters up to which the normal equations are solved. Processor time on two cores, 2048 points: an iteration takes
/// 0.15 s with 1341 parameters, 0.7 s with 2549 and 5 s with 4599; one of the kernel form up to 0.2 s with any of them. On
/// `problems/hot_spot.ron` the normal equations end with an error of 4e-5 in 12 s against 2e-4 with 1341 parameters, the kernel form
/// with 1e-5 in 14 s against 9e-5 in 36 s with 2549.
const MOST_NORMAL: usize = 2000;
/// Bytes of one chunk of the Jacobian, unless memory is short.
pub const CHUNK_BYTES: usize = 32 << 20;
/// Damped solves per iteration at most.
const ATTEMPTS: usize = 30;
/// By which the damping falls after a success and grows after a failure.
const FACTOR: f64 = 3.0;
/// Step of the central differences along the velocity, relative to it.
const DIFFERENCE: f64 = 0.1;
/// Largest acceleration that is used, as 2·|a|/|v|.
const BEND: f64 = 0.75;
/// Damping below which rounding decides.
const LEAST_DAMPING: f64 = 1e-18;
/// Smallest diagonal entry that damping counts with, relative to the mean one.
const FLOOR: f64 = 1e-9;

/// Gauss–Newton with Levenberg–Marquardt damping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussNewton {
    /// Iterations at most.
    pub iterations: usize,
    /// Damping μ of the first step.
    pub damping: f64,
    /// Stops when the loss has fallen by less than this fraction over 20 iterations.
    pub tolerance: f64,
    /// Which equations are solved, `Normal` or `Kernel(…)`; by the number of parameters without it.
    pub form: Option<GaussNewtonForm>,
    /// Iterations between new interior points, drawn where the residual is large; 0 for never, which was as good or better
    /// wherever it was measured: relative errors on `problems/hot_spot.ron` with 0, 5, 10, 25 iterations between are 6e-6, 9e-6, 3e-5,
    /// 9e-6; with 1024 points 3e-5, 2e-5, 3e-5, 5e-5; on `problems/beam.ron` 4e-6, 6e-6, 5e-6, 4e-6. Each new set costs some 10
    /// evaluations of the loss, and the loss must settle on it anew.
    pub redraw: usize,
}

impl Default for GaussNewton {
    fn default() -> Self {
        Self {
            iterations: 200,
            damping: 1e-3,
            tolerance: 0.1,
            form: None,
            redraw: 0,
        }
    }
}

/// Which equations Gauss–Newton solves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum GaussNewtonForm {
    /// As many as parameters, on all points.
    Normal,
    /// As many as residuals, on mini-batches.
    Kernel(KernelForm),
}

impl GaussNewton {
    /// The form for p `parameters`.
    fn form(&self, parameters: usize) -> GaussNewtonForm {
        match &self.form {
            Some(form) => form.clone(),
            None if parameters <= MOST_NORMAL => GaussNewtonForm::Normal,
            None => GaussNewtonForm::Kernel(KernelForm::default()),
        }
    }
}

impl Stage for GaussNewton {
    fn name(&self) -> &'static str {
        "GaussNewton"
    }

    fn steps(&self) -> usize {
        self.iterations
    }

    fn set_steps(&mut self, steps: usize) {
        self.iterations = steps;
    }

    fn check(&self, _batch: usize, _points: usize) -> Result<(), (&'static str, String)> {
        if !(self.damping > 0.0) {
            return Err(("damping", format!("damping = {} must be greater than 0", self.damping)));
        }
        if !(self.tolerance >= 0.0 && self.tolerance < 1.0) {
            return Err((
                "tolerance",
                format!("tolerance = {} must lie in [0, 1)", self.tolerance),
            ));
        }
        match &self.form {
            Some(GaussNewtonForm::Kernel(kernel)) => kernel.check().map_err(|message| ("form", message)),
            _ => Ok(()),
        }
    }

    /// JᵀJ, its factor and a copy; or the rows of a batch with their kernel matrix.
    fn held(&self, parameters: usize) -> Held {
        let held = match self.form(parameters) {
            GaussNewtonForm::Normal => Held {
                matrices: 3,
                jacobian: true,
                ..Held::default()
            },
            GaussNewtonForm::Kernel(kernel) => Held {
                vectors: 16,
                rows: kernel.rows,
                ..Held::default()
            },
        };
        Held {
            list: self.redraw > 0,
            ..held
        }
    }

    fn form(&self, parameters: usize) -> Option<String> {
        Some(match self.form(parameters) {
            GaussNewtonForm::Normal => "normal equations".into(),
            GaussNewtonForm::Kernel(kernel) => format!("kernel form, {} rows", kernel.rows),
        })
    }
}

/// What Gauss–Newton remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The damping of the next iteration.
    damping: f64,
    /// The last step of the kernel form, `[p]`; empty at the start.
    momentum: Vec<f64>,
    /// Which mini-batches of the kernel form were drawn.
    draw: DrawState,
    /// By what the next one is smaller than the largest.
    part: usize,
}

impl FullBatch for GaussNewton {
    type Memory = Memory;

    fn limits(&self) -> Limits {
        Limits {
            iterations: self.iterations,
            tolerance: self.tolerance,
            window: WINDOW,
        }
    }

    fn redraw(&self) -> Option<usize> {
        (self.redraw > 0).then_some(self.redraw)
    }

    fn start(&self, objective: &dyn Objective, parameters: Vec<f64>) -> (Point, Memory) {
        let memory = Memory {
            damping: self.damping,
            momentum: Vec::new(),
            draw: DrawState::default(),
            part: FIRST_PART,
        };
        (Point::without_gradient(objective, parameters), memory)
    }

    fn advance(&self, work: &Work<'_>, at: &Point, memory: &mut Memory) -> Result<Step, StopReason> {
        super::fix_splits();
        // The loads of an energy are linear and have no rows: only the normal equations can take them.
        let form = if work.collocation.energy() {
            GaussNewtonForm::Normal
        } else {
            self.form(at.parameters.len())
        };
        match form {
            GaussNewtonForm::Normal => {
                let mut system = NormalEquations::new(at.parameters.len(), work.chunk_bytes);
                system.assemble(work.kernel, work.collocation, &at.parameters);
                if work.collocation.energy() {
                    let mut gradient = vec![0.0; at.parameters.len()];
                    work.objective.gradient(&at.parameters, &mut gradient);
                    system.set_right(gradient.iter().map(|g| 0.5 * g).collect());
                }
                let found = search(&system, work, at, memory.damping).ok_or(StopReason::RoundingLimit)?;
                memory.damping = found.next();
                Ok(Step {
                    point: found.point,
                    gradient_norm: 2.0 * norm(system.right()),
                    rate: memory.damping,
                })
            }
            GaussNewtonForm::Kernel(kernel) => Ok(kernel.advance(work, at, memory)),
        }
    }
}

/// A linear least-squares problem |J·δ − r|² + μ·|√D·δ|² that can be solved for any damping μ.
trait Damped {
    /// A factorisation for one damping, if the matrix is positive definite to working precision.
    fn factor(&self, damping: f64) -> Option<Factor>;

    /// Solutions δ, `[p]`: more than one where there is more than one guess to start from.
    fn steps(&self, factor: &Factor) -> Vec<Vec<f64>>;

    /// The solution with the second derivative of r along `step` in place of r.
    fn bend(&self, factor: &Factor, work: &Work<'_>, parameters: &[f64], step: &[f64]) -> Vec<f64>;
}

/// A step that lowers the loss.
struct Found {
    /// What was taken away from the parameters.
    step: Vec<f64>,
    /// Where it ended.
    point: Point,
    /// The damping that it needed.
    damping: f64,
}

impl Found {
    /// The damping for the next iteration.
    fn next(&self) -> f64 {
        (self.damping / FACTOR).max(LEAST_DAMPING)
    }
}

/// The first damping with a step that lowers the loss over all points, and the best of its steps: the damping grows from the
/// `last` one until there is one.
fn search(system: &dyn Damped, work: &Work<'_>, at: &Point, last: f64) -> Option<Found> {
    let mut damping = last;
    for _ in 0..ATTEMPTS {
        if let Some(factor) = system.factor(damping) {
            let tried = system.steps(&factor).into_iter().map(|mut step| {
                accelerate(system, &factor, work, &at.parameters, &mut step);
                let parameters: Vec<f64> = at.parameters.iter().zip(&step).map(|(x, d)| x - d).collect();
                let point = Point::without_gradient(work.objective, parameters);
                Found { step, point, damping }
            });
            let lower = tried.filter(|found| found.point.loss < at.loss);
            if let Some(found) = lower.min_by(|a, b| a.point.loss.total_cmp(&b.point.loss)) {
                return Some(found);
            }
        }
        damping *= FACTOR;
    }
    None
}

/// Adds the geodesic acceleration to a step −v: a = −½·(JᵀJ + μD)⁻¹·Jᵀr″, with r″ the second derivative of r along v. It
/// follows the bend of the valley, so that longer steps succeed (Transtrum & Sethna, *Improvements to the
/// Levenberg–Marquardt algorithm*, 2012, arXiv 1201.5885, eq. 8 and 15).
fn accelerate(system: &dyn Damped, factor: &Factor, work: &Work<'_>, parameters: &[f64], step: &mut [f64]) {
    let mut acceleration = system.bend(factor, work, parameters, step);
    acceleration.iter_mut().for_each(|a| *a *= 0.5);
    // Where the acceleration is not small against the velocity the expansion does not hold.
    if 2.0 * norm(&acceleration) <= BEND * norm(step) {
        step.iter_mut().zip(acceleration).for_each(|(d, a)| *d += a);
    }
}

/// The second derivative of the residuals along a step, without the weights, from central differences.
fn curvature(
    kernel: &crate::jet::fused::Kernel<f64>,
    span: Span<'_, f64>,
    parameters: &[f64],
    step: &[f64],
) -> Vec<f64> {
    let shifted = |sign: f64| -> Vec<f64> {
        let moved = parameters.iter().zip(step).map(|(x, d)| x - sign * DIFFERENCE * d);
        moved.collect()
    };
    let mut second = kernel.residuals(&shifted(1.0), span);
    let here = kernel.residuals(parameters, span);
    let behind = kernel.residuals(&shifted(-1.0), span);
    for ((value, here), behind) in second.iter_mut().zip(here).zip(behind) {
        *value = (*value - 2.0 * here + behind) / (DIFFERENCE * DIFFERENCE);
    }
    second
}

/// A Cholesky factorisation.
type Factor = faer::linalg::solvers::Llt<f64>;

/// The solution of a factorised system.
fn solved(factor: &Factor, right: &[f64]) -> Vec<f64> {
    let solution = factor.solve(Mat::from_fn(right.len(), 1, |i, _| right[i]));
    (0..right.len()).map(|i| solution[(i, 0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;
    use crate::training::test_problem::TestProblem;
    use crate::training::{Runner, StageKind, StageState};

    impl TestProblem {
        /// The parameters after a stage that is interrupted and resumed at some iterations.
        fn run(&self, stage: GaussNewton, pauses: &[usize]) -> Vec<f64> {
            let (mut collocation, mut parameters) = (self.collocation(), self.parameters.clone());
            let runner = Runner {
                device: Device::Cpu,
                kernel: &self.kernel,
                points: &self.points,
                micro_batch: 64,
            };
            let stage = StageKind::GaussNewton(stage);
            let mut state = StageState::Start;
            for pause in pauses.iter().copied().map(Some).chain([None]) {
                let (silent, report) = runner.run(&stage, &mut collocation, &mut parameters, state, pause);
                state = StageState::Start;
                if pause.is_some() {
                    assert_eq!(report.stop, StopReason::Interrupted);
                    let Some(checkpoint) = silent.checkpoint else {
                        panic!("nothing was saved");
                    };
                    // As a new process would.
                    collocation = self.collocation();
                    checkpoint.adapted.into_iter().for_each(|list| collocation.adapt(list));
                    (parameters, state) = (checkpoint.parameters, checkpoint.stage);
                }
            }
            parameters
        }
    }

    fn kernel_form(rows: usize, momentum: f64) -> Option<GaussNewtonForm> {
        Some(GaussNewtonForm::Kernel(KernelForm { rows, momentum }))
    }

    /// By the push-through identity, on the same points, whatever the geodesic acceleration and the search add.
    #[test]
    fn the_kernel_form_on_all_points_takes_the_step_of_the_normal_equations() {
        let case = TestProblem::new();
        let after = |form| {
            let stage = GaussNewton {
                iterations: 1,
                form,
                ..GaussNewton::default()
            };
            let end = case.run(stage, &[]);
            let step = end.iter().zip(&case.parameters).map(|(end, start)| end - start);
            step.collect::<Vec<f64>>()
        };
        let normal = after(Some(GaussNewtonForm::Normal));
        let dual = after(kernel_form(1 << 20, 0.0));
        let difference: Vec<f64> = normal.iter().zip(&dual).map(|(a, b)| a - b).collect();
        assert!(norm(&normal) > 0.0);
        assert!(
            norm(&difference) < 1e-8 * norm(&normal),
            "{:e}",
            norm(&difference) / norm(&normal)
        );
    }

    #[test]
    fn an_interrupted_stage_goes_on_with_the_same_bits_across_redraws_and_batches() {
        let case = TestProblem::new();
        for (form, redraw) in [
            (Some(GaussNewtonForm::Normal), 3),
            (kernel_form(120, 0.9), 0),
            (kernel_form(120, 0.5), 4),
        ] {
            let stage = GaussNewton {
                iterations: 10,
                tolerance: 0.0,
                form,
                redraw,
                ..GaussNewton::default()
            };
            let whole = case.run(stage.clone(), &[]);
            for pauses in [&[3, 4][..], &[1, 8], &[6]] {
                assert_eq!(case.run(stage.clone(), pauses), whole, "{stage:?}, {pauses:?}");
            }
            if redraw > 0 {
                let still = GaussNewton { redraw: 0, ..stage };
                assert!(case.run(still, &[]) != whole, "points were not drawn anew");
            }
        }
    }
}

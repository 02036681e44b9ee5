//! Limited-memory BFGS on the full batch.
//!
//! Burn 0.21 has an L-BFGS (`burn::optim::LBFGS`), but it tests absolute thresholds, sees the parameters in f32 and cannot
//! take an objective that is summed over micro-batches; this one has only relative tests, judges curvature pairs by the
//! cosine between s and y, restarts from the gradient when a line search fails, and says why it stops.
//!
//! # Source
//! Nocedal & Wright, *Numerical Optimization*, 2006: two-loop recursion algorithm 7.4, strong Wolfe search algorithms 3.5
//! and 3.6; near the rounding limit the approximate Wolfe test of Hager & Zhang, *SIAM J. Optim.* 16 (2005) 170, eq. 4.1.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checkpoint::StageState;
use super::{Objective, Record, StopReason, Training, dot, norm};
use crate::batch::Collocation;

/// Sufficient decrease.
const ARMIJO: f64 = 1e-4;
/// Curvature condition.
const WOLFE: f64 = 0.9;
/// Evaluations per line search.
const EVALUATIONS: usize = 30;
/// A pair is kept if cos(s, y) exceeds this.
const COSINE: f64 = 1e-10;
/// Iterations over which [`Lbfgs::tolerance`] is judged.
const WINDOW: usize = 100;

/// Limited-memory BFGS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lbfgs {
    /// Iterations at most.
    pub iterations: usize,
    /// Curvature pairs that are remembered.
    pub history: usize,
    /// Stops when the loss has fallen by less than this fraction over 100 iterations.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self {
            iterations: 2000,
            history: 50,
            tolerance: 1e-4,
        }
    }
}

/// L-BFGS between two iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LbfgsState {
    iteration: usize,
    at: Trial,
    first_norm: f64,
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
    losses: VecDeque<f64>,
}

/// A point on the search line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trial {
    step: f64,
    parameters: Vec<f64>,
    gradient: Vec<f64>,
    terms: Vec<f64>,
    loss: f64,
    slope: f64,
}

impl Lbfgs {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.history == 0 {
            return Err(("history", "history = 0 must be at least 1".into()));
        }
        if !(self.tolerance >= 0.0) {
            return Err((
                "tolerance",
                format!("tolerance = {} must not be negative", self.tolerance),
            ));
        }
        Ok(())
    }

    pub(super) fn run(
        &self,
        training: &mut Training<'_>,
        collocation: &Collocation<'_>,
        objective: &dyn Objective,
        parameters: &mut Vec<f64>,
        resumed: Option<LbfgsState>,
    ) -> (usize, f64, StopReason) {
        let mut state = resumed.unwrap_or_else(|| {
            let at = evaluate(objective, parameters, &vec![0.0; parameters.len()], 0.0);
            LbfgsState {
                iteration: 0,
                first_norm: norm(&at.gradient),
                pairs: VecDeque::new(),
                losses: VecDeque::from([at.loss]),
                at,
            }
        });
        if !state.at.loss.is_finite() {
            return (0, state.at.loss, training.non_finite(0, &state.at.terms));
        }
        parameters.clone_from(&state.at.parameters);
        while state.iteration < self.iterations {
            if training.interrupted() {
                let (iteration, loss) = (state.iteration, state.at.loss);
                training.save(collocation, parameters, StageState::Lbfgs(state));
                return (iteration, loss, StopReason::Interrupted);
            }
            if training.observer.due() {
                training.save(collocation, parameters, StageState::Lbfgs(state.clone()));
            }
            if norm(&state.at.gradient) <= 1e-15 * state.first_norm {
                return (state.iteration, state.at.loss, StopReason::GradientVanished);
            }
            let LbfgsState { at, pairs, .. } = &mut state;
            let mut direction = descent(pairs, &at.gradient);
            if !(dot(&direction, &at.gradient) < 0.0) {
                pairs.clear();
                direction = descent(pairs, &at.gradient);
            }
            let mut next = search(objective, at, &direction, first_step(pairs, at, &direction));
            if next.is_none() && !pairs.is_empty() {
                pairs.clear();
                direction = descent(pairs, &at.gradient);
                next = search(objective, at, &direction, first_step(pairs, at, &direction));
            }
            let Some(next) = next else {
                return (state.iteration, state.at.loss, StopReason::RoundingLimit);
            };
            let s: Vec<f64> = next.parameters.iter().zip(&at.parameters).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = next.gradient.iter().zip(&at.gradient).map(|(a, b)| a - b).collect();
            let sy = dot(&s, &y);
            if sy > COSINE * norm(&s) * norm(&y) {
                if pairs.len() == self.history {
                    pairs.pop_front();
                }
                pairs.push_back((s, y, sy));
            }
            state.at = next;
            state.iteration += 1;
            let at = &state.at;
            parameters.clone_from(&at.parameters);
            training.observer.record(&Record::full(
                "Lbfgs",
                (state.iteration, self.iterations),
                collocation.terms[0].len(),
                at.terms.clone(),
                norm(&at.gradient),
                at.step,
            ));
            state.losses.push_back(at.loss);
            if state.losses.len() > WINDOW {
                let before = state.losses.pop_front().unwrap_or(at.loss);
                if before - at.loss <= self.tolerance * before {
                    return (state.iteration, at.loss, StopReason::LossSettled);
                }
            }
        }
        (self.iterations, state.at.loss, StopReason::StepsDone)
    }
}

fn evaluate(objective: &dyn Objective, from: &[f64], direction: &[f64], step: f64) -> Trial {
    let parameters: Vec<f64> = from.iter().zip(direction).map(|(x, d)| x + step * d).collect();
    let mut gradient = vec![0.0; parameters.len()];
    let terms = objective.gradient(&parameters, &mut gradient);
    Trial {
        step,
        loss: terms.iter().sum(),
        slope: dot(&gradient, direction),
        parameters,
        gradient,
        terms,
    }
}

/// −H·g by the two-loop recursion; −g without pairs.
fn descent(pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>, gradient: &[f64]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut factors = Vec::with_capacity(pairs.len());
    for (s, y, sy) in pairs.iter().rev() {
        let factor = dot(s, &q) / sy;
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= factor * y);
        factors.push(factor);
    }
    if let Some((_, y, sy)) = pairs.back() {
        let scale = sy / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, sy), factor) in pairs.iter().zip(factors.iter().rev()) {
        let correction = factor - dot(y, &q) / sy;
        q.iter_mut().zip(s).for_each(|(q, s)| *q += correction * s);
    }
    q
}

/// The first step to try: 1 with curvature; without it a guess, a hundredth of the parameters' size.
fn first_step(pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>, at: &Trial, direction: &[f64]) -> f64 {
    if pairs.is_empty() {
        0.01 * norm(&at.parameters).max(1.0) / norm(direction)
    } else {
        1.0
    }
}

/// A step that meets the strong Wolfe conditions, or the approximate ones where the loss cannot be told apart any more;
/// failing that the lowest point found, if it is lower than the start.
fn search(objective: &dyn Objective, start: &Trial, direction: &[f64], guess: f64) -> Option<Trial> {
    let slope = dot(&start.gradient, direction);
    let noise = 1e-14 * start.loss.abs();
    let accepted = |trial: &Trial| {
        let flat = trial.slope.abs() <= -WOLFE * slope;
        let wolfe = trial.loss <= start.loss + ARMIJO * trial.step * slope && flat;
        let approximate = trial.loss <= start.loss + noise && flat && trial.slope <= (2.0 * ARMIJO - 1.0) * slope;
        wolfe || approximate
    };
    let mut best: Option<Trial> = None;
    let mut low = Trial {
        slope,
        step: 0.0,
        ..start.clone()
    };
    let mut high: Option<Trial> = None;
    let mut step = guess;
    for _ in 0..EVALUATIONS {
        let trial = evaluate(objective, &start.parameters, direction, step);
        if trial.loss.is_finite() && accepted(&trial) {
            return Some(trial);
        }
        if trial.loss < best.as_ref().map_or(start.loss, |best| best.loss) {
            best = Some(trial.clone());
        }
        let too_far = !trial.loss.is_finite()
            || trial.loss > start.loss + ARMIJO * trial.step * slope + noise
            || (low.step > 0.0 && trial.loss >= low.loss);
        if too_far {
            high = Some(trial);
        } else if trial.slope * (high.as_ref().map_or(f64::INFINITY, |h| h.step) - low.step) >= 0.0 {
            high = Some(std::mem::replace(&mut low, trial));
        } else {
            low = trial;
        }
        step = match &high {
            None => low.step * 4.0,
            Some(high) => between(&low, high),
        };
        if let Some(high) = &high
            && (high.step - low.step).abs() <= 1e-14 * high.step.abs().max(low.step.abs())
        {
            break;
        }
    }
    best
}

/// The minimum of the cubic through values and slopes of both ends, kept off the ends (Nocedal & Wright, eq. 3.59).
fn between(low: &Trial, high: &Trial) -> f64 {
    let (a, b) = (low.step, high.step);
    let middle = 0.5 * (a + b);
    if !high.loss.is_finite() {
        return a + 0.1 * (b - a);
    }
    let d1 = low.slope + high.slope - 3.0 * (low.loss - high.loss) / (a - b);
    let square = d1 * d1 - low.slope * high.slope;
    if !(square >= 0.0) {
        return middle;
    }
    let d2 = (b - a).signum() * square.sqrt();
    let step = b - (b - a) * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let (left, right) = (a.min(b), a.max(b));
    let margin = 0.1 * (right - left);
    if step.is_finite() {
        step.clamp(left + margin, right - margin)
    } else {
        middle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in n/2 pairs, scaled by a factor.
    struct Rosenbrock(f64);

    impl Objective for Rosenbrock {
        fn losses(&self, x: &[f64]) -> Vec<f64> {
            self.gradient(x, &mut vec![0.0; x.len()])
        }

        fn gradient(&self, x: &[f64], gradient: &mut [f64]) -> Vec<f64> {
            let mut loss = 0.0;
            for (x, g) in x.chunks(2).zip(gradient.chunks_mut(2)) {
                let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
                loss += self.0 * (a * a + 100.0 * b * b);
                g[0] = self.0 * (-2.0 * a - 400.0 * x[0] * b);
                g[1] = self.0 * 200.0 * b;
            }
            vec![loss]
        }
    }

    fn minimise(objective: &dyn Objective, start: Vec<f64>) -> (Vec<f64>, usize) {
        let zero = vec![0.0; start.len()];
        let mut at = evaluate(objective, &start, &zero, 0.0);
        let mut pairs = VecDeque::new();
        for iteration in 0..300 {
            if norm(&at.gradient) == 0.0 {
                return (at.parameters, iteration);
            }
            let direction = descent(&pairs, &at.gradient);
            let guess = first_step(&pairs, &at, &direction);
            let Some(next) = search(objective, &at, &direction, guess) else {
                return (at.parameters, iteration);
            };
            let s: Vec<f64> = next.parameters.iter().zip(&at.parameters).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = next.gradient.iter().zip(&at.gradient).map(|(a, b)| a - b).collect();
            let sy = dot(&s, &y);
            pairs.push_back((s, y, sy));
            at = next;
        }
        (at.parameters, 300)
    }

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_minimum_whatever_the_units_of_the_loss() {
        for factor in [1.0, 1e-12, 1e12] {
            let (x, iterations) = minimise(&Rosenbrock(factor), vec![-1.2, 1.0, 0.3, -2.0]);
            assert!(
                x.iter().all(|x| (x - 1.0).abs() < 1e-7),
                "{factor}: {x:?} after {iterations}"
            );
            assert!(iterations < 120, "{factor}: {iterations}");
        }
    }
}

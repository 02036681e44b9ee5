//! Batches that grow while training runs, and what that does to the learning rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the batch changes during a first-order stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Growth {
    /// From given steps on given sizes: `Steps([(200, 1024), (400, 4096)])`.
    Steps(Vec<(usize, usize)>),
    /// By a factor at equal intervals.
    Geometric(Geometric),
    /// Whenever the measured signal-to-noise ratio of the gradient is too small.
    Adaptive(Adaptive),
}

/// B·factor^k after k intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Geometric {
    /// By which the batch is multiplied.
    pub factor: f64,
    /// Steps per interval.
    pub every: usize,
    /// Largest batch; all points by default.
    pub largest: Option<usize>,
}

impl Default for Geometric {
    fn default() -> Self {
        Self {
            factor: 2.0,
            every: 100,
            largest: None,
        }
    }
}

/// The norm test: the batch is large enough while tr Σ/B ≤ (1 − confidence)·|g|², for then by Chebyshev's inequality the batch
/// gradient is off by |g| or more with at most the probability 1 − confidence.
///
/// # Source
/// Byrd, Chin, Nocedal & Wu, *Math. Program.* 134 (2012) 127, eq. 3.3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adaptive {
    /// Required probability, in (0, 1).
    pub confidence: f64,
    /// Steps between measurements.
    pub every: usize,
    /// Largest batch; all points by default.
    pub largest: Option<usize>,
    /// What is done: `Grow` doubles the batch (and halves the rate once it is largest), `Slow` halves the rate.
    pub action: Action,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            confidence: 0.5,
            every: 20,
            largest: None,
            action: Action::Grow,
        }
    }
}

/// What is done about a gradient that is mostly noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Action {
    /// Doubles the batch; once it is as large as allowed, halves the learning rate.
    Grow,
    /// Halves the learning rate.
    Slow,
}

impl Growth {
    /// The batch at a step, for the kinds that do not measure: a function of the step alone.
    pub fn size(&self, step: usize, first: usize, points: usize) -> Option<usize> {
        match self {
            Self::Steps(steps) => Some(
                steps
                    .iter()
                    .filter(|(from, _)| *from <= step)
                    .max_by_key(|(from, _)| *from)
                    .map_or(first, |(_, size)| *size)
                    .min(points),
            ),
            Self::Geometric(geometric) => {
                let size = first as f64 * geometric.factor.powf((step / geometric.every.max(1)) as f64);
                let most = geometric.largest.unwrap_or(points).min(points);
                Some((size.round() as usize).clamp(1, most.max(first.min(points))))
            }
            Self::Adaptive(_) => None,
        }
    }

    /// The largest batch that it comes to.
    pub fn largest(&self, first: usize, points: usize) -> usize {
        let largest = match self {
            Self::Steps(steps) => {
                let start = if steps.iter().any(|(step, _)| *step == 0) {
                    1
                } else {
                    first
                };
                steps.iter().map(|(_, size)| *size).max().unwrap_or(first).max(start)
            }
            Self::Geometric(geometric) => geometric.largest.unwrap_or(points),
            Self::Adaptive(adaptive) => adaptive.largest.unwrap_or(points),
        };
        largest.min(points)
    }

    /// Whether its numbers make sense for a stage of `steps` steps that starts with `first` of `points` points.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, steps: usize, first: usize, points: usize) -> Result<(), String> {
        let within = |largest: Option<usize>| match largest {
            Some(0) => Err("largest = 0 must be at least 1".to_string()),
            Some(largest) if largest > points => Err(format!(
                "largest = {largest} is greater than the {points} interior points"
            )),
            Some(largest) if largest < first => {
                Err(format!("largest = {largest} is smaller than the first batch, {first}"))
            }
            _ => Ok(()),
        };
        match self {
            Self::Steps(list) => {
                for (step, size) in list {
                    if *size == 0 {
                        return Err(format!("the batch shrinks below 1 point at step {step}"));
                    }
                    if *size > points {
                        return Err(format!(
                            "the batch of {size} at step {step} is greater than the {points} interior points"
                        ));
                    }
                }
                Ok(())
            }
            Self::Geometric(geometric) => {
                if geometric.every == 0 {
                    return Err("every = 0 must be at least 1".into());
                }
                if !(geometric.factor > 0.0 && geometric.factor.is_finite()) {
                    return Err(format!("factor = {} must be greater than 0", geometric.factor));
                }
                if geometric.factor < 1.0 {
                    // The first k with first·factor^k < 1/2, which is rounded to no point.
                    let k = ((0.5 / first as f64).ln() / geometric.factor.ln()).floor() + 1.0;
                    let step = k * geometric.every as f64;
                    if step <= steps as f64 {
                        return Err(format!(
                            "factor = {} shrinks the batch below 1 point at step {step}",
                            geometric.factor
                        ));
                    }
                }
                within(geometric.largest)
            }
            Self::Adaptive(adaptive) => {
                if adaptive.every == 0 {
                    return Err("every = 0 must be at least 1".into());
                }
                if !(adaptive.confidence > 0.0 && adaptive.confidence < 1.0) {
                    return Err(format!("confidence = {} must lie in (0, 1)", adaptive.confidence));
                }
                within(adaptive.largest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_their_schedule_and_stop_at_the_largest() {
        let steps = Growth::Steps(vec![(10, 64), (20, 256)]);
        let sizes = [0, 9, 10, 19, 20, 500].map(|step| steps.size(step, 16, 200));
        assert_eq!(sizes, [16, 16, 64, 64, 200, 200].map(Some));
        let geometric = Growth::Geometric(Geometric {
            factor: 2.0,
            every: 10,
            largest: Some(100),
        });
        assert_eq!(
            [0, 10, 25, 30, 900].map(|step| geometric.size(step, 16, 1000)),
            [16, 32, 64, 100, 100].map(Some)
        );
    }

    #[test]
    fn schedules_that_shrink_to_nothing_are_refused() {
        let shrinking = Growth::Geometric(Geometric {
            factor: 0.5,
            every: 10,
            largest: None,
        });
        // 16 points are halved six times within 60 steps: 0.25 rounds to 0.
        assert!(shrinking.check(40, 16, 100).is_ok());
        assert!(shrinking.check(60, 16, 100).is_err());
        assert!(Growth::Steps(vec![(5, 0)]).check(10, 16, 100).is_err());
        assert!(Growth::Steps(vec![(5, 101)]).check(10, 16, 100).is_err());
    }
}

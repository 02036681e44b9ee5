//! What mini-batches cost: gradient noise and step times, measured while a problem trains.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::batch::{Batch, Collocation, Draw, Drawer, Growth, Jitter, LossTerms, Points, noise};
use crate::budget::{Plan, check_memory};
use crate::device::Device;
use crate::error::Error;
use crate::jet::fused::Kernel;
use crate::output::{Axis, Corner, Curve, Plot, Style};
use crate::problem::Problem;
use crate::sampler::{Permutation, mix};
use crate::start::Prepared;
use crate::training::{Adam, Runner, StageKind, StageState, StopReason};

/// Batch gradients per size that its variance is measured with.
const BATCHES: usize = 300;
/// Points and neighbours of each that tell what jitter adds.
const POINTS: usize = 128;
const COPIES: usize = 8;

/// The variance of the gradient of one size of batch.
#[derive(Clone, Copy, Debug)]
pub struct Variance {
    /// Interior points per batch B.
    pub batch: usize,
    /// Measured with replacement.
    pub replaced: f64,
    /// tr Σ/B.
    pub law: f64,
    /// Measured for shuffled epochs.
    pub shuffled: f64,
    /// tr Σ/B·(N − B)/(N − 1).
    pub shuffled_law: f64,
}

/// The noise at one moment of training.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Steps of the first stage that were done.
    pub step: usize,
    /// |g|² of the full gradient.
    pub square: f64,
    /// tr Σ between points.
    pub trace: f64,
    /// ν, the effective number of directions of the noise.
    pub freedom: f64,
    /// The variance against the batch.
    pub variances: Vec<Variance>,
    /// Fitted exponents of the variance against the batch, with and without replacement.
    pub exponents: [f64; 2],
    /// Interior points: variance between points, and within the jitter of one point.
    pub jitter: [f64; 2],
    /// Variance of the file's own batches, and of shuffled batches of the same size, if the file draws in another way.
    pub drawn: Option<[f64; 2]>,
}

impl Moment {
    /// tr Σ/|g|²: the batch at which noise and signal are equal.
    pub fn scale(&self) -> f64 {
        self.trace / self.square
    }
}

/// The report of `pinn noise`.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the user should know.
    pub notes: Vec<String>,
    /// The moments.
    pub moments: Vec<Moment>,
    /// Batches and step times, s.
    pub times: Vec<(usize, f64)>,
    /// τ_f: the part of a step's time that does not depend on the batch, s.
    pub fixed: f64,
    /// τ_d: the time that a point adds, s.
    pub per_point: f64,
    /// Learning rate of the first stage.
    pub rate: f64,
    /// Its interior points per step.
    pub batch: usize,
    /// All interior points.
    pub points: usize,
}

/// Measured times of a first-order step on shuffled batches of several sizes, s.
pub fn measure_steps(
    device: Device,
    collocation: &mut Collocation<'_>,
    kernel: &Kernel<f64>,
    parameters: &[f64],
) -> Vec<(usize, f64)> {
    let n = collocation.terms[0].len();
    let points = noise::plain(collocation.source().points());
    let mut sizes: Vec<usize> = [64, 256, 1024, 4096].into_iter().filter(|size| *size < n).collect();
    sizes.push(n.min(8192));
    sizes
        .into_iter()
        .map(|size| {
            let steps = (16_384 / size).clamp(4, 64);
            let stage = StageKind::Adam(Adam {
                steps,
                growth: Some(Growth::Steps(vec![(0, size)])),
                warm_up: 0,
                couple: false,
                ..Adam::default()
            });
            let runner = Runner {
                device,
                kernel,
                points: &points,
                micro_batch: size,
            };
            let fastest = (0..5)
                .map(|_| {
                    let mut parameters = parameters.to_vec();
                    let start = Instant::now();
                    runner.run(&stage, collocation, &mut parameters, StageState::Start, None);
                    start.elapsed().as_secs_f64() / steps as f64
                })
                .fold(f64::INFINITY, f64::min);
            (size, fastest)
        })
        .collect()
}

/// The batch with the least expected time, rounded to a power of two.
pub fn automatic_batch(device: Device, prepared: &Prepared, plan: &Plan) -> usize {
    let (kernel, parameters) = (&prepared.kernel, &prepared.parameters);
    let mut collocation = prepared.collocation(plan.stored, plan.chunk);
    let points = noise::plain(&prepared.points);
    let n = collocation.terms[0].len();
    let measured = noise::PointNoise::measure(&collocation, kernel, parameters);
    let drawer = Drawer::new(&points, prepared.seed(), Default::default(), &collocation, kernel);
    let scale = measured.trace(&drawer.sizes(&collocation, points.batch_size(n))) / measured.square();
    let times = measure_steps(device, &mut collocation, kernel, parameters);
    let (fixed, per_point) = noise::step_times(&times);
    let best = noise::optimal(scale, fixed, per_point).clamp(1.0, n as f64);
    // The nearest power of two that the file's strata and schedules can take.
    let fits = |batch: usize| {
        let stages = prepared
            .attempt()
            .stages
            .iter()
            .all(|stage| stage.check(batch, n).is_ok());
        stages && points.strata(prepared.axes(0)).is_none_or(|strata| strata <= batch)
    };
    let mut sizes: Vec<usize> = (0..usize::BITS - 1).map(|k| (1_usize << k).min(n)).collect();
    sizes.sort_by(|a, b| {
        let far = |size: &usize| (*size as f64 / best).ln().abs();
        far(a).total_cmp(&far(b))
    });
    sizes.into_iter().find(|size| fits(*size)).unwrap_or(n)
}

/// Measures the noise of a problem after given numbers of steps of its first stage.
///
/// A problem that begins with a full-batch stage is measured along default Adam steps, and the report says so.
///
/// # Errors
/// A problem that does not fit into memory.
pub fn measure(problem: Problem, at: &[usize]) -> Result<Report, Error> {
    // The attempt that trains, if the file leaves it open.
    let problem = Arc::new(problem);
    let index = problem.attempts.len() - 1;
    let plan = check_memory(&problem, &problem.attempts[index])?;
    let mut notes = Vec::new();
    let stage = match problem.attempts[index].stages.first() {
        Some(stage) if stage.is_first_order() => stage.clone(),
        _ => {
            notes.push("the file begins with a full-batch stage: default Adam steps are measured".to_string());
            StageKind::Adam(Adam::default())
        }
    };
    let prepared = Prepared::begin(&problem, index);
    let (kernel, mut parameters) = (&prepared.kernel, prepared.parameters.clone());
    let mut collocation = prepared.collocation(plan.stored, plan.chunk);
    let times = measure_steps(Device::Cpu, &mut collocation, kernel, &parameters);
    let (fixed, per_point) = noise::step_times(&times);
    let mut state = StageState::Start;
    let mut moments = Vec::new();
    let mut wanted: Vec<usize> = at.iter().map(|step| (*step).min(stage.steps())).collect();
    wanted.sort_unstable();
    wanted.dedup();
    for step in wanted {
        let runner = Runner {
            device: Device::Cpu,
            kernel,
            points: &problem.file.points,
            micro_batch: plan.micro_batch,
        };
        let before = std::mem::replace(&mut state, StageState::Start);
        let (silent, report) = runner.run(&stage, &mut collocation, &mut parameters, before, Some(step));
        if let StopReason::NonFinite { .. } = report.stop {
            notes.push(format!("training ended before step {step}: {}", report.stop));
            break;
        }
        if let Some(checkpoint) = silent.checkpoint {
            state = checkpoint.stage;
        }
        moments.push(moment(&collocation, kernel, &parameters, step));
    }
    let points = collocation.terms[0].len();
    Ok(Report {
        notes,
        moments,
        times,
        fixed,
        per_point,
        rate: stage.learning_rate().unwrap_or(0.0),
        batch: problem.file.points.batch_size(points),
        points,
    })
}

/// Sizes of batches for a problem with these points per term: powers of two from where every term has a few points.
fn batch_sizes(lengths: &[usize]) -> Vec<usize> {
    let n = lengths[0];
    let least = lengths
        .iter()
        .filter(|length| **length > 1)
        .map(|length| (4 * n).div_ceil(*length))
        .max()
        .unwrap_or(4);
    let sizes: Vec<usize> = (0..40)
        .map(|k| 1_usize << k)
        .filter(|size| *size >= least.min(n / 8) && *size <= n / 2 && *size <= 4096)
        .collect();
    if sizes.is_empty() { vec![(n / 2).max(1)] } else { sizes }
}

fn moment(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64], step: usize) -> Moment {
    let source = collocation.source();
    let lengths: Vec<usize> = collocation.terms.iter().map(|term| term.len()).collect();
    let measured = noise::PointNoise::measure(collocation, kernel, parameters);
    let sizes = batch_sizes(&lengths);
    let drawn = |draw: Draw, size: usize| {
        // Every term in strict proportion, so that the law is about one number.
        let given = collocation
            .terms
            .iter()
            .map(|term| {
                let share = (term.len() as f64 * size as f64 / lengths[0] as f64).round() as usize;
                (term.name.clone(), share.max(1))
            })
            .collect();
        Points {
            draw,
            batch: Some(Batch::Sizes(given)),
            ..noise::plain(source.points())
        }
    };
    let gradients = |draw: Draw, size: usize| -> (Vec<Vec<f64>>, Vec<usize>) {
        let points = drawn(draw, size);
        let seed = mix(source.seed(), 0x01_5e00 + size as u64);
        let mut drawer = Drawer::new(&points, seed, Default::default(), collocation, kernel);
        let sizes = drawer.sizes(collocation, size);
        let gradients = (0..BATCHES)
            .map(|_| noise::batch_gradient(collocation, kernel, parameters, &mut drawer, size))
            .collect();
        (gradients, sizes)
    };
    let mut freedom = 1.0;
    let mut trace = measured.traces.iter().sum();
    let variances: Vec<Variance> = sizes
        .iter()
        .map(|&size| {
            let (replaced, counts) = gradients(Draw::Replacement, size);
            let (shuffled, _) = gradients(Draw::Shuffle, size);
            freedom = noise::freedom(&replaced);
            trace = measured.trace(&counts);
            Variance {
                batch: size,
                replaced: noise::moments(&replaced).1,
                law: trace / size as f64,
                // Batches of one epoch depend on each other: their variance is taken about the true gradient.
                shuffled: shuffled
                    .iter()
                    .map(|g| noise::distance(g, &measured.gradient))
                    .sum::<f64>()
                    / BATCHES as f64,
                shuffled_law: measured.without_replacement(&counts, &lengths),
            }
        })
        .collect();
    let exponent = |pick: fn(&Variance) -> f64| slope(variances.iter().map(|v| (v.batch as f64, pick(v))));
    Moment {
        step,
        square: measured.square(),
        trace,
        freedom,
        exponents: [exponent(|v| v.replaced), exponent(|v| v.shuffled)],
        variances,
        jitter: jitter(collocation, kernel, parameters),
        drawn: as_in_file(collocation, kernel, parameters),
    }
}

/// The variance of batches drawn as the file says, measured at `parameters`, and of shuffled ones of the same size.
fn as_in_file(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> Option<[f64; 2]> {
    let source = collocation.source();
    if matches!(source.points().draw, Draw::Shuffle) && source.points().jitter.is_none() {
        return None;
    }
    let batch = source.points().batch_size(collocation.terms[0].len());
    let variance = |points: &Points| {
        let mut drawer = Drawer::new(
            points,
            mix(source.seed(), 0xd4a3),
            Default::default(),
            collocation,
            kernel,
        );
        drawer.measure(collocation, kernel, parameters);
        let gradients: Vec<Vec<f64>> = (0..BATCHES)
            .map(|_| noise::batch_gradient(collocation, kernel, parameters, &mut drawer, batch))
            .collect();
        noise::moments(&gradients).1
    };
    Some([variance(source.points()), variance(&noise::plain(source.points()))])
}

/// The slope of ln y against ln x.
fn slope(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let logarithms: Vec<(f64, f64)> = points.map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logarithms.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| logarithms.iter().map(pick).sum::<f64>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let over: f64 = logarithms.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
    over / logarithms.iter().map(|(x, _)| (x - mx).powi(2)).sum::<f64>()
}

/// Variance of a point's gradient between points and within the jitter of one point (one-way analysis of variance), of the
/// interior.
fn jitter(collocation: &Collocation<'_>, kernel: &Kernel<f64>, parameters: &[f64]) -> [f64; 2] {
    let source = collocation.source();
    let jitter = source.points().jitter.clone().unwrap_or_default();
    let jitter = Jitter {
        copies: COPIES,
        ..jitter
    };
    let term = &collocation.terms[0];
    let n = term.len();
    let (mut means, mut within) = (Vec::new(), 0.0);
    let p = parameters.len();
    // At random: grid-like sets would show the same column again and again.
    let order = Permutation::new(n, mix(source.seed(), 0x117e));
    for k in 0..POINTS.min(n) {
        let index = order.at(k);
        let units: Vec<[f64; 4]> = (0..COPIES)
            .map(|copy| jitter.shift(term.unit(index), mix(source.seed(), k as u64), copy))
            .collect();
        let mut rows = source.rows(0, &units);
        rows.weights.fill(term.point_weight(index) * n as f64);
        let mut gradients = vec![0.0; COPIES * p];
        kernel.point_gradients(parameters, &rows, 0, COPIES, &mut gradients);
        let gradients: Vec<Vec<f64>> = gradients.chunks(p).map(<[f64]>::to_vec).collect();
        let (mean, variance) = noise::moments(&gradients);
        means.push(mean);
        within += variance;
    }
    within /= means.len() as f64;
    let between = noise::moments(&means).1 - within / COPIES as f64;
    [between.max(0.0), within]
}

impl Report {
    /// b* = √(noise scale·τ_f/τ_d) at a moment.
    pub fn optimal(&self, moment: &Moment) -> f64 {
        noise::optimal(moment.scale(), self.fixed, self.per_point).clamp(1.0, self.points as f64)
    }

    /// The batches that keep the gradient's relative error below `epsilon` but for a probability `delta`: by Chebyshev's
    /// inequality, and by the central limit theorem.
    pub fn needed(&self, moment: &Moment, epsilon: f64, delta: f64) -> [f64; 2] {
        [
            noise::chebyshev(moment.trace, moment.square, epsilon, delta),
            noise::gaussian(moment.trace, moment.square, moment.freedom, epsilon, delta),
        ]
    }

    /// The noise temperature, learning rate by batch.
    pub fn temperature(&self) -> f64 {
        self.rate / self.batch as f64
    }

    /// Writes `noise.csv`, `noise_moments.csv` and `noise.svg`.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(&self, folder: &Path, title: &str, epsilon: f64, delta: f64) -> Result<(), Error> {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        let mut table = String::from(
            "step,batch,variance_with_replacement,law,variance_shuffled,law_shuffled,gradient_squared,trace,noise_scale\n",
        );
        for moment in &self.moments {
            for v in &moment.variances {
                table.push_str(&format!(
                    "{},{},{:e},{:e},{:e},{:e},{:e},{:e},{:e}\n",
                    moment.step,
                    v.batch,
                    v.replaced,
                    v.law,
                    v.shuffled,
                    v.shuffled_law,
                    moment.square,
                    moment.trace,
                    moment.scale()
                ));
            }
        }
        let path = folder.join("noise.csv");
        std::fs::write(&path, table).map_err(Error::file("write", &path))?;
        let mut summary = String::from(
            "step,gradient_squared,trace,noise_scale,directions,best_batch,chebyshev_batch,gaussian_batch,exponent_with_replacement,exponent_shuffled,variance_between_points,variance_within_jitter,fixed_seconds,seconds_per_point,learning_rate,batch,noise_temperature\n",
        );
        for moment in &self.moments {
            let [chebyshev, gaussian] = self.needed(moment, epsilon, delta);
            let numbers = [
                moment.square,
                moment.trace,
                moment.scale(),
                moment.freedom,
                self.optimal(moment),
                chebyshev,
                gaussian,
                moment.exponents[0],
                moment.exponents[1],
                moment.jitter[0],
                moment.jitter[1],
                self.fixed,
                self.per_point,
                self.rate,
                self.batch as f64,
                self.temperature(),
            ];
            let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:e}")).collect();
            summary.push_str(&format!("{},{}\n", moment.step, numbers.join(",")));
        }
        let path = folder.join("noise_moments.csv");
        std::fs::write(&path, summary).map_err(Error::file("write", &path))?;
        let mut curves = Vec::new();
        for (k, moment) in self.moments.iter().enumerate() {
            let mut curve = |name: &str, style: Style, pick: fn(&Variance) -> f64| {
                curves.push(Curve {
                    name: format!("step {}: {name}", moment.step),
                    points: moment.variances.iter().map(|v| (v.batch as f64, pick(v))).collect(),
                    style,
                    colour: k + usize::from(name.contains("shuffled") || name.contains("without")),
                });
            };
            curve("law tr Σ/B", Style::Line, |v| v.law);
            curve("with replacement", Style::Marks, |v| v.replaced);
            if k + 1 == self.moments.len() {
                curve("law without replacement", Style::Line, |v| v.shuffled_law);
                curve("shuffled epochs", Style::Marks, |v| v.shuffled);
            }
        }
        Plot {
            title: format!("{title}: variance of the batch gradient"),
            x: Axis {
                label: "interior points per batch B".into(),
            },
            y: Axis {
                label: "variance of the gradient".into(),
            },
            curves,
            legend: Corner::LowerLeft,
        }
        .write(&folder.join("noise.svg"))
    }
}

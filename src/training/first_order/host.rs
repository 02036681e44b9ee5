//! Steps in host memory: the fused kernel and update rules on vectors.

use super::clip::Clipper;
use super::rule::Rule;
use super::stepper::{Start, Stepper};
use super::{FirstOrderState, norm};
use crate::jet::Rows;
use crate::jet::fused::Kernel;

/// Takes steps in host memory.
pub(super) struct Host {
    kernel: Kernel<f32>,
    /// `[p]`.
    parameters: Vec<f32>,
    /// The gradient that was added up, `[p]`.
    gradient: Vec<f32>,
    /// The gradient of the rows in work, `[p]`.
    partial: Vec<f32>,
    /// The loss terms that were added up; empty if nothing was.
    terms: Vec<f64>,
    /// Losses that were kept.
    losses: Vec<f64>,
    /// Rows that were kept.
    kept: Option<Vec<Rows<f32>>>,
    rule: Rule,
    clipper: Option<Clipper>,
    /// `[p]`.
    average: Option<Vec<f32>>,
}

impl Host {
    pub(super) fn new(start: &Start<'_>) -> Self {
        let parameters = start.parameters();
        Self {
            kernel: Kernel::new(start.kernel.architecture().clone()),
            gradient: vec![0.0; parameters.len()],
            partial: vec![0.0; parameters.len()],
            parameters,
            terms: Vec::new(),
            losses: Vec::new(),
            kept: None,
            rule: Rule::new(start.settings.method, start.moments(), start.seed),
            clipper: start.settings.clip.map(|clip| Clipper::new(clip, start.state)),
            average: start.state.average.clone(),
        }
    }

    fn add_rows(&mut self, rows: &[Rows<f32>]) {
        let rows: Vec<&Rows<f32>> = rows.iter().collect();
        if self.terms.is_empty() {
            self.terms = self.kernel.gradient(&self.parameters, &rows, &mut self.gradient);
            return;
        }
        let terms = self.kernel.gradient(&self.parameters, &rows, &mut self.partial);
        self.terms.iter_mut().zip(terms).for_each(|(sum, part)| *sum += part);
        self.gradient
            .iter_mut()
            .zip(&self.partial)
            .for_each(|(sum, part)| *sum += part);
    }
}

impl Stepper for Host {
    fn waits(&self) -> bool {
        false
    }

    fn add(&mut self, rows: Vec<Rows<f32>>) {
        self.add_rows(&rows);
    }

    fn add_kept(&mut self, make: &dyn Fn() -> Vec<Rows<f32>>) {
        let rows = self.kept.take().unwrap_or_else(make);
        self.add_rows(&rows);
        self.kept = Some(rows);
    }

    fn forget(&mut self) {
        self.kept = None;
    }

    fn gradient(&self) -> Vec<f64> {
        doubles(&self.gradient)
    }

    fn terms(&self) -> Vec<f64> {
        self.terms.clone()
    }

    fn clear(&mut self) {
        self.terms.clear();
    }

    fn shorten(&mut self) {
        if let Some(clipper) = &mut self.clipper
            && let Some(factor) = clipper.factor(norm(&doubles(&self.gradient)))
        {
            let factor = factor as f32;
            self.gradient.iter_mut().for_each(|g| *g *= factor);
        }
    }

    fn keep_loss(&mut self) {
        self.losses.push(self.terms.iter().sum());
    }

    fn read(&mut self, state: &mut FirstOrderState) {
        state.unjudged.append(&mut self.losses);
        if let Some(clipper) = &self.clipper {
            clipper.read(state);
        }
    }

    fn step(&mut self, step: usize, rate: f64, weight: Option<f64>) {
        self.rule.step(step, rate, &mut self.parameters, &self.gradient);
        if let Some(weight) = weight {
            match &mut self.average {
                Some(mean) => blend(mean, &self.parameters, weight),
                none => *none = Some(self.parameters.clone()),
            }
        }
        self.clear();
    }

    fn parameters(&self) -> Vec<f64> {
        doubles(&self.parameters)
    }

    fn average(&self) -> Option<Vec<f64>> {
        self.average.as_deref().map(doubles)
    }

    fn moments(&self) -> Vec<Vec<f32>> {
        self.rule.moments().to_vec()
    }
}

/// mean ← (1 − weight)·mean + weight·next.
fn blend(mean: &mut [f32], next: &[f32], weight: f64) {
    let (old, new) = ((1.0 - weight) as f32, weight as f32);
    mean.iter_mut()
        .zip(next)
        .for_each(|(mean, next)| *mean = *mean * old + *next * new);
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain means of 1, 2, …, n, and the closed form of the exponential one.
    #[test]
    fn averages_are_the_stated_means() {
        let fold = |weight: &dyn Fn(u32) -> f64| {
            let mut mean = [1.0];
            (2..=20_u32).for_each(|n| blend(&mut mean, &[n as f32], weight(n)));
            f64::from(mean[0])
        };
        assert!((fold(&|n| 1.0 / f64::from(n)) - 10.5).abs() < 1e-4);
        // m_n = 0.5·m_{n−1} + 0.5·n from m_1 = 1: m_n = n − 1 + 2^(1−n).
        assert!((fold(&|_| 0.5) - (19.0 + 0.5_f64.powi(19))).abs() < 1e-4);
    }
}

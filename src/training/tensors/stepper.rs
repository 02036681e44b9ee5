//! First-order steps in tensors.

use burn_tensor::backend::{AutodiffBackend, Backend};
use burn_tensor::{Tensor, TensorData};

use super::clip::Clipper;
use super::rule::Rule;
use crate::jet::generic::{self, JetBackend, RowTensors};
use crate::jet::{Architecture, Rows, download, upload};
use crate::training::first_order::{FirstOrderState, Start, Stepper};

/// Takes steps on a device. All activations of rows that are added at once stay there until their gradient is known.
pub(super) struct TensorStepper<B: AutodiffBackend> {
    architecture: Architecture,
    device: B::Device,
    /// `[p]`.
    parameters: Tensor<B::InnerBackend, 1>,
    /// What was added up; `None` if nothing was.
    sum: Option<Sum<B::InnerBackend>>,
    /// Rows that were kept.
    kept: Option<Vec<RowTensors<B>>>,
    /// Losses that were kept, `[1]` each.
    losses: Vec<Tensor<B::InnerBackend, 1>>,
    rule: Rule<B::InnerBackend>,
    clipper: Option<Clipper<B::InnerBackend>>,
    /// `[p]`.
    average: Option<Tensor<B::InnerBackend, 1>>,
}

/// Gradient, `[p]`, and loss terms, `[T]`.
struct Sum<B: Backend> {
    gradient: Tensor<B, 1>,
    terms: Tensor<B, 1>,
}

impl<B: AutodiffBackend + JetBackend> TensorStepper<B> {
    pub(super) fn new(start: &Start<'_>, device: B::Device) -> Self {
        let vector = |values: &[f32]| upload(TensorData::from(values), &device);
        let moments = start.moments().iter().map(|moment| vector(moment)).collect();
        Self {
            architecture: start.kernel.architecture().clone(),
            parameters: vector(&start.parameters()),
            sum: None,
            kept: None,
            losses: Vec::new(),
            rule: Rule::new(start.settings.method, moments, start.seed),
            clipper: start.settings.clip.map(|clip| Clipper::new(clip, start.state, &device)),
            average: start.state.average.as_deref().map(vector),
            device,
        }
    }

    fn tensors(&self, rows: &[Rows<f32>]) -> Vec<RowTensors<B>> {
        rows.iter().map(|rows| RowTensors::new(rows, &self.device)).collect()
    }

    fn add_tensors(&mut self, rows: &[RowTensors<B>]) {
        #[cfg(test)]
        let _turn = generic::TURN.lock();
        let parameters = Tensor::<B, 1>::from_inner(self.parameters.clone()).require_grad();
        let terms = generic::losses(&self.architecture, &parameters, rows);
        let gradient = parameters.grad(&terms.clone().sum().backward());
        let gradient = gradient.unwrap_or_else(|| unreachable!("a loss depends on the parameters"));
        let terms = terms.inner();
        self.sum = Some(match self.sum.take() {
            Some(sum) => Sum {
                gradient: sum.gradient + gradient,
                terms: sum.terms + terms,
            },
            None => Sum { gradient, terms },
        });
    }

    fn sum(&self) -> &Sum<B::InnerBackend> {
        let sum = self.sum.as_ref();
        sum.unwrap_or_else(|| unreachable!("a step adds a part at least"))
    }
}

impl<B: AutodiffBackend + JetBackend> Stepper for TensorStepper<B> {
    fn waits(&self) -> bool {
        true
    }

    fn add(&mut self, rows: Vec<Rows<f32>>) {
        let tensors = self.tensors(&rows);
        drop(rows);
        self.add_tensors(&tensors);
    }

    fn add_kept(&mut self, make: &dyn Fn() -> Vec<Rows<f32>>) {
        let tensors = self.kept.take().unwrap_or_else(|| self.tensors(&make()));
        self.add_tensors(&tensors);
        self.kept = Some(tensors);
    }

    fn forget(&mut self) {
        self.kept = None;
    }

    fn gradient(&self) -> Vec<f64> {
        download(self.sum().gradient.clone())
    }

    fn terms(&self) -> Vec<f64> {
        download(self.sum().terms.clone())
    }

    fn clear(&mut self) {
        self.sum = None;
    }

    fn shorten(&mut self) {
        if let (Some(clipper), Some(sum)) = (&mut self.clipper, &mut self.sum) {
            sum.gradient = clipper.shorten(sum.gradient.clone());
        }
    }

    fn keep_loss(&mut self) {
        let loss = self.sum().terms.clone().sum();
        self.losses.push(loss);
    }

    fn read(&mut self, state: &mut FirstOrderState) {
        if !self.losses.is_empty() {
            let losses = Tensor::cat(std::mem::take(&mut self.losses), 0);
            state.unjudged.extend(download(losses));
        }
        if let Some(clipper) = &self.clipper {
            clipper.read(state);
        }
    }

    fn step(&mut self, step: usize, rate: f64, weight: Option<f64>) {
        let gradient = self.sum().gradient.clone();
        self.clear();
        let next = self.rule.step(step, rate, self.parameters.clone(), gradient);
        if let Some(weight) = weight {
            self.average = Some(match self.average.take() {
                Some(mean) => mean * (1.0 - weight) + next.clone() * weight,
                None => next.clone(),
            });
        }
        self.parameters = next;
    }

    fn parameters(&self) -> Vec<f64> {
        download(self.parameters.clone())
    }

    fn average(&self) -> Option<Vec<f64>> {
        self.average.clone().map(download)
    }

    fn moments(&self) -> Vec<Vec<f32>> {
        self.rule.moments()
    }
}

#[cfg(test)]
mod tests {
    use crate::batch::{Batch, Points, Whole};
    use crate::device::Device;
    use crate::jet::generic::tests::relative;
    use crate::training::test_problem::TestProblem;
    use crate::training::{Adam, Average, Clip, Runner, StageKind, StageState};

    /// Both in f32: their roundings differ, which ten steps of Adam leave small.
    #[test]
    fn steps_in_tensors_are_those_of_the_fused_kernel() {
        let case = TestProblem::new();
        let stage = StageKind::Adam(Adam {
            steps: 10,
            clip: Some(Clip::Norm(0.5)),
            average: Some(Average::Ema(0.9)),
            ..Adam::default()
        });
        let after = |whole: Whole| {
            let points = Points {
                batch: Some(Batch::All(whole)),
                ..case.problem.file.points.clone()
            };
            let runner = Runner {
                device: Device::Cpu,
                kernel: &case.kernel,
                points: &points,
                micro_batch: 64,
            };
            let (mut collocation, mut parameters) = (case.collocation(), case.parameters.clone());
            runner.run(&stage, &mut collocation, &mut parameters, StageState::Start, None);
            parameters
        };
        let (fused, tensors) = (after(Whole::Full), after(Whole::Naive));
        assert!(relative(&fused, &case.parameters) > 1e-3);
        assert!(relative(&tensors, &fused) < 1e-4, "{:e}", relative(&tensors, &fused));
    }
}

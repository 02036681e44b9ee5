//! How often a stage reads from a device.

use burn::backend::ndarray::NdArrayDevice;
use burn::backend::{Autodiff, NdArray};
use burn::tensor::Tensor;

use super::backend::tape;
use super::{Adam, Average, Clip, Decay, FirstOrderBackend, Form, Plateau, Terms};
use crate::batch::{Batch, Points};
use crate::device::Device;
use crate::jet::fused::Kernel;
use crate::jet::generic::{JetBackend, RowTensors};
use crate::jet::{READS, Rows};
use crate::training::test_problem::TestProblem;
use crate::training::{Runner, StageKind, StageState};

/// NdArray in the place of a device: other integers, which training does not use, make it a type of its own.
type Remote = Autodiff<NdArray<f32, i32>>;

impl JetBackend for Remote {}

impl FirstOrderBackend for Remote {
    const WAITS: bool = true;

    type Batch = Vec<RowTensors<Self>>;

    fn upload(rows: Vec<Rows<f32>>, _form: Form, device: &NdArrayDevice) -> Self::Batch {
        rows.iter().map(|rows| RowTensors::new(rows, device)).collect()
    }

    fn loss(kernel: &Kernel<f32>, parameters: Tensor<Self, 1>, batch: &Self::Batch) -> (Tensor<Self, 1>, Terms) {
        tape(kernel.architecture(), parameters, batch)
    }
}

/// How many tensors are read in a stage that is interrupted after so many lines of the history, `every` steps apart.
fn reads<B: FirstOrderBackend<Device = NdArrayDevice>>(
    points: &Points,
    stage: &Adam,
    every: usize,
    lines: usize,
) -> usize {
    let case = TestProblem::new();
    let (mut collocation, mut parameters) = (case.collocation(), case.parameters.clone());
    let runner = Runner {
        device: Device::Cpu,
        kernel: &case.kernel,
        points,
        micro_batch: 64,
    };
    let stage = StageKind::Adam(Adam {
        steps: 200 * every,
        ..stage.clone()
    });
    let before = READS.get();
    runner.with(&*case, Some(lines * every), |training, seed| {
        training.stage_on::<B>(
            &stage,
            seed,
            &mut collocation,
            &mut parameters,
            &NdArrayDevice::Cpu,
            StageState::Start,
        )
    });
    READS.get() - before
}

/// Every kind of number that a step needs of a device: norms, losses, means of the parameters.
fn stages() -> [Adam; 3] {
    [
        Adam::default(),
        Adam {
            clip: Some(Clip::Adaptive(1.5)),
            decay: Decay::Plateau(Plateau::default()),
            average: Some(Average::Ema(0.9)),
            ..Adam::default()
        },
        Adam {
            clip: Some(Clip::Norm(0.1)),
            settle: Some(500),
            average: Some(Average::Swa(0.0)),
            ..Adam::default()
        },
    ]
}

#[test]
fn a_device_is_read_at_the_lines_of_the_history_however_many_steps_lie_between() {
    let points = TestProblem::new().points.clone();
    let batches = Points {
        batch: Some(Batch::Size(100)),
        ..points.clone()
    };
    for points in [points, batches] {
        for stage in stages() {
            let [few, more, many] = [2, 10, 20].map(|every| reads::<Remote>(&points, &stage, every, 3));
            assert_eq!([few, more], [more, many], "{stage:?}");
            assert!(reads::<Remote>(&points, &stage, 10, 4) > more, "{stage:?}");
        }
    }
}

/// In host memory nothing waits: norms are read as they are needed. It shows that such reads are counted.
#[test]
fn a_step_in_host_memory_that_clips_reads_its_gradient() {
    let points = TestProblem::new().points.clone();
    let [_, stage, _] = stages();
    let [few, many] = [10, 20].map(|every| reads::<Autodiff<NdArray>>(&points, &stage, every, 3));
    // A line reads no more of the gradient than any step.
    assert_eq!(many - few, 3 * 20 - 3 * 10);
}

//! How often a stage reads from a device.

use burn_autodiff::Autodiff;
use burn_ndarray::{NdArray, NdArrayDevice};

use super::stepper::TensorStepper;
use crate::batch::{Batch, Points};
use crate::device::Device;
use crate::jet::READS;
use crate::training::Runner;
use crate::training::first_order::{Adam, Average, Clip, Decay, FirstOrderState, Plateau, Start, steps};
use crate::training::test_problem::TestProblem;

/// How many tensors are read in a stage that is interrupted after so many lines of the history, `every` steps apart.
fn reads(points: &Points, stage: &Adam, every: usize, lines: usize) -> usize {
    let case = TestProblem::new();
    let (mut collocation, mut parameters) = (case.collocation(), case.parameters.clone());
    let runner = Runner {
        device: Device::Cpu,
        kernel: &case.kernel,
        points,
        micro_batch: 64,
    };
    let stage = Adam {
        steps: 200 * every,
        ..stage.clone()
    };
    let settings = stage.settings();
    let state = FirstOrderState::new(&parameters, points.batch_size(collocation.terms[0].len()));
    let start = Start {
        kernel: &case.kernel,
        settings: &settings,
        state: &state,
        seed: 1,
    };
    let mut stepper = TensorStepper::<Autodiff<NdArray>>::new(&start, NdArrayDevice::Cpu);
    let before = READS.get();
    runner.with(&*case, Some(lines * every), |training, seed| {
        steps(
            &settings,
            training,
            &mut collocation,
            seed,
            &mut parameters,
            state.clone(),
            &mut stepper,
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
    let points = TestProblem::new().problem.file.points.clone();
    let batches = Points {
        batch: Some(Batch::Size(100)),
        ..points.clone()
    };
    for points in [points, batches] {
        for stage in stages() {
            let [few, more, many] = [2, 10, 20].map(|every| reads(&points, &stage, every, 3));
            assert_eq!([few, more], [more, many], "{stage:?}");
            assert!(reads(&points, &stage, 10, 4) > more, "{stage:?}");
        }
    }
}

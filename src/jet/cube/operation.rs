//! The kernels as Burn operations: on CubeCL tensors, in a fusion stream, and with their backward step.

use std::marker::PhantomData;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_backend::tensor::FloatTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionBackend, FusionRuntime};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use super::kernel;
use crate::jet::Channels;
use crate::jet::activation::Activation;
use crate::jet::generic::JetBackend;

/// A backend that evaluates the activation of a jet and its adjoint in one kernel each.
pub trait ActivationKernel: Backend {
    /// The jets of f(z + b), `[K, n, w]`: see [`JetBackend::activate`].
    fn forward(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The adjoint of z, `[K, n, w]`, from `bar`, that of the result.
    fn adjoint(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
        bar: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> ActivationKernel for CubeBackend<R, F, I, BT> {
    fn forward(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        kernel::forward(kind, channels, z, biases)
    }

    fn adjoint(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
        bar: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        kernel::adjoint(kind, channels, z, biases, bar)
    }
}

/// Either kernel in a fusion stream: it runs when the stream comes to it, without waiting for the device.
#[derive(Debug)]
struct Queued<B> {
    kind: Activation,
    channels: Channels,
    ir: CustomOpIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + ActivationKernel> Operation<B::FusionRuntime> for Queued<B> {
    fn execute(&self, handles: &mut HandleContainer<<B::FusionRuntime as FusionRuntime>::FusionHandle>) {
        let mut input = |ir: &TensorIr| handles.get_float_tensor::<B>(ir);
        let out = match &self.ir.inputs[..] {
            [z, biases] => B::forward(self.kind, self.channels, input(z), input(biases)),
            [z, biases, bar] => B::adjoint(self.kind, self.channels, input(z), input(biases), input(bar)),
            _ => unreachable!("queued with two or three tensors"),
        };
        handles.register_float_tensor::<B>(&self.ir.outputs[0].id, out);
    }
}

/// Puts a kernel into the stream of its inputs; the result has the shape of the first.
fn queue<B: FusionBackend + ActivationKernel, const N: usize>(
    name: &'static str,
    kind: Activation,
    channels: Channels,
    inputs: [FloatTensor<Fusion<B>>; N],
) -> FloatTensor<Fusion<B>> {
    let streams = OperationStreams::with_inputs(&inputs);
    let client = inputs[0].client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), inputs[0].shape.clone(), inputs[0].dtype);
    let ir = CustomOpIr::new(name, &inputs.map(|input| input.into_ir()), &[out]);
    let operation = Queued::<B> {
        kind,
        channels,
        ir: ir.clone(),
        backend: PhantomData,
    };
    client.register(streams, OperationIr::Custom(ir), operation).remove(0)
}

impl<B: FusionBackend + ActivationKernel> ActivationKernel for Fusion<B> {
    fn forward(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        queue::<B, 2>("activation of jets", kind, channels, [z, biases])
    }

    fn adjoint(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
        bar: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        queue::<B, 3>("adjoint of an activation of jets", kind, channels, [z, biases, bar])
    }
}

/// The backward step.
#[derive(Debug)]
struct Activate;

/// What it needs: z and b.
type State<B> = (Activation, Channels, FloatTensor<B>, FloatTensor<B>);

impl<B: ActivationKernel> Backward<B, 2> for Activate {
    type State = State<B>;

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let bar = gradients.consume::<B>(&ops.node);
        let (kind, channels, z, biases) = ops.state;
        let bar = B::adjoint(kind, channels, z, biases, bar);
        let [z, biases] = ops.parents;
        if let Some(node) = biases {
            let bar = Tensor::<B, 3>::from_primitive(TensorPrimitive::Float(bar.clone()));
            let width = bar.dims()[2];
            let sum = bar.slice([0..1]).sum_dim(1).reshape([width]);
            gradients.register::<B>(node.id, primitive(sum));
        }
        if let Some(node) = z {
            gradients.register::<B>(node.id, bar);
        }
    }
}

impl<B: ActivationKernel, C: CheckpointStrategy> JetBackend for Autodiff<B, C> {
    fn activate(kind: Activation, channels: Channels, z: Tensor<Self, 3>, biases: Tensor<Self, 1>) -> Tensor<Self, 3> {
        let (z, biases) = (primitive(z), primitive(biases));
        let out = B::forward(kind, channels, z.primitive.clone(), biases.primitive.clone());
        let out = match Activate.prepare::<C>([z.node, biases.node]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish((kind, channels, z.primitive, biases.primitive), out),
            OpsKind::UnTracked(step) => step.finish(out),
        };
        Tensor::from_primitive(TensorPrimitive::Float(out))
    }
}

fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    match tensor.into_primitive() {
        TensorPrimitive::Float(tensor) => tensor,
        TensorPrimitive::QFloat(_) => unreachable!("jets are never quantised"),
    }
}

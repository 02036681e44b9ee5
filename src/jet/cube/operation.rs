//! The kernels as Burn operations: on CubeCL tensors, in a fusion stream, and with their backward step.

use std::marker::PhantomData;

use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_backend::tensor::FloatTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionBackend, FusionRuntime};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};
use burn_tensor::backend::Backend;
use burn_tensor::{Shape, Tensor, TensorPrimitive};

use super::kernel;
use crate::jet::Channels;
use crate::jet::activation::Activation;
use crate::jet::generic::JetBackend;

/// A backend with kernels for jets: the activation and its adjoint in one each, and products of matrices.
pub trait JetKernels: Backend {
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

    /// The product of matrices `[a, b]` and `[b, c]`, without rounding to a shorter type.
    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> JetKernels for CubeBackend<R, F, I, BT> {
    fn forward(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        kernel::activation(kind, channels, z, biases, None)
    }

    fn adjoint(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
        bar: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        kernel::activation(kind, channels, z, biases, Some(bar))
    }

    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        kernel::product(left, right)
    }
}

/// Which kernel.
#[derive(Clone, Copy, Debug)]
enum Pass {
    Forward(Activation, Channels),
    Adjoint(Activation, Channels),
    Product,
}

/// A kernel in a fusion stream: it runs when the stream comes to it, without waiting for the device.
#[derive(Debug)]
struct Queued<B> {
    pass: Pass,
    ir: CustomOpIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + JetKernels> Operation<B::FusionRuntime> for Queued<B> {
    fn execute(&self, handles: &mut HandleContainer<<B::FusionRuntime as FusionRuntime>::FusionHandle>) {
        let mut input = |i: usize| handles.get_float_tensor::<B>(&self.ir.inputs[i]);
        let out = match self.pass {
            Pass::Forward(kind, channels) => B::forward(kind, channels, input(0), input(1)),
            Pass::Adjoint(kind, channels) => B::adjoint(kind, channels, input(0), input(1), input(2)),
            Pass::Product => B::product(input(0), input(1)),
        };
        handles.register_float_tensor::<B>(&self.ir.outputs[0].id, out);
    }
}

/// Puts a kernel into the stream of its inputs.
fn queue<B: FusionBackend + JetKernels, const N: usize>(
    pass: Pass,
    inputs: [FloatTensor<Fusion<B>>; N],
    shape: Shape,
) -> FloatTensor<Fusion<B>> {
    let name = match pass {
        Pass::Forward(..) => "activation of jets",
        Pass::Adjoint(..) => "adjoint of an activation of jets",
        Pass::Product => "product without rounding",
    };
    let streams = OperationStreams::with_inputs(&inputs);
    let client = inputs[0].client.clone();
    let out = TensorIr::uninit(client.create_empty_handle(), shape, inputs[0].dtype);
    let ir = CustomOpIr::new(name, &inputs.map(|input| input.into_ir()), &[out]);
    let operation = Queued::<B> {
        pass,
        ir: ir.clone(),
        backend: PhantomData,
    };
    client.register(streams, OperationIr::Custom(ir), operation).remove(0)
}

impl<B: FusionBackend + JetKernels> JetKernels for Fusion<B> {
    fn forward(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let shape = z.shape.clone();
        queue::<B, 2>(Pass::Forward(kind, channels), [z, biases], shape)
    }

    fn adjoint(
        kind: Activation,
        channels: Channels,
        z: FloatTensor<Self>,
        biases: FloatTensor<Self>,
        bar: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let shape = z.shape.clone();
        queue::<B, 3>(Pass::Adjoint(kind, channels), [z, biases, bar], shape)
    }

    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = Shape::new([left.shape[0], right.shape[1]]);
        queue::<B, 2>(Pass::Product, [left, right], shape)
    }
}

/// The backward step of an activation.
#[derive(Debug)]
struct Activate;

/// What it needs: z and b.
type State<B> = (Activation, Channels, FloatTensor<B>, FloatTensor<B>);

impl<B: JetKernels> Backward<B, 2> for Activate {
    type State = State<B>;

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let bar = gradients.consume::<B>(&ops.node);
        let (kind, channels, z, biases) = ops.state;
        let bar = B::adjoint(kind, channels, z, biases, bar);
        let [z, biases] = ops.parents;
        if let Some(node) = biases {
            let bar = Tensor::<B, 3>::from_primitive(TensorPrimitive::Float(bar.clone()));
            let [_, n, width] = bar.dims();
            let sum = bar.slice([0..1, 0..n, 0..width]).sum_dim(1).reshape([width]);
            gradients.register::<B>(node.id, primitive(sum));
        }
        if let Some(node) = z {
            gradients.register::<B>(node.id, bar);
        }
    }
}

/// The backward step of C = A·B: Ā = C̄·Bᵀ, B̄ = Aᵀ·C̄.
#[derive(Debug)]
struct Multiply;

impl<B: JetKernels> Backward<B, 2> for Multiply {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let bar = gradients.consume::<B>(&ops.node);
        let (left, right) = ops.state;
        let [left_node, right_node] = ops.parents;
        if let Some(node) = left_node {
            gradients.register::<B>(node.id, B::product(bar.clone(), B::float_transpose(right)));
        }
        if let Some(node) = right_node {
            gradients.register::<B>(node.id, B::product(B::float_transpose(left), bar));
        }
    }
}

impl<B: JetKernels, C: CheckpointStrategy> JetBackend for Autodiff<B, C> {
    fn activate(kind: Activation, channels: Channels, z: Tensor<Self, 3>, biases: Tensor<Self, 1>) -> Tensor<Self, 3> {
        let (z, biases) = (primitive(z), primitive(biases));
        let out = B::forward(kind, channels, z.primitive.clone(), biases.primitive.clone());
        let out = match Activate.prepare::<C>([z.node, biases.node]).compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish((kind, channels, z.primitive, biases.primitive), out),
            OpsKind::UnTracked(step) => step.finish(out),
        };
        Tensor::from_primitive(TensorPrimitive::Float(out))
    }

    fn product(left: Tensor<Self, 2>, right: Tensor<Self, 2>) -> Tensor<Self, 2> {
        let (left, right) = (primitive(left), primitive(right));
        let out = B::product(left.primitive.clone(), right.primitive.clone());
        let out = match Multiply
            .prepare::<C>([left.node, right.node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => step.finish((left.primitive, right.primitive), out),
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

//! The fused kernel as a custom Burn operation: a loss that Burn's automatic differentiation can go back through.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData, TensorPrimitive};
use burn_backend::tensor::FloatTensor;

use super::fused::Kernel;
use crate::jet::{Rows, upload};

/// Loss and gradient come from one pass of the kernel; the backward step multiplies the gradient by what arrives.
#[derive(Debug)]
struct LeastSquares;

impl<B: Backend> Backward<B, 1> for LeastSquares {
    /// ∂loss/∂θ, `[p]`.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let arriving = gradients.consume::<B>(&ops.node);
        if let [Some(parameters)] = &ops.parents {
            let id: NodeId = parameters.id;
            gradients.register::<B>(id, B::float_mul(ops.state, arriving));
        }
    }
}

/// The loss Σ_t Σ_i w_i·|r_i|², `[1]`, and its terms.
///
/// `B` must be a backend in host memory: the parameters are read and the gradient is made there.
pub fn least_squares<B: Backend, C: CheckpointStrategy>(
    kernel: &Kernel<f32>,
    parameters: Tensor<Autodiff<B, C>, 1>,
    terms: &[Rows<f32>],
) -> (Tensor<Autodiff<B, C>, 1>, Vec<f64>) {
    let device = parameters.device();
    let TensorPrimitive::Float(parameters) = parameters.into_primitive() else {
        unreachable!("parameters are never quantised")
    };
    let values = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(parameters.primitive));
    #[expect(clippy::disallowed_methods, reason = "in host memory nothing waits")]
    let values: Vec<f32> = values.into_data().iter::<f32>().collect();
    let mut gradient = vec![0.0; values.len()];
    let losses = kernel.gradient(&values, &terms.iter().collect::<Vec<_>>(), &mut gradient);
    let tensor = |values: &[f32]| match upload::<B, 1>(TensorData::from(values), &device).into_primitive() {
        TensorPrimitive::Float(tensor) => tensor,
        TensorPrimitive::QFloat(_) => unreachable!("uploaded as f32"),
    };
    let total = tensor(&[losses.iter().sum::<f64>() as f32]);
    let total = match LeastSquares.prepare::<C>([parameters.node]).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(tensor(&gradient), total),
        OpsKind::UnTracked(step) => step.finish(total),
    };
    (Tensor::from_primitive(TensorPrimitive::Float(total)), losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::{Channels, Order, download};
    use crate::network::MlpConfig;
    use burn_flex::{Flex, FlexDevice};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_operation_passes_on_what_arrives_from_above() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let architecture = MlpConfig::default().architecture(1, &[0.0, 0.0], &[1.0, 1.0], &mut random);
        let values: Vec<f32> = architecture
            .initial_parameters(&mut random)
            .iter()
            .map(|v| *v as f32)
            .collect();
        let kernel = Kernel::new(architecture);
        let rows = Rows {
            channels: Channels::new(2, false, Order::Laplacian),
            points: 2,
            residuals: 1,
            components: 1,
            x: vec![0.1, 0.2, 0.7, 0.9],
            coefficients: vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            rhs: vec![1.0, 2.0],
            linear: Vec::new(),
            smooth: None,
            weights: vec![0.5, 0.5],
        };
        let parameters: Tensor<Autodiff<Flex>, 1> = upload(TensorData::from(&values[..]), &FlexDevice).require_grad();
        let _turn = crate::jet::generic::TURN.lock();
        let (loss, losses) = least_squares(&kernel, parameters.clone(), std::slice::from_ref(&rows));
        let value = download(loss.clone())[0];
        assert!((value - losses[0]).abs() < 1e-6 * losses[0]);
        // d(L²)/dθ = 2·L·dL/dθ.
        let gradients = (loss.clone() * loss).backward();
        let found = parameters.grad(&gradients).map(download).unwrap_or_default();
        let mut expected = vec![0.0; values.len()];
        kernel.gradient(&values, &[&rows], &mut expected);
        for (found, expected) in found.iter().zip(expected) {
            let expected = 2.0 * value * f64::from(expected);
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1e-3));
        }
    }
}

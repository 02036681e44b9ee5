//! The activation of a jet and its adjoint as one CubeCL kernel each: CUDA and wgpu.
//!
//! In tensor operations an activation reads and writes every channel several times, and the tape keeps what lies between. Here a
//! unit of the device takes one value through all its channels in registers: K values in, K values out, and only the
//! pre-activations are kept for the adjoint, which evaluates f again.

mod elementary;
mod kernel;
mod operation;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

pub use operation::ActivationKernel;

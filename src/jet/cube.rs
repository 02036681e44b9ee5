//! The activation of a jet and its adjoint as one CubeCL kernel each: CUDA and wgpu.
//!
//! In tensor operations an activation reads and writes every channel several times, and the tape keeps what lies between. Here a
//! unit of the device takes one value through all its channels in registers: K values in, K values out, and only the
//! pre-activations are kept for the adjoint, which evaluates f again.
//!
//! Products of matrices name their algorithm: left to itself, Burn takes tensor cores on CUDA, which round f32 to the 11 bits of TF32.

mod elementary;
mod kernel;
mod operation;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

pub use operation::JetKernels;

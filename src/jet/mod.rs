//! The core: a field together with its coordinate derivatives.
//!
//! Burn differentiates once and in reverse; equations need first and second derivatives with respect to coordinates and
//! then a gradient with respect to the parameters. So coordinate derivatives are carried *forward* through the network
//! as a jet, and one reverse pass gives the parameter gradient.
//!
//! - [`Channels`] says which derivatives are carried,
//! - [`Jet`] is what an equation or a condition sees of a field at one point,
//! - [`Scalar`] is the number that closed-form functions of x (formulas, distances) are evaluated with, either plain or
//!   as a [`CoordinateJet`],
//! - [`Architecture`] says which function is differentiated, [`Rows`] which linear forms of its jet are residuals,
//! - [`fused`] is the CPU kernel, [`generic`] the same mathematics in Burn tensor operations, whose activations are a kernel of
//!   their own (`cube`) on CUDA and wgpu.

pub mod activation;
mod architecture;
mod channels;
mod coordinate;
#[cfg(feature = "cube")]
pub mod cube;
mod dots;
mod encoding;
pub mod fused;
pub mod generic;
pub(crate) mod matmul;
pub mod operation;
mod packing;
mod pass;
mod product;
pub mod real;
mod rows;
mod smooth;
mod transfer;

pub use architecture::{Architecture, Layer, Pole};
pub use channels::{Channels, Jet, Order};
pub use coordinate::{COORDINATES, CoordinateJet, Scalar};
pub(crate) use encoding::encoded;
pub use rows::{Rows, Span};
pub use smooth::{SmoothResidual, SmoothRows};
#[cfg(test)]
pub(crate) use transfer::READS;
pub use transfer::{download, upload};

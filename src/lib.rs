//! pinn
pub mod cli;
pub mod condition;
pub mod device;
pub mod equation;
pub mod error;
pub mod formulation;
pub mod geometry;
pub mod jet;
pub mod loss;
pub mod network;
pub mod output;
pub mod problem;
pub mod sampler;
pub mod solution;
pub mod solve;
pub mod training;

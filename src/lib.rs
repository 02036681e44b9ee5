//! `pinn` solves elasticity and diffusion problems with physics-informed neural networks.
//!
//! # Reading order
//! [`solve`] is the whole data flow on one page:
//!
//! RON text → [`quantity`] (numbers and formulas) → [`problem`] (checked whole, made dimensionless) → points ([`geometry`]: primitives, shapes made of shapes, a [`mesh`]; ×
//! [`sampler`]) → rows of residuals ([`formulation`] of [`equation`] and [`condition`]) → weighted terms ([`loss`]) → mini-batches ([`batch`]) → stages
//! ([`training`] of a [`network`], through the [`jet`] core) → [`solution`] in SI units → [`output`]. [`budget`] plans what is
//! kept and what is done at once; [`noise`] and [`memory`] measure what mini-batches cost and save.
//!
//! # The idea that everything rests on
//! The ansatz u = g + D·s·N is affine in the network's jet j, and physics is written once, as plain functions of a point and a
//! [`jet::Jet`]. So the residuals of a term are [`jet::Rows`] of one of two kinds, told apart once per block of points:
//!
//! - *Affine* rows, where equation and condition are affine in the field: r = C·j − d, with coefficients that are computed once per point
//!   set ([`formulation`]) and do not change while the network trains.
//! - *Smooth* rows ([`jet::SmoothRows`]), where coefficients depend on the field: r(j) with its exact tangent C = ∂r/∂j, at the jets at hand.
//!
//! A training step is then nothing but jets, one small product per point, and the adjoint, which one fused kernel does block by block
//! without leaving the cache ([`jet::fused`]). Both kinds serve first-order steps, quasi-Newton steps and the Jacobian of Gauss–Newton,
//! on any device. What this replaces: physics in tensor operations on every step.
//!
//! Affinity makes the output layer of any network a linear problem: with enough random features ([`network::RandomFeatures`]) one
//! least-squares solve ([`training::LastLayer`]) takes the place of training, and the error that a solution still has is the solution of
//! another such problem ([`solution::Estimate`]). Smooth rows *frozen* at a field ([`jet::Rows::frozen`], d = C·j − r) are affine: the
//! same solve, again and again, is Newton's method ([`training::Newton`]), and the estimate is that of the linearised problem.
//!
//! A file that leaves its training open therefore makes several attempts ([`problem::attempts`]) and trains only if least squares are not
//! enough; [`start`] says where each begins. A further attempt at a nonlinear problem keeps the units and the field of the one before, and
//! adds units where that is steep or wrong ([`training::enrich`]). Where residuals stay large because the field is singular, a steady
//! problem that has a potential energy starts over in its energy form ([`problem::energy_form`]). An energy is a sum of squares and a
//! linear form, so that it runs through the same rows and stages ([`formulation`]).
//!
//! # Shapes, regions and interfaces
//! A [`geometry::Shape`] gives what the rest asks of a domain: points from numbers, outward normals, distances that vanish on a
//! boundary, rules of quadrature, regions and the [`geometry::Interface`]s between them, a mesh for output. Whether it is the image of
//! a box, a combination or a mesh is known to [`geometry`] alone. With several materials the network has an output per component and
//! region: the rows of a region see its own, those of an interface ([`condition::ValueContinuity`], [`condition::FluxContinuity`]) both
//! sides. In the energy form the continuity of the flux follows by itself.
//!
//! # Points are functions
//! A point set is a pure function of seed and index ([`sampler::PointSet`]), a shuffled epoch a pure function of seed, epoch and
//! position ([`sampler::Permutation`]), a batch one of the seed and of how much was drawn before ([`batch::DrawState`]). So
//! points may be kept or made when they are needed, with the same bits ([`batch::Collocation`]), and a [`training::Checkpoint`] of a few
//! vectors is enough to go on after any interruption.
//!
//! # Layers
//! From the ground up; a module imports from the layers below its own only (held by `tests/it/architecture.rs`):
//! 1. [`error`], [`jet`], [`sampler`]
//! 2. [`device`], [`loss`], [`mesh`], [`network`], [`quantity`]
//! 3. [`geometry`]
//! 4. [`equation`]
//! 5. [`condition`]
//! 6. [`formulation`]
//! 7. [`batch`]
//! 8. [`training`]
//! 9. [`problem`]
//! 10. [`start`]
//! 11. [`solution`]
//! 12. [`output`]
//! 13. [`budget`]
//! 14. [`memory`], [`noise`]
//! 15. [`solve`]
//! 16. [`cli`]
//!
//! # Letters
//! n points, d space coordinates, D coordinates with time (time last), m field components, K channels of a jet, R residuals per
//! point, p parameters.
//!
//! # Invariants
//! - Equations and conditions do not know the network; conditions see an equation's flux only.
//! - Only [`geometry`] makes normals; only [`quantity::scales`] changes units; only [`cli`] prints.
//! - Same file, seed, machine and build: same bits, for any number of threads (but for `batch: Auto`, which depends on times).
//! - First-order stages run in f32, curvature stages and every reported norm in f64; a device without f64 leaves those to the CPU.
//!
//! # Dependencies
//! Burn is pinned to 0.21.0: later series need a downloaded LLVM for CUDA. It provides devices, tensors and automatic
//! differentiation; `jet::generic`, `jet::cube`, `jet::transfer`, `training::tensors` and `device` are the only modules that know it. Everything else is
//! compiled once, whatever the backends: loops of training meet a backend as a trait object that speaks of plain vectors. Formulas have their own parser, see [`quantity::formula`]; L-BFGS and the
//! update rules of first-order steps are ours because their state must be saved and restored to the bit, see [`training::Lbfgs`]. Every other dependency has its reason beside it in Cargo.toml.

pub mod batch;
pub mod budget;
pub mod cli;
pub mod condition;
pub mod device;
pub mod equation;
pub mod error;
pub mod formulation;
pub mod geometry;
pub mod jet;
pub mod loss;
pub mod memory;
pub mod mesh;
pub mod network;
pub mod noise;
pub mod output;
pub mod problem;
pub mod quantity;
pub mod sampler;
pub mod solution;
pub mod solve;
pub mod start;
pub mod training;

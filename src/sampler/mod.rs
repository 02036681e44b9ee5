//! Which points: numbers in the unit cube that geometry spreads over the domain.
//!
//! A point set is a pure function of its seed and an index ([`PointSet`]): nothing has to be stored, any part of it can be made
//! anywhere, and an interrupted run finds the same points again. The weights of a set add up to 1.
//!
//! A further kind is one file and one line in `kind.rs`.

mod gauss;
mod halton;
mod kind;
mod latin_hypercube;
mod legendre;
mod permutation;
mod point_set;
mod sobol;
mod stratified;
mod stream;
mod uniform;

pub use gauss::Gauss;
pub use kind::SamplerKind;
pub use legendre::{gauss_legendre, graded_rule};
pub use permutation::{Permutation, mix, unit};
pub use point_set::PointSet;
pub use stream::Stream;

use halton::Halton;
use latin_hypercube::LatinHypercube;
use sobol::Sobol;
use stratified::Stratified;
use uniform::Uniform;

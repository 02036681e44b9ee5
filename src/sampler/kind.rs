//! The samplers that a problem file can name, one line each.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::point_set::Sequence;
use super::{Gauss, Halton, LatinHypercube, Sobol, Stratified, Uniform};

/// Declares the kinds, and what depends on all of them.
macro_rules! samplers {
    (
        random { $($(#[$random_doc:meta])* $random:ident,)* }
        fixed { $($(#[$fixed_doc:meta])* $fixed:ident,)* }
    ) => {
        /// The samplers that a problem file can name.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum SamplerKind {
            $($(#[$random_doc])* $random,)*
            $($(#[$fixed_doc])* $fixed($fixed),)*
        }

        impl SamplerKind {
            /// The kind's name in problem files.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$random => stringify!($random),)*
                    $(Self::$fixed(_) => stringify!($fixed),)*
                }
            }

            /// Whether another seed gives other points.
            pub fn random(self) -> bool {
                match self {
                    $(Self::$random => true,)*
                    $(Self::$fixed(_) => false,)*
                }
            }

            /// About `count` points of which the first `axes` coordinates are used.
            pub(super) fn sequence(self, count: usize, axes: usize, seed: u64) -> Arc<dyn Sequence> {
                match self {
                    $(Self::$random => Arc::new($random::new(count, axes, seed)),)*
                    $(Self::$fixed(kind) => Arc::new(kind.sequence(count, axes)),)*
                }
            }
        }
    };
}

samplers! {
    random {
        /// Independent uniform points; mean errors fall as n^(−1/2).
        Uniform,
        /// One uniform point per cell of a grid (more where the number of points is no power); errors fall as n^(−1/2 − 1/D).
        Stratified,
        /// Every axis cut into n slices, one point in each; removes the parts of the error that depend on one coordinate.
        LatinHypercube,
        /// Owen-scrambled Sobol points, even at every length; mean errors of smooth functions fall as n^(−3/2).
        #[default]
        Sobol,
        /// Halton points in bases 2, 3, 5, 7, shifted at random; mean errors fall nearly as 1/n.
        Halton,
    }
    fixed {
        /// Gauss–Legendre points and weights in the cells of a grid; the number of points is rounded to a full grid.
        Gauss,
    }
}

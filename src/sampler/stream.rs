//! What random numbers are drawn for.

use super::mix;

/// A stream of random numbers with a use of its own: two uses of one seed must not draw the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Stream {
    /// The steps of first-order rules that are drawn, one per stage.
    Rule = 0x401,
    /// Points of a batch by their importance, one per loss term.
    Importance = 0x1390,
    /// Points whose gradients tell what jitter adds.
    Jitter = 0x117e,
    /// Moves of jittered points, one per loss term.
    Shift = 0x7177,
    /// Shuffled epochs, one per stratum.
    Stratum = 0x57a0,
    /// Points that stand for a set.
    Scatter = 0x5a3e,
    /// The first direction in which curvature is measured.
    Sharpness = 0x5a4b,
    /// Training points on which the residual is measured at the end.
    Residuals = 0x7e57,
    /// Batches that are drawn aside.
    Aside = 0xa51d,
    /// Batches as the file draws them, whose noise is measured.
    Drawn = 0xd4a3,
    /// Features of the error estimate.
    Estimate = 0xe571,
    /// Places of further features, one per attempt.
    Enrichment = 0xe41c,
    /// New points in every step, one per loss term.
    Fresh = 0xf4e5,
    /// Batches of every size, whose noise is measured.
    Noise = 0x1_5e00,
    /// A run's stages.
    Stage = 0x57a6_e000,
    /// Points that no training uses, one per loss term.
    Unseen = 0xf4e5_0000,
}

impl Stream {
    /// The seed of the stream's `number`-th use.
    pub fn seed(self, seed: u64, number: usize) -> u64 {
        mix(seed, self.counter(number))
    }

    /// The counter that stands for the stream's `number`-th use.
    pub fn counter(self, number: usize) -> u64 {
        self as u64 + number as u64
    }
}

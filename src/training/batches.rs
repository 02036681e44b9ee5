//! Mini-batches: shuffled epochs over a fixed set of points.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::jet::real::Real;
use crate::loss::Rows;

/// Fewest points of a boundary in a step.
const FEWEST: usize = 16;

/// Deals the points of every term out to steps, without replacement within an epoch of the term.
///
/// With n points and batches of b there are s = ⌈n/b⌉ steps per epoch, and a batch's weights are multiplied by s, the last
/// and smaller batch's too: then the mean of the batch gradients over an epoch is exactly the full gradient.
pub(super) struct Batches<'a> {
    terms: &'a [Rows<f64>],
    decks: Vec<Deck>,
    random: ChaCha8Rng,
}

struct Deck {
    order: Vec<usize>,
    next: usize,
    size: usize,
}

impl<'a> Batches<'a> {
    /// `batch` interior points per step, and of the other terms the same share, at least [`FEWEST`].
    pub(super) fn new(terms: &'a [Rows<f64>], batch: usize, seed: u64) -> Self {
        let decks = terms
            .iter()
            .zip(Self::sizes(terms, batch))
            .map(|(rows, size)| Deck {
                order: (0..rows.points).collect(),
                next: rows.points,
                size,
            })
            .collect();
        Self {
            terms,
            decks,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Points per step of every term.
    pub(super) fn sizes(terms: &[Rows<f64>], batch: usize) -> Vec<usize> {
        let interior = terms.first().map_or(1, |rows| rows.points.max(1));
        terms
            .iter()
            .enumerate()
            .map(|(t, rows)| {
                let share = (rows.points * batch).div_ceil(interior);
                let size = if t == 0 { batch } else { share.max(FEWEST) };
                size.min(rows.points).max(1)
            })
            .collect()
    }

    /// Whether every step takes all points.
    pub(super) fn full(&self) -> bool {
        self.decks.iter().all(|deck| deck.size == deck.order.len())
    }

    /// The next batch of every term.
    pub(super) fn next<F: Real>(&mut self) -> Vec<Rows<F>> {
        self.decks
            .iter_mut()
            .zip(self.terms)
            .map(|(deck, rows)| {
                if deck.next >= deck.order.len() {
                    deck.order.shuffle(&mut self.random);
                    deck.next = 0;
                }
                let end = (deck.next + deck.size).min(deck.order.len());
                let steps = deck.order.len().div_ceil(deck.size);
                let batch = rows.gather(&deck.order[deck.next..end], steps as f64);
                deck.next = end;
                batch
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::fused::Kernel;
    use crate::jet::{Channels, Order};
    use crate::network::MlpConfig;
    use rand::RngExt;

    #[test]
    fn the_mean_gradient_of_an_epoch_is_the_full_gradient() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let channels = Channels::new(1, false, Order::First);
        let architecture = MlpConfig {
            width: 8,
            depth: 2,
            ..MlpConfig::default()
        }
        .architecture(1, &[0.0], &[1.0], &mut random);
        let parameters = architecture.initial_parameters(&mut random);
        let mut numbers = |count: usize| (0..count).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f64>>();
        let n = 103;
        let rows = Rows {
            channels,
            points: n,
            residuals: 1,
            components: 1,
            x: numbers(n),
            coefficients: numbers(n * 2),
            rhs: numbers(n),
            weights: vec![1.0 / n as f64; n],
        };
        let kernel = Kernel::<f64>::new(architecture);
        let p = parameters.len();
        let (mut full, mut mean, mut part) = (vec![0.0; p], vec![0.0; p], vec![0.0; p]);
        kernel.gradient(&parameters, &[&rows], &mut full);
        // 103 = 5·20 + 3: the last batch is partial.
        let terms = [rows];
        let mut batches = Batches::new(&terms, 20, 9);
        for _ in 0..6 {
            let batch = batches.next::<f64>();
            kernel.gradient(&parameters, &[&batch[0]], &mut part);
            mean.iter_mut().zip(&part).for_each(|(m, g)| *m += g / 6.0);
        }
        let scale = full.iter().map(|g| g.abs()).fold(0.0, f64::max);
        for (mean, full) in mean.iter().zip(full) {
            assert!((mean - full).abs() < 1e-12 * scale);
        }
    }
}

//! One point per cell.

use super::point_set::{Sequence, below_one, cells, chance};

/// One uniform point per cell of a grid, and more where the number of points is no power.
#[derive(Debug)]
pub(super) struct Stratified {
    count: usize,
    axes: usize,
    seed: u64,
    /// Cells per axis.
    cells: usize,
}

impl Stratified {
    pub(super) fn new(count: usize, axes: usize, seed: u64) -> Self {
        Self {
            count,
            axes,
            seed,
            cells: cells(count, axes),
        }
    }
}

impl Sequence for Stratified {
    fn len(&self) -> usize {
        self.count
    }

    fn point(&self, index: usize) -> [f64; 4] {
        let mut cell = index % self.cells.pow(self.axes as u32);
        std::array::from_fn(|axis| {
            let chance = chance(self.seed, index, axis);
            if axis >= self.axes {
                return chance;
            }
            let digit = cell % self.cells;
            cell /= self.cells;
            below_one((digit as f64 + chance) / self.cells as f64)
        })
    }

    fn weight(&self, index: usize) -> f64 {
        // Cells beyond the remainder have one point fewer.
        let cells = self.cells.pow(self.axes as u32);
        let extra = usize::from(index % cells < self.count % cells);
        1.0 / (cells * (self.count / cells + extra)) as f64
    }

    fn begins_fairly(&self) -> bool {
        false
    }
}

//! Gauss–Legendre points in the cells of a grid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gauss_legendre;
use super::point_set::{Sequence, cells};

/// Gauss–Legendre quadrature per cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gauss {
    /// Points per axis of a cell, 1 to 10; polynomials of degree 2·order − 1 are integrated exactly.
    pub order: usize,
}

impl Default for Gauss {
    fn default() -> Self {
        Self { order: 3 }
    }
}

impl Gauss {
    pub(super) fn sequence(self, count: usize, axes: usize) -> Grid {
        let order = self.order.max(1);
        Grid {
            axes,
            cells: (cells(count, axes) / order).max(1),
            rule: gauss_legendre(order),
        }
    }
}

/// The points of all cells.
#[derive(Debug)]
pub(super) struct Grid {
    axes: usize,
    /// Cells per axis.
    cells: usize,
    /// Points and weights on [0, 1].
    rule: Vec<(f64, f64)>,
}

impl Sequence for Grid {
    fn len(&self) -> usize {
        (self.cells * self.rule.len()).pow(self.axes as u32)
    }

    fn point(&self, index: usize) -> [f64; 4] {
        let mut rest = index;
        std::array::from_fn(|axis| {
            if axis >= self.axes {
                return 0.5;
            }
            let node = self.rule[rest % self.rule.len()].0;
            rest /= self.rule.len();
            let cell = rest % self.cells;
            rest /= self.cells;
            (cell as f64 + node) / self.cells as f64
        })
    }

    fn weight(&self, index: usize) -> f64 {
        let mut rest = index;
        (0..self.axes).fold(1.0, |product, _| {
            let weight = self.rule[rest % self.rule.len()].1;
            rest /= self.rule.len() * self.cells;
            product * weight / self.cells as f64
        })
    }

    fn begins_fairly(&self) -> bool {
        false
    }
}

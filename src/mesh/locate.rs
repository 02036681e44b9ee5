//! Which cell holds a point.

use rayon::prelude::*;

use super::element::Element;

/// Boxes of boxes of cells that are near each other on a space-filling curve.
#[derive(Clone, Debug)]
pub(super) struct Locator {
    /// From the boxes of [`WIDTH`] cells up to one.
    levels: Vec<Vec<[[f64; 3]; 2]>>,
    size: f64,
}

/// Cells per box and boxes per box.
const WIDTH: usize = 4;

/// Where a point lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// The cell.
    pub(super) cell: u32,
    /// How far outside of it, by its size; 0 or less inside.
    pub(super) outside: f64,
}

impl Locator {
    /// For the cells of an order.
    pub(super) fn new(order: &[u32], element: impl Fn(u32) -> Element + Sync) -> Self {
        let mut levels: Vec<Vec<[[f64; 3]; 2]>> = vec![
            order
                .par_chunks(WIDTH)
                .map(|cells| join(cells.iter().map(|cell| boxed(&element(*cell)))))
                .collect(),
        ];
        while let Some(last) = levels.last()
            && last.len() > 1
        {
            let next = last.chunks(WIDTH).map(|boxes| join(boxes.iter().copied())).collect();
            levels.push(next);
        }
        let top = levels
            .last()
            .and_then(|level| level.first().copied())
            .unwrap_or_default();
        let size = (0..3).map(|j| top[1][j] - top[0][j]).fold(0.0, f64::max);
        Self { levels, size }
    }

    /// The cell that holds x; the nearest one if x lies outside, found among those whose boxes are near x.
    pub(super) fn find(&self, x: [f64; 3], order: &[u32], element: impl Fn(u32) -> Element) -> Option<Found> {
        let mut slack = 1e-10 * self.size;
        while slack.is_finite() && slack < 1e3 * self.size.max(norm(x)) {
            let mut best: Option<Found> = None;
            let mut open = vec![(self.levels.len() - 1, 0)];
            while let Some((level, at)) = open.pop() {
                let [low, high] = self.levels[level][at];
                if (0..3).any(|j| x[j] < low[j] - slack || x[j] > high[j] + slack) {
                    continue;
                }
                if level > 0 {
                    let count = self.levels[level - 1].len();
                    open.extend((at * WIDTH..((at + 1) * WIDTH).min(count)).map(|child| (level - 1, child)));
                    continue;
                }
                for &cell in &order[at * WIDTH..((at + 1) * WIDTH).min(order.len())] {
                    let element = element(cell);
                    let Some(xi) = element.invert(x) else { continue };
                    let outside = Element::outside(element.kind, xi);
                    let better = best.is_none_or(|found| outside < found.outside);
                    if better {
                        best = Some(Found { cell, outside });
                    }
                    if outside <= 0.0 {
                        return best;
                    }
                }
            }
            if best.is_some() {
                return best;
            }
            slack *= 30.0;
        }
        None
    }
}

fn norm(x: [f64; 3]) -> f64 {
    x.iter().map(|v| v * v).sum::<f64>().sqrt()
}

fn boxed(element: &Element) -> [[f64; 3]; 2] {
    let [mut low, mut high] = join(element.all_nodes().iter().map(|x| [*x, *x]));
    if !element.affine && element.kind.order() > 1 {
        // A curved cell may reach beyond the box of its nodes.
        let size = (0..3).map(|j| high[j] - low[j]).fold(0.0, f64::max);
        for j in 0..3 {
            low[j] -= 0.25 * size;
            high[j] += 0.25 * size;
        }
    }
    [low, high]
}

fn join(boxes: impl Iterator<Item = [[f64; 3]; 2]>) -> [[f64; 3]; 2] {
    boxes.fold([[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]], |[low, high], [a, b]| {
        [
            std::array::from_fn(|j| low[j].min(a[j])),
            std::array::from_fn(|j| high[j].max(b[j])),
        ]
    })
}

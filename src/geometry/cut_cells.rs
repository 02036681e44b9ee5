//! Quadrature over the unit cube that does not cross surfaces: Gauss points on both sides of them in the cells that they cut.
//!
//! In a cut cell lines run along the axis that the surfaces cross most directly; each line is divided where it meets a surface. The
//! lines' own places are chosen in the same way over the cell's face, divided where the surfaces leave it, one dimension less.
//!
//! # Source
//! Saye, *High-order quadrature methods for implicitly defined surfaces and volumes in hyperrectangles*, SIAM J. Sci. Comput. 37
//! (2015) A993.

use super::level_set::root;
use crate::sampler::gauss_legendre;

/// A function of the unit cube whose zeros must not be crossed, some of its coordinates fixed.
#[derive(Clone, Copy)]
struct Slice<'a> {
    function: &'a dyn Fn([f64; 3]) -> f64,
    fixed: [Option<f64>; 3],
}

impl Slice<'_> {
    fn at(&self, x: [f64; 3]) -> f64 {
        (self.function)(std::array::from_fn(|j| self.fixed[j].unwrap_or(x[j])))
    }
}

/// One cell and the Gauss points of an interval.
struct Cell<'a> {
    low: [f64; 3],
    width: f64,
    gauss: &'a [(f64, f64)],
}

/// Where a line is looked at for changes of sign.
const LOOKS: usize = 4;

/// Points of the unit cube with weights that add up to 1, `order` points per direction in each of `cells`^d cells, more where cells
/// are cut. Coordinates beyond d are 0.5.
pub(super) fn rule(
    functions: &[&dyn Fn([f64; 3]) -> f64],
    dimension: usize,
    cells: usize,
    order: usize,
) -> Vec<([f64; 3], f64)> {
    let gauss = gauss_legendre(order);
    let slices: Vec<Slice<'_>> = functions
        .iter()
        .map(|function| Slice {
            function: *function,
            fixed: [None; 3],
        })
        .collect();
    let axes: Vec<usize> = (0..dimension).collect();
    let width = 1.0 / cells as f64;
    let mut points = Vec::new();
    for index in 0..cells.pow(dimension as u32) {
        let mut rest = index;
        let low = std::array::from_fn(|j| {
            let place = rest % cells;
            rest /= cells;
            if j < dimension { place as f64 * width } else { 0.5 }
        });
        let cell = Cell {
            low,
            width,
            gauss: &gauss,
        };
        let cutting: Vec<Slice<'_>> = slices.iter().copied().filter(|slice| cell.cut(&axes, slice)).collect();
        points.extend(cell.nodes(&axes, &cutting));
    }
    points
}

impl Cell<'_> {
    /// Whether a function changes its sign on a lattice of the cell.
    fn cut(&self, axes: &[usize], slice: &Slice<'_>) -> bool {
        let mut signs = [false; 2];
        for index in 0..(LOOKS + 1).pow(axes.len() as u32) {
            let (mut rest, mut x) = (index, self.low);
            for &axis in axes {
                x[axis] += self.width * (rest % (LOOKS + 1)) as f64 / LOOKS as f64;
                rest /= LOOKS + 1;
            }
            signs[usize::from(slice.at(x) < 0.0)] = true;
        }
        signs == [true; 2]
    }

    /// Nodes over the given axes, other coordinates as in `low`.
    fn nodes(&self, axes: &[usize], slices: &[Slice<'_>]) -> Vec<([f64; 3], f64)> {
        let Some(height) = self.height(axes, slices) else {
            return vec![(self.low, 1.0)];
        };
        let base: Vec<usize> = axes.iter().copied().filter(|&axis| axis != height).collect();
        // Where the surfaces pass the ends of the lines.
        let ends: Vec<Slice<'_>> = slices
            .iter()
            .flat_map(|slice| {
                [0.0, self.width].map(|step| {
                    let mut end = *slice;
                    end.fixed[height] = Some(self.low[height] + step);
                    end
                })
            })
            .collect();
        let mut points = Vec::new();
        for (place, weight) in self.nodes(&base, if base.is_empty() { &[] } else { &ends }) {
            let on = |s: f64| {
                let mut x = place;
                x[height] = self.low[height] + s * self.width;
                x
            };
            let mut breaks = vec![0.0, 1.0];
            for slice in slices {
                let looks = (0..LOOKS).map(|k| (k as f64 / LOOKS as f64, 1.0 / LOOKS as f64));
                for (start, length) in looks {
                    let f = |s: f64| slice.at(on(start + s * length));
                    if (f(0.0) < 0.0) != (f(1.0) < 0.0) {
                        breaks.push(start + root(f) * length);
                    }
                }
            }
            breaks.sort_by(f64::total_cmp);
            for ends in breaks.windows(2) {
                let length = ends[1] - ends[0];
                if length > 1e-14 {
                    let inner = self.gauss.iter();
                    points.extend(
                        inner.map(|(node, share)| (on(ends[0] + node * length), weight * share * length * self.width)),
                    );
                }
            }
        }
        points
    }

    /// The axis along which the functions change most in the middle of the cell.
    fn height(&self, axes: &[usize], slices: &[Slice<'_>]) -> Option<usize> {
        let steepness = |axis: usize| -> f64 {
            let mut middle = self.low;
            for &axis in axes {
                middle[axis] += 0.5 * self.width;
            }
            let moved = |step: f64| {
                let mut x = middle;
                x[axis] += step * self.width;
                x
            };
            slices
                .iter()
                .map(|slice| (slice.at(moved(0.25)) - slice.at(moved(-0.25))).abs())
                .sum()
        };
        axes.iter()
            .copied()
            .max_by(|&a, &b| steepness(a).total_cmp(&steepness(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ∫ of x² over a disk of radius 0.4 is π·r⁴/4, over a ball 4π·r⁵/15; without the cut the error would be a thousandth.
    #[test]
    fn disks_and_balls_are_integrated_to_many_digits() {
        let r: f64 = 0.4;
        let pi = std::f64::consts::PI;
        for (dimension, cells, exact, bound) in [
            (2, 16, pi * r.powi(4) / 4.0, 1e-9),
            (3, 6, 4.0 * pi * r.powi(5) / 15.0, 1e-4),
        ] {
            let inside = |x: [f64; 3]| {
                let square: f64 = (0..dimension).map(|j| (x[j] - 0.5).powi(2)).sum();
                square - r * r
            };
            let points = rule(&[&inside], dimension, cells, 5);
            let weights: f64 = points.iter().map(|(_, w)| w).sum();
            assert!((weights - 1.0).abs() < 1e-12);
            let sum: f64 = points
                .iter()
                .filter(|(x, _)| inside(*x) < 0.0)
                .map(|(x, w)| w * (x[0] - 0.5).powi(2))
                .sum();
            assert!(
                (sum / exact - 1.0).abs() < bound,
                "{dimension}: {:e}",
                sum / exact - 1.0
            );
        }
    }

    #[test]
    fn two_layers_in_one_cell_are_told_apart() {
        let (first, second) = (|x: [f64; 3]| x[0] - 0.31, |x: [f64; 3]| x[0] - 0.33);
        let points = rule(&[&first, &second], 1, 4, 3);
        let between: f64 = points
            .iter()
            .filter(|(x, _)| x[0] > 0.31 && x[0] < 0.33)
            .map(|(_, w)| w)
            .sum();
        assert!((between - 0.02).abs() < 1e-14);
    }
}

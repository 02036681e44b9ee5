//! Uniform points over many cells or facets.

use rayon::prelude::*;

use super::element::Element;
use super::hilbert::hilbert;
use super::profile::Profile;
use super::quadrature::rule;

/// Cells or facets in the order of a space-filling curve, with their running measure: the first number of a point picks the
/// cell and, by what is left of it, the place in the cell. Sets of low discrepancy stay even that way.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// Indices of cells or facets.
    pub(super) order: Vec<u32>,
    /// Measure up to and including each.
    running: Vec<f64>,
    /// Where a cell's profile is; [`NONE`] for affine cells.
    profile: Vec<u32>,
    profiles: Vec<Profile>,
}

const NONE: u32 = u32::MAX;

impl Cover {
    /// All of `items`; `bounds` is the box that the curve fills.
    pub(super) fn new(
        items: Vec<u32>,
        dimension: usize,
        bounds: ([f64; 3], [f64; 3]),
        element: impl Fn(u32) -> Element + Sync,
    ) -> Self {
        let (low, high) = bounds;
        let size = (0..3).map(|j| high[j] - low[j]).fold(f64::MIN_POSITIVE, f64::max);
        let mut keyed: Vec<(u64, u32)> = items
            .into_par_iter()
            .map(|item| {
                let element = element(item);
                let corners = element.corners();
                let middle = std::array::from_fn(|j| {
                    let mean = corners.iter().map(|x| x[j]).sum::<f64>() / corners.len() as f64;
                    (mean - low[j]) / size
                });
                (hilbert(middle, dimension), item)
            })
            .collect();
        keyed.par_sort_unstable();
        let order: Vec<u32> = keyed.into_iter().map(|(_, item)| item).collect();
        let measured: Vec<(f64, Option<Profile>)> = order
            .par_iter()
            .map(|&item| {
                let element = element(item);
                if element.affine {
                    (element.density([0.0; 3]) * element.kind.reference_measure(), None)
                } else {
                    let profile = element.profile([0.0; 3], 0);
                    (Element::total(&profile), Some(profile))
                }
            })
            .collect();
        let mut cover = Self {
            order,
            running: Vec::with_capacity(measured.len()),
            profile: Vec::with_capacity(measured.len()),
            profiles: Vec::new(),
        };
        // Compensated, so that a million cells add up to rounding.
        let (mut sum, mut lost) = (0.0, 0.0);
        for (measure, profile) in measured {
            let term = measure - lost;
            let next = sum + term;
            lost = (next - sum) - term;
            sum = next;
            cover.running.push(sum);
            cover.profile.push(match profile {
                None => NONE,
                Some(profile) => {
                    cover.profiles.push(profile);
                    cover.profiles.len() as u32 - 1
                }
            });
        }
        cover
    }

    /// Measure of all.
    pub(super) fn total(&self) -> f64 {
        self.running.last().copied().unwrap_or(0.0)
    }

    /// Measure of the one at a place of the order.
    pub(super) fn measure(&self, at: usize) -> f64 {
        self.running[at] - self.before(at)
    }

    fn before(&self, at: usize) -> f64 {
        if at == 0 { 0.0 } else { self.running[at - 1] }
    }

    fn profile(&self, at: usize) -> Option<&Profile> {
        self.profiles.get(self.profile[at] as usize)
    }

    /// The element and reference point that belong to numbers of the unit cube.
    pub(super) fn place(&self, unit: [f64; 3], element: impl Fn(u32) -> Element) -> (Element, [f64; 3]) {
        let wanted = unit[0] * self.total();
        let at = self
            .running
            .partition_point(|sum| *sum <= wanted)
            .min(self.order.len() - 1);
        let rest = ((wanted - self.before(at)) / self.measure(at)).clamp(0.0, 1.0);
        let element = element(self.order[at]);
        let xi = element.spread(self.profile(at), [rest, unit[1], unit[2]]);
        (element, xi)
    }

    /// The parts of the first number that belong to elements with x, within a tolerance, as a corner.
    pub(super) fn corner_cells(
        &self,
        x: [f64; 3],
        tolerance: f64,
        element: impl Fn(u32) -> Element + Sync,
    ) -> Vec<[f64; 2]> {
        let near = |corner: &[f64; 3]| (0..3).all(|j| (corner[j] - x[j]).abs() <= tolerance);
        let total = self.total();
        (0..self.order.len())
            .into_par_iter()
            .filter(|&at| element(self.order[at]).corners().iter().any(near))
            .map(|at| [self.before(at) / total, self.running[at] / total])
            .collect()
    }

    /// A Gauss rule with `order` points per direction and cell: numbers for [`Cover::place`], weights that add up to 1.
    pub(super) fn rule(&self, order: usize, element: impl Fn(u32) -> Element + Sync) -> Vec<([f64; 3], f64)> {
        let total = self.total();
        let parts: Vec<Vec<([f64; 3], f64)>> = (0..self.order.len())
            .into_par_iter()
            .map(|at| {
                let element = element(self.order[at]);
                rule(element.kind, order)
                    .into_iter()
                    .map(|(cube, xi, weight)| {
                        let mut unit = element.gather(self.profile(at), cube);
                        unit[0] = (self.before(at) + self.measure(at) * unit[0]) / total;
                        (unit, element.density(xi) * weight / total)
                    })
                    .collect()
            })
            .collect();
        parts.concat()
    }
}

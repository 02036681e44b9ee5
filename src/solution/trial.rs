//! A field that is offered as a solution: errors and balances measure it without knowing where it comes from.

use crate::condition::{BoundaryPoint, Condition};
use crate::equation::in_region;
use crate::formulation::heads;
use crate::jet::{Channels, Jet, Order};
use crate::problem::Problem;
use crate::quantity::{Field, scales};

/// A field with its derivatives, for example a trained network or a closed form.
pub trait Trial {
    /// The problem that it should solve.
    fn problem(&self) -> &Problem;

    /// Its jets at dimensionless points (x, y, z, t) as points of the given regions, `[n, m, K]`.
    fn jets_in(&self, points: &[[f64; 4]], regions: &[usize], order: Order) -> Vec<f64>;

    /// Its jets at dimensionless points, `[n, m, K]`.
    fn jets(&self, points: &[[f64; 4]], order: Order) -> Vec<f64> {
        self.jets_in(points, &self.problem().model.regions_of(points), order)
    }

    /// The jets that a condition sees at its points: of the region inside, or of both sides of an interface, `[n, sides·m, K]`.
    fn jets_for(&self, condition: &dyn Condition, points: &[BoundaryPoint], order: Order) -> Vec<f64> {
        let sides = condition.sides().map_or(1, |sides| sides.len());
        let x: Vec<[f64; 4]> = points.iter().flat_map(|point| vec![point.x; sides]).collect();
        self.jets_in(&x, &heads(condition, points), order)
    }

    /// The layout of its jets.
    fn channels(&self, order: Order) -> Channels {
        Channels::new(
            self.problem().model.shape.dimension(),
            self.problem().model.transient,
            order,
        )
    }

    /// Calls `work` with every point's index and jet, part by part so that memory does not grow with the points.
    fn each(&self, points: &[[f64; 4]], order: Order, work: &mut dyn FnMut(usize, &Jet<'_>)) {
        self.each_in(points, &self.problem().model.regions_of(points), order, work);
    }

    /// The same as points of the given regions.
    fn each_in(&self, points: &[[f64; 4]], regions: &[usize], order: Order, work: &mut dyn FnMut(usize, &Jet<'_>)) {
        let channels = self.channels(order);
        let stride = self.problem().model.equation.components() * channels.count();
        for (part, (points, regions)) in points.chunks(PART).zip(regions.chunks(PART)).enumerate() {
            for (i, jet) in self.jets_in(points, regions, order).chunks(stride).enumerate() {
                work(part * PART + i, &Jet::new(channels, jet));
            }
        }
    }

    /// The equation's residuals at dimensionless points, `[n, R]`.
    fn residuals(&self, points: &[[f64; 4]]) -> Vec<f64> {
        let equation = self.problem().model.equation.as_ref();
        let r = equation.residuals();
        let mut residuals = vec![0.0; points.len() * r];
        self.each(points, equation.order(), &mut |i, jet| {
            equation.residual(&points[i], jet, &mut residuals[i * r..(i + 1) * r]);
        });
        residuals
    }
}

/// Points whose jets are in memory at once.
const PART: usize = 4096;

/// A field given by a formula per component, such as a problem's reference; where the flux is an unknown it follows by the
/// material law.
#[derive(Clone, Copy, Debug)]
pub struct ClosedForm<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// The components of the field per region, dimensionless; one entry if they are the same everywhere.
    pub components: &'a [Vec<Field>],
}

impl Trial for ClosedForm<'_> {
    fn problem(&self) -> &Problem {
        self.problem
    }

    fn jets_in(&self, points: &[[f64; 4]], regions: &[usize], order: Order) -> Vec<f64> {
        let channels = self.channels(order);
        let equation = self.problem.model.equation.as_ref();
        let stride = equation.components() * channels.count();
        let mut jets = vec![0.0; points.len() * stride];
        for ((point, x), region) in jets.chunks_mut(stride).zip(points).zip(regions) {
            let at = scales::seed(*x);
            let own = &self.components[(*region).min(self.components.len() - 1)];
            let field = own.iter().map(|component| component.at(&at)).collect();
            let components = in_region(equation, *region).complete(x, field);
            for (component, out) in components.iter().zip(point.chunks_mut(channels.count())) {
                component.write(channels, out);
            }
        }
        jets
    }
}

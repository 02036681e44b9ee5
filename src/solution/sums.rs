//! The sums behind the balances: over the boundary, the interior and a span of time of a transient problem.
//!
//! What a body stores over the span is known without any integral over time: ∫ c·(u₁ − u₀), as is its work ½·∫ c·(u₁² − u₀²).

use std::ops::Range;

use super::CandidateField;
use super::quadrature::{self, Fineness};
use super::weight::Weight;
use crate::condition::{BoundaryPoint, Condition, Continuity};
use crate::equation::{Equation, in_region};
use crate::formulation::{BoundaryTerm, Formulation, Place};
use crate::geometry::{Face, Interface};
use crate::jet::{Jet, Order};
use crate::problem::Problem;
use crate::sampler::SamplerKind;

/// One sum that should vanish, with up to three components.
pub(super) struct Sum {
    /// What every loss term contributes, interior first.
    pub(super) terms: Vec<[f64; 3]>,
    /// The sum of the norms of all parts.
    pub(super) absolute: f64,
}

impl Sum {
    pub(super) fn total(&self) -> [f64; 3] {
        std::array::from_fn(|c| self.terms.iter().map(|part| part[c]).sum())
    }

    fn add(&mut self, term: usize, weight: f64, part: [f64; 3]) {
        self.terms[term]
            .iter_mut()
            .zip(part)
            .for_each(|(sum, v)| *sum += weight * v);
    }
}

/// All sums of a field, dimensionless.
pub(super) struct Sums {
    pub(super) loads: Sum,
    pub(super) moments: Sum,
    pub(super) energy: Sum,
    /// The components whose loads should vanish together.
    balanced: Range<usize>,
}

/// What the sums are over.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) fineness: Fineness,
    /// Of a transient problem, where time runs over [0, 1].
    pub(super) span: [f64; 2],
    pub(super) weight: &'a Weight,
}

impl Scope<'_> {
    /// Points of the unit cube of a place or the interior, with time in the span, and weights that add up to its length.
    fn points(&self, problem: &Problem, place: Option<Place>) -> Vec<([f64; 4], f64)> {
        let mut points = quadrature::points(problem, place, self.fineness);
        if problem.model.transient && place != Some(Place::Initial) {
            let axis = place.map_or(problem.model.axes(0), |place| problem.model.place_axes(place)) - 1;
            let [from, to] = self.span;
            for (unit, weight) in &mut points {
                unit[axis] = from + (to - from) * unit[axis];
                *weight *= to - from;
            }
        }
        points
    }
}

/// A load at a point with its arm and the value that it works on.
#[derive(Clone, Copy)]
struct Load {
    arm: [f64; 3],
    load: [f64; 3],
    value: [f64; 3],
}

impl Load {
    fn moment(&self) -> [f64; 3] {
        let ([x, y, z], [fx, fy, fz]) = (self.arm, self.load);
        [y * fz - z * fy, z * fx - x * fz, x * fy - y * fx]
    }

    fn work(&self) -> f64 {
        dot(self.load, self.value)
    }
}

/// From the centre to x; coordinates that a plane problem does not have must not act as arms.
fn arm(x: &[f64; 4], centre: [f64; 3], dimension: usize) -> [f64; 3] {
    std::array::from_fn(|j| if j < dimension { x[j] - centre[j] } else { 0.0 })
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Takes a point, its weight, the field's components at some times, and the jet at the last of them.
type AtTimes<'w, const N: usize> = dyn FnMut(&BoundaryPoint, f64, [[f64; 3]; N], &Jet<'_>) + 'w;

impl Sums {
    pub(super) fn new(candidate: &dyn CandidateField, scope: Scope<'_>) -> Self {
        let problem = candidate.problem();
        let sum = || Sum {
            terms: vec![[0.0; 3]; 1 + problem.model.terms.len()],
            absolute: 0.0,
        };
        let mut sums = Self {
            loads: sum(),
            moments: sum(),
            energy: sum(),
            balanced: problem.model.equation.balanced(),
        };
        let (low, high) = problem.model.shape.bounds();
        let centre = std::array::from_fn(|j| 0.5 * (low[j] + high[j]));
        for face in problem.model.shape.faces() {
            sums.face(candidate, face, centre, scope);
        }
        let stores = problem.model.transient && keeps_capacity(candidate);
        sums.interior(candidate, centre, scope, problem.model.transient && !stores);
        if stores {
            sums.storage(candidate, scope);
        }
        if problem.model.equation.parts() > 1 {
            for interface in problem.model.shape.interfaces() {
                sums.interface(candidate, &interface, centre, scope);
            }
        }
        for (t, term) in problem.model.terms.iter().enumerate() {
            if term.place == Place::Initial && scope.span[0] == 0.0 {
                sums.start(candidate, 1 + t, term.condition.as_ref(), scope);
            }
        }
        sums
    }

    /// Adds a load to the part of a loss term.
    fn add(&mut self, term: usize, weight: f64, load: &Load) {
        let balanced = std::array::from_fn(|c| if self.balanced.contains(&c) { load.load[c] } else { 0.0 });
        self.loads.add(term, weight, balanced);
        self.moments.add(term, weight, load.moment());
        self.energy.add(term, weight, [load.work(), 0.0, 0.0]);
    }

    /// Adds a load's absolute parts. A moment's is |r|·|t|: forces towards the centre are no reason to take rounding for a
    /// moment.
    fn weigh(&mut self, weight: f64, load: &Load) {
        let size = dot(load.load, load.load).sqrt();
        self.loads.absolute += weight * size;
        self.moments.absolute += weight * size * dot(load.arm, load.arm).sqrt();
        self.energy.absolute += weight * load.work().abs();
    }

    /// The field's own normal flux counts for the interior; what conditions change in it, and in the value, for them.
    fn face(&mut self, candidate: &dyn CandidateField, face: Face, centre: [f64; 3], scope: Scope<'_>) {
        let problem = candidate.problem();
        let (equation, place) = (problem.model.equation.as_ref(), Place::Face(face));
        let energy = problem.model.formulation == Formulation::Energy;
        let conditions: Vec<(usize, &dyn Condition)> = (1..)
            .zip(&problem.model.terms)
            .filter(|(_, term)| term.place == place)
            .map(|(t, term)| (t, term.condition.as_ref()))
            .collect();
        let order = conditions.iter().map(|(_, condition)| condition.order()).max();
        let order = order.unwrap_or(Order::First).max(Order::First);
        let (m, d) = (equation.field_components(), problem.model.shape.dimension());
        let (points, weights): (Vec<BoundaryPoint>, Vec<f64>) = scope
            .points(problem, Some(place))
            .into_iter()
            .map(|(unit, weight)| (problem.model.boundary_point(place, unit), weight))
            .unzip();
        let x: Vec<[f64; 4]> = points.iter().map(|point| point.x).collect();
        let measure = problem.model.shape.face_measure(face);
        let mut flux = vec![0.0; 3 * m];
        let regions: Vec<usize> = points.iter().map(|point| point.region).collect();
        candidate.each_in(&x, &regions, order, &mut |i, u| {
            let point = &points[i];
            let equation = in_region(equation, point.region);
            let weight = measure * weights[i] * equation.weight(&point.x) * scope.weight.at(problem, &point.x);
            equation.flux(&point.x, u, &mut flux);
            let mut load = Load {
                arm: arm(&point.x, centre, d),
                load: [0.0; 3],
                value: [0.0; 3],
            };
            for c in 0..m {
                load.load[c] = (0..d).map(|j| flux[3 * c + j] * point.normal[j]).sum();
                load.value[c] = u.value(c);
            }
            self.add(0, weight, &load);
            for (t, condition) in &conditions {
                let mut residual = vec![0.0; condition.residuals()];
                condition.residual(equation, point, u, &mut residual);
                self.add(*t, -weight, &load);
                condition.impose(point, &residual, &mut load.value, &mut load.load);
                if energy {
                    condition.reaction(point, &residual, &mut load.load);
                }
                self.add(*t, weight, &load);
            }
            self.weigh(weight, &load);
        });
    }

    /// What two regions do to each other over their interface counts for the interior, as if each were a body of its own; what does
    /// not cancel counts for the conditions there. So the sums are those of the whole body.
    fn interface(&mut self, candidate: &dyn CandidateField, interface: &Interface, centre: [f64; 3], scope: Scope<'_>) {
        let problem = candidate.problem();
        let (equation, place) = (problem.model.equation.as_ref(), Place::Face(interface.face));
        let (m, d) = (equation.field_components(), problem.model.shape.dimension());
        let term = |continuity: Continuity| {
            let is = |term: &BoundaryTerm| term.place == place && term.condition.continuity() == Some(continuity);
            problem.model.terms.iter().position(is).map(|t| 1 + t)
        };
        // In an energy the flux is continuous by itself.
        let Some(value_term) = term(Continuity::Value) else {
            return;
        };
        let flux_term = term(Continuity::Flux).unwrap_or(0);
        let (points, weights): (Vec<BoundaryPoint>, Vec<f64>) = scope
            .points(problem, Some(place))
            .into_iter()
            .map(|(unit, weight)| (problem.model.boundary_point(place, unit), weight))
            .unzip();
        let x: Vec<[f64; 4]> = points.iter().map(|point| point.x).collect();
        let measure = problem.model.shape.face_measure(interface.face);
        let mut loads = vec![[([0.0; 3], [0.0; 3]); 2]; points.len()];
        let mut flux = vec![0.0; 3 * m];
        for (side, region) in interface.sides.into_iter().enumerate() {
            candidate.each_in(&x, &vec![region; x.len()], Order::First, &mut |i, u| {
                in_region(equation, region).flux(&x[i], u, &mut flux);
                let (load, value) = &mut loads[i][side];
                for c in 0..m {
                    load[c] = (0..d).map(|j| flux[3 * c + j] * points[i].normal[j]).sum();
                    value[c] = u.value(c);
                }
            });
        }
        for ((point, weight), [(first, u), (second, v)]) in points.iter().zip(weights).zip(loads) {
            let weight = measure * weight * equation.weight(&point.x) * scope.weight.at(problem, &point.x);
            let arm = arm(&point.x, centre, d);
            let load = |load: [f64; 3], value: [f64; 3]| Load { arm, load, value };
            let mean = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|c| 0.5 * (a[c] + b[c]));
            let jump = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|c| a[c] - b[c]);
            self.add(0, weight, &load(first, u));
            self.add(0, -weight, &load(second, v));
            // q₀·u₀ − q₁·u₁ = (q₀ − q₁)·mean u + mean q·(u₀ − u₁).
            self.add(flux_term, -weight, &load(jump(first, second), mean(u, v)));
            let work = dot(mean(first, second), jump(u, v));
            self.energy.add(value_term, -weight, [work, 0.0, 0.0]);
        }
    }

    /// The source as a load on every point, less the storage by the field's `rates`, and the energy that the flux stores; what the
    /// flux does where the weight w changes: ∫ w·div q = ∮ w·q·n − ∫ q·grad w.
    fn interior(&mut self, candidate: &dyn CandidateField, centre: [f64; 3], scope: Scope<'_>, rates: bool) {
        let problem = candidate.problem();
        let equation = problem.model.equation.as_ref();
        let (m, d) = (equation.field_components(), problem.model.shape.dimension());
        let (points, weights): (Vec<[f64; 4]>, Vec<f64>) = scope
            .points(problem, None)
            .into_iter()
            .map(|(unit, weight)| (problem.model.interior_point(unit), weight))
            .unzip();
        let (measure, transient) = (problem.model.shape.measure(), problem.model.transient);
        let [mut flux, mut gradient] = [0, 1].map(|_| vec![0.0; 3 * m]);
        candidate.each(&points, Order::First, &mut |i, u| {
            let x = &points[i];
            let (share, slope) = scope.weight.with_slope(problem, x);
            let own = measure * weights[i] * equation.weight(x);
            let weight = own * share;
            let mut supplied = supply(equation, x, u);
            if transient && !rates {
                let kept = stored(
                    equation,
                    x,
                    u,
                    std::array::from_fn(|c| if c < m { u.rate(c) } else { 0.0 }),
                );
                supplied = std::array::from_fn(|c| supplied[c] - kept[c]);
            }
            let load = Load {
                arm: arm(x, centre, d),
                load: supplied,
                value: std::array::from_fn(|c| if c < m { u.value(c) } else { 0.0 }),
            };
            self.add(0, weight, &load);
            self.weigh(weight, &load);
            equation.flux(x, u, &mut flux);
            if let Some(slope) = slope {
                let through = std::array::from_fn(|c| {
                    let row = if c < m { &flux[3 * c..3 * c + d] } else { &[] };
                    -row.iter().zip(slope).map(|(q, s)| q * s).sum::<f64>()
                });
                let load = Load { load: through, ..load };
                self.add(0, own, &load);
                self.weigh(own, &load);
            }
            // The flux is symmetric, so its product with the gradient is that with the strain.
            equation.gradient(x, u, &mut gradient);
            let density: f64 = flux.iter().zip(&gradient).map(|(q, slope)| q * slope).sum();
            self.energy.add(0, weight, [-density, 0.0, 0.0]);
            self.energy.absolute += weight * density.abs();
        });
    }

    /// Calls `work` with every point of the domain, its weight, and the field's components at the given times.
    fn at_times<const N: usize>(
        candidate: &dyn CandidateField,
        scope: Scope<'_>,
        times: [f64; N],
        work: &mut AtTimes<'_, N>,
    ) {
        let problem = candidate.problem();
        let equation = problem.model.equation.as_ref();
        let m = equation.field_components();
        let (points, weights): (Vec<BoundaryPoint>, Vec<f64>) = scope
            .points(problem, Some(Place::Initial))
            .into_iter()
            .map(|(unit, weight)| (problem.model.boundary_point(Place::Initial, unit), weight))
            .unzip();
        let measure = problem.model.shape.measure();
        let x: Vec<[f64; 4]> = points
            .iter()
            .flat_map(|point| times.map(|t| [point.x[0], point.x[1], point.x[2], t]))
            .collect();
        let mut values = [[0.0; 3]; N];
        candidate.each(&x, Order::First, &mut |i, u| {
            let point = &points[i / N];
            values[i % N] = std::array::from_fn(|c| if c < m { u.value(c) } else { 0.0 });
            if i % N + 1 == N {
                let share = scope.weight.at(problem, &point.x);
                let weight = measure * weights[i / N] * equation.weight(&point.x) * share;
                work(point, weight, values, u);
            }
        });
    }

    /// Capacity times the rise over the span was stored.
    fn storage(&mut self, candidate: &dyn CandidateField, scope: Scope<'_>) {
        let equation = candidate.problem().model.equation.as_ref();
        Self::at_times(
            candidate,
            scope,
            scope.span,
            &mut |point, weight, [before, after], u| {
                let load = Load {
                    arm: [0.0; 3],
                    load: stored(equation, &point.x, u, std::array::from_fn(|c| after[c] - before[c])),
                    value: std::array::from_fn(|c| 0.5 * (before[c] + after[c])),
                };
                self.add(0, weight, &load);
                self.weigh(weight, &load);
            },
        );
    }

    /// A field that does not start as prescribed has jumped at t = 0: capacity times the jump was stored.
    fn start(&mut self, candidate: &dyn CandidateField, term: usize, condition: &dyn Condition, scope: Scope<'_>) {
        let equation = candidate.problem().model.equation.as_ref();
        Self::at_times(candidate, scope, [0.0], &mut |point, weight, [value], u| {
            let mut residual = vec![0.0; condition.residuals()];
            condition.residual(equation, point, u, &mut residual);
            let mut prescribed = value;
            condition.impose(point, &residual, &mut prescribed, &mut [0.0; 3]);
            let load = Load {
                arm: [0.0; 3],
                load: stored(equation, &point.x, u, std::array::from_fn(|c| value[c] - prescribed[c])),
                value,
            };
            self.add(term, weight, &load);
            self.weigh(weight, &load);
        });
    }
}

/// What a rise of the field stores, as a load.
fn stored(equation: &dyn Equation, x: &[f64; 4], u: &Jet<'_>, rise: [f64; 3]) -> [f64; 3] {
    let m = equation.field_components();
    let mut out = [0.0; 3];
    equation.medium().storage(x, u, &rise[..m], &mut out[..m]);
    out.map(|kept| -kept)
}

/// Whether the capacity is the same at all times and for every field, by sampling.
fn keeps_capacity(candidate: &dyn CandidateField) -> bool {
    let problem = candidate.problem();
    let equation = problem.model.equation.as_ref();
    if equation.nonlinear() {
        return false;
    }
    let points = problem.model.interior_points(SamplerKind::Uniform, 64, 0xca9);
    let mut same = true;
    candidate.each(&points, Order::First, &mut |i, u| {
        let [x, y, z, t] = points[i];
        let [start, later] = [0.0, t].map(|t| stored(equation, &[x, y, z, t], u, [1.0; 3]));
        same &= start.iter().zip(later).all(|(a, b)| (a - b).abs() <= 1e-12 * a.abs());
    });
    same
}

/// Source less storage at a point.
fn supply(equation: &dyn Equation, x: &[f64; 4], u: &Jet<'_>) -> [f64; 3] {
    let m = equation.field_components();
    let mut out = [0.0; 3];
    equation.medium().supply(x, u, &mut out[..m]);
    out
}

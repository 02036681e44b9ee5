//! From uniform numbers to uniform points, and rules in the same numbers: exact cells of a plane domain and its edges, also with
//! the density r of a solid of revolution.

use super::arc_length::{RULE, invert};
use super::curve::Curve;
use super::place::{Place, along, cross, distance, minus};
use crate::sampler::gauss_legendre;

/// The density of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Uniform in the plane.
    Even,
    /// Proportional to the first coordinate r: uniform after a revolution about the axis r = 0.
    Radius,
}

/// The cone a + ρ·(c(t) − a), ρ and t ∈ [0, 1], from an apex a over a curve c, with the Jacobian ρ·g, g = (c − a) × c′.
///
/// Uniform points have the density ρ·g: ρ = √u, and t by the area G(t) = ∫ g, which is elementary for segments and arcs. With
/// the weight r = r_a + ρ·(r_c − r_a) the density of t is g·(r_a/6 + r_c/3), and that of ρ at t is ρ·r.
#[derive(Clone, Debug)]
struct Cone {
    apex: Place,
    curve: Curve,
    /// The share of the whole before this cell, and its own.
    before: f64,
    share: f64,
}

impl Cone {
    /// The integral over the cone up to t, and its slope.
    fn swept(&self, t: f64, weight: Weight) -> (f64, f64) {
        let (apex, curve) = (self.apex, &self.curve);
        let slope = |t: f64| cross(minus(curve.at(t), apex), curve.velocity(t));
        if weight == Weight::Radius {
            let density = |t: f64| slope(t) * (apex[0] / 6.0 + curve.at(t)[0] / 3.0);
            let sum: f64 = RULE.iter().map(|&(x, w)| w * t * density(x * t)).sum();
            return (sum, density(t));
        }
        let area = match *curve {
            Curve::Segment { a, b } => t * cross(minus(a, apex), minus(b, a)),
            Curve::Arc {
                center,
                axes: [p, q],
                angles,
            } => {
                // c − a = d + e(θ), and ∫ d × e′ + e × e′ dθ = d × (e(θ) − e(θ₀)) + p × q·(θ − θ₀).
                let moved = minus(curve.at(t), curve.at(0.0));
                cross(minus(center, apex), moved) + cross(p, q) * t * (angles[1] - angles[0])
            }
        };
        (0.5 * area, 0.5 * slope(t))
    }

    /// The integral of ρ·r over [0, ρ] at t, by that over [0, 1], and its slope; of ρ without a weight.
    fn outwards(&self, t: f64, rho: f64, weight: Weight) -> (f64, f64) {
        let (inner, outer) = match weight {
            Weight::Even => (1.0, 1.0),
            Weight::Radius => (self.apex[0], self.curve.at(t)[0]),
        };
        let whole = inner / 6.0 + outer / 3.0;
        let step = outer - inner;
        (
            rho * rho * (0.5 * inner + rho * step / 3.0) / whole,
            rho * (inner + rho * step) / whole,
        )
    }

    fn point(&self, u: f64, v: f64, weight: Weight) -> Place {
        let whole = self.swept(1.0, weight).0;
        let t = match (&self.curve, weight) {
            (Curve::Segment { .. }, Weight::Even) => u,
            _ => invert(u * whole, |t| self.swept(t, weight)),
        };
        let rho = match weight {
            Weight::Even => v.sqrt(),
            Weight::Radius => invert(v, |rho| self.outwards(t, rho, weight)),
        };
        along(self.apex, rho, minus(self.curve.at(t), self.apex))
    }
}

/// The cells of a plane domain.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    cones: Vec<Cone>,
    weight: Weight,
    /// The area, or the integral of the weight.
    pub(super) total: f64,
}

impl Cells {
    /// Cells in the order in which the first number runs through them: an apex and the curve that it sees each.
    pub(super) fn new(cones: impl IntoIterator<Item = (Place, Curve)>, weight: Weight) -> Self {
        let mut cones: Vec<Cone> = cones
            .into_iter()
            .map(|(apex, curve)| {
                let mut cone = Cone {
                    apex,
                    curve,
                    before: 0.0,
                    share: 0.0,
                };
                cone.share = cone.swept(1.0, weight).0;
                cone
            })
            .collect();
        let total: f64 = cones.iter().map(|cone| cone.share).sum();
        let mut before = 0.0;
        for cone in &mut cones {
            cone.share /= total;
            cone.before = before;
            before += cone.share;
        }
        Self { cones, weight, total }
    }

    /// The same with another density.
    pub(super) fn weighted(&self, weight: Weight) -> Self {
        Self::new(self.cones.iter().map(|cone| (cone.apex, cone.curve)), weight)
    }

    /// The point that belongs to two numbers of [0, 1].
    pub(super) fn point(&self, u: f64, v: f64) -> Place {
        let index = self.cones.partition_point(|cone| cone.before <= u).saturating_sub(1);
        let cone = &self.cones[index];
        cone.point(within(u, cone.before, cone.share), v, self.weight)
    }

    /// Where the first number passes from cell to cell.
    pub(super) fn breaks(&self) -> Vec<f64> {
        self.cones.iter().map(|cone| cone.before).collect()
    }

    /// The parts of the first number that belong to cells with x, within a tolerance, as a corner.
    pub(super) fn corner_cells(&self, x: Place, tolerance: f64) -> Vec<[f64; 2]> {
        let touches = |cone: &&Cone| {
            [cone.apex, cone.curve.at(0.0), cone.curve.at(1.0)]
                .iter()
                .any(|corner| distance(*corner, x) <= tolerance)
        };
        let spans = self.cones.iter().filter(touches);
        spans.map(|cone| [cone.before, cone.before + cone.share]).collect()
    }

    /// Pairs of numbers with weights that add up to 1: `order` Gauss points along the curve and along the rays of each cell.
    pub(super) fn rule(&self, order: usize) -> Vec<([f64; 2], f64)> {
        let gauss = gauss_legendre(order.max(1));
        let mut rule = Vec::with_capacity(self.cones.len() * gauss.len().pow(2));
        for cone in &self.cones {
            let sum: f64 = gauss.iter().map(|&(t, w)| w * cone.swept(t, self.weight).1).sum();
            let whole = cone.swept(1.0, self.weight).0;
            for &(t, w) in &gauss {
                let (area, slope) = cone.swept(t, self.weight);
                let u = cone.before + cone.share * area / whole;
                let radial: f64 = gauss
                    .iter()
                    .map(|&(rho, w)| w * cone.outwards(t, rho, self.weight).1)
                    .sum();
                for &(rho, outwards) in &gauss {
                    let (v, density) = cone.outwards(t, rho, self.weight);
                    let weight = cone.share * (w * slope / sum) * (outwards * density / radial);
                    rule.push(([u, v], weight));
                }
            }
        }
        rule
    }
}

/// Curves that make up a boundary.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// Curves, with the share of the whole before each and that of each.
    edges: Vec<(Curve, f64, f64)>,
    weight: Weight,
    /// The length, or the integral of the weight.
    pub(super) total: f64,
}

impl Edges {
    /// Curves in the order in which numbers run through them; with the weight r those on the axis are left out.
    pub(super) fn new(curves: impl IntoIterator<Item = Curve>, weight: Weight) -> Self {
        let mut edges: Vec<(Curve, f64, f64)> = curves
            .into_iter()
            .map(|curve| (curve, 0.0, measure(&curve, 1.0, weight).0))
            .collect();
        let total: f64 = edges.iter().map(|edge| edge.2).sum();
        edges.retain(|edge| edge.2 > 1e-12 * total);
        let mut before = 0.0;
        for edge in &mut edges {
            edge.2 /= total;
            edge.1 = before;
            before += edge.2;
        }
        Self { edges, weight, total }
    }

    /// The same with another density.
    pub(super) fn weighted(&self, weight: Weight) -> Self {
        Self::new(self.edges.iter().map(|edge| edge.0), weight)
    }

    /// The point that belongs to a number of [0, 1], and the normal to the left of the curve.
    pub(super) fn point(&self, u: f64) -> (Place, Place) {
        let index = self.edges.partition_point(|edge| edge.1 <= u).saturating_sub(1);
        let (curve, before, share) = &self.edges[index];
        let u = within(u, *before, *share);
        let t = match self.weight {
            Weight::Even => curve.at_share(u),
            Weight::Radius => {
                let whole = measure(curve, 1.0, Weight::Radius).0;
                invert(u * whole, |t| measure(curve, t, Weight::Radius))
            }
        };
        (curve.at(t), curve.left(t))
    }

    /// Where the number passes from curve to curve.
    pub(super) fn breaks(&self) -> Vec<f64> {
        self.edges.iter().map(|edge| edge.1).collect()
    }

    /// Numbers with weights that add up to 1: `order` Gauss points per curve.
    pub(super) fn rule(&self, order: usize) -> Vec<(f64, f64)> {
        let gauss = gauss_legendre(order.max(1));
        let mut rule = Vec::new();
        for (curve, before, share) in &self.edges {
            let sum: f64 = gauss.iter().map(|&(t, w)| w * measure(curve, t, self.weight).1).sum();
            let whole = measure(curve, 1.0, self.weight).0;
            for &(t, w) in &gauss {
                let (length, speed) = measure(curve, t, self.weight);
                rule.push((before + share * length / whole, share * w * speed / sum));
            }
        }
        rule
    }
}

impl Edges {
    /// The parts of the number that belong to curves with x, within a tolerance, as an end.
    pub(super) fn corner_cells(&self, x: Place, tolerance: f64) -> Vec<[f64; 2]> {
        let ends = |curve: &Curve| [curve.at(0.0), curve.at(1.0)];
        let touches = |edge: &&(Curve, f64, f64)| ends(&edge.0).iter().any(|end| distance(*end, x) <= tolerance);
        let spans = self.edges.iter().filter(touches);
        spans.map(|edge| [edge.1, edge.1 + edge.2]).collect()
    }
}

/// The length of a curve up to t, or the integral of r, and its slope.
fn measure(curve: &Curve, t: f64, weight: Weight) -> (f64, f64) {
    let speed = |t: f64| {
        let v = curve.velocity(t);
        v[0].hypot(v[1])
    };
    match weight {
        Weight::Even => (curve.length_to(t), speed(t)),
        Weight::Radius => {
            let density = |t: f64| speed(t) * curve.at(t)[0];
            let sum: f64 = RULE.iter().map(|&(x, w)| w * t * density(x * t)).sum();
            (sum, density(t))
        }
    }
}

/// The share of u within the part of [0, 1] from `before` on with the width `share`.
pub(super) fn within(u: f64, before: f64, share: f64) -> f64 {
    ((u - before) / share).clamp(0.0, 1.0)
}

//! Rows of a nonlinear equation or condition: residual and tangent at the network's jets, by the chain rule through the ansatz.
//!
//! With u = g + D·s·N, a residual r(u) has the tangent ∂r/∂N = ∂r/∂u·T, where T is the linear map from jets of N to those of u.

use std::sync::Arc;

use rayon::prelude::*;

use super::ansatz::{MOST, product, transpose_product};
use super::{BoundaryTerm, heads, seen};
use crate::condition::{BoundaryPoint, Condition};
use crate::equation::{Equation, in_region};
use crate::jet::{COORDINATES, Channels, CoordinateJet, Jet, Rows, SmoothResidual, SmoothRows};

use super::Model;

/// Numbers of a point besides those of the ansatz: (x, y, z, t), the normal, the region.
const POINT: usize = 8;
/// Numbers of a distance with its derivatives.
const DISTANCE: usize = 1 + COORDINATES + 6;

/// A nonlinear equation, or a nonlinear condition beside it.
#[derive(Debug)]
struct Residual {
    equation: Arc<dyn Equation>,
    condition: Option<Arc<dyn Condition>>,
    channels: Channels,
    /// s, `[heads·m]`.
    scale: Vec<f64>,
}

impl Residual {
    fn at(&self, point: &BoundaryPoint, u: &Jet<'_>, residual: &mut [f64], tangent: &mut [f64]) {
        match &self.condition {
            None => {
                let equation = in_region(self.equation.as_ref(), point.region);
                equation.residual(&point.x, u, residual);
                equation.tangent(&point.x, u, tangent);
            }
            Some(condition) => {
                let equation = seen(self.equation.as_ref(), condition.as_ref(), point);
                condition.residual(equation, point, u, residual);
                condition.tangent(equation, point, u, tangent);
            }
        }
    }
}

impl SmoothResidual for Residual {
    fn linearise(&self, data: &[f64], jet: &[f64], scratch: &mut Vec<f64>, residual: &mut [f64], tangent: &mut [f64]) {
        let (m, k) = (self.equation.components(), self.channels.count());
        let point = BoundaryPoint {
            x: [data[0], data[1], data[2], data[3]],
            normal: [data[4], data[5], data[6]],
            region: data[7] as usize,
        };
        let own = [point.region; 1];
        let sides = self.condition.as_ref().and_then(|condition| condition.sides());
        let heads: &[usize] = sides.as_ref().map_or(&own, |sides| sides);
        let width = heads.len() * m * k;
        scratch.resize(width * (1 + residual.len()), 0.0);
        let (field, form) = scratch.split_at_mut(width);
        let frames = || data[POINT..].chunks(k + DISTANCE);
        for (side, head) in heads.iter().enumerate() {
            for (c, frame) in frames().enumerate() {
                let u = &mut field[(side * m + c) * k..][..k];
                let (lift, distance) = frame.split_at(k);
                u.copy_from_slice(&jet[(head * m + c) * k..][..k]);
                product(self.channels, &unpack(distance), self.scale[head * m + c], u);
                u.iter_mut().zip(lift).for_each(|(u, g)| *u += g);
            }
        }
        self.at(&point, &Jet::new(self.channels, field), residual, form);
        tangent.fill(0.0);
        let columns = jet.len();
        for (row, form) in form.chunks_mut(width).enumerate() {
            for (side, head) in heads.iter().enumerate() {
                for (c, frame) in frames().enumerate() {
                    let part = &mut form[(side * m + c) * k..][..k];
                    transpose_product(self.channels, &unpack(&frame[k..]), self.scale[head * m + c], part);
                    let out = &mut tangent[row * columns + (head * m + c) * k..][..k];
                    out.iter_mut().zip(&*part).for_each(|(out, v)| *out += v);
                }
            }
        }
    }
}

fn pack(jet: &CoordinateJet, out: &mut Vec<f64>) {
    out.push(jet.value);
    out.extend_from_slice(&jet.gradient);
    out.extend_from_slice(&jet.hessian);
}

fn unpack(data: &[f64]) -> CoordinateJet {
    CoordinateJet {
        value: data[0],
        gradient: std::array::from_fn(|j| data[1 + j]),
        hessian: std::array::from_fn(|i| data[1 + COORDINATES + i]),
    }
}

/// Numbers that a smooth row keeps of a point.
pub(super) fn point_width(components: usize, channels: Channels) -> usize {
    POINT + components * (channels.count() + DISTANCE)
}

/// The nonlinear residual of the equation at interior points, weight 1/n each.
pub(super) fn interior(problem: &Model, points: &[[f64; 4]]) -> Rows<f64> {
    let regions = problem.regions_of(points);
    let points: Vec<BoundaryPoint> = points
        .iter()
        .zip(regions)
        .map(|(x, region)| BoundaryPoint {
            x: *x,
            normal: [0.0; 3],
            region,
        })
        .collect();
    let equation = &problem.equation;
    let channels = Channels::new(problem.shape.dimension(), problem.transient, equation.order());
    rows(problem, None, channels, equation.residuals(), &points)
}

/// The nonlinear residuals of a condition at boundary points, weight 1/n each.
pub(super) fn boundary(problem: &Model, term: &BoundaryTerm, points: &[BoundaryPoint]) -> Rows<f64> {
    let condition = &term.condition;
    let channels = Channels::new(problem.shape.dimension(), problem.transient, condition.order());
    debug_assert_eq!(
        heads(condition.as_ref(), points).len() % points.len().max(1),
        0,
        "every point has the same number of sides"
    );
    rows(
        problem,
        Some(condition.clone()),
        channels,
        condition.residuals(),
        points,
    )
}

fn rows(
    problem: &Model,
    condition: Option<Arc<dyn Condition>>,
    channels: Channels,
    residuals: usize,
    points: &[BoundaryPoint],
) -> Rows<f64> {
    let (ansatz, shape) = (&problem.ansatz, problem.shape.as_ref());
    let m = problem.equation.components();
    let width = point_width(m, channels);
    let data = points.par_iter().flat_map_iter(|point| {
        let mut data = Vec::with_capacity(width);
        data.extend_from_slice(&point.x);
        data.extend_from_slice(&point.normal);
        data.push(point.region as f64);
        let x = crate::quantity::scales::seed(point.x);
        let mut lift = [0.0; MOST];
        for component in 0..m {
            let frame = ansatz.frame(shape, component, &x);
            frame.lift.write(channels, &mut lift[..channels.count()]);
            data.extend_from_slice(&lift[..channels.count()]);
            pack(&frame.distance, &mut data);
        }
        data
    });
    let mut rows = Rows::with_capacity(channels, residuals, problem.outputs(), 0);
    rows.points = points.len();
    rows.x = points.iter().flat_map(|point| problem.coordinates(&point.x)).collect();
    rows.weights = vec![1.0 / points.len() as f64; points.len()];
    rows.smooth = Some(SmoothRows {
        residual: Arc::new(Residual {
            equation: problem.equation.clone(),
            condition,
            channels,
            scale: ansatz.scale.clone(),
        }),
        data: data.collect(),
        width,
    });
    rows
}

//! The energy form: potential energy by quadrature.
//!
//! Π(u) = ∫ W(∇u) − f·u dΩ + ∮ V(u) − t·u dΓ over fields that take their prescribed values exactly; the solution is its
//! minimum. W, the stored energy, is ½·σ:ε or ½·k·|∇T|²; V is that of springs or of convection. All are squares of affine forms of
//! the jet, and the loads are linear, so that a point gives rows with |r|² = W and a linear form l:
//! Π = Σ_i w_i·(|C_i·j_i − d_i|² − l_i·j_i). Only first derivatives are needed.
//!
//! In a body of revolution all of it counts 2πr times ([`crate::equation::Axial`]).
//!
//! JᵀJ of these rows is the Gram matrix of the second variation of Π, so that Gauss–Newton is the natural gradient of
//! the energy (Müller & Zeinhofer, *Achieving high accuracy with PINNs via energy natural gradients*, 2023), and the last layer's
//! least squares is Ritz's method (E & Yu, *The deep Ritz method*, 2018).

use super::Model;
use super::strong::{BoundaryTerm, Form, assemble, heads};
use crate::condition::BoundaryPoint;
use crate::equation::in_region;
use crate::jet::{Order, Rows};

/// Stored energy and work of the sources at interior points, weight 1/n each.
pub(super) fn interior_rows(problem: &Model, points: &[[f64; 4]]) -> Rows<f64> {
    let equation = problem.equation.as_ref();
    let form = Form {
        order: Order::First,
        residuals: equation.energy_rows(),
        linear: true,
        heads: problem.regions_of(points),
    };
    let at = |i: usize| in_region(equation, form.heads[i]);
    assemble(
        problem,
        &form,
        points,
        |i, jet, out| {
            let part = at(i);
            let (own, rest) = out.split_at_mut(part.energy_rows());
            part.energy(&points[i], jet, own);
            let root = part.weight(&points[i]).sqrt();
            own.iter_mut().for_each(|row| *row *= root);
            rest.fill(0.0);
        },
        |i, jet| at(i).weight(&points[i]) * at(i).medium().work(&points[i], jet),
    )
}

/// Stored energy and work of the loads at boundary points, weight 1/n each.
pub(super) fn boundary_rows(problem: &Model, term: &BoundaryTerm, points: &[BoundaryPoint]) -> Rows<f64> {
    let (equation, condition) = (problem.equation.as_ref(), term.condition.as_ref());
    let x: Vec<[f64; 4]> = points.iter().map(|point| point.x).collect();
    let form = Form {
        order: Order::Value,
        residuals: condition.residuals(),
        linear: true,
        heads: heads(condition, points),
    };
    assemble(
        problem,
        &form,
        &x,
        |i, jet, out| {
            condition.energy(&points[i], jet, out);
            let root = equation.weight(&points[i].x).sqrt();
            out.iter_mut().for_each(|row| *row *= root);
        },
        |i, jet| equation.weight(&points[i].x) * condition.work(&points[i], jet),
    )
}

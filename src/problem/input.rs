//! The heat that sources and prescribed fluxes bring into a body.

use std::f64::consts::TAU;

use super::ProblemFile;
use super::material::Law;
use super::placed::Placed;
use crate::condition::Role;
use crate::formulation::Place;
use crate::geometry::{Face, Shape};
use crate::quantity::Formula;
use crate::sampler::graded_rule;

/// Heat per time, per metre of depth in the plane and per square metre on a line; a body of revolution is counted whole.
pub(super) struct Input {
    /// ∫ source.
    pub(super) sources: f64,
    /// ∮ prescribed flux.
    pub(super) fluxes: f64,
    /// SI unit of both.
    pub(super) unit: &'static str,
    /// The integrals of the absolute values.
    absolute: f64,
    /// Estimated error of the sum: the difference of two rules of quadrature.
    error: f64,
}

impl Input {
    /// Whether sources and fluxes cancel, as far as their integrals are known.
    pub(super) fn balanced(&self) -> bool {
        (self.sources + self.fluxes).abs() <= 3.0 * self.error + ROUNDING * self.absolute
    }
}

/// Part of the absolute sum that counts as rounding, also of numbers that a file gives to a few digits.
const ROUNDING: f64 = 1e-6;

/// Points per direction and cell, and cells per axis, of two rules on shapes without cells of their own.
const RULES: [(usize, usize); 2] = [(8, 8), (7, 5)];

/// The heat that the file prescribes, SI units, at t = 0.
pub(super) fn input(file: &ProblemFile, shape: &dyn Shape, laws: &[Law], parts: &[Placed]) -> Input {
    let round = file.equation.physics().axisymmetric();
    let weight = |x: &[f64; 3]| if round { TAU * x[0] } else { 1.0 };
    let source = |x: &[f64; 3]| match &laws[shape.region(*x).min(laws.len() - 1)] {
        Law::Diffusive { source, .. } => weight(x) * at(&source.0, x),
        Law::Elastic { .. } => 0.0,
    };
    let [fine, coarse] = RULES.map(|rule| {
        let sources = integral(shape, None, rule, &source);
        let stated = parts.iter().flat_map(|placed| {
            let loads = placed
                .statement
                .formulas()
                .into_iter()
                .filter(|stated| stated.role == Role::Load);
            loads.map(|stated| (placed.place, &stated.formula))
        });
        let fluxes = stated.filter_map(|(place, flux)| match place {
            Place::Face(face) => Some(integral(shape, Some(face), rule, &|x| weight(x) * at(flux, x))),
            Place::Initial => None,
        });
        (
            sources,
            fluxes.fold([0.0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]]),
        )
    });
    let total = |(sources, fluxes): ([f64; 2], [f64; 2])| sources[0] + fluxes[0];
    Input {
        sources: fine.0[0],
        fluxes: fine.1[0],
        unit: ["W/m²", "W/m", "W"][shape.dimension() - 1 + usize::from(round)],
        absolute: fine.0[1] + fine.1[1],
        error: (total(fine) - total(coarse)).abs(),
    }
}

fn at(formula: &Formula, x: &[f64; 3]) -> f64 {
    formula.evaluate(&[x[0], x[1], x[2], 0.0])
}

/// The integral of a function over the domain or a face, and that of its absolute value.
fn integral(
    shape: &dyn Shape,
    face: Option<Face>,
    (order, cells): (usize, usize),
    function: &dyn Fn(&[f64; 3]) -> f64,
) -> [f64; 2] {
    let axes = shape.dimension() - usize::from(face.is_some());
    let rule = shape.rule(face, order / 2).unwrap_or_else(|| {
        let rule = graded_rule(axes, order, cells).into_iter();
        rule.map(|(unit, weight)| ([unit[0], unit[1], unit[2]], weight))
            .collect()
    });
    let (measure, place): (f64, &dyn Fn([f64; 3]) -> [f64; 3]) = match face {
        None => (shape.measure(), &|unit| shape.interior_point(unit)),
        Some(face) => (shape.face_measure(face), &move |unit| shape.face_point(face, unit).x),
    };
    rule.into_iter().fold([0.0; 2], |[sum, absolute], (unit, weight)| {
        let value = measure * weight * function(&place(unit));
        [sum + value, absolute + value.abs()]
    })
}

//! A body of several materials: one equation with other coefficients in every region.

use std::sync::Arc;

use super::{Axial, Equation, Medium, Quantity};
use crate::geometry::Shape;
use crate::jet::{CoordinateJet, Jet, Order};

/// The equations of all regions. Where nobody says which region is meant, the position decides; on an interface it belongs to
/// one of its sides.
#[derive(Debug)]
pub struct Composite {
    parts: Vec<Box<dyn Equation>>,
    shape: Arc<dyn Shape>,
}

impl Composite {
    /// One equation per region of the shape, all of the same kind.
    pub fn new(parts: Vec<Box<dyn Equation>>, shape: Arc<dyn Shape>) -> Self {
        Self { parts, shape }
    }

    fn first(&self) -> &dyn Equation {
        self.parts[0].as_ref()
    }

    fn at(&self, x: &[f64; 4]) -> &dyn Equation {
        self.parts[self.shape.region([x[0], x[1], x[2]])].as_ref()
    }
}

impl Equation for Composite {
    fn part(&self, region: usize) -> Option<&dyn Equation> {
        self.parts.get(region).map(AsRef::as_ref)
    }

    fn parts(&self) -> usize {
        self.parts.len()
    }

    fn components(&self) -> usize {
        self.first().components()
    }

    fn medium(&self) -> &dyn Medium {
        self
    }

    fn component_names(&self) -> Vec<&'static str> {
        self.first().component_names()
    }

    fn field_components(&self) -> usize {
        self.first().field_components()
    }

    fn flux_component(&self, row: usize, column: usize) -> Option<usize> {
        self.first().flux_component(row, column)
    }

    fn axial(&self) -> Option<Axial> {
        self.first().axial()
    }

    /// The most that any material reads.
    fn order(&self) -> Order {
        let orders = self.parts.iter().map(|part| part.order());
        orders.max().unwrap_or(Order::Value)
    }

    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).residual(x, u, out);
    }

    fn residuals(&self) -> usize {
        self.first().residuals()
    }

    /// The most that any material has; the others fill up with 0.
    fn nonlinear(&self) -> bool {
        self.parts.iter().any(|part| part.nonlinear())
    }

    fn nonlinear_flux(&self) -> bool {
        self.parts.iter().any(|part| part.nonlinear_flux())
    }

    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).tangent(x, u, out);
    }

    fn flux_tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).flux_tangent(x, u, out);
    }

    fn energy_rows(&self) -> usize {
        self.parts.iter().map(|part| part.energy_rows()).max().unwrap_or(0)
    }

    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).energy(x, u, out);
    }

    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).flux(x, u, out);
    }

    fn law(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).law(x, u, out);
    }

    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]) {
        self.at(x).flux_slope(x, u, j, out);
    }

    fn complete(&self, x: &[f64; 4], field: Vec<CoordinateJet>) -> Vec<CoordinateJet> {
        self.at(x).complete(x, field)
    }

    fn evaluate(&self, x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        self.at(x).evaluate(x, u, flux, out);
    }
}

/// Names and arrays are the same in all regions; what is supplied depends on the position.
impl Medium for Composite {
    fn component_names(&self) -> Vec<&'static str> {
        self.first().medium().component_names()
    }

    fn supply(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.at(x).medium().supply(x, u, out);
    }

    fn supply_tangent(&self, x: &[f64; 4], u: &Jet<'_>, tangent: &mut [f64]) {
        self.at(x).medium().supply_tangent(x, u, tangent);
    }

    fn storage(&self, x: &[f64; 4], u: &Jet<'_>, change: &[f64], out: &mut [f64]) {
        self.at(x).medium().storage(x, u, change, out);
    }

    fn nonlinear(&self) -> bool {
        self.parts.iter().any(|part| part.medium().nonlinear())
    }

    fn conservative(&self) -> bool {
        self.parts.iter().all(|part| part.medium().conservative())
    }

    fn work(&self, x: &[f64; 4], u: &Jet<'_>) -> f64 {
        self.at(x).medium().work(x, u)
    }

    fn quantities(&self) -> Vec<Quantity> {
        self.first().medium().quantities()
    }

    fn norms(&self) -> [&'static str; 2] {
        self.first().medium().norms()
    }
}

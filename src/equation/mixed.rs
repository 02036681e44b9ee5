//! A second-order equation as a system of first order: the flux is an unknown of its own.
//!
//! Unknowns are the field and its flux, (u, σ) or (T, q) with q = k·grad T; the residuals are
//!
//! - balance: div σ + f = 0 or div q + source − c·∂T/∂t = 0, one per component of the field,
//! - material law: σ − C:ε(u) = 0 or q − k·grad T = 0, one per component of the flux.
//!
//! Only first derivatives are needed, the stress is as accurate as the displacement, and a prescribed flux can hold
//! exactly like a prescribed value. In dimensionless units both kinds of residuals count alike.
//!
//! # Source
//! Cai, Chen, Liu & Liu, *Deep least-squares methods*, J. Comput. Phys. 420 (2020) 109707; Rao, Sun & Liu, *Physics-informed
//! deep learning for computational elastodynamics without labeled data*, J. Eng. Mech. 147 (2021) 04021043.

use super::{Axial, Equation, Medium};
use crate::jet::{Channels, CoordinateJet, Jet, Order};

/// The stress components in VTK's order, as (row, column, name).
const STRESS: [(usize, usize, &str); 6] = [
    (0, 0, "sxx"),
    (1, 1, "syy"),
    (2, 2, "szz"),
    (0, 1, "sxy"),
    (1, 2, "syz"),
    (0, 2, "sxz"),
];
/// Those of a body of revolution.
const ROUND: [(usize, usize, &str); 4] = [(0, 0, "srr"), (1, 1, "szz"), (0, 2, "hoop"), (0, 1, "srz")];
/// The flux components of one unknown.
const FLUX: [(usize, usize, &str); 3] = [(0, 0, "flux_x"), (0, 1, "flux_y"), (0, 2, "flux_z")];

/// The entries of a flux that exist in `dimension` coordinates.
fn within(entries: &[(usize, usize, &'static str)], dimension: usize) -> Vec<(usize, usize, &'static str)> {
    let exists = |entry: &&(usize, usize, &str)| entry.0 < dimension && entry.1 < dimension;
    entries.iter().filter(exists).copied().collect()
}

/// The system of first order that belongs to an equation.
#[derive(Debug)]
pub struct Mixed {
    primal: Box<dyn Equation>,
    dimension: usize,
    /// The unknown components of the flux as (row, column, name).
    parts: Vec<(usize, usize, &'static str)>,
}

impl Mixed {
    /// Of elasticity in `dimension` coordinates: the stress is symmetric.
    pub fn with_stress(primal: Box<dyn Equation>, dimension: usize) -> Self {
        let parts = match primal.axial() {
            Some(_) => ROUND.to_vec(),
            None => within(&STRESS, dimension),
        };
        Self {
            primal,
            dimension,
            parts,
        }
    }

    /// Of diffusion in `dimension` coordinates.
    pub fn with_flux(primal: Box<dyn Equation>, dimension: usize) -> Self {
        Self {
            parts: within(&FLUX, dimension),
            primal,
            dimension,
        }
    }

    /// The unknown that the entry (row, column) of the flux is.
    fn unknown(&self, row: usize, column: usize) -> Option<usize> {
        let is = |part: &(usize, usize, &str)| (part.0, part.1) == (row, column) || (part.1, part.0) == (row, column);
        let index = self.parts.iter().position(is)?;
        Some(self.primal.components() + index)
    }
}

impl Equation for Mixed {
    fn components(&self) -> usize {
        self.primal.components() + self.parts.len()
    }

    fn medium(&self) -> &dyn Medium {
        self.primal.medium()
    }

    fn component_names(&self) -> Vec<&'static str> {
        let mut names = self.primal.component_names();
        names.extend(self.parts.iter().map(|part| part.2));
        names
    }

    fn field_components(&self) -> usize {
        self.primal.components()
    }

    fn flux_component(&self, row: usize, column: usize) -> Option<usize> {
        self.unknown(row, column)
    }

    fn axial(&self) -> Option<Axial> {
        self.primal.axial()
    }

    fn order(&self) -> Order {
        Order::First
    }

    /// Balance first, then the material law.
    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let p = self.primal.components();
        let (balance, law) = out.split_at_mut(p);
        self.medium().supply(x, u, balance);
        for (row, out) in balance.iter_mut().enumerate() {
            for column in 0..self.dimension {
                *out += self
                    .unknown(row, column)
                    .map_or(0.0, |unknown| u.first(unknown, column));
            }
        }
        let mut flux = [0.0; 9];
        if let Some(axial) = self.axial() {
            self.flux(x, u, &mut flux[..3 * p]);
            axial.divergence(x, &flux, balance);
        }
        self.primal.flux(x, u, &mut flux[..3 * p]);
        for (index, (out, &(row, column, _))) in law.iter_mut().zip(&self.parts).enumerate() {
            *out = u.value(p + index) - flux[3 * row + column];
        }
    }

    /// The material law.
    fn nonlinear(&self) -> bool {
        self.primal.nonlinear()
    }

    /// As an unknown of its own the flux is linear.
    fn nonlinear_flux(&self) -> bool {
        false
    }

    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let (channels, m, p) = (u.channels(), self.components(), self.primal.components());
        let (k, width) = (channels.count(), m * channels.count());
        out.fill(0.0);
        let (balance, law) = out.split_at_mut(p * width);
        for (row, out) in balance.chunks_mut(width).enumerate() {
            for column in 0..self.dimension {
                if let Some(unknown) = self.unknown(row, column) {
                    out[unknown * k + channels.first(column)] += 1.0;
                }
            }
        }
        let mut supplied = vec![0.0; p * p * k];
        self.medium().supply_tangent(x, u, &mut supplied);
        for (out, supplied) in balance.chunks_mut(width).zip(supplied.chunks(p * k)) {
            out.iter_mut().zip(supplied).for_each(|(out, part)| *out += part);
        }
        let mut own = vec![0.0; 3 * p * width];
        if let Some(axial) = self.axial() {
            self.flux_tangent(x, u, &mut own);
            let mut flux = vec![0.0; 3 * p];
            let mut across = vec![0.0; p];
            for column in 0..width {
                flux.iter_mut()
                    .enumerate()
                    .for_each(|(entry, flux)| *flux = own[entry * width + column]);
                across
                    .iter_mut()
                    .enumerate()
                    .for_each(|(row, out)| *out = balance[row * width + column]);
                axial.divergence(x, &flux, &mut across);
                across
                    .iter()
                    .enumerate()
                    .for_each(|(row, value)| balance[row * width + column] = *value);
            }
        }
        let mut flux = vec![0.0; 3 * p * p * k];
        self.primal.flux_tangent(x, u, &mut flux);
        for (index, (out, &(row, column, _))) in law.chunks_mut(width).zip(&self.parts).enumerate() {
            let entry = (3 * row + column) * p * k;
            out.iter_mut()
                .zip(&flux[entry..entry + p * k])
                .for_each(|(out, part)| *out = -part);
            out[(p + index) * k] += 1.0;
        }
    }

    fn energy_rows(&self) -> usize {
        self.primal.energy_rows()
    }

    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.primal.energy(x, u, out);
    }

    fn flux(&self, _x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        out.fill(0.0);
        for (row, out) in out.chunks_mut(3).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                *out = self.unknown(row, column).map_or(0.0, |unknown| u.value(unknown));
            }
        }
    }

    fn law(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.primal.law(x, u, out);
    }

    fn flux_slope(&self, _x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]) {
        for (row, out) in out.chunks_mut(3).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                *out = self.unknown(row, column).map_or(0.0, |unknown| u.first(unknown, j));
            }
        }
    }

    /// The flux and its slopes by the material law; second derivatives of it, and its rate, are not there.
    fn complete(&self, x: &[f64; 4], field: Vec<CoordinateJet>) -> Vec<CoordinateJet> {
        let p = self.primal.components();
        let channels = Channels::new(self.dimension, false, Order::Hessian);
        let mut data = vec![0.0; p * channels.count()];
        for (component, out) in field.iter().zip(data.chunks_mut(channels.count())) {
            component.write(channels, out);
        }
        let u = Jet::new(channels, &data);
        let mut values = vec![0.0; 3 * p];
        self.primal.flux(x, &u, &mut values);
        let mut slopes = vec![vec![0.0; 3 * p]; self.dimension];
        for (j, slope) in slopes.iter_mut().enumerate() {
            self.primal.flux_slope(x, &u, j, slope);
        }
        let mut all = field;
        all.extend(self.parts.iter().map(|&(row, column, _)| {
            let entry = 3 * row + column;
            let mut jet = CoordinateJet {
                value: values[entry],
                ..CoordinateJet::default()
            };
            for (gradient, slope) in jet.gradient.iter_mut().zip(&slopes) {
                *gradient = slope[entry];
            }
            jet
        }));
        all
    }

    fn evaluate(&self, x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>) {
        self.primal.evaluate(x, u, flux, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::fixture::{UNIT, formula, jets};
    use crate::equation::{ElasticModel, Elasticity, HeatBody, HeatConduction};
    use crate::jet::Scalar;
    use crate::quantity::scales;

    /// The residuals of (u, σ) in closed form, and the flux that the system sees.
    fn evaluate(system: &Mixed, time: bool, x: [f64; 4], all: &[CoordinateJet]) -> (Vec<f64>, Vec<f64>) {
        let channels = Channels::new(system.dimension, time, Order::First);
        let data = jets(channels, all);
        let u = Jet::new(channels, &data);
        let mut residual = vec![f64::NAN; system.residuals()];
        let mut flux = vec![f64::NAN; 3 * system.field_components()];
        system.residual(&x, &u, &mut residual);
        system.flux(&x, &u, &mut flux);
        (residual, flux)
    }

    fn close(found: &CoordinateJet, expected: &CoordinateJet, dimension: usize) {
        assert!((found.value - expected.value).abs() < 1e-12, "{found:?} {expected:?}");
        for j in 0..dimension {
            assert!(
                (found.gradient[j] - expected.gradient[j]).abs() < 1e-12,
                "{found:?} {expected:?}"
            );
        }
    }

    /// Displacement and stress of a closed form: all residuals vanish, and the stress follows from the displacement.
    fn solves(system: &Mixed, x: [f64; 4], displacement: Vec<CoordinateJet>, stress: &[CoordinateJet]) {
        let all: Vec<CoordinateJet> = displacement.iter().chain(stress).copied().collect();
        let (residual, flux) = evaluate(system, false, x, &all);
        assert!(residual.iter().all(|r| r.abs() < 1e-12), "{residual:?}");
        let [xx, yy, xy] = [0, 1, 2].map(|c| stress[c].value);
        assert_eq!(flux, [xx, xy, 0.0, xy, yy, 0.0]);
        let d = displacement.len();
        for (found, expected) in system.complete(&x, displacement)[d..].iter().zip(stress) {
            close(found, expected, d);
        }
        // A stress that is not of the material law is seen.
        let mut wrong = all;
        wrong[4].value += 0.5;
        assert!((evaluate(system, false, x, &wrong).0[4] - 0.5).abs() < 1e-12);
    }

    /// Timoshenko's cantilever in plane stress (Timoshenko & Goodier, art. 21).
    #[test]
    fn the_cantilever_and_its_stress_solve_the_system() {
        let (nu, length, depth) = (0.3, 8.0, 2.0);
        let at = [1.7, 0.4, 0.0, 0.0];
        let [x, y, ..] = scales::seed(at);
        let c = CoordinateJet::constant;
        let ux = y * ((c(6.0 * length) - x.scale(3.0)) * x + (y * y - c(depth * depth / 4.0)).scale(2.0 + nu));
        let uy = (y * y * (c(length) - x)).scale(3.0 * nu)
            + x.scale((4.0 + 5.0 * nu) * depth * depth / 4.0)
            + (c(3.0 * length) - x) * x * x;
        let stress = [
            ((c(length) - x) * y).scale(6.0),
            c(0.0),
            (y * y - c(depth * depth / 4.0)).scale(3.0),
        ];
        let primal = Elasticity::new(ElasticModel::PlaneStress, nu, Vec::new());
        solves(&Mixed::with_stress(Box::new(primal), 2), at, vec![ux, -uy], &stress);
    }

    /// Lamé's cylinder in plane strain, u_r = (1−2ν)·r + b/r: by E/(1+ν) the stresses are σ_rr = 1 − b/r², σ_θθ = 1 + b/r².
    #[test]
    fn the_cylinder_and_its_stress_solve_the_system() {
        let (nu, b) = (0.3, 3.0);
        let at = [1.1, 0.6, 0.0, 0.0];
        let [x, y, ..] = scales::seed(at);
        let c = CoordinateJet::constant;
        let square = x * x + y * y;
        let factor = c(b) / square;
        let tilt = (x * x - y * y) / square * factor;
        let stress = [c(1.0) - tilt, c(1.0) + tilt, -(x * y).scale(2.0) / square * factor];
        let stress = stress.map(|s| s.scale(1.0 / (1.0 + nu)));
        let displacement = vec![
            x.scale(1.0 - 2.0 * nu) + x * factor,
            y.scale(1.0 - 2.0 * nu) + y * factor,
        ];
        let primal = Elasticity::new(ElasticModel::PlaneStrain, nu, Vec::new());
        solves(&Mixed::with_stress(Box::new(primal), 2), at, displacement, &stress);
    }

    /// T = e^(−t)·sin(x)·y with k = 1 + x² and c = 2.
    #[test]
    fn a_cooling_body_of_varying_conductivity_and_its_flux_solve_the_system() {
        let source = "-exp(-t)*y*(2*x*cos(x) - (1 + x^2)*sin(x)) - 2*exp(-t)*sin(x)*y";
        let primal = HeatConduction::new(
            2,
            UNIT.modulus_field(formula("1 + x^2")),
            HeatBody::new(
                true,
                UNIT.source_field(formula(source)),
                UNIT.capacity_field(formula("2")),
            ),
        );
        let system = Mixed::with_flux(Box::new(primal), 2);
        let at = [0.7, -1.2, 0.0, 0.4];
        let [x, y, _, t] = scales::seed(at);
        let decay = (-t).map(|v| [v.exp(); 3]);
        let temperature = decay * x.sin() * y;
        let conductivity = (x * x).offset(1.0);
        let flux = [conductivity * decay * x.cos() * y, conductivity * decay * x.sin()];
        let (residual, seen) = evaluate(&system, true, at, &[temperature, flux[0], flux[1]]);
        assert!(residual.iter().all(|r| r.abs() < 1e-14), "{residual:?}");
        assert_eq!(seen, [flux[0].value, flux[1].value, 0.0]);
        let all = system.complete(&at, vec![temperature]);
        close(&all[1], &flux[0], 2);
        close(&all[2], &flux[1], 2);
    }
}

//! What is solved: equations as functions of a field's jet at a point.
//!
//! Conventions, once for the whole program: normals point outwards, tension is positive, flux = k·grad T (so that a
//! positive Neumann value is heat entering the body, or a traction pulling on it), and an equation's residual is
//! div flux + source − storage. Everything here is dimensionless; see [`crate::quantity::Scales`].
//!
//! An equation is affine in the jet, and [`crate::formulation`] linearises it once per point set; or it is smooth and gives its
//! tangent at every jet ([`Equation::tangent`]).

mod anisotropic_diffusion;
mod anisotropic_elasticity;
mod axial;
mod axisymmetric_diffusion;
mod axisymmetric_elasticity;
mod composite;
mod conductivity;
mod diffusion;
mod elastic_state;
#[cfg(test)]
mod fixture;
mod linear_elasticity;
mod medium;
mod mixed;
mod orthotropic;
mod physics;
mod symmetric;

use std::fmt::Debug;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use anisotropic_diffusion::AnisotropicConduction;
pub use anisotropic_elasticity::AnisotropicElasticity;
pub use axial::Axial;
pub use axisymmetric_diffusion::AxisymmetricConduction;
pub use axisymmetric_elasticity::AxisymmetricElasticity;
pub use composite::Composite;
pub use conductivity::{Conductivity, ConductivityLaw, TensorField};
pub use diffusion::{Diffusion, HeatConduction};
pub use linear_elasticity::{ElasticModel, Elasticity, LinearElasticity};
pub use medium::{HeatBody, Medium};
pub use mixed::Mixed;
pub use orthotropic::{Orthotropic, Stiffness};
pub use physics::{Balances, Family, Motion, Physics};

use crate::jet::{Channels, CoordinateJet, Jet, Order};

/// Declares the kinds, one line each, and what depends on all of them.
macro_rules! equations {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// The equations that a problem file can name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum EquationKind {
            $($(#[$doc])* $kind($kind),)*
        }

        impl EquationKind {
            /// The kind's name in problem files.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)*
                }
            }

            /// Its names, units and motions.
            pub fn physics(&self) -> &dyn Physics {
                match self {
                    $(Self::$kind(kind) => kind,)*
                }
            }
        }
    };
}

equations! {
    /// Small-strain elasticity of an isotropic or orthotropic body: div σ + f = 0.
    LinearElasticity,
    /// Heat conduction or another diffusion: div(k·grad T) + q = c·∂T/∂t.
    Diffusion,
}

/// A named array of the result in SI units: name, unit, components and the values of one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Array name in the VTK file.
    pub name: &'static str,
    /// SI unit.
    pub unit: &'static str,
    /// What one unit of the dimensionless value is.
    pub scale: Scale,
    /// Number of components.
    pub components: usize,
}

/// Which scale turns a dimensionless quantity into SI units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The field itself, with its offset.
    Field,
    /// Stress or heat flux.
    Flux,
    /// Strain: field per length.
    Gradient,
    /// Energy per volume: stress times strain.
    Energy,
}

/// The equation that holds in a region.
pub fn in_region(equation: &dyn Equation, region: usize) -> &dyn Equation {
    equation.part(region).unwrap_or(equation)
}

/// The tangent of an affine function f of jets, A_k = f(e_k) − f(0).
///
/// # Shapes
/// `out` is `[f, width]`, a jet has `width` numbers.
pub(crate) fn affine_tangent(
    channels: Channels,
    width: usize,
    out: &mut [f64],
    mut f: impl FnMut(&Jet<'_>, &mut [f64]),
) {
    let rows = out.len() / width;
    let (mut unit, mut value, mut at_zero) = (vec![0.0; width], vec![0.0; rows], vec![0.0; rows]);
    f(&Jet::new(channels, &unit), &mut at_zero);
    for column in 0..width {
        unit[column] = 1.0;
        f(&Jet::new(channels, &unit), &mut value);
        unit[column] = 0.0;
        for row in 0..rows {
            out[row * width + column] = value[row] - at_zero[row];
        }
    }
}

/// A second-order equation in divergence form in d space coordinates, or the system of first order that belongs to it.
pub trait Equation: Debug + Send + Sync {
    /// Number of unknown components m.
    fn components(&self) -> usize;

    /// What fills the domain.
    fn medium(&self) -> &dyn Medium;

    /// Names of the components in problem files and reports, for example `ux`.
    fn component_names(&self) -> Vec<&'static str> {
        self.medium().component_names()
    }

    /// The equation of one of several regions.
    fn part(&self, _region: usize) -> Option<&dyn Equation> {
        None
    }

    /// How many regions have their own equation.
    fn parts(&self) -> usize {
        1
    }

    /// How many of the components, the first ones, are those of the field u: all of them unless the flux is an unknown too.
    fn field_components(&self) -> usize {
        self.components()
    }

    /// The component that the flux's entry (row, column) is, where the flux is an unknown.
    fn flux_component(&self, _row: usize, _column: usize) -> Option<usize> {
        None
    }

    /// The half plane of a body of revolution, if the coordinates are r and z.
    fn axial(&self) -> Option<Axial> {
        None
    }

    /// How often a unit of the domain or its boundary counts in integrals: 2πr times in a body of revolution.
    fn weight(&self, x: &[f64; 4]) -> f64 {
        self.axial().map_or(1.0, |axial| axial.weight(x))
    }

    /// The components of the field whose loads add up to nothing over a body: radial forces of a body of revolution do not.
    fn balanced(&self) -> Range<usize> {
        let m = self.field_components();
        if self.axial().is_some() && m > 1 { 1..m } else { 0..m }
    }

    /// The gradient of the field that the flux does its work on.
    ///
    /// # Shapes
    /// As [`Equation::flux`].
    fn gradient(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let d = u.channels().space;
        for (c, out) in out.chunks_mut(3).enumerate() {
            for (j, out) in out.iter_mut().enumerate() {
                *out = if j < d { u.first(c, j) } else { 0.0 };
            }
        }
        if let Some(axial) = self.axial()
            && self.field_components() > 1
        {
            out[2] = axial.hoop(x, u);
        }
    }

    /// The derivatives that [`Equation::residual`] reads.
    fn order(&self) -> Order;

    /// div flux + source − storage at `x` = (x, y, z, t), per component of the field (times r/R in a body of revolution); then
    /// what a system of first order has besides.
    ///
    /// # Shapes
    /// `out` is `[residuals]`.
    fn residual(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]);

    /// Residuals per point, as many as there are unknowns.
    fn residuals(&self) -> usize {
        self.components()
    }

    /// Whether [`Equation::residual`] is a smooth function of the jet instead of an affine one.
    fn nonlinear(&self) -> bool {
        self.nonlinear_flux() || self.medium().nonlinear()
    }

    /// Whether [`Equation::flux`] is.
    fn nonlinear_flux(&self) -> bool {
        false
    }

    /// Whether the equation has a potential energy, that of [`Equation::energy`] and [`Medium::work`].
    fn conservative(&self) -> bool {
        !self.nonlinear_flux() && self.medium().conservative()
    }

    /// ∂residual/∂u at the jet `u`; affine residuals have it from unit jets.
    ///
    /// # Shapes
    /// `out` is `[residuals, m, K]`.
    fn tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let width = self.components() * u.channels().count();
        affine_tangent(u.channels(), width, out, |jet, r| self.residual(x, jet, r));
    }

    /// ∂flux/∂u at the jet `u`; affine fluxes have it from unit jets.
    ///
    /// # Shapes
    /// `out` is `[field_components, 3, m, K]`.
    fn flux_tangent(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        let width = self.components() * u.channels().count();
        affine_tangent(u.channels(), width, out, |jet, flux| self.flux(x, jet, flux));
    }

    /// Numbers per point that [`Equation::energy`] gives.
    fn energy_rows(&self) -> usize;

    /// Affine forms r of value and first derivatives whose |r|² is the stored energy per volume, ½·flux : grad u.
    ///
    /// # Shapes
    /// `out` is `[energy_rows]`.
    fn energy(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]);

    /// The flux σ or k·grad T from first derivatives, or from the values where it is an unknown.
    ///
    /// # Shapes
    /// `out` is `[field_components, 3]`; entries beyond d are 0, but for (0, 2) in [`Axial`] elasticity.
    fn flux(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]);

    /// The flux that the field's gradient makes by the material law, which is [`Equation::flux`] unless the flux is an unknown.
    fn law(&self, x: &[f64; 4], u: &Jet<'_>, out: &mut [f64]) {
        self.flux(x, u, out);
    }

    /// ∂flux/∂x_j of the space coordinate j from first and second derivatives (the `Hessian` layout).
    ///
    /// # Shapes
    /// As [`Equation::flux`].
    fn flux_slope(&self, x: &[f64; 4], u: &Jet<'_>, j: usize, out: &mut [f64]);

    /// The jets of all components from those of the field.
    ///
    /// # Shapes
    /// `[field_components]` in, `[m]` out.
    fn complete(&self, _x: &[f64; 4], field: Vec<CoordinateJet>) -> Vec<CoordinateJet> {
        field
    }

    /// Evaluates [`Medium::quantities`] one after the other from value, first derivatives and flux.
    fn evaluate(&self, x: &[f64; 4], u: &Jet<'_>, flux: &[f64], out: &mut Vec<f64>);
}

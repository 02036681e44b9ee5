//! Mirror planes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Boundaries, BoundaryPoint, Built, Condition, Holds, On, PENALTY, Reader, Specification, Stated, Statement,
};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::Scales;

/// Mirror plane: no normal displacement and no shear, or no heat flux.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Symmetry {
    /// Boundary or list of boundaries.
    pub on: Boundaries,
    /// Enforce by the loss instead of exactly by the ansatz.
    #[serde(default)]
    pub soft: bool,
}

impl Specification for Symmetry {
    fn on(&self) -> On<'_> {
        On::Boundaries(&self.on)
    }

    fn soften(&mut self) {
        self.soft = true;
    }

    fn state(&self, reader: &mut Reader<'_, '_>) {
        let mirror = Mirror {
            soft: self.soft,
            vector: reader.physics.vector(),
        };
        reader.state(reader.at.clone(), mirror);
    }
}

/// The boundary is a mirror plane. A temperature is free there, a displacement has no normal component.
#[derive(Debug)]
pub struct Mirror {
    /// As a loss term instead of in the ansatz.
    pub soft: bool,
    /// Whether the field is a vector.
    pub vector: bool,
}

impl Statement for Mirror {
    fn subject(&self) -> String {
        "the symmetry".into()
    }

    fn formulas(&self) -> Vec<&Stated> {
        Vec::new()
    }

    fn holds(&self) -> Holds {
        match self.vector {
            true => Holds::Normal,
            false => Holds::Nothing,
        }
    }

    fn alone(&self) -> bool {
        true
    }

    fn holds_on_axis(&self) -> bool {
        !self.soft
    }

    fn build(&self, _scales: &Scales) -> Built {
        match self.vector {
            true => Built::Mirror { soft: self.soft },
            false => Built::Nothing,
        }
    }
}

/// u·n = 0 and the tangential part of σ·n = 0, for a mirror plane that is not along the axes.
///
/// The d tangential residuals σ·n − (n·σ·n)·n are not independent, but need no choice of tangents.
#[derive(Clone, Debug)]
pub struct Roller {
    /// Number of axes d.
    pub dimension: usize,
}

impl Condition for Roller {
    fn name(&self) -> &'static str {
        "symmetry"
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        1 + self.dimension
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let d = self.dimension;
        let mut stress = [0.0; 9];
        equation.flux(&at.x, u, &mut stress);
        let traction: Vec<f64> = (0..d)
            .map(|c| (0..d).map(|j| stress[c * 3 + j] * at.normal[j]).sum())
            .collect();
        let normal: f64 = (0..d).map(|c| traction[c] * at.normal[c]).sum();
        out[0] = (0..d).map(|c| u.value(c) * at.normal[c]).sum();
        for c in 0..d {
            out[1 + c] = traction[c] - normal * at.normal[c];
        }
    }

    fn conservative(&self) -> bool {
        true
    }

    /// By [`PENALTY`]; the tangential load is naturally 0.
    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        out.fill(0.0);
        out[0] = (0.5 * PENALTY).sqrt() * (0..self.dimension).map(|c| u.value(c) * at.normal[c]).sum::<f64>();
    }

    fn impose(&self, at: &BoundaryPoint, residual: &[f64], value: &mut [f64], flux: &mut [f64]) {
        for c in 0..self.dimension {
            value[c] -= residual[0] * at.normal[c];
            flux[c] -= residual[1 + c];
        }
    }

    fn reaction(&self, at: &BoundaryPoint, residual: &[f64], flux: &mut [f64]) {
        for c in 0..self.dimension {
            flux[c] = -PENALTY * residual[0] * at.normal[c];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equation::{ElasticModel, Elasticity};
    use crate::jet::Channels;

    /// u = (1, 2) with u_x,x = 3 and no further slope, on a plane with the normal (0.6, 0.8).
    #[test]
    fn on_an_oblique_mirror_plane_the_tangential_value_and_the_normal_load_are_left() {
        let equation = Elasticity::new(ElasticModel::PlaneStress, 0.25, Vec::new());
        let condition = Roller { dimension: 2 };
        let at = BoundaryPoint {
            x: [0.0; 4],
            normal: [0.6, 0.8, 0.0],
            region: 0,
        };
        let jet = [1.0, 3.0, 0.0, 2.0, 0.0, 0.0];
        let mut residual = [0.0; 3];
        condition.residual(
            &equation,
            &at,
            &Jet::new(Channels::new(2, false, Order::First), &jet),
            &mut residual,
        );
        // σ_xx = 3/(1 − ν²), σ_yy = ν·σ_xx by Young's modulus.
        let stress = 3.0 / (1.0 - 0.0625);
        let (mut value, mut flux) = ([1.0, 2.0], [0.6 * stress, 0.8 * 0.25 * stress]);
        let pressure = 0.6 * flux[0] + 0.8 * flux[1];
        condition.impose(&at, &residual, &mut value, &mut flux);
        // u·n = 2.2 is taken away, the traction is pressure·n.
        for (found, expected) in
            value
                .iter()
                .chain(&flux)
                .zip([1.0 - 2.2 * 0.6, 2.0 - 2.2 * 0.8, 0.6 * pressure, 0.8 * pressure])
        {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }
}

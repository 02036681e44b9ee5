//! The natural condition of a boundary: its normal flux is the sum of the loads on it.

use std::fmt::Debug;

use super::{BoundaryPoint, Condition};
use crate::equation::Equation;
use crate::jet::{Jet, Order};
use crate::quantity::Field;

/// What a load gives to an entry of the flux on a boundary along an axis, where the flux may be an unknown of its own.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Nothing.
    Zero,
    /// A function of the position.
    Value(Field),
    /// Something that depends on the field.
    Open,
}

impl Entry {
    /// The entry of the flux that a component of a load is on a boundary whose outward normal is ± an axis.
    pub fn normal(load: &Field, outward: bool) -> Self {
        Self::Value(if outward { load.clone() } else { load.clone().negated() })
    }
}

/// A traction or heat flux that acts on a boundary, an affine or smooth function of the field's value; a heat flux has one component.
///
/// The energy of the loads on a boundary is a square and a linear form: one of them at most depends on the field and stores energy.
pub trait Load: Debug + Send + Sync {
    /// A component at a point.
    fn value(&self, at: &BoundaryPoint, u: &Jet<'_>, component: usize) -> f64;

    /// Whether it is a smooth function of the field's value instead of an affine one.
    fn nonlinear(&self) -> bool {
        false
    }

    /// The derivative of a component by that of the field.
    fn slope(&self, _at: &BoundaryPoint, _u: &Jet<'_>, _component: usize) -> f64 {
        0.0
    }

    /// What of it does not depend on the field, and so does work on it.
    fn dead(&self, _at: &BoundaryPoint, _component: usize) -> f64 {
        0.0
    }

    /// An affine form of the value whose square is the energy stored per area, up to a constant.
    fn stored(&self, _at: &BoundaryPoint, _u: &Jet<'_>, _component: usize) -> f64 {
        0.0
    }

    /// What it gives to the entry (component, axis) of the flux on a boundary whose outward normal is +`axis`, or − if not `outward`.
    fn entry(&self, _component: usize, _axis: usize, _outward: bool) -> Entry {
        Entry::Open
    }

    /// Whether it has a potential energy.
    fn conservative(&self) -> bool {
        true
    }
}

/// (flux·n)_c − Σ loads_c = 0 for the components that are not prescribed; without a load the boundary is free.
#[derive(Debug)]
pub struct Natural {
    /// `traction` or `flux`.
    pub name: &'static str,
    /// Components c that it holds for.
    pub components: Vec<usize>,
    /// What acts.
    pub loads: Vec<Box<dyn Load>>,
}

impl Condition for Natural {
    fn name(&self) -> &'static str {
        self.name
    }

    fn order(&self) -> Order {
        Order::First
    }

    fn residuals(&self) -> usize {
        self.components.len()
    }

    fn residual(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let mut buffer = [0.0; 9];
        let flux = &mut buffer[..3 * equation.field_components()];
        equation.flux(&at.x, u, flux);
        for (out, &c) in out.iter_mut().zip(&self.components) {
            *out = (0..3).map(|j| flux[c * 3 + j] * at.normal[j]).sum();
            self.loads.iter().for_each(|load| *out -= load.value(at, u, c));
        }
    }

    fn nonlinear(&self, equation: &dyn Equation) -> bool {
        equation.nonlinear_flux() || self.loads.iter().any(|load| load.nonlinear())
    }

    fn tangent(&self, equation: &dyn Equation, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        let width = out.len() / self.residuals();
        let mut flux = vec![0.0; 3 * equation.field_components() * width];
        equation.flux_tangent(&at.x, u, &mut flux);
        for (out, &c) in out.chunks_mut(width).zip(&self.components) {
            for (column, out) in out.iter_mut().enumerate() {
                *out = (0..3).map(|j| flux[(3 * c + j) * width + column] * at.normal[j]).sum();
            }
            let own = &mut out[c * u.channels().count()];
            self.loads.iter().for_each(|load| *own -= load.slope(at, u, c));
        }
    }

    fn conservative(&self) -> bool {
        self.loads.iter().all(|load| load.conservative())
    }

    fn energy(&self, at: &BoundaryPoint, u: &Jet<'_>, out: &mut [f64]) {
        for (out, &c) in out.iter_mut().zip(&self.components) {
            *out = self.loads.iter().map(|load| load.stored(at, u, c)).sum();
        }
    }

    fn work(&self, at: &BoundaryPoint, u: &Jet<'_>) -> f64 {
        let dead = |c: usize| self.loads.iter().fold(0.0, |sum, load| sum + load.dead(at, c));
        self.components.iter().map(|&c| dead(c) * u.value(c)).sum()
    }

    fn impose(&self, _at: &BoundaryPoint, residual: &[f64], _value: &mut [f64], flux: &mut [f64]) {
        for (residual, &c) in residual.iter().zip(&self.components) {
            flux[c] -= residual;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::condition::{
        Boundaries, Built, ConditionKind, Convection, Flux, Foundation, Pressure, Radiation, Traction,
    };
    use crate::equation::{Diffusion, ElasticModel, LinearElasticity, Physics};
    use crate::jet::Channels;
    use crate::quantity::{Expression, Path, Scales, Values, Variables};

    fn text(text: &str) -> Expression {
        Expression::Text(text.into())
    }

    fn on() -> Boundaries {
        Boundaries::One("left".into())
    }

    /// The loads that a condition states in the plane, without units.
    fn loads(kind: &ConditionKind, physics: &dyn Physics) -> Vec<Box<dyn Load>> {
        let variables = Variables {
            space: 2,
            time: false,
            field: false,
        };
        let scales = Scales {
            length: 1.0,
            time: 1.0,
            field: 1.0,
            offset: 0.0,
            modulus: 1.0,
        };
        let mut values = Values::new("", &BTreeMap::new());
        let statements = kind.statements(physics, variables, &Path::new(), &mut values);
        assert!(values.sound() && !statements.is_empty(), "{kind:?}");
        let built = statements.iter().map(|(statement, _)| statement.build(&scales));
        built
            .map(|built| match built {
                Built::Load(load) => load,
                other => panic!("{kind:?} states {other:?}"),
            })
            .collect()
    }

    /// A load is minus the slope of its energy, load_c = dead_c − ∂(stored_c²)/∂u_c, and its own slope is that of its values.
    #[test]
    fn every_load_is_the_slope_of_its_energy() {
        let elastic = LinearElasticity {
            model: ElasticModel::PlaneStress,
            young: None,
            poisson: None,
            orthotropic: None,
            body_force: Vec::new(),
        };
        let heat = Diffusion {
            conductivity: None,
            source: Expression::Number(0.0),
            capacity: Expression::Number(1.0),
            velocity: Vec::new(),
            axisymmetric: false,
        };
        let kinds: [(ConditionKind, &dyn Physics); 5] = [
            (
                ConditionKind::Traction(Traction {
                    on: on(),
                    tx: Some(text("x + 2*y")),
                    ty: Some(text("3")),
                    tz: None,
                }),
                &elastic,
            ),
            (
                ConditionKind::Pressure(Pressure {
                    on: on(),
                    value: text("2*x"),
                }),
                &elastic,
            ),
            (
                ConditionKind::Foundation(Foundation {
                    on: on(),
                    stiffness: text("4 + y"),
                }),
                &elastic,
            ),
            (
                ConditionKind::Flux(Flux {
                    on: on(),
                    value: text("x*y"),
                }),
                &heat,
            ),
            (
                ConditionKind::Convection(Convection {
                    on: on(),
                    coefficient: text("1 + x"),
                    ambient: text("20*y"),
                }),
                &heat,
            ),
        ];
        let at = BoundaryPoint {
            x: [0.7, -0.3, 0.0, 0.0],
            normal: [0.6, 0.8, 0.0],
            region: 0,
        };
        let channels = Channels::new(2, false, Order::Value);
        for (kind, physics) in &kinds {
            for load in loads(kind, *physics) {
                for c in 0..physics.components().len() {
                    let at_value = |u: f64, read: &dyn Fn(&Jet<'_>) -> f64| {
                        let mut values = [0.4, -1.1];
                        values[c] = u;
                        read(&Jet::new(channels, &values[..physics.components().len()]))
                    };
                    // Squares of affine forms have exact central differences.
                    let stored = |u: f64| at_value(u, &|u| load.stored(&at, u, c).powi(2));
                    let slope = 0.5 * (stored(1.3) - stored(-0.7));
                    let found = at_value(0.3, &|u| load.value(&at, u, c));
                    let expected = load.dead(&at, c) - slope;
                    assert!((found - expected).abs() < 1e-12, "{kind:?}: {found} {expected}");
                    let value = |u: f64| at_value(u, &|u| load.value(&at, u, c));
                    let (slope, expected) = (at_value(0.3, &|u| load.slope(&at, u, c)), value(1.3) - value(0.3));
                    assert!((slope - expected).abs() < 1e-12, "{kind:?}: {slope} {expected}");
                }
            }
        }
    }

    /// Slopes of loads that depend on the temperature are the central differences of their values; radiation is ε·σ·(T_a⁴ − T⁴).
    #[test]
    fn slopes_of_nonlinear_loads_match_differences() {
        let heat = Diffusion {
            conductivity: None,
            source: Expression::Number(0.0),
            capacity: Expression::Number(1.0),
            velocity: Vec::new(),
            axisymmetric: false,
        };
        let kinds = [
            ConditionKind::Flux(Flux {
                on: on(),
                value: text("x*T^2 - sin(T)"),
            }),
            ConditionKind::Convection(Convection {
                on: on(),
                coefficient: text("1 + T^2"),
                ambient: text("20*y + T/3"),
            }),
            ConditionKind::Radiation(Radiation {
                on: on(),
                emissivity: text("0.5 + 0.1*x"),
                ambient: text("3"),
                zero: Expression::Number(-273.15),
            }),
        ];
        let at = BoundaryPoint {
            x: [0.7, -0.3, 0.0, 0.0],
            normal: [0.6, 0.8, 0.0],
            region: 0,
        };
        let channels = Channels::new(2, false, Order::Value);
        for kind in &kinds {
            for load in loads(kind, &heat) {
                assert!(load.nonlinear() && !load.conservative(), "{kind:?}");
                let value = |u: f64| load.value(&at, &Jet::new(channels, &[u]), 0);
                let (h, u) = (1e-3, 0.4);
                let expected =
                    (8.0 * (value(u + h) - value(u - h)) - (value(u + 2.0 * h) - value(u - 2.0 * h))) / (12.0 * h);
                let found = load.slope(&at, &Jet::new(channels, &[u]), 0);
                assert!(
                    (found - expected).abs() < 1e-8 * (1.0 + expected.abs()),
                    "{kind:?}: {found} {expected}"
                );
            }
        }
        let [radiation] = &loads(&kinds[2], &heat)[..] else {
            panic!("one load")
        };
        let found = radiation.value(&at, &Jet::new(channels, &[26.85]), 0);
        let expected = 0.57 * 5.670374419e-8 * ((3.0_f64 + 273.15).powi(4) - 300.0_f64.powi(4));
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }
}

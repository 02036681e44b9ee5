//! What every equation of diffusion must satisfy, whatever its coefficients are: tested once, over all of them.

use super::fixture::{UNIT, formula, jets};
use super::{
    AnisotropicConduction, Axial, AxisymmetricConduction, Equation, HeatBody, HeatConduction, Mixed, TensorField,
};
use crate::jet::{Channels, CoordinateJet, Jet, Order, Scalar};
use crate::quantity::{Coefficient, scales};

const AT: [f64; 4] = [0.7, -0.4, 0.3, 0.2];

fn coefficient(text: &str) -> Coefficient {
    UNIT.coefficient(UNIT.modulus_field(formula(text)))
}

/// A body whose source, capacity and velocity depend on the position and on the field.
fn body(transient: bool, dimension: usize) -> HeatBody {
    let velocity = ["1 + x*T", "y - T^2", "z*T"];
    HeatBody::new(transient, coefficient("sin(T)*x - T^3"), coefficient("2 + T^2*y"))
        .with_velocity(velocity[..dimension].iter().map(|v| coefficient(v)).collect())
}

/// Equations in the plane, of every kind.
fn equations(transient: bool) -> Vec<Box<dyn Equation>> {
    let scalar = || HeatConduction::new(2, coefficient("1 + x^2 + 0.3*T + 0.1*T^2*y"), body(transient, 2));
    let entry = |i: usize, j: usize| {
        let mut unit = [[0.0; 3]; 3];
        (unit[i][j], unit[j][i]) = (1.0, 1.0);
        unit
    };
    let parts = [
        (formula("2 + x^2 + T"), entry(0, 0)),
        (formula("x*y*T"), entry(0, 1)),
        (formula("3 + exp(T)"), entry(1, 1)),
    ];
    let tensor = || AnisotropicConduction::new(2, TensorField::new(&parts, &UNIT), body(transient, 2));
    let round = || AxisymmetricConduction::new(Box::new(scalar()), Axial { reach: 2.0 });
    vec![
        Box::new(scalar()),
        Box::new(tensor()),
        Box::new(round()),
        Box::new(Mixed::with_flux(Box::new(scalar()), 2)),
        Box::new(Mixed::with_flux(Box::new(tensor()), 2)),
        Box::new(Mixed::with_flux(Box::new(round()), 2)),
    ]
}

fn channels(equation: &dyn Equation, transient: bool) -> Channels {
    Channels::new(2, transient, equation.order())
}

/// A jet of some numbers.
fn numbers(equation: &dyn Equation, channels: Channels) -> Vec<f64> {
    let count = equation.components() * channels.count();
    (0..count).map(|i| 0.8 * (1.7 * i as f64 + 0.4).sin()).collect()
}

/// The tangents of residual and flux are the central differences of fourth order of their values.
#[test]
fn tangents_match_differences() {
    for transient in [false, true] {
        for equation in equations(transient) {
            let equation = equation.as_ref();
            assert!(equation.nonlinear(), "{equation:?}");
            let channels = channels(equation, transient);
            let jet = numbers(equation, channels);
            let compare = |size: usize, f: &dyn Fn(&[f64], &mut [f64]), tangent: &[f64]| {
                for column in 0..jet.len() {
                    let h = 1e-3;
                    let moved = |step: f64| {
                        let mut jet = jet.clone();
                        jet[column] += step * h;
                        let mut out = vec![0.0; size];
                        f(&jet, &mut out);
                        out
                    };
                    let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(moved);
                    for row in 0..size {
                        let slope = (8.0 * (c[row] - b[row]) - (d[row] - a[row])) / (12.0 * h);
                        let found = tangent[row * jet.len() + column];
                        assert!(
                            (found - slope).abs() < 1e-8 * (1.0 + slope.abs()),
                            "{equation:?}, row {row}, column {column}: {found} {slope}"
                        );
                    }
                }
            };
            let (r, q) = (equation.residuals(), 3 * equation.field_components());
            let (mut residual, mut flux) = (vec![f64::NAN; r * jet.len()], vec![f64::NAN; q * jet.len()]);
            equation.tangent(&AT, &Jet::new(channels, &jet), &mut residual);
            equation.flux_tangent(&AT, &Jet::new(channels, &jet), &mut flux);
            compare(
                r,
                &|u, out| equation.residual(&AT, &Jet::new(channels, u), out),
                &residual,
            );
            compare(q, &|u, out| equation.flux(&AT, &Jet::new(channels, u), out), &flux);
        }
    }
}

/// With T = sin(x)·y² + t·x in closed form, the residual is the divergence of the flux by differences over the position, and what is supplied.
#[test]
fn the_residual_is_the_divergence_of_the_flux_and_the_supply() {
    let field = |at: [f64; 4]| -> CoordinateJet {
        let [x, y, _, t] = scales::independent_variables(at);
        x.sin() * y * y + t * x
    };
    for equation in equations(true).iter().take(2) {
        let layout = Channels::new(2, true, Order::Hessian);
        let flux = |at: [f64; 4]| {
            let data = jets(layout, &[field(at)]);
            let mut out = [f64::NAN; 3];
            equation.flux(&at, &Jet::new(layout, &data), &mut out);
            out
        };
        let h = 1e-3;
        let along = |j: usize, step: f64| {
            let mut at = AT;
            at[j] += step * h;
            flux(at)[j]
        };
        let slope = |j: usize| (8.0 * (along(j, 1.0) - along(j, -1.0)) - (along(j, 2.0) - along(j, -2.0))) / (12.0 * h);
        let own = Channels::new(2, true, equation.order());
        let data = jets(own, &[field(AT)]);
        let u = Jet::new(own, &data);
        let (mut residual, mut supply) = ([f64::NAN], [f64::NAN]);
        equation.residual(&AT, &u, &mut residual);
        equation.medium().supply(&AT, &u, &mut supply);
        let expected = slope(0) + slope(1) + supply[0];
        assert!(
            (residual[0] - expected).abs() < 1e-9,
            "{equation:?}: {residual:?} {expected}"
        );
        // The flux derivatives are the same differences.
        let hessian = jets(layout, &[field(AT)]);
        for j in 0..2 {
            let mut out = [f64::NAN; 3];
            equation.flux_slope(&AT, &Jet::new(layout, &hessian), j, &mut out);
            assert!((out[j] - slope(j)).abs() < 1e-9, "{equation:?}");
        }
    }
}

/// Without `T` the equations are affine.
#[test]
fn coefficients_of_the_position_leave_an_equation_affine() {
    let body = HeatBody::new(true, coefficient("x"), coefficient("1 + y")).with_velocity(vec![coefficient("y"); 2]);
    let equation = HeatConduction::new(2, coefficient("1 + x"), body);
    assert!(!equation.nonlinear() && !equation.nonlinear_flux() && !equation.conservative());
}

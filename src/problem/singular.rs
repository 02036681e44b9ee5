//! Corners at which the field may be singular.

use std::f64::consts::PI;

use super::placed::Placed;
use crate::condition::{Holds, Role, Stated};
use crate::equation::Physics;
use crate::geometry::{Corner, Shape};
use crate::jet::Pole;

/// Corners beyond this number get no inputs of their own.
const CORNERS: usize = 8;

/// How far an angle may be above a right or a straight one.
const ROUNDING: f64 = 1.02;

/// What holds on a boundary, as far as corners are concerned.
#[derive(PartialEq)]
struct Held {
    /// The prescribed components; [`MIRROR`] for the normal one of a mirror plane.
    components: Vec<usize>,
    /// Whether prescribed values are 0, or the same number everywhere for a temperature.
    even: bool,
    /// Whether something acts on the boundary.
    loaded: bool,
}

const MIRROR: usize = usize::MAX;

/// The corners at which the field may be singular; the widest ones if they are many.
///
/// By reflection at a straight edge a corner of angle ω becomes one of 2ω: where parts of other kinds meet at no more than a right
/// angle the field is smooth there, unless the reflected data jump (a temperature beside a heat flux, log r), or the edge holds all
/// displacements, which has no reflection. Between edges of one kind the field is smooth up to ω = π.
///
/// # Source
/// Williams, *J. Appl. Mech.* 19 (1952) 526; Grisvard, *Elliptic Problems in Nonsmooth Domains*, 1985, §4.4.
pub(super) fn singular(
    physics: &dyn Physics,
    shape: &dyn Shape,
    placed: &[Placed],
    axis: &[&'static str],
) -> Vec<Pole> {
    let all = physics.components().len();
    let held = |name: &str| {
        let mut held = Held {
            components: Vec::new(),
            even: true,
            loaded: false,
        };
        for statement in placed
            .iter()
            .filter(|placed| placed.place.name() == name)
            .map(|placed| &placed.statement)
        {
            let even = |stated: &Stated| {
                let value = stated.formula.as_constant();
                value.is_some_and(|value| physics.level() || value == 0.0)
            };
            match statement.holds() {
                Holds::Component(component) => {
                    held.components.push(component);
                    held.even &= statement.formulas().into_iter().all(even);
                }
                Holds::Normal => held.components.push(MIRROR),
                Holds::Nothing | Holds::Elastically => {
                    let loads = statement
                        .formulas()
                        .into_iter()
                        .filter(|stated| stated.role != Role::Value);
                    held.loaded |= loads.into_iter().any(Stated::acts);
                }
            }
        }
        held.components.sort_unstable();
        held
    };
    let may = |angle: f64, [first, second]: [Held; 2]| {
        if first.components == second.components {
            return angle > ROUNDING * PI;
        }
        let fixed = |held: &Held| held.components.len() == all;
        let free = |held: &Held| held.components.is_empty();
        let jump = if physics.vector() {
            fixed(&first) && free(&second) || free(&first) && fixed(&second)
        } else {
            first.loaded || second.loaded
        };
        jump || !first.even || !second.even || angle > ROUNDING * 0.5 * PI
    };
    let mut corners = shape.corners();
    corners.retain(|corner| {
        // On an axis of rotation lies no edge.
        let inside = corner.faces.iter().any(|name| axis.contains(name));
        !inside && may(corner.angle, corner.faces.map(held))
    });
    corners.sort_by(|a, b| b.angle.total_cmp(&a.angle));
    corners.truncate(CORNERS);
    let pole = |corner: Corner| Pole::corner(corner.place, 1.0, shape.dimension());
    corners.into_iter().map(pole).collect()
}

#[cfg(test)]
mod tests {
    use crate::problem;

    /// How many corners of a polygon with the boundaries a, b, … get inputs.
    fn corners(points: &str, equation: &str, conditions: &str) -> usize {
        let names: Vec<String> = (b'a'..)
            .map(|name| format!("\"{}\"", char::from(name)))
            .take(points.matches('(').count())
            .collect();
        let names = names.join(", ");
        let text = format!(
            "Problem(title: \"Corners\", geometry: Polygon(points: [{points}], names: [{names}]), equation: {equation}, formulation: Energy, conditions: [{conditions}])"
        );
        let length = (text.len(), conditions.len());
        let path = std::env::temp_dir().join(format!("pinn-corners-{}-{length:?}.ron", std::process::id()));
        assert!(std::fs::write(&path, &text).is_ok());
        let loaded = problem::load(&path, |_| Ok(()));
        let _ = std::fs::remove_file(&path);
        match loaded {
            Ok(problem) => problem.singular.len(),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    const SQUARE: &str = "(0, 0), (1, 0), (1, 1), (0, 1)";
    const L: &str = "(0, 0), (2, 0), (2, 2), (1, 2), (1, 1), (0, 1)";

    /// r^(π/2ω) between a temperature and an insulated edge, r^(π/ω) between edges of one kind, r·log r where data jump.
    #[test]
    fn corners_of_heat_conduction_are_chosen_by_angle_and_kind() {
        let heat = |points: &str, conditions: &str| corners(points, "Diffusion(conductivity: 1)", conditions);
        assert_eq!(heat(SQUARE, r#"Value(on: "d", value: 0), Value(on: "b", value: 1)"#), 0);
        assert_eq!(heat(SQUARE, r#"Value(on: "d", value: 0), Flux(on: "a", value: 1)"#), 1);
        assert_eq!(
            heat(SQUARE, r#"Value(on: "d", value: "y"), Value(on: "b", value: 1)"#),
            2
        );
        let film = r#"Value(on: "d", value: 0), Convection(on: ["a", "b"], coefficient: 1, ambient: 2)"#;
        assert_eq!(heat(SQUARE, film), 1);
        assert_eq!(heat(L, r#"Value(on: "a", value: 0), Value(on: "c", value: 1)"#), 1);
        // An obtuse corner between a temperature and an insulated edge has r^0.75.
        let trapezium = "(0, 0), (1, 0), (2, 1.7320508), (0, 1.7320508)";
        assert_eq!(heat(trapezium, r#"Value(on: "a", value: 0)"#), 1);
    }

    /// A clamped edge beside a free one is singular at a right angle, a mirror plane is not.
    #[test]
    fn corners_of_elasticity_are_chosen_by_angle_and_kind() {
        let part = |points: &str, conditions: &str| {
            let equation = "LinearElasticity(model: PlaneStrain, young: 1, poisson: 0.3)";
            corners(points, equation, &format!(r#"{conditions}, Traction(on: "b", tx: 1)"#))
        };
        assert_eq!(part(SQUARE, r#"Displacement(on: "d", ux: 0, uy: 0)"#), 2);
        assert_eq!(part(SQUARE, r#"Symmetry(on: ["d", "a"])"#), 0);
        assert_eq!(
            part(SQUARE, r#"Displacement(on: "d", ux: 0), Displacement(on: "a", uy: 0)"#),
            0
        );
        assert_eq!(
            part(SQUARE, r#"Displacement(on: "d", ux: 0, uy: 0), Symmetry(on: "a")"#),
            1
        );
        assert_eq!(part(L, r#"Symmetry(on: ["f", "a"])"#), 1);
    }
}

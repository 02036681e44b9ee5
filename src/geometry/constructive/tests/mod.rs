//! Combinations of all kinds against closed forms, the divergence theorem and Monte Carlo.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod membership;
mod plane;
mod solids;

use std::collections::BTreeMap;

use crate::geometry::{Face, GeometryKind, Shape, SurfacePoint};
use crate::quantity::Values;

fn kind(text: &str) -> GeometryKind {
    use ron::extensions::Extensions;
    ron::Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
        .from_str(text)
        .unwrap()
}

/// The shape, or the messages of its faults.
fn build(text: &str) -> Result<Box<dyn Shape>, Vec<String>> {
    let whole = format!("(geometry: {text})");
    let mut values = Values::new(&whole, &BTreeMap::new());
    let shape = kind(text).shape(&mut values);
    if values.sound() {
        Ok(shape.unwrap())
    } else {
        Err(values.into_faults().into_iter().map(|fault| fault.message).collect())
    }
}

fn shape(text: &str) -> Box<dyn Shape> {
    build(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn face(shape: &dyn Shape, name: &str) -> Face {
    shape
        .faces()
        .into_iter()
        .find(|face| face.name == name)
        .unwrap_or_else(|| panic!("{name}: {:?}", shape.faces()))
}

const FOUR_HOLES: &str = r#"Difference(from: Rectangle(min: (0, 0), max: (1, 1)), cut: [Named(name: "holes", shape: Union([
    Disk(center: (0.25, 0.25), radius: 0.1), Disk(center: (0.75, 0.25), radius: 0.1),
    Disk(center: (0.25, 0.75), radius: 0.1), Disk(center: (0.75, 0.75), radius: 0.1)]))])"#;

fn plane() -> Vec<&'static str> {
    vec![
        FOUR_HOLES,
        "Union([Rectangle(min: (0, 0), max: (1, 1)), Rectangle(min: (1, 0), max: (2, 0.5))])",
        "Difference(from: Rectangle(min: (-1, -1), max: (1, 1)), cut: [Rectangle(min: (0, -1), max: (1, 0))])",
        "Difference(from: Disk(radius: 2), cut: [Ellipse(center: (0.3, 0.2), radii: (1, 0.4))])",
        "Rotate(by: 30, shape: Intersection([Disk(radius: 1), Disk(center: (0.7, 0), radius: 0.8), Rectangle(min: (-3, -3), max: (3, 0.4))]))",
        "Polygon(points: [(0, 0), (4.8e-2, 4.4e-2), (4.8e-2, 6e-2), (0, 4.4e-2)])",
        "Polygon(points: [(0, 0), (0, 2), (1, 2), (1, 1), (3, 1), (3, 0)])",
        "Ellipse(center: (1, 2), radii: (3, 0.5))",
        "Union([Disk(radius: 1), Translate(by: (3, 0), shape: Annulus(inner: 0.9, outer: 1))])",
        "Difference(from: Scale(by: 3, about: (1, 1), shape: Rectangle(min: (0, 0), max: (1, 1))), cut: [Disk(center: (1, 1), radius: 0.5), Disk(center: (-2, -2), radius: 1.5, angles: (-10, 110))])",
        "Union([PlateWithHole(width: 2, height: 2, radius: 0.5), Rectangle(min: (-2, 0.5), max: (0, 1))])",
        "Difference(from: Union([Rectangle(min: (0, 0), max: (3, 1)), Disk(center: (3, 0.5), radius: 0.5)]), cut: [Disk(center: (3, 0.5), radius: 0.2)])",
    ]
}

/// ∫ f over the domain or a face by the shape's own rule.
fn integral(shape: &dyn Shape, face: Option<Face>, order: usize, f: &dyn Fn(SurfacePoint) -> f64) -> f64 {
    let measure = face.map_or(shape.measure(), |face| shape.face_measure(face));
    let at = |unit| match face {
        Some(face) => shape.face_point(face, unit),
        None => SurfacePoint {
            x: shape.interior_point(unit),
            normal: [0.0; 3],
        },
    };
    let rule = shape.rule(face, order).unwrap();
    let sum: f64 = rule.iter().map(|(_, w)| w).sum();
    assert!((sum - 1.0).abs() < 1e-11, "weights add up to {sum}");
    measure * rule.into_iter().map(|(unit, w)| w * f(at(unit))).sum::<f64>()
}

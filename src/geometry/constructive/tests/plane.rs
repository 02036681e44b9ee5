//! Plane combinations: measures, normals, distances, corners, regions, and what is refused.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{FOUR_HOLES, build, face, integral, plane, shape};
use crate::geometry::{SurfacePoint, independent_variables};

#[test]
fn areas_and_lengths_are_those_of_closed_forms() {
    let holes = shape(FOUR_HOLES);
    assert!((holes.measure() - (1.0 - 0.04 * PI)).abs() < 1e-13);
    assert!((holes.face_measure(face(holes.as_ref(), "holes")) - 0.8 * PI).abs() < 1e-13);
    assert_eq!(holes.faces().len(), 5);
    assert_eq!(holes.poles().len(), 4);
    let lens = shape("Intersection([Disk(radius: 1), Disk(center: (1, 0), radius: 1)])");
    assert!((lens.measure() - (TAU / 3.0 - 0.75_f64.sqrt())).abs() < 1e-12);
    assert!((lens.face_measure(face(lens.as_ref(), "outer")) - 2.0 * TAU / 3.0).abs() < 1e-12);
    let cut = shape("Difference(from: Disk(radius: 2), cut: [Ellipse(center: (0.3, 0.2), radii: (1, 0.4))])");
    assert!((cut.measure() - 3.6 * PI).abs() < 1e-12);
    let moved = shape(
        "Scale(by: 2, shape: Rotate(by: 33, about: (1, 2), shape: Translate(by: (1, 0), shape: Ellipse(radii: (2, 1)))))",
    );
    assert!((moved.measure() - 8.0 * PI).abs() < 1e-12);
}

#[test]
fn sides_that_coincide_vanish_in_a_union_and_in_flush_cuts() {
    let union = shape("Union([Rectangle(min: (0, 0), max: (1, 1)), Rectangle(min: (1, 0), max: (2, 0.5))])");
    assert!((union.measure() - 1.5).abs() < 1e-14);
    let length = |name| union.face_measure(face(union.as_ref(), name));
    assert!((length("bottom") - 2.0).abs() < 1e-14);
    assert!((length("right") - 1.0).abs() < 1e-14);
    assert!((length("top") - 2.0).abs() < 1e-14);
    assert!((length("left") - 1.0).abs() < 1e-14);
    let notched =
        shape("Difference(from: Rectangle(min: (0, 0), max: (3, 1)), cut: [Rectangle(min: (1, 0.5), max: (2, 1))])");
    assert!((notched.measure() - 2.5).abs() < 1e-14);
    assert!((notched.face_measure(face(notched.as_ref(), "top")) - 2.0).abs() < 1e-14);
    // The same disk turned by 90 degrees bounds the same domain.
    let twice = shape("Union([Disk(radius: 1), Rotate(by: 77, shape: Disk(radius: 1))])");
    assert!((twice.measure() - PI).abs() < 1e-12);
}

/// The rules are exact for polynomials on straight cells, and converge as fast as the Gauss rule elsewhere.
#[test]
fn the_divergence_theorem_holds_on_polynomials() {
    for text in plane() {
        let shape = shape(text);
        let shape = shape.scaled(1.0 / shape.measure().sqrt());
        let field = |x: [f64; 3]| [x[0].powi(3) + x[0] * x[1], x[1].powi(2) * x[0] - x[1]];
        let divergence = |p: SurfacePoint| 3.0 * p.x[0] * p.x[0] + p.x[1] + 2.0 * p.x[1] * p.x[0] - 1.0;
        let inside = integral(shape.as_ref(), None, 6, &divergence);
        let outside: f64 = shape
            .faces()
            .into_iter()
            .map(|face| {
                integral(shape.as_ref(), Some(face), 6, &|p| {
                    let f = field(p.x);
                    f[0] * p.normal[0] + f[1] * p.normal[1]
                })
            })
            .sum();
        assert!(
            (inside - outside).abs() < 1e-9,
            "{text}: {inside} {outside} {:e}",
            inside - outside
        );
    }
}

#[test]
fn normals_have_unit_length_and_point_outwards() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for text in plane() {
        let shape = shape(text);
        let size = shape.measure().sqrt();
        for face in shape.faces() {
            for _ in 0..100 {
                let SurfacePoint { x, normal } = shape.face_point(face, [random.random(), 0.5, 0.5]);
                assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-12);
                let at = |h: f64| shape.distance(face, independent_variables([0, 1, 2].map(|j| x[j] + h * normal[j])));
                let here = at(0.0);
                assert!(here.value.abs() < 1e-11, "{text} {face:?} {x:?} {}", here.value);
                assert!(at(-1e-4 * size).value > 0.0, "{text} {face:?} {x:?}");
                let slope: f64 = (0..2).map(|j| here.gradient[j] * normal[j]).sum();
                let length = here.gradient[0].hypot(here.gradient[1]);
                // Products of whole curves are small, and vanish like both near their corners.
                assert!(length * size > 1e-7, "{text} {face:?} {length}");
                assert!(
                    (slope + length).abs() < 1e-6 * length,
                    "{text} {face:?} {x:?} {slope} {length}"
                );
            }
        }
    }
}

#[test]
fn distances_are_positive_inside_and_at_most_about_one() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for text in plane() {
        let shape = shape(text);
        for face in shape.faces() {
            for _ in 0..300 {
                let x = shape.interior_point([random.random(), random.random(), 0.5]);
                let d = shape.distance(face, independent_variables(x));
                assert!(d.value > 0.0 && d.value < 1.5, "{text} {face:?} {x:?} {}", d.value);
                assert!(d.hessian.iter().chain(&d.gradient).all(|v| v.is_finite()));
            }
        }
    }
}

#[test]
fn domains_that_are_none_are_refused_with_a_reason() {
    let refused = |text: &str| build(text).unwrap_err().remove(0);
    assert_eq!(
        refused("Intersection([Disk(radius: 1), Disk(center: (3, 0), radius: 1)])"),
        "nothing is left of this geometry"
    );
    assert_eq!(
        refused("Union([Disk(radius: 1), Disk(center: (2, 0), radius: 1)])"),
        "the boundary touches itself at (1, 0)"
    );
    assert_eq!(
        refused("Difference(from: Disk(radius: 1), cut: [Disk(center: (0.5, 0), radius: 0.5)])"),
        "the boundary touches itself at (1, 0)"
    );
    assert_eq!(
        refused(
            "Difference(from: Rectangle(min: (0, 0), max: (1, 1)), cut: [Disk(center: (0.5, 0.75), radius: 0.25)])"
        ),
        "the boundary touches itself at (0.5, 1)"
    );
    assert_eq!(refused("Union([])"), "the list of shapes is empty");
    assert_eq!(
        refused("Union([Disk(radius: 1), Cuboid(min: (0, 0, 0), max: (1, 1, 1))])"),
        "`Cuboid` has 3 dimensions, but `Disk` has 2"
    );
    assert_eq!(
        refused("Polygon(points: [(0, 0), (1, 1), (1, 0), (0, 1)])"),
        "edge 2 of the polygon meets edge 0"
    );
    assert_eq!(
        refused("Union([Rectangle(min: (0, 0), max: (1, 0)), Disk(radius: 0)])"),
        "max = 0 must be greater than min = 0"
    );
}

#[test]
fn corners_have_their_opening_inside_the_domain() {
    let l = shape("Polygon(points: [(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])");
    let corners = l.corners();
    assert_eq!(corners.len(), 6);
    let inner = corners.iter().find(|corner| corner.angle > PI).unwrap();
    assert_eq!(inner.place, [0.0; 3]);
    assert!((inner.angle - 3.0 * FRAC_PI_2).abs() < 1e-12);
    // The first edge runs along x, and the domain lies counter-clockwise from it.
    assert!(inner.direction.abs() < 1e-12);
    assert_eq!(inner.faces, ["edge2", "edge1"]);
    // Clockwise points name the same edges.
    let turned =
        shape(r#"Polygon(points: [(0, 0), (0, 1), (1, 1), (1, 0)], names: ["left", "top", "right", "bottom"])"#);
    for name in ["left", "top", "right", "bottom"] {
        let normal = turned.face_point(face(turned.as_ref(), name), [0.3, 0.5, 0.5]).normal;
        let expected = match name {
            "left" => [-1.0, 0.0],
            "top" => [0.0, 1.0],
            "right" => [1.0, 0.0],
            _ => [0.0, -1.0],
        };
        assert_eq!([normal[0], normal[1]], expected, "{name}");
    }
    assert!(shape("Disk(radius: 1)").corners().is_empty());
    assert!(shape("Union([Disk(radius: 1)])").corners().is_empty());
    let stadium = shape("Union([Rectangle(min: (0, 0), max: (3, 1)), Disk(center: (3, 0.5), radius: 0.5)])");
    // Two true corners, and two smooth changes of name.
    assert_eq!(stadium.corners().len(), 4);
}

#[test]
fn regions_have_interfaces_with_normals_from_the_first_into_the_second() {
    let shape = shape(
        r#"Union([Region(name: "core", shape: Disk(radius: 0.5)), Region(name: "shell", shape: Rectangle(min: (-1, -1), max: (1, 1)))])"#,
    );
    assert_eq!(shape.regions(), ["core", "shell"]);
    assert!((shape.measure() - 4.0).abs() < 1e-13);
    let [interface] = shape.interfaces()[..] else { panic!() };
    assert_eq!((interface.sides, interface.face.name), ([0, 1], "core|shell"));
    assert!((shape.face_measure(interface.face) - PI).abs() < 1e-12);
    let mut core = 0.0;
    for i in 0..1000 {
        let unit = (f64::from(i) + 0.5) / 1000.0;
        let SurfacePoint { x, normal } = shape.face_point(interface.face, [unit, 0.5, 0.5]);
        assert!((normal[0] * x[0] + normal[1] * x[1] - 0.5).abs() < 1e-12);
        let at = |h: f64| shape.region([x[0] + h * normal[0], x[1] + h * normal[1], 0.0]);
        assert_eq!((at(-1e-3), at(1e-3)), (0, 1));
        core += f64::from(u8::from(shape.region(shape.interior_point([unit, 0.37, 0.5])) == 0));
    }
    assert!((core / 1000.0 - PI / 16.0).abs() < 2e-3);
    assert_eq!(shape.faces().len(), 4);
}

#[test]
fn faces_that_share_a_point_meet_there() {
    let shape = shape(FOUR_HOLES);
    let at = |a, b| shape.meeting(face(shape.as_ref(), a), face(shape.as_ref(), b));
    assert_eq!(at("left", "top"), [[0.0, 1.0, 0.0]]);
    assert!(at("left", "right").is_empty() && at("left", "holes").is_empty());
}

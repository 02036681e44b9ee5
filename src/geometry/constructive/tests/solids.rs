//! Swept and combined solids, and the meshes for output of all shapes.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{build, face, integral, plane, shape};
use crate::geometry::{SurfacePoint, independent_variables};

fn solids() -> Vec<(&'static str, f64)> {
    let ball = 4.0 / 3.0 * PI;
    vec![
        ("Sphere(center: (1, 2, 3), radius: 2)", 8.0 * ball),
        (
            "Rotate(by: 40, axis: (1, 1, 0), shape: Cylinder(center: (0, 1, 0), radius: 0.5, height: 2))",
            0.5 * PI,
        ),
        (
            "Cone(bottom: 1, top: 0.25, height: 2)",
            PI * 2.0 / 3.0 * (1.0 + 0.25 + 0.0625),
        ),
        ("Cone(bottom: 1, height: 3)", PI),
        (
            "Extrusion(of: Difference(from: Rectangle(min: (0, 0), max: (2, 1)), cut: [Disk(center: (1, 0.5), radius: 0.3)]), height: 0.2)",
            0.2 * (2.0 - 0.09 * PI),
        ),
        // Pappus: the way of the centroid by the area.
        (
            "Revolution(of: Disk(center: (2, 0), radius: 0.5))",
            4.0 * PI * 0.25 * PI,
        ),
        (
            "Revolution(of: Rectangle(min: (1, 0), max: (2, 3)), angles: (20, 290))",
            0.75 * PI * 9.0,
        ),
        (
            "Revolution(of: Difference(from: Disk(radius: 2, angles: (-90, 90)), cut: [Disk(radius: 1)]))",
            7.0 * ball,
        ),
        (
            "Scale(by: 2, shape: Extrusion(of: Polygon(points: [(0, 0), (1, 0), (0, 1)]), height: 1))",
            4.0,
        ),
        (
            "Rotate(by: 90, axis: (1, 0, 0), shape: Rotate(by: 10, shape: SphericalShell(inner: 1, outer: 2)))",
            7.0 / 8.0 * ball,
        ),
    ]
}

#[test]
fn swept_solids_have_the_volume_of_their_closed_form_and_fulfil_the_divergence_theorem() {
    for (text, volume) in solids() {
        let shape = shape(text);
        assert!(
            (shape.measure() - volume).abs() < 1e-11 * volume,
            "{text}: {} {volume}",
            shape.measure()
        );
        let shape = shape.scaled(shape.measure().powf(-1.0 / 3.0));
        let field = |x: [f64; 3]| {
            [
                x[0].powi(3) + x[1] * x[2],
                x[1] * x[1] * x[0] - x[1],
                x[2] * x[2] * x[1] + x[0],
            ]
        };
        let divergence = |p: SurfacePoint| 3.0 * p.x[0].powi(2) + 2.0 * p.x[1] * p.x[0] - 1.0 + 2.0 * p.x[2] * p.x[1];
        let inside = integral(shape.as_ref(), None, 5, &divergence);
        let flux = |p: SurfacePoint| (0..3).map(|j| field(p.x)[j] * p.normal[j]).sum();
        let outside: f64 = shape
            .faces()
            .into_iter()
            .map(|face| integral(shape.as_ref(), Some(face), 5, &flux))
            .sum();
        assert!(
            (inside - outside).abs() < 1e-7,
            "{text}: {inside} {outside} {:e}",
            inside - outside
        );
    }
}

#[test]
fn the_faces_of_solids_have_their_names_and_outward_normals() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let names = |text: &str| shape(text).faces().iter().map(|face| face.name).collect::<Vec<_>>();
    assert_eq!(names("Sphere(radius: 2)"), ["outer"]);
    assert_eq!(names("Cylinder(radius: 2, height: 1)"), ["side", "bottom", "top"]);
    assert_eq!(names("Cone(bottom: 2, height: 1)"), ["bottom", "side"]);
    assert_eq!(
        names(r#"Named(name: "skin", shape: Cylinder(radius: 2, height: 1))"#),
        ["skin"]
    );
    assert_eq!(
        names("Extrusion(of: Disk(radius: 1), height: 2)"),
        ["outer", "base", "cap"]
    );
    for (text, _) in solids() {
        let shape = shape(text);
        let shape = shape.scaled(shape.measure().powf(-1.0 / 3.0));
        for face in shape.faces() {
            for _ in 0..200 {
                let SurfacePoint { x, normal } = shape.face_point(face, [random.random(), random.random(), 0.5]);
                assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-12);
                let at = |h: f64| shape.distance(face, independent_variables([0, 1, 2].map(|j| x[j] + h * normal[j])));
                let here = at(0.0);
                assert!(here.value.abs() < 1e-10, "{text} {face:?} {x:?} {}", here.value);
                let slope: f64 = (0..3).map(|j| here.gradient[j] * normal[j]).sum();
                let length = here.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                assert!(
                    (slope + length).abs() < 1e-5 * length + 1e-9,
                    "{text} {face:?} {x:?} {slope} {length}"
                );
                let inside = shape.interior_point([random.random(), random.random(), random.random()]);
                let d = shape.distance(face, independent_variables(inside));
                assert!(d.value > 0.0 && d.value < 1.5, "{text} {face:?} {inside:?} {}", d.value);
                assert!(
                    d.gradient.iter().chain(&d.hessian).all(|v| v.is_finite()),
                    "{text} {face:?}"
                );
            }
        }
    }
}

/// Moments of a partial revolution: r² and the angle are uniform where the profile is a rectangle.
#[test]
fn points_of_a_revolution_are_uniform() {
    let shape = shape("Revolution(of: Rectangle(min: (1, 0), max: (2, 3)), angles: (0, 90))");
    let n = 40_000;
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut bins = [[0.0_f64; 4]; 3];
    for _ in 0..n {
        let x = shape.interior_point([random.random(), random.random(), random.random()]);
        let uniform = [
            (x[0].powi(2) + x[1].powi(2) - 1.0) / 3.0,
            x[1].atan2(x[0]) / FRAC_PI_2,
            x[2] / 3.0,
        ];
        for (axis, u) in uniform.into_iter().enumerate() {
            bins[axis][(4.0 * u) as usize] += 1.0;
        }
    }
    for bin in bins.as_flattened() {
        // Five standard errors of a binomial count.
        assert!((bin - 1e4).abs() < 5.0 * 7500.0_f64.sqrt(), "{bins:?}");
    }
}

/// The mesh for output fills the domain: volumes of second-order cells err by the fourth power of their size.
#[test]
fn output_meshes_have_the_measure_and_the_names_of_the_shape() {
    let texts = plane().into_iter().chain(solids().into_iter().map(|(text, _)| text));
    let two = r#"Extrusion(height: 0.5, of: Union([Region(name: "core", shape: Disk(radius: 0.5)), Region(name: "shell", shape: Rectangle(min: (-1, -1), max: (1, 1)))]))"#;
    for text in texts.chain([two]) {
        let shape = shape(text);
        let mesh = shape.grid(3000).unwrap();
        let space = crate::mesh::Space::new(mesh.clone());
        assert!(
            (space.measure() - shape.measure()).abs() < 2e-4 * shape.measure(),
            "{text}: {} {}",
            space.measure(),
            shape.measure()
        );
        assert!(
            mesh.cells.len() > 1000 && mesh.cells.len() < 9000,
            "{text}: {} cells",
            mesh.cells.len()
        );
        for face in shape.faces() {
            let surface = space.surface(face.name).unwrap();
            let (a, b) = (space.surface_measure(surface), shape.face_measure(face));
            assert!((a - b).abs() < 2e-4 * b, "{text} {}: {a} {b}", face.name);
        }
        for inner in shape.interfaces() {
            let surface = space.surface(inner.face.name).unwrap();
            assert!(
                (space.surface_measure(surface) - shape.face_measure(inner.face)).abs() < 1e-4,
                "{text}"
            );
        }
    }
}

/// Combinations of solids with known volumes and areas. Points and normals are exact; measures are estimates.
#[test]
fn combined_solids_have_the_measures_of_closed_forms_nearly() {
    let (r, a) = (1.0_f64, 0.5_f64);
    let ring = 4.0 / 3.0 * PI * (r * r - a * a).powf(1.5);
    let cases = [
        // The ring that is left of a ball with a hole; the height of the hole is 2·√(r² − a²).
        (
            r#"Difference(from: Sphere(radius: 1), cut: [Named(name: "hole", shape: Cylinder(center: (0, 0, -2), radius: 0.5, height: 4))])"#,
            ring,
            "hole",
            TAU * a * 2.0 * (r * r - a * a).sqrt(),
        ),
        (
            "Union([Cuboid(min: (0, 0, 0), max: (1, 1, 1)), Rotate(by: 30, axis: (1, 0, 0), shape: Cuboid(min: (1, 0, 0), max: (1.5, 1, 1)))])",
            1.5,
            "front",
            1.5,
        ),
        (
            r#"Difference(from: Union([Cuboid(min: (0, 0, 0), max: (2, 1, 0.25)), Cuboid(min: (0, 0, 0.25), max: (0.25, 1, 1.5))]),
                cut: [Named(name: "bolt", shape: Cylinder(center: (1.2, 0.5, -1), radius: 0.2, height: 3))])"#,
            0.5 + 0.3125 - 0.01 * PI,
            "bolt",
            0.1 * PI,
        ),
        (
            "Intersection([Sphere(radius: 1), Sphere(center: (1, 0, 0), radius: 1)])",
            5.0 * PI / 12.0,
            "outer",
            TAU,
        ),
    ];
    let mut random = ChaCha8Rng::seed_from_u64(10);
    for (text, volume, name, area) in cases {
        let shape = shape(text);
        let named = face(shape.as_ref(), name);
        let (dv, da) = (shape.measure() / volume - 1.0, shape.face_measure(named) / area - 1.0);
        assert!(dv.abs() < 1e-3, "{text}: {dv:e}");
        assert!(da.abs() < 1e-3, "{text}: {da:e}");
        let inside = integral(shape.as_ref(), None, 2, &|p| 2.0 * p.x[0] + 1.0);
        let outside: f64 = shape
            .faces()
            .into_iter()
            .map(|face| {
                integral(shape.as_ref(), Some(face), 3, &|p| {
                    p.x[0].powi(2) * p.normal[0] + p.x[1] * p.normal[1]
                })
            })
            .sum();
        assert!((inside - outside).abs() < 3e-3 * volume, "{text}: {inside} {outside}");
        // Clipped cells bevel the edges: about h² per length, with h² = 0.006 and 16 m of edges for the two boxes.
        let mesh = crate::mesh::Space::new(shape.grid(20_000).unwrap());
        assert!(
            (mesh.measure() / volume - 1.0).abs() < 0.08,
            "{text}: {} {volume}",
            mesh.measure()
        );
        let part = mesh.surface_measure(mesh.surface(name).unwrap());
        assert!((part / area - 1.0).abs() < 0.12, "{text}: {part} {area}");
        for face in shape.faces() {
            for _ in 0..200 {
                let SurfacePoint { x, normal } = shape.face_point(face, [random.random(), random.random(), 0.5]);
                let d = shape.distance(face, independent_variables(x));
                assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(d.value.is_nan() || d.value.abs() < 1e-10, "{text} {face:?} {}", d.value);
            }
        }
    }
}

#[test]
fn a_combination_of_solids_without_points_is_refused() {
    let refused = |text: &str| build(text).unwrap_err().remove(0);
    assert_eq!(
        refused("Intersection([Sphere(radius: 1), Sphere(center: (3, 0, 0), radius: 1)])"),
        "nothing is left of this geometry"
    );
    assert_eq!(
        refused("Revolution(of: Disk(radius: 1))"),
        "the plane shape reaches r = -1, but r must not be negative"
    );
    assert_eq!(
        refused("Extrusion(of: Sphere(radius: 1), height: 1)"),
        "`Sphere` is no plane shape"
    );
}

//! Combinations of all kinds against closed forms, the divergence theorem and Monte Carlo.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::geometry::{Face, GeometryKind, Shape, SurfacePoint, seed};
use crate::problem::Values;

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
                let at = |h: f64| shape.distance(face, seed([0, 1, 2].map(|j| x[j] + h * normal[j])));
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
                let d = shape.distance(face, seed(x));
                assert!(d.value > 0.0 && d.value < 1.5, "{text} {face:?} {x:?} {}", d.value);
                assert!(d.hessian.iter().chain(&d.gradient).all(|v| v.is_finite()));
            }
        }
    }
}

/// A χ² test: points drawn from uniform numbers fill every cell of a grid in proportion to its part of the domain, which
/// points of the box show.
#[test]
fn points_are_uniform_and_inside() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for text in plane() {
        let kind = kind(text);
        let shape = shape(text);
        let (low, high) = shape.bounds();
        let (n, bins) = (100_000, 6);
        let bin = |x: [f64; 3]| {
            let at = |j: usize| (((x[j] - low[j]) / (high[j] - low[j]) * bins as f64) as usize).min(bins - 1);
            at(0) * bins + at(1)
        };
        let mut drawn = vec![0.0; bins * bins];
        let mut held = vec![0.0; bins * bins];
        for _ in 0..n {
            let x = shape.interior_point([random.random(), random.random(), 0.5]);
            assert!(holds(&kind, x), "{text} {x:?}");
            drawn[bin(x)] += 1.0;
            let y = [0, 1, 2].map(|j| low[j] + (high[j] - low[j]) * random.random::<f64>());
            if holds(&kind, y) {
                held[bin(y)] += 1.0;
            }
        }
        let total: f64 = held.iter().sum();
        let area = (high[0] - low[0]) * (high[1] - low[1]);
        let error = area * (total / f64::from(n) * (1.0 - total / f64::from(n)) / f64::from(n)).sqrt();
        assert!(
            (shape.measure() - area * total / f64::from(n)).abs() < 5.0 * error,
            "{text}"
        );
        // Both samples scatter: their difference has the variance of the sum.
        let factor = f64::from(n) / total;
        let (mut chi, mut cells) = (0.0, 0.0_f64);
        for (a, b) in drawn.iter().zip(&held) {
            if a + b > 50.0 {
                chi += (a - b * factor).powi(2) / (a + b * factor * factor);
                cells += 1.0;
            }
        }
        assert!(
            chi < cells + 5.0 * (2.0 * cells).sqrt() + 5.0,
            "{text}: {chi} for {cells} cells"
        );
    }
}

/// Membership straight from the primitives' formulas.
fn holds(kind: &GeometryKind, x: [f64; 3]) -> bool {
    let number = |e: &crate::problem::Expression| match e {
        crate::problem::Expression::Number(value) => *value,
        crate::problem::Expression::Text(_) => unreachable!(),
    };
    let pair = |e: &(crate::problem::Expression, crate::problem::Expression)| [number(&e.0), number(&e.1)];
    let vector = |c: &super::Coordinates| [0, 1].map(|j| number(&c.0[j]));
    let ring = |center: [f64; 2], inner: f64, outer: f64, angles: Option<[f64; 2]>| {
        let d = [x[0] - center[0], x[1] - center[1]];
        let r = d[0].hypot(d[1]);
        let within =
            angles.is_none_or(|[from, to]| (d[1].atan2(d[0]).to_degrees() - from).rem_euclid(360.0) <= to - from);
        inner <= r && r <= outer && within
    };
    use GeometryKind as Kind;
    match kind {
        Kind::Rectangle(k) => {
            let (low, high) = (pair(&k.min), pair(&k.max));
            (0..2).all(|j| low[j] <= x[j] && x[j] <= high[j])
        }
        Kind::Disk(k) => ring(pair(&k.center), 0.0, number(&k.radius), k.angles.as_ref().map(pair)),
        Kind::Annulus(k) => ring(
            pair(&k.center),
            number(&k.inner),
            number(&k.outer),
            k.angles.as_ref().map(pair),
        ),
        Kind::Ellipse(k) => {
            let (c, r) = (pair(&k.center), pair(&k.radii));
            ((x[0] - c[0]) / r[0]).powi(2) + ((x[1] - c[1]) / r[1]).powi(2) <= 1.0
        }
        Kind::PlateWithHole(k) => {
            let (c, w, h) = (pair(&k.corner), number(&k.width), number(&k.height));
            let d = [x[0] - c[0], x[1] - c[1]];
            d[0] >= 0.0 && d[1] >= 0.0 && d[0] <= w && d[1] <= h && d[0].hypot(d[1]) >= number(&k.radius)
        }
        Kind::Polygon(k) => {
            let p: Vec<[f64; 2]> = k.points.iter().map(pair).collect();
            let crosses = |i: usize| {
                let (a, b) = (p[i], p[(i + 1) % p.len()]);
                (a[1] > x[1]) != (b[1] > x[1]) && x[0] < a[0] + (x[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            };
            (0..p.len()).filter(|&i| crosses(i)).count() % 2 == 1
        }
        Kind::Union(parts) => parts.iter().any(|part| holds(part, x)),
        Kind::Intersection(parts) => parts.iter().all(|part| holds(part, x)),
        Kind::Difference(k) => holds(&k.from, x) && !k.cut.iter().any(|part| holds(part, x)),
        Kind::Named(k) => holds(&k.shape, x),
        Kind::Region(k) => holds(&k.shape, x),
        Kind::Translate(k) => {
            let by = vector(&k.by);
            holds(&k.shape, [x[0] - by[0], x[1] - by[1], 0.0])
        }
        Kind::Scale(k) => {
            let about = k.about.as_ref().map_or([0.0; 2], vector);
            let s = number(&k.by);
            holds(
                &k.shape,
                [about[0] + (x[0] - about[0]) / s, about[1] + (x[1] - about[1]) / s, 0.0],
            )
        }
        Kind::Rotate(k) => {
            let about = k.about.as_ref().map_or([0.0; 2], vector);
            let (s, c) = (-number(&k.by)).to_radians().sin_cos();
            let d = [x[0] - about[0], x[1] - about[1]];
            holds(
                &k.shape,
                [about[0] + c * d[0] - s * d[1], about[1] + s * d[0] + c * d[1], 0.0],
            )
        }
        _ => unreachable!(),
    }
}

/// Random combinations of three to five figures against points of their box.
#[test]
fn random_combinations_have_the_area_that_points_show() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut built = 0;
    for _ in 0..60 {
        let mut number = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
        let mut figure = || {
            let (x, y, a, b) = (number(-1.0, 1.0), number(-1.0, 1.0), number(0.3, 1.2), number(0.3, 1.2));
            let angle = number(-180.0, 180.0);
            let text = match number(0.0, 5.0) as usize {
                0 => format!("Disk(radius: {a:.3})"),
                1 => format!("Rectangle(min: ({:.3}, {:.3}), max: ({a:.3}, {b:.3}))", -b, -a),
                2 => format!("Ellipse(radii: ({a:.3}, {b:.3}))"),
                3 => format!("Annulus(inner: {:.3}, outer: {a:.3}, angles: (20, 280))", 0.6 * a),
                _ => format!(
                    "Polygon(points: [({:.3}, 0), (0, {b:.3}), ({a:.3}, 0), (0, {:.3})])",
                    -a,
                    -0.4 * b
                ),
            };
            format!("Translate(by: ({x:.3}, {y:.3}), shape: Rotate(by: {angle:.2}, shape: {text}))")
        };
        let text = format!(
            "Difference(from: Union([{}, {}]), cut: [Intersection([{}, {}]), {}])",
            figure(),
            figure(),
            figure(),
            figure(),
            figure()
        );
        let shape = match build(&text) {
            Ok(shape) => shape,
            Err(faults) => {
                assert_eq!(faults, ["nothing is left of this geometry"], "{text}");
                continue;
            }
        };
        built += 1;
        let kind = kind(&text);
        let (low, high) = shape.bounds();
        let n = 20_000;
        let mut inside = 0.0;
        for _ in 0..n {
            let x = [0, 1, 2].map(|j| low[j] + (high[j] - low[j]) * random.random::<f64>());
            inside += f64::from(u8::from(holds(&kind, x)));
        }
        let (share, area) = (inside / f64::from(n), (high[0] - low[0]) * (high[1] - low[1]));
        let error = area * (share * (1.0 - share) / f64::from(n)).sqrt();
        assert!((shape.measure() - share * area).abs() < 5.0 * error + 1e-9, "{text}");
        let flux: f64 = shape
            .faces()
            .into_iter()
            .map(|face| {
                integral(shape.as_ref(), Some(face), 8, &|p| {
                    0.5 * (p.x[0] * p.normal[0] + p.x[1] * p.normal[1])
                })
            })
            .sum();
        assert!((flux - shape.measure()).abs() < 1e-9, "{text}");
    }
    assert!(built > 50);
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
                let at = |h: f64| shape.distance(face, seed([0, 1, 2].map(|j| x[j] + h * normal[j])));
                let here = at(0.0);
                assert!(here.value.abs() < 1e-10, "{text} {face:?} {x:?} {}", here.value);
                let slope: f64 = (0..3).map(|j| here.gradient[j] * normal[j]).sum();
                let length = here.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                assert!(
                    (slope + length).abs() < 1e-5 * length + 1e-9,
                    "{text} {face:?} {x:?} {slope} {length}"
                );
                let inside = shape.interior_point([random.random(), random.random(), random.random()]);
                let d = shape.distance(face, seed(inside));
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
                let d = shape.distance(face, seed(x));
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

//! Points of plane combinations against membership straight from the primitives' formulas.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{build, integral, kind, plane, shape};
use crate::geometry::GeometryKind;
use crate::geometry::constructive::Coordinates;

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
    let number = |e: &crate::quantity::Expression| match e {
        crate::quantity::Expression::Number(value) => *value,
        crate::quantity::Expression::Text(_) => unreachable!(),
    };
    let pair = |e: &(crate::quantity::Expression, crate::quantity::Expression)| [number(&e.0), number(&e.1)];
    let vector = |c: &Coordinates| [0, 1].map(|j| number(&c.0[j]));
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

//! Meshes as a whole: every shipped and every small one obeys the divergence theorem, and samples evenly.

use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A polynomial field and its divergence.
fn field(x: [f64; 3]) -> [f64; 3] {
    [x[0] * x[0] + x[1], x[1] * x[1] - x[0] * x[2], 3.0 * x[2] * x[2] + x[0]]
}

fn divergence(x: [f64; 3], d: usize) -> f64 {
    (0..d).map(|j| [2.0, 2.0, 6.0][j] * x[j]).sum()
}

fn shipped() -> Vec<(String, Space)> {
    let folders = ["meshes", "tests/meshes"].map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let mut list: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "msh" || end == "vtu"))
        .collect();
    list.sort();
    list.into_iter()
        .map(|path| {
            let mesh = Mesh::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                Space::new(mesh),
            )
        })
        .collect()
}

/// ∫ div F = ∫ F·n by Gauss rules, to rounding: wrong measures, densities, numbers or normals break it.
#[test]
fn the_divergence_theorem_holds_on_every_shipped_mesh() {
    for (name, space) in shipped() {
        let d = space.mesh().dimension;
        let (low, high) = space.mesh().bounds();
        let size = (0..3).map(|j| high[j].abs().max(low[j].abs())).fold(0.0, f64::max);
        let rule = space.rule(None, 4);
        assert!((rule.iter().map(|(_, w)| w).sum::<f64>() - 1.0).abs() < 1e-12, "{name}");
        let inside: f64 = rule
            .iter()
            .map(|(unit, w)| w * divergence(space.interior_point(*unit), d))
            .sum();
        let mut through = 0.0;
        for surface in 0..space.mesh().boundaries.len() {
            // The square root of a curved area leaves the facets' rule inexact, so the flux is summed with exact weights.
            through += exact_flux(&space, surface);
            let rule = space.rule(Some(surface), 4);
            let flux: f64 = rule
                .iter()
                .map(|(unit, w)| {
                    let (x, normal) = space.surface_point(surface, *unit);
                    w * (0..d).map(|j| field(x)[j] * normal[j]).sum::<f64>()
                })
                .sum();
            let scale = size * size * space.surface_measure(surface);
            let difference = (flux * space.surface_measure(surface) - exact_flux(&space, surface)).abs();
            assert!(difference < 1e-5 * scale.max(size), "{name} {surface} {difference}");
        }
        let difference = (inside * space.measure() - through).abs();
        assert!(
            difference < 1e-11 * through.abs().max(space.measure() * size),
            "{name} {difference}"
        );
    }
}

/// ∫ F·(∂x/∂ξ₀ × ∂x/∂ξ₁), a polynomial.
fn exact_flux(space: &Space, surface: usize) -> f64 {
    let mesh = space.mesh();
    let facets = mesh.facets.iter().filter(|facet| facet.boundary as usize == surface);
    facets
        .map(|facet| {
            let element = mesh.side(facet.kind, facet.first, facet.side);
            let rule = quadrature::rule(facet.kind, 5);
            let points = rule.iter().map(|(_, xi, w)| {
                let (x, axes) = element.map(*xi);
                w * element::dot(field(x), element.area_normal(&axes))
            });
            points.sum::<f64>()
        })
        .sum()
}

/// Random points have the means that the rule has, within five standard errors.
#[test]
fn points_are_uniform_on_every_shipped_mesh() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for (name, space) in shipped() {
        let d = space.mesh().dimension;
        let (low, high) = space.mesh().bounds();
        let test = |x: [f64; 3]| {
            (0..d)
                .map(|j| ((x[j] - low[j]) / (high[j] - low[j]) * (2.0 + j as f64)).sin())
                .sum::<f64>()
        };
        let mut check = |place: &dyn Fn([f64; 3]) -> [f64; 3], rule: Vec<([f64; 3], f64)>| {
            let exact: f64 = rule.iter().map(|(unit, w)| w * test(place(*unit))).sum();
            let n = 4000;
            let values: Vec<f64> = (0..n)
                .map(|_| test(place(std::array::from_fn(|_| random.random()))))
                .collect();
            let mean = values.iter().sum::<f64>() / n as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
            let error = (variance / n as f64).sqrt();
            assert!(
                (mean - exact).abs() < 5.0 * error + 1e-12,
                "{name}: {mean} {exact} {error}"
            );
        };
        check(&|unit| space.interior_point(unit), space.rule(None, 3));
        for surface in 0..space.mesh().boundaries.len() {
            check(
                &|unit| space.surface_point(surface, unit).0,
                space.rule(Some(surface), 3),
            );
        }
    }
}

#[test]
fn normals_have_unit_length_and_point_outwards() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for (name, space) in shipped() {
        let (low, high) = space.mesh().bounds();
        let size = (0..3).map(|j| high[j] - low[j]).fold(0.0, f64::max);
        for surface in 0..space.mesh().boundaries.len() {
            for _ in 0..20 {
                let (x, normal) = space.surface_point(surface, std::array::from_fn(|_| random.random()));
                assert!((element::dot(normal, normal) - 1.0).abs() < 1e-12);
                let moved = |h: f64| space.holds(std::array::from_fn(|j| x[j] + h * size * normal[j]));
                assert!(moved(-1e-6) && !moved(1e-6), "{name} {surface} {x:?} {normal:?}");
            }
        }
    }
}

#[test]
fn every_point_is_found_in_its_cell() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for (name, space) in shipped() {
        for _ in 0..200 {
            let x = space.interior_point(std::array::from_fn(|_| random.random()));
            assert!(space.holds(x), "{name} {x:?}");
        }
    }
}

/// Sobol points, the first number of which runs along the curve through the cells, integrate better than random ones: the
/// error falls faster than n^(−0.7).
#[test]
fn points_of_low_discrepancy_stay_even() {
    use crate::sampler::{PointSet, SamplerKind};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/plate_with_hole.msh");
    let space = Space::new(Mesh::read(&path).unwrap());
    let test = |x: [f64; 3]| (60.0 * x[0] + 40.0 * x[1]).sin();
    let exact: f64 = space
        .rule(None, 4)
        .iter()
        .map(|(unit, w)| w * test(space.interior_point(*unit)))
        .sum();
    let error = |n: usize| {
        let mut sum = 0.0;
        for seed in 0..8 {
            let set = PointSet::new(SamplerKind::Sobol, n, 2, seed);
            let mean = (0..n)
                .map(|i| set.point(i))
                .map(|u| test(space.interior_point([u[0], u[1], u[2]])))
                .sum::<f64>()
                / n as f64;
            sum += (mean - exact).powi(2);
        }
        (sum / 8.0_f64).sqrt()
    };
    let order = (error(64) / error(4096)).ln() / 64_f64.ln();
    assert!(order > 0.7, "{order}");
}

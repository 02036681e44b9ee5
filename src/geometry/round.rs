//! Faces in space that are made of planes and round cylinders: bolt holes, shafts, ends.
//!
//! A face falls into parts that do not touch. Each is a plane, or a cylinder with the domain on one side of it; the distance of
//! the face is the product of theirs.

use std::collections::{BTreeMap, BTreeSet};

use faer::{Mat, Side};

use super::Point;
use super::outline::{TOLERANCE, bits, circle};
use crate::jet::{CoordinateJet, Scalar};
use crate::mesh::CellKind;

/// Parts of one face at most: a product of more would vanish nearly everywhere.
const PARTS: usize = 24;

/// A plane or a cylinder with the whole domain on its inner side.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sheet {
    /// A point and the inward normal by the domain's size.
    Plane([f64; 3], [f64; 3]),
    /// A round cylinder.
    Cylinder(Cylinder),
}

/// A round cylinder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cylinder {
    /// A point of the axis.
    center: [f64; 3],
    /// Two unit vectors across the axis.
    across: [[f64; 3]; 2],
    radius: f64,
    /// Whether the domain is outside, as around a hole.
    hole: bool,
}

impl Sheet {
    /// 0 on the sheet, positive in the domain: of a plane the distance by the domain's size, of a hole (r² − R²)/(r² + R²), which
    /// resolves the hole and is nearly 1 away from it, of a shaft 1 − r²/R².
    pub(super) fn distance(&self, x: Point) -> CoordinateJet {
        let along = |from: &[f64; 3], n: &[f64; 3]| {
            (0..3).fold(CoordinateJet::constant(0.0), |sum, j| {
                sum + x[j].offset(-from[j]).scale(n[j])
            })
        };
        match self {
            Self::Plane(point, normal) => along(point, normal),
            Self::Cylinder(cylinder) => {
                let [u, v] = [0, 1].map(|i| along(&cylinder.center, &cylinder.across[i]).scale(1.0 / cylinder.radius));
                let square = u * u + v * v;
                if cylinder.hole {
                    square.offset(-1.0) / square.offset(1.0)
                } else {
                    (-square).offset(1.0)
                }
            }
        }
    }
}

/// The sheets of a face with the given facets; none if it is made of anything else. `nodes` are those of the whole mesh, `extent` is its size.
pub(super) fn sheets(facets: &[(CellKind, Vec<[f64; 3]>)], nodes: &[[f64; 3]], extent: f64) -> Option<Vec<Sheet>> {
    let parts = parts(facets)?;
    let sheets: Option<Vec<Sheet>> = parts
        .iter()
        .map(|part| {
            let own: BTreeSet<[u64; 3]> = part.iter().flat_map(|facet| facet.iter()).map(|x| bits(*x)).collect();
            flat(part, &own, nodes, extent).or_else(|| round(part, &own, nodes, extent))
        })
        .collect();
    sheets.filter(|sheets| !sheets.is_empty())
}

/// The nodes of facets that hang together.
type Part<'a> = Vec<&'a [[f64; 3]]>;

/// The facets in groups that share no nodes; none if they are too many.
fn parts(facets: &[(CellKind, Vec<[f64; 3]>)]) -> Option<Vec<Part<'_>>> {
    let mut at: BTreeMap<[u64; 3], Vec<usize>> = BTreeMap::new();
    for (index, (_, nodes)) in facets.iter().enumerate() {
        for x in nodes {
            at.entry(bits(*x)).or_default().push(index);
        }
    }
    let mut seen = vec![false; facets.len()];
    let mut parts = Vec::new();
    for start in 0..facets.len() {
        if seen[start] {
            continue;
        }
        if parts.len() == PARTS {
            return None;
        }
        seen[start] = true;
        let (mut part, mut waiting) = (Vec::new(), vec![start]);
        while let Some(index) = waiting.pop() {
            part.push(facets[index].1.as_slice());
            for x in &facets[index].1 {
                for &next in &at[&bits(*x)] {
                    if !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
        }
        parts.push(part);
    }
    Some(parts)
}

/// Twice the area times the normal of a facet by its corners.
fn normal(facet: &[[f64; 3]]) -> [f64; 3] {
    let edge = |i: usize| -> [f64; 3] { std::array::from_fn(|j| facet[i][j] - facet[0][j]) };
    let (u, v) = (edge(1), edge(2));
    [
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    ]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|j| a[j] * b[j]).sum()
}

/// A plane with all other nodes strictly on its inner side.
fn flat(part: &[&[[f64; 3]]], own: &BTreeSet<[u64; 3]>, nodes: &[[f64; 3]], extent: f64) -> Option<Sheet> {
    let first = part.first()?;
    let normal = normal(first);
    let length = dot(normal, normal).sqrt();
    let inward = normal.map(|v| -v / (length * extent));
    let side = |x: &[f64; 3]| (0..3).map(|j| inward[j] * (x[j] - first[0][j])).sum::<f64>();
    let fits = nodes.iter().all(|x| {
        if own.contains(&bits(*x)) {
            side(x).abs() < TOLERANCE
        } else {
            side(x) > TOLERANCE
        }
    });
    fits.then_some(Sheet::Plane(first[0], inward))
}

/// A cylinder with all other nodes strictly on one side: its axis is that of the facets' normals, or one of the coordinates.
fn round(part: &[&[[f64; 3]]], own: &BTreeSet<[u64; 3]>, nodes: &[[f64; 3]], extent: f64) -> Option<Sheet> {
    let normals: Vec<[f64; 3]> = part.iter().map(|facet| normal(facet)).collect();
    let spread = Mat::from_fn(3, 3, |i, j| normals.iter().map(|n| n[i] * n[j]).sum::<f64>());
    let least = spread.self_adjoint_eigen(Side::Lower).ok().map(|eigen| {
        let vectors = eigen.U();
        std::array::from_fn(|j| vectors[(j, 0)])
    });
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut candidates = axes.into_iter().chain(least);
    candidates.find_map(|axis| {
        // The coordinate that is farthest from the axis gives the first direction across it.
        let far = (0..3).min_by(|&i, &j| axis[i].abs().total_cmp(&axis[j].abs()))?;
        let u: [f64; 3] = std::array::from_fn(|j| f64::from(u8::from(j == far)) - axis[far] * axis[j]);
        let u = u.map(|v| v / dot(u, u).sqrt());
        let v = [
            axis[1] * u[2] - axis[2] * u[1],
            axis[2] * u[0] - axis[0] * u[2],
            axis[0] * u[1] - axis[1] * u[0],
        ];
        let shadow = |x: [f64; 3]| [dot(x, u), dot(x, v)];
        let points: Vec<[f64; 2]> = own.iter().map(|x| shadow(x.map(f64::from_bits))).collect();
        let (center, radius) = circle(&points, extent)?;
        let off = |x: &[f64; 3]| {
            let at = shadow(*x);
            (at[0] - center[0]).hypot(at[1] - center[1]) - radius
        };
        let others = || nodes.iter().filter(|x| !own.contains(&bits(**x)));
        let clear = TOLERANCE * extent;
        let hole = others().all(|x| off(x) > clear);
        let shaft = others().all(|x| off(x) < -clear);
        (hole || shaft).then(|| {
            Sheet::Cylinder(Cylinder {
                center: std::array::from_fn(|j| center[0] * u[j] + center[1] * v[j]),
                across: [u, v],
                radius,
                hole,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::independent_variables;

    type Facets = Vec<(CellKind, Vec<[f64; 3]>)>;

    /// A tube of quadrilaterals around an axis that is tilted in the plane of y and z, and its frame.
    fn tube(center: [f64; 3], tilt: f64, radius: f64) -> (Facets, impl Fn(f64, f64, f64) -> [f64; 3]) {
        let at = move |r: f64, angle: f64, along: f64| {
            let (s, c) = tilt.sin_cos();
            let (a, b) = (r * angle.cos(), r * angle.sin());
            [
                center[0] + a,
                center[1] + c * b - s * along,
                center[2] + s * b + c * along,
            ]
        };
        let n = 16;
        let angle = |k: usize| std::f64::consts::TAU * (k % n) as f64 / n as f64;
        let facets = (0..n).flat_map(|k| {
            (0..2).map(move |l| {
                let (a, b) = (angle(k), angle(k + 1));
                let (low, high) = (0.5 * l as f64, 0.5 * (l + 1) as f64);
                let corners = vec![
                    at(radius, a, low),
                    at(radius, a, high),
                    at(radius, b, high),
                    at(radius, b, low),
                ];
                (CellKind::Quadrilateral4, corners)
            })
        });
        (facets.collect(), at)
    }

    #[test]
    fn holes_and_shafts_of_any_direction_are_found_and_their_distance_vanishes_on_them() {
        for (tilt, inside) in [(0.0, 2.0), (0.4, 2.0), (0.4, 0.3)] {
            let (mut facets, at) = tube([0.3, -0.2, 0.1], tilt, 0.7);
            let (second, _) = tube([9.3, -0.2, 0.1], tilt, 0.7);
            let hole = inside > 1.0;
            if hole {
                facets.extend(second);
            }
            let mut nodes: Vec<[f64; 3]> = facets.iter().flat_map(|(_, nodes)| nodes.clone()).collect();
            nodes.extend((0..9).map(|k| at(0.7 * inside, k as f64, 0.1 * k as f64)));
            let Some(found) = sheets(&facets, &nodes, 3.0) else {
                panic!("no cylinders")
            };
            assert_eq!(found.len(), if hole { 2 } else { 1 });
            for k in 0..7 {
                let distance = |r: f64| found[0].distance(independent_variables(at(r, k as f64, 0.3)));
                assert!(distance(0.7).value.abs() < 1e-9);
                let expected = if hole { 0.6 } else { 1.0 - 0.09 };
                assert!((distance(0.7 * inside).value - expected).abs() < 1e-9);
                // The slope at the surface: 1/R outside, 2/R inside.
                let [x, y, z, _] = distance(0.7).gradient;
                let slope = dot([x, y, z], [x, y, z]);
                let expected = if hole { 1.0 / 0.7 } else { 2.0 / 0.7 };
                assert!((slope.sqrt() - expected).abs() < 1e-9, "{slope}");
            }
        }
    }

    /// A fillet has nodes of the domain on its cylinder's far side, half a tube and a plane together are no cylinder.
    #[test]
    fn cylinders_that_cut_the_domain_and_other_surfaces_are_left_alone() {
        let (facets, at) = tube([0.0; 3], 0.0, 0.7);
        let mut nodes: Vec<[f64; 3]> = facets.iter().flat_map(|(_, nodes)| nodes.clone()).collect();
        nodes.extend([at(0.3, 0.2, 0.1), at(2.0, 0.2, 0.1)]);
        assert_eq!(sheets(&facets, &nodes, 3.0), None);
        let cone: Facets = facets
            .iter()
            .map(|(kind, nodes)| {
                (
                    *kind,
                    nodes
                        .iter()
                        .map(|x| [x[0] * (1.0 + x[2]), x[1] * (1.0 + x[2]), x[2]])
                        .collect(),
                )
            })
            .collect();
        let mut nodes: Vec<[f64; 3]> = cone.iter().flat_map(|(_, nodes)| nodes.clone()).collect();
        nodes.push([9.0, 0.0, 0.0]);
        assert_eq!(sheets(&cone, &nodes, 10.0), None);
    }
}

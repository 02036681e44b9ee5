//! Faces in space that are made of planes and round cylinders: bolt holes, shafts, feet, ends.
//!
//! A face falls into parts that do not touch. Each is a cylinder with the domain on one side of it, or made of planes ([`planes`]); the
//! distance of the face is the product of theirs.

use std::collections::{BTreeMap, BTreeSet};

use faer::{Mat, Side};

use super::Point;
use super::constructive::meet;
use super::flat::{coplanar, edges, normal, planes};
use super::outline::{TOLERANCE, bits, circle};
use super::patch::Patch;
use crate::jet::{CoordinateJet, Scalar};
use crate::mesh::CellKind;

/// Parts of one face at most: a product of more would vanish nearly everywhere.
const PARTS: usize = 24;

/// A plane or a cylinder with the whole domain on its inner side, or a part of a plane.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sheet {
    /// A point and the inward normal by the domain's size.
    Plane([f64; 3], [f64; 3]),
    /// A part of a plane.
    Patch(Patch),
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
            Self::Patch(patch) => patch.distance(x),
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

/// A function that vanishes on all sheets: the product of whole ones times what patches [`meet`] in.
pub(super) fn joint(sheets: &[Sheet], x: Point) -> CoordinateJet {
    let (patches, whole): (Vec<&Sheet>, Vec<&Sheet>) =
        sheets.iter().partition(|sheet| matches!(sheet, Sheet::Patch(_)));
    let patches: Vec<CoordinateJet> = patches.into_iter().map(|patch| patch.distance(x)).collect();
    whole.iter().fold(meet(&patches), |all, sheet| all * sheet.distance(x))
}

/// The sheets of a face with the given facets; none if it is made of anything else. `others` are the facets of all other faces, `nodes`
/// those of the whole mesh, `extent` is its size.
pub(super) fn sheets(facets: &[Facet], others: &[&[[f64; 3]]], nodes: &[[f64; 3]], extent: f64) -> Option<Vec<Sheet>> {
    let (mut sheets, mut flat) = (Vec::new(), Vec::new());
    for part in parts(facets) {
        let own: BTreeSet<[u64; 3]> = part.iter().flat_map(|facet| facet.1.iter()).map(|x| bits(*x)).collect();
        let flat_part = coplanar(&part, extent);
        match round(&part, &own, nodes, extent).filter(|_| !flat_part) {
            Some(cylinder) => sheets.push(cylinder),
            None => flat.extend(part),
        }
    }
    sheets.extend(planes(&flat, others, nodes, extent)?);
    ((1..=PARTS).contains(&sheets.len())).then_some(sheets)
}

/// Kind and nodes of a facet.
type Facet = (CellKind, Vec<[f64; 3]>);

/// The nodes of facets that hang together.
type Part<'a> = Vec<(CellKind, &'a [[f64; 3]])>;

/// The facets in groups that share no nodes.
fn parts(facets: &[Facet]) -> Vec<Part<'_>> {
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
        seen[start] = true;
        let (mut part, mut waiting) = (Vec::new(), vec![start]);
        while let Some(index) = waiting.pop() {
            part.push((facets[index].0, facets[index].1.as_slice()));
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
    parts
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|j| a[j] * b[j]).sum()
}

/// A cylinder with all other nodes strictly on one side: its axis is that of the facets' normals, or one of the coordinates.
fn round(part: &Part<'_>, own: &BTreeSet<[u64; 3]>, nodes: &[[f64; 3]], extent: f64) -> Option<Sheet> {
    let normals: Vec<[f64; 3]> = part.iter().map(|(_, facet)| normal(facet)).collect();
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
        let follows = |facet: &(CellKind, &[[f64; 3]])| {
            let n = normal(facet.1);
            let along = dot(n, axis).abs() < STEEPEST * dot(n, n).sqrt();
            along && edges(facet).iter().all(|edge| turn(edge.map(shadow), center) < WIDEST)
        };
        if !part.iter().all(follows) {
            return None;
        }
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

/// What the normals of facets may have of the axis.
const STEEPEST: f64 = 0.5;
/// The angle around the axis that the edge of a facet may take, radians: eight go round; fewer make a prism.
const WIDEST: f64 = 0.8;

/// The angle between two points as seen from a third one.
fn turn([a, b]: [[f64; 2]; 2], center: [f64; 2]) -> f64 {
    let [(x, y), (u, v)] = [a, b].map(|p| (p[0] - center[0], p[1] - center[1]));
    (x * v - y * u).atan2(x * u + y * v).abs()
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
            let Some(found) = sheets(&facets, &[], &nodes, 3.0) else {
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

    /// The corners of a box lie on a cylinder, its sides do not.
    #[test]
    fn a_square_tube_is_made_of_planes() {
        let corner = |k: usize, z: f64| {
            let (s, c) = (std::f64::consts::FRAC_PI_2 * k as f64).sin_cos();
            [c, s, z]
        };
        let facets: Facets = (0..4)
            .map(|k| {
                (
                    CellKind::Quadrilateral4,
                    vec![corner(k, 0.0), corner(k + 1, 0.0), corner(k + 1, 1.0), corner(k, 1.0)],
                )
            })
            .collect();
        let nodes: Vec<[f64; 3]> = facets.iter().flat_map(|(_, nodes)| nodes.clone()).collect();
        let found = sheets(&facets, &[], &nodes, 2.0).unwrap_or_default();
        assert_eq!(found.len(), 4);
        assert!(joint(&found, independent_variables([0.5, 0.5, 0.5])).value.abs() < 1e-12);
        assert!(joint(&found, independent_variables([0.0, 0.0, 0.5])).value > 1e-3);
    }

    /// A fillet has nodes of the domain on its cylinder's far side, half a tube and a plane together are no cylinder.
    #[test]
    fn cylinders_that_cut_the_domain_and_other_surfaces_are_left_alone() {
        let (facets, at) = tube([0.0; 3], 0.0, 0.7);
        let mut nodes: Vec<[f64; 3]> = facets.iter().flat_map(|(_, nodes)| nodes.clone()).collect();
        nodes.extend([at(0.3, 0.2, 0.1), at(2.0, 0.2, 0.1)]);
        assert_eq!(sheets(&facets, &[], &nodes, 3.0), None);
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
        assert_eq!(sheets(&cone, &[], &nodes, 10.0), None);
    }
}

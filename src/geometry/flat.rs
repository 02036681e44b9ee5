//! The planes of a face in space: whole ones where the domain lies on one side, patches elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::{TOLERANCE, bits};
use super::patch::Patch;
use super::round::Sheet;
use crate::mesh::CellKind;

/// Planes and patches of one face at most: a product of more would vanish nearly everywhere.
const PLANES: usize = 24;

/// The angle below which neighbouring facets stand for a curved surface, radians.
const BENT: f64 = 0.6;

/// Corners of a facet, then its middle nodes.
type Nodes<'a> = &'a [[f64; 3]];

/// Flat facets in one plane.
struct Plane<'a> {
    /// A point and the inward unit normal.
    point: [f64; 3],
    inward: [f64; 3],
    facets: Vec<(CellKind, Nodes<'a>)>,
}

impl Plane<'_> {
    /// How far a point lies on the inner side.
    fn side(&self, x: &[f64; 3]) -> f64 {
        (0..3).map(|j| self.inward[j] * (x[j] - self.point[j])).sum()
    }
}

/// Twice the area times the normal of a facet by its corners.
pub(super) fn normal(facet: Nodes<'_>) -> [f64; 3] {
    let edge = |i: usize| -> [f64; 3] { std::array::from_fn(|j| facet[i][j] - facet[0][j]) };
    let (u, v) = (edge(1), edge(2));
    [
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    ]
}

/// The planes and patches that the facets of a face lie in; none if there are too many, or if a facet is curved or an outline too
/// intricate. `others` are the facets of all other faces, `nodes` those of the mesh.
pub(super) fn planes(
    facets: &[(CellKind, Nodes<'_>)],
    others: &[Nodes<'_>],
    nodes: &[[f64; 3]],
    extent: f64,
) -> Option<Vec<Sheet>> {
    let mut planes: Vec<Plane<'_>> = Vec::new();
    for &(kind, facet) in facets {
        let lies = |plane: &Plane<'_>| facet.iter().all(|x| plane.side(x).abs() < TOLERANCE * extent);
        let own = normal(facet);
        let length = own.iter().map(|v| v * v).sum::<f64>().sqrt();
        let inward = own.map(|v| -v / length);
        let same = |plane: &Plane<'_>| (0..3).map(|j| plane.inward[j] * inward[j]).sum::<f64>() > 0.0;
        let at = match planes.iter().position(|plane| lies(plane) && same(plane)) {
            Some(at) => at,
            None => {
                let plane = Plane {
                    point: facet[0],
                    inward,
                    facets: Vec::new(),
                };
                if planes.len() == PLANES || !lies(&plane) {
                    return None;
                }
                planes.push(plane);
                planes.len() - 1
            }
        };
        planes[at].facets.push((kind, facet));
    }
    if planes
        .iter()
        .enumerate()
        .any(|(i, plane)| planes[..i].iter().any(|other| bent(plane, other)))
    {
        return None;
    }
    let mut sheets = Vec::new();
    for plane in &planes {
        if whole(plane, others, nodes, extent) {
            sheets.push(Sheet::Plane(plane.point, plane.inward.map(|v| v / extent)));
        } else {
            for outlines in outlines(&plane.facets)? {
                sheets.push(Sheet::Patch(Patch::new(&outlines, plane.inward, extent)?));
            }
        }
    }
    (sheets.len() <= PLANES).then_some(sheets)
}

/// Whether two planes stand for a curved surface: they meet at a small angle.
fn bent(first: &Plane<'_>, second: &Plane<'_>) -> bool {
    let cosine: f64 = (0..3).map(|j| first.inward[j] * second.inward[j]).sum();
    let nodes = |plane: &Plane<'_>| -> BTreeSet<[u64; 3]> {
        plane
            .facets
            .iter()
            .flat_map(|(_, facet)| facet.iter())
            .map(|x| bits(*x))
            .collect()
    };
    cosine > BENT.cos() && !nodes(first).is_disjoint(&nodes(second))
}

/// Whether facets lie in one plane.
pub(super) fn coplanar(facets: &[(CellKind, Nodes<'_>)], extent: f64) -> bool {
    let Some((_, first)) = facets.first() else {
        return true;
    };
    let own = normal(first);
    let length = own.iter().map(|v| v * v).sum::<f64>().sqrt();
    let side = |x: &[f64; 3]| (0..3).map(|j| own[j] / length * (x[j] - first[0][j])).sum::<f64>();
    facets
        .iter()
        .all(|(_, nodes)| nodes.iter().all(|x| side(x).abs() < TOLERANCE * extent))
}

/// Whether a plane touches the domain in its own facets only and has it on its inner side.
fn whole(plane: &Plane<'_>, others: &[Nodes<'_>], nodes: &[[f64; 3]], extent: f64) -> bool {
    let tolerance = TOLERANCE * extent;
    let own: BTreeSet<[u64; 3]> = plane
        .facets
        .iter()
        .flat_map(|(_, facet)| facet.iter())
        .map(|x| bits(*x))
        .collect();
    let within = |facet: &Nodes<'_>| facet.iter().all(|x| plane.side(x).abs() < tolerance);
    nodes
        .iter()
        .all(|x| plane.side(x) > tolerance || own.contains(&bits(*x)))
        && !others.iter().any(within)
}

/// The closed outlines of the facets that hang together by edges, in space: for each such patch those around it and its holes.
fn outlines(facets: &[(CellKind, Nodes<'_>)]) -> Option<Vec<Vec<Vec<[f64; 3]>>>> {
    let mut sides: BTreeMap<[[u64; 3]; 2], usize> = BTreeMap::new();
    for (index, facet) in facets.iter().enumerate() {
        for edge in edges(facet) {
            sides.insert(edge.map(bits), index);
        }
    }
    let mut seen = vec![false; facets.len()];
    let mut patches = Vec::new();
    for start in 0..facets.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let (mut waiting, mut following) = (vec![start], BTreeMap::new());
        while let Some(index) = waiting.pop() {
            for [a, b] in edges(&facets[index]) {
                match sides.get(&[bits(b), bits(a)]) {
                    None => {
                        // Two outlines that touch in a corner cannot be told apart.
                        if following.insert(bits(a), (a, b)).is_some() {
                            return None;
                        }
                    }
                    Some(&next) if !seen[next] => {
                        seen[next] = true;
                        waiting.push(next);
                    }
                    Some(_) => {}
                }
            }
        }
        let mut loops = Vec::new();
        while let Some(first) = following.keys().next().copied() {
            let (mut outline, mut at) = (Vec::new(), first);
            while let Some((a, b)) = following.remove(&at) {
                outline.push(a);
                at = bits(b);
            }
            loops.push(outline);
        }
        patches.push(loops);
    }
    Some(patches)
}

/// The edges of a facet in their order, in halves if they have middle nodes.
pub(super) fn edges((kind, nodes): &(CellKind, Nodes<'_>)) -> Vec<[[f64; 3]; 2]> {
    let n = kind.corners();
    let around: Vec<[f64; 3]> = (0..n)
        .flat_map(|i| {
            [
                Some(nodes[i]),
                nodes.get(n + i).copied().filter(|_| nodes.len() >= 2 * n),
            ]
        })
        .flatten()
        .collect();
    (0..around.len())
        .map(|i| [around[i], around[(i + 1) % around.len()]])
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;
    use crate::geometry::independent_variables;

    /// The quadrilaterals of a box from `low` to `high`, outwards.
    fn cuboid(low: [f64; 3], high: [f64; 3]) -> Vec<Vec<[f64; 3]>> {
        let corner = |i: usize| -> [f64; 3] { std::array::from_fn(|j| if i >> j & 1 == 1 { high[j] } else { low[j] }) };
        let sides = [
            [0, 2, 3, 1],
            [4, 5, 7, 6],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 4, 6, 2],
            [1, 3, 7, 5],
        ];
        sides.iter().map(|side| side.map(corner).to_vec()).collect()
    }

    fn found(own: &[Vec<[f64; 3]>], others: &[Vec<[f64; 3]>]) -> Vec<Sheet> {
        let kind = |facet: &Vec<[f64; 3]>| match facet.len() {
            3 => CellKind::Triangle3,
            _ => CellKind::Quadrilateral4,
        };
        let facets: Vec<(CellKind, Nodes<'_>)> = own.iter().map(|facet| (kind(facet), facet.as_slice())).collect();
        let rest: Vec<Nodes<'_>> = others.iter().map(Vec::as_slice).collect();
        let nodes: Vec<[f64; 3]> = own.iter().chain(others).flatten().copied().collect();
        planes(&facets, &rest, &nodes, 4.0).unwrap()
    }

    #[test]
    fn a_box_with_one_name_has_six_whole_planes() {
        let sides = cuboid([0.0; 3], [1.0, 2.0, 4.0]);
        let triangles: Vec<Vec<[f64; 3]>> = sides
            .iter()
            .flat_map(|s| [vec![s[0], s[1], s[2]], vec![s[0], s[2], s[3]]])
            .collect();
        let sheets = found(&triangles, &[]);
        assert_eq!(sheets.len(), 6);
        assert!(sheets.iter().all(|sheet| matches!(sheet, Sheet::Plane(..))));
    }

    /// Of two feet in one plane one is held: the other one must stay free.
    #[test]
    fn one_of_two_coplanar_feet_is_a_patch_and_both_are_a_plane() {
        let [mut first, second] = [0.0, 3.0].map(|x| cuboid([x, 0.0, 0.0], [x + 1.0, 1.0, 2.0]));
        let foot = first.remove(0);
        let others = [first, second.clone()].concat();
        let sheets = found(std::slice::from_ref(&foot), &others);
        let [Sheet::Patch(patch)] = sheets.as_slice() else {
            panic!("{sheets:?}")
        };
        assert!(patch.distance(independent_variables([0.4, 0.6, 0.0])).value.abs() < 1e-12);
        assert!(patch.distance(independent_variables([3.4, 0.6, 0.0])).value > 0.1);
        let feet = [foot, second[0].clone()];
        let sheets = found(&feet, &[others[..5].to_vec(), second[1..].to_vec()].concat());
        assert!(matches!(sheets.as_slice(), [Sheet::Plane(..)]), "{sheets:?}");
    }

    /// The middle of a row of three facets shares all its corners with the outer ones, which alone are held.
    #[test]
    fn facets_between_those_of_a_face_are_not_taken_for_it() {
        let strip = |x: f64| vec![[x, 0.0, 0.0], [x, 1.0, 0.0], [x + 1.0, 1.0, 0.0], [x + 1.0, 0.0, 0.0]];
        let top = vec![[0.0, 0.0, 1.0], [3.0, 0.0, 1.0], [3.0, 1.0, 1.0], [0.0, 1.0, 1.0]];
        let sheets = found(&[strip(0.0), strip(2.0)], &[strip(1.0), top]);
        assert_eq!(sheets.len(), 2);
        assert!(
            sheets
                .iter()
                .all(|sheet| sheet.distance(independent_variables([1.5, 0.5, 0.0])).value > 0.05)
        );
    }
}

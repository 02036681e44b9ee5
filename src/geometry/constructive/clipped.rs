//! The output mesh of a combination of solids: tetrahedra of a lattice, clipped at the surface.
//!
//! Every cube of the lattice is six tetrahedra round a diagonal (H. W. Kuhn, IBM J. Res. Dev. 4 (1960) 518). What is left of a
//! tetrahedron inside is a tetrahedron or a wedge, whose nodes on cut edges lie on the true surface unless that comes very close to
//! an end of the edge; edges and corners of the solid are bevelled within one cell.

use std::collections::HashMap;

use super::grid::Writer;
use super::solid::Solid;
use crate::mesh::{CellKind, Mesh};

/// Cuts keep this share of an edge from its ends, so that no cell degenerates.
const MARGIN: f64 = 0.03;

/// The six paths from a corner of the unit cube to the opposite one, along its axes.
const PATHS: [[usize; 3]; 6] = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2]];

/// A mesh of about `cells` cells.
pub(super) fn clipped(shape: &Solid, cells: usize) -> Mesh {
    let (low, high) = shape.box_of_points();
    let side = (6.0 * shape.volume() / cells.max(1) as f64).cbrt();
    let counts: [usize; 3] = std::array::from_fn(|j| ((high[j] - low[j]) / side).ceil() as usize + 2);
    // The lattice is off the box, whose sides are often those of the solid.
    let place = |steps: [usize; 3]| [0, 1, 2].map(|j| low[j] + (steps[j] as f64 - 0.63) * side);
    let number = |steps: [usize; 3]| (steps[2] * (counts[1] + 1) + steps[1]) * (counts[0] + 1) + steps[0];
    let mut values = vec![0.0; (counts[0] + 1) * (counts[1] + 1) * (counts[2] + 1)];
    let mut writer = Writer::new(shape);
    let mut nodes: HashMap<(usize, usize), usize> = HashMap::new();
    for k in 0..=counts[2] {
        for j in 0..=counts[1] {
            for i in 0..=counts[0] {
                values[number([i, j, k])] = shape.signed(place([i, j, k]));
            }
        }
    }
    for k in 0..counts[2] {
        for j in 0..counts[1] {
            for i in 0..counts[0] {
                for path in PATHS {
                    let mut steps = [i, j, k];
                    let mut corners = vec![steps];
                    for axis in path {
                        steps[axis] += 1;
                        corners.push(steps);
                    }
                    let (inner, outer): (Vec<[usize; 3]>, Vec<[usize; 3]>) =
                        corners.into_iter().partition(|steps| values[number(*steps)] < 0.0);
                    let mut vertex = |points: &mut Vec<[f64; 3]>, a: [usize; 3], b: [usize; 3]| {
                        let (first, second) = (number(a), number(b));
                        *nodes.entry((first, second)).or_insert_with(|| {
                            points.push(crossing(shape, place(a), place(b)));
                            points.len() - 1
                        })
                    };
                    let points = &mut writer.mesh.points;
                    let (kind, mut all, cut) = match (&inner[..], &outer[..]) {
                        ([], _) => continue,
                        (inner, []) => (
                            CellKind::Tetrahedron4,
                            inner.iter().map(|&a| vertex(points, a, a)).collect::<Vec<_>>(),
                            None,
                        ),
                        (&[a], outer) => {
                            let mut all = vec![vertex(points, a, a)];
                            all.extend(outer.iter().map(|&b| vertex(points, a, b)));
                            (
                                CellKind::Tetrahedron4,
                                all,
                                Some((CellKind::Triangle3, 2, vec![1, 2, 3])),
                            )
                        }
                        (&[a, b], &[c, d]) => {
                            let pairs = [(a, a), (a, c), (a, d), (b, b), (b, c), (b, d)];
                            let all = pairs.map(|(a, b)| vertex(points, a, b)).to_vec();
                            (
                                CellKind::Wedge6,
                                all,
                                Some((CellKind::Quadrilateral4, 3, vec![1, 2, 5, 4])),
                            )
                        }
                        (inner, &[d, ..]) => {
                            let mut all: Vec<usize> = inner.iter().map(|&a| vertex(points, a, a)).collect();
                            all.extend(inner.iter().map(|&a| vertex(points, a, d)));
                            (CellKind::Wedge6, all, Some((CellKind::Triangle3, 1, vec![3, 4, 5])))
                        }
                    };
                    let x: Vec<[f64; 3]> = all.iter().map(|&node| points[node]).collect();
                    if turned(&x) {
                        let n = all.len();
                        // Both triangles of a wedge, or the last face of a tetrahedron.
                        if n == 6 {
                            all.swap(1, 2);
                            all.swap(4, 5);
                        } else {
                            all.swap(2, 3);
                        }
                    }
                    let middle = [0, 1, 2].map(|j| x.iter().map(|x| x[j]).sum::<f64>() / x.len() as f64);
                    let region = crate::geometry::Shape::region(shape, middle);
                    let cell = writer.cell(kind, all.iter().copied(), region);
                    if let Some((facet, at, order)) = cut {
                        let middle = [0, 1, 2].map(|j| {
                            order.iter().map(|&k| writer.mesh.points[all[k]][j]).sum::<f64>() / order.len() as f64
                        });
                        let name = shape.nearest_face(middle);
                        writer.facet(facet, at, order.into_iter().map(|k| all[k]), cell, name);
                    }
                }
            }
        }
    }
    writer.mesh
}

/// Where the surface passes between a point inside and one outside; the point itself if both are one.
fn crossing(shape: &Solid, a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    if a == b {
        return a;
    }
    let at = |t: f64| std::array::from_fn(|j| a[j] + t * (b[j] - a[j]));
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if shape.signed(at(middle)) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    at((0.5 * (low + high)).clamp(MARGIN, 1.0 - MARGIN))
}

/// Whether a tetrahedron or wedge is inside out.
fn turned(x: &[[f64; 3]]) -> bool {
    let minus = |a: [f64; 3], b: [f64; 3]| [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let (u, v) = (minus(x[1], x[0]), minus(x[2], x[0]));
    let w = if x.len() == 6 {
        let sum = [0, 1, 2].map(|j| x[3][j] + x[4][j] + x[5][j] - x[0][j] - x[1][j] - x[2][j]);
        sum.map(|v| v / 3.0)
    } else {
        minus(x[3], x[0])
    };
    let normal = [
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    ];
    normal[0] * w[0] + normal[1] * w[1] + normal[2] * w[2] < 0.0
}

//! Meshes of second order for output: triangles with their middle nodes on the true curves, and the wedges they sweep over.

use std::collections::HashMap;

use super::planar::Planar;
use super::sweep::{Motion, Sweep};
use super::triangulation::Triangulation;
use crate::geometry::Shape;
use crate::mesh::{Cell, CellKind, Facet, InnerFacet, Mesh};

/// Corners and middle nodes of the triangles of a plane domain.
struct Nodes {
    places: Vec<[f64; 2]>,
    /// Six per triangle: corners, middles of the edges 01, 12, 20.
    triangles: Vec<[usize; 6]>,
}

fn nodes(mesh: &Triangulation) -> Nodes {
    let mut places = mesh.points.clone();
    let mut middles: HashMap<(usize, usize), usize> = HashMap::new();
    let triangles = mesh
        .triangles
        .iter()
        .map(|triangle| {
            let [a, b, c] = triangle.corners;
            let mut all = [a, b, c, 0, 0, 0];
            for k in 0..3 {
                let (from, to) = (all[k], all[(k + 1) % 3]);
                all[3 + k] = *middles.entry((from.min(to), from.max(to))).or_insert_with(|| {
                    places.push(match triangle.bounds[k] {
                        Some((bound, _)) => mesh.bounds[bound].curve.at(0.5),
                        None => [0, 1].map(|j| 0.5 * (mesh.points[from][j] + mesh.points[to][j])),
                    });
                    places.len() - 1
                });
            }
            all
        })
        .collect();
    Nodes { places, triangles }
}

/// A mesh that cells and facets are added to.
pub(super) struct Writer {
    pub(super) mesh: Mesh,
    /// Both sides of the facets between regions that were seen once.
    open: HashMap<(usize, usize), InnerFacet>,
}

impl Writer {
    pub(super) fn new(shape: &dyn Shape) -> Self {
        let mut mesh = Mesh::default();
        mesh.dimension = shape.dimension();
        mesh.regions = shape.regions();
        mesh.boundaries = shape.faces().iter().map(|face| face.name).collect();
        mesh.interfaces = shape
            .interfaces()
            .iter()
            .map(|inner| (inner.face.name, inner.sides))
            .collect();
        Self {
            mesh,
            open: HashMap::new(),
        }
    }

    fn push(&mut self, nodes: impl IntoIterator<Item = usize>) -> usize {
        let first = self.mesh.nodes.len();
        self.mesh.nodes.extend(nodes.into_iter().map(|node| node as u32));
        first
    }

    pub(super) fn cell(&mut self, kind: CellKind, nodes: impl IntoIterator<Item = usize>, region: usize) -> u32 {
        let first = self.push(nodes);
        self.mesh.cells.push(Cell {
            kind,
            first,
            region: region as u32,
        });
        self.mesh.cells.len() as u32 - 1
    }

    pub(super) fn facet(
        &mut self,
        kind: CellKind,
        side: usize,
        nodes: impl IntoIterator<Item = usize>,
        cell: u32,
        name: &str,
    ) {
        if let Some(boundary) = self.mesh.boundaries.iter().position(|known| *known == name) {
            let first = self.push(nodes);
            self.mesh.facets.push(Facet {
                kind,
                side: side as u8,
                first,
                cell,
                boundary: boundary as u32,
            });
        }
    }

    /// A facet between two regions, seen from one of them; `key` is the same from both.
    fn inner(
        &mut self,
        kind: CellKind,
        side: usize,
        nodes: impl IntoIterator<Item = usize>,
        cell: u32,
        regions: [usize; 2],
        key: (usize, usize),
    ) {
        let Some(interface) = self
            .mesh
            .interfaces
            .iter()
            .position(|(_, sides)| sides.contains(&regions[0]) && sides.contains(&regions[1]))
        else {
            return;
        };
        let own = usize::from(self.mesh.interfaces[interface].1[0] != regions[0]);
        let mut facet = self.open.remove(&key).unwrap_or(InnerFacet {
            kind,
            side: 0,
            first: usize::MAX,
            cells: [u32::MAX; 2],
            interface: interface as u32,
        });
        facet.cells[own] = cell;
        if own == 0 {
            facet.side = side as u8;
            facet.first = self.push(nodes);
        }
        if facet.cells.contains(&u32::MAX) {
            self.open.insert(key, facet);
        } else {
            self.mesh.inner.push(facet);
        }
    }
}

/// A mesh of about `cells` triangles.
pub(super) fn plane(shape: &Planar, cells: usize) -> Mesh {
    let fine = shape.fine(cells);
    let Nodes { places, triangles } = nodes(&fine);
    let mut writer = Writer::new(shape);
    writer.mesh.points = places.into_iter().map(|x| [x[0], x[1], 0.0]).collect();
    for (triangle, all) in fine.triangles.iter().zip(&triangles) {
        let region = shape.index(triangle.region);
        let cell = writer.cell(CellKind::Triangle6, *all, region);
        for k in 0..3 {
            let Some((bound, against)) = triangle.bounds[k] else {
                continue;
            };
            let edge = [all[k], all[(k + 1) % 3], all[3 + k]];
            match fine.bounds[bound].sides[usize::from(!against)] {
                0 => writer.facet(
                    CellKind::Line3,
                    k,
                    edge,
                    cell,
                    shape.domain.pieces[fine.bounds[bound].piece].name,
                ),
                other => writer.inner(CellKind::Line3, k, edge, cell, [region, shape.index(other)], (bound, 0)),
            }
        }
    }
    writer.mesh
}

/// A mesh of about `cells` wedges; those on the axis of a revolution are flattened to an edge there.
pub(super) fn swept(shape: &dyn Shape, sweep: &Sweep, cells: usize) -> Mesh {
    let factor = sweep.map.factor();
    let size = (2.0 * sweep.volume / cells.max(1) as f64).cbrt() / factor;
    let (way, least) = match sweep.motion {
        Motion::Straight(height) => (height, 1.0),
        // The middle of the wedges' edges lies on the circle.
        Motion::Round(_, angle) => (
            sweep.volume / factor.powi(3) / sweep.profile.cells.total,
            (12.0 * angle / std::f64::consts::TAU).ceil(),
        ),
    };
    let layers = (way / size).round().max(least) as usize;
    let fine = sweep.profile.fine(cells.div_ceil(layers));
    let plane = nodes(&fine);
    let extent = sweep.profile.domain.extent;
    let round = matches!(sweep.motion, Motion::Round(..));
    let mut writer = Writer::new(shape);
    let mut numbers: HashMap<(usize, usize), usize> = HashMap::new();
    // Half layers carry the middle nodes.
    let mut number = |points: &mut Vec<[f64; 3]>, node: usize, half: usize| {
        let half = if sweep.full() { half % (2 * layers) } else { half };
        let half = if round && plane.places[node][0] < 1e-9 * extent {
            0
        } else {
            half
        };
        *numbers.entry((node, half)).or_insert_with(|| {
            points.push(sweep.place(plane.places[node], half as f64 / (2 * layers) as f64));
            points.len() - 1
        })
    };
    for layer in 0..layers {
        // (r, z, φ) is left-handed: the wedge stands on its later triangle.
        let (low, high) = if round {
            (2 * layer + 2, 2 * layer)
        } else {
            (2 * layer, 2 * layer + 2)
        };
        for (triangle, all) in fine.triangles.iter().zip(&plane.triangles) {
            let mut wedge = [0; 15];
            for k in 0..3 {
                wedge[k] = number(&mut writer.mesh.points, all[k], low);
                wedge[3 + k] = number(&mut writer.mesh.points, all[k], high);
                wedge[6 + k] = number(&mut writer.mesh.points, all[3 + k], low);
                wedge[9 + k] = number(&mut writer.mesh.points, all[3 + k], high);
                wedge[12 + k] = number(&mut writer.mesh.points, all[k], 2 * layer + 1);
            }
            let region = sweep.profile.index(triangle.region);
            let cell = writer.cell(CellKind::Wedge15, wedge, region);
            for (end, at) in [(false, 0), (true, 2 * layers)] {
                if sweep.full() || (low != at && high != at) {
                    continue;
                }
                let (side, order) = if low == at {
                    (0, [0, 2, 1, 8, 7, 6])
                } else {
                    (1, [3, 4, 5, 9, 10, 11])
                };
                writer.facet(CellKind::Triangle6, side, order.map(|k| wedge[k]), cell, sweep.cap(end));
            }
            for k in 0..3 {
                let Some((bound, against)) = triangle.bounds[k] else {
                    continue;
                };
                let next = (k + 1) % 3;
                let order = [k, next, next + 3, k + 3, 6 + k, 12 + next, 9 + k, 12 + k].map(|k| wedge[k]);
                let bounds = &fine.bounds[bound];
                match bounds.sides[usize::from(!against)] {
                    0 if order[4] == order[6] => {}
                    0 => writer.facet(
                        CellKind::Quadrilateral8,
                        2 + k,
                        order,
                        cell,
                        sweep.profile.domain.pieces[bounds.piece].name,
                    ),
                    other => {
                        let regions = [region, sweep.profile.index(other)];
                        writer.inner(CellKind::Quadrilateral8, 2 + k, order, cell, regions, (bound, layer));
                    }
                }
            }
        }
    }
    writer.mesh
}

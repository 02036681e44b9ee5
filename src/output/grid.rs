//! The output grid: the cells of a mesh, or the box's grid, mapped onto the domain.

use crate::geometry::Shape;
use crate::mesh::{self, CellKind};

/// A grid and where its fields are evaluated.
pub(super) struct Sampled {
    /// Dimensionless points, and cells.
    pub(super) grid: mesh::Grid,
    /// The same points, kept off those where the chart is singular.
    pub(super) samples: Vec<[f64; 3]>,
}

/// How far samples stay from the ends of the box coordinates, where a chart may be singular (the centre of a disk).
const MARGIN: f64 = 1e-7;

impl Sampled {
    /// The shape's own mesh, or about `cells` cells of nearly equal size.
    pub(super) fn new(shape: &dyn Shape, cells: usize) -> Self {
        let own = shape.mesh().map(|(mesh, scale)| mesh.grid(scale));
        if let Some(grid) = own.or_else(|| shape.grid(cells).map(|mesh| mesh.grid(1.0))) {
            let samples = grid.points.clone();
            return Self { grid, samples };
        }
        let d = shape.dimension();
        let Some(chart) = shape.chart() else {
            return Self {
                grid: mesh::Grid::default(),
                samples: Vec::new(),
            };
        };
        let divisions = chart.divisions(cells);
        let count = |axis: usize| if axis < d { divisions[axis] + 1 } else { 1 };
        let (nx, ny, nz) = (count(0), count(1), count(2));
        let (mut nodes, mut samples) = (Vec::new(), Vec::new());
        for k in 0..nz {
            for j in 0..ny {
                for i in 0..nx {
                    let at = |index: usize, n: usize| {
                        if n > 1 { index as f64 / (n - 1) as f64 } else { 0.0 }
                    };
                    let xi = [at(i, nx), at(j, ny), at(k, nz)];
                    nodes.push(chart.position(xi));
                    samples.push(chart.position(xi.map(|v| v.clamp(MARGIN, 1.0 - MARGIN))));
                }
            }
        }
        let node = |i: usize, j: usize, k: usize| ((k * ny + j) * nx + i) as u32;
        let mut list = Vec::new();
        for k in 0..(nz - 1).max(1) {
            for j in 0..(ny - 1).max(1) {
                for i in 0..nx - 1 {
                    match d {
                        1 => list.extend([node(i, 0, 0), node(i + 1, 0, 0)]),
                        2 => list.extend([
                            node(i, j, 0),
                            node(i + 1, j, 0),
                            node(i + 1, j + 1, 0),
                            node(i, j + 1, 0),
                        ]),
                        _ => list.extend([
                            node(i, j, k),
                            node(i + 1, j, k),
                            node(i + 1, j + 1, k),
                            node(i, j + 1, k),
                            node(i, j, k + 1),
                            node(i + 1, j, k + 1),
                            node(i + 1, j + 1, k + 1),
                            node(i, j + 1, k + 1),
                        ]),
                    }
                }
            }
        }
        let kind = [CellKind::Line2, CellKind::Quadrilateral4, CellKind::Hexahedron8][d - 1];
        let grid = mesh::Grid {
            points: nodes,
            kinds: vec![kind; list.len() / kind.nodes()],
            nodes: list,
            ..mesh::Grid::default()
        };
        Self { grid, samples }
    }
}

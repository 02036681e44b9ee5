//! A mesh as a domain: measures, uniform points, rules, the region of a point.

use super::cover::Cover;
use super::element::{Element, dot};
use super::locate::Locator;
use super::{CellKind, Mesh};

/// A mesh with what sampling it takes.
#[derive(Debug)]
pub struct Space {
    mesh: Mesh,
    cells: Cover,
    /// By boundary and, after them, by interface.
    facets: Vec<Cover>,
    locator: Locator,
}

impl Space {
    /// Orders and measures a mesh.
    pub fn new(mesh: Mesh) -> Self {
        let bounds = mesh.bounds();
        let d = mesh.dimension;
        let cells = Cover::new((0..mesh.cells.len() as u32).collect(), d, bounds, |cell| {
            mesh.cell(cell as usize)
        });
        let locator = Locator::new(&cells.order, |cell| mesh.cell(cell as usize));
        let mut lists = vec![Vec::new(); mesh.boundaries.len() + mesh.interfaces.len()];
        for (index, facet) in mesh.facets.iter().enumerate() {
            lists[facet.boundary as usize].push(index as u32);
        }
        for (index, facet) in mesh.inner.iter().enumerate() {
            lists[mesh.boundaries.len() + facet.interface as usize].push(index as u32);
        }
        let facets = lists
            .into_iter()
            .enumerate()
            .map(|(surface, list)| Cover::new(list, d, bounds, |facet| facet_of(&mesh, surface, facet)))
            .collect();
        Self {
            mesh,
            cells,
            facets,
            locator,
        }
    }

    /// The mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Length, area or volume.
    pub fn measure(&self) -> f64 {
        self.mesh
            .solid
            .as_ref()
            .map_or(self.cells.total(), |solid| solid.volume())
    }

    /// The boundary (or, counted on, the interface) of a name.
    pub fn surface(&self, name: &str) -> Option<usize> {
        let names = self.mesh.boundaries.iter();
        let mut names = names.chain(self.mesh.interfaces.iter().map(|(name, _)| name));
        names.position(|other| *other == name)
    }

    /// Number of facets of a surface.
    pub fn facet_count(&self, surface: usize) -> usize {
        self.facets[surface].order.len()
    }

    /// Length or area of a surface; the number of its points on a line.
    pub fn surface_measure(&self, surface: usize) -> f64 {
        self.facets[surface].total()
    }

    /// A point with uniform density from numbers uniform on the unit cube.
    ///
    /// The density is uniform to rounding, also in curved cells.
    pub fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        if let Some(solid) = &self.mesh.solid {
            return solid.interior_point(unit);
        }
        let (element, xi) = self.cells.place(unit, |cell| self.mesh.cell(cell as usize));
        element.map(xi).0
    }

    /// A point of a surface and its unit normal, outwards (at an interface from its first region into its second), from
    /// d − 1 numbers uniform on the unit cube.
    ///
    /// The density is uniform to rounding on straight lines, parallelograms and triangles; on curved facets to the accuracy of an
    /// interpolation of degree 5.
    pub fn surface_point(&self, surface: usize, unit: [f64; 3]) -> ([f64; 3], [f64; 3]) {
        let (element, xi) = self.facets[surface].place(unit, |facet| facet_of(&self.mesh, surface, facet));
        let (x, axes) = element.map(xi);
        let normal = element.area_normal(&axes);
        let length = dot(normal, normal).sqrt();
        (x, normal.map(|v| v / length))
    }

    /// A Gauss rule over the cells (or over a surface's facets) with `order` points per direction and cell: numbers that
    /// [`Space::interior_point`] and [`Space::surface_point`] take, and weights that add up to 1. On straight simplices, parallelograms and
    /// prisms polynomials of degree 2·order − 1 are integrated exactly.
    pub fn rule(&self, surface: Option<usize>, order: usize) -> Vec<([f64; 3], f64)> {
        match (surface, &self.mesh.solid) {
            (None, Some(solid)) => solid.rule(order),
            (None, None) => self.cells.rule(order, |cell| self.mesh.cell(cell as usize)),
            (Some(surface), _) => self.facets[surface].rule(order, |facet| facet_of(&self.mesh, surface, facet)),
        }
    }

    /// The parts of the first number that belong to cells (or a surface's facets) with x as a corner.
    pub fn corner_cells(&self, surface: Option<usize>, x: [f64; 3]) -> Vec<[f64; 2]> {
        let (low, high) = self.mesh.bounds();
        let tolerance = 1e-9 * (0..3).map(|j| high[j] - low[j]).fold(0.0, f64::max);
        match surface {
            None => self
                .cells
                .corner_cells(x, tolerance, |cell| self.mesh.cell(cell as usize)),
            Some(surface) => {
                self.facets[surface].corner_cells(x, tolerance, |facet| facet_of(&self.mesh, surface, facet))
            }
        }
    }

    /// The cell that holds x, or the nearest one.
    pub fn cell_of(&self, x: [f64; 3]) -> usize {
        let found = self
            .locator
            .find(x, &self.cells.order, |cell| self.mesh.cell(cell as usize));
        found.map_or(0, |found| found.cell as usize)
    }

    /// Whether x lies in a cell, with a margin of 1e-9 of its size.
    pub fn holds(&self, x: [f64; 3]) -> bool {
        if let Some(solid) = &self.mesh.solid {
            return solid.holds(x);
        }
        self.locator
            .find(x, &self.cells.order, |cell| self.mesh.cell(cell as usize))
            .is_some_and(|found| found.outside <= 1e-9)
    }

    /// The region that holds x, or the nearest one.
    pub fn region(&self, x: [f64; 3]) -> usize {
        if self.mesh.regions.len() < 2 {
            return 0;
        }
        self.mesh.cells[self.cell_of(x)].region as usize
    }

    /// Kind and nodes' coordinates of every facet of a surface, corners first.
    pub fn surface_facets(&self, surface: usize) -> Vec<(CellKind, Vec<[f64; 3]>)> {
        let list = self.facets[surface].order.iter();
        list.map(|&facet| {
            let element = facet_of(&self.mesh, surface, facet);
            (element.kind, element.all_nodes().to_vec())
        })
        .collect()
    }
}

/// A facet of a boundary or, counted on, of an interface.
fn facet_of(mesh: &Mesh, surface: usize, index: u32) -> Element {
    if surface < mesh.boundaries.len() {
        let facet = mesh.facets[index as usize];
        mesh.side(facet.kind, facet.first, facet.side)
    } else {
        let facet = mesh.inner[index as usize];
        mesh.side(facet.kind, facet.first, facet.side)
    }
}

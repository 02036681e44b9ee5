//! The output grid: the cells of a mesh, of a triangulated shape, or of the box's grid, mapped onto the domain.

use std::borrow::Cow;

use crate::geometry::{Chart, Shape};
use crate::mesh::{Cell, CellKind, Facet, Grid, Mesh};

/// Cells and where fields are evaluated on them.
pub(super) struct Sampled<'a> {
    mesh: Cow<'a, Mesh>,
    scale: f64,
    /// The nodes, dimensionless, kept off places where the chart is singular.
    samples: Vec<[f64; 3]>,
}

/// How far samples stay from the ends of the box coordinates, where a chart may be singular (the centre of a disk).
const MARGIN: f64 = 1e-7;

impl<'a> Sampled<'a> {
    /// The shape's own mesh, or about `cells` cells of nearly equal size.
    pub(super) fn new(shape: &'a dyn Shape, cells: usize) -> Self {
        if let Some((mesh, scale)) = shape.mesh() {
            let samples = mesh.points.iter().map(|x| x.map(|v| v * scale)).collect();
            return Self {
                mesh: Cow::Borrowed(mesh),
                scale,
                samples,
            };
        }
        let (mesh, samples) = match (shape.grid(cells), shape.chart()) {
            (Some(mesh), _) => {
                let samples = mesh.points.clone();
                (mesh, samples)
            }
            (None, Some(chart)) => mapped(shape, chart, cells),
            (None, None) => (Mesh::default(), Vec::new()),
        };
        Self {
            mesh: Cow::Owned(mesh),
            scale: 1.0,
            samples,
        }
    }

    /// The cells, where fields are evaluated at their points, and in their middles.
    pub(super) fn cells(&self) -> (Grid, Vec<[f64; 3]>, Vec<[f64; 3]>) {
        let middles = self.mesh.centres();
        let middles = middles.into_iter().map(|x| x.map(|v| v * self.scale)).collect();
        (self.mesh.grid(self.scale), self.samples.clone(), middles)
    }

    /// The facets of the boundaries and between regions, and where fields are evaluated at their points.
    pub(super) fn surface(&self) -> (Grid, Vec<[f64; 3]>) {
        let (grid, origin) = self.mesh.surface_grid(self.scale);
        let samples = origin.into_iter().map(|node| self.samples[node as usize]).collect();
        (grid, samples)
    }
}

/// The sides of a cell of the box's grid, in the order of its kind: the axis, whether it is the upper one, and its corners.
fn sides(dimension: usize) -> (CellKind, Vec<(usize, bool, Vec<usize>)>) {
    match dimension {
        1 => (CellKind::Vertex, vec![(0, false, vec![0]), (0, true, vec![1])]),
        2 => (
            CellKind::Line2,
            vec![
                (1, false, vec![0, 1]),
                (0, true, vec![1, 2]),
                (1, true, vec![2, 3]),
                (0, false, vec![3, 0]),
            ],
        ),
        _ => (
            CellKind::Quadrilateral4,
            vec![
                (2, false, vec![0, 3, 2, 1]),
                (2, true, vec![4, 5, 6, 7]),
                (1, false, vec![0, 1, 5, 4]),
                (0, true, vec![1, 2, 6, 5]),
                (1, true, vec![2, 3, 7, 6]),
                (0, false, vec![3, 0, 4, 7]),
            ],
        ),
    }
}

/// About `cells` cells of the image of a box, with its boundaries, and the places of the samples at the nodes.
fn mapped(shape: &dyn Shape, chart: &dyn Chart, cells: usize) -> (Mesh, Vec<[f64; 3]>) {
    let d = shape.dimension();
    let divisions = chart.divisions(cells);
    let count: [usize; 3] = std::array::from_fn(|axis| if axis < d { divisions[axis] } else { 0 });
    // Steps along the axes, in halves for the middles of sides.
    let xi = |steps: [f64; 3]| -> [f64; 3] { std::array::from_fn(|j| steps[j] / count[j].max(1) as f64) };
    let mut mesh = Mesh::default();
    let mut samples = Vec::new();
    for k in 0..=count[2] {
        for j in 0..=count[1] {
            for i in 0..=count[0] {
                let at = xi([i, j, k].map(|step| step as f64));
                mesh.points.push(chart.position(at));
                samples.push(chart.position(at.map(|v| v.clamp(MARGIN, 1.0 - MARGIN))));
            }
        }
    }
    mesh.dimension = d;
    mesh.regions = shape.regions();
    let faces = shape.faces();
    mesh.boundaries = faces.iter().map(|face| face.name).collect();
    let corners = &[
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 1],
        [1, 1, 1],
        [0, 1, 1],
    ][..1 << d];
    let kind = [CellKind::Line2, CellKind::Quadrilateral4, CellKind::Hexahedron8][d - 1];
    let (facet, sides) = sides(d);
    let node = |[i, j, k]: [usize; 3]| ((k * (count[1] + 1) + j) * (count[0] + 1) + i) as u32;
    for k in 0..count[2].max(1) {
        for j in 0..count[1].max(1) {
            for i in 0..count[0] {
                let low = [i, j, k];
                let own = corners.iter().map(|c| node([i + c[0], j + c[1], k + c[2]]));
                let middle = |side: Option<(usize, bool)>| {
                    chart.position(xi(std::array::from_fn(|axis| {
                        let half = match side {
                            Some((fixed, high)) if fixed == axis => f64::from(u8::from(high)),
                            _ => 0.5,
                        };
                        if axis < d { low[axis] as f64 + half } else { 0.0 }
                    })))
                };
                let (first, cell) = (mesh.nodes.len(), mesh.cells.len() as u32);
                mesh.nodes.extend(own);
                mesh.cells.push(Cell {
                    kind,
                    first,
                    region: shape.region(middle(None)) as u32,
                });
                for (side, (axis, high, order)) in sides.iter().enumerate() {
                    let end = if *high { count[*axis] } else { 1 };
                    if low[*axis] + 1 != end {
                        continue;
                    }
                    // A side of the box may be divided into boundaries, or be none.
                    let x = crate::geometry::seed(middle(Some((*axis, *high))));
                    let away = |name: usize| shape.distance(faces[name], x).value.abs();
                    let nearest = (0..faces.len())
                        .filter(|name| faces[*name].axis == *axis && faces[*name].high == *high)
                        .min_by(|a, b| away(*a).total_cmp(&away(*b)));
                    let Some(boundary) = nearest else { continue };
                    let begin = mesh.nodes.len();
                    let nodes: Vec<u32> = order.iter().map(|&corner| mesh.nodes[first + corner]).collect();
                    mesh.nodes.extend(nodes);
                    mesh.facets.push(Facet {
                        kind: facet,
                        side: side as u8,
                        first: begin,
                        cell,
                        boundary: boundary as u32,
                    });
                }
            }
        }
    }
    (mesh, samples)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::geometry::GeometryKind;
    use crate::mesh::Space;
    use crate::quantity::Values;

    fn shape(text: &str) -> Box<dyn Shape> {
        use ron::extensions::Extensions;
        let kind: GeometryKind = ron::Options::default()
            .with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
            .from_str(text)
            .unwrap();
        let whole = format!("(geometry: {text})");
        let mut values = Values::new(&whole, &BTreeMap::new());
        let shape = kind.shape(&mut values);
        shape.unwrap_or_else(|| panic!("{text}: {:?}", values.into_faults()))
    }

    /// Chords and flat facets fall short of arcs and curved faces by the square of their size.
    #[test]
    fn boundaries_of_the_grid_have_their_names_and_measures() {
        for text in [
            "Interval(min: -1, max: 2)",
            "Rectangle(min: (0, 0), max: (2, 1))",
            "Cuboid(min: (0, 0, 0), max: (2, 1, 3))",
            "Disk(radius: 2)",
            "Annulus(inner: 1, outer: 2, angles: (0, 270))",
            "SphericalShell(inner: 1, outer: 2)",
            "PlateWithHole(width: 4, height: 2, radius: 1)",
            r#"Union([Region(name: "a", shape: Disk(radius: 1)), Region(name: "b", shape: Rectangle(min: (0, 0), max: (2, 0.5)))])"#,
            r#"Extrusion(of: Named(name: "round", shape: Disk(radius: 1)), height: 2)"#,
        ] {
            let shape = shape(text);
            let sampled = Sampled::new(shape.as_ref(), 4000);
            let mesh = sampled.mesh.into_owned();
            let faces = shape.faces();
            assert_eq!(mesh.boundaries, faces.iter().map(|face| face.name).collect::<Vec<_>>());
            let interfaces = shape.interfaces();
            assert_eq!(mesh.interfaces.len(), interfaces.len());
            assert!(interfaces.is_empty() == mesh.inner.is_empty(), "{text}");
            let space = Space::new(mesh);
            let close =
                |found: f64, measure: f64| assert!((found / measure - 1.0).abs() < 0.02, "{text}: {found} {measure}");
            close(space.measure(), shape.measure());
            for (index, face) in faces.into_iter().enumerate() {
                close(space.surface_measure(index), shape.face_measure(face));
            }
        }
    }
}

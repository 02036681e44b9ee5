//! Meshes with fields as VTK's XML files, appended and compressed.

use std::io::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use rayon::prelude::*;

use super::{CellKind, Mesh};

/// An unstructured grid with its fields, to be written as `.vtu`.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// Coordinates of the points.
    pub points: Vec<[f64; 3]>,
    /// Kinds of the cells.
    pub kinds: Vec<CellKind>,
    /// Points of all cells, one after the other, in VTK's order.
    pub nodes: Vec<u32>,
    /// Values at the points.
    pub point_fields: Vec<Field>,
    /// Values in the cells.
    pub cell_fields: Vec<Field>,
    /// Texts that belong to the whole grid, written as their bytes: names and strings.
    pub strings: Vec<(String, Vec<String>)>,
    /// Arrays that belong to the whole grid: names and numbers.
    pub numbers: Vec<(String, Vec<f64>)>,
}

/// Values with one to nine components.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Numbers per point or cell.
    pub components: usize,
    /// All of them, `[n, components]`.
    pub values: FieldValues,
}

/// The numbers of a field.
#[derive(Clone, Debug)]
pub enum FieldValues {
    /// Real numbers.
    Real(Vec<f64>),
    /// Whole numbers, such as those of regions.
    Whole(Vec<i32>),
}

impl Mesh {
    /// The cells, `scale` times as large, with the field `region` and its names.
    pub fn grid(&self, scale: f64) -> Grid {
        let cells = self.cells.iter();
        let mut grid = Grid {
            points: self.points.iter().map(|x| x.map(|v| v * scale)).collect(),
            kinds: cells.clone().map(|cell| cell.kind).collect(),
            nodes: cells
                .clone()
                .flat_map(|cell| self.nodes_of(cell.kind, cell.first).iter().copied())
                .collect(),
            ..Grid::default()
        };
        grid.whole("region", cells.map(|cell| cell.region as i32).collect());
        grid.names("regions", &self.regions);
        grid
    }

    /// The facets of boundaries and, counted on, of surfaces between regions, `scale` times as large, with the field
    /// `boundary` and its names. The grid has no points but theirs; returned with it: which points of the mesh they are.
    pub fn surface_grid(&self, scale: f64) -> (Grid, Vec<u32>) {
        let outer = self
            .facets
            .iter()
            .map(|facet| (facet.kind, facet.first, facet.boundary));
        let count = self.boundaries.len() as u32;
        let inner = self
            .inner
            .iter()
            .map(|facet| (facet.kind, facet.first, count + facet.interface));
        let facets: Vec<(CellKind, usize, u32)> = outer.chain(inner).collect();
        let mut place = vec![u32::MAX; self.points.len()];
        let (mut grid, mut origin) = (Grid::default(), Vec::new());
        for (kind, first, _) in &facets {
            for &node in self.nodes_of(*kind, *first) {
                let slot = &mut place[node as usize];
                if *slot == u32::MAX {
                    *slot = origin.len() as u32;
                    origin.push(node);
                    grid.points.push(self.points[node as usize].map(|v| v * scale));
                }
                grid.nodes.push(*slot);
            }
            grid.kinds.push(*kind);
        }
        grid.whole("boundary", facets.iter().map(|facet| facet.2 as i32).collect());
        let inner = self.interfaces.iter().map(|(name, _)| *name);
        let names: Vec<&str> = self.boundaries.iter().copied().chain(inner).collect();
        grid.names("boundaries", &names);
        (grid, origin)
    }
}

impl Grid {
    fn whole(&mut self, name: &str, values: Vec<i32>) {
        self.cell_fields.push(Field {
            name: name.into(),
            components: 1,
            values: FieldValues::Whole(values),
        });
    }

    fn names(&mut self, name: &str, names: &[&str]) {
        if !names.is_empty() {
            let names = names.iter().map(|name| (*name).to_string()).collect();
            self.strings.push((name.into(), names));
        }
    }

    /// The bytes of a `.vtu` file.
    pub fn vtu(&self) -> Vec<u8> {
        let mut file = Appended::default();
        let mut head = String::from(
            "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" byte_order=\"LittleEndian\" \
             header_type=\"UInt64\" compressor=\"vtkZLibDataCompressor\">\n<UnstructuredGrid>\n<FieldData>\n",
        );
        for (name, values) in &self.strings {
            // The bytes of all, each ended by a zero, as numbers: meshio reads no file with arrays of strings.
            let codes: Vec<String> = values
                .iter()
                .flat_map(|value| value.bytes().filter(|b| *b != 0).chain([0]))
                .map(|byte| byte.to_string())
                .collect();
            head += &format!(
                "<DataArray type=\"UInt8\" Name=\"{}\" NumberOfTuples=\"{}\" format=\"ascii\">{}</DataArray>\n",
                escaped(name),
                codes.len(),
                codes.join(" ")
            );
        }
        for (name, values) in &self.numbers {
            let list: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
            head += &format!(
                "<DataArray type=\"Float64\" Name=\"{}\" NumberOfTuples=\"{}\" format=\"ascii\">{}</DataArray>\n",
                escaped(name),
                values.len(),
                list.join(" ")
            );
        }
        head += &format!(
            "</FieldData>\n<Piece NumberOfPoints=\"{}\" NumberOfCells=\"{}\">\n<PointData>\n",
            self.points.len(),
            self.kinds.len()
        );
        self.point_fields.iter().for_each(|field| head += &file.field(field));
        head += "</PointData>\n<CellData>\n";
        self.cell_fields.iter().for_each(|field| head += &file.field(field));
        head += "</CellData>\n<Points>\n";
        let points: Vec<u8> = self.points.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
        head += &file.array("Float64", "Points", 3, &points);
        head += "</Points>\n<Cells>\n";
        let nodes: Vec<u8> = self.nodes.iter().flat_map(|v| i64::from(*v).to_le_bytes()).collect();
        head += &file.array("Int64", "connectivity", 1, &nodes);
        let mut end = 0_i64;
        let ends: Vec<u8> = self
            .kinds
            .iter()
            .flat_map(|kind| {
                end += kind.nodes() as i64;
                end.to_le_bytes()
            })
            .collect();
        head += &file.array("Int64", "offsets", 1, &ends);
        let types: Vec<u8> = self.kinds.iter().map(|kind| kind.vtk()).collect();
        head += &file.array("UInt8", "types", 1, &types);
        head += "</Cells>\n</Piece>\n</UnstructuredGrid>\n<AppendedData encoding=\"base64\">\n_";
        head += &file.data;
        head += "\n</AppendedData>\n</VTKFile>\n";
        head.into_bytes()
    }
}

/// The appended part of a file.
#[derive(Default)]
struct Appended {
    data: String,
}

impl Appended {
    fn field(&mut self, field: &Field) -> String {
        let (number, bytes): (&str, Vec<u8>) = match &field.values {
            FieldValues::Real(values) => ("Float64", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            FieldValues::Whole(values) => ("Int32", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        };
        self.array(number, &field.name, field.components, &bytes)
    }

    /// Compresses an array in blocks; its element, which points to it.
    fn array(&mut self, number: &str, name: &str, components: usize, bytes: &[u8]) -> String {
        const BLOCK: usize = 1 << 16;
        let element = format!(
            "<DataArray type=\"{number}\" Name=\"{}\" NumberOfComponents=\"{components}\" format=\"appended\" offset=\"{}\"/>\n",
            escaped(name),
            self.data.len()
        );
        let blocks: Vec<Vec<u8>> = bytes
            .par_chunks(BLOCK)
            .map(|block| {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                // Writing to memory cannot fail.
                encoder
                    .write_all(block)
                    .and_then(|()| encoder.finish())
                    .unwrap_or_else(|error| unreachable!("compression in memory: {error}"))
            })
            .collect();
        let counts = [blocks.len(), BLOCK, bytes.len() % BLOCK].into_iter();
        let header: Vec<u8> = counts
            .chain(blocks.iter().map(Vec::len))
            .flat_map(|count| (count as u64).to_le_bytes())
            .collect();
        // Header and data are encoded apart, as VTK does.
        self.data += &BASE64_STANDARD.encode(header);
        self.data += &BASE64_STANDARD.encode(blocks.concat());
        element
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_with_its_regions() {
        for name in [
            "meshes/heat_sink.msh",
            "tests/meshes/hex_2.msh",
            "tests/meshes/wedge_2.msh",
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let mesh = Mesh::read(&path).unwrap();
            let mut grid = mesh.grid(2.0);
            grid.numbers.push(("TimeValue".into(), vec![1.0]));
            let back = Mesh::from_bytes(&grid.vtu()).unwrap();
            assert_eq!((&back.regions, back.nodes.len()), (&mesh.regions, mesh.nodes.len()));
            assert_eq!(back.cells, mesh.cells);
            for (a, b) in back.points.iter().zip(&mesh.points) {
                assert_eq!(*a, b.map(|v| 2.0 * v));
            }
        }
    }
}

//! VTK files for ParaView: `solution.vtu`, and a time series with `solution.pvd`.

use std::fmt::Write as _;
use std::path::Path;

use vtkio::model::{
    Attribute, Attributes, ByteOrder, CellType, Cells, DataArray, DataSet, UnstructuredGridPiece, Version,
    VertexNumbers, Vtk,
};

use super::grid::Grid;
use super::results::replace;
use crate::error::Error;
use crate::solution::{Array, Solution};

/// Writes the fields at the end, and at all frames of a transient problem.
///
/// # Errors
/// A file that cannot be written.
pub fn write_fields(solution: &Solution<'_>, folder: &Path) -> Result<(), Error> {
    let problem = solution.problem;
    let output = &problem.file.output;
    let grid = Grid::new(problem.shape.as_ref(), output.cells);
    let end = f64::from(u8::from(problem.transient()));
    write(solution, &grid, end, &folder.join("solution.vtu"))?;
    if !problem.transient() || output.frames == 0 {
        return Ok(());
    }
    let frames = folder.join("frames");
    std::fs::create_dir_all(&frames).map_err(Error::file("create", &frames))?;
    let mut collection =
        String::from("<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\">\n<Collection>\n");
    for frame in 0..output.frames {
        let time = frame as f64 / (output.frames - 1).max(1) as f64;
        let name = format!("frames/solution_{frame:04}.vtu");
        write(solution, &grid, time, &folder.join(&name))?;
        let seconds = time * problem.scales.time;
        let _ = writeln!(
            collection,
            "<DataSet timestep=\"{seconds}\" part=\"0\" file=\"{name}\"/>"
        );
    }
    collection.push_str("</Collection>\n</VTKFile>\n");
    replace(&folder.join("solution.pvd"), collection.as_bytes())
}

fn write(solution: &Solution<'_>, grid: &Grid, time: f64, path: &Path) -> Result<(), Error> {
    let length = solution.problem.scales.length;
    let points: Vec<[f64; 4]> = grid.samples.iter().map(|x| [x[0], x[1], x[2], time]).collect();
    let arrays = solution.arrays(&points);
    let nodes: Vec<f64> = grid.nodes.iter().flat_map(|x| x.map(|v| v * length)).collect();
    let cells = grid.cells.len() / grid.corners;
    let kind = match grid.corners {
        2 => CellType::Line,
        4 => CellType::Quad,
        _ => CellType::Hexahedron,
    };
    let vtk = Vtk {
        version: Version::XML { major: 1, minor: 0 },
        byte_order: ByteOrder::LittleEndian,
        title: solution.problem.file.title.clone(),
        file_path: None,
        data: DataSet::inline(UnstructuredGridPiece {
            points: nodes.into(),
            cells: Cells {
                cell_verts: VertexNumbers::XML {
                    connectivity: grid.cells.clone(),
                    offsets: (1..=cells).map(|c| (c * grid.corners) as u64).collect(),
                },
                types: vec![kind; cells],
            },
            data: Attributes {
                point: arrays.iter().map(attribute).collect(),
                cell: Vec::new(),
            },
        }),
    };
    let mut file = Vec::new();
    vtk.write_xml(&mut file)
        .map_err(|error| Error::file("write", path)(std::io::Error::other(error.to_string())))?;
    replace(path, &with_field_data(file, solution, &arrays, time))
}

fn attribute(array: &Array) -> Attribute {
    let data = match array.components {
        1 => DataArray::scalars(array.name, 1),
        3 => DataArray::vectors(array.name),
        n => DataArray::new(array.name, n as u32),
    };
    Attribute::DataArray(data.with_data(array.values.clone()))
}

/// Adds title, units and time as field data, which vtkio does not write into XML files.
fn with_field_data(file: Vec<u8>, solution: &Solution<'_>, arrays: &[Array], time: f64) -> Vec<u8> {
    let Ok(text) = String::from_utf8(file) else {
        unreachable!("vtkio writes XML with encoded data")
    };
    let strings = |name: &str, values: &[String]| {
        // VTK writes strings as the codes of their bytes, each ended by a zero.
        let codes: Vec<String> = values
            .iter()
            .flat_map(|value| value.bytes().chain([0]))
            .map(|byte| byte.to_string())
            .collect();
        format!(
            "<DataArray type=\"String\" Name=\"{name}\" NumberOfTuples=\"{}\" format=\"ascii\">{}</DataArray>",
            values.len(),
            codes.join(" ")
        )
    };
    let mut names = vec!["points [m]".to_string()];
    names.extend(arrays.iter().map(|array| format!("{} [{}]", array.name, array.unit)));
    let mut block = String::from("<FieldData>");
    block.push_str(&strings("title", std::slice::from_ref(&solution.problem.file.title)));
    block.push_str(&strings("units", &names));
    if solution.problem.transient() {
        let seconds = time * solution.problem.scales.time;
        let _ = write!(
            block,
            "<DataArray type=\"Float64\" Name=\"TimeValue\" NumberOfTuples=\"1\" format=\"ascii\">{seconds}</DataArray>"
        );
    }
    block.push_str("</FieldData>");
    let tag = "<UnstructuredGrid>";
    text.replacen(tag, &format!("{tag}{block}"), 1).into_bytes()
}

//! VTK files for ParaView: `solution.vtu`, and a time series with `solution.pvd`.

use std::fmt::Write as _;
use std::path::Path;

use super::grid::Sampled;
use super::results::replace;
use crate::error::Error;
use crate::mesh::{Field, FieldValues, Grid};
use crate::solution::{Array, Solution};

/// Writes the fields at the end, and at all frames of a transient problem. On a mesh, cells have fields of their own, and
/// `boundary.vtu` has the facets with the numbers and names of their boundaries.
///
/// # Errors
/// A file that cannot be written.
pub fn write_fields(solution: &Solution<'_>, folder: &Path) -> Result<(), Error> {
    let problem = solution.problem;
    let output = &problem.file.output;
    let grid = Sampled::new(problem.shape.as_ref(), output.cells);
    let end = f64::from(u8::from(problem.transient()));
    write(solution, &grid, end, &folder.join("solution.vtu"))?;
    if let Some((mesh, scale)) = problem.shape.mesh() {
        let (surface, _) = mesh.surface_grid(scale);
        let samples = surface.points.clone();
        let surface = Sampled { grid: surface, samples };
        replace(
            &folder.join("boundary.vtu"),
            &with_fields(solution, &surface, end).vtu(),
        )?;
    }
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

fn write(solution: &Solution<'_>, sampled: &Sampled, time: f64, path: &Path) -> Result<(), Error> {
    let mut grid = with_fields(solution, sampled, time);
    if let Some((mesh, scale)) = solution.problem.shape.mesh() {
        let points: Vec<[f64; 4]> = mesh
            .centres()
            .into_iter()
            .map(|x| [x[0] * scale, x[1] * scale, x[2] * scale, time])
            .collect();
        grid.cell_fields.extend(solution.arrays(&points).into_iter().map(field));
    }
    replace(path, &grid.vtu())
}

/// The grid in m with the fields at its points, the title, the units and the time.
fn with_fields(solution: &Solution<'_>, sampled: &Sampled, time: f64) -> Grid {
    let problem = solution.problem;
    let points: Vec<[f64; 4]> = sampled.samples.iter().map(|x| [x[0], x[1], x[2], time]).collect();
    let arrays = solution.arrays(&points);
    let mut grid = sampled.grid.clone();
    let length = problem.scales.length;
    grid.points.iter_mut().flatten().for_each(|v| *v *= length);
    let mut units = vec!["points [m]".to_string()];
    units.extend(arrays.iter().map(|array| format!("{} [{}]", array.name, array.unit)));
    grid.strings.push(("title".into(), vec![problem.file.title.clone()]));
    grid.strings.push(("units".into(), units));
    if problem.transient() {
        grid.numbers
            .push(("TimeValue".into(), vec![time * problem.scales.time]));
    }
    grid.point_fields = arrays.into_iter().map(field).collect();
    grid
}

fn field(array: Array) -> Field {
    Field {
        name: array.name.into(),
        components: array.components,
        values: FieldValues::Real(array.values),
    }
}

//! VTK files for ParaView: `solution.vtu`, and a time series with `solution.pvd`.

use std::fmt::Write as _;
use std::path::Path;

use super::grid::Sampled;
use super::results::replace;
use crate::error::Error;
use crate::mesh::{Field, FieldValues, Grid};
use crate::solution::{Array, Solution};

/// Writes the fields at the end, and at all frames of a transient problem, at points and in cells; `boundary.vtu` has the
/// boundaries and the surfaces between regions, with their numbers and names.
///
/// # Errors
/// A file that cannot be written.
pub fn write_fields(solution: &Solution<'_>, folder: &Path) -> Result<(), Error> {
    let problem = solution.problem;
    let output = &problem.file.output;
    let sampled = Sampled::new(problem.model.shape.as_ref(), output.cells);
    let end = f64::from(u8::from(problem.model.transient));
    write(solution, &sampled, end, &folder.join("solution.vtu"))?;
    let (surface, samples) = sampled.surface();
    replace(
        &folder.join("boundary.vtu"),
        &with_fields(solution, surface, &samples, end).vtu(),
    )?;
    if !problem.model.transient || output.frames == 0 {
        return Ok(());
    }
    let frames = folder.join("frames");
    std::fs::create_dir_all(&frames).map_err(Error::file("create", &frames))?;
    let mut collection =
        String::from("<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\">\n<Collection>\n");
    for frame in 0..output.frames {
        let time = frame as f64 / (output.frames - 1).max(1) as f64;
        let name = format!("frames/solution_{frame:04}.vtu");
        write(solution, &sampled, time, &folder.join(&name))?;
        let seconds = time * problem.scales.time;
        let _ = writeln!(
            collection,
            "<DataSet timestep=\"{seconds}\" part=\"0\" file=\"{name}\"/>"
        );
    }
    collection.push_str("</Collection>\n</VTKFile>\n");
    replace(&folder.join("solution.pvd"), collection.as_bytes())
}

fn write(solution: &Solution<'_>, sampled: &Sampled<'_>, time: f64, path: &Path) -> Result<(), Error> {
    let (grid, samples, middles) = sampled.cells();
    let mut grid = with_fields(solution, grid, &samples, time);
    let arrays = solution.arrays(&at_time(&middles, time));
    grid.cell_fields.extend(arrays.into_iter().map(field));
    replace(path, &grid.vtu())
}

fn at_time(places: &[[f64; 3]], time: f64) -> Vec<[f64; 4]> {
    places.iter().map(|x| [x[0], x[1], x[2], time]).collect()
}

/// The grid in m with the fields at its points, the title, the units and the time.
fn with_fields(solution: &Solution<'_>, mut grid: Grid, samples: &[[f64; 3]], time: f64) -> Grid {
    let problem = solution.problem;
    let arrays = solution.arrays(&at_time(samples, time));
    let length = problem.scales.length;
    grid.points.iter_mut().flatten().for_each(|v| *v *= length);
    let mut units = vec!["points [m]".to_string()];
    units.extend(arrays.iter().map(|array| format!("{} [{}]", array.name, array.unit)));
    grid.strings.push(("title".into(), vec![problem.file.title.clone()]));
    grid.strings.push(("units".into(), units));
    if problem.model.transient {
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

//! `pinn new`: commented starter files, the same that are shipped in problems/.

use std::io::Write;
use std::path::PathBuf;

use super::{Exit, print};
use crate::error::Error;

/// What a new problem starts from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Template {
    /// Plane elasticity: a clamped beam with an end load
    Beam,
    /// Plane elasticity with symmetry planes and pressure: a quarter of a pipe
    Cylinder,
    /// Three-dimensional elasticity
    Cube,
    /// Steady heat conduction with convection
    Heat,
    /// Transient heat conduction
    Transient,
    /// Poisson's equation with a source
    Poisson,
    /// Two materials, divided by a condition on the position
    Materials,
    /// Two materials on a mesh, which is written beside the file with its Gmsh source
    Mesh,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Self::Beam => include_str!("../../problems/beam.ron"),
            Self::Cylinder => include_str!("../../problems/thick_cylinder.ron"),
            Self::Cube => include_str!("../../problems/cube.ron"),
            Self::Heat => include_str!("../../problems/fin.ron"),
            Self::Transient => include_str!("../../problems/rod.ron"),
            Self::Poisson => include_str!("../../problems/poisson.ron"),
            Self::Materials => include_str!("../../problems/layered_plate.ron"),
            Self::Mesh => include_str!("mesh_template.ron"),
        }
    }

    /// The files that it needs beside it: what their names end in, and what is in them.
    fn companions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Mesh => &[
                ("geo", include_str!("../../meshes/heat_sink.geo")),
                ("msh", include_str!("../../meshes/heat_sink.msh")),
            ],
            _ => &[],
        }
    }
}

/// Writes NAME.ron and what it needs beside it, never over an existing file.
pub(super) fn run(name: &str, template: Template) -> Result<Exit, Error> {
    let path = PathBuf::from(if name.ends_with(".ron") {
        name.into()
    } else {
        format!("{name}.ron")
    });
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let text = template.text().replace("NAME", &stem);
    let companions = template.companions().iter();
    let mut files = vec![(path.clone(), text)];
    files.extend(companions.map(|(ending, text)| {
        (
            path.with_extension(ending),
            text.replace("heat_sink.", &format!("{stem}.")),
        )
    }));
    if let Some((taken, _)) = files.iter().find(|(path, _)| path.exists()) {
        let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Error::file("create", taken)(exists));
    }
    for (path, text) in &files {
        let mut file = std::fs::File::create_new(path).map_err(Error::file("create", path))?;
        file.write_all(text.as_bytes()).map_err(Error::file("write", path))?;
    }
    let written: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    print(&format!(
        "wrote {}; next: pinn solve {}\n",
        written.join(", "),
        path.display()
    ));
    Ok(Exit::Solved)
}

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
        }
    }
}

/// Writes NAME.ron, never over an existing file.
pub(super) fn run(name: &str, template: Template) -> Result<Exit, Error> {
    let path = PathBuf::from(if name.ends_with(".ron") {
        name.into()
    } else {
        format!("{name}.ron")
    });
    let mut file = std::fs::File::create_new(&path).map_err(Error::file("create", &path))?;
    file.write_all(template.text().as_bytes())
        .map_err(Error::file("write", &path))?;
    print(&format!(
        "wrote {}; next: pinn solve {}\n",
        path.display(),
        path.display()
    ));
    Ok(Exit::Solved)
}

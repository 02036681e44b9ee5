//! What the user asks for, and what it changes in the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::batch::Batch;
use crate::device::Device;
use crate::error::Error;
use crate::network::{NetworkKind, RandomFeatures};
use crate::problem::{Memory, ProblemFile};
use crate::training::{LastLayer, StageKind};

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The problem file, or the results folder of an interrupted run.
    pub source: Source,
    /// Where the run computes.
    pub device: Device,
    /// Where results go; `results/<stem>` without it.
    pub out: Option<PathBuf>,
    /// What replaces the file's settings.
    pub settings: Settings,
    /// A few steps on few points, to see that everything works.
    pub quick: bool,
    /// Time between checkpoints.
    pub checkpoint: Duration,
}

/// Where a run comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A problem file.
    File(PathBuf),
    /// The results folder of a run that was interrupted.
    Folder(PathBuf),
}

/// Numerics from the command line.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Replaces the file's seed.
    pub seed: Option<u64>,
    /// Replaces the file's batch size.
    pub batch: Option<Batch>,
    /// Replaces the file's number of interior points.
    pub points: Option<usize>,
    /// Replaces the file's memory limit, after the file was checked.
    pub memory: Option<Memory>,
}

/// Applies the command line to the file: numerics only, never physics.
///
/// # Errors
/// A batch that is larger than the point set.
pub fn adjust(file: &mut ProblemFile, settings: &Settings) -> Result<(), Error> {
    if let Some(seed) = settings.seed {
        file.seed = seed;
    }
    if let Some(points) = settings.points {
        file.points.interior = points;
    }
    if let Some(batch) = &settings.batch {
        if let Batch::Size(size) = batch
            && *size > file.points.interior
        {
            return Err(Error::Argument {
                message: format!(
                    "`--batch {size}` is greater than the {} interior points",
                    file.points.interior
                ),
                hint: "use `--batch full` for the full batch".into(),
            });
        }
        file.points.batch = Some(batch.clone());
    }
    Ok(())
}

/// Makes a file one of a few steps on few points.
pub fn shorten(file: &mut ProblemFile) {
    let points = &mut file.points;
    points.interior = points.interior.min(256);
    points.boundary = points.boundary.min(128);
    match &mut points.batch {
        Some(Batch::Size(size)) => *size = (*size).min(128),
        Some(Batch::Sizes(sizes)) => sizes.values_mut().for_each(|size| *size = (*size).min(16)),
        _ => {}
    }
    if let crate::batch::Draw::Strata(strata) = &mut points.draw {
        strata.by = strata.by.fewer();
    }
    file.output.cells = file.output.cells.min(400);
    file.output.frames = file.output.frames.min(2);
    file.output.check_points = file.output.check_points.min(1000);
    match (&mut file.network, &mut file.training) {
        (_, Some(stages)) => *stages = stages.iter().map(|stage| stage.quick(10)).collect(),
        (Some(_), None) => {}
        (network, training) => {
            *network = Some(NetworkKind::RandomFeatures(RandomFeatures {
                width: 64,
                ..RandomFeatures::default()
            }));
            *training = Some(vec![StageKind::LastLayer(LastLayer::default())]);
        }
    }
}

/// `results/<stem>`.
pub fn default_folder(file: &Path) -> PathBuf {
    Path::new("results").join(file.file_stem().unwrap_or_default())
}

//! `pinn memory`: every setting in a process of its own.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use super::{Exit, complain, print};
use crate::budget::{check_memory, check_plans};
use crate::device::Device;
use crate::error::{Error, bytes};
use crate::memory::{Measurement, Setting, measure};
use crate::output::{Axis, Corner, Curve, Plot, Style, peak_memory};
use crate::problem;
use crate::solve::{Settings, adjust, default_folder};

/// What `pinn memory` takes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct MemoryArguments {
    /// Problem file
    file: PathBuf,
    /// What is compared: numbers of interior points per step, `full`, `naive` (all activations at once), `naive:N`, `lbfgs`
    /// [default: 256,1024,4096,full,lbfgs,naive:1024,naive as far as there are points]
    #[arg(long, value_delimiter = ',')]
    batch: Option<Vec<Setting>>,
    /// Interior points [default: the file's]
    #[arg(long)]
    points: Option<usize>,
    /// Passes over all points that every setting does
    #[arg(long, default_value_t = 1.0)]
    epochs: f64,
    /// Memory limit, for example "512 MiB" [default: the file's]
    #[arg(long, value_parser = super::memory_limit)]
    memory: Option<problem::Memory>,
    /// Where to compute: cpu, ndarray, cuda or cuda:N, wgpu or wgpu:N
    #[arg(long, default_value = "cpu")]
    device: Device,
    /// Folder for memory.csv and memory.svg [default: results/<stem of FILE>]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measures the first setting in this process and prints the result for a program to read
    #[arg(long, hide = true)]
    probe: bool,
}

pub(super) fn run(arguments: &MemoryArguments) -> Result<Exit, Error> {
    let settings = Settings {
        points: arguments.points,
        ..Settings::default()
    };
    let empty = peak_memory().unwrap_or(0);
    let load = |setting: Setting| {
        let mut problem = problem::load(&arguments.file, |file| {
            adjust(file, &settings)?;
            let points = file.points.interior;
            let steps = arguments.epochs * points as f64 / setting.batch(points) as f64;
            setting.apply(file, steps.ceil().max(1.0) as usize);
            Ok(())
        })?;
        check_plans(&problem)?;
        if arguments.memory.is_some() {
            problem.file.memory.clone_from(&arguments.memory);
        }
        Ok::<_, Error>(problem)
    };
    if let (true, Some([setting])) = (arguments.probe, arguments.batch.as_deref()) {
        let measured = measure(load(*setting)?, arguments.device, empty)?;
        let text = serde_json::to_string(&measured).unwrap_or_default();
        print(&format!("{text}\n"));
        return Ok(Exit::Solved);
    }
    arguments.device.probe()?;
    let points = {
        let problem = load(Setting::Full)?;
        problem.point_sets(&problem.attempts[0])[0].len()
    };
    let settings = match &arguments.batch {
        Some(settings) => {
            for setting in settings {
                if setting.size() > Some(points) {
                    return Err(Error::Argument {
                        message: format!("`--batch {setting}` is greater than the {points} interior points"),
                        hint: "use `full` for all points".into(),
                    });
                }
            }
            settings.clone()
        }
        None => [256, 1024, 4096]
            .into_iter()
            .map(Setting::Batch)
            .chain([
                Setting::Full,
                Setting::Lbfgs,
                Setting::Naive(Some(1024)),
                Setting::Naive(None),
            ])
            .filter(|setting| setting.size() <= Some(points))
            .collect(),
    };
    let mut table = Vec::new();
    for setting in settings {
        // What does not fit must not cost what was measured.
        let measured = load(setting)
            .and_then(|problem| check_memory(&problem, &problem.attempts[0]))
            .and_then(|_| probe(arguments, setting));
        match measured {
            Ok(measured) => table.push((setting, measured)),
            Err(error) => complain(&error),
        }
    }
    if table.is_empty() {
        return Ok(Exit::Failed);
    }
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.file));
    write(&folder, &table, points)?;
    print(&format!(
        "{}  table and plot in {}\n",
        describe(&table, points),
        folder.display()
    ));
    Ok(Exit::Solved)
}

/// Measures one setting in a child process.
fn probe(arguments: &MemoryArguments, setting: Setting) -> Result<Measurement, Error> {
    let failed = |reason: String| Error::Argument {
        message: format!("the setting `{setting}` could not be measured: {reason}"),
        hint: "leave it out of `--batch`, or take fewer `--points`".into(),
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.arg("memory").arg(&arguments.file).arg("--probe");
    command.args(["--batch", &setting.to_string()]);
    command.args(["--device", &arguments.device.to_string()]);
    command.args(["--epochs", &arguments.epochs.to_string()]);
    if let Some(points) = arguments.points {
        command.args(["--points", &points.to_string()]);
    }
    if let Some(memory) = &arguments.memory {
        command.args(["--memory", &memory.0]);
    }
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{}; {}", output.status, said.trim())));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

fn describe(table: &[(Setting, Measurement)], points: usize) -> String {
    let mut text = format!("{points} interior points\n");
    let _ = writeln!(
        text,
        "  {:<12} {:>8} {:>12} {:>12} {:>12} {:>12} {:>12} {:>8} {:>12}",
        "batch", "N/B", "activations", "points", "peak", "predicted", "time/step", "steps", "loss"
    );
    for (setting, m) in table {
        let _ = writeln!(
            text,
            "  {:<12} {:>8.1} {:>12} {:>12} {:>12} {:>12} {:>9.3} ms {:>8} {:>12.4e}",
            setting.to_string(),
            points as f64 / setting.batch(points) as f64,
            bytes(m.activations),
            bytes(m.points),
            bytes(m.peak.saturating_sub(m.empty)),
            bytes(m.predicted.saturating_sub(m.empty)),
            1e3 * m.step,
            m.steps,
            m.loss
        );
    }
    let find = |wanted: Setting| table.iter().find(|(setting, _)| *setting == wanted);
    if let Some((_, naive)) = find(Setting::Naive(None)) {
        for (setting, m) in table {
            let size = setting.batch(points);
            if size < points {
                let (measured, ratio) = (
                    naive.activations as f64 / m.activations as f64,
                    points as f64 / size as f64,
                );
                let _ = writeln!(
                    text,
                    "  naive full batch against {setting}: {measured:.1} times the activations, {:.2}·N/B",
                    measured / ratio
                );
            }
        }
    }
    let _ = writeln!(
        text,
        "  peak and predicted are resident memory above the empty process ({})",
        bytes(table.first().map_or(0, |(_, m)| m.empty))
    );
    text
}

fn write(folder: &std::path::Path, table: &[(Setting, Measurement)], points: usize) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    let mut csv = String::from(
        "setting,batch,points,activation_bytes,point_bytes,peak_bytes,empty_bytes,predicted_bytes,seconds_per_step,steps,points_seen,loss\n",
    );
    for (setting, m) in table {
        csv.push_str(&format!(
            "{setting},{},{points},{},{},{},{},{},{:e},{},{},{:e}\n",
            setting.batch(points),
            m.activations,
            m.points,
            m.peak,
            m.empty,
            m.predicted,
            m.step,
            m.steps,
            m.seen,
            m.loss
        ));
    }
    let path = folder.join("memory.csv");
    std::fs::write(&path, csv).map_err(Error::file("write", &path))?;
    let curve = |name: &str, colour: usize, naive: bool, pick: fn(&Measurement) -> u64| Curve {
        colour,
        name: name.into(),
        points: table
            .iter()
            .filter(|(setting, _)| matches!(setting, Setting::Naive(_)) == naive && *setting != Setting::Lbfgs)
            .map(|(setting, m)| (setting.batch(points) as f64, pick(m) as f64 / (1 << 20) as f64))
            .collect(),
        style: Style::MarkedLine,
    };
    let activations: fn(&Measurement) -> u64 = |m| m.activations;
    let peak: fn(&Measurement) -> u64 = |m| m.peak.saturating_sub(m.empty);
    if table.iter().all(|(setting, _)| *setting == Setting::Lbfgs) {
        return Ok(());
    }
    Plot {
        title: format!("Memory of a first-order step, {points} interior points"),
        x: Axis {
            label: "interior points per step B".into(),
        },
        y: Axis { label: "MiB".into() },
        curves: vec![
            curve("activations", 0, false, activations),
            curve("peak of the process", 1, false, peak),
            curve("activations, naive", 2, true, activations),
            curve("peak of the process, naive", 3, true, peak),
        ],
        legend: Corner::UpperLeft,
    }
    .write(&folder.join("memory.svg"))
}

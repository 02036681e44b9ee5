//! The command line.

mod check;
mod list;
mod memory;
mod new;
mod noise;
mod progress;
mod solve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::batch::{Batch, Whole};
use crate::device::Device;
use crate::error::Error;
use crate::problem::Memory;

/// Solves elasticity and diffusion problems with physics-informed neural networks.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  pinn solve problems/beam.ron\n  pinn solve problems/plate.ron --seed 1 --out runs/plate-1\n  pinn solve --resume results/beam\n  pinn memory problems/poisson.ron --points 200000\n  pinn noise problems/poisson.ron\n  pinn check problems/*.ron\n  pinn list conditions\n  pinn new bracket --template beam",
    after_long_help = "Examples:\n  pinn solve problems/beam.ron\n  pinn solve problems/plate.ron --seed 1 --out runs/plate-1\n  pinn solve --resume results/beam\n  pinn memory problems/poisson.ron --points 200000\n  pinn noise problems/poisson.ron\n  pinn check problems/*.ron\n  pinn list conditions\n  pinn new bracket --template beam\n\nExit codes: 0 solved; 1 ran but missed the tolerance of the file, left forces, moments, heat or energy out of balance by more than 1 %, or was interrupted; 2 bad input or failed run."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Solve a problem file and write fields for ParaView
    Solve(SolveArguments),
    /// Check problem files and print what would be solved
    Check {
        /// Problem files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Measure how noisy batch gradients are, what a step costs, and which batch follows from both
    Noise(noise::NoiseArguments),
    /// Compare memory and time of mini-batches and full batches, each in a process of its own
    Memory(memory::MemoryArguments),
    /// List the kinds that a problem file can name, with their fields
    List {
        /// Only these kinds
        #[arg(value_enum)]
        kinds: Option<list::Kinds>,
    },
    /// Write a commented starter file NAME.ron
    New {
        /// Name of the new problem
        name: String,
        /// What to start from
        #[arg(long, value_enum, default_value_t = new::Template::Beam)]
        template: new::Template,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What `pinn solve` takes; options override numerics, never physics.
#[derive(Debug, clap::Args)]
struct SolveArguments {
    /// Problem file
    #[arg(required_unless_present = "resume")]
    file: Option<PathBuf>,
    /// Go on with the run whose results are in this folder, from its last checkpoint
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "out", "seed", "batch", "points", "memory", "quick", "device"])]
    resume: Option<PathBuf>,
    /// Where to compute: cpu, ndarray, cuda or cuda:N, wgpu or wgpu:N
    #[arg(long, default_value = "cpu")]
    device: Device,
    /// Folder for the results [default: results/<stem of FILE>]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Seed of every random number [default: the file's]
    #[arg(long)]
    seed: Option<u64>,
    /// Interior points per first-order step: a number, `full`, `naive` or `auto` [default: the file's]
    #[arg(long, value_parser = batch)]
    batch: Option<Batch>,
    /// Interior points [default: the file's]
    #[arg(long)]
    points: Option<usize>,
    /// Largest resident memory, for example "512 MiB" [default: the file's]
    #[arg(long, value_parser = memory_limit)]
    memory: Option<Memory>,
    /// Seconds between checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    checkpoint: f64,
    /// A few steps on few points, to see that everything works
    #[arg(long)]
    quick: bool,
}

fn batch(text: &str) -> Result<Batch, String> {
    match text {
        "full" => Ok(Batch::All(Whole::Full)),
        "naive" => Ok(Batch::All(Whole::Naive)),
        "auto" => Ok(Batch::All(Whole::Auto)),
        _ => match text.parse() {
            Ok(0) => Err("a batch has at least 1 point".into()),
            Ok(size) => Ok(Batch::Size(size)),
            Err(_) => Err("expected a number of points, `full`, `naive` or `auto`".into()),
        },
    }
}

fn memory_limit(text: &str) -> Result<Memory, String> {
    let memory = Memory(text.into());
    match memory.bytes() {
        Some(_) => Ok(memory),
        None => Err("expected a number with a unit, for example \"512 MiB\"".into()),
    }
}

/// How the process ends.
enum Exit {
    /// Everything asked for was done.
    Solved,
    /// The run ended, but missed its tolerance, is out of balance, or was interrupted.
    Missed,
    /// The run diverged.
    Failed,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Solve(arguments) => solve::run(arguments),
        Command::Check { files } => check::run(&files),
        Command::Noise(arguments) => noise::run(&arguments),
        Command::Memory(arguments) => memory::run(&arguments),
        Command::List { kinds } => list::run(kinds),
        Command::New { name, template } => new::run(&name, template),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "pinn", &mut std::io::stdout());
            Ok(Exit::Solved)
        }
    };
    match result {
        Ok(Exit::Solved) => ExitCode::SUCCESS,
        Ok(Exit::Missed) => ExitCode::from(1),
        Ok(Exit::Failed) => ExitCode::from(2),
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is where errors are printed")]
fn complain(error: &Error) {
    eprint!("{error}");
}

#[expect(clippy::print_stdout, reason = "this is where results are printed")]
fn print(text: &str) {
    print!("{text}");
}

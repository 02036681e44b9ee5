//! The command line.

mod check;
mod list;
mod new;
mod progress;
mod solve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::device::Device;
use crate::error::Error;
use crate::problem::{Batch, Full};

/// Solves elasticity and diffusion problems with physics-informed neural networks.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  pinn solve problems/beam.ron\n  pinn solve problems/plate.ron --seed 1 --out runs/plate-1\n  pinn check problems/*.ron\n  pinn list conditions\n  pinn new bracket --template beam",
    after_long_help = "Examples:\n  pinn solve problems/beam.ron\n  pinn solve problems/plate.ron --seed 1 --out runs/plate-1\n  pinn check problems/*.ron\n  pinn list conditions\n  pinn new bracket --template beam\n\nExit codes: 0 solved; 1 ran but missed the tolerance of the file or was interrupted; 2 bad input or failed run."
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
    file: PathBuf,
    /// Where to compute: cpu, ndarray, cuda or cuda:N
    #[arg(long, default_value = "cpu")]
    device: Device,
    /// Folder for the results [default: results/<stem of FILE>]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Seed of every random number [default: the file's]
    #[arg(long)]
    seed: Option<u64>,
    /// Interior points per first-order step, a number or `full` [default: the file's]
    #[arg(long, value_parser = batch)]
    batch: Option<Batch>,
    /// A few steps on few points, to see that everything works
    #[arg(long)]
    quick: bool,
}

fn batch(text: &str) -> Result<Batch, String> {
    match text {
        "full" => Ok(Batch::All(Full::Full)),
        _ => match text.parse() {
            Ok(0) => Err("a batch has at least 1 point".into()),
            Ok(size) => Ok(Batch::Size(size)),
            Err(_) => Err("expected a number of points or `full`".into()),
        },
    }
}

/// How the process ends.
enum Exit {
    /// Everything asked for was done.
    Solved,
    /// The run ended, but missed its tolerance or was interrupted.
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

//! `pinn noise`

use std::fmt::Write;
use std::path::PathBuf;

use super::{Exit, print};
use crate::budget::check_plans;
use crate::error::Error;
use crate::noise::{Report, measure};
use crate::problem;
use crate::solve::{Settings, adjust, default_folder};

/// What `pinn noise` takes.
#[derive(Debug, clap::Args)]
pub(super) struct NoiseArguments {
    /// Problem file
    file: PathBuf,
    /// Steps of the first stage after which the noise is measured
    #[arg(long, value_delimiter = ',', default_value = "0,100,500")]
    at: Vec<usize>,
    /// Relative error of the gradient that is asked for
    #[arg(long, default_value_t = 0.5)]
    epsilon: f64,
    /// Probability with which it may be exceeded
    #[arg(long, default_value_t = 0.1)]
    delta: f64,
    /// Interior points [default: the file's]
    #[arg(long)]
    points: Option<usize>,
    /// Seed of every random number [default: the file's]
    #[arg(long)]
    seed: Option<u64>,
    /// Folder for noise.csv, noise_moments.csv and noise.svg [default: results/<stem of FILE>]
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &NoiseArguments) -> Result<Exit, Error> {
    let NoiseArguments { epsilon, delta, .. } = arguments;
    for (name, value, bound) in [("epsilon", *epsilon, f64::INFINITY), ("delta", *delta, 1.0)] {
        if !(value > 0.0 && value < bound) {
            return Err(Error::Argument {
                message: format!("`--{name} {value}` must be greater than 0 and smaller than {bound}"),
                hint: "for example `--epsilon 0.5 --delta 0.1`".into(),
            });
        }
    }
    let settings = Settings {
        seed: arguments.seed,
        points: arguments.points,
        ..Settings::default()
    };
    let problem = problem::load(&arguments.file, |file| adjust(file, &settings))?;
    check_plans(&problem)?;
    let title = problem.file.title.clone();
    let report = measure(problem, &arguments.at)?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.file));
    report.write(&folder, &title, *epsilon, *delta)?;
    print(&format!(
        "{}  table and plot in {}\n",
        describe(&title, &report, *epsilon, *delta),
        folder.display()
    ));
    Ok(Exit::Solved)
}

fn describe(title: &str, report: &Report, epsilon: f64, delta: f64) -> String {
    let mut text = format!("{title}\n");
    for note in &report.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    let _ = writeln!(
        text,
        "  step time {:.3} ms + {:.3} us per interior point; learning rate {}, batch {} of {}, noise temperature {:.1e}",
        1e3 * report.fixed,
        1e6 * report.per_point,
        report.rate,
        report.batch,
        report.points,
        report.temperature()
    );
    let _ = writeln!(
        text,
        "\n  {:>6} {:>10} {:>10} {:>11} {:>10} {:>12} {:>10} {:>11} {:>9} {:>9}",
        "step",
        "|g|^2",
        "trace",
        "noise scale",
        "best batch",
        "Chebyshev B",
        "Gaussian B",
        "directions",
        "exponent",
        "shuffled"
    );
    for moment in &report.moments {
        let needed = report.needed(moment, epsilon, delta);
        let _ = writeln!(
            text,
            "  {:>6} {:>10.2e} {:>10.2e} {:>11.1} {:>10.0} {:>12.3e} {:>10.3e} {:>11.1} {:>9.3} {:>9.3}",
            moment.step,
            moment.square,
            moment.trace,
            moment.scale(),
            report.optimal(moment),
            needed[0],
            needed[1],
            moment.freedom,
            moment.exponents[0],
            moment.exponents[1]
        );
    }
    let _ = writeln!(
        text,
        "  noise scale = trace/|g|^2; Chebyshev and Gaussian B keep the gradient within {epsilon}·|g| with probability {}",
        1.0 - delta
    );
    for moment in &report.moments {
        let _ = writeln!(
            text,
            "\n  step {}: variance of the gradient   between points {:.2e}, within jitter {:.2e}",
            moment.step, moment.jitter[0], moment.jitter[1]
        );
        if let Some([own, plain]) = moment.drawn {
            let _ = writeln!(
                text,
                "  batches of {} as the file draws them {own:.2e}, shuffled {plain:.2e}: {:.2} times the variance",
                report.batch,
                own / plain
            );
        }
        let _ = writeln!(
            text,
            "  {:>8} {:>16} {:>12} {:>12} {:>12}",
            "B", "with replacement", "law", "shuffled", "law"
        );
        for v in &moment.variances {
            let _ = writeln!(
                text,
                "  {:>8} {:>16.3e} {:>12.3e} {:>12.3e} {:>12.3e}",
                v.batch, v.replaced, v.law, v.shuffled, v.shuffled_law
            );
        }
    }
    text
}

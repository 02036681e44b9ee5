//! `pinn solve`

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::progress::Bar;
use super::{Exit, SolveArguments, print};
use crate::error::{Error, bytes};
use crate::output::{Summary, Verdict};
use crate::solution::{BALANCE_LIMIT, CAPTURED, Warning};
use crate::solve::{Outcome, Request, Settings, Source, solve};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(super) fn run(arguments: SolveArguments) -> Result<Exit, Error> {
    // The first Ctrl-C ends the run at its next step, the second one at once.
    let handler = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    debug_assert!(handler.is_ok(), "the handler is set once");
    let source = match (arguments.resume, arguments.file) {
        (Some(folder), _) => Source::Folder(folder),
        (None, Some(file)) => Source::File(file),
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    let checkpoint = Duration::try_from_secs_f64(arguments.checkpoint).map_err(|_| Error::Argument {
        message: format!("`--checkpoint {}` is not a time in seconds", arguments.checkpoint),
        hint: "0 saves at every step".into(),
    })?;
    let request = Request {
        source,
        device: arguments.device,
        out: arguments.out,
        settings: Settings {
            seed: arguments.seed,
            batch: arguments.batch,
            points: arguments.points,
            memory: arguments.memory,
        },
        quick: arguments.quick,
        checkpoint,
    };
    let mut bar = Bar::new();
    let outcome = solve(&request, &INTERRUPTED, &mut bar)?;
    bar.finish();
    print(&report(&outcome));
    warn(&outcome.summary.warnings);
    Ok(match outcome.summary.verdict {
        Verdict::Solved | Verdict::Unjudged => Exit::Solved,
        Verdict::Missed | Verdict::Unbalanced | Verdict::Unknown | Verdict::Unsettled | Verdict::Unfinished => {
            Exit::Missed
        }
        Verdict::Failed => Exit::Failed,
    })
}

#[expect(clippy::print_stderr, reason = "warnings belong on stderr")]
fn warn(warnings: &[Warning]) {
    for warning in warnings {
        eprint!("{warning}");
    }
}

/// A coordinate to nine digits: back in SI units it has a rounding error.
fn short(x: f64) -> String {
    format!("{x:.8e}").parse::<f64>().unwrap_or(x).to_string()
}

/// The verdict in words.
fn judgement(summary: &Summary) -> &'static str {
    match summary.verdict {
        Verdict::Solved => "solved",
        Verdict::Missed => "missed its tolerance",
        Verdict::Unbalanced => "out of balance",
        Verdict::Unknown => "unknown, the balances cannot be told",
        Verdict::Unsettled => "unsettled, more features or points would change it",
        Verdict::Unfinished => "unfinished",
        Verdict::Failed => "failed",
        Verdict::Unjudged if summary.quick => "not judged with --quick",
        Verdict::Unjudged => {
            "not judged: the file states no `tolerance` with a `reference`; balances, residuals and estimated errors are in order"
        }
    }
}

/// The final table.
fn report(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let mut text = String::new();
    let _ = writeln!(text, "{}", summary.title);
    for stage in &summary.stages {
        let _ = writeln!(
            text,
            "  {:<12} {:>6} steps {:>8.1} s   loss {:.2e}   {}{}",
            stage.stage,
            stage.steps,
            stage.seconds,
            stage.loss,
            stage.stop,
            stage.form.as_ref().map_or(String::new(), |form| format!("   ({form})"))
        );
    }
    if let Some(errors) = &summary.errors {
        let limits = outcome
            .tolerance
            .map_or([None, None], |(field, flux)| [Some(field), flux]);
        for ((name, value), limit) in outcome.norms.iter().zip([errors.field_l2, errors.flux_l2]).zip(limits) {
            let judged = match limit {
                Some(limit) if summary.quick => {
                    format!("   (tolerance {limit:.1e}, not judged with --quick)")
                }
                Some(limit) if value <= limit => format!("   (tolerance {limit:.1e}, met)"),
                Some(limit) => format!("   (tolerance {limit:.1e}, MISSED)"),
                None => String::new(),
            };
            let _ = writeln!(
                text,
                "  {:<34} {value:.2e}{judged}",
                format!("{name}, relative L2 error")
            );
        }
        let _ = writeln!(text, "  {:<34} {:.2e}", "energy norm, relative error", errors.energy);
        let _ = writeln!(text, "  {:<34} {:.2e}", "H1 seminorm, relative error", errors.h1);
        for (name, value) in outcome.norms.iter().zip([errors.field_max, errors.flux_max]) {
            let _ = writeln!(text, "  {:<34} {value:.2e}", format!("{name}, largest error"));
        }
    }
    if let Some(comparison) = &summary.comparison {
        let name = format!("{}, off {} known values", outcome.norms[0], comparison.values);
        let value = comparison.relative_l2;
        let judged = match outcome.tolerance {
            Some((limit, _)) if summary.quick => format!("   (tolerance {limit:.1e}, not judged with --quick)"),
            Some((limit, _)) if value <= limit => format!("   (tolerance {limit:.1e}, met)"),
            Some((limit, _)) => format!("   (tolerance {limit:.1e}, MISSED)"),
            None => String::new(),
        };
        let _ = writeln!(text, "  {name:<34} {value:.2e}{judged}");
        let _ = writeln!(text, "  {:<34} {:.2e}", "largest difference", comparison.largest);
    }
    if let Some(estimate) = &summary.estimate {
        let share = match estimate.captured {
            share if share < CAPTURED => format!("   (at least: it explains {:.0} % of the residual)", 100.0 * share),
            _ => String::new(),
        };
        for (name, value) in outcome.norms.iter().zip([estimate.field_l2, estimate.flux_l2]) {
            let _ = writeln!(text, "  {:<34} {value:.2e}{share}", format!("{name}, estimated error"));
        }
    }
    if let Some(change) = summary.potential.as_ref().and_then(|potential| potential.change) {
        let _ = writeln!(text, "  {:<34} {change:.2e}", "energy norm, change by attempts");
    }
    for probe in &summary.probes {
        let list = |values: &[f64]| {
            let digits: Vec<String> = values.iter().map(|v| format!("{v:.6e}")).collect();
            digits.join(" ")
        };
        let place: Vec<String> = probe.place.iter().map(|x| short(*x)).collect();
        let readings = probe.readings.iter().take(1);
        let shown: Vec<String> = readings
            .map(|reading| format!("{} {} {}", reading.name, list(&reading.values), reading.unit))
            .collect();
        let _ = writeln!(
            text,
            "  {:<34} {}",
            format!("at ({})", place.join(", ")),
            shown.join("   ")
        );
    }
    for balance in summary.balance.all() {
        let mut line = format!(
            "{:<34} {:.2e}",
            format!("imbalance of {}, relative", balance.quantity),
            balance.relative
        );
        if balance.integration_error > 0.1 * balance.relative {
            let _ = write!(line, " ± {:.0e}", balance.integration_error);
        }
        if !summary.quick && balance.beyond() {
            let _ = write!(line, "   (limit {BALANCE_LIMIT:.0e}, EXCEEDED)");
        } else if !summary.quick && balance.unknown() {
            let _ = write!(line, "   (limit {BALANCE_LIMIT:.0e}, UNKNOWN)");
        }
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(
        text,
        "  {:<34} {:.2e}",
        "residual on fresh points, relative", summary.residuals.held_out
    );
    let sharpness = summary.sharpness.largest_eigenvalue;
    let _ = writeln!(text, "  {:<34} {sharpness:.2e}", "largest eigenvalue of the Hessian");
    let memory = summary.peak_memory_bytes.map_or("unknown".into(), bytes);
    let _ = writeln!(
        text,
        "  {} parameters, {} points, {:.1} s, peak memory {memory}",
        summary.parameters,
        summary.terms.iter().map(|term| term.points).sum::<usize>(),
        summary.seconds
    );
    let times = &summary.times;
    let _ = writeln!(
        text,
        "  {:.2} s to the first step, {:.2} s in steps, {:.2} s for fields, {:.2} s for checks",
        times.start, times.steps, times.fields, times.checks
    );
    let _ = writeln!(text, "  verdict: {}", judgement(summary));
    let _ = writeln!(text, "  results in {}", outcome.folder.display());
    if summary.verdict == Verdict::Unfinished {
        let _ = writeln!(text, "  `pinn solve --resume {}` goes on", outcome.folder.display());
    }
    text
}

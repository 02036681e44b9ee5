//! Progress on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::solve::Progress;
use crate::training::Record;

/// Seconds between plain lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// Shows stage, step, loss, steps per second and time left.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    stage: &'static str,
    last: Instant,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self {
            bar: std::io::stderr().is_terminal().then(ProgressBar::hidden),
            stage: "",
            last: Instant::now(),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn begin(&mut self, record: &Record) {
        self.stage = record.stage;
        let Some(bar) = &mut self.bar else { return };
        bar.finish_and_clear();
        let style =
            ProgressStyle::with_template("{prefix:<12} {bar:30} {pos}/{len}  loss {msg}  {per_sec}  {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        *bar = ProgressBar::new(record.steps as u64)
            .with_style(style)
            .with_prefix(record.stage);
    }
}

#[expect(clippy::print_stderr, reason = "progress belongs on stderr")]
impl Progress for Bar {
    fn step(&mut self, record: &Record) {
        let new = self.stage != record.stage || record.step == 1;
        if new {
            self.begin(record);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(record.step as u64);
            bar.set_message(format!("{:.3e}", record.loss));
        } else if new || self.last.elapsed() >= INTERVAL || record.step == record.steps {
            self.last = Instant::now();
            eprintln!(
                "{} {}/{} loss {:.3e}",
                record.stage, record.step, record.steps, record.loss
            );
        }
    }

    fn note(&mut self, text: &str) {
        eprintln!("note: {text}");
    }
}

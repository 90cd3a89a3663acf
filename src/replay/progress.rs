//! Progress on standard error: a bar for a person, a line now and then for a log.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far one part of the work has come.
#[derive(Debug)]
pub(super) struct Progress {
    label: &'static str,
    total: u64,
    done: u64,
    started: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// Starts at nothing of `total`.
    pub(super) fn new(label: &'static str, total: u64) -> Self {
        let now = crate::types::clock::instant();
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
            let style = "{prefix:>9} [{bar:32}] {human_pos}/{human_len} {per_sec} {eta} left {msg}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .expect("the template is well formed")
                    .progress_chars("=> "),
            );
            bar.set_prefix(label);
            Shown::Bar(bar)
        } else {
            Shown::Lines { last: now }
        };
        Self { label, total, done: 0, started: now, shown }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.set(self.done + 1, "");
    }

    /// That many are done; `note` says what else is worth knowing.
    pub(super) fn set(&mut self, done: u64, note: &str) {
        self.done = done;
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_position(done);
                if bar.message() != note {
                    bar.set_message(note.to_owned());
                }
            }
            Shown::Lines { last } => {
                if last.elapsed() >= LINE_EVERY {
                    *last = crate::types::clock::instant();
                    self.line(note);
                }
            }
        }
    }

    fn line(&self, note: &str) {
        let lead = if note.is_empty() { "" } else { ", " };
        eprintln!(
            "{}: {} of {} after {} s{lead}{note}",
            self.label,
            self.done,
            self.total,
            self.started.elapsed().as_secs()
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines { .. } => self.line(""),
        }
    }
}

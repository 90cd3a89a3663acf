//! What the process says of itself: log lines, metrics, and how long orders take.

mod book;
mod jobs;
mod latency;
mod metrics;

use std::sync::Arc;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogFormat, Logs};

use book::Keeper;
pub use book::{LogBook, LogLine, NextLines, Wanted};
pub use latency::{Latencies, Quantiles};
pub use metrics::{Metrics, Sources};

/// The HTTP server's own name in logs.
const SERVER: &str = "actix_server";
/// The cron scheduler's, which tells of every step of its start.
const SCHEDULER: &str = "tokio_cron_scheduler";

/// Starts logging to standard error, and to a book of the last lines; standard output belongs to the one line that names
/// the address.
pub fn start_logs(logs: &Logs) -> Result<Arc<LogBook>, TryInitError> {
    // The settings were checked, so what cannot be read here was never read from them.
    let level: Targets = logs.level.parse().unwrap_or_default();
    // Its news of every start and stop are ours already.
    let quiet = [SERVER, SCHEDULER].into_iter().filter(|name| !logs.level.contains(name));
    let level = quiet.fold(level, |level, name| level.with_target(name, Level::WARN));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match logs.format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).boxed(),
    };
    let book = Arc::new(LogBook::default());
    let keeper = Keeper(Arc::clone(&book)).with_filter(Keeper::filter());
    tracing_subscriber::registry().with(lines.with_filter(level)).with(keeper).try_init()?;
    Ok(book)
}

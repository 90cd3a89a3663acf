//! The monotonic clock of the bench.

use std::time::{Duration, Instant};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures real time; the library's clock is not its business"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// How long ago that was.
pub(super) fn since(begun: Instant) -> Duration {
    now().saturating_duration_since(begun)
}

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

//! The only place that reads the time.

use std::cell::Cell;

use jiff::Timestamp;

thread_local! {
    /// Where a simulation holds this thread's clock.
    static HELD_MS: Cell<Option<i64>> = const { Cell::new(None) };
}

/// From now on it is this time on this thread, until it is told another.
pub(crate) fn hold(at_ms: i64) {
    HELD_MS.set(Some(at_ms));
}

/// Milliseconds since 1970, as the wall shows them.
pub(crate) fn now_ms() -> i64 {
    HELD_MS.get().unwrap_or_else(|| Timestamp::now().as_millisecond())
}

/// Nanoseconds since 1970: a number that no earlier start of the bank had.
pub(crate) fn unrepeated() -> u64 {
    if let Some(at_ms) = HELD_MS.get() {
        return at_ms.unsigned_abs();
    }
    let nanos = Timestamp::now().as_nanosecond();
    (nanos as u64) ^ (u64::from(std::process::id()) << 48)
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

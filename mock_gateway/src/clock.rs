//! The only place that reads the time.

use jiff::Timestamp;

/// Milliseconds since 1970, as the wall shows them.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Nanoseconds since 1970: a number that no earlier start of the bank had.
pub(crate) fn unrepeated() -> u64 {
    let nanos = Timestamp::now().as_nanosecond();
    (nanos as u64) ^ (u64::from(std::process::id()) << 48)
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

//! `Retry-After`: seconds or an HTTP date.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// How long a `Retry-After` header asks to wait, in milliseconds. A date is read against the answer's own `Date`, so that
/// nobody's clock but the bank's is asked. A date in the past is no wait; rubbish is nothing.
pub(super) fn parse_ms(value: &str, date: Option<&str>) -> Option<u64> {
    let value = value.trim();
    if let Ok(secs) = value.parse::<u64>() {
        return Some(secs.saturating_mul(1_000));
    }
    let at = |text: &str| -> Option<Timestamp> { DateTimeParser::new().parse_timestamp(text.trim()).ok() };
    let wait_ms = at(value)?.as_millisecond().saturating_sub(at(date?)?.as_millisecond());
    Some(u64::try_from(wait_ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let date = Some("Sun, 01 Mar 2026 09:30:00 GMT");
        assert_eq!(parse_ms("7", None), Some(7_000));
        assert_eq!(parse_ms(" 0 ", date), Some(0));
        assert_eq!(parse_ms("Sun, 01 Mar 2026 09:30:05 GMT", date), Some(5_000));
        assert_eq!(parse_ms("Sun, 01 Mar 2026 09:29:00 GMT", date), Some(0));
        assert_eq!(parse_ms("Sun, 01 Mar 2026 09:30:05 GMT", None), None);
        assert_eq!(parse_ms("18446744073709551615", None), Some(u64::MAX));
        for rubbish in ["", "soon", "-1", "1.5", "Sun, 31 Feb 2026 09:30:05 GMT"] {
            assert_eq!(parse_ms(rubbish, date), None, "{rubbish}");
        }
    }
}

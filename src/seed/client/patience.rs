//! How long to wait, and how long in all.

use std::time::Duration;

/// How long a client waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one answer.
    pub answer: Duration,
    /// For any answer to a call that is repeated.
    pub lost: Duration,
    /// For another answer than 429 or 503 to one call.
    pub pushed_back: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            lost: Duration::from_secs(30),
            pushed_back: Duration::from_secs(300),
        }
    }
}

const BASE_MS: u64 = 50;
const CAP_MS: u64 = 2_000;
/// No server's wish keeps a client away for longer.
const RETRY_AFTER_MAX_S: u64 = 60;

/// The pause after that many failed tries: doubling up to a cap, between half of it and all, set apart by `salt`.
pub(super) fn backoff(tries: u32, salt: u64) -> Duration {
    let full = BASE_MS.saturating_mul(1 << tries.min(10)).min(CAP_MS);
    let half = full / 2;
    Duration::from_millis(half + spread(tries, salt) % (half + 1))
}

/// The pause after a 429 or 503: what was asked for and a little, so that not all come back at once.
pub(super) fn pushed_back_pause(asked: Option<Duration>, tries: u32, salt: u64) -> Duration {
    match asked {
        Some(asked) if !asked.is_zero() => asked + Duration::from_millis(spread(tries, salt) % 250),
        Some(_) | None => backoff(tries, salt),
    }
}

/// The seconds of a `Retry-After`. A date, which the service does not send, counts as one second.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    let seconds = value.parse::<u64>().unwrap_or(1).min(RETRY_AFTER_MAX_S);
    Some(Duration::from_secs(seconds))
}

fn spread(tries: u32, salt: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(&tries.to_le_bytes(), salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_cap_and_differ_between_calls() {
        for tries in 0..40 {
            let full = Duration::from_millis(BASE_MS << tries.min(10)).min(Duration::from_millis(CAP_MS));
            let pause = backoff(tries, 7);
            assert!(pause >= full / 2 && pause <= full, "{tries}: {pause:?}");
        }
        let different: std::collections::HashSet<_> = (0..50).map(|salt| backoff(6, salt)).collect();
        assert!(different.len() > 25, "{}", different.len());
    }

    #[test]
    fn retry_after_is_honoured() {
        for (value, expected) in [
            ("3", Some(3)),
            ("0", Some(0)),
            (" 2 ", Some(2)),
            ("86400", Some(60)),
            ("Fri, 01 Jan 2027", Some(1)),
            ("", None),
        ] {
            assert_eq!(retry_after(value), expected.map(Duration::from_secs), "{value:?}");
        }
        let pause = pushed_back_pause(Some(Duration::from_secs(3)), 0, 1);
        assert!(pause >= Duration::from_secs(3) && pause < Duration::from_millis(3_250));
    }
}

//! Time. This file alone asks what time it is; everything else is told.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, in microseconds since 1970; RFC 3339 on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, cut.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This moment and that many milliseconds, held at the end of time.
    pub const fn plus_millis(self, millis: u64) -> Self {
        let micros = if millis > i64::MAX as u64 / 1_000 { i64::MAX } else { millis as i64 * 1_000 };
        Self(self.0.saturating_add(micros))
    }

    /// This moment and that many seconds, held at the end of time.
    pub const fn plus_secs(self, secs: u64) -> Self {
        self.plus_millis(secs.saturating_mul(1_000))
    }

    /// This moment and so long ago, held at the beginning of time.
    pub fn less(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long until `later`; nothing when it has passed.
    pub fn until(self, later: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// Parses RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; 27];
        f.write_str(self.encode(&mut buffer))
    }
}

impl Timestamp {
    /// RFC 3339 with six decimals, `2026-03-01T09:30:00.000001Z`, written into a buffer of the caller.
    /// Years outside 0–9999 are held at the nearest that four digits can say.
    pub fn encode<'a>(&self, buffer: &'a mut [u8; 27]) -> &'a str {
        const YEAR_0: i64 = -62_167_219_200;
        const YEAR_9999_END: i64 = 253_402_300_799;
        let secs = self.0.div_euclid(1_000_000).clamp(YEAR_0, YEAR_9999_END);
        let micros = self.0.rem_euclid(1_000_000);
        let (days, of_day) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let mut put = |at: usize, digits: usize, mut value: i64| {
            for place in (at..at + digits).rev() {
                buffer[place] = b'0' + u8::try_from(value.rem_euclid(10)).expect("one digit");
                value = value.div_euclid(10);
            }
        };
        put(0, 4, year);
        put(5, 2, month);
        put(8, 2, day);
        put(11, 2, of_day / 3_600);
        put(14, 2, of_day / 60 % 60);
        put(17, 2, of_day % 60);
        put(20, 6, micros);
        for (at, sign) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')] {
            buffer[at] = sign;
        }
        std::str::from_utf8(buffer).expect("digits and signs are ASCII")
    }
}

/// Year, month and day of a count of days since 1970 in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years that start in March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.encode(&mut [0; 27]))
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Where time comes from. A journal's goes on where the wall clock is set back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Wall,
    /// From this time on at this moment of the runtime it is never behind what has passed since.
    goes_on: Option<(Timestamp, tokio::time::Instant)>,
}

/// Where wall time comes from: the machine, or the runtime's own clock, which tests may pause and move.
#[derive(Clone, Copy, Debug)]
enum Wall {
    /// The machine's wall clock.
    System,
    /// Starts at `start` and follows the runtime's clock from `since` on; a paused runtime pauses it too.
    Runtime {
        /// Wall time at `since`.
        start: Timestamp,
        /// The runtime's time at `start`.
        since: tokio::time::Instant,
    },
}

impl Clock {
    /// The machine's wall clock.
    pub const SYSTEM: Self = Self { wall: Wall::System, goes_on: None };

    /// A clock that starts at `start` now and follows the runtime.
    pub fn following_runtime(start: Timestamp) -> Self {
        Self { wall: Wall::Runtime { start, since: tokio::time::Instant::now() }, goes_on: None }
    }

    /// The time of a journal whose last record is of `last`: the wall clock's, but never behind what has passed since that
    /// record, or since now, should the wall clock have been set back or be set back later. What is due by the journal's time
    /// falls due all the same.
    #[must_use]
    pub fn going_on_from(self, last: Timestamp) -> Self {
        Self { goes_on: Some((self.wall().max(last), tokio::time::Instant::now())), ..self }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        let wall = self.wall();
        match self.goes_on {
            Some((from, since)) => {
                wall.max(from.plus_millis(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)))
            }
            None => wall,
        }
    }

    /// How far the wall clock is behind.
    pub fn ahead(&self) -> Duration {
        self.wall().until(self.now())
    }

    /// What the wall clock says: for what others say of the time, such as a signature's.
    pub fn wall(&self) -> Timestamp {
        match self.wall {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
            Wall::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Wall::Runtime { start, since } => {
                let passed = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
                Timestamp(start.0.saturating_add(passed))
            }
        }
    }
}

/// Monotonic time for time-outs and latencies. Stands still where a test has paused the runtime.
pub fn monotonic() -> std::time::Instant {
    instant().into_std()
}

/// The same, as the runtime's timers take it.
pub fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what the clocks are compared with")]
mod tests {
    use super::*;

    #[test]
    fn written_time_is_what_the_calendar_library_reads() {
        let mut micros: i64 = -62_000_000_000_000_000;
        while micros < 250_000_000_000_000_000 {
            let at = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::parse(&at.to_string()).ok(), Some(at), "{at}");
            micros += 86_399_999_999 * 1_777;
        }
    }

    #[test]
    fn leap_days_are_where_the_calendar_has_them() {
        for day in
            ["1600-02-29", "1900-02-28", "1900-03-01", "2000-02-29", "2000-03-01", "2100-02-28", "2400-02-29"]
        {
            let text = format!("{day}T12:30:45.000006Z");
            assert_eq!(Timestamp::parse(&text).map(|at| at.to_string()).ok(), Some(text));
        }
    }

    #[test]
    fn years_that_four_digits_cannot_say_are_held_at_the_nearest() {
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string().get(..10), Some("0000-01-01"));
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string().get(..19), Some("9999-12-31T23:59:59"));
        assert_eq!(format!("{:?}", Timestamp::from_micros(-1)), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_moment_is_a_count_of_microseconds() {
        let at = Timestamp::from_micros(1_234_567);
        assert_eq!((at.micros(), at.millis(), Timestamp::from_micros(-1).millis()), (1_234_567, 1_234, -1));
        assert_eq!(at.less(Duration::from_millis(234)), Timestamp::from_micros(1_000_567));
        assert_eq!(at.until(at.plus_secs(2)), Duration::from_secs(2));
        assert_eq!(at.plus_secs(2).until(at), Duration::ZERO, "it has passed");
        assert_eq!(Timestamp::from_micros(i64::MIN).less(Duration::MAX), Timestamp::from_micros(i64::MIN));
    }

    #[test]
    fn clocks_go() {
        let turn_of_2026 = Timestamp::parse("2026-01-01T00:00:00Z").expect("legal");
        assert!(Clock::SYSTEM.now() > turn_of_2026);
        let (before, first) = (std::time::Instant::now(), monotonic());
        assert!(first >= before && first.elapsed() < Duration::from_secs(3_600));
        assert!(instant().into_std() >= first);
    }

    /// A node's wall clock was a month ahead and is right again.
    #[tokio::test(start_paused = true)]
    async fn journal_time_goes_on_where_the_wall_clock_was_set_back() {
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let month = 30 * 86_400;
        let wall = Clock::following_runtime(start);
        let clock = wall.going_on_from(start.plus_secs(month));
        assert_eq!(clock.now(), start.plus_secs(month), "never before the last record");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(clock.now(), start.plus_secs(month + 10), "and never standing still");
        assert_eq!(
            (clock.wall(), clock.ahead()),
            (start.plus_secs(10), Duration::from_secs(month)),
            "what others say of the time is held against the wall clock"
        );

        let right = wall.going_on_from(start);
        assert_eq!((right.now(), right.ahead()), (wall.now(), Duration::ZERO));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!((right.now(), right.ahead()), (start.plus_secs(20), Duration::ZERO));
    }

    #[test]
    fn adding_stops_at_the_end_of_time() {
        let end = Timestamp::from_micros(i64::MAX);
        let longest = i64::MAX as u64 / 1_000;
        assert_eq!(Timestamp::default().plus_millis(longest).millis().unsigned_abs(), longest);
        assert_eq!(Timestamp::default().plus_millis(longest).micros() % 1_000, 0);
        assert_eq!(Timestamp::default().plus_millis(longest + 1), end);
        assert_eq!(end.plus_millis(u64::MAX), end);
        assert_eq!(Timestamp::from_micros(0).plus_secs(u64::MAX), end);
    }
}

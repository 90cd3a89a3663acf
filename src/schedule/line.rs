//! A line of the cron table, and when it is next due.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Offset as _, TimeDelta};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::types::Timestamp;

/// A time zone by its name in the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone(Tz::UTC);
}

impl FromStr for Zone {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        text.parse().map(Self).map_err(|_| LineError(format!("{text} is no time zone")))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Six fields: second, minute, hour, day of the month, month, day of the week. Where both days are given, both must fit.
///
/// When clocks are set back, a line that names its hours is due once in the hour that they show twice; one that does not
/// (`*`, `*/2`) is due in both.
#[derive(Clone)]
pub struct Line {
    text: String,
    cron: Cron,
    /// It names no hours: it goes by the time that passes.
    is_every_hour: bool,
}

/// What is wrong with a line or a zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineError(String);

/// A line that is due at no time in the years after this one is never due. Any fixed time does.
const EPOCH: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

impl Line {
    /// The first time after `at` that fits, in a zone; nothing, where there is none in reach.
    pub fn next_after(&self, zone: Zone, at: Timestamp) -> Option<Timestamp> {
        // Whole seconds: the crate carries a fraction along into the next time.
        let after = DateTime::from_timestamp(at.micros().div_euclid(1_000_000), 0)?.with_timezone(&zone.0);
        let by_the_wall = self.by_the_wall(&after)?;
        if !self.is_every_hour {
            return Some(by_the_wall);
        }
        // What is due in every hour is due in both that clocks show twice: so it is looked for by the clock of before a
        // change and by the clock of after it.
        let later =
            DateTime::from_timestamp(by_the_wall.micros().div_euclid(1_000_000), 0)?.with_timezone(&zone.0);
        let by_each_clock = [after.offset().fix(), later.offset().fix()].map(|offset| {
            let found = self.cron.find_next_occurrence(&after.with_timezone(&offset), false).ok()?;
            let is_shown = found.with_timezone(&zone.0).offset().fix() == offset;
            is_shown.then(|| Timestamp::from_micros(found.timestamp_micros()))
        });
        by_each_clock.into_iter().flatten().chain([by_the_wall]).min()
    }

    /// The crate goes by what clocks on the wall show, the first time they show it. So it leaves out the second of two hours
    /// with one name, and asked within that it answers with a time in the first, which is over.
    fn by_the_wall(&self, after: &DateTime<Tz>) -> Option<Timestamp> {
        let mut from = *after;
        loop {
            let next = self.cron.find_next_occurrence(&from, false).ok()?;
            if next > *after {
                return Some(Timestamp::from_micros(next.timestamp_micros()));
            }
            from += TimeDelta::minutes(1);
        }
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        let fields = text.split_whitespace().count();
        if fields != 6 {
            return Err(LineError(format!("a line has six fields, not {fields}")));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true);
        let cron = parser.build().parse(text).map_err(|why| LineError(why.to_string()))?;
        let is_every_hour = text.split_whitespace().nth(2).is_some_and(|hours| hours.starts_with('*'));
        let line = Self { text: text.to_owned(), cron, is_every_hour };
        if line.next_after(Zone::UTC, EPOCH).is_none() {
            return Err(LineError("no day is like that".to_owned()));
        }
        Ok(line)
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.text)
    }
}

/// One job's place in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// When it runs.
    pub cron: Line,
    /// Whether it runs by itself.
    pub enabled: bool,
}

impl Slot {
    /// A job that runs by a line, which must be a good one.
    pub fn on(cron: &'static str) -> Self {
        Self { cron: cron.parse().expect("a line that is built in is a good one"), enabled: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    fn times(line: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (line, zone): (Line, Zone) = (line.parse().expect("good"), zone.parse().expect("good"));
        let mut next = at(from);
        let mut times = Vec::new();
        for _ in 0..count {
            next = line.next_after(zone, next).expect("there is a next time");
            times.push(next.to_string().replace(".000000Z", "Z"));
        }
        times
    }

    #[test]
    fn a_line_says_when() {
        for (line, from, next) in [
            ("0 */5 * * * *", "2026-03-01T09:30:00Z", "2026-03-01T09:35:00Z"),
            ("0 */5 * * * *", "2026-03-01T09:34:59.999999Z", "2026-03-01T09:35:00Z"),
            ("0 */5 * * * *", "2026-03-01T09:35:00.000001Z", "2026-03-01T09:40:00Z"),
            ("* * * * * *", "2026-03-01T09:30:00.5Z", "2026-03-01T09:30:01Z"),
            ("30 0 3 * * MON", "2026-03-01T00:00:00Z", "2026-03-02T03:00:30Z"),
            ("0 0 12 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ] {
            assert_eq!(times(line, "UTC", from, 1), [next], "{line} after {from}");
        }
    }

    #[test]
    fn a_day_keeps_its_hour_when_the_clocks_change() {
        let spring = times("0 30 3 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["2026-03-28T02:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T01:30:00Z"]);
        let autumn = times("0 30 3 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3);
        assert_eq!(autumn, ["2026-10-24T01:30:00Z", "2026-10-25T02:30:00Z", "2026-10-26T02:30:00Z"]);
    }

    /// Whatever the line and the zone: time goes on, and nobody waits for longer than the line says.
    #[test]
    fn a_line_goes_on_while_the_clocks_change() {
        const MINUTE: i64 = 60_000_000;
        for (zone, changes) in [
            ("Europe/Berlin", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
            ("America/New_York", ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
            ("Australia/Lord_Howe", ["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"]),
            ("America/Santiago", ["2026-04-05T03:00:00Z", "2026-09-06T04:00:00Z"]),
        ] {
            let parsed: Zone = zone.parse().expect("good");
            for (text, minutes_max) in [
                ("0 */5 * * * *", 5),
                // Somewhere clocks are moved by half an hour, and do not show a full hour for so long.
                ("0 0 * * * *", 90),
                ("0 30 * * * *", 90),
                ("0 30 2 * * *", 26 * 60),
                ("0 0 0 * * *", 26 * 60),
                ("0 30 1 * * *", 26 * 60),
                ("0 59 23 * * *", 26 * 60),
            ] {
                let line: Line = text.parse().expect("good");
                for change in changes {
                    let first = at(change).micros() - 180 * MINUTE;
                    for minute in 0..360 {
                        let from = Timestamp::from_micros(first + minute * MINUTE + 1);
                        let next = line.next_after(parsed, from);
                        let said = format!("{text} in {zone} after {from}: {next:?}");
                        let next = next.expect(&said);
                        assert!(next > from, "{said}");
                        assert!(next.micros() - from.micros() <= minutes_max * MINUTE, "{said}");
                    }
                }
            }
        }
        let autumn = times("0 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3);
        assert_eq!(
            autumn,
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"],
            "once a day"
        );
        let hourly = times("0 0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4);
        let hours = ["00", "01", "02", "03"].map(|hour| format!("2026-10-25T{hour}:00:00Z"));
        assert_eq!(hourly, hours, "in both of the hours that clocks show twice");
        let late = times("0 30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1);
        assert_eq!(
            late,
            ["2026-10-26T01:30:00Z"],
            "what was due in the first of them is not due in the second"
        );
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for bad in [
            "",
            "* * * * *",
            "* * * * * * *",
            "60 * * * * *",
            "0 0 0 30 2 *",
            "every five minutes or so please",
            "@hourly",
        ] {
            assert!(bad.parse::<Line>().is_err(), "{bad}");
        }
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }
}

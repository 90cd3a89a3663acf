//! How long the log may get, and who moves it when.

use super::checkpoint::Log;
use super::file::PAGE_BYTES;

/// Past this length the writer moves the rest of the log itself, so that the log starts over: the background alone never
/// finds a moment under load in which nothing is left to move.
const LONG_PAGES: u64 = (32 << 20) / PAGE_BYTES;
/// ... if the rest is small, for commits wait meanwhile. The background sees to it that it becomes small.
const REST_PAGES_SMALL: u64 = (4 << 20) / PAGE_BYTES;
/// ... or if the log is this long, whatever the rest.
const TOO_LONG_PAGES: u64 = 2 * LONG_PAGES;
/// With this much to move, the background is called before its time.
const REST_PAGES_LARGE: u64 = (8 << 20) / PAGE_BYTES;
/// How much may be written before the log is measured again.
const LOOK_EVERY_PAGES: u64 = (1 << 20) / PAGE_BYTES;

/// Who is to move the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nobody,
    /// The background, before its time.
    Background,
    /// The writer, between two commits.
    Writer,
}

/// What a log of this length asks for.
pub(super) fn due(log: Log) -> Due {
    let rest = log.pages.saturating_sub(log.moved);
    let is_time = log.pages >= LONG_PAGES && rest <= REST_PAGES_SMALL;
    if is_time || log.pages >= TOO_LONG_PAGES {
        Due::Writer
    } else if rest >= REST_PAGES_LARGE {
        Due::Background
    } else {
        Due::Nobody
    }
}

/// What was written since the log was last measured, which is not done after every commit.
#[derive(Default)]
pub(super) struct Unmeasured {
    pages: u64,
}

impl Unmeasured {
    /// A commit of so many bytes: their pages, one begun before them and the one above.
    pub(super) fn add(&mut self, bytes: u64) {
        self.pages += bytes / PAGE_BYTES + 2;
    }

    /// Whether it is time to measure the log. If so, this begins anew.
    pub(super) fn take_due(&mut self) -> bool {
        let is_due = self.pages >= LOOK_EVERY_PAGES;
        if is_due {
            self.pages = 0;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 64;

    fn of(pages: u64, rest: u64) -> Due {
        due(Log { was_busy: false, pages, moved: pages - rest })
    }

    #[test]
    fn a_short_log_is_the_backgrounds_and_only_when_much_is_left() {
        assert_eq!(of(0, 0), Due::Nobody);
        assert_eq!(of(8 * MIB - 1, 8 * MIB - 1), Due::Nobody);
        assert_eq!(of(8 * MIB, 8 * MIB), Due::Background);
        assert_eq!(of(32 * MIB - 1, 0), Due::Nobody);
    }

    #[test]
    fn a_long_log_is_the_writers_once_little_is_left() {
        assert_eq!(of(32 * MIB, 0), Due::Writer);
        assert_eq!(of(32 * MIB, 4 * MIB), Due::Writer);
        assert_eq!(of(32 * MIB, 4 * MIB + 1), Due::Nobody);
        assert_eq!(of(32 * MIB, 8 * MIB), Due::Background);
    }

    #[test]
    fn a_log_that_is_too_long_is_the_writers_whatever_is_left() {
        assert_eq!(of(64 * MIB - 1, 64 * MIB - 1), Due::Background);
        assert_eq!(of(64 * MIB, 64 * MIB), Due::Writer);
    }

    #[test]
    fn the_log_is_measured_once_a_mebibyte_was_written() {
        let mut unmeasured = Unmeasured::default();
        for _ in 0..2 {
            unmeasured.add(61 * PAGE_BYTES + 5);
            assert!(!unmeasured.take_due(), "63 pages");
            unmeasured.add(0);
            assert!(unmeasured.take_due(), "65 pages");
            assert!(!unmeasured.take_due(), "it begins anew");
        }
        for _ in 0..32 {
            assert!(!unmeasured.take_due());
            unmeasured.add(16_000);
        }
        assert!(unmeasured.take_due(), "64 pages");
    }
}

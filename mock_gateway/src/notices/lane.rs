//! One endpoint's window: which events are being told, how often that was tried, and when it is tried again. Knows no
//! clock and sends nothing.

use std::collections::BTreeMap;

use crate::bank::EventNumber;

/// Events in hand at a time.
const WINDOW: usize = 256;
/// Events on their way at a time.
const OUT_MAX: usize = 16;
/// After as many tries, about an hour, an event is given up.
const TRIES_MAX: u32 = 15;
const FIRST_GAP_MS: i64 = 500;
const GAP_MAX_MS: i64 = 600_000;
/// Between two copies of one event.
const COPY_GAP_MS: i64 = 20;

struct Waiting {
    at_ms: i64,
    tries: u32,
    copies: u32,
    is_out: bool,
}

/// What became of one try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Heard,
    Again,
    GivenUp,
    /// It was no longer in hand.
    Unknown,
}

/// The window and its ends.
pub(super) struct Lane {
    next: EventNumber,
    waiting: BTreeMap<EventNumber, Waiting>,
}

impl Lane {
    /// Begins behind what was told before.
    pub(super) fn new(told: EventNumber) -> Lane {
        Lane { next: told, waiting: BTreeMap::new() }
    }

    /// Where to look for the next event.
    pub(super) fn next(&self) -> EventNumber {
        self.next
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < WINDOW
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes an event in hand, to be told so many times from then on. None at all: it is lost.
    pub(super) fn take(&mut self, event: EventNumber, at_ms: i64, copies: u32) {
        self.next = event.next();
        if copies > 0 {
            self.waiting.insert(event, Waiting { at_ms, tries: 0, copies, is_out: false });
        }
    }

    /// There is nothing to tell before this.
    pub(super) fn skip_to(&mut self, next: EventNumber) {
        self.next = self.next.max(next);
    }

    /// Nothing before this is to be told any more, in hand or not.
    pub(super) fn begin_at(&mut self, first: EventNumber) {
        self.waiting.retain(|event, _| *event >= first);
        self.skip_to(first);
    }

    /// Events to be sent now; they are on their way from here on.
    pub(super) fn due(&mut self, now_ms: i64) -> Vec<EventNumber> {
        let out = self.waiting.values().filter(|waiting| waiting.is_out).count();
        let ready = self.waiting.iter_mut().filter(|(_, waiting)| !waiting.is_out && waiting.at_ms <= now_ms);
        let sent = ready.take(OUT_MAX.saturating_sub(out)).map(|(event, waiting)| {
            waiting.is_out = true;
            *event
        });
        sent.collect()
    }

    /// When the next one is to be sent, if there is room for it.
    pub(super) fn wake_ms(&self) -> Option<i64> {
        let out = self.waiting.values().filter(|waiting| waiting.is_out).count();
        let resting = self.waiting.values().filter(|waiting| !waiting.is_out && out < OUT_MAX);
        resting.map(|waiting| waiting.at_ms).min()
    }

    /// An event came to its address, or did not.
    pub(super) fn answered(&mut self, event: EventNumber, is_heard: bool, now_ms: i64) -> Fate {
        let Some(waiting) = self.waiting.get_mut(&event) else {
            return Fate::Unknown;
        };
        waiting.is_out = false;
        waiting.tries += 1;
        if is_heard {
            waiting.copies -= 1;
            waiting.at_ms = now_ms + COPY_GAP_MS;
            if waiting.copies == 0 {
                self.waiting.remove(&event);
            }
            return Fate::Heard;
        }
        if waiting.tries >= TRIES_MAX {
            self.waiting.remove(&event);
            return Fate::GivenUp;
        }
        waiting.at_ms = now_ms + gap_ms(waiting.tries);
        Fate::Again
    }

    /// Everything before this is heard, lost or given up.
    pub(super) fn told(&self) -> EventNumber {
        self.waiting.keys().next().copied().unwrap_or(self.next)
    }
}

fn gap_ms(tries: u32) -> i64 {
    let doubled = FIRST_GAP_MS.checked_shl(tries.saturating_sub(1)).unwrap_or(GAP_MAX_MS);
    doubled.clamp(FIRST_GAP_MS, GAP_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u32) -> EventNumber {
        EventNumber::from_number(number)
    }

    #[test]
    fn what_is_told_ends_where_the_first_unheard_event_is() {
        let mut lane = Lane::new(event(10));
        for number in 10..14 {
            lane.take(event(number), 0, 1);
        }
        assert_eq!(lane.due(0), [10, 11, 12, 13].map(event));
        assert!(lane.due(0).is_empty(), "they are on their way");
        assert_eq!(lane.answered(event(11), true, 0), Fate::Heard);
        assert_eq!(lane.told(), event(10));
        assert_eq!(lane.answered(event(10), true, 0), Fate::Heard);
        assert_eq!(lane.told(), event(12));
        assert_eq!(lane.answered(event(12), false, 0), Fate::Again);
        assert_eq!(lane.answered(event(13), true, 0), Fate::Heard);
        assert_eq!((lane.told(), lane.wake_ms()), (event(12), Some(FIRST_GAP_MS)));
        assert_eq!(lane.due(FIRST_GAP_MS), [event(12)]);
        assert_eq!(lane.answered(event(12), true, 0), Fate::Heard);
        assert_eq!((lane.told(), lane.wake_ms()), (event(14), None));
    }

    #[test]
    fn an_address_that_never_answers_is_tried_less_and_less_and_then_no_more() {
        let mut lane = Lane::new(event(0));
        lane.take(event(0), 0, 1);
        let (mut now_ms, mut tries) = (0, 0);
        loop {
            assert_eq!(lane.due(now_ms), [event(0)]);
            tries += 1;
            match lane.answered(event(0), false, now_ms) {
                Fate::Again => now_ms = lane.wake_ms().expect("it is tried again"),
                fate => break assert_eq!(fate, Fate::GivenUp),
            }
        }
        assert_eq!(tries, TRIES_MAX);
        assert!((1_800_000..7_200_000).contains(&now_ms), "{now_ms}");
        assert_eq!(lane.told(), event(1));
    }

    #[test]
    fn the_window_is_bounded_and_so_is_what_is_on_its_way() {
        let mut lane = Lane::new(event(0));
        let mut number = 0;
        while lane.has_room() {
            lane.take(event(number), 0, 1);
            number += 1;
        }
        assert_eq!((lane.len(), lane.due(0).len()), (WINDOW, OUT_MAX));
        assert_eq!((lane.due(0).len(), lane.wake_ms()), (0, None));
    }

    #[test]
    fn whoever_did_not_listen_for_a_while_begins_anew() {
        let mut lane = Lane::new(event(0));
        lane.take(event(0), 0, 1);
        lane.take(event(4), 0, 1);
        assert_eq!(lane.due(0).len(), 2);
        lane.begin_at(event(0));
        assert_eq!((lane.told(), lane.next()), (event(0), event(5)), "nothing to leave out");
        lane.begin_at(event(3));
        assert_eq!((lane.told(), lane.next()), (event(4), event(5)));
        lane.begin_at(event(9));
        assert_eq!((lane.told(), lane.next(), lane.len()), (event(9), event(9), 0));
        assert_eq!(lane.answered(event(4), true, 0), Fate::Unknown);
    }

    #[test]
    fn copies_are_told_one_by_one_and_lost_ones_never() {
        let mut lane = Lane::new(event(0));
        lane.take(event(0), 0, 2);
        lane.take(event(1), 0, 0);
        assert_eq!(lane.due(0), [event(0)]);
        lane.answered(event(0), true, 0);
        assert_eq!(lane.told(), event(0));
        assert_eq!(lane.due(COPY_GAP_MS), [event(0)]);
        lane.answered(event(0), true, 0);
        assert_eq!((lane.told(), lane.len()), (event(2), 0));
    }
}

//! What those hear of a store who want to see it live rather than to know everything: all its events while they are few;
//! while they are many some of each kind, and of the others how many there were. Made once for all who listen, of what the
//! projector has in hand anyway.

use std::sync::Arc;
use std::time::Instant;

use super::events::EventView;
use super::feed::Feed;
use crate::journal::Record;
use crate::types::Timestamp;
use crate::types::map::Map;

/// So many events a second are shown of one store, over time.
const SHOWN_A_SECOND: u128 = 128;
/// So many may come at once.
const SHOWN_AT_ONCE: i64 = 64;
/// So many more, where they are the first of their kind in a transaction.
const OF_A_KIND_MORE: i64 = 64;
const MICROS: u128 = 1_000_000;

/// What one transaction brought of a store.
#[derive(Debug)]
pub struct Sample {
    /// The first event it tells of.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// When the last one happened.
    pub at: Timestamp,
    /// The events that are shown, oldest first.
    pub events: Vec<EventView>,
    /// The kinds of the others, and how many there were of each.
    pub left_out: Vec<(Box<str>, u32)>,
}

/// Picks what is shown while the projector folds.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// The stores that somebody samples.
    stores: Map<Arc<str>, Picker>,
    /// What the feed's turn was when they were asked for.
    turn: u64,
}

#[derive(Debug)]
struct Picker {
    sample: Option<Sample>,
    kinds: Vec<Kind>,
    /// So many may still be shown; below nought, only the first of a kind.
    left: i64,
    filled_at: Option<Instant>,
}

#[derive(Debug)]
struct Kind {
    name: Box<str>,
    shown: u32,
    left_out: u32,
}

impl Samples {
    /// Looks at a record that was folded.
    pub(super) fn take(&mut self, record: &Record<'_>, feed: &Feed) {
        let turn = feed.turn();
        if turn != self.turn {
            self.turn = turn;
            let sampled = feed.sampled();
            self.stores.retain(|store, _| sampled.contains(store));
            for store in sampled {
                self.stores.entry(store).or_insert_with(Picker::new);
            }
        }
        if let Some(picker) = self.stores.get_mut(record.store) {
            picker.take(record);
        }
    }

    /// What there is of a store since the last time.
    pub(super) fn of(&mut self, store: &str, now: Instant) -> Option<Sample> {
        self.stores.get_mut(store)?.done(now)
    }
}

impl Picker {
    fn new() -> Self {
        Self { sample: None, kinds: Vec::new(), left: SHOWN_AT_ONCE, filled_at: None }
    }

    fn take(&mut self, record: &Record<'_>) {
        let (sequence, at) = (record.sequence, record.at);
        // Nobody listened for a while: what came before is no part of this.
        if self.sample.as_ref().is_some_and(|sample| sample.last + 1 != sequence) {
            self.sample = None;
            self.kinds.clear();
        }
        let sample = self.sample.get_or_insert_with(|| Sample {
            first: sequence,
            last: sequence,
            at,
            events: Vec::new(),
            left_out: Vec::new(),
        });
        (sample.last, sample.at) = (sequence, at);
        let known = self.kinds.iter().position(|kind| *kind.name == *record.kind);
        let nth = known.unwrap_or_else(|| {
            self.kinds.push(Kind { name: record.kind.into(), shown: 0, left_out: 0 });
            self.kinds.len() - 1
        });
        let kind = &mut self.kinds[nth];
        let is_shown = self.left > 0 || kind.shown == 0 && self.left > -OF_A_KIND_MORE;
        // One that cannot be read is only counted; who asks for it by its number is told why.
        match is_shown.then(|| EventView::of(record)) {
            Some(Ok(view)) => {
                self.left -= 1;
                kind.shown += 1;
                sample.events.push(view);
            }
            Some(Err(_)) | None => kind.left_out += 1,
        }
    }

    fn done(&mut self, now: Instant) -> Option<Sample> {
        let passed = self.filled_at.map_or(MICROS, |at| now.saturating_duration_since(at).as_micros());
        let more = passed.min(MICROS) * SHOWN_A_SECOND / MICROS;
        if more > 0 {
            self.filled_at = Some(now);
            self.left = (self.left + i64::try_from(more).unwrap_or(SHOWN_AT_ONCE)).min(SHOWN_AT_ONCE);
        }
        let mut sample = self.sample.take()?;
        let left_out = self.kinds.drain(..).filter(|kind| kind.left_out > 0);
        sample.left_out = left_out.map(|kind| (kind.name, kind.left_out)).collect();
        Some(sample)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::types::clock;

    const BODY: &[u8] = br#"{"v":1,"subject":"MUG","actor":"api","data":{}}"#;

    fn record(sequence: u64, kind: &str) -> Record<'_> {
        let at = Timestamp::from_micros(1_700_000_000_000_000 + i64::try_from(sequence).expect("small"));
        Record { position: sequence, store: "acme", sequence, at, kind, bytes: BODY, origin: None }
    }

    /// What the sample shows and counts of a kind.
    fn told(sample: &Sample, kind: &str) -> (usize, u32) {
        let shown = sample.events.iter().filter(|event| event.kind == kind).count();
        let counted =
            sample.left_out.iter().filter(|(name, _)| **name == *kind).map(|(_, count)| count).sum();
        (shown, counted)
    }

    #[test]
    fn few_are_all_shown_and_of_many_none_is_lost() {
        let mut picker = Picker::new();
        let now = clock::monotonic();
        for sequence in 7..17 {
            picker.take(&record(sequence, "order.created"));
        }
        let few = picker.done(now).expect("some came");
        assert_eq!((few.first, few.last, few.events.len(), few.left_out.len()), (7, 16, 10, 0));
        assert!(picker.done(now).is_none(), "nothing came");

        for sequence in 17..5_017 {
            picker.take(&record(sequence, "order.created"));
        }
        picker.take(&record(5_017, "order.canceled"));
        let many = picker.done(now + Duration::from_secs(1)).expect("some came");
        assert_eq!((many.first, many.last, many.at), (17, 5_017, record(5_017, "x").at));
        let (shown, counted) = told(&many, "order.created");
        assert!((1..=SHOWN_AT_ONCE as usize).contains(&shown), "{shown}");
        assert_eq!(shown as u32 + counted, 5_000);
        assert_eq!(told(&many, "order.canceled"), (1, 0), "the first of its kind is seen");
    }

    #[test]
    fn over_time_no_more_are_shown_than_may_be() {
        let mut picker = Picker::new();
        let begun = clock::monotonic();
        let (mut shown, mut sequence) = (0, 0);
        for step in 0..1_000_u32 {
            for kind in ["a.a", "a.b", "a.c", "a.d"].into_iter().cycle().take(40) {
                sequence += 1;
                picker.take(&record(sequence, kind));
            }
            let sample = picker.done(begun + Duration::from_millis(10) * step).expect("some came");
            shown += sample.events.len();
        }
        let most = SHOWN_A_SECOND as usize * 10 + (SHOWN_AT_ONCE + OF_A_KIND_MORE) as usize;
        assert!((1_000..=most).contains(&shown), "{shown} in ten seconds");
    }

    #[test]
    fn a_gap_begins_anew() {
        let mut picker = Picker::new();
        picker.take(&record(1, "order.created"));
        picker.take(&record(9, "order.created"));
        let sample = picker.done(clock::monotonic()).expect("one came");
        assert_eq!((sample.first, sample.last, sample.events.len()), (9, 9, 1));
    }
}

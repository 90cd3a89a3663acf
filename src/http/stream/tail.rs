//! The last events of one store that somebody listens to: read and rendered by whoever comes first, for all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use bytes::Bytes;
use tokio::sync::Mutex;

use super::frame::{self, Frame, Kinds};
use crate::types::StoreId;
use crate::views::{Sample, Views, ViewsError};

/// The most events that are kept.
const FRAMES_MAX: usize = 512;
/// The most bytes that are kept.
const BYTES_MAX: usize = 128 << 10;
/// The most events that a listener takes at once.
const PART_FRAMES_MAX: usize = 64;
/// The most samples that are kept.
const SAMPLES_MAX: usize = 32;
/// About the most bytes that a listener takes at once.
const PART_BYTES_MAX: usize = 64 << 10;

/// What the listeners of one store share.
#[derive(Debug)]
pub(super) struct Tail {
    store: StoreId,
    kept: Mutex<Kept>,
    /// The last samples, by their last events, as they go over the line.
    sampled: Lock<VecDeque<(u64, Bytes)>>,
}

/// Events without a gap, those before `next`.
#[derive(Debug, Default)]
struct Kept {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// The sequence number of the event that is read next.
    next: u64,
}

impl Tail {
    pub(super) fn new(store: StoreId) -> Self {
        Self { store, kept: Mutex::default(), sampled: Lock::default() }
    }

    /// Whose.
    pub(super) fn store(&self) -> &StoreId {
        &self.store
    }

    /// A sample as it goes over the line: rendered once for all who want every type.
    pub(super) fn sampled(&self, sample: &Arc<Sample>, kinds: &Kinds) -> Bytes {
        if matches!(kinds, Kinds::Only(_)) {
            return frame::sampled(sample, kinds);
        }
        let mut kept = self.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().rev().find(|(last, _)| *last == sample.last);
        if let Some((_, text)) = found {
            return text.clone();
        }
        let text = frame::sampled(sample, kinds);
        if kept.len() == SAMPLES_MAX {
            kept.pop_front();
        }
        kept.push_back((sample.last, text.clone()));
        text
    }

    /// Events from `next` on, as many as make a part. Nothing where `newest`, the last one known, comes before it.
    pub(super) async fn part(&self, views: &Views, next: u64, newest: u64) -> Result<Vec<Frame>, ViewsError> {
        if newest < next {
            return Ok(Vec::new());
        }
        let mut kept = self.kept.lock().await;
        // Whoever is ahead of what others wait for leads; those behind find their own pages.
        if next > kept.next {
            *kept = Kept { next, ..Kept::default() };
        }
        if next == kept.next {
            let read = read(views, &self.store, next).await?;
            kept.extend(&read);
            return Ok(read);
        }
        let part = kept.from(next);
        drop(kept);
        match part {
            Some(part) => Ok(part),
            None => read(views, &self.store, next).await,
        }
    }
}

impl Kept {
    /// Events from one on that is kept, as many as make a part.
    fn from(&self, next: u64) -> Option<Vec<Frame>> {
        let first = self.frames.front()?.sequence;
        let skipped = usize::try_from(next.checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let fits = |frame: &&Frame| {
            let begun = bytes;
            bytes += frame.text.len();
            begun < PART_BYTES_MAX
        };
        Some(self.frames.iter().skip(skipped).take(PART_FRAMES_MAX).take_while(fits).cloned().collect())
    }

    fn extend(&mut self, more: &[Frame]) {
        for frame in more {
            self.bytes += frame.text.len();
            self.next = frame.sequence + 1;
            self.frames.push_back(frame.clone());
        }
        while self.frames.len() > FRAMES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.text.len();
        }
    }
}

/// Reads a part from views and renders it, on a thread where that may take its time.
async fn read(views: &Views, store: &StoreId, next: u64) -> Result<Vec<Frame>, ViewsError> {
    let (store, after) = (store.clone(), next.saturating_sub(1));
    let page = move |views: &mut crate::views::ViewsReader| {
        let events = views.events_within(&store, after, PART_FRAMES_MAX, PART_BYTES_MAX)?;
        Ok(events.iter().map(Frame::of).collect())
    };
    views.read(page).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sequence: u64, bytes: usize) -> Frame {
        Frame { sequence, kind: "order.created".into(), text: vec![b'x'; bytes].into() }
    }

    fn sequences(part: Option<Vec<Frame>>) -> Option<Vec<u64>> {
        part.map(|part| part.iter().map(|frame| frame.sequence).collect())
    }

    #[test]
    fn what_is_kept_is_bounded_and_has_no_gap() {
        let mut kept = Kept { next: 5, ..Kept::default() };
        kept.extend(&(5..10).map(|sequence| frame(sequence, 100)).collect::<Vec<_>>());
        assert_eq!(sequences(kept.from(7)), Some(vec![7, 8, 9]));
        assert_eq!(sequences(kept.from(4)), None, "older than what is kept");
        assert_eq!(kept.next, 10);
        kept.extend(&[frame(10, BYTES_MAX - 50)]);
        assert_eq!(sequences(kept.from(10)), Some(vec![10]), "the oldest made room");
        kept.extend(&(11..2_000).map(|sequence| frame(sequence, 1)).collect::<Vec<_>>());
        assert!(kept.frames.len() <= FRAMES_MAX && kept.bytes <= BYTES_MAX);
        let first = kept.frames.front().expect("some are kept").sequence;
        assert_eq!(sequences(kept.from(first)).expect("kept").len(), PART_FRAMES_MAX);
    }

    #[test]
    fn a_part_ends_with_the_event_that_fills_it() {
        let mut kept = Kept { next: 1, ..Kept::default() };
        kept.extend(&(1..5).map(|sequence| frame(sequence, PART_BYTES_MAX / 2)).collect::<Vec<_>>());
        let first = kept.frames.front().expect("some are kept").sequence;
        assert_eq!(sequences(kept.from(first)), Some(vec![first, first + 1]));
    }
}

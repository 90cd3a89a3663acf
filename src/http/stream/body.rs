//! One who listens: takes a part, hands it to its connection, takes the next.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::frame::{self, Dropped, Frame, Kinds};
use super::hub::Seat;
use crate::types::clock;
use crate::views::{After, Follower, Sample, Views};

/// One who samples and is further behind than this reads nothing of what lies between.
const BEHIND_MAX: u64 = 2_000;

/// How much a listener wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Every event.
    Whole,
    /// Some, while there are many, and how many the others are.
    Sampled,
}

/// One who listens to a store.
pub(super) struct Listener {
    seat: Seat,
    views: Arc<Views>,
    follower: Follower,
    /// Whether the node takes no more requests.
    closing: watch::Receiver<bool>,
    kinds: Kinds,
    pace: Pace,
    /// The last event that was looked at, sent or not wanted.
    after: u64,
    /// The newest event there is, as far as is known.
    newest: u64,
    /// The greeting, until it was handed over.
    greeting: Option<Bytes>,
    /// The events that are to be handed over next.
    ready: VecDeque<Frame>,
    /// When the connection was last given anything.
    handed_at: Instant,
    is_over: bool,
    /// Not before then is anything more handed over.
    rests_until: Option<Instant>,
}

/// What one who samples finds.
enum Sampled {
    Text(Bytes),
    /// Nothing of what is wanted.
    Nothing,
    /// No sample: events are to be read, up to before this one.
    Events(Option<u64>),
}

/// What ends a wait.
enum Woken {
    More,
    Closing,
    Silence,
}

impl Listener {
    /// Listens from after an event on; `newest` is the last one there is.
    #[expect(clippy::too_many_arguments, reason = "called once, and each is a thing of its own")]
    pub(super) fn new(
        seat: Seat,
        views: Arc<Views>,
        follower: Follower,
        closing: watch::Receiver<bool>,
        kinds: Kinds,
        pace: Pace,
        after: u64,
        newest: u64,
    ) -> Self {
        Self {
            seat,
            views,
            follower,
            closing,
            kinds,
            pace,
            after,
            newest,
            greeting: Some(frame::greeting(after)),
            ready: VecDeque::new(),
            handed_at: clock::monotonic(),
            is_over: false,
            rests_until: None,
        }
    }

    /// What it hears, piece by piece. A piece is taken when the connection has room for it.
    pub(super) fn chunks(self) -> impl Stream<Item = Result<Bytes, Infallible>> + 'static {
        unfold(self, |mut listener| async move {
            let chunk = listener.next().await?;
            listener.handed_at = clock::monotonic();
            Some((Ok(chunk), listener))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        // Nobody asks for more before what was handed over has gone: so long it took.
        if self.handed_at.elapsed() > self.seat.limits().patience {
            return Some(self.end(Dropped::Slow));
        }
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            if *self.closing.borrow() {
                return Some(self.end(Dropped::Stopping));
            }
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame.text);
            }
            self.newest = self.newest.max(self.follower.newest());
            let until = match self.sampled().await {
                Sampled::Text(text) => return Some(text),
                Sampled::Nothing => continue,
                Sampled::Events(until) => until,
            };
            match self.seat.tail().part(&self.views, self.after + 1, self.newest).await {
                Ok(part) if part.is_empty() => match self.wait().await {
                    Woken::More | Woken::Closing => {}
                    Woken::Silence => return Some(frame::heartbeat(self.after)),
                },
                Ok(mut part) => {
                    part.retain(|frame| until.is_none_or(|until| frame.sequence < until));
                    self.after = part.last().map_or(self.after, |last| last.sequence);
                    self.ready.extend(part.into_iter().filter(|frame| self.kinds.has(&frame.kind)));
                }
                Err(error) => {
                    let cause =
                        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::warn!(store.id = %self.seat.tail().store(), %error, cause, "a stream's events could not be read");
                    return Some(self.end(Dropped::Unreadable));
                }
            }
        }
    }

    /// What comes next for one who samples, if it is there as a sample; else events are read up to before one, or all.
    async fn sampled(&mut self) -> Sampled {
        if self.pace == Pace::Whole || self.newest <= self.after {
            return Sampled::Events(None);
        }
        if let Some(until) = self.rests_until.take() {
            // Whoever stops meanwhile is not kept waiting for long.
            tokio::time::sleep_until(until.into()).await;
        }
        match self.follower.after(self.after) {
            After::Samples(samples) => self.hand_over(&samples),
            After::Events(until) => {
                let to = until.map_or(self.newest, |until| until - 1);
                if to.saturating_sub(self.after) <= BEHIND_MAX {
                    return Sampled::Events(until);
                }
                let after = std::mem::replace(&mut self.after, to);
                Sampled::Text(frame::jump(after, to))
            }
        }
    }

    fn hand_over(&mut self, samples: &[Arc<Sample>]) -> Sampled {
        let mut texts = samples.iter().map(|sample| self.seat.tail().sampled(sample, &self.kinds));
        let text = match samples {
            [_] => texts.next().unwrap_or_default(),
            _ => texts
                .fold(BytesMut::new(), |mut all, text| {
                    all.extend_from_slice(&text);
                    all
                })
                .freeze(),
        };
        self.after = samples.last().map_or(self.after, |last| last.last);
        if samples.iter().any(|sample| !sample.left_out.is_empty()) {
            self.rests_until = Some(clock::monotonic() + self.seat.rest());
        }
        if text.is_empty() { Sampled::Nothing } else { Sampled::Text(text) }
    }

    async fn wait(&mut self) -> Woken {
        let silence = self.handed_at + self.seat.limits().heartbeat;
        tokio::select! {
            () = self.follower.changed() => Woken::More,
            _ = self.closing.wait_for(|is_closing| *is_closing) => Woken::Closing,
            () = tokio::time::sleep_until(silence.into()) => Woken::Silence,
        }
    }

    /// The last words. What was not handed over has not been seen.
    fn end(&mut self, why: Dropped) -> Bytes {
        self.is_over = true;
        why.text(self.ready.front().map_or(self.after, |unseen| unseen.sequence.saturating_sub(1)))
    }
}

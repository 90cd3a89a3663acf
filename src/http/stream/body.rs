//! One who listens: takes a part, hands it to its connection, takes the next.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::frame::{self, Dropped, Frame, Kinds};
use super::hub::Seat;
use crate::types::clock;
use crate::views::{Follower, Views};

/// One who listens to a store.
pub(super) struct Listener {
    seat: Seat,
    views: Arc<Views>,
    follower: Follower,
    /// Whether the node takes no more requests.
    closing: watch::Receiver<bool>,
    kinds: Kinds,
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
}

/// What ends a wait.
enum Woken {
    More,
    Closing,
    Silence,
}

impl Listener {
    /// Listens from after an event on; `newest` is the last one there is.
    pub(super) fn new(
        seat: Seat,
        views: Arc<Views>,
        follower: Follower,
        closing: watch::Receiver<bool>,
        kinds: Kinds,
        after: u64,
        newest: u64,
    ) -> Self {
        Self {
            seat,
            views,
            follower,
            closing,
            kinds,
            after,
            newest,
            greeting: Some(frame::greeting(after)),
            ready: VecDeque::new(),
            handed_at: clock::monotonic(),
            is_over: false,
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
            match self.seat.tail().part(&self.views, self.after + 1, self.newest).await {
                Ok(part) if part.is_empty() => match self.wait().await {
                    Woken::More | Woken::Closing => {}
                    Woken::Silence => return Some(frame::heartbeat(self.after)),
                },
                Ok(part) => {
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

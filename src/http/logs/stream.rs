//! Log lines as server-sent events. Nothing is pushed here either: a listener takes what is kept and wanted when its
//! connection has room, and whoever comes so late that lines are gone is told so.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::shown::{Shown, Traces};
use crate::http::stream::StreamLimits;
use crate::problem::{Code, Problem};
use crate::telemetry::{LogBook, Wanted};
use crate::types::{StoreId, clock};
use crate::views::Views;

/// How many may listen to one store's lines.
const STORE_MAX: usize = 16;
/// How many may listen to all lines.
const NODE_MAX: usize = 16;
/// How many may listen at all.
const ALL_MAX: usize = 512;
/// The most lines that are sent at once.
const PART_MAX: usize = 128;

/// The places of those who listen, by whose lines they hear; none stands for everybody's.
#[derive(Debug, Default)]
pub(in crate::http) struct Seats(Arc<Mutex<HashMap<Option<StoreId>, usize>>>);

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    taken: Arc<Mutex<HashMap<Option<StoreId>, usize>>>,
    whose: Option<StoreId>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seats {
    /// A place, or why there is none.
    pub(super) fn take(&self, whose: Option<&StoreId>) -> Result<Seat, Problem> {
        let whose = whose.cloned();
        let mut taken = lock(&self.0);
        if taken.values().sum::<usize>() >= ALL_MAX {
            return Err(Code::NodeStreamsFull.into());
        }
        let (most, full) = match &whose {
            Some(_) => (STORE_MAX, Code::StoreStreamsFull),
            None => (NODE_MAX, Code::NodeStreamsFull),
        };
        let count = taken.entry(whose.clone()).or_insert(0);
        if *count >= most {
            return Err(full.into());
        }
        *count += 1;
        drop(taken);
        Ok(Seat { taken: Arc::clone(&self.0), whose })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// One who listens.
pub(super) struct Listener {
    _seat: Seat,
    book: Arc<LogBook>,
    views: Arc<Views>,
    wanted: Wanted,
    newest: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    limits: StreamLimits,
    after: u64,
    is_greeted: bool,
    is_over: bool,
    /// When the connection was last given anything.
    handed_at: Instant,
}

enum Woken {
    More,
    Closing,
    Silence,
}

impl Listener {
    /// Listens from after a line on, or from now on.
    pub(super) fn new(
        seat: Seat,
        book: Arc<LogBook>,
        views: Arc<Views>,
        wanted: Wanted,
        after: Option<u64>,
        closing: watch::Receiver<bool>,
        limits: StreamLimits,
    ) -> Self {
        let newest = book.follow();
        // A line that nobody wrote yet was not seen: what is said to be after it is from now on.
        let last = *newest.borrow();
        let after = after.map_or(last, |after| after.min(last));
        let handed_at = clock::monotonic();
        Self {
            _seat: seat,
            book,
            views,
            wanted,
            newest,
            closing,
            limits,
            after,
            is_greeted: false,
            is_over: false,
            handed_at,
        }
    }

    /// What it hears, piece by piece.
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
        if self.handed_at.elapsed() > self.limits.patience {
            return Some(self.end("slow"));
        }
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(format!("retry: 1000\nid: {}\n\n", self.after).into());
        }
        loop {
            if *self.closing.borrow() {
                return Some(self.end("stopping"));
            }
            let next = self.book.after(&self.wanted, self.after, PART_MAX);
            self.after = next.seen;
            // Whoever breaks off here has not had the lines that follow.
            let begins = next.lines.first().map_or(next.seen, |line| line.id - 1);
            let mut text = if next.has_gap { gap(begins) } else { String::new() };
            let traces = Traces::of(&self.views, &next.lines).await;
            next.lines.iter().for_each(|line| push(&mut text, line.id, &traces.shown(line)));
            if !text.is_empty() {
                return Some(text.into());
            }
            match self.wait().await {
                Woken::More | Woken::Closing => {}
                Woken::Silence => return Some(format!(": heartbeat\nid: {}\n\n", self.after).into()),
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let silence = self.handed_at + self.limits.heartbeat;
        let after = self.after;
        tokio::select! {
            _ = self.newest.wait_for(|newest| *newest > after) => Woken::More,
            _ = self.closing.wait_for(|is_closing| *is_closing) => Woken::Closing,
            () = tokio::time::sleep_until(silence.into()) => Woken::Silence,
        }
    }

    fn end(&mut self, reason: &str) -> Bytes {
        self.is_over = true;
        let after = self.after;
        format!("event: dropped\ndata: {{\"reason\":\"{reason}\",\"resume_after\":{after}}}\n\n").into()
    }
}

/// Says that lines were missed.
fn gap(after: u64) -> String {
    format!("event: gap\ndata: {{\"resume_after\":{after}}}\n\n")
}

fn push(text: &mut String, id: u64, line: &Shown<'_>) {
    let body = serde_json::to_string(line).expect("a line has string keys and goes to memory");
    text.push_str(&format!("id: {}\nevent: log\ndata: {body}\n\n", id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_by_store_and_given_back() {
        let seats = Seats::default();
        let acme: StoreId = "acme".parse().expect("a legal id");
        let refused = |whose| seats.take(whose).err().map(|problem| problem.kind().code);
        let taken: Vec<Seat> = (0..STORE_MAX).map(|_| seats.take(Some(&acme)).expect("a place")).collect();
        assert_eq!(refused(Some(&acme)), Some("streams_full"));
        assert_eq!(refused(None), None, "others have places of their own");
        drop(taken);
        assert_eq!(refused(Some(&acme)), None);
        assert!(lock(&seats.0).is_empty(), "nothing is left of those who have gone");
    }
}

//! Load: where requests come from, how they are driven, what came of them.

mod closed;
mod open;
mod tally;

use std::time::Instant;

use super::client::Answer;

pub(super) use closed::{Closed, closed};
pub(super) use open::{Open, open};
pub(super) use tally::Tally;

/// Where requests come from. One source serves all connections of a load.
pub(super) trait Source: 'static {
    /// Writes the next request; none when there are no more. The ticket comes back with the answer.
    fn next(&self, request: &mut Vec<u8>) -> Option<u64>;

    /// It was answered with a success. `begun` is when it was sent, or should have been.
    fn answered(&self, ticket: u64, answer: &Answer<'_>, begun: Instant) {
        let _ = (ticket, answer, begun);
    }
}

/// Requests that are there already, each sent once.
pub(super) struct Listed {
    requests: Vec<Vec<u8>>,
    next: std::cell::Cell<usize>,
}

impl Listed {
    /// Those requests.
    pub(super) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, next: std::cell::Cell::new(0) }
    }
}

impl Source for Listed {
    fn next(&self, request: &mut Vec<u8>) -> Option<u64> {
        let place = self.next.get();
        let bytes = self.requests.get(place)?;
        self.next.set(place + 1);
        request.clear();
        request.extend_from_slice(bytes);
        Some(u64::try_from(place).expect("a count fits"))
    }
}

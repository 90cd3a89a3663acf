//! What flowed where, counted for the node and for the store.

use std::time::Duration;

use crate::flow;
use crate::store::family::StoreFamily;
use crate::types::{Meta, Timestamp};

/// Counts what flowed, for the node and for the store.
pub(super) fn count(family: &StoreFamily, mark: flow::Mark, took: Option<Duration>) {
    family.node.flow.count(family.handle.id().hash(), mark, took);
    family.handle.flow.count(mark, took);
}

/// The same for events of one command, timed from what led to it.
pub(in crate::store) fn count_all<E>(
    family: &StoreFamily,
    events: &[E],
    meta: &Meta,
    at: Timestamp,
    mark: impl Fn(&E) -> flow::Mark,
) {
    let took = meta.cause.map(|cause| cause.at.until(at));
    for event in events {
        count(family, mark(event), took);
    }
}

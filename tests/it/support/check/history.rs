//! The store's events: one whole sequence, and in it for every order a legal way.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Evidence, ensure, text};

/// What an order's events make of its status; events that are not here leave it as it is.
const MEANS: [(&str, &str); 8] = [
    ("order.created", "pending"),
    ("order.parked_for_review", "on_hold"),
    ("order.review_passed", "pending"),
    ("order.payment_challenged", "requires_action"),
    ("order.confirmed", "confirmed"),
    ("order.completed", "completed"),
    ("order.canceled", "canceled"),
    ("order.expired", "expired"),
];

/// The published steps, from the table of the domain.
const LEGAL: [(&str, &str); 15] = [
    ("", "pending"),
    ("pending", "on_hold"),
    ("pending", "pending"),
    ("pending", "requires_action"),
    ("pending", "confirmed"),
    ("pending", "canceled"),
    ("pending", "expired"),
    ("requires_action", "pending"),
    ("requires_action", "confirmed"),
    ("requires_action", "canceled"),
    ("requires_action", "expired"),
    ("on_hold", "pending"),
    ("on_hold", "canceled"),
    ("confirmed", "canceled"),
    ("confirmed", "completed"),
];

pub(super) fn check(evidence: &Evidence) -> Checked {
    is_whole(evidence)?;
    let mut status: BTreeMap<&str, &str> = BTreeMap::new();
    for event in &evidence.events {
        let Some(order) = event["order_id"].as_str() else { continue };
        let kind = text(event, "type")?;
        let Some((_, after)) = MEANS.iter().find(|(name, _)| *name == kind) else {
            ensure!(status.contains_key(order), "before its order was created: {event}");
            continue;
        };
        let before = status.insert(order, after).unwrap_or_default();
        ensure!(LEGAL.contains(&(before, after)), "from {before:?} to {after:?}: {event}");
    }
    for order in &evidence.orders {
        let (id, shown) = (text(order, "id")?, text(order, "status")?);
        let told = status.remove(id);
        ensure!(told == Some(shown), "{id} is {shown}, its events say {told:?}");
    }
    ensure!(status.is_empty(), "events of orders that are not listed: {status:?}");
    undone(evidence)
}

/// From 1, without gap or repeat; time never falls; ids are unique; all of this store.
fn is_whole(evidence: &Evidence) -> Checked {
    let mut ids = BTreeSet::new();
    let mut time = "";
    for (at, event) in evidence.events.iter().enumerate() {
        ensure!(event["sequence"] == at + 1, "place {} has {event}", at + 1);
        ensure!(ids.insert(text(event, "id")?), "this id is not its own: {event}");
        ensure!(text(event, "store_id")? == evidence.store, "of another store: {event}");
        let now = text(event, "at")?;
        // RFC 3339 in UTC sorts as text, up to the digits of its fraction.
        ensure!(seconds(now) >= seconds(time), "time went back to {now} from {time}: {event}");
        time = now;
    }
    Ok(())
}

fn seconds(time: &str) -> &str {
    time.split('.').next().unwrap_or_default().trim_end_matches('Z')
}

/// An order that ended although its payment had begun is done only when its payment is undone, unless it was the bank
/// that would not.
fn undone(evidence: &Evidence) -> Checked {
    let of = |kind: &str| -> BTreeSet<&str> {
        let named = evidence.events.iter().filter(|event| event["type"] == kind);
        named.filter_map(|event| event["order_id"].as_str()).collect()
    };
    let (begun, undone) = (of("payment.created"), of("order.payment_undone"));
    for order in &evidence.orders {
        let id = text(order, "id")?;
        let was_stopped = matches!(text(order, "status")?, "canceled" | "expired");
        let has_ended = was_stopped && order["cancel_reason"] != "payment_failed";
        ensure!(
            !has_ended || !begun.contains(id) || undone.contains(id),
            "its payment is not undone: {order}"
        );
    }
    Ok(())
}

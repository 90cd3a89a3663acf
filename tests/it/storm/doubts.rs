//! How long nobody knew what had become of a call to the bank, read from the events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// What ends the doubt: an answer, or that the call certainly came to nothing and another is made in its place.
const SETTLES: [&str; 14] = [
    "payment.processed",
    "payment.captured",
    "payment.voided",
    "payment.refunded",
    "payment.refund_pending",
    "payment.refund_failed",
    "payment.declined",
    "payment.failed",
    "payment.canceled",
    "payment.capture_failed",
    "payment.requires_action",
    "payment.integrity_failure",
    "payment.charge_found",
    "payment.attempt_started",
];

/// The longest that any payment was in doubt after the bank was back, in seconds; and how many ever were. One that still is
/// fails the story.
pub(crate) fn longest(events: &[Value], back: Timestamp) -> (f64, usize) {
    let mut open: BTreeMap<&str, Timestamp> = BTreeMap::new();
    let (mut longest, mut count) = (0.0_f64, 0);
    for event in events {
        let (Some(order), Some(kind)) = (event["order_id"].as_str(), event["type"].as_str()) else {
            continue;
        };
        let at: Timestamp = event["at"].as_str().expect("a time").parse().expect("RFC 3339");
        if kind == "payment.outcome_unknown" {
            // Unknown again while it is unknown is the same doubt.
            open.entry(order).or_insert_with(|| {
                count += 1;
                at
            });
        } else if SETTLES.contains(&kind)
            && let Some(since) = open.remove(order)
        {
            longest = longest.max((at - since.max(back)).total(jiff::Unit::Second).expect("seconds"));
        }
    }
    assert!(open.is_empty(), "still in doubt: {open:?}");
    (longest, count)
}

//! What the bank tells without being asked: `Event` objects, as it posts them to webhook endpoints.

use std::sync::Arc;

use serde::Deserialize;

use super::body::ID_LENGTH_MAX;
use crate::payment::bank::Notice;
use crate::types::{OrderId, StoreId};

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The bank's id for it: the same again is the same.
    pub event: Arc<str>,
    /// What it is about, when that is a payment of ours.
    pub about: Option<About>,
    /// The bank's id for a dispute, when it is about one. Whose it is, only the bank can say.
    pub dispute: Option<Arc<str>>,
}

/// Which payment a notification is about, by what we wrote on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Of which store.
    pub store: StoreId,
    /// Of which order.
    pub order: OrderId,
    /// What to look at.
    pub notice: Notice,
}

/// The parts of an `Event` that are read.
#[derive(Deserialize)]
struct Event {
    id: Arc<str>,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// An intent, a charge or a refund.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    object: String,
    #[serde(default)]
    id: Arc<str>,
    #[serde(default)]
    payment_intent: Option<Arc<str>>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// What we write on every intent and refund.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    store_id: Option<String>,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    refund: Option<String>,
}

/// Events that say that money is held or taken.
const WITH_MONEY: [&str; 4] = [
    "payment_intent.succeeded",
    "payment_intent.amount_capturable_updated",
    "charge.succeeded",
    "charge.captured",
];

/// Reads a notification; nothing where it is none.
pub fn read(body: &[u8]) -> Option<Told> {
    let Event { id, kind, data } = serde_json::from_slice(body).ok()?;
    let object = data.object;
    let dispute = (object.object == "dispute" && is_id(&object.id)).then(|| Arc::clone(&object.id));
    is_id(&id).then(|| Told { event: id, about: object.about(&kind), dispute })
}

/// Whether a text may be one of the bank's ids: they go into paths.
fn is_id(text: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Object {
    fn about(self, kind: &str) -> Option<About> {
        let metadata = self.metadata?;
        let store = metadata.store_id?.parse().ok()?;
        let order = metadata.order_id?.parse().ok()?;
        let notice = match self.object.as_str() {
            "refund" => {
                let has_failed = matches!(self.status.as_deref(), Some("failed" | "canceled"));
                Notice::Refund { number: metadata.refund?.parse().ok()?, has_failed }
            }
            "payment_intent" | "charge" => {
                let intent = if self.object == "charge" { self.payment_intent? } else { self.id };
                if !is_id(&intent) {
                    return None;
                }
                let attempt = metadata.attempt?.parse().ok()?;
                Notice::Intent { intent, attempt, has_money: WITH_MONEY.contains(&kind) }
            }
            _ => return None,
        };
        Some(About { store, order, notice })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ORDER: &str = "ord_00000000000000000000000001";

    fn told(kind: &str, object: &Value) -> Option<Told> {
        let event = json!({ "id": "evt_1", "object": "event", "type": kind, "data": { "object": object } });
        read(event.to_string().as_bytes())
    }

    fn notice(kind: &str, object: &Value) -> Option<Notice> {
        told(kind, object).expect("an event").about.map(|about| about.notice)
    }

    #[test]
    fn what_we_wrote_on_it_says_what_it_is_about() {
        let metadata = json!({ "order_id": ORDER, "store_id": "acme", "attempt": "2" });
        let intent =
            json!({ "object": "payment_intent", "id": "pi_1", "status": "succeeded", "metadata": metadata });
        let told = told("payment_intent.succeeded", &intent).expect("an event");
        let about = told.about.expect("ours");
        assert_eq!(
            (&*told.event, about.store.as_str(), about.order.to_string()),
            ("evt_1", "acme", ORDER.into())
        );
        assert_eq!(about.notice, Notice::Intent { intent: "pi_1".into(), attempt: 2, has_money: true });
        let failed = notice("payment_intent.payment_failed", &intent);
        assert_eq!(failed, Some(Notice::Intent { intent: "pi_1".into(), attempt: 2, has_money: false }));

        let charge =
            json!({ "object": "charge", "id": "ch_1", "payment_intent": "pi_2", "metadata": metadata });
        let charged = notice("charge.succeeded", &charge);
        assert_eq!(charged, Some(Notice::Intent { intent: "pi_2".into(), attempt: 2, has_money: true }));

        let mut metadata = metadata;
        metadata["refund"] = "3".into();
        for (status, has_failed) in [("failed", true), ("succeeded", false), ("pending", false)] {
            let refund = json!({ "object": "refund", "id": "re_1", "status": status, "metadata": metadata });
            assert_eq!(notice("refund.updated", &refund), Some(Notice::Refund { number: 3, has_failed }));
        }
    }

    #[test]
    fn what_is_not_ours_is_about_nothing_and_rubbish_is_no_notification() {
        let metadata = json!({ "order_id": ORDER, "store_id": "acme", "attempt": "1" });
        for object in [
            json!({ "object": "payment_intent", "id": "pi_1", "metadata": {} }),
            json!({ "object": "payment_intent", "id": "pi_1", "metadata": null }),
            json!({ "object": "payment_intent", "id": "pi_1", "metadata": { "order_id": "7", "store_id": "acme", "attempt": "1" } }),
            json!({ "object": "charge", "id": "ch_1", "metadata": metadata }),
            json!({ "object": "refund", "id": "re_1", "metadata": metadata }),
            json!({ "object": "payment_intent", "id": "../charges", "metadata": metadata }),
            json!({ "object": "dispute", "id": "dp_1", "metadata": metadata }),
        ] {
            assert_eq!(notice("any.thing", &object), None, "{object}");
        }
        for rubbish in
            ["", "[]", "{}", r#"{"id":"evt_1","type":"x"}"#, r#"{"id":"","type":"x","data":{"object":{}}}"#]
        {
            assert_eq!(read(rubbish.as_bytes()), None, "{rubbish}");
        }
    }
}

//! What travels beside a command and is journaled beside its events.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;

/// Who made something happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody who called the API.
    Api,
    /// The order actor of the same store.
    Order,
    /// The payment actor of the same store.
    Payment,
    /// The fraud actor of the same store.
    Fraud,
    /// The inventory actor of the same store.
    Inventory,
    /// The fulfilment actor of the same store.
    Fulfillment,
    /// The returns actor of the same store.
    Returns,
    /// A timer that came due.
    Timer,
    /// The bank, by answering a call.
    Bank,
    /// A carrier, by telling where a parcel is.
    Carrier,
    /// The store's supervisor.
    Store,
    /// A scheduled job.
    Schedule,
}

impl Actor {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Actor::Api => "api",
            Actor::Order => "order",
            Actor::Payment => "payment",
            Actor::Fraud => "fraud",
            Actor::Inventory => "inventory",
            Actor::Fulfillment => "fulfillment",
            Actor::Returns => "returns",
            Actor::Timer => "timer",
            Actor::Bank => "bank",
            Actor::Carrier => "carrier",
            Actor::Store => "store",
            Actor::Schedule => "schedule",
        }
    }
}

/// The event that led to a command: its place in the store's sequence and its time, from which its id follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Place in the store's sequence.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
}

/// An `Idempotency-Key` and what it was sent with, both as stable hashes of 128 and 64 bits.
///
/// The key itself is not kept: it may be anything a client made up, and 128 bits never collide by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestKey {
    /// Hash of the key.
    #[serde(with = "hex128")]
    pub key: u128,
    /// Hash of method, path and body.
    pub payload: u64,
}

impl RequestKey {
    /// The key `key` as sent with `payload` (method, path and body, in that order).
    pub fn new(key: &str, payload: &[&[u8]]) -> Self {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for part in payload {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { key: xxhash_rust::xxh3::xxh3_128(key.as_bytes()), payload: hash.digest() }
    }
}

mod hex128 {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map_err(de::Error::custom)
    }
}

/// Everything about a command but the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Who asked.
    pub actor: Actor,
    /// The event that led here, when one did.
    pub cause: Option<Cause>,
    /// The request's idempotency key, when it had one.
    pub key: Option<RequestKey>,
}

impl Meta {
    /// A command that nothing led to but `actor`.
    pub const fn by(actor: Actor) -> Self {
        Self { actor, cause: None, key: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_called_the_same_everywhere() {
        use Actor as A;
        let all = [
            A::Api,
            A::Order,
            A::Payment,
            A::Fraud,
            A::Inventory,
            A::Fulfillment,
            A::Returns,
            A::Timer,
            A::Bank,
            A::Carrier,
            A::Store,
            A::Schedule,
        ];
        for actor in all {
            assert_eq!(serde_json::json!(actor), actor.name());
        }
    }

    #[test]
    fn a_request_is_its_key_and_every_part_of_what_was_sent() {
        let key = RequestKey::new("k", &[b"POST", b"/v1/orders", b"{}"]);
        let stored = serde_json::to_string(&key).expect("JSON");
        assert_eq!(serde_json::from_str::<RequestKey>(&stored).ok(), Some(key), "{stored}");
        assert_ne!(RequestKey::new("l", &[b"POST", b"/v1/orders", b"{}"]).key, key.key);
        for other in [
            &[&b"POST"[..], b"/v1/orders{}"][..],
            &[b"POST", b"/v1/orders", b"{ }"],
            &[b"POST/", b"v1/orders", b"{}"],
        ] {
            let other = RequestKey::new("k", other);
            assert!(other.key == key.key && other.payload != key.payload);
        }
    }
}

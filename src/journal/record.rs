//! Records: what is written, and what is read back.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::{Lane, Position};
use crate::types::{Actor, Cause, Meta, OrderId, RequestKey, StoreId, Timestamp};

/// Rows of one store, to be written together: all of them become durable, or none.
#[derive(Debug)]
pub struct Append {
    /// Whom to tell.
    pub lane: Lane,
    /// The lane's own count of appends, from 1.
    pub ticket: u64,
    /// Whose events these are.
    pub store: StoreId,
    /// Which activation of the store made them. Once an append of a generation was refused, all its later ones are.
    pub generation: u64,
    /// At least one row.
    pub rows: Vec<Row>,
}

/// One event on its way to the journal.
#[derive(Clone, Debug)]
pub struct Row {
    /// Place in the store's sequence, from 1 without gaps.
    pub sequence: u64,
    /// Journal time: never goes back within a store.
    pub at: Timestamp,
    /// The event's kind.
    pub kind: &'static str,
    /// The rest, as [`Body`] writes it.
    pub body: Vec<u8>,
    /// What the body was made of; nothing for a row that was not made of an event.
    pub origin: Option<Origin>,
}

/// What a row's body was made of. Never stored: it spares those who follow the journal in the same process the parsing.
#[derive(Clone)]
pub struct Origin {
    /// Version of the event's shape.
    pub version: u16,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// The request's idempotency key.
    pub key: Option<RequestKey>,
    /// How many events of the same command follow.
    pub more: u32,
    /// The events of the command: a `Vec` of one aggregate's.
    events: Arc<dyn Any + Send + Sync>,
    /// Which of them this one is.
    nth: usize,
}

impl Origin {
    /// The event itself, if it is one of these.
    pub fn event<E: crate::runtime::Event>(&self) -> Option<&E> {
        self.events.downcast_ref::<Vec<E>>()?.get(self.nth)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("order", &self.order).field("nth", &self.nth).finish_non_exhaustive()
    }
}

/// One durable event, borrowed from the reader that found it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Place in the journal.
    pub position: Position,
    /// Whose event it is.
    pub store: &'a str,
    /// Place in the store's sequence.
    pub sequence: u64,
    /// Journal time.
    pub at: Timestamp,
    /// The event's kind.
    pub kind: &'a str,
    /// The rest, as JSON; read it with [`Record::body`].
    pub bytes: &'a [u8],
    /// What the body was made of, where that is still in memory.
    pub origin: Option<&'a Origin>,
}

/// Everything of a record that is not a column. Field order is part of the format: `data` comes last.
#[derive(Debug, Deserialize)]
pub struct Body<'a> {
    /// Version of the event's shape.
    #[serde(rename = "v")]
    pub version: u16,
    /// What the event is about.
    #[serde(borrow)]
    pub subject: std::borrow::Cow<'a, str>,
    /// The order it belongs to.
    #[serde(default)]
    pub order: Option<OrderId>,
    /// Who made it happen.
    pub actor: Actor,
    /// The event that led to it.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// The request's idempotency key.
    #[serde(default)]
    pub key: Option<RequestKey>,
    /// How many events of the same command follow in the store's sequence; written beside a key only.
    #[serde(default)]
    pub more: u32,
    /// The event's data.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

impl Row {
    /// The rows of the events of one command, from `sequence` on. One request, one entry in the index of keys: the first
    /// event carries the key, and how many follow, because a repeated request is shown what was there after the last.
    pub fn of<E: crate::runtime::Event>(
        events: &Arc<Vec<E>>,
        meta: &Meta,
        sequence: u64,
        at: Timestamp,
    ) -> Vec<Self> {
        let places = sequence..;
        let rows = events.iter().zip(places).enumerate().map(|(nth, (event, sequence))| {
            let key = meta.key.filter(|_| nth == 0);
            let followers = if key.is_some() { events.len() - 1 } else { 0 };
            let origin = Origin {
                version: event.version(),
                order: event.order(),
                key,
                more: u32::try_from(followers)
                    .expect("the events of one command fit into memory many times over"),
                events: Arc::clone(events) as Arc<dyn Any + Send + Sync>,
                nth,
            };
            let body = body(event, meta, &origin);
            Self { sequence, at, kind: event.kind(), body, origin: Some(origin) }
        });
        rows.collect()
    }
}

/// The JSON that [`Body`] reads. What precedes the data is written by hand: every event has it, and a serializer that finds
/// out field by field what to write took more time over it than over most data.
fn body<E: crate::runtime::Event>(event: &E, meta: &Meta, origin: &Origin) -> Vec<u8> {
    let mut body = Vec::with_capacity(384);
    body.extend_from_slice(b"{\"v\":");
    write(&mut body, &origin.version);
    body.extend_from_slice(b",\"subject\":");
    write(&mut body, &event.subject());
    if let Some(order) = origin.order {
        body.extend_from_slice(b",\"order\":\"");
        body.extend_from_slice(order.encode(&mut [0; 32]).as_bytes());
        body.push(b'"');
    }
    body.extend_from_slice(b",\"actor\":\"");
    body.extend_from_slice(meta.actor.name().as_bytes());
    body.push(b'"');
    if let Some(cause) = meta.cause {
        body.extend_from_slice(b",\"cause\":{\"sequence\":");
        write(&mut body, &cause.sequence);
        body.extend_from_slice(b",\"at\":\"");
        body.extend_from_slice(cause.at.encode(&mut [0; 27]).as_bytes());
        body.extend_from_slice(b"\"}");
    }
    if let Some(key) = &origin.key {
        body.extend_from_slice(b",\"key\":");
        write(&mut body, key);
        if origin.more > 0 {
            body.extend_from_slice(b",\"more\":");
            write(&mut body, &origin.more);
        }
    }
    body.extend_from_slice(b",\"data\":");
    event.write(&mut body);
    body.push(b'}');
    body
}

fn write(body: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(body, value).expect("it has string keys and goes to memory");
}

impl Row {
    /// The record this row becomes at `position`.
    pub fn record<'a>(&'a self, position: Position, store: &'a str) -> Record<'a> {
        Record {
            position,
            store,
            sequence: self.sequence,
            at: self.at,
            kind: self.kind,
            bytes: &self.body,
            origin: self.origin.as_ref(),
        }
    }
}

impl<'a> Record<'a> {
    /// The checksum stored beside the record, over every column: a flipped bit anywhere shows when it is read.
    pub fn sum(&self) -> u64 {
        let parts = [
            self.position,
            self.sequence,
            self.at.micros().cast_unsigned(),
            xxh3_64(self.store.as_bytes()),
            xxh3_64(self.kind.as_bytes()),
            xxh3_64(self.bytes),
        ];
        let mut bytes = [0; 48];
        for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        xxh3_64(&bytes)
    }

    /// The record's body.
    pub fn body(&self) -> Result<Body<'a>, serde_json::Error> {
        serde_json::from_slice(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order;
    use crate::runtime::Event as _;

    /// What a serializer that knows the shape would write.
    #[derive(Serialize)]
    struct Whole<'a> {
        v: u16,
        subject: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        order: Option<OrderId>,
        actor: Actor,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<RequestKey>,
        #[serde(skip_serializing_if = "Option::is_none")]
        more: Option<u32>,
        data: &'a RawValue,
    }

    #[test]
    fn an_origin_names_its_order_and_not_its_events() {
        let order = OrderId::from_bits(7);
        let events = Arc::new(vec![order::Event::Expired(order::Expired { id: order })]);
        let rows = Row::of(&events, &Meta::by(Actor::Timer), 1, Timestamp::default());
        let said = format!("{:?}", rows[0].origin);
        assert_eq!(said, format!("Some(Origin {{ order: Some({order:?}), nth: 0, .. }})"));
    }

    #[test]
    fn a_body_is_written_as_its_shape_says_and_read_back() {
        let order = OrderId::from_bits(7);
        let event = order::Event::Expired(order::Expired { id: order });
        let at = Timestamp::from_micros(1_700_000_000_000_001);
        let causes = [None, Some(Cause { sequence: u64::MAX, at })];
        let keys = [None, Some(RequestKey::new("k", &[b"body"]))];
        for (cause, key) in causes.into_iter().flat_map(|cause| keys.map(|key| (cause, key))) {
            let meta = Meta { actor: Actor::Timer, cause, key };
            for count in [1, 3, 70_000] {
                let events = Arc::new(vec![event.clone(); count]);
                let rows = Row::of(&events, &meta, 5, at);
                assert_eq!(rows.len(), count);
                for (nth, row) in rows.into_iter().enumerate() {
                    assert_eq!((row.sequence, row.at, row.kind), (5 + nth as u64, at, "order.expired"));
                    let origin = row.origin.as_ref().expect("it was made of an event");
                    assert_eq!(origin.event::<order::Event>(), Some(&events[nth]));
                    let first = key.filter(|_| nth == 0);
                    let followers = first.map_or(0, |_| count - 1);
                    assert_eq!(
                        (origin.key, origin.more as usize),
                        (first, followers),
                        "only the first has it"
                    );
                    let mut data = Vec::new();
                    event.write(&mut data);
                    let whole = Whole {
                        v: event.version(),
                        subject: &event.subject(),
                        order: Some(order),
                        actor: meta.actor,
                        cause,
                        key: origin.key,
                        more: (origin.more > 0).then_some(origin.more),
                        data: serde_json::from_slice(&data).expect("events are JSON"),
                    };
                    let expected = serde_json::to_string(&whole).expect("it goes to memory");
                    assert_eq!(String::from_utf8_lossy(&row.body), expected);
                    let body = row.record(1, "acme").body().expect("what was written can be read");
                    assert_eq!((body.order, body.cause, body.key), (Some(order), cause, origin.key));
                    assert_eq!(body.more, origin.more);
                }
            }
        }
    }
}

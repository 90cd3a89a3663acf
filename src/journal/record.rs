//! Records: what is written, and what is read back.

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
    pub more: u16,
    /// The event's data.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

/// What precedes the data in a body.
#[derive(Serialize)]
struct Head<'a> {
    v: u16,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<RequestKey>,
    #[serde(skip_serializing_if = "is_nought")]
    more: u16,
}

fn is_nought(count: &u16) -> bool {
    *count == 0
}

impl Row {
    /// The row of `event` as it happened at a place and time.
    pub fn of<E: crate::runtime::Event>(event: &E, meta: &Meta, sequence: u64, at: Timestamp) -> Self {
        Self::leading(event, meta, sequence, at, 0)
    }

    /// The row of the first event of a command, which so many others follow: readers that answer a repeated request show
    /// what was there after the last of them.
    pub fn leading<E: crate::runtime::Event>(
        event: &E,
        meta: &Meta,
        sequence: u64,
        at: Timestamp,
        followers: usize,
    ) -> Self {
        let mut body = Vec::with_capacity(384);
        let subject = event.subject();
        let head = Head {
            v: event.version(),
            subject: &subject,
            order: event.order(),
            actor: meta.actor,
            cause: meta.cause,
            key: meta.key,
            more: if meta.key.is_some() { u16::try_from(followers).unwrap_or(u16::MAX) } else { 0 },
        };
        serde_json::to_writer(&mut body, &head).expect("a head has string keys and goes to memory");
        body.pop();
        body.extend_from_slice(b",\"data\":");
        event.write(&mut body);
        body.push(b'}');
        Self { sequence, at, kind: event.kind(), body }
    }
}

impl Row {
    /// The record this row becomes at `position`.
    pub fn record<'a>(&'a self, position: Position, store: &'a str) -> Record<'a> {
        Record { position, store, sequence: self.sequence, at: self.at, kind: self.kind, bytes: &self.body }
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

//! What precedes the data of a record, read without a JSON parser: the journal writes it in one order and one spelling.
//!
//! Whatever looks different is given to the parser, so this is a short cut and never a second format.

use std::borrow::Cow;

use crate::journal::{Origin, Record};
use crate::runtime::{Event, Unreadable};
use crate::types::{OrderId, RequestKey};

/// What views need of a record's body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    /// Version of the event's shape.
    pub(super) version: u16,
    /// The order it belongs to.
    pub(super) order: Option<OrderId>,
    /// The request's idempotency key.
    pub(super) key: Option<RequestKey>,
    /// How many events of the same command follow.
    pub(super) more: u32,
    event: Told<'a>,
}

/// The event: as its maker handed it over, or as it is written.
#[derive(Clone, Copy, Debug)]
enum Told<'a> {
    Made(&'a Origin),
    Written(&'a [u8]),
}

impl<'a> Head<'a> {
    /// The head of a record.
    pub(super) fn of(record: &Record<'a>) -> Result<Self, Unreadable> {
        if let Some(origin) = record.origin {
            let Origin { version, order, key, more, .. } = *origin;
            return Ok(Self { version, order, key, more, event: Told::Made(origin) });
        }
        match Scan(record.bytes).head() {
            Some(head) => Ok(head),
            None => {
                let unreadable = |source| Unreadable::Data { kind: record.kind.to_owned(), source };
                let body = record.body().map_err(unreadable)?;
                Ok(Self {
                    version: body.version,
                    order: body.order,
                    key: body.key,
                    more: body.more,
                    event: Told::Written(body.data.get().as_bytes()),
                })
            }
        }
    }

    /// The event of a record of this kind.
    pub(super) fn event<E: Event>(&self, kind: &str) -> Result<Cow<'a, E>, Unreadable> {
        match self.event {
            Told::Made(origin) => {
                origin.event().map(Cow::Borrowed).ok_or_else(|| Unreadable::Kind { kind: kind.into() })
            }
            Told::Written(data) => E::read(kind, self.version, data).map(Cow::Owned),
        }
    }
}

struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    fn head(mut self) -> Option<Head<'a>> {
        self.eat(b"{\"v\":").then_some(())?;
        let version = u16::try_from(self.number()?).ok()?;
        self.eat(b",\"subject\":\"").then_some(())?;
        self.until(b'"')?;
        let order = if self.eat(b",\"order\":\"") { Some(self.until(b'"')?.parse().ok()?) } else { None };
        self.eat(b",\"actor\":\"").then_some(())?;
        self.until(b'"')?;
        if self.eat(b",\"cause\":{") {
            self.until(b'}')?;
        }
        let key = if self.eat(b",\"key\":{\"key\":\"") { Some(self.key()?) } else { None };
        let more = if self.eat(b",\"more\":") { u32::try_from(self.number()?).ok()? } else { 0 };
        self.eat(b",\"data\":").then_some(())?;
        let data = self.0.strip_suffix(b"}")?;
        Some(Head { version, order, key, more, event: Told::Written(data) })
    }

    fn key(&mut self) -> Option<RequestKey> {
        let key = u128::from_str_radix(self.until(b'"')?, 16).ok()?;
        self.eat(b",\"payload\":").then_some(())?;
        let payload = self.number()?;
        self.eat(b"}").then_some(RequestKey { key, payload })
    }

    fn eat(&mut self, expected: &[u8]) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Everything up to a mark, which is skipped. Nothing where an escape stands before it.
    fn until(&mut self, mark: u8) -> Option<&'a str> {
        let end = self.0.iter().position(|b| *b == mark || *b == b'\\')?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(&[mark])?;
        std::str::from_utf8(text).ok()
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (text, rest) = self.0.split_at(digits);
        self.0 = rest;
        std::str::from_utf8(text).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::journal::Row;
    use crate::order::{Confirmed, Event};
    use crate::types::{Actor, Cause, Meta, Timestamp};

    #[test]
    fn the_short_cut_reads_what_the_parser_reads() {
        let id = OrderId::from_bits(77);
        let event = Event::Confirmed(Confirmed { id });
        let at = Timestamp::from_micros(1_700_000_000_000_001);
        let key = Some(RequestKey::new("a \"key\"", &[b"body"]));
        let cause = Some(Cause { sequence: 9, at });
        for meta in [
            Meta::by(Actor::Bank),
            Meta { cause, ..Meta::by(Actor::Order) },
            Meta { key, ..Meta::by(Actor::Api) },
            Meta { actor: Actor::Api, cause, key },
        ] {
            let rows = Row::of(&Arc::new(vec![event.clone(); 4]), &meta, 1, at);
            let record = rows[0].record(1, "acme");
            let body = record.body().expect("a row has a body");
            let short = Scan(record.bytes).head().expect("the journal's own spelling");
            let made = Head::of(&record).expect("a row knows what it was made of");
            for head in [short, made] {
                assert_eq!(head.version, body.version);
                assert_eq!(head.order, Some(id));
                assert_eq!(head.key, meta.key);
                assert_eq!(head.more, if meta.key.is_some() { 3 } else { 0 });
                assert_eq!(head.event::<Event>(record.kind).ok().as_deref(), Some(&event));
            }
            assert!(rows[1..].iter().all(|row| row.origin.as_ref().is_some_and(|made| made.key.is_none())));
        }
    }

    #[test]
    fn other_spellings_go_to_the_parser() {
        let bytes = br#"{"v":1,"subject":"a \"b\"","actor":"api", "data":{"x":1}}"#;
        assert!(Scan(bytes).head().is_none());
        let record = Record {
            position: 1,
            store: "acme",
            sequence: 1,
            at: Timestamp::default(),
            kind: "order.confirmed",
            bytes,
            origin: None,
        };
        let head = Head::of(&record).expect("it is JSON");
        assert!(matches!(head.event, Told::Written(br#"{"x":1}"#)));
    }
}

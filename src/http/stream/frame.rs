//! What goes over the line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::problem::{Code, Problem};
use crate::types::Timestamp;
use crate::views::{EventView, Sample};

/// The most types that one listener may name.
const TYPES_MAX: usize = 64;
/// The longest name of a type.
const TYPE_LENGTH_MAX: usize = 64;
/// How long a client shall wait before it comes back, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// An event as it is sent, rendered once for all who listen.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) sequence: u64,
    pub(super) kind: Arc<str>,
    pub(super) text: Bytes,
}

impl Frame {
    /// An event: `data` is what `GET /v1/events` shows of it.
    pub(super) fn of(event: &EventView) -> Self {
        let mut text = format!("id: {}\n", event.sequence).into_bytes();
        write_event(&mut text, event);
        Self { sequence: event.sequence, kind: event.kind.as_str().into(), text: text.into() }
    }
}

fn write_event(text: &mut Vec<u8>, event: &EventView) {
    text.extend_from_slice(format!("event: {}\ndata: ", event.kind).as_bytes());
    serde_json::to_writer(&mut *text, event).expect("a view has string keys and goes to memory");
    text.extend_from_slice(b"\n\n");
}

/// What was left out of a stream that is sampled.
#[derive(Debug, Serialize)]
struct Skipped {
    /// It was somewhere after this event,
    after: u64,
    /// and no later than this one.
    to: u64,
    /// When the last one happened; null where nobody looked.
    at: Option<Timestamp>,
    /// How many of each type; null where nobody counted, because it is long ago.
    types: Option<BTreeMap<Box<str>, u32>>,
}

fn write_skipped(text: &mut Vec<u8>, skipped: &Skipped) {
    text.extend_from_slice(format!("id: {}\nevent: skipped\ndata: ", skipped.to).as_bytes());
    serde_json::to_writer(&mut *text, skipped).expect("it has string keys and goes to memory");
    text.extend_from_slice(b"\n\n");
}

/// A sample, of the types that are wanted; nothing where it has none of them. Where anything was left out, the last words
/// count it, and only they have an id: whoever breaks off before hears all of it again.
pub(super) fn sampled(sample: &Sample, kinds: &Kinds) -> Bytes {
    let counted = sample.left_out.iter().filter(|(kind, _)| kinds.has(kind));
    let types: BTreeMap<Box<str>, u32> = counted.cloned().collect();
    let events = sample.events.iter().filter(|event| kinds.has(&event.kind));
    let mut text = Vec::new();
    for event in events {
        if types.is_empty() {
            text.extend_from_slice(format!("id: {}\n", event.sequence).as_bytes());
        }
        write_event(&mut text, event);
    }
    if !types.is_empty() {
        let Sample { first, last, at, .. } = *sample;
        write_skipped(&mut text, &Skipped { after: first - 1, to: last, at: Some(at), types: Some(types) });
    }
    text.into()
}

/// Everything from after one event to another was left out, and nobody has counted it.
pub(super) fn jump(after: u64, to: u64) -> Bytes {
    let mut text = Vec::new();
    write_skipped(&mut text, &Skipped { after, to, at: None, types: None });
    text.into()
}

/// The first words: how long to wait before coming back, and where this begins, so that a client whose connection breaks
/// before the first event goes on from there.
pub(super) fn greeting(after: u64) -> Bytes {
    format!("retry: {RETRY_MS}\nid: {after}\n\n").into()
}

/// A sign of life, and how far it has been looked.
pub(super) fn heartbeat(after: u64) -> Bytes {
    format!(": heartbeat\nid: {after}\n\n").into()
}

/// Why a stream ends from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// The client takes too long over what it is sent.
    Slow,
    /// The node stops.
    Stopping,
    /// Events cannot be read now.
    Unreadable,
}

impl Dropped {
    const fn word(self) -> &'static str {
        match self {
            Dropped::Slow => "slow",
            Dropped::Stopping => "stopping",
            Dropped::Unreadable => "unreadable",
        }
    }

    /// The last words: why, and after which event to go on.
    pub(super) fn text(self, after: u64) -> Bytes {
        let reason = self.word();
        format!("event: dropped\ndata: {{\"reason\":\"{reason}\",\"resume_after\":{after}}}\n\n").into()
    }
}

/// Which types somebody wants to hear of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    All,
    Only(BTreeSet<Box<str>>),
}

impl Kinds {
    /// From names with commas between.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Kinds::All) };
        let is_name = |name: &str| {
            (1..=TYPE_LENGTH_MAX).contains(&name.len())
                && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_'))
        };
        let names: BTreeSet<Box<str>> = text.split(',').map(Box::from).collect();
        if names.len() <= TYPES_MAX && names.iter().all(|name| is_name(name)) {
            Ok(Kinds::Only(names))
        } else {
            let why = format!("types takes up to {TYPES_MAX} types of events with commas between");
            Err(Problem::because(Code::MalformedQuery, why))
        }
    }

    /// Whether this type is one of them.
    pub(super) fn has(&self, kind: &str) -> bool {
        match self {
            Kinds::All => true,
            Kinds::Only(names) => names.contains(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_or_refused() {
        let some = Kinds::parse(Some("order.created,payment.processed")).expect("two types");
        assert!(some.has("order.created") && !some.has("order.canceled"));
        assert!(Kinds::parse(None).expect("all").has("anything"));
        for bad in ["", "order.created,", "Order", "a b", &"a".repeat(65)] {
            assert!(Kinds::parse(Some(bad)).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..65).map(|nth| format!("a.{nth}")).collect();
        assert!(Kinds::parse(Some(&many.join(","))).is_err());
    }

    #[test]
    fn last_words_say_where_to_go_on() {
        let text = Dropped::Slow.text(41);
        assert_eq!(&*text, b"event: dropped\ndata: {\"reason\":\"slow\",\"resume_after\":41}\n\n");
        assert_eq!(&*greeting(0), b"retry: 1000\nid: 0\n\n");
        assert_eq!(&*heartbeat(9), b": heartbeat\nid: 9\n\n");
    }
}

//! The last lines of the log, in memory, for whoever looks at the node over its API.
//!
//! A layer beside the one that writes to standard error. It is handed what is rare by its nature: what went wrong, what
//! somebody changed, what was refused. Lines are bounded in number, length and sum; the oldest make room. A field whose name
//! promises a secret, or whose text may be a card's number, is not kept.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;

use crate::types::text::has_card_number;
use crate::types::{Clock, OrderId, StoreId, Timestamp};

/// The most lines that are kept.
const LINES_MAX: usize = 4_000;
/// About the most bytes that they take together.
const BYTES_MAX: usize = 2 << 20;
/// The longest text of one field.
const TEXT_MAX: usize = 1_024;
/// The most fields of one line.
const FIELDS_MAX: usize = 24;
/// What stands for what is not kept.
const REDACTED: &str = "[redacted]";
/// Fields with one of these in their name are not kept.
const SECRET: [&str; 8] =
    ["secret", "password", "authorization", "token", "credential", "signature", "cookie", "card"];
/// Where finer lines are kept too: they are rare there, and say why somebody was refused or had to wait.
const FINE: [&str; 3] = ["orderflow::http::guard", "orderflow::store", "orderflow::runtime"];

/// One line of the log.
#[derive(Debug, Serialize)]
pub struct LogLine {
    /// Its place among all lines; larger than that of every line before it, those of earlier starts too.
    pub id: u64,
    /// When it was written.
    pub at: Timestamp,
    /// How grave it is.
    #[serde(serialize_with = "level")]
    pub level: Level,
    /// Which part of the program wrote it.
    pub target: &'static str,
    /// What happened.
    pub message: Box<str>,
    /// Whose it is; none, where it is about the node.
    pub store_id: Option<StoreId>,
    /// Which order it is about.
    pub order_id: Option<OrderId>,
    /// What else it says.
    pub fields: Map<String, Value>,
    /// About how many bytes it takes.
    #[serde(skip)]
    bytes: usize,
}

fn level<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word(*level))
}

/// A level in one word.
fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        _ => "trace",
    }
}

/// The last lines.
#[derive(Debug)]
pub struct LogBook {
    kept: Mutex<Kept>,
    /// The newest line's place.
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    next: u64,
}

/// Which lines somebody wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only this store's; none for all, those about the node too.
    pub store: Option<StoreId>,
    /// Only this order's.
    pub order: Option<OrderId>,
    /// None that is less grave.
    pub level: Level,
    /// None that is older.
    pub since: Option<Timestamp>,
}

impl Wanted {
    fn has(&self, line: &LogLine) -> bool {
        // Graver levels are smaller.
        line.level <= self.level
            && self.store.as_ref().is_none_or(|store| line.store_id.as_ref() == Some(store))
            && self.order.is_none_or(|order| line.order_id == Some(order))
            && self.since.is_none_or(|since| line.at >= since)
    }
}

/// The next lines for somebody who follows.
#[derive(Debug)]
pub struct NextLines {
    /// Those that are wanted, the oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// Up to where was looked.
    pub seen: u64,
    /// Whether lines after the last one seen made room before anybody looked at them.
    pub has_gap: bool,
}

impl Default for LogBook {
    fn default() -> Self {
        // Microseconds count faster than lines are written, so places go on after a restart.
        let first = u64::try_from(Clock::SYSTEM.now().micros()).unwrap_or(1);
        let kept = Kept { lines: VecDeque::new(), bytes: 0, next: first + 1 };
        Self { kept: Mutex::new(kept), newest: watch::Sender::new(first) }
    }
}

impl LogBook {
    /// The newest lines that are wanted, the newest first, those before a place where one is given.
    pub fn last(&self, wanted: &Wanted, before: Option<u64>, limit: usize) -> Vec<Arc<LogLine>> {
        let kept = self.kept();
        let is_before = |line: &&Arc<LogLine>| before.is_none_or(|before| line.id < before);
        let found = kept.lines.iter().rev().filter(is_before).filter(|line| wanted.has(line));
        found.take(limit).cloned().collect()
    }

    /// The next lines that are wanted after a place.
    pub fn after(&self, wanted: &Wanted, after: u64, limit: usize) -> NextLines {
        let kept = self.kept();
        let first = kept.next - kept.lines.len() as u64;
        let has_gap = after + 1 < first;
        let skipped = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let mut next = NextLines { lines: Vec::new(), seen: after.max(first - 1), has_gap };
        for line in kept.lines.iter().skip(skipped) {
            next.seen = line.id;
            if wanted.has(line) {
                next.lines.push(Arc::clone(line));
                if next.lines.len() == limit {
                    break;
                }
            }
        }
        next
    }

    /// The place of the newest line, and a way to wait for the next one.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn add(&self, mut line: LogLine) {
        let mut kept = self.kept();
        line.id = kept.next;
        kept.next += 1;
        kept.bytes += line.bytes;
        kept.lines.push_back(Arc::new(line));
        while kept.lines.len() > LINES_MAX || kept.bytes > BYTES_MAX {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.bytes;
        }
        let newest = kept.next - 1;
        drop(kept);
        self.newest.send_replace(newest);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands lines to a book.
#[derive(Debug)]
pub(super) struct Keeper(pub(super) Arc<LogBook>);

impl Keeper {
    /// Which lines are kept, whatever is written to standard error.
    pub(super) fn filter() -> Targets {
        FINE.into_iter().fold(Targets::new().with_default(Level::INFO), |filter, target| {
            filter.with_target(target, Level::DEBUG)
        })
    }
}

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let mut line = LogLine {
            id: 0,
            at: Clock::SYSTEM.now(),
            level: *meta.level(),
            target: meta.target(),
            message: Box::default(),
            store_id: None,
            order_id: None,
            fields: Map::new(),
            bytes: 256,
        };
        event.record(&mut Reading(&mut line));
        self.0.add(line);
    }
}

/// Reads the fields of an event into a line.
struct Reading<'a>(&'a mut LogLine);

impl Reading<'_> {
    fn text(&mut self, name: &str, text: &str) {
        let is_secret = SECRET.iter().any(|secret| name.contains(secret)) || has_card_number(text);
        let text = if is_secret { REDACTED } else { cut(text) };
        let line = &mut *self.0;
        match name {
            "message" => {
                line.message = text.into();
                line.bytes += text.len();
            }
            "store.id" => line.store_id = text.parse().ok(),
            "order.id" => line.order_id = text.parse().ok(),
            _ => self.put(name, text.into(), text.len()),
        }
    }

    fn put(&mut self, name: &str, value: Value, bytes: usize) {
        if self.0.fields.len() < FIELDS_MAX {
            self.0.bytes += name.len() + bytes + 32;
            self.0.fields.insert(name.to_owned(), value);
        }
    }
}

impl Visit for Reading<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("writing to memory does not fail");
        self.text(field.name(), &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into(), 8);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into(), 8);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into(), 8);
    }
}

/// As much of a text as is kept.
fn cut(text: &str) -> &str {
    let end = (0..=TEXT_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn written(write: impl FnOnce()) -> Arc<LogBook> {
        let book = Arc::new(LogBook::default());
        let keeper = Keeper(Arc::clone(&book)).with_filter(Keeper::filter());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(keeper), write);
        book
    }

    fn all() -> Wanted {
        Wanted { store: None, order: None, level: Level::TRACE, since: None }
    }

    fn of(store: &str) -> Wanted {
        Wanted { store: Some(store.parse().expect("a legal id")), ..all() }
    }

    #[test]
    fn lines_have_their_store_and_their_order_and_no_secret() {
        let order = OrderId::from_bits(7);
        let book = written(|| {
            tracing::warn!(store.id = "acme", order.id = %order, count = 3_u64, is_late = true, "something");
            tracing::info!("about the node");
            tracing::info!(
                carrier_secret = "whsec_1",
                note = "4242 4242 4242 4242",
                "hush {}",
                4242424242424242_u64
            );
            tracing::debug!("too fine");
            tracing::debug!(target: "orderflow::store::lane", { store.id = "other" }, "fine, and kept");
        });
        let lines = book.last(&all(), None, 10);
        let messages: Vec<&str> = lines.iter().map(|line| &*line.message).collect();
        assert_eq!(messages, ["fine, and kept", REDACTED, "about the node", "something"]);
        assert_eq!(
            (lines[1].fields["carrier_secret"].as_str(), lines[1].fields["note"].as_str()),
            (Some(REDACTED), Some(REDACTED))
        );
        let something = &book.last(&of("acme"), None, 10)[0];
        assert_eq!((something.order_id, something.fields["count"].as_u64()), (Some(order), Some(3)));
        assert_eq!(something.fields["is_late"], true);
        assert_eq!(book.last(&of("acme"), None, 10).len(), 1, "a store sees its own");
        let grave = Wanted { level: Level::WARN, ..all() };
        assert_eq!(book.last(&grave, None, 10).len(), 1);
        let of_order = Wanted { order: Some(OrderId::from_bits(8)), ..all() };
        assert!(book.last(&of_order, None, 10).is_empty());
        let text = serde_json::to_value(&**something).expect("JSON");
        assert_eq!((text["level"].as_str(), text["store_id"].as_str()), (Some("warn"), Some("acme")));
    }

    #[test]
    fn the_oldest_make_room_and_whoever_missed_them_is_told() {
        let book = written(|| {
            for nth in 0..LINES_MAX as u64 + 10 {
                tracing::info!(nth, "line");
            }
        });
        let first = book.last(&all(), None, usize::MAX).last().expect("some").id;
        assert_eq!(book.last(&all(), None, usize::MAX).len(), LINES_MAX);
        let next = book.after(&all(), first - 1, 5);
        assert_eq!((next.lines.len(), next.seen, next.has_gap), (5, first + 4, false));
        assert!(book.after(&all(), first - 2, 5).has_gap);
        let newest = *book.follow().borrow();
        let end = book.after(&all(), newest, 5);
        assert!(end.lines.is_empty() && end.seen == newest && !end.has_gap);
        // What is not wanted counts as seen.
        assert_eq!(book.after(&of("acme"), first, 5).seen, newest);
        assert_eq!(book.last(&all(), Some(first + 1), 5).len(), 1);
    }

    #[test]
    fn long_lines_are_cut_and_the_sum_is_bounded() {
        let long = "ä".repeat(10_000);
        let book = written(|| {
            for _ in 0..3_000 {
                tracing::info!(long, "line");
            }
        });
        let kept = book.kept();
        assert!(kept.bytes <= BYTES_MAX && kept.lines.len() < 3_000);
        assert_eq!(kept.lines[0].fields["long"].as_str().map(str::len), Some(TEXT_MAX));
    }
}

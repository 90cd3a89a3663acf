//! Events as the outside knows them: pages of a store, the timeline of an order, the ledger of a SKU.

use rusqlite::OptionalExtension;
use serde::Serialize;
use serde_json::value::RawValue;

use super::cursor::{Cursor, List};
use super::error::ViewsError;
use super::lists::Page;
use super::postings;
use super::reader::{ViewsReader, event_of};
use super::schema::ChunkKind;
use crate::inventory::{self, LedgerEntryView};
use crate::journal::{Position, Record};
use crate::runtime::Unreadable;
use crate::store::settings::Secret;
use crate::types::ids::EventId;
use crate::types::{Actor, OrderId, Sku, StoreId, Timestamp};

/// How many events are read before their bytes are counted.
const READ_AT_ONCE: usize = 8;

/// An event on the wire.
#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its place in the store's sequence.
    pub sequence: u64,
    /// Its topic.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose it is.
    pub store_id: StoreId,
    /// What it is about.
    pub subject: String,
    /// The order it belongs to.
    pub order_id: Option<OrderId>,
    /// When it happened.
    pub at: Timestamp,
    /// Who made it happen.
    pub actor: Actor,
    /// The event that led to it.
    pub causation_id: Option<EventId>,
    /// What happened.
    pub data: Box<RawValue>,
    /// Where it stands in the journal; not shown.
    #[serde(skip)]
    pub position: Position,
}

impl EventView {
    /// The event in a record.
    pub fn of(record: &Record<'_>) -> Result<Self, ViewsError> {
        let position = record.position;
        let unreadable = |source| ViewsError::Event {
            position,
            source: Unreadable::Data { kind: record.kind.to_owned(), source },
        };
        let body = record.body().map_err(unreadable)?;
        let store: StoreId = record.store.parse().map_err(|_| {
            ViewsError::damaged(format!("no store can have the id of the record at {position}"))
        })?;
        Ok(Self {
            id: EventId::of(&store, record.sequence, record.at),
            sequence: record.sequence,
            kind: record.kind.to_owned(),
            subject: body.subject.into_owned(),
            order_id: body.order,
            at: record.at,
            actor: body.actor,
            causation_id: body.cause.map(|cause| EventId::of(&store, cause.sequence, cause.at)),
            data: shown(record.kind, body.data),
            store_id: store,
            position,
        })
    }
}

/// The data of an event without secrets: settings hold what carriers and the bank sign with.
fn shown(kind: &str, data: &RawValue) -> Box<RawValue> {
    let is_secretive = kind.starts_with("store.") && data.get().contains("secret");
    if !is_secretive {
        return data.to_owned();
    }
    let mut value: serde_json::Value = serde_json::from_str(data.get()).unwrap_or_default();
    if let Some(secret) = value.pointer_mut("/settings/fulfillment/carrier_secret") {
        *secret = Secret::SHOWN.into();
    }
    if let Some(gateway) = value.pointer_mut("/settings/gateway") {
        hide(gateway);
        for list in ["connections", "earlier"] {
            gateway[list].as_array_mut().into_iter().flatten().for_each(hide);
        }
    }
    serde_json::value::to_raw_value(&value).expect("a value has string keys and goes to memory")
}

/// What one gateway is told apart by, and signs with.
fn hide(gateway: &mut serde_json::Value) {
    if let Some(secrets) = gateway.get_mut("webhook_secrets").and_then(|all| all.as_array_mut()) {
        secrets.fill(Secret::SHOWN.into());
    }
    if let Some(key) = gateway.get_mut("secret_key") {
        *key = Secret::SHOWN.into();
    }
}

impl ViewsReader {
    /// A store's events after a sequence number, oldest first.
    pub fn events(
        &mut self,
        store: &StoreId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventView>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let positions = self.positions_after(no, after, limit)?;
        self.views_at(&positions)
    }

    /// The same, but no more than about so many bytes of data: for whoever goes on from where this ends.
    pub fn events_within(
        &mut self,
        store: &StoreId,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<EventView>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let positions = self.positions_after(no, after, limit)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        for some in positions.chunks(READ_AT_ONCE) {
            let more = self.views_at(some)?;
            bytes += more.iter().map(|event| event.data.get().len()).sum::<usize>();
            events.extend(more);
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(events)
    }

    /// Every event of an order, of all actors, in the order of the journal. Nothing when there is no such order.
    pub fn timeline(
        &mut self,
        store: &StoreId,
        order: OrderId,
    ) -> Result<Option<Vec<EventView>>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        let Some(positions) = self.positions_of_order(no, order)? else { return Ok(None) };
        self.views_at(&positions).map(Some)
    }

    /// Where the events of an order stand, of all actors. Nothing when there is no such order.
    pub(super) fn positions_of_order(
        &self,
        store: u32,
        order: OrderId,
    ) -> Result<Option<Vec<Position>>, ViewsError> {
        let fail = ViewsError::sqlite("reading a timeline");
        let found: Option<Vec<u8>> = self
            .file
            .prepare_cached("SELECT events FROM orders WHERE id = ?1 AND store = ?2 AND doc IS NOT NULL")
            .and_then(|mut statement| {
                statement.query_row((order.to_bytes(), store), |row| row.get(0)).optional()
            })
            .map_err(&fail)?;
        let Some(bytes) = found else { return Ok(None) };
        let positions = postings::decode(&bytes);
        positions.map(Some).ok_or_else(|| ViewsError::damaged(format!("the events of order {order}")))
    }

    /// The ledger of a SKU, newest first, as rendered by [`LedgerEntryView`].
    pub fn ledger(
        &mut self,
        store: &StoreId,
        sku: &Sku,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Box<RawValue>>, ViewsError> {
        let cursor = cursor.map(|text| Cursor::decode(text, List::Ledger, Some(store))).transpose()?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        let before = cursor.map_or(u64::MAX, |cursor| u64::try_from(cursor.last).unwrap_or(u64::MAX));
        let mut positions = self.ledger_before(no, sku, before, limit.saturating_add(1))?;
        let has_more = positions.len() > limit;
        positions.truncate(limit);
        let mut entries = Vec::with_capacity(positions.len());
        self.read_journal(&positions, |record| {
            let event: inventory::Event = event_of(&record)?;
            for entry in LedgerEntryView::of(&event, record.at).filter(|entry| entry.sku == sku) {
                entries.push(serde_json::value::to_raw_value(&entry).expect("a view goes to memory"));
            }
            Ok(())
        })?;
        let last = positions.last().copied().filter(|_| has_more);
        let next = last.map(|last| Cursor::after(List::Ledger, Some(store), u128::from(last)).encode());
        Ok(Page { data: entries, next_cursor: next })
    }

    fn ledger_before(
        &self,
        store: u32,
        sku: &Sku,
        before: u64,
        limit: usize,
    ) -> Result<Vec<u64>, ViewsError> {
        let fail = ViewsError::sqlite("reading a ledger");
        let snapshot = self.file.unchecked_transaction().map_err(&fail)?;
        let found: Option<(i64, Vec<u8>)> = self
            .file
            .prepare_cached("SELECT no, ledger FROM skus WHERE store = ?1 AND sku = ?2")
            .and_then(|mut statement| {
                statement.query_row((store, sku.as_str()), |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(&fail)?;
        let Some((owner, tail)) = found else { return Ok(Vec::new()) };
        let broken = || ViewsError::damaged(format!("the ledger of {sku}"));
        let mut newest: Vec<u64> = Vec::new();
        let add = |newest: &mut Vec<u64>, bytes: &[u8]| -> Result<(), ViewsError> {
            let chunk = postings::decode(bytes).ok_or_else(broken)?;
            newest.extend(chunk.into_iter().rev().filter(|position| *position < before));
            Ok(())
        };
        add(&mut newest, &tail)?;
        let mut statement = self
            .file
            .prepare_cached(
                "SELECT entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = ?3 AND first < ?4
                 ORDER BY first DESC",
            )
            .map_err(&fail)?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let mut rows = statement.query((store, ChunkKind::Ledger as i64, owner, before)).map_err(&fail)?;
        while newest.len() < limit
            && let Some(row) = rows.next().map_err(&fail)?
        {
            add(&mut newest, row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?)?;
        }
        drop(rows);
        drop(statement);
        snapshot.finish().map_err(&fail)?;
        newest.truncate(limit);
        Ok(newest)
    }

    /// Where a store's events after a sequence number stand.
    pub(super) fn positions_after(
        &self,
        store: u32,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, ViewsError> {
        let fail = ViewsError::sqlite("reading the order of events");
        let snapshot = self.file.unchecked_transaction().map_err(&fail)?;
        let (from, tail): (i64, Vec<u8>) = self
            .file
            .prepare_cached("SELECT events_from, events FROM stores WHERE no = ?1")
            .and_then(|mut statement| statement.query_row([store], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(&fail)?;
        let broken = || ViewsError::damaged("the order of a store's events");
        let mut positions: Vec<u64> = Vec::new();
        let add = |first: u64, bytes: &[u8], positions: &mut Vec<u64>| -> Result<(), ViewsError> {
            let chunk = postings::decode(bytes).ok_or_else(broken)?;
            let skipped = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
            positions.extend(chunk.into_iter().skip(skipped).take(limit - positions.len()));
            Ok(())
        };
        if after.saturating_add(1) < from.cast_unsigned() {
            let mut statement = self
                .file
                .prepare_cached(
                    "SELECT first, entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = 0 AND first >= coalesce(
                         (SELECT max(first) FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = 0 AND first <= ?3), 0)
                     ORDER BY first",
                )
                .map_err(&fail)?;
            let wanted = i64::try_from(after.saturating_add(1)).unwrap_or(i64::MAX);
            let mut rows = statement.query((store, ChunkKind::Events as i64, wanted)).map_err(&fail)?;
            while positions.len() < limit
                && let Some(row) = rows.next().map_err(&fail)?
            {
                let first = row.get::<_, i64>(0).map_err(&fail)?.cast_unsigned();
                let bytes = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
                add(first, bytes, &mut positions)?;
            }
        }
        if positions.len() < limit && after < u64::MAX {
            add(from.cast_unsigned(), &tail, &mut positions)?;
        }
        snapshot.finish().map_err(&fail)?;
        Ok(positions)
    }

    pub(super) fn views_at(&mut self, positions: &[Position]) -> Result<Vec<EventView>, ViewsError> {
        let mut views = Vec::with_capacity(positions.len());
        self.read_journal(positions, |record| {
            views.push(EventView::of(&record)?);
            Ok(())
        })?;
        Ok(views)
    }
}

//! What the projector has in hand: the stores, orders and SKUs that it is changing, each read from the file once.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::ViewsError;
use super::figures::{AlertPart, Figures, ItemPart, OrderPart};
use super::postings::Postings;
use super::schema::{ChunkKind, DocKind};
use super::segment::{Segment, Words};
use crate::alert::Alert;
use crate::fraud::{Review, RuleSet};
use crate::fulfillment::Fulfillment;
use crate::inventory::{Item, Reservation};
use crate::journal::Position;
use crate::order::Order;
use crate::payment;
use crate::returns::Book;
use crate::store::settings::Store;
use crate::types::map::Map;
use crate::types::{AlertId, FulfillmentId, OrderId, RequestKey, ReturnId, Sku, StoreId, Timestamp};

/// A store in hand.
pub(super) struct StoreSlot {
    pub(super) no: u32,
    pub(super) id: StoreId,
    /// Whether the file has no row of it yet.
    pub(super) is_new: bool,
    pub(super) is_dirty: bool,
    /// In which transaction it was last touched.
    pub(super) used: u64,
    pub(super) sequence: u64,
    pub(super) last_at: Timestamp,
    /// The largest order id that ever came up.
    pub(super) newest_order: Option<OrderId>,
    pub(super) figures: Figures,
    /// The sequence number of the first event in `events`.
    pub(super) events_from: u64,
    pub(super) events: Postings,
    pub(super) segment: Segment,
    pub(super) assessed: Postings,
    pub(super) tenant: Doc<Store>,
    pub(super) rules: Doc<RuleSet>,
    pub(super) reviews: Map<OrderId, Doc<Option<Review>>>,
    pub(super) alerts: Map<AlertId, AlertSlot>,
    /// When orders were placed that the node's figures do not count yet.
    pub(super) placed_at: Vec<Timestamp>,
    pub(super) orders: HashMap<OrderId, OrderSlot, BuildHasherDefault<IdHasher>>,
    pub(super) dirty_orders: Vec<OrderId>,
    pub(super) skus: Map<Sku, SkuSlot>,
    pub(super) dirty_skus: Vec<Sku>,
    /// Full chunks that the file does not have yet.
    pub(super) chunks: Vec<Chunk>,
    /// Full segments that were changed, by their first order's row.
    pub(super) segments: BTreeMap<u64, Segment>,
    /// A command whose answer is to be kept, and whose events have not all come by.
    pub(super) pending: Option<Pending>,
}

/// A document in hand.
#[derive(Debug, Default)]
pub(super) struct Doc<T> {
    pub(super) value: T,
    pub(super) is_dirty: bool,
}

/// A row for `chunks`.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) kind: ChunkKind,
    pub(super) owner: u64,
    pub(super) first: u64,
    pub(super) entries: Vec<u8>,
}

/// An order in hand, with its payment, its reservation, its fulfilment and its returns: one row.
pub(super) struct OrderSlot {
    pub(super) no: u64,
    /// The number of its row in the file, when that is to be changed.
    pub(super) no_before: Option<u64>,
    pub(super) is_new: bool,
    pub(super) is_dirty: bool,
    pub(super) used: u64,
    pub(super) order: Order,
    pub(super) payment: payment::State,
    pub(super) reservation: Option<Reservation>,
    pub(super) fulfillment: Fulfillment,
    pub(super) returns: Book,
    /// Returns that are not in the list yet, with the place where they were asked for.
    pub(super) asked: Vec<(u32, Position)>,
    pub(super) events: Postings,
    /// What figures count of it.
    pub(super) counted: OrderPart,
    /// The words its segment shows; nothing while it is not listed.
    pub(super) listed: Option<Words>,
}

/// A SKU in hand.
pub(super) struct SkuSlot {
    pub(super) no: u64,
    pub(super) is_new: bool,
    pub(super) is_dirty: bool,
    pub(super) used: u64,
    pub(super) item: Option<Item>,
    pub(super) ledger: Postings,
    pub(super) wanting: Postings,
    pub(super) counted: ItemPart,
}

/// An alert in hand.
pub(super) struct AlertSlot {
    pub(super) alert: Option<Alert>,
    pub(super) is_dirty: bool,
    /// What figures count of it.
    pub(super) counted: AlertPart,
}

impl AlertSlot {
    /// The alert as the file has it, or one that is not there yet.
    pub(super) fn load(file: &Connection, store: u32, id: AlertId) -> Result<Self, ViewsError> {
        let alert = stored_alert(file, store, id)?;
        Ok(Self { counted: AlertPart::of(alert.as_ref()), alert, is_dirty: false })
    }
}

/// An alert of the file.
pub(super) fn stored_alert(file: &Connection, store: u32, id: AlertId) -> Result<Option<Alert>, ViewsError> {
    let fail = ViewsError::sqlite("reading an alert");
    let mut statement =
        file.prepare_cached("SELECT doc FROM alerts WHERE store = ?1 AND id = ?2").map_err(&fail)?;
    let found =
        statement.query_row((store, id.to_bytes()), |row| Ok(json(row, 0))).optional().map_err(&fail)?;
    Ok(found.transpose()?.flatten())
}

/// A request whose first answer is to be kept, from its first event to its last.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: RequestKey,
    pub(super) position: Position,
    pub(super) at: Timestamp,
    /// How many events are still to come.
    pub(super) more: u32,
    pub(super) shows: Shows,
}

/// What an answer shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shows {
    Nothing,
    Order(OrderId),
    Refund(OrderId),
    Item(Sku),
    Review(OrderId),
    Fulfillment(FulfillmentId),
    Return(ReturnId),
    Rules,
    Store,
    Alert(AlertId),
}

/// Ids are random enough to be their own hash.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    fn write_u128(&mut self, word: u128) {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = word.to_le_bytes();
        self.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        self.write_u64(u64::from_le_bytes([i, j, k, l, m, n, o, p]));
        // The table looks at both ends of the word.
        self.0 ^= self.0 >> 32;
    }
}

impl StoreSlot {
    /// A store that the file does not know.
    pub(super) fn new(no: u32, id: StoreId) -> Self {
        Self {
            no,
            id,
            is_new: true,
            is_dirty: false,
            used: 0,
            sequence: 0,
            last_at: Timestamp::default(),
            newest_order: None,
            figures: Figures::default(),
            events_from: 1,
            events: Postings::default(),
            segment: Segment::default(),
            assessed: Postings::default(),
            tenant: Doc::default(),
            rules: Doc::default(),
            reviews: Map::default(),
            alerts: Map::default(),
            placed_at: Vec::new(),
            orders: HashMap::default(),
            dirty_orders: Vec::new(),
            skus: Map::default(),
            dirty_skus: Vec::new(),
            chunks: Vec::new(),
            segments: BTreeMap::new(),
            pending: None,
        }
    }

    /// The store as the file has it.
    pub(super) fn load(file: &Connection, id: &str) -> Result<Option<Self>, ViewsError> {
        let fail = ViewsError::sqlite("reading a store");
        let mut statement = file
            .prepare_cached(
                "SELECT no, sequence, last_at, newest_order, figures, events_from, events, orders, assessed
                 FROM stores WHERE id = ?1",
            )
            .map_err(&fail)?;
        let slot = statement.query_row([id], |row| Ok(Self::of_row(id, row))).optional().map_err(&fail)?;
        let Some(mut slot) = slot.transpose()? else { return Ok(None) };
        if let Some(tenant) = doc(file, slot.no, DocKind::Store, &[])? {
            slot.tenant.value = tenant;
        }
        if let Some(rules) = doc(file, slot.no, DocKind::Rules, &[])? {
            slot.rules.value = rules;
        }
        Ok(Some(slot))
    }

    fn of_row(id: &str, row: &Row<'_>) -> Result<Self, ViewsError> {
        let read = || -> rusqlite::Result<_> {
            Ok((
                (row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?),
                (row.get::<_, Option<[u8; 16]>>(3)?, row.get_ref(4)?.as_str()?, row.get::<_, i64>(5)?),
                (row.get_ref(6)?.as_blob()?, row.get_ref(7)?.as_blob()?, row.get_ref(8)?.as_blob()?),
            ))
        };
        let ((no, sequence, last_at), (newest, figures, from), (events, orders, assessed)) =
            read().map_err(ViewsError::sqlite("reading a store"))?;
        let broken = || ViewsError::damaged(format!("the row of store {id}"));
        Ok(Self {
            is_new: false,
            sequence: sequence.cast_unsigned(),
            last_at: Timestamp::from_micros(last_at),
            newest_order: newest.map(OrderId::from_bytes),
            figures: serde_json::from_str(figures).map_err(|_| broken())?,
            events_from: from.cast_unsigned(),
            events: Postings::stored(events).ok_or_else(broken)?,
            segment: Segment::stored(orders).ok_or_else(broken)?,
            assessed: Postings::stored(assessed).ok_or_else(broken)?,
            ..Self::new(no, id.parse().map_err(|_| broken())?)
        })
    }
}

impl OrderSlot {
    pub(super) fn new(no: u64) -> Self {
        Self {
            no,
            no_before: None,
            is_new: true,
            is_dirty: false,
            used: 0,
            order: Order::default(),
            payment: payment::State::default(),
            reservation: None,
            fulfillment: Fulfillment::default(),
            returns: Book::default(),
            asked: Vec::new(),
            events: Postings::default(),
            counted: OrderPart::default(),
            listed: None,
        }
    }

    /// The order's row as the file has it.
    pub(super) fn load(file: &Connection, store: u32, id: OrderId) -> Result<Option<Self>, ViewsError> {
        let fail = ViewsError::sqlite("reading an order");
        let mut statement = file
            .prepare_cached(
                "SELECT no, doc, payment, reservation, events, fulfillment, returns FROM orders
                 WHERE id = ?1 AND store = ?2",
            )
            .map_err(&fail)?;
        statement
            .query_row((id.to_bytes(), store), |row| Ok(Self::of_row(id, row)))
            .optional()
            .map_err(&fail)?
            .transpose()
    }

    /// The order in a row of its number, three of its documents, its events, its fulfilment and its returns.
    pub(super) fn of_row(id: OrderId, row: &Row<'_>) -> Result<Self, ViewsError> {
        let fail = ViewsError::sqlite("reading an order");
        let no: i64 = row.get(0).map_err(&fail)?;
        let (order, payment, reservation) =
            (json::<Order>(row, 1)?.unwrap_or_default(), json(row, 2)?.unwrap_or_default(), json(row, 3)?);
        let events = row.get_ref(4).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
        let events = Postings::stored(events)
            .ok_or_else(|| ViewsError::damaged(format!("the events of order {id}")))?;
        Ok(Self {
            no: no.cast_unsigned(),
            no_before: None,
            is_new: false,
            is_dirty: false,
            used: 0,
            counted: OrderPart::of(&order, &payment),
            listed: order.placed().map(Words::of_order),
            order,
            payment,
            reservation,
            fulfillment: json(row, 5)?.unwrap_or_default(),
            returns: json(row, 6)?.unwrap_or_default(),
            asked: Vec::new(),
            events,
        })
    }
}

impl SkuSlot {
    pub(super) fn new(no: u64) -> Self {
        Self {
            no,
            is_new: true,
            is_dirty: false,
            used: 0,
            item: None,
            ledger: Postings::default(),
            wanting: Postings::default(),
            counted: ItemPart::default(),
        }
    }

    /// The SKU's row as the file has it.
    pub(super) fn load(file: &Connection, store: u32, sku: &str) -> Result<Option<Self>, ViewsError> {
        let fail = ViewsError::sqlite("reading a SKU");
        let mut statement = file
            .prepare_cached("SELECT no, doc, ledger, orders FROM skus WHERE store = ?1 AND sku = ?2")
            .map_err(&fail)?;
        statement.query_row((store, sku), |row| Ok(Self::of_row(row))).optional().map_err(&fail)?.transpose()
    }

    fn of_row(row: &Row<'_>) -> Result<Self, ViewsError> {
        let fail = ViewsError::sqlite("reading a SKU");
        let no: i64 = row.get(0).map_err(&fail)?;
        let item: Option<Item> = json(row, 1)?;
        let list = |column| {
            let bytes = row.get_ref(column).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
            Postings::stored(bytes).ok_or_else(|| ViewsError::damaged("the lists of a SKU"))
        };
        Ok(Self {
            no: no.cast_unsigned(),
            is_new: false,
            is_dirty: false,
            used: 0,
            counted: ItemPart::of(item.as_ref()),
            item,
            ledger: list(2)?,
            wanting: list(3)?,
        })
    }
}

/// The document in a column; nothing where it is null.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>, ViewsError> {
    let value = row.get_ref(column).map_err(ViewsError::sqlite("reading a document"))?;
    let bytes = value.as_blob_or_null().map_err(|error| ViewsError::damaged(error.to_string()))?;
    let read = |bytes| rmp_serde::from_slice(bytes).map_err(|error| ViewsError::damaged(error.to_string()));
    bytes.map(read).transpose()
}

/// A document of `docs`.
pub(super) fn doc<T: serde::de::DeserializeOwned>(
    file: &Connection,
    store: u32,
    kind: DocKind,
    id: &[u8],
) -> Result<Option<T>, ViewsError> {
    let fail = ViewsError::sqlite("reading a document");
    let mut statement = file
        .prepare_cached("SELECT doc FROM docs WHERE store = ?1 AND kind = ?2 AND id = ?3")
        .map_err(&fail)?;
    let found =
        statement.query_row((store, kind as i64, id), |row| Ok(json(row, 0))).optional().map_err(&fail)?;
    Ok(found.transpose()?.flatten())
}

/// The full segment that would hold an order's row.
pub(super) fn segment_with(
    file: &Connection,
    store: u32,
    no: u64,
) -> Result<Option<(u64, Segment)>, ViewsError> {
    let fail = ViewsError::sqlite("reading a list of orders");
    let mut statement = file
        .prepare_cached(
            "SELECT first, entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = 0 AND first <= ?3
             ORDER BY first DESC LIMIT 1",
        )
        .map_err(&fail)?;
    let found = statement
        .query_row((store, ChunkKind::Orders as i64, no.cast_signed()), |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), Segment::stored(row.get_ref(1)?.as_blob()?)))
        })
        .optional()
        .map_err(&fail)?;
    found
        .map(|(first, segment)| {
            segment.map(|segment| (first, segment)).ok_or_else(|| ViewsError::damaged("a list of orders"))
        })
        .transpose()
}

/// The largest row number of a table that numbers its rows.
pub(super) fn last_no(file: &Connection, table: &'static str) -> Result<u64, ViewsError> {
    file.query_row(&format!("SELECT coalesce(max(no), 0) FROM {table}"), [], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
        .map_err(ViewsError::sqlite("counting rows"))
}

/// The stores in hand, by their id.
pub(super) type Stores = Map<Arc<str>, StoreSlot>;

impl StoreSlot {
    /// Everything of it is in the file now.
    pub(super) fn settle(&mut self) {
        self.is_new = false;
        self.is_dirty = false;
        for id in self.dirty_orders.drain(..) {
            if let Some(slot) = self.orders.get_mut(&id) {
                (slot.is_new, slot.is_dirty, slot.no_before) = (false, false, None);
                slot.asked.clear();
            }
        }
        for sku in self.dirty_skus.drain(..) {
            if let Some(slot) = self.skus.get_mut(&sku) {
                (slot.is_new, slot.is_dirty) = (false, false);
            }
        }
        self.chunks.clear();
        self.segments.clear();
        self.tenant.is_dirty = false;
        self.rules.is_dirty = false;
        self.reviews.clear();
        self.alerts.clear();
    }
}

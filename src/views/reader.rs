//! Point queries: what a store loads when it wakes, and what it looks up on the way. Microseconds each.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::ViewsError;
use super::keys::{self, RecentKeys, Seen};
use super::postings;
use super::schema::{ChunkKind, DocKind};
use super::slots::{doc, json};
use crate::fraud::{self, Assessment, CLOSED_KEPT_MAX, Review, RuleSet, WINDOW_MAX};
use crate::fulfillment::{Fulfillment, Fulfillments};
use crate::inventory::{Item, Reservation};
use crate::journal::{JournalError, Position, Reader, Record};
use crate::order::{Order, OrderView, Orders, Placed, as_placed};
use crate::payment::{self, Payment};
use crate::returns::{Book, Returns};
use crate::runtime::{Aggregate, Answer, Stored};
use crate::store::settings::{Known, Store};
use crate::types::map::Map;
use crate::types::{OrderId, PaymentId, StoreId, Timestamp, TraceId};

/// The fraud desk looks back a day.
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
/// How many assessments are read before the next are known to be wanted.
const ASSESSED_AT_ONCE: usize = 128;

/// Reads views, from one thread.
pub struct ViewsReader {
    pub(super) file: Connection,
    pub(super) journal: Box<dyn Reader>,
    keys: Arc<RecentKeys>,
    /// The numbers of stores, which never change in a file.
    numbers: Map<StoreId, u32>,
}

/// A store as views know it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredStore {
    /// Its number, in views only.
    pub no: u32,
    /// The store as a tenant.
    pub known: Known,
    /// The sequence number of its last event.
    pub sequence: u64,
    /// When that was.
    pub last_at: Timestamp,
    /// The largest id of an order that it ever had.
    pub newest_order: Option<OrderId>,
}

impl ViewsReader {
    pub(super) fn new(file: Connection, keys: Arc<RecentKeys>, journal: Box<dyn Reader>) -> Self {
        Self { file, journal, keys, numbers: Map::default() }
    }

    /// A store, once it was provisioned.
    pub fn store(&mut self, id: &StoreId) -> Result<Option<StoredStore>, ViewsError> {
        let fail = ViewsError::sqlite("reading a store");
        let mut statement = self
            .file
            .prepare_cached("SELECT no, sequence, last_at, newest_order FROM stores WHERE id = ?1")
            .map_err(&fail)?;
        let found = statement
            .query_row([id.as_str()], |row| {
                Ok((
                    row.get::<_, u32>(0)?,
                    row.get::<_, i64>(1)?.cast_unsigned(),
                    Timestamp::from_micros(row.get(2)?),
                    row.get::<_, Option<[u8; 16]>>(3)?.map(OrderId::from_bytes),
                ))
            })
            .optional()
            .map_err(&fail)?;
        let Some((no, sequence, last_at, newest_order)) = found else { return Ok(None) };
        match doc::<Store>(&self.file, no, DocKind::Store, &[])? {
            Some(Store::Known(known)) => {
                Ok(Some(StoredStore { no, known: *known, sequence, last_at, newest_order }))
            }
            Some(Store::Unknown) | None => Ok(None),
        }
    }

    /// An order.
    pub fn order(&mut self, store: &StoreId, id: OrderId) -> Result<Option<Order>, ViewsError> {
        self.order_column(store, id, "SELECT doc FROM orders WHERE id = ?1 AND store = ?2")
    }

    /// The trace of an order.
    pub fn trace(&mut self, store: &StoreId, id: OrderId) -> Result<Option<TraceId>, ViewsError> {
        Ok(self.order(store, id)?.as_ref().and_then(Order::placed).map(Placed::trace))
    }

    /// The payment of an order.
    pub fn payment(&mut self, store: &StoreId, id: PaymentId) -> Result<Option<payment::State>, ViewsError> {
        let order = OrderId::from_bits(id.bits());
        self.order_column(store, order, "SELECT payment FROM orders WHERE id = ?1 AND store = ?2")
    }

    /// The reservation of an order.
    pub fn reservation(
        &mut self,
        store: &StoreId,
        order: OrderId,
    ) -> Result<Option<Reservation>, ViewsError> {
        self.order_column(store, order, "SELECT reservation FROM orders WHERE id = ?1 AND store = ?2")
    }

    /// The fulfilment of an order.
    pub fn fulfillment(
        &mut self,
        store: &StoreId,
        order: OrderId,
    ) -> Result<Option<Fulfillment>, ViewsError> {
        self.order_column(store, order, "SELECT fulfillment FROM orders WHERE id = ?1 AND store = ?2")
    }

    /// The returns of an order.
    pub fn returns(&mut self, store: &StoreId, order: OrderId) -> Result<Option<Book>, ViewsError> {
        self.order_column(store, order, "SELECT returns FROM orders WHERE id = ?1 AND store = ?2")
    }

    /// An order with its fulfilment, both as of one moment. Nothing when there is no such order.
    pub fn fulfilled_order(
        &mut self,
        store: &StoreId,
        id: OrderId,
    ) -> Result<Option<(Placed, Fulfillment)>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        let fail = ViewsError::sqlite("reading an order");
        let mut statement = self
            .file
            .prepare_cached("SELECT doc, fulfillment FROM orders WHERE id = ?1 AND store = ?2")
            .map_err(&fail)?;
        let found = statement
            .query_row((id.to_bytes(), no), |row| Ok((json::<Order>(row, 0), json::<Fulfillment>(row, 1))))
            .optional()
            .map_err(&fail)?;
        let Some((order, fulfillment)) = found else { return Ok(None) };
        Ok(match order? {
            Some(Order::Placed(placed)) => Some((*placed, fulfillment?.unwrap_or_default())),
            Some(Order::Unplaced) | None => None,
        })
    }

    fn order_column<T: serde::de::DeserializeOwned>(
        &mut self,
        store: &StoreId,
        id: OrderId,
        sql: &'static str,
    ) -> Result<Option<T>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        let fail = ViewsError::sqlite("reading an order");
        let mut statement = self.file.prepare_cached(sql).map_err(&fail)?;
        let found =
            statement.query_row((id.to_bytes(), no), |row| Ok(json(row, 0))).optional().map_err(&fail)?;
        Ok(found.transpose()?.flatten())
    }

    /// Every item of a store.
    pub fn items(&mut self, store: &StoreId) -> Result<Vec<Item>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let sql = "SELECT doc FROM skus WHERE store = ?1 AND doc IS NOT NULL";
        let items: Vec<Option<Item>> = collect(&self.file, sql, [no], |row| json(row, 0))?;
        Ok(items.into_iter().flatten().collect())
    }

    /// Every reservation of a store that is held, waits for stock, or has something to tell.
    pub fn held_reservations(&mut self, store: &StoreId) -> Result<Vec<Reservation>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let sql = "SELECT reservation FROM orders INDEXED BY orders_open
                   WHERE store = ?1 AND due IS NOT NULL AND reservation IS NOT NULL";
        let mut known: Vec<Option<Reservation>> = collect(&self.file, sql, [no], |row| json(row, 0))?;
        // What waits is not due, so it stands in an index of its own.
        let waiting =
            "SELECT reservation FROM orders INDEXED BY orders_waiting WHERE store = ?1 AND waits = 1";
        known.extend(collect(&self.file, waiting, [no], |row| json(row, 0))?);
        Ok(known.into_iter().flatten().filter(Reservation::is_open).collect())
    }

    /// Orders that are owed something, in the order of their ids, after one.
    pub fn open_orders_after(
        &mut self,
        store: &StoreId,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Order)>, ViewsError> {
        let sql = "SELECT id, doc FROM orders INDEXED BY orders_open
                   WHERE store = ?1 AND due IS NOT NULL AND id > ?2 AND doc IS NOT NULL ORDER BY id";
        self.open_after(store, after, limit, sql, |order: &Order| !Orders::due(order).is_nothing())
    }

    /// Payments that are owed something, in the order of their ids, after one.
    pub fn open_payments_after(
        &mut self,
        store: &StoreId,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(PaymentId, payment::State)>, ViewsError> {
        let sql = "SELECT id, payment FROM orders INDEXED BY orders_open
                   WHERE store = ?1 AND due IS NOT NULL AND id > ?2 AND payment IS NOT NULL ORDER BY id";
        let after = after.map(|id| OrderId::from_bits(id.bits()));
        let is_open = |state: &payment::State| !Payment::due(state).is_nothing();
        let open = self.open_after(store, after, limit, sql, is_open)?;
        Ok(open.into_iter().map(|(id, state)| (payment::id_of(id), state)).collect())
    }

    /// Fulfilments that are owed something, in the order of their orders' ids, after one.
    pub fn open_fulfillments_after(
        &mut self,
        store: &StoreId,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Fulfillment)>, ViewsError> {
        let sql = "SELECT id, fulfillment FROM orders INDEXED BY orders_open
                   WHERE store = ?1 AND due IS NOT NULL AND id > ?2 AND fulfillment IS NOT NULL ORDER BY id";
        let is_open = |state: &Fulfillment| !Fulfillments::due(state).is_nothing();
        self.open_after(store, after, limit, sql, is_open)
    }

    /// Returns that owe something, in the order of their orders' ids, after one.
    pub fn open_returns_after(
        &mut self,
        store: &StoreId,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Book)>, ViewsError> {
        let sql = "SELECT id, returns FROM orders INDEXED BY orders_open
                   WHERE store = ?1 AND due IS NOT NULL AND id > ?2 AND returns IS NOT NULL ORDER BY id";
        self.open_after(store, after, limit, sql, |book: &Book| !Returns::due(book).is_nothing())
    }

    fn open_after<T: serde::de::DeserializeOwned>(
        &mut self,
        store: &StoreId,
        after: Option<OrderId>,
        limit: usize,
        sql: &'static str,
        is_open: impl Fn(&T) -> bool,
    ) -> Result<Vec<(OrderId, T)>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let fail = ViewsError::sqlite("reading what is open");
        let after = after.map_or_else(Vec::new, |id| id.to_bytes().to_vec());
        let mut statement = self.file.prepare_cached(sql).map_err(&fail)?;
        let mut rows = statement.query((no, after)).map_err(&fail)?;
        let mut open = Vec::new();
        while open.len() < limit
            && let Some(row) = rows.next().map_err(&fail)?
        {
            let id = OrderId::from_bytes(row.get(0).map_err(&fail)?);
            if let Some(state) = json::<T>(row, 1)?.filter(|state| is_open(state)) {
                open.push((id, state));
            }
        }
        Ok(open)
    }

    /// The fraud rules of a store; none where it never set any.
    pub fn rules(&mut self, store: &StoreId) -> Result<RuleSet, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(RuleSet::default()) };
        Ok(doc(&self.file, no, DocKind::Rules, &[])?.unwrap_or_default())
    }

    /// The review of an order.
    pub fn review(&mut self, store: &StoreId, order: OrderId) -> Result<Option<Review>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        doc(&self.file, no, DocKind::Review, &order.to_bytes())
    }

    /// The reviews of a store that are open, and the newest of those that are closed.
    pub fn reviews(&mut self, store: &StoreId) -> Result<Vec<Review>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let open =
            "SELECT doc FROM docs INDEXED BY docs_due WHERE store = ?1 AND due IS NOT NULL AND kind = ?2";
        let closed =
            "SELECT doc FROM docs WHERE store = ?1 AND kind = ?2 AND due IS NULL ORDER BY id DESC LIMIT ?3";
        let kind = DocKind::Review as i64;
        let mut reviews: Vec<Option<Review>> = collect(&self.file, open, (no, kind), |row| json(row, 0))?;
        reviews.extend(collect(&self.file, closed, (no, kind, CLOSED_KEPT_MAX as i64), |row| json(row, 0))?);
        Ok(reviews.into_iter().flatten().collect())
    }

    /// The newest assessments of a store, oldest first, as many as its fraud desk remembers: those of the day before the
    /// last, and no more than its window holds.
    pub fn assessments(&mut self, store: &StoreId) -> Result<Vec<Assessment>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let positions = self.newest_listed(no, ChunkKind::Assessed, 0, WINDOW_MAX, |file| {
            file.prepare_cached("SELECT assessed FROM stores WHERE no = ?1")?
                .query_row([no], |row| row.get::<_, Vec<u8>>(0))
        })?;
        let mut assessments = VecDeque::new();
        let mut oldest = Timestamp::from_micros(i64::MIN);
        for some in positions.chunks(ASSESSED_AT_ONCE) {
            let before = assessments.len();
            self.read_journal(some, |record| {
                if let fraud::Event::Assessed(assessed) = event_of(&record)?
                    && record.at > oldest
                {
                    if assessments.is_empty() {
                        oldest = Timestamp::from_micros(record.at.micros().saturating_sub(DAY_MICROS));
                    }
                    assessments.push_front(Assessment::of(&assessed, record.at));
                }
                Ok(())
            })?;
            if assessments.len() < before + some.len() {
                break;
            }
        }
        Ok(assessments.into())
    }

    /// The first answer to a request of a store, while its key is kept.
    pub fn answer(&mut self, store: &StoreId, key: u128) -> Result<Option<Stored>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        let entry = match self.keys.find(no, key) {
            Seen::Lately(entry) => entry,
            Seen::Never => return Ok(None),
            Seen::Perhaps => match keys::find(&self.file, no, key)? {
                Some(entry) => entry,
                None => return Ok(None),
            },
        };
        let fail = ViewsError::sqlite("reading an answer");
        let shown = self
            .file
            .prepare_cached("SELECT version, body FROM answers WHERE position = ?1 AND store = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row((entry.position.cast_signed(), no), |row| {
                        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, Vec<u8>>(1)?))
                    })
                    .optional()
            })
            .map_err(&fail)?;
        let answer = match shown {
            Some((version, body)) => Answer { body: body.into(), version, is_replayed: false },
            None => match self.order_in_row(no, entry.position)? {
                Some(Order::Placed(placed)) => Answer::of(&OrderView::of(store, &as_placed(&placed)), 1),
                // The key leads nowhere: its answer was forgotten before it.
                Some(Order::Unplaced) | None => return Ok(None),
            },
        };
        Ok(Some(Stored { payload: entry.payload, answer }))
    }

    fn order_in_row(&self, store: u32, no: u64) -> Result<Option<Order>, ViewsError> {
        let fail = ViewsError::sqlite("reading an order");
        let mut statement =
            self.file.prepare_cached("SELECT doc FROM orders WHERE no = ?1 AND store = ?2").map_err(&fail)?;
        let found = statement
            .query_row((no.cast_signed(), store), |row| Ok(json(row, 0)))
            .optional()
            .map_err(&fail)?;
        Ok(found.transpose()?.flatten())
    }

    /// Stores that something is due for at or before a time, in the order of their numbers, after one.
    pub fn wakes(
        &mut self,
        before: Timestamp,
        after: Option<&StoreId>,
        limit: usize,
    ) -> Result<Vec<StoreId>, ViewsError> {
        let mut last = match after {
            Some(after) => self.number(after)?.unwrap_or(0),
            None => 0,
        };
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((no, due)) = self.next_open(last)?
        {
            last = no;
            if due <= before {
                found.push(self.store_id(no)?);
            }
        }
        Ok(found)
    }

    /// Stores that have anything open, with the time when that is first due; zero is now.
    pub fn open_stores(&mut self) -> Result<Vec<(StoreId, Timestamp)>, ViewsError> {
        let mut found = Vec::new();
        let mut last = 0;
        while let Some((no, due)) = self.next_open(last)? {
            last = no;
            found.push((self.store_id(no)?, due));
        }
        Ok(found)
    }

    /// The first store after one that has anything open, and when that is first due.
    fn next_open(&self, after: u32) -> Result<Option<(u32, Timestamp)>, ViewsError> {
        let fail = ViewsError::sqlite("finding what is due");
        let next = |sql: &'static str| {
            self.file
                .prepare_cached(sql)?
                .query_row([after], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)))
                .optional()
        };
        let orders = next(
            "SELECT store, due FROM orders INDEXED BY orders_due WHERE store > ?1 AND due IS NOT NULL
             ORDER BY store, due LIMIT 1",
        );
        let docs = next(
            "SELECT store, due FROM docs INDEXED BY docs_due WHERE store > ?1 AND due IS NOT NULL
             ORDER BY store, due LIMIT 1",
        );
        let alerts = next(
            "SELECT store, due FROM alerts INDEXED BY alerts_due WHERE store > ?1 AND due IS NOT NULL
             ORDER BY store, due LIMIT 1",
        );
        // Of each the first store, and of that the earliest time: the smallest pair is the first of all.
        let all = [orders.map_err(&fail)?, docs.map_err(&fail)?, alerts.map_err(&fail)?];
        let first = all.into_iter().flatten().min();
        Ok(first.map(|(no, due)| (no, Timestamp::from_micros(due))))
    }

    pub(super) fn store_id(&self, no: u32) -> Result<StoreId, ViewsError> {
        let fail = ViewsError::sqlite("reading a store");
        let id: String = self
            .file
            .prepare_cached("SELECT id FROM stores WHERE no = ?1")
            .and_then(|mut statement| statement.query_row([no], |row| row.get(0)))
            .map_err(&fail)?;
        id.parse().map_err(|_| ViewsError::damaged(format!("store number {no}")))
    }

    /// The number of a store, once it has had an event.
    pub(super) fn number(&mut self, store: &StoreId) -> Result<Option<u32>, ViewsError> {
        if let Some(no) = self.numbers.get(store) {
            return Ok(Some(*no));
        }
        let found = self
            .file
            .prepare_cached("SELECT no FROM stores WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([store.as_str()], |row| row.get(0)).optional())
            .map_err(ViewsError::sqlite("reading a store"))?;
        if let Some(no) = found {
            self.numbers.insert(store.clone(), no);
        }
        Ok(found)
    }

    /// The newest numbers of a list that is kept in a row and in chunks, newest first.
    pub(super) fn newest_listed(
        &self,
        store: u32,
        kind: ChunkKind,
        owner: u64,
        limit: usize,
        tail: impl FnOnce(&Connection) -> rusqlite::Result<Vec<u8>>,
    ) -> Result<Vec<u64>, ViewsError> {
        let fail = ViewsError::sqlite("reading a list");
        let broken = || ViewsError::damaged("a list of places");
        // Row and chunks as of one moment.
        let snapshot = self.file.unchecked_transaction().map_err(&fail)?;
        let tail = tail(&self.file).map_err(&fail)?;
        let mut newest = Vec::new();
        newest.extend(postings::decode(&tail).ok_or_else(broken)?.into_iter().rev().take(limit));
        let mut statement = self
            .file
            .prepare_cached(
                "SELECT entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = ?3 ORDER BY first DESC",
            )
            .map_err(&fail)?;
        let mut rows = statement.query((store, kind as i64, owner.cast_signed())).map_err(&fail)?;
        while newest.len() < limit
            && let Some(row) = rows.next().map_err(&fail)?
        {
            let bytes = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
            let chunk = postings::decode(bytes).ok_or_else(broken)?;
            newest.extend(chunk.into_iter().rev().take(limit - newest.len()));
        }
        drop(rows);
        drop(statement);
        snapshot.finish().map_err(&fail)?;
        Ok(newest)
    }

    /// Reads records of the journal at exactly these positions.
    pub(super) fn read_journal(
        &mut self,
        positions: &[Position],
        mut each: impl FnMut(Record<'_>) -> Result<(), ViewsError>,
    ) -> Result<(), ViewsError> {
        let mut failed = None;
        let read = self.journal.read_at(positions, &mut |record| {
            each(record).map_err(|why| {
                failed = Some(why);
                JournalError::Io { file: String::new(), doing: "reading an event", source: "stopped".into() }
            })
        });
        match failed {
            Some(why) => Err(why),
            None => Ok(read?),
        }
    }
}

impl std::fmt::Debug for ViewsReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewsReader").finish_non_exhaustive()
    }
}

/// The event in a record.
pub(super) fn event_of<E: crate::runtime::Event>(record: &Record<'_>) -> Result<E, ViewsError> {
    let unreadable = |source| ViewsError::Event { position: record.position, source };
    let head = super::head::Head::of(record).map_err(unreadable)?;
    head.event::<E>(record.kind).map(Cow::into_owned).map_err(unreadable)
}

/// All rows of a query.
pub(super) fn collect<T>(
    file: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    each: impl Fn(&Row<'_>) -> Result<T, ViewsError>,
) -> Result<Vec<T>, ViewsError> {
    let fail = ViewsError::sqlite("reading views");
    let mut statement = file.prepare_cached(sql).map_err(&fail)?;
    let mut rows = statement.query(params).map_err(&fail)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&fail)? {
        found.push(each(row)?);
    }
    Ok(found)
}

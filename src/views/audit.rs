//! Views as a checker sees them: everything in the file, as of one moment, without the projector's help.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rusqlite::Connection;

use super::error::ViewsError;
use super::figures::Figures;
use super::projection::Projection;
use super::schema::{self, ChunkKind, DocKind};
use super::segment::{self, Words};
use super::slots::{OrderSlot, doc, json};
use super::{keys, postings, write};
use crate::alert::Alert;
use crate::fraud::{Review, RuleSet};
use crate::fulfillment::Fulfillment;
use crate::inventory::{Item, Reservation};
use crate::journal::{JournalError, Position, Reader};
use crate::order::Order;
use crate::payment;
use crate::returns::Book;
use crate::store::settings::Store;
use crate::types::{Currency, OrderId, StoreId, Timestamp};

/// The views of a data directory at one moment.
pub(crate) struct Snapshot {
    file: Connection,
    position: Position,
    /// Removed with the snapshot, when it is a copy.
    _scratch: Option<Scratch>,
}

/// A store's row.
pub(crate) struct AuditedStore {
    pub(crate) no: u32,
    pub(crate) id: StoreId,
    pub(crate) sequence: u64,
    pub(crate) last_at: Timestamp,
    pub(crate) figures: Figures,
    pub(crate) tenant: Store,
    /// The fraud rules, where any were ever written.
    pub(crate) rules: Option<RuleSet>,
    /// Every review, and when it lapses according to its row.
    pub(crate) reviews: Vec<(Review, Option<Timestamp>)>,
    /// Places of its assessments.
    pub(crate) assessed: Fingerprint,
    /// Places of all its events.
    pub(crate) events: Fingerprint,
}

/// An order's row.
pub(crate) struct AuditedOrder {
    pub(crate) store: u32,
    pub(crate) no: u64,
    pub(crate) id: OrderId,
    pub(crate) order: Order,
    pub(crate) payment: payment::State,
    pub(crate) reservation: Option<Reservation>,
    pub(crate) fulfillment: Fulfillment,
    pub(crate) returns: Book,
    pub(crate) events: Fingerprint,
    /// When it is due according to its row.
    pub(crate) due: Option<Timestamp>,
    /// When it is due according to its documents.
    pub(crate) owed: Option<Timestamp>,
    /// Whether it waits for stock, according to its row and to its documents.
    pub(crate) waits: (bool, bool),
}

/// An item's row.
pub(crate) struct AuditedItem {
    pub(crate) store: u32,
    pub(crate) item: Item,
    /// Places of its ledger's entries.
    pub(crate) ledger: Fingerprint,
}

/// An alert's row.
pub(crate) struct AuditedAlert {
    pub(crate) store: u32,
    pub(crate) alert: Alert,
    /// Status, whether it is kept, and when it is due, according to its row.
    pub(crate) columns: (String, bool, Option<Timestamp>),
}

/// A list of places, in so few bytes that a checker can hold one for everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) count: u64,
    hash: u64,
}

impl Fingerprint {
    /// Adds the next place.
    pub(crate) fn push(&mut self, position: Position) {
        self.count += 1;
        self.hash = (self.hash.rotate_left(7) ^ position).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn push_all(&mut self, bytes: &[u8]) -> Result<(), ViewsError> {
        let places = postings::decode(bytes).ok_or_else(|| ViewsError::damaged("a list of places"))?;
        places.into_iter().for_each(|place| self.push(place));
        Ok(())
    }
}

/// Where a list has each return of a store, and under which status.
pub(crate) type ListedReturns = HashMap<(OrderId, u64), (Position, String)>;

impl Snapshot {
    /// The views of a directory; nothing where there are none.
    pub(crate) fn open(directory: &Path) -> Result<Option<Self>, ViewsError> {
        if !schema::path(directory).exists() {
            return Ok(None);
        }
        Self::of(directory, None).map(Some)
    }

    fn of(directory: &Path, scratch: Option<Scratch>) -> Result<Self, ViewsError> {
        let file = schema::open_for_reading(directory, 65_536)?;
        file.execute_batch("BEGIN").map_err(ViewsError::sqlite("opening the file"))?;
        let position = schema::progress(&file)?.position;
        Ok(Self { file, position, _scratch: scratch })
    }

    /// A copy of the views of a directory, or new ones where there are none, brought up to a position of the journal.
    /// `progress` hears how far it is.
    pub(crate) fn brought_up(
        directory: &Path,
        journal: &mut dyn Reader,
        end: Position,
        progress: &mut dyn FnMut(Position),
    ) -> Result<Self, ViewsError> {
        let scratch = Scratch::new()?;
        let from = schema::path(directory);
        if from.exists() {
            let fail = ViewsError::sqlite("copying the views");
            let file = schema::open_for_reading(directory, 8_192)?;
            let to = schema::path(&scratch.0);
            file.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map_err(&fail)?;
        }
        let (mut projection, _) = Projection::open(&scratch.0, journal, end)?;
        while projection.written() < end {
            let limit = usize::try_from(end - projection.written()).unwrap_or(usize::MAX).min(16_384);
            let mut failed = None;
            let read = journal.read_after(projection.written(), limit, &mut |record| {
                projection.remember(&record);
                projection.apply(&record).map_err(|why| {
                    failed = Some(why);
                    JournalError::Io { file: String::new(), doing: "folding", source: "stopped".into() }
                })
            });
            if let Some(why) = failed {
                return Err(why);
            }
            read?;
            projection.write(Timestamp::from_micros(0), false)?;
            progress(projection.written());
        }
        drop(projection);
        Self::of(&scratch.0.clone(), Some(scratch))
    }

    /// The last position that the views show.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The figures of all stores together, by currency.
    pub(crate) fn node(&self) -> Result<BTreeMap<Currency, Figures>, ViewsError> {
        let progress = schema::progress(&self.file)?;
        serde_json::from_str(&progress.figures).map_err(|_| ViewsError::damaged("figures of the node"))
    }

    /// Every store.
    pub(crate) fn stores(&self) -> Result<Vec<AuditedStore>, ViewsError> {
        let fail = ViewsError::sqlite("reading stores");
        let mut statement = self
            .file
            .prepare("SELECT no, id, sequence, last_at, figures, events, assessed FROM stores ORDER BY no")
            .map_err(&fail)?;
        let mut rows = statement.query([]).map_err(&fail)?;
        let mut stores = Vec::new();
        while let Some(row) = rows.next().map_err(&fail)? {
            let no: u32 = row.get(0).map_err(&fail)?;
            let id: String = row.get(1).map_err(&fail)?;
            let figures: String = row.get(4).map_err(&fail)?;
            let tail: Vec<u8> = row.get(5).map_err(&fail)?;
            let broken = || ViewsError::damaged(format!("the row of store {id}"));
            let mut events = Fingerprint::default();
            self.chunks(no, ChunkKind::Events, 0, |bytes| events.push_all(bytes))?;
            events.push_all(&tail)?;
            let tail: Vec<u8> = row.get(6).map_err(&fail)?;
            let mut assessed = Fingerprint::default();
            self.chunks(no, ChunkKind::Assessed, 0, |bytes| assessed.push_all(bytes))?;
            assessed.push_all(&tail)?;
            stores.push(AuditedStore {
                no,
                sequence: row.get::<_, i64>(2).map_err(&fail)?.cast_unsigned(),
                last_at: Timestamp::from_micros(row.get(3).map_err(&fail)?),
                figures: serde_json::from_str(&figures).map_err(|_| broken())?,
                tenant: doc(&self.file, no, DocKind::Store, &[])?.unwrap_or_default(),
                rules: doc(&self.file, no, DocKind::Rules, &[])?,
                reviews: self.reviews(no)?,
                assessed,
                events,
                id: id.parse().map_err(|_| broken())?,
            });
        }
        Ok(stores)
    }

    fn reviews(&self, store: u32) -> Result<Vec<(Review, Option<Timestamp>)>, ViewsError> {
        let fail = ViewsError::sqlite("reading reviews");
        let sql = "SELECT doc, due FROM docs WHERE store = ?1 AND kind = ?2 ORDER BY id";
        let mut statement = self.file.prepare_cached(sql).map_err(&fail)?;
        let mut rows = statement.query((store, DocKind::Review as i64)).map_err(&fail)?;
        let mut reviews = Vec::new();
        while let Some(row) = rows.next().map_err(&fail)? {
            let due = row.get::<_, Option<i64>>(1).map_err(&fail)?.map(Timestamp::from_micros);
            reviews.extend(json(row, 0)?.map(|review| (review, due)));
        }
        Ok(reviews)
    }

    /// Calls `each` for every order, in the order in which they were first heard of.
    pub(crate) fn orders(&self, mut each: impl FnMut(AuditedOrder)) -> Result<(), ViewsError> {
        let fail = ViewsError::sqlite("reading orders");
        let sql =
            "SELECT no, doc, payment, reservation, events, fulfillment, returns, store, id, due, waits FROM orders
                   ORDER BY no";
        let mut statement = self.file.prepare(sql).map_err(&fail)?;
        let mut rows = statement.query([]).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let id = OrderId::from_bytes(row.get(8).map_err(&fail)?);
            let slot = OrderSlot::of_row(id, row)?;
            let mut events = Fingerprint::default();
            events.push_all(slot.events.bytes())?;
            each(AuditedOrder {
                store: row.get(7).map_err(&fail)?,
                no: slot.no,
                id,
                events,
                due: row.get::<_, Option<i64>>(9).map_err(&fail)?.map(Timestamp::from_micros),
                owed: write::due(&slot),
                waits: (row.get(10).map_err(&fail)?, write::waits(&slot)),
                order: slot.order,
                payment: slot.payment,
                reservation: slot.reservation,
                fulfillment: slot.fulfillment,
                returns: slot.returns,
            });
        }
        Ok(())
    }

    /// Calls `each` for every item.
    pub(crate) fn items(&self, mut each: impl FnMut(AuditedItem)) -> Result<(), ViewsError> {
        let fail = ViewsError::sqlite("reading items");
        let sql = "SELECT store, doc, ledger, no FROM skus WHERE doc IS NOT NULL ORDER BY no";
        let mut statement = self.file.prepare(sql).map_err(&fail)?;
        let mut rows = statement.query([]).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let Some(item) = json(row, 1)? else { continue };
            let store = row.get(0).map_err(&fail)?;
            let owner: i64 = row.get(3).map_err(&fail)?;
            let tail: Vec<u8> = row.get(2).map_err(&fail)?;
            let mut ledger = Fingerprint::default();
            self.chunks(store, ChunkKind::Ledger, owner, |bytes| ledger.push_all(bytes))?;
            ledger.push_all(&tail)?;
            each(AuditedItem { store, item, ledger });
        }
        Ok(())
    }

    /// Calls `each` for every alert.
    pub(crate) fn alerts(&self, mut each: impl FnMut(AuditedAlert)) -> Result<(), ViewsError> {
        let fail = ViewsError::sqlite("reading alerts");
        let sql = "SELECT store, doc, status, kept, due FROM alerts ORDER BY store, id";
        let mut statement = self.file.prepare(sql).map_err(&fail)?;
        let mut rows = statement.query([]).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let Some(alert) = json(row, 1)? else { continue };
            let due = row.get::<_, Option<i64>>(4).map_err(&fail)?.map(Timestamp::from_micros);
            let columns = (row.get(2).map_err(&fail)?, row.get(3).map_err(&fail)?, due);
            each(AuditedAlert { store: row.get(0).map_err(&fail)?, alert, columns });
        }
        Ok(())
    }

    /// The words under which a store's list shows its orders, by row.
    pub(crate) fn listed(&self, store: u32) -> Result<HashMap<u64, Words>, ViewsError> {
        let fail = ViewsError::sqlite("reading a list of orders");
        let mut listed = HashMap::new();
        let mut add = |bytes: &[u8]| {
            let whole = segment::newest_first(bytes, |entry| {
                listed.insert(entry.no(), entry.words());
                true
            });
            whole.map(drop).ok_or_else(|| ViewsError::damaged("a list of orders"))
        };
        self.chunks(store, ChunkKind::Orders, 0, &mut add)?;
        let tail: Vec<u8> = self
            .file
            .query_row("SELECT orders FROM stores WHERE no = ?1", [store], |row| row.get(0))
            .map_err(&fail)?;
        add(&tail)?;
        Ok(listed)
    }

    /// Where the list of a store's returns has each of them, and under which status.
    pub(crate) fn listed_returns(&self, store: u32) -> Result<ListedReturns, ViewsError> {
        let fail = ViewsError::sqlite("reading a list of returns");
        let mut statement = self
            .file
            .prepare_cached("SELECT id, number, no, status FROM returns WHERE store = ?1")
            .map_err(&fail)?;
        let rows = statement.query_map([store], |row| {
            let id = OrderId::from_bytes(row.get(0)?);
            let number: u32 = row.get(1)?;
            let position = row.get::<_, i64>(2)?.cast_unsigned();
            Ok(((id, u64::from(number)), (position, row.get::<_, String>(3)?)))
        });
        rows.and_then(Iterator::collect).map_err(&fail)
    }

    /// Where the first event of a request stands, according to the index of keys.
    pub(crate) fn position_of(&self, store: u32, key: u128) -> Result<Option<Position>, ViewsError> {
        if let Some(entry) = keys::find(&self.file, store, key)? {
            return Ok(Some(entry.position));
        }
        Ok(None)
    }

    /// The keys that are in the log only.
    pub(crate) fn logged_keys(&self) -> Result<HashMap<(u32, u128), Position>, ViewsError> {
        keys::RecentKeys::load(&self.file).map(|recent| recent.positions())
    }

    fn chunks(
        &self,
        store: u32,
        kind: ChunkKind,
        owner: i64,
        mut each: impl FnMut(&[u8]) -> Result<(), ViewsError>,
    ) -> Result<(), ViewsError> {
        let fail = ViewsError::sqlite("reading a list");
        let mut statement = self
            .file
            .prepare_cached(
                "SELECT entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = ?3 ORDER BY first",
            )
            .map_err(&fail)?;
        let mut rows = statement.query((store, kind as i64, owner)).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            each(row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?)?;
        }
        Ok(())
    }
}

/// A directory for as long as a check runs.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, ViewsError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("orderflow-verify-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)
            .map_err(|source| ViewsError::File { doing: "making a directory for a copy", source })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a copy of the views could not be removed");
        }
    }
}

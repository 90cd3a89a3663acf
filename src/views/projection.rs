//! The fold and its file together: records in, transactions out.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::error::ViewsError;
use super::feed::Feed;
use super::figures::Figures;
use super::fold::{Answered, Tools, fold};
use super::keys::RecentKeys;
use super::sample::Samples;
use super::slots::{StoreSlot, Stores, last_no};
use super::{schema, write};
use crate::journal::{Position, Reader, Record};
use crate::types::{Currency, Timestamp, clock};

/// How many orders stay in hand after a transaction.
const ORDERS_MAX: usize = 4_096;
/// How many SKUs stay in hand after a transaction.
const SKUS_MAX: usize = 16_384;
/// How many stores stay in hand after a transaction, besides those of the last few.
const STORES_MAX: usize = 256;

/// How many records' worth of writing the log may keep from the disk.
const UNSYNCED_MAX: u64 = 1_024;

/// Folds records and writes what came of them.
pub(super) struct Projection {
    file: Connection,
    stores: Stores,
    dirty: Vec<Arc<str>>,
    node: BTreeMap<Currency, Figures>,
    answered: Vec<Answered>,
    keys: Arc<RecentKeys>,
    feed: Arc<Feed>,
    samples: Samples,
    last_store: u32,
    last_sku: u64,
    /// Transactions since the file was made.
    turn: u64,
    folded: Position,
    sum: u64,
    written: Position,
    /// How far the log had come when the disk was last asked to take it in.
    synced: Position,
    /// Commands whose answers are to be kept and that are not complete.
    incomplete: usize,
}

impl Projection {
    /// Goes on where the file left off; begins anew when there is no file, or none that can be believed. Says why it did.
    pub(super) fn open(
        directory: &Path,
        journal: &mut dyn Reader,
        end: Position,
    ) -> Result<(Self, Option<ViewsError>), ViewsError> {
        match Self::resume(directory, journal, end) {
            Ok(views) => Ok((views, None)),
            Err(why) if why.is_damage() => {
                schema::remove(directory)?;
                Ok((Self::resume(directory, journal, end)?, Some(why)))
            }
            Err(why) => Err(why),
        }
    }

    fn resume(directory: &Path, journal: &mut dyn Reader, end: Position) -> Result<Self, ViewsError> {
        let file = schema::open(directory)?;
        file.set_prepared_statement_cache_capacity(64);
        let progress = schema::progress(&file)?;
        let position = progress.position;
        if position > end {
            return Err(ViewsError::damaged(format!("they are at {position}, the journal ends at {end}")));
        }
        if position > 0 {
            let mut sum = None;
            journal.read_at(&[position], &mut |record| {
                sum = Some(record.sum());
                Ok(())
            })?;
            if sum != Some(progress.sum) {
                return Err(ViewsError::damaged(format!("the journal has another record at {position}")));
            }
        }
        let node = serde_json::from_str(&progress.figures)
            .map_err(|error| ViewsError::damaged(format!("figures of the node: {error}")))?;
        Ok(Self {
            keys: Arc::new(RecentKeys::load(&file)?),
            feed: Arc::default(),
            samples: Samples::default(),
            last_store: u32::try_from(last_no(&file, "stores")?)
                .map_err(|_| ViewsError::damaged("the number of stores"))?,
            last_sku: last_no(&file, "skus")?,
            file,
            stores: Stores::default(),
            dirty: Vec::new(),
            node,
            answered: Vec::new(),
            turn: progress.swept,
            folded: position,
            sum: progress.sum,
            written: position,
            synced: position,
            incomplete: 0,
        })
    }

    /// The last position folded.
    pub(super) fn folded(&self) -> Position {
        self.folded
    }

    /// The last position that the file shows.
    pub(super) fn written(&self) -> Position {
        self.written
    }

    /// Whether the last record folded was the last of its command, as far as answers are to be kept.
    pub(super) fn is_whole(&self) -> bool {
        self.incomplete == 0
    }

    /// The keys that readers look at before the file.
    pub(super) fn keys(&self) -> Arc<RecentKeys> {
        Arc::clone(&self.keys)
    }

    /// Tells readers of some more keys that are in the tree since before the start.
    pub(super) fn tell_keys(&self) -> Result<(), ViewsError> {
        self.keys.tell(&self.file)
    }

    /// Who listens.
    pub(super) fn is_followed(&self) -> bool {
        self.feed.is_followed()
    }

    /// Who follows which store.
    pub(super) fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.feed)
    }

    /// Folds one record.
    pub(super) fn apply(&mut self, record: &Record<'_>) -> Result<(), ViewsError> {
        let store = match self.stores.get_mut(record.store) {
            Some(store) => store,
            None => {
                let slot = self.take_up(record)?;
                self.stores.entry(record.store.into()).or_insert(slot)
            }
        };
        store.used = self.turn;
        if !store.is_dirty {
            store.is_dirty = true;
            self.dirty.push(record.store.into());
        }
        let was_whole = store.pending.is_none();
        let mut tools = Tools {
            file: &self.file,
            turn: self.turn,
            last_sku: &mut self.last_sku,
            answered: &mut self.answered,
        };
        fold(store, record, &mut tools)?;
        match (was_whole, store.pending.is_none()) {
            (true, false) => self.incomplete += 1,
            (false, true) => self.incomplete = self.incomplete.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
        if self.feed.is_sampled() {
            self.samples.take(record, &self.feed);
        }
        self.folded = record.position;
        Ok(())
    }

    /// The journal's own word for the last record folded.
    pub(super) fn remember(&mut self, record: &Record<'_>) {
        self.sum = record.sum();
    }

    fn take_up(&mut self, record: &Record<'_>) -> Result<StoreSlot, ViewsError> {
        if let Some(known) = StoreSlot::load(&self.file, record.store)? {
            return Ok(known);
        }
        let id = record.store.parse().map_err(|_| {
            ViewsError::damaged(format!("no store can have the id of the record at {}", record.position))
        })?;
        self.last_store += 1;
        Ok(StoreSlot::new(self.last_store, id))
    }

    /// Writes all that was folded since the last time, in one transaction, without keys and answers of before a time, and
    /// forgets older ones if asked to; whether it leaves answers that are old enough to be forgotten.
    pub(super) fn write(&mut self, keys_since: Timestamp, forgets: bool) -> Result<bool, ViewsError> {
        if self.folded == self.written && !forgets {
            return Ok(false);
        }
        self.answered.retain(|answered| answered.key.at >= keys_since);
        for id in &self.dirty {
            if let Some(store) = self.stores.get_mut(id) {
                write::tally(store, &mut self.node, &self.file)?;
            }
        }
        let fail = ViewsError::sqlite("writing");
        self.file.execute_batch("BEGIN IMMEDIATE").map_err(&fail)?;
        match self.write_all(forgets.then_some(keys_since)) {
            Ok(swept) => {
                let leaves_some = swept.leaves_some;
                self.keys.committed(self.answered.iter().map(|answered| answered.key), swept);
                self.answered.clear();
                self.written = self.folded;
                self.turn += 1;
                let (stores, samples, now) = (&self.stores, &mut self.samples, clock::monotonic());
                self.feed.wrote(self.dirty.iter().filter_map(|id| {
                    let newest = stores.get(id)?.sequence;
                    Some((&**id, newest, samples.of(id, now)))
                }));
                self.let_go();
                Ok(leaves_some)
            }
            Err(why) => {
                // A transaction that SQLite has rolled back itself cannot be rolled back again.
                let _ = self.file.execute_batch("ROLLBACK");
                Err(why)
            }
        }
    }

    /// Has the disk take in the log where that has grown by much; whether it had. Nothing rests on it, but SQLite syncs all of a log
    /// at once when it is to be moved, and whatever the journal syncs at that moment waits for tens of megabytes. A sync that fails is not
    /// tried again: SQLite's own will hear of it.
    pub(super) fn ease(&mut self) -> io::Result<bool> {
        if self.written - self.synced < UNSYNCED_MAX {
            return Ok(false);
        }
        self.synced = self.written;
        schema::sync_log(&self.file)?;
        Ok(true)
    }

    /// Looks after the file while nothing is to be written. What cannot be done now is done by and by anyhow.
    pub(super) fn tidy(&self) {
        let tidied = || {
            self.file.execute_batch("PRAGMA optimize")?;
            self.file.busy_timeout(schema::TIDY_WAIT)?;
            let cut = self.file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            self.file.busy_timeout(schema::BUSY_WAIT)?;
            cut
        };
        if let Err(error) = tidied() {
            tracing::debug!(%error, "views could not be tidied up now");
        }
    }

    fn write_all(&self, forget_before: Option<Timestamp>) -> Result<super::keys::Swept, ViewsError> {
        let fail = ViewsError::sqlite("writing");
        let dirty = || self.dirty.iter().filter_map(|id| self.stores.get(id));
        write::orders(&self.file, dirty()).map_err(&fail)?;
        for store in dirty() {
            write::store(&self.file, store).map_err(&fail)?;
        }
        crate::fault_point!("views_half_written", "");
        let mut answer = self
            .file
            .prepare_cached("INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3, ?4, ?5)")
            .map_err(&fail)?;
        for Answered { key, shown } in &self.answered {
            if let Some((version, body)) = shown {
                let (position, at) = (key.position.cast_signed(), key.at.micros());
                answer.execute((position, key.store, at, version.cast_signed(), body)).map_err(&fail)?;
            }
        }
        let fresh: Vec<_> = self.answered.iter().map(|answered| answered.key).collect();
        let swept = self.keys.write(&self.file, self.turn, self.folded, &fresh, forget_before)?;
        let node = serde_json::to_string(&self.node).expect("figures have string keys and go to memory");
        self.file
            .prepare_cached("UPDATE progress SET position = ?1, sum = ?2, swept = ?3, figures = ?4")
            .and_then(|mut progress| {
                let (position, sum) = (self.folded.cast_signed(), self.sum.cast_signed());
                progress.execute((position, sum, (self.turn + 1).cast_signed(), node))
            })
            .map_err(&fail)?;
        self.file.execute_batch("COMMIT").map_err(&fail)?;
        Ok(swept)
    }

    /// While nothing happens: lets go of all that the file has, and of the pages of the file.
    pub(super) fn let_all_go(&mut self) {
        self.stores.retain(|_, store| store.is_dirty || store.pending.is_some());
        self.stores.shrink_to_fit();
        if let Err(error) = self.file.execute_batch("PRAGMA shrink_memory") {
            tracing::debug!(%error, "pages of the views could not be let go");
        }
    }

    /// How many stores are in hand.
    #[cfg(test)]
    pub(super) fn in_hand(&self) -> usize {
        self.stores.len()
    }

    /// After a commit: nothing is changed any more, and what was not touched lately is let go.
    fn let_go(&mut self) {
        for id in self.dirty.drain(..) {
            if let Some(store) = self.stores.get_mut(&id) {
                store.settle();
            }
        }
        let orders: usize = self.stores.values().map(|store| store.orders.len()).sum();
        let skus: usize = self.stores.values().map(|store| store.skus.len()).sum();
        let turn = self.turn;
        if orders > ORDERS_MAX {
            // Half of them may stay for the transactions to come.
            let share = ORDERS_MAX / 2;
            self.keep_orders(share, turn);
        }
        if skus > SKUS_MAX {
            for store in self.stores.values_mut() {
                store.skus.retain(|_, slot| slot.used + 4 > turn);
            }
        }
        if self.stores.len() > STORES_MAX {
            self.stores.retain(|_, store| store.used + 8 > turn || store.pending.is_some());
        }
    }

    /// Lets go of the orders that were touched longest ago, until about so many are left.
    fn keep_orders(&mut self, count: usize, turn: u64) {
        let mut left = count;
        let mut oldest = turn;
        let mut by_age: BTreeMap<u64, usize> = BTreeMap::new();
        for slot in self.stores.values().flat_map(|store| store.orders.values()) {
            *by_age.entry(slot.used).or_default() += 1;
        }
        for (used, many) in by_age.into_iter().rev() {
            let Some(rest) = left.checked_sub(many) else { break };
            left = rest;
            oldest = used;
        }
        for store in self.stores.values_mut() {
            store.orders.retain(|_, slot| slot.used >= oldest);
        }
    }
}

//! Lists, newest first, of one store each; and the figures of the dashboard.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::cursor::{Cursor, List};
use super::error::ViewsError;
use super::figures::{Figures, NodeStats, StoreStats};
use super::reader::{ViewsReader, collect};
use super::schema::{self, DocKind};
use super::slots::json;
use crate::fraud::Review;
use crate::inventory::{Condition, Item};
use crate::returns::{Book, Phase, Return};
use crate::store::settings::{Known, Store};
use crate::types::{Currency, OrderId, StoreId, Timestamp};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Where the next page begins; nothing when this is the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Nothing, and nothing after it.
    pub fn empty() -> Self {
        Self { data: Vec::new(), next_cursor: None }
    }

    /// A page from one entry more than it may have, each with what its cursor would say.
    pub(super) fn of(mut found: Vec<(u128, T)>, limit: usize, list: List, store: Option<&StoreId>) -> Self {
        let has_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|(last, _)| *last).filter(|_| has_more);
        Self {
            data: found.into_iter().map(|(_, one)| one).collect(),
            next_cursor: last.map(|last| Cursor::after(list, store, last).encode()),
        }
    }

    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }
}

/// Which reviews to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewFilter {
    /// All.
    All,
    /// Those that nobody has decided.
    Open,
    /// Those that were decided, or ended by themselves.
    Closed,
}

/// Which returns to list: those that fit everything that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnFilter {
    /// How far they are.
    pub status: Option<Phase>,
    /// Of which order.
    pub order: Option<OrderId>,
}

impl ViewsReader {
    /// All stores, the newest first.
    pub fn stores(&mut self, cursor: Option<&str>, limit: usize) -> Result<Page<Known>, ViewsError> {
        let before = before(cursor, List::Stores, None)?;
        let sql = "SELECT stores.no, docs.doc FROM stores JOIN docs ON docs.store = stores.no AND docs.kind = ?1 AND docs.id = x''
                   WHERE stores.no < ?2 ORDER BY stores.no DESC LIMIT ?3";
        let params = (DocKind::Store as i64, before, more_than(limit));
        let found = collect(&self.file, sql, params, |row| {
            let no: i64 = row.get(0).map_err(ViewsError::sqlite("reading a list of stores"))?;
            Ok((u128::from(no.cast_unsigned()), json::<Store>(row, 1)?))
        })?;
        let known = found.into_iter().filter_map(|(no, store)| match store {
            Some(Store::Known(known)) => Some((no, *known)),
            Some(Store::Unknown) | None => None,
        });
        Ok(Page::of(known.collect(), limit, List::Stores, None))
    }

    /// The items of a store, or those in one condition, the newest first.
    pub fn list_items(
        &mut self,
        store: &StoreId,
        condition: Option<Condition>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Item>, ViewsError> {
        let before = before(cursor, List::Items, Some(store))?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        let fail = ViewsError::sqlite("reading a list of items");
        let mut statement = self
            .file
            .prepare_cached(
                "SELECT no, doc FROM skus INDEXED BY skus_by_age
                 WHERE store = ?1 AND no < ?2 AND doc IS NOT NULL ORDER BY no DESC",
            )
            .map_err(&fail)?;
        let mut rows = statement.query((no, before)).map_err(&fail)?;
        let mut found = Vec::new();
        while found.len() <= limit
            && let Some(row) = rows.next().map_err(&fail)?
        {
            let last: i64 = row.get(0).map_err(&fail)?;
            let item = json::<Item>(row, 1)?;
            if let Some(item) = item.filter(|item| condition.is_none_or(|wanted| item.condition() == wanted))
            {
                found.push((u128::from(last.cast_unsigned()), item));
            }
        }
        Ok(Page::of(found, limit, List::Items, Some(store)))
    }

    /// Reviews of a store's orders, those of the newest orders first.
    pub fn list_reviews(
        &mut self,
        store: &StoreId,
        filter: ReviewFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Review>, ViewsError> {
        let cursor = cursor.map(|text| Cursor::decode(text, List::Reviews, Some(store))).transpose()?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        // One byte more than any id has: nothing is after it.
        let before = cursor.map_or_else(|| vec![0xFF; 17], |cursor| cursor.last.to_be_bytes().to_vec());
        let sql = match filter {
            ReviewFilter::All => {
                "SELECT id, doc FROM docs WHERE store = ?1 AND kind = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
            }
            // Few are open, and an index knows which.
            ReviewFilter::Open => {
                "SELECT id, doc FROM docs INDEXED BY docs_due
                 WHERE store = ?1 AND due IS NOT NULL AND kind = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
            }
            ReviewFilter::Closed => {
                "SELECT id, doc FROM docs
                 WHERE store = ?1 AND kind = ?2 AND id < ?3 AND due IS NULL ORDER BY id DESC LIMIT ?4"
            }
        };
        let params = (no, DocKind::Review as i64, before, more_than(limit));
        let found = collect(&self.file, sql, params, |row| {
            let id: [u8; 16] = row.get(0).map_err(ViewsError::sqlite("reading a list of reviews"))?;
            Ok((u128::from_be_bytes(id), json::<Review>(row, 1)?))
        })?;
        let known = found.into_iter().filter_map(|(id, review)| Some((id, review?)));
        Ok(Page::of(known.collect(), limit, List::Reviews, Some(store)))
    }

    /// The returns of a store, or of one order, or with one status, the newest first.
    pub fn list_returns(
        &mut self,
        store: &StoreId,
        filter: ReturnFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Return>, ViewsError> {
        let before = before(cursor, List::Returns, Some(store))?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        let fail = || ViewsError::sqlite("reading a list of returns");
        let (index, condition) = match (filter.order, filter.status) {
            (Some(_), _) => ("returns_by_order", "returns.id = ?3 AND coalesce(returns.status = ?4, TRUE)"),
            // The order is nothing here, and the status says which.
            (None, Some(_)) => ("returns_by_status", "?3 IS NULL AND returns.status = ?4"),
            (None, None) => ("returns_by_age", "?3 IS NULL AND ?4 IS NULL"),
        };
        let sql = format!(
            "SELECT returns.no, returns.number, orders.returns FROM returns INDEXED BY {index}
             JOIN orders ON orders.id = returns.id AND orders.store = returns.store
             WHERE returns.store = ?1 AND returns.no < ?2 AND {condition} ORDER BY returns.no DESC LIMIT ?5"
        );
        let order = filter.order.map(OrderId::to_bytes);
        let status = filter.status.map(Phase::word);
        let params = (no, before, order, status, more_than(limit));
        let found = collect(&self.file, &sql, params, |row| {
            let no: i64 = row.get(0).map_err(fail())?;
            let number: u32 = row.get(1).map_err(fail())?;
            let book = json::<Book>(row, 2)?.unwrap_or_default();
            let one = book.returns.into_iter().find(|one| one.number == number);
            let one = one.ok_or_else(|| ViewsError::damaged("the list of returns"))?;
            Ok((u128::from(no.cast_unsigned()), one))
        })?;
        Ok(Page::of(found, limit, List::Returns, Some(store)))
    }

    /// The figures of a store; nothing for one that was never provisioned.
    pub fn stats(&mut self, store: &StoreId, now: Timestamp) -> Result<Option<StoreStats>, ViewsError> {
        let Some(known) = self.store(store)? else { return Ok(None) };
        let figures = figures_of(&self.file, known.no)?;
        Ok(Some(StoreStats::of(store.clone(), known.known.currency, &figures, now)))
    }

    /// The figures of all stores together.
    pub fn node_stats(&mut self, now: Timestamp) -> Result<NodeStats, ViewsError> {
        let progress = schema::progress(&self.file)?;
        let by_currency: BTreeMap<Currency, Figures> = serde_json::from_str(&progress.figures)
            .map_err(|error| ViewsError::damaged(format!("figures of the node: {error}")))?;
        let stores: i64 = self
            .file
            .prepare_cached("SELECT coalesce(max(no), 0) FROM stores")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(ViewsError::sqlite("counting stores"))?;
        Ok(NodeStats::of(stores.cast_unsigned(), &by_currency, now))
    }
}

pub(super) fn figures_of(file: &Connection, store: u32) -> Result<Figures, ViewsError> {
    let text: Option<String> = file
        .prepare_cached("SELECT figures FROM stores WHERE no = ?1")
        .and_then(|mut statement| statement.query_row([store], |row| row.get(0)).optional())
        .map_err(ViewsError::sqlite("reading figures"))?;
    let text = text.ok_or_else(|| ViewsError::damaged(format!("store number {store}")))?;
    serde_json::from_str(&text)
        .map_err(|error| ViewsError::damaged(format!("figures of store {store}: {error}")))
}

/// The number that everything on the page is below.
fn before(cursor: Option<&str>, list: List, store: Option<&StoreId>) -> Result<i64, ViewsError> {
    let cursor = cursor.map(|text| Cursor::decode(text, list, store)).transpose()?;
    Ok(cursor.and_then(|cursor| i64::try_from(cursor.last).ok()).unwrap_or(i64::MAX))
}

/// One more than the page may have, to know whether another follows.
fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

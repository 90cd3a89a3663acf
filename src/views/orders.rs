//! The list of a store's orders and its filters.
//!
//! The columns of [`super::segment`] say which orders may be wanted; only those are opened. A filter by SKU runs
//! along the list of orders that want it, which is in the same order.

use rusqlite::{Connection, OptionalExtension};

use super::cursor::{Cursor, List};
use super::error::ViewsError;
use super::lists::Page;
use super::postings;
use super::reader::ViewsReader;
use super::schema::ChunkKind;
use super::segment::{self, Stored, WordsAsked, hash, hash_folded, hash_trace};
use super::slots::json;
use crate::order::{FulfillmentStatus, Order, PaymentStatus, Placed, Status};
use crate::types::{OrderId, Sku, StoreId, Timestamp, TraceId};

/// Among how many of the newest orders a search looks for parts of words. Whole words are found among all.
pub const PARTS_AMONG: usize = 512;

/// Which orders to list: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// With this status.
    pub status: Option<Status>,
    /// With this payment status.
    pub payment_status: Option<PaymentStatus>,
    /// With this fulfilment status.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// Of this customer.
    pub customer_id: Option<String>,
    /// With this e-mail address, whatever its case.
    pub email: Option<String>,
    /// With a line of this SKU.
    pub sku: Option<Sku>,
    /// Taken at or after this time.
    pub created_after: Option<Timestamp>,
    /// Taken before this time.
    pub created_before: Option<Timestamp>,
    /// An order's id, its customer's id, e-mail address or recipient: whole, or in part among the newest orders. Or its trace's
    /// id, whole.
    pub q: Option<String>,
}

/// A filter made ready to be asked a million times.
struct Test<'a> {
    filter: &'a OrderFilter,
    words: WordsAsked,
    after_ms: i64,
    before_ms: i64,
    customer: Option<u32>,
    email: Option<u32>,
    search: Option<Search>,
}

struct Search {
    text: String,
    as_is: u32,
    folded: u32,
    /// The trace that the text may be, and its hash.
    trace: Option<(TraceId, u32)>,
    /// From this row on, parts of words are looked for.
    parts_from: u64,
}

impl ViewsReader {
    /// The orders of a store that fit a filter, the newest first.
    pub fn orders(
        &mut self,
        store: &StoreId,
        filter: &OrderFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Placed>, ViewsError> {
        let cursor = cursor.map(|text| Cursor::decode(text, List::Orders, Some(store))).transpose()?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        let before = cursor.map_or(u64::MAX, |cursor| u64::try_from(cursor.last).unwrap_or(u64::MAX));
        let fail = ViewsError::sqlite("reading a list of orders");
        // All of it as of one moment.
        let snapshot = self.file.unchecked_transaction().map_err(&fail)?;
        let found = find(&self.file, no, filter, before, limit.saturating_add(1))?;
        snapshot.finish().map_err(&fail)?;
        let found = found.into_iter().map(|(no, placed)| (u128::from(no), placed)).collect();
        Ok(Page::of(found, limit, List::Orders, Some(store)))
    }
}

fn find(
    file: &Connection,
    store: u32,
    filter: &OrderFilter,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Placed)>, ViewsError> {
    let search = match &filter.q {
        Some(text) if !text.trim().is_empty() => Some(Search::of(file, store, text.trim())?),
        Some(_) | None => None,
    };
    let ms = |at: Option<Timestamp>| at.map(Timestamp::millis);
    let test = Test {
        filter,
        words: WordsAsked::of(filter.status, filter.payment_status, filter.fulfillment_status),
        after_ms: ms(filter.created_after).unwrap_or(i64::MIN),
        before_ms: ms(filter.created_before).unwrap_or(i64::MAX),
        customer: filter.customer_id.as_deref().map(hash),
        email: filter.email.as_deref().map(hash_folded),
        search,
    };
    let text = filter.q.as_deref().map(str::trim);
    if let Some(id) = text.and_then(|text| text.parse::<OrderId>().ok()) {
        let found = by_id(file, store, id)?.filter(|(no, placed)| *no < before && test.fits(*no, placed));
        return Ok(found.into_iter().collect());
    }
    // The trace of an order that came without one leads to it; those that came with one are looked for by their column.
    if let Some(id) = text.and_then(|text| text.parse::<TraceId>().ok()).map(TraceId::as_order)
        && let Some((no, placed)) = by_id(file, store, id)?
    {
        return Ok(Some((no, placed))
            .filter(|(no, placed)| *no < before && test.fits(*no, placed))
            .into_iter()
            .collect());
    }
    let mut wanting = match &filter.sku {
        Some(sku) => match Wanting::of(file, store, sku, before)? {
            Some(wanting) => Some(wanting),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut found = Vec::new();
    if let Some(few) = wanting.as_mut().filter(|wanting| wanting.is_all_in_hand()) {
        while found.len() < limit
            && let Some(no) = few.next_at_most(before.saturating_sub(1))?
        {
            few.pass();
            found.extend(open(file, store, no, &test)?.map(|placed| (no, placed)));
        }
        return Ok(found);
    }
    each_entry(file, store, before, test.before_ms, |entry| {
        if entry.created_ms() < test.after_ms {
            return Ok(false);
        }
        if !test.may_fit(entry) {
            return Ok(true);
        }
        if let Some(wanting) = &mut wanting {
            match wanting.next_at_most(entry.no())? {
                Some(no) if no == entry.no() => {}
                Some(_) => return Ok(true),
                None => return Ok(false),
            }
        }
        found.extend(open(file, store, entry.no(), &test)?.map(|placed| (entry.no(), placed)));
        Ok(found.len() < limit)
    })?;
    Ok(found)
}

/// Calls `each` for the orders of a store in rows below `before` that were taken at or before a time, newest first, until
/// it says to stop.
fn each_entry(
    file: &Connection,
    store: u32,
    before: u64,
    until_ms: i64,
    mut each: impl FnMut(&Stored<'_>) -> Result<bool, ViewsError>,
) -> Result<(), ViewsError> {
    let fail = ViewsError::sqlite("reading a list of orders");
    let mut failed = None;
    let mut all_of = |bytes: &[u8]| {
        if segment::base(bytes).is_some_and(|(_, first_ms)| first_ms > until_ms) {
            return Ok(true);
        }
        let goes_on = segment::newest_first(bytes, |entry| {
            if entry.no() >= before || entry.created_ms() > until_ms {
                return true;
            }
            each(entry).unwrap_or_else(|why| {
                failed = Some(why);
                false
            })
        });
        match (failed.take(), goes_on) {
            (Some(why), _) => Err(why),
            (None, Some(goes_on)) => Ok(goes_on),
            (None, None) => Err(ViewsError::damaged("a list of orders")),
        }
    };
    let tail: Vec<u8> = file
        .prepare_cached("SELECT orders FROM stores WHERE no = ?1")
        .and_then(|mut statement| statement.query_row([store], |row| row.get(0)))
        .map_err(&fail)?;
    if !all_of(&tail)? {
        return Ok(());
    }
    let mut statement = file
        .prepare_cached(
            "SELECT entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = 0 AND first < ?3
             ORDER BY first DESC",
        )
        .map_err(&fail)?;
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let mut rows = statement.query((store, ChunkKind::Orders as i64, before)).map_err(&fail)?;
    while let Some(row) = rows.next().map_err(&fail)? {
        let bytes = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
        if !all_of(bytes)? {
            break;
        }
    }
    Ok(())
}

/// The order in a row, if it fits.
fn open(file: &Connection, store: u32, no: u64, test: &Test<'_>) -> Result<Option<Placed>, ViewsError> {
    let fail = ViewsError::sqlite("reading an order");
    let mut statement =
        file.prepare_cached("SELECT doc, id FROM orders WHERE no = ?1 AND store = ?2").map_err(&fail)?;
    let placed = statement
        .query_row((no.cast_signed(), store), |row| {
            // A look at the bytes spares reading most orders that a search does not want.
            let may_be = match row.get_ref(0)?.as_bytes_or_null()? {
                Some(doc) => {
                    let id = OrderId::from_bytes(row.get(1)?);
                    test.search.as_ref().is_none_or(|search| search.may_be_in(doc, id))
                }
                None => false,
            };
            Ok(if may_be { json::<Order>(row, 0) } else { Ok(None) })
        })
        .optional()
        .map_err(&fail)?
        .transpose()?
        .flatten();
    Ok(match placed {
        Some(Order::Placed(placed)) if test.fits(no, &placed) => Some(*placed),
        Some(_) | None => None,
    })
}

fn by_id(file: &Connection, store: u32, id: OrderId) -> Result<Option<(u64, Placed)>, ViewsError> {
    let fail = ViewsError::sqlite("reading an order");
    let mut statement =
        file.prepare_cached("SELECT no, doc FROM orders WHERE id = ?1 AND store = ?2").map_err(&fail)?;
    let found = statement
        .query_row((id.to_bytes(), store), |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), json::<Order>(row, 1)))
        })
        .optional()
        .map_err(&fail)?;
    let Some((no, order)) = found else { return Ok(None) };
    Ok(match order? {
        Some(Order::Placed(placed)) => Some((no, *placed)),
        Some(Order::Unplaced) | None => None,
    })
}

impl Test<'_> {
    /// Whether an order may fit, as far as its columns say.
    fn may_fit(&self, entry: &Stored<'_>) -> bool {
        self.words.fit(entry.words())
            && self.customer.is_none_or(|customer| entry.customer() == customer)
            && self.email.is_none_or(|email| entry.email() == email)
            && self.search.as_ref().is_none_or(|search| search.may_fit(entry))
    }

    /// Whether an order fits.
    fn fits(&self, no: u64, placed: &Placed) -> bool {
        let filter = self.filter;
        let cart = &placed.cart;
        let customer = cart.customer.id.as_deref();
        let email = cart.customer.email.as_deref();
        filter.status.is_none_or(|status| placed.status() == status)
            && filter.payment_status.is_none_or(|status| placed.payment_status() == status)
            && filter.fulfillment_status.is_none_or(|status| placed.fulfillment_status() == status)
            && filter.created_after.is_none_or(|after| placed.created_at >= after)
            && filter.created_before.is_none_or(|before| placed.created_at < before)
            && filter.customer_id.as_deref().is_none_or(|wanted| customer == Some(wanted))
            && filter.email.as_deref().is_none_or(|wanted| email.is_some_and(|email| is_alike(email, wanted)))
            && filter.sku.as_ref().is_none_or(|sku| cart.lines.iter().any(|line| line.sku == *sku))
            && self.search.as_ref().is_none_or(|search| search.fits(no, placed))
    }
}

impl Search {
    fn of(file: &Connection, store: u32, text: &str) -> Result<Self, ViewsError> {
        let (mut parts_from, mut count) = (0, 0);
        each_entry(file, store, u64::MAX, i64::MAX, |entry| {
            (parts_from, count) = (entry.no(), count + 1);
            Ok(count < PARTS_AMONG)
        })?;
        let trace = text.parse().ok().map(|trace| (trace, hash_trace(trace)));
        Ok(Self {
            as_is: hash(text),
            folded: hash_folded(text),
            text: text.to_lowercase(),
            trace,
            parts_from,
        })
    }

    fn may_fit(&self, entry: &Stored<'_>) -> bool {
        entry.no() >= self.parts_from
            || entry.customer() == self.as_is
            || entry.email() == self.folded
            || entry.name() == self.folded
            || self.trace.is_some_and(|(_, hash)| entry.trace() == hash)
    }

    /// Whether the text may be somewhere in an order's document, or its id or trace, which the document has as numbers. Only where
    /// the answer is a sure no, it is no.
    fn may_be_in(&self, doc: &[u8], id: OrderId) -> bool {
        let text = self.text.as_bytes();
        // Case is not a matter of bytes outside ASCII.
        !text.is_ascii()
            || has_text(doc, text)
            || has_text(id.encode(&mut [0; 32]).as_bytes(), text)
            || self.trace.is_some_and(|(trace, _)| memchr::memmem::find(doc, &trace.to_bytes()).is_some())
    }

    fn fits(&self, no: u64, placed: &Placed) -> bool {
        let cart = &placed.cart;
        let name = cart.shipping_address.as_ref().and_then(|address| address.name.as_deref());
        let words = [cart.customer.id.as_deref(), cart.customer.email.as_deref(), name];
        let takes_parts = no >= self.parts_from;
        let is_in = |word: &str| {
            let word = word.to_lowercase();
            word == self.text || (takes_parts && word.contains(&self.text))
        };
        words.into_iter().flatten().any(is_in)
            || is_in(&placed.id.to_string())
            || self.trace.is_some_and(|(trace, _)| placed.trace() == trace)
    }
}

/// Whether an ASCII text is somewhere in bytes, whatever the case of its letters.
fn has_text(bytes: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let Some(last_at) = bytes.len().checked_sub(text.len()) else { return false };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, &bytes[..=last_at])
        .any(|at| bytes[at..at + text.len()].eq_ignore_ascii_case(text))
}

fn is_alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

/// The orders that want a SKU, newest first.
struct Wanting<'a> {
    file: &'a Connection,
    store: u32,
    owner: i64,
    /// Rows in hand, rising; the last is the next.
    rows: Vec<u64>,
    /// Chunks that begin below this are still to come; nothing when none are.
    below: Option<i64>,
}

impl<'a> Wanting<'a> {
    fn of(file: &'a Connection, store: u32, sku: &Sku, before: u64) -> Result<Option<Self>, ViewsError> {
        let found: Option<(i64, Vec<u8>)> = file
            .prepare_cached("SELECT no, orders FROM skus WHERE store = ?1 AND sku = ?2")
            .and_then(|mut statement| {
                statement.query_row((store, sku.as_str()), |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(ViewsError::sqlite("reading a SKU"))?;
        let Some((owner, tail)) = found else { return Ok(None) };
        let mut wanting = Self { file, store, owner, rows: Vec::new(), below: None };
        wanting.take_up(&tail)?;
        let below = wanting.rows.first().map_or(before, |first| before.min(*first));
        wanting.below = Some(i64::try_from(below).unwrap_or(i64::MAX));
        if !wanting.has_chunk_below()? {
            wanting.below = None;
        }
        Ok(Some(wanting))
    }

    /// Whether nothing is left to fetch.
    fn is_all_in_hand(&self) -> bool {
        self.below.is_none()
    }

    /// The next row, at most this one.
    fn next_at_most(&mut self, no: u64) -> Result<Option<u64>, ViewsError> {
        loop {
            while let Some(last) = self.rows.last() {
                if *last <= no {
                    return Ok(Some(*last));
                }
                self.rows.pop();
            }
            if self.below.is_none() {
                return Ok(None);
            }
            self.fetch()?;
        }
    }

    /// Done with the next row.
    fn pass(&mut self) {
        self.rows.pop();
    }

    fn fetch(&mut self) -> Result<(), ViewsError> {
        let Some(below) = self.below else { return Ok(()) };
        let found: Option<(i64, Vec<u8>)> = self
            .file
            .prepare_cached(
                "SELECT first, entries FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = ?3 AND first < ?4
                 ORDER BY first DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                let params = (self.store, ChunkKind::Wanting as i64, self.owner, below);
                statement.query_row(params, |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(ViewsError::sqlite("reading the orders of a SKU"))?;
        match found {
            Some((first, entries)) => {
                self.below = Some(first);
                self.take_up(&entries)
            }
            None => {
                self.below = None;
                Ok(())
            }
        }
    }

    fn has_chunk_below(&self) -> Result<bool, ViewsError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM chunks WHERE store = ?1 AND kind = ?2 AND owner = ?3 AND first < ?4)";
        self.file
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let params = (self.store, ChunkKind::Wanting as i64, self.owner, self.below);
                statement.query_row(params, |row| row.get(0))
            })
            .map_err(ViewsError::sqlite("reading the orders of a SKU"))
    }

    fn take_up(&mut self, bytes: &[u8]) -> Result<(), ViewsError> {
        self.rows = postings::decode(bytes).ok_or_else(|| ViewsError::damaged("the orders of a SKU"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands_in_any_case() {
        for (bytes, text) in [("Ada", "ada"), ("xx-ADA", "ada"), ("adada", "DAD"), ("a", ""), ("", "")] {
            assert!(has_text(bytes.as_bytes(), text.as_bytes()), "{text} in {bytes}");
        }
        for (bytes, text) in [("ad", "ada"), ("", "a"), ("a-d-a", "ada"), ("adb", "ada")] {
            assert!(!has_text(bytes.as_bytes(), text.as_bytes()), "{text} in {bytes}");
        }
    }
}

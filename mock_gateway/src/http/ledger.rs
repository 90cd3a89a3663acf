//! The ledger as a long answer, written a few hundred rows at a time so that the bank goes on serving.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::bank::{Bank, Kind};
use crate::form::{self, Form};
use crate::render;
use crate::teller::Teller;

/// Rows looked at in one visit to the desk.
const VISIT_ROWS: u32 = 256;

/// Which rows are wanted.
pub(super) struct LedgerAsk {
    store: Store,
    limit: u64,
    after: Option<String>,
    /// Only so many rows, the last ones.
    last: Option<u64>,
}

enum Store {
    Any,
    Named(String),
}

impl LedgerAsk {
    pub(super) fn read(form: &Form) -> Result<LedgerAsk, String> {
        let mut ask = LedgerAsk { store: Store::Any, limit: u64::MAX, after: None, last: None };
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("store_id", "") => ask.store = Store::Named(value.to_owned()),
                ("after", "") => ask.after = Some(value.to_owned()),
                ("limit", "") => ask.limit = count(name, value)?,
                ("last", "") => ask.last = Some(count(name, value)?),
                _ => return Err(format!("there is no parameter {name}")),
            }
        }
        if ask.last.is_some() && (ask.after.is_some() || ask.limit != u64::MAX) {
            return Err("last: goes with neither after nor limit".to_owned());
        }
        Ok(ask)
    }
}

fn count(name: &str, value: &str) -> Result<u64, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("{name}: '{value}' is no number above 0"))
}

/// Whether a row is of a store, or of any.
fn is_wanted(bank: &Bank, store: Option<Option<u32>>, number: u32) -> bool {
    // A reset in the middle leaves no rows.
    let Some(row) = bank.ledger.row(number) else { return false };
    store.is_none_or(|store| store == Some(row.store))
}

/// Where the last so many rows of a store begin.
fn first_of_last(bank: &Bank, store: Option<Option<u32>>, last: u64) -> u32 {
    let mut next = bank.ledger.len();
    let mut left = last;
    while next > 0 && left > 0 {
        next -= 1;
        left -= u64::from(is_wanted(bank, store, next));
    }
    next
}

/// The answer, as far as it has got.
pub(super) struct LedgerBody {
    teller: Arc<Teller>,
    /// `Some(None)`: a store that never had a payment.
    store: Option<Option<u32>>,
    next: u32,
    end: u32,
    left: u64,
    balances: Vec<u8>,
    stage: Stage,
    first: bool,
    /// Others had their turn since the last rows.
    rested: bool,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Head,
    Rows,
    Done,
}

impl LedgerBody {
    /// The body, and where the data file has to be on disk before it may be told.
    pub(super) fn new(teller: &Arc<Teller>, ask: LedgerAsk, now_ms: i64) -> Result<(Self, u64), String> {
        let mut desk = teller.desk.lock();
        desk.bank.settle_due(now_ms);
        let bank = &desk.bank;
        let next = match &ask.after {
            None => 0,
            Some(id) => match bank.era.parse(Kind::LedgerRow, id) {
                Some(number) if number < bank.ledger.len() => number + 1,
                Some(_) | None => return Err(format!("after: there is no row {id}")),
            },
        };
        let store = match &ask.store {
            Store::Any => None,
            Store::Named(name) => Some(bank.ledger.find_store(name)),
        };
        let next = match ask.last {
            Some(last) => first_of_last(bank, store, last),
            None => next,
        };
        let mut balances = Vec::new();
        match store {
            Some(None) => balances.extend_from_slice(b"{}"),
            Some(Some(store)) => render::balances(bank, Some(store), &mut balances),
            None => render::balances(bank, None, &mut balances),
        }
        let body = LedgerBody {
            teller: Arc::clone(teller),
            store,
            next,
            end: bank.ledger.len(),
            left: ask.limit,
            balances,
            stage: Stage::Head,
            first: true,
            rested: true,
        };
        Ok((body, bank.position()))
    }

    /// Writes what one visit to the desk gives.
    fn visit(&mut self, out: &mut Vec<u8>) {
        let teller = Arc::clone(&self.teller);
        let desk = teller.desk.lock();
        let until = self.end.min(self.next.saturating_add(VISIT_ROWS));
        while self.next < until {
            let number = self.next;
            if self.wants(&desk.bank, number) {
                if self.left == 0 {
                    return self.finish(true, out);
                }
                if !std::mem::take(&mut self.first) {
                    out.push(b',');
                }
                if let Some(row) = desk.bank.ledger.row(number) {
                    render::ledger_row(&desk.bank, number, row, out);
                }
                self.left -= 1;
            }
            self.next += 1;
        }
        if self.next >= self.end {
            self.finish(false, out);
        }
    }

    fn wants(&self, bank: &Bank, number: u32) -> bool {
        is_wanted(bank, self.store, number)
    }

    fn finish(&mut self, has_more: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"],\"has_more\":");
        out.extend_from_slice(if has_more { b"true" } else { b"false" });
        out.extend_from_slice(b",\"balances\":");
        out.append(&mut self.balances);
        out.push(b'}');
        self.stage = Stage::Done;
    }
}

impl MessageBody for LedgerBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.stage == Stage::Done {
            return Poll::Ready(None);
        }
        // A fast reader could keep the thread for itself.
        if !std::mem::replace(&mut self.rested, false) {
            self.rested = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut out = Vec::new();
        if self.stage == Stage::Head {
            out.extend_from_slice(b"{\"data\":[");
            self.stage = Stage::Rows;
        }
        self.visit(&mut out);
        if out.is_empty() {
            // None of these rows was wanted.
            self.rested = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Bytes::from(out))))
    }
}

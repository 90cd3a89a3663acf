//! The bank's own books, read in pages: what the bank says it has taken and given back.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::Coordinates;
use crate::payment::Claim;
use crate::payment::bank::{Outcome, Reason};
use crate::types::{Amount, OrderId, StoreId};

/// One charge as the bank has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedCharge {
    /// The intent that made it.
    pub intent: Arc<str>,
    /// Whose it is, where it says so.
    pub store: Option<StoreId>,
    /// For which order, where it says so.
    pub order: Option<OrderId>,
    /// How much was taken.
    pub captured: Amount,
    /// How much of that was given back.
    pub refunded: Amount,
}

/// A page of charges, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksPage {
    /// The charges.
    pub charges: Vec<BookedCharge>,
    /// After what the next page begins, where there is one.
    pub next: Option<Arc<str>>,
}

/// One dispute as the bank has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedDispute {
    /// Whose it is, where its payment says so.
    pub store: Option<StoreId>,
    /// About which order, where its payment says so.
    pub order: Option<OrderId>,
    /// What the bank says of it.
    pub claim: Claim,
}

/// A page of disputes, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputesPage {
    /// The disputes; of what was not paid by an intent nothing is known here.
    pub disputes: Vec<BookedDispute>,
    /// After what the next page begins, where there is one.
    pub next: Option<Arc<str>>,
}

/// Makes a reader of a gateway's books; nothing where none can be made of these coordinates.
pub type OpenBooks = Rc<dyn Fn(&Coordinates) -> Option<Rc<dyn Books>>>;

/// Somebody who keeps books of the money that moved.
pub trait Books: 'static {
    /// The charges made between two times, in seconds since 1970, both included, after one of them.
    fn charges(
        &self,
        from_s: i64,
        to_s: i64,
        after: Option<Arc<str>>,
    ) -> LocalBoxFuture<'static, Result<BooksPage, Reason>>;

    /// The disputes opened since a time, in seconds since 1970, after one of them.
    fn disputes(
        &self,
        from_s: i64,
        after: Option<Arc<str>>,
    ) -> LocalBoxFuture<'static, Result<DisputesPage, Reason>>;

    /// Whether anybody is there, in the breaker's words: nothing is asked for but an answer.
    fn ping(&self) -> LocalBoxFuture<'static, Outcome>;
}

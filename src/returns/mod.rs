//! Goods that come back. One instance an order; it holds the order's returns, each a wish of the shopper, what arrived of
//! it, and what is owed for that: stock to be booked, money to be given back.
//!
//! ```text
//!            Request               Approve, or at once by policy      Ship                 Receive, in part
//!  (nothing) ───────▶ requested ─────────────────────────▶ open ──────▶ in_transit ─────────────▶ partially_received
//!                      │    │                             │  │  Receive    │                        │   ▲   │
//!              Decline │    │ Cancel                      │  └─────────────┼──────────────────┐     │   └───┘ Receive
//!                      ▼    ▼                      Cancel ▼                ▼                  │     │ Receive, the rest
//!                declined  canceled ◀─────────────────────┴──── Cancel ────┘                  ▼     ▼
//!                                                                       closed ◀── Close ─── received
//!                                                                         ▲
//!                                                                         └── Close, the rest never came ── partially_received
//! ```
//!
//! Of a line nobody returns more than was delivered and is in no other return. What arrives is a receipt: pieces with what is
//! to become of them. Each receipt is booked once ([`Step::BookStock`], in the order of their numbers, which go on over all
//! returns of the order), and what it is worth goes back at once or when the return is closed ([`Step::Refund`]), never more
//! than the shop still has of the order; what then stays unpaid is kept, and so is what the bank refuses later. What inventory
//! cannot have, or the payment not give back though something is left, is said to people, who put that right and have it asked again. Both are owed by state until they are answered, so a
//! crash at any point goes on. The instance refuses to know stock figures, payments, parcels and time.

#![warn(clippy::wildcard_enum_match_arm)]

mod command;
mod decide;
mod event;
mod evolve;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use command::{Asked, Command, Delivered, Outcome, Rejection, Request, Seen, What};
pub use decide::legal;
pub use event::{
    Approved, Canceled, Closed, Declined, Event, Received, RefundFailed, RefundRefused, RefundRequested,
    RefundRetried, Reported, Requested, Shipped, StockBooked, StockRefused, StockRetried, TroubleReported,
};
pub use state::{
    Approval, Book, Disposition, Line, Parcel, Phase, Piece, Policy, Reason, Receipt, Refund, RefundOn,
    RefundState, Return, Stocking,
};
pub use view::ReturnView;

use crate::runtime::{Aggregate, Due};
use crate::types::{OrderId, Timestamp};

/// How the name begins under which a return asks for its money.
pub const REFERENCE: &str = "return_";

/// The most returns of one order.
pub const RETURNS_MAX: usize = 32;

/// The most receipts of one order: each is a refund, of which a payment has at most eighty.
pub const RECEIPTS_MAX: u32 = 64;

/// The most lines that a return and a receipt have, the most an order has.
pub const LINES_MAX: usize = 1_000;

/// The most bytes of a note.
pub const NOTE_BYTES_MAX: usize = 500;

/// The aggregate: one instance an order.
#[derive(Debug)]
pub struct Returns;

/// A message of an order's returns to their siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Inventory: these pieces are back. Asked twice they are booked once.
    BookStock {
        /// Which receipt.
        receipt: u32,
    },
    /// Payment: give this back. Asked twice it is one refund.
    Refund {
        /// Of which return.
        number: u32,
        /// For which receipt; for none, where the money goes back when the return is closed.
        receipt: Option<u32>,
    },
    /// The alert desk: inventory cannot have what arrived or its money cannot go back, or this is over.
    Warn {
        /// Of which return.
        number: u32,
        /// It cannot.
        is_refused: bool,
    },
    /// The order: so many of its pieces came back.
    Report {
        /// How many, over all returns.
        pieces: u32,
    },
}

/// Returns make no calls to the outside: the payment does.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {}

impl Aggregate for Returns {
    const NAME: &'static str = "returns";
    const IS_SINGLE: bool = false;
    type Key = OrderId;
    type State = Book;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = Call;

    fn decide(book: &Book, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(book, command, now)
    }

    fn evolve(book: &mut Book, event: &Event, at: Timestamp) {
        evolve::evolve(book, event, at);
    }

    fn due(book: &Book) -> Due<Self> {
        let mut steps = Vec::new();
        // One after the other: inventory knows a repeat by its number.
        if let Some(receipt) = book.next_unbooked() {
            steps.push(Step::BookStock { receipt });
        }
        for one in &book.returns {
            let owed = one.refunds.iter().filter(|refund| refund.state == RefundState::Owed);
            steps.extend(owed.map(|refund| Step::Refund { number: one.number, receipt: refund.receipt }));
        }
        let unsaid = book.returns.iter().filter(|one| one.is_refused() != one.warned);
        steps.extend(unsaid.map(|one| Step::Warn { number: one.number, is_refused: one.is_refused() }));
        if book.pieces_back() != book.told {
            steps.push(Step::Report { pieces: book.pieces_back() });
        }
        Due { steps, ..Due::nothing() }
    }
}

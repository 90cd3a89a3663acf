//! Stock: how many there are of each SKU, and for which orders some are held or committed.
//!
//! One instance a store. A reservation is the stock of one order; it holds all of its lines or none, and where the store
//! back-orders, what there is of each.
//!
//! ```text
//!              Reserve                    Commit                     Ship
//!     (none) ───────────▶ held ─────────────────────▶ committed ───────────▶ fulfilled
//!                         │ ▲ │                           │
//!            Extend ──────┘ │ │ Release                   │ Release
//!                           │ ├───────────▶ released ◀────┘
//!       Reserve, or Commit  │ │
//!      when enough is free  │ │ expires_at ≤ now
//!                           │ ▼
//!                         expired
//! ```
//!
//! What an order is owed beyond what was there it waits for, once it is committed. Whatever makes more available serves those
//! that wait, in the same breath: the oldest first, each all it is owed or nothing. Fulfilment is told until it has heard.
//!
//! What is committed may leave in several parcels, or be given back in parts; a parcel's number tells it from a repeat, and
//! the reservation is fulfilled when nothing is left of it and nothing is owed.
//!
//! What has left may come back, with a receipt or as a parcel that did not arrive, to be sold again, kept as damaged or
//! thrown away; the number of either tells it from a repeat. `fulfilled` and `released` are final. A hold whose time has come never counts: whatever is asked, such holds are let
//! go first and in the same breath. Every figure of an item is the sum of its ledger entries ([`Event::entries`]), and
//! `on_hand ≥ reserved + committed + damaged` always holds. Nothing here leaves the store; siblings learn answers from replies and
//! from [`Stock::standing`].
#![warn(clippy::wildcard_enum_match_arm)]

mod command;
mod decide;
mod event;
mod item;
mod reservation;
mod state;
mod view;

#[cfg(test)]
mod tests;

pub use command::{
    Command, LINES_MAX, ON_HAND_MAX, OutOfStock, Parcel, Rejection, ReleaseReason, Reserve, SetItem,
    Shortage, TEXT_BYTES_MAX,
};
pub use decide::{EXPIRED_PER_SWEEP_MAX, EXTENSIONS_MAX, SERVED_MAX};
pub use event::{
    Adjusted, BackorderAllocated, BackorderDropped, BackorderReported, Claim, Committed, Condition, Ending,
    Entry, EntryKind, Event, Extended, ItemSet, Line, Lines, Released, Reserved, Returned, ReturnedLine,
    Shipped, ThresholdReached, Updated, WrittenOff,
};
pub use item::{Balance, Item, Levels};
pub use reservation::{Phase, Reservation, Standing};
pub use state::{Listed, Stock};
pub use view::{ItemView, LedgerEntryView, ReservationView};

use crate::runtime::{Aggregate, Due, Only};
use crate::types::{OrderId, Timestamp};

/// The store's stock.
pub struct Inventory;

/// A message of the stock to a sibling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fulfilment: what this order waited for is there, and promised to it.
    TellArrival {
        /// Which.
        order: OrderId,
    },
}

/// Nothing leaves the store.
#[derive(Debug, PartialEq)]
pub enum Call {}

impl Aggregate for Inventory {
    const NAME: &'static str = "inventory";
    const IS_SINGLE: bool = true;

    type Key = Only;
    type State = Stock;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = Call;

    fn decide(stock: &Stock, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        #[cfg(feature = "faults")]
        if !matches!(command, Command::Announce { .. }) && crate::runtime::fault_points::loses("threshold") {
            let mut events = decide::decide(stock, command, now)?;
            events.retain(|event| !matches!(event, Event::ThresholdReached(_)));
            return Ok(events);
        }
        decide::decide(stock, command, now)
    }

    fn evolve(stock: &mut Stock, event: &Event, at: Timestamp) {
        stock.evolve(event, at);
    }

    fn due(stock: &Stock) -> Due<Self> {
        #[cfg(feature = "faults")]
        if crate::runtime::fault_points::loses("expiry") {
            return Due::nothing();
        }
        let steps = stock.untold().map(|order| Step::TellArrival { order }).collect();
        let timer = stock.next_expiry().map(|at| (at, Command::Expire));
        Due { steps, call: None, timer }
    }
}

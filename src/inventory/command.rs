//! What may be asked of the stock, and why it may say no.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::quantity::QUANTITY_MAX;
use crate::types::{Amount, OrderId, Quantity, ReservationId, Sku, Timestamp};

use super::event::ReturnedLine;
use super::reservation::Standing;

/// The most pieces of one SKU that a store may have.
pub const ON_HAND_MAX: u32 = 1_000_000_000;

/// The most lines that one reservation may have, the most an order has.
pub const LINES_MAX: usize = 1_000;

// The demand for one SKU, summed over all lines, fits the type of a line's quantity.
const _: () = assert!(LINES_MAX as u64 * QUANTITY_MAX as u64 <= u32::MAX as u64);

/// The most bytes that a SKU's name and the reason of an adjustment have.
pub const TEXT_BYTES_MAX: usize = 500;

/// What may be asked of the stock.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Describe a SKU and count it anew; makes it where it is new.
    SetItem(SetItem),
    /// Count so many more or fewer pieces.
    Adjust {
        /// Of what.
        sku: Sku,
        /// How many more, or fewer.
        delta: i64,
        /// Why, for people.
        reason: Arc<str>,
    },
    /// Hold stock for an order.
    Reserve(Reserve),
    /// Hold it longer.
    Extend {
        /// Whose hold.
        order: OrderId,
        /// Until when; an earlier time than the present one changes nothing.
        expires_at: Timestamp,
    },
    /// Promise held stock for good.
    Commit {
        /// Whose hold.
        order: OrderId,
    },
    /// Give held or committed stock back.
    Release {
        /// Whose stock.
        order: OrderId,
        /// Why.
        reason: ReleaseReason,
    },
    /// Committed stock has left the building.
    Ship {
        /// Whose stock.
        order: OrderId,
        /// In which parcel; nothing means: whatever is left of it.
        parcel: Option<Parcel>,
    },
    /// Committed stock will not leave the building.
    GiveBack {
        /// Whose stock.
        order: OrderId,
        /// What would have been in which parcel.
        parcel: Parcel,
        /// It is not there: struck from the stock in the same breath.
        is_missing: bool,
    },
    /// What an order is owed and was never there will not be sent: it waits for it no more, and what was promised to it
    /// meanwhile is free again.
    Forgo {
        /// Whose.
        order: OrderId,
        /// What would have been in which parcel.
        parcel: Parcel,
    },
    /// Promise what is there to orders that wait for it, the oldest first.
    Serve {
        /// Of what; of anything, where nothing is named.
        skus: Vec<Sku>,
    },
    /// Fulfilment knows that what an order waited for is there. Only the store's machinery says so.
    ArrivalHeard {
        /// Whose.
        order: OrderId,
    },
    /// Goods of an order have come back.
    TakeBack {
        /// Of which order.
        order: OrderId,
        /// Which receipt of the order, from 1 to 64: the same number again is the same receipt.
        receipt: u32,
        /// What came; several lines of one SKU count together.
        lines: Vec<ReturnedLine>,
    },
    /// A parcel that had left does not arrive: its pieces are back, or known to be lost.
    TakeBackParcel {
        /// Of which order.
        order: OrderId,
        /// Which parcel: the same number again is the same parcel.
        number: u32,
        /// What was in it, and what becomes of it; several lines of one SKU count together.
        lines: Vec<ReturnedLine>,
    },
    /// Damaged pieces are thrown away.
    WriteOff {
        /// Of what.
        sku: Sku,
        /// How many.
        quantity: u32,
        /// Why, for people.
        reason: Arc<str>,
    },
    /// Let go of holds whose time has come.
    Expire,
    /// Say how these stand, where that is not what was last said.
    Announce {
        /// Which.
        skus: Vec<Sku>,
    },
}

impl Command {
    /// The order whose reservation must be known before this is asked.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Command::Reserve(reserve) => Some(reserve.order),
            Command::Extend { order, .. }
            | Command::Commit { order }
            | Command::Release { order, .. }
            | Command::Ship { order, .. }
            | Command::GiveBack { order, .. }
            | Command::Forgo { order, .. }
            | Command::ArrivalHeard { order }
            | Command::TakeBack { order, .. }
            | Command::TakeBackParcel { order, .. } => Some(*order),
            Command::SetItem(_)
            | Command::WriteOff { .. }
            | Command::Adjust { .. }
            | Command::Serve { .. }
            | Command::Expire
            | Command::Announce { .. } => None,
        }
    }
}

/// Part of an order's stock.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// Its number among the order's parcels, from 1: the same number again is the same parcel.
    pub number: u32,
    /// What is in it; several lines of one SKU count together.
    pub lines: Vec<(Sku, u32)>,
}

/// A SKU's description and count. What is absent stays as it is; of a new SKU it is empty or nought.
#[derive(Clone, Debug, PartialEq)]
pub struct SetItem {
    /// Which SKU.
    pub sku: Sku,
    /// What people call it.
    pub name: Option<Arc<str>>,
    /// What one costs where a line does not say.
    pub unit_price: Option<Amount>,
    /// How many there are, sold and unsold.
    pub on_hand: u32,
    /// At or under how many available ones the stock is low.
    pub reorder_point: Option<u32>,
    /// How many are never sold.
    pub safety_stock: Option<u32>,
}

/// A wish to hold stock for an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserve {
    /// The id of the reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What; several lines of one SKU count together.
    pub lines: Vec<(Sku, Quantity)>,
    /// Until when.
    pub expires_at: Timestamp,
    /// What to do when there is not enough.
    pub policy: OutOfStock,
}

/// What a store does when there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfStock {
    /// Hold nothing; the order ends.
    Cancel,
    /// Hold what there is and owe the rest.
    Backorder,
}

/// Why an order gives its stock back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseReason {
    /// Somebody canceled the order.
    Canceled,
    /// It could not be paid.
    PaymentFailed,
    /// It was a fraud.
    Fraudulent,
    /// The order's time was over.
    DeadlinePassed,
}

/// Not enough of one SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// Of what.
    pub sku: Sku,
    /// How many were asked for, over all lines.
    pub requested: u32,
    /// How many were there.
    pub available: i64,
}

/// Why the stock says no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// No such item.
    #[error("no item {sku}")]
    UnknownSku {
        /// Which.
        sku: Sku,
    },
    /// More is promised to orders than would be left.
    #[error(
        "{on_hand} of {sku} on hand would be less than the {reserved} reserved, {committed} committed and {damaged} damaged"
    )]
    BelowPromised {
        /// Of what.
        sku: Sku,
        /// How many there would be.
        on_hand: i64,
        /// How many are held for orders.
        reserved: i64,
        /// How many are committed to orders.
        committed: i64,
        /// How many are damaged.
        damaged: i64,
    },
    /// Fewer pieces are damaged than shall be thrown away.
    #[error("only {damaged} of {sku} are damaged")]
    NotDamaged {
        /// Of what.
        sku: Sku,
        /// How many are.
        damaged: i64,
    },
    /// More than an item may have.
    #[error("an item has at most {ON_HAND_MAX} on hand, {sku} would have more")]
    TooMuch {
        /// Of what.
        sku: Sku,
    },
    /// Not enough stock.
    #[error("not enough stock of {}", Skus(.shortages))]
    Short {
        /// Of what and how much, one entry a SKU.
        shortages: Vec<Shortage>,
    },
    /// A reservation of nothing.
    #[error("a reservation has at least one line")]
    NoLines,
    /// A reservation of too many things.
    #[error("a reservation has at most {LINES_MAX} lines")]
    TooManyLines,
    /// The order's reservation was given back; that is final.
    #[error("the reservation of {order} has ended")]
    AlreadyEnded {
        /// Whose.
        order: OrderId,
    },
    /// Nothing was ever reserved.
    #[error("nothing is reserved for {order}")]
    NotReserved {
        /// For whom.
        order: OrderId,
    },
    /// There is a reservation, but not one that this can be done with.
    #[error("the reservation of {order} is {standing}")]
    NotPossible {
        /// Whose.
        order: OrderId,
        /// How it stands.
        standing: Standing,
    },
    /// A hold was made longer once too often.
    #[error("the reservation of {order} was extended {} times already", super::EXTENSIONS_MAX)]
    ExtendedTooOften {
        /// Whose.
        order: OrderId,
    },
    /// A name or a reason is too long.
    #[error("{what} has at most {TEXT_BYTES_MAX} bytes")]
    TextTooLong {
        /// Which text.
        what: &'static str,
    },
}

struct Skus<'a>(&'a [Shortage]);

impl fmt::Display for Skus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_MAX: usize = 3;
        for (place, shortage) in self.0.iter().take(SHOWN_MAX).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let Shortage { sku, requested, available } = shortage;
            write!(f, "{comma}{sku} ({requested} wanted, {available} available)")?;
        }
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

//! The goods of an order: how far they are, as far as the order must know.

use serde::{Deserialize, Serialize};

use crate::types::bits::{bit, is_nought};
use crate::types::{Amount, LineId, Timestamp};

use super::cart::Cart;
use super::words::{CancelReason, FulfillmentStatus};

/// How far goods are, in pieces, as fulfilment reports it. What is in none of the counts is still in the house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Have left the house, whatever became of them.
    #[serde(skip_serializing_if = "is_nought")]
    pub shipped: u32,
    /// Are where they should be.
    #[serde(skip_serializing_if = "is_nought")]
    pub delivered: u32,
    /// Came back without having been delivered, or are on their way back.
    #[serde(skip_serializing_if = "is_nought")]
    pub returned: u32,
    /// Will not leave the house, by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canceled: Vec<CanceledUnits>,
    /// Left the house and will not arrive, by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undelivered: Vec<CanceledUnits>,
    /// How many of those are not coming back either.
    #[serde(skip_serializing_if = "is_nought")]
    pub lost: u32,
    /// Some of it waits for people.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
}

/// Pieces of a line that will not leave the house, or will not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanceledUnits {
    /// Which line.
    pub line: LineId,
    /// How many.
    pub quantity: u32,
}

/// What an order knows of its goods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goods {
    /// How far they are.
    #[serde(skip_serializing_if = "is_nought")]
    pub progress: Progress,
    /// How many pieces the shopper has sent back, as far as they have arrived.
    #[serde(skip_serializing_if = "is_nought")]
    pub came_back: u32,
    /// What the pieces cost that will not leave the house or not arrive, as far as that goes back.
    #[serde(skip_serializing_if = "is_nought")]
    pub refunded: Amount,
    /// The parcels that may leave: bit `number − 1` of each. What is in them can no longer be canceled.
    #[serde(skip_serializing_if = "is_nought")]
    pub let_go: u32,
    /// The parcels that wait until the money is taken, each with its pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<(u32, u32)>,
    /// Why the money could not be taken when that was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_failure: Option<String>,
    /// How often it could not.
    #[serde(skip_serializing_if = "is_nought")]
    pub capture_failures: u32,
    /// When that is tried again by itself; nothing, where people must see to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_retry_at: Option<Timestamp>,
    /// Fulfilment may have been told not to ask again before it hears of the money.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_paused: bool,
    /// Why what the pieces cost that will not leave or not arrive could not go back when that was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_failure: Option<String>,
    /// The alert desk knows that the money cannot be taken, or not go back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warned: bool,
    /// Why whatever has not left shall not, until fulfilment has heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canceling: Option<CancelReason>,
}

impl Goods {
    /// Whether a parcel may leave.
    pub const fn may_leave(&self, number: u32) -> bool {
        self.let_go & bit(number) != 0
    }

    /// The money is to be tried for again.
    pub(super) fn ask_again(&mut self) {
        (self.capture_failure, self.capture_retry_at) = (None, None);
    }

    /// Whether nothing is known of them that is worth storing.
    pub fn is_blank(&self) -> bool {
        is_nought(self)
    }

    /// The goods in one word, as far as they decide it.
    pub(super) fn status(&self, units: u32) -> FulfillmentStatus {
        let Progress { shipped, delivered, returned, lost, is_held, .. } = self.progress;
        let returned = returned.saturating_add(self.came_back);
        let wanted = units.saturating_sub(self.progress.canceled_units()).saturating_sub(lost);
        let all_or_part = |count: u32, all, part| if count >= wanted { all } else { part };
        if wanted == 0 {
            FulfillmentStatus::Canceled
        } else if returned > 0 {
            all_or_part(returned, FulfillmentStatus::Returned, FulfillmentStatus::PartiallyReturned)
        } else if delivered > 0 {
            all_or_part(delivered, FulfillmentStatus::Delivered, FulfillmentStatus::PartiallyDelivered)
        } else if is_held {
            FulfillmentStatus::OnHold
        } else if shipped > 0 {
            all_or_part(shipped, FulfillmentStatus::Shipped, FulfillmentStatus::PartiallyShipped)
        } else {
            FulfillmentStatus::NotFulfilled
        }
    }
}

impl Progress {
    /// How many pieces will not leave the house.
    pub fn canceled_units(&self) -> u32 {
        units(&self.canceled)
    }

    /// How many pieces left the house and will not arrive.
    pub fn undelivered_units(&self) -> u32 {
        units(&self.undelivered)
    }

    /// What the pieces cost that will not leave the house or not arrive, in minor units.
    pub fn forgone_value(&self, cart: &Cart) -> Option<Amount> {
        self.canceled.iter().chain(&self.undelivered).try_fold(Amount::ZERO, |sum, part| {
            let line = cart.lines.iter().find(|line| line.id == part.line)?;
            sum.plus(line.unit_price.times(part.quantity)?)
        })
    }

    /// How many pieces nothing more is to happen to, or are on their way back. Never falls: the greater of two is the later.
    pub(super) fn ended_units(&self) -> u32 {
        let gone = self.canceled_units().saturating_add(self.undelivered_units());
        self.delivered.saturating_add(self.returned).saturating_add(gone)
    }

    /// Whether every piece is delivered, will not leave the house, or will not arrive.
    pub fn is_done(&self, units: u32) -> bool {
        let ended = self.canceled_units().saturating_add(self.undelivered_units());
        self.delivered.saturating_add(ended) >= units
    }
}

fn units(parts: &[CanceledUnits]) -> u32 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.quantity))
}

impl Cart {
    /// How many pieces there are over all lines.
    pub fn units(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity.units()))
    }
}

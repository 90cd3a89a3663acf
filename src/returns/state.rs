//! What is known of an order's returns. Stored in views: fields may be added with a default, never renamed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::words;
use crate::types::{Amount, LineId, OrderId, ReturnId, Sku, Timestamp};

/// The returns of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// By number, from 1.
    #[serde(default)]
    pub returns: Vec<Return>,
    /// How many receipts there were.
    #[serde(default)]
    pub receipts: u32,
    /// How many pieces the order knows to have come back.
    #[serde(default)]
    pub told: u32,
}

/// One return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Return {
    /// Of which order.
    pub order: OrderId,
    /// From 1.
    pub number: u32,
    /// The store's policy when it was asked for.
    pub policy: Policy,
    /// How far it is.
    pub phase: Phase,
    /// What shall come back, one entry a line and reason.
    pub lines: Vec<Line>,
    /// Why, for people; after a decline, why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// Its parcel, as far as that is known.
    #[serde(default)]
    pub parcel: Parcel,
    /// What arrived, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// What is given back for it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Whether the alert desk knows that inventory cannot have what arrived, or that its money cannot go back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warned: bool,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// What a store makes of returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Who agrees.
    pub approval: Approval,
    /// When the money goes back.
    pub refund_on: RefundOn,
}

/// Some pieces of a line that shall come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which line.
    pub line: LineId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What one cost.
    pub unit_price: Amount,
    /// Why.
    pub reason: Reason,
    /// How many have arrived.
    #[serde(default)]
    pub received: u32,
}

/// Whose parcel a return is, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Arc<str>>,
    /// The carrier's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_code: Option<Arc<str>>,
}

/// What arrived at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Over all returns of the order, from 1.
    pub number: u32,
    /// What, one entry a line and disposition.
    pub lines: Vec<Piece>,
    /// What it cost.
    pub value: Amount,
    /// Whether inventory has it.
    pub stock: Stocking,
    /// When.
    pub at: Timestamp,
}

/// Some pieces that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Of which line.
    pub line: LineId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What becomes of them.
    pub disposition: Disposition,
}

/// Whether inventory has what arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stocking {
    /// Not yet.
    Owed,
    /// It has.
    Booked,
    /// It cannot.
    Refused {
        /// Why, in words.
        why: Arc<str>,
    },
}

/// Money that goes back for a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// For which receipt; for all of them, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u32>,
    /// What the pieces cost.
    pub value: Amount,
    /// Whether the payment was asked.
    pub state: RefundState,
}

/// Whether a payment was asked to give money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Not yet.
    Owed,
    /// It does.
    Taken {
        /// The refund's number among those of the payment.
        refund: u32,
        /// How much: what the pieces cost, or what was left.
        amount: Amount,
    },
    /// It does not.
    Refused {
        /// Why, in words.
        why: Arc<str>,
        /// Not because nothing is left: it is owed as before, and people must see to it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_still_owed: bool,
    },
    /// It tried, and the bank refused, or took it back later.
    Failed {
        /// The refund's number among those of the payment.
        refund: u32,
        /// The bank's word for why.
        code: Arc<str>,
    },
}

words! {
    /// How far a return is.
    Phase {
        /// The shop has not said anything.
        Requested = "requested",
        /// The shop does not want it.
        Declined = "declined",
        /// The shop waits for it.
        Open = "open",
        /// It is on its way.
        InTransit = "in_transit",
        /// Some of it is there.
        PartiallyReceived = "partially_received",
        /// All of it is there.
        Received = "received",
        /// Nothing more is to come.
        Closed = "closed",
        /// Nothing came.
        Canceled = "canceled",
    }

    /// Why something comes back.
    Reason {
        /// Somebody changed their mind.
        Unwanted = "unwanted",
        /// It is another thing than was ordered.
        WrongItem = "wrong_item",
        /// It does not fit.
        WrongSize = "wrong_size",
        /// It broke on its way.
        Damaged = "damaged",
        /// It does not work.
        Defective = "defective",
        /// It was praised too much.
        NotAsDescribed = "not_as_described",
        /// It came too late.
        Late = "late",
        /// Anything else.
        Other = "other",
    }

    /// What becomes of what came back.
    Disposition {
        /// It is sold again.
        Restock = "restock",
        /// It is kept, and not sold.
        Damaged = "damaged",
        /// It is thrown away.
        WriteOff = "write_off",
        /// It goes on to whom it was bought from.
        ReturnToVendor = "return_to_vendor",
    }

    /// Who agrees to a return.
    Approval {
        /// Nobody need.
        Automatic = "automatic",
        /// People.
        Manual = "manual",
    }

    /// When the money goes back.
    RefundOn {
        /// When pieces arrive.
        Receipt = "receipt",
        /// When the return is closed.
        Close = "close",
    }
}

impl Book {
    /// The return of a number.
    pub fn get(&self, number: u32) -> Option<&Return> {
        self.returns.iter().find(|one| one.number == number)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Return> {
        self.returns.iter_mut().find(|one| one.number == number)
    }

    /// The return that a receipt belongs to, and the receipt.
    pub fn receipt(&self, number: u32) -> Option<(&Return, &Receipt)> {
        self.returns.iter().find_map(|one| {
            let receipt = one.receipts.iter().find(|receipt| receipt.number == number)?;
            Some((one, receipt))
        })
    }

    /// The first receipt that inventory has not answered for.
    pub fn next_unbooked(&self) -> Option<u32> {
        let all = self.returns.iter().flat_map(|one| &one.receipts);
        all.filter(|receipt| receipt.stock == Stocking::Owed).map(|receipt| receipt.number).min()
    }

    /// How many pieces of a line are in returns: those that came, and those that still may.
    pub fn taken(&self, line: LineId) -> u32 {
        let lines = self.returns.iter().flat_map(|one| one.lines.iter().map(|part| (one.phase, part)));
        lines.filter(|(_, part)| part.line == line).fold(0, |sum, (phase, part)| {
            sum.saturating_add(match phase {
                Phase::Requested
                | Phase::Open
                | Phase::InTransit
                | Phase::PartiallyReceived
                | Phase::Received => part.quantity,
                Phase::Declined | Phase::Closed | Phase::Canceled => part.received,
            })
        })
    }

    /// How many pieces came back, over all returns.
    pub fn pieces_back(&self) -> u32 {
        self.returns.iter().fold(0, |sum, one| sum.saturating_add(one.pieces_back()))
    }
}

impl Return {
    /// Its id.
    pub const fn id(&self) -> ReturnId {
        ReturnId::new(self.order, self.number)
    }

    /// How many pieces came back.
    pub fn pieces_back(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.received))
    }

    /// Whether everything that was asked for is there.
    pub fn is_whole(&self) -> bool {
        self.lines.iter().all(|line| line.received >= line.quantity)
    }

    /// Whether inventory cannot have some of what arrived, or the payment cannot give back what is owed for it: people must see
    /// to that.
    pub fn is_refused(&self) -> bool {
        let is_stock_refused = |receipt: &Receipt| matches!(receipt.stock, Stocking::Refused { .. });
        self.receipts.iter().any(is_stock_refused) || self.refunds.iter().any(Refund::is_refused)
    }

    /// What the pieces cost that came back.
    pub fn value_back(&self) -> Amount {
        sum(self.receipts.iter().map(|receipt| receipt.value))
    }

    /// What the payment gives back for it.
    pub fn refunded(&self) -> Amount {
        sum(self.refunds.iter().map(Refund::taken))
    }

    /// What of the pieces' price does not go back, because no more of the order's money was there or the bank refused.
    pub fn unpaid(&self) -> Amount {
        sum(self.refunds.iter().map(Refund::unpaid))
    }
}

impl Refund {
    /// What it is for, in the payment's words: asked for twice under the same it is one refund.
    pub fn reference(&self, number: u32) -> Arc<str> {
        match self.receipt {
            Some(receipt) => format!("return_{number}_receipt_{receipt}").into(),
            None => format!("return_{number}").into(),
        }
    }

    /// Whether the payment cannot give it back though it is owed.
    pub const fn is_refused(&self) -> bool {
        matches!(self.state, RefundState::Refused { is_still_owed: true, .. })
    }

    /// What the payment gives back.
    pub fn taken(&self) -> Amount {
        match &self.state {
            RefundState::Taken { amount, .. } => *amount,
            RefundState::Owed | RefundState::Refused { .. } | RefundState::Failed { .. } => Amount::ZERO,
        }
    }

    /// What it does not.
    pub fn unpaid(&self) -> Amount {
        match &self.state {
            RefundState::Owed => Amount::ZERO,
            RefundState::Taken { .. } | RefundState::Refused { .. } | RefundState::Failed { .. } => {
                self.value.minus(self.taken()).unwrap_or(Amount::ZERO)
            }
        }
    }
}

/// A sum of parts of one order's total, which is within bounds.
fn sum(parts: impl Iterator<Item = Amount>) -> Amount {
    parts.into_iter().try_fold(Amount::ZERO, Amount::plus).unwrap_or(Amount::ZERO)
}

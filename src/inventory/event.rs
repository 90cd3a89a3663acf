//! What has happened to the stock, and the ledger entries it makes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::events;
use crate::types::bits::is_nought;
use crate::types::{Amount, OrderId, ReservationId, Sku, Timestamp};

use super::command::{OutOfStock, ReleaseReason};

events! {
    /// What has happened to the stock.
    pub enum Event {
        /// A count or a promise changed.
        Updated(Updated) = "inventory.updated", 1;
        /// Stock is held for an order.
        Reserved(Reserved) = "inventory.reserved", 1;
        /// It is held longer.
        Extended(Extended) = "inventory.reservation_extended", 1;
        /// Held or committed stock is free again.
        Released(Released) = "inventory.released", 1;
        /// What an order waited for is there, and promised to it.
        BackorderAllocated(BackorderAllocated) = "inventory.backorder_allocated", 1;
        /// An order does not wait any more.
        BackorderDropped(BackorderDropped) = "inventory.backorder_dropped", 1;
        /// Fulfilment knows that what the order waited for is there.
        BackorderReported(BackorderReported) = "inventory.backorder_reported", 1;
        /// An item crossed its reorder point or ran out, or came back.
        ThresholdReached(ThresholdReached) = "inventory.threshold_reached", 1;
    }
}

/// One SKU's part of a reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Of what.
    pub sku: Sku,
    /// How many pieces there are for the order.
    pub quantity: u32,
    /// How many are owed beyond that.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub backordered: u32,
}

/// A reservation's lines, one a SKU. Events and states share them.
pub type Lines = Arc<[Line]>;

/// A count or a promise changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Updated {
    /// A SKU was described and counted.
    Set(ItemSet),
    /// A count was corrected.
    Adjusted(Adjusted),
    /// A hold became a promise.
    Committed(Committed),
    /// Promised stock left the building.
    Shipped(Shipped),
    /// Some of what had left is back.
    Returned(Returned),
    /// Damaged pieces were thrown away.
    WrittenOff(WrittenOff),
}

/// A SKU was described and counted: every field as it is from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemSet {
    /// Which SKU.
    pub sku: Sku,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// What one costs where a line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// How many there were before; nothing, when the SKU is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_hand_before: Option<i64>,
    /// How many there are.
    pub on_hand: i64,
    /// At or under how many available ones the stock is low.
    pub reorder_point: u32,
    /// How many are never sold.
    pub safety_stock: u32,
}

/// A count was corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// Of what.
    pub sku: Sku,
    /// By how many.
    pub delta: i64,
    /// How many there are since.
    pub on_hand: i64,
    /// Why.
    pub reason: Arc<str>,
}

/// A hold became a promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What.
    pub lines: Lines,
}

/// Promised stock left the building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipped {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What.
    pub lines: Lines,
    /// In which parcel, where it did not leave all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<u32>,
}

/// Some of what had left the building is back, or known to be lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// Which reservation.
    pub reservation: ReservationId,
    /// Of which order.
    pub order: OrderId,
    /// Which receipt of the order; nought, where it is a parcel that did not arrive.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub receipt: u32,
    /// Which parcel, where it did not arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<u32>,
    /// What, one line a SKU.
    pub lines: Arc<[ReturnedLine]>,
}

/// Pieces of one SKU that came back, by what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// Of what.
    pub sku: Sku,
    /// Sold again.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub restocked: u32,
    /// Kept, and not sold.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub damaged: u32,
    /// Thrown away.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub written_off: u32,
    /// Sent on to whom they were bought from.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub to_vendor: u32,
}

/// Damaged pieces were thrown away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenOff {
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// How many there are since, sold and unsold.
    pub on_hand: i64,
    /// Why.
    pub reason: Arc<str>,
}

/// Stock is held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reserved {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What, one line a SKU.
    pub lines: Lines,
    /// Until when.
    pub expires_at: Timestamp,
    /// What to do should it ever have to be held anew.
    pub policy: OutOfStock,
}

/// Stock is held longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extended {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Stock is free again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Released {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What.
    pub lines: Lines,
    /// Why.
    pub reason: Ending,
    /// What it was until then.
    pub from: Claim,
    /// Which parcel it would have been in, where only that part is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<u32>,
}

/// What an order waited for is there, and promised to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackorderAllocated {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What: all that it was owed.
    pub lines: Lines,
}

/// An order does not wait any more for what it was owed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackorderDropped {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What: all that it was owed.
    pub lines: Lines,
    /// Which parcel it would have been in.
    pub parcel: u32,
}

/// Fulfilment knows that what an order waited for is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackorderReported {
    /// Which reservation.
    pub reservation: ReservationId,
    /// For which order.
    pub order: OrderId,
}

/// How a reservation claimed its stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// For a while.
    Held,
    /// For good.
    Committed,
}

/// Why a reservation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Its time had come; it may be reserved again.
    Expired,
    /// Somebody canceled the order.
    Canceled,
    /// It could not be paid.
    PaymentFailed,
    /// It was a fraud.
    Fraudulent,
    /// The order's time was over.
    DeadlinePassed,
}

impl Ending {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Ending::Expired => "expired",
            Ending::Canceled => "canceled",
            Ending::PaymentFailed => "payment_failed",
            Ending::Fraudulent => "fraudulent",
            Ending::DeadlinePassed => "deadline_passed",
        }
    }
}

impl From<ReleaseReason> for Ending {
    fn from(reason: ReleaseReason) -> Self {
        match reason {
            ReleaseReason::Canceled => Ending::Canceled,
            ReleaseReason::PaymentFailed => Ending::PaymentFailed,
            ReleaseReason::Fraudulent => Ending::Fraudulent,
            ReleaseReason::DeadlinePassed => Ending::DeadlinePassed,
        }
    }
}

/// An item crossed its reorder point or ran out, or came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdReached {
    /// Of what.
    pub sku: Sku,
    /// How it stands now.
    pub condition: Condition,
    /// How many may still be sold.
    pub available: i64,
    /// At or under how many the stock is low.
    pub reorder_point: u32,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// More than the reorder point may be sold.
    #[default]
    InStock,
    /// Something may be sold, but no more than the reorder point.
    LowStock,
    /// Nothing may be sold.
    OutOfStock,
}

impl Condition {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Condition::InStock => "in_stock",
            Condition::LowStock => "low_stock",
            Condition::OutOfStock => "out_of_stock",
        }
    }
}

/// One line of an item's ledger. An item's figures are the sums of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Of what.
    pub sku: &'a Sku,
    /// What sort of movement.
    pub kind: EntryKind,
    /// How many pieces, never nought; the sign says whether the figure that the kind is about rose or fell.
    pub quantity: i64,
}

/// The sorts of movement in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// First count of a new item: `on_hand` rises.
    Receipt,
    /// A later count or a correction: `on_hand` rises or falls.
    Adjustment,
    /// Held for an order: `reserved` rises.
    Reservation,
    /// A hold given back: `reserved` falls.
    Release,
    /// A hold whose time had come: `reserved` falls.
    Expiry,
    /// A hold promised: `committed` rises and `reserved` falls as much.
    Allocation,
    /// A promise taken back: `committed` falls.
    Deallocation,
    /// Left the building: `committed` and `on_hand` fall.
    Sale,
    /// Came back and is sold again: `on_hand` rises.
    ReturnRestock,
    /// Came back and cannot be sold: `damaged` and `on_hand` rise.
    ReturnDamaged,
    /// Thrown away: `damaged` and `on_hand` fall.
    WriteOff,
    /// Sent on to whom it was bought from: `damaged` and `on_hand` fall.
    TransferOut,
}

impl EntryKind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Receipt => "receipt",
            EntryKind::Adjustment => "adjustment",
            EntryKind::Reservation => "reservation",
            EntryKind::Release => "release",
            EntryKind::Expiry => "expiry",
            EntryKind::Allocation => "allocation",
            EntryKind::Deallocation => "deallocation",
            EntryKind::Sale => "sale",
            EntryKind::ReturnRestock => "return_restock",
            EntryKind::ReturnDamaged => "return_damaged",
            EntryKind::WriteOff => "write_off",
            EntryKind::TransferOut => "transfer_out",
        }
    }
}

impl Event {
    /// The ledger entries this event makes: at most one a SKU, but of goods that came back one a sort of movement, and of
    /// goods that an order waited for a reservation and an allocation. Nothing else moves a figure.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut returned: &[ReturnedLine] = &[];
        let mut arrived: &[Line] = &[];
        let (single, lines) = match self {
            Event::Updated(Updated::Set(set)) => (Some(set.entry()), None),
            Event::Updated(Updated::Adjusted(adjusted)) => {
                let Adjusted { sku, delta, .. } = adjusted;
                let kind = EntryKind::Adjustment;
                (Some(Entry { sku, kind, quantity: *delta }), None)
            }
            Event::Updated(Updated::Committed(committed)) => {
                (None, Some((EntryKind::Allocation, 1, &committed.lines)))
            }
            Event::Updated(Updated::Shipped(shipped)) => (None, Some((EntryKind::Sale, -1, &shipped.lines))),
            Event::Updated(Updated::Returned(back)) => {
                returned = &back.lines;
                (None, None)
            }
            Event::Updated(Updated::WrittenOff(gone)) => {
                let quantity = -i64::from(gone.quantity);
                (Some(Entry { sku: &gone.sku, kind: EntryKind::WriteOff, quantity }), None)
            }
            Event::Reserved(reserved) => (None, Some((EntryKind::Reservation, 1, &reserved.lines))),
            Event::Released(released) => (None, Some((released.kind(), -1, &released.lines))),
            Event::BackorderAllocated(allocated) => {
                arrived = &allocated.lines;
                (None, Some((EntryKind::Allocation, 1, &allocated.lines)))
            }
            Event::Extended(_)
            | Event::ThresholdReached(_)
            | Event::BackorderDropped(_)
            | Event::BackorderReported(_) => (None, None),
        };
        let arrived = arrived.iter().map(|line| Entry {
            sku: &line.sku,
            kind: EntryKind::Reservation,
            quantity: i64::from(line.quantity),
        });
        let lines = lines.into_iter().flat_map(|(kind, sign, lines)| {
            lines.iter().map(move |line| {
                let quantity = sign * i64::from(line.quantity);
                Entry { sku: &line.sku, kind, quantity }
            })
        });
        let returned = returned.iter().flat_map(ReturnedLine::entries);
        single.into_iter().chain(arrived).chain(lines).chain(returned).filter(|entry| entry.quantity != 0)
    }

    /// The documents that this event changes: the items of these SKUs, and the reservation of this order.
    pub fn touches(&self) -> (impl Iterator<Item = &Sku>, Option<OrderId>) {
        let mut returned: &[ReturnedLine] = &[];
        let (single, lines, order): (_, &[Line], _) = match self {
            Event::Updated(Updated::Set(set)) => (Some(&set.sku), &[], None),
            Event::Updated(Updated::Adjusted(adjusted)) => (Some(&adjusted.sku), &[], None),
            Event::Updated(Updated::WrittenOff(gone)) => (Some(&gone.sku), &[], None),
            Event::Updated(Updated::Returned(back)) => {
                returned = &back.lines;
                (None, &[], Some(back.order))
            }
            Event::Updated(Updated::Committed(Committed { order, lines, .. }))
            | Event::Updated(Updated::Shipped(Shipped { order, lines, .. }))
            | Event::Reserved(Reserved { order, lines, .. })
            | Event::Released(Released { order, lines, .. })
            | Event::BackorderAllocated(BackorderAllocated { order, lines, .. }) => {
                (None, lines, Some(*order))
            }
            Event::Extended(extended) => (None, &[], Some(extended.order)),
            Event::BackorderDropped(dropped) => (None, &[], Some(dropped.order)),
            Event::BackorderReported(reported) => (None, &[], Some(reported.order)),
            Event::ThresholdReached(reached) => (Some(&reached.sku), &[], None),
        };
        let moved = lines.iter().filter(|line| line.quantity != 0);
        let returned = returned.iter().map(|line| &line.sku);
        (single.into_iter().chain(moved.map(|line| &line.sku)).chain(returned), order)
    }
}

impl ReturnedLine {
    /// How many pieces.
    pub fn quantity(&self) -> u32 {
        let gone = self.written_off.saturating_add(self.to_vendor);
        self.restocked.saturating_add(self.damaged).saturating_add(gone)
    }

    /// What is thrown away or sent on came back broken first.
    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let Self { sku, restocked, damaged, written_off, to_vendor } = self;
        let (restocked, damaged) = (i64::from(*restocked), i64::from(*damaged));
        let (written_off, to_vendor) = (i64::from(*written_off), i64::from(*to_vendor));
        [
            (EntryKind::ReturnRestock, restocked),
            (EntryKind::ReturnDamaged, damaged + written_off + to_vendor),
            (EntryKind::WriteOff, -written_off),
            (EntryKind::TransferOut, -to_vendor),
        ]
        .into_iter()
        .map(move |(kind, quantity)| Entry { sku, kind, quantity })
    }
}

impl ItemSet {
    fn entry(&self) -> Entry<'_> {
        let (kind, before) = match self.on_hand_before {
            None => (EntryKind::Receipt, 0),
            Some(before) => (EntryKind::Adjustment, before),
        };
        Entry { sku: &self.sku, kind, quantity: self.on_hand.saturating_sub(before) }
    }
}

impl Released {
    fn kind(&self) -> EntryKind {
        match (self.from, self.reason) {
            (Claim::Committed, _) => EntryKind::Deallocation,
            (Claim::Held, Ending::Expired) => EntryKind::Expiry,
            (
                Claim::Held,
                Ending::Canceled | Ending::PaymentFailed | Ending::Fraudulent | Ending::DeadlinePassed,
            ) => EntryKind::Release,
        }
    }
}

impl Updated {
    fn order(&self) -> Option<OrderId> {
        match self {
            Updated::Set(_) | Updated::Adjusted(_) | Updated::WrittenOff(_) => None,
            Updated::Committed(committed) => Some(committed.order),
            Updated::Shipped(shipped) => Some(shipped.order),
            Updated::Returned(returned) => Some(returned.order),
        }
    }

    fn subject(&self) -> String {
        match self {
            Updated::Set(set) => set.sku.to_string(),
            Updated::Adjusted(adjusted) => adjusted.sku.to_string(),
            Updated::Committed(committed) => committed.reservation.to_string(),
            Updated::Shipped(shipped) => shipped.reservation.to_string(),
            Updated::Returned(returned) => returned.reservation.to_string(),
            Updated::WrittenOff(written_off) => written_off.sku.to_string(),
        }
    }
}

macro_rules! of_a_reservation {
    ($($data:ty),+) => {$(
        impl $data {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                self.reservation.to_string()
            }
        }
    )+};
}

of_a_reservation!(Reserved, Extended, Released, BackorderAllocated, BackorderDropped, BackorderReported);

impl ThresholdReached {
    fn order(&self) -> Option<OrderId> {
        None
    }

    fn subject(&self) -> String {
        self.sku.to_string()
    }
}

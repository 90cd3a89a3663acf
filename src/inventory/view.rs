//! The stock as the API shows it.

use serde::Serialize;

use crate::types::{Amount, OrderId, ReservationId, Sku, Timestamp};

use super::event::{Condition, EntryKind, Event, Line, Updated};
use super::item::{Item, Levels};
use super::reservation::{Phase, Reservation};
use super::state::Stock;

/// One item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemView<'a> {
    /// Which SKU.
    pub sku: &'a Sku,
    /// What people call it.
    pub name: Option<&'a str>,
    /// What one costs where a line does not say, in minor units.
    pub unit_price: Option<Amount>,
    /// How many there are, sold and unsold.
    pub on_hand: i64,
    /// How many may still be sold.
    pub available: i64,
    /// How many are held for orders.
    pub reserved: i64,
    /// How many are promised to orders.
    pub committed: i64,
    /// How many came back and cannot be sold.
    pub damaged: i64,
    /// How many are never sold.
    pub safety_stock: u32,
    /// At or under how many available ones the stock is low.
    pub reorder_point: u32,
    /// How the item stands.
    pub condition: Condition,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// How often anything about it has changed.
    pub version: u64,
}

impl<'a> ItemView<'a> {
    /// The item as recorded.
    pub fn of(item: &'a Item) -> Self {
        Self::with(item, item.levels)
    }

    /// The item as it is at a time: holds whose time has come do not count.
    pub fn at(stock: &'a Stock, sku: &str, now: Timestamp) -> Option<Self> {
        Some(Self::with(stock.item(sku)?, stock.levels(sku, now)?))
    }

    fn with(item: &'a Item, levels: Levels) -> Self {
        Self {
            sku: &item.sku,
            name: item.name.as_deref(),
            unit_price: item.unit_price,
            on_hand: levels.balance.on_hand,
            available: levels.available(),
            reserved: levels.balance.reserved,
            committed: levels.balance.committed,
            damaged: levels.balance.damaged,
            safety_stock: levels.safety_stock,
            reorder_point: levels.reorder_point,
            condition: levels.condition(),
            updated_at: item.updated_at,
            version: item.version,
        }
    }
}

/// The stock of one order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReservationView<'a> {
    /// Its id.
    pub id: ReservationId,
    /// For which order.
    pub order_id: OrderId,
    /// `held`, `committed`, `fulfilled`, `released` or `expired`.
    pub status: &'static str,
    /// What, one line a SKU.
    pub lines: &'a [Line],
    /// Until when it is held.
    pub expires_at: Option<Timestamp>,
    /// Why it was released.
    pub reason: Option<&'static str>,
    /// When it was held.
    pub reserved_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl<'a> ReservationView<'a> {
    /// The reservation as recorded.
    pub fn of(reservation: &'a Reservation) -> Self {
        let (expires_at, reason) = match reservation.phase {
            Phase::Held { expires_at, .. } => (Some(expires_at), None),
            Phase::Released { reason } => (None, Some(reason.name())),
            Phase::Committed | Phase::Fulfilled | Phase::Expired => (None, None),
        };
        Self {
            id: reservation.id,
            order_id: reservation.order,
            status: reservation.phase.name(),
            lines: &reservation.lines,
            expires_at,
            reason,
            reserved_at: reservation.reserved_at,
            updated_at: reservation.updated_at,
        }
    }
}

/// One line of an item's ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerEntryView<'a> {
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub sku: &'a Sku,
    /// What sort of movement.
    pub kind: EntryKind,
    /// How many pieces; the sign says whether the figure that the kind is about rose or fell.
    pub quantity: i64,
    /// For which order.
    pub order_id: Option<OrderId>,
    /// For which reservation.
    pub reservation_id: Option<ReservationId>,
    /// Why, where somebody or something gave a reason.
    pub reason: Option<&'a str>,
}

impl<'a> LedgerEntryView<'a> {
    /// The ledger entries of an event.
    pub fn of(event: &'a Event, at: Timestamp) -> impl Iterator<Item = Self> {
        let (order_id, reservation_id, reason) = match event {
            Event::Updated(Updated::Set(_)) => (None, None, None),
            Event::Updated(Updated::Adjusted(e)) => (None, None, Some(&*e.reason)),
            Event::Updated(Updated::Committed(e)) => (Some(e.order), Some(e.reservation), None),
            Event::Updated(Updated::Shipped(e)) => (Some(e.order), Some(e.reservation), None),
            Event::Updated(Updated::Returned(e)) => (Some(e.order), Some(e.reservation), None),
            Event::Updated(Updated::WrittenOff(e)) => (None, None, Some(&*e.reason)),
            Event::Reserved(e) => (Some(e.order), Some(e.reservation), None),
            Event::Extended(e) => (Some(e.order), Some(e.reservation), None),
            Event::Released(e) => (Some(e.order), Some(e.reservation), Some(e.reason.name())),
            Event::BackorderAllocated(e) => (Some(e.order), Some(e.reservation), None),
            Event::BackorderDropped(_) | Event::BackorderReported(_) | Event::ThresholdReached(_) => {
                (None, None, None)
            }
        };
        event.entries().map(move |entry| Self {
            at,
            sku: entry.sku,
            kind: entry.kind,
            quantity: entry.quantity,
            order_id,
            reservation_id,
            reason,
        })
    }
}

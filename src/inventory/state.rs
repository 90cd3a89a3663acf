//! What is known of the stock.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::map::Map;
use crate::types::{Amount, OrderId, ReservationId, Sku, Timestamp};

use super::command::OutOfStock;
use super::event::{Condition, Ending, Entry, EntryKind, Event, ItemSet, Line, Lines, Reserved, Updated};

/// The store's stock: its items, and the reservations that are held. Others may be known for a while.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stock {
    items: Map<Sku, Item>,
    reservations: Map<OrderId, Reservation>,
    /// Every held reservation, by its time.
    expiries: BTreeSet<(Timestamp, OrderId)>,
    /// The orders that wait for a SKU.
    waiting: Map<Sku, BTreeSet<OrderId>>,
    /// The orders of which fulfilment is to hear that what they waited for is there.
    untold: BTreeSet<OrderId>,
}

/// What a price list says of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What one costs, where it has a price.
    pub unit_price: Option<Amount>,
}

impl Stock {
    /// The stock made of its items and of the reservations that are held; others are welcome, but not needed.
    pub fn restore(
        items: impl IntoIterator<Item = Item>,
        reservations: impl IntoIterator<Item = Reservation>,
    ) -> Self {
        let items = items.into_iter().map(|item| (item.sku.clone(), item)).collect();
        let mut stock = Self { items, ..Self::default() };
        for reservation in reservations {
            stock.recall(reservation);
        }
        stock
    }

    /// Brings back a reservation, before a command that names its order.
    pub fn recall(&mut self, reservation: Reservation) {
        let order = reservation.order;
        if let Some(known) = self.reservations.remove(&order) {
            self.unlist(&known);
        }
        if let Phase::Held { expires_at, .. } = reservation.phase {
            self.expiries.insert((expires_at, order));
        }
        if reservation.waits() {
            for line in reservation.lines.iter().filter(|line| line.backordered > 0) {
                self.waiting.entry(line.sku.clone()).or_default().insert(order);
            }
        }
        if reservation.untold {
            self.untold.insert(order);
        }
        self.reservations.insert(order, reservation);
    }

    /// Drops a reservation from memory, unless it is held or waits.
    pub fn forget(&mut self, order: OrderId) {
        if self.reservations.get(&order).is_some_and(|known| !known.is_open()) {
            self.reservations.remove(&order);
        }
    }

    /// Whether the order's reservation is in memory.
    pub fn knows(&self, order: OrderId) -> bool {
        self.reservations.contains_key(&order)
    }

    /// How the order's reservation stands, when it is in memory.
    pub fn standing(&self, order: OrderId) -> Option<Standing> {
        self.reservations.get(&order).map(Reservation::standing)
    }

    /// The order's reservation, when it is in memory.
    pub fn reservation(&self, order: OrderId) -> Option<&Reservation> {
        self.reservations.get(&order)
    }

    /// The item of a SKU.
    pub fn item(&self, sku: &str) -> Option<&Item> {
        self.items.get(sku)
    }

    /// Every item, in no order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// What one of a SKU costs; nothing, when the store has no such item.
    pub fn price(&self, sku: &str) -> Option<Listed> {
        self.items.get(sku).map(|item| Listed { unit_price: item.unit_price })
    }

    /// The orders that wait for a SKU, the oldest first.
    pub(super) fn waiting_for(&self, sku: &Sku) -> Option<&BTreeSet<OrderId>> {
        self.waiting.get(sku)
    }

    /// The SKUs that orders wait for, in no order.
    pub fn waited_for(&self) -> impl Iterator<Item = &Sku> {
        self.waiting.keys()
    }

    /// The orders of which fulfilment is to hear that what they waited for is there.
    pub(super) fn untold(&self) -> impl Iterator<Item = OrderId> {
        self.untold.iter().copied()
    }

    /// When the next hold expires.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// How many holds there are whose time has come.
    pub fn overdue_count(&self, now: Timestamp) -> u64 {
        self.expiries.range(..=(now, OrderId::from_bits(u128::MAX))).count() as u64
    }

    /// The holds in the order in which they expire.
    pub(super) fn holds(&self) -> impl Iterator<Item = (Timestamp, &Reservation)> {
        self.expiries.iter().filter_map(|(at, order)| Some((*at, self.reservations.get(order)?)))
    }

    /// The figures of a SKU without the holds whose time has come.
    pub fn levels(&self, sku: &str, now: Timestamp) -> Option<Levels> {
        let mut levels = self.items.get(sku)?.levels;
        for (_, hold) in self.holds().take_while(|(at, _)| *at <= now) {
            for line in hold.lines.iter().filter(|line| line.sku.as_str() == sku) {
                let quantity = -i64::from(line.quantity);
                levels.balance.post(EntryKind::Expiry, quantity);
            }
        }
        Some(levels)
    }

    /// Folds one event.
    pub(super) fn evolve(&mut self, event: &Event, at: Timestamp) {
        if let Event::Updated(Updated::Set(set)) = event {
            let item = self.items.remove(&set.sku);
            if let Some(item) = Item::fold(item, &set.sku, event, at) {
                self.items.insert(set.sku.clone(), item);
            }
            return;
        }
        if let Event::ThresholdReached(reached) = event
            && let Some(item) = self.items.get_mut(&reached.sku)
        {
            item.announced = reached.condition;
        }
        for entry in event.entries() {
            if let Some(item) = self.items.get_mut(entry.sku) {
                item.post(&entry, at);
            }
        }
        if let (_, Some(order)) = event.touches() {
            let known = self.reservations.remove(&order);
            if let Some(known) = &known {
                self.unlist(known);
            }
            if let Some(reservation) = Reservation::fold(known, event, at) {
                self.recall(reservation);
            }
        }
    }

    fn unlist(&mut self, reservation: &Reservation) {
        let order = reservation.order;
        if let Phase::Held { expires_at, .. } = reservation.phase {
            self.expiries.remove(&(expires_at, order));
        }
        if reservation.waits() {
            for line in reservation.lines.iter().filter(|line| line.backordered > 0) {
                if let Some(orders) = self.waiting.get_mut(&line.sku) {
                    orders.remove(&order);
                    if orders.is_empty() {
                        self.waiting.remove(&line.sku);
                    }
                }
            }
        }
        if reservation.untold {
            self.untold.remove(&order);
        }
    }
}

/// One SKU: its description and its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Which SKU.
    pub sku: Sku,
    /// What people call it.
    pub name: Option<Arc<str>>,
    /// What one costs where a line does not say.
    pub unit_price: Option<Amount>,
    /// How many there are, and of which.
    pub levels: Levels,
    /// How it stood when that was last said; a new item is as if it had always been there in plenty.
    #[serde(default)]
    pub announced: Condition,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// How often anything about it has changed.
    pub version: u64,
}

impl Item {
    /// The item after an event. The same as before, when the event does not touch it.
    pub fn fold(item: Option<Item>, sku: &Sku, event: &Event, at: Timestamp) -> Option<Item> {
        if let Event::Updated(Updated::Set(set)) = event {
            if set.sku != *sku {
                return item;
            }
            let mut item = item.unwrap_or_else(|| Item::blank(sku.clone()));
            item.describe(set);
            for entry in event.entries() {
                item.levels.balance.post(entry.kind, entry.quantity);
            }
            item.touch(at);
            return Some(item);
        }
        let mut item = item?;
        if let Event::ThresholdReached(reached) = event
            && reached.sku == *sku
        {
            item.announced = reached.condition;
        }
        for entry in event.entries().filter(|entry| entry.sku == sku) {
            item.post(&entry, at);
        }
        Some(item)
    }

    /// How the item stands.
    pub fn condition(&self) -> Condition {
        self.levels.condition()
    }

    /// Whether it stands otherwise than was last said.
    pub fn is_unannounced(&self) -> bool {
        self.condition() != self.announced
    }

    fn blank(sku: Sku) -> Self {
        Self {
            sku,
            name: None,
            unit_price: None,
            levels: Levels::default(),
            announced: Condition::default(),
            updated_at: Timestamp::default(),
            version: 0,
        }
    }

    fn describe(&mut self, set: &ItemSet) {
        self.name.clone_from(&set.name);
        self.unit_price = set.unit_price;
        self.levels.reorder_point = set.reorder_point;
        self.levels.safety_stock = set.safety_stock;
    }

    fn post(&mut self, entry: &Entry<'_>, at: Timestamp) {
        self.levels.balance.post(entry.kind, entry.quantity);
        self.touch(at);
    }

    fn touch(&mut self, at: Timestamp) {
        self.updated_at = at;
        self.version += 1;
    }
}

/// An item's figures and the marks they are measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    /// The sums of the ledger.
    pub balance: Balance,
    /// How many are never sold.
    pub safety_stock: u32,
    /// At or under how many available ones the stock is low.
    pub reorder_point: u32,
}

impl Levels {
    /// How many may still be sold.
    pub fn available(&self) -> i64 {
        let Balance { on_hand, reserved, committed, damaged } = self.balance;
        let promised = committed.saturating_add(reserved).saturating_add(damaged);
        on_hand.saturating_sub(promised).saturating_sub(i64::from(self.safety_stock)).max(0)
    }

    /// How the item stands.
    pub fn condition(&self) -> Condition {
        match self.available() {
            0 => Condition::OutOfStock,
            some if some <= i64::from(self.reorder_point) => Condition::LowStock,
            _ => Condition::InStock,
        }
    }
}

/// The sums of an item's ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// How many there are, sold and unsold.
    pub on_hand: i64,
    /// How many are held.
    pub reserved: i64,
    /// How many are promised.
    pub committed: i64,
    /// How many came back and cannot be sold.
    #[serde(default)]
    pub damaged: i64,
}

impl Balance {
    /// Adds one ledger entry.
    pub fn post(&mut self, kind: EntryKind, quantity: i64) {
        let Self { on_hand, reserved, committed, damaged } = self;
        match kind {
            EntryKind::Receipt | EntryKind::Adjustment | EntryKind::ReturnRestock => {
                *on_hand = on_hand.saturating_add(quantity);
            }
            EntryKind::Reservation | EntryKind::Release | EntryKind::Expiry => {
                *reserved = reserved.saturating_add(quantity);
            }
            EntryKind::Allocation => {
                *reserved = reserved.saturating_sub(quantity);
                *committed = committed.saturating_add(quantity);
            }
            EntryKind::Deallocation => *committed = committed.saturating_add(quantity),
            EntryKind::Sale => {
                *committed = committed.saturating_add(quantity);
                *on_hand = on_hand.saturating_add(quantity);
            }
            EntryKind::ReturnDamaged | EntryKind::WriteOff | EntryKind::TransferOut => {
                *damaged = damaged.saturating_add(quantity);
                *on_hand = on_hand.saturating_add(quantity);
            }
        }
    }
}

/// The stock of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What, one line a SKU.
    pub lines: Lines,
    /// What to do should it have to be held anew and there is not enough.
    pub policy: OutOfStock,
    /// Where it is in its life.
    pub phase: Phase,
    /// What of it has left or was given back in parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Line>,
    /// The parcels that took it: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub parcels: u32,
    /// The receipts of goods that came back: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_none")]
    pub receipts: u64,
    /// The parcels that left and did not arrive: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub undelivered: u32,
    /// Fulfilment is to hear that what the order waited for is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
    /// When it was first held; held anew counts as first.
    pub reserved_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a reservation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Held for a while.
    Held {
        /// Until when.
        expires_at: Timestamp,
        /// How often that was put off.
        extensions: u8,
    },
    /// Promised.
    Committed,
    /// Shipped.
    Fulfilled,
    /// Given back for good.
    Released {
        /// Why.
        reason: Ending,
    },
    /// Its time had come.
    Expired,
}

impl Phase {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Held { .. } => "held",
            Phase::Committed => "committed",
            Phase::Fulfilled => "fulfilled",
            Phase::Released { .. } => "released",
            Phase::Expired => "expired",
        }
    }
}

/// What siblings may know of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Held.
    Held {
        /// The reservation.
        reservation: ReservationId,
        /// Until when.
        expires_at: Timestamp,
        /// How many pieces are owed beyond what is held.
        backordered: u32,
    },
    /// Promised, perhaps shipped already.
    Committed {
        /// The reservation.
        reservation: ReservationId,
        /// How many pieces are owed beyond what is promised.
        backordered: u32,
    },
    /// Its time had come; it may be reserved or committed again.
    Expired,
    /// Given back for good.
    Ended,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Standing::Held { .. } => "held",
            Standing::Committed { .. } => "committed",
            Standing::Expired => "expired",
            Standing::Ended => "released",
        })
    }
}

impl Reservation {
    /// The order's reservation after an event that names the order.
    pub fn fold(reservation: Option<Reservation>, event: &Event, at: Timestamp) -> Option<Reservation> {
        if let Event::Reserved(reserved) = event {
            return Some(Self::held(reserved, at));
        }
        let mut reservation = reservation?;
        if let Event::Updated(Updated::Returned(returned)) = event {
            match returned.parcel {
                Some(number) => reservation.undelivered |= bit(number),
                None => reservation.receipts |= receipt_bit(returned.receipt),
            }
            reservation.updated_at = at;
            return Some(reservation);
        }
        if let Some((number, lines)) = part(event) {
            reservation.settle(number, lines);
            reservation.finish();
            reservation.updated_at = at;
            return Some(reservation);
        }
        let phase = match (event, reservation.phase) {
            (Event::Extended(extended), Phase::Held { extensions, .. }) => {
                Phase::Held { expires_at: extended.expires_at, extensions: extensions.saturating_add(1) }
            }
            (Event::Released(released), _) => match released.reason {
                Ending::Expired => Phase::Expired,
                reason @ (Ending::Canceled
                | Ending::PaymentFailed
                | Ending::Fraudulent
                | Ending::DeadlinePassed) => Phase::Released { reason },
            },
            (Event::Updated(Updated::Committed(_)), _) => Phase::Committed,
            (Event::Updated(Updated::Shipped(_)), _) => Phase::Fulfilled,
            (Event::BackorderAllocated(_), phase) => {
                reservation.untold = true;
                reservation.no_more_owed(true);
                phase
            }
            (Event::BackorderDropped(dropped), _) => {
                reservation.parcels |= bit(dropped.parcel);
                reservation.no_more_owed(false);
                reservation.finish();
                reservation.phase
            }
            (Event::BackorderReported(_), phase) => {
                reservation.untold = false;
                phase
            }
            (
                Event::Extended(_),
                Phase::Committed | Phase::Fulfilled | Phase::Released { .. } | Phase::Expired,
            )
            | (
                Event::Updated(
                    Updated::Set(_) | Updated::Adjusted(_) | Updated::Returned(_) | Updated::WrittenOff(_),
                )
                | Event::Reserved(_)
                | Event::ThresholdReached(_),
                _,
            ) => return Some(reservation),
        };
        reservation.phase = phase;
        reservation.updated_at = at;
        Some(reservation)
    }

    fn held(reserved: &Reserved, at: Timestamp) -> Self {
        Self {
            id: reserved.reservation,
            order: reserved.order,
            lines: Lines::clone(&reserved.lines),
            policy: reserved.policy,
            phase: Phase::Held { expires_at: reserved.expires_at, extensions: 0 },
            settled: Vec::new(),
            parcels: 0,
            receipts: 0,
            undelivered: 0,
            untold: false,
            reserved_at: at,
            updated_at: at,
        }
    }

    /// What was owed is there, or is not waited for any more.
    fn no_more_owed(&mut self, is_there: bool) {
        let settled = |line: &Line| Line {
            quantity: line.quantity.saturating_add(if is_there { line.backordered } else { 0 }),
            backordered: 0,
            sku: line.sku.clone(),
        };
        self.lines = self.lines.iter().map(settled).collect();
    }

    /// Of which nothing is left and nothing is owed, that is fulfilled.
    fn finish(&mut self) {
        let is_through = self.remaining().iter().all(|line| line.quantity == 0);
        if is_through && self.backordered() == 0 {
            self.phase = Phase::Fulfilled;
        }
    }

    fn settle(&mut self, number: u32, lines: &Lines) {
        self.parcels |= bit(number);
        for line in lines.iter() {
            match self.settled.iter_mut().find(|known| known.sku == line.sku) {
                Some(known) => known.quantity = known.quantity.saturating_add(line.quantity),
                None => self.settled.push(line.clone()),
            }
        }
    }

    /// Whether a parcel has taken its part.
    pub fn has_parcel(&self, number: u32) -> bool {
        self.parcels & bit(number) != 0
    }

    /// Whether what came back with a receipt is booked.
    pub fn has_receipt(&self, number: u32) -> bool {
        self.receipts & receipt_bit(number) != 0
    }

    /// Whether a parcel that left is booked as not arriving.
    pub fn has_undelivered(&self, number: u32) -> bool {
        self.undelivered & bit(number) != 0
    }

    /// What has neither left nor was given back.
    pub fn remaining(&self) -> Lines {
        if self.settled.is_empty() {
            return Lines::clone(&self.lines);
        }
        let left = |line: &Line| {
            let gone = self.settled.iter().find(|gone| gone.sku == line.sku).map_or(0, |gone| gone.quantity);
            Line { quantity: line.quantity.saturating_sub(gone), ..line.clone() }
        };
        self.lines.iter().map(left).collect()
    }

    /// Whether something will still happen by itself: it is held, it waits for stock, or that is there and is to be told.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Held { .. }) || self.waits() || self.untold
    }

    /// Whether its order is confirmed and waits for what is not there.
    pub fn waits(&self) -> bool {
        self.phase == Phase::Committed && self.backordered() > 0
    }

    /// What its order is owed, one line a SKU.
    pub fn owed(&self) -> Lines {
        let owed = self.lines.iter().filter(|line| line.backordered > 0);
        owed.map(|line| Line { sku: line.sku.clone(), quantity: line.backordered, backordered: 0 }).collect()
    }

    /// How many pieces are owed beyond what is held.
    pub fn backordered(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.backordered))
    }

    /// What siblings may know.
    pub fn standing(&self) -> Standing {
        let (reservation, backordered) = (self.id, self.backordered());
        match self.phase {
            Phase::Held { expires_at, .. } => Standing::Held { reservation, expires_at, backordered },
            Phase::Committed | Phase::Fulfilled => Standing::Committed { reservation, backordered },
            Phase::Expired => Standing::Expired,
            Phase::Released { .. } => Standing::Ended,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
fn is_nought(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
fn is_none(bits: &u64) -> bool {
    *bits == 0
}

/// The bit of a receipt among those of its order.
const fn receipt_bit(number: u32) -> u64 {
    1_u64.rotate_left(number.wrapping_sub(1))
}

/// The bit of a parcel among those of its order.
const fn bit(number: u32) -> u32 {
    1_u32.rotate_left(number.wrapping_sub(1))
}

/// The parcel that an event is about, and what it took or gave back.
fn part(event: &Event) -> Option<(u32, &Lines)> {
    match event {
        Event::Updated(Updated::Shipped(shipped)) => shipped.parcel.map(|number| (number, &shipped.lines)),
        Event::Released(released) => released.parcel.map(|number| (number, &released.lines)),
        Event::Updated(
            Updated::Set(_)
            | Updated::Adjusted(_)
            | Updated::Committed(_)
            | Updated::Returned(_)
            | Updated::WrittenOff(_),
        )
        | Event::Reserved(_)
        | Event::Extended(_)
        | Event::BackorderAllocated(_)
        | Event::BackorderDropped(_)
        | Event::BackorderReported(_)
        | Event::ThresholdReached(_) => None,
    }
}

//! What is known of the stock.

use std::collections::BTreeSet;

use crate::types::map::{self, Map};
use crate::types::{Amount, OrderId, Sku, Timestamp};

use super::event::{EntryKind, Event, Updated};
use super::item::{Item, Levels};
use super::reservation::{Phase, Reservation, Standing};

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

    /// Gives back the room of reservations that were dropped.
    pub fn give_back(&mut self) {
        map::give_back(&mut self.reservations);
    }

    /// For how many reservations there is room.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.reservations.capacity()
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

//! What is known of one SKU.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, Sku, Timestamp};

use super::event::{Condition, Entry, EntryKind, Event, ItemSet, Updated};

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

    pub(super) fn post(&mut self, entry: &Entry<'_>, at: Timestamp) {
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

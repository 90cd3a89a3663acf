//! What people say of items: what they are, how many there are, and which are thrown away.

use std::sync::Arc;

use crate::types::Sku;

use super::Draft;
use crate::inventory::command::{ON_HAND_MAX, Rejection, SetItem, TEXT_BYTES_MAX};
use crate::inventory::event::{Adjusted, Event, ItemSet, Updated, WrittenOff};
use crate::inventory::item::Balance;

impl Draft<'_> {
    pub(super) fn set_item(&mut self, set: SetItem) -> Result<(), Rejection> {
        if set.name.as_ref().is_some_and(|name| name.len() > TEXT_BYTES_MAX) {
            return Err(Rejection::TextTooLong { what: "a name" });
        }
        let known = self.stock.item(set.sku.as_str());
        let levels = self.levels(&set.sku);
        let on_hand = i64::from(set.on_hand);
        let SetItem { sku, name, unit_price, reorder_point, safety_stock, .. } = set;
        self.check_on_hand(&sku, on_hand)?;

        let set = ItemSet {
            name: name.or_else(|| known.and_then(|item| item.name.clone())),
            unit_price: unit_price.or_else(|| known.and_then(|item| item.unit_price)),
            on_hand_before: levels.map(|levels| levels.balance.on_hand),
            on_hand,
            reorder_point: reorder_point.or(levels.map(|levels| levels.reorder_point)).unwrap_or_default(),
            safety_stock: safety_stock.or(levels.map(|levels| levels.safety_stock)).unwrap_or_default(),
            sku,
        };
        let same = known.zip(levels).is_some_and(|(item, levels)| {
            item.name == set.name
                && item.unit_price == set.unit_price
                && levels.balance.on_hand == set.on_hand
                && levels.reorder_point == set.reorder_point
                && levels.safety_stock == set.safety_stock
        });
        if !same {
            self.push(Event::Updated(Updated::Set(set)));
        }
        Ok(())
    }

    pub(super) fn adjust(&mut self, sku: Sku, delta: i64, reason: Arc<str>) -> Result<(), Rejection> {
        if reason.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong { what: "a reason" });
        }
        let Some(levels) = self.levels(&sku) else {
            return Err(Rejection::UnknownSku { sku });
        };
        let on_hand = levels.balance.on_hand.saturating_add(delta);
        self.check_on_hand(&sku, on_hand)?;
        if delta != 0 {
            let adjusted = Adjusted { sku, delta, on_hand, reason };
            self.push(Event::Updated(Updated::Adjusted(adjusted)));
        }
        Ok(())
    }

    pub(super) fn write_off(&mut self, sku: Sku, quantity: u32, reason: Arc<str>) -> Result<(), Rejection> {
        if reason.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong { what: "a reason" });
        }
        let Some(levels) = self.levels(&sku) else {
            return Err(Rejection::UnknownSku { sku });
        };
        let Balance { on_hand, damaged, .. } = levels.balance;
        if i64::from(quantity) > damaged {
            return Err(Rejection::NotDamaged { sku, damaged });
        }
        if quantity > 0 {
            let on_hand = on_hand.saturating_sub(i64::from(quantity));
            self.push(Event::Updated(Updated::WrittenOff(WrittenOff { sku, quantity, on_hand, reason })));
        }
        Ok(())
    }

    /// Whether an item may have so many: enough for what is promised, and not absurdly many.
    pub(super) fn check_on_hand(&mut self, sku: &Sku, on_hand: i64) -> Result<(), Rejection> {
        if on_hand > i64::from(ON_HAND_MAX) {
            return Err(Rejection::TooMuch { sku: sku.clone() });
        }
        loop {
            let Balance { reserved, committed, damaged, .. } = self.levels(sku).unwrap_or_default().balance;
            if on_hand >= reserved.saturating_add(committed).saturating_add(damaged) {
                return Ok(());
            }
            if !self.sweep() {
                let sku = sku.clone();
                return Err(Rejection::BelowPromised { sku, on_hand, reserved, committed, damaged });
            }
        }
    }
}

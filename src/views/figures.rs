//! Figures of a store and of the node, kept up to date by what each order, payment and item adds to them.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Status as AlertStatus};
use crate::inventory::{Condition, Item};
use crate::order::{Order, Status};
use crate::payment::{Course, Next, Stage, State};
use crate::types::{Currency, StoreId, Timestamp};

/// Sums over everything of a store, or over all stores of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Orders by status, in the order of [`Status::ALL`].
    pub orders: [u64; Status::ALL.len()],
    /// Money taken, in minor units.
    pub captured: i64,
    /// Money given back, in minor units.
    pub refunded: i64,
    /// Payments that a bank approved.
    pub succeeded: u64,
    /// Payments that ended without money.
    pub declined: u64,
    /// Payments that wait for another try.
    pub retrying: u64,
    /// Payments of which nobody knows whether the bank did what it was asked.
    pub unknown: u64,
    /// SKUs.
    pub skus: u64,
    /// SKUs at or under their reorder point.
    pub low_stock: u64,
    /// SKUs of which nothing may be sold.
    pub out_of_stock: u64,
    /// Alerts that nobody looks after.
    #[serde(default)]
    pub firing: u64,
    /// Alerts that somebody looks after.
    #[serde(default)]
    pub acknowledged: u64,
    /// Orders taken, by minute.
    pub minutes: Minutes,
}

/// What one order adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderPart {
    status: Option<Status>,
    captured: i64,
    refunded: i64,
    succeeded: bool,
    declined: bool,
    retrying: bool,
    unknown: bool,
}

/// What one alert adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertPart(Option<AlertStatus>);

impl AlertPart {
    /// What an alert adds as it stands.
    pub fn of(alert: Option<&Alert>) -> Self {
        Self(alert.map(Alert::status))
    }
}

/// What one SKU adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemPart(Option<Condition>);

impl OrderPart {
    /// What an order and its payment add as they stand.
    pub fn of(order: &Order, payment: &State) -> Self {
        let mut part = Self { status: order.placed().map(|placed| placed.status()), ..Self::default() };
        let Some(begun) = payment.begun() else { return part };
        part.captured = begun.captured().minor();
        part.refunded = begun.refunded().minor();
        part.succeeded = begun.charge.is_some();
        part.declined = matches!(begun.course, Course::Failed { .. });
        // To look again at what a bank has accepted is no doubt.
        if let Some(work) = begun.work.as_ref().filter(|work| !work.is_check) {
            part.unknown = match work.stage {
                Stage::Inquiring { .. } | Stage::Waiting { next: Next::Inquire, .. } => true,
                Stage::Sending { .. } | Stage::Waiting { next: Next::Send | Next::Attempt, .. } => {
                    work.doubt.is_some()
                }
            };
            part.retrying = work.tries > 0 && !part.unknown;
        }
        part
    }
}

impl ItemPart {
    /// What an item adds as it stands.
    pub fn of(item: Option<&Item>) -> Self {
        Self(item.map(Item::condition))
    }
}

/// The place of a status in [`Status::ALL`].
fn place(status: Status) -> usize {
    Status::ALL.iter().position(|one| *one == status).unwrap_or(0)
}

fn step(count: &mut u64, is_more: bool) {
    *count = if is_more { count.saturating_add(1) } else { count.saturating_sub(1) };
}

impl Figures {
    /// Replaces what an order added.
    pub fn replace_order(&mut self, before: OrderPart, after: OrderPart) {
        for (part, is_more) in [(before, false), (after, true)] {
            if let Some(status) = part.status {
                step(&mut self.orders[place(status)], is_more);
            }
            let counts = [
                (part.succeeded, &mut self.succeeded),
                (part.declined, &mut self.declined),
                (part.retrying, &mut self.retrying),
                (part.unknown, &mut self.unknown),
            ];
            for (applies, count) in counts {
                if applies {
                    step(count, is_more);
                }
            }
        }
        self.captured = self.captured.saturating_add(after.captured.saturating_sub(before.captured));
        self.refunded = self.refunded.saturating_add(after.refunded.saturating_sub(before.refunded));
    }

    /// Replaces what a SKU added.
    pub fn replace_item(&mut self, ItemPart(before): ItemPart, ItemPart(after): ItemPart) {
        for (condition, is_more) in [(before, false), (after, true)] {
            let Some(condition) = condition else { continue };
            step(&mut self.skus, is_more);
            match condition {
                Condition::InStock => {}
                Condition::LowStock => step(&mut self.low_stock, is_more),
                Condition::OutOfStock => step(&mut self.out_of_stock, is_more),
            }
        }
    }

    /// Replaces what an alert added.
    pub fn replace_alert(&mut self, AlertPart(before): AlertPart, AlertPart(after): AlertPart) {
        for (status, is_more) in [(before, false), (after, true)] {
            match status {
                Some(AlertStatus::Firing) => step(&mut self.firing, is_more),
                Some(AlertStatus::Acknowledged) => step(&mut self.acknowledged, is_more),
                Some(AlertStatus::Resolved) | None => {}
            }
        }
    }

    /// How many orders have this status.
    pub fn with_status(&self, status: Status) -> u64 {
        self.orders[place(status)]
    }

    fn add(&mut self, other: &Figures) {
        for (sum, count) in self.orders.iter_mut().zip(other.orders) {
            *sum += count;
        }
        self.succeeded += other.succeeded;
        self.declined += other.declined;
        self.retrying += other.retrying;
        self.unknown += other.unknown;
        self.skus += other.skus;
        self.low_stock += other.low_stock;
        self.out_of_stock += other.out_of_stock;
        self.firing += other.firing;
        self.acknowledged += other.acknowledged;
    }
}

/// Minutes in an hour, and the one that has just begun.
const MINUTES: usize = 61;
const MINUTE_MICROS: i64 = 60_000_000;

/// How many orders came in each minute of the last hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minutes {
    newest: i64,
    /// The newest minute first.
    counts: VecDeque<u32>,
}

impl Minutes {
    /// Counts an order taken at a time.
    pub fn count(&mut self, at: Timestamp) {
        let minute = at.micros().div_euclid(MINUTE_MICROS);
        if self.counts.is_empty() {
            self.newest = minute;
        }
        let later = minute.saturating_sub(self.newest);
        for _ in 0..later.clamp(0, MINUTES as i64) {
            self.counts.push_front(0);
        }
        self.newest = self.newest.max(minute);
        let Ok(place) = usize::try_from(self.newest.saturating_sub(minute)) else { return };
        if place < MINUTES {
            if self.counts.len() <= place {
                self.counts.resize(place + 1, 0);
            }
            self.counts[place] = self.counts[place].saturating_add(1);
        }
        self.counts.truncate(MINUTES);
        // One spelling whatever the order in which stores were counted.
        while self.counts.back() == Some(&0) {
            self.counts.pop_back();
        }
    }

    /// How many came in the hour before `now`, to the minute.
    pub fn last_hour(&self, now: Timestamp) -> u64 {
        let oldest = now.micros().div_euclid(MINUTE_MICROS).saturating_sub(MINUTES as i64 - 1);
        let minutes = (0..).zip(&self.counts).map(|(back, count)| (self.newest.saturating_sub(back), count));
        minutes.take_while(|(minute, _)| *minute > oldest).map(|(_, count)| u64::from(*count)).sum()
    }
}

/// The figures of one store as the dashboard shows them, but for what only the running node knows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreStats {
    /// Which store.
    pub store_id: StoreId,
    /// As of when: the time asked for.
    pub as_of: Timestamp,
    /// Its orders.
    pub orders: OrderStats,
    /// Its money.
    pub revenue: Revenue,
    /// Its payments.
    pub payments: PaymentStats,
    /// Its stock.
    pub inventory: InventoryStats,
    /// Its alerts.
    pub alerts: AlertStats,
}

/// The figures of all stores together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeStats {
    /// How many stores there are.
    pub stores: u64,
    /// As of when: the time asked for.
    pub as_of: Timestamp,
    /// All orders.
    pub orders: OrderStats,
    /// Money, by currency.
    pub revenue: Vec<Revenue>,
    /// All payments.
    pub payments: PaymentStats,
    /// All stock.
    pub inventory: InventoryStats,
    /// All alerts.
    pub alerts: AlertStats,
}

/// Orders by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderStats {
    /// All.
    pub total: u64,
    /// On their way.
    pub pending: u64,
    /// Waiting for the shopper at the bank.
    pub requires_action: u64,
    /// Waiting for people.
    pub on_hold: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Delivered and done.
    pub completed: u64,
    /// Undone.
    pub canceled: u64,
    /// Undone because their deadline passed.
    pub expired: u64,
    /// Taken in the last hour.
    pub last_hour: u64,
}

/// Money in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Revenue {
    /// Of what.
    pub currency: Currency,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// What remains.
    pub net: i64,
}

/// How payments fare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PaymentStats {
    /// Approved.
    pub succeeded: u64,
    /// Ended without money.
    pub declined: u64,
    /// Waiting for another try.
    pub retrying: u64,
    /// Outcome not known.
    pub unknown: u64,
    /// Approved among those that ended; 1 when none did.
    pub success_rate: f64,
}

/// How stock stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InventoryStats {
    /// SKUs.
    pub skus: u64,
    /// At or under their reorder point.
    pub low_stock: u64,
    /// Nothing may be sold.
    pub out_of_stock: u64,
}

/// Alerts that are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertStats {
    /// Nobody looks after them.
    pub firing: u64,
    /// Somebody does.
    pub acknowledged: u64,
}

impl AlertStats {
    fn of(figures: &Figures) -> Self {
        let Figures { firing, acknowledged, .. } = *figures;
        Self { firing, acknowledged }
    }
}

impl StoreStats {
    /// What the dashboard shows of a store.
    pub fn of(store_id: StoreId, currency: Currency, figures: &Figures, now: Timestamp) -> Self {
        Self {
            store_id,
            as_of: now,
            orders: OrderStats::of(figures, figures.minutes.last_hour(now)),
            revenue: Revenue::of(currency, figures),
            payments: PaymentStats::of(figures),
            inventory: InventoryStats::of(figures),
            alerts: AlertStats::of(figures),
        }
    }
}

impl NodeStats {
    /// What the dashboard shows of all stores, from their sums by currency.
    pub fn of(stores: u64, by_currency: &BTreeMap<Currency, Figures>, now: Timestamp) -> Self {
        let mut all = Figures::default();
        let mut last_hour = 0;
        for figures in by_currency.values() {
            all.add(figures);
            last_hour += figures.minutes.last_hour(now);
        }
        Self {
            stores,
            as_of: now,
            orders: OrderStats::of(&all, last_hour),
            revenue: by_currency.iter().map(|(currency, figures)| Revenue::of(*currency, figures)).collect(),
            payments: PaymentStats::of(&all),
            inventory: InventoryStats::of(&all),
            alerts: AlertStats::of(&all),
        }
    }
}

impl OrderStats {
    fn of(figures: &Figures, last_hour: u64) -> Self {
        let with = |status| figures.with_status(status);
        Self {
            total: figures.orders.iter().sum(),
            pending: with(Status::Pending),
            requires_action: with(Status::RequiresAction),
            on_hold: with(Status::OnHold),
            confirmed: with(Status::Confirmed),
            completed: with(Status::Completed),
            canceled: with(Status::Canceled),
            expired: with(Status::Expired),
            last_hour,
        }
    }
}

impl Revenue {
    fn of(currency: Currency, figures: &Figures) -> Self {
        let Figures { captured, refunded, .. } = *figures;
        Self { currency, captured, refunded, net: captured.saturating_sub(refunded) }
    }
}

impl PaymentStats {
    fn of(figures: &Figures) -> Self {
        let Figures { succeeded, declined, retrying, unknown, .. } = *figures;
        let ended = succeeded + declined;
        let success_rate = if ended == 0 { 1.0 } else { succeeded as f64 / ended as f64 };
        Self { succeeded, declined, retrying, unknown, success_rate }
    }
}

impl InventoryStats {
    fn of(figures: &Figures) -> Self {
        let Figures { skus, low_stock, out_of_stock, .. } = *figures;
        Self { skus, low_stock, out_of_stock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_the_same_in_whatever_order_it_was_counted() {
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let times = [0_u64, 5, 90, 3_600, 3_700, 9_000, 9_030, 12_000];
        let counted = |times: &mut dyn Iterator<Item = u64>| {
            let mut minutes = Minutes::default();
            times.for_each(|secs| minutes.count(start.plus_secs(secs)));
            minutes
        };
        let forwards = counted(&mut times.into_iter());
        assert_eq!(forwards, counted(&mut times.into_iter().rev()));
        assert_eq!(forwards.last_hour(start.plus_secs(12_000)), 3);
    }

    #[test]
    fn the_last_hour_is_counted_to_the_minute_and_forgotten() {
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let mut minutes = Minutes::default();
        for minute in 0..90 {
            minutes.count(start.plus_secs(minute * 60));
        }
        assert_eq!(minutes.last_hour(start.plus_secs(89 * 60)), 60);
        assert_eq!(minutes.last_hour(start.plus_secs(119 * 60)), 30);
        assert_eq!(minutes.last_hour(start.plus_secs(1_000 * 60)), 0);
        assert!(minutes.counts.len() <= MINUTES);
        minutes.count(start);
        assert_eq!(minutes.last_hour(start.plus_secs(89 * 60)), 60, "older than an hour");
    }
}

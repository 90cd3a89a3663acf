//! Orders that wait for stock.

use std::collections::BTreeSet;

use crate::types::{OrderId, Sku};

use super::{Draft, SERVED_MAX, Touched};
use crate::inventory::event::{BackorderAllocated, BackorderReported, Event, Line};

impl Draft<'_> {
    pub(super) fn arrival_heard(&mut self, order: OrderId) {
        if let Some(known) = self.stock.reservation(order).filter(|known| known.untold) {
            self.push(Event::BackorderReported(BackorderReported { reservation: known.id, order }));
        }
    }

    /// Somebody wants it looked at who waits for these.
    pub(super) fn serve_all(&mut self, skus: Vec<Sku>) {
        let mut skus = if skus.is_empty() { self.stock.waited_for().cloned().collect() } else { skus };
        // Those that are waited for come in whatever order, and what is announced follows theirs.
        skus.sort_unstable();
        self.serve(&skus);
    }

    /// Whatever there is more of now than before may be what somebody waits for.
    pub(super) fn serve_risen(&mut self) {
        let has_risen = |touched: &&Touched| touched.levels.available() > touched.before;
        let risen = self.touched.iter().filter(has_risen).map(|touched| touched.sku.clone());
        let skus: Vec<Sku> = risen.filter(|sku| self.stock.waiting_for(sku).is_some()).collect();
        self.serve(&skus);
    }

    /// Orders that wait for any of these get all that they are owed, or nothing; the oldest first. Who wants more than there
    /// is lets the next ones pass.
    pub(super) fn serve(&mut self, skus: &[Sku]) {
        let stock = self.stock;
        let all: BTreeSet<OrderId> =
            skus.iter().filter_map(|sku| stock.waiting_for(sku)).flatten().copied().collect();
        for order in all {
            let is_any_left =
                skus.iter().any(|sku| self.levels(sku).is_some_and(|levels| levels.available() > 0));
            if self.served.len() == SERVED_MAX || !is_any_left {
                return;
            }
            // What is decided here is not in the stock yet: who was served once waits no more.
            let is_through = self.closed == Some(order) || self.served.contains(&order);
            let Some(known) = stock.reservation(order).filter(|_| !is_through) else {
                continue;
            };
            let lines = known.owed();
            let has = |line: &Line, draft: &mut Self| {
                let levels = draft.levels(&line.sku).unwrap_or_default();
                levels.available() >= i64::from(line.quantity)
            };
            if lines.iter().all(|line| has(line, self)) {
                self.served.insert(order);
                let reservation = known.id;
                self.push(Event::BackorderAllocated(BackorderAllocated { reservation, order, lines }));
            }
        }
    }
}

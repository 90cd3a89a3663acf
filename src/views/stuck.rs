//! Orders that stand still, and payments in the order of their orders: what jobs look for over all stores.

use super::error::ViewsError;
use super::reader::{ViewsReader, collect};
use super::slots::json;
use crate::order::{Order, Orders, Phase, Placed};
use crate::payment;
use crate::returns::Return;
use crate::runtime::Aggregate as _;
use crate::types::{OrderId, ReturnId, StoreId, Timestamp};

/// After what to go on, in a walk over open orders: number of the store, id.
pub type OrderPlace = (u32, OrderId);

/// An order that has not moved though something is owed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckOrder {
    /// Which.
    pub id: OrderId,
    /// How it stands, in one word.
    pub standing: String,
    /// Since when.
    pub since: Timestamp,
}

/// Those among the next open orders that stand still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckPage {
    /// After what to go on; nothing, at the end.
    pub next: Option<OrderPlace>,
    /// The orders, and whose they are.
    pub orders: Vec<(StoreId, StuckOrder)>,
}

/// A payment with the number of its order's row, its store and its order.
pub type PaymentRow = (u64, StoreId, OrderId, payment::State);

impl ViewsReader {
    /// Orders placed before a time that something is owed to and that have not moved since then, over all stores: those
    /// among the next so many open ones after one of them, and where to go on.
    pub fn stuck_orders(
        &mut self,
        since: Timestamp,
        after: Option<OrderPlace>,
        limit: usize,
    ) -> Result<StuckPage, ViewsError> {
        let (store, id) = after.unwrap_or((0, OrderId::from_bits(0)));
        let sql = "SELECT store, id, doc FROM orders INDEXED BY orders_open
                   WHERE due IS NOT NULL AND (store, id) > (?1, ?2) AND id < ?3 AND doc IS NOT NULL
                   ORDER BY store, id LIMIT ?4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = (store, id.to_bytes(), OrderId::first_at(since).to_bytes(), limit);
        let fail = || ViewsError::sqlite("reading what is open");
        let open: Vec<(u32, [u8; 16], Option<Order>)> = collect(&self.file, sql, params, |row| {
            Ok((row.get(0).map_err(fail())?, row.get(1).map_err(fail())?, json(row, 2)?))
        })?;
        let next = open.last().map(|(store, id, _)| (*store, OrderId::from_bytes(*id)));
        let mut stuck = Vec::new();
        for (store, _, order) in open {
            if let Some(order) = order.as_ref().and_then(|order| stuck_since(order, since)) {
                stuck.push((self.store_id(store)?, order));
            }
        }
        Ok(StuckPage { next, orders: stuck })
    }

    /// Whether an order has not moved since a time though something is owed to it.
    pub fn is_stuck(&mut self, store: &StoreId, id: OrderId, since: Timestamp) -> Result<bool, ViewsError> {
        Ok(self.order(store, id)?.is_some_and(|order| stuck_since(&order, since).is_some()))
    }

    /// Whether inventory cannot have what arrived with a return.
    pub fn is_return_stuck(&mut self, store: &StoreId, id: ReturnId) -> Result<bool, ViewsError> {
        let book = self.returns(store, id.order())?.unwrap_or_default();
        Ok(book.get(id.number()).is_some_and(Return::is_refused))
    }

    /// Payments of all stores, those of the newest orders first, before the row of one of them.
    pub fn payments_before(&mut self, before: u64, limit: usize) -> Result<Vec<PaymentRow>, ViewsError> {
        let sql = "SELECT no, store, id, payment FROM orders
                   WHERE no < ?1 AND payment IS NOT NULL ORDER BY no DESC LIMIT ?2";
        let params = (i64::try_from(before).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        let fail = || ViewsError::sqlite("reading payments");
        type Row = (i64, u32, [u8; 16], Option<payment::State>);
        let found: Vec<Row> = collect(&self.file, sql, params, |row| {
            let (no, store) = (row.get(0).map_err(fail())?, row.get(1).map_err(fail())?);
            Ok((no, store, row.get(2).map_err(fail())?, json(row, 3)?))
        })?;
        let mut payments = Vec::with_capacity(found.len());
        for (no, store, id, state) in found {
            let (store, id) = (self.store_id(store)?, OrderId::from_bytes(id));
            payments.push((no.cast_unsigned(), store, id, state.unwrap_or_default()));
        }
        Ok(payments)
    }
}

/// The order, if it has not moved since a time though something is owed to it. What waits for people, for a shopper, or for a
/// parcel is not meant: those have times of their own.
fn stuck_since(order: &Order, since: Timestamp) -> Option<StuckOrder> {
    let placed: &Placed = order.placed()?;
    let is_owed = match placed.phase {
        Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Committing => true,
        Phase::Closed { .. } => !Orders::due(order).is_nothing(),
        // Its money has times of its own, until they are over.
        Phase::Confirmed => placed.is_stuck(),
        Phase::OnHold { .. } | Phase::Challenged | Phase::Completed => false,
    };
    let is_stuck = is_owed && (placed.updated_at <= since || placed.is_stuck());
    let standing = || placed.status().word().to_string();
    is_stuck.then(|| StuckOrder { id: placed.id, standing: standing(), since: placed.updated_at })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::order::{CancelReason, Ended, Undo};
    use crate::views::tests::Bench;
    use crate::views::tests::world::Wish;

    /// A confirmed order of the world's, as it would be in another phase.
    fn in_phase(phase: Phase) -> Order {
        let mut bench = Bench::new();
        let acme = bench.world.shop("acme", &[("MUG", 9)]);
        let id = bench.world.confirmed(&acme, &Wish::of(&[("MUG", 1)]));
        let Order::Placed(mut placed) = bench.world.shops[&acme].orders[&id].clone() else {
            panic!("it was placed")
        };
        placed.phase = phase;
        Order::Placed(placed)
    }

    #[test]
    fn who_waits_for_a_sibling_stands_still_and_who_waits_for_people_does_not() {
        let closed = |undo| Phase::Closed {
            ended: Ended::Canceled { reason: CancelReason::Customer, detail: None },
            undo,
        };
        let undo = Undo::default();
        let due_at = Timestamp::from_micros(1);
        let cases = [
            (Phase::Reserving, true),
            (Phase::Screening, true),
            (Phase::OnHold { due_at }, false),
            (Phase::Paying, true),
            (Phase::Challenged, false),
            (Phase::Committing, true),
            (Phase::Confirmed, false),
            (Phase::Completed, false),
            (closed(undo), false),
            (closed(Undo { fulfillment: true, ..undo }), true),
            (closed(Undo { stock: true, ..undo }), true),
            (closed(Undo { payment: true, ..undo }), true),
            (closed(Undo { review: true, ..undo }), true),
            (Phase::Closed { ended: Ended::Expired, undo: Undo { stock: true, ..undo } }, true),
        ];
        for (phase, stands_still) in cases {
            let order = in_phase(phase.clone());
            let placed = order.placed().expect("placed");
            let moved = placed.updated_at;
            let found = stuck_since(&order, moved);
            assert_eq!(found.is_some(), stands_still, "{phase:?}");
            if let Some(found) = found {
                assert_eq!((found.id, found.since), (placed.id, moved));
                assert_eq!(found.standing, placed.status().word().to_string());
            }
            let before = Timestamp::from_micros(moved.micros() - 1);
            assert_eq!(stuck_since(&order, before), None, "{phase:?} moved since");
        }
        // Money that cannot be taken is for people from the moment that it is not tried any more.
        let Order::Placed(mut placed) = in_phase(Phase::Confirmed) else { panic!("it was placed") };
        let before = Timestamp::from_micros(placed.updated_at.micros() - 1);
        placed.goods.waiting.push((1, 1));
        placed.goods.capture_failure = Some("lost_card".to_owned());
        let retried = |at| {
            let mut placed = placed.clone();
            placed.goods.capture_retry_at = at;
            stuck_since(&Order::Placed(placed), before).is_some()
        };
        assert!(!retried(Some(before)) && retried(None));
        assert_eq!(stuck_since(&Order::Unplaced, Timestamp::from_micros(i64::MAX)), None);
    }

    #[test]
    fn a_walk_meets_every_order_that_stands_still_and_no_other() {
        let mut bench = Bench::new();
        let shops = ["acme", "gifts"].map(|name| bench.world.shop(name, &[("MUG", 50)]));
        let mut still = BTreeSet::new();
        for shop in &shops {
            for _ in 0..3 {
                let id = bench.world.place(shop, &Wish::of(&[("MUG", 1)]));
                still.insert((shop.clone(), id));
            }
            bench.world.confirmed(shop, &Wish::of(&[("MUG", 1)]));
        }
        bench.world.now = bench.world.now.plus_secs(1);
        let since = bench.world.now;
        bench.world.now = since.plus_secs(60);
        let young = bench.world.place(&shops[0], &Wish::of(&[("MUG", 1)]));
        let mut reader = bench.look();
        let (mut found, mut after) = (BTreeSet::new(), None);
        loop {
            let page = reader.stuck_orders(since, after, 2).expect("readable");
            assert!(page.orders.len() <= 2);
            for (store, order) in page.orders {
                assert!(found.insert((store, order.id)), "met twice");
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, still);
        for (store, id) in &still {
            assert!(reader.is_stuck(store, *id, since).expect("readable"));
        }
        assert!(!reader.is_stuck(&shops[0], young, since).expect("readable"));
        assert!(!reader.is_stuck(&shops[1], OrderId::from_bits(7), since).expect("readable"));
    }
}

//! Views against stores that journal real events: what is folded, listed, answered and rebuilt.

mod answers;
mod lists;
mod log;
mod rebuild;
mod waiting;
pub(crate) mod world;

use std::path::Path;
use std::sync::Arc;

use super::{Options, Views, ViewsReader};
use crate::fulfillment::Fulfillments;
use crate::journal::Journal;
use crate::journal::memory::{MemoryJournal, Plan};
use crate::payment;
use crate::returns::Returns;
use crate::runtime::Aggregate;
use crate::store::settings::Store;
use crate::types::Timestamp;
use world::{Wish, World};

/// A journal, its world, and views that are written when a test says so.
pub(super) struct Bench {
    pub(super) directory: tempfile::TempDir,
    pub(super) world: World,
    pub(super) views: Arc<Views>,
}

pub(super) const INLINE: Options = Options {
    records_max: 64,
    interval_ms: 250,
    readers: 2,
    cache_kib: 1_024,
    is_inline: true,
    keys_since: Timestamp::from_micros(0),
};

impl Bench {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let world = World::new(MemoryJournal::new(Plan::faultless()));
        let views = open(directory.path(), &world.journal, INLINE);
        Self { directory, world, views }
    }

    /// Brings views up to everything that happened; returns a reader.
    pub(super) fn look(&self) -> ViewsReader {
        self.world.settle();
        self.views.pump().expect("views follow the journal");
        assert_eq!(self.views.lag(), 0);
        self.views.reader().expect("views can be read")
    }

    /// Views begin again, from the file or from nothing.
    pub(super) fn reopen(&mut self) {
        self.views = open(self.directory.path(), &self.world.journal, INLINE);
    }
}

pub(super) fn open(directory: &Path, journal: &Arc<dyn Journal>, options: Options) -> Arc<Views> {
    Views::open(directory, Arc::clone(journal), options).expect("views open")
}

/// Every document is what the store's own actors would know.
pub(super) fn same_as_actors(bench: &Bench) {
    let mut reader = bench.look();
    for (id, shop) in &bench.world.shops {
        let stored = reader.store(id).expect("readable").expect("provisioned");
        assert_eq!(Store::Known(Box::new(stored.known)), shop.tenant);
        assert_eq!(stored.sequence, shop.sequence);
        assert_eq!(stored.newest_order, shop.orders.keys().max().copied());
        for (order, state) in &shop.orders {
            assert_eq!(reader.order(id, *order).expect("readable").unwrap_or_default(), *state);
            assert_eq!(
                reader.reservation(id, *order).expect("readable").as_ref(),
                shop.stock.reservation(*order)
            );
            assert_eq!(reader.review(id, *order).expect("readable").as_ref(), shop.desk.review(*order));
        }
        for (order, state) in &shop.work {
            let stored = reader.fulfillment(id, *order).expect("readable").unwrap_or_default();
            assert_eq!(&stored, state, "{order}");
        }
        let open = reader.open_fulfillments_after(id, None, 1_000).expect("readable");
        let expected = shop.work.iter().filter(|(_, state)| !Fulfillments::due(state).is_nothing());
        assert_eq!(open, expected.map(|(order, state)| (*order, state.clone())).collect::<Vec<_>>());
        for (order, book) in &shop.returns {
            assert_eq!(&reader.returns(id, *order).expect("readable").unwrap_or_default(), book, "{order}");
        }
        let open = reader.open_returns_after(id, None, 1_000).expect("readable");
        let expected = shop.returns.iter().filter(|(_, book)| !Returns::due(book).is_nothing());
        assert_eq!(open, expected.map(|(order, book)| (*order, book.clone())).collect::<Vec<_>>());
        for (order, state) in &shop.payments {
            let stored = reader.payment(id, payment::id_of(*order)).expect("readable");
            assert_eq!(stored.unwrap_or_default(), *state);
        }
        let mut items = reader.items(id).expect("readable");
        items.sort_by(|a, b| a.sku.cmp(&b.sku));
        let mut expected: Vec<_> = shop.stock.items().cloned().collect();
        expected.sort_by(|a, b| a.sku.cmp(&b.sku));
        assert_eq!(items, expected);
        let mut held = reader.held_reservations(id).expect("readable");
        held.sort_by_key(|one| one.order);
        let known = shop.orders.keys().filter_map(|order| shop.stock.reservation(*order));
        assert_eq!(held, known.filter(|one| one.is_open()).cloned().collect::<Vec<_>>());
        let assessments = reader.assessments(id).expect("readable");
        assert!(assessments.iter().eq(shop.desk.velocity().assessments()));
        assert_eq!(reader.rules(id).expect("readable").rules(), shop.desk.rules().rules());
        let mut reviews = reader.reviews(id).expect("readable");
        reviews.sort_by_key(|one| one.order);
        let mut expected: Vec<_> = shop.desk.reviews().cloned().collect();
        expected.sort_by_key(|one| one.order);
        assert_eq!(reviews, expected);
        let mut kept = reader.kept_alerts(id).expect("readable");
        kept.sort_by_key(|one| one.id);
        let mut expected: Vec<_> = shop.alerts.all_kept().cloned().collect();
        expected.sort_by_key(|one| one.id);
        assert_eq!(kept, expected);
        let open = reader.open_orders_after(id, None, 1_000).expect("readable");
        let expected = shop.orders.iter().filter(|(_, state)| !crate::order::Orders::due(state).is_nothing());
        assert!(open.iter().map(|(id, state)| (id, state)).eq(expected));
        let open = reader.open_payments_after(id, None, 1_000).expect("readable");
        let expected = shop.payments.iter().filter(|(_, state)| !payment::Payment::due(state).is_nothing());
        assert!(open.into_iter().eq(expected.map(|(id, state)| (payment::id_of(*id), state.clone()))));
    }
}

#[test]
fn every_document_is_what_the_actors_know() {
    let mut bench = Bench::new();
    let acme = bench.world.shop("acme", &[("TSHIRT-M", 100), ("MUG", 3)]);
    let gifts = bench.world.shop("gifts", &[("POST", 50)]);
    let done = bench.world.confirmed(&acme, &Wish::of(&[("TSHIRT-M", 2)]));
    let short = bench.world.place(&acme, &Wish::of(&[("MUG", 9)]));
    bench.world.reserve(&acme, short);
    let open = bench.world.place(&gifts, &Wish::of(&[("POST", 1)]));
    bench.world.reserve(&gifts, open);
    same_as_actors(&bench);
    // Seen once, changed after: the second transaction goes on from the first.
    bench.world.cancel(&acme, done);
    bench.world.refunded(&acme, done);
    bench.world.assess(&gifts, open);
    same_as_actors(&bench);
    bench.reopen();
    bench.world.begin(&gifts, open);
    bench.world.decline(&gifts, open);
    same_as_actors(&bench);
    let stats = bench.look().stats(&acme, bench.world.now).expect("readable").expect("there");
    assert_eq!((stats.orders.total, stats.orders.canceled, stats.orders.last_hour), (2, 2, 2));
    assert_eq!((stats.revenue.captured, stats.revenue.refunded, stats.revenue.net), (2_000, 2_000, 0));
    assert_eq!((stats.inventory.skus, stats.inventory.low_stock), (2, 1));
    let node = bench.look().node_stats(bench.world.now).expect("readable");
    assert_eq!(
        (node.stores, node.orders.total, node.payments.succeeded, node.payments.declined),
        (2, 3, 1, 1)
    );
    assert_eq!(node.orders.last_hour, 3);
    assert_eq!(node.revenue.len(), 1);
}

#[test]
fn many_orders_outlive_the_rows_that_hold_their_lists() {
    let mut bench = Bench::new();
    let acme = bench.world.shop("acme", &[("MUG", 1_000_000)]);
    let orders: Vec<_> = (0..700).map(|_| bench.world.confirmed(&acme, &Wish::of(&[("MUG", 1)]))).collect();
    let mut reader = bench.look();
    let last = bench.world.shops[&acme].sequence;
    // Events in order and without a gap, whichever page they are asked in.
    let mut after = 0;
    while after < last {
        let page = reader.events(&acme, after, 97).expect("readable");
        assert!(page.iter().map(|event| event.sequence).eq(after + 1..=(after + 97).min(last)));
        after += page.len() as u64;
    }
    assert!(reader.events(&acme, last, 10).expect("readable").is_empty());
    assert!(reader.events(&acme, u64::MAX, 10).expect("readable").is_empty());
    let mug = world::sku("MUG");
    let (mut entries, mut cursor) = (0, None);
    loop {
        let page = reader.ledger(&acme, &mug, cursor.as_deref(), 100).expect("readable");
        entries += page.data.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(entries, 1 + 2 * orders.len(), "a receipt, and for each order a hold and its promise");
    let timeline = reader.timeline(&acme, orders[3]).expect("readable").expect("there");
    let kinds: Vec<&str> = timeline.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds.first(), Some(&"order.created"));
    assert_eq!(kinds.last(), Some(&"order.confirmed"));
    assert!(kinds.contains(&"payment.processed") && kinds.contains(&"fraud.assessed"));
    assert!(timeline.iter().all(|event| event.order_id == Some(orders[3])));
    let gifts = world::id("gifts");
    assert!(reader.timeline(&gifts, orders[3]).expect("readable").is_none(), "another store's");
    // An order of long ago changes: its place in the list is found again.
    bench.world.cancel(&acme, orders[0]);
    let mut reader = bench.look();
    let canceled = super::OrderFilter { status: Some(crate::order::Status::Canceled), ..Default::default() };
    let page = reader.orders(&acme, &canceled, None, 10).expect("readable");
    assert!(page.data.iter().map(|placed| placed.id).eq([orders[0]]));
}

#[test]
fn what_is_due_is_found_by_store_and_time() {
    let mut bench = Bench::new();
    let shops: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|name| bench.world.shop(name, &[("MUG", 9)])).collect();
    bench.world.confirmed(&shops[0], &Wish::of(&[("MUG", 1)]));
    let now = bench.world.place(&shops[1], &Wish::of(&[("MUG", 1)]));
    let later = bench.world.place(&shops[3], &Wish::of(&[("MUG", 1)]));
    let mut reader = bench.look();
    let at = bench.world.now;
    assert_eq!(reader.wakes(at, None, 10).expect("readable"), [shops[1].clone(), shops[3].clone()]);
    assert_eq!(reader.wakes(at, None, 1).expect("readable"), [shops[1].clone()]);
    assert_eq!(reader.wakes(at, Some(&shops[1]), 10).expect("readable"), [shops[3].clone()]);
    // Both come to rest but for a timer: one retry in the future.
    for (shop, order) in [(&shops[1], now), (&shops[3], later)] {
        bench.world.reserve(shop, order);
        bench.world.assess(shop, order);
        bench.world.begin(shop, order);
        bench.world.charge(shop, order);
        bench.world.commit(shop, order);
    }
    let held = bench.world.place(&shops[2], &Wish::of(&[("MUG", 1)]));
    bench.world.reserve(&shops[2], held);
    let mut reader = bench.look();
    assert_eq!(reader.wakes(bench.world.now, None, 10).expect("readable"), [shops[2].clone()]);
    let open = reader.open_stores().expect("readable");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].0, shops[2]);
}

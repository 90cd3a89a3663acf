//! Lists: every filter against looking at every order, page by page, and never another store's.

use super::super::orders::PARTS_AMONG;
use super::super::{OrderFilter, ReturnFilter, ReviewFilter, ViewsError};
use super::Bench;
use super::world::{Wish, id, sku};
use crate::order::{FulfillmentStatus, PaymentStatus, Placed, Status};
use crate::types::{OrderId, StoreId};

/// A month of two shops with orders in every state.
fn busy() -> Bench {
    let mut bench = Bench::new();
    let stock = [("TSHIRT-M", 400), ("MUG", 90), ("POST", 500), ("hat \"big\"", 20)];
    let shops = [bench.world.shop("acme", &stock), bench.world.shop("gifts", &stock)];
    let mut dice: u32 = 1;
    for nth in 0..2_500_u32 {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, which, how] = dice.to_le_bytes();
        bench.world.happen(&shops[usize::from(nth % 5 == 0)], what, which, how % 200);
        if nth % 400 == 0 {
            bench.look();
        }
    }
    bench
}

fn all_pages(bench: &Bench, store: &StoreId, filter: &OrderFilter, limit: usize) -> Vec<OrderId> {
    let mut reader = bench.look();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = reader.orders(store, filter, cursor.as_deref(), limit).expect("readable");
        assert!(page.data.len() <= limit);
        assert!(page.next_cursor.is_none() || page.data.len() == limit);
        found.extend(page.data.iter().map(|placed| placed.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return found;
        }
    }
}

fn by_looking(bench: &Bench, store: &StoreId, fits: impl Fn(&Placed) -> bool) -> Vec<OrderId> {
    let orders = bench.world.shops[store].orders.values().rev().filter_map(|order| order.placed());
    orders.filter(|placed| fits(placed)).map(|placed| placed.id).collect()
}

fn text(value: Option<&std::sync::Arc<str>>) -> &str {
    value.map_or("", |text| text)
}

#[test]
fn every_filter_finds_what_looking_at_every_order_finds() {
    let bench = busy();
    let none = OrderFilter::default;
    let middle = bench.world.shops[&id("acme")].orders.values().nth(150).and_then(|order| order.placed());
    let middle = middle.expect("enough orders").created_at;
    for store in ["acme", "gifts"].map(id) {
        let check = |name: &str, filter: OrderFilter, fits: &dyn Fn(&Placed) -> bool| {
            let expected = by_looking(&bench, &store, fits);
            for limit in [1, 7, 100] {
                assert_eq!(all_pages(&bench, &store, &filter, limit), expected, "{store} {name} {limit}");
            }
            expected.len()
        };
        check("none", none(), &|_| true);
        let mut seen = 0;
        for status in Status::ALL {
            seen += check("status", OrderFilter { status: Some(*status), ..none() }, &|placed| {
                placed.status() == *status
            });
        }
        assert_eq!(
            seen,
            bench.world.shops[&store].orders.values().filter(|order| order.placed().is_some()).count()
        );
        for status in PaymentStatus::ALL {
            let filter = OrderFilter { payment_status: Some(*status), ..none() };
            check("payment status", filter, &|placed| placed.payment_status() == *status);
        }
        for status in FulfillmentStatus::ALL {
            let filter = OrderFilter { fulfillment_status: Some(*status), ..none() };
            check("fulfilment status", filter, &|placed| placed.fulfillment_status() == *status);
        }
        let filter = OrderFilter { customer_id: Some("cus_2".into()), ..none() };
        assert!(check("customer", filter, &|placed| text(placed.cart.customer.id.as_ref()) == "cus_2") > 10);
        let filter = OrderFilter { email: Some("GRACE@example.com".into()), ..none() };
        let is_grace = |placed: &Placed| text(placed.cart.customer.email.as_ref()) == "Grace@Example.com";
        assert!(check("email", filter, &is_grace) > 10);
        let filter = OrderFilter { email: Some("ZOË@example.com".into()), ..none() };
        let is_zoe = |placed: &Placed| text(placed.cart.customer.email.as_ref()) == "zoë@example.com";
        assert!(check("email in capitals", filter, &is_zoe) > 10);
        check("nobody", OrderFilter { customer_id: Some("nobody".into()), ..none() }, &|_| false);
        for name in ["MUG", "TSHIRT-M", "hat \"big\"", "GHOST"] {
            let wants = |placed: &Placed| placed.cart.lines.iter().any(|line| line.sku.as_str() == name);
            assert!(check("sku", OrderFilter { sku: Some(sku(name)), ..none() }, &wants) > 5, "{name}");
            let filter = OrderFilter { sku: Some(sku(name)), status: Some(Status::Canceled), ..none() };
            check("sku and status", filter, &|placed| wants(placed) && placed.status() == Status::Canceled);
        }
        check("no such sku", OrderFilter { sku: Some(sku("NONE")), ..none() }, &|_| false);
        let filter = OrderFilter { created_after: Some(middle), ..none() };
        check("created after", filter, &|placed| placed.created_at >= middle);
        let filter = OrderFilter { created_before: Some(middle), ..none() };
        check("created before", filter, &|placed| placed.created_at < middle);
        let filter = OrderFilter {
            created_after: Some(middle),
            created_before: Some(middle.plus_secs(3_600)),
            payment_status: Some(PaymentStatus::Captured),
            ..none()
        };
        check("an hour's captured", filter, &|placed| {
            let at = placed.created_at;
            at >= middle && at < middle.plus_secs(3_600) && placed.payment_status() == PaymentStatus::Captured
        });
        let name =
            |placed: &Placed| placed.cart.shipping_address.as_ref().and_then(|address| address.name.clone());
        for (q, whole) in [("grace hopper", "grace hopper"), ("ZOË Ö", "zoë ö")] {
            let filter = OrderFilter { q: Some(q.into()), ..none() };
            check("q", filter, &|placed| text(name(placed).as_ref()).to_lowercase() == whole);
        }
        assert!(bench.world.shops[&store].orders.len() < PARTS_AMONG, "so that parts are found among all");
        let filter = OrderFilter { q: Some("lovel".into()), ..none() };
        check("part of a name", filter, &|placed| text(name(placed).as_ref()).contains("Lovel"));
        let filter = OrderFilter { q: Some("  ".into()), ..none() };
        check("an empty search", filter, &|_| true);
        let some = by_looking(&bench, &store, |_| true)[30];
        check("an id", OrderFilter { q: Some(some.to_string()), ..none() }, &|placed| placed.id == some);
        let end = some.to_string().to_lowercase()[20..].to_owned();
        let filter = OrderFilter { q: Some(end.clone()), ..none() };
        check("an id's end", filter, &|placed| placed.id.to_string().to_lowercase().contains(&end));
    }
}

#[test]
fn nothing_of_another_store_is_shown_and_its_cursors_are_refused() {
    let bench = busy();
    let mut reader = bench.look();
    let (acme, gifts) = (id("acme"), id("gifts"));
    let own = &bench.world.shops[&gifts].orders;
    let page = reader.orders(&acme, &OrderFilter::default(), None, 5).expect("readable");
    assert!(page.data.iter().all(|placed| !own.contains_key(&placed.id)));
    let cursor = page.next_cursor.expect("there are more");
    let refused = |found: Result<_, ViewsError>| matches!(found, Err(ViewsError::Cursor));
    assert!(refused(reader.orders(&gifts, &OrderFilter::default(), Some(&cursor), 5).map(drop)));
    assert!(refused(reader.list_items(&acme, None, Some(&cursor), 5).map(drop)), "another list's");
    assert!(refused(reader.ledger(&gifts, &sku("MUG"), Some(&cursor), 5).map(drop)));
    assert!(refused(reader.list_reviews(&gifts, ReviewFilter::All, Some(&cursor), 5).map(drop)));
    assert!(refused(reader.list_returns(&gifts, ReturnFilter::default(), Some(&cursor), 5).map(drop)));
    assert!(refused(reader.stores(Some(&cursor), 5).map(drop)));
    assert!(refused(reader.orders(&acme, &OrderFilter::default(), Some("0123"), 5).map(drop)));
    let foreign = *own.keys().next().expect("an order");
    assert_eq!(reader.order(&acme, foreign).expect("readable"), None);
    assert!(reader.timeline(&acme, foreign).expect("readable").is_none());
    let search = OrderFilter { q: Some(foreign.to_string()), ..OrderFilter::default() };
    assert!(reader.orders(&acme, &search, None, 5).expect("readable").data.is_empty());
    assert!(reader.events(&acme, 0, 10_000).expect("readable").iter().all(|event| event.store_id == acme));
    assert!(
        reader.orders(&id("nobody"), &OrderFilter::default(), None, 5).expect("readable").data.is_empty()
    );
}

#[test]
fn stores_items_and_reviews_come_page_by_page() {
    let bench = busy();
    let mut reader = bench.look();
    let first = reader.stores(None, 1).expect("readable");
    assert!(first.data.iter().map(|known| known.id.as_str()).eq(["gifts"]), "the newest first");
    let second = reader.stores(first.next_cursor.as_deref(), 1).expect("readable");
    assert!(second.data.iter().map(|known| known.id.as_str()).eq(["acme"]));
    assert_eq!(second.next_cursor, None);
    let acme = id("acme");
    let shop = &bench.world.shops[&acme];
    let (mut items, mut cursor) = (0, None);
    loop {
        let page = reader.list_items(&acme, None, cursor.as_deref(), 3).expect("readable");
        items += page.data.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(items, shop.stock.items().count());
    for condition in [crate::inventory::Condition::LowStock, crate::inventory::Condition::OutOfStock] {
        let page = reader.list_items(&acme, Some(condition), None, 100).expect("readable");
        assert_eq!(page.data.len(), shop.stock.items().filter(|item| item.condition() == condition).count());
    }
    let all: usize = shop.desk.reviews().count();
    assert!(all > 3);
    for (filter, expected) in [
        (ReviewFilter::All, all),
        (ReviewFilter::Open, shop.desk.reviews().filter(|review| review.is_open()).count()),
        (ReviewFilter::Closed, shop.desk.reviews().filter(|review| !review.is_open()).count()),
    ] {
        let (mut found, mut cursor): (Vec<OrderId>, _) = (Vec::new(), None);
        loop {
            let page = reader.list_reviews(&acme, filter, cursor.as_deref(), 2).expect("readable");
            found.extend(page.data.iter().map(|review| review.order));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), expected);
        assert!(found.is_sorted_by(|newer, older| newer > older));
    }
}

#[test]
fn every_filter_of_returns_finds_what_looking_at_every_return_finds() {
    use crate::returns::Phase;
    let mut bench = Bench::new();
    let shops = ["acme", "gifts"].map(|name| bench.world.shop(name, &[("TSHIRT-M", 500)]));
    let mut orders = Vec::new();
    for store in &shops {
        bench.world.desk(store, crate::fraud::Command::SetRules { rules: Vec::new() });
        for _ in 0..6 {
            orders.push((store.clone(), bench.world.sent_back(store, &Wish::of(&[("TSHIRT-M", 4)]))));
        }
    }
    let mut dice: u32 = 3;
    for nth in 0..60 {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, which, how, _] = dice.to_le_bytes();
        let (store, order) = &orders[usize::from(which) % orders.len()];
        bench.world.bring_back(store, *order, usize::from(how));
        if nth % 20 == 0 {
            bench.look();
        }
    }
    let mut reader = bench.look();
    for store in shops {
        let books = &bench.world.shops[&store].returns;
        let all: Vec<_> = books.values().flat_map(|book| &book.returns).collect();
        assert!(all.len() > 6, "some orders have several: {}", all.len());
        let busiest = all.iter().max_by_key(|one| books[&one.order].returns.len()).expect("one").order;
        let statuses = Phase::ALL.iter().copied().map(Some).chain([None]);
        for (status, order) in statuses.flat_map(|status| [None, Some(busiest)].map(|order| (status, order)))
        {
            let fits = |one: &&&crate::returns::Return| {
                status.is_none_or(|status| one.phase == status)
                    && order.is_none_or(|order| one.order == order)
            };
            let mut expected: Vec<_> = all.iter().filter(fits).map(|one| one.id()).collect();
            let (mut found, mut cursor) = (Vec::new(), None);
            let mut asked_at = None;
            loop {
                let filter = ReturnFilter { status, order };
                let page = reader.list_returns(&store, filter, cursor.as_deref(), 2).expect("readable");
                for one in &page.data {
                    assert!(asked_at.is_none_or(|newer| newer >= one.requested_at), "the newest first");
                    asked_at = Some(one.requested_at);
                    assert_eq!(*one, *books[&one.order].get(one.number).expect("there"));
                    found.push(one.id());
                }
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{status:?} {order:?}");
        }
    }
}

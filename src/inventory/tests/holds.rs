//! Holds: made whole or not at all, kept for a while, and ended once.

use super::*;

#[test]
fn demand_is_summed_over_lines_before_it_is_checked() {
    let mut shop = Shop::given([set("A", 5, 0)]);
    assert_eq!(
        shop.tell(1, hold(1, &[("A", 3), ("A", 3)])),
        "no: not enough stock of A (6 wanted, 5 available)"
    );
    assert_eq!(shop.tell(1, hold(1, &[("A", 2), ("A", 2)])), "reserved 4xA");
}

#[test]
fn all_lines_are_held_or_none() {
    let mut shop = Shop::given([set("A", 5, 0), set("B", 1, 0)]);
    assert_eq!(
        shop.tell(1, hold(1, &[("A", 1), ("B", 2)])),
        "no: not enough stock of B (2 wanted, 1 available)"
    );
    assert_eq!(shop.figures("A"), [5, 0, 0, 5]);
    assert_eq!(shop.tell(1, hold(1, &[("A", 1), ("C", 2)])), "no: no item C");
}

#[test]
fn a_store_that_back_orders_holds_what_there_is() {
    let mut shop = Shop::given([set("A", 5, 0), set("B", 1, 0)]);
    let wish = reserve(1, &[("A", 7), ("B", 1)], 900, OutOfStock::Backorder);
    assert_eq!(shop.tell(1, wish), "reserved 5+2xA 1xB; A out_of_stock at 0; B out_of_stock at 0");
    let standing = shop.stock.standing(order(1));
    let owed = Standing::Held { reservation: reservation(1), expires_at: at(900), backordered: 2 };
    assert_eq!(standing, Some(owed));
    assert_eq!(shop.tell(2, Command::Commit { order: order(1) }), "committed 5+2xA 1xB");
    assert_eq!(shop.figures("A"), [5, 0, 5, 0]);
}

#[test]
fn a_reservation_goes_its_way_and_repeats_change_nothing() {
    let mut shop = Shop::given([set("A", 5, 0)]);
    let commit = || Command::Commit { order: order(1) };
    let ship = || Command::Ship { order: order(1), parcel: None };
    assert_eq!(shop.tell(1, ship()), format!("no: nothing is reserved for {}", order(1)));
    assert_eq!(shop.tell(1, release(1)), "");
    assert_eq!(shop.tell(1, hold(1, &[("A", 2)])), "reserved 2xA");
    assert_eq!(shop.tell(2, hold(1, &[("A", 2)])), "");
    assert_eq!(shop.tell(2, ship()), format!("no: the reservation of {} is held", order(1)));
    assert_eq!(shop.figures("A"), [5, 2, 0, 3]);
    assert_eq!(shop.tell(3, commit()), "committed 2xA");
    assert_eq!(shop.tell(3, commit()), "");
    assert_eq!(shop.tell(3, hold(1, &[("A", 2)])), "");
    assert_eq!(shop.figures("A"), [5, 0, 2, 3]);
    assert_eq!(shop.tell(4, ship()), "shipped 2xA");
    assert_eq!(shop.tell(4, ship()), "");
    assert_eq!(shop.tell(4, release(1)), "");
    assert_eq!(shop.figures("A"), [3, 0, 0, 3]);
}

#[test]
fn a_hold_counts_until_its_time_and_not_a_moment_longer() {
    let mut shop = Shop::given([set("A", 2, 0), hold(1, &[("A", 2)])]);
    assert_eq!(Inventory::due(&shop.stock).earliest(), Some(at(900)));
    assert_eq!(shop.tell(899, hold(2, &[("A", 1)])), "no: not enough stock of A (1 wanted, 0 available)");
    let view = ItemView::at(&shop.stock, "A", at(900)).expect("an item");
    assert_eq!((view.available, view.reserved), (2, 0));
    // One decision: the old hold goes, the new one comes, and the reorder point is not crossed twice.
    assert_eq!(
        shop.tell(900, reserve(2, &[("A", 2)], 2_000, OutOfStock::Cancel)),
        "expired 2xA; reserved 2xA"
    );
    assert_eq!(Inventory::due(&shop.stock).earliest(), Some(at(2_000)));
    assert_eq!(shop.tell(2_000, Command::Expire), "expired 2xA; A in_stock at 2");
    assert!(Inventory::due(&shop.stock).is_nothing());
}

#[test]
fn an_expired_hold_may_be_held_anew() {
    let mut shop = Shop::given([set("A", 2, 0), hold(1, &[("A", 2)])]);
    assert_eq!(shop.tell(900, Command::Expire), "expired 2xA; A in_stock at 2");
    assert_eq!(shop.stock.standing(order(1)), Some(Standing::Expired));
    assert_eq!(
        shop.tell(901, reserve(1, &[("A", 2)], 1_000, OutOfStock::Cancel)),
        "reserved 2xA; A out_of_stock at 0"
    );
    // Even in the same decision in which it expires.
    assert_eq!(
        shop.tell(1_000, reserve(1, &[("A", 1)], 1_100, OutOfStock::Cancel)),
        "expired 2xA; reserved 1xA; A in_stock at 1"
    );
}

#[test]
fn a_late_commit_holds_anew_or_says_what_is_short() {
    let given = || Shop::given([set("A", 2, 0), hold(1, &[("A", 2)])]);
    let commit = || Command::Commit { order: order(1) };
    assert_eq!(given().tell(900, commit()), "expired 2xA; reserved 2xA; committed 2xA");

    let mut shop = given();
    shop.tell(900, Command::Expire);
    assert_eq!(shop.tell(950, commit()), "reserved 2xA; committed 2xA; A out_of_stock at 0");
    assert_eq!(shop.tell(950, commit()), "");

    let mut shop = given();
    assert_eq!(
        shop.tell(900, reserve(2, &[("A", 1)], 5_000, OutOfStock::Cancel)),
        "expired 2xA; reserved 1xA; A in_stock at 1"
    );
    assert_eq!(shop.tell(950, commit()), "no: not enough stock of A (2 wanted, 1 available)");
    assert_eq!(shop.figures("A"), [2, 1, 0, 1]);
}

#[test]
fn a_hold_is_made_longer_but_not_shorter_nor_for_ever() {
    let mut shop = Shop::given([set("A", 2, 0), hold(1, &[("A", 1)])]);
    let extend = |until| Command::Extend { order: order(1), expires_at: at(until) };
    assert_eq!(shop.tell(1, extend(1_000)), "extended");
    assert_eq!(shop.tell(1, extend(1_000)), "");
    assert_eq!(shop.tell(1, extend(900)), "");
    assert_eq!(Inventory::due(&shop.stock).earliest(), Some(at(1_000)));
    for more in 1..i64::from(EXTENSIONS_MAX) {
        assert_eq!(shop.tell(1, extend(1_000 + more)), "extended");
    }
    assert!(shop.tell(1, extend(2_000)).starts_with("no: "));
    let expired = format!("no: the reservation of {} is expired", order(1));
    assert_eq!(shop.tell(1_500, extend(2_000)), expired);
}

#[test]
fn many_due_holds_go_in_bounded_batches_but_never_stand_in_the_way() {
    let count = EXPIRED_PER_SWEEP_MAX + 44;
    let mut shop = Shop::given([set("A", count as u32, 0)]);
    for n in 0..count {
        shop.ask(0, hold(n as u128, &[("A", 1)])).expect("enough");
    }
    let all = [("A", count as u32)];
    let mut shop_in_need = Shop { stock: shop.stock.clone(), replayed: Stock::default() };
    assert_eq!(shop.ask(900, Command::Expire).map(|events| events.len()), Ok(256 + 1));
    assert_eq!(Inventory::due(&shop.stock).earliest(), Some(at(900)));
    assert_eq!(shop.ask(900, Command::Expire).map(|events| events.len()), Ok(44));
    assert!(Inventory::due(&shop.stock).is_nothing());

    let wish = reserve(9_999, &all, 2_000, OutOfStock::Cancel);
    let events = shop_in_need.ask(900, wish).expect("all holds are due");
    assert_eq!(events.len(), count + 1);
}

#[test]
fn a_hold_that_is_due_behind_many_others_ends_once_and_in_favour_of_its_order() {
    let count = EXPIRED_PER_SWEEP_MAX + 44;
    let last = count as u128 - 1;
    let all = [("A", count as u32)];
    let given = || {
        let mut shop = Shop::given([set("A", count as u32, 0)]);
        for n in 0..=last {
            shop.ask(0, hold(n, &[("A", 1)])).expect("enough");
        }
        shop
    };
    let mut shop = given();
    let events = shop.ask(900, reserve(last, &all, 2_000, OutOfStock::Cancel)).expect("all are due");
    assert_eq!(events.len(), count + 1);
    assert_eq!(shop.figures("A"), [count as i64, count as i64, 0, 0]);

    let mut shop = given();
    let events = shop.ask(900, Command::Commit { order: order(last) }).expect("one is free by then");
    assert_eq!(events.len(), EXPIRED_PER_SWEEP_MAX + 1 + 2 + 1);

    // Nor do they stand in the way of people who count.
    let mut shop = given();
    assert_eq!(shop.ask(900, set("A", 0, 0)).map(|events| events.len()), Ok(count + 1));
    assert_eq!(shop.figures("A"), [0, 0, 0, 0]);
}

#[test]
fn orders_of_many_lines_are_summed_and_held() {
    let names: Vec<String> = (0..40).map(|n| format!("S{n}")).collect();
    let mut shop = Shop::given(names.iter().map(|name| set(name, 3, 0)));
    let twice: Vec<(&str, u32)> = names.iter().chain(&names).map(|name| (name.as_str(), 1)).collect();
    let events = shop.ask(1, hold(1, &twice)).expect("three of each");
    let [Event::Reserved(reserved)] = &events[..] else { panic!("one event: {events:?}") };
    assert_eq!(reserved.lines.len(), 40, "a line a SKU");
    assert!(reserved.lines.iter().all(|line| line.quantity == 2));
    assert!(names.iter().all(|name| shop.figures(name) == [3, 2, 0, 1]));
    let again: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 2)).collect();
    let Err(Rejection::Short { shortages }) = shop.ask(2, hold(2, &again)) else {
        panic!("one of each is left");
    };
    assert_eq!(shortages.len(), 40);
    assert_eq!(shop.ask(2, hold(3, &[])), Err(Rejection::NoLines));
    let mut endless = vec![("S1", 1); LINES_MAX + 1];
    assert_eq!(shop.ask(2, hold(4, &endless)), Err(Rejection::TooManyLines));
    endless.pop();
    assert!(matches!(shop.ask(2, hold(4, &endless)), Err(Rejection::Short { .. })));
}

#[test]
fn many_items_that_two_holds_share_are_each_told_of_once() {
    for count in [2, 16, 17, 18, 40] {
        let names: Vec<String> = (0..count).map(|n| format!("S{n}")).collect();
        let one_of_each: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let mut shop = Shop::given(names.iter().map(|name| set(name, 10, 8)));
        shop.ask(1, hold(1, &one_of_each)).expect("enough");
        assert_eq!(
            shop.ask(1, hold(2, &one_of_each)).map(|events| events.len()),
            Ok(1 + count),
            "all run low"
        );
        let events = shop.ask(900, Command::Expire).expect("their time has come");
        let there_again = names.iter().map(|name| format!("{name} in_stock at 10"));
        let told: Vec<String> = events.iter().skip(2).map(told).collect();
        assert_eq!(told, there_again.collect::<Vec<_>>());
    }
}

#[test]
fn holds_whose_time_has_come_are_counted() {
    let shop =
        Shop::given([set("A", 9, 0), hold(1, &[("A", 1)]), reserve(2, &[("A", 1)], 950, OutOfStock::Cancel)]);
    let counts = [899, 900, 949, 950].map(|now| shop.stock.overdue_count(at(now)));
    assert_eq!(counts, [0, 1, 1, 2]);
}

#[test]
fn what_was_forgotten_takes_no_room() {
    let mut shop = Shop::given([set("A", 100, 0)]);
    for n in 1..=21 {
        shop.tell(1, reserve(n, &[("A", 1)], 9_999, OutOfStock::Cancel));
    }
    for n in 1..=20 {
        shop.tell(1, Command::Commit { order: order(n) });
    }
    (1..=20).for_each(|n| shop.stock.forget(order(n)));
    shop.stock.give_back();
    assert!(shop.stock.knows(order(21)) && shop.stock.room() < 4, "{}", shop.stock.room());
}

#[test]
fn what_rests_can_be_forgotten_and_recalled() {
    let mut shop = Shop::given([set("A", 5, 0), hold(1, &[("A", 1)]), hold(2, &[("A", 1)])]);
    shop.tell(1, Command::Commit { order: order(1) });
    for n in [1, 2] {
        shop.stock.forget(order(n));
    }
    assert!(!shop.stock.knows(order(1)) && shop.stock.knows(order(2)));
    let items: Vec<_> = shop.stock.items().cloned().collect();
    let held = shop.stock.reservation(order(2)).cloned();
    assert_eq!(Stock::restore(items, held), shop.stock);

    let kept = shop.replayed.reservation(order(1)).cloned().expect("never forgotten there");
    shop.stock.recall(kept);
    // Brought back twice, and over what is known, it is there once.
    let held = shop.stock.reservation(order(2)).cloned().expect("held");
    let until = Phase::Held { expires_at: at(9_999), extensions: 0 };
    shop.stock.recall(Reservation { phase: until, ..held.clone() });
    shop.stock.recall(held);
    assert_eq!(shop.stock, shop.replayed);
    assert_eq!(shop.tell(2, release(1)), "canceled 1xA");
    assert_eq!(shop.figures("A"), [5, 1, 0, 4]);
}

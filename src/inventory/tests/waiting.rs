//! Orders that wait for stock: served by age, whatever frees it.

use super::*;

fn wait_for(n: u128, lines: &[(&str, u32)]) -> [Command; 2] {
    [reserve(n, lines, 900, OutOfStock::Backorder), Command::Commit { order: order(n) }]
}

fn arrived(shop: &Shop) -> Vec<u128> {
    let steps = Inventory::due(&shop.stock).steps;
    steps.into_iter().map(|Step::TellArrival { order }| order.bits()).collect()
}

#[test]
fn what_arrives_goes_to_those_that_wait_the_oldest_first() {
    let mut shop = Shop::given([set("A", 1, 0)]);
    // The first gets the one there is and is owed two; they are numbered by age, whenever they were confirmed.
    for n in [1, 3, 2] {
        for command in wait_for(n, &[("A", if n == 1 { 3 } else { 2 })]) {
            shop.ask(1, command).expect("back-ordered");
        }
    }
    assert_eq!(shop.figures("A"), [1, 0, 1, 0]);
    assert_eq!(shop.moves(2, adjust("A", 1)), "adjusted A by 1", "one is nobody's two");
    assert_eq!(shop.figures("A"), [2, 0, 1, 1]);
    let told = shop.moves(3, adjust("A", 2));
    assert_eq!(told, "adjusted A by 2; 2xA arrived for 1");
    assert_eq!((shop.figures("A"), arrived(&shop)), ([4, 0, 3, 1], vec![1]));
    assert_eq!(shop.moves(4, set("A", 9, 0)), "set A to 9; 2xA arrived for 2; 2xA arrived for 3");
    assert_eq!((shop.figures("A"), arrived(&shop)), ([9, 0, 7, 2], vec![1, 2, 3]));
    for n in 1..4 {
        assert_eq!(shop.moves(5, Command::ArrivalHeard { order: order(n) }), format!("heard of {n}"));
        assert_eq!(shop.moves(5, Command::ArrivalHeard { order: order(n) }), "", "heard once");
    }
    assert!(Inventory::due(&shop.stock).is_nothing());
    assert_eq!(shop.moves(6, Command::Serve { skus: vec![] }), "", "nobody waits");
}

#[test]
fn an_order_gets_all_that_it_is_owed_or_nothing_and_lets_others_pass() {
    let mut shop = Shop::given([set("A", 0, 0), set("B", 0, 0)]);
    for (n, lines) in [(1, vec![("A", 2), ("B", 1)]), (2, vec![("A", 1)])] {
        for command in wait_for(n, &lines) {
            shop.ask(1, command).expect("back-ordered");
        }
    }
    assert_eq!(shop.moves(2, adjust("A", 2)), "adjusted A by 2; 1xA arrived for 2", "both or none");
    assert_eq!(shop.figures("A"), [2, 0, 1, 1]);
    // A newcomer may have what nobody that waits can be served with.
    assert!(shop.moves(3, hold(3, &[("A", 1)])).starts_with("reserved 1xA"));
    assert_eq!(shop.moves(4, adjust("B", 1)), "adjusted B by 1", "there is no A any more");
    let freed = shop.moves(5, release(3));
    assert!(!freed.contains("arrived"), "one A is one too few: {freed}");
    let told = shop.moves(6, adjust("A", 1));
    assert!(told.starts_with("adjusted A by 1; 2xA 1xB arrived for 1"), "{told}");
    assert_eq!((shop.figures("A"), shop.figures("B")), ([3, 0, 3, 0], [1, 0, 1, 0]));
}

#[test]
fn what_arrives_is_what_was_owed_and_until_that_is_told_nothing_is_forgotten() {
    let mut shop = Shop::given([set("A", 1, 0), set("B", 0, 0)]);
    for command in wait_for(1, &[("A", 1), ("B", 1)]) {
        shop.ask(1, command).expect("back-ordered");
    }
    shop.stock.forget(order(1));
    assert!(shop.stock.knows(order(1)), "it waits");
    assert_eq!(shop.moves(2, adjust("B", 1)), "adjusted B by 1; 1xB arrived for 1", "A was there");
    shop.stock.forget(order(1));
    assert!(shop.stock.knows(order(1)), "nobody was told");
    shop.tell(3, Command::ArrivalHeard { order: order(1) });
    shop.stock.forget(order(1));
    assert!(!shop.stock.knows(order(1)));
}

#[test]
fn whatever_frees_stock_serves_those_that_wait() {
    let ways: [(&str, Vec<Command>, Command); 5] = [
        ("a count", vec![], set("A", 6, 0)),
        ("a correction", vec![], adjust("A", 1)),
        ("a cancelation", vec![hold(9, &[("A", 1)])], release(9)),
        (
            "a part that will not leave",
            vec![hold(9, &[("A", 1)]), Command::Commit { order: order(9) }],
            Command::GiveBack { order: order(9), parcel: parcel(1, &[(0, 1)]), is_missing: false },
        ),
        (
            "a return",
            vec![
                hold(9, &[("A", 1)]),
                Command::Commit { order: order(9) },
                Command::Ship { order: order(9), parcel: None },
            ],
            take_back(9, 1, &[(0, 1, 0, 0)]),
        ),
    ];
    for (what, before, frees) in ways {
        let mut shop = Shop::given([set("A", 5, 0), hold(8, &[("A", 4)])]);
        for command in before.into_iter().chain(wait_for(1, &[("A", 2)])) {
            shop.ask(1, command).expect("asked");
        }
        // One of two was there, or none where somebody else had it.
        let told = shop.moves(2, frees);
        let is_served = !arrived(&shop).is_empty();
        let owed = shop.stock.reservation(order(1)).expect("known").backordered();
        assert_eq!((is_served, owed == 0), (told.contains("arrived"), is_served), "{what}: {told}");
        let missing = i64::from(owed) - shop.figures("A")[3];
        shop.ask(3, adjust("A", missing.max(0))).expect("the rest");
        assert!(!arrived(&shop).is_empty(), "{what}");
    }
    // The time of a hold is over.
    let mut shop = Shop::given([set("A", 1, 0), reserve(8, &[("A", 1)], 10, OutOfStock::Cancel)]);
    for command in wait_for(1, &[("A", 1)]) {
        shop.ask(1, command).expect("back-ordered");
    }
    let told = shop.moves(11, Command::Expire);
    assert!(told.contains("1xA arrived for 1"), "{told}");
}

#[test]
fn who_does_not_wait_any_more_is_promised_nothing() {
    let mut shop = Shop::given([set("A", 1, 0)]);
    for n in [1, 2, 3] {
        for command in wait_for(n, &[("A", 2)]) {
            shop.ask(1, command).expect("back-ordered");
        }
    }
    let owed = |number, quantity| parcel(number, &[(0, quantity)]);
    let forgo = |n, parcel| Command::Forgo { order: order(n), parcel };
    assert_eq!(shop.moves(2, forgo(1, owed(2, 1))), "1 waits no more for 1xA");
    assert_eq!(shop.moves(2, forgo(1, owed(2, 1))), "", "said again");
    assert_eq!(shop.figures("A"), [1, 0, 1, 0], "the one it has is its own");
    assert_eq!(shop.moves(3, release(2)), "canceled 0+2xA", "an order ends, and waits no more");
    assert_eq!(shop.moves(4, adjust("A", 2)), "adjusted A by 2; 2xA arrived for 3");
    // It came before the word that nobody wants it: it is free again.
    let told = shop.moves(5, forgo(3, owed(1, 2)));
    assert_eq!(told, "canceled 2xA");
    assert_eq!(shop.moves(5, forgo(3, owed(1, 2))), "", "given back once");
    assert_eq!(shop.figures("A"), [3, 0, 1, 2]);
    assert_eq!(shop.moves(6, Command::Ship { order: order(1), parcel: Some(owed(1, 1)) }), "shipped 1xA");
    assert_eq!(shop.stock.reservation(order(1)).map(|known| known.phase), Some(Phase::Fulfilled));
}

#[test]
fn what_arrives_after_the_rest_has_left_leaves_too() {
    let mut shop = Shop::given([set("A", 1, 0)]);
    for command in wait_for(1, &[("A", 3)]) {
        shop.ask(1, command).expect("back-ordered");
    }
    shop.ask(2, Command::Ship { order: order(1), parcel: Some(parcel(1, &[(0, 1)])) }).expect("shipped");
    assert_eq!(
        shop.stock.reservation(order(1)).map(|known| known.phase),
        Some(Phase::Committed),
        "two are owed"
    );
    shop.ask(3, adjust("A", 5)).expect("counted");
    assert_eq!(shop.figures("A"), [5, 0, 2, 3]);
    shop.ask(4, Command::Ship { order: order(1), parcel: Some(parcel(2, &[(0, 2)])) }).expect("shipped");
    assert_eq!(shop.stock.reservation(order(1)).map(|known| known.phase), Some(Phase::Fulfilled));
    assert_eq!(shop.figures("A"), [3, 0, 0, 3]);
}

#[test]
fn a_crowd_is_served_in_portions_and_nobody_is_overlooked() {
    let mut shop = Shop::given([set("A", 0, 0)]);
    let crowd = SERVED_MAX as u128 + 10;
    for n in 1..=crowd {
        for command in wait_for(n, &[("A", 1)]) {
            shop.ask(1, command).expect("back-ordered");
        }
    }
    shop.ask(2, adjust("A", 1_000)).expect("counted");
    assert_eq!(arrived(&shop).len(), SERVED_MAX);
    shop.ask(3, Command::Serve { skus: vec![] }).expect("looked again");
    assert_eq!(arrived(&shop).len() as u128, crowd);
    assert_eq!(shop.moves(4, Command::Serve { skus: vec![] }), "");
}

#[test]
fn whoever_waits_is_served_once_though_a_hold_ends_in_the_same_breath() {
    let mut shop = Shop::given([set("A", 2, 0)]);
    shop.ask(1, reserve(1, &[("A", 2)], 50, OutOfStock::Cancel)).expect("held until then");
    for command in wait_for(2, &[("A", 1)]) {
        shop.ask(1, command).expect("back-ordered");
    }
    let told = shop.moves(60, Command::Serve { skus: vec![sku("A")] });
    assert_eq!(told.matches("1xA arrived for 2").count(), 1, "{told}");
    assert_eq!(shop.figures("A"), [2, 0, 1, 1]);
}

/// A replay must announce the same, and it knows who waits in another order.
#[test]
fn what_serving_all_announces_comes_in_one_order() {
    let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];
    let mut shop = Shop::given(names.map(|name| set(name, 32, 5)));
    shop.ask(1, hold(1_000, &names.map(|name| (name, 32)))).expect("held");
    // More than one decision serves: some wait on though there is enough.
    for (n, name) in (1..=360).zip(names.into_iter().cycle()) {
        for command in wait_for(n, &[(name, 1)]) {
            shop.ask(1, command).expect("back-ordered");
        }
    }
    shop.ask(2, release(1_000)).expect("released");
    assert_eq!(arrived(&shop).len(), SERVED_MAX);
    let events = shop.ask(3, Command::Serve { skus: vec![] }).expect("looked");
    assert_eq!(arrived(&shop).len(), 360);
    let announced = events.iter().filter_map(|event| {
        if let Event::ThresholdReached(reached) = event { Some(reached.sku.as_str()) } else { None }
    });
    // The first SKU is looked at first, and then those of who is served.
    let expected = ["A", "E", "F", "G", "H", "I", "J", "K", "L", "B", "C", "D"];
    assert_eq!(announced.collect::<Vec<_>>(), expected);
}

#[test]
fn who_leaves_with_what_there_is_waits_no_more() {
    let mut shop = Shop::given([set("A", 3, 0)]);
    shop.ask(1, reserve(1, &[("A", 2)], 50, OutOfStock::Cancel)).expect("held until then");
    for command in wait_for(2, &[("A", 2)]) {
        shop.ask(1, command).expect("back-ordered");
    }
    let told = shop.moves(60, Command::Ship { order: order(2), parcel: None });
    assert!(!told.contains("arrived"), "{told}");
    assert_eq!(shop.figures("A"), [2, 0, 0, 2]);
}

//! What leaves, what stays after all, and what comes back.

use super::*;

#[test]
fn committed_stock_leaves_in_parcels_and_each_counts_once() {
    let mut shop = Shop::given([set("A", 9, 0), set("B", 9, 0), hold(1, &[("A", 3), ("B", 1)])]);
    let ship = |number, lines: &[(usize, u32)]| Command::Ship {
        order: order(1),
        parcel: Some(parcel(number, lines)),
    };
    let held = format!("no: the reservation of {} is held", order(1));
    assert_eq!(shop.tell(1, ship(1, &[(0, 1)])), held);
    shop.tell(1, Command::Commit { order: order(1) });
    assert_eq!(shop.tell(2, ship(1, &[(0, 1), (0, 1)])), "shipped 2xA");
    assert_eq!(shop.tell(2, ship(1, &[(0, 2)])), "", "the same parcel again");
    assert_eq!(shop.figures("A"), [7, 0, 1, 6]);
    assert_eq!(shop.tell(3, ship(2, &[(0, 2)])), "no: not enough stock of A (2 wanted, 1 available)");
    let give_back = Command::GiveBack { order: order(1), parcel: parcel(2, &[(0, 1)]), is_missing: false };
    assert_eq!(shop.tell(3, give_back.clone()), "canceled 1xA");
    assert_eq!(shop.tell(3, give_back), "", "given back once");
    assert_eq!(shop.figures("A"), [7, 0, 0, 7]);
    assert_eq!(shop.tell(4, release(1)), "canceled 0xA 1xB", "the rest, at once");
    assert_eq!((shop.figures("A"), shop.figures("B")), ([7, 0, 0, 7], [9, 0, 0, 9]));
}

#[test]
fn what_is_missing_is_struck_from_the_stock_as_it_is_given_back() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 3)]), Command::Commit { order: order(1) }]);
    let missing = Command::GiveBack { order: order(1), parcel: parcel(2, &[(0, 2)]), is_missing: true };
    let available = shop.figures("A")[3];
    shop.tell(1, missing.clone());
    assert_eq!(shop.figures("A"), [7, 0, 1, 6]);
    assert_eq!(shop.figures("A")[3], available, "nobody may buy what is not there");
    assert_eq!(shop.tell(2, missing), "", "struck once");
    let left = Command::Ship { order: order(1), parcel: Some(parcel(1, &[(0, 1)])) };
    shop.tell(3, left);
    assert_eq!(shop.figures("A"), [6, 0, 0, 6]);
}

#[test]
fn a_reservation_is_fulfilled_when_its_last_parcel_has_left() {
    let mut shop = Shop::given([set("A", 5, 0), hold(1, &[("A", 2)]), Command::Commit { order: order(1) }]);
    let ship = |number| Command::Ship { order: order(1), parcel: Some(parcel(number, &[(0, 1)])) };
    let phase = |shop: &Shop| shop.stock.reservation(order(1)).map(|known| known.phase);
    shop.tell(1, ship(1));
    assert_eq!(phase(&shop), Some(Phase::Committed));
    shop.tell(1, ship(2));
    assert_eq!(phase(&shop), Some(Phase::Fulfilled));
    assert_eq!((shop.tell(2, ship(2)), shop.tell(2, release(1))), (String::new(), String::new()));
}

#[test]
fn what_was_given_back_stays_given_back() {
    for kept in [false, true] {
        let mut shop = Shop::given([set("A", 5, 0), hold(1, &[("A", 2)])]);
        if kept {
            shop.tell(1, Command::Commit { order: order(1) });
        }
        assert_eq!(shop.tell(1, release(1)), "canceled 2xA");
        assert_eq!(shop.tell(1, release(1)), "");
        assert_eq!(shop.figures("A"), [5, 0, 0, 5]);
        let ended = format!("no: the reservation of {} has ended", order(1));
        assert_eq!(shop.tell(2, hold(1, &[("A", 2)])), ended);
        assert_eq!(shop.tell(2, Command::Commit { order: order(1) }), ended);
        assert_eq!(shop.tell(9_999, Command::Expire), "");
    }
}

#[test]
fn what_comes_back_is_sold_again_kept_or_thrown_away() {
    let mut shop = Shop::given([set("A", 9, 2), hold(1, &[("A", 5)])]);
    let not_shipped = format!("no: the reservation of {} is held", order(1));
    assert_eq!(shop.tell(1, take_back(1, 1, &[(0, 1, 0, 0)])), not_shipped);
    assert_eq!(
        shop.tell(1, take_back(2, 1, &[(0, 1, 0, 0)])),
        format!("no: nothing is reserved for {}", order(2))
    );
    shop.tell(1, Command::Commit { order: order(1) });
    shop.tell(1, Command::Ship { order: order(1), parcel: None });
    assert_eq!(shop.figures("A"), [4, 0, 0, 4]);
    let all = shop.ask(2, take_back(1, 1, &[(0, 2, 1, 0), (0, 0, 0, 1)])).expect("it had left");
    let entries: Vec<_> =
        all.iter().flat_map(Event::entries).map(|entry| (entry.kind.name(), entry.quantity)).collect();
    assert_eq!(entries, [("return_restock", 2), ("return_damaged", 2), ("write_off", -1)]);
    assert_eq!(shop.figures("A"), [7, 0, 0, 6], "one is there and cannot be sold");
    assert_eq!(shop.tell(3, take_back(1, 1, &[(0, 2, 1, 1)])), "", "the same receipt again");
    assert_eq!(
        shop.tell(3, set("A", 0, 2)),
        "no: 0 of A on hand would be less than the 0 reserved, 0 committed and 1 damaged"
    );
    assert_eq!(shop.tell(3, write_off("A", 2)), "no: only 1 of A are damaged");
    assert_eq!(shop.tell(3, write_off("A", 1)), "wrote off 1xA");
    assert_eq!(shop.figures("A"), [6, 0, 0, 6]);
    assert!(shop.tell(4, hold(3, &[("A", 6)])).starts_with("reserved 6xA"), "what came back is sold again");
    assert_eq!(shop.tell(5, take_back(1, 2, &[(0, 1, 0, 0)])), "back 1+0+0xA; A low_stock at 1");
}

#[test]
fn receipts_may_be_booked_in_any_order_each_once() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 5)]), Command::Commit { order: order(1) }]);
    shop.tell(1, Command::Ship { order: order(1), parcel: None });
    for receipt in [2, 64, 1] {
        assert_eq!(shop.tell(2, take_back(1, receipt, &[(0, 1, 0, 0)])), "back 1+0+0xA");
        assert_eq!(shop.tell(2, take_back(1, receipt, &[(0, 1, 0, 0)])), "", "the same again");
    }
    assert_eq!(shop.figures("A"), [7, 0, 0, 7]);
}

#[test]
fn a_parcel_that_does_not_arrive_is_booked_once_whatever_becomes_of_it() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 5)]), Command::Commit { order: order(1) }]);
    for number in 1..4 {
        shop.tell(1, Command::Ship { order: order(1), parcel: Some(parcel(number, &[(0, 1)])) });
    }
    assert_eq!(shop.figures("A"), [6, 0, 2, 4]);
    assert_eq!(shop.tell(2, undelivered(1, 1, &[(0, 1, 0, 0)])), "back 1+0+0xA");
    assert_eq!(shop.tell(2, undelivered(1, 1, &[(0, 1, 0, 0)])), "", "the same parcel again");
    assert_eq!(shop.figures("A"), [7, 0, 2, 5]);
    let lost = shop.ask(3, undelivered(1, 2, &[(0, 0, 0, 1)])).expect("it had left");
    let entries: Vec<_> =
        lost.iter().flat_map(Event::entries).map(|entry| (entry.kind.name(), entry.quantity)).collect();
    assert_eq!(entries, [("return_damaged", 1), ("write_off", -1)], "a loss stands in the ledger");
    assert_eq!(shop.figures("A"), [7, 0, 2, 5]);
    // A receipt has numbers of its own.
    assert_eq!(shop.tell(4, take_back(1, 1, &[(0, 0, 1, 0)])), "back 0+1+0xA");
    let unknown = shop.tell(4, undelivered(1, 7, &[(0, 1, 0, 0)]));
    assert!(unknown.starts_with("no: "), "it never left: {unknown}");
}

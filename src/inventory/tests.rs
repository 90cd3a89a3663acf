//! Scenarios (given events, when a command, then events or a rejection) and laws.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::runtime::{Aggregate, Event as _};
use crate::types::{Amount, OrderId, Quantity, ReservationId, Sku, Timestamp};

use super::*;

fn sku(text: &str) -> Sku {
    text.parse().expect("a legal SKU")
}

fn order(n: u128) -> OrderId {
    OrderId::from_bits(n)
}

fn reservation(n: u128) -> ReservationId {
    ReservationId::from_bits(n)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000)
}

fn set(name: &str, on_hand: u32, reorder_point: u32) -> Command {
    Command::SetItem(SetItem {
        sku: sku(name),
        name: None,
        unit_price: None,
        on_hand,
        reorder_point: Some(reorder_point),
        safety_stock: None,
    })
}

fn reserve(n: u128, lines: &[(&str, u32)], until: i64, policy: OutOfStock) -> Command {
    let quantity = |units| Quantity::new(units).expect("a legal quantity");
    Command::Reserve(Reserve {
        reservation: reservation(n),
        order: order(n),
        lines: lines.iter().map(|(name, units)| (sku(name), quantity(*units))).collect(),
        expires_at: at(until),
        policy,
    })
}

fn hold(n: u128, lines: &[(&str, u32)]) -> Command {
    reserve(n, lines, 900, OutOfStock::Cancel)
}

fn release(n: u128) -> Command {
    Command::Release { order: order(n), reason: ReleaseReason::Canceled }
}

/// A store's stock under test: what it decides is written, read back and folded.
#[derive(Default)]
struct Shop {
    stock: Stock,
    replayed: Stock,
}

impl Shop {
    fn given(commands: impl IntoIterator<Item = Command>) -> Self {
        let mut shop = Self::default();
        for command in commands {
            let asked = format!("{command:?}");
            shop.ask(0, command).unwrap_or_else(|why| panic!("{asked}: {why}"));
        }
        shop
    }

    fn ask(&mut self, now: i64, command: Command) -> Result<Vec<Event>, Rejection> {
        let events = Inventory::decide(&self.stock, command, at(now))?;
        for event in &events {
            let mut written = Vec::new();
            event.write(&mut written);
            let read = Event::read(event.kind(), event.version(), &written).expect("readable");
            assert_eq!(&read, event);
            Inventory::evolve(&mut self.stock, event, at(now));
            Inventory::evolve(&mut self.replayed, &read, at(now));
        }
        Ok(events)
    }

    /// Asks, and tells the events as lines of text.
    fn tell(&mut self, now: i64, command: Command) -> String {
        match self.ask(now, command) {
            Ok(events) => events.iter().map(told).collect::<Vec<_>>().join("; "),
            Err(why) => format!("no: {why}"),
        }
    }

    /// The same without what is said of items that run low or are there again.
    fn moves(&mut self, now: i64, command: Command) -> String {
        match self.ask(now, command) {
            Ok(events) => {
                let moves = events.iter().filter(|event| !matches!(event, Event::ThresholdReached(_)));
                moves.map(told).collect::<Vec<_>>().join("; ")
            }
            Err(why) => format!("no: {why}"),
        }
    }

    fn figures(&self, name: &str) -> [i64; 4] {
        let levels = self.stock.item(name).expect("an item").levels;
        let Balance { on_hand, reserved, committed, .. } = levels.balance;
        [on_hand, reserved, committed, levels.available()]
    }
}

fn told(event: &Event) -> String {
    let lines = |lines: &Lines| {
        let one = |line: &Line| match line.backordered {
            0 => format!("{}x{}", line.quantity, line.sku),
            owed => format!("{}+{owed}x{}", line.quantity, line.sku),
        };
        lines.iter().map(one).collect::<Vec<_>>().join(" ")
    };
    match event {
        Event::Updated(Updated::Set(set)) => format!("set {} to {}", set.sku, set.on_hand),
        Event::Updated(Updated::Adjusted(adjusted)) => {
            format!("adjusted {} by {}", adjusted.sku, adjusted.delta)
        }
        Event::Updated(Updated::Committed(committed)) => {
            format!("committed {}", lines(&committed.lines))
        }
        Event::Updated(Updated::Shipped(shipped)) => format!("shipped {}", lines(&shipped.lines)),
        Event::Updated(Updated::Returned(back)) => {
            let one = |line: &ReturnedLine| {
                format!("{}+{}+{}x{}", line.restocked, line.damaged, line.written_off, line.sku)
            };
            format!("back {}", back.lines.iter().map(one).collect::<Vec<_>>().join(" "))
        }
        Event::Updated(Updated::WrittenOff(gone)) => format!("wrote off {}x{}", gone.quantity, gone.sku),
        Event::Reserved(reserved) => format!("reserved {}", lines(&reserved.lines)),
        Event::Extended(_) => "extended".into(),
        Event::BackorderAllocated(arrived) => {
            format!("{} arrived for {}", lines(&arrived.lines), arrived.order.bits())
        }
        Event::BackorderDropped(dropped) => {
            format!("{} waits no more for {}", dropped.order.bits(), lines(&dropped.lines))
        }
        Event::BackorderReported(reported) => format!("heard of {}", reported.order.bits()),
        Event::Released(released) => {
            format!("{} {}", released.reason.name(), lines(&released.lines))
        }
        Event::ThresholdReached(reached) => {
            format!("{} {} at {}", reached.sku, reached.condition.name(), reached.available)
        }
    }
}

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
fn thresholds_are_told_once_in_each_direction() {
    let mut shop = Shop::given([set("A", 12, 10)]);
    assert_eq!(shop.tell(1, hold(1, &[("A", 1)])), "reserved 1xA");
    assert_eq!(shop.tell(1, hold(2, &[("A", 1)])), "reserved 1xA; A low_stock at 10");
    assert_eq!(shop.tell(1, hold(3, &[("A", 1)])), "reserved 1xA");
    assert_eq!(shop.tell(1, hold(4, &[("A", 9)])), "reserved 9xA; A out_of_stock at 0");
    assert_eq!(shop.tell(1, Command::Commit { order: order(4) }), "committed 9xA");
    assert_eq!(shop.tell(1, release(3)), "canceled 1xA; A low_stock at 1");
    let more = Command::Adjust { sku: sku("A"), delta: 50, reason: "found".into() };
    assert_eq!(shop.tell(1, more), "adjusted A by 50; A in_stock at 51");
    assert_eq!(shop.tell(1, set("A", 62, 51)), "set A to 62; A low_stock at 51");
    assert_eq!(shop.tell(1, set("B", 0, 0)), "set B to 0; B out_of_stock at 0");
}

#[test]
fn a_count_below_what_is_promised_is_refused_with_the_figures() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 2)]), hold(2, &[("A", 3)])]);
    shop.tell(1, Command::Commit { order: order(2) });
    let refusal = "no: 4 of A on hand would be less than the 2 reserved, 3 committed and 0 damaged";
    assert_eq!(shop.tell(1, set("A", 4, 0)), refusal);
    let fewer = || Command::Adjust { sku: sku("A"), delta: -5, reason: "broken".into() };
    assert_eq!(shop.tell(1, fewer()), refusal);
    assert_eq!(shop.tell(1, set("A", 5, 0)), "set A to 5; A out_of_stock at 0");
    // When the hold's time has come it no longer counts.
    assert_eq!(shop.tell(900, set("A", 3, 0)), "expired 2xA; set A to 3");
    let many = Command::Adjust { sku: sku("A"), delta: i64::MAX, reason: "typo".into() };
    assert_eq!(shop.tell(900, many), "no: an item has at most 1000000000 on hand, A would have more");
}

#[test]
fn what_is_not_said_of_an_item_stays() {
    let mut shop = Shop::given([Command::SetItem(SetItem {
        sku: sku("A"),
        name: Some("Anvil".into()),
        unit_price: Amount::new(1_999),
        on_hand: 10,
        reorder_point: Some(3),
        safety_stock: Some(2),
    })]);
    assert_eq!(shop.figures("A"), [10, 0, 0, 8]);
    let recount = |on_hand| {
        Command::SetItem(SetItem {
            sku: sku("A"),
            name: None,
            unit_price: None,
            on_hand,
            reorder_point: None,
            safety_stock: None,
        })
    };
    assert_eq!(shop.tell(1, recount(10)), "");
    assert_eq!(shop.tell(1, recount(7)), "set A to 7");
    assert_eq!(
        serde_json::to_value(ItemView::at(&shop.stock, "A", at(1))).expect("JSON"),
        serde_json::json!({
            "sku": "A", "name": "Anvil", "unit_price": 1_999, "on_hand": 7, "available": 5,
            "reserved": 0, "committed": 0, "damaged": 0, "safety_stock": 2, "reorder_point": 3,
            "condition": "in_stock", "updated_at": "1970-01-01T00:00:01.000000Z", "version": 2,
        })
    );
    assert_eq!(shop.stock.price("A"), Some(Listed { unit_price: Amount::new(1_999) }));
    assert_eq!(shop.stock.price("B"), None);
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
    assert_eq!(events.len(), 1);
    assert!(names.iter().all(|name| shop.figures(name) == [3, 2, 0, 1]));
    let again: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 2)).collect();
    let Err(Rejection::Short { shortages }) = shop.ask(2, hold(2, &again)) else {
        panic!("one of each is left");
    };
    assert_eq!(shortages.len(), 40);
    assert_eq!(shop.ask(2, hold(3, &[])), Err(Rejection::NoLines));
    let endless = vec![("S1", 1); LINES_MAX + 1];
    assert_eq!(shop.ask(2, hold(4, &endless)), Err(Rejection::TooManyLines));
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

#[test]
fn events_look_like_this_on_the_wire() {
    let mut shop = Shop::given([set("A", 2, 0)]);
    let mut events = shop.ask(0, hold(1, &[("A", 2)])).expect("enough");
    events.extend(shop.ask(1, Command::Commit { order: order(1) }).expect("held"));
    events.extend(shop.ask(1, release(1)).expect("committed"));
    let written: Vec<String> = events
        .iter()
        .map(|event| {
            let mut data = Vec::new();
            event.write(&mut data);
            format!("{} {}", event.kind(), String::from_utf8(data).expect("JSON"))
        })
        .collect();
    let ids = r#""reservation":"rsv_00000000000000000000000001","order":"ord_00000000000000000000000001""#;
    let lines = r#""lines":[{"sku":"A","quantity":2}]"#;
    assert_eq!(
        written,
        [
            format!(
                r#"inventory.reserved {{{ids},{lines},"expires_at":"1970-01-01T00:15:00.000000Z","policy":"cancel"}}"#
            ),
            r#"inventory.threshold_reached {"sku":"A","condition":"out_of_stock","available":0,"reorder_point":0}"#
                .to_owned(),
            format!(r#"inventory.updated {{"change":"committed",{ids},{lines}}}"#),
            format!(r#"inventory.released {{{ids},{lines},"reason":"canceled","from":"committed"}}"#),
            r#"inventory.threshold_reached {"sku":"A","condition":"in_stock","available":2,"reorder_point":0}"#
                .to_owned(),
        ]
    );
}

const NAMES: [&str; 3] = ["A", "B", "C"];

fn parcel(number: u32, lines: &[(usize, u32)]) -> Parcel {
    Parcel { number, lines: lines.iter().map(|(name, quantity)| (sku(NAMES[*name]), *quantity)).collect() }
}

fn take_back(n: u128, receipt: u32, lines: &[(usize, u32, u32, u32)]) -> Command {
    Command::TakeBack { order: order(n), receipt, lines: back(lines) }
}

fn undelivered(n: u128, number: u32, lines: &[(usize, u32, u32, u32)]) -> Command {
    Command::TakeBackParcel { order: order(n), number, lines: back(lines) }
}

fn back(lines: &[(usize, u32, u32, u32)]) -> Vec<ReturnedLine> {
    let line = |(name, restocked, damaged, written_off): &(usize, u32, u32, u32)| ReturnedLine {
        sku: sku(NAMES[*name]),
        restocked: *restocked,
        damaged: *damaged,
        written_off: *written_off,
        to_vendor: 0,
    };
    lines.iter().map(line).collect()
}

fn write_off(name: &str, quantity: u32) -> Command {
    Command::WriteOff { sku: sku(name), quantity, reason: "broken".into() }
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

fn wait_for(n: u128, lines: &[(&str, u32)]) -> [Command; 2] {
    [reserve(n, lines, 900, OutOfStock::Backorder), Command::Commit { order: order(n) }]
}

fn adjust(name: &str, delta: i64) -> Command {
    Command::Adjust { sku: sku(name), delta, reason: "counted".into() }
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

fn commands() -> impl Strategy<Value = Command> {
    let line = (0..NAMES.len(), 1..6u32).prop_map(|(name, units)| (NAMES[name], units));
    let policy = prop_oneof![Just(OutOfStock::Cancel), Just(OutOfStock::Backorder)];
    let order_no = 0..8u128;
    prop_oneof![
        2 => (0..NAMES.len(), 0..20u32, 0..6u32).prop_map(|(n, have, low)| set(NAMES[n], have, low)),
        2 => (0..NAMES.len(), -9..9i64).prop_map(|(n, delta)| Command::Adjust {
            sku: sku(NAMES[n]),
            delta,
            reason: "count".into(),
        }),
        6 => (order_no.clone(), prop::collection::vec(line, 1..4), 0..400i64, policy)
            .prop_map(|(n, lines, until, policy)| reserve(n, &lines, until, policy)),
        1 => (order_no.clone(), 0..500i64)
            .prop_map(|(n, until)| Command::Extend { order: order(n), expires_at: at(until) }),
        3 => order_no.clone().prop_map(|n| Command::Commit { order: order(n) }),
        3 => order_no.clone().prop_map(release),
        1 => order_no.clone().prop_map(|n| Command::Ship { order: order(n), parcel: None }),
        2 => (order_no.clone(), 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3))
            .prop_map(|(n, number, lines)| Command::Ship { order: order(n), parcel: Some(parcel(number, &lines)) }),
        3 => (order_no.clone(), 1..6u32, prop::collection::vec((0..NAMES.len(), 0..3u32, 0..3u32, 0..3u32), 1..4))
            .prop_map(|(n, receipt, lines)| take_back(n, receipt, &lines)),
        2 => (order_no.clone(), 1..4u32, prop::collection::vec((0..NAMES.len(), 0..3u32, 0..3u32, 0..3u32), 1..4))
            .prop_map(|(n, number, lines)| undelivered(n, number, &lines)),
        1 => (0..NAMES.len(), 0..4u32).prop_map(|(name, quantity)| write_off(NAMES[name], quantity)),
        1 => (order_no, 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3), any::<bool>())
            .prop_map(|(n, number, lines, is_missing)| {
                Command::GiveBack { order: order(n), parcel: parcel(number, &lines), is_missing }
            }),
        2 => (0..8u128, 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3))
            .prop_map(|(n, number, lines)| Command::Forgo { order: order(n), parcel: parcel(number, &lines) }),
        1 => (0..8u128).prop_map(|n| Command::ArrivalHeard { order: order(n) }),
        1 => Just(Command::Serve { skus: Vec::new() }),
        1 => Just(Command::Expire),
        1 => Just(Command::Announce { skus: ["A", "B", "X"].map(sku).to_vec() }),
    ]
}

#[test]
fn a_crossing_that_was_never_said_is_said_when_somebody_looks() {
    let mut shop = Shop::given([set("A", 9, 5), set("B", 9, 5)]);
    let adjust = |delta| Command::Adjust { sku: sku("A"), delta, reason: "counted".into() };
    // The event of the crossing is lost; what moved the stock is not.
    let events = Inventory::decide(&shop.stock, adjust(-6), at(1)).expect("taken");
    assert_eq!(
        events.iter().map(told).collect::<Vec<_>>().last().map(String::as_str),
        Some("A low_stock at 3")
    );
    for event in events.iter().filter(|event| !matches!(event, Event::ThresholdReached(_))) {
        Inventory::evolve(&mut shop.stock, event, at(1));
    }
    assert!(shop.stock.item("A").expect("an item").is_unannounced());
    let look = || Command::Announce { skus: ["A", "B", "NONE"].map(sku).to_vec() };
    assert_eq!(shop.tell(2, look()), "A low_stock at 3");
    assert_eq!(shop.tell(3, look()), "", "said once");
    assert!(shop.tell(4, adjust(10)).ends_with("A in_stock at 13"), "and back");
}

/// Reserved and committed pieces by SKU, from the reservations.
fn claimed(stock: &Stock, name: &str) -> (i64, i64) {
    let of = |wanted: fn(Phase) -> bool| {
        let known = (0..8).filter_map(|n| stock.reservation(order(n)));
        known
            .filter(|reservation| wanted(reservation.phase))
            .flat_map(|reservation| reservation.remaining().to_vec())
            .filter(|line| line.sku.as_str() == name)
            .map(|line| i64::from(line.quantity))
            .sum()
    };
    (of(|phase| matches!(phase, Phase::Held { .. })), of(|phase| matches!(phase, Phase::Committed)))
}

proptest! {
    #[test]
    fn stock_is_conserved_whatever_is_asked(asked in prop::collection::vec((commands(), 0..60i64), 1..80)) {
        let mut shop = Shop::default();
        let mut ledger: HashMap<Sku, Balance> = HashMap::new();
        let mut conditions: HashMap<Sku, Condition> = HashMap::new();
        let mut documents: (HashMap<Sku, Item>, HashMap<OrderId, Reservation>) = Default::default();
        // Something began to wait that may be there already, and nobody has looked since.
        let mut is_unlooked = false;
        let mut now = 0;
        for (command, pause) in asked {
            now += pause;
            let Ok(events) = shop.ask(now, command.clone()) else {
                prop_assert_eq!(
                    Inventory::decide(&shop.stock, command.clone(), at(now)).is_err(), true
                );
                continue;
            };
            // The oldest first, each all it is owed: whoever was passed over could not be served whole.
            let served: Vec<u128> = events
                .iter()
                .filter_map(|event| {
                    let Event::BackorderAllocated(allocated) = event else { return None };
                    Some(allocated.order.bits())
                })
                .collect();
            prop_assert!(served.is_sorted(), "{served:?}");
            let overlooked = Inventory::decide(&shop.stock, Command::Serve { skus: Vec::new() }, at(now));
            let waits_anew = matches!(command, Command::Commit { .. });
            // A hold that was over before it began ends with whatever is asked next, and frees what it held.
            let is_served = overlooked.as_ref().is_ok_and(|events| {
                !events.iter().any(|event| matches!(event, Event::Released(_)))
                    && events.iter().any(|event| matches!(event, Event::BackorderAllocated(_)))
            });
            prop_assert!(waits_anew || is_unlooked || !is_served, "{overlooked:?}");
            is_unlooked |= waits_anew;
            is_unlooked &= !matches!(&command, Command::Serve { .. });
            for event in &events {
                for entry in event.entries() {
                    ledger.entry(entry.sku.clone()).or_default().post(entry.kind, entry.quantity);
                }
                if let Event::ThresholdReached(reached) = event {
                    let before = conditions.insert(reached.sku.clone(), reached.condition);
                    prop_assert_ne!(before, Some(reached.condition), "told twice");
                }
                let (skus, order) = event.touches();
                for sku in skus {
                    let item = documents.0.remove(sku);
                    let item = Item::fold(item, sku, event, at(now)).expect("touched");
                    documents.0.insert(sku.clone(), item);
                }
                if let Some(order) = order {
                    let known = documents.1.remove(&order);
                    let known = Reservation::fold(known, event, at(now)).expect("touched");
                    documents.1.insert(order, known);
                }
            }
            for item in shop.stock.items() {
                let Balance { on_hand, reserved, committed, damaged } = item.levels.balance;
                prop_assert_eq!(Some(&item.levels.balance), Some(&ledger.get(&item.sku).copied().unwrap_or_default()));
                prop_assert_eq!((reserved, committed), claimed(&shop.stock, item.sku.as_str()));
                prop_assert!(0 <= reserved && 0 <= committed && 0 <= damaged);
                prop_assert!(reserved + committed + damaged <= on_hand);
                let told = conditions.get(&item.sku).copied().unwrap_or(Condition::InStock);
                prop_assert_eq!(told, item.condition());
                prop_assert_eq!(Some(item), documents.0.get(&item.sku));
                prop_assert_eq!(shop.stock.levels(item.sku.as_str(), at(now)).map(|l| l.balance.on_hand), Some(on_hand));
            }
            for n in 0..8 {
                prop_assert_eq!(shop.stock.reservation(order(n)), documents.1.get(&order(n)));
            }
            let asks_for_a_past = matches!(command, Command::Reserve(_) | Command::Extend { .. });
            let due = shop.stock.next_expiry().is_some_and(|first| first <= at(now));
            prop_assert!(!due || asks_for_a_past, "a due hold was left");
            // Asked again at once, nothing changes. A correction is a new one each time.
            let repeatable = match &command {
                Command::Adjust { .. } | Command::WriteOff { .. } => false,
                Command::Reserve(reserve) => reserve.expires_at > at(now),
                Command::SetItem(_) | Command::Extend { .. } | Command::Commit { .. }
                | Command::Release { .. } | Command::Ship { .. } | Command::GiveBack { .. } | Command::Expire
                | Command::Forgo { .. } | Command::Serve { .. } | Command::ArrivalHeard { .. }
                | Command::TakeBack { .. } | Command::TakeBackParcel { .. } | Command::Announce { .. } => true,
            };
            if repeatable {
                prop_assert_eq!(Inventory::decide(&shop.stock, command, at(now)), Ok(vec![]));
            }
        }
        prop_assert_eq!(&shop.stock, &shop.replayed);
        let items: Vec<_> = shop.stock.items().cloned().collect();
        let known = (0..8).filter_map(|n| shop.stock.reservation(order(n)).cloned());
        let restored = Stock::restore(items, known.collect::<Vec<_>>());
        prop_assert_eq!(&restored, &shop.stock);
        let documents = serde_json::to_string(&(shop.stock.items().collect::<Vec<_>>(), &documents.1.values().collect::<Vec<_>>()));
        let read: (Vec<Item>, Vec<Reservation>) = serde_json::from_str(&documents.expect("JSON")).expect("read back");
        prop_assert_eq!(Stock::restore(read.0, read.1), shop.stock);
    }
}

//! Scenarios (given events, when a command, then events or a rejection) and laws.

mod holds;
mod laws;
mod parcels;
mod waiting;

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::runtime::{Aggregate, Event as _};
use crate::types::{Amount, OrderId, Quantity, ReservationId, Sku, Timestamp};

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

fn adjust(name: &str, delta: i64) -> Command {
    Command::Adjust { sku: sku(name), delta, reason: "counted".into() }
}

#[test]
fn every_event_is_about_an_item_or_a_reservation() {
    let mut shop = Shop::default();
    let mut subjects = Vec::new();
    let commands = [
        set("A", 4, 0),
        adjust("A", 1),
        reserve(1, &[("A", 6)], 900, OutOfStock::Backorder),
        Command::Extend { order: order(1), expires_at: at(950) },
        Command::Commit { order: order(1) },
        adjust("A", 3),
        Command::ArrivalHeard { order: order(1) },
        Command::Ship { order: order(1), parcel: None },
        take_back(1, 1, &[(0, 1, 1, 0)]),
        write_off("A", 1),
        reserve(2, &[("A", 4)], 900, OutOfStock::Backorder),
        Command::Commit { order: order(2) },
        release(2),
    ];
    for command in commands {
        for event in shop.ask(1, command).expect("possible") {
            let expected = event.subject().parse().ok().map(|of: ReservationId| order(of.bits()));
            assert_eq!(event.order(), expected, "the order of {}", told(&event));
            subjects.push((told(&event), event.subject()));
        }
    }
    let (first, second) = (&*reservation(1).to_string(), &*reservation(2).to_string());
    let expected = [
        ("set A to 4", "A"),
        ("adjusted A by 1", "A"),
        ("reserved 5+1xA", first),
        ("A out_of_stock at 0", "A"),
        ("extended", first),
        ("committed 5+1xA", first),
        ("adjusted A by 3", "A"),
        ("1xA arrived for 1", first),
        ("A in_stock at 2", "A"),
        ("heard of 1", first),
        ("shipped 6xA", first),
        ("back 1+1+0xA", first),
        ("wrote off 1xA", "A"),
        ("reserved 3+1xA", second),
        ("A out_of_stock at 0", "A"),
        ("committed 3+1xA", second),
        ("canceled 3+1xA", second),
        ("A in_stock at 3", "A"),
    ];
    let subjects: Vec<(&str, &str)> = subjects.iter().map(|(told, subject)| (&**told, &**subject)).collect();
    assert_eq!(subjects, expected);
}

#[test]
fn pieces_that_come_back_and_go_on_are_in_the_ledger_as_both() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 5)])]);
    shop.tell(1, Command::Commit { order: order(1) });
    shop.tell(1, Command::Ship { order: order(1), parcel: None });
    let line = ReturnedLine { sku: sku("A"), restocked: 1, damaged: 1, written_off: 1, to_vendor: 2 };
    let events = shop
        .ask(2, Command::TakeBack { order: order(1), receipt: 1, lines: vec![line] })
        .expect("it has left");
    let entries: Vec<(EntryKind, i64)> =
        events.iter().flat_map(Event::entries).map(|entry| (entry.kind, entry.quantity)).collect();
    let expected = [
        (EntryKind::ReturnRestock, 1),
        (EntryKind::ReturnDamaged, 4),
        (EntryKind::WriteOff, -1),
        (EntryKind::TransferOut, -2),
    ];
    assert_eq!(entries, expected);
    assert_eq!(shop.figures("A"), [6, 0, 0, 5], "one of what is there is damaged");
}

#[test]
fn the_ledger_says_what_moved_for_which_order_and_why() {
    let mut shop = Shop::default();
    let mut rows = Vec::new();
    for command in [set("A", 4, 0), adjust("A", 2), hold(1, &[("A", 3)]), release(1)] {
        for event in shop.ask(1, command).expect("possible") {
            rows.extend(LedgerEntryView::of(&event, at(1)).map(|row| {
                let order = row.order_id.map(OrderId::bits);
                format!("{} {:?} {} {order:?} {:?}", row.sku, row.kind, row.quantity, row.reason)
            }));
        }
    }
    let expected = [
        "A Receipt 4 None None",
        "A Adjustment 2 None Some(\"counted\")",
        "A Reservation 3 Some(1) None",
        "A Release -3 Some(1) Some(\"canceled\")",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn no_more_comes_back_than_an_item_can_have() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 5)])]);
    shop.tell(1, Command::Commit { order: order(1) });
    shop.tell(1, Command::Ship { order: order(1), parcel: None });
    shop.tell(1, set("A", ON_HAND_MAX - 4, 0));
    assert_eq!(
        shop.tell(2, take_back(1, 1, &[(0, 2, 2, 1)])),
        "no: an item has at most 1000000000 on hand, A would have more"
    );
    assert_eq!(shop.moves(2, take_back(1, 1, &[(0, 2, 1, 1)])), "back 2+1+1xA");
}

#[test]
fn reasons_and_counts_have_bounds() {
    let mut shop = Shop::given([set("A", 9, 0), hold(1, &[("A", 5)])]);
    shop.tell(1, Command::Commit { order: order(1) });
    shop.tell(1, Command::Ship { order: order(1), parcel: None });
    shop.tell(1, take_back(1, 1, &[(0, 0, 2, 0)]));
    let long = |bytes: usize| -> std::sync::Arc<str> { "x".repeat(bytes).into() };
    let adjust = |reason| Command::Adjust { sku: sku("A"), delta: 1, reason };
    let write_off = |reason| Command::WriteOff { sku: sku("A"), quantity: 1, reason };
    for command in [
        adjust(long(TEXT_BYTES_MAX + 1)),
        write_off(long(TEXT_BYTES_MAX + 1)),
        write_off(long(2 * TEXT_BYTES_MAX)),
    ] {
        assert_eq!(shop.ask(2, command), Err(Rejection::TextTooLong { what: "a reason" }));
    }
    assert_eq!(shop.moves(2, adjust(long(TEXT_BYTES_MAX))), "adjusted A by 1");
    let nothing = Command::WriteOff { sku: sku("A"), quantity: 0, reason: "none".into() };
    assert_eq!(shop.moves(2, nothing), "");
    assert_eq!(shop.moves(2, write_off(long(TEXT_BYTES_MAX))), "wrote off 1xA");
    let named = |bytes| {
        let Command::SetItem(item) = set("A", 9, 0) else { panic!("it sets an item") };
        Command::SetItem(SetItem { name: Some(long(bytes)), ..item })
    };
    for bytes in [TEXT_BYTES_MAX + 1, 2 * TEXT_BYTES_MAX] {
        assert_eq!(shop.ask(2, named(bytes)), Err(Rejection::TextTooLong { what: "a name" }));
    }
    assert_eq!(shop.moves(2, named(TEXT_BYTES_MAX)), "set A to 9");
    assert_eq!(shop.moves(2, set("A", ON_HAND_MAX, 0)), format!("set A to {ON_HAND_MAX}"));
}

#[test]
fn what_expired_meanwhile_is_refused_as_expired() {
    let given = || Shop::given([set("A", 9, 0), hold(1, &[("A", 5)])]);
    for (now, standing) in [(899, "held"), (900, "expired")] {
        let ships =
            [None, Some(parcel(1, &[(0, 1)]))].map(|parcel| Command::Ship { order: order(1), parcel });
        for command in ships.into_iter().chain([take_back(1, 1, &[(0, 1, 0, 0)])]) {
            let told = given().tell(now, command);
            assert!(told.starts_with("no: ") && told.contains(standing), "{told}");
        }
    }
}

#[test]
fn phases_and_endings_have_names() {
    let held = Phase::Held { expires_at: at(1), extensions: 0 };
    let phases = [
        held,
        Phase::Committed,
        Phase::Fulfilled,
        Phase::Released { reason: Ending::Canceled },
        Phase::Expired,
    ];
    assert_eq!(phases.map(Phase::name), ["held", "committed", "fulfilled", "released", "expired"]);
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
    assert!(!shop.stock.item("A").expect("an item").is_unannounced());
    assert_eq!(shop.tell(3, look()), "", "said once");
    assert!(shop.tell(4, adjust(10)).ends_with("A in_stock at 13"), "and back");
}

#[test]
fn a_command_names_the_order_whose_hold_it_needs() {
    assert_eq!(hold(7, &[("TEA", 1)]).order(), Some(order(7)));
    assert_eq!(release(7).order(), Some(order(7)));
    assert_eq!((set("TEA", 1, 0).order(), Command::Expire.order()), (None, None));
}

//! Given an order's fulfilment, when it is asked, told or left alone, then. And the laws that hold whatever happens.

use proptest::prelude::*;

use super::*;
use crate::runtime::{Aggregate, Event as _};
use crate::types::{LineId, OrderId, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const ORDER: OrderId = OrderId::from_bits(9);

fn line(id: u128, quantity: u32) -> Line {
    Line { line: LineId::from_bits(id), sku: "A".parse().expect("legal"), quantity }
}

fn units(id: u128, quantity: u32) -> Units {
    Units { line: LineId::from_bits(id), quantity }
}

fn open(mode: Mode) -> Command {
    // What timers do they do to the end; people are asked.
    let undelivered = match mode {
        Mode::Auto => Undelivered::Restock,
        Mode::Manual => Undelivered::Manual,
    };
    opened(mode, undelivered)
}

fn opened(mode: Mode, undelivered: Undelivered) -> Command {
    let short_pick = ShortPick::Refund;
    let policy = Policy { mode, stage_s: 2, transit_s: 10, stalled_s: 1_000, short_pick, undelivered };
    Command::Open(Box::new(Opening {
        order: ORDER,
        policy,
        lines: vec![line(1, 2), line(2, 1)],
        owed: vec![],
    }))
}

fn to(number: u32, to: Move) -> Command {
    Command::Advance { number, to }
}

fn dispatched(number: u32) -> Command {
    Command::Hear(Outcome::Dispatched { number })
}

fn ship() -> Move {
    Move::Ship { carrier: Some("ups".into()), tracking_code: Some("1Z".into()) }
}

fn scan(status: TrackerStatus, secs: u64) -> Scan {
    Scan {
        status,
        at: NOW.plus_secs(secs),
        detail: None,
        message: None,
        place: None,
        is_failed_attempt: false,
    }
}

fn vain(secs: u64) -> Scan {
    let detail = Some("unable_to_deliver".into());
    Scan { is_failed_attempt: true, detail, ..scan(TrackerStatus::InTransit, secs) }
}

fn scans(scans: &[Scan]) -> Command {
    Command::Scan { number: 1, tracking_code: None, eta: None, scans: scans.to_vec() }
}

/// The one way from commands to state: decide, store, read back, fold.
fn apply(state: &mut Fulfillment, command: Command, now: Timestamp) -> Result<Vec<&'static str>, Rejection> {
    let events = Fulfillments::decide(state, command, now)?;
    for event in &events {
        let mut stored = Vec::new();
        event.write(&mut stored);
        let read = Event::read(event.kind(), event.version(), &stored).expect("what was written can be read");
        assert_eq!(&read, event);
        assert_eq!(read.order(), Some(ORDER));
        Fulfillments::evolve(state, &read, now);
    }
    Ok(events.iter().map(Event::kind).collect())
}

fn given(commands: impl IntoIterator<Item = Command>) -> Fulfillment {
    let mut state = Fulfillment::default();
    for command in commands {
        apply(&mut state, command, NOW).expect("given");
    }
    state
}

fn by_hand(stages: &[Stage]) -> Fulfillment {
    let moves = stages.iter().map(|stage| to(1, Move::Stage(*stage)));
    given(std::iter::once(open(Mode::Manual)).chain(moves))
}

fn ready() -> Fulfillment {
    by_hand(&Stage::ALL[1..])
}

fn shipped() -> Fulfillment {
    let mut state = ready();
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    apply(&mut state, dispatched(1), NOW).expect("let go");
    state
}

fn work(state: &Fulfillment) -> &Work {
    state.work().expect("opened")
}

fn word(state: &Fulfillment, number: u32) -> &'static str {
    work(state).order_of(number).expect("there").phase.word()
}

/// Lets time pass until nothing happens by itself any more; tells what happened, and after how many seconds each.
fn left_alone(state: &mut Fulfillment, mut now: Timestamp) -> Vec<(&'static str, u64)> {
    let mut told = Vec::new();
    while let Some((at, command)) = Fulfillments::due(state).timer {
        now = now.max(at);
        let secs = NOW.until(now).as_secs();
        let kinds = apply(state, command, now).expect("a timer is never refused");
        assert!(!kinds.is_empty(), "a timer that does nothing would ring for ever");
        told.extend(kinds.into_iter().map(|kind| (kind, secs)));
        if Fulfillments::due(state).steps.contains(&Step::Dispatch { number: 1 }) {
            let kinds = apply(state, dispatched(1), now).expect("let go");
            told.extend(kinds.into_iter().map(|kind| (kind, secs)));
        }
    }
    told
}

#[test]
fn timers_take_an_order_to_the_door() {
    let mut state = given([open(Mode::Auto)]);
    assert_eq!(
        left_alone(&mut state, NOW),
        [
            ("fulfillment.picking_started", 2),
            ("fulfillment.picked", 4),
            ("fulfillment.packing_started", 6),
            ("fulfillment.packed", 8),
            ("fulfillment.ready_to_ship", 10),
            ("shipment.created", 10),
            ("fulfillment.closed", 10),
            ("shipment.in_transit", 12),
            ("shipment.out_for_delivery", 18),
            ("shipment.delivered", 20),
        ]
    );
    let progress = Progress { shipped: 3, delivered: 3, ..Progress::default() };
    assert_eq!(Fulfillments::due(&state).steps, [Step::Report { progress: progress.clone() }]);
    let noted = Command::Hear(Outcome::Noted { progress });
    assert_eq!(apply(&mut state, noted.clone(), NOW).as_deref(), Ok(&["fulfillment.reported"][..]));
    assert!(Fulfillments::due(&state).is_nothing(), "delivered, and the order knows");
    assert_eq!(apply(&mut state, noted, NOW).as_deref(), Ok(&[][..]));
}

#[test]
fn what_was_overdue_after_a_long_sleep_happens_once_each() {
    let mut state = given([open(Mode::Auto)]);
    let late = left_alone(&mut state, NOW.plus_secs(30 * 86_400));
    let kinds: Vec<&str> = late.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "shipment.delivered").count(), 1);
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    assert!(!kinds.contains(&"shipment.stalled"), "{kinds:?}");
}

#[test]
fn people_take_one_stage_after_the_other() {
    let mut state = given([open(Mode::Manual)]);
    assert!(Fulfillments::due(&state).is_nothing(), "it waits for people and costs nothing");
    let skip = apply(&mut state, to(1, Move::Stage(Stage::Packed)), NOW);
    let legal: &[&str] = &["picking", "on_hold", "split", "canceled"];
    assert_eq!(skip, Err(Rejection::Illegal { to: "packed", status: "allocated", legal }));
    for stage in &Stage::ALL[1..] {
        apply(&mut state, to(1, Move::Stage(*stage)), NOW).expect("the next stage");
        assert_eq!(word(&state, 1), stage.word());
        let again = apply(&mut state, to(1, Move::Stage(*stage)), NOW);
        assert!(matches!(again, Err(Rejection::Illegal { .. })), "{again:?}");
    }
    assert_eq!(apply(&mut state, to(1, ship()), NOW).as_deref(), Ok(&["fulfillment.dispatch_requested"][..]));
    assert_eq!(Fulfillments::due(&state).steps, [Step::Dispatch { number: 1 }]);
    let kinds = apply(&mut state, dispatched(1), NOW);
    assert_eq!(kinds.as_deref(), Ok(&["shipment.created", "fulfillment.closed"][..]));
    assert_eq!(apply(&mut state, dispatched(1), NOW).as_deref(), Ok(&[][..]), "it has left");
    assert!(Fulfillments::due(&state).steps.is_empty(), "the order let it go, so it knows");
    let view =
        serde_json::to_value(FulfillmentView::of(work(&state), &work(&state).orders[0])).expect("JSON");
    assert_eq!((&view["status"], &view["shipment"]["carrier"]), (&"closed".into(), &"ups".into()));
    assert_eq!(view["shipment"]["tracking_code"], "1Z");
}

#[test]
fn what_is_on_hold_goes_on_where_it_stopped() {
    let mut state = by_hand(&[Stage::Picking]);
    let hold = Move::Hold { note: Some("broken".into()) };
    apply(&mut state, to(1, hold), NOW).expect("held");
    assert_eq!(word(&state, 1), "on_hold");
    let progress = Progress { is_held: true, ..Progress::default() };
    assert_eq!(Fulfillments::due(&state).steps, [Step::Report { progress }]);
    let stuck = apply(&mut state, to(1, Move::Stage(Stage::Picked)), NOW);
    assert!(matches!(stuck, Err(Rejection::Illegal { legal: ["released", "canceled"], .. })), "{stuck:?}");
    apply(&mut state, to(1, Move::Release), NOW).expect("released");
    assert_eq!(word(&state, 1), "picking");
    assert!(Fulfillments::due(&state).is_nothing(), "the order never heard that it was held");
}

#[test]
fn a_hold_stops_the_clock() {
    let mut state = given([open(Mode::Auto), to(1, Move::Hold { note: None })]);
    assert_eq!(Fulfillments::due(&state).timer, None);
    let later = NOW.plus_secs(1_000);
    apply(&mut state, to(1, Move::Release), later).expect("released");
    assert_eq!(Fulfillments::due(&state).timer.map(|(at, _)| at), Some(later.plus_secs(2)));
}

#[test]
fn a_split_leaves_as_two_parcels() {
    let mut state = by_hand(&[Stage::Picking]);
    for bad in [
        vec![],
        vec![units(1, 3)],
        vec![units(1, 2), units(2, 1)],
        vec![units(1, 1), units(1, 1)],
        vec![units(3, 1)],
    ] {
        let refused = apply(&mut state, to(1, Move::Split { lines: bad }), NOW);
        assert_eq!(refused, Err(Rejection::NotAPart));
    }
    let lines = vec![units(1, 1), units(2, 1)];
    apply(&mut state, to(1, Move::Split { lines }), NOW).expect("split");
    let parts: Vec<(u32, &[Line])> =
        work(&state).orders.iter().map(|one| (one.number, one.lines.as_slice())).collect();
    assert_eq!(parts, [(1, &[line(1, 1)][..]), (2, &[line(1, 1), line(2, 1)][..])]);
    assert_eq!((word(&state, 1), word(&state, 2)), ("picking", "picking"));
    for stage in &Stage::ALL[2..] {
        apply(&mut state, to(2, Move::Stage(*stage)), NOW).expect("the next stage");
    }
    apply(&mut state, to(2, ship()), NOW).expect("given to a carrier");
    apply(&mut state, dispatched(2), NOW).expect("let go");
    assert_eq!((word(&state, 1), word(&state, 2)), ("picking", "pre_transit"));
    assert_eq!(work(&state).progress().shipped, 2);
    let one = &work(&state).orders[1];
    assert_eq!(one.id(ORDER).to_string(), format!("{}_2", work(&state).orders[0].id(ORDER)));
}

#[test]
fn what_has_left_cannot_be_canceled_and_the_rest_can() {
    let mut state = shipped();
    let cancel = |except| Command::Cancel { order: ORDER, except };
    assert_eq!(apply(&mut state, cancel(0), NOW).as_deref(), Ok(&[][..]));
    let mut state = ready();
    apply(&mut state, to(1, Move::Split { lines: vec![units(1, 1)] }), NOW).expect("split");
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    // The order let the first go, and its fulfilment has not heard yet.
    assert_eq!(apply(&mut state, cancel(1), NOW).as_deref(), Ok(&["fulfillment.canceled"][..]));
    assert_eq!((word(&state, 1), word(&state, 2)), ("leaving", "canceled"));
    assert_eq!(work(&state).progress().canceled, [units(1, 1)]);
    assert_eq!(
        Fulfillments::due(&state).steps,
        [Step::Dispatch { number: 1 }],
        "the order knows what it canceled"
    );
    assert_eq!(apply(&mut state, cancel(0), NOW).as_deref(), Ok(&["fulfillment.canceled"][..]));
    assert_eq!(apply(&mut state, dispatched(1), NOW).as_deref(), Ok(&[][..]), "canceled, so it stays");
}

#[test]
fn an_order_canceled_before_its_work_began_has_none() {
    let cancel = || Command::Cancel { order: ORDER, except: 0 };
    let mut state = given([cancel()]);
    assert_eq!(state, Fulfillment::Never);
    assert_eq!(apply(&mut state, open(Mode::Auto), NOW).as_deref(), Ok(&[][..]), "its opening came late");
    assert_eq!(apply(&mut state, cancel(), NOW).as_deref(), Ok(&[][..]));
    assert!(Fulfillments::due(&state).is_nothing());
    assert_eq!(apply(&mut state, to(1, Move::Release), NOW), Err(Rejection::NotFound));
}

#[test]
fn what_is_sold_but_not_there_waits_on_hold() {
    let policy = Policy {
        mode: Mode::Auto,
        stage_s: 2,
        transit_s: 10,
        stalled_s: 1_000,
        short_pick: ShortPick::Refund,
        undelivered: Undelivered::Restock,
    };
    let opening = Opening { order: ORDER, policy, lines: vec![line(1, 1)], owed: vec![line(1, 1)] };
    let mut state = given([Command::Open(Box::new(opening))]);
    assert_eq!((word(&state, 1), word(&state, 2)), ("allocated", "on_hold"));
    let refused = apply(&mut state, to(2, Move::Release), NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { legal: ["canceled"], .. })), "{refused:?}");
    apply(&mut state, to(2, Move::GiveUp), NOW).expect("given up");
    assert!(work(&state).orders[1].is_owed, "no stock was promised to it");
}

#[test]
fn what_was_not_there_goes_on_once_it_has_come() {
    let policy = Policy {
        mode: Mode::Auto,
        stage_s: 2,
        transit_s: 10,
        stalled_s: 1_000,
        short_pick: ShortPick::Refund,
        undelivered: Undelivered::Restock,
    };
    let opening = Opening { order: ORDER, policy, lines: vec![line(1, 1)], owed: vec![line(1, 1)] };
    let mut state = given([Command::Open(Box::new(opening))]);
    let later = NOW.plus_secs(500);
    let arrived = || Command::Hear(Outcome::StockArrived);
    assert_eq!(apply(&mut state, arrived(), later).as_deref(), Ok(&["fulfillment.stock_arrived"][..]));
    assert_eq!(apply(&mut state, arrived(), later).as_deref(), Ok(&[][..]), "told again");
    let one = &work(&state).orders[1];
    assert_eq!((word(&state, 2), one.is_owed, one.since), ("allocated", false, later));
    // What is given up, or held by people, does not go on by that.
    let opening = Opening { order: ORDER, policy, lines: vec![line(2, 1)], owed: vec![line(1, 1)] };
    let mut state = given([Command::Open(Box::new(opening))]);
    apply(&mut state, to(1, Move::Hold { note: None }), NOW).expect("held");
    apply(&mut state, to(2, Move::GiveUp), NOW).expect("given up");
    assert_eq!(apply(&mut state, arrived(), NOW).as_deref(), Ok(&[][..]));
    assert_eq!((word(&state, 1), word(&state, 2)), ("on_hold", "incomplete"));
}

/// Part 2 was given up, and inventory has seen to it.
fn given_up(state: &mut Fulfillment, number: u32, is_missing: bool) {
    assert_eq!(word(state, number), "incomplete");
    assert!(Fulfillments::due(state).steps.contains(&Step::GiveUp { number, is_missing }));
    let done = Command::Hear(Outcome::GivenUp { number });
    assert_eq!(apply(state, done.clone(), NOW).as_deref(), Ok(&["fulfillment.canceled"][..]));
    assert_eq!(apply(state, done, NOW).as_deref(), Ok(&[][..]), "canceled once");
}

#[test]
fn what_a_picker_does_not_find_is_parted_and_given_up() {
    let mut state = by_hand(&[Stage::Picking]);
    for bad in [vec![], vec![units(1, 3)], vec![units(1, 1), units(1, 1)], vec![units(3, 1)]] {
        assert_eq!(apply(&mut state, to(1, Move::Short { lines: bad }), NOW), Err(Rejection::NotAPart));
    }
    let short = Move::Short { lines: vec![units(1, 1)] };
    let kinds = apply(&mut state, to(1, short.clone()), NOW);
    assert_eq!(kinds.as_deref(), Ok(&["fulfillment.picked_short"][..]));
    assert_eq!((word(&state, 1), work(&state).orders[1].units()), ("picking", 1));
    given_up(&mut state, 2, true);
    let progress = Progress { canceled: vec![units(1, 1)], ..Progress::default() };
    assert_eq!(Fulfillments::due(&state).steps, [Step::Report { progress }], "the order hears of it");
    // The rest is not there either: nothing is left to be parted from.
    let rest = Move::Short { lines: vec![units(1, 1), units(2, 1)] };
    apply(&mut state, to(1, rest), NOW).expect("short");
    assert_eq!(work(&state).orders.len(), 2);
    given_up(&mut state, 1, true);
    let early = apply(&mut by_hand(&[]), to(1, short.clone()), NOW);
    assert!(matches!(early, Err(Rejection::Illegal { .. })), "nobody has looked yet: {early:?}");
    let late = apply(&mut by_hand(&[Stage::Picking, Stage::Picked]), to(1, short), NOW);
    assert!(matches!(late, Err(Rejection::Illegal { .. })), "all was found: {late:?}");
}

#[test]
fn what_a_picker_does_not_find_may_wait_for_people() {
    let policy = Policy {
        mode: Mode::Manual,
        stage_s: 2,
        transit_s: 10,
        stalled_s: 1_000,
        short_pick: ShortPick::Split,
        undelivered: Undelivered::Manual,
    };
    let opening = Opening { order: ORDER, policy, lines: vec![line(1, 2), line(2, 1)], owed: vec![] };
    let mut state = given([
        Command::Open(Box::new(opening)),
        to(1, Move::Stage(Stage::Picking)),
        to(1, Move::Short { lines: vec![units(2, 1)] }),
    ]);
    assert_eq!((word(&state, 1), word(&state, 2)), ("picking", "on_hold"));
    let mut found = state.clone();
    apply(&mut found, to(2, Move::Release), NOW).expect("found");
    assert_eq!(word(&found, 2), "picking");
    apply(&mut state, to(2, Move::GiveUp), NOW).expect("given up");
    given_up(&mut state, 2, true);
}

#[test]
fn people_give_up_what_they_like_while_it_is_in_the_house() {
    let mut state = by_hand(&[Stage::Picking]);
    assert_eq!(apply(&mut state, to(1, Move::GiveUp), NOW).as_deref(), Ok(&["fulfillment.given_up"][..]));
    given_up(&mut state, 1, false);
    let gone = apply(&mut shipped(), to(1, Move::GiveUp), NOW);
    assert!(matches!(gone, Err(Rejection::Illegal { .. })), "{gone:?}");
    // The order is canceled before inventory has answered.
    let mut state = by_hand(&[Stage::Picking]);
    apply(&mut state, to(1, Move::GiveUp), NOW).expect("given up");
    let cancel = Command::Cancel { order: ORDER, except: 0 };
    assert_eq!(apply(&mut state, cancel, NOW).as_deref(), Ok(&["fulfillment.canceled"][..]));
    let late = Command::Hear(Outcome::GivenUp { number: 1 });
    assert_eq!(apply(&mut state, late, NOW).as_deref(), Ok(&[][..]));
}

#[test]
fn a_parcel_without_stock_is_held_for_people() {
    let mut state = ready();
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    let missing = || Command::Hear(Outcome::StockMissing { number: 1, lacking: "A".into() });
    assert_eq!(apply(&mut state, missing(), NOW).as_deref(), Ok(&["fulfillment.held"][..]));
    assert_eq!(apply(&mut state, missing(), NOW).as_deref(), Ok(&[][..]));
    apply(&mut state, to(1, Move::Release), NOW).expect("released");
    assert_eq!(word(&state, 1), "ready_to_ship");
}

#[test]
fn what_cannot_be_paid_waits_and_asks_again_once_it_can() {
    let mut state = ready();
    let (unpaid, paid) = (|| Command::Hear(Outcome::Unpaid), || Command::Hear(Outcome::Paid));
    assert_eq!(apply(&mut state, paid(), NOW).as_deref(), Ok(&[][..]), "it did not wait");
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    assert_eq!(apply(&mut state, unpaid(), NOW).as_deref(), Ok(&["fulfillment.payment_awaited"][..]));
    assert!(Fulfillments::due(&state).is_nothing(), "its store may sleep");
    assert_eq!(apply(&mut state, unpaid(), NOW).as_deref(), Ok(&[][..]));
    assert_eq!(apply(&mut state, paid(), NOW).as_deref(), Ok(&["fulfillment.payment_arrived"][..]));
    assert_eq!(Fulfillments::due(&state).steps, [Step::Dispatch { number: 1 }]);
    assert_eq!(apply(&mut state, paid(), NOW).as_deref(), Ok(&[][..]));
    apply(&mut state, dispatched(1), NOW).expect("let go");
    assert_eq!(word(&state, 1), "pre_transit");
}

fn parcel(state: &Fulfillment) -> &Shipment {
    work(state).orders[0].shipment().expect("left")
}

#[test]
fn a_parcel_is_delivered_when_that_is_first_heard() {
    let mut state = shipped();
    apply(&mut state, scans(&[scan(TrackerStatus::InTransit, 10)]), NOW.plus_secs(60)).expect("taken");
    assert_eq!(parcel(&state).delivered_at, None);
    let there = NOW.plus_secs(120);
    apply(&mut state, scans(&[scan(TrackerStatus::Delivered, 50)]), there).expect("taken");
    // Carriers go on talking: of what they saw before, and of what they saw again.
    for (secs, later) in [(20, 1_000), (90, 2_000)] {
        for status in [TrackerStatus::InTransit, TrackerStatus::Delivered] {
            apply(&mut state, scans(&[scan(status, secs)]), there.plus_secs(later)).expect("taken");
        }
    }
    assert_eq!(parcel(&state).delivered_at, Some(there));
    assert_eq!(parcel(&state).heard_at, there.plus_secs(2_000));
}

#[test]
fn a_carrier_may_say_no_more_than_when_a_parcel_will_be_there() {
    let mut state = shipped();
    let says = |eta: u64, seen: &[Scan]| {
        let (eta, scans) = (Some(NOW.plus_secs(eta)), seen.to_vec());
        Command::Scan { number: 1, tracking_code: None, eta, scans }
    };
    let (first, second) = (scan(TrackerStatus::InTransit, 10), scan(TrackerStatus::InTransit, 20));
    let both = [first.clone(), second];
    let changed: &[&str] = &["shipment.eta_changed"];
    let table: [(&str, Command, &[&str], u64); 7] = [
        ("with scans", says(500, &both), &["shipment.in_transit", "shipment.scanned"], 500),
        ("the same", says(500, &both), &[], 500),
        ("nothing new but the time", says(700, &both), changed, 700),
        ("again", says(700, &both), &[], 700),
        ("nothing but the time", says(800, &[]), changed, 800),
        ("an earlier message that was late", says(500, &[first]), &[], 800),
        ("late, with a scan", says(600, &[scan(TrackerStatus::InTransit, 15)]), &["shipment.scanned"], 800),
    ];
    for (what, command, kinds, eta) in table {
        assert_eq!(apply(&mut state, command, NOW.plus_secs(60)).as_deref(), Ok(kinds), "{what}");
        let view = FulfillmentView::of(work(&state), &work(&state).orders[0]);
        assert_eq!(view.eta, Some(NOW.plus_secs(eta)), "{what}");
    }
    assert_eq!(parcel(&state).heard_at, NOW.plus_secs(60), "nobody has seen it meanwhile");
    apply(&mut state, scans(&[scan(TrackerStatus::Delivered, 30)]), NOW).expect("there");
    assert_eq!(apply(&mut state, says(900, &[]), NOW).as_deref(), Ok(&[][..]), "it is there");
}

#[test]
fn scans_are_taken_once_and_the_newest_counts() {
    use TrackerStatus as T;
    let mut state = shipped();
    let table: [(&str, &[Scan], &[&str], &str); 7] = [
        ("late", &[scan(T::OutForDelivery, 50)], &["shipment.out_for_delivery"], "out_for_delivery"),
        ("older", &[scan(T::InTransit, 20)], &["shipment.scanned"], "out_for_delivery"),
        ("again", &[scan(T::InTransit, 20)], &[], "out_for_delivery"),
        ("brought in vain", &[vain(60)], &["shipment.attempt_failed"], "in_transit"),
        (
            "two at once, in the wrong order",
            &[scan(T::AvailableForPickup, 80), scan(T::OutForDelivery, 70)],
            &["shipment.out_for_delivery", "shipment.scanned"],
            "available_for_pickup",
        ),
        ("there", &[scan(T::Delivered, 75)], &["shipment.delivered"], "delivered"),
        ("after the end", &[scan(T::InTransit, 99)], &["shipment.scanned"], "delivered"),
    ];
    for (what, seen, kinds, status) in table {
        assert_eq!(apply(&mut state, scans(seen), NOW).as_deref(), Ok(kinds), "{what}");
        assert_eq!(word(&state, 1), status, "{what}");
    }
    let parcel = work(&state).orders[0].shipment().expect("left");
    assert!(parcel.scans.is_sorted_by_key(|scan| scan.at));
    assert_eq!((parcel.scans.len(), parcel.attempts), (7, 1));
}

#[test]
fn every_attempt_in_vain_is_counted() {
    let mut state = shipped();
    for (nth, secs) in (1..).zip([10, 20, 30]) {
        let events = Fulfillments::decide(&state, scans(&[vain(secs)]), NOW).expect("taken");
        let [Event::AttemptFailed(failed)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(failed.attempts, Some(nth));
        apply(&mut state, scans(&[vain(secs)]), NOW).expect("taken");
    }
    assert_eq!(work(&state).orders[0].shipment().map(|parcel| parcel.attempts), Some(ATTEMPTS_MAX));
}

#[test]
fn a_parcel_that_comes_back_is_returned_for_good() {
    let mut state = shipped();
    let back = scans(&[scan(TrackerStatus::ReturnToSender, 10)]);
    assert_eq!(apply(&mut state, back, NOW).as_deref(), Ok(&["shipment.returned"][..]));
    apply(&mut state, scans(&[scan(TrackerStatus::Delivered, 20)]), NOW).expect("taken");
    assert_eq!(word(&state, 1), "return_to_sender");
    assert_eq!(work(&state).progress(), Progress { shipped: 3, returned: 3, ..Progress::default() });
}

/// A parcel on its way, of a store that wants this of what does not arrive.
fn under_way(undelivered: Undelivered) -> Fulfillment {
    let moves = Stage::ALL[1..].iter().map(|stage| to(1, Move::Stage(*stage)));
    let mut state = given(std::iter::once(opened(Mode::Manual, undelivered)).chain(moves));
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    apply(&mut state, dispatched(1), NOW).expect("let go");
    state
}

fn ending(state: &Fulfillment) -> Option<(Becomes, &'static str)> {
    let ending = work(state).orders[0].shipment()?.ending.as_ref()?;
    Some((ending.becomes, ending.stock.word()))
}

/// All three pieces left and do not arrive.
fn none_arrive(lost: u32) -> Progress {
    let undelivered = vec![units(1, 2), units(2, 1)];
    Progress { shipped: 3, returned: 3 - lost, undelivered, lost, ..Progress::default() }
}

fn booked() -> Command {
    Command::Hear(Outcome::StockBooked { number: 1 })
}

#[test]
fn a_parcel_that_comes_back_is_taken_back_as_the_store_wants_it() {
    let table = [
        (Undelivered::Restock, Becomes::Restock),
        (Undelivered::Damaged, Becomes::Damaged),
        (Undelivered::WriteOff, Becomes::WriteOff),
    ];
    for (policy, becomes) in table {
        let mut state = under_way(policy);
        let back = scans(&[scan(TrackerStatus::ReturnToSender, 10)]);
        let kinds = apply(&mut state, back.clone(), NOW);
        assert_eq!(kinds.as_deref(), Ok(&["shipment.returned", "shipment.taken_back"][..]));
        assert_eq!(ending(&state), Some((becomes, "pending")));
        let told = [
            Step::Report { progress: none_arrive(0) },
            Step::TakeBack { number: 1 },
            Step::Warn { number: 1, trouble: Some(Trouble::Returned) },
        ];
        assert_eq!(Fulfillments::due(&state).steps, told, "the order, stock and people");
        assert_eq!(apply(&mut state, back, NOW).as_deref(), Ok(&[][..]), "told again");
        assert_eq!(apply(&mut state, booked(), NOW).as_deref(), Ok(&["shipment.stock_booked"][..]));
        assert_eq!(apply(&mut state, booked(), NOW).as_deref(), Ok(&[][..]), "booked once");
        assert_eq!(warned(&mut state), None, "it was over before anybody was told");
        let noted = Command::Hear(Outcome::Noted { progress: none_arrive(0) });
        apply(&mut state, noted, NOW).expect("noted");
        assert!(Fulfillments::due(&state).is_nothing());
        let late = apply(&mut state, to(1, Move::Lose), NOW);
        assert!(matches!(late, Err(Rejection::Illegal { legal: [], .. })), "{late:?}");
    }
}

#[test]
fn people_say_what_became_of_a_parcel_and_may_say_it_again_when_stock_refuses() {
    let mut state = under_way(Undelivered::Manual);
    apply(&mut state, scans(&[scan(TrackerStatus::ReturnToSender, 10)]), NOW).expect("taken");
    assert_eq!((ending(&state), warned(&mut state)), (None, Some(Some(Trouble::Returned))));
    let view = FulfillmentView::of(work(&state), &work(&state).orders[0]).legal;
    assert_eq!(view, ["taken_back", "lost"]);
    let damaged = Move::TakeBack { becomes: Becomes::Damaged };
    let kinds = apply(&mut state, to(1, damaged), NOW);
    assert_eq!(kinds.as_deref(), Ok(&["shipment.taken_back"][..]));
    let refused = Command::Hear(Outcome::StockRefused { number: 1, why: "full".into() });
    assert_eq!(apply(&mut state, refused.clone(), NOW).as_deref(), Ok(&["shipment.stock_refused"][..]));
    assert_eq!(apply(&mut state, refused, NOW).as_deref(), Ok(&[][..]), "refused once");
    assert_eq!(warned(&mut state), Some(Some(Trouble::StockRefused)));
    assert!(!Fulfillments::due(&state).steps.contains(&Step::TakeBack { number: 1 }), "people first");
    assert_eq!(work(&state).progress(), none_arrive(0), "the shopper does not wait for the shelf");
    apply(&mut state, to(1, Move::Lose), NOW).expect("said again");
    assert_eq!(ending(&state), Some((Becomes::Lost, "pending")));
    assert!(Fulfillments::due(&state).steps.contains(&Step::TakeBack { number: 1 }));
    apply(&mut state, booked(), NOW).expect("booked");
    assert_eq!((warned(&mut state), work(&state).progress()), (Some(None), none_arrive(3)));
    let mut there = shipped();
    apply(&mut there, scans(&[scan(TrackerStatus::Delivered, 1)]), NOW).expect("delivered");
    let late = apply(&mut there, to(1, Move::Lose), NOW);
    assert!(matches!(late, Err(Rejection::Illegal { legal: [], .. })), "{late:?}");
}

#[test]
fn a_parcel_that_its_carrier_gave_up_is_lost_once_it_has_been_silent_for_long() {
    let mut state = under_way(Undelivered::Restock);
    apply(&mut state, scans(&[scan(TrackerStatus::Failure, 10)]), NOW.plus_secs(10)).expect("taken");
    assert_eq!((ending(&state), warned(&mut state)), (None, Some(Some(Trouble::Failed))));
    let (at, tick) = Fulfillments::due(&state).timer.expect("silence is noticed");
    assert_eq!(at, NOW.plus_secs(1_010));
    assert_eq!(apply(&mut state, tick, at).as_deref(), Ok(&["shipment.lost"][..]));
    assert_eq!((ending(&state), Fulfillments::due(&state).timer), (Some((Becomes::Lost, "pending")), None));
    apply(&mut state, booked(), at).expect("written off");
    assert_eq!(warned(&mut state), Some(None), "it has been seen to");
    // It is found after all, and people hear of that: its money went back.
    let kinds = apply(&mut state, scans(&[scan(TrackerStatus::Delivered, 20)]), at);
    assert_eq!(kinds.as_deref(), Ok(&["shipment.scanned"][..]));
    assert_eq!((word(&state, 1), work(&state).progress()), ("failure", none_arrive(3)));
    assert_eq!(warned(&mut state), Some(Some(Trouble::AfterAll)));

    let mut by_people = under_way(Undelivered::Manual);
    apply(&mut by_people, scans(&[scan(TrackerStatus::Failure, 10)]), NOW).expect("taken");
    let (at, tick) = Fulfillments::due(&by_people).timer.expect("silence is noticed");
    assert_eq!(apply(&mut by_people, tick, at).as_deref(), Ok(&["shipment.stalled"][..]));
}

#[test]
fn a_silent_parcel_is_stalled_once_until_it_is_heard_of_again() {
    let mut state = shipped();
    let (at, tick) = Fulfillments::due(&state).timer.expect("silence is noticed");
    assert_eq!(at, NOW.plus_secs(1_000));
    assert_eq!(apply(&mut state, tick, at).as_deref(), Ok(&["shipment.stalled"][..]));
    assert_eq!(Fulfillments::due(&state).timer, None, "told once");
    apply(&mut state, scans(&[scan(TrackerStatus::InTransit, 5)]), at).expect("taken");
    assert_eq!(Fulfillments::due(&state).timer.map(|(at, _)| at), Some(at.plus_secs(1_000)));
}

type Warned = Option<Option<Trouble>>;

/// What the alert desk is still to be told of parcel 1, if anything, having been told of everything before.
fn warned(state: &mut Fulfillment) -> Warned {
    let steps = Fulfillments::due(state).steps;
    let trouble = steps.iter().find_map(|step| match step {
        Step::Warn { number: 1, trouble } => Some(*trouble),
        Step::Warn { .. }
        | Step::Dispatch { .. }
        | Step::GiveUp { .. }
        | Step::TakeBack { .. }
        | Step::Report { .. } => None,
    })?;
    let heard = Command::Hear(Outcome::Warned { number: 1, trouble });
    assert_eq!(apply(state, heard.clone(), NOW).as_deref(), Ok(&["shipment.trouble_reported"][..]));
    assert_eq!(apply(state, heard, NOW).as_deref(), Ok(&[][..]), "heard once");
    Some(trouble)
}

#[test]
fn people_are_told_once_what_is_wrong_with_a_parcel_and_that_it_is_over() {
    use TrackerStatus as T;
    let seen = |status, secs| vec![scan(status, secs)];
    let table: [(&str, Vec<Scan>, Warned); 9] = [
        ("on its way", seen(T::InTransit, 1), None),
        ("in vain", vec![vain(2), vain(3)], None),
        ("three times", vec![vain(4)], Some(Some(Trouble::Attempts))),
        ("a fourth time", vec![vain(5)], None),
        ("moves on", seen(T::OutForDelivery, 6), Some(None)),
        ("cannot be delivered", seen(T::Failure, 7), Some(Some(Trouble::Failed))),
        ("found again", seen(T::InTransit, 8), Some(None)),
        ("comes back", seen(T::ReturnToSender, 9), Some(Some(Trouble::Returned))),
        ("and nothing changes that", seen(T::InTransit, 10), None),
    ];
    let mut state = shipped();
    for (what, seen, told) in table {
        apply(&mut state, scans(&seen), NOW).expect("taken");
        assert_eq!(warned(&mut state), told, "{what}");
    }
    let mut state = shipped();
    let (at, tick) = Fulfillments::due(&state).timer.expect("silence is noticed");
    apply(&mut state, tick, at).expect("stalled");
    assert_eq!(warned(&mut state), Some(Some(Trouble::Stalled)));
    apply(&mut state, scans(&[scan(T::Delivered, 20)]), at).expect("taken");
    assert_eq!(warned(&mut state), Some(None), "there after all");
}

#[test]
fn a_warning_that_was_overtaken_is_followed_by_the_next() {
    let mut state = shipped();
    apply(&mut state, scans(&[scan(TrackerStatus::Failure, 1)]), NOW).expect("taken");
    // It is found again before the desk has answered.
    apply(&mut state, scans(&[scan(TrackerStatus::InTransit, 2)]), NOW).expect("taken");
    assert_eq!(warned(&mut state), None, "nothing was said, nothing is to be taken back");
    let late = Command::Hear(Outcome::Warned { number: 1, trouble: Some(Trouble::Failed) });
    apply(&mut state, late, NOW).expect("heard");
    assert_eq!(warned(&mut state), Some(None));
    let nobody = Command::Hear(Outcome::Warned { number: 7, trouble: None });
    assert_eq!(apply(&mut state, nobody, NOW).as_deref(), Ok(&[][..]));
}

#[test]
fn a_carrier_that_means_another_parcel_is_refused() {
    let mut state = shipped();
    let scans = vec![scan(TrackerStatus::InTransit, 1)];
    let other =
        Command::Scan { number: 1, tracking_code: Some("2Z".into()), eta: None, scans: scans.clone() };
    assert_eq!(apply(&mut state, other, NOW), Err(Rejection::OtherParcel));
    let nobody = Command::Scan { number: 2, tracking_code: None, eta: None, scans: scans.clone() };
    assert_eq!(apply(&mut state, nobody, NOW), Err(Rejection::NotFound));
    let early = Command::Scan { number: 1, tracking_code: None, eta: None, scans };
    assert_eq!(apply(&mut ready(), early, NOW), Err(Rejection::NotFound), "nothing has left yet");
}

#[test]
fn scans_are_bounded_and_the_end_is_never_lost() {
    let mut state = shipped();
    for secs in 0..SCANS_MAX as u64 + 20 {
        apply(&mut state, scans(&[scan(TrackerStatus::InTransit, 1_000 + secs)]), NOW).expect("taken");
    }
    let kept = |state: &Fulfillment| work(state).orders[0].shipment().map(|parcel| parcel.scans.len());
    assert_eq!(kept(&state), Some(SCANS_MAX));
    let old = scans(&[scan(TrackerStatus::OutForDelivery, 1)]);
    assert_eq!(apply(&mut state, old, NOW).as_deref(), Ok(&[][..]), "older than all that is kept");
    let end = || scans(&[scan(TrackerStatus::Delivered, 2)]);
    assert_eq!(apply(&mut state, end(), NOW).as_deref(), Ok(&["shipment.delivered"][..]));
    assert_eq!((kept(&state), word(&state, 1)), (Some(SCANS_MAX), "delivered"));
    let view = ShipmentView::of(work(&state).orders[0].shipment_id(ORDER), parcel(&state));
    assert_eq!(view.delivered_at, Some(NOW.plus_secs(2)), "the end is kept");
    assert_eq!(apply(&mut state, end(), NOW).as_deref(), Ok(&[][..]), "and known when it is told again");
    let older = scans(&[scan(TrackerStatus::InTransit, 3)]);
    assert_eq!(apply(&mut state, older, NOW).as_deref(), Ok(&[][..]), "older than all else");
    // A carrier that knows nothing but ends is bounded, too.
    for secs in 0..SCANS_MAX as u64 + 20 {
        let end = scans(&[scan(TrackerStatus::Delivered, 5_000 + secs)]);
        assert_eq!(apply(&mut state, end.clone(), NOW).as_deref(), Ok(&["shipment.scanned"][..]));
        assert_eq!(apply(&mut state, end, NOW).as_deref(), Ok(&[][..]));
        assert_eq!(kept(&state), Some(SCANS_MAX));
    }
    for late in [TrackerStatus::InTransit, TrackerStatus::Delivered] {
        assert_eq!(apply(&mut state, scans(&[scan(late, 4_000)]), NOW).as_deref(), Ok(&[][..]));
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => (1..Stage::ALL.len()).prop_map(|at| Move::Stage(Stage::ALL[at])),
        2 => Just(ship()),
        1 => Just(Move::Hold { note: None }),
        1 => Just(Move::Release),
        1 => (1..3_u128, 1..3_u32).prop_map(|(id, quantity)| Move::Short { lines: vec![units(id, quantity)] }),
        1 => Just(Move::GiveUp),
        1 => (1..3_u128, 1..3_u32).prop_map(|(id, quantity)| Move::Split { lines: vec![units(id, quantity)] }),
        1 => (0..TrackerStatus::ALL.len()).prop_map(|at| Move::Carried(TrackerStatus::ALL[at])),
        1 => (0..3_usize).prop_map(|at| Move::TakeBack { becomes: Becomes::ALL[at] }),
        1 => Just(Move::Lose),
    ]
}

fn any_scan() -> impl Strategy<Value = Scan> {
    (0..TrackerStatus::ALL.len(), 0..40_u64, any::<bool>()).prop_map(|(at, secs, is_failed_attempt)| Scan {
        is_failed_attempt,
        ..scan(TrackerStatus::ALL[at], secs)
    })
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(open(Mode::Auto)),
        1 => Just(open(Mode::Manual)),
        1 => Just(opened(Mode::Manual, Undelivered::WriteOff)),
        8 => (1..4_u32, any_move()).prop_map(|(number, to)| Command::Advance { number, to }),
        3 => (1..4_u32, proptest::collection::vec(any_scan(), 0..4), proptest::option::of(0..5_u64))
            .prop_map(|(number, scans, eta)| {
                let eta = eta.map(|secs| NOW.plus_secs(1_000 + secs));
                Command::Scan { number, tracking_code: None, eta, scans }
            }),
        4 => Just(Command::Tick),
        1 => (0..8_u32).prop_map(|except| Command::Cancel { order: ORDER, except }),
        3 => (1..4_u32).prop_map(dispatched),
        1 => (1..4_u32)
            .prop_map(|number| Command::Hear(Outcome::StockMissing { number, lacking: "A".into() })),
        1 => Just(Command::Hear(Outcome::Paid)),
        1 => Just(Command::Hear(Outcome::Unpaid)),
        1 => Just(Command::Hear(Outcome::StockArrived)),
        1 => (1..4_u32).prop_map(|number| Command::Hear(Outcome::StockBooked { number })),
        1 => (1..4_u32)
            .prop_map(|number| Command::Hear(Outcome::StockRefused { number, why: "no".into() })),
        2 => (1..4_u32).prop_map(|number| Command::Hear(Outcome::GivenUp { number })),
        1 => (1..4_u32, proptest::option::of(0..Trouble::ALL.len())).prop_map(|(number, at)| {
            Command::Hear(Outcome::Warned { number, trouble: at.map(|at| Trouble::ALL[at]) })
        }),
    ]
}

proptest! {
    /// Whatever happens: no piece is lost or made, what has left stays so, what is final stays so, what is told twice is
    /// taken once, and the replayed state is the live one.
    #[test]
    fn laws(commands in proptest::collection::vec((any_command(), 0..20_u64), 0..60)) {
        let mut state = Fulfillment::default();
        let mut history = Vec::new();
        let mut now = NOW;
        for (command, secs) in commands {
            now = now.plus_secs(secs);
            let before = state.clone();
            let Ok(events) = Fulfillments::decide(&state, command.clone(), now) else { continue };
            for event in events {
                Fulfillments::evolve(&mut state, &event, now);
                history.push((event, now));
            }
            if matches!(command, Command::Scan { .. } | Command::Hear(_) | Command::Cancel { .. } | Command::Open(_)) {
                prop_assert_eq!(Fulfillments::decide(&state, command, now), Ok(vec![]));
            }
            let Some(work) = state.work() else { continue };
            let pieces: u32 = work.orders.iter().map(WorkOrder::units).sum();
            prop_assert_eq!(pieces, 3);
            prop_assert!(work.orders.iter().all(|one| one.units() > 0));
            let progress = work.progress();
            prop_assert!(progress.delivered + progress.returned + progress.lost <= progress.shipped);
            let undelivered: u32 = progress.undelivered.iter().map(|part| part.quantity).sum();
            prop_assert!(progress.lost <= undelivered && undelivered <= progress.returned + progress.lost);
            for was in before.work().map_or(&[][..], |work| &work.orders) {
                let one = work.order_of(was.number).expect("no part vanishes");
                if let Some(parcel) = was.shipment() {
                    let now = one.shipment().expect("what has left stays so");
                    prop_assert!(!parcel.status.is_final() || now.status == parcel.status);
                    prop_assert!(now.attempts >= parcel.attempts);
                    prop_assert!(parcel.ending.is_none() || now.status == parcel.status && now.ending.is_some());
                    prop_assert!(now.ending.is_none() || now.status != TrackerStatus::Delivered);
                }
                prop_assert!(was.phase != Phase::Canceled || one.phase == Phase::Canceled);
            }
        }
        let mut replayed = Fulfillment::default();
        for (event, at) in &history {
            let mut stored = Vec::new();
            event.write(&mut stored);
            let read = Event::read(event.kind(), event.version(), &stored).expect("readable");
            Fulfillments::evolve(&mut replayed, &read, *at);
        }
        prop_assert_eq!(&replayed, &state);
        let document = serde_json::to_vec(&state).expect("a document");
        prop_assert_eq!(serde_json::from_slice::<Fulfillment>(&document).expect("the same"), state);
    }

    /// In whatever order a carrier's scans arrive, and however often, the parcel ends where the newest of them says, unless
    /// it was seen delivered or coming back.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        seen in proptest::collection::vec(any_scan(), 1..12),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 12..30),
    ) {
        let mut seen = seen;
        seen.dedup_by_key(|scan| scan.at);
        seen.sort_by_key(|scan| scan.at);
        seen.dedup_by_key(|scan| scan.at);
        let finals = seen.iter().filter(|scan| scan.status.is_final()).count();
        let mut state = shipped();
        for index in order {
            let one = index.get(&seen).clone();
            apply(&mut state, scans(&[one]), NOW).expect("taken");
        }
        apply(&mut state, scans(&seen), NOW).expect("taken");
        let parcel = work(&state).orders[0].shipment().expect("left");
        prop_assert_eq!(parcel.scans.len(), seen.len());
        let newest = seen.last().expect("some").status;
        prop_assert!(finals > 1 || parcel.status == seen.iter().find(|scan| scan.status.is_final()).map_or(newest, |scan| scan.status));
    }
}

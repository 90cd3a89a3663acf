//! Work in the house: one stage after the other, holds, splits and cancelations.

use super::*;

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

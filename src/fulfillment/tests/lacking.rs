//! What cannot leave: not there, not found, not in the books, or not paid.

use super::*;

/// Work on one piece of this line that is there, and one of the first line that is not.
fn one_there_and_one_owed(there: u128) -> Fulfillment {
    let policy = Policy {
        mode: Mode::Auto,
        stage_s: 2,
        transit_s: 10,
        stalled_s: 1_000,
        short_pick: ShortPick::Refund,
        undelivered: Undelivered::Restock,
    };
    let opening = Opening { order: ORDER, policy, lines: vec![line(there, 1)], owed: vec![line(1, 1)] };
    given([Command::Open(Box::new(opening))])
}

#[test]
fn what_is_sold_but_not_there_waits_on_hold() {
    let mut state = one_there_and_one_owed(1);
    assert_eq!((word(&state, 1), word(&state, 2)), ("allocated", "on_hold"));
    let refused = apply(&mut state, to(2, Move::Release), NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { legal: ["canceled"], .. })), "{refused:?}");
    apply(&mut state, to(2, Move::GiveUp), NOW).expect("given up");
    assert!(work(&state).orders[1].is_owed, "no stock was promised to it");
}

#[test]
fn what_was_not_there_goes_on_once_it_has_come() {
    let mut state = one_there_and_one_owed(1);
    let later = NOW.plus_secs(500);
    let arrived = || Command::Hear(Outcome::StockArrived);
    assert_eq!(apply(&mut state, arrived(), later).as_deref(), Ok(&["fulfillment.stock_arrived"][..]));
    assert_eq!(apply(&mut state, arrived(), later).as_deref(), Ok(&[][..]), "told again");
    let one = &work(&state).orders[1];
    assert_eq!((word(&state, 2), one.is_owed, one.since), ("allocated", false, later));
    // What is given up, or held by people, does not go on by that.
    let mut state = one_there_and_one_owed(2);
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

//! Parcels that do not arrive, and whom that is said to.

use super::*;

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

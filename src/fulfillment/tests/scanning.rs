//! What carriers say of a parcel: late, twice, in any order, and of another.

use super::*;

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

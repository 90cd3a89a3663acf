//! What holds whatever happens.

use super::*;

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

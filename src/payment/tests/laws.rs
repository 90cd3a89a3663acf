//! Laws under a bank that may say anything at any time: whatever comes in whatever order, nothing is counted that was not
//! said, nothing is said twice, and the journal alone gives the same state.

use proptest::prelude::*;

use super::*;
use crate::payment::bank::Notice;

fn intents() -> impl Strategy<Value = Snapshot> {
    let status = prop_oneof![
        2 => Just(IntentStatus::Succeeded),
        2 => Just(IntentStatus::RequiresCapture),
        1 => Just(IntentStatus::Processing),
        1 => Just(IntentStatus::Canceled),
        1 => Just(IntentStatus::RequiresPaymentMethod(None)),
        1 => Just(IntentStatus::RequiresAction { url: None }),
    ];
    (
        status,
        0..4u32,
        prop_oneof![9 => Just(3_998i64), 1 => Just(3_997)],
        prop_oneof![19 => Just("USD"), 1 => Just("EUR")],
    )
        .prop_map(|(status, intent, minor, currency)| Snapshot {
            intent: format!("pi_{intent}").into(),
            captured: if status == IntentStatus::Succeeded { amount(minor) } else { Amount::ZERO },
            status,
            amount: amount(minor),
            currency: currency.parse().ok(),
            charge: None,
        })
}

fn reasons() -> impl Strategy<Value = Reason> {
    prop_oneof![
        Just(Reason::ConnectFailed),
        Just(Reason::LaneClosed),
        Just(Reason::RateLimited),
        Just(Reason::KeyInUse),
        Just(Reason::TimedOut),
        Just(Reason::ServerError),
    ]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => intents().prop_map(Outcome::Intent),
        4 => intents().prop_map(Outcome::Found),
        2 => (0..6u32, 1..4_000i64).prop_map(|(id, minor)| given_back(&format!("re_{id}"), minor)),
        1 => (0..6u32, 1..4_000i64).prop_map(|(id, minor)| {
            Outcome::FoundRefund(Some(receipt(&format!("re_{id}"), minor, RefundProgress::Succeeded)))
        }),
        1 => (0..6u32, 1..4_000i64, any::<bool>()).prop_map(|(id, minor, is_found)| {
            let receipt = receipt(&format!("re_{id}"), minor, RefundProgress::Pending);
            if is_found { Outcome::FoundRefund(Some(receipt)) } else { Outcome::Refunded(receipt) }
        }),
        1 => Just(Outcome::FoundRefund(None)),
        1 => Just(Outcome::RefundFailed { code: "failed".into() }),
        1 => Just(declined("processing_error")),
        1 => Just(declined("lost_card")),
        1 => reasons().prop_map(|reason| Outcome::NotSent { reason, retry_after_ms: None }),
        1 => reasons().prop_map(|reason| Outcome::Busy { reason, retry_after_ms: Some(100) }),
        1 => Just(Outcome::Refused { code: "x".into(), message: "".into() }),
        2 => (reasons(), any::<bool>()).prop_map(|(reason, replayed)| Outcome::Unknown { reason, replayed, retry_after_ms: None }),
        2 => Just(Outcome::NotFound),
        1 => reasons().prop_map(|reason| Outcome::InquiryFailed { reason, retry_after_ms: None }),
    ]
}

#[derive(Clone, Debug)]
enum Move {
    /// What is due is answered.
    Answer(Outcome),
    /// Something is answered that may not be due.
    Stray(Operation, u32, Outcome),
    /// A look ends that may not be due.
    StrayLook(u32, u32, Outcome),
    Tell(Command),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    let operations = prop_oneof![
        Just(Operation::Authorize),
        Just(Operation::Capture),
        Just(Operation::Void),
        (1..4u32).prop_map(Operation::Refund),
        Just(Operation::Refund(UNDO_FROM)),
    ];
    prop_oneof![
        6 => outcomes().prop_map(Move::Answer),
        2 => (operations, 1..4u32, outcomes()).prop_map(|(operation, attempt, outcome)| Move::Stray(operation, attempt, outcome)),
        1 => (0..4u32, 1..4u32, outcomes()).prop_map(|(intent, attempt, outcome)| Move::StrayLook(intent, attempt, outcome)),
        4 => Just(Move::Tell(Command::Resume)),
        1 => Just(Move::Tell(Command::RetryNow)),
        1 => Just(Move::Tell(Command::Capture)),
        1 => Just(Move::Tell(Command::Cancel { reason: "customer".into() })),
        1 => (0..4u32, 1..4_000i64).prop_map(|(nth, minor)| Move::Tell(referring(nth, minor))),
        2 => (0..5u32, 1..4u32, any::<bool>()).prop_map(|(intent, attempt, has_money)| {
            let intent = format!("pi_{intent}").into();
            Move::Tell(Command::Notified(Notice::Intent { intent, attempt, has_money }))
        }),
        1 => (1..4u32, any::<bool>()).prop_map(|(number, has_failed)| {
            Move::Tell(Command::Notified(Notice::Refund { number, has_failed }))
        }),
        2 => (0..40u64).prop_map(Move::Pass),
    ]
}

/// A wish that can be repeated.
fn referring(nth: u32, minor: i64) -> Command {
    let how_much = match nth {
        0 => HowMuch::AllThatIsLeft,
        1 => HowMuch::AtMost(amount(minor)),
        _ => HowMuch::Exactly(amount(minor)),
    };
    let reference = Some(format!("for_{nth}").into());
    Command::Refund(Wish { how_much, reason: RefundReason::Customer, reference })
}

fn money_adds_up(begun: &Begun) {
    for charge in begun.charges() {
        assert!(charge.captured <= charge.amount, "captured at most what was authorised: {charge:?}");
        assert!(charge.refunded <= charge.captured, "refunded at most what was captured: {charge:?}");
    }
    let mut intents: Vec<_> = begun.charges().map(|charge| &charge.intent).collect();
    intents.sort();
    intents.dedup();
    assert_eq!(intents.len(), begun.charges().count(), "each intent is counted once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn whatever_the_bank_says(manual in any::<bool>(), moves in prop::collection::vec(moves(), 1..40)) {
        let mut paying = if manual { Paying::begun_manual() } else { Paying::begun() };
        for step in moves {
            let command = match step {
                Move::Pass(secs) => {
                    paying.pass(secs);
                    continue;
                }
                Move::Tell(command) => command,
                Move::StrayLook(nth, attempt, outcome) => {
                    let intent = format!("pi_{nth}").into();
                    Command::Looked { attempt, intent, outcome }
                }
                Move::Stray(operation, attempt, outcome) => Command::Answered { operation, attempt, outcome },
                Move::Answer(outcome) => match paying.call() {
                    Some(call) => call.ended(outcome),
                    None => continue,
                },
            };
            let before = paying.state.clone();
            let first = paying.tell(command.clone());
            let begun = paying.begun_state();
            money_adds_up(begun);

            // Nothing that happened is taken back.
            prop_assert!(begun.captured() >= before.begun().map_or(Amount::ZERO, Begun::captured));
            // What was given back may come back, and then the journal says so.
            let mut reversed = Amount::ZERO;
            for event in first.iter().flatten() {
                if let Event::RefundFailed(failed) = event {
                    reversed = reversed.plus(failed.reversed).expect("small");
                }
            }
            let known = begun.refunded().plus(reversed).expect("small");
            prop_assert!(known >= before.begun().map_or(Amount::ZERO, Begun::refunded));

            // While money is out that nobody wants, somebody is at it.
            let is_unwanted = begun.strays.iter().any(|stray| stray.charge.is_live())
                || (!begun.is_wanted() && begun.charges().any(Charge::is_live));
            let is_accepted = begun.refunds.iter().any(|refund| refund.is_accepted() && refund.check_at.is_some());
            prop_assert!(!is_unwanted || begun.work.is_some() || is_accepted, "unwanted money lies about: {begun:?}");

            // A call or a timer or rest; never an operation that nothing moves on.
            let due = Payment::due(&paying.state);
            let is_at_work = begun.work.is_some() || begun.look.is_some() || begun.next_look().is_some();
            prop_assert_eq!(is_at_work, due.call.is_some() || due.timer.is_some());

            // Once canceled, nothing is authorised any more.
            let call = due.call.map(|errand| errand.call);
            let is_authorizing = matches!(call, Some(Call::Authorize { .. } | Call::Capture { .. }));
            prop_assert!(begun.is_wanted() || !is_authorizing, "{:?}", call);

            // The same again changes nothing.
            let state = paying.state.clone();
            if first.is_ok() {
                let again = paying.tell(command.clone());
                let is_nothing = matches!(&again, Ok(events) if events.is_empty()) || again == Err(Rejection::Over);
                // Meanwhile the call of that name may be about another intent: an answer about this one is looked into.
                let doubt = |event: &Event| matches!(event, Event::OutcomeUnknown(unknown) if unknown.reason == Reason::Unreadable);
                let is_doubt = matches!(&again, Ok(events) if events.len() == 1 && events.iter().all(doubt));
                prop_assert!(is_nothing || is_doubt, "{:?} again: {:?}", command, again);
                prop_assert!(is_doubt || paying.state == state);
            } else {
                prop_assert_eq!(&paying.state, &state);
            }
        }
        prop_assert_eq!(&paying.replayed(), &paying.state);
        let stored = serde_json::to_vec(&paying.state).expect("state is JSON");
        prop_assert_eq!(&serde_json::from_slice::<State>(&stored).expect("readable"), &paying.state);
        let view = PaymentView::of(id_of(order()), paying.begun_state());
        prop_assert!(serde_json::to_string(&view).is_ok());
    }
}

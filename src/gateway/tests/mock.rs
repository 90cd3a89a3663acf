//! The client against the mock bank: every operation, and what becomes of it when the answer is lost.

use super::*;

struct Counter {
    bank: Stripe,
    _open: mock_gateway::Running,
}

impl Counter {
    fn open() -> Self {
        let open = mock_gateway::start(mock_gateway::Options::on_a_free_port()).expect("the bank opens");
        Self { bank: client(&open.url()), _open: open }
    }

    async fn ask(&self, call: Call) -> Outcome {
        self.bank.call(context(), call).await
    }

    async fn pay(&self, method: &str, capture: Capture, attempt: u32) -> Outcome {
        self.ask(Call::Authorize {
            attempt,
            amount: amount(3_998),
            currency: "USD".parse().expect("legal"),
            method: method.into(),
            capture,
            due_since: now(),
        })
        .await
    }

    async fn paid(&self, capture: Capture) -> Arc<str> {
        match self.pay("pm_card_visa", capture, 1).await {
            Outcome::Intent(snapshot) => snapshot.intent,
            outcome => panic!("not paid: {outcome:?}"),
        }
    }
}

fn status(outcome: &Outcome) -> &IntentStatus {
    match outcome {
        Outcome::Intent(snapshot) | Outcome::Found(snapshot) => &snapshot.status,
        outcome => panic!("no intent: {outcome:?}"),
    }
}

#[actix_rt::test]
async fn money_is_taken_given_back_and_found_again() {
    let counter = Counter::open();
    assert_eq!(counter.ask(inquire(Operation::Authorize, None)).await, Outcome::NotFound);
    let intent = counter.paid(Capture::Automatic).await;
    assert_eq!(counter.paid(Capture::Automatic).await, intent, "the same key, the same intent");

    let found = counter.ask(inquire(Operation::Authorize, None)).await;
    assert_eq!(status(&found), &IntentStatus::Succeeded);
    let Outcome::Found(snapshot) = found else { panic!("found") };
    assert_eq!(
        (snapshot.intent, snapshot.amount, snapshot.captured),
        (Arc::clone(&intent), amount(3_998), amount(3_998))
    );

    let asked = || inquire(Operation::Refund(2), Some(&intent));
    assert_eq!(counter.ask(asked()).await, Outcome::NotFound);
    let refund = || Call::Refund {
        refund: 2,
        attempt: 1,
        intent: Arc::clone(&intent),
        amount: amount(998),
        reason: Some("customer".into()),
        due_since: now(),
    };
    let Outcome::Refunded(receipt) = counter.ask(refund()).await else { panic!("refunded") };
    assert_eq!(receipt.amount, amount(998));
    assert_eq!(
        counter.ask(refund()).await,
        Outcome::Refunded(receipt.clone()),
        "the same key, the same refund"
    );
    assert_eq!(counter.ask(asked()).await, Outcome::FoundRefund(Some(receipt)));
}

#[actix_rt::test]
async fn the_books_say_what_was_taken_and_given_back_page_by_page() {
    let counter = Counter::open();
    assert_eq!(counter.bank.ping().await, Outcome::NotFound, "somebody is there");
    assert_eq!(counter.bank.charges(0, i64::MAX, None).await.expect("readable").charges, []);
    let mut intents = Vec::new();
    for attempt in 1..=60 {
        match counter.pay("pm_card_visa", Capture::Automatic, attempt).await {
            Outcome::Intent(snapshot) => intents.insert(0, snapshot.intent),
            outcome => panic!("not paid: {outcome:?}"),
        }
    }
    let refund = Call::Refund {
        refund: 1,
        attempt: 1,
        intent: Arc::clone(&intents[0]),
        amount: amount(998),
        reason: None,
        due_since: now(),
    };
    assert!(matches!(counter.ask(refund).await, Outcome::Refunded(_)));
    let first = counter.bank.charges(0, i64::MAX, None).await.expect("readable");
    let next = first.next.clone().expect("there are more");
    let second = counter.bank.charges(0, i64::MAX, Some(next)).await.expect("readable");
    assert_eq!(second.next, None);
    let all: Vec<_> = first.charges.into_iter().chain(second.charges).collect();
    assert_eq!(all.iter().map(|charge| Arc::clone(&charge.intent)).collect::<Vec<_>>(), intents);
    for (nth, charge) in all.iter().enumerate() {
        let refunded = if nth == 0 { 998 } else { 0 };
        assert_eq!((charge.captured, charge.refunded), (amount(3_998), amount(refunded)));
        assert_eq!((charge.store.clone(), charge.order), (Some(context().store), Some(context().order)));
    }
    assert_eq!(counter.bank.charges(0, 1, None).await.expect("readable").charges, [], "nothing so early");
}

#[actix_rt::test]
async fn what_is_authorised_can_be_captured_or_voided_but_not_both() {
    let counter = Counter::open();
    let intent = counter.paid(Capture::Manual).await;
    let capture = Call::Capture { attempt: 1, intent: Arc::clone(&intent), amount: amount(3_998) };
    let void = Call::Void { attempt: 1, intent: Arc::clone(&intent), reason: Some("out_of_stock".into()) };
    let found = counter.ask(inquire(Operation::Capture, Some(&intent))).await;
    assert_eq!(status(&found), &IntentStatus::RequiresCapture);
    assert_eq!(status(&counter.ask(capture).await), &IntentStatus::Succeeded);
    assert!(matches!(counter.ask(void).await, Outcome::Refused { .. }));

    let counter = Counter::open();
    let intent = counter.paid(Capture::Manual).await;
    let capture = Call::Capture { attempt: 1, intent: Arc::clone(&intent), amount: amount(3_998) };
    let void = Call::Void { attempt: 1, intent, reason: None };
    assert_eq!(status(&counter.ask(void).await), &IntentStatus::Canceled);
    assert!(matches!(counter.ask(capture).await, Outcome::Refused { .. }));
}

#[actix_rt::test]
async fn every_no_has_its_word() {
    let cases = [
        ("pm_card_visa_chargeDeclined", "card_declined", Some("generic_decline")),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", Some("insufficient_funds")),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", Some("lost_card")),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ];
    for (method, code, decline_code) in cases {
        let Outcome::Declined(decline) = Counter::open().pay(method, Capture::Automatic, 1).await else {
            panic!("{method}")
        };
        assert_eq!(&*decline.code, code, "{method}");
        assert!(decline.intent.is_some(), "{method}");
        if decline_code.is_some() {
            assert_eq!(decline.decline_code.as_deref(), decline_code, "{method}");
        }
    }
    let challenged = Counter::open().pay("pm_card_authenticationRequired", Capture::Automatic, 1).await;
    assert!(matches!(status(&challenged), IntentStatus::RequiresAction { .. }));
    let unheard_of = Counter::open().pay("pm_nobody_knows", Capture::Automatic, 1).await;
    assert!(matches!(unheard_of, Outcome::Declined(_)), "{unheard_of:?}");
}

#[actix_rt::test]
async fn a_lost_answer_is_unknown_and_the_money_is_found() {
    for method in ["pm_of_timeout_after", "pm_of_reset_mid_response"] {
        let counter = Counter::open();
        let lost = counter.pay(method, Capture::Automatic, 1).await;
        assert!(matches!(lost, Outcome::Unknown { replayed: false, .. }), "{method}: {lost:?}");
        let found = counter.ask(inquire(Operation::Authorize, None)).await;
        assert_eq!(status(&found), &IntentStatus::Succeeded, "{method}");
    }
    let counter = Counter::open();
    let lost = counter.pay("pm_of_timeout_before", Capture::Automatic, 1).await;
    assert_eq!(lost, unknown(Reason::TimedOut));
    assert_eq!(counter.ask(inquire(Operation::Authorize, None)).await, Outcome::NotFound);
}

#[actix_rt::test]
async fn a_stored_failure_is_replayed_until_another_key_is_used() {
    let counter = Counter::open();
    let first = counter.pay("pm_of_503_1", Capture::Automatic, 1).await;
    assert_eq!(first, unknown(Reason::ServerError));
    let again = counter.pay("pm_of_503_1", Capture::Automatic, 1).await;
    match again {
        Outcome::Unknown { reason: Reason::ServerError, replayed: true, .. } => {
            let other = counter.pay("pm_of_503_1", Capture::Automatic, 2).await;
            assert_eq!(status(&other), &IntentStatus::Succeeded);
        }
        outcome => assert_eq!(status(&outcome), &IntentStatus::Succeeded, "nothing was stored"),
    }
}

#[actix_rt::test]
async fn another_amount_is_seen() {
    let wrong = Counter::open().pay("pm_of_amount_mismatch", Capture::Automatic, 1).await;
    let Outcome::Intent(snapshot) = wrong else { panic!("an answer: {wrong:?}") };
    assert_ne!((snapshot.amount, snapshot.captured), (amount(3_998), amount(3_998)));
}

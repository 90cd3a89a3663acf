//! What a bank says no to, for good or for now, and what it asks the shopper first.

use super::*;

#[test]
fn a_decline_for_good_fails_at_once() {
    for (code, class) in
        [("lost_card", RetryClass::Never), ("insufficient_funds", RetryClass::DifferentMethod)]
    {
        let mut paying = Paying::begun();
        assert_eq!(paying.answered(declined(code)), "declined failed");
        let Standing::Failed { reason: Failure::Declined, decline: Some(last) } = paying.standing() else {
            panic!("{code}: {:?}", paying.standing())
        };
        assert_eq!((last.decline_code.as_deref(), last.class), (Some(code), class));
        assert_eq!(paying.due(), "rest");
    }
}

#[test]
fn a_passing_decline_is_tried_again_under_new_keys_until_the_limit() {
    let mut paying = Paying::begun();
    for attempt in 1..RETRY.attempts_max {
        assert_eq!(paying.answered(declined("processing_error")), "declined retry_scheduled");
        assert_eq!(paying.resumed(), "attempt_started");
        assert_eq!(paying.due(), format!("authorize {}", attempt + 1));
    }
    assert_eq!(paying.answered(declined("try_again_later")), "declined failed");
    assert!(matches!(paying.standing(), Standing::Failed { reason: Failure::RetriesExhausted, .. }));
}

#[test]
fn a_repeated_decline_counts_once() {
    let mut paying = Paying::begun();
    paying.answered(declined("processing_error"));
    assert_eq!(paying.heard(Operation::Authorize, 1, declined("processing_error")), "");
    paying.resumed();
    assert_eq!(
        paying.heard(Operation::Authorize, 1, declined("processing_error")),
        "",
        "attempt 2 is not declined"
    );
}

#[test]
fn an_intent_the_bank_let_go_is_a_failure() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    assert_eq!(paying.answered(Outcome::Found(snapshot(IntentStatus::Canceled))), "failed");
}

pub(super) fn challenge() -> Outcome {
    Outcome::Intent(snapshot(IntentStatus::RequiresAction { url: Some("https://bank.example/3ds".into()) }))
}

#[test]
fn a_challenge_waits_for_the_shopper() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(challenge()), "requires_action");
    assert!(paying.call().is_none(), "nothing goes out");
    assert_eq!(paying.standing(), Standing::RequiresAction { url: Some("https://bank.example/3ds".into()) });
    assert_eq!(paying.heard(Operation::Authorize, 1, challenge()), "", "repeated");
    assert_eq!(paying.told(Command::RetryNow), "retry_started", "a person asks whether it is done");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert!(matches!(paying.standing(), Standing::Captured { .. }));
}

#[test]
fn a_challenge_that_was_passed_is_the_money_we_wanted() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Found(succeeded())), "processed");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_challenge_that_failed_is_a_decline() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    paying.told(Command::RetryNow);
    let refused = IntentStatus::RequiresPaymentMethod(Some(Box::new(Decline {
        code: "authentication_required".into(),
        decline_code: None,
        message: "".into(),
        intent: None,
    })));
    assert_eq!(paying.answered(Outcome::Found(snapshot(refused))), "declined failed");
}

#[test]
fn a_canceled_challenge_is_voided() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.standing(), Standing::Undoing { retrying: None });
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.standing(), UNDONE);
    assert_eq!(paying.heard(Operation::Authorize, 1, challenge()), "", "the old answer, again");
}

#[test]
fn a_challenge_passed_while_it_is_voided_is_refunded() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    paying.cancel();
    let refused = Outcome::Refused { code: "payment_intent_unexpected_state".into(), message: "".into() };
    assert_eq!(paying.answered(refused), "outcome_unknown");
    assert_eq!(paying.due(), "inquire void 1");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed arrived_late attempt_started");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 1"));
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

//! Answers that say less than was asked, more, or something else.

use super::routing::routed;
use super::*;

fn capturing() -> Paying {
    let mut paying = Paying::authorized();
    assert_eq!(paying.told(Command::Capture), "attempt_started");
    paying
}

/// It says that it is done, and that no money moved.
fn done_for_nothing() -> Snapshot {
    Snapshot { captured: Amount::ZERO, ..succeeded() }
}

fn unusable() -> Snapshot {
    snapshot(IntentStatus::RequiresPaymentMethod(None))
}

fn refused(message: &str) -> Outcome {
    Outcome::Refused { code: "no_such_thing".into(), message: message.into() }
}

fn in_use() -> Outcome {
    Outcome::Busy { reason: Reason::KeyInUse, retry_after_ms: None }
}

#[test]
fn a_capture_of_another_amount_is_asked_about() {
    let mut paying = capturing();
    let less = Snapshot { captured: amount(1), ..succeeded() };
    assert_eq!(paying.answered(Outcome::Intent(less)), "outcome_unknown");
}

#[test]
fn a_capture_that_only_shows_the_authorisation_is_sent_again() {
    let mut paying = capturing();
    assert_eq!(paying.answered(Outcome::Intent(authorized())), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "capture 1");
}

#[test]
fn a_success_without_money_is_looked_at_again() {
    let mut capturing = capturing();
    capturing.answered(timed_out());
    assert_eq!(capturing.answered(Outcome::Found(done_for_nothing())), "retry_scheduled");
    capturing.resumed();
    assert_eq!(capturing.due(), "inquire capture 1");

    let mut voiding = Paying::authorized();
    voiding.cancel();
    voiding.answered(timed_out());
    assert_eq!(voiding.answered(Outcome::Found(done_for_nothing())), "retry_scheduled");
    voiding.resumed();
    assert_eq!(voiding.due(), "inquire void 1");
}

#[test]
fn a_refund_of_more_than_was_asked_is_asked_about() {
    let mut paying = Paying::captured();
    paying.told(wish(100));
    assert_eq!(paying.answered(given_back("re_1", 101)), "outcome_unknown");
    assert_eq!(paying.due(), "inquire refund_1 1");
    assert_eq!(
        paying.answered(Outcome::FoundRefund(Some(receipt("re_1", 100, RefundProgress::Succeeded)))),
        "refunded"
    );
}

#[test]
fn a_refund_that_was_refused_and_is_not_known_has_failed() {
    let mut paying = Paying::captured();
    paying.told(wish(100));
    assert_eq!(paying.answered(refused("")), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "refund_failed");
}

#[test]
fn a_capture_that_is_declined_for_now_is_tried_under_new_keys_until_the_limit() {
    let mut paying = capturing();
    for attempt in 1..RETRY.attempts_max {
        assert_eq!(paying.answered(declined("processing_error")), "declined retry_scheduled");
        assert_eq!(paying.resumed(), "attempt_started");
        assert_eq!(paying.due(), format!("capture {}", attempt + 1));
    }
    assert_eq!(paying.answered(declined("processing_error")), "declined capture_failed");
}

#[test]
fn a_capture_that_is_declined_for_good_has_failed() {
    assert_eq!(capturing().answered(declined("lost_card")), "declined capture_failed");
}

/// It was done, the answer was lost, the bank refuses to do it twice, and its list does not show it yet.
#[test]
fn a_refund_that_was_refused_has_not_failed_while_it_may_have_been_made() {
    let mut paying = Paying::captured();
    paying.told(wish(1_000));
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    let unknown_at = paying.now;
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "refund_1 1");
    assert_eq!(paying.answered(refused("charge_already_refunded")), "outcome_unknown");
    while paying.answered(Outcome::NotFound) == "retry_scheduled" {
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "inquire refund_1 1");
    }
    assert!(paying.now >= unknown_at.plus_millis(CERTAIN_AFTER_MS), "now it is certain");
    assert_eq!(paying.due(), "rest", "and has failed");
}

#[test]
fn a_capture_that_is_refused_again_and_again_has_failed() {
    let mut paying = capturing();
    for _ in 1..RETRY.attempts_max {
        assert_eq!(paying.answered(refused("")), "outcome_unknown");
        assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
        paying.resumed();
    }
    assert_eq!(paying.answered(refused("")), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::Found(authorized())), "capture_failed");
}

#[test]
fn a_challenge_about_another_amount_is_not_shown_to_anybody() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    let status = IntentStatus::RequiresAction { url: None };
    let other = Snapshot { amount: amount(3_999), ..snapshot(status) };
    assert_eq!(paying.answered(Outcome::Found(other)), "integrity_failure attempt_started");
    assert_eq!(paying.due(), "void 1");
}

#[test]
fn an_intent_without_a_card_is_sent_one_where_that_was_the_question() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(unusable())), "", "nobody waits for it");
    assert_eq!(paying.answered(Outcome::Found(unusable())), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "authorize 1");
}

#[test]
fn a_refusal_says_why_in_the_banks_words_or_its_code() {
    for (message, expected) in [("", "no_such_thing"), ("No such customer.", "No such customer.")] {
        let mut paying = Paying::begun();
        let events = paying.tell(paying.call().expect("due").ended(refused(message))).expect("taken");
        let [Event::RetryScheduled(scheduled)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(scheduled.message.as_deref(), Some(expected));
    }
}

#[test]
fn that_a_call_did_not_go_out_ends_nothing_that_may_have_gone_out_before() {
    // In doubt before it was given up.
    let mut doubted = Paying::begun();
    doubted.answered(timed_out());
    doubted.cancel();
    assert_eq!(doubted.heard(Operation::Authorize, 1, unsent()), "");
    // The key is in use: there is another call.
    let mut used = Paying::begun();
    used.cancel();
    assert_eq!(used.heard(Operation::Authorize, 1, in_use()), "");
    // It is not given up.
    let mut asked = Paying::begun();
    asked.answered(timed_out());
    assert_eq!(asked.heard(Operation::Authorize, 1, unsent()), "");
    // Another gateway would take it: too late.
    let mut moved = routed(Capture::Automatic, &["a", "b"]);
    moved.cancel();
    let to_b = Outcome::Elsewhere(Gateway { name: "b".into(), version: 1 });
    assert_eq!(moved.heard(Operation::Authorize, 1, to_b), "canceled");
    // A capture that did not go out is not the payment.
    let mut captured = capturing();
    captured.cancel();
    assert_eq!(captured.heard(Operation::Capture, 1, unsent()), "");
}

#[test]
fn what_nobody_knows_and_may_hold_money_is_undone() {
    let of_another = |status| Outcome::Found(Snapshot { intent: "pi_2".into(), ..snapshot(status) });
    let mut challenged = Paying::begun();
    challenged.answered(super::declines::challenge());
    let events = challenged.heard(Operation::Authorize, 1, of_another(IntentStatus::Succeeded));
    assert_eq!(events, "charge_found attempt_started", "the shopper has not acted on this one");
    assert_eq!(challenged.due(), format!("refund_{UNDO_FROM} 1"));

    for status in [IntentStatus::RequiresAction { url: None }, IntentStatus::Processing] {
        let mut paid = Paying::captured();
        assert_eq!(
            paid.heard(Operation::Authorize, 1, Outcome::Found(snapshot(status.clone()))),
            "",
            "known"
        );
        assert_eq!(paid.heard(Operation::Authorize, 1, of_another(status)), "charge_found attempt_started");
        assert_eq!(paid.due(), "void 1");
    }
}

#[test]
fn only_what_certainly_did_not_happen_is_sent_at_once_for_somebody_who_waits() {
    let waits = |paying: &Paying| Payment::due(&paying.state).timer.is_some_and(|(at, _)| at > paying.now);
    let hurried = |mut paying: Paying| {
        paying.answered(timed_out());
        paying.answered(no_answer());
        assert_eq!(paying.told(Command::RetryNow), "retry_started");
        paying
    };
    let mut authorizing = hurried(Paying::begun());
    assert_eq!(authorizing.answered(Outcome::NotFound), "retry_scheduled");
    assert!(!waits(&authorizing), "it is sent now");
    // That a capture's intent is not found says that the bank's index lags.
    let mut capturing = hurried(capturing());
    assert_eq!(capturing.answered(Outcome::NotFound), "retry_scheduled");
    assert!(waits(&capturing));
}

#[test]
fn a_late_success_without_money_says_nothing() {
    let mut paying = Paying::authorized();
    assert_eq!(paying.heard(Operation::Capture, 1, Outcome::Found(done_for_nothing())), "");
    assert_eq!(paying.heard(Operation::Capture, 1, Outcome::Found(succeeded())), "captured");
}

#[test]
fn a_person_may_have_a_failed_capture_tried_again_while_the_authorisation_holds() {
    let mut failed = capturing();
    failed.answered(declined("lost_card"));
    assert_eq!(failed.told(Command::RetryNow), "attempt_started");
    assert_eq!(failed.due(), "capture 2");

    let mut lapsed = capturing();
    lapsed.answered(timed_out());
    assert_eq!(lapsed.answered(Outcome::Found(snapshot(IntentStatus::Canceled))), "capture_failed");
    assert_eq!(lapsed.told(Command::RetryNow), "");
    assert_eq!(Paying::authorized().told(Command::RetryNow), "", "nothing has failed");
}

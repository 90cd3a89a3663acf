//! What was certainly not sent, and what nobody knows of: sent again under the same key, or looked up.

use super::*;

#[test]
fn what_was_not_sent_is_sent_again_under_the_same_key_without_limit() {
    let mut paying = Paying::begun();
    for _ in 0..50 {
        assert_eq!(paying.answered(unsent()), "retry_scheduled");
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "authorize 1");
    }
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_rate_limit_is_obeyed() {
    let mut paying = Paying::begun();
    let before = paying.now;
    let busy = Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: Some(7_000) };
    assert_eq!(paying.answered(busy), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.now, before.plus_millis(7_000));
    assert_eq!(paying.due(), "authorize 1");
}

#[test]
fn a_rejected_request_is_not_a_decline_and_is_not_hammered() {
    let mut paying = Paying::begun();
    let refused = Outcome::Refused { code: "api_key_expired".into(), message: "Expired API Key".into() };
    let before = paying.now;
    assert_eq!(paying.answered(refused), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert!(paying.now >= before.plus_millis(REFUSED_WAIT_MS / 2));
    assert_eq!(paying.due(), "authorize 1");
}

/// Nobody may be left in doubt for the minutes that a rejected request is let lie.
#[test]
fn a_rejected_request_after_one_that_may_have_arrived_is_asked_about_soon() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
    let refused = || Outcome::Refused { code: "".into(), message: "".into() };
    let before = paying.now;
    assert_eq!(paying.answered(refused()), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert!(paying.now <= before.plus_millis(RETRY.cap_ms.into()));
    assert_eq!(paying.due(), "inquire authorize 1");
    // Once it is known that nothing happened, there is time.
    paying.pass(CERTAIN_AFTER_MS / 1_000);
    assert_eq!(
        paying.answered(Outcome::InquiryFailed { reason: Reason::TimedOut, retry_after_ms: None }),
        "retry_scheduled"
    );
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
    let before = paying.now;
    assert_eq!(paying.answered(refused()), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert!(paying.now >= before.plus_millis(REFUSED_WAIT_MS / 2));
}

#[test]
fn a_person_need_not_wait() {
    let mut paying = Paying::begun();
    assert_eq!(paying.told(Command::RetryNow), "", "the call is out already");
    assert_eq!(paying.answered(unsent()), "retry_scheduled");
    assert_eq!(paying.told(Command::RetryNow), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
}

#[test]
fn an_unknown_outcome_is_looked_up_at_once_and_adopted() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert_eq!(
        paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded())),
        "",
        "and the first answer, late"
    );
}

#[test]
fn inquiries_that_fail_record_one_schedule_each() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    for _ in 0..5 {
        assert_eq!(paying.answered(no_answer()), "retry_scheduled");
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "inquire authorize 1");
    }
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
}

#[test]
fn what_the_bank_does_not_know_is_sent_again_under_the_same_key() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_stored_failure_closes_the_key_once_nothing_can_hide_under_it() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(Outcome::NotFound);
    paying.resumed();
    assert_eq!(paying.answered(replayed()), "outcome_unknown");
    let unknown_at = paying.now;
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    while paying.resumed() == "retry_started" {
        assert_eq!(paying.due(), "inquire authorize 1", "the bank's index may lag");
        assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    }
    assert!(paying.now > unknown_at.plus_millis(CERTAIN_AFTER_MS), "now it is certain");
    assert_eq!(paying.due(), "authorize 2");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_stored_failure_that_hid_a_charge_does_not_charge_again() {
    let mut paying = Paying::begun();
    paying.answered(replayed());
    paying.answered(Outcome::NotFound);
    paying.resumed();
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed", "the index caught up");
    assert_eq!(paying.begun_state().charge.as_ref().map(|charge| charge.attempt), Some(1));
}

#[test]
fn a_bank_that_is_still_deciding_is_asked_later_about_the_intent_it_named() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Processing))), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    let Some(Call::Inquire { intent, .. }) = paying.call() else { panic!("an inquiry is due") };
    assert_eq!(intent.as_deref(), Some("pi_1"));
    assert_eq!(paying.answered(Outcome::Found(snapshot(IntentStatus::Processing))), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
}

#[test]
fn a_key_the_bank_may_have_forgotten_is_not_trusted() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(Outcome::NotFound);
    // Then nothing gets through for a day.
    for _ in 0..3 {
        paying.resumed();
        paying.answered(unsent());
    }
    paying.pass(24 * 3_600);
    assert_eq!(paying.told(Command::Resume), "retry_started");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "authorize 1", "it is certain that nothing happened");
}

#[test]
fn a_call_owed_over_a_long_crash_is_stale() {
    let paying = Paying::begun();
    let call = paying.call().expect("due");
    assert!(!call.is_stale(paying.now.plus_secs(3_600)));
    assert!(call.is_stale(paying.now.plus_secs(24 * 3_600)));
}

#[test]
fn a_key_is_trusted_for_most_of_the_day_that_the_bank_promises() {
    let paying = Paying::begun();
    let call = paying.call().expect("due");
    let after = |minutes: u64| paying.now.plus_secs(minutes * 60);
    assert!(!call.is_stale(after(19 * 60 + 59)));
    assert!(call.is_stale(after(20 * 60)));
}

//! A payment that is not wanted any more, wherever it is: withdrawn, voided or given back.

use super::*;

#[test]
fn what_never_began_is_canceled_by_saying_so() {
    let mut paying = Paying::unbegun();
    assert_eq!(paying.cancel(), "");
    assert_eq!(Payment::standing(&paying.state), None);
}

#[test]
fn what_was_never_sent_is_canceled_without_a_call() {
    let mut paying = Paying::begun();
    paying.answered(unsent());
    assert_eq!(paying.cancel(), "canceled");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.standing(), UNDONE);
    assert_eq!(paying.cancel(), "");
}

#[test]
fn a_call_withdrawn_from_the_line_was_never_sent() {
    let mut paying = Paying::begun();
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.due(), "inquire authorize 1", "it may be out");
    let withdrawn = Outcome::NotSent { reason: Reason::LaneClosed, retry_after_ms: None };
    assert_eq!(paying.heard(Operation::Authorize, 1, withdrawn), "canceled");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn a_call_in_flight_is_resolved_first_then_refunded() {
    let mut paying = Paying::begun();
    paying.cancel();
    let events = paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "processed arrived_late attempt_started");
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Found(succeeded())), "", "the inquiry, late");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_call_in_flight_is_resolved_first_then_voided() {
    let mut paying = Paying::begun_manual();
    paying.cancel();
    assert_eq!(paying.answered(Outcome::Found(authorized())), "processed arrived_late attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.standing(), UNDONE);
}

/// The shopper paid an open intent while it was to be voided.
#[test]
fn what_is_taken_before_it_can_be_let_go_is_the_payment_only_where_it_is_as_much() {
    let voiding = || {
        let mut paying = Paying::begun();
        paying.cancel();
        let open = snapshot(IntentStatus::RequiresPaymentMethod(None));
        assert_eq!(paying.answered(Outcome::Found(open)), "attempt_started");
        assert_eq!(paying.due(), "void 1");
        paying
    };
    let mut paying = voiding();
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed arrived_late attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));

    let other_currency = Snapshot { currency: "EUR".parse().ok(), ..succeeded() };
    let less = Snapshot { amount: amount(3_997), captured: amount(3_997), ..succeeded() };
    let a_part = Snapshot { captured: amount(3_997), ..succeeded() };
    for (other, taken) in [(other_currency, 3_998), (less, 3_997), (a_part, 3_997)] {
        let mut paying = voiding();
        assert_eq!(paying.answered(Outcome::Intent(other.clone())), "outcome_unknown", "it may be mangled");
        assert_eq!(paying.due(), "inquire void 1");
        let events = paying.answered(Outcome::Found(other));
        assert_eq!(events, "integrity_failure attempt_started", "{taken}");
        assert_eq!(paying.due(), "refund_1000000 1");
        assert_eq!(paying.answered(given_back("re_1", taken)), "refunded");
        assert_eq!(paying.due(), "wait", "to look at the refund once more");
    }
}

/// Of a charge we know there is as much to give back as the bank says, and of one that holds nothing there is nothing to doubt.
#[test]
fn what_is_voided_need_not_be_as_much_as_was_asked_for_where_it_is_known_or_empty() {
    let mut paying = Paying::authorized();
    paying.cancel();
    assert_eq!(paying.due(), "void 1");
    let a_part = Snapshot { captured: amount(3_000), ..succeeded() };
    assert_eq!(paying.answered(Outcome::Intent(a_part)), "captured arrived_late attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_000)), "refunded");
    assert_eq!(paying.standing(), undone(3_000));

    let mut paying = Paying::begun();
    paying.cancel();
    paying.answered(Outcome::Found(snapshot(IntentStatus::RequiresPaymentMethod(None))));
    assert_eq!(paying.due(), "void 1");
    let empty = Snapshot { amount: amount(3_997), ..snapshot(IntentStatus::Canceled) };
    assert_eq!(paying.answered(Outcome::Intent(empty)), "voided");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn what_undoes_a_payment_says_why_at_the_bank() {
    let reason = |paying: &Paying| match paying.call() {
        Some(Call::Void { reason, .. }) => reason,
        other => panic!("a void is due: {other:?}"),
    };
    let mut canceled = Paying::authorized();
    canceled.cancel();
    assert_eq!(reason(&canceled).as_deref(), Some("customer"));
    let mut paid = Paying::captured();
    paid.cancel();
    let started = paid.journal.iter().rev().find_map(|(event, _)| {
        if let Event::AttemptStarted(started) = event { Some(started.reason.clone()) } else { None }
    });
    assert_eq!(started.flatten().as_deref(), Some("customer"));
}

#[test]
fn a_decline_of_a_call_in_flight_ends_the_cancel() {
    let mut paying = Paying::begun();
    paying.cancel();
    assert_eq!(paying.heard(Operation::Authorize, 1, declined("processing_error")), "declined canceled");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn what_the_bank_is_still_at_is_looked_up_before_it_is_canceled() {
    let at_work = [
        Outcome::Intent(snapshot(IntentStatus::Processing)),
        Outcome::Busy { reason: Reason::KeyInUse, retry_after_ms: None },
    ];
    for outcome in at_work {
        let mut paying = Paying::begun();
        assert_eq!(paying.answered(outcome), "retry_scheduled");
        assert_eq!(paying.cancel(), "cancel_requested");
        assert_eq!(paying.due(), "inquire authorize 1");
        assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed arrived_late attempt_started");
        assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
        assert_eq!(paying.standing(), undone(3_998));
    }
}

#[test]
fn a_call_repeated_after_a_restart_proves_nothing_by_not_going_out() {
    let paying = Paying::begun();
    let call = paying.call().expect("due");
    let interrupted = Outcome::Unknown { reason: Reason::Interrupted, replayed: false, retry_after_ms: None };
    assert_eq!(call.judge(unsent(), paying.now.plus_secs(1)), interrupted, "owed before we started");
    assert_eq!(call.judge(unsent(), Timestamp::default()), unsent(), "owed since we are at work");
    assert_eq!(
        call.judge(declined("lost_card"), paying.now.plus_secs(1)),
        declined("lost_card"),
        "an answer is one"
    );
}

#[test]
fn a_canceled_payment_is_never_sent_again_and_closes_when_it_is_certain() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    let unknown_at = paying.now;
    paying.cancel();
    let mut looks = 0;
    loop {
        assert_eq!(paying.due(), "inquire authorize 1");
        let events = paying.answered(Outcome::NotFound);
        if events == "canceled" {
            break;
        }
        assert_eq!(events, "retry_scheduled");
        paying.resumed();
        looks += 1;
        assert!(looks < 100, "it must end");
    }
    assert_eq!(paying.now, unknown_at.plus_millis(CERTAIN_AFTER_MS), "as soon as it is certain");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn an_abandoned_call_that_times_out_starts_the_clock_again() {
    let mut paying = Paying::begun();
    paying.cancel();
    paying.pass(20);
    assert_eq!(paying.heard(Operation::Authorize, 1, timed_out()), "outcome_unknown");
    paying.pass(15);
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
}

#[test]
fn money_that_arrives_after_the_end_goes_back() {
    let mut paying = Paying::begun();
    paying.answered(unsent());
    paying.cancel();
    let events = paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "charge_found arrived_late attempt_started");
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded())), "", "told twice");
    assert!(matches!(paying.standing(), Standing::Undoing { .. }));
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn an_authorisation_that_arrives_after_failure_is_voided() {
    let mut paying = Paying::begun();
    paying.answered(declined("lost_card"));
    assert_eq!(
        paying.heard(Operation::Authorize, 1, Outcome::Found(authorized())),
        "charge_found arrived_late attempt_started"
    );
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.due(), "rest");
    assert!(matches!(paying.standing(), Standing::Failed { .. }));
}

#[test]
fn a_second_charge_of_an_earlier_attempt_goes_back_and_the_first_stays() {
    let mut paying = Paying::begun();
    paying.answered(declined("processing_error"));
    paying.resumed();
    paying.answered(Outcome::Intent(succeeded()));
    let other = Snapshot { intent: "pi_0".into(), charge: None, ..succeeded() };
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(other)), "charge_found attempt_started");
    let Some(Call::Refund { intent, .. }) = paying.call() else { panic!("a refund is due") };
    assert_eq!(&*intent, "pi_0");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(
        paying.standing(),
        Standing::Captured { amount: amount(3_998), refunded: Amount::ZERO, refund: None }
    );
    // Refunds that were wished for are numbered apart.
    assert_eq!(paying.told(wish(998)), "refund_requested attempt_started");
    assert_eq!(paying.due(), "refund_1 1");
}

#[test]
fn a_captured_payment_is_refunded_in_full_whatever_it_takes() {
    let mut paying = Paying::captured();
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    let refund = format!("refund_{UNDO_FROM}");
    assert_eq!(paying.due(), format!("{refund} 1"));
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.due(), format!("inquire {refund} 1"));
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    paying.resumed();
    assert_eq!(
        paying.answered(Outcome::RefundFailed { code: "expired_or_canceled_card".into() }),
        "refund_failed retry_scheduled"
    );
    assert_eq!(paying.resumed(), "attempt_started");
    assert_eq!(paying.due(), format!("{refund} 2"), "under a new key");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
    assert_eq!(paying.cancel(), "");
}

#[test]
fn an_authorised_payment_is_voided_under_one_key_for_ever() {
    let mut paying = Paying::authorized();
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    for _ in 0..20 {
        paying.answered(unsent());
        paying.resumed();
        assert_eq!(paying.due(), "void 1");
    }
    paying.answered(timed_out());
    assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.heard(Operation::Void, 1, Outcome::Found(authorized())), "");
}

#[test]
fn a_cancel_during_a_capture_voids_and_if_that_came_too_late_refunds() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    paying.answered(timed_out());
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "captured arrived_late attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_capture_that_is_heard_of_during_the_void_is_refunded() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    paying.cancel();
    let events = paying.heard(Operation::Capture, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "captured arrived_late attempt_started");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 1"));
}

#[test]
fn a_cancel_during_a_refund_gives_back_the_rest() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.answered(given_back("re_1", 998)), "refunded attempt_started");
    assert_eq!(paying.answered(given_back("re_2", 3_000)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_fully_refunded_payment_is_canceled_by_saying_so() {
    let mut paying = Paying::captured();
    paying.told(wish(3_998));
    paying.answered(given_back("re_1", 3_998));
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn money_that_is_known_to_be_taken_does_not_become_less() {
    let mut paying = Paying::begun();
    paying.cancel();
    let unusable = snapshot(IntentStatus::RequiresPaymentMethod(None));
    assert_eq!(paying.answered(Outcome::Found(unusable)), "attempt_started");
    assert_eq!(paying.due(), "void 1");
    // The first call was taken after all, and then the bank says less.
    paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    let less = Snapshot { amount: amount(3_997), captured: amount(3_997), ..succeeded() };
    paying.answered(Outcome::Found(less));
    assert_eq!(paying.begun_state().captured(), amount(3_998));
    let Some(Call::Refund { amount: back, .. }) = paying.call() else { panic!("{}", paying.due()) };
    assert_eq!(back, amount(3_998));
}

#[test]
fn what_is_being_voided_is_known_and_another_intent_is_not() {
    let voiding = || {
        let mut paying = Paying::begun();
        paying.cancel();
        paying.answered(Outcome::Found(snapshot(IntentStatus::RequiresPaymentMethod(None))));
        assert_eq!(paying.due(), "void 1");
        paying
    };
    let working = || snapshot(IntentStatus::Processing);
    assert_eq!(voiding().heard(Operation::Authorize, 1, Outcome::Found(working())), "");
    let other = Snapshot { intent: "pi_2".into(), ..working() };
    assert_eq!(voiding().heard(Operation::Authorize, 1, Outcome::Found(other)), "charge_found arrived_late");
}

#[test]
fn what_nobody_wanted_is_given_back_however_often_that_fails_and_a_wish_is_not() {
    let mut paying = Paying::captured();
    let other = Snapshot { intent: "pi_2".into(), ..succeeded() };
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Found(other)), "charge_found attempt_started");
    let failed = || Outcome::RefundFailed { code: "no_funds".into() };
    assert_eq!(paying.answered(failed()), "refund_failed retry_scheduled");
    assert_eq!(paying.resumed(), "attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    paying.told(wish(100));
    assert_eq!(paying.due(), "refund_1 1");
    assert_eq!(paying.answered(failed()), "refund_failed");
}

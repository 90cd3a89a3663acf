//! What the bank tells without being asked, and what is asked because nobody told.

use super::declines::challenge;
use super::*;
use crate::payment::bank::Notice;

fn told_of(intent: &str, attempt: u32, has_money: bool) -> Command {
    Command::Notified(Notice::Intent { intent: intent.into(), attempt, has_money })
}

fn told_of_refund(number: u32, has_failed: bool) -> Command {
    Command::Notified(Notice::Refund { number, has_failed })
}

fn challenged() -> Paying {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    paying
}

#[test]
fn nothing_is_known_of_a_payment_that_never_began() {
    let mut paying = Paying::unbegun();
    assert_eq!(paying.tell(told_of("pi_1", 1, true)), Err(Rejection::NotBegun));
}

#[test]
fn what_is_known_or_about_to_be_is_no_news() {
    let mut paying = Paying::begun();
    assert_eq!(paying.told(told_of("pi_1", 1, true)), "", "its own answer is on the way");
    paying.answered(Outcome::Intent(succeeded()));
    for _ in 0..3 {
        assert_eq!(paying.told(told_of("pi_1", 1, true)), "", "late and repeated");
    }
    assert_eq!(paying.told(told_of("pi_2", 2, false)), "", "no money, no question");
    assert_eq!(paying.told(told_of_refund(1, true)), "", "no such refund");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_shopper_who_acted_is_found_out_at_once_when_the_bank_tells() {
    let mut paying = challenged();
    assert_eq!(paying.told(told_of("pi_1", 1, true)), "retry_started");
    assert_eq!(paying.told(told_of("pi_1", 1, true)), "", "told twice is asked once");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_shopper_who_failed_is_found_out_too() {
    let mut paying = challenged();
    assert_eq!(paying.told(told_of("pi_1", 1, false)), "retry_started");
    let refused = IntentStatus::RequiresPaymentMethod(Some(Box::new(Decline {
        code: "authentication_required".into(),
        decline_code: None,
        message: "".into(),
        intent: None,
    })));
    assert_eq!(paying.answered(Outcome::Found(snapshot(refused))), "declined failed");
}

#[test]
fn a_notification_that_lies_changes_nothing() {
    let mut paying = challenged();
    paying.told(told_of("pi_1", 1, true));
    let open = snapshot(IntentStatus::RequiresAction { url: None });
    assert_eq!(
        paying.answered(Outcome::Found(open)),
        "requires_action",
        "the bank itself says that it is not so"
    );
    assert!(matches!(paying.standing(), Standing::RequiresAction { .. }));
}

#[test]
fn without_notifications_the_bank_is_asked_now_and_then() {
    let mut paying = challenged();
    let begun = paying.now;
    let mut asked_after = Vec::new();
    for _ in 0..8 {
        assert_eq!(paying.resumed(), "retry_started");
        asked_after.push(begun.until(paying.now).as_secs());
        assert_eq!(
            paying.answered(no_answer()),
            "retry_scheduled",
            "an answer that does not come is waited for"
        );
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(
            paying.answered(Outcome::Found(snapshot(IntentStatus::RequiresAction { url: None }))),
            "requires_action"
        );
    }
    assert!(asked_after[0] == 5 && asked_after[7] > 1_800, "seldom in the end: {asked_after:?}");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_doubt_is_settled_at_once_when_the_bank_tells() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(no_answer());
    assert_eq!(paying.told(told_of("pi_1", 1, true)), "retry_started");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
}

#[test]
fn money_that_nobody_knew_of_is_looked_at_and_given_back() {
    let mut paying = Paying::captured();
    assert_eq!(paying.told(told_of("pi_2", 1, true)), "look_started");
    assert_eq!(paying.told(told_of("pi_2", 1, true)), "");
    assert_eq!(paying.due(), "look pi_2");
    assert_eq!(paying.tell(told_of("pi_3", 2, true)), Err(Rejection::Busy), "one after the other");
    assert_eq!(paying.answered(no_answer()), "look_ended");
    assert_eq!(paying.resumed(), "look_started");
    let second = Snapshot { intent: "pi_2".into(), ..succeeded() };
    assert_eq!(paying.answered(Outcome::Found(second)), "look_ended charge_found attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert!(matches!(paying.standing(), Standing::Captured { .. }), "the wanted charge stays");
    assert_eq!(paying.told(told_of("pi_2", 1, true)), "");
}

#[test]
fn money_that_comes_after_the_end_is_given_back_and_said() {
    let mut paying = Paying::begun();
    paying.answered(declined("lost_card"));
    assert_eq!(paying.told(told_of("pi_1", 1, true)), "look_started");
    assert_eq!(
        paying.answered(Outcome::Found(succeeded())),
        "look_ended charge_found arrived_late attempt_started"
    );
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
}

#[test]
fn a_look_that_finds_nothing_ends() {
    for nothing in [Outcome::NotFound, Outcome::Found(snapshot(IntentStatus::Canceled))] {
        let mut paying = Paying::captured();
        paying.told(told_of("pi_2", 1, true));
        assert_eq!(paying.answered(nothing), "look_ended");
        assert_eq!(paying.due(), "rest");
    }
}

#[test]
fn a_look_keeps_nobody_from_being_canceled() {
    let mut paying = Paying::captured();
    paying.told(told_of("pi_2", 1, true));
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 1"), "first the money that is known");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.due(), "look pi_2");
    assert_eq!(paying.answered(Outcome::NotFound), "look_ended");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_look_and_an_inquiry_that_are_out_together_are_not_mistaken_for_each_other() {
    let mut paying = Paying::begun();
    paying.answered(Outcome::Intent(snapshot(IntentStatus::RequiresAction { url: None })));
    assert_eq!(paying.told(told_of("pi_2", 1, true)), "look_started");
    let look = paying.call().expect("a look is due");
    assert_eq!(paying.told(Command::RetryNow), "retry_started");
    let inquiry = paying.call().expect("an inquiry is due");
    assert_eq!(paying.told(look.ended(Outcome::NotFound)), "look_ended", "nothing is known of the attempt");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.told(inquiry.ended(Outcome::Found(succeeded()))), "processed");
    assert_eq!(paying.told(inquiry.ended(Outcome::Found(succeeded()))), "");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_refund_that_the_bank_takes_back_is_found_out_when_it_tells() {
    let mut paying = Paying::captured();
    paying.told(wish(1_000));
    paying.answered(given_back("re_1", 1_000));
    assert_eq!(paying.told(told_of_refund(1, false)), "", "that it succeeded is known");
    assert_eq!(paying.told(told_of_refund(1, true)), "refund_check_started");
    assert_eq!(paying.told(told_of_refund(1, true)), "");
    assert_eq!(paying.answered(Outcome::FoundRefund(None)), "refund_failed");

    let mut paying = Paying::captured();
    paying.told(wish(1_000));
    paying.answered(Outcome::Refunded(receipt("re_1", 1_000, RefundProgress::Pending)));
    assert_eq!(paying.told(told_of_refund(1, false)), "refund_check_started", "it may be made by now");
    let made = Outcome::FoundRefund(Some(receipt("re_1", 1_000, RefundProgress::Succeeded)));
    assert_eq!(paying.answered(made), "refunded");
}

#[test]
fn looks_in_vain_at_one_intent_are_counted_and_another_begins_anew() {
    let mut paying = Paying::captured();
    let tries = |paying: &Paying| paying.begun_state().look.as_ref().map(|look| look.tries);
    assert_eq!(paying.told(told_of("pi_2", 2, true)), "look_started");
    for done in 0..4 {
        assert_eq!((paying.due(), tries(&paying)), ("look pi_2".to_owned(), Some(done)));
        assert_eq!(paying.answered(no_answer()), "look_ended");
        assert_eq!(paying.resumed(), "look_started");
    }
    assert_eq!(paying.answered(Outcome::NotFound), "look_ended");
    assert_eq!(paying.told(told_of("pi_3", 3, true)), "look_started");
    assert_eq!(tries(&paying), Some(0));
}

#[test]
fn who_waits_for_one_thing_is_not_woken_by_another() {
    let mut authorizing = Paying::begun();
    authorizing.answered(unsent());
    assert_eq!(authorizing.tell(told_of("pi_2", 2, true)), Err(Rejection::Busy));
    assert_eq!(authorizing.told(told_of("pi_2", 1, true)), "retry_started", "whatever the intent is called");

    let mut capturing = Paying::authorized();
    capturing.told(Command::Capture);
    capturing.answered(unsent());
    assert_eq!(capturing.tell(told_of("pi_2", 1, true)), Err(Rejection::Busy));
    assert_eq!(capturing.told(told_of("pi_1", 7, true)), "retry_started");

    let mut looking = Paying::captured();
    looking.told(told_of("pi_2", 2, true));
    looking.answered(no_answer());
    assert_eq!(looking.told(Command::Resume), "", "it is not time yet");
}

#[test]
fn a_capture_that_is_heard_of_late_ends_no_void_of_another_charge() {
    let mut paying = Paying::authorized();
    let other = Outcome::Found(Snapshot { intent: "pi_2".into(), ..authorized() });
    assert_eq!(paying.heard(Operation::Authorize, 1, other), "charge_found attempt_started");
    assert_eq!(paying.heard(Operation::Capture, 1, Outcome::Found(succeeded())), "captured");
    assert_eq!(paying.due(), "void 1");
}

//! Refunds: within what there is however many at once, pending at the bank, taken back by it, and heard of late.

use super::*;

fn too_large(minor: i64) -> Result<Vec<Event>, Rejection> {
    Err(Rejection::RefundTooLarge { remaining: amount(minor) })
}

fn wish_for(reference: &str, how_much: HowMuch) -> Command {
    let reference = Some(reference.into());
    Command::Refund(Wish { how_much, reason: RefundReason::Return, reference })
}

fn found(id: &str, minor: i64, progress: RefundProgress) -> Outcome {
    Outcome::FoundRefund(Some(receipt(id, minor, progress)))
}

fn pending(id: &str, minor: i64) -> Outcome {
    Outcome::Refunded(receipt(id, minor, RefundProgress::Pending))
}

/// How each refund stands.
fn stand(paying: &Paying) -> Vec<(u32, &'static str)> {
    paying.begun_state().refunds.iter().map(|refund| (refund.number, refund.status().word())).collect()
}

#[test]
fn refunds_wait_for_their_turn_and_never_exceed_what_there_is() {
    let mut paying = Paying::captured();
    assert_eq!(paying.tell(wish(3_999)), too_large(3_998));
    assert_eq!(paying.tell(wish(0)), too_large(3_998));
    assert_eq!(paying.told(wish(1_000)), "refund_requested attempt_started");
    assert_eq!(paying.told(wish(1_000)), "refund_requested", "one at a time is at the bank");
    assert_eq!(paying.tell(wish(1_999)), too_large(1_998), "what is on its way is not left");
    assert_eq!(paying.due(), "refund_1 1");
    assert_eq!(paying.answered(given_back("re_1", 1_000)), "refunded attempt_started");
    assert_eq!(paying.due(), "refund_2 1");
    assert_eq!(paying.heard(Operation::Refund(1), 1, given_back("re_1", 1_000)), "", "told twice");
    assert_eq!(paying.answered(given_back("re_2", 1_000)), "refunded");
    assert_eq!(paying.begun_state().refunded(), amount(2_000));
    assert_eq!(paying.begun_state().refundable(), amount(1_998));
    assert_eq!(stand(&paying), [(1, "succeeded"), (2, "succeeded")]);
}

#[test]
fn a_wish_may_be_for_all_that_is_left_or_for_as_much_as_there_is() {
    let mut paying = Paying::captured();
    paying.told(wish_for("ret_1", HowMuch::AtMost(amount(3_000))));
    assert_eq!(paying.told(wish_for("ret_1", HowMuch::AtMost(amount(3_000)))), "", "the same wish");
    paying.told(wish_for("ret_2", HowMuch::AtMost(amount(3_000))));
    assert_eq!(paying.begun_state().refund(2).map(|refund| refund.amount), Some(amount(998)));
    assert_eq!(paying.tell(wish_for("ret_3", HowMuch::AtMost(amount(1)))), too_large(0));
    assert_eq!(paying.tell(wish_for("ret_4", HowMuch::AllThatIsLeft)), too_large(0));
    let mut paying = Paying::captured();
    paying.told(wish(1));
    paying.told(wish_for("all", HowMuch::AllThatIsLeft));
    assert_eq!(paying.begun_state().refundable(), Amount::ZERO);
}

#[test]
fn a_payment_has_so_many_refunds_at_most() {
    let mut paying = Paying::captured();
    for _ in 0..REFUNDS_MAX {
        paying.tell(wish(1)).expect("within the bound");
    }
    assert_eq!(paying.tell(wish(1)), Err(Rejection::TooManyRefunds));
}

#[test]
fn a_refund_that_was_wished_for_may_fail() {
    let mut paying = Paying::captured();
    paying.told(wish(5));
    assert_eq!(paying.answered(Outcome::RefundFailed { code: "charge_disputed".into() }), "refund_failed");
    assert_eq!(paying.due(), "rest");
    assert_eq!(stand(&paying), [(1, "failed")]);
    assert_eq!(paying.begun_state().refundable(), amount(3_998), "it may be wished for again");
    let late = paying.heard(Operation::Refund(1), 1, given_back("re_1", 5));
    assert_eq!(late, "refunded", "and yet it happened");
}

#[test]
fn a_refund_pending_at_the_bank_is_looked_at_until_it_is_made() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    assert_eq!(paying.answered(pending("re_1", 998)), "refund_pending");
    assert_eq!(stand(&paying), [(1, "pending")]);
    assert_eq!(paying.begun_state().refunded(), Amount::ZERO, "no money has moved");
    assert_eq!(paying.begun_state().refundable(), amount(3_000));
    assert_eq!(paying.resumed(), "refund_check_started");
    assert_eq!(paying.due(), "inquire refund_1 1");
    assert_eq!(paying.answered(found("re_1", 998, RefundProgress::RequiresAction)), "refund_checked");
    paying.resumed();
    assert_eq!(paying.answered(no_answer()), "retry_scheduled", "a bank that is down is asked later");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.answered(found("re_1", 998, RefundProgress::Succeeded)), "refunded");
    assert_eq!(paying.begun_state().refunded(), amount(998));
    assert_eq!(stand(&paying), [(1, "succeeded")]);
}

#[test]
fn a_made_refund_is_looked_at_a_few_times_and_then_let_be() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    paying.answered(given_back("re_1", 998));
    for _ in CHECKS_AFTER_MS {
        assert_eq!(paying.due(), "wait");
        paying.resumed();
        assert_eq!(paying.answered(found("re_1", 998, RefundProgress::Succeeded)), "refund_checked");
    }
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.replayed(), paying.state);
}

#[test]
fn a_wish_during_a_look_waits_for_its_end() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    paying.answered(given_back("re_1", 998));
    paying.resumed();
    assert_eq!(paying.told(wish(1)), "refund_requested");
    let after = paying.answered(found("re_1", 998, RefundProgress::Succeeded));
    assert_eq!(after, "refund_checked attempt_started");
    assert_eq!(paying.due(), "refund_2 1");
}

#[test]
fn a_refund_that_the_bank_takes_back_counts_no_more() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    paying.answered(given_back("re_1", 998));
    paying.resumed();
    assert_eq!(paying.answered(Outcome::FoundRefund(None)), "refund_failed");
    assert_eq!(paying.begun_state().refunded(), Amount::ZERO);
    assert_eq!(paying.begun_state().refundable(), amount(3_998));
    assert_eq!(paying.due(), "rest", "what was merely wished for is for people to see");
    let again = paying.heard(Operation::Refund(1), 1, given_back("re_1", 998));
    assert_eq!(again, "", "the first answer, told again, makes it no better");
}

#[test]
fn an_undoing_that_the_bank_takes_back_is_done_again_later() {
    let mut paying = Paying::captured();
    paying.cancel();
    paying.answered(given_back("re_1", 3_998));
    assert_eq!(paying.standing(), undone(3_998));
    paying.resumed();
    assert_eq!(paying.standing(), undone(3_998), "a look is no doubt");
    assert_eq!(paying.answered(Outcome::FoundRefund(None)), "refund_failed retry_scheduled");
    assert!(matches!(paying.standing(), Standing::Undoing { .. }));
    let before = paying.now;
    assert_eq!(paying.resumed(), "attempt_started");
    assert!(paying.now >= before.plus_secs(1_800), "an hour is no hammer");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 2"), "under a new key");
    assert_eq!(paying.heard(Operation::Refund(UNDO_FROM), 1, given_back("re_1", 3_998)), "");
    assert_eq!(paying.answered(given_back("re_2", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
    assert_eq!(paying.replayed(), paying.state);
}

#[test]
fn a_cancel_waits_for_what_is_pending_and_undoes_the_rest() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    paying.told(wish(1_000));
    paying.answered(pending("re_1", 998));
    assert_eq!(paying.due(), "refund_2 1");
    paying.told(wish(500));
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(stand(&paying), [(1, "pending"), (2, "pending"), (3, "canceled")]);
    assert_eq!(paying.answered(given_back("re_2", 1_000)), "refunded attempt_started");
    let Some(Call::Refund { amount: rest, .. }) = paying.call() else { panic!("the rest goes back") };
    assert_eq!(rest, amount(2_000), "neither what went back nor what is pending");
    assert_eq!(paying.answered(given_back("re_3", 2_000)), "refunded");
    assert!(matches!(paying.standing(), Standing::Undoing { .. }));
    paying.resumed();
    assert_eq!(paying.answered(found("re_1", 998, RefundProgress::Succeeded)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn the_order_is_told_until_it_has_heard() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    let answer =
        Command::Answered { operation: Operation::Refund(1), attempt: 1, outcome: given_back("re_1", 998) };
    for event in Payment::decide(&paying.state, answer, paying.now).expect("not refused") {
        Payment::evolve(&mut paying.state, &event, paying.now);
    }
    let report = Step::ReportRefunds { order: order(), captured: amount(3_998), refunded: amount(998) };
    assert_eq!(Payment::due(&paying.state).steps, [report]);
    assert_eq!(paying.told(Command::RefundsHeard { refunded: amount(998) }), "refunds_reported");
    assert_eq!(Payment::due(&paying.state).steps, []);
    assert_eq!(paying.told(Command::RefundsHeard { refunded: amount(998) }), "");
}

#[test]
fn the_alert_desk_is_told_until_it_has_heard() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    let refused = Outcome::RefundFailed { code: "refused".into() };
    let answer = Command::Answered { operation: Operation::Refund(1), attempt: 1, outcome: refused };
    for event in Payment::decide(&paying.state, answer, paying.now).expect("not refused") {
        Payment::evolve(&mut paying.state, &event, paying.now);
    }
    let report = Step::ReportTrouble { order: order(), troubles: 1 };
    assert_eq!(Payment::due(&paying.state).steps, [report]);
    assert_eq!(paying.told(Command::TroubleHeard { troubles: 1 }), "trouble_reported");
    assert_eq!(Payment::due(&paying.state).steps, []);
    assert_eq!(paying.told(Command::TroubleHeard { troubles: 1 }), "", "heard already");
    assert_eq!(paying.told(Command::TroubleHeard { troubles: 9 }), "", "of what never happened nobody hears");
}

#[test]
fn money_that_comes_after_the_end_is_said_once() {
    let mut paying = Paying::begun();
    paying.cancel();
    let late = paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    assert_eq!(late, "processed arrived_late attempt_started");
    let other = Snapshot { intent: "pi_0".into(), charge: None, ..succeeded() };
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(other)), "charge_found");
}

#[test]
fn the_view_shows_refunds_by_their_ids() {
    let mut paying = Paying::captured();
    paying.told(wish_for("ret_x", HowMuch::Exactly(amount(998))));
    let shown = serde_json::to_value(RefundView::all(paying.begun_state())).expect("a view is JSON");
    let id = order().to_string().replace("ord_", "ref_");
    assert_eq!((&shown[0]["id"], &shown[0]["status"]), (&id.into(), &"pending".into()));
    assert_eq!((&shown[0]["reason"], &shown[0]["reference"]), (&"return".into(), &"ret_x".into()));
    assert_eq!((&shown[0]["amount"], &shown[0]["currency"]), (&998.into(), &"USD".into()));
}

#[test]
fn a_refund_that_the_bank_made_twice_is_tried_again_under_a_key_that_was_never_used() {
    let mut paying = Paying::captured();
    paying.cancel();
    assert_eq!(paying.due(), "refund_1000000 1");
    paying.answered(Outcome::RefundFailed { code: "declined".into() });
    paying.pass(3_600);
    paying.told(Command::Resume);
    assert_eq!(paying.due(), "refund_1000000 2");
    paying.answered(given_back("re_2", 3_000));
    assert_eq!(paying.due(), "refund_1000001 1", "the bank gave back less than was asked for");
    // What the bank had declined it has made after all.
    paying.heard(Operation::Refund(UNDO_FROM), 1, pending("re_1", 998));
    paying.answered(pending("re_3", 1));
    for _ in 0..2 {
        paying.pass(3_600);
        paying.told(Command::Resume);
        if paying.due().contains("refund_1000000") {
            break;
        }
        paying.answered(found("re_3", 1, RefundProgress::Pending));
    }
    assert_eq!(paying.due(), "inquire refund_1000000 2");
    paying.answered(Outcome::FoundRefund(None));
    paying.pass(3 * 3_600);
    paying.told(Command::Resume);
    assert_eq!(paying.due(), "refund_1000000 3");
}

#[test]
fn a_refund_that_stays_pending_is_looked_at_less_and_less_and_at_least_every_six_hours() {
    let mut paying = Paying::captured();
    paying.told(wish(100));
    paying.answered(pending("re_1", 100));
    assert_eq!(paying.told(Command::Resume), "", "it is not time yet");
    let mut waits = Vec::new();
    for _ in 0..20 {
        let before = paying.now;
        paying.resumed();
        waits.push(before.until(paying.now).as_secs());
        paying.answered(Outcome::FoundRefund(Some(receipt("re_1", 100, RefundProgress::Pending))));
    }
    assert_eq!((waits[0], waits[1], waits[19]), (1, 2, 6 * 3_600), "{waits:?}");
}

#[test]
fn an_answer_about_a_refund_that_never_went_out_is_about_something_else() {
    let mut paying = Paying::captured();
    paying.told(wish(100));
    paying.told(wish(50));
    assert_eq!(paying.due(), "refund_1 1");
    assert_eq!(paying.heard(Operation::Refund(2), 1, given_back("re_2", 50)), "");
    paying.answered(given_back("re_1", 100));
    assert_eq!(paying.due(), "refund_2 1");
}

#[test]
fn only_an_open_question_about_a_refund_is_answered_with_nothing() {
    let mut paying = Paying::captured();
    paying.told(wish(100));
    paying.answered(pending("re_1", 100));
    assert_eq!(paying.resumed(), "refund_check_started");
    assert_eq!(paying.answered(no_answer()), "retry_scheduled");
    for late in [Outcome::NotFound, no_answer()] {
        assert_eq!(paying.heard(Operation::Refund(1), 1, late), "", "nobody waits for it");
    }
    paying.resumed();
    assert_eq!(paying.answered(Outcome::NotFound), "refund_checked", "the bank's list lags");
}

#[test]
fn the_order_hears_of_the_refund_that_was_wished_for_last() {
    let mut paying = Paying::captured();
    for (number, minor) in [(1, 100), (2, 50)] {
        paying.told(wish(minor));
        let Standing::Captured { refund: Some(refund), .. } = paying.standing() else {
            panic!("{:?}", paying.standing())
        };
        assert_eq!((refund.number, refund.amount), (number, amount(minor)));
    }
}

#[test]
fn a_refund_that_never_arrived_is_sent_again_under_its_key() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    paying.answered(timed_out());
    paying.answered(no_answer());
    paying.pass(CERTAIN_AFTER_MS.div_ceil(1_000));
    assert_eq!(paying.told(Command::Resume), "retry_started");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled", "it is certain that nothing happened");
    paying.resumed();
    assert_eq!(paying.due(), "refund_1 1");
    assert_eq!(paying.answered(given_back("re_1", 998)), "refunded");
}

#[test]
fn a_refund_that_the_bank_rejects_ends_a_wish_and_not_an_undoing() {
    let rejected = || Outcome::Refused { code: "no_such".into(), message: "".into() };
    let mut paying = Paying::captured();
    paying.told(wish(998));
    assert_eq!(paying.answered(rejected()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "refund_failed");
    assert_eq!(paying.due(), "rest");

    let mut paying = Paying::captured();
    paying.cancel();
    assert_eq!(paying.answered(rejected()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled", "it is owed whatever the bank says");
    assert_eq!(paying.resumed(), "attempt_started");
    assert_eq!(paying.due(), "refund_1000000 2");
}

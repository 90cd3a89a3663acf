//! A payment as callers see it.

use super::declines::challenge;
use super::*;
use crate::payment::view::RefundView;

fn view(paying: &Paying) -> PaymentView {
    PaymentView::of(id_of(order()), paying.begun_state())
}

/// What was tried, in words.
fn attempts(paying: &Paying) -> Vec<String> {
    let word = |attempt: AttemptView| {
        let AttemptView { operation, attempt, status, code, decline_code, retry_class, .. } = attempt;
        let why = code.map(|code| format!(" {code} {decline_code:?} {retry_class:?}")).unwrap_or_default();
        format!("{operation} {attempt} {status:?}{why}")
    };
    view(paying).attempts.into_iter().map(word).collect()
}

#[test]
fn every_status_has_a_moment() {
    use PaymentStatus as S;
    let mut paying = Paying::begun();
    assert_eq!(view(&paying).status, S::Processing);
    paying.answered(unsent());
    assert_eq!(view(&paying).status, S::Retrying, "it waits");
    paying.resumed();
    assert_eq!(view(&paying).status, S::Retrying, "it is sent again");
    paying.answered(timed_out());
    assert_eq!(view(&paying).status, S::PendingConfirmation, "it is asked about");
    paying.answered(no_answer());
    assert_eq!(view(&paying).status, S::PendingConfirmation, "it will be asked about");
    paying.resumed();
    paying.answered(Outcome::Found(succeeded()));
    assert_eq!(view(&paying).status, S::Succeeded);
    paying.told(wish(1_000));
    paying.answered(given_back("re_1", 1_000));
    assert_eq!(view(&paying).status, S::Succeeded, "a part went back");
    paying.told(wish(2_998));
    paying.answered(given_back("re_2", 2_998));
    assert_eq!(view(&paying).status, S::Refunded);

    let mut challenged = Paying::begun();
    challenged.answered(challenge());
    assert_eq!(view(&challenged).status, S::RequiresAction);
    let mut authorized = Paying::authorized();
    assert_eq!(view(&authorized).status, S::RequiresCapture);
    authorized.cancel();
    assert_eq!(view(&authorized).status, S::Canceling);
    authorized.answered(Outcome::Intent(snapshot(IntentStatus::Canceled)));
    assert_eq!(view(&authorized).status, S::Canceled);
    let mut failed = Paying::begun();
    failed.answered(declined("lost_card"));
    assert_eq!(view(&failed).status, S::Failed);
}

#[test]
fn a_retry_is_of_what_is_to_be_done_and_not_of_a_look_at_a_refund() {
    let mut paying = Paying::begun();
    paying.answered(unsent());
    let retry = view(&paying).retry.expect("it waits");
    assert_eq!(
        (retry.operation, retry.tries, retry.reason),
        (Operation::Authorize, 1, Reason::ConnectFailed)
    );

    let mut paid = Paying::captured();
    paid.told(wish(998));
    paid.answered(Outcome::Refunded(receipt("re_1", 998, RefundProgress::Pending)));
    paid.resumed();
    assert_eq!(paid.due(), "inquire refund_1 1");
    assert_eq!(paid.answered(no_answer()), "retry_scheduled");
    assert_eq!(paid.due(), "wait");
    assert!(view(&paid).retry.is_none(), "nothing is to be done");
    assert_eq!(attempts(&paid), ["authorize 1 Charged"], "and nothing is tried");
}

#[test]
fn it_tells_the_attempts() {
    let mut paying = Paying::begun();
    assert_eq!(attempts(&paying), ["authorize 1 Started"]);
    paying.answered(declined("processing_error"));
    paying.resumed();
    paying.pass(1);
    paying.answered(timed_out());
    let declined = "authorize 1 Failure card_declined Some(\"processing_error\") Some(SameLater)";
    assert_eq!(attempts(&paying), [declined, "authorize 2 PendingConfirmation"]);
    paying.answered(no_answer());
    assert_eq!(attempts(&paying), [declined, "authorize 2 PendingConfirmation"]);
    paying.resumed();
    paying.answered(Outcome::NotFound);
    assert_eq!(attempts(&paying), [declined, "authorize 2 Waiting"]);
    paying.resumed();
    paying.answered(Outcome::Intent(succeeded()));
    assert_eq!(attempts(&paying), [declined, "authorize 2 Charged"]);
    let json = serde_json::to_string(&view(&paying)).expect("a view is JSON");
    assert!(json.contains(r#""retry_class":"same_later""#), "{json}");

    let mut voided = Paying::authorized();
    assert_eq!(attempts(&voided), ["authorize 1 Authorized"]);
    voided.pass(1);
    voided.cancel();
    assert_eq!(attempts(&voided), ["authorize 1 Authorized", "void 1 Started"]);
    voided.answered(Outcome::Intent(snapshot(IntentStatus::Canceled)));
    assert_eq!(attempts(&voided), ["authorize 1 Voided"]);
}

#[test]
fn a_refund_is_of_the_currency_that_the_bank_took() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    let euros = Snapshot { currency: "EUR".parse().ok(), ..succeeded() };
    assert_eq!(paying.answered(Outcome::Found(euros)), "integrity_failure attempt_started");
    let refunds = view(&paying).refunds;
    assert_eq!(refunds.iter().map(|refund| refund.currency.to_string()).collect::<Vec<_>>(), ["EUR"]);
    assert!(RefundView::last_wished(paying.begun_state()).is_none(), "nobody wished for it");

    let mut paid = Paying::captured();
    let other = Snapshot { intent: "pi_2".into(), currency: "EUR".parse().ok(), ..succeeded() };
    paid.told(wish(100));
    paid.heard(Operation::Authorize, 1, Outcome::Found(other));
    let wished = RefundView::last_wished(paid.begun_state()).expect("there is one");
    assert_eq!((wished.number, &*wished.currency.to_string()), (1, "USD"));
    paid.told(wish(50));
    assert_eq!(RefundView::last_wished(paid.begun_state()).map(|refund| refund.number), Some(2));
}

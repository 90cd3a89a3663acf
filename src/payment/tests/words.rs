//! What is said to people and programs, word for word.

use super::*;
use crate::payment::bank::Errand;

#[test]
fn reasons_are_called_the_same_everywhere() {
    use Reason as R;
    let all = [
        R::GatewayUnavailable,
        R::ConnectFailed,
        R::LaneClosed,
        R::RateLimited,
        R::KeyInUse,
        R::Refused,
        R::TimedOut,
        R::ConnectionLost,
        R::ServerError,
        R::Unreadable,
        R::KeyConflict,
        R::Interrupted,
        R::Processing,
        R::NotFound,
        R::NotDone,
        R::Declined,
    ];
    for reason in all {
        assert_eq!(serde_json::json!(reason), reason.name());
    }
    for failure in [Failure::Declined, Failure::RetriesExhausted, Failure::Integrity, Failure::CanceledByBank]
    {
        assert_eq!(serde_json::json!(failure), failure.name());
    }
}

#[test]
fn a_call_is_called_what_it_does() {
    let mut paying = Paying::begun_manual();
    let mut names = Vec::new();
    let mut name = |paying: &Paying| names.push(paying.call().map(|call| call.name()));
    name(&paying);
    paying.answered(timed_out());
    name(&paying);
    paying.answered(Outcome::Found(authorized()));
    paying.told(Command::Capture);
    name(&paying);
    paying.answered(Outcome::Intent(succeeded()));
    paying.told(wish(1));
    name(&paying);
    let mut canceled = Paying::authorized();
    canceled.cancel();
    name(&canceled);
    name(&Paying::captured());
    assert_eq!(
        names,
        ["authorize", "inquire", "capture", "refund", "void", ""]
            .map(|name| Some(name).filter(|name| !name.is_empty()))
    );
}

#[test]
fn what_a_bank_did_is_told_in_words() {
    let reason = Reason::TimedOut;
    let outcomes = [
        (Outcome::Intent(succeeded()), "did it"),
        (given_back("re_1", 1), "did it"),
        (Outcome::RefundFailed { code: "charge_disputed".into() }, "refused the refund: charge_disputed"),
        (declined("lost_card"), "said no: card_declined"),
        (unsent(), "was not reached: connect_failed"),
        (Outcome::Elsewhere(Gateway { name: "b".into(), version: 1 }), "was passed over for b"),
        (Outcome::Busy { reason, retry_after_ms: None }, "would not look at it now: timed_out"),
        (Outcome::Refused { code: "no_such".into(), message: "".into() }, "refused the request: no_such"),
        (timed_out(), "may have done it or not: timed_out"),
        (Outcome::Found(succeeded()), "knows of it"),
        (Outcome::FoundRefund(None), "knows of it"),
        (Outcome::NotFound, "knows nothing of it"),
        (no_answer(), "was asked about it in vain: timed_out"),
    ];
    for (outcome, words) in outcomes {
        assert_eq!(outcome.in_words(), words);
    }
}

#[test]
fn a_call_is_the_same_errand_whatever_is_known_besides() {
    let call = || Paying::begun().call().expect("due");
    let gateway = |name: &str| Some(Gateway { name: name.into(), version: 1 });
    let errand = |to, is_repeat, call| Errand { to, or_else: Vec::new(), is_repeat, call };
    assert_eq!(errand(gateway("a"), false, call()), errand(gateway("a"), true, call()));
    assert_ne!(errand(gateway("a"), false, call()), errand(gateway("b"), false, call()));
    let other = Call::Look { attempt: 1, intent: "pi_1".into() };
    assert_ne!(errand(gateway("a"), false, call()), errand(gateway("a"), false, other));
}

#[test]
fn a_refusal_says_whether_nothing_is_left() {
    let left = |minor| Rejection::RefundTooLarge { remaining: amount(minor) };
    assert_eq!(
        [left(0), left(1), Rejection::Over, Rejection::Busy].map(|no| no.is_nothing_left()),
        [true, false, true, false]
    );
}

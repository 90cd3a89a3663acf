//! Several gateways: which one a payment begins with, when it may go to another, and that everything ends where it began.

use super::super::route::in_order;
use super::*;
use crate::payment::bank::Errand;
use crate::types::PaymentId;

fn gateway(name: &str) -> Gateway {
    Gateway { name: name.into(), version: 1 }
}

fn candidate(name: &str, priority: u32, weight: u32) -> Candidate {
    Candidate { gateway: gateway(name), priority, weight, is_ready: true }
}

pub(super) fn routed(capture: Capture, names: &[&str]) -> Paying {
    let mut paying = Paying::unbegun();
    let Command::Begin { order, amount, currency, method, capture, retry, gateway_ready, .. } =
        begin(capture)
    else {
        panic!("a beginning")
    };
    let priorities = 1..;
    let gateways =
        names.iter().zip(priorities).map(|(name, priority)| candidate(name, priority, 1)).collect();
    let begin = Command::Begin { order, amount, currency, method, capture, retry, gateways, gateway_ready };
    assert_eq!(paying.told(begin), "created");
    paying
}

fn errand(paying: &Paying) -> Errand {
    Payment::due(&paying.state).call.expect("a call is due")
}

/// Where the call that is due goes, and which it is.
fn goes(paying: &Paying) -> String {
    let to = errand(paying).to.map_or("nowhere".into(), |gateway| gateway.name);
    format!("{} at {to}", paying.due())
}

fn busy(reason: Reason) -> Outcome {
    Outcome::Busy { reason, retry_after_ms: None }
}

fn unknown(reason: Reason) -> Outcome {
    Outcome::Unknown { reason, replayed: false, retry_after_ms: None }
}

fn not_sent(reason: Reason) -> Outcome {
    Outcome::NotSent { reason, retry_after_ms: None }
}

/// Every answer that brings no money, and what may follow elsewhere. The other gateway is `b`.
#[test]
fn what_may_be_tried_elsewhere_at_once_and_what_must_be_asked_first() {
    use Reason as R;
    const ELSEWHERE: &str = "authorize 2 at b";
    const ASKED: &str = "inquire authorize 1 at a";
    const LATER: &str = "wait";
    const OVER: &str = "rest";
    let refused = Outcome::Refused { code: "api_key_expired".into(), message: "".into() };
    let rows = [
        ("no connection came about", not_sent(R::ConnectFailed), ELSEWHERE),
        ("its breaker is open", not_sent(R::GatewayUnavailable), ELSEWHERE),
        ("it takes no calls, and the other does", Outcome::Elsewhere(gateway("b")), ELSEWHERE),
        ("our own line is closed", not_sent(R::LaneClosed), ELSEWHERE),
        ("too many calls", busy(R::RateLimited), ELSEWHERE),
        ("refused as such", refused, ELSEWHERE),
        ("the issuer is not there", declined("issuer_not_available"), ELSEWHERE),
        ("declined for now", declined("processing_error"), LATER),
        ("declined for now", declined("try_again_later"), LATER),
        ("another card is needed", declined("insufficient_funds"), OVER),
        ("a code nobody knows", declined("unheard_of"), OVER),
        ("the card is lost", declined("lost_card"), OVER),
        ("a fraud", declined("fraudulent"), OVER),
        ("the shopper must prove themselves", declined("authentication_required"), OVER),
        ("it still works on it", busy(R::KeyInUse), LATER),
        ("no answer in time", unknown(R::TimedOut), ASKED),
        ("the connection broke", unknown(R::ConnectionLost), ASKED),
        ("it says that it failed", unknown(R::ServerError), ASKED),
        ("it makes no sense", unknown(R::Unreadable), ASKED),
        ("the key is known with other words", unknown(R::KeyConflict), ASKED),
        ("given up by us", unknown(R::Interrupted), ASKED),
        ("it repeats a stored failure", replayed(), ASKED),
        ("it is deciding", Outcome::Intent(snapshot(IntentStatus::Processing)), LATER),
    ];
    for (what, outcome, expected) in rows {
        let mut paying = routed(Capture::Automatic, &["a", "b"]);
        assert_eq!(goes(&paying), "authorize 1 at a");
        paying.answered(outcome);
        let due = match paying.due() {
            due if due == LATER || due == OVER => due,
            _ => goes(&paying),
        };
        assert_eq!(due, expected, "{what}");
        assert_eq!(paying.replayed(), paying.state, "{what}");
    }
}

#[test]
fn an_unknown_outcome_never_goes_elsewhere_whatever_comes_after_it() {
    let mut paying = routed(Capture::Automatic, &["a", "b"]);
    paying.answered(timed_out());
    paying.answered(Outcome::NotFound);
    paying.resumed();
    assert_eq!(goes(&paying), "authorize 1 at a", "the same key cannot charge twice");
    for outcome in
        [not_sent(Reason::ConnectFailed), busy(Reason::RateLimited), Outcome::Elsewhere(gateway("b"))]
    {
        let mut paying =
            Paying { state: paying.state.clone(), now: paying.now, journal: paying.journal.clone() };
        assert_eq!(paying.answered(outcome), "retry_scheduled");
        if paying.due() == "wait" {
            paying.resumed();
        }
        assert_eq!(goes(&paying), "authorize 1 at a", "the first call may still be there");
    }
}

#[test]
fn proof_that_nothing_happened_opens_the_way_elsewhere() {
    let mut paying = routed(Capture::Automatic, &["a", "b"]);
    paying.answered(replayed());
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    while paying.resumed() == "retry_started" {
        assert_eq!(goes(&paying), "inquire authorize 1 at a");
        assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    }
    assert_eq!(goes(&paying), "authorize 2 at b");
}

#[test]
fn each_gateway_is_tried_once_before_anybody_waits() {
    let mut paying = routed(Capture::Automatic, &["a", "b", "c"]);
    assert_eq!(paying.answered(unsent()), "attempt_started");
    assert_eq!(goes(&paying), "authorize 2 at b");
    assert_eq!(paying.answered(busy(Reason::RateLimited)), "attempt_started");
    assert_eq!(goes(&paying), "authorize 3 at c");
    assert_eq!(paying.answered(unsent()), "retry_scheduled", "all have been tried");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(goes(&paying), "authorize 3 at c");
    assert_eq!(paying.answered(unsent()), "attempt_started", "and round again");
    assert_eq!(goes(&paying), "authorize 4 at a");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
    let view = PaymentView::of(id_of(order()), paying.begun_state());
    let charged = view.attempts.iter().find(|attempt| attempt.status == AttemptStatus::Charged);
    assert_eq!(charged.and_then(|attempt| attempt.gateway.as_deref()), Some("a"));
}

#[test]
fn money_is_captured_voided_given_back_and_looked_at_where_it_is() {
    let mut paying = routed(Capture::Manual, &["a", "b"]);
    paying.answered(unsent());
    assert_eq!(paying.answered(Outcome::Intent(authorized())), "processed");
    assert_eq!(paying.told(Command::Capture), "attempt_started");
    assert_eq!(goes(&paying), "capture 1 at b");
    paying.answered(timed_out());
    assert_eq!(goes(&paying), "inquire capture 1 at b");
    paying.answered(Outcome::Found(succeeded()));
    paying.told(wish(1_000));
    assert_eq!(goes(&paying), "refund_1 1 at b");
    paying.answered(given_back("re_1", 1_000));
    // The first gateway took the money after all, which it had said it had not.
    let late = Snapshot { intent: "pi_of_a".into(), ..succeeded() };
    paying.heard(Operation::Authorize, 1, Outcome::Intent(late));
    assert_eq!(goes(&paying), "refund_1000000 1 at a", "what nobody asked for goes back where it came from");
    paying.answered(given_back("re_2", 3_998));
    paying.told(Command::Cancel { reason: "customer".into() });
    assert_eq!(goes(&paying), "refund_1000001 1 at b");
    assert_eq!(paying.replayed(), paying.state);
}

#[test]
fn a_payment_of_the_nodes_own_bank_names_none() {
    let paying = Paying::begun();
    assert_eq!(goes(&paying), "authorize 1 at nowhere");
    assert!(errand(&paying).or_else.is_empty());
    let stored = serde_json::to_string(&paying.state).expect("state is JSON");
    assert!(!stored.contains("gateways") && !stored.contains("routed"), "{stored}");
}

#[test]
fn what_was_made_before_is_a_repeat_and_what_only_waited_is_none() {
    let mut paying = Paying::begun();
    assert!(!errand(&paying).is_repeat);
    paying.answered(not_sent(Reason::GatewayUnavailable));
    assert!(!errand(&paying).is_repeat, "it never went out");
    paying.answered(timed_out());
    assert!(!errand(&paying).is_repeat, "a question that was not asked before");
    paying.answered(no_answer());
    paying.resumed();
    assert!(errand(&paying).is_repeat);
}

#[test]
fn weights_share_and_priorities_rank_and_who_is_away_comes_last() {
    let order_of = |bits: u128, candidates: &[Candidate]| {
        let order = in_order(PaymentId::from_bits(bits), candidates.to_vec());
        assert_eq!(order.len(), candidates.len(), "nobody is left out");
        order.iter().map(|gateway| gateway.name.to_string()).collect::<Vec<_>>()
    };
    let shared = [candidate("a", 1, 3), candidate("b", 1, 1), candidate("last", 2, 1_000)];
    let mut firsts = 0;
    for bits in 0..10_000 {
        let order = order_of(bits, &shared);
        assert_eq!(order[2], "last");
        assert_eq!(order, order_of(bits, &shared), "the same payment, the same order");
        firsts += u32::from(order[0] == "a");
    }
    assert!((7_300..=7_700).contains(&firsts), "{firsts} of 10000 begin with the one of three quarters");
    let away = [Candidate { is_ready: false, ..candidate("a", 1, 1) }, candidate("b", 9, 1)];
    assert_eq!(order_of(7, &away), ["b", "a"]);
}

#[test]
fn the_only_gateway_is_asked_again_under_a_new_key() {
    let mut paying = routed(Capture::Automatic, &["a"]);
    assert_eq!(paying.answered(replayed()), "outcome_unknown");
    paying.pass(CERTAIN_AFTER_MS / 1_000);
    while paying.due() != "authorize 2" {
        if paying.due() == "wait" {
            paying.resumed()
        } else {
            paying.answered(Outcome::NotFound)
        };
    }
    let moves = paying.journal.iter().filter(
        |(event, _)| matches!(event, Event::AttemptStarted(started) if started.moved_because.is_some()),
    );
    assert_eq!(moves.count(), 0, "there is nowhere to go");
    assert_eq!(goes(&paying), "authorize 2 at a");
    let past: Vec<_> =
        paying.begun_state().past.iter().map(|past| (past.attempt, past.end == PastEnd::KeyClosed)).collect();
    assert_eq!(past, [(1, true)], "looks and waits are no attempts");
}

#[test]
fn an_intent_lives_where_its_attempt_went() {
    let mut paying = routed(Capture::Automatic, &["a", "b"]);
    let mut decline = declined("issuer_not_available");
    if let Outcome::Declined(said) = &mut decline {
        said.intent = Some("pi_1".into());
    }
    paying.answered(decline);
    assert_eq!(goes(&paying), "authorize 2 at b");
    let at =
        |intent: &str| paying.begun_state().gateway_of_intent(intent).map(|gateway| gateway.name.to_string());
    assert_eq!((at("pi_1").as_deref(), at("pi_2").as_deref()), (Some("a"), Some("b")));
}

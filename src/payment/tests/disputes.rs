//! What a cardholder does not accept: known, said, and nothing more.

use super::*;
use crate::payment::{Claim, DISPUTES_MAX, DisputeStatus, Teller};

fn claim(id: &str, intent: &str, status: DisputeStatus) -> Command {
    claim_by(Teller::own(), id, intent, status)
}

fn claim_by(by: Teller, id: &str, intent: &str, status: DisputeStatus) -> Command {
    let claim = Claim {
        id: id.into(),
        intent: intent.into(),
        amount: amount(3_998),
        reason: "fraudulent".into(),
        status,
    };
    Command::Claimed { claim, by }
}

/// What the order is owed to hear.
fn owed(paying: &Paying) -> Option<bool> {
    Payment::due(&paying.state).steps.into_iter().find_map(|step| match step {
        Step::ReportDispute { is_disputed, .. } => Some(is_disputed),
        Step::Report { .. } | Step::ReportTrouble { .. } | Step::ReportRefunds { .. } => None,
    })
}

fn heard(is_disputed: bool) -> Command {
    Command::DisputeHeard { is_disputed }
}

#[test]
fn a_dispute_is_heard_once_and_told_until_the_order_knows() {
    let mut paying = Paying::captured();
    let open = || claim("dp_1", "pi_1", DisputeStatus::NeedsResponse);
    assert_eq!(paying.told(open()), "disputed");
    assert_eq!(owed(&paying), Some(true));
    assert_eq!(paying.told(open()), "", "told again");
    assert_eq!(
        paying.told(heard(false)),
        "",
        "what was said is not what is so, and nothing is changed by it"
    );
    assert_eq!(owed(&paying), Some(true));
    assert_eq!(paying.told(heard(true)), "dispute_reported");
    assert_eq!((owed(&paying), paying.told(heard(true)).as_str()), (None, ""));
    assert_eq!(paying.begun_state().troubles, 1, "people are told");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.replayed(), paying.state);
}

#[test]
fn what_the_bank_decides_stays_decided() {
    for (end, is_disputed) in [
        (DisputeStatus::Won, false),
        (DisputeStatus::Prevented, false),
        (DisputeStatus::WarningClosed, false),
        (DisputeStatus::Lost, true),
    ] {
        let mut paying = Paying::captured();
        paying.told(claim("dp_1", "pi_1", DisputeStatus::NeedsResponse));
        paying.told(heard(true));
        assert_eq!(paying.told(claim("dp_1", "pi_1", DisputeStatus::UnderReview)), "dispute_updated");
        assert_eq!(paying.told(claim("dp_1", "pi_1", end)), "dispute_updated", "{end:?}");
        assert_eq!(owed(&paying), (!is_disputed).then_some(false), "{end:?}");
        for late in DisputeStatus::ALL {
            assert_eq!(paying.told(claim("dp_1", "pi_1", *late)), "", "{late:?} after {end:?}");
        }
        assert_eq!(paying.begun_state().is_disputed(), is_disputed, "{end:?}");
    }
}

#[test]
fn a_dispute_about_money_that_is_not_known_is_heard_later() {
    let mut paying = Paying::unbegun();
    let open = || claim("dp_1", "pi_1", DisputeStatus::NeedsResponse);
    assert_eq!(paying.tell(open()), Err(Rejection::NotBegun));
    let mut paying = Paying::begun();
    assert_eq!(paying.tell(open()), Err(Rejection::Busy), "our own call is out");
    paying.answered(Outcome::Intent(succeeded()));
    assert_eq!(paying.tell(claim("dp_1", "pi_9", DisputeStatus::NeedsResponse)), Err(Rejection::Busy));
    assert_eq!(paying.told(open()), "disputed");
}

/// Whoever may sign for one gateway of a store says nothing of money that went through another.
#[test]
fn a_gateway_speaks_of_money_that_it_moved_itself_and_of_no_other() {
    let by = |is_own: bool, names: &[(&str, u32)]| {
        let gateway = |(name, version): &(&str, u32)| Gateway { name: (*name).into(), version: *version };
        Teller { is_own, names: names.iter().map(gateway).collect() }
    };
    let says = |by: Teller| claim_by(by, "dp_1", "pi_1", DisputeStatus::NeedsResponse);
    let mut own = Paying::captured();
    assert_eq!(own.tell(says(by(false, &[("a", 1)]))), Err(Rejection::Elsewhere));
    assert_eq!(own.told(says(by(true, &[("bank", 3)]))), "disputed");

    let mut paying = routing::routed(Capture::Automatic, &["a", "b"]);
    paying.answered(unsent());
    paying.answered(Outcome::Intent(succeeded()));
    let before = paying.journal.len();
    for other in [by(true, &[]), by(false, &[("a", 1)]), by(false, &[("b", 2)]), by(true, &[("bank", 1)])] {
        assert_eq!(paying.tell(says(other.clone())), Err(Rejection::Elsewhere), "{other:?}");
    }
    assert_eq!(paying.journal.len(), before, "nothing of it has an effect");
    assert_eq!(paying.told(says(by(false, &[("z", 1), ("b", 1)]))), "disputed");
}

#[test]
fn disputes_are_bounded() {
    let mut paying = Paying::captured();
    for nth in 0..DISPUTES_MAX {
        assert_eq!(
            paying.told(claim(&format!("dp_{nth}"), "pi_1", DisputeStatus::NeedsResponse)),
            "disputed"
        );
    }
    assert_eq!(paying.told(claim("dp_more", "pi_1", DisputeStatus::NeedsResponse)), "");
}

#[test]
fn a_disputed_payment_may_be_given_back_all_the_same() {
    let mut paying = Paying::captured();
    paying.told(claim("dp_1", "pi_1", DisputeStatus::NeedsResponse));
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert!(paying.begun_state().is_disputed(), "the bank has not decided");
}

#[test]
fn words_are_the_banks() {
    for status in DisputeStatus::ALL {
        assert_eq!(DisputeStatus::from_word(status.word()), Some(*status));
        let stored = serde_json::to_string(status).expect("a word");
        assert_eq!(stored, format!("\"{}\"", status.word()));
    }
    assert_eq!(DisputeStatus::from_word("charge_refunded"), None);
}

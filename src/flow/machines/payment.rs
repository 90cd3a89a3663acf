//! How a payment is asked.

use std::sync::Arc;

use super::{Charted, ORDER, Print, amount, currency, labels, named};
use crate::payment::bank::{self, IntentStatus, Notice, Operation, Reason};
use crate::payment::{self, Capture, Charge, Payment, Stage};
use crate::types::{Amount, Timestamp};

impl Charted for Payment {
    const ABOUT: &'static str = "the one payment of an order, and what the bank was asked about it";

    fn place(state: &payment::State) -> &'static str {
        use payment::Course;
        let Some(begun) = state.begun() else { return "unbegun" };
        match begun.work.as_ref().map(|work| (work.operation, work.stage)) {
            Some((_, Stage::Waiting { .. })) => return "waiting_to_retry",
            Some((_, Stage::Inquiring { .. })) => return "inquiring",
            Some((Operation::Authorize, Stage::Sending { .. })) => return "authorizing",
            Some((Operation::Capture, Stage::Sending { .. })) => return "capturing",
            Some((Operation::Void, Stage::Sending { .. })) => return "voiding",
            Some((Operation::Refund(_), Stage::Sending { .. })) => return "refunding",
            None => {}
        }
        match (&begun.course, &begun.charge, &begun.action) {
            (Course::Canceled { .. }, ..) => "canceled",
            (Course::Failed { .. }, ..) => "failed",
            (Course::Wanted, _, Some(_)) => "requires_action",
            (Course::Wanted, Some(charge), None) if charge.captured.is_zero() => "authorized",
            (Course::Wanted, Some(charge), None) if charge.remaining().is_zero() => "refunded",
            (Course::Wanted, Some(_), None) => "captured",
            (Course::Wanted, None, None) => "unpaid",
        }
    }

    /// Found by trying: what is left out here, such as counts of attempts and what a doubt rests on, brings no step that
    /// the rest does not have, and fifty times as many states.
    fn fingerprint(state: &payment::State, into: &mut Print) {
        let Some(begun) = state.begun() else { return };
        let charge = |charge: &payment::Charge| {
            let Charge { captured, refunded, is_voided, .. } = charge;
            (captured.is_zero(), refunded.is_zero(), charge.remaining().is_zero(), *is_voided)
        };
        into.add((std::mem::discriminant(&begun.course), begun.capture, begun.capture_failure.is_some()));
        into.add((begun.charge.as_ref().map(charge), begun.action.is_some()));
        into.add(begun.strays.first().map(|stray| charge(&stray.charge)));
        into.add((begun.reported == begun.refunded_of_order(), begun.arrived_late));
        into.add(begun.troubles > begun.troubles_told);
        into.add((begun.disputes.first().map(|dispute| dispute.status), begun.dispute_told));
        into.add(
            begun.look.as_ref().filter(|_| is_plainly_paid(begun)).map(|look| look.wait_until.is_some()),
        );
        // Looking again and again leads to rest in the end; it is enough to go there where all else is plain.
        let is_plain = begun.is_wanted() && begun.strays.is_empty() && begun.capture == Capture::Automatic;
        let is_back = begun.charge.as_ref().is_some_and(|charge| charge.remaining().is_zero());
        let refund = |refund: &payment::Refund| {
            let checks = if is_plain && is_back { refund.checks } else { 0 };
            (std::mem::discriminant(&refund.state), refund.attempts.min(1), checks)
        };
        into.add(begun.refunds.first().map(refund));
        let Some(work) = &begun.work else { return };
        let next = match work.stage {
            Stage::Waiting { next, .. } => Some(next),
            Stage::Sending { .. } | Stage::Inquiring { .. } => None,
        };
        let undoes = matches!(work.operation, Operation::Refund(number) if number >= payment::UNDO_FROM);
        into.add((std::mem::discriminant(&work.operation), undoes, next, work.tries.min(1)));
        into.add((work.abandoned_at.is_some(), work.intent.is_some(), work.is_check));
        into.add(work.uncertain_since().is_some());
    }

    fn samples(state: &payment::State, _: Timestamp) -> Vec<(&'static str, payment::Command)> {
        use payment::Command as C;
        let begin = |capture, gateway_ready| C::Begin {
            order: ORDER,
            amount: amount(),
            currency: currency(),
            method: "card".into(),
            capture,
            retry: payment::RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 2 },
            gateways: Vec::new(),
            gateway_ready,
        };
        let mut commands = vec![
            begin(Capture::Automatic, true),
            begin(Capture::Manual, true),
            begin(Capture::Automatic, false),
            C::Resume,
            C::RetryNow,
            C::Cancel { reason: "customer".into() },
            C::Capture,
            C::Refund(payment::Wish {
                how_much: payment::HowMuch::AllThatIsLeft,
                reason: payment::RefundReason::Customer,
                reference: None,
            }),
            C::TroubleHeard { troubles: u32::MAX },
            C::RefundsHeard { refunded: amount() },
            C::RefundsHeard { refunded: Amount::ZERO },
        ];
        // What the bank tells leads to a question, which a person or a timer asks as well: it is enough to be told once.
        let told = |intent: &str| Notice::Intent { intent: intent.into(), attempt: 1, has_money: true };
        if let Some(begun) = state.begun() {
            if begun.action.is_some() && begun.work.is_none() {
                commands.push(C::Notified(told("intent")));
            }
            if is_plainly_paid(begun) {
                commands.push(C::Notified(told("another")));
            }
            let claim = |status| {
                let claim = payment::Claim {
                    id: "dispute".into(),
                    intent: "intent".into(),
                    amount: amount(),
                    reason: "fraudulent".into(),
                    status,
                };
                C::Claimed { claim, by: payment::Teller::own() }
            };
            if is_plainly_paid(begun) && begun.charge_of("intent").is_some() {
                commands.push(claim(payment::DisputeStatus::NeedsResponse));
            }
            if !begun.disputes.is_empty() {
                // What goes on beside a dispute is what goes on without it.
                return named(
                    labels::payment_command,
                    vec![
                        claim(payment::DisputeStatus::Won),
                        C::DisputeHeard { is_disputed: begun.is_disputed() },
                        C::TroubleHeard { troubles: u32::MAX },
                    ],
                );
            }
            if begun.is_wanted() && begun.refunds.first().is_some_and(payment::Refund::is_accepted) {
                commands.push(C::Notified(Notice::Refund { number: 1, has_failed: true }));
            }
        }
        // Answers come to what was asked; what nobody asked for is what late answers look like.
        let asked = state.begun().and_then(|begun| begun.work.as_ref());
        let (operation, attempt) =
            asked.map_or((Operation::Authorize, 1), |work| (work.operation, work.attempt));
        commands.extend(outcomes().into_iter().map(|outcome| C::Answered { operation, attempt, outcome }));
        if let Some(look) = state.begun().and_then(|begun| begun.look.as_ref()) {
            let (attempt, intent) = (look.attempt, &look.intent);
            let ended = |outcome| C::Looked { attempt, intent: Arc::clone(intent), outcome };
            commands.extend(outcomes().into_iter().map(ended));
        }
        // What goes on beside a look is what goes on without it.
        if state.begun().is_some_and(|begun| begun.look.is_some()) {
            commands.retain(|command| matches!(command, C::Resume | C::Answered { .. } | C::Looked { .. }));
        }
        named(labels::payment_command, commands)
    }
}

/// Paid, and nothing more.
fn is_plainly_paid(begun: &payment::Begun) -> bool {
    let is_paid =
        begun.charge.as_ref().is_some_and(|charge| !charge.captured.is_zero() && charge.refunded.is_zero());
    is_paid
        && begun.is_wanted()
        && begun.work.is_none()
        && begun.strays.is_empty()
        && begun.refunds.is_empty()
}

fn outcomes() -> Vec<bank::Outcome> {
    use IntentStatus as S;
    use bank::{Decline, Outcome as O, RefundProgress, RefundReceipt, Snapshot};
    let snapshot = |status: IntentStatus| Snapshot {
        intent: "intent".into(),
        captured: if status == S::Succeeded { amount() } else { Amount::ZERO },
        status,
        amount: amount(),
        currency: Some(currency()),
        charge: Some("charge".into()),
    };
    let statuses = || {
        [
            S::RequiresPaymentMethod(None),
            S::RequiresAction { url: None },
            S::Processing,
            S::RequiresCapture,
            S::Succeeded,
            S::Canceled,
        ]
    };
    let receipt = |progress| RefundReceipt { id: "refund".into(), amount: amount(), progress };
    let decline = |code: &str| {
        let (code, message): (Arc<str>, Arc<str>) = (code.into(), "".into());
        O::Declined(Box::new(Decline {
            code: "card_declined".into(),
            decline_code: Some(code),
            message,
            intent: None,
        }))
    };
    let mut outcomes: Vec<O> = statuses().map(|status| O::Intent(snapshot(status))).into();
    outcomes.extend(statuses().map(|status| O::Found(snapshot(status))));
    let other_amount =
        Snapshot { amount: Amount::new(999).expect("within bounds"), ..snapshot(S::Succeeded) };
    outcomes.extend([
        O::Intent(other_amount),
        O::Elsewhere(payment::Gateway { name: "other".into(), version: 1 }),
        decline("lost_card"),
        decline("try_again_later"),
        O::Refunded(receipt(RefundProgress::Succeeded)),
        O::Refunded(receipt(RefundProgress::Pending)),
        O::RefundFailed { code: "refused".into() },
        O::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None },
        O::Busy { reason: Reason::RateLimited, retry_after_ms: None },
        O::Refused { code: "refused".into(), message: "".into() },
        O::Unknown { reason: Reason::TimedOut, replayed: false, retry_after_ms: None },
        O::Unknown { reason: Reason::ServerError, replayed: true, retry_after_ms: None },
        O::FoundRefund(Some(receipt(RefundProgress::Succeeded))),
        O::FoundRefund(Some(receipt(RefundProgress::Pending))),
        O::FoundRefund(None),
        O::NotFound,
        O::InquiryFailed { reason: Reason::TimedOut, retry_after_ms: None },
    ]);
    outcomes
}

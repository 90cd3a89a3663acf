//! What happens by itself a little later: payments that were `processing`, refunds that were pending,
//! disputes. Follows from the objects' state, so nothing of it is stored; looked at whenever somebody
//! comes to the bank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::charge::{Charge, ChargeState};
use super::confirm::approve;
use super::effect::{Effect, Moves};
use super::intent::{Intent, Status};
use super::ledger::Movement;
use super::refund::{Prospect, Refund, RefundStatus};
use super::{Bank, Behaviour};
use crate::journal::Entry;

/// An asynchronous capture takes this long.
const CAPTURE_MS: i64 = 100;
/// So do late successes, pending refunds and disputes.
const LATE_MS: i64 = 1_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Settle(u32),
    Dispute(u32),
    FinishRefund(u32),
}

/// In order of time.
#[derive(Default)]
pub(crate) struct Dues(BinaryHeap<Reverse<(i64, What)>>);

impl Dues {
    pub(crate) fn note_intent(&mut self, intent: &Intent) {
        if intent.status == Status::Processing {
            let late = intent.method.is_some_and(|method| method.behaviour() == Behaviour::LateSuccess);
            let wait = if late { LATE_MS } else { CAPTURE_MS };
            self.note(intent.changed_ms + wait, What::Settle(intent.number));
        }
    }

    pub(crate) fn note_charge(&mut self, charge: &Charge, at_ms: i64) {
        if charge.awaits_dispute() {
            self.note(at_ms + LATE_MS, What::Dispute(charge.number));
        }
    }

    pub(crate) fn note_refund(&mut self, refund: &Refund, at_ms: i64) {
        if refund.prospect != Prospect::Settled {
            self.note(at_ms + LATE_MS, What::FinishRefund(refund.number));
        }
    }

    /// When the first of them is.
    pub(crate) fn soonest(&self) -> Option<i64> {
        self.0.peek().map(|Reverse((at_ms, _))| *at_ms)
    }

    fn note(&mut self, at_ms: i64, what: What) {
        self.0.push(Reverse((at_ms, what)));
    }

    fn next(&mut self, now_ms: i64) -> Option<What> {
        let Reverse((at_ms, _)) = self.0.peek()?;
        if *at_ms > now_ms {
            return None;
        }
        self.0.pop().map(|Reverse((_, what))| what)
    }
}

impl Bank {
    /// Does what has fallen due. Cheap when nothing has.
    pub(crate) fn settle_due(&mut self, now_ms: i64) {
        while let Some(what) = self.dues.next(now_ms) {
            let effect = match what {
                What::Settle(intent) => self.settle(intent, now_ms),
                What::Dispute(charge) => self.dispute(charge, now_ms),
                What::FinishRefund(refund) => self.finish_refund(refund, now_ms),
            };
            if let Some(effect) = effect {
                self.commit_alone(effect);
            }
        }
    }

    /// Writes an effect that nobody asked for, so that there is no answer to remember.
    pub(crate) fn commit_alone(&mut self, effect: Effect) {
        if let Some(data) = &self.data {
            self.position = data.append(&Entry::of_effect_alone(self, &effect));
        }
        self.apply(effect);
    }

    fn settle(&self, number: u32, now_ms: i64) -> Option<Effect> {
        let mut intent = self.intents.current(number).clone();
        if intent.status != Status::Processing {
            return None;
        }
        let mut charge = self.charges.current(intent.charge?).clone();
        let moves = match charge.state {
            ChargeState::Pending => approve(&mut intent, &mut charge),
            ChargeState::Authorized => {
                intent.status = Status::Succeeded;
                intent.received = intent.amount;
                charge.state = ChargeState::Captured;
                charge.captured = charge.amount;
                Moves::one(Movement::Capture, charge.amount)
            }
            ChargeState::Failed | ChargeState::Captured | ChargeState::Voided => return None,
        };
        intent.changed_ms = now_ms;
        let effect = Effect::nothing(intent.account, now_ms, intent.later_key());
        Some(Effect {
            metadata: intent.metadata,
            intent: Some(intent),
            charge: Some(charge),
            moves,
            ..effect
        })
    }

    fn dispute(&self, number: u32, now_ms: i64) -> Option<Effect> {
        let mut charge = self.charges.current(number).clone();
        if !charge.awaits_dispute() {
            return None;
        }
        charge.disputed = true;
        let effect = Effect::nothing(charge.account, now_ms, None);
        Some(Effect { charge: Some(charge), ..effect })
    }

    fn finish_refund(&mut self, number: u32, now_ms: i64) -> Option<Effect> {
        let mut refund = self.refunds.current(number).clone();
        let prospect = std::mem::replace(&mut refund.prospect, Prospect::Settled);
        let mut charge = self.charges.current(refund.charge).clone();
        let moves = match prospect {
            Prospect::Settled => return None,
            Prospect::WillSucceed => {
                refund.status = RefundStatus::Succeeded;
                Moves::one(Movement::Refund, refund.amount)
            }
            Prospect::WillFail => {
                refund.status = RefundStatus::Failed;
                charge.refunded -= refund.amount;
                Moves::default()
            }
        };
        let metadata = self.refund_metadata(refund.intent, refund.metadata);
        let effect = Effect::nothing(refund.account, now_ms, refund.key);
        Some(Effect { metadata, charge: Some(charge), refund: Some(refund), moves, ..effect })
    }
}

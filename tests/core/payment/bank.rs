//! What a bank answers, for the drawing of commands: mostly what an honest one would, often over a bad line, sometimes lies.

use std::sync::Arc;

use orderflow::payment::Capture;
use orderflow::payment::bank::{
    Call, Decline, Errand, IntentStatus, Operation, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use orderflow::types::{Amount, Timestamp};

use super::{AMOUNT, amount};
use crate::dice::Dice;

/// A bank that remembers what it did.
#[derive(Debug, Default)]
pub(super) struct Bank {
    intents: Vec<Intent>,
    refunds: u32,
}

#[derive(Debug)]
struct Intent {
    attempt: u32,
    status: IntentStatus,
    amount: Amount,
    captured: Amount,
    refunds: Vec<(u32, RefundReceipt)>,
}

const BEFORE: [Reason; 4] =
    [Reason::ConnectFailed, Reason::GatewayUnavailable, Reason::LaneClosed, Reason::RateLimited];
const AFTER: [Reason; 6] = [
    Reason::TimedOut,
    Reason::ConnectionLost,
    Reason::ServerError,
    Reason::Unreadable,
    Reason::KeyConflict,
    Reason::Interrupted,
];
const DECLINES: [&str; 6] = [
    "processing_error",
    "lost_card",
    "issuer_unavailable",
    "authentication_required",
    "insufficient_funds",
    "unheard_of",
];

impl Bank {
    /// What comes back from a call.
    pub(super) fn answer(&mut self, errand: &Errand, _now: Timestamp, dice: &mut Dice) -> Outcome {
        let call = &errand.call;
        let retry_after_ms = dice.one_in(6).then(|| u64::from(dice.roll(3_000)));
        match dice.roll(24) {
            0 => match dice.pick_some(&errand.or_else) {
                Some(gateway) => Outcome::Elsewhere(gateway.clone()),
                None => call.unsent(Reason::GatewayUnavailable, retry_after_ms),
            },
            1 => call.unsent(*dice.pick(&BEFORE), retry_after_ms),
            2 if !call.is_inquiry() => {
                let reason = if dice.one_in(2) { Reason::RateLimited } else { Reason::KeyInUse };
                Outcome::Busy { reason, retry_after_ms }
            }
            3 => call.lost(*dice.pick(&AFTER)),
            4 => {
                self.perform(call, dice);
                call.lost(*dice.pick(&AFTER))
            }
            5 if !call.is_inquiry() => {
                if dice.one_in(2) {
                    self.perform(call, dice);
                }
                Outcome::Unknown { reason: Reason::ServerError, replayed: true, retry_after_ms }
            }
            6 if !call.is_inquiry() => Outcome::Refused { code: "unexpected".into(), message: "no".into() },
            7 if dice.one_in(3) => self.gossip(call.operation(), dice),
            _ => self.perform(call, dice),
        }
    }

    fn perform(&mut self, call: &Call, dice: &mut Dice) -> Outcome {
        match call {
            Call::Authorize { attempt, amount: asked, capture, .. } => {
                if dice.one_in(5) {
                    return self.declined(dice);
                }
                let status = match dice.roll(12) {
                    0 => IntentStatus::RequiresAction { url: Some("https://bank.example".into()) },
                    1 => IntentStatus::Processing,
                    2 if dice.one_in(3) => IntentStatus::RequiresPaymentMethod(None),
                    3 if dice.one_in(3) => IntentStatus::Canceled,
                    4 => IntentStatus::RequiresCapture,
                    _ => match capture {
                        Capture::Automatic => IntentStatus::Succeeded,
                        Capture::Manual => IntentStatus::RequiresCapture,
                    },
                };
                let asked = if dice.one_in(30) { amount(asked.minor() - 1) } else { *asked };
                let captured = if status == IntentStatus::Succeeded { asked } else { Amount::ZERO };
                let refunds = Vec::new();
                self.intents.push(Intent { attempt: *attempt, status, amount: asked, captured, refunds });
                Outcome::Intent(self.snapshot(self.intents.len() - 1, dice))
            }
            Call::Capture { intent, amount: asked, .. } => {
                let Some(nth) = self.nth(intent) else { return Outcome::NotFound };
                if dice.one_in(6) {
                    return self.declined(dice);
                }
                let known = &mut self.intents[nth];
                if known.status == IntentStatus::RequiresCapture && !dice.one_in(6) {
                    (known.status, known.captured) = (IntentStatus::Succeeded, *asked);
                }
                if dice.one_in(12) {
                    known.status = IntentStatus::Canceled;
                }
                Outcome::Intent(self.snapshot(nth, dice))
            }
            Call::Void { intent, .. } => {
                let Some(nth) = self.nth(intent) else { return Outcome::NotFound };
                if dice.one_in(10) {
                    return self.declined(dice);
                }
                let known = &mut self.intents[nth];
                if known.status != IntentStatus::Succeeded {
                    known.status = IntentStatus::Canceled;
                    if dice.one_in(8) {
                        // The shopper was quicker.
                        (known.status, known.captured) = (IntentStatus::Succeeded, known.amount);
                    }
                }
                Outcome::Intent(self.snapshot(nth, dice))
            }
            Call::Refund { refund, intent, amount: asked, .. } => {
                let Some(nth) = self.nth(intent) else { return Outcome::NotFound };
                if dice.one_in(7) {
                    return Outcome::RefundFailed { code: "declined".into() };
                }
                let receipt = self.receipt(*asked, dice);
                self.intents[nth].refunds.push((*refund, receipt.clone()));
                Outcome::Refunded(receipt)
            }
            Call::Look { intent, .. } => match self.nth(intent) {
                Some(nth) => {
                    self.act(nth, dice);
                    Outcome::Found(self.snapshot(nth, dice))
                }
                None => Outcome::NotFound,
            },
            Call::Inquire { operation, attempt, intent, .. } => {
                self.inquire(*operation, *attempt, intent.as_ref(), dice)
            }
        }
    }

    fn inquire(
        &mut self,
        operation: Operation,
        attempt: u32,
        intent: Option<&Arc<str>>,
        dice: &mut Dice,
    ) -> Outcome {
        let named = intent.and_then(|intent| self.nth(intent));
        let nth = named.or_else(|| self.intents.iter().position(|known| known.attempt == attempt));
        let Some(nth) = nth else { return Outcome::NotFound };
        let Operation::Refund(number) = operation else {
            self.act(nth, dice);
            return Outcome::Found(self.snapshot(nth, dice));
        };
        let known = self.intents[nth].refunds.iter_mut().rev().find(|(refund, _)| *refund == number);
        match known {
            Some(_) if dice.one_in(8) => Outcome::FoundRefund(None),
            Some((_, receipt)) => {
                if receipt.progress != RefundProgress::Succeeded && dice.one_in(2) {
                    receipt.progress = RefundProgress::Succeeded;
                }
                Outcome::FoundRefund(Some(receipt.clone()))
            }
            None => Outcome::NotFound,
        }
    }

    /// The shopper does what is needed, or something else happens at the bank.
    fn act(&mut self, nth: usize, dice: &mut Dice) {
        let known = &mut self.intents[nth];
        let is_open = matches!(known.status, IntentStatus::RequiresAction { .. } | IntentStatus::Processing);
        if is_open && dice.one_in(2) {
            known.status = match dice.roll(4) {
                0 => IntentStatus::RequiresPaymentMethod(Some(Box::new(decline("lost_card")))),
                1 => IntentStatus::RequiresCapture,
                2 => IntentStatus::Canceled,
                _ => IntentStatus::Succeeded,
            };
            if known.status == IntentStatus::Succeeded {
                known.captured = known.amount;
            }
        }
    }

    /// What might be said about anything, true or not.
    pub(super) fn gossip(&mut self, operation: Operation, dice: &mut Dice) -> Outcome {
        match dice.roll(10) {
            0 => Outcome::NotFound,
            1 => self.declined(dice),
            2 => Outcome::Unknown {
                reason: *dice.pick(&AFTER),
                replayed: dice.one_in(3),
                retry_after_ms: None,
            },
            3 => Outcome::InquiryFailed { reason: *dice.pick(&AFTER), retry_after_ms: None },
            4 => Outcome::NotSent { reason: *dice.pick(&BEFORE), retry_after_ms: None },
            5 => Outcome::RefundFailed { code: "declined".into() },
            6 => Outcome::Refunded(self.receipt(amount(i64::from(dice.between(1, 2_000))), dice)),
            _ => match (operation, dice.pick_some(&self.intents).map(|_| ())) {
                (Operation::Refund(_), _) => Outcome::FoundRefund(dice.one_in(2).then(|| {
                    let minor = amount(i64::from(dice.between(1, 2_000)));
                    self.receipt(minor, dice)
                })),
                (_, Some(())) if !dice.one_in(3) => {
                    let nth = dice.roll(self.intents.len() as u32) as usize;
                    Outcome::Found(self.snapshot(nth, dice))
                }
                (Operation::Authorize | Operation::Capture | Operation::Void, _) => {
                    self.intents.push(Intent {
                        attempt: dice.between(1, 4),
                        status: IntentStatus::Succeeded,
                        amount: amount(AMOUNT),
                        captured: amount(AMOUNT),
                        refunds: Vec::new(),
                    });
                    Outcome::Intent(self.snapshot(self.intents.len() - 1, dice))
                }
            },
        }
    }

    /// An intent that somebody may speak of.
    pub(super) fn some_intent(&self, dice: &mut Dice) -> Arc<str> {
        let known = self.intents.len() as u32;
        format!("pi_{}", dice.roll(known + 1)).into()
    }

    fn nth(&self, intent: &str) -> Option<usize> {
        let nth = intent.strip_prefix("pi_")?.parse::<usize>().ok()?;
        (nth < self.intents.len()).then_some(nth)
    }

    fn declined(&self, dice: &mut Dice) -> Outcome {
        Outcome::Declined(Box::new(decline(dice.pick::<&str>(&DECLINES))))
    }

    fn receipt(&mut self, asked: Amount, dice: &mut Dice) -> RefundReceipt {
        self.refunds += 1;
        let progress = match dice.roll(6) {
            0 => RefundProgress::Pending,
            1 => RefundProgress::RequiresAction,
            _ => RefundProgress::Succeeded,
        };
        RefundReceipt { id: format!("re_{}", self.refunds).into(), amount: asked, progress }
    }

    fn snapshot(&self, nth: usize, dice: &mut Dice) -> Snapshot {
        let known = &self.intents[nth];
        Snapshot {
            intent: format!("pi_{nth}").into(),
            status: known.status.clone(),
            amount: known.amount,
            currency: if dice.one_in(60) { "EUR".parse().ok() } else { "USD".parse().ok() },
            captured: known.captured,
            charge: Some(format!("ch_{nth}").into()),
        }
    }
}

fn decline(code: &str) -> Decline {
    Decline {
        code: "card_declined".into(),
        decline_code: Some(code.into()),
        message: "no".into(),
        intent: None,
    }
}

//! A bank with a ledger, behind a line that loses, delays and repeats.

use std::collections::BTreeMap;

use crate::payment::bank::{
    Call, Decline, IntentStatus, Operation, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use crate::payment::{CERTAIN_AFTER_MS, Capture};
use crate::types::{Amount, Timestamp};

/// For how long after it was sent a call may still be carried out.
const DRIFT_MS: u64 = 4_000;
const _: () = assert!(DRIFT_MS < CERTAIN_AFTER_MS, "not found must be proof after that time");

/// Dice that follow from a seed.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        xxhash_rust::xxh3::xxh3_64(&self.0.to_le_bytes()) % sides
    }

    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// Money that the bank set aside or took.
#[derive(Debug)]
struct Intent {
    attempt: u32,
    status: IntentStatus,
    amount: Amount,
    captured: Amount,
    /// By number: each once.
    refunds: BTreeMap<u32, Amount>,
}

/// The bank, and what is on its way to it.
#[derive(Debug, Default)]
pub(super) struct Bank {
    intents: Vec<Intent>,
    /// What was answered under each key.
    keys: BTreeMap<(String, u32), Outcome>,
    drifting: Vec<(Timestamp, Call)>,
}

impl Bank {
    /// What it took and what it gave back, over all intents.
    pub(super) fn totals(&self) -> (i64, i64) {
        self.intents.iter().fold((0, 0), |(captured, refunded), intent| {
            (captured + intent.captured.minor(), refunded + intent.given_back())
        })
    }

    /// Holds at every moment, whatever anybody asked.
    pub(super) fn check(&self) {
        for intent in &self.intents {
            assert!(intent.captured <= intent.amount, "{intent:?}");
            assert!(intent.given_back() <= intent.captured.minor(), "{intent:?}");
        }
    }

    /// A call over a bad line: what comes back, which may be that nobody knows.
    pub(super) fn call(&mut self, call: &Call, now: Timestamp, dice: &mut Dice) -> Outcome {
        if call.is_stale(now) {
            return call.lost(Reason::Interrupted);
        }
        match dice.roll(10) {
            0 => call.unsent(Reason::ConnectFailed, None),
            1 => call.lost(Reason::TimedOut),
            2 if !call.is_inquiry() => {
                self.drifting.push((now.plus_millis(dice.roll(DRIFT_MS)), call.clone()));
                call.lost(Reason::TimedOut)
            }
            3 => {
                self.answer(call, dice.one_in(8));
                call.lost(Reason::ConnectionLost)
            }
            _ => self.answer(call, dice.one_in(8)),
        }
    }

    /// Carries out what has arrived late.
    pub(super) fn drift(&mut self, now: Timestamp) {
        let (arrived, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.drifting).into_iter().partition(|(at, _)| *at <= now);
        self.drifting = rest;
        for (_, call) in arrived {
            self.answer(&call, false);
        }
    }

    /// Does what is asked, once a key.
    pub(super) fn answer(&mut self, call: &Call, declines: bool) -> Outcome {
        if let Call::Inquire { operation, attempt, intent, .. } = call {
            return self.look_up(*operation, *attempt, intent.as_deref());
        }
        if let Call::Look { attempt, intent } = call {
            return self.look_up(Operation::Authorize, *attempt, Some(intent));
        }
        let key = (call.operation().to_string(), call.attempt());
        if let Some(known) = self.keys.get(&key) {
            return known.clone();
        }
        let outcome = self.perform(call, declines);
        self.keys.insert(key, outcome.clone());
        outcome
    }

    fn perform(&mut self, call: &Call, declines: bool) -> Outcome {
        let refused = || Outcome::Refused { code: "unexpected_state".into(), message: "".into() };
        match call {
            Call::Authorize { .. } if declines => Outcome::Declined(Box::new(Decline {
                code: "card_declined".into(),
                decline_code: Some("lost_card".into()),
                message: "no".into(),
                intent: None,
            })),
            Call::Authorize { attempt, amount, capture, .. } => {
                let (status, captured) = match capture {
                    Capture::Automatic => (IntentStatus::Succeeded, *amount),
                    Capture::Manual => (IntentStatus::RequiresCapture, Amount::ZERO),
                };
                let (attempt, amount, refunds) = (*attempt, *amount, BTreeMap::new());
                self.intents.push(Intent { attempt, status, amount, captured, refunds });
                Outcome::Intent(self.snapshot(self.intents.len() - 1))
            }
            Call::Capture { intent, amount, .. } => {
                let nth = nth(intent);
                if self.intents[nth].status != IntentStatus::RequiresCapture {
                    return refused();
                }
                self.intents[nth].status = IntentStatus::Succeeded;
                self.intents[nth].captured = *amount;
                Outcome::Intent(self.snapshot(nth))
            }
            Call::Void { intent, .. } => {
                let nth = nth(intent);
                if self.intents[nth].status != IntentStatus::RequiresCapture {
                    return refused();
                }
                self.intents[nth].status = IntentStatus::Canceled;
                Outcome::Intent(self.snapshot(nth))
            }
            Call::Refund { refund, intent, amount, .. } => {
                let nth = nth(intent);
                let of = &mut self.intents[nth];
                if declines && *refund < crate::payment::UNDO_FROM {
                    return Outcome::RefundFailed { code: "declined".into() };
                }
                if of.given_back() + amount.minor() > of.captured.minor() {
                    return refused();
                }
                of.refunds.insert(*refund, *amount);
                Outcome::Refunded(receipt(nth, *refund, *amount))
            }
            Call::Inquire { .. } | Call::Look { .. } => unreachable!("looked up before"),
        }
    }

    fn look_up(&self, operation: Operation, attempt: u32, intent: Option<&str>) -> Outcome {
        match (operation, intent) {
            (Operation::Refund(number), Some(intent)) => {
                let nth = nth(intent);
                let found = self.intents[nth].refunds.get(&number);
                found.map_or(Outcome::NotFound, |amount| {
                    Outcome::FoundRefund(Some(receipt(nth, number, *amount)))
                })
            }
            (_, Some(intent)) => Outcome::Found(self.snapshot(nth(intent))),
            (_, None) => {
                let found = self.intents.iter().position(|intent| intent.attempt == attempt);
                found.map_or(Outcome::NotFound, |nth| Outcome::Found(self.snapshot(nth)))
            }
        }
    }

    fn snapshot(&self, nth: usize) -> Snapshot {
        let intent = &self.intents[nth];
        Snapshot {
            intent: format!("pi_{nth}").into(),
            status: intent.status.clone(),
            amount: intent.amount,
            currency: "USD".parse().ok(),
            captured: intent.captured,
            charge: Some(format!("ch_{nth}").into()),
        }
    }
}

impl Intent {
    fn given_back(&self) -> i64 {
        self.refunds.values().map(|amount| amount.minor()).sum()
    }
}

fn receipt(nth: usize, number: u32, amount: Amount) -> RefundReceipt {
    RefundReceipt { id: format!("re_{nth}_{number}").into(), amount, progress: RefundProgress::Succeeded }
}

fn nth(intent: &str) -> usize {
    intent.strip_prefix("pi_").and_then(|nth| nth.parse().ok()).expect("one of ours")
}

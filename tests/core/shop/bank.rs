//! A bank of a few lines: an honest ledger by key, and an index that lags. The line to it is somebody else's.

use std::collections::BTreeMap;

use orderflow::payment::bank::{
    Call, Decline, IntentStatus, Key, Operation, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use orderflow::payment::{CERTAIN_AFTER_MS, Capture};
use orderflow::types::{Amount, OrderId, Timestamp};

use crate::ensure;
use crate::game::Holds;

/// For how long after it was sent a call may still be carried out, and how far the bank's index may lag behind.
pub(super) const DRIFT_MS: u64 = 4_000;
pub(super) const LAG_MS: u64 = 20_000;
/// Within which time a sync ends, and whoever waits for the bank gives up.
pub(super) const SYNC_WITHIN_MS: u64 = 1_000;
pub(super) const CALL_WITHIN_MS: u64 = 3_000;
const _: () = assert!(
    SYNC_WITHIN_MS + CALL_WITHIN_MS + DRIFT_MS + LAG_MS < CERTAIN_AFTER_MS,
    "not found must be proof after that time"
);

/// What the bank does with a call that reaches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mood {
    /// What it is asked.
    Does,
    /// The issuer, or the bank, says no.
    Declines,
    /// It fails after the deed and repeats that failure under the key for ever.
    DoesAndFails,
    /// It fails before the deed, likewise.
    Fails,
}

/// Money that the bank set aside or took.
#[derive(Debug)]
pub(super) struct Intent {
    pub(super) order: OrderId,
    attempt: u32,
    pub(super) status: IntentStatus,
    amount: Amount,
    pub(super) captured: Amount,
    /// By number: each once.
    refunds: BTreeMap<u32, Amount>,
    indexed_at: Timestamp,
}

/// The bank.
#[derive(Debug, Default)]
pub(super) struct Bank {
    pub(super) intents: Vec<Intent>,
    keys: BTreeMap<(OrderId, String, u32), (Timestamp, Outcome)>,
}

impl Intent {
    pub(super) fn given_back(&self) -> i64 {
        self.refunds.values().map(|amount| amount.minor()).sum()
    }

    /// Whether it holds money of a shopper.
    fn is_live(&self) -> bool {
        match self.status {
            IntentStatus::RequiresCapture => true,
            IntentStatus::Succeeded => self.given_back() < self.captured.minor(),
            _ => false,
        }
    }
}

impl Bank {
    /// What it took of an order and what it gave back.
    pub(super) fn totals(&self, order: OrderId) -> (i64, i64) {
        let of = self.intents.iter().filter(|intent| intent.order == order);
        of.fold((0, 0), |(captured, refunded), intent| {
            (captured + intent.captured.minor(), refunded + intent.given_back())
        })
    }

    /// How many of an order's intents hold money.
    pub(super) fn live(&self, order: OrderId) -> usize {
        self.intents.iter().filter(|intent| intent.order == order && intent.is_live()).count()
    }

    /// Holds at every moment, whatever anybody asked.
    pub(super) fn check(&self, is_wild: bool) -> Holds {
        for intent in &self.intents {
            ensure!(intent.captured <= intent.amount, "more is captured than authorised: {intent:?}");
            ensure!(intent.given_back() <= intent.captured.minor(), "more goes back than came: {intent:?}");
            if intent.is_live() && !is_wild {
                ensure!(self.live(intent.order) == 1, "charged twice: {:?}", self.intents);
            }
        }
        Ok(())
    }

    /// Does what is asked, once a key.
    pub(super) fn answer(
        &mut self,
        order: OrderId,
        call: &Call,
        now: Timestamp,
        mood: Mood,
        lag_ms: u64,
    ) -> Outcome {
        if call.is_inquiry() {
            return self.look_up(order, call, now);
        }
        let Key { operation, attempt, .. } = call.key(order);
        let key = (order, operation.to_string(), attempt);
        if let Some((_, known)) = self.keys.get(&key) {
            return match known {
                Outcome::Unknown { reason, .. } => {
                    Outcome::Unknown { reason: *reason, replayed: true, retry_after_ms: None }
                }
                known => known.clone(),
            };
        }
        let failed =
            || Outcome::Unknown { reason: Reason::ServerError, replayed: false, retry_after_ms: None };
        let outcome = match mood {
            Mood::Does => self.perform(order, call, now, lag_ms),
            Mood::Declines => match call {
                Call::Refund { .. } => Outcome::RefundFailed { code: "declined".into() },
                Call::Void { .. } => self.perform(order, call, now, lag_ms),
                _ => Outcome::Declined(Box::new(decline())),
            },
            Mood::DoesAndFails => {
                self.perform(order, call, now, lag_ms);
                failed()
            }
            Mood::Fails => failed(),
        };
        if !matches!(outcome, Outcome::Refused { .. }) {
            self.keys.insert(key, (now, outcome.clone()));
        }
        outcome
    }

    fn perform(&mut self, order: OrderId, call: &Call, now: Timestamp, lag_ms: u64) -> Outcome {
        let refused = || Outcome::Refused { code: "unexpected_state".into(), message: "".into() };
        match call {
            Call::Authorize { attempt, amount, capture, .. } => {
                let (status, captured) = match capture {
                    Capture::Automatic => (IntentStatus::Succeeded, *amount),
                    Capture::Manual => (IntentStatus::RequiresCapture, Amount::ZERO),
                };
                self.intents.push(Intent {
                    order,
                    attempt: *attempt,
                    status,
                    amount: *amount,
                    captured,
                    refunds: BTreeMap::new(),
                    indexed_at: now.plus_millis(lag_ms),
                });
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
                if of.given_back() + amount.minor() > of.captured.minor() {
                    return refused();
                }
                // Should one be made twice under two keys, both count.
                let before = of.refunds.get(refund).copied().unwrap_or(Amount::ZERO);
                of.refunds.insert(*refund, before.plus(*amount).expect("within the captured amount"));
                Outcome::Refunded(receipt(nth, *refund, *amount))
            }
            Call::Inquire { .. } | Call::Look { .. } => unreachable!("looked up before"),
        }
    }

    fn look_up(&self, order: OrderId, call: &Call, now: Timestamp) -> Outcome {
        let named = match call {
            Call::Inquire { intent, .. } => intent.as_deref(),
            Call::Look { intent, .. } => Some(&**intent),
            _ => None,
        };
        match (call.operation(), named) {
            (Operation::Refund(number), Some(intent)) => {
                let nth = nth(intent);
                let found = self.intents[nth].refunds.get(&number);
                found.map_or(Outcome::NotFound, |amount| {
                    Outcome::FoundRefund(Some(receipt(nth, number, *amount)))
                })
            }
            (_, Some(intent)) => Outcome::Found(self.snapshot(nth(intent))),
            (_, None) => {
                let is = |intent: &Intent| {
                    intent.order == order && intent.attempt == call.attempt() && intent.indexed_at <= now
                };
                let found = self.intents.iter().position(is);
                found.map_or(Outcome::NotFound, |nth| Outcome::Found(self.snapshot(nth)))
            }
        }
    }

    /// An intent as the bank describes it.
    pub(super) fn snapshot(&self, nth: usize) -> Snapshot {
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

    /// The attempt that made an intent.
    pub(super) fn attempt(&self, nth: usize) -> u32 {
        self.intents[nth].attempt
    }
}

fn receipt(nth: usize, number: u32, amount: Amount) -> RefundReceipt {
    RefundReceipt { id: format!("re_{nth}_{number}").into(), amount, progress: RefundProgress::Succeeded }
}

fn nth(intent: &str) -> usize {
    intent.strip_prefix("pi_").and_then(|nth| nth.parse().ok()).expect("one of the bank's own")
}

fn decline() -> Decline {
    Decline {
        code: "card_declined".into(),
        decline_code: Some("lost_card".into()),
        message: "no".into(),
        intent: None,
    }
}

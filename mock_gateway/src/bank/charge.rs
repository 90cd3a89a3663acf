//! A charge: one attempt at a card.

use super::cards::{Behaviour, Method};
use super::currency::Currency;
use super::declines::Decline;
use super::ledger::RowNumber;
use super::words::words;
use crate::memory::Text;

words! {
    /// How the attempt stands.
    ChargeState {
        Pending = "pending",
        Failed = "failed",
        Authorized = "authorized",
        Captured = "captured",
        Voided = "voided",
    }
}

/// One version of a charge.
#[derive(Clone)]
pub(crate) struct Charge {
    pub(crate) number: u32,
    pub(crate) account: u32,
    pub(crate) intent: u32,
    pub(crate) store: u32,
    /// The attempt before this one, of the same intent.
    pub(crate) previous: Option<u32>,
    pub(crate) latest_refund: Option<u32>,
    /// The row of the ledger in which its money moved.
    pub(crate) transaction: Option<RowNumber>,
    pub(crate) method: Method,
    pub(crate) currency: Currency,
    pub(crate) state: ChargeState,
    pub(crate) failure: Option<Decline>,
    pub(crate) disputed: bool,
    pub(crate) amount: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) created_ms: i64,
    pub(crate) metadata: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) customer: Option<Text>,
}

impl Charge {
    /// What can still be given back.
    pub(crate) fn refundable(&self) -> i64 {
        self.captured - self.refunded
    }

    /// Money was given back until nothing is left, or a hold was let go.
    pub(crate) fn is_refunded(&self) -> bool {
        match self.state {
            ChargeState::Voided => true,
            ChargeState::Captured => self.refunded >= self.captured,
            ChargeState::Pending | ChargeState::Failed | ChargeState::Authorized => false,
        }
    }

    /// Will be disputed, and is not yet.
    pub(crate) fn awaits_dispute(&self) -> bool {
        self.method.behaviour() == Behaviour::Dispute && self.state == ChargeState::Captured && !self.disputed
    }

    /// 0 to 99; from 65 on the risk is elevated.
    pub(crate) fn risk_score(&self) -> u32 {
        match (self.method.behaviour(), self.failure) {
            (_, Some(Decline::Blocked)) => 90,
            (Behaviour::Elevated, _) => 70,
            _ => 5 + self.number % 50,
        }
    }
}

//! Which gateway a payment goes through, and when it may go through another.
//!
//! A store that names several gateways has them tried in an order that is decided once, when the payment begins, and stands in
//! `payment.created`. Each attempt to authorise is pinned to one of them: whatever is asked about it later, and whatever is done
//! to its money, goes there, whatever the store's settings say by then.
//!
//! ```text
//!  what the gateway answered                                    another gateway
//!  ─────────────────────────────────────────────────────────    ──────────────────────────────────
//!  no connection came about; it takes no calls (breaker)         at once: it certainly did nothing
//!  too many calls (429); request refused as such                 at once: likewise
//!  declined, and the issuer was not there                        at once: this attempt is over
//!  declined for now (processing_error, try_again_later, …)       no: the same gateway, later
//!  declined for good, other method, 3-D Secure                   no
//!  time-out, broken connection, 5xx, unreadable                  no: asked first, and only after
//!                                                                proof of nothing, elsewhere
//!  any of the above after an earlier call may have arrived       no: asked first
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::PaymentId;

use super::bank::{Operation, Reason};
use super::decline::RetryClass;
use super::state::{Begun, Work};

/// A gateway as a store names it, and which of the connections that it had under that name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gateway {
    /// The store's name for it.
    pub name: Arc<str>,
    /// Which of the connections under that name, from 1: another address or account is another connection.
    pub version: u32,
}

/// A gateway that a payment may go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub gateway: Gateway,
    /// Lower ones are tried first.
    pub priority: u32,
    /// Its share among those of one priority.
    pub weight: u32,
    /// Whether it is believed to take calls.
    pub is_ready: bool,
}

/// One authorisation is sent through a gateway, and all after it until another is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// From this logical attempt on.
    pub attempt: u32,
    /// Through this gateway.
    pub gateway: Gateway,
}

/// The order in which a payment tries its gateways: those that take calls first, then by priority, and within one priority by
/// weight. The lot is a hash of the payment's id, so that the same payment always gets the same order, and many get their shares.
pub(super) fn in_order(payment: PaymentId, mut candidates: Vec<Candidate>) -> Vec<Gateway> {
    let mut order = Vec::with_capacity(candidates.len());
    let rank = |candidate: &Candidate| (!candidate.is_ready, candidate.priority);
    while let Some(first) = candidates.iter().map(rank).min() {
        let of_rank = |candidate: &&Candidate| rank(candidate) == first;
        let weight = |candidate: &Candidate| u64::from(candidate.weight.max(1));
        let total: u64 = candidates.iter().filter(of_rank).map(weight).sum();
        let seed = u64::try_from(order.len()).unwrap_or(u64::MAX);
        let mut lot = xxhash_rust::xxh3::xxh3_64_with_seed(&payment.to_bytes(), seed) % total.max(1);
        let place = candidates.iter().position(|candidate| {
            if rank(candidate) != first {
                return false;
            }
            let is_it = lot < weight(candidate);
            lot = lot.saturating_sub(weight(candidate));
            is_it
        });
        let Some(place) = place else { break };
        order.push(candidates.remove(place).gateway);
    }
    order
}

/// What a gateway's answer to an authorisation says about another gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// It certainly did nothing: another may be tried at once.
    AtOnce,
    /// The attempt is over, and the same gateway is tried later.
    SameLater,
    /// The attempt is over for good.
    Never,
    /// It may have done it: it is asked first.
    AskFirst,
}

/// What the reason for a call that brought no money says about another gateway, where no earlier call may have arrived.
pub(super) const fn after(reason: Reason) -> Elsewhere {
    match reason {
        Reason::ConnectFailed
        | Reason::GatewayUnavailable
        | Reason::LaneClosed
        | Reason::RateLimited
        | Reason::Refused => Elsewhere::AtOnce,
        Reason::Declined => Elsewhere::SameLater,
        Reason::KeyInUse
        | Reason::TimedOut
        | Reason::ConnectionLost
        | Reason::ServerError
        | Reason::Unreadable
        | Reason::KeyConflict
        | Reason::Interrupted
        | Reason::Processing
        | Reason::NotFound
        | Reason::NotDone => Elsewhere::AskFirst,
    }
}

/// What a decline says about another gateway.
pub(super) const fn after_decline(class: RetryClass) -> Elsewhere {
    match class {
        RetryClass::OtherGateway => Elsewhere::AtOnce,
        RetryClass::SameLater => Elsewhere::SameLater,
        RetryClass::Never | RetryClass::DifferentMethod | RetryClass::StepUp => Elsewhere::Never,
    }
}

impl Begun {
    /// The gateway that a logical attempt to authorise goes through; the node's own bank where none is named.
    pub fn gateway_of_attempt(&self, attempt: u32) -> Option<&Gateway> {
        let routed = self.routed.iter().rev().find(|routed| routed.attempt <= attempt);
        routed.or(self.routed.first()).map(|routed| &routed.gateway)
    }

    /// The gateway that an intent lives at.
    pub fn gateway_of_intent(&self, intent: &str) -> Option<&Gateway> {
        if self.routed.is_empty() {
            return None;
        }
        let charge = self.charge_of(intent).map(|charge| charge.attempt);
        let action = self.action.as_ref().filter(|action| &*action.intent == intent);
        let past = || self.past.iter().find(|past| past.intent.as_deref() == Some(intent));
        let attempt =
            charge.or(action.map(|action| action.attempt)).or_else(|| past().map(|past| past.attempt));
        self.gateway_of_attempt(attempt.unwrap_or(u32::MAX))
    }

    /// Where the call that is owed goes.
    pub(super) fn gateway_of(&self, work: &Work) -> Option<&Gateway> {
        match (work.operation, &work.intent) {
            (Operation::Authorize, _) | (_, None) => self.gateway_of_attempt(work.attempt),
            (Operation::Capture | Operation::Void | Operation::Refund(_), Some(intent)) => {
                self.gateway_of_intent(intent)
            }
        }
    }

    /// Whether the authorisation under way may be tried elsewhere once it is certain that this call did nothing.
    pub(super) fn may_move(&self, work: &Work) -> bool {
        self.gateways.len() > 1
            && work.operation == Operation::Authorize
            && work.is_sending()
            && work.uncertain_since().is_none()
            && self.is_wanted()
            && self.action.is_none()
    }

    /// The gateways that the call under way may go to instead, while it certainly has not been sent.
    pub(super) fn others(&self, work: &Work) -> Vec<Gateway> {
        if !self.may_move(work) {
            return Vec::new();
        }
        let here = self.gateway_of_attempt(work.attempt);
        self.gateways.iter().filter(|gateway| Some(*gateway) != here).cloned().collect()
    }

    /// The gateway after the one that an attempt went through: in a round, as the order has it.
    pub(super) fn next_gateway(&self, attempt: u32) -> Option<&Gateway> {
        let here = self.gateway_of_attempt(attempt)?;
        let place = self.gateways.iter().position(|gateway| gateway == here);
        let next = place.map_or(0, |place| (place + 1) % self.gateways.len().max(1));
        self.gateways.get(next)
    }

    /// The next gateway that has not been tried since the last wait.
    pub(super) fn untried_gateway(&self, work: &Work) -> Option<&Gateway> {
        let hops = usize::try_from(work.hops).unwrap_or(usize::MAX);
        if hops.saturating_add(1) < self.gateways.len() { self.next_gateway(work.attempt) } else { None }
    }
}

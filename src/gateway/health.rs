//! What an outcome says about the bank itself, apart from the money.

use crate::payment::bank::{Outcome, Reason};

/// What one call showed of the bank's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered; a decline and a rate limit are answers.
    Healthy,
    /// It cannot be reached, does not answer, or answers that it failed.
    Outage,
    /// The call says nothing about the bank.
    Silent,
}

/// What an outcome says about the bank's health.
pub fn health(outcome: &Outcome) -> Health {
    match outcome {
        // A stored failure, read back, is old news.
        Outcome::Unknown { reason: Reason::ServerError, replayed: true, .. } => Health::Silent,
        Outcome::NotSent { reason, .. }
        | Outcome::Unknown { reason, .. }
        | Outcome::InquiryFailed { reason, .. }
        | Outcome::Busy { reason, .. } => of_reason(*reason),
        Outcome::Intent(_)
        | Outcome::Refunded(_)
        | Outcome::RefundFailed { .. }
        | Outcome::Declined(_)
        | Outcome::Refused { .. }
        | Outcome::Found(_)
        | Outcome::FoundRefund(_)
        | Outcome::NotFound => Health::Healthy,
        Outcome::Elsewhere(_) => Health::Silent,
    }
}

/// What the bank asks of all who call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plea {
    /// It takes calls and counts too many: fewer, and for so many milliseconds none, where it says for how long.
    Fewer(Option<u64>),
    /// It is away: none for so many milliseconds.
    None(u64),
}

/// What the bank asks of us in an answer.
pub(super) fn plea(outcome: &Outcome) -> Option<Plea> {
    match outcome {
        Outcome::Busy { reason: Reason::RateLimited, retry_after_ms }
        | Outcome::InquiryFailed { reason: Reason::RateLimited, retry_after_ms } => {
            Some(Plea::Fewer(*retry_after_ms))
        }
        Outcome::InquiryFailed { reason: Reason::ServerError, retry_after_ms }
        | Outcome::Unknown { reason: Reason::ServerError, replayed: false, retry_after_ms } => {
            retry_after_ms.map(Plea::None)
        }
        Outcome::Busy { .. }
        | Outcome::InquiryFailed { .. }
        | Outcome::NotSent { .. }
        | Outcome::Elsewhere(_)
        | Outcome::Unknown { .. }
        | Outcome::Intent(_)
        | Outcome::Refunded(_)
        | Outcome::RefundFailed { .. }
        | Outcome::Declined(_)
        | Outcome::Refused { .. }
        | Outcome::Found(_)
        | Outcome::FoundRefund(_)
        | Outcome::NotFound => None,
    }
}

fn of_reason(reason: Reason) -> Health {
    match reason {
        Reason::ConnectFailed | Reason::TimedOut | Reason::ConnectionLost | Reason::ServerError => {
            Health::Outage
        }
        Reason::RateLimited
        | Reason::KeyInUse
        | Reason::KeyConflict
        | Reason::Refused
        | Reason::Processing
        | Reason::NotFound
        | Reason::NotDone
        | Reason::Declined => Health::Healthy,
        Reason::GatewayUnavailable | Reason::LaneClosed | Reason::Interrupted | Reason::Unreadable => {
            Health::Silent
        }
    }
}

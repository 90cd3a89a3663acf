//! Disputes: a cardholder who does not accept a charge. The bank decides them and people answer them at the bank; here they are known,
//! and said to the order and to people. No money moves for them.
//!
//! ```text
//!  (none) ──▶ open ──▶ won, prevented, or only ever a warning: the money is the shop's again
//!               └────▶ lost: it is not, and people are not told otherwise
//! ```
//!
//! What is heard here was looked up at the bank, so it may come in any order and any number of times; what is over stays so.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, Timestamp};

use super::command::Rejection;
use super::event::{DisputeReported, Disputed, Event};
use super::route::Gateway;
use super::state::Begun;

/// How many disputes of one payment are kept. Banks allow one a charge, and a few rounds of it.
pub const DISPUTES_MAX: usize = 16;

/// Where a dispute stands, in the bank's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// Announced; whoever answers now may be spared it.
    WarningNeedsResponse,
    /// Announced and answered.
    WarningUnderReview,
    /// Announced, and never made.
    WarningClosed,
    /// People should answer.
    NeedsResponse,
    /// Answered; the bank thinks.
    UnderReview,
    /// The shop is right.
    Won,
    /// The cardholder is.
    Lost,
    /// Settled before it came to that.
    Prevented,
}

impl DisputeStatus {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        DisputeStatus::WarningNeedsResponse,
        DisputeStatus::WarningUnderReview,
        DisputeStatus::WarningClosed,
        DisputeStatus::NeedsResponse,
        DisputeStatus::UnderReview,
        DisputeStatus::Won,
        DisputeStatus::Lost,
        DisputeStatus::Prevented,
    ];

    /// The bank's word.
    pub const fn word(self) -> &'static str {
        match self {
            DisputeStatus::WarningNeedsResponse => "warning_needs_response",
            DisputeStatus::WarningUnderReview => "warning_under_review",
            DisputeStatus::WarningClosed => "warning_closed",
            DisputeStatus::NeedsResponse => "needs_response",
            DisputeStatus::UnderReview => "under_review",
            DisputeStatus::Won => "won",
            DisputeStatus::Lost => "lost",
            DisputeStatus::Prevented => "prevented",
        }
    }

    /// The status of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.word() == word)
    }

    /// Whether the bank has decided.
    pub const fn is_over(self) -> bool {
        match self {
            DisputeStatus::WarningClosed
            | DisputeStatus::Won
            | DisputeStatus::Lost
            | DisputeStatus::Prevented => true,
            DisputeStatus::WarningNeedsResponse
            | DisputeStatus::WarningUnderReview
            | DisputeStatus::NeedsResponse
            | DisputeStatus::UnderReview => false,
        }
    }

    /// Whether the money is not certainly the shop's: the dispute is open, or lost.
    pub const fn stands(self) -> bool {
        match self {
            DisputeStatus::Lost => true,
            DisputeStatus::WarningNeedsResponse
            | DisputeStatus::WarningUnderReview
            | DisputeStatus::NeedsResponse
            | DisputeStatus::UnderReview
            | DisputeStatus::WarningClosed
            | DisputeStatus::Won
            | DisputeStatus::Prevented => !self.is_over(),
        }
    }
}

/// What the bank says of a dispute when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The bank's id for it.
    pub id: Arc<str>,
    /// The intent whose charge it is about.
    pub intent: Arc<str>,
    /// How much of the charge, in minor units of its currency.
    pub amount: Amount,
    /// The cardholder's reason, as the bank has it.
    pub reason: Arc<str>,
    /// Where it stands.
    pub status: DisputeStatus,
}

/// Who says something of a dispute: one gateway, by every name that the store has for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teller {
    /// Whether it is the node's own bank, which payments go through that name no gateway.
    pub is_own: bool,
    /// The store's names for it.
    pub names: Vec<Gateway>,
}

impl Teller {
    /// The node's own bank, where the store has no name for it.
    pub const fn own() -> Self {
        Self { is_own: true, names: Vec::new() }
    }

    /// Whether it is the gateway of that name.
    fn is(&self, gateway: Option<&Gateway>) -> bool {
        gateway.map_or(self.is_own, |gateway| self.names.contains(gateway))
    }
}

/// A dispute as it is known here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// The bank's id for it.
    pub id: Arc<str>,
    /// The intent whose charge it is about.
    pub intent: Arc<str>,
    /// How much of the charge, in minor units of its currency.
    pub amount: Amount,
    /// The cardholder's reason.
    pub reason: Arc<str>,
    /// Where it stands.
    pub status: DisputeStatus,
    /// When we heard of it.
    pub heard_at: Timestamp,
}

/// A gateway was asked about a dispute. It can only speak of money that it has moved itself.
pub(super) fn claimed(begun: &Begun, claim: Claim, by: &Teller) -> Result<Vec<Event>, Rejection> {
    if begun.charge_of(&claim.intent).is_none() {
        // The answer that brings the charge is still on its way: banks tell again, and are asked again.
        return Err(Rejection::Busy);
    }
    if !by.is(begun.gateway_of_intent(&claim.intent)) {
        return Err(Rejection::Elsewhere);
    }
    let known = begun.disputes.iter().find(|dispute| dispute.id == claim.id);
    let Claim { id, intent, amount, reason, status } = claim;
    let data = Disputed { order: begun.order, id, intent, amount, reason, status };
    Ok(match known {
        None if begun.disputes.len() >= DISPUTES_MAX => vec![],
        None => vec![Event::Disputed(data)],
        Some(known) if known.status.is_over() || (known.status, known.amount) == (status, amount) => vec![],
        Some(_) => vec![Event::DisputeUpdated(data)],
    })
}

/// The order has heard whether there is a dispute.
pub(super) fn heard(begun: &Begun, is_disputed: bool) -> Vec<Event> {
    if begun.dispute_told == is_disputed {
        return vec![];
    }
    vec![Event::DisputeReported(DisputeReported { order: begun.order, is_disputed })]
}

impl Begun {
    /// Whether money of it is disputed, or was lost in a dispute.
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.status.stands())
    }

    /// Folds what the bank said of a dispute.
    pub(super) fn disputed(&mut self, event: &Disputed, at: Timestamp) {
        if event.status.stands() {
            self.troubles = self.troubles.saturating_add(1);
        }
        match self.disputes.iter_mut().find(|dispute| dispute.id == event.id) {
            Some(known) => (known.amount, known.status) = (event.amount, event.status),
            None => self.disputes.push(Dispute {
                id: Arc::clone(&event.id),
                intent: Arc::clone(&event.intent),
                amount: event.amount,
                reason: Arc::clone(&event.reason),
                status: event.status,
                heard_at: at,
            }),
        }
    }
}

//! The one operation at the bank that is not finished.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::payment::bank::{Operation, Reason};
use crate::payment::event::Next;
use crate::types::bits::is_nought;
use crate::types::{Amount, Timestamp};

/// One operation at the bank that is not finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// What is done.
    pub operation: Operation,
    /// In which logical attempt.
    pub attempt: u32,
    /// The intent, once it is known.
    pub intent: Option<Arc<str>>,
    /// How much.
    pub amount: Amount,
    /// Why, for voids and refunds.
    pub reason: Option<Arc<str>>,
    /// What happens next.
    pub stage: Stage,
    /// Waits in a row.
    pub tries: u32,
    /// When the first logical attempt began.
    pub started_at: Timestamp,
    /// Calls of this attempt that may have reached the bank.
    pub doubt: Option<Doubt>,
    /// When the payment was canceled over a call under way.
    pub abandoned_at: Option<Timestamp>,
    /// The bank repeats a stored failure under this key.
    pub is_replayed: bool,
    /// The bank rejected the request as such.
    pub is_refused: bool,
    /// A person asked for the try under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hurried: bool,
    /// Nothing is done: an accepted refund is looked at again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_check: bool,
    /// Something of this operation went out before the last wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_sent: bool,
    /// How many gateways were changed for another since the last wait.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub hops: u32,
}

/// What happens next in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The call is out, or about to go out.
    Sending {
        /// Since when.
        since: Timestamp,
    },
    /// The question what became of it is out, or about to go out.
    Inquiring {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing goes out yet.
    Waiting {
        /// Until when.
        at: Timestamp,
        /// Why.
        reason: Reason,
        /// What follows.
        next: Next,
    },
}

/// When calls under one key went out that may have reached the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// When we first did not know.
    pub first: Timestamp,
    /// When we last did not know.
    pub last: Timestamp,
}

impl Work {
    /// When a call that may have reached the bank was last on its way.
    pub fn uncertain_since(&self) -> Option<Timestamp> {
        self.doubt.map(|doubt| doubt.last).max(self.abandoned_at)
    }

    /// Whether the inquiry under way began late enough that "not found" means "never happened".
    pub fn is_settled_nothing(&self) -> bool {
        match self.stage {
            Stage::Inquiring { since } => self
                .uncertain_since()
                .is_none_or(|last| last.plus_millis(crate::payment::CERTAIN_AFTER_MS) <= since),
            Stage::Sending { .. } | Stage::Waiting { .. } => false,
        }
    }

    /// Whether the call itself is out, or about to go out.
    pub fn is_sending(&self) -> bool {
        matches!(self.stage, Stage::Sending { .. })
    }

    /// Whether the key is of no more use: the bank repeats a stored failure, or rejects what is sent under it.
    pub fn is_key_closed(&self) -> bool {
        self.is_replayed || self.is_refused
    }

    /// Whether a logical attempt is in progress, and not merely the wait for the next one.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Sending { .. } | Stage::Inquiring { .. } => true,
            Stage::Waiting { next, .. } => next != Next::Attempt,
        }
    }
}

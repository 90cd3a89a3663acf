//! One refund, from the wish until the bank has given the money back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::payment::bank::RefundProgress;
use crate::types::bits::is_nought;
use crate::types::{Amount, Timestamp};

/// One refund.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Its number.
    pub number: u32,
    /// The intent it gives back from.
    pub intent: Arc<str>,
    /// How much.
    pub amount: Amount,
    /// How it stands.
    pub state: RefundState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// What it is for, where that is one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Arc<str>>,
    /// How many logical attempts at it there were; none, while it waits for its turn.
    #[serde(default)]
    pub attempts: u32,
    /// When it was wished for, or begun.
    #[serde(default)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: Timestamp,
    /// When it is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
    /// How often it was looked at since it last changed.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub checks: u32,
    /// The bank's ids of earlier tries that the bank took back, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounced: Vec<Arc<str>>,
}

/// How a refund stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The bank has not said yes.
    Pending,
    /// The bank has said yes, and moved no money yet.
    Accepted {
        /// The bank's id for the refund.
        id: Arc<str>,
        /// How far it is.
        progress: RefundProgress,
    },
    /// Given back.
    Succeeded {
        /// The bank's id for the refund.
        id: Arc<str>,
    },
    /// Refused, or taken back by the bank.
    Failed {
        /// The bank's word for why.
        code: Arc<str>,
    },
    /// Never sent: all the money goes back by another way.
    Canceled,
}

impl Refund {
    /// A refund that has just come up.
    pub(in crate::payment) fn new(
        number: u32,
        intent: Arc<str>,
        amount: Amount,
        state: RefundState,
        at: Timestamp,
    ) -> Self {
        Self {
            number,
            intent,
            amount,
            state,
            reason: None,
            reference: None,
            attempts: 0,
            created_at: at,
            updated_at: at,
            check_at: None,
            checks: 0,
            bounced: Vec::new(),
        }
    }

    /// Whether it still waits for its turn at the bank.
    pub fn is_queued(&self) -> bool {
        self.state == RefundState::Pending && self.attempts == 0
    }

    /// Whether its money is still with the shop, and may leave.
    pub fn is_under_way(&self) -> bool {
        match self.state {
            RefundState::Pending | RefundState::Accepted { .. } => true,
            RefundState::Succeeded { .. } | RefundState::Failed { .. } | RefundState::Canceled => false,
        }
    }

    /// Whether the bank has accepted it, and moved no money yet.
    pub fn is_accepted(&self) -> bool {
        matches!(self.state, RefundState::Accepted { .. })
    }
}

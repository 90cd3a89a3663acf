//! A refund of a captured charge.

use super::ledger::RowNumber;
use super::words::words;
use crate::memory::Text;

words! {
    /// Where a refund stands.
    RefundStatus {
        Pending = "pending",
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

words! {
    /// Why money went back.
    RefundReason {
        Duplicate = "duplicate",
        Fraudulent = "fraudulent",
        RequestedByCustomer = "requested_by_customer",
    }
}

words! {
    /// What the card has in mind for a refund.
    Prospect {
        Settled = "settled",
        /// Looks successful, and fails a little later. No money ever moves.
        WillFail = "will_fail",
        /// Pending, and succeeds a little later.
        WillSucceed = "will_succeed",
    }
}

/// One version of a refund.
#[derive(Clone)]
pub(crate) struct Refund {
    pub(crate) number: u32,
    pub(crate) account: u32,
    pub(crate) charge: u32,
    pub(crate) intent: u32,
    /// The refund before this one, of the same charge.
    pub(crate) previous: Option<u32>,
    /// The row of the ledger in which its money moved.
    pub(crate) transaction: Option<RowNumber>,
    pub(crate) status: RefundStatus,
    pub(crate) prospect: Prospect,
    pub(crate) reason: Option<RefundReason>,
    pub(crate) amount: i64,
    pub(crate) created_ms: i64,
    pub(crate) metadata: Option<Text>,
    pub(crate) key: Option<Text>,
}

//! What may be asked of a payment.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, Currency, OrderId};

use super::bank::{Notice, Operation, Outcome};
use super::dispute::{Claim, Teller};
use super::route::Candidate;

/// What may be asked of a payment, by its order, by a person through the order, and by the bank's answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take this money for an order.
    Begin {
        /// The order.
        order: OrderId,
        /// How much.
        amount: Amount,
        /// Of what.
        currency: Currency,
        /// The shopper's means of payment, as the bank names it.
        method: Arc<str>,
        /// When to capture.
        capture: Capture,
        /// How to go on after failures.
        retry: RetryPolicy,
        /// The gateways that the store names; none where it goes through the node's own bank.
        gateways: Vec<Candidate>,
        /// Whether the bank is believed to answer; when not, the first call waits as a retry does.
        gateway_ready: bool,
    },
    /// A call ended like this. Only the store's machinery says so, about calls that [`super::Payment`] made due.
    Answered {
        /// What was done or asked about.
        operation: Operation,
        /// In which logical attempt.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// A look at an intent ended like this. Only the store's machinery says so, about looks that were due.
    Looked {
        /// The logical attempt that the intent is said to be of.
        attempt: u32,
        /// The intent.
        intent: Arc<str>,
        /// How it ended.
        outcome: Outcome,
    },
    /// The bank says that something has happened. A hint, not a fact: it leads to nothing but a question.
    Notified(Notice),
    /// A gateway was asked about a dispute, and says this. Only whoever asked it says so.
    Claimed {
        /// What it says.
        claim: Claim,
        /// Which gateway it is.
        by: Teller,
    },
    /// The order has heard whether there is a dispute. Only the store's machinery says so.
    DisputeHeard {
        /// Whether there is one.
        is_disputed: bool,
    },
    /// The waiting time is over. Whoever says so vouches for the time.
    Resume,
    /// A person wants the stuck step tried at once.
    RetryNow,
    /// Make it as if never paid: nothing, void or refund, whatever is right once that is known.
    Cancel {
        /// Why.
        reason: Arc<str>,
    },
    /// Take what was authorised.
    Capture,
    /// Give money back.
    Refund(Wish),
    /// The alert desk has heard of what went wrong. Only the store's machinery says so.
    TroubleHeard {
        /// Of how many things so far.
        troubles: u32,
    },
    /// The order has heard how much was given back. Only the store's machinery says so.
    RefundsHeard {
        /// How much.
        refunded: Amount,
    },
}

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// How much.
    pub how_much: HowMuch,
    /// Why.
    pub reason: RefundReason,
    /// What it is for, where that is one thing: the same again is the same refund.
    pub reference: Option<Arc<str>>,
}

/// How much is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowMuch {
    /// Whatever is left.
    AllThatIsLeft,
    /// So much, or nothing at all.
    Exactly(Amount),
    /// So much, or what is left where that is less.
    AtMost(Amount),
}

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The shopper asked.
    Customer,
    /// It was paid twice.
    Duplicate,
    /// It was a fraud.
    Fraudulent,
    /// Goods came back.
    Return,
    /// Goods could not be sent.
    OutOfStock,
    /// To be kind.
    Goodwill,
    /// Anything else.
    Other,
}

impl RefundReason {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            RefundReason::Customer => "customer",
            RefundReason::Duplicate => "duplicate",
            RefundReason::Fraudulent => "fraudulent",
            RefundReason::Return => "return",
            RefundReason::OutOfStock => "out_of_stock",
            RefundReason::Goodwill => "goodwill",
            RefundReason::Other => "other",
        }
    }
}

/// When an authorised amount is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// By the bank, together with the authorisation.
    Automatic,
    /// When we ask for it.
    Manual,
}

/// How a store goes on after failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The longest first wait.
    pub base_ms: u32,
    /// The longest wait of all.
    pub cap_ms: u32,
    /// How many declines end the payment.
    pub attempts_max: u32,
}

/// Why the payment says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing was begun under this id.
    #[error("no payment has begun")]
    NotBegun,
    /// The payment has begun with other terms.
    #[error("the payment has begun with other terms")]
    OtherTerms,
    /// There is no money to take.
    #[error("nothing is to be paid")]
    NothingToPay,
    /// Nothing is authorised that could be captured.
    #[error("nothing is authorised")]
    NotAuthorized,
    /// Nothing is captured that could be refunded.
    #[error("nothing is captured")]
    NotCaptured,
    /// More than what is left.
    #[error("only {remaining} minor units are left to refund")]
    RefundTooLarge {
        /// What is left, in minor units.
        remaining: Amount,
    },
    /// One thing at a time: another operation at the bank is not finished.
    #[error("another operation at the bank is under way")]
    Busy,
    /// What is said of the money is said by a gateway that does not have it.
    #[error("another gateway moved that money")]
    Elsewhere,
    /// As many refunds as one payment may have.
    #[error("a payment has at most {} refunds", super::REFUNDS_MAX)]
    TooManyRefunds,
    /// The payment is canceled or failed.
    #[error("the payment is over")]
    Over,
}

impl Rejection {
    /// Whether a wish for as much as there is was refused because nothing of the money is left, or all of it goes back anyway.
    /// Any other refusal says nothing of the money.
    pub const fn is_nothing_left(&self) -> bool {
        match self {
            Rejection::RefundTooLarge { remaining } => remaining.is_zero(),
            Rejection::Over => true,
            Rejection::NotBegun
            | Rejection::OtherTerms
            | Rejection::NothingToPay
            | Rejection::NotAuthorized
            | Rejection::NotCaptured
            | Rejection::Busy
            | Rejection::Elsewhere
            | Rejection::TooManyRefunds => false,
        }
    }
}

//! What may be asked of the fraud desk, and why it may say no.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, Currency, OrderId, Sku};

use super::rules::{Problem, Rule};
use super::state::Status;

/// The most bytes that the note of a decision has.
pub const NOTE_BYTES_MAX: usize = 1_000;

/// What may be asked of the fraud desk.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Judge an order.
    Assess(Box<Facts>),
    /// Let an order under review pass.
    Approve {
        /// Which order.
        order: OrderId,
        /// Why, for people.
        note: Option<Arc<str>>,
    },
    /// Stop an order under review.
    Reject {
        /// Which order.
        order: OrderId,
        /// Why, for people.
        note: Option<Arc<str>>,
    },
    /// The order ended while it was under review.
    Withdraw {
        /// Which order.
        order: OrderId,
    },
    /// Decide reviews whose time is over, each by its policy.
    Lapse,
    /// Judge by these rules from now on.
    SetRules {
        /// All of them, in the order in which they are asked.
        rules: Vec<Rule>,
    },
}

/// What the rules may know of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Which order.
    pub order: OrderId,
    /// What it comes to.
    pub total: Amount,
    /// What its lines come to.
    pub subtotal: Amount,
    /// In which currency.
    pub currency: Currency,
    /// How many lines it has.
    pub line_count: u32,
    /// How many pieces, over all lines.
    pub units: u64,
    /// What is ordered.
    pub skus: Vec<Sku>,
    /// Who orders; a guest has no id.
    pub customer_id: Option<Arc<str>>,
    /// Where to write to.
    pub email: Option<Arc<str>>,
    /// Whence it was ordered.
    pub ip: Option<IpAddr>,
    /// Where to: the country.
    pub country: Option<Arc<str>>,
    /// Where to: the postal code.
    pub postal_code: Option<Arc<str>>,
    /// Where to: street and number.
    pub address_line: Option<Arc<str>>,
    /// What it is paid with.
    pub payment_method: Arc<str>,
    /// How the store wants a review to go.
    pub review: ReviewPolicy,
}

/// How a store wants reviews to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewPolicy {
    /// How many seconds people have.
    pub sla_s: u64,
    /// What becomes of an order that nobody looked at in time.
    pub on_lapse: OnLapse,
}

/// What becomes of an order whose review nobody decided in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLapse {
    /// It passes.
    Approve,
    /// It is stopped.
    Reject,
}

/// Why the fraud desk says no.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// The order was never under review.
    #[error("no review of {order}")]
    NoSuchReview {
        /// Which order.
        order: OrderId,
    },
    /// The review is closed.
    #[error("the review of {order} is {}", .status.name())]
    NotOpen {
        /// Which order.
        order: OrderId,
        /// How it was closed.
        status: Status,
    },
    /// Some rules cannot be used.
    #[error("{} of the rules cannot be used, the first: {}", .problems.len(), Problem::first(.problems))]
    BadRules {
        /// What is wrong with which, at least one.
        problems: Vec<Problem>,
    },
    /// A note is too long.
    #[error("a note has at most {NOTE_BYTES_MAX} bytes")]
    NoteTooLong,
}

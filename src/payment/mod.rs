//! A payment: the one intent to pay an order, and everything the bank was asked to do about it.
//!
//! ```text
//!           Begin            approved                  Capture, captured
//!  Unbegun ───────▶ working ──────────▶ Authorized ───────────────────────▶ Captured ──▶ (refund) ──▶ Captured
//!                   │  ▲ │  └─────────────────────────────────────────────────▲  │
//!                   │  │ │     approved and captured at once                     │
//!                   │  │ ├────────────▶ RequiresAction ── Cancel ─▶ (void) ──┐   │
//!                   │  │ │ challenge                                         ▼   │ Cancel ─▶ (refund) ─▶ Undone
//!                   │  │ ├────────────▶ Failed (what turns up is given back) Undone
//!                   │  │ │ declined for good
//!                   │  │ └─ Cancel ──▶ never sent: Undone; otherwise it is found out first, then undone
//!                   │  └── the time has come
//!                   └────▶ waiting
//! ```
//!
//! Refunds that were wished for wait in a queue, each within what is captured and not on its way back already, so that
//! many at once never exceed it; one at a time is at the bank.
//!
//! ```text
//!  wished for ──▶ queued ──▶ (refund) ──▶ Accepted, the bank's own pending ──▶ Succeeded ──▶ looked at a few times more
//!                   │            └─ refused ──▶ Failed ◀──────────┴──────────────┘ taken back
//!                   └─ Cancel ──▶ Canceled: all the money goes back by the undoing
//! ```
//!
//! In brackets and under *working* runs one operation at the bank, always with the same discipline:
//!
//! ```text
//!               certainly not done           ┌──────────────────────────────────────────────┐
//!   Sending ───────────────────────▶ Waiting{send} ── Resume ─▶ Sending, same key           │
//!      │                                                                                    │
//!      │ unknown                      no answer                                             │
//!      └───────────────▶ Inquiring ───────────────▶ Waiting{inquire} ── Resume ─▶ Inquiring │
//!                            │  not found, or not done                                      │
//!                            ├──────────────────────────────────────────────────────────────┘
//!                            │  the same, and the bank repeats a stored failure: the key is closed
//!                            ├─────────────────────────────▶ Waiting{attempt} ── Resume ─▶ Sending, new key
//!                            └─▶ found: what the bank says is what happened
//! ```
//!
//! A dispute about a charge stands beside all this and changes none of it: `dispute.rs`.
//!
//! The intent with the key of attempt 1 is in `payment.created`, so it is durable before a byte goes out; each later key is
//! in `payment.attempt_started`. "Not found" proves that nothing happened only when the inquiry began
//! [`CERTAIN_AFTER_MS`] after the last call that may have arrived, since banks' indexes lag; only such proof closes a key
//! or a canceled payment. Answers that come late or twice change nothing, unless they carry money nobody knew of: that is
//! recorded as a stray charge and given back. The payment refuses to guess, to wait by itself, and to speak HTTP.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod backoff;
pub mod bank;
mod command;
mod decide;
pub mod decline;
mod dispute;
mod event;
mod evolve;
mod look;
mod refund;
mod route;
mod standing;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use backoff::{REFUSED_WAIT_MS, RETRY_AFTER_MS_MAX};
pub use command::{Capture, Command, HowMuch, RefundReason, Rejection, RetryPolicy, Wish};
pub use decline::RetryClass;
pub use dispute::{Claim, DISPUTES_MAX, Dispute, DisputeStatus, Teller};
pub use event::{
    ArrivedLate, AttemptStarted, CancelRequested, Canceled, CaptureFailed, Captured, Created, Declined,
    DisputeReported, Disputed, Event, Failed, Failure, LookEnded, LookStarted, Next, OutcomeUnknown,
    Processed, RefundCheckStarted, RefundChecked, RefundFailed, RefundPending, RefundRequested, Refunded,
    RefundsReported, RequiresAction, RetryScheduled, RetryStarted, StrayCharge, TroubleReported, Voided,
};
pub use route::{Candidate, Gateway, Routed};
pub use standing::{LastDecline, RefundStanding, Standing};
pub use state::{
    Action, Begun, Charge, Course, Doubt, Look, Past, PastEnd, Refund, RefundState, Stage, State, Stray, Work,
};
pub use view::{AttemptStatus, AttemptView, PaymentStatus, PaymentView, RefundStatus, RefundView, RetryView};

use crate::runtime::{Aggregate, Due};
use crate::types::{Amount, OrderId, PaymentId, Timestamp};

/// How long after the last call that may have arrived an inquiry must begin, for its "not found" to be proof.
pub const CERTAIN_AFTER_MS: u64 = 45_000;

/// How long a bank is trusted to remember a key; it promises 24 hours. Past that nothing is sent again before the bank
/// was asked.
pub const KEY_TRUSTED_MS: u64 = 20 * 3_600_000;

/// Refunds that nobody asked for, because they undo something, count from here. Those that were wished for count from 1.
pub const UNDO_FROM: u32 = 1_000_000;

/// How many refunds one payment has at most: a page of the bank's list holds all of them.
pub const REFUNDS_MAX: usize = 80;

/// How long after a refund's success it is looked at again, each time from the time before. Banks say yes first and may
/// take it back later.
pub const CHECKS_AFTER_MS: [u64; 4] = [2_000, 3_600_000, 86_400_000, 604_800_000];

/// How long after the shopper was sent to their bank it is asked whether they were there, each time from the time before; the
/// last for ever. Usually the bank says so first.
pub const ACTION_LOOKS_AFTER_MS: [u64; 6] = [5_000, 10_000, 20_000, 60_000, 300_000, 900_000];

/// The aggregate: one instance a payment, one payment an order.
#[derive(Debug)]
pub struct Payment;

/// The id of an order's one payment.
pub const fn id_of(order: OrderId) -> PaymentId {
    PaymentId::from_bits(order.bits())
}

/// A message of a payment to a sibling of its store.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The order hears where its payment stands.
    Report {
        /// The order.
        order: OrderId,
        /// Where it stands.
        standing: Standing,
    },
    /// The alert desk hears of what went wrong, until it has.
    ReportTrouble {
        /// The order.
        order: OrderId,
        /// How many things did so far.
        troubles: u32,
    },
    /// The order hears whether money of it is disputed, until it has.
    ReportDispute {
        /// The order.
        order: OrderId,
        /// Whether it is, or was lost.
        is_disputed: bool,
    },
    /// The order hears how much was given back, until it has.
    ReportRefunds {
        /// The order.
        order: OrderId,
        /// How much was taken.
        captured: Amount,
        /// How much of it was given back.
        refunded: Amount,
    },
}

impl Payment {
    /// Where the payment stands: what an order that repeats itself hears. Nothing when it never began.
    pub fn standing(state: &State) -> Option<Standing> {
        standing::standing(state)
    }
}

impl Aggregate for Payment {
    const NAME: &'static str = "payment";
    const IS_SINGLE: bool = false;

    type Key = PaymentId;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = bank::Errand;

    fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command, now)
    }

    fn evolve(state: &mut State, event: &Event, at: Timestamp) {
        evolve::evolve(state, event, at);
    }

    fn due(state: &State) -> Due<Self> {
        let Some(begun) = state.begun() else { return Due::nothing() };
        let due = match begun.work.as_ref().map(|work| work.stage) {
            Some(Stage::Waiting { at, .. }) => Due::at(at, Command::Resume),
            Some(Stage::Sending { .. } | Stage::Inquiring { .. }) => {
                begun.errand().map_or_else(Due::nothing, Due::call)
            }
            None => match begun.errand() {
                Some(errand) => Due::call(errand),
                None => begun.next_look().map_or_else(Due::nothing, |at| Due::at(at, Command::Resume)),
            },
        };
        let mut steps = Vec::new();
        let refunded = begun.refunded_of_order();
        if refunded != begun.reported {
            let captured = begun.captured_of_order();
            steps.push(Step::ReportRefunds { order: begun.order, captured, refunded });
        }
        if begun.is_disputed() != begun.dispute_told {
            let (order, is_disputed) = (begun.order, begun.is_disputed());
            steps.push(Step::ReportDispute { order, is_disputed });
        }
        if begun.troubles > begun.troubles_told {
            steps.push(Step::ReportTrouble { order: begun.order, troubles: begun.troubles });
        }
        Due { steps, ..due }
    }

    fn tells(state: &State, event: &Event) -> Option<Step> {
        if !standing::is_told(event) {
            return None;
        }
        let begun = state.begun()?;
        Some(Step::Report { order: begun.order, standing: standing::standing(state)? })
    }
}

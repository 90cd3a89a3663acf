//! What is asked of a bank and what may come back, in the domain's words. Nothing here knows HTTP.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::types::{Amount, Currency, OrderId, Timestamp};

use super::command::{Capture, Command};
use super::route::Gateway;

/// One thing a bank can be made to do for a payment. Inquiries ask about one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Authorise the money, and capture it at once where the store does so.
    Authorize,
    /// Take what was authorised.
    Capture,
    /// Let an authorisation go.
    Void,
    /// Give captured money back; refunds of one payment are numbered from 1.
    Refund(u32),
}

/// The text names no operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected authorize, capture, void or refund_<number>")]
pub struct OperationError;

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Authorize => f.write_str("authorize"),
            Operation::Capture => f.write_str("capture"),
            Operation::Void => f.write_str("void"),
            Operation::Refund(number) => write!(f, "refund_{number}"),
        }
    }
}

impl FromStr for Operation {
    type Err = OperationError;

    fn from_str(text: &str) -> Result<Self, OperationError> {
        match text {
            "authorize" => Ok(Operation::Authorize),
            "capture" => Ok(Operation::Capture),
            "void" => Ok(Operation::Void),
            _ => text
                .strip_prefix("refund_")
                .and_then(|number| number.parse().ok())
                .map(Operation::Refund)
                .ok_or(OperationError),
        }
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Operation::Authorize => serializer.serialize_str("authorize"),
            Operation::Capture => serializer.serialize_str("capture"),
            Operation::Void => serializer.serialize_str("void"),
            Operation::Refund(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// What makes a call the same call, however often it is sent: the edge renders it together with the store's id.
///
/// A pure function of order, operation and logical attempt; all three are journaled before a byte goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The order that is paid.
    pub order: OrderId,
    /// What is to be done.
    pub operation: Operation,
    /// Which logical attempt at it.
    pub attempt: u32,
}

/// What a bank tells without being asked. It names what to look at; what it says of that is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something happened to an intent.
    Intent {
        /// The bank's id for it.
        intent: Arc<str>,
        /// The logical attempt that it says it is of.
        attempt: u32,
        /// Whether it says that money is held or taken.
        has_money: bool,
    },
    /// Something happened to a refund.
    Refund {
        /// Which refund of the payment.
        number: u32,
        /// Whether it says that it failed.
        has_failed: bool,
    },
}

/// What is asked of a bank.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Make and confirm an intent.
    Authorize {
        /// Which logical attempt.
        attempt: u32,
        /// How much.
        amount: Amount,
        /// Of what.
        currency: Currency,
        /// The shopper's means of payment, as the bank names it.
        method: Arc<str>,
        /// Whether the bank captures at once.
        capture: Capture,
        /// Since when the call is owed.
        due_since: Timestamp,
    },
    /// Capture an authorised intent in full.
    Capture {
        /// Which logical attempt.
        attempt: u32,
        /// The intent.
        intent: Arc<str>,
        /// How much.
        amount: Amount,
    },
    /// Cancel an intent that is not captured.
    Void {
        /// Which logical attempt.
        attempt: u32,
        /// The intent.
        intent: Arc<str>,
        /// Why, in our words.
        reason: Option<Arc<str>>,
    },
    /// Refund a captured intent.
    Refund {
        /// Which refund of this payment.
        refund: u32,
        /// Which logical attempt.
        attempt: u32,
        /// The intent.
        intent: Arc<str>,
        /// How much.
        amount: Amount,
        /// Why, in our words.
        reason: Option<Arc<str>>,
        /// Since when the call is owed.
        due_since: Timestamp,
    },
    /// Look up what became of an earlier call. Changes nothing at the bank and needs no key.
    Inquire {
        /// What was asked for.
        operation: Operation,
        /// In which logical attempt.
        attempt: u32,
        /// The intent, where it is known.
        intent: Option<Arc<str>>,
        /// When the attempt began: nothing older needs to be searched.
        since: Timestamp,
    },
    /// Look at an intent that no call of ours is known to have made. It may be out beside any other call, so its answer is
    /// an answer to nothing else.
    Look {
        /// The logical attempt that it is said to be of.
        attempt: u32,
        /// The intent.
        intent: Arc<str>,
    },
}

/// A call, and where it goes.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The gateway; the node's own bank where none is named.
    pub to: Option<Gateway>,
    /// Where it may go instead, as long as it certainly has not been sent.
    pub or_else: Vec<Gateway>,
    /// Whether something of this was sent before: such calls have a budget.
    pub is_repeat: bool,
    /// The call.
    pub call: Call,
}

/// The same call to the same gateway is the same errand: what is known besides does not make it go out twice.
impl PartialEq for Errand {
    fn eq(&self, other: &Self) -> bool {
        (&self.call, &self.to) == (&other.call, &other.to)
    }
}

impl Call {
    /// How the payment hears how this call ended.
    pub fn ended(&self, outcome: Outcome) -> Command {
        match self {
            Call::Look { attempt, intent } => {
                Command::Looked { attempt: *attempt, intent: Arc::clone(intent), outcome }
            }
            Call::Authorize { .. }
            | Call::Capture { .. }
            | Call::Void { .. }
            | Call::Refund { .. }
            | Call::Inquire { .. } => {
                Command::Answered { operation: self.operation(), attempt: self.attempt(), outcome }
            }
        }
    }

    /// Since when the call is owed, where that makes a difference.
    pub fn due_since(&self) -> Option<Timestamp> {
        match self {
            Call::Authorize { due_since, .. } | Call::Refund { due_since, .. } => Some(*due_since),
            Call::Capture { .. } | Call::Void { .. } | Call::Inquire { .. } | Call::Look { .. } => None,
        }
    }

    /// What the call does or asks about.
    pub fn operation(&self) -> Operation {
        match self {
            Call::Authorize { .. } | Call::Look { .. } => Operation::Authorize,
            Call::Capture { .. } => Operation::Capture,
            Call::Void { .. } => Operation::Void,
            Call::Refund { refund, .. } => Operation::Refund(*refund),
            Call::Inquire { operation, .. } => *operation,
        }
    }

    /// What is done, in a word; of refunds without their number.
    pub fn name(&self) -> &'static str {
        match self {
            Call::Authorize { .. } => "authorize",
            Call::Capture { .. } => "capture",
            Call::Void { .. } => "void",
            Call::Refund { .. } => "refund",
            Call::Inquire { .. } | Call::Look { .. } => "inquire",
        }
    }

    /// The logical attempt the call makes or asks about.
    pub fn attempt(&self) -> u32 {
        match self {
            Call::Authorize { attempt, .. }
            | Call::Capture { attempt, .. }
            | Call::Void { attempt, .. }
            | Call::Refund { attempt, .. }
            | Call::Inquire { attempt, .. }
            | Call::Look { attempt, .. } => *attempt,
        }
    }

    /// Whether the call only looks.
    pub fn is_inquiry(&self) -> bool {
        matches!(self, Call::Inquire { .. } | Call::Look { .. })
    }

    /// Whether the call has been owed for so long, over a crash, that the bank may have forgotten its key. Whoever makes
    /// calls answers such a one with [`Call::lost`] instead: then the payment asks before it sends.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        // The state of the intent itself lets the others happen only once.
        self.due_since().is_some_and(|due_since| due_since.plus_millis(super::KEY_TRUSTED_MS) <= now)
    }

    /// What the outcome of this call means when whoever made it has been at work since `active_since`.
    ///
    /// A call that was owed before that may have been made before, by somebody who died with the answer. That *this* call
    /// did not go out then says nothing about the earlier one, so it is unknown. Every outcome must pass here.
    pub fn judge(&self, outcome: Outcome, active_since: Timestamp) -> Outcome {
        let Some(due_since) = self.due_since() else { return outcome };
        let is_silent = matches!(
            outcome,
            Outcome::NotSent { .. } | Outcome::Elsewhere(_) | Outcome::Busy { .. } | Outcome::Refused { .. }
        );
        if is_silent && due_since <= active_since { self.lost(Reason::Interrupted) } else { outcome }
    }

    /// The key under which the bank may do this once.
    pub fn key(&self, order: OrderId) -> Key {
        Key { order, operation: self.operation(), attempt: self.attempt() }
    }

    /// The outcome of this call when it certainly never reached the bank.
    pub fn unsent(&self, reason: Reason, retry_after_ms: Option<u64>) -> Outcome {
        if self.is_inquiry() {
            Outcome::InquiryFailed { reason, retry_after_ms }
        } else {
            Outcome::NotSent { reason, retry_after_ms }
        }
    }

    /// The outcome of this call when nobody can say what became of it.
    pub fn lost(&self, reason: Reason) -> Outcome {
        if self.is_inquiry() {
            Outcome::InquiryFailed { reason, retry_after_ms: None }
        } else {
            Outcome::Unknown { reason, replayed: false, retry_after_ms: None }
        }
    }
}

/// What may come back from a bank.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// An answer to authorise, capture or void: where the intent stands now.
    Intent(Snapshot),
    /// An answer to a refund: it was accepted.
    Refunded(RefundReceipt),
    /// An answer to a refund: it was refused for good under this key.
    RefundFailed {
        /// The bank's word for why.
        code: Arc<str>,
    },
    /// The bank or the card's issuer said no.
    Declined(Box<Decline>),
    /// The call certainly did not reach the bank.
    NotSent {
        /// What stood in the way.
        reason: Reason,
        /// How long to wait at least.
        retry_after_ms: Option<u64>,
    },
    /// The call certainly did not reach the gateway, which takes none now, and this other one of the payment's does.
    Elsewhere(Gateway),
    /// The bank would not look at it now; under the same key it may be asked again.
    Busy {
        /// Rate limit, or the same key at work.
        reason: Reason,
        /// How long to wait at least.
        retry_after_ms: Option<u64>,
    },
    /// The bank rejects the request as such: wrong key, unknown parameter, wrong state. No money moved by it.
    Refused {
        /// The bank's code.
        code: Arc<str>,
        /// The bank's sentence.
        message: Arc<str>,
    },
    /// It may have happened or not.
    Unknown {
        /// Why we do not know.
        reason: Reason,
        /// The bank repeats a stored failure under this key: asking again under it brings nothing new.
        replayed: bool,
        /// How long the bank wants to be left alone.
        retry_after_ms: Option<u64>,
    },
    /// An inquiry found the intent.
    Found(Snapshot),
    /// An inquiry found the refund; `None` stands for one that failed.
    FoundRefund(Option<RefundReceipt>),
    /// An inquiry was answered: the bank knows nothing of that attempt.
    NotFound,
    /// An inquiry was not answered.
    InquiryFailed {
        /// What stood in the way.
        reason: Reason,
        /// How long to wait at least.
        retry_after_ms: Option<u64>,
    },
}

impl Outcome {
    /// What the bank did, in words that go on from its name.
    pub fn in_words(&self) -> String {
        match self {
            Outcome::Intent(_) | Outcome::Refunded(_) => "did it".to_owned(),
            Outcome::RefundFailed { code } => format!("refused the refund: {code}"),
            Outcome::Declined(decline) => format!("said no: {}", decline.code),
            Outcome::NotSent { reason, .. } => format!("was not reached: {}", reason.name()),
            Outcome::Elsewhere(gateway) => format!("was passed over for {}", gateway.name),
            Outcome::Busy { reason, .. } => format!("would not look at it now: {}", reason.name()),
            Outcome::Refused { code, .. } => format!("refused the request: {code}"),
            Outcome::Unknown { reason, .. } => format!("may have done it or not: {}", reason.name()),
            Outcome::Found(_) | Outcome::FoundRefund(_) => "knows of it".to_owned(),
            Outcome::NotFound => "knows nothing of it".to_owned(),
            Outcome::InquiryFailed { reason, .. } => format!("was asked about it in vain: {}", reason.name()),
        }
    }
}

/// An intent as the bank describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The bank's id for it.
    pub intent: Arc<str>,
    /// Where it stands.
    pub status: IntentStatus,
    /// How much it is for.
    pub amount: Amount,
    /// Of what; `None` for a code that is not in use.
    pub currency: Option<Currency>,
    /// How much was captured.
    pub captured: Amount,
    /// The bank's id for the charge, when there is one.
    pub charge: Option<Arc<str>>,
}

/// The states of an intent that make a difference here.
#[derive(Clone, Debug, PartialEq)]
pub enum IntentStatus {
    /// Declined, and open for another method.
    RequiresPaymentMethod(Option<Box<Decline>>),
    /// The shopper has something to do first.
    RequiresAction {
        /// Where the shopper does it.
        url: Option<Arc<str>>,
    },
    /// The bank itself does not know yet.
    Processing,
    /// Authorised, not captured.
    RequiresCapture,
    /// Captured.
    Succeeded,
    /// Voided.
    Canceled,
}

/// A refund as the bank describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundReceipt {
    /// The bank's id for it.
    pub id: Arc<str>,
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub progress: RefundProgress,
}

/// How far a refund is that the bank has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundProgress {
    /// On its way; no money has moved.
    Pending,
    /// Somebody has to do something at the bank first.
    RequiresAction,
    /// The money is on its way back.
    Succeeded,
}

/// A bank's no, as it was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Decline {
    /// The error code.
    pub code: Arc<str>,
    /// The finer code, when there is one.
    pub decline_code: Option<Arc<str>>,
    /// A sentence for people.
    pub message: Arc<str>,
    /// The intent that was declined, when the bank named it.
    pub intent: Option<Arc<str>>,
}

/// Why there is no answer yet, or not the one hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The breaker of this gateway is open.
    GatewayUnavailable,
    /// No connection came about: refused, no such name, TLS failed, or too slow to open.
    ConnectFailed,
    /// The store's own lane to the bank is closed or full.
    LaneClosed,
    /// The bank counts too many calls.
    RateLimited,
    /// The bank is still at work under the same key.
    KeyInUse,
    /// The bank rejects the request as such.
    Refused,
    /// No answer within the time allowed.
    TimedOut,
    /// The connection broke before the answer was whole.
    ConnectionLost,
    /// The bank answered that it failed.
    ServerError,
    /// The answer makes no sense.
    Unreadable,
    /// The bank has seen this key with another request.
    KeyConflict,
    /// The call was given up by us before it ended.
    Interrupted,
    /// The bank is still deciding.
    Processing,
    /// The bank knows nothing of it.
    NotFound,
    /// What was asked for has not happened, and may be asked for again.
    NotDone,
    /// Declined, and worth another attempt.
    Declined,
}

impl Reason {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::GatewayUnavailable => "gateway_unavailable",
            Reason::ConnectFailed => "connect_failed",
            Reason::LaneClosed => "lane_closed",
            Reason::RateLimited => "rate_limited",
            Reason::KeyInUse => "key_in_use",
            Reason::Refused => "refused",
            Reason::TimedOut => "timed_out",
            Reason::ConnectionLost => "connection_lost",
            Reason::ServerError => "server_error",
            Reason::Unreadable => "unreadable",
            Reason::KeyConflict => "key_conflict",
            Reason::Interrupted => "interrupted",
            Reason::Processing => "processing",
            Reason::NotFound => "not_found",
            Reason::NotDone => "not_done",
            Reason::Declined => "declined",
        }
    }
}

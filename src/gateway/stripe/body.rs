//! The parts of the bank's JSON that we read, and what counts as readable.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use crate::gateway::{BookedCharge, BookedDispute};
use crate::payment::bank::{Decline, IntentStatus, RefundProgress, RefundReceipt, Snapshot};
use crate::payment::{Claim, DisputeStatus};
use crate::types::Amount;

/// No id of the bank is longer.
pub(super) const ID_LENGTH_MAX: usize = 255;
/// So much of a code and of a message is kept, in bytes.
const CODE_LENGTH_MAX: usize = 64;
const MESSAGE_LENGTH_MAX: usize = 300;

type Text<'a> = Cow<'a, str>;

/// An intent.
#[derive(Deserialize)]
pub(super) struct Intent<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    #[serde(borrow)]
    currency: Text<'a>,
    #[serde(default, borrow)]
    latest_charge: Option<Reference<'a>>,
    #[serde(default, borrow)]
    last_payment_error: Option<Error<'a>>,
    #[serde(default, borrow)]
    next_action: Option<NextAction<'a>>,
    #[serde(default, borrow)]
    pub(super) metadata: Metadata<'a>,
}

/// A refund.
#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    amount: i64,
    #[serde(default, borrow)]
    status: Option<Text<'a>>,
    #[serde(default, borrow)]
    failure_reason: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) metadata: Metadata<'a>,
}

/// A charge, as the bank's books have it.
#[derive(Deserialize)]
pub(super) struct Charge<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(default)]
    amount_captured: i64,
    #[serde(default)]
    amount_refunded: i64,
    #[serde(default, borrow)]
    payment_intent: Option<Reference<'a>>,
    #[serde(default, borrow)]
    metadata: Metadata<'a>,
}

/// A dispute, with its payment.
#[derive(Deserialize)]
pub(super) struct Dispute<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    amount: i64,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(default, borrow)]
    reason: Option<Text<'a>>,
    #[serde(default, borrow)]
    payment_intent: Option<DisputedIntent<'a>>,
}

#[derive(Deserialize)]
struct DisputedIntent<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(default, borrow)]
    metadata: Metadata<'a>,
}

/// A page of a list or of search results.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// What we put on intents and refunds.
#[derive(Default, Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(default, borrow)]
    pub(super) order_id: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) store_id: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) attempt: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) refund: Option<Text<'a>>,
}

/// An id, or the whole thing where it was expanded.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference<'a> {
    Id(#[serde(borrow)] Text<'a>),
    Whole {
        #[serde(borrow)]
        id: Text<'a>,
    },
}

#[derive(Deserialize)]
struct NextAction<'a> {
    #[serde(default, borrow)]
    redirect_to_url: Option<Redirect<'a>>,
}

#[derive(Deserialize)]
struct Redirect<'a> {
    #[serde(default, borrow)]
    url: Option<Text<'a>>,
}

/// What an error answer holds.
#[derive(Deserialize)]
pub(super) struct Failure<'a> {
    #[serde(borrow)]
    pub(super) error: Error<'a>,
}

/// An error.
#[derive(Deserialize)]
pub(super) struct Error<'a> {
    #[serde(default, borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) code: Option<Text<'a>>,
    #[serde(default, borrow)]
    decline_code: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) message: Option<Text<'a>>,
    #[serde(default, borrow)]
    param: Option<Text<'a>>,
    #[serde(default, borrow)]
    payment_intent: Option<Reference<'a>>,
}

impl Intent<'_> {
    /// The intent in the domain's words; nothing when it is not one.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        if self.object != "payment_intent" {
            return None;
        }
        let status = match &*self.status {
            "succeeded" => IntentStatus::Succeeded,
            "requires_capture" => IntentStatus::RequiresCapture,
            "processing" => IntentStatus::Processing,
            "canceled" => IntentStatus::Canceled,
            "requires_payment_method" => IntentStatus::RequiresPaymentMethod(
                self.last_payment_error
                    .as_ref()
                    .map(|error| Box::new(Decline { intent: id(&self.id), ..error.decline() })),
            ),
            // Unconfirmed means as much: no money moves until somebody acts.
            "requires_action" | "requires_confirmation" => {
                IntentStatus::RequiresAction { url: self.action_url() }
            }
            _ => return None,
        };
        Some(Snapshot {
            intent: id(&self.id)?,
            status,
            amount: Amount::new(self.amount)?,
            currency: self.currency.to_ascii_uppercase().parse().ok(),
            captured: Amount::new(self.amount_received)?,
            charge: self.latest_charge.as_ref().and_then(Reference::id),
        })
    }

    pub(super) fn id(&self) -> Option<Arc<str>> {
        id(&self.id)
    }

    fn action_url(&self) -> Option<Arc<str>> {
        let url = self.next_action.as_ref()?.redirect_to_url.as_ref()?.url.as_ref()?;
        let is_legal = url.len() <= 2_048 && (url.starts_with("https://") || url.starts_with("http://"));
        is_legal.then(|| Arc::from(&**url))
    }
}

/// How a refund stands at the bank.
pub(super) enum RefundStatus {
    /// Done, or on its way without our doing.
    Accepted(RefundReceipt),
    /// It will not happen.
    Failed(Arc<str>),
}

impl Charge<'_> {
    pub(super) fn id(&self) -> Option<Arc<str>> {
        id(&self.id)
    }

    /// The charge in the domain's words; nothing when it is not one. One without an intent is nobody's here.
    pub(super) fn booked(&self) -> Option<BookedCharge> {
        if self.object != "charge" {
            return None;
        }
        let data = &self.metadata;
        Some(BookedCharge {
            intent: self.payment_intent.as_ref().and_then(Reference::id).unwrap_or_else(|| "".into()),
            store: data.store_id.as_deref().and_then(|text| text.parse().ok()),
            order: data.order_id.as_deref().and_then(|text| text.parse().ok()),
            captured: Amount::new(self.amount_captured)?,
            refunded: Amount::new(self.amount_refunded)?,
        })
    }
}

impl Dispute<'_> {
    pub(super) fn id(&self) -> Option<Arc<str>> {
        id(&self.id)
    }

    /// Whether it is about a payment made by an intent.
    pub(super) fn has_intent(&self) -> bool {
        self.payment_intent.is_some()
    }

    /// The dispute in the domain's words; nothing when it is not one.
    pub(super) fn booked(&self) -> Option<BookedDispute> {
        if self.object != "dispute" {
            return None;
        }
        let DisputedIntent { id: intent, metadata } = self.payment_intent.as_ref()?;
        Some(BookedDispute {
            store: metadata.store_id.as_deref().and_then(|text| text.parse().ok()),
            order: metadata.order_id.as_deref().and_then(|text| text.parse().ok()),
            claim: Claim {
                id: id(&self.id)?,
                intent: id(intent)?,
                amount: Amount::new(self.amount)?,
                reason: cut(self.reason.as_deref().unwrap_or("general"), CODE_LENGTH_MAX),
                status: DisputeStatus::from_word(&self.status)?,
            },
        })
    }
}

impl Refund<'_> {
    /// The refund in the domain's words; nothing when it is not one.
    pub(super) fn read(&self) -> Option<RefundStatus> {
        if self.object != "refund" {
            return None;
        }
        match self.status.as_deref() {
            None | Some("succeeded") => self.accepted(RefundProgress::Succeeded),
            Some("pending") => self.accepted(RefundProgress::Pending),
            Some("requires_action") => self.accepted(RefundProgress::RequiresAction),
            Some("failed" | "canceled") => {
                let reason = self.failure_reason.as_deref().or(self.status.as_deref()).unwrap_or("failed");
                Some(RefundStatus::Failed(cut(reason, CODE_LENGTH_MAX)))
            }
            Some(_) => None,
        }
    }

    fn accepted(&self, progress: RefundProgress) -> Option<RefundStatus> {
        let (id, amount) = (id(&self.id)?, Amount::new(self.amount)?);
        Some(RefundStatus::Accepted(RefundReceipt { id, amount, progress }))
    }
}

impl Reference<'_> {
    fn id(&self) -> Option<Arc<str>> {
        match self {
            Reference::Id(text) | Reference::Whole { id: text } => id(text),
        }
    }
}

impl Error<'_> {
    /// Whether a refused request is refused for its amount or its method of payment, not for how it was made.
    pub(super) fn is_about_the_payment(&self) -> bool {
        let is_amount = matches!(self.code.as_deref(), Some("amount_too_small" | "amount_too_large"));
        is_amount || self.param.as_deref() == Some("payment_method")
    }

    /// The error as a decline.
    pub(super) fn decline(&self) -> Decline {
        Decline {
            code: self.code(),
            decline_code: self.decline_code.as_deref().map(|code| cut(code, CODE_LENGTH_MAX)),
            message: self.message(),
            intent: self.payment_intent.as_ref().and_then(Reference::id),
        }
    }

    /// The code, or the kind of error where there is none.
    pub(super) fn code(&self) -> Arc<str> {
        let code = self.code.as_deref().or(self.kind.as_deref()).unwrap_or("unknown");
        cut(code, CODE_LENGTH_MAX)
    }

    /// The sentence.
    pub(super) fn message(&self) -> Arc<str> {
        cut(self.message.as_deref().unwrap_or(""), MESSAGE_LENGTH_MAX)
    }
}

/// An id that may stand in a path. Nothing else is let in.
fn id(text: &str) -> Option<Arc<str>> {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_legal)).then(|| Arc::from(text))
}

/// The beginning of a text from outside, without control characters.
fn cut(text: &str, bytes_max: usize) -> Arc<str> {
    let end = text.floor_char_boundary(bytes_max);
    let text = &text[..end];
    if crate::types::text::is_plain(text) {
        Arc::from(text)
    } else {
        text.chars().filter(|c| !c.is_control()).collect::<String>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_lead_a_path_astray_are_none() {
        assert!(id("pi_3MtwBwLkdIwHu7ix28a3tqPa").is_some());
        for bad in ["", "../refunds", "pi_1/capture", "pi 1", "pi_ü", "pi_1?x=1", &"x".repeat(256)] {
            assert!(id(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn texts_from_outside_are_cut_between_characters() {
        assert_eq!(&*cut("für", 2), "f");
        assert_eq!(&*cut("a\nb", 9), "ab");
    }
}

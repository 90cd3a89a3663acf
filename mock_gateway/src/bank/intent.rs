//! A payment intent.

use super::cards::Method;
use super::currency::Currency;
use super::declines::Decline;
use super::words::words;
use crate::memory::Text;

words! {
    /// Where an intent stands.
    Status {
        RequiresPaymentMethod = "requires_payment_method",
        RequiresConfirmation = "requires_confirmation",
        RequiresAction = "requires_action",
        Processing = "processing",
        RequiresCapture = "requires_capture",
        Succeeded = "succeeded",
        Canceled = "canceled",
    }
}

words! {
    /// When the money moves after approval.
    CaptureMethod {
        Automatic = "automatic",
        AutomaticAsync = "automatic_async",
        Manual = "manual",
    }
}

words! {
    /// Why an intent was canceled.
    CancelReason {
        Duplicate = "duplicate",
        Fraudulent = "fraudulent",
        RequestedByCustomer = "requested_by_customer",
        Abandoned = "abandoned",
    }
}

/// One version of an intent. Compact: there are millions.
#[derive(Clone)]
pub(crate) struct Intent {
    pub(crate) number: u32,
    pub(crate) account: u32,
    /// The OrderFlow store named in the metadata; row of the ledger's store names.
    pub(crate) store: u32,
    pub(crate) currency: Currency,
    pub(crate) status: Status,
    pub(crate) capture: CaptureMethod,
    pub(crate) reason: Option<CancelReason>,
    pub(crate) failure: Option<Decline>,
    /// Kept after a decline, to say which method failed; then it is not shown as the intent's own.
    pub(crate) method: Option<Method>,
    pub(crate) charge: Option<u32>,
    pub(crate) amount: i64,
    pub(crate) received: i64,
    pub(crate) created_ms: i64,
    /// When this version came to be.
    pub(crate) changed_ms: i64,
    pub(crate) metadata: Option<Text>,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What few intents have.
#[derive(Clone, Default)]
pub(crate) struct Extras {
    pub(crate) description: Option<Text>,
    pub(crate) customer: Option<Text>,
    pub(crate) return_url: Option<Text>,
    /// A JSON array; absent means `["card"]`.
    pub(crate) types: Option<Text>,
    pub(crate) automatic_methods: bool,
    /// The key of the request whose money moves later.
    pub(crate) key: Option<Text>,
    pub(crate) canceled_ms: Option<i64>,
}

impl Intent {
    /// What can still be captured.
    pub(crate) fn capturable(&self) -> i64 {
        match self.status {
            Status::RequiresCapture => self.amount,
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::RequiresAction
            | Status::Processing
            | Status::Succeeded
            | Status::Canceled => 0,
        }
    }

    /// The method as the wire shows it: after a decline there is none.
    pub(crate) fn shown_method(&self) -> Option<Method> {
        self.method.filter(|_| self.status != Status::RequiresPaymentMethod)
    }

    pub(crate) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(crate) fn customer(&self) -> Option<Text> {
        self.extras.as_ref()?.customer
    }

    pub(crate) fn description(&self) -> Option<Text> {
        self.extras.as_ref()?.description
    }

    pub(crate) fn later_key(&self) -> Option<Text> {
        self.extras.as_ref()?.key
    }
}

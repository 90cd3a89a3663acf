//! What can be wrong, how bad that is, and how long people may leave it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How often an alert escalates while nobody acknowledges it.
pub const ESCALATIONS_MAX: u8 = 3;
/// The most bytes of a subject.
pub const SUBJECT_BYTES_MAX: usize = 200;
/// The most bytes of a message.
pub const MESSAGE_BYTES_MAX: usize = 500;

/// The beginning of a text, whole characters only.
pub fn cut(text: &str, bytes_max: usize) -> Arc<str> {
    text[..text.floor_char_boundary(bytes_max)].into()
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look today.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// All, the mildest first.
    pub const ALL: &'static [Self] = &[Severity::Info, Severity::Warning, Severity::Critical];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// After how many seconds an alert that nobody acknowledged escalates, so many times before; never, where nothing is
    /// said. Each time twice as patient as the time before.
    pub fn patience_s(self, escalations: u8) -> Option<u64> {
        let first = match self {
            Severity::Info => return None,
            Severity::Warning => 30 * 60,
            Severity::Critical => 5 * 60,
        };
        (escalations < ESCALATIONS_MAX).then(|| first << escalations)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $severity:ident;)+) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Kind::$kind),+];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Kind::$kind => Severity::$severity),+ }
            }
        }
    };
}

kinds! {
    /// Something may be sold, but no more than the reorder point. Subject: the SKU.
    LowStock = "low_stock", Warning;
    /// Nothing may be sold. Subject: the SKU.
    OutOfStock = "out_of_stock", Critical;
    /// Payments wait for another try. Subject: the gateway.
    PaymentRetrying = "payment_retrying", Warning;
    /// The bank does not answer, and calls are not made. Subject: the gateway.
    PaymentGatewayDown = "payment_gateway_down", Critical;
    /// Money could not be given back. Subject: the order.
    RefundFailed = "refund_failed", Critical;
    /// A cardholder does not accept a charge, or has been given it back. Subject: the order.
    PaymentDisputed = "payment_disputed", Critical;
    /// People shall look at an order. Subject: the order.
    ReviewWaiting = "review_waiting", Info;
    /// An order has stood still for too long, its money cannot be taken, or what came back cannot be booked. Subject: the order,
    /// or the return.
    SagaStuck = "saga_stuck", Warning;
    /// A shipment is silent, was brought in vain too often, comes back or cannot be delivered. Subject: the shipment.
    ShipmentStalled = "shipment_stalled", Warning;
    /// Money where none should be: it arrived late (subject: the order), or our ledger and the bank's differ (subject: the
    /// store).
    ReconciliationMismatch = "reconciliation_mismatch", Critical;
    /// The store kept dying and was set aside. Subject: the store.
    StoreQuarantined = "store_quarantined", Critical;
    /// The node's wall clock is behind the journal's time by minutes. Subject: the store.
    ClockBehind = "clock_behind", Warning;
    /// There are more alerts than a desk keeps. Subject: always the same.
    AlertOverflow = "alert_overflow", Critical;
}

impl Kind {
    /// Whether it is a condition, which lasts until it clears, and not something that happens again and again.
    pub const fn is_condition(self) -> bool {
        match self {
            Kind::LowStock
            | Kind::OutOfStock
            | Kind::PaymentRetrying
            | Kind::PaymentGatewayDown
            | Kind::PaymentDisputed
            | Kind::ReviewWaiting
            | Kind::SagaStuck
            | Kind::ShipmentStalled
            | Kind::ReconciliationMismatch
            | Kind::StoreQuarantined
            | Kind::ClockBehind
            | Kind::AlertOverflow => true,
            Kind::RefundFailed => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

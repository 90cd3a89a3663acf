//! The edge to the bank: what the payment asks for goes out here, and comes back as an outcome, never as an error.
//!
//! A [`Bank`] decides nothing. It answers every call exactly once, within a bound, with what is known: done, declined,
//! certainly not sent, or unknown. Whether and when to try again is the payment's to say. The [`Breaker`] says whether
//! trying makes sense at all.

mod books;
pub mod breaker;
mod connections;
mod endings;
mod health;
mod key;
mod pace;
mod retry_after;
pub mod stripe;
#[cfg(test)]
mod tests;
mod traffic;

pub use books::{BookedCharge, BookedDispute, Books, BooksPage, DisputesPage, OpenBooks};
pub use breaker::{Admission, Breaker, BreakerConfig, BreakerCounters, BreakerState};
pub use connections::{Connection, Connections, Coordinates, OpenBank};
pub use endings::Probed;
pub use health::{Health, health};
pub use key::key;
pub use stripe::{
    ANSWER_BYTES_MAX, Control, ControlFault, Dial, Disputes, Stripe, StripeConfig, StripeError, Wire,
};
pub use traffic::Traffic;

use futures_util::future::LocalBoxFuture;

use crate::payment::bank::{Call, Outcome};
use crate::types::{OrderId, PaymentId, StoreId};

/// Whose call it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallContext {
    /// The store.
    pub store: StoreId,
    /// The order that is paid.
    pub order: OrderId,
    /// The payment.
    pub payment: PaymentId,
}

/// Somebody who moves money. Lives on one thread, as the stores that call it do.
pub trait Bank: 'static {
    /// Makes one call and says how it ended. Ends within a bound whatever the bank does.
    fn call(&self, context: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome>;

    /// Whether anybody is there, in the breaker's words. A bank that cannot be asked that is tried by a call.
    fn probe(&self) -> Option<LocalBoxFuture<'static, Outcome>> {
        None
    }
}

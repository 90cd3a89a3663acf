//! The decisions about money and stock, and what they rest on.

pub mod inventory;
pub mod order;
pub mod payment;
pub mod types;

/// As much of it as decisions know.
pub mod runtime {
    pub mod aggregate;
    pub mod event;

    pub use aggregate::{Aggregate, Due, Only};
    pub use event::{Event, Unreadable};
}

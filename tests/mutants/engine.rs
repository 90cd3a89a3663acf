//! The runtime and the journal, and what they rest on; `order` for its events, of which tests write some.

pub mod journal;
pub mod order;
pub mod runtime;
pub mod types;

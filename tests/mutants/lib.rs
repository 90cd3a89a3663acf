//! What is mutated, and what it rests on.

pub mod inventory;
pub mod journal;
pub mod order;
pub mod payment;
pub mod runtime;
pub mod types;

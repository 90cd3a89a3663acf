//! The bank over real HTTP, rule by rule. The words used here are in `support`.

mod cards;
mod durability;
mod idempotency;
mod ledger;
mod lists;
mod payments;
mod process;
mod refunds;
mod support;
mod tricks;
mod weather;
mod wire;

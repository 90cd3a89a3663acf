//! The bank over real HTTP, rule by rule. The words used here are in `support`.

mod cards;
mod customers;
mod durability;
mod idempotency;
mod ledger;
mod listener;
mod lists;
mod money;
mod notices;
mod payments;
mod process;
mod refunds;
mod support;
mod tricks;
mod weather;
mod wire;

//! The stories of OrderFlow: what its users see, told over real HTTP against the real programs.
//!
//! Read `support/mod.rs` first; it teaches the words. One file a subject.

#[allow(dead_code, reason = "tests/chaos uses the rest of the vocabulary")]
mod support;

mod alerts;
mod api;
mod backorders;
mod books;
mod crash;
mod demo;
mod disk;
mod disputes;
mod doubt;
mod edits;
mod figures;
mod flows;
mod forgeries;
mod fulfillment;
mod gateways;
mod idempotency;
mod legacy;
mod lists;
mod logs;
mod notices;
mod outage;
mod overload;
mod oversell;
mod page;
mod passivation;
mod processes;
mod refunds;
mod refusals;
mod replay;
mod returns;
mod routing;
mod schedules;
mod states;
mod storm;
mod stream;
mod tenants;
mod traces;
mod undelivered;
mod undo;
mod verify;
mod views;
mod way;
mod webhooks;

// What needs named places to go wrong at: built with the feature `faults`, as `make stories` does.
#[cfg(feature = "faults")]
mod panics;

//! How things flow: the graph of who hands what to whom, figures of what really went along each of its edges, and the
//! state machines.
//!
//! None of it is drawn by hand and hoped for. What travels is named by exhaustive matches over the events and calls of
//! the domain (`marks`), which the runtime asks for each event that it hands to the journal: an event without a place
//! in the graph does not compile. The ends of the edges are held against `decide` and `due` by tests. The state machines
//! are what `machine::explore` finds when it asks `decide` itself.

mod edges;
mod graph;
mod labels;
mod machine;
mod machines;
mod marks;
mod tally;
#[cfg(test)]
mod tests;

pub use edges::Edge;
pub use graph::{Kind, Node};
pub use machine::{Machine, Transition};
pub use machines::all as machines;
pub use marks::{
    Mark, of_alert, of_call, of_fraud, of_fulfillment, of_inventory, of_order, of_payment, of_returns,
    of_store,
};
pub use tally::{Figures, StoreTally, Tally};

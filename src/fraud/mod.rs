//! The fraud desk: judges orders by the store's rules, and keeps the queue of those that people shall look at.
//!
//! One instance a store. Rules are conditions in CEL, the Common Expression Language, that let an order pass, stop it or
//! send it to review. All that allow are asked first, then all that block, then all that review; the first that matches
//! decides.
//!
//! ```text
//!                     ┌──── allow, pass ────▶ (the order goes on)
//!                     │
//!            Assess   │       Approve, or Lapse by policy
//!     (none) ─────────┼ review ▶ open ─────────────────▶ approved
//!                     │           │ │
//!                     │           │ │ Reject, or Lapse by policy
//!                     │           │ └────────────────▶ rejected
//!                     │           │ Withdraw
//!                     │           └──────────────────▶ withdrawn
//!                     │
//!                     └──── block ──────────▶ (the order ends)
//! ```
//!
//! Every verdict names the rules that made it, those that could not be asked, and a score:
//!
//! | decision | score | where *pressure* is three for each order of the last hour with the same e-mail address, at most 30 |
//! |---|---|---|
//! | allow | 0 | |
//! | pass | 5 + pressure | always normal |
//! | review | 65 + pressure | elevated, from four such orders on highest |
//! | block | 90 + pressure, at most 100 | highest |
#![warn(clippy::wildcard_enum_match_arm)]

mod command;
mod compile;
mod condition;
mod decide;
mod depth;
mod event;
mod marks;
mod rules;
mod state;
mod velocity;
mod view;

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;

pub use command::{Command, Facts, NOTE_BYTES_MAX, OnLapse, Rejection, ReviewPolicy};
pub use decide::LAPSED_PER_DECISION_MAX;
pub use event::{
    Assessed, By, Decision, Event, Level, ReviewDecided, ReviewOpened, ReviewWithdrawn, RulesChanged,
};
pub use marks::{Dimension, Mark, Marks};
pub use rules::{
    ALL_BYTES_MAX, Action, COST_MAX, NAME_BYTES_MAX, Problem, RULES_MAX, Rule, RuleError, RuleSet,
    WHEN_BYTES_MAX,
};
pub use state::{CLOSED_KEPT_MAX, Desk, Review, Standing, Status, VerdictSummary};
pub use velocity::{Assessment, Span, Velocity, WINDOW_MAX};
pub use view::{ReviewView, RulesView};

use crate::runtime::{Aggregate, Due, Only};
use crate::types::{OrderId, Timestamp};

/// The store's fraud desk.
pub struct Fraud;

/// What siblings hear at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Order: its review was decided.
    ReviewClosed {
        /// Which order.
        order: OrderId,
        /// Whether it may pass.
        approved: bool,
    },
}

/// Nothing leaves the store.
#[derive(Debug, PartialEq)]
pub enum Call {}

impl Aggregate for Fraud {
    const NAME: &'static str = "fraud";
    const IS_SINGLE: bool = true;

    type Key = Only;
    type State = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = Call;

    fn decide(desk: &Desk, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(desk, command, now)
    }

    fn evolve(desk: &mut Desk, event: &Event, at: Timestamp) {
        desk.evolve(event, at);
    }

    fn due(desk: &Desk) -> Due<Self> {
        match desk.next_lapse() {
            Some(at) => Due::at(at, Command::Lapse),
            None => Due::nothing(),
        }
    }

    fn tells(_: &Desk, event: &Event) -> Option<Step> {
        let (decided, approved) = match event {
            Event::ReviewApproved(decided) => (decided, true),
            Event::ReviewRejected(decided) => (decided, false),
            Event::Assessed(_)
            | Event::ReviewOpened(_)
            | Event::ReviewWithdrawn(_)
            | Event::RulesChanged(_) => return None,
        };
        Some(Step::ReviewClosed { order: decided.order, approved })
    }
}

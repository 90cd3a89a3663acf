//! The alert desk: what people should know of, counted, until somebody or the condition itself ends it.
//!
//! One instance a store. An alert is known by its kind and its subject; as long as it is open, seeing the same again only
//! counts.
//!
//! ```text
//!             Raise                 Acknowledge
//!    (none) ─────────▶ firing ─────────────────────▶ acknowledged
//!       ▲              │ ▲  │                             │
//!       │     Escalate └─┘  │ Clear, Resolve              │ Clear, Resolve
//!       │                   ▼                             ▼
//!       │                resolved ◀───────────────────────┘
//!       │                   │
//!       └───────────────────┘ at once; after a person's Resolve only once the condition has cleared
//! ```
//!
//! While firing, an alert escalates after a while, three times at most; acknowledging ends that, silence puts it off.
//! Somebody who resolves an alert whose condition lasts is not told again before that has cleared once. A desk keeps at
//! most [`OPEN_MAX`] alerts; what would be more is counted by one alert of its own kind. The desk knows nothing of what it
//! is told about: subjects are words of others. It sends nothing and waits for nobody.
#![warn(clippy::wildcard_enum_match_arm)]

mod command;
mod decide;
mod event;
mod kind;
mod state;
mod view;

#[cfg(test)]
mod tests;

pub use command::{Command, MINUTES_MAX, NAME_BYTES_MAX, Rejection, Signal};
pub use decide::{ESCALATED_PER_DECISION_MAX, OPEN_MAX, OVERFLOW_SUBJECT};
pub use event::{Acknowledged, By, Cleared, Escalated, Event, Raised, Repeated, Resolved, Silenced};
pub use kind::{ESCALATIONS_MAX, Kind, MESSAGE_BYTES_MAX, SUBJECT_BYTES_MAX, Severity, cut};
pub use state::{Alert, Desk, Phase, RESOLVED_KEPT_MAX, Status};
pub use view::AlertView;

use crate::runtime::{Aggregate, Due, Only};
use crate::types::Timestamp;

/// The store's alert desk.
#[derive(Debug)]
pub struct Alerts;

/// Nothing is told to siblings.
#[derive(Debug, PartialEq)]
pub enum Step {}

/// Nothing leaves the store.
#[derive(Debug, PartialEq)]
pub enum Call {}

impl Aggregate for Alerts {
    const NAME: &'static str = "alert";
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
        match desk.next_escalation() {
            Some(at) => Due::at(at, Command::Escalate),
            None => Due::nothing(),
        }
    }
}

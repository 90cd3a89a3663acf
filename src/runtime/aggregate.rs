//! What an aggregate is: commands ask, `decide` answers with events or a rejection, `evolve` folds events, `due` says
//! what the world still owes.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use crate::types::Timestamp;

use super::event::Event;

/// One kind of thing that decides. All four functions are pure: no clock, dice, I/O, logging or float.
pub trait Aggregate: Sized + 'static {
    /// The noun, as in folder names, metrics and logs.
    const NAME: &'static str;

    /// Whether a store has exactly one instance, kept in memory while the store is active. Said by each: what is single and
    /// does not say so is forgotten as soon as it rests.
    const IS_SINGLE: bool;

    /// Which instance within a store; [`Only`] where a store has one.
    type Key: Copy + Ord + Hash + Debug + Display + Send + Unpin + 'static;
    /// What is known of one instance; its default is the state before anything happened.
    type State: Default + Unpin + 'static;
    /// What may be asked, by people and by siblings.
    type Command: Send + 'static;
    /// What has happened.
    type Event: Event;
    /// Why the domain says no, to somebody who deserves a reason.
    type Rejection: std::error::Error + Send + 'static;
    /// A message to a sibling in the same store: goes out at once.
    type Step: PartialEq + Debug + 'static;
    /// A call that leaves the store: waits until everything it rests on is durable.
    type Call: PartialEq + Debug + 'static;

    /// Answers one command from the state as it stands. No events means: nothing changed, and that is fine.
    fn decide(
        state: &Self::State,
        command: Self::Command,
        now: Timestamp,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Folds one event. Total: what was recorded can always be replayed.
    fn evolve(state: &mut Self::State, event: &Self::Event, at: Timestamp);

    /// What the world still owes this instance. Nothing, for one at rest.
    fn due(state: &Self::State) -> Due<Self>;

    /// What siblings hear of an event, at once. May be lost in a crash: whoever waits asks again, because its own
    /// `due` still holds the question.
    fn tells(_state: &Self::State, _event: &Self::Event) -> Option<Self::Step> {
        None
    }
}

/// What the world owes one instance now or at a time.
pub struct Due<A: Aggregate> {
    /// Messages to siblings. One runs when it became due in this command, and again after a restart.
    pub steps: Vec<A::Step>,
    /// A call to the outside, made once everything before it is durable.
    pub call: Option<A::Call>,
    /// The earliest time at which something must happen by itself, and what.
    pub timer: Option<(Timestamp, A::Command)>,
}

impl<A: Aggregate> Due<A> {
    /// Nothing is owed.
    pub fn nothing() -> Self {
        Self { steps: Vec::new(), call: None, timer: None }
    }

    /// A message to a sibling is owed.
    pub fn step(step: A::Step) -> Self {
        Self { steps: vec![step], ..Self::nothing() }
    }

    /// A call to the outside is owed.
    pub fn call(call: A::Call) -> Self {
        Self { call: Some(call), ..Self::nothing() }
    }

    /// Something is owed at a time.
    pub fn at(time: Timestamp, command: A::Command) -> Self {
        Self { timer: Some((time, command)), ..Self::nothing() }
    }

    /// The same, and a timer.
    pub fn and_at(self, time: Timestamp, command: A::Command) -> Self {
        Self { timer: Some((time, command)), ..self }
    }

    /// Whether the instance is at rest.
    pub fn is_nothing(&self) -> bool {
        self.steps.is_empty() && self.call.is_none() && self.timer.is_none()
    }

    /// When the world next owes something: at once (the beginning of time), at a time, or never.
    pub fn earliest(&self) -> Option<Timestamp> {
        if self.steps.is_empty() && self.call.is_none() {
            self.timer.as_ref().map(|(at, _)| *at)
        } else {
            Some(Timestamp::default())
        }
    }
}

/// The key of an aggregate of which a store has exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Only;

impl Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("store")
    }
}

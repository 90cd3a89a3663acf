//! What the generic actor needs to know of an aggregate beyond its decisions: who its siblings are, how its state is
//! found and shown. Implemented once an aggregate, in `store/wiring/`.

use std::rc::Rc;

use super::aggregate::Aggregate;
use super::ask::{Fault, Refusal};
use super::commit::StoreLog;
use super::idempotency::Keys;
use crate::types::{Cause, Meta, Timestamp};

/// What all actors of one activation of a store share. Lives on one thread.
pub trait Family: 'static {
    /// The store's log.
    fn log(&self) -> &Rc<StoreLog>;

    /// The store's index of request keys.
    fn keys(&self) -> &Keys;

    /// The last ticket of this arbiter whose events views can see.
    fn visible(&self) -> u64;

    /// Whether the journal takes events at all.
    fn takes_events(&self) -> bool;

    /// Whether a member died, so that all must go.
    fn is_broken(&self) -> bool;

    /// A member panicked: stop the family; the supervisor rebuilds it.
    fn break_up(&self, member: &'static str, panic: &str);

    /// A request was looked at: the store is not idle.
    fn touch(&self);
}

/// Instances with something due, each with its key.
pub type Open<A> = Vec<(<A as Aggregate>::Key, <A as Aggregate>::State)>;

/// Drops parts of an only instance that rest and that views can see: everything up to this ticket. Says whether there are
/// others that they cannot see yet.
pub type LetGo<A> = fn(&Rc<<A as Wiring>::Family>, &mut <A as Aggregate>::State, u64) -> bool;

/// An aggregate among its siblings.
pub trait Wiring: Aggregate {
    /// How parts of the only instance are let go of, where it has any.
    const LETS_GO: Option<LetGo<Self>> = None;

    /// What the family shares.
    type Family: Family;

    /// What callers ask: the command itself, or something that needs the store to become one.
    type Request: From<Self::Command> + Send + 'static;

    /// Turns a request into a command, with whatever siblings know. Pure but for fresh ids.
    fn prepare(
        family: &Rc<Self::Family>,
        key: Self::Key,
        state: &mut Self::State,
        request: Self::Request,
    ) -> Result<Self::Command, Refusal<Self::Rejection>>;

    /// Whether nothing can be stored of this instance: its key was just made.
    fn is_fresh(family: &Rc<Self::Family>, key: Self::Key) -> bool;

    /// The stored state of an instance that is not in memory.
    fn load(family: &Rc<Self::Family>, key: Self::Key) -> Result<Self::State, Fault>;

    /// Sends a step to the sibling it is for.
    fn step(family: &Rc<Self::Family>, key: Self::Key, state: &Self::State, step: Self::Step, cause: Cause);

    /// Makes a call; everything it rests on is durable.
    fn call(family: &Rc<Self::Family>, key: Self::Key, call: Self::Call);

    /// Called after each command that changed something: for what siblings share (prices, settings).
    fn changed(
        _family: &Rc<Self::Family>,
        _state: &mut Self::State,
        _events: &[Self::Event],
        _at: Timestamp,
    ) {
    }

    /// Called for events handed to the journal, with who asked and what led to it: figures of what flows where.
    fn flowed(family: &Rc<Self::Family>, key: Self::Key, events: &[Self::Event], meta: &Meta, at: Timestamp);

    /// Open instances after `after`, oldest first, to go on with after a restart.
    fn open_after(
        _family: &Rc<Self::Family>,
        _after: Option<Self::Key>,
        _limit: usize,
    ) -> Result<Open<Self>, Fault> {
        Ok(Vec::new())
    }
}

//! Asking an aggregate: one generic message for every command, and what comes back.

use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::aggregate::Aggregate;
use super::wiring::Wiring;
use crate::types::{Cause, Meta, RequestKey};

/// A command on its way to one instance.
pub struct Ask<A: Wiring> {
    /// Which instance; it is made by what it is asked where that makes one.
    pub key: A::Key,
    /// What is asked.
    pub request: A::Request,
    /// Who asks, and why.
    pub meta: Meta,
    /// After this nobody waits for the answer, and nothing need be done.
    pub deadline: Option<Instant>,
    /// What must be there for the command to be taken.
    pub condition: Option<Condition<A>>,
    /// Where the answer goes.
    pub reply: Reply<A>,
}

/// Where an answer goes.
pub enum Reply<A: Aggregate> {
    /// Nowhere.
    None,
    /// Out of the store, once everything it rests on is durable.
    Caller {
        /// Where it goes.
        to: oneshot::Sender<Result<Answer, Refusal<A::Rejection>>>,
        /// What of the state is shown.
        show: Show<A>,
    },
    /// To a sibling, at once: sees the state and whether the command was taken.
    Sibling(Heard<A>),
}

/// What a sibling does with the state it asked about. Hears the last event that its command led to; none, when the command
/// changed nothing.
pub type Heard<A> =
    Box<dyn FnOnce(&<A as Aggregate>::State, Result<Option<Cause>, <A as Aggregate>::Rejection>) + Send>;

/// What of a state is shown to a caller; nothing when there is nothing to show.
pub type Show<A> = Box<dyn Fn(&<A as Aggregate>::State) -> Option<Answer> + Send>;

/// What must be there for a command to be taken: looked at in the same turn in which the command is decided, so nothing
/// can change in between.
pub struct Condition<A: Aggregate> {
    /// What is expected.
    pub expected: Expected,
    /// Of what; of what the answer shows where it is missing.
    pub of: Option<Show<A>>,
}

/// What a caller takes to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Something, at whatever version.
    Something,
    /// Something with one of these [tags](Tag), as they are written.
    OneOf(Box<[Box<str>]>),
}

impl Expected {
    /// Whether it is there.
    pub fn is_met_by(&self, there: Option<Tag>) -> bool {
        match (self, there) {
            (_, None) => false,
            (Expected::Something, Some(_)) => true,
            (Expected::OneOf(tags), Some(there)) => {
                let there = there.to_string();
                tags.iter().any(|tag| **tag == *there)
            }
        }
    }
}

/// What tells one state of what is shown from every other. Opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Its version.
    Version(u64),
    /// Of what has no version: a hash of all that is shown.
    Digest(u64),
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tag::Version(version) => write!(f, "{version}"),
            Tag::Digest(digest) => write!(f, "{digest:016x}"),
        }
    }
}

/// On which terms somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The request's own key: its first accepted answer is given again.
    pub key: Option<RequestKey>,
    /// What must be there; a repeated request was taken already, and is not asked again.
    pub expected: Option<Expected>,
}

impl From<Option<RequestKey>> for Terms {
    fn from(key: Option<RequestKey>) -> Self {
        Self { key, expected: None }
    }
}

/// A question that changes nothing: shows part of a state once everything that made it is durable.
pub struct Look<A: Aggregate> {
    /// Which instance.
    pub key: A::Key,
    /// What of it.
    pub show: Show<A>,
    /// Where the answer goes.
    pub to: oneshot::Sender<Result<Option<Answer>, Fault>>,
}

impl<A: Aggregate> actix::Message for Look<A> {
    type Result = ();
}

impl<A: Aggregate> std::fmt::Debug for Look<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("aggregate", &A::NAME).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The instance as it stands after the command, as JSON.
    pub body: Bytes,
    /// The instance's version, where it has one.
    pub version: u64,
    /// The first answer to the same request, again.
    pub is_replayed: bool,
}

impl Answer {
    /// An answer made of a view.
    pub fn of(view: &impl serde::Serialize, version: u64) -> Self {
        let body = serde_json::to_vec(view).expect("a view has string keys and goes to memory");
        Self { body: body.into(), version, is_replayed: false }
    }

    /// What tells what it shows from any other state of it.
    pub fn tag(&self) -> Tag {
        match self.version {
            0 => Tag::Digest(xxhash_rust::xxh3::xxh3_64(&self.body)),
            version => Tag::Version(version),
        }
    }
}

/// Why a caller gets none.
#[derive(Debug, thiserror::Error)]
pub enum Refusal<R: std::error::Error> {
    /// The domain says no.
    #[error(transparent)]
    Rejected(R),
    /// What is there is not what the caller expected; nothing was done.
    #[error("what is there is not what was expected")]
    Changed {
        /// What is there, if anything.
        now: Option<Tag>,
    },
    /// The machine cannot now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why the machine cannot answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The caller's deadline passed before the command was looked at; nothing was done.
    #[error("the deadline passed before the command was looked at")]
    DeadlinePassed,
    /// The journal refused the events; nothing was done.
    #[error("the journal cannot take events now")]
    JournalRefused,
    /// The store is being rebuilt from the journal.
    #[error("the store is being rebuilt")]
    Rebuilding,
    /// The store kept dying and was set aside.
    #[error("the store was set aside after repeated failures")]
    Quarantined,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
    /// The store has as many requests in flight as it may.
    #[error("the store has as many requests in flight as it may")]
    StoreFull,
    /// The store takes no more orders this second.
    #[error("the store's rate is used up")]
    RateExceeded,
    /// The node has as many requests in flight as it may.
    #[error("the node has as many requests in flight as it may")]
    NodeFull,
    /// Views trail the journal by too much.
    #[error("views trail the journal by too much")]
    ViewsBehind,
    /// The same idempotency key is being worked on.
    #[error("a request with this idempotency key is being worked on")]
    KeyInUse,
    /// The same idempotency key came with another request.
    #[error("this idempotency key came with another request")]
    KeyReused,
    /// Stored state could not be read.
    #[error("stored state could not be read")]
    Unreadable,
}

impl Fault {
    /// Whether the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        match self {
            Fault::DeadlinePassed
            | Fault::JournalRefused
            | Fault::Rebuilding
            | Fault::Quarantined
            | Fault::Stopping
            | Fault::StoreFull
            | Fault::RateExceeded
            | Fault::NodeFull
            | Fault::ViewsBehind
            | Fault::KeyInUse
            | Fault::Unreadable => true,
            Fault::KeyReused => false,
        }
    }
}

impl<A: Wiring> Ask<A> {
    /// A command nobody waits for.
    pub fn tell(key: A::Key, request: impl Into<A::Request>, meta: Meta) -> Self {
        Self { key, request: request.into(), meta, deadline: None, condition: None, reply: Reply::None }
    }

    /// A command of a sibling, which goes on with what the state then is.
    pub fn sibling(
        key: A::Key,
        request: impl Into<A::Request>,
        meta: Meta,
        heard: impl FnOnce(&A::State, Result<Option<Cause>, A::Rejection>) + Send + 'static,
    ) -> Self {
        let reply = Reply::Sibling(Box::new(heard));
        Self { key, request: request.into(), meta, deadline: None, condition: None, reply }
    }
}

impl<A: Wiring> actix::Message for Ask<A> {
    type Result = ();
}

impl<A: Wiring> std::fmt::Debug for Ask<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask").field("aggregate", &A::NAME).field("key", &self.key).finish_non_exhaustive()
    }
}

/// Sends a message within the bound that the permits in front of a store set. An actor that ended takes none, and nobody
/// needs to know: its family is being rebuilt, and `due` will say again what is owed.
pub fn send<T, M>(to: &actix::Addr<T>, message: M)
where
    T: actix::Actor + actix::Handler<M>,
    T::Context: actix::dev::ToEnvelope<T, M>,
    M: actix::Message + Send + 'static,
    M::Result: Send,
{
    #[expect(
        clippy::disallowed_methods,
        reason = "admission permits bound what reaches a store; this is its one door"
    )]
    to.do_send(message);
}

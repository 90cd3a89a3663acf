//! What may be asked of the alert desk, and why it may say no.

use std::sync::Arc;

use crate::types::AlertId;

use super::kind::Kind;
use super::state::Status;

/// The longest silence, in minutes: thirty days.
pub const MINUTES_MAX: u32 = 30 * 24 * 60;
/// The most bytes of a name of somebody.
pub const NAME_BYTES_MAX: usize = 100;

/// What may be asked of the alert desk.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Something was seen. Only the store's machinery says so: a client cannot raise an alert.
    Observe {
        /// The id of the alert, should this make one.
        id: AlertId,
        /// What was seen.
        signal: Signal,
    },
    /// Somebody looks after it.
    Acknowledge {
        /// Which alert.
        id: AlertId,
        /// Who.
        by: Option<Arc<str>>,
    },
    /// It is over, somebody says.
    Resolve {
        /// Which alert.
        id: AlertId,
        /// Who.
        by: Option<Arc<str>>,
    },
    /// Nobody wants to hear of it for a while.
    Silence {
        /// Which alert.
        id: AlertId,
        /// For how long, in minutes.
        minutes: u32,
    },
    /// The time of some that nobody acknowledged is over.
    Escalate,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Something is wrong.
    Raise {
        /// What.
        kind: Kind,
        /// With what.
        subject: Arc<str>,
        /// In words.
        message: Arc<str>,
        /// How often that was seen since it was last said; nought means that it still is so, which is not counted.
        times: u32,
    },
    /// It is not any more.
    Clear {
        /// What.
        kind: Kind,
        /// With what.
        subject: Arc<str>,
        /// How often it was seen since that was last said.
        times: u32,
    },
}

impl Signal {
    /// What kind of alert it is about, and which one of that kind.
    pub fn key(&self) -> (Kind, &Arc<str>) {
        match self {
            Signal::Raise { kind, subject, .. } | Signal::Clear { kind, subject, .. } => (*kind, subject),
        }
    }
}

/// Why the alert desk says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such alert.
    #[error("no such alert")]
    NoSuchAlert {
        /// Which.
        id: AlertId,
    },
    /// The alert is over.
    #[error("an alert that is {status} cannot be {done}")]
    Over {
        /// Its state.
        status: Status,
        /// What was asked, as done.
        done: &'static str,
    },
    /// The silence is none, or too long.
    #[error("a silence lasts 1 to {MINUTES_MAX} minutes")]
    SilenceOutOfRange,
    /// A name is too long.
    #[error("a name has at most {NAME_BYTES_MAX} bytes")]
    NameTooLong,
}

//! What has happened to alerts, as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::events;
use crate::types::{AlertId, OrderId, Timestamp};

use super::kind::{Kind, Severity};

events! {
    /// What has happened to an alert.
    pub enum Event {
        /// It fires.
        Raised(Raised) = "alert.raised", 1;
        /// The same was seen again.
        Repeated(Repeated) = "alert.repeated", 1;
        /// Somebody looks after it.
        Acknowledged(Acknowledged) = "alert.acknowledged", 1;
        /// Nobody did in time.
        Escalated(Escalated) = "alert.escalated", 1;
        /// Nobody wants to hear of it for a while.
        Silenced(Silenced) = "alert.silenced", 1;
        /// It is over.
        Resolved(Resolved) = "alert.resolved", 1;
        /// The condition of one that a person resolved has cleared.
        Cleared(Cleared) = "alert.cleared", 1;
    }
}

/// Data of `alert.raised`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// The alert.
    pub id: AlertId,
    /// What is wrong.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// With what.
    pub subject: Arc<str>,
    /// In words.
    pub message: Arc<str>,
    /// How often it was seen.
    pub times: u32,
}

/// Data of `alert.repeated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// The alert.
    pub id: AlertId,
    /// How often it was seen since that was last said.
    pub times: u32,
    /// What is wrong, in words, where those have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
}

/// Data of `alert.acknowledged`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The alert.
    pub id: AlertId,
    /// Who, where they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// Data of `alert.escalated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalated {
    /// The alert.
    pub id: AlertId,
    /// How often now, from 1.
    pub level: u8,
}

/// Data of `alert.silenced`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silenced {
    /// The alert.
    pub id: AlertId,
    /// Until when.
    pub until: Timestamp,
}

/// Who ended an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The condition: it has cleared.
    Condition,
    /// A person, whatever the condition.
    Person,
}

impl By {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            By::Condition => "condition",
            By::Person => "person",
        }
    }
}

/// Data of `alert.resolved`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// The alert.
    pub id: AlertId,
    /// What ended it.
    pub by: By,
    /// Which person, where they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
}

/// Data of `alert.cleared`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleared {
    /// The alert.
    pub id: AlertId,
}

macro_rules! of_an_alert {
    ($($name:ident),+) => {
        $(
            impl $name {
                fn order(&self) -> Option<OrderId> {
                    None
                }
                fn subject(&self) -> String {
                    self.id.to_string()
                }
            }
        )+

        impl Event {
            /// Which alert it happened to.
            pub fn id(&self) -> AlertId {
                match self { $(Event::$name(data) => data.id),+ }
            }
        }
    };
}

of_an_alert!(Raised, Repeated, Acknowledged, Escalated, Silenced, Resolved, Cleared);

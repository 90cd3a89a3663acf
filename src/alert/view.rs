//! Alerts as the API shows them.

use serde::Serialize;

use crate::types::{AlertId, Timestamp};

use super::event::By;
use super::kind::{Kind, Severity};
use super::state::{Alert, Phase, Status};

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertView<'a> {
    /// Its id.
    pub id: AlertId,
    /// What is wrong.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// `firing`, `acknowledged` or `resolved`.
    pub status: Status,
    /// With what: a SKU, an order, the gateway.
    pub subject: &'a str,
    /// In words.
    pub message: &'a str,
    /// How often it was seen.
    pub count: u64,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen_at: Timestamp,
    /// Who acknowledged it, where they said.
    pub acknowledged_by: Option<&'a str>,
    /// How often it escalated because nobody did.
    pub escalations: u8,
    /// Until when nobody wants to hear of it.
    pub silenced_until: Option<Timestamp>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// What ended it: its condition, or a person.
    pub resolved_by: Option<By>,
    /// How often anything about it has changed.
    pub version: u64,
}

impl<'a> AlertView<'a> {
    /// The alert as recorded.
    pub fn of(alert: &'a Alert) -> Self {
        let (resolved_at, resolved_by) = match alert.phase {
            Phase::Firing | Phase::Acknowledged => (None, None),
            Phase::Resolved { by, at, .. } => (Some(at), Some(by)),
        };
        Self {
            id: alert.id,
            kind: alert.kind,
            severity: alert.severity,
            status: alert.status(),
            subject: &alert.subject,
            message: &alert.message,
            count: alert.count,
            first_seen_at: alert.first_seen_at,
            last_seen_at: alert.last_seen_at,
            acknowledged_by: alert.acknowledged_by.as_deref(),
            escalations: alert.escalations,
            silenced_until: alert.silenced_until,
            resolved_at,
            resolved_by,
            version: alert.version,
        }
    }
}

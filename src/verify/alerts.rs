//! Alerts as the journal has them: what is open, how often it was seen, and who ended it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::findings::Findings;
use crate::journal::Record;
use crate::types::{AlertId, Timestamp};

/// More than this is never open at once; one more counts the rest.
const OPEN_MAX: usize = 10_000;
/// The kinds that happen again and again: nothing of them outlasts a person's word.
const PASSING: [&str; 1] = ["refund_failed"];

/// A store's alerts.
#[derive(Default)]
pub(super) struct Alerts {
    pub(super) by_id: BTreeMap<AlertId, Alert>,
    /// What those that are kept are about.
    kept: BTreeSet<(String, String)>,
}

/// One alert.
#[derive(Debug, Default)]
pub(super) struct Alert {
    pub(super) kind: String,
    pub(super) severity: String,
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) status: &'static str,
    pub(super) count: u64,
    pub(super) level: u64,
    pub(super) acknowledged_by: Option<String>,
    pub(super) silenced_until: Option<Timestamp>,
    pub(super) resolved_at: Option<Timestamp>,
    pub(super) resolved_by: Option<String>,
    pub(super) first_seen_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    /// When it was last raised or escalated.
    pub(super) since: Timestamp,
    /// Its condition outlasts it.
    pub(super) lasts: bool,
    pub(super) version: u64,
}

impl Alert {
    fn is_open(&self) -> bool {
        matches!(self.status, "firing" | "acknowledged")
    }

    /// Whether the desk remembers it.
    pub(super) fn is_kept(&self) -> bool {
        self.is_open() || self.lasts
    }

    /// When it escalates: five minutes after it was raised where it is critical, half an hour where it is a warning; each
    /// time twice as long, three times at most; not while it is silenced.
    pub(super) fn escalates_at(&self) -> Option<Timestamp> {
        let first = match self.severity.as_str() {
            "critical" => 300,
            "warning" => 1_800,
            _ => return None,
        };
        if self.status != "firing" || self.level >= 3 {
            return None;
        }
        let at = self.since.plus_secs(first << self.level);
        Some(at.max(self.silenced_until.unwrap_or(at)))
    }

    fn key(&self) -> (String, String) {
        (self.kind.clone(), self.subject.clone())
    }
}

impl Alerts {
    /// Takes one record of `alert.…`. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let kind = record.kind.strip_prefix("alert.").unwrap_or_default();
        let text = |name: &str| data[name].as_str().map(str::to_owned);
        let number = |name: &str| data[name].as_u64().unwrap_or(0);
        let Some(id) = data["id"].as_str().and_then(|id| id.parse::<AlertId>().ok()) else {
            findings.add(store, record.kind, "id", "an alert's id", &data["id"]);
            return true;
        };
        if kind == "raised" {
            self.raise(record, data, id, store, findings);
            return true;
        }
        let Some(alert) = self.by_id.get_mut(&id) else {
            findings.add(store, &id, "step", "raised first", record.kind);
            return true;
        };
        let (was_kept, key) = (alert.is_kept(), alert.key());
        let is_legal = match kind {
            "repeated" => {
                alert.count += number("times");
                alert.last_seen_at = record.at;
                if let Some(message) = text("message") {
                    alert.message = message;
                }
                alert.is_open() && number("times") > 0
            }
            "acknowledged" => {
                let was_open = alert.is_open();
                (alert.status, alert.acknowledged_by) = ("acknowledged", text("by"));
                was_open
            }
            "escalated" => {
                let is_due = alert.escalates_at().is_some_and(|at| at <= record.at);
                let is_next = number("level") == alert.level + 1;
                (alert.level, alert.since) = (number("level"), record.at);
                is_due && is_next
            }
            "silenced" => {
                alert.silenced_until = text("until").and_then(|until| Timestamp::parse(&until).ok());
                alert.is_open()
            }
            "resolved" => {
                let was_open = alert.is_open();
                alert.status = "resolved";
                (alert.resolved_at, alert.resolved_by) = (Some(record.at), text("by"));
                alert.lasts = data["by"] == "person" && !PASSING.contains(&alert.kind.as_str());
                was_open
            }
            "cleared" => std::mem::take(&mut alert.lasts) && alert.status == "resolved",
            _ => return false,
        };
        alert.version += 1;
        if !is_legal {
            let expected = format!("a step that may follow {}", alert.status);
            findings.add(store, &id, "step", &expected, record.kind);
        }
        if was_kept && !alert.is_kept() {
            self.kept.remove(&key);
        }
        true
    }

    fn raise(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        id: AlertId,
        store: &str,
        findings: &mut Findings,
    ) {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let alert = Alert {
            kind: text("kind"),
            severity: text("severity"),
            subject: text("subject"),
            message: text("message"),
            status: "firing",
            count: data["times"].as_u64().unwrap_or(0),
            first_seen_at: record.at,
            last_seen_at: record.at,
            since: record.at,
            version: 1,
            ..Alert::default()
        };
        if !self.kept.insert(alert.key()) {
            findings.add(store, &id, "alerts of one kind and subject", "one at a time", record.kind);
        }
        if self.kept.len() > OPEN_MAX + 1 {
            findings.add(store, &id, "alerts kept", &format!("at most {OPEN_MAX}"), &self.kept.len());
        }
        if self.by_id.insert(id, alert).is_some() {
            findings.add(store, &id, "step", "raised once", record.kind);
        }
    }

    /// How many have a status.
    pub(super) fn with_status(&self, status: &str) -> u64 {
        self.by_id.values().filter(|alert| alert.status == status).count() as u64
    }
}

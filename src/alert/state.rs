//! What the alert desk knows.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::map::Map;
use crate::types::{AlertId, Timestamp};

use super::event::{By, Event, Raised};
use super::kind::{Kind, Severity};

/// How many alerts that are over stay in memory, so that whoever ended one sees it.
pub const RESOLVED_KEPT_MAX: usize = 64;

/// The store's alert desk: the alerts that are not over, those whose condition outlasts them, and the last that are over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    alerts: Map<AlertId, Alert>,
    /// Those that are kept, by what they are about.
    kept: Map<(Kind, Arc<str>), AlertId>,
    /// When each of those that escalate does so next.
    escalations: BTreeSet<(Timestamp, AlertId)>,
    /// Those that are over, oldest first.
    over: VecDeque<AlertId>,
}

impl Desk {
    /// The desk made of the alerts it keeps.
    pub fn restore(alerts: impl IntoIterator<Item = Alert>) -> Self {
        let mut desk = Self::default();
        for alert in alerts {
            desk.put(alert);
        }
        desk
    }

    /// An alert, while it is in memory.
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// The alert that is kept of this kind and with this subject.
    pub fn kept(&self, kind: Kind, subject: &Arc<str>) -> Option<&Alert> {
        self.alerts.get(self.kept.get(&(kind, Arc::clone(subject)))?)
    }

    /// Every alert that is kept, in no order.
    pub fn all_kept(&self) -> impl Iterator<Item = &Alert> {
        self.kept.values().filter_map(|id| self.alerts.get(id))
    }

    /// How many alerts are kept.
    pub fn kept_count(&self) -> usize {
        self.kept.len()
    }

    /// When the next alert escalates.
    pub fn next_escalation(&self) -> Option<Timestamp> {
        self.escalations.first().map(|(at, _)| *at)
    }

    /// The alerts whose time to escalate has come.
    pub(super) fn escalating(&self, now: Timestamp) -> impl Iterator<Item = &Alert> {
        let due = self.escalations.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(|(_, id)| self.alerts.get(id))
    }

    /// Folds one event.
    pub(super) fn evolve(&mut self, event: &Event, at: Timestamp) {
        let known = self.take(event.id());
        if let Some(alert) = Alert::fold(known, event, at) {
            self.put(alert);
        }
    }

    fn take(&mut self, id: AlertId) -> Option<Alert> {
        let alert = self.alerts.remove(&id)?;
        if let Some(at) = alert.escalates_at() {
            self.escalations.remove(&(at, id));
        }
        let key = (alert.kind, Arc::clone(&alert.subject));
        if self.kept.get(&key) == Some(&id) {
            self.kept.remove(&key);
        }
        Some(alert)
    }

    fn put(&mut self, alert: Alert) {
        let id = alert.id;
        if let Some(at) = alert.escalates_at() {
            self.escalations.insert((at, id));
        }
        if alert.is_kept() {
            self.kept.insert((alert.kind, Arc::clone(&alert.subject)), id);
        } else {
            self.over.push_back(id);
            if self.over.len() > RESOLVED_KEPT_MAX
                && let Some(oldest) = self.over.pop_front()
            {
                self.alerts.remove(&oldest);
            }
        }
        self.alerts.insert(id, alert);
    }
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What is wrong.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// With what.
    pub subject: Arc<str>,
    /// In words.
    pub message: Arc<str>,
    /// Whether it is over.
    pub phase: Phase,
    /// How often it was seen.
    pub count: u64,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen, to the minute: repeats are told together.
    pub last_seen_at: Timestamp,
    /// Who acknowledged it, where they said.
    pub acknowledged_by: Option<Arc<str>>,
    /// How often it escalated.
    pub escalations: u8,
    /// When it last escalated; when it was raised, where it never did.
    pub escalated_at: Timestamp,
    /// Until when nobody wants to hear of it.
    pub silenced_until: Option<Timestamp>,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// Where an alert is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody looks after it.
    Firing,
    /// Somebody does.
    Acknowledged,
    /// It is over.
    Resolved {
        /// What ended it.
        by: By,
        /// Which person, where they said.
        name: Option<Arc<str>>,
        /// When.
        at: Timestamp,
        /// Whether the condition outlasts it, so that the next sighting is old news.
        lasts: bool,
    },
}

/// Where an alert is in its life, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody looks after it.
    Firing,
    /// Somebody does.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl Status {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Firing => "firing",
            Status::Acknowledged => "acknowledged",
            Status::Resolved => "resolved",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Alert {
    /// The alert after an event that names it. One that cannot follow changes nothing.
    pub fn fold(alert: Option<Alert>, event: &Event, at: Timestamp) -> Option<Alert> {
        if let Event::Raised(raised) = event {
            return Some(alert.unwrap_or_else(|| Self::raised(raised, at)));
        }
        let mut alert = alert?;
        match event {
            Event::Raised(_) => {}
            Event::Repeated(repeated) => {
                alert.count = alert.count.saturating_add(u64::from(repeated.times));
                alert.last_seen_at = at;
                if let Some(message) = &repeated.message {
                    alert.message = Arc::clone(message);
                }
            }
            Event::Acknowledged(acknowledged) => {
                alert.phase = Phase::Acknowledged;
                alert.acknowledged_by.clone_from(&acknowledged.by);
            }
            Event::Escalated(escalated) => {
                alert.escalations = escalated.level;
                alert.escalated_at = at;
            }
            Event::Silenced(silenced) => alert.silenced_until = Some(silenced.until),
            Event::Resolved(resolved) => {
                let lasts = match resolved.by {
                    By::Condition => false,
                    By::Person => alert.kind.is_condition(),
                };
                let name = resolved.name.clone();
                alert.phase = Phase::Resolved { by: resolved.by, name, at, lasts };
            }
            Event::Cleared(_) => {
                if let Phase::Resolved { lasts, .. } = &mut alert.phase {
                    *lasts = false;
                }
            }
        }
        alert.updated_at = at;
        alert.version += 1;
        Some(alert)
    }

    fn raised(raised: &Raised, at: Timestamp) -> Self {
        Self {
            id: raised.id,
            kind: raised.kind,
            severity: raised.severity,
            subject: Arc::clone(&raised.subject),
            message: Arc::clone(&raised.message),
            phase: Phase::Firing,
            count: u64::from(raised.times),
            first_seen_at: at,
            last_seen_at: at,
            acknowledged_by: None,
            escalations: 0,
            escalated_at: at,
            silenced_until: None,
            updated_at: at,
            version: 1,
        }
    }

    /// Where it is in its life, in one word.
    pub const fn status(&self) -> Status {
        match self.phase {
            Phase::Firing => Status::Firing,
            Phase::Acknowledged => Status::Acknowledged,
            Phase::Resolved { .. } => Status::Resolved,
        }
    }

    /// Whether it is not over.
    pub const fn is_open(&self) -> bool {
        match self.phase {
            Phase::Firing | Phase::Acknowledged => true,
            Phase::Resolved { .. } => false,
        }
    }

    /// Whether the desk must remember it: it is not over, or its condition outlasts it.
    pub const fn is_kept(&self) -> bool {
        match self.phase {
            Phase::Firing | Phase::Acknowledged => true,
            Phase::Resolved { lasts, .. } => lasts,
        }
    }

    /// When it escalates unless somebody acknowledges it.
    pub fn escalates_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Firing => {
                let at = self.escalated_at.plus_secs(self.severity.patience_s(self.escalations)?);
                Some(self.silenced_until.map_or(at, |until| at.max(until)))
            }
            Phase::Acknowledged | Phase::Resolved { .. } => None,
        }
    }
}

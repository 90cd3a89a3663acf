//! The alert desk among its siblings.

use std::rc::Rc;
use std::sync::Arc;

use crate::alert::{self, Alerts, By, Kind, OPEN_MAX, Signal};
use crate::flow;
use crate::runtime::{Family as _, Fault, Only, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::wiring::count_all;
use crate::types::{Cause, Meta, Timestamp};

/// What callers ask of the alert desk.
#[derive(Debug)]
pub enum AlertRequest {
    /// What people ask.
    Command(alert::Command),
    /// What a job saw.
    Seen(Signal),
}

impl From<alert::Command> for AlertRequest {
    fn from(command: alert::Command) -> Self {
        AlertRequest::Command(command)
    }
}

impl Wiring for Alerts {
    type Family = StoreFamily;
    type Request = AlertRequest;

    fn prepare(
        family: &Rc<StoreFamily>,
        _key: Only,
        desk: &mut alert::Desk,
        request: AlertRequest,
    ) -> Result<alert::Command, Refusal<alert::Rejection>> {
        let command = match request {
            AlertRequest::Command(command) => command,
            AlertRequest::Seen(signal) => {
                let (kind, subject) = signal.key();
                match &signal {
                    Signal::Raise { message, .. } if desk.kept_count() < OPEN_MAX => {
                        let now = family.log().now();
                        family.listener.put((kind, Arc::clone(subject)), now, Arc::clone(message));
                    }
                    // The desk counts it, and nobody waits for it to clear.
                    Signal::Raise { .. } => {}
                    Signal::Clear { .. } => drop(family.listener.take(kind, subject)),
                }
                return Ok(alert::Command::Observe { id: family.alert_id(), signal });
            }
        };
        let (id, done) = match &command {
            alert::Command::Acknowledge { id, .. } => (*id, "acknowledged"),
            alert::Command::Resolve { id, .. } => (*id, "resolved"),
            alert::Command::Silence { id, .. } => (*id, "silenced"),
            alert::Command::Observe { .. } | alert::Command::Escalate => return Ok(command),
        };
        // One that is stored but not in memory is over.
        if desk.alert(id).is_none()
            && family.stored(|reader| reader.alert(family.log().store(), id))?.is_some()
        {
            let status = alert::Status::Resolved;
            return Err(Refusal::Rejected(alert::Rejection::Over { status, done }));
        }
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<alert::Desk, Fault> {
        Ok(alert::Desk::default())
    }

    fn step(_family: &Rc<StoreFamily>, _key: Only, _desk: &alert::Desk, step: alert::Step, _cause: Cause) {
        match step {}
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: alert::Call) {
        match call {}
    }

    fn changed(family: &Rc<StoreFamily>, desk: &mut alert::Desk, events: &[alert::Event], _at: Timestamp) {
        for event in events {
            let alert::Event::Resolved(resolved) = event else { continue };
            let Some(alert) = desk.alert(resolved.id) else { continue };
            // What the desk ends by itself, and what a person ends for good, may be told of again.
            let is_forgotten = match resolved.by {
                By::Condition => alert.kind == Kind::AlertOverflow,
                By::Person => !alert.kind.is_condition(),
            };
            if is_forgotten {
                family.listener.take(alert.kind, &alert.subject);
            }
        }
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[alert::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_alert);
    }
}

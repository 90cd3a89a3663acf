//! Answers commands from the desk as it stands.

use std::sync::Arc;

use crate::types::{AlertId, Timestamp};

use super::command::{Command, MINUTES_MAX, NAME_BYTES_MAX, Rejection, Signal};
use super::event::{Acknowledged, By, Cleared, Escalated, Event, Raised, Repeated, Resolved, Silenced};
use super::kind::{Kind, MESSAGE_BYTES_MAX, SUBJECT_BYTES_MAX, cut};
use super::state::{Alert, Desk, Phase};

/// The most alerts that a desk keeps at once: what is more is counted by one alert of its own kind.
pub const OPEN_MAX: usize = 10_000;
/// Below so many that alert is over: not at the bound itself, where it would come and go.
const OPEN_FEW: usize = OPEN_MAX / 10 * 9;
/// The subject of the alert that counts the rest.
pub const OVERFLOW_SUBJECT: &str = "alerts";
/// The most alerts that escalate in one decision; what is left is due at once.
pub const ESCALATED_PER_DECISION_MAX: usize = 256;

/// Answers one command.
pub(super) fn decide(desk: &Desk, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Observe { id, signal: Signal::Raise { kind, subject, message, times } } => {
            Ok(raise(desk, id, kind, &subject, &message, times))
        }
        Command::Observe { signal: Signal::Clear { kind, subject, times }, .. } => {
            Ok(clear(desk, kind, &subject, times))
        }
        Command::Acknowledge { id, by } => {
            let by = named(by)?;
            let alert = known(desk, id)?;
            match alert.phase {
                Phase::Firing => Ok(vec![Event::Acknowledged(Acknowledged { id, by })]),
                // Whoever says so again has nothing new to say; somebody else takes it over.
                Phase::Acknowledged if by.is_none() || by == alert.acknowledged_by => Ok(Vec::new()),
                Phase::Acknowledged => Ok(vec![Event::Acknowledged(Acknowledged { id, by })]),
                Phase::Resolved { .. } => Err(over(alert, "acknowledged")),
            }
        }
        Command::Resolve { id, by } => {
            let name = named(by)?;
            let alert = known(desk, id)?;
            match alert.phase {
                Phase::Firing | Phase::Acknowledged => {
                    // One that happens again and again is forgotten at once, so there may be room again. What was asked for
                    // comes last: whoever repeats the request is shown what that is about.
                    let room = room(desk, alert.kind).filter(|_| !alert.kind.is_condition());
                    let resolved = Event::Resolved(Resolved { id, by: By::Person, name });
                    Ok(room.into_iter().chain([resolved]).collect())
                }
                Phase::Resolved { .. } => Err(over(alert, "resolved")),
            }
        }
        Command::Silence { id, minutes } => {
            if !(1..=MINUTES_MAX).contains(&minutes) {
                return Err(Rejection::SilenceOutOfRange);
            }
            let alert = known(desk, id)?;
            match alert.phase {
                Phase::Firing | Phase::Acknowledged => {
                    let until = now.plus_secs(u64::from(minutes) * 60);
                    Ok(vec![Event::Silenced(Silenced { id, until })])
                }
                Phase::Resolved { .. } => Err(over(alert, "silenced")),
            }
        }
        Command::Escalate => {
            let due = desk.escalating(now).take(ESCALATED_PER_DECISION_MAX);
            let escalated = |alert: &Alert| {
                let level = alert.escalations.saturating_add(1);
                Event::Escalated(Escalated { id: alert.id, level })
            };
            Ok(due.map(escalated).collect())
        }
    }
}

fn raise(
    desk: &Desk,
    id: AlertId,
    kind: Kind,
    subject: &Arc<str>,
    message: &Arc<str>,
    times: u32,
) -> Vec<Event> {
    let subject = cut(subject, SUBJECT_BYTES_MAX);
    let message = cut(message, MESSAGE_BYTES_MAX);
    match desk.kept(kind, &subject).map(|alert| (alert, &alert.phase)) {
        Some((alert, Phase::Firing | Phase::Acknowledged)) => again(alert, times, Some(&message)),
        // Somebody has said that this is known.
        Some((_, Phase::Resolved { .. })) => Vec::new(),
        None if desk.kept_count() < OPEN_MAX || kind == Kind::AlertOverflow => {
            let severity = kind.severity();
            vec![Event::Raised(Raised { id, kind, severity, subject, message, times: times.max(1) })]
        }
        None => {
            let message = format!("more than {OPEN_MAX} alerts are open; the rest is only counted");
            raise(desk, id, Kind::AlertOverflow, &OVERFLOW_SUBJECT.into(), &message.into(), times.max(1))
        }
    }
}

fn clear(desk: &Desk, kind: Kind, subject: &Arc<str>, times: u32) -> Vec<Event> {
    let subject = cut(subject, SUBJECT_BYTES_MAX);
    let Some(alert) = desk.kept(kind, &subject) else { return Vec::new() };
    let mut events = match alert.phase {
        Phase::Firing | Phase::Acknowledged => {
            let mut events = again(alert, times, None);
            events.push(Event::Resolved(Resolved { id: alert.id, by: By::Condition, name: None }));
            events
        }
        Phase::Resolved { .. } => vec![Event::Cleared(Cleared { id: alert.id })],
    };
    events.extend(room(desk, kind));
    events
}

/// What follows when one alert fewer is kept: perhaps the one that counts the rest is over, too.
fn room(desk: &Desk, kind: Kind) -> Option<Event> {
    let overflow = desk.kept(Kind::AlertOverflow, &OVERFLOW_SUBJECT.into())?;
    let is_over = kind != Kind::AlertOverflow && overflow.is_open() && desk.kept_count() <= OPEN_FEW;
    is_over.then_some(Event::Resolved(Resolved { id: overflow.id, by: By::Condition, name: None }))
}

fn again(alert: &Alert, times: u32, message: Option<&Arc<str>>) -> Vec<Event> {
    if times == 0 {
        return Vec::new();
    }
    let message = message.filter(|message| **message != alert.message).cloned();
    vec![Event::Repeated(Repeated { id: alert.id, times, message })]
}

fn known(desk: &Desk, id: AlertId) -> Result<&Alert, Rejection> {
    desk.alert(id).ok_or(Rejection::NoSuchAlert { id })
}

fn over(alert: &Alert, done: &'static str) -> Rejection {
    Rejection::Over { status: alert.status(), done }
}

fn named(by: Option<Arc<str>>) -> Result<Option<Arc<str>>, Rejection> {
    match by {
        Some(name) if name.len() > NAME_BYTES_MAX => Err(Rejection::NameTooLong),
        Some(name) if name.is_empty() => Ok(None),
        name => Ok(name),
    }
}

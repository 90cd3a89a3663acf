//! Answers one command from the payment as it stands. No clock, no dice, no I/O. What banks answer is in `answer.rs`.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::KEY_TRUSTED_MS;
use super::answer::{answered, looked};
use super::bank::{Operation, Reason};
use super::command::{Capture, Command, Rejection};
use super::dispute;
use super::event::{
    AttemptStarted, CancelRequested, Canceled, Created, Event, Next, RetryScheduled, RetryStarted,
};
use super::evolve::evolve;
use super::look;
use super::refund;
use super::route::{self, Gateway};
use super::state::{Begun, Charge, Course, PastEnd, Stage, State, Work};

/// Answers one command from the payment as it stands.
pub(super) fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    use {Command as C, State as S};
    match (state, command) {
        (
            S::Unbegun,
            C::Begin { order, amount, currency, method, capture, retry, gateways, gateway_ready },
        ) => {
            if amount.is_zero() {
                return Err(Rejection::NothingToPay);
            }
            let gateways = route::in_order(super::id_of(order), gateways);
            let created = Created { order, amount, currency, method, capture, retry, gateways };
            let created = Event::Created(created);
            if gateway_ready {
                return Ok(vec![created]);
            }
            let parked = Event::RetryScheduled(RetryScheduled {
                order,
                operation: Operation::Authorize,
                at: now,
                reason: Reason::GatewayUnavailable,
                tries: 1,
                next: Next::Send,
                intent: None,
                message: None,
            });
            Ok(vec![created, parked])
        }
        // The order repeats itself after a crash; it goes on from where the payment stands.
        (S::Begun(begun), C::Begin { order, amount, currency, .. }) => {
            if (begun.order, begun.amount, begun.currency) == (order, amount, currency) {
                Ok(vec![])
            } else {
                Err(Rejection::OtherTerms)
            }
        }

        // Canceled before it was begun: there is nothing to undo.
        (S::Unbegun, C::Cancel { .. }) => Ok(vec![]),
        (S::Begun(begun), C::Cancel { reason }) => Ok(cancel(begun, reason, now)),

        (S::Begun(begun), C::Resume) => Ok(resume(begun, now)),
        (S::Begun(begun), C::RetryNow) => Ok(retry_now(begun, now)),
        (S::Begun(begun), C::Capture) => capture(begun),
        (S::Begun(begun), C::Refund(wish)) => refund::wished(begun, wish, now),
        (S::Begun(begun), C::TroubleHeard { troubles }) => Ok(refund::trouble_heard(begun, troubles)),
        (S::Begun(begun), C::RefundsHeard { refunded }) => Ok(refund::heard(begun, refunded)),
        (S::Begun(begun), C::Claimed { claim, by }) => dispute::claimed(begun, claim, &by),
        (S::Begun(begun), C::DisputeHeard { is_disputed }) => Ok(dispute::heard(begun, is_disputed)),
        (S::Begun(begun), C::Notified(notice)) => look::notified(begun, &notice),
        (S::Begun(begun), C::Answered { operation, attempt, outcome }) => {
            Ok(answered(begun, operation, attempt, outcome, now))
        }
        (S::Begun(begun), C::Looked { attempt, intent, outcome }) => {
            Ok(looked(begun, (attempt, &intent), outcome, now))
        }

        (S::Unbegun, C::Refund(_)) => Err(Rejection::NotCaptured),
        (
            S::Unbegun,
            C::Resume
            | C::RetryNow
            | C::Capture
            | C::RefundsHeard { .. }
            | C::TroubleHeard { .. }
            | C::Claimed { .. }
            | C::DisputeHeard { .. }
            | C::Notified(_)
            | C::Answered { .. }
            | C::Looked { .. },
        ) => Err(Rejection::NotBegun),
    }
}

/// The waiting time is over.
fn resume(begun: &Begun, now: Timestamp) -> Vec<Event> {
    let Some(work) = &begun.work else { return look::due(begun, now) };
    match work.stage {
        // It goes on already.
        Stage::Sending { .. } | Stage::Inquiring { .. } => vec![],
        Stage::Waiting { next: Next::Attempt, .. } => vec![next_attempt(begun, work)],
        Stage::Waiting { next: Next::Inquire, .. } => vec![retry_started(begun, Next::Inquire)],
        Stage::Waiting { next: Next::Send, .. } => {
            // A key that the bank may have forgotten is no protection.
            let is_forgotten = work.doubt.is_some_and(|doubt| doubt.first.plus_millis(KEY_TRUSTED_MS) <= now);
            vec![retry_started(begun, if is_forgotten { Next::Inquire } else { Next::Send })]
        }
    }
}

/// A person does not want to wait; or asks again for what was given up, or whether the shopper has acted.
fn retry_now(begun: &Begun, now: Timestamp) -> Vec<Event> {
    if begun.work.is_some() {
        let mut events = resume(begun, now);
        for event in &mut events {
            if let Event::RetryStarted(started) = event {
                started.hurried = true;
            }
        }
        return events;
    }
    match (&begun.course, &begun.charge, &begun.action) {
        (Course::Wanted, None, Some(_)) => vec![retry_started(begun, Next::Inquire)],
        (Course::Wanted, Some(charge), _) if begun.capture_failure.is_some() && charge.is_live() => {
            vec![start_capture(begun, charge)]
        }
        (Course::Wanted | Course::Canceled { .. } | Course::Failed { .. }, ..) => vec![],
    }
}

/// Make it as if never paid.
fn cancel(begun: &Begun, reason: Arc<str>, now: Timestamp) -> Vec<Event> {
    let order = begun.order;
    match &begun.course {
        // Already so, or on its way.
        Course::Canceled { .. } | Course::Failed { .. } => return vec![],
        Course::Wanted => {}
    }
    if let Some(work) = &begun.work
        && work.operation == Operation::Authorize
        && begun.action.is_none()
        && begun.strays.is_empty()
        && !work.is_sending()
        && work.uncertain_since().is_none()
    {
        // Nothing is with the bank that could become money.
        return vec![Event::Canceled(Canceled { order, reason })];
    }
    and_what_is_owed(begun, vec![Event::CancelRequested(CancelRequested { order, reason })], now)
}

/// Take what was authorised.
fn capture(begun: &Begun) -> Result<Vec<Event>, Rejection> {
    match (&begun.course, &begun.charge) {
        (Course::Canceled { .. } | Course::Failed { .. }, _) => Err(Rejection::Over),
        (Course::Wanted, None) => Err(Rejection::NotAuthorized),
        (Course::Wanted, Some(charge)) => {
            let is_asked = begun.work.as_ref().is_some_and(|work| work.operation == Operation::Capture);
            if is_asked || !charge.captured.is_zero() || begun.capture_failure.is_some() {
                // Asked before; the standing says how that ended.
                Ok(vec![])
            } else if begun.work.is_some() {
                Err(Rejection::Busy)
            } else {
                Ok(vec![start_capture(begun, charge)])
            }
        }
    }
}

/// The events, and the first attempt at whatever they leave owed and nobody is at.
pub(super) fn and_what_is_owed(begun: &Begun, mut events: Vec<Event>, now: Timestamp) -> Vec<Event> {
    let mut after = State::Begun(Box::new(begun.clone()));
    for event in &events {
        evolve(&mut after, event, now);
    }
    events.extend(after.begun().and_then(owed));
    events
}

/// What must be done next, when nothing is under way: strays go back first, then what is not wanted any more.
fn owed(begun: &Begun) -> Option<Event> {
    if begun.work.as_ref().is_some_and(|work| work.operation != Operation::Capture || begun.is_wanted()) {
        return None;
    }
    if let Some(undo) = begun.strays.iter().find_map(|stray| undo(begun, &stray.charge)) {
        return Some(undo);
    }
    match (&begun.course, &begun.action, &begun.charge) {
        (Course::Wanted, _, Some(charge)) => {
            let is_late = begun.capture == Capture::Automatic
                && charge.captured.is_zero()
                && begun.capture_failure.is_none()
                && charge.is_live();
            if is_late { Some(start_capture(begun, charge)) } else { refund::next_queued(begun) }
        }
        (Course::Wanted, _, None) => None,
        (Course::Canceled { .. } | Course::Failed { .. }, Some(action), _) => {
            Some(start_void(begun, &action.intent, begun.amount))
        }
        // A void settles a capture that nobody is sure of: the bank does only one of the two.
        (Course::Canceled { .. } | Course::Failed { .. }, None, Some(charge)) => undo(begun, charge),
        (Course::Canceled { .. } | Course::Failed { .. }, None, None) => None,
    }
}

/// The first step towards a charge that never was; nothing, when it is let go, given back, or on its way back.
fn undo(begun: &Begun, charge: &Charge) -> Option<Event> {
    if !charge.is_live() {
        return None;
    }
    if charge.captured.is_zero() {
        return Some(start_void(begun, &charge.intent, charge.amount));
    }
    let amount = begun.undoable(charge);
    let operation = Operation::Refund(begun.undo_next());
    (!amount.is_zero()).then(|| start(begun, operation, 1, &charge.intent, amount, undo_reason(begun)))
}

fn undo_reason(begun: &Begun) -> Option<Arc<str>> {
    match &begun.course {
        Course::Canceled { reason } => Some(Arc::clone(reason)),
        Course::Wanted | Course::Failed { .. } => None,
    }
}

pub(super) fn start_void(begun: &Begun, intent: &Arc<str>, amount: Amount) -> Event {
    start(begun, Operation::Void, begun.voids.saturating_add(1), intent, amount, undo_reason(begun))
}

fn start_capture(begun: &Begun, charge: &Charge) -> Event {
    start(begun, Operation::Capture, begun.captures.saturating_add(1), &charge.intent, charge.amount, None)
}

pub(super) fn start(
    begun: &Begun,
    operation: Operation,
    attempt: u32,
    intent: &Arc<str>,
    amount: Amount,
    reason: Option<Arc<str>>,
) -> Event {
    let intent = Some(Arc::clone(intent));
    let (gateway, moved_because) = (None, None);
    Event::AttemptStarted(AttemptStarted {
        order: begun.order,
        operation,
        attempt,
        intent,
        amount,
        reason,
        gateway,
        moved_because,
    })
}

/// The same authorisation under a new key, through another gateway: the one before certainly did nothing.
pub(super) fn elsewhere(begun: &Begun, work: &Work, gateway: &Gateway, because: Reason) -> Event {
    Event::AttemptStarted(AttemptStarted {
        order: begun.order,
        operation: work.operation,
        attempt: work.attempt.saturating_add(1),
        intent: None,
        amount: work.amount,
        reason: None,
        gateway: Some(gateway.clone()),
        moved_because: Some(because),
    })
}

/// The same operation under a new key.
fn next_attempt(begun: &Begun, work: &Work) -> Event {
    // Nothing came of the last one, and what the gateway says of its key does not change: another gateway may do better.
    let is_closed = begun.past.last().is_some_and(|past| past.end == PastEnd::KeyClosed);
    if work.operation == Operation::Authorize
        && is_closed
        && begun.gateways.len() > 1
        && let Some(next) = begun.next_gateway(work.attempt)
    {
        return elsewhere(begun, work, next, Reason::NotFound);
    }
    let intent = match work.operation {
        Operation::Authorize => None,
        Operation::Capture | Operation::Void | Operation::Refund(_) => work.intent.clone(),
    };
    Event::AttemptStarted(AttemptStarted {
        order: begun.order,
        operation: work.operation,
        attempt: work.attempt.saturating_add(1),
        intent,
        amount: work.amount,
        reason: work.reason.clone(),
        gateway: None,
        moved_because: None,
    })
}

pub(super) fn retry_started(begun: &Begun, next: Next) -> Event {
    Event::RetryStarted(RetryStarted { order: begun.order, next, hurried: false })
}

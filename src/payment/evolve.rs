//! How events change what is known of a payment. Total: what was recorded can always be replayed.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::ACTION_LOOKS_AFTER_MS;
use super::bank::{Operation, Reason};
use super::event::{Created, Event, Failure, Next, RefundFailed, RetryScheduled, StrayCharge};
use super::route::{Gateway, Routed};
use super::state::{
    Action, Begun, Charge, Course, Doubt, Look, Past, PastEnd, Refund, RefundState, Stage, State, Stray, Work,
};

/// How many of the bank's ids for tries that it took back are kept of one refund.
const BOUNCED_MAX: usize = 16;

/// Folds one event. Total: an event that does not fit changes nothing.
pub(super) fn evolve(state: &mut State, event: &Event, at: Timestamp) {
    match (&mut *state, event) {
        (State::Unbegun, Event::Created(created)) => *state = State::Begun(Box::new(Begun::new(created, at))),
        (State::Begun(begun), event) => begun.apply(event, at),
        (State::Unbegun, _) => {}
    }
}

impl Begun {
    fn new(created: &Created, at: Timestamp) -> Self {
        Self {
            order: created.order,
            amount: created.amount,
            currency: created.currency,
            method: Arc::clone(&created.method),
            capture: created.capture,
            retry: created.retry,
            routed: created
                .gateways
                .first()
                .map(|gateway| Routed { attempt: 1, gateway: gateway.clone() })
                .into_iter()
                .collect(),
            gateways: created.gateways.clone(),
            begun_at: at,
            changed_at: at,
            course: Course::Wanted,
            work: Some(Work::new(Operation::Authorize, 1, None, created.amount, None, at)),
            action: None,
            look: None,
            charge: None,
            capture_failure: None,
            strays: Vec::new(),
            refunds: Vec::new(),
            past: Vec::new(),
            declines: 0,
            voids: 0,
            captures: 0,
            reported: Amount::ZERO,
            troubles: 0,
            troubles_told: 0,
            disputes: Vec::new(),
            dispute_told: false,
            arrived_late: false,
        }
    }

    fn charge_of_mut(&mut self, intent: &str) -> Option<&mut Charge> {
        let strays = self.strays.iter_mut().map(|stray| &mut stray.charge);
        self.charge.iter_mut().chain(strays).find(|charge| &*charge.intent == intent)
    }

    fn apply(&mut self, event: &Event, at: Timestamp) {
        self.changed_at = at;
        match event {
            // A second beginning was never decided.
            Event::Created(_) => {}
            Event::Processed(e) => {
                self.work = None;
                self.action = None;
                self.charge = Some(Charge {
                    attempt: e.attempt,
                    intent: Arc::clone(&e.intent),
                    charge: e.charge.clone(),
                    amount: e.amount,
                    captured: e.captured,
                    refunded: Amount::ZERO,
                    is_voided: false,
                    at,
                });
            }
            Event::AttemptStarted(e) => {
                let (intent, reason) = (e.intent.clone(), e.reason.clone());
                self.start(Work::new(e.operation, e.attempt, intent, e.amount, reason, at), at);
                if let Some(gateway) = &e.gateway {
                    self.moves_to(gateway, e.attempt);
                }
            }
            Event::RetryScheduled(e) => {
                let Some(work) = &mut self.work else { return };
                if e.next == Next::Attempt && e.reason != Reason::Declined {
                    self.past.push(Past {
                        operation: work.operation,
                        attempt: work.attempt,
                        at,
                        intent: work.intent.clone(),
                        end: PastEnd::KeyClosed,
                    });
                }
                work.wait(e, at);
            }
            Event::RetryStarted(e) => {
                self.go_on(e.next, at);
                if let Some(work) = &mut self.work {
                    work.is_hurried = e.hurried;
                }
            }
            Event::OutcomeUnknown(e) => {
                let Some(work) = &mut self.work else { return };
                work.is_replayed = e.replayed;
                work.is_refused = e.reason == Reason::Refused;
                if !work.is_refused {
                    work.doubt(at);
                }
                work.abandoned_at = None;
                if work.is_sending() {
                    work.stage = Stage::Inquiring { since: at };
                }
            }
            Event::Declined(e) => {
                let end = PastEnd::Declined {
                    code: Arc::clone(&e.code),
                    decline_code: e.decline_code.clone(),
                    class: e.class,
                    message: Arc::clone(&e.message),
                };
                let intent = e.intent.clone();
                self.past.push(Past { operation: e.operation, attempt: e.attempt, at, intent, end });
                if e.operation == Operation::Authorize {
                    self.declines = self.declines.saturating_add(1);
                    self.action = None;
                }
                if let Some(work) = &mut self.work {
                    work.doubt = None;
                    work.abandoned_at = None;
                }
            }
            Event::RequiresAction(e) => {
                self.work = None;
                // The same again: the bank was asked, and the shopper has not acted.
                let before = self.action.take().filter(|action| action.intent == e.intent);
                let looks = before.map_or(0, |action| action.looks.saturating_add(1));
                self.action = Some(Action {
                    attempt: e.attempt,
                    intent: Arc::clone(&e.intent),
                    url: e.url.clone(),
                    look_at: Some(at.plus_millis(action_look_after_ms(looks))),
                    looks,
                });
            }
            Event::Captured(e) => {
                if let Some(charge) = self.charge_of_mut(&e.intent) {
                    charge.captured = e.amount;
                    charge.is_voided = false;
                }
                self.capture_failure = None;
                self.finish_work_on(&e.intent);
            }
            Event::Voided(e) => {
                if let Some(charge) = self.charge_of_mut(&e.intent) {
                    charge.is_voided = true;
                }
                if let Some(action) = self.action.take_if(|action| action.intent == e.intent) {
                    self.past.push(Past {
                        operation: Operation::Authorize,
                        attempt: action.attempt,
                        at,
                        intent: Some(action.intent),
                        end: PastEnd::Voided,
                    });
                }
                self.finish_work_on(&e.intent);
            }
            Event::Refunded(e) => {
                if let Some(charge) = self.charge_of_mut(&e.intent) {
                    charge.refunded = charge.refunded.plus(e.amount).unwrap_or(charge.captured);
                }
                let state = RefundState::Succeeded { id: Arc::clone(&e.id) };
                let refund = self.refund_of(e.refund, &e.intent, e.amount, at);
                (refund.amount, refund.state) = (e.amount, state);
                (refund.check_at, refund.checks) = (e.check_at, 0);
                if !self.is_wanted() {
                    // The order asks for itself how an undoing ended.
                    self.reported = self.refunded_of_order();
                }
                self.finish(Operation::Refund(e.refund));
            }
            Event::CancelRequested(e) => {
                self.course = Course::Canceled { reason: Arc::clone(&e.reason) };
                for refund in self.refunds.iter_mut().filter(|refund| refund.is_queued()) {
                    (refund.state, refund.updated_at) = (RefundState::Canceled, at);
                }
                let Some(work) = &mut self.work else { return };
                if work.operation == Operation::Authorize {
                    if work.is_sending() {
                        work.abandoned_at = Some(at);
                    }
                    if !matches!(work.stage, Stage::Inquiring { .. }) {
                        work.stage = Stage::Inquiring { since: at };
                    }
                }
            }
            Event::Canceled(e) => {
                self.course = Course::Canceled { reason: Arc::clone(&e.reason) };
                self.work = None;
                self.action = None;
            }
            Event::Failed(e) => {
                self.course = Course::Failed { reason: e.reason };
                self.work = None;
                self.action = None;
            }
            Event::CaptureFailed(e) => {
                self.capture_failure = Some(Arc::clone(&e.code));
                self.finish(Operation::Capture);
                if e.lapsed
                    && let Some(charge) = &mut self.charge
                {
                    charge.is_voided = true;
                }
            }
            Event::RefundFailed(e) => {
                self.troubles = self.troubles.saturating_add(1);
                self.refund_failed(e, at);
                // What must be undone is tried again; what was merely wished for is not.
                if self.work.as_ref().is_some_and(|work| !self.is_undoing(work)) {
                    self.finish(Operation::Refund(e.refund));
                }
            }
            Event::IntegrityFailure(e) => {
                self.work = None;
                self.action = None;
                if self.is_wanted() {
                    self.course = Course::Failed { reason: Failure::Integrity };
                }
                self.found(e, at);
            }
            Event::ChargeFound(e) => self.found(e, at),
            Event::RefundRequested(e) => {
                let mut refund =
                    Refund::new(e.refund, Arc::clone(&e.intent), e.amount, RefundState::Pending, at);
                (refund.reason, refund.reference) = (Some(Arc::clone(&e.reason)), e.reference.clone());
                self.refunds.push(refund);
            }
            Event::RefundPending(e) => {
                let refund = self.refund_of(e.refund, &e.intent, e.amount, at);
                let id = Arc::clone(&e.id);
                (refund.amount, refund.state) =
                    (e.amount, RefundState::Accepted { id, progress: e.progress });
                (refund.check_at, refund.checks) = (Some(e.check_at), 0);
                self.finish(Operation::Refund(e.refund));
            }
            Event::RefundCheckStarted(e) => self.check(e.refund, at),
            Event::RefundChecked(e) => {
                if let Some(refund) = self.refund_mut(e.refund) {
                    (refund.check_at, refund.checks) = (e.check_at, refund.checks.saturating_add(1));
                }
                self.finish(Operation::Refund(e.refund));
            }
            Event::LookStarted(e) => {
                let before = self.look.take().filter(|look| look.intent == e.intent);
                let (attempt, intent) = (e.attempt, Arc::clone(&e.intent));
                let tries = before.map_or(0, |look| look.tries);
                self.look = Some(Look { attempt, intent, since: at, tries, wait_until: None });
            }
            Event::LookEnded(e) => {
                let open = self.look.take().filter(|_| e.again_at.is_some());
                self.look = open.map(|look| Look {
                    tries: look.tries.saturating_add(1),
                    wait_until: e.again_at,
                    ..look
                });
            }
            Event::RefundsReported(e) => self.reported = e.refunded,
            Event::TroubleReported(e) => self.troubles_told = e.troubles,
            Event::Disputed(e) | Event::DisputeUpdated(e) => self.disputed(e, at),
            Event::DisputeReported(e) => self.dispute_told = e.is_disputed,
            Event::ArrivedLate(_) => {
                self.troubles = self.troubles.saturating_add(1);
                self.arrived_late = true;
            }
        }
    }

    fn refund_mut(&mut self, number: u32) -> Option<&mut Refund> {
        self.refunds.iter_mut().rev().find(|refund| refund.number == number)
    }

    /// The refund of a number, to be given a new state: a further one, should the bank have made it twice.
    fn refund_of(&mut self, number: u32, intent: &Arc<str>, amount: Amount, at: Timestamp) -> &mut Refund {
        let is_open = |refund: &Refund| {
            refund.number == number && !matches!(refund.state, RefundState::Succeeded { .. })
        };
        let place = match self.refunds.iter().position(is_open) {
            Some(place) => place,
            None => {
                let intent = Arc::clone(intent);
                self.refunds.push(Refund::new(number, intent, amount, RefundState::Pending, at));
                self.refunds.len() - 1
            }
        };
        let refund = &mut self.refunds[place];
        refund.updated_at = at;
        refund
    }

    fn refund_failed(&mut self, event: &RefundFailed, at: Timestamp) {
        let Some(refund) = self.refund_mut(event.refund) else { return };
        let intent = Arc::clone(&refund.intent);
        let before =
            std::mem::replace(&mut refund.state, RefundState::Failed { code: Arc::clone(&event.code) });
        (refund.updated_at, refund.check_at, refund.checks) = (at, None, 0);
        match before {
            RefundState::Succeeded { id } | RefundState::Accepted { id, .. } => {
                refund.bounced.push(id);
                let excess = refund.bounced.len().saturating_sub(BOUNCED_MAX);
                refund.bounced.drain(..excess);
            }
            RefundState::Pending | RefundState::Failed { .. } | RefundState::Canceled => {}
        }
        if let Some(charge) = self.charge_of_mut(&intent) {
            charge.refunded = charge.refunded.minus(event.reversed).unwrap_or(Amount::ZERO);
        }
    }

    /// An accepted refund is looked at again.
    fn check(&mut self, number: u32, at: Timestamp) {
        // Of a refund that the bank made several times, over all of them: what follows has a key that was never used.
        let of_number = self.refunds.iter().filter(|refund| refund.number == number);
        let attempts = of_number.map(|refund| refund.attempts).max().unwrap_or(0);
        let Some(refund) = self.refund_mut(number) else { return };
        refund.check_at = None;
        let (intent, amount, attempt) = (Arc::clone(&refund.intent), refund.amount, attempts.max(1));
        let (reason, tries) = (refund.reason.clone(), attempts);
        let started_at = refund.created_at;
        let mut work = Work::new(Operation::Refund(number), attempt, Some(intent), amount, reason, at);
        (work.stage, work.is_check) = (Stage::Inquiring { since: at }, true);
        (work.started_at, work.tries) = (started_at, tries);
        self.work = Some(work);
    }

    fn start(&mut self, mut work: Work, at: Timestamp) {
        // The same operation again, under a new key: it has waited before.
        if let Some(before) = &self.work
            && before.operation == work.operation
        {
            work.tries = before.tries;
            work.started_at = before.started_at;
            (work.was_sent, work.hops) = (before.was_sent, before.hops);
        }
        match work.operation {
            Operation::Authorize => {}
            Operation::Capture => self.captures = self.captures.max(work.attempt),
            Operation::Void => self.voids = self.voids.max(work.attempt),
            Operation::Refund(number) => {
                if let Some(intent) = &work.intent {
                    let refund = self.refund_of(number, intent, work.amount, at);
                    refund.state = RefundState::Pending;
                    refund.attempts = refund.attempts.max(work.attempt);
                    if refund.reason.is_none() {
                        refund.reason.clone_from(&work.reason);
                    }
                }
            }
        }
        self.work = Some(work);
    }

    /// The attempt, and those after it, go through another gateway.
    fn moves_to(&mut self, gateway: &Gateway, attempt: u32) {
        self.routed.push(Routed { attempt, gateway: gateway.clone() });
        if let Some(work) = &mut self.work {
            work.hops = work.hops.saturating_add(1);
        }
    }

    fn go_on(&mut self, next: Next, at: Timestamp) {
        if let Some(work) = &mut self.work {
            work.stage = match next {
                Next::Send | Next::Attempt => Stage::Sending { since: at },
                Next::Inquire => Stage::Inquiring { since: at },
            };
        } else if let Some(action) = &self.action {
            // A person asked whether the shopper has done what was needed.
            let intent = Some(Arc::clone(&action.intent));
            let mut work = Work::new(Operation::Authorize, action.attempt, intent, self.amount, None, at);
            work.stage = Stage::Inquiring { since: at };
            work.doubt(at);
            self.work = Some(work);
        }
    }

    fn found(&mut self, stray: &StrayCharge, at: Timestamp) {
        self.strays.push(Stray {
            charge: Charge {
                attempt: stray.attempt,
                intent: Arc::clone(&stray.intent),
                charge: stray.charge.clone(),
                amount: stray.amount,
                captured: stray.captured,
                refunded: Amount::ZERO,
                is_voided: false,
                at,
            },
            currency: stray.currency,
        });
    }

    fn finish(&mut self, operation: Operation) {
        if self.work.as_ref().is_some_and(|work| work.operation == operation) {
            self.work = None;
        }
    }

    /// Ends a capture or void of an intent: either answer settles both questions.
    fn finish_work_on(&mut self, intent: &Arc<str>) {
        let is_settled = |work: &Work| {
            matches!(work.operation, Operation::Capture | Operation::Void)
                && work.intent.as_ref() == Some(intent)
        };
        if self.work.as_ref().is_some_and(is_settled) {
            self.work = None;
        }
    }
}

fn action_look_after_ms(looks: u32) -> u64 {
    let [.., last] = ACTION_LOOKS_AFTER_MS;
    let nth = usize::try_from(looks).unwrap_or(usize::MAX);
    ACTION_LOOKS_AFTER_MS.get(nth).copied().unwrap_or(last)
}

impl Work {
    fn new(
        operation: Operation,
        attempt: u32,
        intent: Option<Arc<str>>,
        amount: Amount,
        reason: Option<Arc<str>>,
        at: Timestamp,
    ) -> Self {
        Self {
            operation,
            attempt,
            intent,
            amount,
            reason,
            stage: Stage::Sending { since: at },
            tries: 0,
            started_at: at,
            doubt: None,
            abandoned_at: None,
            is_replayed: false,
            is_refused: false,
            is_hurried: false,
            is_check: false,
            was_sent: false,
            hops: 0,
        }
    }

    fn wait(&mut self, event: &RetryScheduled, at: Timestamp) {
        self.is_hurried = false;
        self.is_check &= event.next == Next::Inquire;
        match event.reason {
            // It may still happen.
            Reason::Processing | Reason::KeyInUse => self.doubt(at),
            // It certainly did not happen, if the bank has had time to notice.
            Reason::NotFound => {
                if self.is_settled_nothing() {
                    self.doubt = None;
                }
                self.is_replayed &= event.next != Next::Attempt;
            }
            // Nor did this, likewise; what follows goes out under the same key, or once it is certain.
            Reason::NotDone => {
                if self.is_settled_nothing() {
                    self.doubt = None;
                }
            }
            Reason::Declined => self.doubt = None,
            Reason::GatewayUnavailable
            | Reason::ConnectFailed
            | Reason::LaneClosed
            | Reason::RateLimited
            | Reason::Refused
            | Reason::TimedOut
            | Reason::ConnectionLost
            | Reason::ServerError
            | Reason::Unreadable
            | Reason::KeyConflict
            | Reason::Interrupted => {}
        }
        if event.intent.is_some() {
            self.intent = event.intent.clone();
        }
        self.tries = event.tries;
        self.hops = 0;
        self.was_sent |= !matches!(event.reason, Reason::GatewayUnavailable | Reason::LaneClosed);
        self.stage = if event.reason == Reason::GatewayUnavailable && event.next == Next::Send {
            // The lane keeps it until the bank takes calls again: nothing but that has to be waited for.
            Stage::Sending { since: at }
        } else {
            Stage::Waiting { at: event.at, reason: event.reason, next: event.next }
        };
    }

    fn doubt(&mut self, at: Timestamp) {
        let first = match (self.doubt, self.stage) {
            (Some(doubt), _) => doubt.first,
            (None, Stage::Sending { since }) => since,
            (None, Stage::Inquiring { .. } | Stage::Waiting { .. }) => at,
        };
        self.doubt = Some(Doubt { first, last: at });
    }
}

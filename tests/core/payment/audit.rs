//! An auditor who reads a payment's journal and believes nothing else: keys, doubts, and money to the minor unit.

use std::sync::Arc;

use orderflow::payment::bank::{Call, Operation, Outcome, Reason};
use orderflow::payment::{AttemptStarted, Command, Event, Next, RetryScheduled, State};
use orderflow::types::{Amount, Timestamp};

use crate::ensure;
use crate::game::Holds;
use crate::tally::Tally;

/// For how long after a call that may have arrived "not found" proves nothing. As reliability demands it, not as the code has it.
const CERTAIN_AFTER_MS: u64 = 30_000;
/// Refunds that undo something count from here.
const UNDO_FROM: u32 = 1_000_000;

/// What was journaled under a key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) operation: Operation,
    pub(super) attempt: u32,
    intent: Option<Arc<str>>,
    amount: Amount,
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Audit {
    amount: Option<Amount>,
    keys: Vec<Key>,
    /// The attempt that is not settled.
    open: Option<Open>,
    charges: Vec<Charge>,
    refunds: Vec<Refund>,
    /// The money is not wanted any more.
    is_over: bool,
    is_late_said: bool,
    /// The bank made a refund that nobody waited for, or of another amount: what is in the queue was reckoned without it.
    is_surprised: bool,
}

#[derive(Clone, Debug)]
struct Open {
    operation: Operation,
    attempt: u32,
    is_sending: bool,
    /// When the question began that is out.
    asked_since: Option<Timestamp>,
    /// When a call that may have arrived was last on its way.
    doubt: Option<Timestamp>,
    /// When the payment was canceled over a call on its way.
    abandoned: Option<Timestamp>,
    is_check: bool,
    /// Why a new attempt is planned.
    planned: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq)]
struct Charge {
    intent: Arc<str>,
    amount: Amount,
    captured: Amount,
    refunded: Amount,
    is_voided: bool,
    is_stray: bool,
}

#[derive(Clone, Debug)]
struct Refund {
    number: u32,
    intent: Arc<str>,
    amount: Amount,
    state: RefundState,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum RefundState {
    Queued,
    Sent,
    Accepted,
    Made,
    Failed,
    Canceled,
}

impl RefundState {
    /// Whether its money may still leave.
    fn is_pending(self) -> bool {
        matches!(self, RefundState::Queued | RefundState::Sent | RefundState::Accepted)
    }
}

impl Open {
    fn uncertain(&self) -> Option<Timestamp> {
        self.doubt.max(self.abandoned)
    }

    /// Whether "not found" to the question that is out proves that nothing happened.
    fn is_proof(&self) -> bool {
        let Some(uncertain) = self.uncertain() else { return self.asked_since.is_some() };
        self.asked_since.is_some_and(|since| uncertain.plus_millis(CERTAIN_AFTER_MS) <= since)
    }
}

impl Audit {
    /// Every key so far.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether a command answers about an attempt that is settled.
    pub(super) fn is_closed(&self, command: &Command) -> bool {
        let Command::Answered { operation, attempt, .. } = command else { return false };
        let is_known = self.keys.iter().any(|key| key.operation == *operation && key.attempt == *attempt);
        let is_open =
            self.open.as_ref().is_some_and(|open| open.operation == *operation && open.attempt == *attempt);
        is_known && !is_open
    }

    /// Whether a call may go out: its key stands in the journal, for this intent and this amount.
    pub(super) fn allows(&self, call: &Call) -> Holds {
        if let Call::Look { .. } = call {
            return Ok(());
        }
        let (operation, attempt) = (call.operation(), call.attempt());
        if self.open.as_ref().is_some_and(|open| open.is_check) {
            // A second look at a refund, which is asked about by its number.
            let is_a_look =
                call.is_inquiry() && self.open.as_ref().is_some_and(|open| open.operation == operation);
            return if is_a_look { Ok(()) } else { Err(format!("more than a look goes out: {call:?}")) };
        }
        let key = self.keys.iter().find(|key| key.operation == operation && key.attempt == attempt);
        let key = key.ok_or_else(|| format!("a call without a key in the journal: {call:?}"))?;
        let is_the_same = match call {
            Call::Authorize { amount, .. } => *amount == key.amount,
            Call::Capture { intent, amount, .. } | Call::Refund { intent, amount, .. } => {
                Some(intent) == key.intent.as_ref() && *amount == key.amount
            }
            Call::Void { intent, .. } => Some(intent) == key.intent.as_ref(),
            Call::Inquire { .. } | Call::Look { .. } => true,
        };
        ensure!(is_the_same, "another call under a known key: {call:?}, journaled as {key:?}");
        let is_new_money = matches!(call, Call::Authorize { .. } | Call::Capture { .. });
        ensure!(!self.is_over || !is_new_money, "money is asked for that nobody wants: {call:?}");
        let open = self.open.as_ref().map(|open| (open.operation, open.attempt));
        ensure!(open == Some((operation, attempt)), "{call:?} goes out while {open:?} is under way");
        Ok(())
    }

    /// Whether the payment has the same money in its books.
    pub(super) fn compare(&self, state: &State) -> Holds {
        let Some(begun) = state.begun() else { return Ok(()) };
        let known = begun.charges().count();
        ensure!(known == self.charges.len(), "{known} charges, not {:?}", self.charges);
        for charge in begun.charges() {
            let (intent, amount) = (Arc::clone(&charge.intent), charge.amount);
            let (captured, refunded, is_voided) = (charge.captured, charge.refunded, charge.is_voided);
            let is_stray = begun.charge.as_ref().is_none_or(|own| own.intent != intent);
            let is = Charge { intent, amount, captured, refunded, is_voided, is_stray };
            ensure!(self.charges.contains(&is), "{is:?} is not in {:?}", self.charges);
        }
        for charge in &self.charges {
            ensure!(charge.captured <= charge.amount, "more is captured than authorised: {charge:?}");
            ensure!(charge.refunded <= charge.captured, "more is refunded than captured: {charge:?}");
        }
        Ok(())
    }

    /// Reads one event, and what led to it.
    pub(super) fn read(
        &mut self,
        event: &Event,
        command: &Command,
        now: Timestamp,
        tally: &mut Tally,
    ) -> Holds {
        match event {
            Event::Created(e) => {
                ensure!(self.amount.replace(e.amount).is_none(), "it begins twice");
                let operation = Operation::Authorize;
                self.keys.push(Key { operation, attempt: 1, intent: None, amount: e.amount });
                self.open = Some(Open::sending(operation, 1));
            }
            Event::AttemptStarted(e) => self.attempt(e, tally)?,
            Event::RetryScheduled(e) => self.scheduled(e, command, now)?,
            Event::RetryStarted(e) => {
                let open = match &mut self.open {
                    Some(open) => open,
                    // Somebody asks whether the shopper has acted.
                    None => {
                        let attempt = self.keys.iter().filter(|key| key.operation == Operation::Authorize);
                        let attempt = attempt.map(|key| key.attempt).max().unwrap_or(1);
                        let mut asked = Open::sending(Operation::Authorize, attempt);
                        asked.doubt = Some(now);
                        self.open.insert(asked)
                    }
                };
                open.is_sending = e.next == Next::Send;
                open.asked_since = (e.next == Next::Inquire).then_some(now);
                ensure!(e.next != Next::Attempt, "an attempt without a key of its own");
            }
            Event::OutcomeUnknown(e) => {
                let open = self.open_as(e.operation, e.attempt)?;
                if e.reason != Reason::Refused {
                    open.doubt = Some(now);
                }
                open.abandoned = None;
                if open.is_sending {
                    (open.is_sending, open.asked_since) = (false, Some(now));
                }
            }
            Event::Declined(e) => {
                let open = self.open_as(e.operation, e.attempt)?;
                (open.doubt, open.abandoned) = (None, None);
            }
            Event::RequiresAction(_) => self.open = None,
            Event::Processed(e) => {
                ensure!(self.charges.iter().all(|charge| charge.is_stray), "it is paid twice");
                ensure!(Some(e.amount) == self.amount, "another amount is taken for the order's own");
                if self.open.as_ref().is_some_and(|open| open.uncertain().is_some()) {
                    tally.window("found after nobody knew");
                }
                self.open = None;
                self.charge(&e.intent, e.amount, e.captured, false)?;
            }
            Event::IntegrityFailure(e) => {
                (self.open, self.is_over) = (None, true);
                self.charge(&e.intent, e.amount, e.captured, true)?;
            }
            Event::ChargeFound(e) => self.charge(&e.intent, e.amount, e.captured, true)?,
            Event::Captured(e) => {
                let charge = self.charge_mut(&e.intent)?;
                ensure!(charge.captured.is_zero(), "it is captured twice");
                (charge.captured, charge.is_voided) = (e.amount, false);
                self.settle_intent(&e.intent);
            }
            Event::Voided(e) => {
                if let Some(charge) = self.charges.iter_mut().find(|charge| charge.intent == e.intent) {
                    ensure!(charge.captured.is_zero(), "what was captured is voided");
                    charge.is_voided = true;
                }
                self.settle_intent(&e.intent);
            }
            Event::CaptureFailed(e) => {
                self.settle(Operation::Capture);
                if e.lapsed
                    && let Some(charge) = self.charges.iter_mut().find(|charge| !charge.is_stray)
                {
                    charge.is_voided = true;
                }
            }
            Event::RefundRequested(e) => {
                let charge = self.charge_mut(&e.intent)?.clone();
                ensure!(
                    !self.is_over && !charge.is_stray,
                    "a refund is promised of money that goes back anyway"
                );
                ensure!(!e.amount.is_zero(), "a refund of nothing");
                let promised = self.pending(&e.intent);
                let total = charge.refunded.minor() + promised + e.amount.minor();
                ensure!(
                    self.is_surprised || total <= charge.captured.minor(),
                    "{total} go back or are promised of {}",
                    charge.captured.minor()
                );
                let is_new = self.refunds.iter().all(|known| known.number != e.refund);
                ensure!(is_new && e.refund < UNDO_FROM, "the refund's number is in use");
                self.refunds.push(Refund {
                    number: e.refund,
                    intent: Arc::clone(&e.intent),
                    amount: e.amount,
                    state: RefundState::Queued,
                });
            }
            Event::RefundPending(e) => self.refund(e.refund, &e.intent, e.amount, RefundState::Accepted),
            Event::Refunded(e) => {
                self.refund(e.refund, &e.intent, e.amount, RefundState::Made);
                let charge = self.charge_mut(&e.intent)?;
                let refunded = charge.refunded.plus(e.amount).ok_or("too much money")?;
                ensure!(refunded <= charge.captured, "{refunded:?} are given back of {:?}", charge.captured);
                if refunded < charge.captured {
                    tally.window("refunded in parts");
                }
                charge.refunded = refunded;
            }
            Event::RefundFailed(e) => self.refund_failed(e.refund, e.reversed)?,
            Event::RefundCheckStarted(e) => {
                ensure!(self.open.is_none(), "two operations at once");
                let attempt = self.attempts(Operation::Refund(e.refund)).max(1);
                let mut check = Open::sending(Operation::Refund(e.refund), attempt);
                (check.is_sending, check.asked_since, check.is_check) = (false, Some(now), true);
                self.open = Some(check);
            }
            Event::RefundChecked(e) => self.settle(Operation::Refund(e.refund)),
            Event::CancelRequested(_) => {
                ensure!(!self.is_over, "it is canceled twice");
                self.is_over = true;
                for refund in self.refunds.iter_mut().filter(|refund| refund.state == RefundState::Queued) {
                    refund.state = RefundState::Canceled;
                }
                if let Some(open) = &mut self.open
                    && open.operation == Operation::Authorize
                {
                    if open.uncertain().is_some() {
                        tally.window("canceled while nobody knew");
                    }
                    if open.is_sending {
                        open.abandoned = Some(now);
                    }
                    open.is_sending = false;
                    open.asked_since = open.asked_since.or(Some(now));
                }
            }
            Event::Canceled(_) | Event::Failed(_) => {
                self.is_certain_that_nothing_happened(command)?;
                (self.is_over, self.open) = (true, None);
            }
            Event::ArrivedLate(_) => {
                ensure!(self.is_over, "money that is wanted is called late");
                ensure!(
                    !std::mem::replace(&mut self.is_late_said, true),
                    "it is said twice that money is late"
                );
            }
            Event::LookStarted(_)
            | Event::LookEnded(_)
            | Event::RefundsReported(_)
            | Event::TroubleReported(_)
            | Event::Disputed(_)
            | Event::DisputeUpdated(_)
            | Event::DisputeReported(_) => {}
        }
        Ok(())
    }

    /// A key of its own, used once, for something that may be done now.
    fn attempt(&mut self, e: &AttemptStarted, tally: &mut Tally) -> Holds {
        let before = self.attempts(e.operation);
        ensure!(e.attempt == before + 1, "attempt {} after {before} of them", e.attempt);
        let is_new_money = matches!(e.operation, Operation::Authorize | Operation::Capture);
        ensure!(!self.is_over || !is_new_money, "money is asked for that nobody wants");
        if let Some(open) = &self.open {
            let is_again = open.operation == e.operation;
            ensure!(
                !is_again || open.doubt.is_none(),
                "a new key, and nobody knows what came of the last: {open:?}"
            );
            ensure!(!is_again || open.attempt != e.attempt, "the same key is made twice");
            let is_overtaken =
                self.is_over && (open.operation == Operation::Capture || e.operation == Operation::Void);
            ensure!(is_again || is_overtaken, "two operations at once: {open:?}");
            if open.planned == Some(Reason::NotFound) {
                tally.window("proven nothing, and a new key");
            }
        }
        if e.gateway.is_some() {
            tally.window("moved to another gateway");
        }
        match e.operation {
            Operation::Authorize => {
                ensure!(Some(e.amount) == self.amount, "another amount is asked for");
                ensure!(self.charges.iter().all(|charge| charge.is_stray), "it is paid, and asked for again");
            }
            Operation::Capture => {
                let intent = e.intent.as_ref().ok_or("a capture of nothing")?;
                let charge = self.charge_mut(intent)?;
                ensure!(
                    charge.captured.is_zero() && charge.amount == e.amount,
                    "captured otherwise: {charge:?}"
                );
            }
            Operation::Void => {}
            Operation::Refund(number) => {
                let intent = e.intent.clone().ok_or("a refund of nothing")?;
                self.refund(number, &intent, e.amount, RefundState::Sent);
                let sent = self.refunds.iter().filter(|known| known.intent == intent);
                let sent =
                    sent.filter(|known| matches!(known.state, RefundState::Sent | RefundState::Accepted));
                let sent: i64 = sent.map(|known| known.amount.minor()).sum();
                let charge = self.charge_mut(&intent)?.clone();
                ensure!(
                    self.is_surprised || charge.refunded.minor() + sent <= charge.captured.minor(),
                    "{} are given back and {sent} are asked for of {charge:?}",
                    charge.refunded.minor()
                );
            }
        }
        let (operation, attempt) = (e.operation, e.attempt);
        self.keys.push(Key { operation, attempt, intent: e.intent.clone(), amount: e.amount });
        self.open = Some(Open::sending(e.operation, e.attempt));
        Ok(())
    }

    fn scheduled(&mut self, e: &RetryScheduled, command: &Command, now: Timestamp) -> Holds {
        let is_not_found = matches!(command, Command::Answered { outcome: Outcome::NotFound, .. });
        let open = self.open.as_mut().ok_or("a wait for nothing")?;
        ensure!(open.operation == e.operation, "a wait for something else");
        match e.reason {
            Reason::Processing | Reason::KeyInUse => open.doubt = Some(now),
            Reason::NotFound if is_not_found && open.is_proof() => open.doubt = None,
            Reason::NotDone | Reason::Declined => open.doubt = None,
            Reason::NotFound
            | Reason::GatewayUnavailable
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
        open.planned = (e.next == Next::Attempt).then_some(e.reason);
        if e.next == Next::Attempt {
            let is_settled = matches!(e.reason, Reason::NotFound | Reason::NotDone | Reason::Declined);
            ensure!(
                is_settled && open.doubt.is_none(),
                "a new attempt is planned, and nobody knows of the last: {open:?}"
            );
        }
        ensure!(
            e.at >= now || e.reason == Reason::GatewayUnavailable,
            "a wait that is over before it begins"
        );
        // While a gateway takes no calls, the call stays in line.
        open.is_sending = e.reason == Reason::GatewayUnavailable && e.next == Next::Send;
        open.asked_since = None;
        open.is_check &= e.next == Next::Inquire;
        Ok(())
    }

    /// Nobody may say "never paid" while a call may have arrived.
    fn is_certain_that_nothing_happened(&self, command: &Command) -> Holds {
        let Some(open) = &self.open else { return Ok(()) };
        if open.operation != Operation::Authorize {
            return Ok(());
        }
        match command {
            Command::Cancel { .. } => {
                ensure!(
                    !open.is_sending && open.uncertain().is_none(),
                    "canceled as never paid, and a call may have arrived: {open:?}"
                );
            }
            Command::Answered { outcome: Outcome::NotFound, .. } => {
                ensure!(open.is_proof(), "given up as never paid without proof: {open:?}");
            }
            _ => {}
        }
        Ok(())
    }

    fn open_as(&mut self, operation: Operation, attempt: u32) -> Result<&mut Open, String> {
        let under_way = self.open.as_ref().map(|open| (open.operation, open.attempt));
        let open = self.open.as_mut().filter(|_| under_way == Some((operation, attempt)));
        open.ok_or_else(|| format!("about {operation} {attempt}, while {under_way:?} is under way"))
    }

    fn attempts(&self, operation: Operation) -> u32 {
        let of = self.keys.iter().filter(|key| key.operation == operation);
        of.map(|key| key.attempt).max().unwrap_or(0)
    }

    fn charge(&mut self, intent: &Arc<str>, amount: Amount, captured: Amount, is_stray: bool) -> Holds {
        let is_new = self.charges.iter().all(|charge| charge.intent != *intent);
        ensure!(is_new, "one intent is counted twice");
        let (intent, refunded, is_voided) = (Arc::clone(intent), Amount::ZERO, false);
        self.charges.push(Charge { intent, amount, captured, refunded, is_voided, is_stray });
        Ok(())
    }

    fn charge_mut(&mut self, intent: &str) -> Result<&mut Charge, String> {
        let found = self.charges.iter_mut().find(|charge| &*charge.intent == intent);
        found.ok_or_else(|| format!("money moves of an intent that nobody knows: {intent}"))
    }

    /// What is promised of an intent and has not left.
    fn pending(&self, intent: &str) -> i64 {
        let of = self.refunds.iter().filter(|known| &*known.intent == intent && known.state.is_pending());
        of.map(|known| known.amount.minor()).sum()
    }

    fn refund(&mut self, number: u32, intent: &Arc<str>, amount: Amount, state: RefundState) {
        let known =
            self.refunds.iter_mut().find(|known| known.number == number && known.state != RefundState::Made);
        let is_awaited = self.open.as_ref().is_some_and(|open| open.operation == Operation::Refund(number));
        match known {
            Some(known) => {
                let is_as_asked = is_awaited && known.amount == amount;
                self.is_surprised |= !is_as_asked && state != RefundState::Sent;
                self.is_surprised |= known.state == RefundState::Failed && state != RefundState::Sent;
                (known.amount, known.state) = (amount, state);
            }
            None => {
                self.is_surprised |= state != RefundState::Sent;
                self.refunds.push(Refund { number, intent: Arc::clone(intent), amount, state });
            }
        }
        if state != RefundState::Sent {
            self.settle(Operation::Refund(number));
        }
    }

    fn refund_failed(&mut self, number: u32, reversed: Amount) -> Holds {
        let known = self.refunds.iter_mut().rev().find(|known| known.number == number);
        let known = known.ok_or("a refund fails that was never asked for")?;
        ensure!(
            reversed.is_zero() || known.state == RefundState::Made,
            "what was never given back comes back"
        );
        known.state = RefundState::Failed;
        let intent = Arc::clone(&known.intent);
        let charge = self.charge_mut(&intent)?;
        let left = charge.refunded.minus(reversed);
        ensure!(left.is_some_and(|left| left.minor() >= 0), "more comes back than was given back");
        charge.refunded = left.unwrap_or(Amount::ZERO);
        let is_stray = charge.is_stray;
        if !self.is_over && !is_stray {
            self.settle(Operation::Refund(number));
        }
        Ok(())
    }

    fn settle(&mut self, operation: Operation) {
        if self.open.as_ref().is_some_and(|open| open.operation == operation) {
            self.open = None;
        }
    }

    /// A capture or a void of an intent is settled by either answer.
    fn settle_intent(&mut self, intent: &Arc<str>) {
        let Some(open) = &self.open else { return };
        let is_of_it = self.keys.iter().any(|key| {
            (key.operation, key.attempt) == (open.operation, open.attempt)
                && key.intent.as_ref() == Some(intent)
        });
        if is_of_it && matches!(open.operation, Operation::Capture | Operation::Void) {
            self.open = None;
        }
    }
}

impl Open {
    fn sending(operation: Operation, attempt: u32) -> Self {
        Self {
            operation,
            attempt,
            is_sending: true,
            asked_since: None,
            doubt: None,
            abandoned: None,
            is_check: false,
            planned: None,
        }
    }
}

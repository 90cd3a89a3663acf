//! Scenarios: given what has happened, when this comes, then these events. Laws and the model bank stand beside.

mod answers;
mod declines;
mod disputes;
mod laws;
#[expect(clippy::wildcard_enum_match_arm, reason = "the model bank names only what it does something about")]
mod model;
mod notices;
mod refunds;
mod routing;
mod sending;
mod undoing;
mod view;
mod words;

use super::bank::{
    Call, Decline, IntentStatus, Operation, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use super::*;
use crate::runtime::Event as _;
use crate::types::{Amount, OrderId};

const RETRY: RetryPolicy = RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 3 };

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("legal in tests")
}

fn order() -> OrderId {
    OrderId::from_bits(0x0190_0000_0000_0000_0000_0000_0000_0001)
}

fn begin(capture: Capture) -> Command {
    Command::Begin {
        order: order(),
        amount: amount(3_998),
        currency: "USD".parse().expect("legal"),
        method: "pm_card_visa".into(),
        capture,
        retry: RETRY,
        gateways: Vec::new(),
        gateway_ready: true,
    }
}

fn snapshot(status: IntentStatus) -> Snapshot {
    let captured = if status == IntentStatus::Succeeded { 3_998 } else { 0 };
    Snapshot {
        intent: "pi_1".into(),
        status,
        amount: amount(3_998),
        currency: "USD".parse().ok(),
        captured: amount(captured),
        charge: Some("ch_1".into()),
    }
}

fn succeeded() -> Snapshot {
    snapshot(IntentStatus::Succeeded)
}

fn authorized() -> Snapshot {
    snapshot(IntentStatus::RequiresCapture)
}

fn declined(decline_code: &str) -> Outcome {
    Outcome::Declined(Box::new(Decline {
        code: "card_declined".into(),
        decline_code: Some(decline_code.into()),
        message: "Your card was declined.".into(),
        intent: None,
    }))
}

fn timed_out() -> Outcome {
    Outcome::Unknown { reason: Reason::TimedOut, replayed: false, retry_after_ms: None }
}

fn replayed() -> Outcome {
    Outcome::Unknown { reason: Reason::ServerError, replayed: true, retry_after_ms: None }
}

fn unsent() -> Outcome {
    Outcome::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None }
}

fn no_answer() -> Outcome {
    Outcome::InquiryFailed { reason: Reason::TimedOut, retry_after_ms: None }
}

fn receipt(id: &str, minor: i64, progress: RefundProgress) -> RefundReceipt {
    RefundReceipt { id: id.into(), amount: amount(minor), progress }
}

/// A wish to give so much back.
fn wish(minor: i64) -> Command {
    let how_much = HowMuch::Exactly(amount(minor));
    Command::Refund(Wish { how_much, reason: RefundReason::Customer, reference: None })
}

fn given_back(id: &str, minor: i64) -> Outcome {
    Outcome::Refunded(receipt(id, minor, RefundProgress::Succeeded))
}

/// Appends an event's stored form and reads it back, as a restart does.
fn stored(event: &Event) -> Event {
    let mut data = Vec::new();
    event.write(&mut data);
    Event::read(event.kind(), event.version(), &data).expect("what was written can be read")
}

/// A payment in a test, with its clock and its journal.
struct Paying {
    state: State,
    now: Timestamp,
    journal: Vec<(Event, Timestamp)>,
}

impl Paying {
    fn unbegun() -> Self {
        let now = Timestamp::parse("2026-03-01T09:30:00Z").expect("legal");
        Self { state: State::default(), now, journal: Vec::new() }
    }

    fn begun() -> Self {
        let mut paying = Self::unbegun();
        assert_eq!(paying.told(begin(Capture::Automatic)), "created");
        paying
    }

    fn begun_manual() -> Self {
        let mut paying = Self::unbegun();
        assert_eq!(paying.told(begin(Capture::Manual)), "created");
        paying
    }

    fn captured() -> Self {
        let mut paying = Self::begun();
        assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
        paying
    }

    fn authorized() -> Self {
        let mut paying = Self::begun_manual();
        assert_eq!(paying.answered(Outcome::Intent(authorized())), "processed");
        paying
    }

    fn tell(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        let events = Payment::decide(&self.state, command, self.now)?;
        for event in &events {
            Payment::evolve(&mut self.state, event, self.now);
            self.journal.push((event.clone(), self.now));
        }
        // The order hears of refunds at once, and says so.
        if let Some(Step::ReportRefunds { refunded, .. }) = Payment::due(&self.state).steps.first() {
            self.tell(Command::RefundsHeard { refunded: *refunded })?;
        }
        // So does the alert desk.
        let trouble = |step: &Step| match step {
            Step::ReportTrouble { troubles, .. } => Some(*troubles),
            Step::Report { .. } | Step::ReportRefunds { .. } | Step::ReportDispute { .. } => None,
        };
        if let Some(troubles) = Payment::due(&self.state).steps.iter().find_map(trouble) {
            self.tell(Command::TroubleHeard { troubles })?;
        }
        Ok(events)
    }

    /// Tells it, and names the events that follow.
    fn told(&mut self, command: Command) -> String {
        let events = self.tell(command).expect("not refused");
        let kinds: Vec<&str> =
            events.iter().filter_map(|event| event.kind().strip_prefix("payment.")).collect();
        kinds.join(" ")
    }

    /// The call that is due ends like this.
    fn answered(&mut self, outcome: Outcome) -> String {
        let call = self.call().expect("a call is due");
        self.told(call.ended(outcome))
    }

    /// A call that may not be due any more ends like this.
    fn heard(&mut self, operation: Operation, attempt: u32, outcome: Outcome) -> String {
        self.told(Command::Answered { operation, attempt, outcome })
    }

    fn cancel(&mut self) -> String {
        self.told(Command::Cancel { reason: "customer".into() })
    }

    /// The timer fires.
    fn resumed(&mut self) -> String {
        let (at, command) = Payment::due(&self.state).timer.expect("a timer is set");
        assert!(at > self.now, "a wait takes time");
        self.now = at;
        self.told(command)
    }

    fn call(&self) -> Option<Call> {
        Payment::due(&self.state).call.map(|errand| errand.call)
    }

    /// What is due, in a word or two.
    fn due(&self) -> String {
        let due = Payment::due(&self.state);
        assert!(due.steps.is_empty());
        match (due.call.map(|errand| errand.call), due.timer) {
            (Some(Call::Look { intent, .. }), None) => format!("look {intent}"),
            (Some(call), None) if call.is_inquiry() => {
                format!("inquire {} {}", call.operation(), call.attempt())
            }
            (Some(call), None) => format!("{} {}", call.operation(), call.attempt()),
            (None, Some(_)) => "wait".to_owned(),
            (None, None) => "rest".to_owned(),
            (Some(_), Some(_)) => panic!("a call and a timer at once"),
        }
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus_secs(secs);
    }

    fn standing(&self) -> Standing {
        Payment::standing(&self.state).expect("it has begun")
    }

    fn begun_state(&self) -> &Begun {
        self.state.begun().expect("it has begun")
    }

    /// What a restart makes of the journal.
    fn replayed(&self) -> State {
        let mut state = State::default();
        for (event, at) in &self.journal {
            Payment::evolve(&mut state, &stored(event), *at);
        }
        state
    }
}

const UNDONE: Standing = Standing::Undone { captured: Amount::ZERO, refunded: Amount::ZERO };

fn undone(minor: i64) -> Standing {
    Standing::Undone { captured: amount(minor), refunded: amount(minor) }
}

#[test]
fn a_payment_is_two_events() {
    let mut paying = Paying::begun();
    assert_eq!(paying.due(), "authorize 1");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
    assert_eq!(paying.due(), "rest");
    let expected = Standing::Captured { amount: amount(3_998), refunded: Amount::ZERO, refund: None };
    assert_eq!(paying.standing(), expected);
    let (last, _) = paying.journal.last().expect("two events");
    let report = Payment::tells(&paying.state, last);
    assert_eq!(report, Some(Step::Report { order: order(), standing: expected }));
}

#[test]
fn an_order_hears_of_what_moves_money_and_not_of_waits() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(Outcome::Found(succeeded()));
    let heard =
        |(event, _): &(Event, Timestamp)| (event.kind(), Payment::tells(&paying.state, event).is_some());
    let heard: Vec<_> = paying.journal.iter().map(heard).collect();
    let created = ("payment.created", false);
    assert_eq!(heard, [created, ("payment.outcome_unknown", false), ("payment.processed", true)]);
}

#[test]
fn events_are_small_and_their_stored_form_is_frozen() {
    let paying = Paying::captured();
    let written: Vec<String> = paying
        .journal
        .iter()
        .map(|(event, _)| {
            let mut data = Vec::new();
            event.write(&mut data);
            String::from_utf8(data).expect("JSON is UTF-8")
        })
        .collect();
    let order = order();
    assert_eq!(
        written,
        [
            format!(
                r#"{{"order":"{order}","amount":3998,"currency":"USD","method":"pm_card_visa","capture":"automatic","retry":{{"base_ms":500,"cap_ms":60000,"attempts_max":3}}}}"#
            ),
            format!(
                r#"{{"order":"{order}","attempt":1,"intent":"pi_1","charge":"ch_1","amount":3998,"captured":3998}}"#
            ),
        ]
    );
}

#[test]
fn manual_capture_comes_later() {
    let mut paying = Paying::authorized();
    assert_eq!(paying.standing(), Standing::Authorized { amount: amount(3_998), capture_failure: None });
    assert_eq!(paying.told(Command::Capture), "attempt_started");
    assert_eq!(paying.due(), "capture 1");
    assert_eq!(paying.told(Command::Capture), "", "asked twice");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "captured");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.told(Command::Capture), "", "asked again");
}

#[test]
fn a_repeated_beginning_changes_nothing_and_other_terms_are_refused() {
    let mut paying = Paying::begun();
    assert_eq!(paying.told(begin(Capture::Automatic)), "");
    assert_eq!(paying.standing(), Standing::Pending { retrying: None });
    let Command::Begin { order, currency, method, capture, retry, .. } = begin(Capture::Automatic) else {
        panic!("begin begins")
    };
    let other = Command::Begin {
        order,
        amount: amount(1),
        currency,
        method,
        capture,
        retry,
        gateways: Vec::new(),
        gateway_ready: true,
    };
    assert_eq!(paying.tell(other), Err(Rejection::OtherTerms));
}

#[test]
fn an_open_breaker_parks_the_payment_until_the_lane_lets_its_call_go() {
    let mut paying = Paying::unbegun();
    let Command::Begin { order, amount, currency, method, capture, retry, .. } = begin(Capture::Automatic)
    else {
        panic!("begin begins")
    };
    let parked = Command::Begin {
        order,
        amount,
        currency,
        method,
        capture,
        retry,
        gateways: Vec::new(),
        gateway_ready: false,
    };
    assert_eq!(paying.told(parked), "created retry_scheduled");
    assert!(matches!(paying.standing(), Standing::Pending { .. }));
    assert_eq!(
        paying.due(),
        "authorize 1",
        "the lane has it at once, and keeps it while the breaker is open"
    );
    assert_eq!(paying.told(Command::Resume), "", "there is nothing else to wait for");
}

#[test]
fn nothing_is_paid_for_nothing() {
    let mut paying = Paying::unbegun();
    let Command::Begin { order, currency, method, capture, retry, gateway_ready, .. } =
        begin(Capture::Automatic)
    else {
        panic!("begin begins")
    };
    let free = Command::Begin {
        order,
        amount: Amount::ZERO,
        currency,
        method,
        capture,
        retry,
        gateways: Vec::new(),
        gateway_ready,
    };
    assert_eq!(paying.tell(free), Err(Rejection::NothingToPay));
}

#[test]
fn capturing_what_is_not_there_is_refused() {
    let mut paying = Paying::begun_manual();
    assert_eq!(paying.tell(Command::Capture), Err(Rejection::NotAuthorized));
    assert_eq!(Paying::unbegun().tell(Command::Capture), Err(Rejection::NotBegun));
}

#[test]
fn a_lapsed_authorisation_cannot_be_captured() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    let refused = Outcome::Refused { code: "payment_intent_unexpected_state".into(), message: "".into() };
    assert_eq!(paying.answered(refused), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::Found(snapshot(IntentStatus::Canceled))), "capture_failed");
    let Standing::Authorized { capture_failure: Some(code), .. } = paying.standing() else {
        panic!("{:?}", paying.standing())
    };
    assert_eq!(&*code, "canceled");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.standing(), UNDONE, "there is nothing left to void");
}

#[test]
fn a_capture_is_looked_up_and_sent_again() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "capture 1");
    assert_eq!(paying.answered(replayed()), "outcome_unknown");
    let unknown_at = paying.now;
    assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    while paying.resumed() == "retry_started" {
        assert_eq!(paying.due(), "inquire capture 1", "the bank may show what was a while ago");
        assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    }
    assert!(paying.now > unknown_at.plus_millis(CERTAIN_AFTER_MS), "now it is certain");
    assert_eq!(paying.due(), "capture 2", "the key was closed");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "captured");
}

/// It was done, the answer was lost, the bank refuses to do it twice, and shows what was a while ago.
#[test]
fn a_capture_is_not_given_up_while_it_may_have_been_done() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    for _ in 0..10 {
        assert_eq!(paying.answered(timed_out()), "outcome_unknown");
        assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
        assert_eq!(paying.told(Command::Resume), "retry_started");
    }
    let unknown_at = paying.now;
    let refused = Outcome::Refused { code: "payment_intent_unexpected_state".into(), message: "".into() };
    assert_eq!(paying.answered(refused), "outcome_unknown");
    while paying.answered(Outcome::Found(authorized())) == "retry_scheduled" {
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "inquire capture 1");
    }
    assert!(paying.now >= unknown_at.plus_millis(CERTAIN_AFTER_MS), "now it is certain");
    assert_eq!(paying.due(), "rest", "and given up");
}

#[test]
fn a_bank_that_only_authorised_is_made_to_capture() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(Outcome::Intent(authorized())), "processed attempt_started");
    assert_eq!(paying.due(), "capture 1");
}

#[test]
fn refunding_what_is_not_captured_is_refused() {
    let refund = || wish(1);
    assert_eq!(Paying::begun().tell(refund()), Err(Rejection::NotCaptured));
    assert_eq!(Paying::authorized().tell(refund()), Err(Rejection::NotCaptured));
    let mut canceled = Paying::begun();
    canceled.cancel();
    assert_eq!(canceled.tell(refund()), Err(Rejection::Over));
}

#[test]
fn another_amount_or_currency_is_given_back_and_fails_the_payment() {
    let eur = "EUR".parse().ok();
    let wrong = [
        Snapshot { amount: amount(3_997), captured: amount(3_997), ..succeeded() },
        Snapshot { currency: eur, ..succeeded() },
        Snapshot { captured: amount(1), ..succeeded() },
    ];
    for snapshot in wrong {
        let mut paying = Paying::begun();
        let captured = snapshot.captured;
        // An answer alone may be mangled: the bank is asked before anything is made of it.
        assert_eq!(paying.answered(Outcome::Intent(snapshot.clone())), "outcome_unknown");
        assert_eq!(paying.answered(Outcome::Found(snapshot)), "integrity_failure attempt_started");
        assert!(matches!(paying.standing(), Standing::Failed { reason: Failure::Integrity, .. }));
        let Some(Call::Refund { amount, .. }) = paying.call() else { panic!("a refund is due") };
        assert_eq!(amount, captured);
        assert_eq!(paying.answered(given_back("re_1", captured.minor())), "refunded");
        assert_eq!(paying.due(), "wait", "it is looked at once more");
    }
}

#[test]
fn an_answer_with_another_amount_is_forgotten_when_the_bank_says_otherwise() {
    let mut paying = Paying::begun();
    let mangled = Snapshot { amount: amount(3_997), captured: amount(3_997), ..succeeded() };
    assert_eq!(paying.answered(Outcome::Intent(mangled)), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert!(matches!(paying.standing(), Standing::Captured { .. }));
}

#[test]
fn state_survives_the_views() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.cancel();
    let stored = serde_json::to_string(&paying.state).expect("state is JSON");
    let read: State = serde_json::from_str(&stored).expect("what was stored can be read");
    assert_eq!(read, paying.state);
    assert_eq!(paying.replayed(), paying.state);
}

#[test]
fn operations_have_one_spelling() {
    for operation in [Operation::Authorize, Operation::Capture, Operation::Void, Operation::Refund(7)] {
        assert_eq!(operation.to_string().parse(), Ok(operation));
    }
    assert!("refund".parse::<Operation>().is_err());
}

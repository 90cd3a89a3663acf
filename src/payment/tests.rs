//! Scenarios: given what has happened, when this comes, then these events. Laws and the model bank stand beside.

mod laws;
#[expect(clippy::wildcard_enum_match_arm, reason = "the model bank names only what it does something about")]
mod model;
mod refunds;

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
    Outcome::Unknown { reason: Reason::TimedOut, replayed: false }
}

fn replayed() -> Outcome {
    Outcome::Unknown { reason: Reason::ServerError, replayed: true }
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
            Step::Report { .. } | Step::ReportRefunds { .. } => None,
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
        self.heard(call.operation(), call.attempt(), outcome)
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
        Payment::due(&self.state).call
    }

    /// What is due, in a word or two.
    fn due(&self) -> String {
        let due = Payment::due(&self.state);
        assert!(due.steps.is_empty());
        match (due.call, due.timer) {
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

// ── the happy path ──

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
    let other =
        Command::Begin { order, amount: amount(1), currency, method, capture, retry, gateway_ready: true };
    assert_eq!(paying.tell(other), Err(Rejection::OtherTerms));
}

#[test]
fn an_open_breaker_parks_the_payment_until_the_lane_lets_its_call_go() {
    let mut paying = Paying::unbegun();
    let Command::Begin { order, amount, currency, method, capture, retry, .. } = begin(Capture::Automatic)
    else {
        panic!("begin begins")
    };
    let parked = Command::Begin { order, amount, currency, method, capture, retry, gateway_ready: false };
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
    let free =
        Command::Begin { order, amount: Amount::ZERO, currency, method, capture, retry, gateway_ready };
    assert_eq!(paying.tell(free), Err(Rejection::NothingToPay));
}

// ── certainly not sent ──

#[test]
fn what_was_not_sent_is_sent_again_under_the_same_key_without_limit() {
    let mut paying = Paying::begun();
    for _ in 0..50 {
        assert_eq!(paying.answered(unsent()), "retry_scheduled");
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "authorize 1");
    }
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_rate_limit_is_obeyed() {
    let mut paying = Paying::begun();
    let before = paying.now;
    let busy = Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: Some(7_000) };
    assert_eq!(paying.answered(busy), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.now, before.plus_millis(7_000));
    assert_eq!(paying.due(), "authorize 1");
}

#[test]
fn a_rejected_request_is_not_a_decline_and_is_not_hammered() {
    let mut paying = Paying::begun();
    let refused = Outcome::Refused { code: "api_key_expired".into(), message: "Expired API Key".into() };
    let before = paying.now;
    assert_eq!(paying.answered(refused), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert!(paying.now >= before.plus_millis(REFUSED_WAIT_MS / 2));
    assert_eq!(paying.due(), "authorize 1");
}

#[test]
fn a_person_need_not_wait() {
    let mut paying = Paying::begun();
    assert_eq!(paying.told(Command::RetryNow), "", "the call is out already");
    assert_eq!(paying.answered(unsent()), "retry_scheduled");
    assert_eq!(paying.told(Command::RetryNow), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
}

// ── unknown ──

#[test]
fn an_unknown_outcome_is_looked_up_at_once_and_adopted() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert_eq!(
        paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded())),
        "",
        "and the first answer, late"
    );
}

#[test]
fn inquiries_that_fail_record_one_schedule_each() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    for _ in 0..5 {
        assert_eq!(paying.answered(no_answer()), "retry_scheduled");
        assert_eq!(paying.resumed(), "retry_started");
        assert_eq!(paying.due(), "inquire authorize 1");
    }
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
}

#[test]
fn what_the_bank_does_not_know_is_sent_again_under_the_same_key() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    assert_eq!(paying.due(), "authorize 1");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_stored_failure_closes_the_key_once_nothing_can_hide_under_it() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(Outcome::NotFound);
    paying.resumed();
    assert_eq!(paying.answered(replayed()), "outcome_unknown");
    let unknown_at = paying.now;
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    while paying.resumed() == "retry_started" {
        assert_eq!(paying.due(), "inquire authorize 1", "the bank's index may lag");
        assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    }
    assert!(paying.now > unknown_at.plus_millis(CERTAIN_AFTER_MS), "now it is certain");
    assert_eq!(paying.due(), "authorize 2");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "processed");
}

#[test]
fn a_stored_failure_that_hid_a_charge_does_not_charge_again() {
    let mut paying = Paying::begun();
    paying.answered(replayed());
    paying.answered(Outcome::NotFound);
    paying.resumed();
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed", "the index caught up");
    assert_eq!(paying.begun_state().charge.as_ref().map(|charge| charge.attempt), Some(1));
}

#[test]
fn a_bank_that_is_still_deciding_is_asked_later_about_the_intent_it_named() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Processing))), "retry_scheduled");
    assert_eq!(paying.resumed(), "retry_started");
    let Some(Call::Inquire { intent, .. }) = paying.call() else { panic!("an inquiry is due") };
    assert_eq!(intent.as_deref(), Some("pi_1"));
    assert_eq!(paying.answered(Outcome::Found(snapshot(IntentStatus::Processing))), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
}

#[test]
fn a_key_the_bank_may_have_forgotten_is_not_trusted() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    paying.answered(Outcome::NotFound);
    // Then nothing gets through for a day.
    for _ in 0..3 {
        paying.resumed();
        paying.answered(unsent());
    }
    paying.pass(24 * 3_600);
    assert_eq!(paying.told(Command::Resume), "retry_started");
    assert_eq!(paying.due(), "inquire authorize 1");
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "authorize 1", "it is certain that nothing happened");
}

#[test]
fn a_call_owed_over_a_long_crash_is_stale() {
    let paying = Paying::begun();
    let call = paying.call().expect("due");
    assert!(!call.is_stale(paying.now.plus_secs(3_600)));
    assert!(call.is_stale(paying.now.plus_secs(24 * 3_600)));
}

// ── declines ──

#[test]
fn a_decline_for_good_fails_at_once() {
    for (code, class) in
        [("lost_card", RetryClass::Never), ("insufficient_funds", RetryClass::DifferentMethod)]
    {
        let mut paying = Paying::begun();
        assert_eq!(paying.answered(declined(code)), "declined failed");
        let Standing::Failed { reason: Failure::Declined, decline: Some(last) } = paying.standing() else {
            panic!("{code}: {:?}", paying.standing())
        };
        assert_eq!((last.decline_code.as_deref(), last.class), (Some(code), class));
        assert_eq!(paying.due(), "rest");
    }
}

#[test]
fn a_passing_decline_is_tried_again_under_new_keys_until_the_limit() {
    let mut paying = Paying::begun();
    for attempt in 1..RETRY.attempts_max {
        assert_eq!(paying.answered(declined("processing_error")), "declined retry_scheduled");
        assert_eq!(paying.resumed(), "attempt_started");
        assert_eq!(paying.due(), format!("authorize {}", attempt + 1));
    }
    assert_eq!(paying.answered(declined("try_again_later")), "declined failed");
    assert!(matches!(paying.standing(), Standing::Failed { reason: Failure::RetriesExhausted, .. }));
}

#[test]
fn a_repeated_decline_counts_once() {
    let mut paying = Paying::begun();
    paying.answered(declined("processing_error"));
    assert_eq!(paying.heard(Operation::Authorize, 1, declined("processing_error")), "");
    paying.resumed();
    assert_eq!(
        paying.heard(Operation::Authorize, 1, declined("processing_error")),
        "",
        "attempt 2 is not declined"
    );
}

#[test]
fn an_intent_the_bank_let_go_is_a_failure() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    assert_eq!(paying.answered(Outcome::Found(snapshot(IntentStatus::Canceled))), "failed");
}

// ── challenges ──

fn challenge() -> Outcome {
    Outcome::Intent(snapshot(IntentStatus::RequiresAction { url: Some("https://bank.example/3ds".into()) }))
}

#[test]
fn a_challenge_waits_for_the_shopper() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(challenge()), "requires_action");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.standing(), Standing::RequiresAction { url: Some("https://bank.example/3ds".into()) });
    assert_eq!(paying.heard(Operation::Authorize, 1, challenge()), "", "repeated");
    assert_eq!(paying.told(Command::RetryNow), "retry_started", "a person asks whether it is done");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed");
    assert!(matches!(paying.standing(), Standing::Captured { .. }));
}

#[test]
fn a_challenge_that_was_passed_is_the_money_we_wanted() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Found(succeeded())), "processed");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn a_challenge_that_failed_is_a_decline() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    paying.told(Command::RetryNow);
    let refused = IntentStatus::RequiresPaymentMethod(Some(Box::new(Decline {
        code: "authentication_required".into(),
        decline_code: None,
        message: "".into(),
        intent: None,
    })));
    assert_eq!(paying.answered(Outcome::Found(snapshot(refused))), "declined failed");
}

#[test]
fn a_canceled_challenge_is_voided() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.standing(), Standing::Undoing { retrying: None });
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.standing(), UNDONE);
    assert_eq!(paying.heard(Operation::Authorize, 1, challenge()), "", "the old answer, again");
}

#[test]
fn a_challenge_passed_while_it_is_voided_is_refunded() {
    let mut paying = Paying::begun();
    paying.answered(challenge());
    paying.cancel();
    let refused = Outcome::Refused { code: "payment_intent_unexpected_state".into(), message: "".into() };
    assert_eq!(paying.answered(refused), "outcome_unknown");
    assert_eq!(paying.due(), "inquire void 1");
    assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed arrived_late attempt_started");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 1"));
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

// ── cancel ──

#[test]
fn what_never_began_is_canceled_by_saying_so() {
    let mut paying = Paying::unbegun();
    assert_eq!(paying.cancel(), "");
    assert_eq!(Payment::standing(&paying.state), None);
}

#[test]
fn what_was_never_sent_is_canceled_without_a_call() {
    let mut paying = Paying::begun();
    paying.answered(unsent());
    assert_eq!(paying.cancel(), "canceled");
    assert_eq!(paying.due(), "rest");
    assert_eq!(paying.standing(), UNDONE);
    assert_eq!(paying.cancel(), "");
}

#[test]
fn a_call_withdrawn_from_the_line_was_never_sent() {
    let mut paying = Paying::begun();
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.due(), "inquire authorize 1", "it may be out");
    let withdrawn = Outcome::NotSent { reason: Reason::LaneClosed, retry_after_ms: None };
    assert_eq!(paying.heard(Operation::Authorize, 1, withdrawn), "canceled");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn a_call_in_flight_is_resolved_first_then_refunded() {
    let mut paying = Paying::begun();
    paying.cancel();
    let events = paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "processed arrived_late attempt_started");
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Found(succeeded())), "", "the inquiry, late");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_call_in_flight_is_resolved_first_then_voided() {
    let mut paying = Paying::begun_manual();
    paying.cancel();
    assert_eq!(paying.answered(Outcome::Found(authorized())), "processed arrived_late attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn a_decline_of_a_call_in_flight_ends_the_cancel() {
    let mut paying = Paying::begun();
    paying.cancel();
    assert_eq!(paying.heard(Operation::Authorize, 1, declined("processing_error")), "declined canceled");
    assert_eq!(paying.due(), "rest");
}

#[test]
fn what_the_bank_is_still_at_is_looked_up_before_it_is_canceled() {
    let at_work = [
        Outcome::Intent(snapshot(IntentStatus::Processing)),
        Outcome::Busy { reason: Reason::KeyInUse, retry_after_ms: None },
    ];
    for outcome in at_work {
        let mut paying = Paying::begun();
        assert_eq!(paying.answered(outcome), "retry_scheduled");
        assert_eq!(paying.cancel(), "cancel_requested");
        assert_eq!(paying.due(), "inquire authorize 1");
        assert_eq!(paying.answered(Outcome::Found(succeeded())), "processed arrived_late attempt_started");
        assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
        assert_eq!(paying.standing(), undone(3_998));
    }
}

#[test]
fn a_call_repeated_after_a_restart_proves_nothing_by_not_going_out() {
    let paying = Paying::begun();
    let call = paying.call().expect("due");
    let interrupted = Outcome::Unknown { reason: Reason::Interrupted, replayed: false };
    assert_eq!(call.judge(unsent(), paying.now.plus_secs(1)), interrupted, "owed before we started");
    assert_eq!(call.judge(unsent(), Timestamp::default()), unsent(), "owed since we are at work");
    assert_eq!(
        call.judge(declined("lost_card"), paying.now.plus_secs(1)),
        declined("lost_card"),
        "an answer is one"
    );
}

#[test]
fn a_canceled_payment_is_never_sent_again_and_closes_when_it_is_certain() {
    let mut paying = Paying::begun();
    paying.answered(timed_out());
    let unknown_at = paying.now;
    paying.cancel();
    let mut looks = 0;
    loop {
        assert_eq!(paying.due(), "inquire authorize 1");
        let events = paying.answered(Outcome::NotFound);
        if events == "canceled" {
            break;
        }
        assert_eq!(events, "retry_scheduled");
        paying.resumed();
        looks += 1;
        assert!(looks < 100, "it must end");
    }
    assert_eq!(paying.now, unknown_at.plus_millis(CERTAIN_AFTER_MS), "as soon as it is certain");
    assert_eq!(paying.standing(), UNDONE);
}

#[test]
fn an_abandoned_call_that_times_out_starts_the_clock_again() {
    let mut paying = Paying::begun();
    paying.cancel();
    paying.pass(20);
    assert_eq!(paying.heard(Operation::Authorize, 1, timed_out()), "outcome_unknown");
    paying.pass(15);
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
}

#[test]
fn money_that_arrives_after_the_end_goes_back() {
    let mut paying = Paying::begun();
    paying.answered(unsent());
    paying.cancel();
    let events = paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "charge_found arrived_late attempt_started");
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(succeeded())), "", "told twice");
    assert!(matches!(paying.standing(), Standing::Undoing { .. }));
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn an_authorisation_that_arrives_after_failure_is_voided() {
    let mut paying = Paying::begun();
    paying.answered(declined("lost_card"));
    assert_eq!(
        paying.heard(Operation::Authorize, 1, Outcome::Found(authorized())),
        "charge_found arrived_late attempt_started"
    );
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.due(), "rest");
    assert!(matches!(paying.standing(), Standing::Failed { .. }));
}

#[test]
fn a_second_charge_of_an_earlier_attempt_goes_back_and_the_first_stays() {
    let mut paying = Paying::begun();
    paying.answered(declined("processing_error"));
    paying.resumed();
    paying.answered(Outcome::Intent(succeeded()));
    let other = Snapshot { intent: "pi_0".into(), charge: None, ..succeeded() };
    assert_eq!(paying.heard(Operation::Authorize, 1, Outcome::Intent(other)), "charge_found attempt_started");
    let Some(Call::Refund { intent, .. }) = paying.call() else { panic!("a refund is due") };
    assert_eq!(&*intent, "pi_0");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(
        paying.standing(),
        Standing::Captured { amount: amount(3_998), refunded: Amount::ZERO, refund: None }
    );
    // Refunds that were wished for are numbered apart.
    assert_eq!(paying.told(wish(998)), "refund_requested attempt_started");
    assert_eq!(paying.due(), "refund_1 1");
}

#[test]
fn a_captured_payment_is_refunded_in_full_whatever_it_takes() {
    let mut paying = Paying::captured();
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    let refund = format!("refund_{UNDO_FROM}");
    assert_eq!(paying.due(), format!("{refund} 1"));
    assert_eq!(paying.answered(timed_out()), "outcome_unknown");
    assert_eq!(paying.due(), format!("inquire {refund} 1"));
    assert_eq!(paying.answered(Outcome::NotFound), "retry_scheduled");
    paying.resumed();
    assert_eq!(
        paying.answered(Outcome::RefundFailed { code: "expired_or_canceled_card".into() }),
        "refund_failed retry_scheduled"
    );
    assert_eq!(paying.resumed(), "attempt_started");
    assert_eq!(paying.due(), format!("{refund} 2"), "under a new key");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
    assert_eq!(paying.cancel(), "");
}

#[test]
fn an_authorised_payment_is_voided_under_one_key_for_ever() {
    let mut paying = Paying::authorized();
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    for _ in 0..20 {
        paying.answered(unsent());
        paying.resumed();
        assert_eq!(paying.due(), "void 1");
    }
    paying.answered(timed_out());
    assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    paying.resumed();
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(snapshot(IntentStatus::Canceled))), "voided");
    assert_eq!(paying.heard(Operation::Void, 1, Outcome::Found(authorized())), "");
}

#[test]
fn a_cancel_during_a_capture_voids_and_if_that_came_too_late_refunds() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    paying.answered(timed_out());
    assert_eq!(paying.cancel(), "cancel_requested attempt_started");
    assert_eq!(paying.due(), "void 1");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "captured arrived_late attempt_started");
    assert_eq!(paying.answered(given_back("re_1", 3_998)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_capture_that_is_heard_of_during_the_void_is_refunded() {
    let mut paying = Paying::authorized();
    paying.told(Command::Capture);
    paying.cancel();
    let events = paying.heard(Operation::Capture, 1, Outcome::Intent(succeeded()));
    assert_eq!(events, "captured arrived_late attempt_started");
    assert_eq!(paying.due(), format!("refund_{UNDO_FROM} 1"));
}

#[test]
fn a_cancel_during_a_refund_gives_back_the_rest() {
    let mut paying = Paying::captured();
    paying.told(wish(998));
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.answered(given_back("re_1", 998)), "refunded attempt_started");
    assert_eq!(paying.answered(given_back("re_2", 3_000)), "refunded");
    assert_eq!(paying.standing(), undone(3_998));
}

#[test]
fn a_fully_refunded_payment_is_canceled_by_saying_so() {
    let mut paying = Paying::captured();
    paying.told(wish(3_998));
    paying.answered(given_back("re_1", 3_998));
    assert_eq!(paying.cancel(), "cancel_requested");
    assert_eq!(paying.standing(), undone(3_998));
}

// ── capture ──

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
    assert_eq!(paying.answered(Outcome::Found(authorized())), "retry_scheduled");
    assert_eq!(paying.resumed(), "attempt_started");
    assert_eq!(paying.due(), "capture 2", "the key was closed");
    assert_eq!(paying.answered(Outcome::Intent(succeeded())), "captured");
}

#[test]
fn a_bank_that_only_authorised_is_made_to_capture() {
    let mut paying = Paying::begun();
    assert_eq!(paying.answered(Outcome::Intent(authorized())), "processed attempt_started");
    assert_eq!(paying.due(), "capture 1");
}

// ── refund ──

#[test]
fn refunding_what_is_not_captured_is_refused() {
    let refund = || wish(1);
    assert_eq!(Paying::begun().tell(refund()), Err(Rejection::NotCaptured));
    assert_eq!(Paying::authorized().tell(refund()), Err(Rejection::NotCaptured));
    let mut canceled = Paying::begun();
    canceled.cancel();
    assert_eq!(canceled.tell(refund()), Err(Rejection::Over));
}

// ── integrity ──

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
        assert_eq!(paying.answered(Outcome::Intent(snapshot)), "integrity_failure attempt_started");
        assert!(matches!(paying.standing(), Standing::Failed { reason: Failure::Integrity, .. }));
        let Some(Call::Refund { amount, .. }) = paying.call() else { panic!("a refund is due") };
        assert_eq!(amount, captured);
        assert_eq!(paying.answered(given_back("re_1", captured.minor())), "refunded");
        assert_eq!(paying.due(), "wait", "it is looked at once more");
    }
}

// ── what everybody sees ──

#[test]
fn the_view_tells_the_attempts() {
    let mut paying = Paying::begun();
    paying.answered(declined("processing_error"));
    paying.resumed();
    paying.answered(Outcome::Intent(succeeded()));
    let view = PaymentView::of(id_of(order()), paying.begun_state());
    assert_eq!(view.status, PaymentStatus::Succeeded);
    let attempts: Vec<_> = view.attempts.iter().map(|attempt| (attempt.attempt, attempt.status)).collect();
    assert_eq!(attempts, [(1, AttemptStatus::Failure), (2, AttemptStatus::Charged)]);
    assert!(serde_json::to_string(&view).expect("a view is JSON").contains(r#""retry_class":"same_later""#));
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

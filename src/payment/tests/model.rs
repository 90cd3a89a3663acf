//! A small honest bank and a dishonest network: whatever is lost, delayed, repeated or forgotten, nobody is charged twice,
//! and once the faults stop everything comes to its end.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::payment::bank::Notice;

/// How long after it was sent a call may still be processed, and how far the bank's index may lag behind. Together they
/// stay below [`CERTAIN_AFTER_MS`]; that is what the constant is for.
const LATE_MS: u64 = 4_000;
const LAG_MS: u64 = 24_000;
const _: () = assert!(LATE_MS + LAG_MS < CERTAIN_AFTER_MS, "not found must be proof after that time");

/// Dice that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        xxhash_rust::xxh3::xxh3_64(&self.0.to_le_bytes()) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

#[derive(Clone, Debug)]
struct Intent {
    attempt: u32,
    status: IntentStatus,
    amount: Amount,
    captured: Amount,
    refunds: Vec<(u32, Amount)>,
    indexed_at: Timestamp,
}

impl Intent {
    fn is_live(&self) -> bool {
        let refunded: i64 = self.refunds.iter().map(|(_, amount)| amount.minor()).sum();
        match self.status {
            IntentStatus::RequiresCapture => true,
            IntentStatus::Succeeded => refunded < self.captured.minor(),
            _ => false,
        }
    }
}

/// What the bank answered under a key, and when.
#[derive(Clone, Debug)]
struct Stored {
    at: Timestamp,
    outcome: Outcome,
}

#[derive(Default)]
struct Bank {
    intents: Vec<Intent>,
    keys: BTreeMap<(String, u32), Stored>,
    /// How often money was moved, by what was asked.
    charges: u32,
}

impl Bank {
    fn snapshot(&self, nth: usize) -> Snapshot {
        let intent = &self.intents[nth];
        Snapshot {
            intent: format!("pi_{nth}").into(),
            status: intent.status.clone(),
            amount: intent.amount,
            currency: "USD".parse().ok(),
            captured: intent.captured,
            charge: Some(format!("ch_{nth}").into()),
        }
    }

    fn nth(intent: &str) -> usize {
        intent.strip_prefix("pi_").and_then(|nth| nth.parse().ok()).expect("one of ours")
    }

    /// Does what is asked, once a key.
    fn execute(&mut self, call: &Call, now: Timestamp, dice: &mut Dice, is_stormy: bool) -> Outcome {
        if call.is_inquiry() {
            return self.perform(call, now, dice, is_stormy);
        }
        let key = (call.operation().to_string(), call.attempt());
        self.keys.retain(|_, stored| stored.at.plus_secs(24 * 3_600) > now);
        if let Some(stored) = self.keys.get(&key) {
            return match &stored.outcome {
                Outcome::Unknown { reason, .. } => {
                    Outcome::Unknown { reason: *reason, replayed: true, retry_after_ms: None }
                }
                outcome => outcome.clone(),
            };
        }
        let fails_before = is_stormy && dice.one_in(8);
        let mut outcome =
            if fails_before { server_error() } else { self.perform(call, now, dice, is_stormy) };
        if is_stormy && dice.one_in(8) {
            // A failure after the deed, and stored as the answer.
            outcome = server_error();
        }
        if !matches!(outcome, Outcome::Refused { .. }) {
            self.keys.insert(key, Stored { at: now, outcome: outcome.clone() });
        }
        outcome
    }

    fn perform(&mut self, call: &Call, now: Timestamp, dice: &mut Dice, is_stormy: bool) -> Outcome {
        let refused = || Outcome::Refused { code: "unexpected_state".into(), message: "".into() };
        match call {
            Call::Authorize { attempt, amount, capture, .. } => {
                if dice.one_in(6) {
                    return declined(if dice.one_in(2) { "processing_error" } else { "lost_card" });
                }
                let status = match (capture, is_stormy && dice.one_in(6)) {
                    (_, true) => IntentStatus::RequiresAction { url: None },
                    (Capture::Automatic, false) => IntentStatus::Succeeded,
                    (Capture::Manual, false) => IntentStatus::RequiresCapture,
                };
                self.charges += 1;
                let captured = if status == IntentStatus::Succeeded { *amount } else { Amount::ZERO };
                let indexed_at = now.plus_millis(dice.roll(LAG_MS));
                let (attempt, amount) = (*attempt, *amount);
                self.intents.push(Intent { attempt, status, amount, captured, refunds: vec![], indexed_at });
                Outcome::Intent(self.snapshot(self.intents.len() - 1))
            }
            Call::Capture { intent, amount, .. } => {
                let nth = Self::nth(intent);
                if self.intents[nth].status != IntentStatus::RequiresCapture {
                    return refused();
                }
                self.intents[nth].status = IntentStatus::Succeeded;
                self.intents[nth].captured = *amount;
                Outcome::Intent(self.snapshot(nth))
            }
            Call::Void { intent, .. } => {
                let nth = Self::nth(intent);
                match self.intents[nth].status {
                    IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Processing => refused(),
                    _ => {
                        self.intents[nth].status = IntentStatus::Canceled;
                        Outcome::Intent(self.snapshot(nth))
                    }
                }
            }
            Call::Refund { refund, intent, amount, .. } => {
                let nth = Self::nth(intent);
                let intent = &mut self.intents[nth];
                let refunded: i64 = intent.refunds.iter().map(|(_, amount)| amount.minor()).sum();
                if refunded + amount.minor() > intent.captured.minor() {
                    return refused();
                }
                if is_stormy && dice.one_in(6) {
                    return Outcome::RefundFailed { code: "declined".into() };
                }
                intent.refunds.push((*refund, *amount));
                given_back(&format!("re_{nth}_{}", intent.refunds.len()), amount.minor())
            }
            Call::Look { intent, .. } => Outcome::Found(self.snapshot(Self::nth(intent))),
            Call::Inquire { operation, attempt, intent, .. } => {
                self.look_up(*operation, *attempt, intent.as_deref(), now)
            }
        }
    }

    fn look_up(&self, operation: Operation, attempt: u32, intent: Option<&str>, now: Timestamp) -> Outcome {
        match (operation, intent) {
            (Operation::Refund(number), Some(intent)) => {
                let nth = Self::nth(intent);
                let found = self.intents[nth].refunds.iter().position(|(refund, _)| *refund == number);
                found.map_or(Outcome::NotFound, |at| {
                    let amount = self.intents[nth].refunds[at].1;
                    let id = format!("re_{nth}_{}", at + 1);
                    Outcome::FoundRefund(Some(receipt(&id, amount.minor(), RefundProgress::Succeeded)))
                })
            }
            (_, Some(intent)) => Outcome::Found(self.snapshot(Self::nth(intent))),
            (_, None) => {
                let is = |intent: &Intent| intent.attempt == attempt && intent.indexed_at <= now;
                self.intents
                    .iter()
                    .position(is)
                    .map_or(Outcome::NotFound, |nth| Outcome::Found(self.snapshot(nth)))
            }
        }
    }

    /// The shopper does what was asked, or closes the window.
    fn shopper_acts(&mut self) {
        for intent in &mut self.intents {
            if matches!(intent.status, IntentStatus::RequiresAction { .. }) {
                intent.status = IntentStatus::Succeeded;
                intent.captured = intent.amount;
            }
        }
    }
}

fn server_error() -> Outcome {
    Outcome::Unknown { reason: Reason::ServerError, replayed: false, retry_after_ms: None }
}

/// One payment, its bank, and the network between them.
struct World {
    paying: Paying,
    bank: Bank,
    dice: Dice,
    /// The call last seen due: one that stays due is not made twice.
    due: Option<Call>,
    /// Calls on their way to the bank, to be processed at a time, with nobody waiting.
    drifting: Vec<(Timestamp, Call)>,
    /// When we last started.
    active_since: Timestamp,
    /// Answers that may come again.
    said: Vec<Command>,
}

impl World {
    fn new(seed: u64, manual: bool) -> Self {
        let paying = if manual { Paying::begun_manual() } else { Paying::begun() };
        let active_since = Timestamp::default();
        let (bank, dice) = (Bank::default(), Dice(seed));
        Self { paying, bank, dice, due: None, drifting: vec![], active_since, said: vec![] }
    }

    /// Makes the call that is newly due, as the machinery does, and delivers the answer or loses it.
    fn call(&mut self, is_stormy: bool) {
        let due = self.paying.call();
        if due == self.due {
            return;
        }
        self.due = due.clone();
        let Some(call) = due else { return };
        let outcome = call.judge(self.exchange(&call, is_stormy), self.active_since);
        self.deliver(call.ended(outcome), is_stormy);
    }

    fn exchange(&mut self, call: &Call, is_stormy: bool) -> Outcome {
        let now = self.paying.now;
        if call.is_stale(now) {
            return call.lost(Reason::Interrupted);
        }
        if !is_stormy {
            return self.bank.execute(call, now, &mut self.dice, false).settle(call);
        }
        match self.dice.roll(12) {
            0 => call.unsent(Reason::ConnectFailed, None),
            1 if !call.is_inquiry() => {
                Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: Some(50) }
            }
            2 => call.lost(Reason::TimedOut),
            3 => {
                // Nobody waits any more when the bank gets to it.
                let at = now.plus_millis(self.dice.roll(LATE_MS));
                self.drifting.push((at, call.clone()));
                call.lost(Reason::ConnectionLost)
            }
            4 => {
                self.bank.execute(call, now, &mut self.dice, true);
                call.lost(Reason::ConnectionLost)
            }
            _ => self.bank.execute(call, now, &mut self.dice, true).settle(call),
        }
    }

    fn deliver(&mut self, answer: Command, is_stormy: bool) {
        if is_stormy && self.dice.one_in(10) {
            // We die with the answer in hand: after the restart whatever is due is called again.
            self.due = None;
            self.active_since = self.paying.now;
            assert_eq!(self.paying.replayed(), self.paying.state);
            return;
        }
        self.said.push(answer.clone());
        self.paying.told(answer);
    }

    fn drift(&mut self) {
        let now = self.paying.now;
        let (arrived, rest) = std::mem::take(&mut self.drifting).into_iter().partition(|(at, _)| *at <= now);
        self.drifting = rest;
        let arrived: Vec<(Timestamp, Call)> = arrived;
        for (at, call) in arrived {
            self.bank.execute(&call, at, &mut self.dice, true);
        }
    }

    /// The bank tells of one of its intents, and what it says of it may be old.
    fn notify(&mut self) {
        let Some(last) = self.bank.intents.len().checked_sub(1) else { return };
        let nth = usize::try_from(self.dice.roll(last as u64 + 1)).expect("small");
        let notice = Notice::Intent {
            intent: format!("pi_{nth}").into(),
            attempt: self.bank.intents[nth].attempt,
            has_money: self.dice.one_in(2),
        };
        // Whoever is busy hears it again later, or not at all.
        let _ = self.paying.tell(Command::Notified(notice));
    }

    fn step(&mut self, is_stormy: bool) {
        self.drift();
        self.call(is_stormy);
        if is_stormy && self.dice.one_in(6) && !self.said.is_empty() {
            let nth = usize::try_from(self.dice.roll(self.said.len() as u64)).expect("small");
            let answer = self.said[nth].clone();
            // Only what a bank says of the money is ever repeated to us.
            if is_of_money(&answer) {
                self.paying.told(answer);
            }
        }
        if is_stormy && self.dice.one_in(10) {
            self.bank.shopper_acts();
        }
        if is_stormy && self.dice.one_in(40) {
            self.paying.pass(25 * 3_600);
        }
        match Payment::due(&self.paying.state).timer {
            Some((at, command)) if !is_stormy || self.dice.one_in(2) => {
                self.paying.now = self.paying.now.max(at);
                self.drift();
                self.paying.told(command);
                self.due = None;
            }
            _ => self.paying.now = self.paying.now.plus_millis(self.dice.roll(3_000)),
        }
        self.check();
    }

    /// Holds at every moment.
    fn check(&self) {
        let live = self.bank.intents.iter().filter(|intent| intent.is_live()).count();
        assert!(live <= 1, "charged twice: {:#?}\n{:#?}", self.bank.intents, self.paying.journal);
        for intent in &self.bank.intents {
            let refunded: i64 = intent.refunds.iter().map(|(_, amount)| amount.minor()).sum();
            assert!(refunded <= intent.captured.minor() && intent.captured <= intent.amount);
            let mut numbers: Vec<u32> = intent.refunds.iter().map(|(number, _)| *number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), intent.refunds.len(), "refunded twice: {intent:?}");
        }
    }

    /// Holds when all has come to rest.
    fn check_at_rest(&self) {
        let begun = self.paying.begun_state();
        let live = self.bank.intents.iter().filter(|intent| intent.is_live()).count();
        let explain = || format!("{:#?}\n{:#?}", self.bank.intents, self.paying.journal);
        match self.paying.standing() {
            Standing::Authorized { .. } => assert_eq!(live, 1, "{}", explain()),
            Standing::Captured { refunded, amount, .. } => {
                assert_eq!(live, usize::from(refunded < amount), "{}", explain());
            }
            Standing::Failed { .. } | Standing::Undone { .. } | Standing::RequiresAction { .. } => {
                assert_eq!(live, 0, "{}", explain());
            }
            standing @ (Standing::Pending { .. } | Standing::Undoing { .. }) => {
                panic!("{standing:?} at rest: {}", explain())
            }
        }
        let captured: i64 = self.bank.intents.iter().map(|intent| intent.captured.minor()).sum();
        let refunded: i64 = self
            .bank
            .intents
            .iter()
            .flat_map(|intent| &intent.refunds)
            .map(|(_, amount)| amount.minor())
            .sum();
        if !matches!(self.paying.standing(), Standing::RequiresAction { .. }) {
            assert_eq!(begun.captured().minor(), captured, "{}", explain());
        }
        assert_eq!(begun.refunded().minor(), refunded, "{}", explain());
    }
}

trait Settle {
    /// An inquiry that failed says so in its own words.
    fn settle(self, call: &Call) -> Outcome;
}

impl Settle for Outcome {
    fn settle(self, call: &Call) -> Outcome {
        match self {
            Outcome::Unknown { reason, .. } if call.is_inquiry() => {
                Outcome::InquiryFailed { reason, retry_after_ms: None }
            }
            outcome => outcome,
        }
    }
}

fn is_of_money(answer: &Command) -> bool {
    let Command::Answered { outcome, .. } = answer else { return false };
    matches!(outcome, Outcome::Intent(_) | Outcome::Declined(_) | Outcome::Refunded(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_is_charged_twice_and_everything_ends(
        seed in any::<u64>(),
        manual in any::<bool>(),
        storm in 1..60u32,
        cancel_at in prop::option::of(0..60u32),
        capture_at in prop::option::of(0..60u32),
        refund_at in prop::option::of(0..60u32),
    ) {
        let mut world = World::new(seed, manual);
        for nth in 0..storm {
            if capture_at == Some(nth) {
                let _ = world.paying.tell(Command::Capture);
            }
            if refund_at == Some(nth) {
                let _ = world.paying.tell(wish(998));
            }
            if cancel_at == Some(nth) {
                world.paying.cancel();
            }
            if world.dice.one_in(12) {
                world.paying.told(Command::RetryNow);
            }
            if world.dice.one_in(8) {
                world.notify();
            }
            world.step(true);
        }
        // Faults stop.
        world.due = None;
        world.active_since = world.paying.now;
        for _ in 0..400 {
            world.step(false);
        }
        if let Standing::RequiresAction { .. } = world.paying.standing() {
            world.bank.shopper_acts();
            world.paying.told(Command::RetryNow);
            for _ in 0..100 {
                world.step(false);
            }
        }
        prop_assert!(Payment::due(&world.paying.state).is_nothing(), "{:?}", world.paying.state);
        world.check_at_rest();
        prop_assert_eq!(&world.paying.replayed(), &world.paying.state);
    }
}

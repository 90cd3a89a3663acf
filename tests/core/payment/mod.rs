//! A payment: commands as its order, its people and its bank give them, and an auditor who reads nothing but its journal.

mod audit;
mod bank;

use orderflow::payment::bank::{Notice, Operation};
use orderflow::payment::{
    Candidate, Capture, Claim, Command, DisputeStatus, Event, Gateway, HowMuch, Payment, RefundReason,
    RetryPolicy, State, Teller, Wish, id_of,
};
use orderflow::runtime::{Aggregate, Event as _};
use orderflow::types::{Amount, OrderId, Timestamp};

use self::audit::Audit;
use self::bank::Bank;
use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &[
        "begin",
        "answered",
        "looked",
        "notified",
        "claimed",
        "dispute_heard",
        "resume",
        "retry_now",
        "cancel",
        "capture",
        "refund",
        "trouble_heard",
        "refunds_heard",
    ],
    events: Event::KINDS,
    windows: &[
        "canceled while nobody knew",
        "found after nobody knew",
        "proven nothing, and a new key",
        "moved to another gateway",
        "refunded in parts",
        "answered about a closed attempt",
    ],
};

const ORDER: OrderId = OrderId::from_bits(7);
const AMOUNT: i64 = 5_000;
const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A command and how long after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_ms: u64, command: Command },
    Crash,
}

/// One payment under commands.
pub(crate) struct Table {
    bench: Bench<Payment>,
    audit: Audit,
    bank: Bank,
    capture: Capture,
    gateways: u32,
    attempts_max: u32,
    /// What was said before, to be said again.
    said: Vec<Command>,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 90);

    fn start(dice: &mut Dice) -> Self {
        let capture = if dice.one_in(2) { Capture::Automatic } else { Capture::Manual };
        let gateways = [0, 0, 1, 2, 3][dice.roll(5) as usize];
        Self {
            bench: Bench::new(NOON, dice.one_in(8)),
            audit: Audit::default(),
            bank: Bank::default(),
            capture,
            gateways,
            attempts_max: dice.between(1, 5),
            said: Vec::new(),
        }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(60) {
            return Made::Crash;
        }
        let (after_ms, command) = self.next(dice);
        if matches!(command, Command::Answered { .. } | Command::Looked { .. }) {
            if self.said.len() > 12 {
                self.said.remove(0);
            }
            self.said.push(command.clone());
        }
        Made::Tell { after_ms, command }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_ms, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_millis(*after_ms);
        if self.audit.is_closed(command) {
            tally.window("answered about a closed attempt");
        }
        let told = self.bench.tell(name(command), command, tally)?;
        for event in told.iter().flatten() {
            self.audit
                .read(event, command, self.bench.now, tally)
                .map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
        }
        self.audit.compare(&self.bench.state)?;
        self.owes_what_is_recorded()
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let packed = rmp_serde::to_vec_named(&self.bench.state).map_err(|why| why.to_string())?;
        let read: State = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        ensure!(read == self.bench.state, "as a document it is read as {read:?}");
        Ok(())
    }
}

impl Table {
    /// What goes out has its key in the journal, for this intent and this amount; nothing new goes out that is not wanted.
    fn owes_what_is_recorded(&self) -> Holds {
        let due = self.bench.due();
        let begun = self.bench.state.begun();
        if let Some(errand) = &due.call {
            self.audit.allows(&errand.call)?;
        }
        let is_at_work = begun
            .is_some_and(|begun| begun.work.is_some() || begun.look.is_some() || begun.next_look().is_some());
        ensure!(
            is_at_work == (due.call.is_some() || due.timer.is_some()),
            "something is under way and nothing moves it on, or the other way round"
        );
        Ok(())
    }

    fn next(&mut self, dice: &mut Dice) -> (u64, Command) {
        let Some(begun) = self.bench.state.begun() else {
            let command = if dice.one_in(8) { self.anything(dice) } else { self.begin(dice) };
            return (0, command);
        };
        let pause = match dice.roll(40) {
            0 => 31_000,
            1 => 25 * 3_600_000,
            2..12 => u64::from(dice.roll(5_000)),
            _ => 0,
        };
        let due = Payment::due(&self.bench.state);
        match dice.roll(100) {
            0..10 => (pause, self.anything(dice)),
            10..17 => match dice.pick_some(&self.said) {
                Some(said) => (pause, said.clone()),
                None => (pause, Command::RetryNow),
            },
            17..20 => (pause, self.about_an_old_attempt(dice)),
            20..22 if begun.is_wanted() => (pause, Command::Cancel { reason: "customer".into() }),
            22..32 if begun.charge.as_ref().is_some_and(|charge| charge.captured.is_zero()) => {
                (pause, Command::Capture)
            }
            22..34 if !begun.refundable().is_zero() => (pause, Command::Refund(wish(dice))),
            34..44 if !due.steps.is_empty() => (pause, heard(&due.steps, dice)),
            44..48 => (pause, self.notice(dice)),
            _ => match (&due.call, &due.timer) {
                (Some(errand), _) => {
                    let outcome = self.bank.answer(errand, self.bench.now, dice);
                    (pause, errand.call.ended(outcome))
                }
                (None, Some((at, command))) => {
                    let wait_ms = self.bench.now.until(*at).as_millis();
                    (u64::try_from(wait_ms).unwrap_or(0) + 1, command.clone())
                }
                (None, None) => (pause, self.anything(dice)),
            },
        }
    }

    fn begin(&self, dice: &mut Dice) -> Command {
        let candidate = |nth: u32, dice: &mut Dice| Candidate {
            gateway: gateway(nth),
            priority: dice.roll(3),
            weight: dice.roll(3),
            is_ready: !dice.one_in(4),
        };
        Command::Begin {
            order: ORDER,
            amount: amount(if dice.one_in(30) { AMOUNT + 1 } else { AMOUNT }),
            currency: "USD".parse().expect("a code"),
            method: "pm_card_visa".into(),
            capture: self.capture,
            retry: RetryPolicy { base_ms: 100, cap_ms: 5_000, attempts_max: self.attempts_max },
            gateways: (0..self.gateways).map(|nth| candidate(nth, dice)).collect(),
            gateway_ready: !dice.one_in(8),
        }
    }

    /// Whatever anybody may ask, sensible or not.
    fn anything(&mut self, dice: &mut Dice) -> Command {
        match dice.roll(15) {
            0 => self.begin(dice),
            1 | 2 => Command::Resume,
            3 | 4 => Command::RetryNow,
            5 => Command::Capture,
            6 | 7 => Command::Refund(wish(dice)),
            8 => Command::TroubleHeard { troubles: dice.roll(4) },
            9 => Command::RefundsHeard { refunded: amount(i64::from(dice.roll(3)) * 1_000) },
            10 => Command::DisputeHeard { is_disputed: dice.one_in(2) },
            11 => self.claim(dice),
            12 => self.notice(dice),
            _ => self.about_an_old_attempt(dice),
        }
    }

    /// An answer to a question that nobody asks any more, or never asked.
    fn about_an_old_attempt(&mut self, dice: &mut Dice) -> Command {
        let (operation, attempt) = match dice.pick_some(self.audit.keys()) {
            Some(key) if !dice.one_in(6) => (key.operation, key.attempt),
            _ => (
                *dice.pick(&[
                    Operation::Authorize,
                    Operation::Capture,
                    Operation::Void,
                    Operation::Refund(1),
                ]),
                dice.between(1, 3),
            ),
        };
        let outcome = self.bank.gossip(operation, dice);
        if dice.one_in(5) {
            return Command::Looked { attempt, intent: self.bank.some_intent(dice), outcome };
        }
        Command::Answered { operation, attempt, outcome }
    }

    fn notice(&self, dice: &mut Dice) -> Command {
        if dice.one_in(3) {
            let number = match dice.pick_some(self.audit.keys()).map(|key| key.operation) {
                Some(Operation::Refund(number)) => number,
                _ => dice.between(1, 3),
            };
            return Command::Notified(Notice::Refund { number, has_failed: dice.one_in(2) });
        }
        let (intent, attempt) = (self.bank.some_intent(dice), dice.between(1, 3));
        Command::Notified(Notice::Intent { intent, attempt, has_money: !dice.one_in(4) })
    }

    fn claim(&self, dice: &mut Dice) -> Command {
        let status = *dice.pick(DisputeStatus::ALL);
        let claim = Claim {
            id: format!("dp_{}", dice.roll(3)).into(),
            intent: self.bank.some_intent(dice),
            amount: amount(i64::from(dice.between(1, 5_000))),
            reason: "fraudulent".into(),
            status,
        };
        let by = match dice.roll(3) {
            0 => Teller::own(),
            _ => Teller { is_own: true, names: (0..self.gateways).map(gateway).collect() },
        };
        Command::Claimed { claim, by }
    }
}

/// What a sibling says that has heard: mostly exactly what it was told.
fn heard(steps: &[orderflow::payment::Step], dice: &mut Dice) -> Command {
    use orderflow::payment::Step;
    match dice.pick(steps) {
        Step::Report { .. } => Command::RetryNow,
        Step::ReportTrouble { troubles, .. } => Command::TroubleHeard { troubles: *troubles },
        Step::ReportDispute { is_disputed, .. } => Command::DisputeHeard { is_disputed: *is_disputed },
        Step::ReportRefunds { refunded, .. } => Command::RefundsHeard { refunded: *refunded },
    }
}

fn wish(dice: &mut Dice) -> Wish {
    let minor = amount(i64::from(dice.between(1, 2_500)));
    let how_much = match dice.roll(8) {
        0 => HowMuch::AllThatIsLeft,
        1 | 2 => HowMuch::AtMost(minor),
        _ => HowMuch::Exactly(minor),
    };
    let reference = (!dice.one_in(3)).then(|| format!("for_{}", dice.roll(12)).into());
    Wish { how_much, reason: RefundReason::Customer, reference }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Begin { .. } => "begin",
        Command::Answered { .. } => "answered",
        Command::Looked { .. } => "looked",
        Command::Notified(_) => "notified",
        Command::Claimed { .. } => "claimed",
        Command::DisputeHeard { .. } => "dispute_heard",
        Command::Resume => "resume",
        Command::RetryNow => "retry_now",
        Command::Cancel { .. } => "cancel",
        Command::Capture => "capture",
        Command::Refund(_) => "refund",
        Command::TroubleHeard { .. } => "trouble_heard",
        Command::RefundsHeard { .. } => "refunds_heard",
    }
}

fn gateway(nth: u32) -> Gateway {
    Gateway { name: format!("gateway_{nth}").into(), version: 1 }
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a legal amount")
}

const _: () = assert!(id_of(ORDER).bits() == ORDER.bits(), "an order's payment is found by the order's id");

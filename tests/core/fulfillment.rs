//! An order's fulfilment: people, timers and carriers move parcels, and a packer who counts pieces.

use std::collections::BTreeMap;

use orderflow::fulfillment::{
    Becomes, Command, Event, Fulfillment, Fulfillments, Line, Mode, Move, Opening, Outcome, Phase, Policy,
    Scan, ShortPick, Step, Stocking, TrackerStatus, Undelivered, Units,
};
use orderflow::runtime::Event as _;
use orderflow::types::{LineId, OrderId, Timestamp};

use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &[
        "open",
        "stage",
        "ship",
        "hold",
        "release",
        "split",
        "short",
        "give_up",
        "carried",
        "take_back",
        "lose",
        "scan",
        "cancel",
        "tick",
        "dispatched",
        "stock_missing",
        "stock_arrived",
        "given_up",
        "stock_booked",
        "stock_refused",
        "paid",
        "unpaid",
        "noted",
        "warned",
    ],
    events: Event::KINDS,
    windows: &["seen after it was over", "canceled but for what may leave", "left in several parcels"],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const ORDER: OrderId = OrderId::from_bits(7);
/// The lines of the order, and how many of each are owed and not there.
const LINES: [(u128, &str, u32, u32); 3] = [(1, "A", 3, 0), (2, "B", 2, 1), (3, "A", 1, 0)];

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u64, command: Command },
    Crash,
}

/// Where a part is, as the packer sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    House,
    Held,
    GivenUp,
    Gone(TrackerStatus),
    /// Gone, and it is settled that it does not arrive; whether inventory knows.
    Ended(Becomes, Option<bool>),
    Stays,
}

/// One order's fulfilment under commands.
pub(crate) struct Table {
    bench: Bench<Fulfillments>,
    policy: Policy,
    parts: BTreeMap<u32, (BTreeMap<LineId, u32>, Place)>,
    last: Option<Command>,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 80);

    fn start(dice: &mut Dice) -> Self {
        let policy = Policy {
            mode: if dice.one_in(2) { Mode::Auto } else { Mode::Manual },
            stage_s: 10,
            transit_s: 100,
            stalled_s: 2_000,
            short_pick: if dice.one_in(2) { ShortPick::Refund } else { ShortPick::Split },
            undelivered: *dice.pick(&[
                Undelivered::Restock,
                Undelivered::Damaged,
                Undelivered::WriteOff,
                Undelivered::Manual,
                Undelivered::Manual,
            ]),
        };
        Self { bench: Bench::new(NOON, dice.one_in(8)), policy, parts: BTreeMap::new(), last: None }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(60) {
            return Made::Crash;
        }
        let command = match &self.last {
            Some(last) if dice.one_in(12) => last.clone(),
            _ => self.next(dice),
        };
        let after_s = match (&command, self.bench.due().timer) {
            (Command::Tick, Some((at, _))) if !dice.one_in(6) => self.bench.now.until(at).as_secs() + 1,
            _ if dice.one_in(3) => u64::from(dice.roll(30)),
            _ => 0,
        };
        self.last = Some(command.clone());
        Made::Tell { after_s, command }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(*after_s);
        let told = self.bench.tell(name(command), command, tally)?;
        for event in told.iter().flatten() {
            self.read(event, tally).map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
        }
        if let (Command::Cancel { except, .. }, Ok(_)) = (command, &told) {
            let is_let_go = |number: &u32| except & (1 << (number - 1)) != 0;
            let left =
                self.parts.iter().filter(|(_, (_, place))| matches!(place, Place::House | Place::Held));
            for (number, _) in left {
                ensure!(is_let_go(number), "{number} was to stay, and is under way");
                tally.window("canceled but for what may leave");
            }
        }
        self.compare()?;
        self.owes()
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let packed = rmp_serde::to_vec_named(&self.bench.state).map_err(|why| why.to_string())?;
        let read: Fulfillment = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        ensure!(read == self.bench.state, "as a document it is read as {read:?}");
        Ok(())
    }
}

impl Table {
    fn next(&self, dice: &mut Dice) -> Command {
        let Some(work) = self.bench.state.work() else {
            return match dice.roll(30) {
                0 => Command::Tick,
                1 => Command::Cancel { order: ORDER, except: 0 },
                2 => Command::Hear(Outcome::Paid),
                _ => self.open(),
            };
        };
        let number = match dice.pick_some(&work.orders) {
            Some(one) if !dice.one_in(20) => one.number,
            _ => dice.between(1, 5),
        };
        let phase = work.order_of(number).map(|one| &one.phase);
        let due = self.bench.due();
        if dice.one_in(3)
            && let Some(step) = dice.pick_some(&due.steps)
        {
            return heard(step, dice);
        }
        let advance = |to| Command::Advance { number, to };
        match (dice.roll(40), phase) {
            (0..8, _) => Command::Tick,
            (8..22, Some(Phase::Working(stage))) => match stage.next() {
                Some(next) => advance(Move::Stage(next)),
                None => advance(Move::Ship { carrier: None, tracking_code: None }),
            },
            (8..26, Some(Phase::Shipped(_))) => self.scan(number, dice),
            (8..14, Some(Phase::OnHold { .. })) => advance(Move::Release),
            (22 | 23, _) => advance(Move::Hold { note: dice.one_in(2).then(|| "wait".into()) }),
            (24 | 25, _) => advance(Move::Release),
            (26..28, _) => advance(Move::Split { lines: some_units(dice) }),
            (28, _) => advance(Move::Short { lines: some_units(dice) }),
            (29, _) => advance(Move::GiveUp),
            (30 | 31, _) => advance(Move::Carried(*dice.pick(TrackerStatus::ALL))),
            (32, _) => advance(Move::TakeBack { becomes: *dice.pick(Becomes::ALL) }),
            (33, _) => advance(Move::Lose),
            (34, _) => Command::Cancel { order: ORDER, except: dice.roll(16) },
            (35, _) => Command::Hear(Outcome::StockArrived),
            (36, _) => Command::Hear(Outcome::Unpaid),
            (37, _) => Command::Hear(Outcome::Paid),
            (38, _) => Command::Hear(Outcome::Dispatched { number }),
            _ => self.open(),
        }
    }

    fn open(&self) -> Command {
        let line = |(id, sku): (u128, &str), quantity: u32| Line {
            line: LineId::from_bits(id),
            sku: sku.parse().expect("a SKU"),
            quantity,
        };
        let lines = LINES.iter().map(|(id, sku, quantity, owed)| line((*id, sku), quantity - owed)).collect();
        let short = LINES.iter().filter(|(.., owed)| *owed > 0);
        let owed = short.map(|(id, sku, _, owed)| line((*id, sku), *owed)).collect();
        Command::Open(Box::new(Opening { order: ORDER, policy: self.policy, lines, owed }))
    }

    fn scan(&self, number: u32, dice: &mut Dice) -> Command {
        let scan = |dice: &mut Dice| Scan {
            status: *dice.pick(TrackerStatus::ALL),
            at: self.bench.now.plus_secs(u64::from(dice.roll(200))),
            detail: dice.one_in(4).then(|| "detail".into()),
            message: None,
            place: None,
            is_failed_attempt: dice.one_in(4),
        };
        let count = dice.roll(3);
        Command::Scan {
            number,
            tracking_code: dice.one_in(10).then(|| "another".into()),
            eta: dice.one_in(3).then(|| self.bench.now.plus_secs(u64::from(dice.roll(500)))),
            scans: (0..count).map(|_| scan(dice)).collect(),
        }
    }

    fn read(&mut self, event: &Event, tally: &mut Tally) -> Holds {
        use Place as P;
        match event {
            Event::Opened(e) => {
                ensure!(self.parts.is_empty(), "it is opened twice");
                let pieces = |lines: &[Line]| lines.iter().map(|line| (line.line, line.quantity)).collect();
                self.parts.insert(1, (pieces(&e.lines), P::House));
                self.parts.insert(2, (pieces(&e.owed), P::Held));
            }
            Event::PickingStarted(e)
            | Event::Picked(e)
            | Event::PackingStarted(e)
            | Event::Packed(e)
            | Event::ReadyToShip(e) => ensure!(self.part(e.number)?.1 == P::House, "it is not worked on"),
            Event::DispatchRequested(e) => {
                ensure!(self.part(e.number)?.1 == P::House, "it is not worked on");
            }
            Event::StockArrived(e) => {
                let part = self.part(e.number)?;
                ensure!(std::mem::replace(&mut part.1, P::House) == P::Held, "it waited for nothing");
            }
            Event::Held(e) => {
                let part = self.part(e.number)?;
                ensure!(std::mem::replace(&mut part.1, P::Held) == P::House, "it is held, and is elsewhere");
            }
            Event::Released(e) => {
                let part = self.part(e.number)?;
                ensure!(std::mem::replace(&mut part.1, P::House) == P::Held, "it was not held");
            }
            Event::Split(e) => self.split(e.number, e.into, &e.lines)?,
            Event::PickedShort(e) => {
                let number = e.into.unwrap_or(e.number);
                if e.into.is_some() {
                    self.split(e.number, number, &e.lines)?;
                }
                let part = self.part(number)?;
                ensure!(part.1 == P::House, "it was not being picked");
                part.1 = if e.remedy == ShortPick::Refund { P::GivenUp } else { P::Held };
            }
            Event::GivenUp(e) => {
                let part = self.part(e.number)?;
                ensure!(matches!(part.1, P::House | P::Held), "it is given up, and is elsewhere");
                part.1 = P::GivenUp;
            }
            Event::Created(e) => {
                let part = self.part(e.number)?;
                ensure!(part.1 == P::House, "it leaves, and is elsewhere");
                part.1 = P::Gone(TrackerStatus::PreTransit);
                let gone =
                    self.parts.values().filter(|(_, place)| matches!(place, P::Gone(_) | P::Ended(..)));
                if gone.count() > 1 {
                    tally.window("left in several parcels");
                }
            }
            Event::Closed(_) => {}
            Event::Canceled(e) => {
                let Some(number) = e.number else { return Ok(()) };
                let part = self.part(number)?;
                ensure!(matches!(part.1, P::House | P::Held | P::GivenUp), "canceled, and is elsewhere");
                part.1 = P::Stays;
            }
            Event::InTransit(e)
            | Event::OutForDelivery(e)
            | Event::Delivered(e)
            | Event::AttemptFailed(e)
            | Event::Returned(e)
            | Event::Failed(e)
            | Event::Scanned(e) => {
                let shown = self.bench.state.work().and_then(|work| work.order_of(e.number)?.shipment());
                let shown = shown.map(|shipment| shipment.status).ok_or("there is no such parcel")?;
                let part = self.part(e.number)?;
                match &mut part.1 {
                    P::Gone(status) if status.is_final() => {
                        ensure!(*status == shown, "what is final is not: {status:?}, then {shown:?}");
                        tally.window("seen after it was over");
                    }
                    P::Gone(status) => *status = shown,
                    P::Ended(..) => tally.window("seen after it was over"),
                    other => return Err(format!("it is seen, and is {other:?}")),
                }
            }
            Event::TakenBack(e) | Event::Lost(e) => {
                let part = self.part(e.number)?;
                match part.1 {
                    P::Gone(status) if status != TrackerStatus::Delivered => {}
                    P::Ended(_, Some(false)) => {}
                    other => return Err(format!("it is given up, and is {other:?}")),
                }
                part.1 = P::Ended(e.becomes, None);
            }
            Event::StockBooked(e) => self.stocked(e.number, true)?,
            Event::StockRefused(e) => self.stocked(e.number, false)?,
            Event::EtaChanged(_)
            | Event::Stalled(_)
            | Event::TroubleReported(_)
            | Event::Reported(_)
            | Event::PaymentAwaited(_)
            | Event::PaymentArrived(_) => {}
        }
        Ok(())
    }

    fn part(&mut self, number: u32) -> Result<&mut (BTreeMap<LineId, u32>, Place), String> {
        self.parts.get_mut(&number).ok_or_else(|| format!("there is no part {number}"))
    }

    fn stocked(&mut self, number: u32, is_booked: bool) -> Holds {
        match &mut self.part(number)?.1 {
            Place::Ended(_, answer) => {
                ensure!(answer.replace(is_booked).is_none(), "it is answered for twice");
                Ok(())
            }
            other => Err(format!("its stock is booked, and it is {other:?}")),
        }
    }

    fn split(&mut self, number: u32, into: u32, lines: &[Units]) -> Holds {
        ensure!(!self.parts.contains_key(&into), "its number is in use");
        let (pieces, place) = self.part(number)?;
        let place = *place;
        let mut parted = BTreeMap::new();
        for part in lines {
            let left = pieces.get_mut(&part.line).ok_or("no such line")?;
            *left = left.checked_sub(part.quantity).ok_or("more is parted than there is")?;
            parted.insert(part.line, part.quantity);
        }
        pieces.retain(|_, quantity| *quantity > 0);
        ensure!(!pieces.is_empty(), "nothing is left of it");
        self.parts.insert(into, (parted, place));
        Ok(())
    }

    /// Every piece is in one part, and every part is where the packer saw it.
    fn compare(&self) -> Holds {
        let Some(work) = self.bench.state.work() else { return Ok(()) };
        ensure!(work.orders.len() == self.parts.len(), "{} parts, not {:?}", work.orders.len(), self.parts);
        for (id, _, quantity, _) in LINES {
            let line = LineId::from_bits(id);
            let all: u32 = self.parts.values().filter_map(|(pieces, _)| pieces.get(&line)).sum();
            ensure!(all == quantity, "{all} pieces of {line}, and {quantity} were sold");
        }
        let progress = work.progress();
        let (mut shipped, mut delivered, mut canceled, mut undelivered) = (0, 0, 0, 0);
        for one in &work.orders {
            let (pieces, place) = &self.parts[&one.number];
            let shown: BTreeMap<LineId, u32> =
                one.lines.iter().map(|line| (line.line, line.quantity)).collect();
            ensure!(shown == *pieces, "other pieces in {}: {shown:?}", one.number);
            let units: u32 = pieces.values().sum();
            let is_there = match (&one.phase, place) {
                (Phase::Working(_) | Phase::Leaving { .. }, Place::House)
                | (Phase::OnHold { .. }, Place::Held)
                | (Phase::Incomplete { .. }, Place::GivenUp) => true,
                (Phase::Canceled, Place::Stays) => {
                    canceled += units;
                    true
                }
                (Phase::Shipped(parcel), Place::Gone(status)) => {
                    shipped += units;
                    delivered += if *status == TrackerStatus::Delivered { units } else { 0 };
                    parcel.status == *status && parcel.ending.is_none()
                }
                (Phase::Shipped(parcel), Place::Ended(becomes, answer)) => {
                    (shipped, undelivered) = (shipped + units, undelivered + units);
                    parcel.ending.as_ref().is_some_and(|ending| {
                        let known = match ending.stock {
                            Stocking::Owed => None,
                            Stocking::Booked => Some(true),
                            Stocking::Refused { .. } => Some(false),
                        };
                        ending.becomes == *becomes && known == *answer
                    })
                }
                _ => false,
            };
            ensure!(is_there, "{} is {:?}, not {place:?}", one.number, one.phase);
        }
        let count = |of: &[Units]| of.iter().map(|part| part.quantity).sum::<u32>();
        let told =
            (progress.shipped, progress.delivered, count(&progress.canceled), count(&progress.undelivered));
        ensure!(told == (shipped, delivered, canceled, undelivered), "it tells {progress:?}");
        Ok(())
    }

    /// Whoever waits for an answer asks for it.
    fn owes(&self) -> Holds {
        let Some(work) = self.bench.state.work() else { return Ok(()) };
        let due = self.bench.due();
        for (number, (_, place)) in &self.parts {
            let number = *number;
            let gives_up =
                due.steps.iter().any(|step| matches!(step, Step::GiveUp { number: of, .. } if *of == number));
            ensure!(
                gives_up == (*place == Place::GivenUp),
                "{number} is {place:?}, and owes {:?}",
                due.steps
            );
            let takes_back = due.steps.contains(&Step::TakeBack { number });
            ensure!(
                takes_back == matches!(place, Place::Ended(_, None)),
                "{number} is {place:?}, and owes {:?}",
                due.steps
            );
        }
        let is_told = work.progress() == work.told;
        let tells = due.steps.iter().any(|step| matches!(step, Step::Report { .. }));
        ensure!(tells != is_told, "the order is to hear, and nobody tells it");
        // In `auto` whatever is worked on or under way goes on by itself.
        let goes_on = work.orders.iter().any(|one| match &one.phase {
            Phase::Working(stage) => work.policy.mode == Mode::Auto && stage.next().is_some(),
            Phase::Shipped(parcel) => !parcel.is_over() && !parcel.is_stalled,
            Phase::OnHold { .. } | Phase::Incomplete { .. } | Phase::Leaving { .. } | Phase::Canceled => {
                false
            }
        });
        ensure!(!goes_on || due.timer.is_some(), "it stands still: {:?}", work.orders);
        Ok(())
    }
}

fn heard(step: &Step, dice: &mut Dice) -> Command {
    Command::Hear(match step {
        Step::Dispatch { number } if dice.one_in(6) => {
            Outcome::StockMissing { number: *number, lacking: "A".into() }
        }
        Step::Dispatch { number } => Outcome::Dispatched { number: *number },
        Step::GiveUp { number, .. } => Outcome::GivenUp { number: *number },
        Step::TakeBack { number } if dice.one_in(3) => {
            Outcome::StockRefused { number: *number, why: "no".into() }
        }
        Step::TakeBack { number } => Outcome::StockBooked { number: *number },
        Step::Report { progress } => Outcome::Noted { progress: progress.clone() },
        Step::Warn { number, trouble } => Outcome::Warned { number: *number, trouble: *trouble },
    })
}

fn some_units(dice: &mut Dice) -> Vec<Units> {
    let unit = |dice: &mut Dice| Units {
        line: LineId::from_bits(u128::from(dice.between(1, 3))),
        quantity: dice.between(1, 2),
    };
    (0..dice.between(1, 2)).map(|_| unit(dice)).collect()
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Open(_) => "open",
        Command::Advance { to, .. } => match to {
            Move::Stage(_) => "stage",
            Move::Ship { .. } => "ship",
            Move::Hold { .. } => "hold",
            Move::Release => "release",
            Move::Split { .. } => "split",
            Move::Short { .. } => "short",
            Move::GiveUp => "give_up",
            Move::Carried(_) => "carried",
            Move::TakeBack { .. } => "take_back",
            Move::Lose => "lose",
        },
        Command::Scan { .. } => "scan",
        Command::Cancel { .. } => "cancel",
        Command::Tick => "tick",
        Command::Hear(outcome) => match outcome {
            Outcome::Dispatched { .. } => "dispatched",
            Outcome::StockMissing { .. } => "stock_missing",
            Outcome::StockArrived => "stock_arrived",
            Outcome::GivenUp { .. } => "given_up",
            Outcome::StockBooked { .. } => "stock_booked",
            Outcome::StockRefused { .. } => "stock_refused",
            Outcome::Paid => "paid",
            Outcome::Unpaid => "unpaid",
            Outcome::Noted { .. } => "noted",
            Outcome::Warned { .. } => "warned",
        },
    }
}

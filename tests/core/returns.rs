//! An order's returns: pieces that come back, and a tray with the pieces themselves.

use std::collections::BTreeMap;

use orderflow::returns::{
    Approval, Asked, Book, Command, Delivered, Disposition, Event, Outcome, Parcel, Phase, Policy, Reason,
    RefundOn, RefundState, Request, Returns, Seen, Step, Stocking, What,
};
use orderflow::runtime::Event as _;
use orderflow::types::{Amount, LineId, OrderId, Sku, Timestamp};

use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &[
        "request",
        "approve",
        "decline",
        "ship",
        "receive",
        "close",
        "cancel",
        "retry",
        "stock_booked",
        "stock_refused",
        "refund_taken",
        "refund_refused",
        "refund_failed",
        "warned",
        "noted",
    ],
    events: Event::KINDS,
    windows: &["more than was delivered", "received in part", "the rest never came"],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const ORDER: OrderId = OrderId::from_bits(7);
/// The lines of the order: how many of each, and what one cost. Two lines are of one SKU.
const LINES: [(u128, &str, u32, i64); 3] = [(1, "A", 4, 500), (2, "A", 2, 400), (3, "B", 3, 900)];

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u32, command: Command },
    Crash,
}

/// One order's returns under commands.
pub(crate) struct Table {
    bench: Bench<Returns>,
    /// By return and line: asked for, and received.
    asked: BTreeMap<u32, BTreeMap<LineId, (u32, u32)>>,
    over: Vec<u32>,
    /// By receipt: of which return, its value, whether inventory has it.
    receipts: BTreeMap<u32, (u32, i64, Option<bool>)>,
    /// By return and receipt: what is owed, and whether the payment gives it.
    owed: BTreeMap<(u32, Option<u32>), (i64, Option<bool>)>,
    told: u32,
    last: Option<Command>,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 60);

    fn start(dice: &mut Dice) -> Self {
        Self {
            bench: Bench::new(NOON, dice.one_in(8)),
            asked: BTreeMap::new(),
            over: Vec::new(),
            receipts: BTreeMap::new(),
            owed: BTreeMap::new(),
            told: 0,
            last: None,
        }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(60) {
            return Made::Crash;
        }
        let command = match &self.last {
            Some(last) if dice.one_in(10) => last.clone(),
            _ => self.next(dice),
        };
        self.last = Some(command.clone());
        Made::Tell { after_s: if dice.one_in(4) { dice.roll(2_000) } else { 0 }, command }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(u64::from(*after_s));
        let told = self.bench.tell(name(command), command, tally)?;
        if let Err(orderflow::returns::Rejection::MoreThanDelivered { .. }) = told {
            tally.window("more than was delivered");
        }
        for event in told.iter().flatten() {
            self.read(event, command, tally).map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
        }
        self.compare()
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let packed = rmp_serde::to_vec_named(&self.bench.state).map_err(|why| why.to_string())?;
        let read: Book = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        ensure!(read == self.bench.state, "as a document it is read as {read:?}");
        Ok(())
    }
}

impl Table {
    fn next(&self, dice: &mut Dice) -> Command {
        let book = &self.bench.state;
        let number = match dice.pick_some(&book.returns) {
            Some(one) if !dice.one_in(20) => one.number,
            _ => dice.between(1, 3),
        };
        let due = self.bench.due();
        if dice.one_in(3)
            && let Some(step) = dice.pick_some(&due.steps)
        {
            return self.heard(*step, dice);
        }
        match dice.roll(24) {
            0..5 => request(dice),
            5 | 6 => Command::Approve { number },
            7 => Command::Decline { number, note: dice.one_in(2).then(|| "no".into()) },
            8 => Command::Ship { number, parcel: Parcel::default() },
            9..15 => self.receive(number, dice),
            15 | 16 => Command::Close { number },
            17 => Command::Cancel { number },
            18 | 19 => Command::Retry { number },
            20 => {
                Command::Hear(Outcome::RefundFailed { refund: dice.between(1, 6), code: "declined".into() })
            }
            21 => Command::Hear(Outcome::StockBooked { receipt: dice.between(1, 4) }),
            22 => Command::Hear(Outcome::Warned { number, is_refused: dice.one_in(2) }),
            _ => Command::Hear(Outcome::Noted { pieces: dice.roll(9) }),
        }
    }

    /// What a sibling makes of a question.
    fn heard(&self, step: Step, dice: &mut Dice) -> Command {
        Command::Hear(match step {
            Step::BookStock { receipt } if dice.one_in(4) => {
                Outcome::StockRefused { receipt, why: "too much".into() }
            }
            Step::BookStock { receipt } => Outcome::StockBooked { receipt },
            Step::Refund { number, receipt } if dice.one_in(3) => {
                let is_still_owed = dice.one_in(2);
                Outcome::RefundRefused { number, receipt, why: "no".into(), is_still_owed }
            }
            Step::Refund { number, receipt } => {
                let value = self.owed.get(&(number, receipt)).map_or(1, |(value, _)| *value);
                let part = if dice.one_in(4) { value / 2 } else { value };
                Outcome::RefundTaken { number, receipt, refund: dice.between(1, 6), amount: amount(part) }
            }
            Step::Warn { number, is_refused } => Outcome::Warned { number, is_refused },
            Step::Report { pieces } => Outcome::Noted { pieces },
        })
    }

    fn receive(&self, number: u32, dice: &mut Dice) -> Command {
        let lines = (0..dice.between(1, 2)).map(|_| Seen {
            what: what(dice),
            quantity: dice.roll(3),
            disposition: *dice.pick(Disposition::ALL),
        });
        Command::Receive { number, lines: lines.collect() }
    }

    fn read(&mut self, event: &Event, command: &Command, tally: &mut Tally) -> Holds {
        match event {
            Event::Requested(e) => {
                ensure!(e.number as usize == self.asked.len() + 1, "its number is in use");
                let mut lines: BTreeMap<LineId, (u32, u32)> = BTreeMap::new();
                for line in &e.lines {
                    lines.entry(line.line).or_default().0 += line.quantity;
                    let known =
                        LINES.iter().find(|(id, ..)| *id == line.line.bits()).ok_or("no such line")?;
                    ensure!(line.unit_price == amount(known.3), "another price");
                }
                self.asked.insert(e.number, lines);
                let Command::Request(request) = command else { return Err("nobody asked".to_owned()) };
                for of in &request.delivered {
                    let taken = self.taken(of.line);
                    ensure!(
                        taken <= of.quantity,
                        "{taken} of {} are to come back of {}",
                        of.line,
                        of.quantity
                    );
                }
            }
            Event::Approved(_) | Event::Shipped(_) => {}
            Event::Declined(e) => self.over.push(e.number),
            Event::Canceled(e) => {
                let lines = &self.asked[&e.number];
                ensure!(lines.values().all(|(_, received)| *received == 0), "canceled, and pieces are here");
                self.over.push(e.number);
            }
            Event::Received(e) => {
                ensure!(e.receipt as usize == self.receipts.len() + 1, "its number is in use");
                ensure!(!self.over.contains(&e.number), "it is over");
                let mut value = 0;
                for piece in &e.lines {
                    let lines = self.asked.get_mut(&e.number).ok_or("no such return")?;
                    let (asked, received) = lines.get_mut(&piece.line).ok_or("no such line")?;
                    *received += piece.quantity;
                    ensure!(received <= asked, "{received} of {asked} came back");
                    if received < asked {
                        tally.window("received in part");
                    }
                    let price =
                        LINES.iter().find(|(id, ..)| *id == piece.line.bits()).map_or(0, |line| line.3);
                    value += price * i64::from(piece.quantity);
                }
                ensure!(value == e.value.minor() && value > 0, "it is worth {value}");
                self.receipts.insert(e.receipt, (e.number, value, None));
                let one = self.bench.state.get(e.number).ok_or("no such return")?;
                if one.policy.refund_on == RefundOn::Receipt {
                    self.owed.insert((e.number, Some(e.receipt)), (value, None));
                }
            }
            Event::Closed(e) => {
                self.over.push(e.number);
                let lines = &self.asked[&e.number];
                if lines.values().any(|(asked, received)| received < asked) {
                    tally.window("the rest never came");
                }
                let one = self.bench.state.get(e.number).ok_or("no such return")?;
                if one.policy.refund_on == RefundOn::Close {
                    let of = self.receipts.values().filter(|(number, ..)| *number == e.number);
                    let value = of.map(|(_, value, _)| value).sum();
                    self.owed.insert((e.number, None), (value, None));
                }
            }
            Event::StockBooked(e) => {
                let receipt = self.receipts.get_mut(&e.receipt).ok_or("no such receipt")?;
                ensure!(receipt.2.replace(true).is_none(), "it is booked twice");
            }
            Event::StockRefused(e) => {
                let receipt = self.receipts.get_mut(&e.receipt).ok_or("no such receipt")?;
                ensure!(receipt.2.replace(false).is_none(), "it is answered for twice");
            }
            Event::StockRetried(e) => {
                let receipt = self.receipts.get_mut(&e.receipt).ok_or("no such receipt")?;
                ensure!(receipt.2.take() == Some(false), "it was not refused");
            }
            Event::RefundRequested(e) => {
                let owed = self.owed.get_mut(&(e.number, e.receipt)).ok_or("nothing is owed")?;
                ensure!(owed.1.replace(true).is_none(), "it is asked for twice");
                ensure!(e.amount.minor() <= owed.0, "more goes back than {}", owed.0);
            }
            Event::RefundRefused(e) => {
                let owed = self.owed.get_mut(&(e.number, e.receipt)).ok_or("nothing is owed")?;
                ensure!(owed.1.replace(false).is_none(), "it is answered for twice");
            }
            Event::RefundFailed(e) => {
                let owed = self.owed.get_mut(&(e.number, e.receipt)).ok_or("nothing is owed")?;
                ensure!(owed.1.replace(false) == Some(true), "what fails was not taken");
            }
            Event::RefundRetried(e) => {
                let owed = self.owed.get_mut(&(e.number, e.receipt)).ok_or("nothing is owed")?;
                ensure!(owed.1.take() == Some(false), "it was not refused");
            }
            Event::TroubleReported(_) => {}
            Event::Reported(e) => {
                ensure!(self.told != e.pieces, "the order knows");
                self.told = e.pieces;
            }
        }
        Ok(())
    }

    /// Pieces of a line that came back or still may.
    fn taken(&self, line: LineId) -> u32 {
        let of = self.asked.iter().filter_map(|(number, lines)| Some((number, lines.get(&line)?)));
        of.map(|(number, (asked, received))| if self.over.contains(number) { *received } else { *asked })
            .sum()
    }

    fn compare(&self) -> Holds {
        let book = &self.bench.state;
        let back: u32 =
            self.asked.values().flat_map(|lines| lines.values()).map(|(_, received)| received).sum();
        ensure!(book.pieces_back() == back, "{} pieces came back, not {back}", book.pieces_back());
        for (id, ..) in LINES {
            let line = LineId::from_bits(id);
            ensure!(book.taken(line) == self.taken(line), "{} of {line} are taken", book.taken(line));
        }
        let mut expected: Vec<Step> = Vec::new();
        let unbooked = self.receipts.iter().filter(|(_, (.., answer))| answer.is_none());
        expected.extend(unbooked.map(|(receipt, _)| Step::BookStock { receipt: *receipt }).next());
        let unpaid = self.owed.iter().filter(|(_, (value, answer))| answer.is_none() && *value > 0);
        expected
            .extend(unpaid.map(|((number, receipt), _)| Step::Refund { number: *number, receipt: *receipt }));
        if back != self.told {
            expected.push(Step::Report { pieces: back });
        }
        let due = self.bench.due();
        let owes: Vec<Step> =
            due.steps.iter().filter(|step| !matches!(step, Step::Warn { .. })).copied().collect();
        ensure!(owes == expected, "it owes {owes:?}, and should owe {expected:?}");
        for one in &book.returns {
            let given = one.refunded().minor() + one.unpaid().minor();
            ensure!(given <= one.value_back().minor(), "more than it is worth: {one:?}");
            let is_stock_refused = one.receipts.iter().any(|of| matches!(of.stock, Stocking::Refused { .. }));
            let is_money_refused = one
                .refunds
                .iter()
                .any(|of| matches!(of.state, RefundState::Refused { is_still_owed: true, .. }));
            let is_wrong = is_stock_refused || is_money_refused;
            let warns = due.steps.contains(&Step::Warn { number: one.number, is_refused: is_wrong });
            ensure!(warns == (is_wrong != one.warned), "people are not told: {one:?}");
            let is_over = matches!(one.phase, Phase::Closed | Phase::Declined | Phase::Canceled);
            ensure!(is_over == self.over.contains(&one.number), "it is {:?}", one.phase);
        }
        Ok(())
    }
}

fn request(dice: &mut Dice) -> Command {
    let lines = (0..dice.between(1, 2)).map(|_| Asked {
        what: what(dice),
        quantity: dice.roll(4),
        reason: *dice.pick(Reason::ALL),
    });
    let lines = lines.collect();
    let delivered = LINES.iter().map(|(id, sku, quantity, price)| Delivered {
        line: LineId::from_bits(*id),
        sku: sku.parse().expect("a SKU"),
        unit_price: amount(*price),
        quantity: *quantity,
        at: Some(NOON),
    });
    Command::Request(Box::new(Request {
        order: ORDER,
        policy: Policy {
            approval: if dice.one_in(2) { Approval::Automatic } else { Approval::Manual },
            refund_on: if dice.one_in(2) { RefundOn::Receipt } else { RefundOn::Close },
        },
        window_s: if dice.one_in(4) { 10_000 } else { 0 },
        lines,
        note: None,
        delivered: delivered.collect(),
    }))
}

fn what(dice: &mut Dice) -> What {
    if dice.one_in(2) {
        return What::Line(LineId::from_bits(u128::from(dice.between(1, 3))));
    }
    let sku: Sku = if dice.one_in(2) { "A" } else { "B" }.parse().expect("a SKU");
    What::Sku(sku)
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a legal amount")
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Request(_) => "request",
        Command::Approve { .. } => "approve",
        Command::Decline { .. } => "decline",
        Command::Ship { .. } => "ship",
        Command::Receive { .. } => "receive",
        Command::Close { .. } => "close",
        Command::Cancel { .. } => "cancel",
        Command::Retry { .. } => "retry",
        Command::Hear(Outcome::StockBooked { .. }) => "stock_booked",
        Command::Hear(Outcome::StockRefused { .. }) => "stock_refused",
        Command::Hear(Outcome::RefundTaken { .. }) => "refund_taken",
        Command::Hear(Outcome::RefundRefused { .. }) => "refund_refused",
        Command::Hear(Outcome::RefundFailed { .. }) => "refund_failed",
        Command::Hear(Outcome::Warned { .. }) => "warned",
        Command::Hear(Outcome::Noted { .. }) => "noted",
    }
}

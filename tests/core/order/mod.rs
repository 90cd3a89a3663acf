//! An order under whatever its siblings and people say, in whatever order; and a clerk who knows the published table.

mod clerk;

use std::sync::Arc;

use orderflow::order::{
    CancelReason, CanceledUnits, Cart, Clearance, Command, Customer, Event, Line, Order, Orders, Outcome,
    PaymentChoice, Phase, Placed, Placement, Policy, Progress, Risk,
};
use orderflow::runtime::Event as _;
use orderflow::types::{Amount, LineId, OrderId, PaymentId, Quantity, ReservationId, Timestamp};

use self::clerk::Clerk;
use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &[
        "place",
        "cancel",
        "retry",
        "lapse",
        "stock_held",
        "stock_short",
        "stock_committed",
        "stock_lost",
        "stock_released",
        "cleared",
        "parked",
        "blocked",
        "reviewed",
        "review_withdrawn",
        "payment_challenged",
        "payment_settled",
        "payment_failed",
        "refunds_changed",
        "dispute_changed",
        "capture_failed",
        "lines_unpaid",
        "shipping_resumed",
        "warned",
        "parcel_ready",
        "goods_moved",
        "fulfillment_canceled",
        "goods_returned",
        "lines_refunded",
        "payment_undone",
    ],
    events: Event::KINDS,
    windows: &["canceled after it was paid", "canceled in part", "completed", "expired", "answered late"],
};

const ID: OrderId = OrderId::from_bits(9);
const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
/// Two of one thing and one of another.
pub(super) const LINES: [(u128, u32, i64); 2] = [(1, 2, 1_999), (2, 1, 500)];
const TOTAL: i64 = 4_498;

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u32, command: Command },
    Crash,
}

/// One order under commands.
pub(crate) struct Table {
    bench: Bench<Orders>,
    clerk: Clerk,
    last: Option<Command>,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 70);

    fn start(dice: &mut Dice) -> Self {
        Self { bench: Bench::new(NOON, dice.one_in(8)), clerk: Clerk::default(), last: None }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(60) {
            return Made::Crash;
        }
        let command = match &self.last {
            Some(last) if dice.one_in(12) => last.clone(),
            _ => self.next(dice),
        };
        self.last = Some(command.clone());
        let after_s = match dice.roll(30) {
            0 => 4_000,
            1..10 => dice.roll(60),
            _ => 0,
        };
        Made::Tell { after_s, command }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(u64::from(*after_s));
        let now = self.bench.now;
        let told = self.bench.tell(name(command), command, tally)?;
        ensure!(
            told.is_ok() || !matches!(command, Command::Hear(_)) || self.bench.state.placed().is_none(),
            "what a sibling says is refused: {told:?}"
        );
        if let Ok(events) = &told {
            if events.is_empty() && matches!(command, Command::Hear(_)) {
                tally.window("answered late");
            }
            for event in events {
                self.clerk
                    .read(event, now, tally)
                    .map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
            }
        }
        self.clerk.compare(&self.bench.state)?;
        let due = self.bench.due();
        self.clerk.owes(&due.steps, due.timer.map(|(at, _)| at))
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let packed = rmp_serde::to_vec_named(&self.bench.state).map_err(|why| why.to_string())?;
        let read: Order = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        ensure!(read == self.bench.state, "as a document it is read as {read:?}");
        Ok(())
    }
}

impl Table {
    fn next(&self, dice: &mut Dice) -> Command {
        let Some(placed) = self.bench.state.placed() else {
            return if dice.one_in(8) { anything(None, dice) } else { place() };
        };
        if dice.one_in(4) {
            return anything(Some(placed), dice);
        }
        let often = dice.roll(20);
        match &placed.phase {
            Phase::Reserving if often == 0 => short(),
            Phase::Reserving => hear(Outcome::StockHeld),
            Phase::Screening if often < 4 => {
                hear(Outcome::Parked { risk: risk(), due_at: later(self.bench.now) })
            }
            Phase::Screening if often == 4 => hear(Outcome::Blocked { risk: risk() }),
            Phase::Screening => hear(Outcome::Cleared { risk: risk() }),
            Phase::OnHold { .. } if often < 6 => hear(Outcome::Reviewed { clearance: Clearance::Rejected }),
            Phase::OnHold { .. } => hear(Outcome::Reviewed { clearance: Clearance::Approved }),
            Phase::Paying if often < 4 => hear(Outcome::PaymentChallenged { url: None }),
            Phase::Paying | Phase::Challenged if often == 4 => {
                hear(Outcome::PaymentFailed { code: "no".into() })
            }
            Phase::Paying | Phase::Challenged => settled(if often < 12 { TOTAL } else { 0 }),
            Phase::Committing if often == 0 => hear(Outcome::StockLost { lacking: "A".into() }),
            Phase::Committing => hear(Outcome::StockCommitted),
            Phase::Confirmed => self.forward(placed, dice),
            Phase::Completed => match often {
                0..8 => hear(Outcome::GoodsReturned { pieces: dice.roll(4) }),
                8..16 => refunds(dice),
                _ => hear(Outcome::Warned { is_stuck: dice.one_in(2) }),
            },
            Phase::Closed { undo, .. } => match often {
                0..5 if undo.fulfillment => {
                    hear(Outcome::FulfillmentCanceled { progress: Progress::default() })
                }
                5..10 if undo.stock => hear(Outcome::StockReleased),
                10..15 if undo.payment => {
                    let captured = placed.money.captured;
                    hear(Outcome::PaymentUndone { captured, refunded: captured })
                }
                15..18 if undo.review => hear(Outcome::ReviewWithdrawn),
                _ => anything(Some(placed), dice),
            },
        }
    }

    /// What happens to a confirmed order.
    fn forward(&self, placed: &Placed, dice: &mut Dice) -> Command {
        let goods = &placed.goods;
        let forgone = goods.progress.forgone_value(&placed.cart).unwrap_or(Amount::ZERO);
        match dice.roll(24) {
            0..5 => hear(Outcome::ParcelReady { number: dice.between(1, 4), units: dice.between(1, 2) }),
            5..8 if !goods.waiting.is_empty() => settled(TOTAL),
            8..10 if !goods.waiting.is_empty() => {
                hear(Outcome::CaptureFailed { authorized: amount(TOTAL), code: "expired".into() })
            }
            10 => hear(Outcome::ShippingResumed),
            11 => hear(Outcome::Warned { is_stuck: placed.is_stuck() }),
            12 if goods.canceling.is_some() => {
                hear(Outcome::FulfillmentCanceled { progress: further(placed, dice, true) })
            }
            13 if forgone > goods.refunded => hear(Outcome::LinesRefunded { value: forgone }),
            14 if forgone > goods.refunded => hear(Outcome::LinesUnpaid { why: "too many".into() }),
            15 => Command::Cancel { reason: cancel_reason(dice) },
            16 => Command::Retry,
            17 => Command::Lapse,
            _ => hear(Outcome::GoodsMoved { progress: further(placed, dice, dice.clone().one_in(3)) }),
        }
    }
}

/// How far the goods may be after this: one thing more has happened to them.
fn further(placed: &Placed, dice: &mut Dice, may_be_canceled: bool) -> Progress {
    let mut progress = placed.goods.progress.clone();
    let units: u32 = LINES.iter().map(|(_, quantity, _)| quantity).sum();
    let under_way =
        progress.shipped - (progress.delivered + progress.undelivered_units()).min(progress.shipped);
    let (line, quantity, _) = *dice.pick(&LINES);
    let line = LineId::from_bits(line);
    let canceled =
        |of: &[CanceledUnits]| of.iter().find(|part| part.line == line).map_or(0, |part| part.quantity);
    let left = quantity - (canceled(&progress.canceled) + canceled(&progress.undelivered)).min(quantity);
    match dice.roll(4) {
        0 if under_way > 0 => progress.delivered += dice.between(1, under_way),
        1 if may_be_canceled && left > 0 && progress.shipped + progress.canceled_units() < units => {
            more(&mut progress.canceled, line, 1);
        }
        2 if under_way > 0 && left > 0 => {
            more(&mut progress.undelivered, line, 1);
            if dice.one_in(2) { progress.lost += 1 } else { progress.returned += 1 }
        }
        _ => progress.is_held = !progress.is_held,
    }
    progress
}

fn more(of: &mut Vec<CanceledUnits>, line: LineId, quantity: u32) {
    match of.iter_mut().find(|part| part.line == line) {
        Some(part) => part.quantity += quantity,
        None => of.push(CanceledUnits { line, quantity }),
    }
}

/// Whatever anybody may say, sensible or not.
fn anything(placed: Option<&Placed>, dice: &mut Dice) -> Command {
    match dice.roll(30) {
        0 => place(),
        1 | 2 => Command::Cancel { reason: cancel_reason(dice) },
        3 => Command::Retry,
        4 | 5 => Command::Lapse,
        6 => hear(Outcome::StockHeld),
        7 => short(),
        8 => hear(Outcome::StockCommitted),
        9 => hear(Outcome::StockLost { lacking: "A".into() }),
        10 => hear(Outcome::StockReleased),
        11 => hear(Outcome::Cleared { risk: risk() }),
        12 => hear(Outcome::Parked { risk: risk(), due_at: later(NOON) }),
        13 => hear(Outcome::Blocked { risk: risk() }),
        14 => hear(Outcome::Reviewed { clearance: Clearance::Approved }),
        15 => hear(Outcome::ReviewWithdrawn),
        16 => hear(Outcome::PaymentChallenged { url: Some(Arc::from("https://bank.example")) }),
        17 => settled(if dice.one_in(2) { TOTAL } else { 0 }),
        18 => hear(Outcome::PaymentFailed { code: "lost_card".into() }),
        19 => refunds(dice),
        20 => hear(Outcome::DisputeChanged { is_disputed: dice.one_in(2) }),
        21 => hear(Outcome::CaptureFailed { authorized: amount(TOTAL), code: "lost".into() }),
        22 => hear(Outcome::LinesUnpaid { why: "no".into() }),
        23 => hear(Outcome::ShippingResumed),
        24 => hear(Outcome::Warned { is_stuck: dice.one_in(2) }),
        25 => hear(Outcome::ParcelReady { number: dice.between(1, 4), units: 1 }),
        26 => match placed {
            Some(placed) => hear(Outcome::GoodsMoved { progress: further(placed, dice, true) }),
            None => hear(Outcome::StockHeld),
        },
        27 => hear(Outcome::GoodsReturned { pieces: dice.roll(4) }),
        28 => hear(Outcome::LinesRefunded { value: amount(i64::from(dice.roll(4_499))) }),
        _ => hear(Outcome::PaymentUndone { captured: amount(TOTAL), refunded: amount(TOTAL) }),
    }
}

fn place() -> Command {
    let line = |(id, quantity, price): &(u128, u32, i64)| Line {
        id: LineId::from_bits(*id),
        sku: if *id == 1 { "A" } else { "B" }.parse().expect("a SKU"),
        quantity: Quantity::new(*quantity).expect("a quantity"),
        unit_price: amount(*price),
    };
    let cart = Cart {
        customer: Customer { id: Some("cus_1".into()), ..Customer::default() },
        currency: "USD".parse().expect("a code"),
        lines: LINES.iter().map(line).collect(),
        shipping_address: None,
        payment: PaymentChoice { payment_method: "pm_card_visa".into() },
        metadata: std::collections::BTreeMap::new(),
        total: amount(TOTAL),
    };
    Command::Place(Box::new(Placement {
        id: ID,
        reservation: ReservationId::from_bits(ID.bits()),
        payment: PaymentId::from_bits(ID.bits()),
        cart,
        policy: Policy { reservation_ttl_s: 900, order_deadline_s: 3_600 },
        trace_id: None,
    }))
}

fn hear(outcome: Outcome) -> Command {
    Command::Hear(outcome)
}

fn short() -> Command {
    hear(Outcome::StockShort { lacking: "A".into() })
}

fn settled(captured: i64) -> Command {
    hear(Outcome::PaymentSettled { authorized: amount(TOTAL), captured: amount(captured) })
}

fn refunds(dice: &mut Dice) -> Command {
    let refunded = amount(i64::from(dice.roll(4_499)));
    hear(Outcome::RefundsChanged { captured: amount(TOTAL), refunded })
}

fn cancel_reason(dice: &mut Dice) -> CancelReason {
    *dice.pick(CancelReason::ALL)
}

fn risk() -> Risk {
    Risk { score: 12, level: "normal".into(), rules: Vec::new() }
}

fn later(now: Timestamp) -> Timestamp {
    now.plus_secs(600)
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a legal amount")
}

fn name(command: &Command) -> &'static str {
    let outcome = match command {
        Command::Place(_) => return "place",
        Command::Cancel { .. } => return "cancel",
        Command::Retry => return "retry",
        Command::Lapse => return "lapse",
        Command::Hear(outcome) => outcome,
    };
    match outcome {
        Outcome::StockHeld => "stock_held",
        Outcome::StockShort { .. } => "stock_short",
        Outcome::StockCommitted => "stock_committed",
        Outcome::StockLost { .. } => "stock_lost",
        Outcome::StockReleased => "stock_released",
        Outcome::Cleared { .. } => "cleared",
        Outcome::Parked { .. } => "parked",
        Outcome::Blocked { .. } => "blocked",
        Outcome::Reviewed { .. } => "reviewed",
        Outcome::ReviewWithdrawn => "review_withdrawn",
        Outcome::PaymentChallenged { .. } => "payment_challenged",
        Outcome::PaymentSettled { .. } => "payment_settled",
        Outcome::PaymentFailed { .. } => "payment_failed",
        Outcome::RefundsChanged { .. } => "refunds_changed",
        Outcome::DisputeChanged { .. } => "dispute_changed",
        Outcome::CaptureFailed { .. } => "capture_failed",
        Outcome::LinesUnpaid { .. } => "lines_unpaid",
        Outcome::ShippingResumed => "shipping_resumed",
        Outcome::Warned { .. } => "warned",
        Outcome::ParcelReady { .. } => "parcel_ready",
        Outcome::GoodsMoved { .. } => "goods_moved",
        Outcome::FulfillmentCanceled { .. } => "fulfillment_canceled",
        Outcome::GoodsReturned { .. } => "goods_returned",
        Outcome::LinesRefunded { .. } => "lines_refunded",
        Outcome::PaymentUndone { .. } => "payment_undone",
    }
}

//! Whole orders of one store: they share a shelf, each has its money, its work and its returns, wired as a store is; against a
//! bank that is honest behind a line that is not, and power that fails and takes the end of the journal with it.
//!
//! In one world of six a call may arrive past every bound: then money may turn up that nobody waits for, and goes back.
//!
//! Whatever happens: nobody is charged twice, nothing is sold twice, one key means one thing for ever, what was durable stays.
//! Once the faults stop everything comes to rest, and the books of order, payment, bank and shelf say the same.

mod bank;
mod checks;
mod wires;
mod world;

use orderflow::fraud;
use orderflow::fulfillment::{self, Becomes, Move, TrackerStatus, Units};
use orderflow::inventory;
use orderflow::order::{self, CancelReason};
use orderflow::payment::bank::{Notice, Outcome, Reason};
use orderflow::payment::{self, HowMuch, RefundReason, Wish};
use orderflow::returns::{self, Disposition};
use orderflow::store::wiring::words;
use orderflow::types::{Amount, LineId, OrderId, Quantity, ReservationId, Timestamp};

use self::bank::{DRIFT_MS, LAG_MS, Mood};
use self::world::{Ask, Flying, Policies, Then, World};
use crate::bench::is_traced;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &["order", "payment", "stock", "fraud", "work", "returns"],
    events: &[
        "order.confirmed",
        "order.completed",
        "order.canceled",
        "order.expired",
        "order.lines_refunded",
        "order.capture_failed",
        "order.refunds_changed",
        "payment.charge_found",
        "payment.voided",
        "payment.refunded",
        "payment.refund_failed",
        "inventory.backorder_allocated",
        "inventory.released",
        "shipment.lost",
        "shipment.taken_back",
        "return.refund_requested",
        "fraud.review_approved",
    ],
    windows: &[
        "events were lost",
        "the bank did it, and nobody heard",
        "carried out late",
        "an old answer came again",
        "completed, and something came back",
        "canceled, and paid before",
        "sold out",
        "never paid",
    ],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const SKUS: [&str; 2] = ["CUP", "HAT"];
const SHELF: u32 = 7;
const ORDERS_MAX: usize = 4;
/// Within this time everything rings but the deadline of an order, in seconds.
const SOON_S: u64 = 900;
/// So many times longer a call may drift in a wild world: past everything that "not found" is proof for.
const WILD: u64 = 150;
/// More than anything waits for.
const EVER_S: u64 = 400 * 86_400;

/// One thing that happens. `of` says to which of those that it may happen to.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Place {
        cups: u32,
        hats: u32,
        is_watched: bool,
    },
    /// Members open so many letters.
    Work {
        letters: u32,
        choice: u32,
    },
    Sync,
    /// All goes well for a while.
    Run {
        turns: u32,
    },
    Bank {
        of: u32,
        fate: Fate,
        lag_ms: u64,
    },
    /// The next timer rings, if that is soon.
    Wait,
    /// The next timer rings, whatever it is.
    Lapse,
    Pass {
        ms: u64,
    },
    Repeat {
        of: u32,
    },
    Notify {
        of: u32,
        has_money: bool,
    },
    Crash {
        keep: u32,
    },
    People {
        of: u32,
        wish: Wants,
    },
}

/// What becomes of a call to the bank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    NotSent,
    Lost,
    Drifts { ms: u64 },
    DoneAndLost,
    Busy,
    Answered,
    Declined,
    FailedAfter,
    FailedBefore,
}

/// What people and carriers do.
#[derive(Clone, Debug)]
pub(crate) enum Wants {
    Cancel { reason: CancelReason },
    Retry,
    Refund { minor: i64 },
    RefundAll,
    Split,
    Short,
    GiveUp,
    Undelivered { number: u32, how: u32 },
    Return { sku: usize, quantity: u32, is_on_close: bool },
    Receive { number: u32, quantity: u32, how: u32 },
    Close { number: u32 },
    RetryReturn { number: u32 },
    Review { is_approved: bool },
    Count { sku: usize, more: i64 },
}

/// A store and its world.
pub(crate) struct Table {
    world: World,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (10, 160);

    fn start(dice: &mut Dice) -> Self {
        let policies = Policies {
            capture: if dice.one_in(2) { payment::Capture::Manual } else { payment::Capture::Automatic },
            out_of_stock: if dice.one_in(2) {
                inventory::OutOfStock::Cancel
            } else {
                inventory::OutOfStock::Backorder
            },
            work: fulfillment::Policy {
                mode: fulfillment::Mode::Auto,
                stage_s: 1,
                transit_s: 5,
                stalled_s: 1_000_000,
                short_pick: if dice.one_in(2) {
                    fulfillment::ShortPick::Refund
                } else {
                    fulfillment::ShortPick::Split
                },
                undelivered: *dice.pick(&[
                    fulfillment::Undelivered::Restock,
                    fulfillment::Undelivered::Damaged,
                    fulfillment::Undelivered::WriteOff,
                ]),
            },
            attempts_max: dice.between(1, 4),
            is_wild: dice.one_in(6),
        };
        let mut world = World::new(NOON, policies);
        for name in SKUS {
            let set = inventory::SetItem {
                sku: name.parse().expect("a SKU"),
                name: None,
                unit_price: None,
                on_hand: SHELF,
                reorder_point: None,
                safety_stock: None,
            };
            world.send(Ask::Stock(inventory::Command::SetItem(set)), Then::Nothing);
        }
        let rule = fraud::Rule {
            name: "look".into(),
            action: fraud::Action::Review,
            when: "customer.id == \"watched\"".into(),
            enabled: true,
        };
        world.send(Ask::Fraud(fraud::Command::SetRules { rules: vec![rule] }), Then::Nothing);
        let mut tally = Tally::default();
        while world.deliver(0, &mut tally).expect("an empty shop opens") {}
        world.sync().expect("nothing goes out");
        Self { world }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        let world = &self.world;
        let of = dice.roll(1 << 16);
        if self.world.policies.is_wild && dice.one_in(6) {
            // A call that goes astray, and an order that is canceled meanwhile: that is where late money comes from.
            return match dice.roll(2) {
                0 => Made::Bank {
                    of,
                    fate: Fate::Drifts { ms: u64::from(dice.between(1_000, 4_000)) },
                    lag_ms: 0,
                },
                _ => Made::People { of, wish: Wants::Cancel { reason: *dice.pick(CancelReason::ALL) } },
            };
        }
        match dice.roll(100) {
            0..8 if world.members.orders.len() < ORDERS_MAX => {
                Made::Place { cups: dice.between(1, 4), hats: dice.roll(4), is_watched: dice.one_in(5) }
            }
            0..26 => Made::Work { letters: dice.between(1, 12), choice: of },
            26..32 => Made::Sync,
            32..38 => Made::Run { turns: dice.between(10, 60) },
            38..52 => Made::Bank { of, fate: fate(dice), lag_ms: u64::from(dice.roll(LAG_MS as u32)) },
            52..71 => Made::Wait,
            71 => Made::Lapse,
            72..74 => Made::Pass { ms: u64::from(dice.roll(40_000)) },
            74 => Made::Repeat { of },
            75 => Made::Notify { of, has_money: !dice.one_in(4) },
            76..78 => Made::Crash { keep: dice.roll(64) },
            _ => Made::People { of, wish: wants(dice) },
        }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        match made {
            Made::Place { cups, hats, is_watched } => self.place(*cups, *hats, *is_watched, tally)?,
            Made::Work { letters, choice } => {
                for nth in 0..*letters {
                    self.world.deliver(choice.wrapping_add(nth.wrapping_mul(7)), tally)?;
                }
            }
            Made::Sync => self.world.sync()?,
            Made::Run { turns } => {
                for turn in 0..*turns {
                    if self.world.deliver(turn, tally)? {
                        continue;
                    }
                    self.world.sync()?;
                    if !self.world.flying.is_empty() {
                        self.bank(0, Fate::Answered, 0, tally)?;
                    } else if !self.world.ring(60, tally)? {
                        break;
                    }
                }
            }
            Made::Bank { of, fate, lag_ms } => {
                if !self.world.flying.is_empty() {
                    let nth = *of as usize % self.world.flying.len();
                    self.bank(nth, *fate, *lag_ms, tally)?;
                }
            }
            Made::Wait => drop(self.world.ring(SOON_S, tally)?),
            Made::Lapse => drop(self.world.ring(EVER_S, tally)?),
            Made::Pass { ms } => self.world.advance(self.world.now.plus_millis(*ms))?,
            Made::Repeat { of } => {
                if !self.world.said.is_empty() {
                    let (order, said) = self.world.said[*of as usize % self.world.said.len()].clone();
                    tally.window("an old answer came again");
                    self.world.send(Ask::Payment(order, said), Then::Nothing);
                }
            }
            Made::Notify { of, has_money } => self.notify(*of as usize, *has_money),
            Made::Crash { keep } => self.world.crash(*keep, tally)?,
            Made::People { of, wish } => {
                let ids: Vec<OrderId> = self.world.members.orders.keys().copied().collect();
                if let Some(id) = ids.get(*of as usize % ids.len().max(1)) {
                    self.people(*id, wish);
                }
            }
        }
        self.drift(tally);
        checks::always(&self.world)
    }

    /// Faults stop; whoever was interrupted goes on, and everything comes to rest.
    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.world.sync()?;
        self.world.crash(0, tally)?;
        let mut is_told = false;
        for turn in 0_u32.. {
            ensure!(turn < 20_000, "it does not come to rest");
            self.drift(tally);
            if self.world.deliver(turn, tally)? {
                continue;
            }
            self.world.sync()?;
            if !self.world.flying.is_empty() {
                self.bank(0, Fate::Answered, 0, tally)?;
                continue;
            }
            checks::always(&self.world)?;
            if self.world.is_idle() && self.world.drifting.is_empty() && !self.world.ring(EVER_S, tally)? {
                // Of money that came past every bound the bank tells, or the comparison of books does.
                if is_told || !self.world.policies.is_wild {
                    break;
                }
                is_told = true;
                (0..self.world.bank.intents.len()).for_each(|nth| self.notify(nth, true));
                continue;
            }
            // What drifts arrives.
            self.world.advance(self.world.now.plus_millis(1_000))?;
        }
        checks::at_rest(&self.world, tally)
    }
}

impl Table {
    fn place(&mut self, cups: u32, hats: u32, is_watched: bool, tally: &mut Tally) -> Holds {
        // An id is newer than all before it, lost ones too.
        let nth = self.world.now.micros() as u128 * 1_000 + self.world.crashes as u128 * 64;
        let id = OrderId::from_bits(nth + self.world.members.orders.len() as u128 + 1);
        let line = |place: u128, sku: &str, quantity: u32, price: i64| order::Line {
            id: LineId::from_bits(id.bits() * 4 + place),
            sku: sku.parse().expect("a SKU"),
            quantity: Quantity::new(quantity).expect("a quantity"),
            unit_price: amount(price),
        };
        let mut lines = vec![line(0, SKUS[0], cups, 500)];
        if hats > 0 {
            lines.push(line(1, SKUS[1], hats, 900));
        }
        if cups > 2 {
            lines.push(line(2, SKUS[0], 1, 400));
        }
        let total = lines.iter().map(|line| line.unit_price.minor() * i64::from(line.quantity.units())).sum();
        let customer = if is_watched { "watched" } else { "known" };
        let cart = order::Cart {
            customer: order::Customer { id: Some(customer.into()), ..order::Customer::default() },
            currency: "USD".parse().expect("a code"),
            lines,
            shipping_address: None,
            payment: order::PaymentChoice { payment_method: "pm_card_visa".into() },
            metadata: std::collections::BTreeMap::new(),
            total: amount(total),
        };
        let placement = order::Placement {
            id,
            reservation: ReservationId::from_bits(id.bits()),
            payment: payment::id_of(id),
            cart,
            policy: order::Policy { reservation_ttl_s: 300, order_deadline_s: 3_600 },
            trace_id: None,
        };
        let place = order::Command::Place(Box::new(placement));
        self.world.open(world::Letter { ask: Ask::Order(id, place), then: Then::Nothing }, tally)
    }

    /// A call goes over the line.
    fn bank(&mut self, nth: usize, fate: Fate, lag_ms: u64, tally: &mut Tally) -> Holds {
        let Flying { order, call, .. } = self.world.flying.remove(nth);
        let now = self.world.now;
        let ask = |world: &mut World, mood| world.bank.answer(order, &call, now, mood, lag_ms);
        let outcome = if call.is_stale(now) {
            call.lost(Reason::Interrupted)
        } else {
            match fate {
                Fate::NotSent => call.unsent(Reason::ConnectFailed, None),
                Fate::Lost => call.lost(Reason::TimedOut),
                Fate::Drifts { ms } => {
                    let ms = if self.world.policies.is_wild { ms * WILD } else { ms };
                    self.world.drifting.push((now.plus_millis(ms), order, call.clone()));
                    call.lost(Reason::TimedOut)
                }
                Fate::DoneAndLost => {
                    ask(&mut self.world, Mood::Does);
                    tally.window("the bank did it, and nobody heard");
                    call.lost(Reason::ConnectionLost)
                }
                Fate::Busy if call.is_inquiry() => call.lost(Reason::RateLimited),
                Fate::Busy => Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: Some(50) },
                Fate::Answered => ask(&mut self.world, Mood::Does),
                Fate::Declined => ask(&mut self.world, Mood::Declines),
                Fate::FailedAfter => ask(&mut self.world, Mood::DoesAndFails),
                Fate::FailedBefore => ask(&mut self.world, Mood::Fails),
            }
        };
        let outcome = call.judge(outcome, self.world.active_since);
        if is_traced() {
            eprintln!("{now} the bank, {fate:?}: {order} {call:?}\n    {outcome:?}");
        }
        let is_of_money = matches!(outcome, Outcome::Intent(_) | Outcome::Declined(_) | Outcome::Refunded(_));
        let answer = call.ended(outcome);
        if is_of_money {
            self.world.said.push((order, answer.clone()));
        }
        self.world.send(Ask::Payment(order, answer), Then::Nothing);
        Ok(())
    }

    /// Carries out what has arrived late.
    fn drift(&mut self, tally: &mut Tally) {
        let now = self.world.now;
        let all = std::mem::take(&mut self.world.drifting);
        let (arrived, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, ..)| *at <= now);
        self.world.drifting = rest;
        for (_, order, call) in arrived {
            if !call.is_inquiry() {
                tally.window("carried out late");
                self.world.bank.answer(order, &call, now, Mood::Does, 0);
            }
        }
    }

    /// The bank tells of one of its intents.
    fn notify(&mut self, of: usize, has_money: bool) {
        if self.world.bank.intents.is_empty() {
            return;
        }
        let nth = of % self.world.bank.intents.len();
        let order = self.world.bank.intents[nth].order;
        let notice = Notice::Intent {
            intent: format!("pi_{nth}").into(),
            attempt: self.world.bank.attempt(nth),
            has_money,
        };
        self.world.send(Ask::Payment(order, payment::Command::Notified(notice)), Then::Nothing);
    }

    fn people(&mut self, id: OrderId, wish: &Wants) {
        let world = &mut self.world;
        let asks_order = |world: &mut World, command| world.send(Ask::Order(id, command), Then::Nothing);
        let asks_work = |world: &mut World, number, to| {
            let command = fulfillment::Command::Advance { number, to };
            world.send(Ask::Work(id, command), Then::Nothing);
        };
        let asks_returns = |world: &mut World, command| world.send(Ask::Returns(id, command), Then::Nothing);
        match wish {
            Wants::Cancel { reason } => asks_order(world, order::Command::Cancel { reason: *reason }),
            Wants::Retry => asks_order(world, order::Command::Retry),
            Wants::Refund { minor } => refund(world, id, HowMuch::Exactly(amount(*minor))),
            Wants::RefundAll => refund(world, id, HowMuch::AllThatIsLeft),
            Wants::Split | Wants::Short => {
                let work = world.members.works.get(&id).and_then(fulfillment::Fulfillment::work);
                let line = work.and_then(|work| work.orders.first()?.lines.first()).map(|line| line.line);
                let Some(line) = line else { return };
                let lines = vec![Units { line, quantity: 1 }];
                let is_split = matches!(wish, Wants::Split);
                let to = if is_split { Move::Split { lines } } else { Move::Short { lines } };
                asks_work(world, 1, to);
            }
            Wants::GiveUp => asks_work(world, 1, Move::GiveUp),
            Wants::Undelivered { number, how } => {
                let to = match how % 4 {
                    0 => Move::Carried(TrackerStatus::ReturnToSender),
                    1 => Move::Carried(TrackerStatus::Failure),
                    2 => Move::TakeBack { becomes: Becomes::Damaged },
                    _ => Move::Lose,
                };
                asks_work(world, *number, to);
            }
            Wants::Return { sku, quantity, is_on_close } => {
                let Some(placed) = world.members.orders.get(&id).and_then(order::Order::placed) else {
                    return;
                };
                let work = world.members.works.get(&id).and_then(fulfillment::Fulfillment::work);
                let refund_on =
                    if *is_on_close { returns::RefundOn::Close } else { returns::RefundOn::Receipt };
                let asked = returns::Asked {
                    what: returns::What::Sku(SKUS[*sku].parse().expect("a SKU")),
                    quantity: *quantity,
                    reason: returns::Reason::Other,
                };
                let request = returns::Request {
                    order: id,
                    policy: returns::Policy { approval: returns::Approval::Automatic, refund_on },
                    window_s: 0,
                    lines: vec![asked],
                    note: None,
                    delivered: words::delivered(placed, work),
                };
                asks_returns(world, returns::Command::Request(Box::new(request)));
            }
            Wants::Receive { number, quantity, how } => {
                let one = world.members.books.get(&id).and_then(|book| book.get(*number));
                let line = one.and_then(|one| one.lines.first()).map(|line| line.line);
                let Some(line) = line else { return };
                let disposition = Disposition::ALL[*how as usize % Disposition::ALL.len()];
                let what = returns::What::Line(line);
                let lines = vec![returns::Seen { what, quantity: *quantity, disposition }];
                asks_returns(world, returns::Command::Receive { number: *number, lines });
            }
            Wants::Close { number } => asks_returns(world, returns::Command::Close { number: *number }),
            Wants::RetryReturn { number } => asks_returns(world, returns::Command::Retry { number: *number }),
            Wants::Review { is_approved } => {
                let (order, note) = (id, None);
                let command = if *is_approved {
                    fraud::Command::Approve { order, note }
                } else {
                    fraud::Command::Reject { order, note }
                };
                world.send(Ask::Fraud(command), Then::Nothing);
            }
            Wants::Count { sku, more } => {
                let command = inventory::Command::Adjust {
                    sku: SKUS[*sku].parse().expect("a SKU"),
                    delta: *more,
                    reason: "delivery".into(),
                };
                world.send(Ask::Stock(command), Then::Nothing);
            }
        }
    }
}

fn refund(world: &mut World, id: OrderId, how_much: HowMuch) {
    let wish = Wish { how_much, reason: RefundReason::Goodwill, reference: None };
    world.send(Ask::Payment(id, payment::Command::Refund(wish)), Then::Nothing);
}

fn fate(dice: &mut Dice) -> Fate {
    match dice.roll(24) {
        0 => Fate::NotSent,
        1 => Fate::Lost,
        2 => Fate::Drifts { ms: u64::from(dice.roll(DRIFT_MS as u32)) },
        3 => Fate::DoneAndLost,
        4 => Fate::Busy,
        5 | 6 => Fate::Declined,
        7 => Fate::FailedAfter,
        8 => Fate::FailedBefore,
        _ => Fate::Answered,
    }
}

fn wants(dice: &mut Dice) -> Wants {
    match dice.roll(28) {
        0 | 1 => Wants::Cancel { reason: *dice.pick(CancelReason::ALL) },
        2 => Wants::Retry,
        3..6 => Wants::Refund { minor: i64::from(dice.between(1, 1_500)) },
        6 => Wants::RefundAll,
        7 => Wants::Split,
        8 => Wants::Short,
        9 => Wants::GiveUp,
        10 | 11 => Wants::Undelivered { number: dice.between(1, 2), how: dice.roll(4) },
        12..16 => Wants::Return {
            sku: dice.roll(2) as usize,
            quantity: dice.between(1, 3),
            is_on_close: dice.one_in(2),
        },
        16..21 => {
            Wants::Receive { number: dice.between(1, 3), quantity: dice.between(1, 2), how: dice.roll(4) }
        }
        21..23 => Wants::Close { number: dice.between(1, 3) },
        23 => Wants::RetryReturn { number: dice.between(1, 3) },
        24 | 25 => Wants::Review { is_approved: dice.one_in(2) },
        _ => Wants::Count { sku: dice.roll(2) as usize, more: i64::from(dice.between(1, 3)) },
    }
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a legal amount")
}

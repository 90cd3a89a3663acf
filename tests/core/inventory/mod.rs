//! The stock of a store: orders that want the same few pieces, and books that are kept from events alone.

mod books;

use orderflow::inventory::{
    Command, Event, Inventory, Item, OutOfStock, Parcel, Phase, ReleaseReason, Reservation, Reserve,
    ReturnedLine, SetItem, Stock,
};
use orderflow::runtime::Event as _;
use orderflow::types::{OrderId, Quantity, ReservationId, Sku, Timestamp};

use self::books::Books;
use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &[
        "set_item",
        "adjust",
        "reserve",
        "extend",
        "commit",
        "release",
        "ship",
        "ship_parcel",
        "give_back",
        "forgo",
        "serve",
        "arrival_heard",
        "take_back",
        "take_back_parcel",
        "write_off",
        "expire",
        "announce",
    ],
    events: Event::KINDS,
    windows: &[
        "refused for want of stock",
        "held in part, and owed the rest",
        "held anew at its promise",
        "a hold's time had come",
        "the last piece was taken",
        "came back after it had left",
    ],
};

const NAMES: [&str; 3] = ["A", "B", "C"];
const ORDERS_MAX: usize = 14;
/// An order that mostly has nothing.
const STRANGER: OrderId = OrderId::from_bits(1_000);

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u32, command: Command },
    Crash,
}

/// One store's stock under commands.
pub(crate) struct Table {
    bench: Bench<Inventory>,
    books: Books,
    skus: Vec<Sku>,
    unknown: Sku,
    /// Every order that ever wanted something, oldest first.
    orders: Vec<OrderId>,
    last: Option<Command>,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 90);

    fn start(dice: &mut Dice) -> Self {
        Self {
            bench: Bench::new(at(0), dice.one_in(8)),
            books: Books::default(),
            skus: NAMES.iter().map(|name| name.parse().expect("a SKU")).collect(),
            unknown: "X".parse().expect("a SKU"),
            orders: Vec::new(),
            last: None,
        }
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
        let after_s = if dice.one_in(3) { dice.roll(40) } else { 0 };
        Made::Tell { after_s, command }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(u64::from(*after_s));
        let now = self.bench.now;
        let told = self.bench.tell(name(command), command, tally)?;
        match &told {
            Err(why) => {
                tally.window("refused");
                self.books
                    .refused(command, why, now)
                    .map_err(|wrong| format!("{wrong}: {why}, on {command:?}"))?;
                if let orderflow::inventory::Rejection::Short { .. } = why {
                    tally.window("refused for want of stock");
                }
            }
            Ok(events) => {
                for event in events {
                    self.books
                        .read(event, now, tally)
                        .map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
                }
                self.books.answered(command, events)?;
            }
        }
        self.books.compare(&self.bench.state)?;
        let due = self.bench.due();
        ensure!(
            due.timer.map(|(at, _)| at) == self.books.next_expiry(),
            "another hold is thought to expire next"
        );
        let untold: Vec<OrderId> = due
            .steps
            .iter()
            .map(|step| match step {
                orderflow::inventory::Step::TellArrival { order } => *order,
            })
            .collect();
        ensure!(untold == self.books.untold(), "{untold:?} are to be told, not {:?}", self.books.untold());
        Ok(())
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        // As recovery has it: from documents, with the reservations that are open and no others.
        let items: Vec<Item> = packed(&self.bench.state.items().cloned().collect::<Vec<_>>())?;
        let orders = (1..=ORDERS_MAX as u128).map(OrderId::from_bits).chain([STRANGER]);
        let all = orders.filter_map(|order| self.bench.state.reservation(order));
        let all: Vec<Reservation> = packed(&all.cloned().collect::<Vec<_>>())?;
        let mut restored =
            Stock::restore(items, all.iter().filter(|reservation| reservation.is_open()).cloned());
        for reservation in all.iter().filter(|reservation| !reservation.is_open()) {
            restored.recall(reservation.clone());
        }
        ensure!(restored == self.bench.state, "from its documents it is {restored:?}");
        Ok(())
    }
}

/// Something as it comes back from a document.
fn packed<T: serde::Serialize + serde::de::DeserializeOwned>(of: &T) -> Result<T, String> {
    let bytes = rmp_serde::to_vec_named(of).map_err(|why| why.to_string())?;
    rmp_serde::from_slice(&bytes).map_err(|why| why.to_string())
}

impl Table {
    fn next(&mut self, dice: &mut Dice) -> Command {
        if self.bench.state.items().next().is_none() && !dice.one_in(10) {
            return self.set(dice);
        }
        match dice.roll(100) {
            0..5 => self.set(dice),
            5..12 => Command::Adjust {
                sku: self.sku(dice),
                delta: i64::from(dice.roll(16)) - 6,
                reason: "count".into(),
            },
            12..34 => self.reserve(dice),
            34..37 => {
                let expires_at = self.bench.now.plus_secs(u64::from(dice.roll(200)));
                Command::Extend { order: self.order(dice), expires_at }
            }
            37..52 => Command::Commit { order: self.order(dice) },
            52..60 => Command::Release { order: self.order(dice), reason: reason(dice) },
            60..63 => Command::Ship { order: self.order(dice), parcel: None },
            63..72 => {
                let order = self.order(dice);
                Command::Ship { order, parcel: Some(self.parcel(order, dice)) }
            }
            72..76 => {
                let order = self.order(dice);
                let is_missing = dice.one_in(3);
                Command::GiveBack { order, parcel: self.parcel(order, dice), is_missing }
            }
            76..79 => {
                let order = self.order(dice);
                Command::Forgo { order, parcel: self.parcel(order, dice) }
            }
            79..82 => Command::Serve { skus: if dice.one_in(2) { Vec::new() } else { vec![self.sku(dice)] } },
            82..86 => Command::ArrivalHeard { order: self.order(dice) },
            86..90 => Command::TakeBack {
                order: self.order(dice),
                receipt: dice.between(1, 4),
                lines: self.back(dice),
            },
            90..93 => Command::TakeBackParcel {
                order: self.order(dice),
                number: dice.between(1, 4),
                lines: self.back(dice),
            },
            93..96 => {
                Command::WriteOff { sku: self.sku(dice), quantity: dice.roll(4), reason: "broken".into() }
            }
            96..98 => Command::Expire,
            _ => Command::Announce { skus: self.skus.clone() },
        }
    }

    fn set(&self, dice: &mut Dice) -> Command {
        Command::SetItem(SetItem {
            sku: dice.pick(&self.skus).clone(),
            name: dice.one_in(3).then(|| "a thing".into()),
            unit_price: None,
            on_hand: dice.roll(25),
            reorder_point: dice.one_in(2).then(|| dice.roll(6)),
            safety_stock: dice.one_in(4).then(|| dice.roll(3)),
        })
    }

    fn reserve(&mut self, dice: &mut Dice) -> Command {
        let is_new = self.orders.len() < ORDERS_MAX && !dice.one_in(5);
        let order = if is_new || self.orders.is_empty() {
            let order = OrderId::from_bits(self.orders.len() as u128 + 1);
            self.orders.push(order);
            order
        } else {
            self.order(dice)
        };
        let lines = (0..dice.between(1, 3)).map(|_| {
            let quantity = Quantity::new(dice.between(1, 6)).expect("a quantity");
            (self.sku(dice), quantity)
        });
        Command::Reserve(Reserve {
            reservation: ReservationId::from_bits(order.bits()),
            order,
            lines: lines.collect(),
            expires_at: self.bench.now.plus_secs(u64::from(dice.roll(120))),
            policy: if dice.one_in(2) { OutOfStock::Cancel } else { OutOfStock::Backorder },
        })
    }

    /// An order: mostly one whose reservation is not over.
    fn order(&self, dice: &mut Dice) -> OrderId {
        if dice.one_in(30) || self.orders.is_empty() {
            return STRANGER;
        }
        for _ in 0..3 {
            let order = *dice.pick(&self.orders);
            let known = self.bench.state.reservation(order);
            if known.is_some_and(|known| !matches!(known.phase, Phase::Released { .. })) {
                return order;
            }
        }
        *dice.pick(&self.orders)
    }

    /// Some of what is left for an order, or something else.
    fn parcel(&self, order: OrderId, dice: &mut Dice) -> Parcel {
        let number = dice.between(1, 5);
        let left = self.bench.state.reservation(order).map(Reservation::remaining);
        let left: Vec<(Sku, u32)> = left
            .iter()
            .flat_map(|lines| lines.iter())
            .filter(|line| line.quantity > 0)
            .map(|line| (line.sku.clone(), line.quantity))
            .collect();
        if left.is_empty() || dice.one_in(8) {
            return Parcel { number, lines: vec![(self.sku(dice), dice.between(1, 4))] };
        }
        let lines = left.into_iter().filter_map(|(sku, most)| {
            let quantity = if dice.one_in(2) { most } else { dice.roll(most + 1) };
            (quantity > 0).then_some((sku, quantity))
        });
        Parcel { number, lines: lines.collect() }
    }

    fn back(&self, dice: &mut Dice) -> Vec<ReturnedLine> {
        let line = |dice: &mut Dice| ReturnedLine {
            sku: self.sku(dice),
            restocked: dice.roll(3),
            damaged: dice.roll(3),
            written_off: dice.roll(2),
            to_vendor: dice.roll(2),
        };
        (0..dice.between(1, 2)).map(|_| line(dice)).collect()
    }

    fn sku(&self, dice: &mut Dice) -> Sku {
        if dice.one_in(50) { self.unknown.clone() } else { dice.pick(&self.skus).clone() }
    }
}

fn reason(dice: &mut Dice) -> ReleaseReason {
    *dice.pick(&[
        ReleaseReason::Canceled,
        ReleaseReason::PaymentFailed,
        ReleaseReason::Fraudulent,
        ReleaseReason::DeadlinePassed,
    ])
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::SetItem(_) => "set_item",
        Command::Adjust { .. } => "adjust",
        Command::Reserve(_) => "reserve",
        Command::Extend { .. } => "extend",
        Command::Commit { .. } => "commit",
        Command::Release { .. } => "release",
        Command::Ship { parcel: None, .. } => "ship",
        Command::Ship { parcel: Some(_), .. } => "ship_parcel",
        Command::GiveBack { .. } => "give_back",
        Command::Forgo { .. } => "forgo",
        Command::Serve { .. } => "serve",
        Command::ArrivalHeard { .. } => "arrival_heard",
        Command::TakeBack { .. } => "take_back",
        Command::TakeBackParcel { .. } => "take_back_parcel",
        Command::WriteOff { .. } => "write_off",
        Command::Expire => "expire",
        Command::Announce { .. } => "announce",
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + secs * 1_000_000)
}

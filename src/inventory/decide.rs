//! Answers commands from the stock as it stands. What each sort of command leads to stands beside; here is what they share: a
//! draft of the answer, in which every event counts for the next.

mod holds;
mod items;
mod parcels;
mod waiting;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::types::map::Map;
use crate::types::{OrderId, Quantity, Sku, Timestamp};

use super::command::{Command, Rejection};
use super::event::{Condition, Event, ItemSet, Line, ThresholdReached, Updated};
use super::item::Levels;
use super::state::Stock;

/// The most holds that one sweep lets go of; what is left is due at once.
pub const EXPIRED_PER_SWEEP_MAX: usize = 256;

/// How many waiting orders one command serves; whoever asked asks again for the rest.
pub const SERVED_MAX: usize = 256;

/// How often a hold may be made longer.
pub const EXTENSIONS_MAX: u8 = 16;

/// Why a count is corrected by what a picker did not find.
const MISSING: &str = "not on the shelf";

/// How many SKUs are looked through one by one before an index pays.
const SCANNED_MAX: usize = 16;

/// Answers one command. Holds whose time has come are let go first.
pub(super) fn decide(stock: &Stock, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let mut draft = Draft::new(stock, now);
    draft.sweep();
    match command {
        Command::SetItem(set) => draft.set_item(set)?,
        Command::Adjust { sku, delta, reason } => draft.adjust(sku, delta, reason)?,
        Command::Reserve(reserve) => draft.reserve(reserve)?,
        Command::Extend { order, expires_at } => draft.extend(order, expires_at)?,
        Command::Commit { order } => draft.commit(order)?,
        Command::Release { order, reason } => draft.release(order, reason.into()),
        Command::Ship { order, parcel: None } => draft.ship(order)?,
        Command::Ship { order, parcel: Some(parcel) } => draft.ship_parcel(order, parcel)?,
        Command::GiveBack { order, parcel, is_missing } => draft.give_back(order, parcel, is_missing)?,
        Command::Forgo { order, parcel } => draft.forgo(order, parcel)?,
        Command::Serve { skus } => draft.serve_all(skus),
        Command::ArrivalHeard { order } => draft.arrival_heard(order),
        Command::TakeBack { order, receipt, lines } => {
            draft.take_back(order, Back::Receipt(receipt), lines)?
        }
        Command::TakeBackParcel { order, number, lines } => {
            draft.take_back(order, Back::Parcel(number), lines)?;
        }
        Command::WriteOff { sku, quantity, reason } => draft.write_off(sku, quantity, reason)?,
        Command::Expire => {}
        Command::Announce { skus } => draft.look_at(&skus),
    }
    draft.serve_risen();
    Ok(draft.finish())
}

/// How pieces came back.
#[derive(Clone, Copy)]
enum Back {
    /// The shopper sent them.
    Receipt(u32),
    /// Their parcel did not arrive.
    Parcel(u32),
}

/// The stock with the events decided so far.
struct Draft<'a> {
    stock: &'a Stock,
    now: Timestamp,
    /// How many of the holds that are due were let go.
    swept: usize,
    /// A hold that was let go out of turn.
    ended: Option<OrderId>,
    /// The order that waits no more.
    closed: Option<OrderId>,
    /// The orders that got what they waited for.
    served: BTreeSet<OrderId>,
    events: Vec<Event>,
    touched: Vec<Touched>,
    /// Where in `touched` a SKU is, once there are many.
    places: Map<Sku, usize>,
}

/// An item that the decision looked at.
struct Touched {
    sku: Sku,
    /// How it stood when that was last said.
    announced: Condition,
    /// How many could be sold before.
    before: i64,
    levels: Levels,
}

impl<'a> Draft<'a> {
    fn new(stock: &'a Stock, now: Timestamp) -> Self {
        Self {
            stock,
            now,
            swept: 0,
            ended: None,
            closed: None,
            served: BTreeSet::new(),
            events: Vec::new(),
            touched: Vec::new(),
            places: Map::default(),
        }
    }

    /// Whatever is looked at is announced where that is due.
    fn look_at(&mut self, skus: &[Sku]) {
        for sku in skus {
            self.place(sku);
        }
    }

    fn push(&mut self, event: Event) {
        for entry in event.entries() {
            if let Some(place) = self.place(entry.sku) {
                self.touched[place].levels.balance.post(entry.kind, entry.quantity);
            }
        }
        if let Event::Updated(Updated::Set(set)) = &event {
            self.describe(set);
        }
        self.events.push(event);
    }

    fn describe(&mut self, set: &ItemSet) {
        let place = self.place(&set.sku).unwrap_or_else(|| {
            let mut levels = Levels::default();
            levels.balance.on_hand = set.on_hand;
            self.add(Touched { sku: set.sku.clone(), announced: Condition::default(), before: 0, levels })
        });
        let levels = &mut self.touched[place].levels;
        levels.reorder_point = set.reorder_point;
        levels.safety_stock = set.safety_stock;
    }

    fn levels(&mut self, sku: &Sku) -> Option<Levels> {
        self.place(sku).map(|place| self.touched[place].levels)
    }

    fn place(&mut self, sku: &Sku) -> Option<usize> {
        let found = if self.touched.len() <= SCANNED_MAX {
            self.touched.iter().position(|touched| touched.sku == *sku)
        } else {
            self.places.get(sku).copied()
        };
        found.or_else(|| {
            let item = self.stock.item(sku.as_str())?;
            let levels = item.levels;
            let announced = item.announced;
            let before = levels.available();
            Some(self.add(Touched { sku: sku.clone(), announced, before, levels }))
        })
    }

    fn add(&mut self, touched: Touched) -> usize {
        let place = self.touched.len();
        self.touched.push(touched);
        match place.cmp(&SCANNED_MAX) {
            Ordering::Less => {}
            Ordering::Equal => {
                let all = self.touched.iter().enumerate();
                self.places = all.map(|(place, touched)| (touched.sku.clone(), place)).collect();
            }
            Ordering::Greater => {
                self.places.insert(self.touched[place].sku.clone(), place);
            }
        }
        place
    }

    /// The events, and the thresholds that all of them together have crossed.
    fn finish(self) -> Vec<Event> {
        let mut events = self.events;
        for Touched { sku, announced, levels, .. } in self.touched {
            let condition = levels.condition();
            if condition != announced {
                events.push(Event::ThresholdReached(ThresholdReached {
                    sku,
                    condition,
                    available: levels.available(),
                    reorder_point: levels.reorder_point,
                }));
            }
        }
        events
    }
}

/// What is wanted of each SKU over all lines, in the order of the lines.
fn demand(lines: Vec<(Sku, Quantity)>) -> Vec<Line> {
    sums(lines.into_iter().map(|(sku, quantity)| (sku, quantity.units())))
}

fn sums(lines: impl ExactSizeIterator<Item = (Sku, u32)>) -> Vec<Line> {
    let mut sums: Vec<Line> = Vec::with_capacity(lines.len());
    let mut places: Map<Sku, usize> = Map::default();
    for (sku, quantity) in lines {
        let place = if sums.len() < SCANNED_MAX {
            sums.iter().position(|line| line.sku == sku)
        } else {
            if places.is_empty() {
                let all = sums.iter().enumerate();
                places = all.map(|(place, line)| (line.sku.clone(), place)).collect();
            }
            places.get(&sku).copied()
        };
        match place {
            Some(place) => sums[place].quantity += quantity,
            None => {
                if !places.is_empty() {
                    places.insert(sku.clone(), sums.len());
                }
                sums.push(Line { sku, quantity, backordered: 0 });
            }
        }
    }
    sums
}

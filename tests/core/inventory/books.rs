//! Books of a shelf, kept from events alone and in another way: a count an item, and what each order has of it.

use std::collections::{BTreeMap, BTreeSet};

use orderflow::inventory::{
    Balance, Command, Condition, Ending, Event, Line, OutOfStock, Rejection, ReturnedLine, Stock, Updated,
};
use orderflow::types::{OrderId, Sku, Timestamp};

use crate::ensure;
use crate::game::Holds;
use crate::tally::Tally;

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    items: BTreeMap<Sku, Shelf>,
    claims: BTreeMap<OrderId, Claim>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Received, counted and returned, less shipped and struck.
    on_hand: i64,
    damaged: i64,
    safety: i64,
    reorder: i64,
    announced: Condition,
}

#[derive(Debug, Default)]
struct Claim {
    stands: Stands,
    /// What the order has and that has neither left nor was given back.
    has: BTreeMap<Sku, i64>,
    /// What it is owed beyond that.
    owed: BTreeMap<Sku, i64>,
    /// The parcels, and whether each has left.
    parcels: BTreeMap<u32, bool>,
    receipts: BTreeSet<u32>,
    undelivered: BTreeSet<u32>,
    is_untold: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Stands {
    #[default]
    Nowhere,
    Held {
        until: Timestamp,
    },
    Committed,
    Fulfilled,
    Ended,
    Expired,
}

impl Books {
    /// When the next hold expires.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let held = self.claims.values().filter_map(|claim| match claim.stands {
            Stands::Held { until } => Some(until),
            _ => None,
        });
        held.min()
    }

    /// The orders that are to hear that what they waited for is there.
    pub(super) fn untold(&self) -> Vec<OrderId> {
        self.claims.iter().filter(|(_, claim)| claim.is_untold).map(|(order, _)| *order).collect()
    }

    /// Pieces of a SKU that orders hold and that are promised to them. Holds whose time is over at `now` do not count.
    fn claimed(&self, sku: &Sku, now: Option<Timestamp>) -> (i64, i64) {
        let (mut held, mut committed) = (0, 0);
        for claim in self.claims.values() {
            let has = claim.has.get(sku).copied().unwrap_or(0);
            match claim.stands {
                Stands::Held { until } if now.is_none_or(|now| until > now) => held += has,
                Stands::Committed => committed += has,
                _ => {}
            }
        }
        (held, committed)
    }

    /// How many may still be sold.
    fn available(&self, sku: &Sku, now: Option<Timestamp>) -> i64 {
        let Some(shelf) = self.items.get(sku) else { return 0 };
        let (held, committed) = self.claimed(sku, now);
        (shelf.on_hand - held - committed - shelf.damaged - shelf.safety).max(0)
    }

    fn condition(&self, sku: &Sku) -> Condition {
        let shelf = &self.items[sku];
        match self.available(sku, None) {
            0 => Condition::OutOfStock,
            some if some <= shelf.reorder => Condition::LowStock,
            _ => Condition::InStock,
        }
    }

    /// Reads one event.
    pub(super) fn read(&mut self, event: &Event, now: Timestamp, tally: &mut Tally) -> Holds {
        match event {
            Event::Updated(Updated::Set(set)) => {
                let before = self.items.get(&set.sku).map(|shelf| shelf.on_hand);
                ensure!(before == set.on_hand_before, "{before:?} were there before");
                let shelf = self.items.entry(set.sku.clone()).or_default();
                shelf.on_hand = set.on_hand;
                (shelf.safety, shelf.reorder) = (i64::from(set.safety_stock), i64::from(set.reorder_point));
            }
            Event::Updated(Updated::Adjusted(adjusted)) => {
                let shelf = self.shelf(&adjusted.sku)?;
                shelf.on_hand += adjusted.delta;
                ensure!(shelf.on_hand == adjusted.on_hand, "{} are there", shelf.on_hand);
            }
            Event::Updated(Updated::WrittenOff(gone)) => {
                let shelf = self.shelf(&gone.sku)?;
                shelf.on_hand -= i64::from(gone.quantity);
                shelf.damaged -= i64::from(gone.quantity);
                ensure!(shelf.damaged >= 0, "more is thrown away than was damaged");
            }
            Event::Reserved(e) => {
                for line in e.lines.iter() {
                    let available = self.available(&line.sku, None);
                    let wanted = i64::from(line.quantity) + i64::from(line.backordered);
                    let fair = match e.policy {
                        OutOfStock::Cancel => wanted,
                        OutOfStock::Backorder => wanted.min(available),
                    };
                    ensure!(
                        i64::from(line.quantity) == fair && fair <= available,
                        "{available} of {} are there",
                        line.sku
                    );
                    if fair == available && fair > 0 {
                        tally.window("the last piece was taken");
                    }
                    if line.backordered > 0 {
                        tally.window("held in part, and owed the rest");
                    }
                }
                let claim = self.claims.entry(e.order).or_default();
                let is_free = matches!(claim.stands, Stands::Nowhere | Stands::Expired);
                ensure!(is_free, "it is reserved twice");
                claim.stands = Stands::Held { until: e.expires_at };
                claim.has = quantities(&e.lines, |line| line.quantity);
                claim.owed = quantities(&e.lines, |line| line.backordered);
            }
            Event::Extended(e) => match &mut self.claim(e.order)?.stands {
                Stands::Held { until } => {
                    ensure!(*until < e.expires_at && *until > now, "it is made longer, and was not shorter");
                    *until = e.expires_at;
                }
                other => return Err(format!("it is made longer, and is {other:?}")),
            },
            Event::Updated(Updated::Committed(e)) => {
                let claim = self.claim(e.order)?;
                let Stands::Held { until } = claim.stands else {
                    return Err(format!("it is promised, and is {:?}", claim.stands));
                };
                if until <= now {
                    tally.window("held anew at its promise");
                }
                ensure!(
                    claim.has == quantities(&e.lines, |line| line.quantity),
                    "something else is promised"
                );
                claim.stands = Stands::Committed;
            }
            Event::Released(e) if e.parcel.is_none() => {
                let claim = self.claim(e.order)?;
                let lines = quantities(&e.lines, |line| line.quantity);
                claim.has.retain(|_, quantity| *quantity > 0);
                ensure!(claim.has == lines, "{:?} is left of it", claim.has);
                claim.stands = match (claim.stands, e.reason) {
                    (Stands::Held { until }, Ending::Expired) => {
                        ensure!(until <= now, "it expires before its time");
                        tally.window("a hold's time had come");
                        Stands::Expired
                    }
                    (Stands::Held { .. } | Stands::Committed, reason) if reason != Ending::Expired => {
                        Stands::Ended
                    }
                    (stands, _) => return Err(format!("it ends, and is {stands:?}")),
                };
                claim.has.clear();
            }
            Event::Released(e) => {
                let number = e.parcel.unwrap_or_default();
                self.part(e.order, number, &e.lines, false)?;
            }
            Event::Updated(Updated::Shipped(e)) => {
                match e.parcel {
                    Some(number) => self.part(e.order, number, &e.lines, true)?,
                    None => {
                        let claim = self.claim(e.order)?;
                        ensure!(claim.stands == Stands::Committed, "it leaves, and is {:?}", claim.stands);
                        claim.has.retain(|_, quantity| *quantity > 0);
                        let lines = quantities(&e.lines, |line| line.quantity);
                        ensure!(claim.has == lines, "{:?} is left of it", claim.has);
                        claim.has.clear();
                        claim.stands = Stands::Fulfilled;
                    }
                }
                for line in e.lines.iter() {
                    self.shelf(&line.sku)?.on_hand -= i64::from(line.quantity);
                }
            }
            Event::BackorderAllocated(e) => {
                for line in e.lines.iter() {
                    let available = self.available(&line.sku, None);
                    ensure!(i64::from(line.quantity) <= available, "{available} of {} are there", line.sku);
                }
                let claim = self.claim(e.order)?;
                ensure!(claim.stands == Stands::Committed, "it is served, and is {:?}", claim.stands);
                ensure!(
                    claim.owed == quantities(&e.lines, |line| line.quantity),
                    "it is owed {:?}",
                    claim.owed
                );
                for (sku, quantity) in std::mem::take(&mut claim.owed) {
                    *claim.has.entry(sku).or_default() += quantity;
                }
                claim.is_untold = true;
            }
            Event::BackorderDropped(e) => {
                let claim = self.claim(e.order)?;
                ensure!(claim.parcels.insert(e.parcel, false).is_none(), "one parcel is given up twice");
                ensure!(!claim.owed.is_empty(), "nothing is owed");
                claim.owed.clear();
                claim.finish();
            }
            Event::BackorderReported(e) => {
                let claim = self.claim(e.order)?;
                ensure!(std::mem::take(&mut claim.is_untold), "it was told already");
            }
            Event::Updated(Updated::Returned(e)) => {
                let claim = self.claim(e.order)?;
                let has_gone = matches!(claim.stands, Stands::Committed | Stands::Fulfilled);
                ensure!(has_gone, "something comes back, and is {:?}", claim.stands);
                match e.parcel {
                    Some(number) => {
                        ensure!(claim.parcels.contains_key(&number), "a parcel comes back that never was");
                        ensure!(claim.undelivered.insert(number), "one parcel comes back twice");
                    }
                    None => ensure!(claim.receipts.insert(e.receipt), "one receipt is booked twice"),
                }
                tally.window("came back after it had left");
                for ReturnedLine { sku, restocked, damaged, .. } in e.lines.iter() {
                    let shelf = self.shelf(sku)?;
                    shelf.on_hand += i64::from(*restocked) + i64::from(*damaged);
                    shelf.damaged += i64::from(*damaged);
                }
            }
            Event::ThresholdReached(e) => {
                let condition = self.condition(&e.sku);
                ensure!(condition == e.condition, "it is {condition:?}");
                ensure!(e.available == self.available(&e.sku, None), "{} are there", e.available);
                let shelf = self.shelf(&e.sku)?;
                ensure!(shelf.announced != condition, "that was said before");
                shelf.announced = condition;
            }
        }
        Ok(())
    }

    /// A refusal for want of stock must be for want of stock.
    pub(super) fn refused(&self, command: &Command, why: &Rejection, now: Timestamp) -> Holds {
        let Command::Reserve(ask) = command else { return Ok(()) };
        let mut wanted: BTreeMap<&Sku, i64> = BTreeMap::new();
        for (sku, quantity) in &ask.lines {
            *wanted.entry(sku).or_default() += i64::from(quantity.units());
        }
        let Rejection::Short { shortages } = why else { return Ok(()) };
        ensure!(ask.policy == OutOfStock::Cancel, "refused, where the rest could be owed");
        let is_short = |(sku, wanted): &(&&Sku, &i64)| self.available(sku, Some(now)) < **wanted;
        let short = wanted.iter().filter(is_short).count();
        ensure!(short == shortages.len() && short > 0, "{short} are short");
        for shortage in shortages {
            let available = self.available(&shortage.sku, Some(now));
            ensure!(available == shortage.available, "{available} of {} are there", shortage.sku);
        }
        Ok(())
    }

    /// What was asked for is so, once it was not refused.
    pub(super) fn answered(&self, command: &Command, events: &[Event]) -> Holds {
        match command {
            Command::Reserve(ask) => {
                let stands = self.claims.get(&ask.order).map(|claim| claim.stands);
                let is_there =
                    matches!(stands, Some(Stands::Held { .. } | Stands::Committed | Stands::Fulfilled));
                ensure!(is_there, "not refused, and not reserved: {stands:?}");
            }
            Command::Commit { order } => {
                let stands = self.claims.get(order).map(|claim| claim.stands);
                let is_there = matches!(stands, Some(Stands::Committed | Stands::Fulfilled));
                ensure!(is_there, "not refused, and not promised: {stands:?}");
            }
            Command::Release { order, .. } => {
                let stands = self.claims.get(order).map_or(Stands::Nowhere, |claim| claim.stands);
                let is_free = !matches!(stands, Stands::Held { .. } | Stands::Committed);
                ensure!(is_free, "released, and {stands:?}: {events:?}");
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the stock has the same in its books.
    pub(super) fn compare(&self, stock: &Stock) -> Holds {
        ensure!(stock.items().count() == self.items.len(), "other items");
        for (sku, shelf) in &self.items {
            let item = stock.item(sku.as_str()).ok_or_else(|| format!("{sku} is gone"))?;
            let (reserved, committed) = self.claimed(sku, None);
            let Shelf { on_hand, damaged, announced, .. } = *shelf;
            let balance = Balance { on_hand, reserved, committed, damaged };
            ensure!(
                item.levels.balance == balance,
                "of {sku} there are {:?}, not {balance:?}",
                item.levels.balance
            );
            ensure!(
                reserved >= 0 && committed >= 0 && damaged >= 0,
                "less than nothing of {sku}: {balance:?}"
            );
            ensure!(reserved + committed + damaged <= on_hand, "{sku} is oversold: {balance:?}");
            ensure!(announced == self.condition(sku), "{sku} is not what was said: {announced:?}");
        }
        Ok(())
    }

    fn shelf(&mut self, sku: &Sku) -> Result<&mut Shelf, String> {
        self.items.get_mut(sku).ok_or_else(|| format!("there is no {sku}"))
    }

    fn claim(&mut self, order: OrderId) -> Result<&mut Claim, String> {
        self.claims.get_mut(&order).ok_or_else(|| format!("{order} has nothing"))
    }

    /// Part of what is promised leaves, or is given back.
    fn part(&mut self, order: OrderId, number: u32, lines: &[Line], has_left: bool) -> Holds {
        let claim = self.claim(order)?;
        ensure!(claim.stands == Stands::Committed, "part of it goes, and is {:?}", claim.stands);
        ensure!(claim.parcels.insert(number, has_left).is_none(), "one parcel goes twice");
        for line in lines {
            let left = claim.has.entry(line.sku.clone()).or_default();
            *left -= i64::from(line.quantity);
            ensure!(*left >= 0, "more of {} goes than it has", line.sku);
        }
        claim.finish();
        Ok(())
    }
}

impl Claim {
    fn finish(&mut self) {
        self.has.retain(|_, quantity| *quantity > 0);
        if self.has.is_empty() && self.owed.is_empty() {
            self.stands = Stands::Fulfilled;
        }
    }
}

fn quantities(lines: &[Line], of: impl Fn(&Line) -> u32) -> BTreeMap<Sku, i64> {
    let some = lines.iter().map(|line| (line.sku.clone(), i64::from(of(line))));
    some.filter(|(_, quantity)| *quantity > 0).collect()
}

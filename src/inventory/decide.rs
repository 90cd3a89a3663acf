//! Answers commands from the stock as it stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::types::map::Map;
use crate::types::{OrderId, Quantity, ReservationId, Sku, Timestamp};

use super::command::{
    Command, LINES_MAX, ON_HAND_MAX, OutOfStock, Parcel, Rejection, Reserve, SetItem, Shortage,
    TEXT_BYTES_MAX,
};
use super::event::{
    Adjusted, BackorderAllocated, BackorderDropped, BackorderReported, Claim, Committed, Condition, Ending,
    Event, Extended, ItemSet, Line, Lines, Released, Reserved, Returned, ReturnedLine, Shipped,
    ThresholdReached, Updated, WrittenOff,
};
use super::state::{Balance, Levels, Phase, Reservation, Stock};

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
            events: Vec::new(),
            touched: Vec::new(),
            places: Map::default(),
        }
    }

    /// Lets go of some holds whose time has come. Whether there were any.
    fn sweep(&mut self) -> bool {
        if self.stock.next_expiry().is_none_or(|first| first > self.now) {
            return false;
        }
        let from = self.swept;
        let (stock, now) = (self.stock, self.now);
        let due = stock.holds().take_while(|(at, _)| *at <= now).skip(from);
        for (_, hold) in due.take(EXPIRED_PER_SWEEP_MAX) {
            self.swept += 1;
            if self.ended != Some(hold.order) {
                self.end(hold, Claim::Held, Ending::Expired);
            }
        }
        self.swept > from
    }

    /// Whatever is looked at is announced where that is due.
    fn look_at(&mut self, skus: &[Sku]) {
        for sku in skus {
            self.place(sku);
        }
    }

    fn set_item(&mut self, set: SetItem) -> Result<(), Rejection> {
        if set.name.as_ref().is_some_and(|name| name.len() > TEXT_BYTES_MAX) {
            return Err(Rejection::TextTooLong { what: "a name" });
        }
        let known = self.stock.item(set.sku.as_str());
        let levels = self.levels(&set.sku);
        let on_hand = i64::from(set.on_hand);
        let SetItem { sku, name, unit_price, reorder_point, safety_stock, .. } = set;
        self.check_on_hand(&sku, on_hand)?;

        let set = ItemSet {
            name: name.or_else(|| known.and_then(|item| item.name.clone())),
            unit_price: unit_price.or_else(|| known.and_then(|item| item.unit_price)),
            on_hand_before: levels.map(|levels| levels.balance.on_hand),
            on_hand,
            reorder_point: reorder_point.or(levels.map(|levels| levels.reorder_point)).unwrap_or_default(),
            safety_stock: safety_stock.or(levels.map(|levels| levels.safety_stock)).unwrap_or_default(),
            sku,
        };
        let same = known.zip(levels).is_some_and(|(item, levels)| {
            item.name == set.name
                && item.unit_price == set.unit_price
                && levels.balance.on_hand == set.on_hand
                && levels.reorder_point == set.reorder_point
                && levels.safety_stock == set.safety_stock
        });
        if !same {
            self.push(Event::Updated(Updated::Set(set)));
        }
        Ok(())
    }

    fn adjust(&mut self, sku: Sku, delta: i64, reason: Arc<str>) -> Result<(), Rejection> {
        if reason.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong { what: "a reason" });
        }
        let Some(levels) = self.levels(&sku) else {
            return Err(Rejection::UnknownSku { sku });
        };
        let on_hand = levels.balance.on_hand.saturating_add(delta);
        self.check_on_hand(&sku, on_hand)?;
        if delta != 0 {
            let adjusted = Adjusted { sku, delta, on_hand, reason };
            self.push(Event::Updated(Updated::Adjusted(adjusted)));
        }
        Ok(())
    }

    fn reserve(&mut self, ask: Reserve) -> Result<(), Rejection> {
        match self.phase(ask.order) {
            // The question was repeated.
            Some(Phase::Held { .. } | Phase::Committed | Phase::Fulfilled) => Ok(()),
            Some(Phase::Released { .. }) => Err(Rejection::AlreadyEnded { order: ask.order }),
            None | Some(Phase::Expired) => {
                if ask.lines.is_empty() {
                    return Err(Rejection::NoLines);
                }
                if ask.lines.len() > LINES_MAX {
                    return Err(Rejection::TooManyLines);
                }
                let lines = self.allot(demand(ask.lines), ask.policy)?;
                self.push(Event::Reserved(Reserved {
                    reservation: ask.reservation,
                    order: ask.order,
                    lines,
                    expires_at: ask.expires_at,
                    policy: ask.policy,
                }));
                Ok(())
            }
        }
    }

    fn extend(&mut self, order: OrderId, until: Timestamp) -> Result<(), Rejection> {
        let Some(reservation) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        match self.phase(order).unwrap_or(reservation.phase) {
            Phase::Held { expires_at, .. } if until <= expires_at => Ok(()),
            Phase::Held { extensions, .. } if extensions >= EXTENSIONS_MAX => {
                Err(Rejection::ExtendedTooOften { order })
            }
            Phase::Held { .. } => {
                let reservation = reservation.id;
                self.push(Event::Extended(Extended { reservation, order, expires_at: until }));
                Ok(())
            }
            // Held for good: longer than anybody asks for.
            Phase::Committed | Phase::Fulfilled => Ok(()),
            phase @ (Phase::Released { .. } | Phase::Expired) => {
                let standing = Reservation { phase, ..reservation.clone() }.standing();
                Err(Rejection::NotPossible { order, standing })
            }
        }
    }

    fn commit(&mut self, order: OrderId) -> Result<(), Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        let lines = match self.phase(order).unwrap_or(known.phase) {
            Phase::Committed | Phase::Fulfilled => return Ok(()),
            Phase::Released { .. } => return Err(Rejection::AlreadyEnded { order }),
            Phase::Held { .. } => Lines::clone(&known.lines),
            // Late: hold it anew, if nobody else has taken it meanwhile.
            Phase::Expired => {
                let again = known.lines.iter().map(|line| Line {
                    sku: line.sku.clone(),
                    quantity: line.quantity.saturating_add(line.backordered),
                    backordered: 0,
                });
                let lines = self.allot(again.collect(), known.policy)?;
                self.push(Event::Reserved(Reserved {
                    reservation: known.id,
                    order,
                    lines: Lines::clone(&lines),
                    expires_at: self.now,
                    policy: known.policy,
                }));
                lines
            }
        };
        let committed = Committed { reservation: known.id, order, lines };
        self.push(Event::Updated(Updated::Committed(committed)));
        Ok(())
    }

    fn release(&mut self, order: OrderId, reason: Ending) {
        let known = self.stock.reservation(order);
        self.closed = Some(order);
        match (known, self.phase(order)) {
            (Some(held), Some(Phase::Held { .. })) => self.end(held, Claim::Held, reason),
            (Some(kept), Some(Phase::Committed)) => self.end(kept, Claim::Committed, reason),
            // Nothing to give back, or nothing any more.
            (Some(_), Some(Phase::Fulfilled | Phase::Released { .. } | Phase::Expired))
            | (None, _)
            | (_, None) => {}
        }
    }

    fn ship(&mut self, order: OrderId) -> Result<(), Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        match self.phase(order).unwrap_or(known.phase) {
            Phase::Committed => {
                let lines = known.remaining();
                let shipped = Shipped { reservation: known.id, order, lines, parcel: None };
                self.push(Event::Updated(Updated::Shipped(shipped)));
                Ok(())
            }
            Phase::Fulfilled => Ok(()),
            phase @ (Phase::Held { .. } | Phase::Released { .. } | Phase::Expired) => {
                let standing = Reservation { phase, ..known.clone() }.standing();
                Err(Rejection::NotPossible { order, standing })
            }
        }
    }

    fn ship_parcel(&mut self, order: OrderId, parcel: Parcel) -> Result<(), Rejection> {
        let Some((reservation, lines)) = self.part(order, &parcel)? else { return Ok(()) };
        let shipped = Shipped { reservation, order, lines, parcel: Some(parcel.number) };
        self.push(Event::Updated(Updated::Shipped(shipped)));
        Ok(())
    }

    fn give_back(&mut self, order: OrderId, parcel: Parcel, is_missing: bool) -> Result<(), Rejection> {
        let Some((reservation, lines)) = self.part(order, &parcel)? else { return Ok(()) };
        self.push(Event::Released(Released {
            reservation,
            order,
            lines: Lines::clone(&lines),
            reason: Ending::Canceled,
            from: Claim::Committed,
            parcel: Some(parcel.number),
        }));
        if is_missing {
            for line in lines.iter() {
                self.adjust(line.sku.clone(), -i64::from(line.quantity), MISSING.into())?;
            }
        }
        Ok(())
    }

    /// What an order waits for is all or nothing, so it is either still owed, or promised.
    fn forgo(&mut self, order: OrderId, parcel: Parcel) -> Result<(), Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        if !known.waits() || known.has_parcel(parcel.number) {
            return self.give_back(order, parcel, false);
        }
        self.closed = Some(order);
        let (reservation, lines, parcel) = (known.id, known.owed(), parcel.number);
        self.push(Event::BackorderDropped(BackorderDropped { reservation, order, lines, parcel }));
        Ok(())
    }

    fn arrival_heard(&mut self, order: OrderId) {
        if let Some(known) = self.stock.reservation(order).filter(|known| known.untold) {
            self.push(Event::BackorderReported(BackorderReported { reservation: known.id, order }));
        }
    }

    /// Somebody wants it looked at who waits for these.
    fn serve_all(&mut self, skus: Vec<Sku>) {
        let skus = if skus.is_empty() { self.stock.waited_for().cloned().collect() } else { skus };
        self.serve(&skus);
    }

    /// Whatever there is more of now than before may be what somebody waits for.
    fn serve_risen(&mut self) {
        let has_risen = |touched: &&Touched| touched.levels.available() > touched.before;
        let risen = self.touched.iter().filter(has_risen).map(|touched| touched.sku.clone());
        let skus: Vec<Sku> = risen.filter(|sku| self.stock.waiting_for(sku).is_some()).collect();
        self.serve(&skus);
    }

    /// Orders that wait for any of these get all that they are owed, or nothing; the oldest first. Who wants more than there
    /// is lets the next ones pass.
    fn serve(&mut self, skus: &[Sku]) {
        let stock = self.stock;
        let all: BTreeSet<OrderId> =
            skus.iter().filter_map(|sku| stock.waiting_for(sku)).flatten().copied().collect();
        let mut served = 0;
        for order in all {
            let is_any_left =
                skus.iter().any(|sku| self.levels(sku).is_some_and(|levels| levels.available() > 0));
            if served == SERVED_MAX || !is_any_left {
                return;
            }
            let Some(known) = stock.reservation(order).filter(|_| self.closed != Some(order)) else {
                continue;
            };
            let lines = known.owed();
            let has = |line: &Line, draft: &mut Self| {
                let levels = draft.levels(&line.sku).unwrap_or_default();
                levels.available() >= i64::from(line.quantity)
            };
            if lines.iter().all(|line| has(line, self)) {
                served += 1;
                let reservation = known.id;
                self.push(Event::BackorderAllocated(BackorderAllocated { reservation, order, lines }));
            }
        }
    }

    /// Every receipt and every parcel is known by its number, so a repeat is known too.
    fn take_back(&mut self, order: OrderId, what: Back, back: Vec<ReturnedLine>) -> Result<(), Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        let is_booked = match what {
            Back::Receipt(number) => known.has_receipt(number),
            Back::Parcel(number) => known.has_undelivered(number),
        };
        if is_booked {
            return Ok(());
        }
        let has_left = match what {
            Back::Receipt(_) => true,
            Back::Parcel(number) => known.has_parcel(number),
        };
        match self.phase(order).unwrap_or(known.phase) {
            Phase::Committed | Phase::Fulfilled if has_left => {}
            phase @ (Phase::Held { .. }
            | Phase::Committed
            | Phase::Fulfilled
            | Phase::Released { .. }
            | Phase::Expired) => {
                let standing = Reservation { phase, ..known.clone() }.standing();
                return Err(Rejection::NotPossible { order, standing });
            }
        }
        let mut lines: Vec<ReturnedLine> = Vec::with_capacity(back.len());
        for line in back {
            match lines.iter_mut().find(|known| known.sku == line.sku) {
                Some(known) => {
                    known.restocked = known.restocked.saturating_add(line.restocked);
                    known.damaged = known.damaged.saturating_add(line.damaged);
                    known.written_off = known.written_off.saturating_add(line.written_off);
                    known.to_vendor = known.to_vendor.saturating_add(line.to_vendor);
                }
                None => lines.push(line),
            }
        }
        for line in &lines {
            let Some(levels) = self.levels(&line.sku) else {
                return Err(Rejection::UnknownSku { sku: line.sku.clone() });
            };
            if levels.balance.on_hand.saturating_add(i64::from(line.quantity())) > i64::from(ON_HAND_MAX) {
                return Err(Rejection::TooMuch { sku: line.sku.clone() });
            }
        }
        let (receipt, parcel) = match what {
            Back::Receipt(number) => (number, None),
            Back::Parcel(number) => (0, Some(number)),
        };
        let returned = Returned { reservation: known.id, order, receipt, parcel, lines: lines.into() };
        self.push(Event::Updated(Updated::Returned(returned)));
        Ok(())
    }

    fn write_off(&mut self, sku: Sku, quantity: u32, reason: Arc<str>) -> Result<(), Rejection> {
        if reason.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong { what: "a reason" });
        }
        let Some(levels) = self.levels(&sku) else {
            return Err(Rejection::UnknownSku { sku });
        };
        let Balance { on_hand, damaged, .. } = levels.balance;
        if i64::from(quantity) > damaged {
            return Err(Rejection::NotDamaged { sku, damaged });
        }
        if quantity > 0 {
            let on_hand = on_hand.saturating_sub(i64::from(quantity));
            self.push(Event::Updated(Updated::WrittenOff(WrittenOff { sku, quantity, on_hand, reason })));
        }
        Ok(())
    }

    /// What a parcel takes of its order's committed stock; nothing, when it has taken it before.
    fn part(&mut self, order: OrderId, parcel: &Parcel) -> Result<Option<(ReservationId, Lines)>, Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        if known.has_parcel(parcel.number) {
            return Ok(None);
        }
        let phase = self.phase(order).unwrap_or(known.phase);
        let not_possible = || {
            let standing = Reservation { phase, ..known.clone() }.standing();
            Rejection::NotPossible { order, standing }
        };
        if phase != Phase::Committed {
            return Err(not_possible());
        }
        let remaining = known.remaining();
        let lines = sums(parcel.lines.iter().cloned());
        let shortages: Vec<Shortage> = lines
            .iter()
            .filter_map(|line| {
                let left = remaining.iter().find(|left| left.sku == line.sku).map_or(0, |left| left.quantity);
                let (sku, requested, available) = (line.sku.clone(), line.quantity, i64::from(left));
                (left < requested).then_some(Shortage { sku, requested, available })
            })
            .collect();
        if shortages.is_empty() {
            Ok(Some((known.id, lines.into())))
        } else {
            Err(Rejection::Short { shortages })
        }
    }

    /// Whether an item may have so many: enough for what is promised, and not absurdly many.
    fn check_on_hand(&mut self, sku: &Sku, on_hand: i64) -> Result<(), Rejection> {
        if on_hand > i64::from(ON_HAND_MAX) {
            return Err(Rejection::TooMuch { sku: sku.clone() });
        }
        loop {
            let Balance { reserved, committed, damaged, .. } = self.levels(sku).unwrap_or_default().balance;
            if on_hand >= reserved.saturating_add(committed).saturating_add(damaged) {
                return Ok(());
            }
            if !self.sweep() {
                let sku = sku.clone();
                return Err(Rejection::BelowPromised { sku, on_hand, reserved, committed, damaged });
            }
        }
    }

    /// Turns a demand, one line a SKU, into what is held and what is owed.
    fn allot(&mut self, demand: Vec<Line>, policy: OutOfStock) -> Result<Lines, Rejection> {
        let shortages = loop {
            let shortages = self.shortages(&demand)?;
            // Before somebody goes without, everything is let go that no longer counts.
            if shortages.is_empty() || !self.sweep() {
                break shortages;
            }
        };
        match policy {
            OutOfStock::Cancel if !shortages.is_empty() => Err(Rejection::Short { shortages }),
            OutOfStock::Cancel => Ok(demand.into()),
            OutOfStock::Backorder => {
                let held = demand.into_iter().map(|line| {
                    let available = self.levels(&line.sku).map_or(0, |levels| levels.available());
                    let quantity = line.quantity.min(u32::try_from(available).unwrap_or(u32::MAX));
                    Line { quantity, backordered: line.quantity - quantity, ..line }
                });
                Ok(held.collect())
            }
        }
    }

    fn shortages(&mut self, demand: &[Line]) -> Result<Vec<Shortage>, Rejection> {
        let mut shortages = Vec::new();
        for line in demand {
            let Some(levels) = self.levels(&line.sku) else {
                return Err(Rejection::UnknownSku { sku: line.sku.clone() });
            };
            let available = levels.available();
            if i64::from(line.quantity) > available {
                let sku = line.sku.clone();
                shortages.push(Shortage { sku, requested: line.quantity, available });
            }
        }
        Ok(shortages)
    }

    /// Where the order's reservation is in its life. One whose time has come is let go on the way.
    fn phase(&mut self, order: OrderId) -> Option<Phase> {
        let known = self.stock.reservation(order)?;
        match known.phase {
            Phase::Held { expires_at, .. } if expires_at <= self.now => {
                let swept = self
                    .events
                    .iter()
                    .any(|event| matches!(event, Event::Released(released) if released.order == order));
                if !swept {
                    self.ended = Some(order);
                    self.end(known, Claim::Held, Ending::Expired);
                }
                Some(Phase::Expired)
            }
            phase @ (Phase::Held { .. }
            | Phase::Committed
            | Phase::Fulfilled
            | Phase::Released { .. }
            | Phase::Expired) => Some(phase),
        }
    }

    fn end(&mut self, known: &Reservation, from: Claim, reason: Ending) {
        self.push(Event::Released(Released {
            reservation: known.id,
            order: known.order,
            lines: known.remaining(),
            reason,
            from,
            parcel: None,
        }));
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
        if place == SCANNED_MAX {
            let all = self.touched.iter().enumerate();
            self.places = all.map(|(place, touched)| (touched.sku.clone(), place)).collect();
        } else if place > SCANNED_MAX {
            self.places.insert(self.touched[place].sku.clone(), place);
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

//! Reservations: held, kept longer, promised, and let go; and what is short.

use crate::types::{OrderId, Timestamp};

use super::{Draft, EXPIRED_PER_SWEEP_MAX, EXTENSIONS_MAX, demand};
use crate::inventory::command::{LINES_MAX, OutOfStock, Rejection, Reserve, Shortage};
use crate::inventory::event::{
    Claim, Committed, Ending, Event, Extended, Line, Lines, Released, Reserved, Updated,
};
use crate::inventory::reservation::{Phase, Reservation};

impl Draft<'_> {
    /// Lets go of some holds whose time has come. Whether there were any.
    pub(super) fn sweep(&mut self) -> bool {
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

    pub(super) fn reserve(&mut self, ask: Reserve) -> Result<(), Rejection> {
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

    pub(super) fn extend(&mut self, order: OrderId, until: Timestamp) -> Result<(), Rejection> {
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

    pub(super) fn commit(&mut self, order: OrderId) -> Result<(), Rejection> {
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

    pub(super) fn release(&mut self, order: OrderId, reason: Ending) {
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

    /// Turns a demand, one line a SKU, into what is held and what is owed.
    pub(super) fn allot(&mut self, demand: Vec<Line>, policy: OutOfStock) -> Result<Lines, Rejection> {
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

    pub(super) fn shortages(&mut self, demand: &[Line]) -> Result<Vec<Shortage>, Rejection> {
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
    pub(super) fn phase(&mut self, order: OrderId) -> Option<Phase> {
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

    pub(super) fn end(&mut self, known: &Reservation, from: Claim, reason: Ending) {
        self.push(Event::Released(Released {
            reservation: known.id,
            order: known.order,
            lines: known.remaining(),
            reason,
            from,
            parcel: None,
        }));
    }
}

//! What leaves the house, what stays after all, and what comes back.

use crate::types::{OrderId, ReservationId};

use super::{Back, Draft, MISSING, sums};
use crate::inventory::command::{ON_HAND_MAX, Parcel, Rejection, Shortage};
use crate::inventory::event::{
    BackorderDropped, Claim, Ending, Event, Lines, Released, Returned, ReturnedLine, Shipped, Updated,
};
use crate::inventory::reservation::{Phase, Reservation};

impl Draft<'_> {
    pub(super) fn ship(&mut self, order: OrderId) -> Result<(), Rejection> {
        let Some(known) = self.stock.reservation(order) else {
            return Err(Rejection::NotReserved { order });
        };
        match self.phase(order).unwrap_or(known.phase) {
            Phase::Committed => {
                // Whatever is still owed is not waited for any more.
                self.closed = Some(order);
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

    pub(super) fn ship_parcel(&mut self, order: OrderId, parcel: Parcel) -> Result<(), Rejection> {
        let Some((reservation, lines)) = self.part(order, &parcel)? else { return Ok(()) };
        let shipped = Shipped { reservation, order, lines, parcel: Some(parcel.number) };
        self.push(Event::Updated(Updated::Shipped(shipped)));
        Ok(())
    }

    pub(super) fn give_back(
        &mut self,
        order: OrderId,
        parcel: Parcel,
        is_missing: bool,
    ) -> Result<(), Rejection> {
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
    pub(super) fn forgo(&mut self, order: OrderId, parcel: Parcel) -> Result<(), Rejection> {
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

    /// Every receipt and every parcel is known by its number, so a repeat is known too.
    pub(super) fn take_back(
        &mut self,
        order: OrderId,
        what: Back,
        back: Vec<ReturnedLine>,
    ) -> Result<(), Rejection> {
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

    /// What a parcel takes of its order's committed stock; nothing, when it has taken it before.
    pub(super) fn part(
        &mut self,
        order: OrderId,
        parcel: &Parcel,
    ) -> Result<Option<(ReservationId, Lines)>, Rejection> {
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
}

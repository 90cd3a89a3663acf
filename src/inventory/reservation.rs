//! What is known of the stock of one order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::bits::{bit, is_nought, wide_bit};
use crate::types::{OrderId, ReservationId, Timestamp};

use super::command::OutOfStock;
use super::event::{Ending, Event, Line, Lines, Reserved, Updated};

/// The stock of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// For which order.
    pub order: OrderId,
    /// What, one line a SKU.
    pub lines: Lines,
    /// What to do should it have to be held anew and there is not enough.
    pub policy: OutOfStock,
    /// Where it is in its life.
    pub phase: Phase,
    /// What of it has left or was given back in parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Line>,
    /// The parcels that took it: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub parcels: u32,
    /// The receipts of goods that came back: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub receipts: u64,
    /// The parcels that left and did not arrive: bit `number − 1` of each.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub undelivered: u32,
    /// Fulfilment is to hear that what the order waited for is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
    /// When it was first held; held anew counts as first.
    pub reserved_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a reservation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Held for a while.
    Held {
        /// Until when.
        expires_at: Timestamp,
        /// How often that was put off.
        extensions: u8,
    },
    /// Promised.
    Committed,
    /// Shipped.
    Fulfilled,
    /// Given back for good.
    Released {
        /// Why.
        reason: Ending,
    },
    /// Its time had come.
    Expired,
}

impl Phase {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Held { .. } => "held",
            Phase::Committed => "committed",
            Phase::Fulfilled => "fulfilled",
            Phase::Released { .. } => "released",
            Phase::Expired => "expired",
        }
    }
}

/// What siblings may know of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Held.
    Held {
        /// The reservation.
        reservation: ReservationId,
        /// Until when.
        expires_at: Timestamp,
        /// How many pieces are owed beyond what is held.
        backordered: u32,
    },
    /// Promised, perhaps shipped already.
    Committed {
        /// The reservation.
        reservation: ReservationId,
        /// How many pieces are owed beyond what is promised.
        backordered: u32,
    },
    /// Its time had come; it may be reserved or committed again.
    Expired,
    /// Given back for good.
    Ended,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Standing::Held { .. } => "held",
            Standing::Committed { .. } => "committed",
            Standing::Expired => "expired",
            Standing::Ended => "released",
        })
    }
}

impl Reservation {
    /// The order's reservation after an event that names the order.
    pub fn fold(reservation: Option<Reservation>, event: &Event, at: Timestamp) -> Option<Reservation> {
        if let Event::Reserved(reserved) = event {
            return Some(Self::held(reserved, at));
        }
        let mut reservation = reservation?;
        if let Event::Updated(Updated::Returned(returned)) = event {
            match returned.parcel {
                Some(number) => reservation.undelivered |= bit(number),
                None => reservation.receipts |= wide_bit(returned.receipt),
            }
            reservation.updated_at = at;
            return Some(reservation);
        }
        if let Some((number, lines)) = part(event) {
            reservation.settle(number, lines);
            reservation.finish();
            reservation.updated_at = at;
            return Some(reservation);
        }
        let phase = match (event, reservation.phase) {
            (Event::Extended(extended), Phase::Held { extensions, .. }) => {
                Phase::Held { expires_at: extended.expires_at, extensions: extensions.saturating_add(1) }
            }
            (Event::Released(released), _) => match released.reason {
                Ending::Expired => Phase::Expired,
                reason @ (Ending::Canceled
                | Ending::PaymentFailed
                | Ending::Fraudulent
                | Ending::DeadlinePassed) => Phase::Released { reason },
            },
            (Event::Updated(Updated::Committed(_)), _) => Phase::Committed,
            (Event::Updated(Updated::Shipped(_)), _) => Phase::Fulfilled,
            (Event::BackorderAllocated(_), phase) => {
                reservation.untold = true;
                reservation.no_more_owed(true);
                phase
            }
            (Event::BackorderDropped(dropped), _) => {
                reservation.parcels |= bit(dropped.parcel);
                reservation.no_more_owed(false);
                reservation.finish();
                reservation.phase
            }
            (Event::BackorderReported(_), phase) => {
                reservation.untold = false;
                phase
            }
            (
                Event::Extended(_),
                Phase::Committed | Phase::Fulfilled | Phase::Released { .. } | Phase::Expired,
            )
            | (
                Event::Updated(
                    Updated::Set(_) | Updated::Adjusted(_) | Updated::Returned(_) | Updated::WrittenOff(_),
                )
                | Event::Reserved(_)
                | Event::ThresholdReached(_),
                _,
            ) => return Some(reservation),
        };
        reservation.phase = phase;
        reservation.updated_at = at;
        Some(reservation)
    }

    fn held(reserved: &Reserved, at: Timestamp) -> Self {
        Self {
            id: reserved.reservation,
            order: reserved.order,
            lines: Lines::clone(&reserved.lines),
            policy: reserved.policy,
            phase: Phase::Held { expires_at: reserved.expires_at, extensions: 0 },
            settled: Vec::new(),
            parcels: 0,
            receipts: 0,
            undelivered: 0,
            untold: false,
            reserved_at: at,
            updated_at: at,
        }
    }

    /// What was owed is there, or is not waited for any more.
    fn no_more_owed(&mut self, is_there: bool) {
        let settled = |line: &Line| Line {
            quantity: line.quantity.saturating_add(if is_there { line.backordered } else { 0 }),
            backordered: 0,
            sku: line.sku.clone(),
        };
        self.lines = self.lines.iter().map(settled).collect();
    }

    /// Of which nothing is left and nothing is owed, that is fulfilled.
    fn finish(&mut self) {
        let is_through = self.remaining().iter().all(|line| line.quantity == 0);
        if is_through && self.backordered() == 0 {
            self.phase = Phase::Fulfilled;
        }
    }

    fn settle(&mut self, number: u32, lines: &Lines) {
        self.parcels |= bit(number);
        for line in lines.iter() {
            match self.settled.iter_mut().find(|known| known.sku == line.sku) {
                Some(known) => known.quantity = known.quantity.saturating_add(line.quantity),
                None => self.settled.push(line.clone()),
            }
        }
    }

    /// Whether a parcel has taken its part.
    pub fn has_parcel(&self, number: u32) -> bool {
        self.parcels & bit(number) != 0
    }

    /// Whether what came back with a receipt is booked.
    pub fn has_receipt(&self, number: u32) -> bool {
        self.receipts & wide_bit(number) != 0
    }

    /// Whether a parcel that left is booked as not arriving.
    pub fn has_undelivered(&self, number: u32) -> bool {
        self.undelivered & bit(number) != 0
    }

    /// What has neither left nor was given back.
    pub fn remaining(&self) -> Lines {
        if self.settled.is_empty() {
            return Lines::clone(&self.lines);
        }
        let left = |line: &Line| {
            let gone = self.settled.iter().find(|gone| gone.sku == line.sku).map_or(0, |gone| gone.quantity);
            Line { quantity: line.quantity.saturating_sub(gone), ..line.clone() }
        };
        self.lines.iter().map(left).collect()
    }

    /// Whether something will still happen by itself: it is held, it waits for stock, or that is there and is to be told.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Held { .. }) || self.waits() || self.untold
    }

    /// Whether its order is confirmed and waits for what is not there.
    pub fn waits(&self) -> bool {
        self.phase == Phase::Committed && self.backordered() > 0
    }

    /// What its order is owed, one line a SKU.
    pub fn owed(&self) -> Lines {
        let owed = self.lines.iter().filter(|line| line.backordered > 0);
        owed.map(|line| Line { sku: line.sku.clone(), quantity: line.backordered, backordered: 0 }).collect()
    }

    /// How many pieces are owed beyond what is held.
    pub fn backordered(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.backordered))
    }

    /// What siblings may know.
    pub fn standing(&self) -> Standing {
        let (reservation, backordered) = (self.id, self.backordered());
        match self.phase {
            Phase::Held { expires_at, .. } => Standing::Held { reservation, expires_at, backordered },
            Phase::Committed | Phase::Fulfilled => Standing::Committed { reservation, backordered },
            Phase::Expired => Standing::Expired,
            Phase::Released { .. } => Standing::Ended,
        }
    }
}

/// The parcel that an event is about, and what it took or gave back.
fn part(event: &Event) -> Option<(u32, &Lines)> {
    match event {
        Event::Updated(Updated::Shipped(shipped)) => shipped.parcel.map(|number| (number, &shipped.lines)),
        Event::Released(released) => released.parcel.map(|number| (number, &released.lines)),
        Event::Updated(
            Updated::Set(_)
            | Updated::Adjusted(_)
            | Updated::Committed(_)
            | Updated::Returned(_)
            | Updated::WrittenOff(_),
        )
        | Event::Reserved(_)
        | Event::Extended(_)
        | Event::BackorderAllocated(_)
        | Event::BackorderDropped(_)
        | Event::BackorderReported(_)
        | Event::ThresholdReached(_) => None,
    }
}

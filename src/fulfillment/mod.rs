//! Fulfilment: from a confirmed order to parcels at the door. One instance an order; it holds the order's fulfilment
//! orders (work at one location), each of which leaves the house as one shipment or not at all.
//!
//! ```text
//!           Open               picking        picked        packing       packed      ready_to_ship
//!  Unopened ────▶ allocated ──────────▶ picking ────▶ picked ─────▶ packing ────▶ packed ─────▶ ready_to_ship
//!      │              │ ▲                  any of them                                    │        │
//!      │ Cancel       │ └── released ── on hold ◀── held                                  │        │ shipped
//!      ▼              │                    │                                              ▼        ▼
//!    Never            └──────────┬─────────┘  Cancel                     the order lets it go, stock is booked
//!                                ▼                                                        │
//!                            canceled                                                     ▼
//!                                                                                  closed: a shipment
//!
//!  shipment:  pre_transit ──▶ in_transit ──▶ out_for_delivery ──▶ delivered          a scan may skip, repeat or come late:
//!                                  │  ▲ attempt failed │                             the status is that of the newest scan
//!                                  │  └────────────────┤                             by carrier time, and `delivered` and
//!                                  └───────────────────┴──▶ return_to_sender         `return_to_sender` stay
//!
//!  what does not arrive:   return_to_sender ── at once by policy, or people ──▶ taken back ──▶ stock booked, money owed back
//!                          failure ── silent for too long by policy, or people ──▶ lost ──▶ written off, money owed back
//! ```
//!
//! What is sold but not there is a part of its own, on hold until inventory says that it has come; then it goes the way of the
//! others.
//!
//! In mode `auto` timers take every arrow, a built-in carrier included; in `manual` people and carriers do. Splitting makes
//! two fulfilment orders of one, so that each leaves as a parcel of its own.
//!
//! What a picker does not find is parted from the rest and, as the store wants it, given up or put on hold. What is given up
//! is `incomplete` until inventory has struck or freed its stock ([`Step::GiveUp`]), then canceled; the order hears of it.
//!
//! Nothing leaves before its order says so: a parcel that is ready asks ([`Step::Dispatch`]) until the money is taken and
//! its stock is booked as sold, which `shipment.created` records. What the order must know of its goods it is told
//! ([`Step::Report`]) until it has heard, and so is the alert desk of a parcel that is stuck ([`Step::Warn`]). The instance refuses to know prices, stock figures, banks and time.

#![warn(clippy::wildcard_enum_match_arm)]

mod command;
mod decide;
mod event;
mod evolve;
mod progress;
mod scans;
mod state;
#[cfg(test)]
mod tests;
mod timers;
mod trouble;
mod view;

pub use command::{Command, Move, Opening, Outcome, Rejection};
pub use decide::legal;
pub use event::{
    Canceled, Closed, Created, DispatchRequested, Ended, EtaChanged, Event, GivenUp, Held, Moved, Opened,
    Payment, PickedShort, Released, Reported, ShipmentMoved, Split, Stalled, StockBooked, StockRefused,
    TroubleReported,
};
pub use progress::Progress;
pub use scans::{ATTEMPTS_MAX, Place, SCANS_MAX, Scan, TrackerStatus};
pub use state::{
    Becomes, Ending, Fulfillment, HoldReason, Line, Mode, Phase, Policy, Shipment, ShortPick, Stage, Status,
    Stocking, Undelivered, Units, Work, WorkOrder,
};
pub use trouble::Trouble;
pub use view::{FulfillmentView, ScanView, ShipmentView};

use crate::runtime::{Aggregate, Due};
use crate::types::{OrderId, Timestamp};

/// The carrier of mode `auto`, and the one that is noted where nobody names another.
pub const BUILT_IN_CARRIER: &str = "orderflow";

/// The most parcels of one order: each has a bit among those of its order.
pub const PARTS_MAX: u32 = u32::BITS;

/// The aggregate: one instance an order.
#[derive(Debug)]
pub struct Fulfillments;

/// A message of an order's fulfilment to its siblings.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The order: may this parcel leave? If so, inventory: it is sold.
    Dispatch {
        /// Which fulfilment order.
        number: u32,
    },
    /// Inventory: this part will not leave.
    GiveUp {
        /// Which fulfilment order.
        number: u32,
        /// It is not there.
        is_missing: bool,
    },
    /// Inventory: the pieces of this parcel do not arrive. Asked twice they are booked once.
    TakeBack {
        /// Which parcel.
        number: u32,
    },
    /// The order: this is how far its goods are.
    Report {
        /// How far.
        progress: Progress,
    },
    /// The alert desk: this is wrong with a parcel, or nothing is any more.
    Warn {
        /// Which parcel.
        number: u32,
        /// What.
        trouble: Option<Trouble>,
    },
}

/// Fulfilment makes no calls to the outside: carriers come to it.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {}

impl Aggregate for Fulfillments {
    const NAME: &'static str = "fulfillment";
    const IS_SINGLE: bool = false;
    type Key = OrderId;
    type State = Fulfillment;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = Call;

    fn decide(state: &Fulfillment, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command, now)
    }

    fn evolve(state: &mut Fulfillment, event: &Event, at: Timestamp) {
        evolve::evolve(state, event, at);
    }

    fn due(state: &Fulfillment) -> Due<Self> {
        let Fulfillment::Opened(work) = state else { return Due::nothing() };
        let is_leaving = |one: &&WorkOrder| !work.is_unpaid && one.parcel(work.policy.mode).is_some();
        let leaving = work.orders.iter().filter(is_leaving);
        let mut steps: Vec<Step> = leaving.map(|one| Step::Dispatch { number: one.number }).collect();
        steps.extend(work.orders.iter().filter_map(|one| match one.phase {
            Phase::Incomplete { is_missing } => Some(Step::GiveUp { number: one.number, is_missing }),
            Phase::Working(_)
            | Phase::OnHold { .. }
            | Phase::Leaving { .. }
            | Phase::Shipped(_)
            | Phase::Canceled => None,
        }));
        if work.progress() != work.told {
            steps.push(Step::Report { progress: work.progress() });
        }
        let parcels = work.orders.iter().filter_map(|one| Some((one.number, one.shipment()?)));
        let is_owed =
            |parcel: &Shipment| parcel.ending.as_ref().is_some_and(|ending| ending.stock == Stocking::Owed);
        let undelivered = parcels.clone().filter(|(_, parcel)| is_owed(parcel));
        steps.extend(undelivered.map(|(number, _)| Step::TakeBack { number }));
        steps.extend(
            parcels
                .filter(|(_, parcel)| parcel.trouble() != parcel.reported)
                .map(|(number, parcel)| Step::Warn { number, trouble: parcel.trouble() }),
        );
        let timer = timers::next(work).map(|at| (at, Command::Tick));
        Due { steps, call: None, timer }
    }
}

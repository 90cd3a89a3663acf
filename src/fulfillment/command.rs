//! What may be asked of an order's fulfilment, and why it may say no.

use std::sync::Arc;

use crate::types::{OrderId, Timestamp};

use super::progress::Progress;
use super::scans::{Scan, TrackerStatus};
use super::state::{Becomes, Line, Policy, Stage, Units};
use super::trouble::Trouble;

/// What may be asked of an order's fulfilment.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The order is about to be confirmed: there is work.
    Open(Box<Opening>),
    /// Somebody moves a fulfilment order on.
    Advance {
        /// Which.
        number: u32,
        /// Where to.
        to: Move,
    },
    /// A carrier tells where a parcel is.
    Scan {
        /// Which parcel.
        number: u32,
        /// The carrier's own name for it, where it was sent.
        tracking_code: Option<Arc<str>>,
        /// When it will be there, as far as the carrier knows.
        eta: Option<Timestamp>,
        /// What was seen, in any order, known or not.
        scans: Vec<Scan>,
    },
    /// The order: whatever has not left shall not.
    Cancel {
        /// Whose.
        order: OrderId,
        /// The parcels that may leave all the same: bit `number − 1` of each.
        except: u32,
    },
    /// A sibling reports.
    Hear(Outcome),
    /// A time has come.
    Tick,
}

/// Everything that is known when work begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// For which order.
    pub order: OrderId,
    /// The store's policy at this moment; it stays the instance's own.
    pub policy: Policy,
    /// What there is to pick.
    pub lines: Vec<Line>,
    /// What is sold but not there: back-ordered.
    pub owed: Vec<Line>,
}

/// Where somebody wants a fulfilment order to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// At the next stage of the work.
    Stage(Stage),
    /// With a carrier.
    Ship {
        /// Whose; the shop's own where it is missing.
        carrier: Option<Arc<str>>,
        /// The carrier's name for the parcel; one of our own where it is missing.
        tracking_code: Option<Arc<str>>,
    },
    /// On hold.
    Hold {
        /// Why, for people.
        note: Option<Arc<str>>,
    },
    /// No longer on hold.
    Release,
    /// In two: these pieces leave as a parcel of their own.
    Split {
        /// Which pieces.
        lines: Vec<Units>,
    },
    /// Short of these pieces: nobody finds them.
    Short {
        /// Which pieces.
        lines: Vec<Units>,
    },
    /// Given up: it will not leave, and its money goes back.
    GiveUp,
    /// Seen by the shop's own people on its way.
    Carried(TrackerStatus),
    /// Back without having been delivered.
    TakeBack {
        /// What becomes of its pieces.
        becomes: Becomes,
    },
    /// Neither delivered nor coming back.
    Lose,
}

impl Move {
    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Move::Stage(stage) => stage.word(),
            Move::Ship { .. } => "shipped",
            Move::Hold { .. } => "on_hold",
            Move::Release => "released",
            Move::Split { .. } => "split",
            Move::Short { .. } => "short",
            Move::GiveUp => "canceled",
            Move::Carried(status) => status.word(),
            Move::TakeBack { .. } => "taken_back",
            Move::Lose => "lost",
        }
    }
}

/// What siblings report. Only `store` makes these: a client cannot claim that its parcel was let go.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The order lets the parcel go, and inventory has booked it as sold.
    Dispatched {
        /// Which.
        number: u32,
    },
    /// Inventory has not what the parcel holds.
    StockMissing {
        /// Which.
        number: u32,
        /// What, in words.
        lacking: Arc<str>,
    },
    /// What the order is owed is there, and promised to it.
    StockArrived,
    /// Inventory has seen to the stock of a part that was given up.
    GivenUp {
        /// Which.
        number: u32,
    },
    /// Inventory has the pieces of a parcel that does not arrive in its books.
    StockBooked {
        /// Which.
        number: u32,
    },
    /// Inventory cannot have them.
    StockRefused {
        /// Which.
        number: u32,
        /// Why, in words.
        why: Arc<str>,
    },
    /// The order has its money: parcels that wait for that may ask again.
    Paid,
    /// The order cannot have its money now.
    Unpaid,
    /// The order knows how far its goods are.
    Noted {
        /// How far.
        progress: Progress,
    },
    /// The alert desk knows what is wrong with a parcel, or that nothing is any more.
    Warned {
        /// Which.
        number: u32,
        /// What.
        trouble: Option<Trouble>,
    },
}

/// Why an order's fulfilment says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such fulfilment order, or no such parcel.
    #[error("no such fulfilment order")]
    NotFound,
    /// Not in this state.
    #[error("a fulfilment order that is {status} cannot become {to}")]
    Illegal {
        /// What was asked.
        to: &'static str,
        /// Where it is.
        status: &'static str,
        /// What may be asked of it there.
        legal: &'static [&'static str],
    },
    /// The pieces named are not pieces of it, or are all of it, or none.
    #[error("a part has some of the pieces and leaves some; what is short is some of them or all")]
    NotAPart,
    /// There are as many parts as there may be.
    #[error("an order has at most {} parcels", super::PARTS_MAX)]
    TooManyParts,
    /// The parcel has another name with the carrier.
    #[error("the parcel has another tracking code")]
    OtherParcel,
}

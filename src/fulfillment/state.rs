//! What is known of an order's fulfilment, as stored in views.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::bits::bit;
use crate::types::words;
use crate::types::{FulfillmentId, LineId, OrderId, ShipmentId, Sku, Timestamp};

use super::progress::Progress;
use super::scans::{Scan, TrackerStatus};
use super::trouble::Trouble;

/// An order's fulfilment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfillment {
    /// Nothing happened yet.
    #[default]
    Unopened,
    /// Canceled before there was any work: there will be none.
    Never,
    /// There is, or was, work.
    Opened(Box<Work>),
}

impl Fulfillment {
    /// The work, when there was any.
    pub fn work(&self) -> Option<&Work> {
        match self {
            Fulfillment::Unopened | Fulfillment::Never => None,
            Fulfillment::Opened(work) => Some(work),
        }
    }
}

/// The work on an order: its fulfilment orders, and what the order knows of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Whose.
    pub order: OrderId,
    /// The store's policy when it was opened.
    pub policy: Policy,
    /// By number, from 1.
    pub orders: Vec<WorkOrder>,
    /// How far the order knows its goods to be.
    #[serde(default)]
    pub told: Progress,
    /// The order cannot have its money now: what is ready to leave waits until it has, and does not ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unpaid: bool,
    /// When it was opened: the order was confirmed.
    pub opened_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// Who moves work on, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Who.
    pub mode: Mode,
    /// How long a stage takes in `auto`, in seconds.
    pub stage_s: u64,
    /// How long a parcel travels in `auto`, in seconds.
    pub transit_s: u64,
    /// After how long without a scan a parcel counts as stalled, in seconds.
    pub stalled_s: u64,
    /// What becomes of pieces that a picker does not find.
    #[serde(default)]
    pub short_pick: ShortPick,
    /// What becomes of a parcel that its carrier could not deliver.
    #[serde(default)]
    pub undelivered: Undelivered,
}

/// What becomes of a parcel that its carrier could not deliver, once it comes back; one that never does is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undelivered {
    /// Its pieces are sold again.
    #[default]
    Restock,
    /// They are kept, and not sold.
    Damaged,
    /// They are thrown away.
    WriteOff,
    /// People say.
    Manual,
}

impl Undelivered {
    /// What becomes of its pieces by itself.
    pub const fn becomes(self) -> Option<Becomes> {
        match self {
            Undelivered::Restock => Some(Becomes::Restock),
            Undelivered::Damaged => Some(Becomes::Damaged),
            Undelivered::WriteOff => Some(Becomes::WriteOff),
            Undelivered::Manual => None,
        }
    }
}

/// What becomes of pieces that a picker does not find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortPick {
    /// They are struck from the stock, and their money goes back.
    #[default]
    Refund,
    /// They wait for people, while the rest leaves.
    Split,
}

/// Who moves work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Timers.
    Auto,
    /// People and carriers.
    Manual,
}

/// One fulfilment order: work at one location that leaves as one parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkOrder {
    /// From 1.
    pub number: u32,
    /// What it is about, one entry a line of the order.
    pub lines: Vec<Line>,
    /// How far it is.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// It is sold but not there: no stock is promised to it, as far as fulfilment has heard.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_owed: bool,
}

/// Some pieces of a line of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which line.
    pub line: LineId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
}

/// The same without saying of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Which line.
    #[serde(alias = "line_id")]
    pub line: LineId,
    /// How many.
    pub quantity: u32,
}

/// How far a fulfilment order is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// At this stage of the work.
    Working(Stage),
    /// Stopped at this stage.
    OnHold {
        /// Where it goes on.
        stage: Stage,
        /// Why.
        reason: HoldReason,
        /// Why, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Arc<str>>,
    },
    /// Given up: it will not leave, once its stock has been seen to.
    Incomplete {
        /// It is not there.
        is_missing: bool,
    },
    /// By hand given to a carrier: it waits for its order to let it go.
    Leaving {
        /// Whose.
        carrier: Arc<str>,
        /// Under which name.
        tracking_code: Arc<str>,
    },
    /// It has left.
    Shipped(Box<Shipment>),
    /// It will not leave.
    Canceled,
}

/// A parcel with a carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// Whose.
    pub carrier: Arc<str>,
    /// The carrier's name for it.
    pub tracking_code: Arc<str>,
    /// Where it is.
    pub status: TrackerStatus,
    /// What was seen of it, oldest first by carrier time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<Scan>,
    /// When it will be there, as far as anybody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Timestamp>,
    /// How often it was brought in vain.
    #[serde(default)]
    pub attempts: u32,
    /// When it left.
    pub shipped_at: Timestamp,
    /// When it was last heard of.
    pub heard_at: Timestamp,
    /// When we first heard that it is there, by our clock: returns are counted from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// Whether it has been silent for too long.
    #[serde(default)]
    pub is_stalled: bool,
    /// What the alert desk knows to be wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Trouble>,
    /// What became of its pieces, once it is settled that they do not arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
}

/// How a parcel ended that does not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// What becomes of its pieces.
    pub becomes: Becomes,
    /// Whether inventory has them in its books.
    pub stock: Stocking,
}

/// Whether inventory has in its books what does not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stocking {
    /// Not yet.
    Owed,
    /// It has.
    Booked,
    /// It cannot.
    Refused {
        /// Why, in words.
        why: Arc<str>,
    },
}

impl Stocking {
    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Stocking::Owed => "pending",
            Stocking::Booked => "booked",
            Stocking::Refused { .. } => "refused",
        }
    }
}

words! {
    /// A stage of the work.
    Stage {
        /// Its stock is set aside.
        Allocated = "allocated",
        /// Somebody fetches it.
        Picking = "picking",
        /// Everything was fetched.
        Picked = "picked",
        /// Somebody packs it.
        Packing = "packing",
        /// It is packed.
        Packed = "packed",
        /// It has a label.
        ReadyToShip = "ready_to_ship",
    }

    /// A fulfilment order in one word.
    Status {
        /// Nobody has begun.
        Open = "open",
        /// Somebody is at it.
        InProgress = "in_progress",
        /// It waits for people.
        OnHold = "on_hold",
        /// It is given up.
        Incomplete = "incomplete",
        /// It has left.
        Closed = "closed",
        /// It will not leave.
        Canceled = "canceled",
    }

    /// What becomes of the pieces of a parcel that does not arrive.
    Becomes {
        /// They are back, and sold again.
        Restock = "restock",
        /// They are back, kept, and not sold.
        Damaged = "damaged",
        /// They are back, and thrown away.
        WriteOff = "write_off",
        /// They are not back, and will not be.
        Lost = "lost",
    }

    /// Why a fulfilment order is on hold.
    HoldReason {
        /// Somebody said so.
        Person = "person",
        /// It is sold, but not there.
        Backordered = "backordered",
        /// Inventory has not what was packed.
        Stock = "stock",
        /// A picker did not find it.
        Short = "short",
    }
}

impl Stage {
    /// The next one; nothing after the last.
    pub const fn next(self) -> Option<Stage> {
        match self {
            Stage::Allocated => Some(Stage::Picking),
            Stage::Picking => Some(Stage::Picked),
            Stage::Picked => Some(Stage::Packing),
            Stage::Packing => Some(Stage::Packed),
            Stage::Packed => Some(Stage::ReadyToShip),
            Stage::ReadyToShip => None,
        }
    }
}

impl Phase {
    /// The word for it.
    pub const fn status(&self) -> Status {
        match self {
            Phase::Working(Stage::Allocated) => Status::Open,
            Phase::Working(
                Stage::Picking | Stage::Picked | Stage::Packing | Stage::Packed | Stage::ReadyToShip,
            )
            | Phase::Leaving { .. } => Status::InProgress,
            Phase::OnHold { .. } => Status::OnHold,
            Phase::Incomplete { .. } => Status::Incomplete,
            Phase::Shipped(_) => Status::Closed,
            Phase::Canceled => Status::Canceled,
        }
    }

    /// The word for where it is, as fine as there is one.
    pub const fn word(&self) -> &'static str {
        match self {
            Phase::Working(stage) => stage.word(),
            Phase::OnHold { .. } => "on_hold",
            Phase::Incomplete { .. } => "incomplete",
            Phase::Leaving { .. } => "leaving",
            Phase::Shipped(shipment) => shipment.status.word(),
            Phase::Canceled => "canceled",
        }
    }
}

impl WorkOrder {
    /// Its id.
    pub const fn id(&self, order: OrderId) -> FulfillmentId {
        FulfillmentId::new(order, self.number)
    }

    /// The id of its parcel.
    pub const fn shipment_id(&self, order: OrderId) -> ShipmentId {
        ShipmentId::new(order, self.number)
    }

    /// How many pieces.
    pub fn units(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// The parcel that waits for its order to let it go: whose carrier's, under which name. Nothing in names means: ours.
    pub fn parcel(&self, mode: Mode) -> Option<Option<(&Arc<str>, &Arc<str>)>> {
        match (&self.phase, mode) {
            (Phase::Leaving { carrier, tracking_code }, _) => Some(Some((carrier, tracking_code))),
            (Phase::Working(Stage::ReadyToShip), Mode::Auto) => Some(None),
            (
                Phase::Working(_)
                | Phase::OnHold { .. }
                | Phase::Incomplete { .. }
                | Phase::Shipped(_)
                | Phase::Canceled,
                _,
            ) => None,
        }
    }

    /// Its bit among the parcels of its order.
    pub const fn bit(&self) -> u32 {
        bit(self.number)
    }

    /// Its parcel, once it has left.
    pub fn shipment(&self) -> Option<&Shipment> {
        match &self.phase {
            Phase::Shipped(shipment) => Some(shipment),
            Phase::Working(_)
            | Phase::OnHold { .. }
            | Phase::Incomplete { .. }
            | Phase::Leaving { .. }
            | Phase::Canceled => None,
        }
    }
}

impl Work {
    /// The fulfilment order of a number.
    pub fn order_of(&self, number: u32) -> Option<&WorkOrder> {
        self.orders.iter().find(|one| one.number == number)
    }

    pub(super) fn order_mut(&mut self, number: u32) -> Option<&mut WorkOrder> {
        self.orders.iter_mut().find(|one| one.number == number)
    }
}

//! Fulfilment orders and parcels as clients see them.

use serde::Serialize;

use crate::types::{FulfillmentId, LineId, OrderId, ShipmentId, Sku, Timestamp};

use super::scans::{Place, TrackerStatus};
use super::state::{Becomes, HoldReason, Mode, Phase, Shipment, Stage, Status, Stocking, Work, WorkOrder};
use super::{legal, timers};

/// One fulfilment order.
#[derive(Debug, Serialize)]
pub struct FulfillmentView<'a> {
    /// Its id.
    pub id: FulfillmentId,
    /// For which order.
    pub order_id: OrderId,
    /// How far it is, in one word.
    pub status: Status,
    /// At which stage of the work, until it has left.
    pub stage: Option<Stage>,
    /// Who moves it on.
    pub mode: Mode,
    /// What it is about.
    pub lines: Vec<LineView<'a>>,
    /// Why it is on hold.
    pub hold: Option<HoldView<'a>>,
    /// Its parcel, once it has left.
    pub shipment: Option<ShipmentView<'a>>,
    /// What may be asked of it now.
    pub legal: &'static [&'static str],
    /// When something happens to it by itself.
    pub next_at: Option<Timestamp>,
    /// When it will be there, as far as anybody knows.
    pub eta: Option<Timestamp>,
    /// Since when it is where it is.
    pub since: Timestamp,
    /// How many events made the order's fulfilment, from 1.
    pub version: u64,
}

/// Some pieces of a line.
#[derive(Debug, Serialize)]
pub struct LineView<'a> {
    /// Which line of the order.
    pub line_id: LineId,
    /// Of what.
    pub sku: &'a Sku,
    /// How many.
    pub quantity: u32,
}

/// Why a fulfilment order is on hold.
#[derive(Debug, Serialize)]
pub struct HoldView<'a> {
    /// From a closed list.
    pub reason: HoldReason,
    /// For people.
    pub note: Option<&'a str>,
}

/// One parcel.
#[derive(Debug, Serialize)]
pub struct ShipmentView<'a> {
    /// Its id.
    pub id: ShipmentId,
    /// Whose.
    pub carrier: &'a str,
    /// The carrier's name for it.
    pub tracking_code: &'a str,
    /// Where it is, in EasyPost's words.
    pub status: TrackerStatus,
    /// When it will be there, as far as anybody knows.
    pub eta: Option<Timestamp>,
    /// How often it was brought in vain.
    pub attempts: u32,
    /// Whether it has been silent for too long.
    pub stalled: bool,
    /// When it left.
    pub shipped_at: Timestamp,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// What became of its pieces, where it is settled that they do not arrive.
    pub ending: Option<EndingView<'a>>,
    /// What was seen of it, oldest first.
    pub scans: Vec<ScanView<'a>>,
}

/// How a parcel ended that does not arrive.
#[derive(Debug, Serialize)]
pub struct EndingView<'a> {
    /// What becomes of its pieces.
    pub becomes: Becomes,
    /// `pending`, `booked` or `refused`.
    pub stock: &'static str,
    /// Why inventory cannot have them.
    pub stock_problem: Option<&'a str>,
}

/// One thing that a carrier saw.
#[derive(Debug, Serialize)]
pub struct ScanView<'a> {
    /// Where the parcel was.
    pub status: TrackerStatus,
    /// When, by the carrier's clock.
    pub at: Timestamp,
    /// The carrier's finer word.
    pub detail: Option<&'a str>,
    /// The carrier's sentence.
    pub message: Option<&'a str>,
    /// Whereabouts.
    pub location: Option<&'a Place>,
    /// It was brought, and nobody took it.
    pub attempt_failed: bool,
}

impl<'a> FulfillmentView<'a> {
    /// A fulfilment order as it stands.
    pub fn of(work: &'a Work, one: &'a WorkOrder) -> Self {
        let (stage, hold) = match &one.phase {
            Phase::Working(stage) => (Some(*stage), None),
            Phase::OnHold { stage, reason, note } => {
                (Some(*stage), Some(HoldView { reason: *reason, note: note.as_deref() }))
            }
            Phase::Leaving { .. } => (Some(Stage::ReadyToShip), None),
            Phase::Incomplete { .. } | Phase::Shipped(_) | Phase::Canceled => (None, None),
        };
        let view_line =
            |line: &'a super::Line| LineView { line_id: line.line, sku: &line.sku, quantity: line.quantity };
        Self {
            id: one.id(work.order),
            order_id: work.order,
            status: one.phase.status(),
            stage,
            mode: work.policy.mode,
            lines: one.lines.iter().map(view_line).collect(),
            hold,
            shipment: one.shipment().map(|parcel| ShipmentView::of(one.shipment_id(work.order), parcel)),
            legal: legal(one, work.policy.mode),
            next_at: timers::of(one, work.policy).map(|(at, _)| at),
            eta: timers::eta(one, work.policy),
            since: one.since,
            version: work.version,
        }
    }
}

impl<'a> ShipmentView<'a> {
    /// A parcel as it stands.
    pub fn of(id: ShipmentId, shipment: &'a Shipment) -> Self {
        let delivered = shipment.scans.iter().find(|scan| scan.status == TrackerStatus::Delivered);
        Self {
            id,
            carrier: &shipment.carrier,
            tracking_code: &shipment.tracking_code,
            status: shipment.status,
            eta: shipment.eta,
            attempts: shipment.attempts,
            stalled: shipment.is_stalled,
            shipped_at: shipment.shipped_at,
            delivered_at: delivered.map(|scan| scan.at),
            ending: shipment.ending.as_ref().map(|ending| EndingView {
                becomes: ending.becomes,
                stock: ending.stock.word(),
                stock_problem: match &ending.stock {
                    Stocking::Owed | Stocking::Booked => None,
                    Stocking::Refused { why } => Some(why),
                },
            }),
            scans: shipment
                .scans
                .iter()
                .map(|scan| ScanView {
                    status: scan.status,
                    at: scan.at,
                    detail: scan.detail.as_deref(),
                    message: scan.message.as_deref(),
                    location: scan.place.as_ref(),
                    attempt_failed: scan.is_failed_attempt,
                })
                .collect(),
        }
    }
}

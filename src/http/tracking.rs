//! Where an order is, as a shopper would want to hear it: what happened when, what comes next, and when it will be there.

use serde::Serialize;

use super::door::Through;
use super::lists;
use super::query::PathTo;
use super::reply::{self, Reply};
use crate::fulfillment::{
    Becomes, Fulfillment, FulfillmentView, Place, ScanView, Status as Work, TrackerStatus,
};
use crate::order::{FulfillmentStatus, Placed, Status};
use crate::problem::Code;
use crate::store::Tenant;
use crate::types::{LineId, OrderId, ShipmentId, Sku, Timestamp};
use crate::views::ViewsReader;

/// Where an order is.
pub(super) async fn show(door: Through, tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    let store = tenant.id().clone();
    let query = move |views: &mut ViewsReader| views.fulfilled_order(&store, id);
    let (placed, fulfillment) = lists::ask(&door, tenant.end(), query).await?.ok_or(Code::OrderNotFound)?;
    Ok(reply::view(&Tracking::of(&placed, &fulfillment)))
}

/// The shopper's view of an order.
#[derive(Debug, Serialize)]
struct Tracking<'a> {
    order_id: OrderId,
    /// Where it is, in one word for shoppers.
    status: &'static str,
    fulfillment_status: FulfillmentStatus,
    placed_at: Timestamp,
    /// When the last of it will be there, as far as anybody knows.
    eta: Option<Timestamp>,
    /// What happened and what comes next, in order.
    steps: Vec<Step>,
    /// The first step that is still to come.
    next: Option<Next>,
    /// Its parcels, those that have not left yet too.
    shipments: Vec<Parcel<'a>>,
}

/// A step of an order's way.
#[derive(Clone, Debug, Serialize)]
struct Step {
    name: &'static str,
    /// `done`, `current` or `to_come`.
    state: &'static str,
    /// When it happened, or when it is expected.
    at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Next {
    name: &'static str,
    expected_at: Option<Timestamp>,
}

/// One parcel.
#[derive(Debug, Serialize)]
struct Parcel<'a> {
    /// Its id, once it has left.
    id: Option<ShipmentId>,
    /// Where it is: a stage of the work, or the carrier's word.
    status: &'a str,
    lines: Vec<Pieces<'a>>,
    carrier: Option<&'a str>,
    tracking_code: Option<&'a str>,
    eta: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    /// Whereabouts it was last seen.
    location: Option<&'a Place>,
    failed_attempts: u32,
    /// What its carrier saw, newest first.
    events: Vec<ScanView<'a>>,
}

#[derive(Debug, Serialize)]
struct Pieces<'a> {
    line_id: LineId,
    sku: &'a Sku,
    quantity: u32,
}

/// The way of an order that goes through.
const WAY: [&str; 5] = ["ordered", "confirmed", "shipped", "out_for_delivery", "delivered"];

impl<'a> Tracking<'a> {
    fn of(placed: &Placed, fulfillment: &'a Fulfillment) -> Self {
        let parts: Vec<FulfillmentView<'a>> = fulfillment.work().map_or_else(Vec::new, |work| {
            let wanted = work.orders.iter().map(|one| FulfillmentView::of(work, one));
            wanted.filter(|part| part.status != Work::Canceled).collect()
        });
        let eta = latest(&parts, |part| part.eta);
        let is_over = matches!(placed.status(), Status::Canceled | Status::Expired);
        // What does not arrive is not waited for.
        let ended = ended(&parts);
        let times = [
            Some(placed.created_at),
            fulfillment.work().map(|work| work.opened_at),
            latest(&parts, |part| part.shipment.as_ref().map(|parcel| parcel.shipped_at)),
            latest(&parts, |part| seen(part, &[TrackerStatus::OutForDelivery, TrackerStatus::Delivered])),
            latest(&parts, |part| part.shipment.as_ref().and_then(|parcel| parcel.delivered_at)),
        ];
        let reached = times.iter().rposition(Option::is_some).unwrap_or(0);
        let is_there = reached + 1 == WAY.len();
        let steps: Vec<Step> = if is_over {
            let ended = Step { name: "canceled", state: "done", at: placed.ended_at };
            vec![Step { name: "ordered", state: "done", at: Some(placed.created_at) }, ended]
        } else if let Some(ended) = ended {
            let done = |(name, at)| Step { name, state: "done", at };
            let way = WAY.into_iter().zip(times).take(3).map(done);
            way.chain([done((ended, Some(placed.updated_at)))]).collect()
        } else {
            WAY.into_iter()
                .zip(times)
                .enumerate()
                .map(|(place, (name, at))| {
                    let state = match place {
                        place if place < reached || is_there => "done",
                        place if place == reached => "current",
                        _ => "to_come",
                    };
                    let is_last = place + 1 == WAY.len();
                    Step { name, state, at: at.or(if is_last { eta } else { None }) }
                })
                .collect()
        };
        let next = steps
            .iter()
            .find(|step| step.state == "to_come")
            .map(|step| Next { name: step.name, expected_at: step.at });
        Self {
            order_id: placed.id,
            status: word(placed, &parts),
            fulfillment_status: placed.fulfillment_status(),
            placed_at: placed.created_at,
            eta: eta.filter(|_| !is_over && ended.is_none()),
            steps,
            next,
            shipments: parts.into_iter().map(Parcel::of).collect(),
        }
    }
}

/// How an order ended whose parcels all left and of which none arrives.
fn ended(parts: &[FulfillmentView<'_>]) -> Option<&'static str> {
    let mut is_lost = false;
    for part in parts {
        is_lost |= part.shipment.as_ref()?.ending.as_ref()?.becomes == Becomes::Lost;
    }
    (!parts.is_empty()).then_some(if is_lost { "lost" } else { "returned" })
}

/// The latest time over all parcels; nothing while one has none.
fn latest(
    parts: &[FulfillmentView<'_>],
    at: impl Fn(&FulfillmentView<'_>) -> Option<Timestamp>,
) -> Option<Timestamp> {
    parts.iter().map(at).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// When a parcel was first seen in one of these places.
fn seen(part: &FulfillmentView<'_>, there: &[TrackerStatus]) -> Option<Timestamp> {
    let scans = &part.shipment.as_ref()?.scans;
    scans.iter().find(|scan| there.contains(&scan.status)).map(|scan| scan.at)
}

/// Where an order is, in one word: as far as the parcel that is furthest on its way, but delivered only when all are.
fn word(placed: &Placed, parts: &[FulfillmentView<'_>]) -> &'static str {
    match placed.status() {
        Status::Pending => "ordered",
        Status::RequiresAction => "payment_needed",
        Status::OnHold => "in_review",
        Status::Canceled | Status::Expired => "canceled",
        Status::Confirmed | Status::Completed => {
            let is_at = |status| {
                let parcels = parts.iter().filter_map(|part| part.shipment.as_ref());
                parcels.filter(|parcel| parcel.ending.is_none()).any(|parcel| parcel.status == status)
            };
            match placed.fulfillment_status() {
                _ if ended(parts) == Some("lost") => "lost",
                FulfillmentStatus::Delivered => "delivered",
                FulfillmentStatus::Returned => "returned",
                _ if is_at(TrackerStatus::AvailableForPickup) => "available_for_pickup",
                _ if is_at(TrackerStatus::OutForDelivery) => "out_for_delivery",
                _ if is_at(TrackerStatus::InTransit) => "in_transit",
                FulfillmentStatus::PartiallyDelivered => "partially_delivered",
                _ if parts.iter().any(|part| part.shipment.is_some()) => "shipped",
                _ => "preparing",
            }
        }
    }
}

impl<'a> Parcel<'a> {
    fn of(part: FulfillmentView<'a>) -> Self {
        let lines = part
            .lines
            .iter()
            .map(|line| Pieces { line_id: line.line_id, sku: line.sku, quantity: line.quantity })
            .collect();
        let stage = part.stage.map(crate::fulfillment::Stage::word).unwrap_or(part.status.word());
        let held = if part.status == Work::OnHold { part.status.word() } else { stage };
        let Some(mut parcel) = part.shipment else {
            return Self {
                id: None,
                status: held,
                lines,
                carrier: None,
                tracking_code: None,
                eta: part.eta,
                shipped_at: None,
                delivered_at: None,
                location: None,
                failed_attempts: 0,
                events: Vec::new(),
            };
        };
        parcel.scans.reverse();
        Self {
            id: Some(parcel.id),
            status: parcel.status.word(),
            lines,
            carrier: Some(parcel.carrier),
            tracking_code: Some(parcel.tracking_code),
            eta: parcel.eta,
            shipped_at: Some(parcel.shipped_at),
            delivered_at: parcel.delivered_at,
            location: parcel.scans.iter().find_map(|scan| scan.location),
            failed_attempts: parcel.attempts,
            events: parcel.scans,
        }
    }
}

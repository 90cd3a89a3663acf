//! What happens to an order's fulfilment and its parcels, as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{FulfillmentId, OrderId, ShipmentId, Timestamp};

use super::progress::Progress;
use super::scans::Scan;
use super::state::{Becomes, HoldReason, Line, Policy, ShortPick, Units};
use super::trouble::Trouble;

crate::events! {
    /// Something that happened to an order's fulfilment.
    pub enum Event {
        /// There is work.
        Opened(Opened) = "fulfillment.opened", 1;
        /// Somebody fetches it.
        PickingStarted(Moved) = "fulfillment.picking_started", 1;
        /// Everything was fetched.
        Picked(Moved) = "fulfillment.picked", 1;
        /// Somebody packs it.
        PackingStarted(Moved) = "fulfillment.packing_started", 1;
        /// It is packed.
        Packed(Moved) = "fulfillment.packed", 1;
        /// It has a label.
        ReadyToShip(Moved) = "fulfillment.ready_to_ship", 1;
        /// It waits for people.
        Held(Held) = "fulfillment.held", 1;
        /// It waits no longer.
        Released(Released) = "fulfillment.released", 1;
        /// What it waited for is there.
        StockArrived(Moved) = "fulfillment.stock_arrived", 1;
        /// It was made into two.
        Split(Split) = "fulfillment.split", 1;
        /// Some of it was not found.
        PickedShort(PickedShort) = "fulfillment.picked_short", 1;
        /// People gave it up.
        GivenUp(GivenUp) = "fulfillment.given_up", 1;
        /// Somebody gave it to a carrier; it waits for its order to let it go.
        DispatchRequested(DispatchRequested) = "fulfillment.dispatch_requested", 1;
        /// It has left.
        Closed(Closed) = "fulfillment.closed", 1;
        /// It will not leave.
        Canceled(Canceled) = "fulfillment.canceled", 1;
        /// The order knows how far its goods are.
        Reported(Reported) = "fulfillment.reported", 1;
        /// The order cannot have its money: what is ready to leave waits.
        PaymentAwaited(Payment) = "fulfillment.payment_awaited", 1;
        /// The order has its money: what is ready asks again.
        PaymentArrived(Payment) = "fulfillment.payment_arrived", 1;
        /// A parcel is with a carrier.
        Created(Created) = "shipment.created", 1;
        /// It is on its way.
        InTransit(ShipmentMoved) = "shipment.in_transit", 1;
        /// It is on the last van.
        OutForDelivery(ShipmentMoved) = "shipment.out_for_delivery", 1;
        /// It is there.
        Delivered(ShipmentMoved) = "shipment.delivered", 1;
        /// It was brought in vain.
        AttemptFailed(ShipmentMoved) = "shipment.attempt_failed", 1;
        /// It comes back.
        Returned(ShipmentMoved) = "shipment.returned", 1;
        /// It cannot be delivered.
        Failed(ShipmentMoved) = "shipment.failed", 1;
        /// It was seen, and that changes nothing, or nothing that has a topic of its own.
        Scanned(ShipmentMoved) = "shipment.scanned", 1;
        /// Its carrier expects it at another time, and has not seen it since.
        EtaChanged(EtaChanged) = "shipment.eta_changed", 1;
        /// It has been silent for too long.
        Stalled(Stalled) = "shipment.stalled", 1;
        /// People were told what is wrong with it, or that nothing is any more.
        TroubleReported(TroubleReported) = "shipment.trouble_reported", 1;
        /// It is back, or as good as back: it will not be delivered.
        TakenBack(Ended) = "shipment.taken_back", 1;
        /// It will neither be delivered nor come back.
        Lost(Ended) = "shipment.lost", 1;
        /// Inventory has its pieces in its books again.
        StockBooked(StockBooked) = "shipment.stock_booked", 1;
        /// Inventory cannot have them.
        StockRefused(StockRefused) = "shipment.stock_refused", 1;
    }
}

/// Data of `fulfillment.opened`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// For which order.
    pub order: OrderId,
    /// The store's policy at that moment.
    pub policy: Policy,
    /// What there is to pick: fulfilment order 1.
    pub lines: Vec<Line>,
    /// What is sold but not there: the next one, on hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Line>,
}

/// Data of `fulfillment.stock_arrived` and of the stages: `picking_started`, `picked`, `packing_started`, `packed`,
/// `ready_to_ship`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
}

/// Data of `fulfillment.held`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
    /// Why.
    pub reason: HoldReason,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// Data of `fulfillment.released`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Released {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
}

/// Data of `fulfillment.split`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
    /// The number of the new one.
    pub into: u32,
    /// What goes there.
    pub lines: Vec<Units>,
}

/// Data of `fulfillment.picked_short`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PickedShort {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
    /// What was not found.
    pub lines: Vec<Units>,
    /// The number of the part that it became; none where nothing of it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<u32>,
    /// What becomes of it.
    pub remedy: ShortPick,
}

/// Data of `fulfillment.given_up`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivenUp {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
    /// It is not there.
    pub is_missing: bool,
}

/// Data of `fulfillment.dispatch_requested`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DispatchRequested {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
    /// Whose parcel it will be.
    pub carrier: Arc<str>,
    /// Under which name.
    pub tracking_code: Arc<str>,
}

/// Data of `fulfillment.closed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order.
    pub number: u32,
}

/// Data of `fulfillment.canceled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canceled {
    /// For which order.
    pub order: OrderId,
    /// Which fulfilment order; none when there was none yet, and none will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

/// Data of `fulfillment.reported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// For which order.
    pub order: OrderId,
    /// What it knows.
    pub progress: Progress,
}

/// Data of `shipment.created`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// For which order.
    pub order: OrderId,
    /// Which parcel: that of the fulfilment order with this number.
    pub number: u32,
    /// Whose.
    pub carrier: Arc<str>,
    /// The carrier's name for it.
    pub tracking_code: Arc<str>,
    /// When it will be there, as far as anybody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Timestamp>,
}

/// Data of everything that a carrier sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShipmentMoved {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// What was seen.
    pub scan: Scan,
    /// When it will be there, where the carrier said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<Timestamp>,
    /// How often it was brought in vain by now, where it just was; at [`super::ATTEMPTS_MAX`] people should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// Data of `shipment.eta_changed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EtaChanged {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// When it will be there.
    pub eta: Timestamp,
}

/// Data of `shipment.stalled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stalled {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// Since when nobody has seen it.
    pub silent_since: Timestamp,
}

/// Data of `fulfillment.payment_awaited` and `fulfillment.payment_arrived`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Of which order.
    pub order: OrderId,
}

/// Data of `shipment.trouble_reported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TroubleReported {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// What is wrong with it; nothing when nothing is any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// Data of `shipment.taken_back` and `shipment.lost`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// What becomes of its pieces.
    pub becomes: Becomes,
}

/// Data of `shipment.stock_booked`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockBooked {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
}

/// Data of `shipment.stock_refused`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockRefused {
    /// For which order.
    pub order: OrderId,
    /// Which parcel.
    pub number: u32,
    /// Why, in words.
    pub why: Arc<str>,
}

macro_rules! about {
    ($id:ident: $($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                $id::new(self.order, self.number).to_string()
            }
        }
    )+};
}

about!(FulfillmentId: Moved, Held, Released, Split, PickedShort, GivenUp, DispatchRequested, Closed);
about!(ShipmentId: Created, ShipmentMoved, EtaChanged, Stalled, TroubleReported, Ended, StockBooked, StockRefused);

macro_rules! about_an_order {
    ($($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                FulfillmentId::new(self.order, 1).to_string()
            }
        }
    )+};
}

about_an_order!(Opened, Reported, Payment);

impl Canceled {
    fn order(&self) -> Option<OrderId> {
        Some(self.order)
    }

    fn subject(&self) -> String {
        FulfillmentId::new(self.order, self.number.unwrap_or(1)).to_string()
    }
}

impl Event {
    /// The fulfilment order that it is about; none where it is about all of them.
    pub fn number(&self) -> Option<u32> {
        match self {
            Event::Opened(_) | Event::Reported(_) | Event::PaymentAwaited(_) | Event::PaymentArrived(_) => {
                None
            }
            Event::PickingStarted(e)
            | Event::Picked(e)
            | Event::PackingStarted(e)
            | Event::Packed(e)
            | Event::StockArrived(e)
            | Event::ReadyToShip(e) => Some(e.number),
            Event::Held(e) => Some(e.number),
            Event::Released(e) => Some(e.number),
            Event::Split(e) => Some(e.number),
            Event::PickedShort(e) => Some(e.number),
            Event::GivenUp(e) => Some(e.number),
            Event::DispatchRequested(e) => Some(e.number),
            Event::Closed(e) => Some(e.number),
            Event::Canceled(e) => e.number,
            Event::Created(e) => Some(e.number),
            Event::InTransit(e)
            | Event::OutForDelivery(e)
            | Event::Delivered(e)
            | Event::AttemptFailed(e)
            | Event::Returned(e)
            | Event::Failed(e)
            | Event::Scanned(e) => Some(e.number),
            Event::EtaChanged(e) => Some(e.number),
            Event::Stalled(e) => Some(e.number),
            Event::TroubleReported(e) => Some(e.number),
            Event::TakenBack(e) | Event::Lost(e) => Some(e.number),
            Event::StockBooked(e) => Some(e.number),
            Event::StockRefused(e) => Some(e.number),
        }
    }
}

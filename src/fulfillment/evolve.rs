//! How events change what is known of an order's fulfilment. Total: what was recorded can always be replayed.

use std::sync::Arc;

use crate::types::Timestamp;

use super::event::{Created, Event, Opened};
use super::progress::Progress;
use super::scans::TrackerStatus;
use super::state::{
    Ending, Fulfillment, HoldReason, Line, Phase, Shipment, ShortPick, Stage, Stocking, Units, Work,
    WorkOrder,
};

/// Folds one event. One that cannot follow changes nothing.
pub(super) fn evolve(state: &mut Fulfillment, event: &Event, at: Timestamp) {
    match (&mut *state, event) {
        (Fulfillment::Unopened, Event::Opened(opened)) => {
            *state = Fulfillment::Opened(Box::new(Work::new(opened, at)))
        }
        (Fulfillment::Unopened, Event::Canceled(_)) => *state = Fulfillment::Never,
        (Fulfillment::Opened(work), event) => {
            work.apply(event, at);
            work.updated_at = at;
            work.version += 1;
        }
        (Fulfillment::Unopened | Fulfillment::Never, _) => {}
    }
}

impl Work {
    fn new(opened: &Opened, at: Timestamp) -> Self {
        let mut orders = Vec::with_capacity(1);
        let mut add = |lines: &Vec<Line>, phase: Phase, is_owed: bool| {
            if !lines.is_empty() {
                let number = u32::try_from(orders.len()).unwrap_or(0) + 1;
                orders.push(WorkOrder { number, lines: lines.clone(), phase, since: at, is_owed });
            }
        };
        add(&opened.lines, Phase::Working(Stage::Allocated), false);
        let reason = HoldReason::Backordered;
        add(&opened.owed, Phase::OnHold { stage: Stage::Allocated, reason, note: None }, true);
        Self {
            order: opened.order,
            policy: opened.policy,
            orders,
            told: Progress::default(),
            is_unpaid: false,
            opened_at: at,
            updated_at: at,
            version: 1,
        }
    }

    fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            // A second opening was never decided.
            Event::Opened(_) => {}
            Event::PickingStarted(e) => self.enter(e.number, Phase::Working(Stage::Picking), at),
            Event::Picked(e) => self.enter(e.number, Phase::Working(Stage::Picked), at),
            Event::PackingStarted(e) => self.enter(e.number, Phase::Working(Stage::Packing), at),
            Event::Packed(e) => self.enter(e.number, Phase::Working(Stage::Packed), at),
            Event::ReadyToShip(e) => self.enter(e.number, Phase::Working(Stage::ReadyToShip), at),
            Event::Held(e) => {
                let Some(one) = self.order_of(e.number) else { return };
                let stage = match &one.phase {
                    Phase::Working(stage) | Phase::OnHold { stage, .. } => *stage,
                    Phase::Incomplete { .. }
                    | Phase::Leaving { .. }
                    | Phase::Shipped(_)
                    | Phase::Canceled => Stage::ReadyToShip,
                };
                let (reason, note) = (e.reason, e.note.clone());
                self.enter(e.number, Phase::OnHold { stage, reason, note }, at);
            }
            Event::Released(e) => {
                if let Some(Phase::OnHold { stage, .. }) = self.order_of(e.number).map(|one| &one.phase) {
                    let stage = *stage;
                    self.enter(e.number, Phase::Working(stage), at);
                }
            }
            Event::StockArrived(e) => {
                self.enter(e.number, Phase::Working(Stage::Allocated), at);
                if let Some(one) = self.order_mut(e.number) {
                    one.is_owed = false;
                }
            }
            Event::Split(e) => self.split(e.number, e.into, &e.lines),
            Event::PickedShort(e) => {
                let number = e.into.unwrap_or(e.number);
                if e.into.is_some() {
                    self.split(e.number, number, &e.lines);
                }
                let phase = match e.remedy {
                    ShortPick::Refund => Phase::Incomplete { is_missing: true },
                    ShortPick::Split => {
                        Phase::OnHold { stage: Stage::Picking, reason: HoldReason::Short, note: None }
                    }
                };
                self.enter(number, phase, at);
            }
            Event::GivenUp(e) => {
                self.enter(e.number, Phase::Incomplete { is_missing: e.is_missing }, at);
            }
            Event::DispatchRequested(e) => {
                let (carrier, tracking_code) = (Arc::clone(&e.carrier), Arc::clone(&e.tracking_code));
                self.enter(e.number, Phase::Leaving { carrier, tracking_code }, at);
            }
            Event::Closed(_) => {}
            Event::Canceled(e) => {
                if let Some(number) = e.number {
                    let was_given_up = self
                        .order_of(number)
                        .is_some_and(|one| matches!(one.phase, Phase::Incomplete { .. }));
                    self.enter(number, Phase::Canceled, at);
                    if !was_given_up {
                        // It was the order that canceled, so it knows.
                        let Progress { canceled, is_held, .. } = self.progress();
                        (self.told.canceled, self.told.is_held) = (canceled, is_held);
                    }
                }
            }
            Event::Reported(e) => self.told = e.progress.clone(),
            Event::PaymentAwaited(_) => self.is_unpaid = true,
            Event::PaymentArrived(_) => self.is_unpaid = false,
            Event::Created(e) => self.ship(e, at),
            Event::InTransit(e)
            | Event::OutForDelivery(e)
            | Event::Delivered(e)
            | Event::AttemptFailed(e)
            | Event::Returned(e)
            | Event::Failed(e)
            | Event::Scanned(e) => {
                if let Some(shipment) = self.shipment_mut(e.number) {
                    shipment.take(&e.scan);
                    shipment.eta = e.eta.or(shipment.eta);
                    shipment.heard_at = at;
                    shipment.is_stalled = false;
                    if shipment.status == TrackerStatus::Delivered {
                        shipment.delivered_at = shipment.delivered_at.or(Some(at));
                    }
                }
            }
            Event::EtaChanged(e) => {
                if let Some(shipment) = self.shipment_mut(e.number) {
                    shipment.eta = Some(e.eta);
                }
            }
            Event::Stalled(e) => {
                if let Some(shipment) = self.shipment_mut(e.number) {
                    shipment.is_stalled = true;
                }
            }
            Event::TroubleReported(e) => {
                if let Some(shipment) = self.shipment_mut(e.number) {
                    shipment.reported = e.trouble;
                }
            }
            Event::TakenBack(e) | Event::Lost(e) => {
                if let Some(shipment) = self.shipment_mut(e.number) {
                    shipment.ending = Some(Ending { becomes: e.becomes, stock: Stocking::Owed });
                }
            }
            Event::StockBooked(e) => self.stocked(e.number, Stocking::Booked),
            Event::StockRefused(e) => self.stocked(e.number, Stocking::Refused { why: e.why.clone() }),
        }
    }

    fn enter(&mut self, number: u32, phase: Phase, at: Timestamp) {
        if let Some(one) = self.order_mut(number) {
            one.phase = phase;
            one.since = at;
        }
    }

    fn shipment_mut(&mut self, number: u32) -> Option<&mut Shipment> {
        match &mut self.order_mut(number)?.phase {
            Phase::Shipped(shipment) => Some(shipment),
            Phase::Working(_)
            | Phase::OnHold { .. }
            | Phase::Incomplete { .. }
            | Phase::Leaving { .. }
            | Phase::Canceled => None,
        }
    }

    fn stocked(&mut self, number: u32, stock: Stocking) {
        if let Some(ending) = self.shipment_mut(number).and_then(|shipment| shipment.ending.as_mut()) {
            ending.stock = stock;
        }
    }

    fn ship(&mut self, created: &Created, at: Timestamp) {
        let shipment = Shipment {
            carrier: Arc::clone(&created.carrier),
            tracking_code: Arc::clone(&created.tracking_code),
            status: TrackerStatus::PreTransit,
            scans: Vec::new(),
            eta: created.eta,
            attempts: 0,
            shipped_at: at,
            heard_at: at,
            delivered_at: None,
            is_stalled: false,
            reported: None,
            ending: None,
        };
        self.enter(created.number, Phase::Shipped(Box::new(shipment)), at);
        // The order let it go, so it knows.
        self.told.shipped = self.progress().shipped;
    }

    fn split(&mut self, number: u32, into: u32, lines: &[Units]) {
        let Some(one) = self.order_mut(number) else { return };
        let (phase, since, is_owed) = (one.phase.clone(), one.since, one.is_owed);
        let mut parted = Vec::with_capacity(lines.len());
        for part in lines {
            let Some(line) = one.lines.iter_mut().find(|line| line.line == part.line) else { continue };
            let quantity = part.quantity.min(line.quantity);
            line.quantity -= quantity;
            parted.push(Line { quantity, ..line.clone() });
        }
        one.lines.retain(|line| line.quantity > 0);
        self.orders.push(WorkOrder { number: into, lines: parted, phase, since, is_owed });
    }
}

//! The decisions. One match on state and command, then one on where a fulfilment order is and where it shall be.

use std::sync::Arc;

use crate::types::bits::bit;
use crate::types::{OrderId, Timestamp};

use super::command::{Command, Move, Opening, Outcome, Rejection};
use super::event::{
    Canceled, Closed, Created, DispatchRequested, Ended, EtaChanged, Event, GivenUp, Held, Moved, Opened,
    Payment, PickedShort, Released, Reported, ShipmentMoved, Split, Stalled, StockBooked, StockRefused,
    TroubleReported,
};
use super::scans::{Scan, TrackerStatus};
use super::state::{
    Becomes, Ending, Fulfillment, HoldReason, Mode, Phase, Policy, Shipment, Stage, Stocking, Units, Work,
    WorkOrder,
};
use super::timers::{self, Due};
use super::{BUILT_IN_CARRIER, PARTS_MAX};

type Decision = Result<Vec<Event>, Rejection>;

/// Answers one command from the fulfilment as it stands.
pub(super) fn decide(state: &Fulfillment, command: Command, now: Timestamp) -> Decision {
    use {Command as C, Fulfillment as F};
    match (state, command) {
        (F::Unopened, C::Open(opening)) => Ok(vec![opened(*opening)]),
        // The order repeats itself after a crash, or was canceled before its work began.
        (F::Opened(_) | F::Never, C::Open(_)) => Ok(vec![]),

        // There is no work, and there shall be none when its opening arrives late.
        (F::Unopened, C::Cancel { order, .. }) => Ok(vec![Event::Canceled(Canceled { order, number: None })]),
        (F::Never, C::Cancel { .. }) => Ok(vec![]),
        (F::Opened(work), C::Cancel { except, .. }) => Ok(cancel(work, except)),

        (F::Opened(work), C::Advance { number, to }) => {
            let one = work.order_of(number).ok_or(Rejection::NotFound)?;
            advance(work, one, to, now)
        }
        (F::Opened(work), C::Scan { number, tracking_code, eta, scans }) => {
            let shipment = work.order_of(number).and_then(WorkOrder::shipment).ok_or(Rejection::NotFound)?;
            if tracking_code.is_some_and(|code| code != shipment.tracking_code) {
                return Err(Rejection::OtherParcel);
            }
            Ok(scanned((work.order, number), work.policy, shipment, scans, eta))
        }
        (F::Unopened | F::Never, C::Advance { .. } | C::Scan { .. }) => Err(Rejection::NotFound),

        (F::Opened(work), C::Hear(outcome)) => Ok(hear(work, outcome, now)),
        (F::Opened(work), C::Tick) => Ok(tick(work, now)),
        // Late: nothing ever left.
        (F::Unopened | F::Never, C::Hear(_) | C::Tick) => Ok(vec![]),
    }
}

fn opened(opening: Opening) -> Event {
    let Opening { order, policy, lines, owed } = opening;
    Event::Opened(Opened { order, policy, lines, owed })
}

/// Everything that has not left and may not leave.
fn cancel(work: &Work, except: u32) -> Vec<Event> {
    let order = work.order;
    let stays = work.orders.iter().filter(|one| match &one.phase {
        Phase::Working(_) | Phase::OnHold { .. } | Phase::Incomplete { .. } | Phase::Leaving { .. } => {
            except & one.bit() == 0
        }
        Phase::Shipped(_) | Phase::Canceled => false,
    });
    stays.map(|one| Event::Canceled(Canceled { order, number: Some(one.number) })).collect()
}

fn advance(work: &Work, one: &WorkOrder, to: Move, now: Timestamp) -> Decision {
    let (order, number) = (work.order, one.number);
    let illegal = || {
        Err(Rejection::Illegal {
            to: to.word(),
            status: one.phase.word(),
            legal: legal(one, work.policy.mode),
        })
    };
    match (&one.phase, &to) {
        (Phase::Working(stage), Move::Stage(next)) if stage.next() == Some(*next) => {
            Ok(vec![stage_reached(order, number, *next)])
        }
        (Phase::Working(Stage::ReadyToShip), Move::Ship { carrier, tracking_code })
            if work.policy.mode == Mode::Manual =>
        {
            let ours = || BUILT_IN_CARRIER.into();
            Ok(vec![Event::DispatchRequested(DispatchRequested {
                order,
                number,
                carrier: carrier.clone().unwrap_or_else(ours),
                tracking_code: tracking_code.clone().unwrap_or_else(|| code_of(one, order)),
            })])
        }
        (Phase::Working(_), Move::Hold { note }) if !is_leaving(one, work) => {
            let (reason, note) = (HoldReason::Person, note.clone());
            Ok(vec![Event::Held(Held { order, number, reason, note })])
        }
        (
            Phase::OnHold { reason: HoldReason::Person | HoldReason::Stock | HoldReason::Short, .. },
            Move::Release,
        ) => Ok(vec![Event::Released(Released { order, number })]),
        (Phase::Working(Stage::Picking), Move::Short { lines }) => short(work, one, lines),
        (Phase::Working(_), Move::GiveUp) if !is_leaving(one, work) => {
            Ok(vec![Event::GivenUp(GivenUp { order, number, is_missing: false })])
        }
        (Phase::OnHold { reason, .. }, Move::GiveUp) => {
            let is_missing = match reason {
                HoldReason::Short => true,
                HoldReason::Person | HoldReason::Stock | HoldReason::Backordered => false,
            };
            Ok(vec![Event::GivenUp(GivenUp { order, number, is_missing })])
        }
        (Phase::Working(_), Move::Split { lines }) if !is_leaving(one, work) => split(work, one, lines),
        (Phase::Shipped(shipment), Move::Carried(status)) if !shipment.is_over() => {
            let scan = Scan {
                status: *status,
                at: now,
                detail: None,
                message: None,
                place: None,
                is_failed_attempt: false,
            };
            Ok(scanned((order, number), work.policy, shipment, vec![scan], None))
        }
        (Phase::Shipped(shipment), Move::TakeBack { becomes }) if shipment.may_end() => {
            Ok(vec![Event::TakenBack(Ended { order, number, becomes: *becomes })])
        }
        (Phase::Shipped(shipment), Move::Lose) if shipment.may_end() => {
            Ok(vec![Event::Lost(Ended { order, number, becomes: Becomes::Lost })])
        }
        (
            Phase::Working(_)
            | Phase::OnHold { .. }
            | Phase::Incomplete { .. }
            | Phase::Leaving { .. }
            | Phase::Shipped(_)
            | Phase::Canceled,
            Move::Stage(_)
            | Move::Ship { .. }
            | Move::Hold { .. }
            | Move::Release
            | Move::Split { .. }
            | Move::Short { .. }
            | Move::GiveUp
            | Move::Carried(_)
            | Move::TakeBack { .. }
            | Move::Lose,
        ) => illegal(),
    }
}

/// What people may ask of a fulfilment order where it is.
pub fn legal(one: &WorkOrder, mode: Mode) -> &'static [&'static str] {
    match (&one.phase, mode) {
        (Phase::Working(Stage::Allocated), _) => &["picking", "on_hold", "split", "canceled"],
        (Phase::Working(Stage::Picking), _) => &["picked", "short", "on_hold", "split", "canceled"],
        (Phase::Working(Stage::Picked), _) => &["packing", "on_hold", "split", "canceled"],
        (Phase::Working(Stage::Packing), _) => &["packed", "on_hold", "split", "canceled"],
        (Phase::Working(Stage::Packed), _) => &["ready_to_ship", "on_hold", "split", "canceled"],
        (Phase::Working(Stage::ReadyToShip), Mode::Manual) => &["shipped", "on_hold", "split", "canceled"],
        (Phase::OnHold { reason: HoldReason::Person | HoldReason::Stock | HoldReason::Short, .. }, _) => {
            &["released", "canceled"]
        }
        (Phase::OnHold { reason: HoldReason::Backordered, .. }, _) => &["canceled"],
        (Phase::Shipped(shipment), _) if !shipment.is_over() => &[
            "in_transit",
            "out_for_delivery",
            "available_for_pickup",
            "delivered",
            "return_to_sender",
            "taken_back",
            "lost",
        ],
        (Phase::Shipped(shipment), _) if shipment.may_end() => &["taken_back", "lost"],
        (Phase::Working(Stage::ReadyToShip), Mode::Auto)
        | (Phase::Incomplete { .. } | Phase::Leaving { .. } | Phase::Shipped(_) | Phase::Canceled, _) => &[],
    }
}

fn is_leaving(one: &WorkOrder, work: &Work) -> bool {
    one.parcel(work.policy.mode).is_some()
}

fn split(work: &Work, one: &WorkOrder, lines: &[Units]) -> Decision {
    let into = next_number(work)?;
    if parted(one, lines)? >= one.units() {
        return Err(Rejection::NotAPart);
    }
    let (order, number, lines) = (work.order, one.number, lines.to_vec());
    Ok(vec![Event::Split(Split { order, number, into, lines })])
}

/// Nobody finds these: they are parted from the rest, unless they are all there is.
fn short(work: &Work, one: &WorkOrder, lines: &[Units]) -> Decision {
    let into = if parted(one, lines)? < one.units() { Some(next_number(work)?) } else { None };
    let (order, number, lines) = (work.order, one.number, lines.to_vec());
    let remedy = work.policy.short_pick;
    Ok(vec![Event::PickedShort(PickedShort { order, number, lines, into, remedy })])
}

fn next_number(work: &Work) -> Result<u32, Rejection> {
    let next = u32::try_from(work.orders.len()).unwrap_or(PARTS_MAX).saturating_add(1);
    if next > PARTS_MAX { Err(Rejection::TooManyParts) } else { Ok(next) }
}

/// How many pieces these are, each a piece of the fulfilment order and named once.
fn parted(one: &WorkOrder, lines: &[Units]) -> Result<u32, Rejection> {
    let mut units = 0_u32;
    for (place, part) in lines.iter().enumerate() {
        let is_there = one
            .lines
            .iter()
            .any(|line| line.line == part.line && (1..=line.quantity).contains(&part.quantity));
        let is_twice = lines[..place].iter().any(|before| before.line == part.line);
        if !is_there || is_twice {
            return Err(Rejection::NotAPart);
        }
        units = units.saturating_add(part.quantity);
    }
    if units == 0 { Err(Rejection::NotAPart) } else { Ok(units) }
}

fn stage_reached(order: OrderId, number: u32, stage: Stage) -> Event {
    let moved = Moved { order, number };
    match stage {
        // Nothing leads back to the first stage but a release.
        Stage::Allocated => Event::Released(Released { order, number }),
        Stage::Picking => Event::PickingStarted(moved),
        Stage::Picked => Event::Picked(moved),
        Stage::Packing => Event::PackingStarted(moved),
        Stage::Packed => Event::Packed(moved),
        Stage::ReadyToShip => Event::ReadyToShip(moved),
    }
}

/// Scans as they come, each judged by what is known with those before it.
fn scanned(
    (order, number): (OrderId, u32),
    policy: Policy,
    shipment: &Shipment,
    mut scans: Vec<Scan>,
    eta: Option<Timestamp>,
) -> Vec<Event> {
    scans.sort_by_key(|scan| scan.at);
    // A message that was overtaken says nothing of when the parcel will be there.
    let newest = |scans: &[Scan]| scans.last().map(|scan| scan.at);
    let is_late = newest(&scans).is_some_and(|at| Some(at) < newest(&shipment.scans));
    let eta = eta.filter(|_| !is_late || shipment.eta.is_none());
    let mut shipment = shipment.clone();
    let mut events = Vec::new();
    for scan in scans {
        if !shipment.is_news(&scan) {
            continue;
        }
        let before = shipment.status;
        shipment.take(&scan);
        let attempts = scan.is_failed_attempt.then_some(shipment.attempts);
        let moved = ShipmentMoved { order, number, scan, eta, attempts };
        events.push(match (attempts, shipment.status) {
            (Some(_), _) => Event::AttemptFailed(moved),
            (None, same) if same == before => Event::Scanned(moved),
            (None, TrackerStatus::InTransit) => Event::InTransit(moved),
            (None, TrackerStatus::OutForDelivery) => Event::OutForDelivery(moved),
            (None, TrackerStatus::Delivered) => Event::Delivered(moved),
            (None, TrackerStatus::ReturnToSender) => Event::Returned(moved),
            (None, TrackerStatus::Failure) => Event::Failed(moved),
            (
                None,
                TrackerStatus::Unknown
                | TrackerStatus::PreTransit
                | TrackerStatus::AvailableForPickup
                | TrackerStatus::Cancelled
                | TrackerStatus::Error,
            ) => Event::Scanned(moved),
        });
        // It comes back: by policy that settles it.
        let is_back = shipment.status == TrackerStatus::ReturnToSender && !before.is_final();
        if let Some(becomes) = policy.undelivered.becomes().filter(|_| is_back) {
            shipment.ending = Some(Ending { becomes, stock: Stocking::Owed });
            events.push(Event::TakenBack(Ended { order, number, becomes }));
        }
    }
    if let (true, Some(eta)) = (events.is_empty() && !shipment.is_over(), eta)
        && shipment.eta != Some(eta)
    {
        events.push(Event::EtaChanged(EtaChanged { order, number, eta }));
    }
    events
}

/// What a sibling's report leads to. Reports may come late and twice; none is refused.
fn hear(work: &Work, outcome: Outcome, now: Timestamp) -> Vec<Event> {
    match outcome {
        Outcome::Dispatched { number } => {
            let Some(one) = work.order_of(number) else { return vec![] };
            // Only what waits to leave leaves: the same word again finds it gone.
            let Some(named) = one.parcel(work.policy.mode) else { return vec![] };
            created(work, one, named, now)
        }
        Outcome::StockMissing { number, lacking } => match work.order_of(number) {
            Some(one) if is_leaving(one, work) => {
                let (order, reason, note) = (work.order, HoldReason::Stock, Some(lacking));
                vec![Event::Held(Held { order, number, reason, note })]
            }
            Some(_) | None => vec![],
        },
        Outcome::StockArrived => {
            let waits = |one: &&WorkOrder| {
                one.is_owed && matches!(one.phase, Phase::OnHold { reason: HoldReason::Backordered, .. })
            };
            let arrived = work.orders.iter().filter(waits);
            arrived.map(|one| Event::StockArrived(Moved { order: work.order, number: one.number })).collect()
        }
        Outcome::GivenUp { number } => match work.order_of(number).map(|one| &one.phase) {
            Some(Phase::Incomplete { .. }) => {
                vec![Event::Canceled(Canceled { order: work.order, number: Some(number) })]
            }
            Some(
                Phase::Working(_)
                | Phase::OnHold { .. }
                | Phase::Leaving { .. }
                | Phase::Shipped(_)
                | Phase::Canceled,
            )
            | None => vec![],
        },
        Outcome::StockBooked { number } if owes_stock(work, number) => {
            vec![Event::StockBooked(StockBooked { order: work.order, number })]
        }
        Outcome::StockRefused { number, why } if owes_stock(work, number) => {
            vec![Event::StockRefused(StockRefused { order: work.order, number, why })]
        }
        Outcome::StockBooked { .. } | Outcome::StockRefused { .. } => vec![],
        Outcome::Unpaid if !work.is_unpaid && work.orders.iter().any(|one| is_leaving(one, work)) => {
            vec![Event::PaymentAwaited(Payment { order: work.order })]
        }
        // Whoever says so looks at what waits to leave.
        Outcome::Paid if work.is_unpaid => vec![Event::PaymentArrived(Payment { order: work.order })],
        Outcome::Paid | Outcome::Unpaid => vec![],
        Outcome::Noted { progress } if work.told == progress => vec![],
        Outcome::Noted { progress } => vec![Event::Reported(Reported { order: work.order, progress })],
        Outcome::Warned { number, trouble } => {
            let parcel = work.order_of(number).and_then(WorkOrder::shipment);
            match parcel {
                Some(parcel) if parcel.reported != trouble => {
                    vec![Event::TroubleReported(TroubleReported { order: work.order, number, trouble })]
                }
                Some(_) | None => vec![],
            }
        }
    }
}

fn owes_stock(work: &Work, number: u32) -> bool {
    let ending =
        work.order_of(number).and_then(WorkOrder::shipment).and_then(|parcel| parcel.ending.as_ref());
    ending.is_some_and(|ending| ending.stock == Stocking::Owed)
}

fn created(
    work: &Work,
    one: &WorkOrder,
    named: Option<(&Arc<str>, &Arc<str>)>,
    now: Timestamp,
) -> Vec<Event> {
    let (order, number) = (work.order, one.number);
    let (carrier, tracking_code) = match named {
        Some((carrier, code)) => (Arc::clone(carrier), Arc::clone(code)),
        None => (BUILT_IN_CARRIER.into(), code_of(one, order)),
    };
    let eta = match work.policy.mode {
        Mode::Auto => Some(now.plus_secs(work.policy.transit_s)),
        Mode::Manual => None,
    };
    vec![
        Event::Created(Created { order, number, carrier, tracking_code, eta }),
        Event::Closed(Closed { order, number }),
    ]
}

/// Our own name for a parcel: a function of its id.
fn code_of(one: &WorkOrder, order: OrderId) -> Arc<str> {
    one.shipment_id(order).to_string().replace("shp_", "OF").into()
}

/// Everything whose time has come, one step each.
fn tick(work: &Work, now: Timestamp) -> Vec<Event> {
    let order = work.order;
    let mut events = Vec::new();
    for one in &work.orders {
        let number = one.number;
        let Some((_, due)) = timers::of(one, work.policy).filter(|(at, _)| *at <= now) else { continue };
        match (due, one.shipment()) {
            (Due::Stage(stage), _) => events.push(stage_reached(order, number, stage)),
            (Due::Seen(status), Some(shipment)) => {
                let scan = Scan {
                    status,
                    at: now,
                    detail: None,
                    message: None,
                    place: None,
                    is_failed_attempt: false,
                };
                events.extend(scanned((order, number), work.policy, shipment, vec![scan], None));
            }
            // Its carrier has given it up, and nobody has seen it since.
            (Due::Silence, Some(shipment))
                if shipment.has_failed() && work.policy.undelivered.becomes().is_some() =>
            {
                events.push(Event::Lost(Ended { order, number, becomes: Becomes::Lost }));
            }
            (Due::Silence, Some(shipment)) => {
                let silent_since = shipment.heard_at;
                events.push(Event::Stalled(Stalled { order, number, silent_since }));
            }
            (Due::Seen(_) | Due::Silence, None) => {}
        }
    }
    events
}

const _: () = assert!(bit(1) == 1 && bit(PARTS_MAX) == 1 << 31);

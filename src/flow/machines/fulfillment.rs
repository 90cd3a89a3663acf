//! How an order's fulfilment is asked about its first parcel.

use super::{BEGINNING, Charted, ORDER, Print, labels, named, sku};
use crate::fulfillment::{
    ATTEMPTS_MAX, Becomes, Command, Fulfillment, Fulfillments, Line, Mode, Move, Opening, Outcome, Phase,
    Policy, Scan, Shipment, ShortPick, Stage, Status, TrackerStatus, Undelivered, Units, Work, WorkOrder,
};
use crate::types::{LineId, Timestamp};

const LINE: LineId = LineId::from_bits(1);

impl Charted for Fulfillments {
    const ABOUT: &'static str =
        "one fulfilment order, and the parcel it becomes; an order has one or several";

    fn place(state: &Fulfillment) -> &'static str {
        match state {
            Fulfillment::Unopened => "unopened",
            Fulfillment::Never => "never",
            Fulfillment::Opened(work) => work.order_of(1).map_or("unopened", |one| one.phase.word()),
        }
    }

    fn fingerprint(state: &Fulfillment, into: &mut Print) {
        let Some(work) = state.work() else { return };
        into.debug(&work.policy.mode);
        into.add((work.orders.len(), work.progress() == work.told));
        // What has left waits for no money.
        let is_here = |one: &WorkOrder| !matches!(one.phase.status(), Status::Closed | Status::Canceled);
        into.add(work.is_unpaid && work.orders.iter().any(is_here));
        for one in &work.orders {
            let status = one.phase.status();
            // Of the other parts it matters only how they ended.
            let is_over = one.number == 1 || matches!(status, Status::Closed | Status::Canceled);
            into.add((is_over.then_some(status), one.is_owed));
        }
        match work.order_of(1).map(|one| &one.phase) {
            Some(Phase::OnHold { stage, reason, .. }) => into.add((stage, reason)),
            Some(Phase::Shipped(shipment)) => {
                if let Some(ending) = &shipment.ending {
                    // What is settled stays; what else was seen decides nothing any more.
                    let is_told = shipment.reported == shipment.trouble();
                    let is_there = shipment.scans.iter().any(|scan| scan.status == TrackerStatus::Delivered);
                    return into.add((ending.stock.word(), is_told, is_there));
                }
                into.add((
                    shipment.is_stalled,
                    shipment.attempts.min(ATTEMPTS_MAX),
                    shipment.scans.is_empty(),
                ));
                into.add((shipment.reported, shipment.trouble()));
            }
            Some(Phase::Incomplete { is_missing }) => into.add(is_missing),
            Some(Phase::Working(_) | Phase::Leaving { .. } | Phase::Canceled) | None => {}
        }
    }

    fn samples(state: &Fulfillment, now: Timestamp) -> Vec<(&'static str, Command)> {
        use Command as C;
        let number = 1;
        let advance = |to| C::Advance { number, to };
        let scan = |status, is_failed_attempt| C::Scan {
            number,
            tracking_code: None,
            eta: None,
            scans: vec![Scan {
                status,
                at: now,
                detail: None,
                message: None,
                place: None,
                is_failed_attempt,
            }],
        };
        let parcel = state.work().and_then(|work| work.order_of(number)?.shipment());
        let trouble = parcel.and_then(Shipment::trouble);
        let progress = state.work().map(|work| work.progress()).unwrap_or_default();
        let mut commands = vec![
            open(Mode::Auto, 0),
            open(Mode::Manual, 0),
            open(Mode::Manual, 1),
            advance(Move::Ship { carrier: None, tracking_code: None }),
            advance(Move::Hold { note: None }),
            advance(Move::Release),
            advance(Move::GiveUp),
            advance(Move::TakeBack { becomes: Becomes::Restock }),
            advance(Move::Lose),
            scan(TrackerStatus::OutForDelivery, true),
            C::Cancel { order: ORDER, except: 0 },
            C::Cancel { order: ORDER, except: 1 },
            C::Hear(Outcome::Dispatched { number }),
            C::Hear(Outcome::StockMissing { number, lacking: "".into() }),
            C::Hear(Outcome::GivenUp { number }),
            C::Hear(Outcome::StockArrived),
            C::Hear(Outcome::StockBooked { number }),
            C::Hear(Outcome::StockRefused { number, why: "".into() }),
            C::Hear(Outcome::Paid),
            C::Hear(Outcome::Unpaid),
            C::Hear(Outcome::Noted { progress }),
            C::Hear(Outcome::Warned { number, trouble }),
            C::Tick,
        ];
        // By itself a part moves along with the rest, and two at once are no machine of one; nor are three, where some is owed.
        let pieces = |work: &Work| -> u32 {
            work.orders.iter().flat_map(|one| &one.lines).map(|line| line.quantity).sum()
        };
        if state.work().is_some_and(|work| work.policy.mode == Mode::Manual && pieces(work) <= 2) {
            commands.push(advance(Move::Split { lines: vec![Units { line: LINE, quantity: 1 }] }));
            commands.push(advance(Move::Short { lines: vec![Units { line: LINE, quantity: 1 }] }));
        }
        commands.extend(Stage::ALL.iter().map(|stage| advance(Move::Stage(*stage))));
        // How a parcel fares has nothing to do with what else is owed.
        if state.work().is_some_and(|work| pieces(work) > 2) {
            return named(labels::fulfillment_command, commands);
        }
        commands.extend(TrackerStatus::ALL.iter().map(|status| advance(Move::Carried(*status))));
        commands.extend(TrackerStatus::ALL.iter().map(|status| scan(*status, false)));
        let eta = Some(BEGINNING.plus_secs(3_600));
        commands.push(C::Scan { number, tracking_code: None, eta, scans: Vec::new() });
        named(labels::fulfillment_command, commands)
    }
}

/// Work on two pieces of one line, and on so many that are not there yet.
fn open(mode: Mode, owed: u32) -> Command {
    let line = |quantity| Line { line: LINE, sku: sku(), quantity };
    let undelivered = match mode {
        Mode::Auto => Undelivered::Restock,
        Mode::Manual => Undelivered::Manual,
    };
    let short_pick = ShortPick::Refund;
    let policy = Policy { mode, stage_s: 60, transit_s: 3_600, stalled_s: 86_400, short_pick, undelivered };
    let owed = (owed > 0).then(|| line(owed)).into_iter().collect();
    Command::Open(Box::new(Opening { order: ORDER, policy, lines: vec![line(2)], owed }))
}

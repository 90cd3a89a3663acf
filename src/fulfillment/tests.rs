//! Given an order's fulfilment, when it is asked, told or left alone, then. And the laws that hold whatever happens.

mod endings;
mod lacking;
mod laws;
mod scanning;
mod stages;

use proptest::prelude::*;

use super::*;
use crate::runtime::{Aggregate, Event as _};
use crate::types::{LineId, OrderId, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const ORDER: OrderId = OrderId::from_bits(9);

fn line(id: u128, quantity: u32) -> Line {
    Line { line: LineId::from_bits(id), sku: "A".parse().expect("legal"), quantity }
}

fn units(id: u128, quantity: u32) -> Units {
    Units { line: LineId::from_bits(id), quantity }
}

fn open(mode: Mode) -> Command {
    // What timers do they do to the end; people are asked.
    let undelivered = match mode {
        Mode::Auto => Undelivered::Restock,
        Mode::Manual => Undelivered::Manual,
    };
    opened(mode, undelivered)
}

fn opened(mode: Mode, undelivered: Undelivered) -> Command {
    let short_pick = ShortPick::Refund;
    let policy = Policy { mode, stage_s: 2, transit_s: 10, stalled_s: 1_000, short_pick, undelivered };
    Command::Open(Box::new(Opening {
        order: ORDER,
        policy,
        lines: vec![line(1, 2), line(2, 1)],
        owed: vec![],
    }))
}

fn to(number: u32, to: Move) -> Command {
    Command::Advance { number, to }
}

fn dispatched(number: u32) -> Command {
    Command::Hear(Outcome::Dispatched { number })
}

fn ship() -> Move {
    Move::Ship { carrier: Some("ups".into()), tracking_code: Some("1Z".into()) }
}

fn scan(status: TrackerStatus, secs: u64) -> Scan {
    Scan {
        status,
        at: NOW.plus_secs(secs),
        detail: None,
        message: None,
        place: None,
        is_failed_attempt: false,
    }
}

fn vain(secs: u64) -> Scan {
    let detail = Some("unable_to_deliver".into());
    Scan { is_failed_attempt: true, detail, ..scan(TrackerStatus::InTransit, secs) }
}

fn scans(scans: &[Scan]) -> Command {
    Command::Scan { number: 1, tracking_code: None, eta: None, scans: scans.to_vec() }
}

/// The one way from commands to state: decide, store, read back, fold.
fn apply(state: &mut Fulfillment, command: Command, now: Timestamp) -> Result<Vec<&'static str>, Rejection> {
    let events = Fulfillments::decide(state, command, now)?;
    for event in &events {
        let mut stored = Vec::new();
        event.write(&mut stored);
        let read = Event::read(event.kind(), event.version(), &stored).expect("what was written can be read");
        assert_eq!(&read, event);
        assert_eq!(read.order(), Some(ORDER));
        Fulfillments::evolve(state, &read, now);
    }
    Ok(events.iter().map(Event::kind).collect())
}

fn given(commands: impl IntoIterator<Item = Command>) -> Fulfillment {
    let mut state = Fulfillment::default();
    for command in commands {
        apply(&mut state, command, NOW).expect("given");
    }
    state
}

fn by_hand(stages: &[Stage]) -> Fulfillment {
    let moves = stages.iter().map(|stage| to(1, Move::Stage(*stage)));
    given(std::iter::once(open(Mode::Manual)).chain(moves))
}

fn ready() -> Fulfillment {
    by_hand(&Stage::ALL[1..])
}

fn shipped() -> Fulfillment {
    let mut state = ready();
    apply(&mut state, to(1, ship()), NOW).expect("given to a carrier");
    apply(&mut state, dispatched(1), NOW).expect("let go");
    state
}

fn work(state: &Fulfillment) -> &Work {
    state.work().expect("opened")
}

fn word(state: &Fulfillment, number: u32) -> &'static str {
    work(state).order_of(number).expect("there").phase.word()
}

/// Lets time pass until nothing happens by itself any more; tells what happened, and after how many seconds each.
fn left_alone(state: &mut Fulfillment, mut now: Timestamp) -> Vec<(&'static str, u64)> {
    let mut told = Vec::new();
    while let Some((at, command)) = Fulfillments::due(state).timer {
        now = now.max(at);
        let secs = NOW.until(now).as_secs();
        let kinds = apply(state, command, now).expect("a timer is never refused");
        assert!(!kinds.is_empty(), "a timer that does nothing would ring for ever");
        told.extend(kinds.into_iter().map(|kind| (kind, secs)));
        if Fulfillments::due(state).steps.contains(&Step::Dispatch { number: 1 }) {
            let kinds = apply(state, dispatched(1), now).expect("let go");
            told.extend(kinds.into_iter().map(|kind| (kind, secs)));
        }
    }
    told
}

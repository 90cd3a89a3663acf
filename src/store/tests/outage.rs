//! Half an hour without a bank, in virtual time.

use std::collections::{HashSet, VecDeque};

use super::*;
use crate::gateway::Admission;
use crate::payment::{self, Payment, RetryPolicy, Standing};
use crate::runtime::Aggregate as _;
use crate::types::clock;

const ORDERS_PER_S: u64 = 1_000;
const OUTAGE_S: u64 = 30 * 60;
/// What the bank takes in a second; nobody has told us.
const BANK_PER_S: u64 = 8_000;
const DRAINED_WITHIN_S: u64 = 5 * 60;
const TICK: Duration = Duration::from_millis(10);
const TICKS_PER_S: u64 = 100;
/// Of so many payments one is decided in full; the others wait, go out and are answered like it.
const FULL_OF: u128 = 16;

/// A payment on its way: decided in full, or counted.
struct Way {
    bits: u128,
    state: Option<payment::State>,
    is_question: bool,
}

/// A bank that counts: what it takes by the tenth of a second, and whom it has charged.
#[derive(Default)]
struct Teller {
    charged: HashSet<u128>,
    tenth: (u64, u64),
    refused: u64,
    most: u64,
}

impl Teller {
    /// Whether one more call is let in.
    fn lets_in(&mut self, tick: u64) -> bool {
        if self.tenth.0 != tick / 10 {
            self.tenth = (tick / 10, 0);
        }
        let is_let_in = self.tenth.1 < BANK_PER_S / 10;
        self.tenth.1 += u64::from(is_let_in);
        self.refused += u64::from(!is_let_in);
        self.most = self.most.max(self.tenth.1);
        is_let_in
    }
}

fn now_of(tick: u64) -> Timestamp {
    START.plus_millis(tick * 10)
}

fn told(state: &mut payment::State, command: payment::Command, at: Timestamp) {
    for event in Payment::decide(state, command, at).expect("not refused") {
        Payment::evolve(state, &event, at);
    }
}

fn begun(bits: u128, is_ready: bool, at: Timestamp) -> Way {
    let state = bits.is_multiple_of(FULL_OF).then(|| {
        let mut state = payment::State::default();
        let begin = payment::Command::Begin {
            order: OrderId::from_bits(bits),
            amount: Amount::new(500).expect("legal"),
            currency: "USD".parse().expect("a code"),
            method: "pm_card_visa".into(),
            capture: Capture::Automatic,
            retry: RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 12 },
            gateways: Vec::new(),
            gateway_ready: is_ready,
        };
        told(&mut state, begin, at);
        state
    });
    Way { bits, state, is_question: false }
}

impl Way {
    /// The call that is due, of those decided in full.
    fn call(&self) -> Option<Call> {
        let state = self.state.as_ref()?;
        Some(Payment::due(state).call.expect("the payment waits for nothing but the bank").call)
    }

    fn hear(&mut self, outcome: Outcome, at: Timestamp) {
        let Some(call) = self.call() else { return };
        let state = self.state.as_mut().expect("decided in full");
        told(state, call.ended(outcome), at);
    }
}

fn paid(bits: u128, is_found: bool) -> Outcome {
    let amount = Amount::new(500).expect("legal");
    let snapshot = Snapshot {
        intent: format!("pi_{bits}").into(),
        status: IntentStatus::Succeeded,
        amount,
        currency: "USD".parse().ok(),
        captured: amount,
        charge: None,
    };
    if is_found { Outcome::Found(snapshot) } else { Outcome::Intent(snapshot) }
}

/// A thousand orders a second for half an hour without a bank, and after it: all are paid once, within five minutes, and the bank is
/// hardly ever asked for more than it can take, though nobody knows how much that is.
#[actix::test]
async fn half_an_hour_without_a_bank_at_a_thousand_orders_a_second() {
    tokio::time::pause();
    let breaker = Breaker::new(BreakerConfig::default());
    let (mut lane, mut teller) = (VecDeque::<Way>::new(), Teller::default());
    // Payments that wait by themselves, by when they ring.
    let mut ringing: BTreeMap<u64, Vec<Way>> = BTreeMap::new();
    let (mut orders, mut done, mut in_doubt) = (0_u128, 0_u128, 0_u64);
    let (mut tick, returns_at) = (0, OUTAGE_S * TICKS_PER_S);
    let drained_at = loop {
        let at = now_of(tick);
        let is_down = tick < returns_at;
        for _ in 0..ORDERS_PER_S / TICKS_PER_S {
            orders += 1;
            lane.push_back(begun(orders, breaker.is_ready(), at));
        }
        while let Some(due) = ringing.first_key_value().map(|(due, _)| *due).filter(|due| *due <= tick) {
            for mut way in ringing.remove(&due).expect("just seen") {
                if let Some(state) = &mut way.state {
                    told(state, payment::Command::Resume, at);
                }
                lane.push_back(way);
            }
        }
        while !lane.is_empty() {
            let now = clock::monotonic();
            match breaker.admit(now) {
                Admission::Go => {}
                Admission::Probe => {
                    let asked = if is_down {
                        Outcome::InquiryFailed { reason: Reason::ServerError, retry_after_ms: None }
                    } else {
                        Outcome::NotFound
                    };
                    breaker.record(Admission::Probe, &asked, now);
                    continue;
                }
                Admission::Later { .. } | Admission::Refused { .. } => break,
            }
            let mut way = lane.pop_front().expect("not empty");
            let call = way.call();
            let outcome = match (is_down, way.is_question) {
                (true, true) => Outcome::InquiryFailed { reason: Reason::ServerError, retry_after_ms: None },
                (true, false) => {
                    Outcome::Unknown { reason: Reason::ServerError, replayed: false, retry_after_ms: None }
                }
                (false, true) if teller.charged.contains(&way.bits) => paid(way.bits, true),
                (false, true) => Outcome::NotFound,
                (false, false) if !teller.lets_in(tick) => {
                    Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: None }
                }
                (false, false) => {
                    assert!(teller.charged.insert(way.bits), "charged twice");
                    paid(way.bits, false)
                }
            };
            breaker.record(Admission::Go, &outcome, now);
            if let Some(call) = &call {
                assert_eq!(call.is_inquiry(), way.is_question, "{call:?}");
            }
            way.hear(outcome.clone(), at);
            match outcome {
                Outcome::Unknown { .. } => {
                    in_doubt += 1;
                    way.is_question = true;
                    lane.push_back(way);
                }
                Outcome::Intent(_) | Outcome::Found(_) => {
                    done += 1;
                    let standing = way.state.as_ref().and_then(Payment::standing);
                    assert!(matches!(standing, None | Some(Standing::Captured { .. })), "{standing:?}");
                }
                _ => {
                    // It waits as its own back-off says; one that is counted as one that is not does on the average.
                    let timer =
                        way.state.as_ref().map(|state| Payment::due(state).timer.expect("it waits").0);
                    let wait = timer.map_or(Duration::from_millis(250), |ring| at.until(ring));
                    way.is_question &= !matches!(outcome, Outcome::NotFound);
                    let ticks = u64::try_from(wait.as_millis()).expect("short").div_ceil(10).max(1);
                    ringing.entry(tick + ticks).or_default().push(way);
                }
            }
        }
        if !is_down && lane.len() < 100 {
            break tick;
        }
        tick += 1;
        tokio::time::advance(TICK).await;
    };
    let waited: usize = ringing.values().map(Vec::len).sum();
    assert_eq!(done + lane.len() as u128 + waited as u128, orders, "none is lost");
    assert_eq!(teller.charged.len() as u128, done, "each is charged once");
    assert!(in_doubt <= 32, "{in_doubt} payments were put in doubt to find out that the bank is away");
    let took_s = (drained_at - returns_at) / TICKS_PER_S;
    assert!(took_s <= DRAINED_WITHIN_S, "{took_s} s for {done} payments, {} refused", teller.refused);
    assert!(teller.most <= BANK_PER_S / 10);
    let share = u128::from(teller.refused) * 1_000 / done;
    assert!(share <= 20, "{share} of a thousand calls were too many");
    println!(
        "{done} payments in {took_s} s, {} told that there are too many, {waited} wait for their turn",
        teller.refused
    );
}

/// The same over a whole node, with holds that lapse meanwhile: nobody is refused and nobody is charged twice.
#[actix::test]
async fn orders_outlast_half_an_hour_without_a_bank() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 100).await;
    world.ledger.is_down.set(true);
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(world.place(&store).await);
        world.run().await;
        world.after(Duration::from_secs(180)).await;
    }
    for id in &ids {
        assert_eq!(world.order(&store, *id).await["status"], "pending");
    }
    assert!(world.ledger.charges.borrow().is_empty());
    world.ledger.is_down.set(false);
    for _ in 0..10 {
        world.after(Duration::from_secs(5)).await;
    }
    for id in &ids {
        assert_eq!(world.order(&store, *id).await["status"], "confirmed");
    }
    assert_eq!(world.ledger.charges.borrow().len(), ids.len(), "once each");
    assert_eq!(world.item(&store).await["committed"], 10);
}

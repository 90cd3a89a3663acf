//! What the bank tells the node: signed, and late, twice, backwards, forged or not at all.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::life::Node;
use super::plan::Notice;
use super::world::{Window, World};

pub(crate) const SECRET: &str = "whsec_simulated_0123456789";
/// A notice that is not taken is brought again after so long, so many times.
const AGAIN: Duration = Duration::from_secs(3);
const TIMES: u32 = 4;

/// Where telling stands.
#[derive(Default)]
pub(crate) struct Desk {
    last: RefCell<Option<String>>,
    is_gathering: Cell<bool>,
    /// Told when the deed was undone.
    kept: RefCell<Vec<Value>>,
}

/// Takes what happened at the bank since, and lets it be told.
pub(crate) async fn gather(world: &Rc<World>) {
    let desk = &world.notices;
    if desk.is_gathering.replace(true) {
        return;
    }
    let last = desk.last.borrow().clone();
    let target = last.map_or_else(
        || "/v1/events?limit=100".to_owned(),
        |last| format!("/v1/events?limit=100&ending_before={last}"),
    );
    let page = world.bank.get(world, &target).await;
    // Newest first.
    let mut events: Vec<Value> = page["data"].as_array().cloned().unwrap_or_default();
    events.reverse();
    if let Some(newest) = events.last().and_then(|event| event["id"].as_str()) {
        *desk.last.borrow_mut() = Some(newest.to_owned());
    }
    desk.is_gathering.set(false);
    let Some(node) = world.node() else { return };
    match world.notice() {
        None => drawn(world, &node, events),
        Some(notice) => planned(world, &node, events, notice).await,
    }
}

fn drawn(world: &Rc<World>, node: &Rc<Node>, events: Vec<Value>) {
    let dials = &world.plan.dials;
    for event in events {
        let mut dice = world.bank.dice.borrow_mut();
        let is_forged = dice.falls(dials.forged);
        let (is_lost, is_twice) = (dice.falls(dials.lost), dice.falls(dials.twice));
        let wait = if dice.falls(dials.late) { dice.below(20_000) } else { dice.below(20) };
        drop(dice);
        if is_forged {
            tell(world, node, event.clone(), wait, true);
        }
        for _ in 0..(1 + u32::from(is_twice)) * u32::from(!is_lost) {
            tell(world, node, event.clone(), wait, false);
        }
    }
}

async fn planned(world: &Rc<World>, node: &Rc<Node>, mut events: Vec<Value>, notice: Notice) {
    match notice {
        Notice::Never => {}
        Notice::Once => events.into_iter().for_each(|event| tell(world, node, event, 1, false)),
        Notice::TenTimes => {
            for event in events {
                (0..10).for_each(|nth| tell(world, node, event.clone(), nth, false));
            }
        }
        Notice::BeforeAnswer => {
            for event in events {
                bring(world, node, &event, false).await;
            }
        }
        Notice::Backwards => {
            events.reverse();
            let gaps = (0..).step_by(50);
            events.into_iter().zip(gaps).for_each(|(event, wait)| tell(world, node, event, wait, false));
        }
        Notice::AfterVoid => {
            let is_undone = events.iter().any(|event| {
                matches!(event["type"].as_str(), Some("payment_intent.canceled" | "charge.refunded"))
            });
            world.notices.kept.borrow_mut().extend(events);
            if is_undone {
                let kept = world.notices.kept.take();
                kept.into_iter().for_each(|event| tell(world, node, event, 10, false));
            }
        }
        Notice::Forged => events.into_iter().for_each(|event| tell(world, node, event, 1, true)),
        Notice::Foreign => {
            for mut event in events {
                event["data"]["object"]["metadata"]["store_id"] = "somebody-else".into();
                tell(world, node, event, 1, false);
            }
        }
    }
}

/// Brings a notice after a while, again where nobody took it.
fn tell(world: &Rc<World>, node: &Rc<Node>, event: Value, wait_ms: u64, is_forged: bool) {
    let (world, node) = (Rc::clone(world), Rc::clone(node));
    actix::spawn(async move {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        for _ in 0..TIMES {
            if bring(&world, &node, &event, is_forged).await {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    });
}

/// Brings a notice; says whether it is done with.
async fn bring(world: &Rc<World>, node: &Rc<Node>, event: &Value, is_forged: bool) -> bool {
    let store = event["data"]["object"]["metadata"]["store_id"].as_str();
    // The address is the store's, whatever the event claims.
    let store = match store {
        Some("somebody-else") => world.people.stores[0].id.clone(),
        Some(store) => store.to_owned(),
        None => return true,
    };
    let body = event.to_string();
    let at = world.now().micros() / 1_000_000 - if is_forged { 400 } else { 0 };
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(format!("{at}.{body}").as_bytes());
    let mut signature = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}").expect("texts grow");
    }
    let headers = [("stripe-signature", format!("t={at},v1={signature}"))];
    let path = format!("/v1/gateways/stripe/webhooks/{store}");
    let answer = node.ask("POST", &path, &headers, Some(body)).await;
    world.pass(Window::Noticed);
    world.count("notices");
    if is_forged && answer.status < 300 {
        world.violated(22, format!("a forged notice was taken: {}", answer.status));
    }
    (200..300).contains(&answer.status) || is_forged || (400..500).contains(&answer.status)
}

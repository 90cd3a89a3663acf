//! Shops, shoppers and staff: what they do, when, and what they were told.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::dials::Dials;
use super::dice::Dice;
use super::fault::Operation;
use super::life::{Answer, Node};
use super::notices::SECRET;
use super::world::{Window, World};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often a client tries, and how long it waits in between at the most.
const TRIES: u64 = 40;
const PRICE: u64 = 500;
const DAY_S: u64 = 86_400;

/// A shop.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) id: String,
    pub(crate) skus: u64,
    pub(crate) stock: u64,
    pub(crate) is_at_shipment: bool,
    pub(crate) leaves: bool,
    pub(crate) backorders: bool,
    pub(crate) hold_s: u64,
}

/// What somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Place {
        lines: Vec<(u64, u64)>,
        method: &'static str,
        is_impatient: bool,
    },
    /// Of the order that an earlier errand placed.
    Cancel(usize),
    Refund(usize, Option<u64>),
    /// A piece of its first line is to come back.
    Return(usize),
    /// It is there, and this becomes of it. Of the return that an earlier errand asked for.
    Receive(usize, &'static str),
}

/// Something to be done at a time.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) at_ms: u64,
    pub(crate) store: usize,
    pub(crate) deed: Deed,
}

/// What a client knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Nothing yet.
    Open,
    /// It was taken: the first answer.
    Taken {
        status: u16,
        body: Value,
    },
    Refused {
        status: u16,
        body: Value,
    },
    /// Nobody will ever say.
    Unknown,
}

/// Everybody.
pub(crate) struct People {
    pub(crate) stores: Vec<Store>,
    pub(crate) errands: Vec<Errand>,
    verdicts: RefCell<Vec<Verdict>>,
}

impl People {
    /// Those of a seed.
    pub(crate) fn of(seed: u64, dials: &Dials) -> Self {
        let mut dice = Dice::new(seed, "people");
        let dice = &mut dice;
        let stores: Vec<Store> = (0..dials.stores)
            .map(|nth| Store {
                id: format!("shop-{nth}"),
                skus: dials.skus,
                stock: dials.stock,
                is_at_shipment: dice.falls(dials.at_shipment),
                leaves: dice.falls(dials.leaves),
                backorders: dice.falls(dials.backorder),
                hold_s: dials.hold_s,
            })
            .collect();
        let mut errands = Vec::new();
        for _ in 0..dials.orders {
            let (at_ms, store) = (dice.below(dials.span_ms), dice.below(dials.stores));
            let store = usize::try_from(store).expect("few shops");
            let lines = (0..dice.within(1, 3)).map(|_| (dice.below(dials.skus), dice.within(1, 3))).collect();
            let method = if dice.falls(dials.declines) {
                dice.of(&["pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedProcessingError"])
            } else {
                "pm_card_visa"
            };
            let is_impatient = dice.falls(dials.impatient);
            let place = errands.len();
            errands.push(Errand { at_ms, store, deed: Deed::Place { lines, method, is_impatient } });
            let later = |dice: &mut Dice| at_ms + dice.of(&[1, 50, 2_000, 20_000, 90_000]);
            if dice.falls(dials.cancels) {
                errands.push(Errand { at_ms: later(dice), store, deed: Deed::Cancel(place) });
            }
            for _ in 0..2 {
                if dice.falls(dials.refunds) {
                    let amount = dice.of(&[None, Some(1), Some(PRICE), Some(PRICE * 5)]);
                    errands.push(Errand { at_ms: later(dice), store, deed: Deed::Refund(place, amount) });
                }
            }
        }
        let returns = returns(seed, dials.returns, &stores, &errands);
        errands.extend(returns);
        Self::new(stores, errands)
    }

    /// Those whom one operation at the bank takes.
    pub(crate) fn for_one(operation: Operation) -> Self {
        let is_at_shipment = matches!(operation, Operation::Capture | Operation::Void);
        let store = Store {
            id: "shop-0".to_owned(),
            skus: 1,
            stock: 10,
            is_at_shipment,
            leaves: operation == Operation::Capture,
            backorders: false,
            hold_s: 900,
        };
        let lines = vec![(0, 2)];
        let place = Deed::Place { lines, method: "pm_card_visa", is_impatient: false };
        let mut errands = vec![Errand { at_ms: 0, store: 0, deed: place }];
        match operation {
            Operation::Void => errands.push(Errand { at_ms: 1_000, store: 0, deed: Deed::Cancel(0) }),
            Operation::Refund => {
                errands.push(Errand { at_ms: 1_000, store: 0, deed: Deed::Refund(0, Some(300)) })
            }
            Operation::Authorise | Operation::Capture | Operation::Inquiry => {}
        }
        Self::new(vec![store], errands)
    }

    fn new(stores: Vec<Store>, errands: Vec<Errand>) -> Self {
        let verdicts = RefCell::new(vec![Verdict::Open; errands.len()]);
        Self { stores, errands, verdicts }
    }

    pub(crate) fn verdict(&self, nth: usize) -> Verdict {
        self.verdicts.borrow()[nth].clone()
    }

    /// The order that an errand placed, or the return that it asked for, if it knows.
    pub(crate) fn order_of(&self, nth: usize) -> Option<String> {
        match &self.verdicts.borrow()[nth] {
            Verdict::Taken { body, .. } => body["id"].as_str().map(str::to_owned),
            Verdict::Open | Verdict::Refused { .. } | Verdict::Unknown => None,
        }
    }

    /// What an errand that places an order names first.
    fn first_sku(&self, place: usize) -> Option<String> {
        match &self.errands[place].deed {
            Deed::Place { lines, .. } => lines.first().map(|(sku, _)| format!("S{sku}")),
            Deed::Cancel(_) | Deed::Refund(..) | Deed::Return(_) | Deed::Receive(..) => None,
        }
    }

    fn decide(&self, world: &World, nth: usize, verdict: Verdict) {
        let known = std::mem::replace(&mut self.verdicts.borrow_mut()[nth], verdict);
        debug_assert_eq!(known, Verdict::Open, "each errand ends once");
        world.pass(Window::Heard);
    }
}

/// What comes back to shops whose goods leave by themselves; some of it twice.
fn returns(seed: u64, of_thousand: u64, stores: &[Store], errands: &[Errand]) -> Vec<Errand> {
    let mut dice = Dice::new(seed, "returns");
    let mut more = Vec::new();
    for (place, errand) in errands.iter().enumerate() {
        let store = errand.store;
        if !matches!(errand.deed, Deed::Place { .. }) || !stores[store].leaves || !dice.falls(of_thousand) {
            continue;
        }
        let asked = errands.len() + more.len();
        let at_ms = errand.at_ms + dice.of(&[9_000, 30_000, 120_000]);
        more.push(Errand { at_ms, store, deed: Deed::Return(place) });
        for _ in 0..dice.of(&[0, 1, 1, 2]) {
            let becomes = dice.of(&["restock", "damaged", "write_off", "return_to_vendor"]);
            let at_ms = at_ms + dice.of(&[1, 1_000, 60_000]);
            more.push(Errand { at_ms, store, deed: Deed::Receive(asked, becomes) });
        }
    }
    more
}

/// Opens the shops. Nothing fails yet.
pub(crate) async fn open_shops(world: &Rc<World>, node: &Rc<Node>) {
    for store in &world.people.stores {
        let settings = json!({
            "capture": if store.is_at_shipment { "on_shipment" } else { "automatic" },
            "out_of_stock": if store.backorders { "backorder" } else { "cancel" },
            "reservation_ttl_s": store.hold_s,
            "order_deadline_s": DAY_S,
            "retry": {"base_ms": 200, "cap_ms": 20_000, "attempts_max": 12},
            "fulfillment": {"mode": if store.leaves { "auto" } else { "manual" }, "stage_s": 1, "transit_s": 5},
            "gateway": {"webhook_secrets": [SECRET]},
        });
        let body = json!({"id": store.id, "name": store.id, "currency": "USD", "settings": settings});
        let made = node.ask("POST", "/v1/stores", &[], Some(body.to_string())).await;
        assert_eq!(made.status, 201, "{made:?}");
        for sku in 0..store.skus {
            let body = json!({"on_hand": store.stock, "unit_price": PRICE}).to_string();
            let set = node.ask("PUT", &format!("/v1/inventory/S{sku}"), &of(&store.id), Some(body)).await;
            assert!(set.status < 300, "{set:?}");
        }
    }
}

/// The header that names a store.
pub(crate) fn of(store: &str) -> [(&'static str, String); 1] {
    [("x-store-id", store.to_owned())]
}

/// Lets everybody do what is left to do, and returns when all are done.
pub(crate) async fn work(world: Rc<World>, node: Rc<Node>) {
    let people = &world.people;
    let open = (0..people.errands.len()).filter(|nth| people.verdict(*nth) == Verdict::Open);
    let tasks: Vec<_> = open.map(|nth| actix::spawn(run(Rc::clone(&world), Rc::clone(&node), nth))).collect();
    for task in tasks {
        // It ends early only with the life.
        let _ = task.await;
    }
}

async fn run(world: Rc<World>, node: Rc<Node>, nth: usize) {
    let errand = world.people.errands[nth].clone();
    let wait = errand.at_ms.saturating_sub(world.since_opening_ms());
    tokio::time::sleep(Duration::from_millis(wait)).await;
    let mut dice = world.dice(&format!("errand {nth} in life {}", world.life()));
    let mut doubles = world.dice(&format!("doubles of errand {nth} in life {}", world.life()));
    let store = world.people.stores[errand.store].id.clone();
    let is_impatient = matches!(errand.deed, Deed::Place { is_impatient: true, .. });
    for attempt in 1..=TRIES {
        let Some((path, body)) = request(&world, nth, &errand) else {
            match target(&errand.deed).map(|place| world.people.verdict(place)) {
                // Not known yet.
                Some(Verdict::Open) => tokio::time::sleep(Duration::from_millis(500)).await,
                _ => return world.people.decide(&world, nth, Verdict::Unknown),
            }
            continue;
        };
        let headers = [("x-store-id", store.clone()), ("idempotency-key", format!("key-{nth}"))];
        let once = || node.ask("POST", &path, &headers, Some(body.clone()));
        let is_doubled = doubles.falls(world.plan.dials.doubled);
        let asked = tokio::time::timeout(PATIENCE, async {
            if is_doubled { twice(&world, nth, once(), once()).await } else { once().await }
        });
        let asked = asked.await;
        if world.is_dead() {
            // Nobody hears what a dead process says.
            return;
        }
        world.count("requests");
        let wait_ms = match asked {
            Err(_) => {
                world.count("requests without an answer");
                100
            }
            Ok(Answer { status, body, is_replayed, retry_after_s }) => {
                world.note(|line| write!(line, "answer {nth} {status} {is_replayed} {body}"));
                match status {
                    200..300 => {
                        world.count("requests taken");
                        return world.people.decide(&world, nth, Verdict::Taken { status, body });
                    }
                    409 if body["code"] == "idempotency_key_in_use" => 200,
                    429 | 503 => {
                        world.count("requests put off");
                        retry_after_s.unwrap_or(1) * 1_000
                    }
                    500.. => {
                        world.violated(3, format!("errand {nth} was answered {status}: {body}"));
                        return world.people.decide(&world, nth, Verdict::Refused { status, body });
                    }
                    _ => {
                        world.count("requests refused");
                        return world.people.decide(&world, nth, Verdict::Refused { status, body });
                    }
                }
            }
        };
        if is_impatient {
            break;
        }
        tokio::time::sleep(Duration::from_millis(wait_ms + dice.below(attempt * 300))).await;
    }
    world.people.decide(&world, nth, Verdict::Unknown);
}

/// The same request twice at once: whoever is taken is told the same. Returns the better answer.
async fn twice(
    world: &World,
    nth: usize,
    one: impl Future<Output = Answer>,
    other: impl Future<Output = Answer>,
) -> Answer {
    let (one, other) = futures_util::future::join(one, other).await;
    let is_taken = |answer: &Answer| (200..300).contains(&answer.status);
    world.count("requests sent twice at once");
    match (is_taken(&one), is_taken(&other)) {
        (true, true) if (one.status, &one.body) != (other.status, &other.body) && !world.is_dead() => {
            world.violated(3, format!("errand {nth} sent twice was told {one:?} and {other:?}"));
            one
        }
        (false, true) => other,
        _ => one,
    }
}

fn target(deed: &Deed) -> Option<usize> {
    match deed {
        Deed::Place { .. } => None,
        Deed::Cancel(place) | Deed::Refund(place, _) | Deed::Return(place) | Deed::Receive(place, _) => {
            Some(*place)
        }
    }
}

/// The same request every time.
pub(crate) fn request(world: &World, nth: usize, errand: &Errand) -> Option<(String, String)> {
    match &errand.deed {
        Deed::Place { lines, method, .. } => {
            let lines: Vec<Value> = lines
                .iter()
                .map(|(sku, quantity)| json!({"sku": format!("S{sku}"), "quantity": quantity}))
                .collect();
            let body = json!({
                "customer": {"id": format!("cus_{nth}")}, "currency": "USD", "lines": lines,
                "payment": {"payment_method": method}, "metadata": {"errand": nth.to_string()},
            });
            Some(("/v1/orders".to_owned(), body.to_string()))
        }
        Deed::Cancel(place) => {
            let order = world.people.order_of(*place)?;
            Some((format!("/v1/orders/{order}/cancel"), json!({"reason": "customer"}).to_string()))
        }
        Deed::Refund(place, amount) => {
            let order = world.people.order_of(*place)?;
            let body = match amount {
                Some(amount) => json!({"amount": amount, "reason": "customer"}),
                None => json!({"reason": "customer"}),
            };
            Some((format!("/v1/orders/{order}/refunds"), body.to_string()))
        }
        Deed::Return(place) => {
            let order = world.people.order_of(*place)?;
            let body = json!({"lines": [{"sku": world.people.first_sku(*place), "quantity": 1, "reason": "unwanted"}]});
            Some((format!("/v1/orders/{order}/returns"), body.to_string()))
        }
        Deed::Receive(asked, becomes) => {
            let one = world.people.order_of(*asked)?;
            let place = target(&world.people.errands[*asked].deed)?;
            let piece = json!({"sku": world.people.first_sku(place), "quantity": 1, "disposition": becomes});
            Some((format!("/v1/returns/{one}/receive"), json!({"lines": [piece]}).to_string()))
        }
    }
}

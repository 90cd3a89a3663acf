//! The bank behind its network. It outlives the node: what is on its way arrives, whoever sent it may be gone.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use actix_web::http::Method;
use mock_gateway::{Asked, Books, Said};
use orderflow::types::Timestamp;
use serde_json::Value;

use super::dials::Dials;
use super::dice::Dice;
use super::fault::{Fault, Operation};
use super::network;
use super::world::{Window, World};

/// The books, and what the bank's front does with calls.
pub(crate) struct Bank {
    books: Books,
    pub(crate) dice: RefCell<Dice>,
    /// Requests on their way: when they arrive.
    under_way: RefCell<BTreeMap<(u64, u64), Asked>>,
    next: Cell<u64>,
    /// Keys that are answered with 500 for ever.
    stored: RefCell<BTreeSet<String>>,
    /// Keys under which something was carried out.
    done: RefCell<BTreeSet<String>>,
    /// Keys that the issuer says no to, unless it was done before: a bank says the same under a key for ever.
    declined: RefCell<BTreeSet<String>>,
    /// Keys that the bank forgets after a day: when they came first, and how often since they were forgotten.
    forgotten: RefCell<BTreeMap<String, (u64, u64)>>,
    /// What each intent looked like, and since when, for looks that lag.
    seen: RefCell<Vec<(u64, String, Value)>>,
    ledger: RefCell<Ledger>,
}

/// The bank's rows, followed as they are written.
#[derive(Default)]
struct Ledger {
    last: Option<String>,
    orders: BTreeMap<(String, String), Sums>,
    intents: BTreeMap<String, Sums>,
}

/// Money in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) authorised: i64,
    pub(crate) captured: i64,
    pub(crate) voided: i64,
    pub(crate) refunded: i64,
    /// Authorisations that were neither voided nor given back.
    pub(crate) live: i64,
}

/// A bank keeps keys for so long at least.
pub(crate) const KEPT_MS: u64 = 24 * 3_600_000;
const KEY: &str = "idempotency-key";
pub(crate) const SECRET_KEY: &str = "sk_test_simulated";

impl Bank {
    pub(crate) fn new(seed: u64, at: Timestamp) -> Self {
        Self {
            books: Books::new(at.millis() ^ i64::try_from(seed & 0xffff_ffff).expect("32 bits")),
            dice: RefCell::new(Dice::new(seed, "bank")),
            under_way: RefCell::default(),
            next: Cell::new(0),
            stored: RefCell::default(),
            done: RefCell::default(),
            declined: RefCell::default(),
            forgotten: RefCell::default(),
            seen: RefCell::default(),
            ledger: RefCell::default(),
        }
    }

    /// What happens to a call, drawn for whoever asks next.
    pub(crate) fn fate(&self, dials: &Dials, operation: Operation) -> Option<Fault> {
        let mut dice = self.dice.borrow_mut();
        let share = if operation == Operation::Inquiry { dials.blind } else { dials.faults };
        let fault = dice.of(&dials.kinds);
        // A look has no key and no card.
        let fits = operation != Operation::Inquiry || fault.fits_a_look();
        (dice.falls(share) && fits).then_some(fault)
    }

    /// Puts a request on its way.
    pub(crate) fn send(&self, arrives_ms: u64, asked: Asked) -> (u64, u64) {
        let place = (arrives_ms, self.next.replace(self.next.get() + 1));
        self.under_way.borrow_mut().insert(place, asked);
        place
    }

    /// A request arrives; nothing if it already did.
    pub(crate) fn arrive(&self, place: (u64, u64)) -> Option<Asked> {
        self.under_way.borrow_mut().remove(&place)
    }

    /// What an earlier life left on its way.
    pub(crate) fn left_under_way(&self) -> Vec<(u64, u64)> {
        self.under_way.borrow().keys().copied().collect()
    }

    /// Remembers that a key is answered with 500 from now on.
    pub(crate) fn store(&self, key: &str) {
        self.stored.borrow_mut().insert(key.to_owned());
    }

    pub(crate) fn is_stored(&self, key: &str) -> bool {
        self.stored.borrow().contains(key)
    }

    /// From now on the issuer says no to what comes under this key and is not done yet.
    pub(crate) fn decline(&self, key: &str) {
        self.declined.borrow_mut().insert(key.to_owned());
    }

    /// Whether the issuer says no to a call that has arrived; one that it does not say no to counts as done. Of an intent that
    /// was captured or voided the issuer is not asked.
    fn declines(&self, asked: &Asked) -> bool {
        let Some(key) = key_of(asked) else { return false };
        let intent = asked.target.split('/').find(|part| part.starts_with("pi_")).unwrap_or_default();
        let is_over = self.ledger.borrow().intents.get(intent).is_some_and(|of| of.captured + of.voided > 0);
        let is_declined =
            !is_over && self.declined.borrow().contains(key) && !self.done.borrow().contains(key);
        if !is_declined {
            self.done.borrow_mut().insert(key.to_owned());
        }
        is_declined
    }

    /// Remembers to forget a key.
    pub(crate) fn forget(&self, at_ms: u64, key: &str) {
        self.forgotten.borrow_mut().insert(key.to_owned(), (at_ms, 0));
    }

    /// The time of every account is the same.
    async fn say(&self, world: &World, asked: &Asked) -> Said {
        self.books.ask(world.now().millis(), asked).await
    }

    /// Does what is asked, whoever may hear of it.
    pub(crate) async fn do_it(&self, world: &World, mut asked: Asked) -> Said {
        let operation = Operation::of(asked.method.as_str(), &asked.target);
        if operation != Operation::Inquiry {
            world.pass(Window::BeforeDeed);
        }
        if let Some((_, key)) = asked.headers.iter_mut().find(|(name, _)| name == KEY)
            && let Some((since_ms, times)) = self.forgotten.borrow_mut().get_mut(key.as_str())
            && world.passed_ms() > *since_ms + KEPT_MS
        {
            *times += 1;
            *key = format!("{key}~{times}");
        }
        if operation != Operation::Inquiry && self.declines(&asked) {
            world.note(|line| write!(line, "bank {} {} declined", asked.method, asked.target));
            return network::error(402, "card_declined", &[]);
        }
        let said = self.say(world, &asked).await;
        if operation != Operation::Inquiry {
            world.count("deeds");
            world.note(|line| write!(line, "bank {} {} {}", asked.method, asked.target, said.status));
            self.remember(world, &said);
            self.follow(world).await;
            world.pass(Window::AfterDeed);
        }
        said
    }

    fn remember(&self, world: &World, said: &Said) {
        let Ok(body) = serde_json::from_slice::<Value>(&said.body) else { return };
        let body = if body["error"]["payment_intent"].is_object() {
            body["error"]["payment_intent"].clone()
        } else {
            body
        };
        if body["object"] == "payment_intent" {
            let id = body["id"].as_str().unwrap_or_default().to_owned();
            self.seen.borrow_mut().push((world.passed_ms(), id, body));
        }
    }

    /// What the intent of this id looked like then.
    pub(crate) fn seen_at(&self, id: &str, at_ms: u64) -> Option<Value> {
        let seen = self.seen.borrow();
        seen.iter().rev().find(|(since, of, _)| of == id && *since <= at_ms).map(|(_, _, body)| body.clone())
    }

    /// Reads what was added to the ledger, and holds it against what may never be.
    async fn follow(&self, world: &World) {
        let after = self.ledger.borrow().last.clone();
        let target =
            after.map_or_else(|| "/_bank/ledger".to_owned(), |id| format!("/_bank/ledger?after={id}"));
        let rows = self.get(world, &target).await;
        let mut ledger = self.ledger.borrow_mut();
        for row in rows["data"].as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let (kind, amount, intent) =
                (text("type"), row["amount"].as_i64().unwrap_or(0), text("payment_intent"));
            ledger.last = Some(text("id"));
            let of = |name: &str| row["metadata"][name].as_str().unwrap_or_default().to_owned();
            let order = (of("store_id"), of("order_id"));
            world.note(|line| write!(line, "ledger {kind} {amount} {} {}", order.1, text("idempotency_key")));
            let Ledger { orders, intents, .. } = &mut *ledger;
            let of_intent = intents.entry(intent.clone()).or_default();
            let of_order = orders.entry(order.clone()).or_default();
            for sums in [&mut *of_intent, &mut *of_order] {
                match kind.as_str() {
                    "authorization" => {
                        sums.authorised += amount;
                        sums.live += 1;
                    }
                    "capture" => sums.captured += amount,
                    "void" => {
                        sums.voided += amount;
                        sums.live -= i64::from(sums.captured == 0);
                    }
                    "refund" => sums.refunded += amount,
                    _ => {}
                }
            }
            if of_intent.captured > of_intent.authorised {
                world.violated(4, format!("{intent} of {order:?}: {of_intent:?}"));
            }
            if of_intent.refunded > of_intent.captured {
                world.violated(7, format!("{intent} of {order:?}: {of_intent:?}"));
            }
            if of_order.live > 1 {
                world.violated(4, format!("{order:?} has {} authorisations: {of_order:?}", of_order.live));
            }
        }
    }

    /// What the bank's ledger says of an order.
    pub(crate) fn sums(&self, store: &str, order: &str) -> Sums {
        let place = (store.to_owned(), order.to_owned());
        self.ledger.borrow().orders.get(&place).copied().unwrap_or_default()
    }

    /// Orders that the bank has moved money for.
    pub(crate) fn orders(&self) -> Vec<(String, String)> {
        self.ledger.borrow().orders.keys().cloned().collect()
    }

    /// Looks at the bank past its front.
    pub(crate) async fn get(&self, world: &World, target: &str) -> Value {
        let asked = Asked {
            method: Method::GET,
            target: target.to_owned(),
            headers: vec![("authorization".to_owned(), format!("Bearer {SECRET_KEY}"))],
            body: bytes::Bytes::new(),
        };
        let said = self.say(world, &asked).await;
        serde_json::from_slice(&said.body).unwrap_or_else(|_| panic!("the bank says {said:?} to {target}"))
    }
}

/// The key a call came under.
pub(crate) fn key_of(asked: &Asked) -> Option<&str> {
    asked.headers.iter().find(|(name, _)| name == KEY).map(|(_, key)| key.as_str())
}

/// The same call with a card that the issuer refuses.
pub(crate) fn refused_card(asked: &Asked) -> Asked {
    let body = String::from_utf8_lossy(&asked.body).replace("pm_card_visa", "pm_card_visa_chargeDeclined");
    Asked { body: body.into(), ..asked.clone() }
}

//! Stores that journal real events of real aggregates, without actors: what views and their checker are tested with.
//!
//! `shop` gives commands; whatever is decided goes to the journal. Each shop's own state stands beside it, to be compared.

mod chance;
mod moving;
mod paying;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::alert::{self, Alerts, Kind, Signal};
use crate::fraud::{self, Fraud};
use crate::fulfillment::{self, Fulfillment, Fulfillments};
use crate::inventory::{self, Inventory};
use crate::journal::{Append, Journal, Lane, Position, Row, Settled};
use crate::order::{self, Order, Orders};
use crate::payment::{self, Payment, bank};
use crate::returns::{self, Book, Returns};
use crate::runtime::Aggregate;
use crate::store::settings::{self, Tenancy};
use crate::types::{
    Actor, AlertId, Amount, IdSource, LineId, Meta, OrderId, Quantity, RequestKey, ReservationId, Sku,
    StoreId, Timestamp,
};

/// The day on which tests happen.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// SKUs that random shops sell; the last is never in stock.
const SKUS: [&str; 5] = ["TSHIRT-M", "MUG", "POST", "hat \"big\"", "GHOST"];

/// Several stores and one journal.
pub(crate) struct World {
    pub(crate) journal: Arc<dyn Journal>,
    lane: Lane,
    settled: Receiver<Settled>,
    ticket: u64,
    /// Every ticket up to this one is durable.
    reached: Cell<u64>,
    ids: IdSource,
    pub(crate) now: Timestamp,
    pub(crate) shops: BTreeMap<StoreId, Shop>,
    /// Whether work is opened for timers; for people otherwise.
    is_auto: bool,
    /// The key of the next command.
    pub(crate) key: Option<RequestKey>,
}

/// One store as its actors would know it.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) sequence: u64,
    pub(crate) tenant: settings::Store,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) payments: BTreeMap<OrderId, payment::State>,
    pub(crate) work: BTreeMap<OrderId, Fulfillment>,
    pub(crate) returns: BTreeMap<OrderId, Book>,
    pub(crate) stock: inventory::Stock,
    pub(crate) desk: fraud::Desk,
    pub(crate) alerts: alert::Desk,
    /// Every alert there ever was, oldest first.
    pub(crate) alerted: Vec<AlertId>,
}

/// What a shopper puts into a cart.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) customer: Option<&'static str>,
    pub(crate) email: Option<&'static str>,
    pub(crate) name: Option<&'static str>,
    pub(crate) lines: Vec<(&'static str, u32)>,
}

impl Wish {
    pub(crate) fn of(lines: &[(&'static str, u32)]) -> Self {
        let (customer, email, name) = (Some("cus_1"), Some("ada@example.com"), Some("Ada Lovelace"));
        Self { customer, email, name, lines: lines.to_vec() }
    }
}

pub(crate) fn id(text: &str) -> StoreId {
    text.parse().expect("a legal store id")
}

pub(crate) fn sku(text: &str) -> Sku {
    text.parse().expect("a legal SKU")
}

pub(crate) fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a legal amount")
}

impl World {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        let (heard, settled) = channel();
        // A test that has ended hears nothing.
        let lane = journal.open_lane(Box::new(move |outcome| drop(heard.send(outcome))));
        Self {
            journal,
            lane,
            settled,
            ticket: 0,
            reached: Cell::new(0),
            ids: IdSource::seeded(7),
            now: START,
            shops: BTreeMap::new(),
            is_auto: false,
            key: None,
        }
    }

    /// A store that is provisioned and has stock.
    pub(crate) fn shop(&mut self, name: &str, stock: &[(&str, u32)]) -> StoreId {
        let store = id(name);
        let command = settings::Command::Provision {
            id: store.clone(),
            name: None,
            currency: "USD".parse().expect("in use"),
            settings: settings::SettingsPatch::default(),
        };
        self.tenancy(&store, command);
        for (sku, on_hand) in stock {
            self.set_item(&store, sku, *on_hand);
        }
        store
    }

    /// Waits until everything is durable; returns the journal's end.
    pub(crate) fn settle(&self) -> Position {
        while self.reached.get() < self.ticket {
            let settled = self.settled.recv().expect("the journal answers every append");
            assert!(settled.refused.is_empty(), "the journal took everything");
            self.reached.set(settled.ticket);
        }
        self.journal.end()
    }

    fn tell<A: Aggregate>(
        &mut self,
        store: &StoreId,
        actor: Actor,
        pick: impl FnOnce(&mut Shop) -> &mut A::State,
        command: A::Command,
    ) -> bool {
        self.now = self.now.plus_millis(1);
        let (at, key) = (self.now, self.key.take());
        let shop = self.shops.entry(store.clone()).or_default();
        let sequence = shop.sequence;
        let state = pick(shop);
        let Ok(events) = A::decide(state, command, at) else { return false };
        let events = Arc::new(events);
        let rows = Row::of(&events, &Meta { key, ..Meta::by(actor) }, sequence + 1, at);
        for event in &*events {
            A::evolve(state, event, at);
        }
        shop.sequence = sequence + rows.len() as u64;
        if rows.is_empty() {
            return false;
        }
        self.ticket += 1;
        let append =
            Append { lane: self.lane, ticket: self.ticket, store: store.clone(), generation: 1, rows };
        self.journal.append(append);
        true
    }

    pub(crate) fn tenancy(&mut self, store: &StoreId, command: settings::Command) -> bool {
        self.tell::<Tenancy>(store, Actor::Api, |shop| &mut shop.tenant, command)
    }

    pub(crate) fn stock(&mut self, store: &StoreId, command: inventory::Command) -> bool {
        self.tell::<Inventory>(store, Actor::Order, |shop| &mut shop.stock, command)
    }

    pub(crate) fn desk(&mut self, store: &StoreId, command: fraud::Command) -> bool {
        self.tell::<Fraud>(store, Actor::Order, |shop| &mut shop.desk, command)
    }

    pub(crate) fn order(&mut self, store: &StoreId, order: OrderId, command: order::Command) -> bool {
        self.tell::<Orders>(store, Actor::Api, |shop| shop.orders.entry(order).or_default(), command)
    }

    pub(crate) fn pay(&mut self, store: &StoreId, order: OrderId, command: payment::Command) -> bool {
        self.tell::<Payment>(store, Actor::Bank, |shop| shop.payments.entry(order).or_default(), command)
    }

    pub(crate) fn work(&mut self, store: &StoreId, order: OrderId, command: fulfillment::Command) -> bool {
        self.tell::<Fulfillments>(
            store,
            Actor::Fulfillment,
            |shop| shop.work.entry(order).or_default(),
            command,
        )
    }

    pub(crate) fn hear(&mut self, store: &StoreId, order: OrderId, outcome: order::Outcome) -> bool {
        self.order(store, order, order::Command::Hear(outcome))
    }

    pub(crate) fn alert(&mut self, store: &StoreId, command: alert::Command) -> bool {
        self.tell::<Alerts>(store, Actor::Store, |shop| &mut shop.alerts, command)
    }

    /// Something is wrong, or not any more.
    pub(crate) fn observe(&mut self, store: &StoreId, signal: Signal) -> AlertId {
        let id = self.ids.next(self.now);
        self.alert(store, alert::Command::Observe { id, signal });
        let shop = self.shops.entry(store.clone()).or_default();
        if shop.alerts.alert(id).is_some() {
            shop.alerted.push(id);
        }
        id
    }

    pub(crate) fn set_item(&mut self, store: &StoreId, name: &str, on_hand: u32) -> bool {
        let set = inventory::SetItem {
            sku: sku(name),
            name: Some(name.into()),
            unit_price: Some(amount(1_000)),
            on_hand,
            reorder_point: Some(5),
            safety_stock: None,
        };
        self.stock(store, inventory::Command::SetItem(set))
    }

    /// Takes an order.
    pub(crate) fn place(&mut self, store: &StoreId, wish: &Wish) -> OrderId {
        let now = self.now;
        let id: OrderId = self.ids.next(now);
        let lines: Vec<order::Line> = wish
            .lines
            .iter()
            .map(|(name, quantity)| order::Line {
                id: LineId::from_bits(self.ids.next::<LineId>(now).bits()),
                sku: sku(name),
                quantity: Quantity::new(*quantity).expect("a legal quantity"),
                unit_price: amount(1_000),
            })
            .collect();
        let total = lines.iter().map(|line| i64::from(line.quantity.units()) * 1_000).sum();
        let address = wish.name.map(|name| order::Address {
            name: Some(name.into()),
            line1: Some("1 Loop Rd".into()),
            city: Some("London".into()),
            postal_code: Some("N1".into()),
            country: "GB".into(),
            ..order::Address::default()
        });
        let cart = order::Cart {
            customer: order::Customer {
                id: wish.customer.map(Into::into),
                email: wish.email.map(Into::into),
                ip: Some([203, 0, 113, 9].into()),
            },
            currency: "USD".parse().expect("in use"),
            lines,
            shipping_address: address,
            payment: order::PaymentChoice { payment_method: "pm_card_visa".into() },
            metadata: BTreeMap::from([("channel".to_owned(), "web".to_owned())]),
            total: amount(total),
        };
        let placement = order::Placement {
            id,
            reservation: ReservationId::from_bits(id.bits()),
            payment: payment::id_of(id),
            cart,
            policy: order::Policy { reservation_ttl_s: 900, order_deadline_s: 86_400 },
            trace_id: None,
        };
        self.order(store, id, order::Command::Place(Box::new(placement)));
        id
    }

    fn cart(&self, store: &StoreId, order: OrderId) -> Option<order::Cart> {
        Some(self.shops.get(store)?.orders.get(&order)?.placed()?.cart.as_ref().clone())
    }

    /// Inventory answers the order.
    pub(crate) fn reserve(&mut self, store: &StoreId, order: OrderId) {
        if !matches!(self.phase(store, order), Some(order::Phase::Reserving)) {
            return;
        }
        let Some(cart) = self.cart(store, order) else { return };
        let reserve = inventory::Reserve {
            reservation: ReservationId::from_bits(order.bits()),
            order,
            lines: cart.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect(),
            expires_at: self.now.plus_secs(900),
            policy: inventory::OutOfStock::Cancel,
        };
        self.stock(store, inventory::Command::Reserve(reserve));
        let standing = self.shops.get(store).and_then(|shop| shop.stock.standing(order));
        self.hear(
            store,
            order,
            match standing {
                Some(inventory::Standing::Held { .. } | inventory::Standing::Committed { .. }) => {
                    order::Outcome::StockHeld
                }
                Some(inventory::Standing::Expired | inventory::Standing::Ended) | None => {
                    order::Outcome::StockShort { lacking: "some".into() }
                }
            },
        );
    }

    /// Fraud answers the order.
    pub(crate) fn assess(&mut self, store: &StoreId, order: OrderId) {
        if !matches!(self.phase(store, order), Some(order::Phase::Screening | order::Phase::OnHold { .. })) {
            return;
        }
        let Some(cart) = self.cart(store, order) else { return };
        let facts = fraud::Facts {
            order,
            total: cart.total,
            subtotal: cart.total,
            currency: cart.currency,
            line_count: 1,
            units: 1,
            skus: cart.lines.iter().map(|line| line.sku.clone()).collect(),
            customer_id: cart.customer.id.clone(),
            email: cart.customer.email.clone(),
            ip: cart.customer.ip,
            country: Some("GB".into()),
            postal_code: Some("N1".into()),
            address_line: Some("1 Loop Rd".into()),
            payment_method: cart.payment.payment_method.clone(),
            review: fraud::ReviewPolicy { sla_s: 3_600, on_lapse: fraud::OnLapse::Reject },
        };
        self.desk(store, fraud::Command::Assess(Box::new(facts)));
        let Some(shop) = self.shops.get(store) else { return };
        let risk = |verdict: fraud::VerdictSummary<'_>| order::Risk {
            score: verdict.score,
            level: "normal".into(),
            rules: verdict.rules.iter().map(ToString::to_string).collect(),
        };
        let outcome = match shop.desk.standing(order) {
            Some(fraud::Standing::Passed(verdict)) => order::Outcome::Cleared { risk: risk(verdict) },
            Some(fraud::Standing::Blocked(verdict)) => order::Outcome::Blocked { risk: risk(verdict) },
            Some(fraud::Standing::Waiting { verdict, due_at }) => {
                order::Outcome::Parked { risk: risk(verdict), due_at }
            }
            Some(fraud::Standing::Approved) => {
                order::Outcome::Reviewed { clearance: order::Clearance::Approved }
            }
            Some(fraud::Standing::Rejected) => {
                order::Outcome::Reviewed { clearance: order::Clearance::Rejected }
            }
            Some(fraud::Standing::Withdrawn) | None => return,
        };
        self.hear(store, order, outcome);
    }

    /// Takes an order all the way to `confirmed`.
    pub(crate) fn confirmed(&mut self, store: &StoreId, wish: &Wish) -> OrderId {
        let order = self.place(store, wish);
        self.reserve(store, order);
        self.assess(store, order);
        self.begin(store, order);
        self.charge(store, order);
        self.commit(store, order);
        order
    }
}

//! Stores that journal real events of real aggregates, without actors: what views and their checker are tested with.
//!
//! `shop` gives commands; whatever is decided goes to the journal. Each shop's own state stands beside it, to be compared.

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

    /// What people do with one of the newest alerts.
    fn tend(&mut self, store: &StoreId, which: usize, how: usize) {
        let Some(id) =
            self.shops.get(store).and_then(|shop| shop.alerted.iter().nth_back(which % 9)).copied()
        else {
            return;
        };
        let by = Some("ada".into());
        let command = match how % 4 {
            0 => alert::Command::Acknowledge { id, by },
            1 => alert::Command::Silence { id, minutes: 30 },
            2 => alert::Command::Resolve { id, by },
            _ => alert::Command::Escalate,
        };
        self.alert(store, command);
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

    /// A payment begins.
    pub(crate) fn begin(&mut self, store: &StoreId, order: OrderId) {
        if !matches!(self.phase(store, order), Some(order::Phase::Paying)) {
            return;
        }
        let Some(cart) = self.cart(store, order) else { return };
        let command = payment::Command::Begin {
            order,
            amount: cart.total,
            currency: cart.currency,
            method: cart.payment.payment_method,
            capture: payment::Capture::Automatic,
            retry: payment::RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 3 },
            gateway_ready: true,
        };
        self.pay(store, order, command);
    }

    /// The bank answers whatever it was last asked.
    pub(crate) fn bank(&mut self, store: &StoreId, order: OrderId, outcome: bank::Outcome) -> bool {
        let work = self.shops.get(store).and_then(|shop| shop.payments.get(&order)).and_then(|state| {
            state.begun().and_then(|begun| begun.work.as_ref().map(|work| (work.operation, work.attempt)))
        });
        let Some((operation, attempt)) = work else { return false };
        self.pay(store, order, payment::Command::Answered { operation, attempt, outcome })
    }

    /// The bank says that all of it was taken.
    pub(crate) fn charge(&mut self, store: &StoreId, order: OrderId) {
        let Some(cart) = self.cart(store, order) else { return };
        let snapshot = bank::Snapshot {
            intent: format!("pi_{}", order.bits()).into(),
            status: bank::IntentStatus::Succeeded,
            amount: cart.total,
            currency: Some(cart.currency),
            captured: cart.total,
            charge: Some("ch_1".into()),
        };
        if self.works_at(store, order, |operation| operation == bank::Operation::Authorize) {
            self.bank(store, order, bank::Outcome::Intent(snapshot));
            self.report(store, order);
        }
    }

    fn works_at(&self, store: &StoreId, order: OrderId, is: impl Fn(bank::Operation) -> bool) -> bool {
        let begun = self.shops.get(store).and_then(|shop| shop.payments.get(&order)?.begun());
        begun.and_then(|begun| begun.work.as_ref()).is_some_and(|work| is(work.operation))
    }

    /// The order hears where its payment stands.
    fn report(&mut self, store: &StoreId, order: OrderId) {
        use payment::Standing;
        let state = self.shops.get(store).and_then(|shop| shop.payments.get(&order));
        let outcome = match state.and_then(Payment::standing) {
            Some(Standing::Captured { amount, .. }) => {
                order::Outcome::PaymentSettled { authorized: amount, captured: amount }
            }
            Some(Standing::Failed { .. }) => order::Outcome::PaymentFailed { code: "stolen_card".into() },
            Some(Standing::Undone { captured, refunded }) => {
                order::Outcome::PaymentUndone { captured, refunded }
            }
            Some(
                Standing::Pending { .. }
                | Standing::RequiresAction { .. }
                | Standing::Authorized { .. }
                | Standing::Undoing { .. },
            ) => return,
            // It never began.
            None => order::Outcome::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO },
        };
        self.hear(store, order, outcome);
    }

    fn phase(&self, store: &StoreId, order: OrderId) -> Option<&order::Phase> {
        Some(&self.shops.get(store)?.orders.get(&order)?.placed()?.phase)
    }

    /// The bank says no.
    pub(crate) fn decline(&mut self, store: &StoreId, order: OrderId) {
        let decline = bank::Decline {
            code: "card_declined".into(),
            decline_code: Some("stolen_card".into()),
            message: "no".into(),
            intent: None,
        };
        if self.works_at(store, order, |operation| operation == bank::Operation::Authorize) {
            self.bank(store, order, bank::Outcome::Declined(Box::new(decline)));
            self.report(store, order);
        }
    }

    /// Inventory promises what it held.
    pub(crate) fn commit(&mut self, store: &StoreId, order: OrderId) {
        if matches!(self.phase(store, order), Some(order::Phase::Committing))
            && self.stock(store, inventory::Command::Commit { order })
        {
            self.open(store, order);
            self.hear(store, order, order::Outcome::StockCommitted);
        }
    }

    /// Work begins.
    fn open(&mut self, store: &StoreId, order: OrderId) {
        let Some(cart) = self.cart(store, order) else { return };
        let mode = if self.is_auto { fulfillment::Mode::Auto } else { fulfillment::Mode::Manual };
        let short_pick = fulfillment::ShortPick::Refund;
        let undelivered = fulfillment::Undelivered::Restock;
        let policy =
            fulfillment::Policy { mode, stage_s: 1, transit_s: 5, stalled_s: 60, short_pick, undelivered };
        let line = |line: &order::Line| fulfillment::Line {
            line: line.id,
            sku: line.sku.clone(),
            quantity: line.quantity.units(),
        };
        let lines = cart.lines.iter().map(line).collect();
        let opening = fulfillment::Opening { order, policy, lines, owed: Vec::new() };
        self.work(store, order, fulfillment::Command::Open(Box::new(opening)));
    }

    fn work_on(&self, store: &StoreId, order: OrderId) -> Option<&fulfillment::Work> {
        self.shops.get(store)?.work.get(&order)?.work()
    }

    /// Something happens to the goods of an order: people, timers and carriers take turns, and siblings hear of it.
    pub(crate) fn forward(&mut self, store: &StoreId, order: OrderId, how: usize) {
        use fulfillment::{Command, Move, Outcome, Stage, TrackerStatus, Units};
        let Some(work) = self.work_on(store, order) else { return };
        let one = &work.orders[how % work.orders.len()];
        let number = one.number;
        let first = one.lines.first().map(|line| Units { line: line.line, quantity: 1 });
        let to = match (how % 11, &one.phase) {
            (0, _) => Move::Hold { note: None },
            (1, fulfillment::Phase::Working(Stage::Picking)) => {
                Move::Short { lines: first.into_iter().collect() }
            }
            (1, _) => Move::Split { lines: first.into_iter().collect() },
            (_, fulfillment::Phase::OnHold { .. }) => Move::Release,
            (_, fulfillment::Phase::Working(Stage::ReadyToShip)) => {
                Move::Ship { carrier: None, tracking_code: Some("1Z".into()) }
            }
            (_, fulfillment::Phase::Working(stage)) => Move::Stage(stage.next().unwrap_or(*stage)),
            (2, _) => Move::Carried(TrackerStatus::ReturnToSender),
            (6, _) => Move::Lose,
            (3 | 4, _) => Move::Carried(TrackerStatus::Delivered),
            _ => Move::Carried(TrackerStatus::InTransit),
        };
        self.work(store, order, if how % 5 == 4 { Command::Tick } else { Command::Advance { number, to } });
        let due = self.shops.get(store).and_then(|shop| shop.work.get(&order)).map(Fulfillments::due);
        for step in due.map(|due| due.steps).unwrap_or_default() {
            match step {
                fulfillment::Step::Dispatch { number } => {
                    let Some(one) = self.work_on(store, order).and_then(|work| work.order_of(number)) else {
                        continue;
                    };
                    let (units, lines) = (one.units(), &one.lines);
                    let lines = lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
                    let parcel = inventory::Parcel { number, lines };
                    self.hear(store, order, order::Outcome::ParcelReady { number, units });
                    let placed = self.shops.get(store).and_then(|shop| shop.orders.get(&order)?.placed());
                    if placed.is_some_and(|placed| placed.goods.may_leave(number))
                        && self.stock(store, inventory::Command::Ship { order, parcel: Some(parcel) })
                    {
                        self.work(store, order, Command::Hear(Outcome::Dispatched { number }));
                    }
                }
                fulfillment::Step::GiveUp { number, is_missing } => {
                    let Some(one) = self.work_on(store, order).and_then(|work| work.order_of(number)) else {
                        continue;
                    };
                    let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
                    let parcel = inventory::Parcel { number, lines };
                    self.stock(store, inventory::Command::GiveBack { order, parcel, is_missing });
                    self.work(store, order, Command::Hear(Outcome::GivenUp { number }));
                }
                fulfillment::Step::Report { progress } => {
                    let heard = told(progress.clone());
                    self.hear(store, order, order::Outcome::GoodsMoved { progress: heard });
                    self.work(store, order, Command::Hear(Outcome::Noted { progress }));
                    self.refund_lines(store, order);
                }
                fulfillment::Step::TakeBack { number } => {
                    let Some(one) = self.work_on(store, order).and_then(|work| work.order_of(number)) else {
                        continue;
                    };
                    let Some(ending) = one.shipment().and_then(|parcel| parcel.ending.as_ref()) else {
                        continue;
                    };
                    let lines = undelivered(one, ending.becomes);
                    if self.stock(store, inventory::Command::TakeBackParcel { order, number, lines }) {
                        self.work(store, order, Command::Hear(Outcome::StockBooked { number }));
                    }
                }
                fulfillment::Step::Warn { number, trouble } => {
                    self.work(store, order, Command::Hear(Outcome::Warned { number, trouble }));
                }
            }
        }
    }

    pub(crate) fn returns(&mut self, store: &StoreId, order: OrderId, command: returns::Command) -> bool {
        self.tell::<Returns>(store, Actor::Api, |shop| shop.returns.entry(order).or_default(), command)
    }

    /// Something happens to what comes back of an order, and siblings hear of it, now or the next time.
    pub(crate) fn bring_back(&mut self, store: &StoreId, order: OrderId, how: usize) {
        use returns::{Asked, Command, Disposition, Parcel, Phase, Reason, Seen, What};
        let Some(shop) = self.shops.get(store) else { return };
        let Some(placed) = shop.orders.get(&order).and_then(Order::placed) else { return };
        let newest = shop.returns.get(&order).and_then(|book| book.returns.last());
        let quantity = 1 + u32::try_from(how % 2).unwrap_or(0);
        let command = match newest.filter(|_| how % 6 != 5) {
            None => {
                let approval = if how.is_multiple_of(3) {
                    returns::Approval::Manual
                } else {
                    returns::Approval::Automatic
                };
                let refund_on =
                    if how.is_multiple_of(4) { returns::RefundOn::Close } else { returns::RefundOn::Receipt };
                let what = What::Sku(sku(SKUS[how % SKUS.len()]));
                Command::Request(Box::new(returns::Request {
                    order,
                    policy: returns::Policy { approval, refund_on },
                    window_s: 0,
                    lines: vec![Asked { what, quantity, reason: Reason::Other }],
                    note: None,
                    delivered: delivered(placed, shop.work.get(&order)),
                }))
            }
            Some(one) => {
                let number = one.number;
                let line = one.lines.iter().find(|line| line.received < line.quantity);
                match (one.phase, how % 5, line) {
                    (Phase::Requested, 0, _) => Command::Decline { number, note: None },
                    (Phase::Requested, _, _) => Command::Approve { number },
                    (Phase::Open | Phase::InTransit, 0, _) => Command::Cancel { number },
                    (Phase::Open, 1, _) => Command::Ship { number, parcel: Parcel::default() },
                    (_, 0 | 1, _) | (_, _, None) => Command::Close { number },
                    (_, _, Some(line)) => {
                        let disposition = Disposition::ALL[how % Disposition::ALL.len()];
                        let quantity = quantity.min(line.quantity - line.received);
                        let seen = Seen { what: What::Line(line.line), quantity, disposition };
                        Command::Receive { number, lines: vec![seen] }
                    }
                }
            }
        };
        self.returns(store, order, command);
        if how % 7 != 6 {
            self.follow_up(store, order);
        }
    }

    /// Takes an order all the way to its shopper, and a piece of it back.
    pub(crate) fn sent_back(&mut self, store: &StoreId, wish: &Wish) -> OrderId {
        self.is_auto = false;
        let order = self.confirmed(store, wish);
        // Stage by stage, out of the house, and there.
        for _ in 0..7 {
            self.forward(store, order, 5);
        }
        self.forward(store, order, 3);
        // Asked for, and received to be sold again.
        self.bring_back(store, order, 10);
        self.bring_back(store, order, 12);
        order
    }

    /// Siblings do what returns owe.
    fn follow_up(&mut self, store: &StoreId, order: OrderId) {
        use returns::{Command, Disposition, Outcome, Step};
        loop {
            let Some(book) = self.shops.get(store).and_then(|shop| shop.returns.get(&order)).cloned() else {
                return;
            };
            let Some(step) = Returns::due(&book).steps.into_iter().next() else { return };
            let outcome = match step {
                Step::BookStock { receipt } => {
                    let (_, owed) = book.receipt(receipt).expect("it is owed");
                    let of = |piece: &returns::Piece, wanted| {
                        if piece.disposition == wanted { piece.quantity } else { 0 }
                    };
                    let line = |piece: &returns::Piece| inventory::ReturnedLine {
                        sku: piece.sku.clone(),
                        restocked: of(piece, Disposition::Restock),
                        damaged: of(piece, Disposition::Damaged),
                        written_off: of(piece, Disposition::WriteOff),
                        to_vendor: of(piece, Disposition::ReturnToVendor),
                    };
                    let lines = owed.lines.iter().map(line).collect();
                    self.stock(store, inventory::Command::TakeBack { order, receipt, lines });
                    let known = self.shops.get(store).and_then(|shop| shop.stock.reservation(order));
                    match known.is_some_and(|known| known.has_receipt(receipt)) {
                        true => Outcome::StockBooked { receipt },
                        false => Outcome::StockRefused { receipt, why: "no".into() },
                    }
                }
                Step::Refund { number, receipt } => {
                    let owed = book.get(number).expect("it is owed").refunds.iter();
                    let owed = owed.clone().find(|refund| refund.receipt == receipt).expect("it is owed");
                    let reference = Some(owed.reference(number));
                    let wish = payment::Wish {
                        how_much: payment::HowMuch::AtMost(owed.value),
                        reason: payment::RefundReason::Return,
                        reference: reference.clone(),
                    };
                    self.pay(store, order, payment::Command::Refund(wish));
                    let begun = self.shops.get(store).and_then(|shop| shop.payments.get(&order)?.begun());
                    let found = begun
                        .and_then(|begun| begun.refunds.iter().find(|refund| refund.reference == reference));
                    match found {
                        Some(known) => {
                            let (refund, amount) = (known.number, known.amount);
                            Outcome::RefundTaken { number, receipt, refund, amount }
                        }
                        None => Outcome::RefundRefused {
                            number,
                            receipt,
                            why: "nothing is left".into(),
                            is_still_owed: false,
                        },
                    }
                }
                Step::Warn { number, is_refused } => Outcome::Warned { number, is_refused },
                Step::Report { pieces } => {
                    self.hear(store, order, order::Outcome::GoodsReturned { pieces });
                    Outcome::Noted { pieces }
                }
            };
            self.returns(store, order, Command::Hear(outcome));
        }
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

    /// Takes an order back, as far as it is.
    pub(crate) fn cancel(&mut self, store: &StoreId, order: OrderId) {
        if matches!(self.phase(store, order), None | Some(order::Phase::Closed { .. })) {
            return;
        }
        if !self.order(store, order, order::Command::Cancel { reason: order::CancelReason::Customer }) {
            return;
        }
        if matches!(self.phase(store, order), Some(order::Phase::Confirmed)) {
            return self.cancel_remainder(store, order);
        }
        self.work(store, order, fulfillment::Command::Cancel { order, except: 0 });
        let progress = order::Progress::default();
        self.hear(store, order, order::Outcome::FulfillmentCanceled { progress });
        let reason = inventory::ReleaseReason::Canceled;
        self.stock(store, inventory::Command::Release { order, reason });
        self.hear(store, order, order::Outcome::StockReleased);
        self.pay(store, order, payment::Command::Cancel { reason: "canceled".into() });
        self.report(store, order);
    }

    /// Part of it has left; the rest stays and is free again.
    fn cancel_remainder(&mut self, store: &StoreId, order: OrderId) {
        let placed = self.shops.get(store).and_then(|shop| shop.orders.get(&order)?.placed());
        let except = placed.map_or(0, |placed| placed.goods.let_go);
        self.work(store, order, fulfillment::Command::Cancel { order, except });
        let Some(work) = self.work_on(store, order) else { return };
        let progress = told(work.progress());
        let stays = work.orders.iter().filter(|one| one.phase == fulfillment::Phase::Canceled);
        let stays: Vec<inventory::Parcel> = stays
            .map(|one| {
                let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
                inventory::Parcel { number: one.number, lines }
            })
            .collect();
        for parcel in stays {
            self.stock(store, inventory::Command::GiveBack { order, parcel, is_missing: false });
        }
        self.hear(store, order, order::Outcome::FulfillmentCanceled { progress });
        self.refund_lines(store, order);
    }

    /// What the pieces cost that will not leave goes back.
    fn refund_lines(&mut self, store: &StoreId, order: OrderId) {
        let placed = self.shops.get(store).and_then(|shop| shop.orders.get(&order));
        let steps = placed.map(Orders::due).map(|due| due.steps).unwrap_or_default();
        for step in steps {
            if let order::Step::RefundLines { value, .. } = step {
                self.hear(store, order, order::Outcome::LinesRefunded { value });
            }
        }
    }

    /// The bank has given everything back.
    pub(crate) fn refunded(&mut self, store: &StoreId, order: OrderId) {
        let begun = self.shops.get(store).and_then(|shop| shop.payments.get(&order)?.begun());
        let Some(work) = begun.and_then(|begun| begun.work.as_ref()) else { return };
        let receipt = bank::RefundReceipt {
            id: format!("re_{}", work.operation).into(),
            amount: work.amount,
            progress: bank::RefundProgress::Succeeded,
        };
        if self.works_at(store, order, |operation| matches!(operation, bank::Operation::Refund(_))) {
            self.bank(store, order, bank::Outcome::Refunded(receipt));
            self.report(store, order);
        }
    }
}

/// SKUs that random shops sell; the last is never in stock.
const SKUS: [&str; 5] = ["TSHIRT-M", "MUG", "POST", "hat \"big\"", "GHOST"];
const EMAILS: [Option<&str>; 4] =
    [Some("ada@example.com"), Some("Grace@Example.com"), Some("zoë@example.com"), None];
const CUSTOMERS: [Option<&str>; 3] = [Some("cus_1"), Some("cus_2"), None];
const NAMES: [Option<&str>; 4] = [Some("Ada Lovelace"), Some("Grace Hopper"), Some("Zoë Ö"), None];

impl World {
    /// Does something that may happen to some order of a store, whatever it leads to.
    pub(crate) fn happen(&mut self, store: &StoreId, what: u8, which: u8, how: u8) {
        let (which, how) = (usize::from(which), usize::from(how));
        let known = self.shops.get(store).map_or(0, |shop| shop.orders.len());
        let order =
            self.shops.get(store).and_then(|shop| shop.orders.keys().nth_back(which % known.max(1)).copied());
        if what % 4 == 1 {
            self.key = Some(RequestKey::new(&format!("key-{store}-{which}-{how}"), &[&[what]]));
        }
        let wish = Wish {
            customer: CUSTOMERS[how % CUSTOMERS.len()],
            email: EMAILS[how / 3 % EMAILS.len()],
            name: NAMES[how / 5 % NAMES.len()],
            lines: (0..=how % 3)
                .map(|n| (SKUS[(which + 2 * n) % SKUS.len()], 1 + u32::from(how > 100)))
                .collect(),
        };
        self.now = self.now.plus_millis(how as u64 * 1_000);
        let Some(order) = order else {
            self.place(store, &wish);
            return;
        };
        self.is_auto = how.is_multiple_of(2);
        for turn in 0..usize::from(what) % 5 {
            self.forward(store, order, how + turn);
        }
        for turn in 0..which % 4 {
            self.bring_back(store, order, how + turn);
        }
        match what % 26 {
            0..=3 => {
                self.place(store, &wish);
            }
            4 | 5 => self.reserve(store, order),
            6 | 7 => self.assess(store, order),
            8 => self.begin(store, order),
            9 | 10 => self.charge(store, order),
            11 => self.commit(store, order),
            12 => self.decline(store, order),
            13 => self.cancel(store, order),
            14 => self.refunded(store, order),
            15 => {
                self.set_item(store, SKUS[which % 4], u32::try_from(how).unwrap_or(0) / 8);
            }
            16 => {
                let (sku, delta) = (sku(SKUS[which % 4]), how as i64 - 100);
                self.stock(store, inventory::Command::Adjust { sku, delta, reason: "counted".into() });
            }
            17 => {
                self.stock(store, inventory::Command::Expire);
            }
            18 => {
                self.order(store, order, order::Command::Lapse);
            }
            19 => {
                let note = Some("looked at".into());
                let command = if how > 100 {
                    fraud::Command::Approve { order, note }
                } else {
                    fraud::Command::Reject { order, note }
                };
                self.desk(store, command);
                self.assess(store, order);
            }
            20 => {
                self.desk(store, fraud::Command::SetRules { rules: rules(how) });
            }
            21 => {
                let reason = bank::Reason::TimedOut;
                self.bank(store, order, bank::Outcome::Unknown { reason, replayed: false });
            }
            22 => {
                self.pay(store, order, payment::Command::Resume);
            }
            23 => {
                let kind = Kind::ALL[how % Kind::ALL.len()];
                let (subject, times) = (SKUS[which % SKUS.len()].into(), 1 + u32::from(how > 150));
                let signal = if how % 3 == 0 {
                    Signal::Clear { kind, subject, times: 0 }
                } else {
                    Signal::Raise { kind, subject, message: format!("{how}").into(), times }
                };
                self.observe(store, signal);
            }
            24 => self.tend(store, which, how),
            _ => {
                let name = Some(format!("Shop {how}"));
                let settings = settings::SettingsPatch::default();
                self.tenancy(store, settings::Command::Configure { name, settings, status: None });
                // From beginning to end, for the reviews' sake and for long lists.
                self.confirmed(store, &wish);
            }
        }
    }
}

/// Every line of an order, and how much of it arrived.
fn delivered(placed: &order::Placed, work: Option<&Fulfillment>) -> Vec<returns::Delivered> {
    let parcels = work.and_then(Fulfillment::work).map_or(&[][..], |work| &work.orders);
    let there = parcels.iter().filter(|one| {
        one.shipment().is_some_and(|parcel| parcel.status == fulfillment::TrackerStatus::Delivered)
    });
    let parts: Vec<&fulfillment::Line> = there.flat_map(|one| &one.lines).collect();
    let line = |line: &order::Line| returns::Delivered {
        line: line.id,
        sku: line.sku.clone(),
        unit_price: line.unit_price,
        quantity: parts.iter().filter(|part| part.line == line.id).map(|part| part.quantity).sum(),
        at: None,
    };
    placed.cart.lines.iter().map(line).collect()
}

fn rules(how: usize) -> Vec<fraud::Rule> {
    let rule = |name: &str, action, when: &str| fraud::Rule {
        name: name.into(),
        action,
        when: when.into(),
        enabled: true,
    };
    match how % 3 {
        0 => Vec::new(),
        1 => vec![rule("large", fraud::Action::Review, "order.total > 1500")],
        _ => vec![rule("all", fraud::Action::Block, "order.total > 2500")],
    }
}

/// How far goods are, as an order hears it.
fn told(of: fulfillment::Progress) -> order::Progress {
    let fulfillment::Progress { shipped, delivered, returned, canceled, undelivered, lost, is_held } = of;
    let parts = |parts: Vec<fulfillment::Units>| {
        let part =
            |part: fulfillment::Units| order::CanceledUnits { line: part.line, quantity: part.quantity };
        parts.into_iter().map(part).collect()
    };
    let (canceled, undelivered) = (parts(canceled), parts(undelivered));
    order::Progress { shipped, delivered, returned, canceled, undelivered, lost, is_held }
}

/// What was in a parcel that does not arrive, as inventory hears it.
fn undelivered(one: &fulfillment::WorkOrder, becomes: fulfillment::Becomes) -> Vec<inventory::ReturnedLine> {
    use fulfillment::Becomes as B;
    let line = |line: &fulfillment::Line| inventory::ReturnedLine {
        sku: line.sku.clone(),
        restocked: if becomes == B::Restock { line.quantity } else { 0 },
        damaged: if becomes == B::Damaged { line.quantity } else { 0 },
        written_off: if matches!(becomes, B::WriteOff | B::Lost) { line.quantity } else { 0 },
        to_vendor: 0,
    };
    one.lines.iter().map(line).collect()
}

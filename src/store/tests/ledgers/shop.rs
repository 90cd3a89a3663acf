//! One order with everything that decides about it, wired as a store is, without actors, journal and threads.

use std::collections::VecDeque;

use super::bank::{Bank, Dice};
use crate::fulfillment::{self, Fulfillment, Fulfillments};
use crate::inventory::{self, Inventory, Stock};
use crate::order::{self, Order, Orders, Placed};
use crate::payment::bank::{Call, Outcome};
use crate::payment::{self, Payment};
use crate::returns::{self, Book, Returns};
use crate::runtime::Aggregate;
use crate::store::wiring;
use crate::store::wiring::goods::progress as told;
use crate::types::{Amount, OrderId, ReservationId, Timestamp};

/// What is still to be done.
enum Todo {
    Order(order::Step),
    Payment(payment::Step),
    Work(fulfillment::Step),
    Returns(returns::Step),
    Bank(Call),
}

/// An order, its siblings, and the bank.
pub(super) struct Shop {
    pub(super) id: OrderId,
    pub(super) now: Timestamp,
    pub(super) order: Order,
    pub(super) payment: payment::State,
    pub(super) work: Fulfillment,
    pub(super) book: Book,
    pub(super) stock: Stock,
    pub(super) bank: Bank,
    pub(super) dice: Dice,
    /// Whether the line to the bank is bad.
    pub(super) is_stormy: bool,
    pub(super) capture: payment::Capture,
    pub(super) undelivered: fulfillment::Undelivered,
    todo: VecDeque<Todo>,
    /// What the bank said, to be said again.
    said: Vec<payment::Command>,
    active_since: Timestamp,
    /// Every entry of the ledger of stock, summed.
    pub(super) posted: std::collections::BTreeMap<String, inventory::Balance>,
}

/// What a command led to: events, and what became due.
type Told<A> = (Vec<<A as Aggregate>::Event>, Vec<<A as Aggregate>::Step>, Option<<A as Aggregate>::Call>);

/// Decides and folds; says what became due, as the actor does.
fn tell<A: Aggregate>(
    state: &mut A::State,
    command: A::Command,
    now: Timestamp,
) -> Result<Told<A>, A::Rejection> {
    let events = A::decide(state, command, now)?;
    let before = A::due(state);
    let mut steps = Vec::new();
    for event in &events {
        A::evolve(state, event, now);
        steps.extend(A::tells(state, event));
    }
    let due = A::due(state);
    steps.extend(due.steps.into_iter().filter(|step| !before.steps.contains(step)));
    let call = due.call.filter(|call| before.call.as_ref() != Some(call));
    Ok((events, steps, call))
}

impl Shop {
    pub(super) fn new(id: OrderId, now: Timestamp, dice: Dice, capture: payment::Capture) -> Self {
        Self {
            id,
            now,
            order: Order::default(),
            payment: payment::State::default(),
            work: Fulfillment::default(),
            book: Book::default(),
            stock: Stock::default(),
            bank: Bank::default(),
            dice,
            is_stormy: true,
            capture,
            undelivered: fulfillment::Undelivered::default(),
            todo: VecDeque::new(),
            said: Vec::new(),
            active_since: now,
            posted: std::collections::BTreeMap::new(),
        }
    }

    pub(super) fn placed(&self) -> &Placed {
        self.order.placed().expect("it was placed")
    }

    // ── asking each of them ──

    pub(super) fn ask_order(&mut self, command: order::Command) -> bool {
        let Ok((_, steps, _)) = tell::<Orders>(&mut self.order, command, self.now) else { return false };
        self.todo.extend(steps.into_iter().map(Todo::Order));
        true
    }

    pub(super) fn ask_payment(&mut self, command: payment::Command) -> Result<(), payment::Rejection> {
        let (_, steps, call) = tell::<Payment>(&mut self.payment, command, self.now)?;
        self.todo.extend(steps.into_iter().map(Todo::Payment));
        self.todo.extend(call.map(|errand| Todo::Bank(errand.call)));
        Ok(())
    }

    pub(super) fn ask_work(&mut self, command: fulfillment::Command) -> bool {
        let Ok((_, steps, _)) = tell::<Fulfillments>(&mut self.work, command, self.now) else { return false };
        self.todo.extend(steps.into_iter().map(Todo::Work));
        true
    }

    pub(super) fn ask_returns(&mut self, command: returns::Command) -> bool {
        let Ok((_, steps, _)) = tell::<Returns>(&mut self.book, command, self.now) else { return false };
        self.todo.extend(steps.into_iter().map(Todo::Returns));
        true
    }

    pub(super) fn ask_stock(&mut self, command: inventory::Command) -> Result<(), inventory::Rejection> {
        let (events, ..) = tell::<Inventory>(&mut self.stock, command, self.now)?;
        for entry in events.iter().flat_map(inventory::Event::entries) {
            self.posted.entry(entry.sku.to_string()).or_default().post(entry.kind, entry.quantity);
        }
        Ok(())
    }

    fn hear(&mut self, outcome: order::Outcome) {
        self.ask_order(order::Command::Hear(outcome));
    }

    // ── what happens by itself ──

    /// Does what is to be done, up to so many things.
    pub(super) fn run(&mut self, most: usize) {
        for _ in 0..most {
            let Some(todo) = self.todo.pop_front() else { return };
            match todo {
                Todo::Order(step) => self.order_step(step),
                Todo::Payment(step) => self.payment_step(step),
                Todo::Work(step) => self.work_step(step),
                Todo::Returns(step) => self.returns_step(step),
                Todo::Bank(call) => self.call(&call),
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.todo.is_empty()
    }

    /// The power fails: what was under way is forgotten, what is owed is not.
    pub(super) fn crash(&mut self) {
        self.todo.clear();
        self.active_since = self.now;
        let payment = Payment::due(&self.payment);
        self.todo.extend(payment.steps.into_iter().map(Todo::Payment));
        self.todo.extend(payment.call.map(|errand| Todo::Bank(errand.call)));
        self.todo.extend(Fulfillments::due(&self.work).steps.into_iter().map(Todo::Work));
        self.todo.extend(Returns::due(&self.book).steps.into_iter().map(Todo::Returns));
        self.todo.extend(Orders::due(&self.order).steps.into_iter().map(Todo::Order));
    }

    /// Time passes until the next timer, and it rings, if that is within so many seconds. Says whether there was one.
    pub(super) fn ring(&mut self, within_s: u64) -> bool {
        let (payment, work, order) = (
            Payment::due(&self.payment).timer,
            Fulfillments::due(&self.work).timer,
            Orders::due(&self.order).timer,
        );
        let times = [
            payment.as_ref().map(|(at, _)| *at),
            work.as_ref().map(|(at, _)| *at),
            order.as_ref().map(|(at, _)| *at),
        ];
        let Some(next) = times.into_iter().flatten().min() else { return false };
        if next > self.now.plus_secs(within_s) {
            return false;
        }
        self.now = self.now.max(next);
        self.bank.drift(self.now);
        if let Some((_, command)) = payment.filter(|(at, _)| *at <= self.now) {
            let _ = self.ask_payment(command);
        }
        if let Some((_, command)) = work.filter(|(at, _)| *at <= self.now) {
            self.ask_work(command);
        }
        if let Some((_, command)) = order.filter(|(at, _)| *at <= self.now) {
            self.ask_order(command);
        }
        true
    }

    /// The bank says something that it has said before.
    pub(super) fn repeat(&mut self) {
        if self.said.is_empty() {
            return;
        }
        let nth = usize::try_from(self.dice.roll(self.said.len() as u64)).expect("small");
        let answer = self.said[nth].clone();
        let _ = self.ask_payment(answer);
    }

    fn call(&mut self, call: &Call) {
        let outcome = match self.is_stormy {
            true => self.bank.call(call, self.now, &mut self.dice),
            false => self.bank.answer(call, false),
        };
        let outcome = call.judge(outcome, self.active_since);
        let is_of_money = matches!(outcome, Outcome::Intent(_) | Outcome::Declined(_) | Outcome::Refunded(_));
        let answer = call.ended(outcome);
        if is_of_money {
            self.said.push(answer.clone());
        }
        let _ = self.ask_payment(answer);
    }

    // ── who hears of what ──

    fn order_step(&mut self, step: order::Step) {
        use order::{Outcome as O, Step as S};
        let (order, placed) = (self.id, self.placed().clone());
        match step {
            S::ReserveStock => {
                let reserve = inventory::Reserve {
                    reservation: ReservationId::from_bits(order.bits()),
                    order,
                    lines: placed.cart.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect(),
                    expires_at: self.now.plus_secs(placed.policy.reservation_ttl_s),
                    policy: inventory::OutOfStock::Cancel,
                };
                match self.ask_stock(inventory::Command::Reserve(reserve)) {
                    Ok(()) => self.hear(O::StockHeld),
                    Err(why) => self.hear(O::StockShort { lacking: why.to_string() }),
                }
            }
            S::AssessRisk => {
                let risk = order::Risk { score: 0, level: "normal".into(), rules: vec![] };
                self.hear(O::Cleared { risk });
            }
            S::Pay => {
                let begin = payment::Command::Begin {
                    order,
                    amount: placed.cart.total,
                    currency: placed.cart.currency,
                    method: "pm_card_visa".into(),
                    capture: self.capture,
                    retry: payment::RetryPolicy { base_ms: 100, cap_ms: 1_000, attempts_max: 3 },
                    gateways: Vec::new(),
                    gateway_ready: true,
                };
                let _ = self.ask_payment(begin);
                self.hear_of_payment();
            }
            S::RetryPayment => drop(self.ask_payment(payment::Command::RetryNow)),
            S::Capture => {
                let _ = self.ask_payment(payment::Command::Capture);
                if self.payment.begun().is_none_or(|begun| begun.work.is_none()) {
                    self.hear_of_payment();
                }
            }
            S::CommitStock => match self.ask_stock(inventory::Command::Commit { order }) {
                Ok(()) => {
                    self.open(&placed);
                    self.hear(O::StockCommitted);
                }
                Err(why) => self.hear(O::StockLost { lacking: why.to_string() }),
            },
            S::ReleaseStock => {
                let reason = inventory::ReleaseReason::Canceled;
                let _ = self.ask_stock(inventory::Command::Release { order, reason });
                self.hear(O::StockReleased);
            }
            S::CancelPayment => {
                let _ = self.ask_payment(payment::Command::Cancel { reason: "canceled".into() });
                match Payment::standing(&self.payment) {
                    Some(_) => self.hear_of_payment(),
                    None => self.hear(O::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO }),
                }
            }
            S::GoOnShipping => {
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::Paid));
                let waiting: Vec<u32> = self.work.work().map_or_else(Vec::new, |work| {
                    let waits = |one: &&fulfillment::WorkOrder| one.parcel(work.policy.mode).is_some();
                    work.orders.iter().filter(waits).map(|one| one.number).collect()
                });
                self.hear(O::ShippingResumed);
                waiting.into_iter().for_each(|number| self.dispatch(number));
            }
            S::PauseShipping => {
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::Unpaid));
            }
            S::Warn { is_stuck } => self.hear(O::Warned { is_stuck }),
            S::CancelFulfillment => self.cancel_work(&placed),
            S::RefundLines { before, value } => {
                let Some((reference, wish)) = wiring::goods::lines_wish(before, value) else { return };
                let taken = self.ask_payment(payment::Command::Refund(wish));
                let of = (before, value);
                let outcome =
                    wiring::goods::lines_gone(&self.payment, &reference, of, taken.as_ref().copied());
                self.hear(outcome);
            }
            S::ExtendHold { .. } | S::WithdrawReview => {}
        }
    }

    fn hear_of_payment(&mut self) {
        if let Some(outcome) = Payment::standing(&self.payment).and_then(wiring::paid) {
            self.hear(outcome);
        }
    }

    fn open(&mut self, placed: &Placed) {
        let policy = fulfillment::Policy {
            mode: fulfillment::Mode::Auto,
            stage_s: 1,
            transit_s: 5,
            stalled_s: 1_000_000,
            short_pick: fulfillment::ShortPick::Refund,
            undelivered: self.undelivered,
        };
        let line = |line: &order::Line| fulfillment::Line {
            line: line.id,
            sku: line.sku.clone(),
            quantity: line.quantity.units(),
        };
        let lines = placed.cart.lines.iter().map(line).collect();
        let opening = fulfillment::Opening { order: self.id, policy, lines, owed: Vec::new() };
        self.ask_work(fulfillment::Command::Open(Box::new(opening)));
    }

    fn cancel_work(&mut self, placed: &Placed) {
        let (order, except) = (self.id, placed.goods.let_go);
        self.ask_work(fulfillment::Command::Cancel { order, except });
        let progress = self.work.work().map(fulfillment::Work::progress).unwrap_or_default();
        if placed.goods.canceling.is_some() {
            let orders = self.work.work().map_or(&[][..], |work| &work.orders);
            let stays: Vec<inventory::Parcel> = orders
                .iter()
                .filter(|one| one.phase == fulfillment::Phase::Canceled)
                .map(|one| {
                    let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
                    inventory::Parcel { number: one.number, lines }
                })
                .collect();
            for parcel in stays {
                let _ = self.ask_stock(inventory::Command::GiveBack { order, parcel, is_missing: false });
            }
        }
        self.hear(order::Outcome::FulfillmentCanceled { progress: told(progress) });
    }

    fn payment_step(&mut self, step: payment::Step) {
        match step {
            payment::Step::Report { standing, .. } => {
                if let Some(outcome) = wiring::paid(standing) {
                    self.hear(outcome);
                }
            }
            payment::Step::ReportTrouble { troubles, .. } => {
                let refunds = self.payment.begun().map_or(&[][..], |begun| &begun.refunds);
                let failed: Vec<_> = refunds
                    .iter()
                    .filter_map(|refund| match &refund.state {
                        payment::RefundState::Failed { code } => Some((refund.number, code.clone())),
                        _ => None,
                    })
                    .collect();
                for (refund, code) in failed {
                    self.ask_returns(returns::Command::Hear(returns::Outcome::RefundFailed { refund, code }));
                }
                let _ = self.ask_payment(payment::Command::TroubleHeard { troubles });
            }
            payment::Step::ReportDispute { is_disputed, .. } => {
                self.hear(order::Outcome::DisputeChanged { is_disputed });
                let _ = self.ask_payment(payment::Command::DisputeHeard { is_disputed });
            }
            payment::Step::ReportRefunds { captured, refunded, .. } => {
                self.hear(order::Outcome::RefundsChanged { captured, refunded });
                let _ = self.ask_payment(payment::Command::RefundsHeard { refunded });
            }
        }
    }

    fn work_step(&mut self, step: fulfillment::Step) {
        match step {
            fulfillment::Step::Dispatch { number } => self.dispatch(number),
            fulfillment::Step::GiveUp { number, is_missing } => {
                let one = self.work.work().and_then(|work| work.order_of(number)).cloned();
                if let Some(one) = one.filter(|one| !one.is_owed) {
                    let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
                    let parcel = inventory::Parcel { number, lines };
                    let give_back = inventory::Command::GiveBack { order: self.id, parcel, is_missing };
                    let _ = self.ask_stock(give_back);
                }
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::GivenUp { number }));
            }
            fulfillment::Step::TakeBack { number } => {
                let one = self.work.work().and_then(|work| work.order_of(number)).cloned();
                let Some(one) = one else { return };
                let Some(ending) = one.shipment().and_then(|parcel| parcel.ending.as_ref()) else { return };
                let lines = wiring::goods::undelivered(&one, ending.becomes);
                let command = inventory::Command::TakeBackParcel { order: self.id, number, lines };
                let outcome = match self.ask_stock(command) {
                    Ok(()) => fulfillment::Outcome::StockBooked { number },
                    Err(why) => fulfillment::Outcome::StockRefused { number, why: why.to_string().into() },
                };
                self.ask_work(fulfillment::Command::Hear(outcome));
            }
            fulfillment::Step::Report { progress } => {
                self.hear(order::Outcome::GoodsMoved { progress: told(progress.clone()) });
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::Noted { progress }));
            }
            fulfillment::Step::Warn { number, trouble } => {
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::Warned { number, trouble }));
            }
        }
    }

    fn dispatch(&mut self, number: u32) {
        let Some(one) = self.work.work().and_then(|work| work.order_of(number)).cloned() else { return };
        self.hear(order::Outcome::ParcelReady { number, units: one.units() });
        if !self.placed().goods.may_leave(number) {
            if self.placed().goods.capture_failure.is_some() {
                self.ask_work(fulfillment::Command::Hear(fulfillment::Outcome::Unpaid));
            }
            return;
        }
        let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
        let parcel = Some(inventory::Parcel { number, lines });
        let outcome = match self.ask_stock(inventory::Command::Ship { order: self.id, parcel }) {
            Ok(()) => fulfillment::Outcome::Dispatched { number },
            Err(why) => fulfillment::Outcome::StockMissing { number, lacking: why.to_string().into() },
        };
        self.ask_work(fulfillment::Command::Hear(outcome));
    }

    fn returns_step(&mut self, step: returns::Step) {
        let outcome = match step {
            returns::Step::BookStock { receipt } => {
                let Some((_, owed)) = self.book.receipt(receipt) else { return };
                let lines = wiring::returns::back(owed);
                match self.ask_stock(inventory::Command::TakeBack { order: self.id, receipt, lines }) {
                    Ok(()) => returns::Outcome::StockBooked { receipt },
                    Err(why) => returns::Outcome::StockRefused { receipt, why: why.to_string().into() },
                }
            }
            returns::Step::Refund { number, receipt } => {
                let owed = self
                    .book
                    .get(number)
                    .and_then(|one| one.refunds.iter().find(|refund| refund.receipt == receipt).cloned());
                let Some(owed) = owed else { return };
                let (reference, wish) = wiring::returns::wish(number, &owed);
                let taken = self.ask_payment(payment::Command::Refund(wish));
                wiring::returns::money(&self.payment, number, receipt, &reference, taken)
            }
            returns::Step::Warn { number, is_refused } => returns::Outcome::Warned { number, is_refused },
            returns::Step::Report { pieces } => {
                self.hear(order::Outcome::GoodsReturned { pieces });
                returns::Outcome::Noted { pieces }
            }
        };
        self.ask_returns(returns::Command::Hear(outcome));
    }
}

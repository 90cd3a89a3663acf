//! Who hears of what: the store's wiring over mailboxes. Words are translated by the store itself; here is only the way that
//! letters take.

use orderflow::fraud;
use orderflow::fulfillment::{self, Fulfillment};
use orderflow::inventory;
use orderflow::order::{self, CancelReason, Ended, Phase, Placed};
use orderflow::payment::{self, Payment};
use orderflow::returns;
use orderflow::store::wiring::words;
use orderflow::types::{Amount, OrderId, ReservationId};

use super::world::{Ask, Then, World};

/// How long people have for a review, in seconds.
const SLA_S: u64 = 600;

impl World {
    fn placed(&self, id: OrderId) -> Option<&Placed> {
        self.members.orders.get(&id).and_then(order::Order::placed)
    }

    fn work(&self, id: OrderId) -> Option<&fulfillment::Work> {
        self.members.works.get(&id).and_then(Fulfillment::work)
    }

    fn standing(&self, id: OrderId) -> Option<payment::Standing> {
        self.members.payments.get(&id).and_then(Payment::standing)
    }

    /// The order hears where its payment stands, where that is settled.
    fn hear_of_payment(&mut self, id: OrderId) {
        if let Some(outcome) = self.standing(id).and_then(words::paid) {
            self.tell_order(id, outcome);
        }
    }

    pub(super) fn order_step(&mut self, id: OrderId, step: order::Step) {
        use order::Step as S;
        let Some(placed) = self.placed(id).cloned() else { return };
        match step {
            S::ReserveStock => {
                let reserve = inventory::Reserve {
                    reservation: ReservationId::from_bits(id.bits()),
                    order: id,
                    lines: placed.cart.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect(),
                    expires_at: self.now.plus_secs(placed.policy.reservation_ttl_s),
                    policy: self.policies.out_of_stock,
                };
                self.send(Ask::Stock(inventory::Command::Reserve(reserve)), Then::Reserved(id));
            }
            S::AssessRisk => {
                let facts = facts(id, &placed);
                self.send(Ask::Fraud(fraud::Command::Assess(Box::new(facts))), Then::Assessed(id));
            }
            S::ExtendHold { until } => {
                let command = inventory::Command::Extend { order: id, expires_at: until };
                self.send(Ask::Stock(command), Then::Nothing);
            }
            S::Pay => {
                let begin = payment::Command::Begin {
                    order: id,
                    amount: placed.cart.total,
                    currency: placed.cart.currency,
                    method: "pm_card_visa".into(),
                    capture: self.policies.capture,
                    retry: payment::RetryPolicy {
                        base_ms: 100,
                        cap_ms: 1_000,
                        attempts_max: self.policies.attempts_max,
                    },
                    gateways: Vec::new(),
                    gateway_ready: true,
                };
                self.send(Ask::Payment(id, begin), Then::Paid(id));
            }
            S::RetryPayment => self.send(Ask::Payment(id, payment::Command::RetryNow), Then::Nothing),
            S::Capture => self.send(Ask::Payment(id, payment::Command::Capture), Then::CaptureAsked(id)),
            S::CommitStock => {
                self.send(Ask::Stock(inventory::Command::Commit { order: id }), Then::Committed(id));
            }
            S::ReleaseStock => {
                let reason = match &placed.phase {
                    Phase::Closed { ended: Ended::Expired, .. } => inventory::ReleaseReason::DeadlinePassed,
                    Phase::Closed {
                        ended: Ended::Canceled { reason: CancelReason::PaymentFailed, .. },
                        ..
                    } => inventory::ReleaseReason::PaymentFailed,
                    _ => inventory::ReleaseReason::Canceled,
                };
                let command = inventory::Command::Release { order: id, reason };
                self.send(Ask::Stock(command), Then::Released(id));
            }
            S::CancelPayment => {
                let cancel = payment::Command::Cancel { reason: placed.status().word().into() };
                self.send(Ask::Payment(id, cancel), Then::Undone(id));
            }
            S::WithdrawReview => {
                self.send(Ask::Fraud(fraud::Command::Withdraw { order: id }), Then::Withdrawn(id));
            }
            S::GoOnShipping => {
                let paid = fulfillment::Command::Hear(fulfillment::Outcome::Paid);
                self.send(Ask::Work(id, paid), Then::GoesOn(id));
            }
            S::PauseShipping => {
                let unpaid = fulfillment::Command::Hear(fulfillment::Outcome::Unpaid);
                self.send(Ask::Work(id, unpaid), Then::Nothing);
            }
            S::Warn { is_stuck } => self.tell_order(id, order::Outcome::Warned { is_stuck }),
            S::CancelFulfillment => {
                let goes_on = placed.goods.canceling.is_some();
                let command = fulfillment::Command::Cancel { order: id, except: placed.goods.let_go };
                self.send(Ask::Work(id, command), Then::WorkCanceled { order: id, goes_on });
            }
            S::RefundLines { before, value } => {
                let Some((reference, wish)) = words::lines_wish(before, value) else { return };
                let then = Then::LinesRefunded { order: id, reference, before, value };
                self.send(Ask::Payment(id, payment::Command::Refund(wish)), then);
            }
        }
    }

    pub(super) fn payment_step(&mut self, id: OrderId, step: payment::Step) {
        match step {
            payment::Step::Report { standing, .. } => {
                if let Some(outcome) = words::paid(standing) {
                    self.tell_order(id, outcome);
                }
            }
            payment::Step::ReportTrouble { troubles, .. } => {
                let refunds = self.members.payments.get(&id).and_then(payment::State::begun);
                let failed: Vec<(u32, std::sync::Arc<str>)> = refunds
                    .into_iter()
                    .flat_map(|begun| &begun.refunds)
                    .filter_map(|refund| match (&refund.state, &refund.reference) {
                        (payment::RefundState::Failed { code }, Some(reference))
                            if reference.starts_with(returns::REFERENCE) =>
                        {
                            Some((refund.number, code.clone()))
                        }
                        _ => None,
                    })
                    .collect();
                for (refund, code) in failed {
                    let heard = returns::Command::Hear(returns::Outcome::RefundFailed { refund, code });
                    self.send(Ask::Returns(id, heard), Then::Nothing);
                }
                self.send(Ask::Payment(id, payment::Command::TroubleHeard { troubles }), Then::Nothing);
            }
            payment::Step::ReportDispute { is_disputed, .. } => {
                self.tell_order(id, order::Outcome::DisputeChanged { is_disputed });
                self.send(Ask::Payment(id, payment::Command::DisputeHeard { is_disputed }), Then::Nothing);
            }
            payment::Step::ReportRefunds { captured, refunded, .. } => {
                let outcome = order::Outcome::RefundsChanged { captured, refunded };
                let then = Then::RefundsHeard { order: id, refunded };
                self.send(Ask::Order(id, order::Command::Hear(outcome)), then);
            }
        }
    }

    pub(super) fn work_step(&mut self, id: OrderId, step: fulfillment::Step) {
        use fulfillment::Step as S;
        let part = |world: &Self, number: u32| world.work(id).and_then(|work| work.order_of(number)).cloned();
        match step {
            S::Dispatch { number } => self.dispatch(id, number),
            S::GiveUp { number, is_missing } => {
                if let Some(one) = part(self, number) {
                    let command = words::unsent(id, &one, is_missing);
                    self.send(Ask::Stock(command), Then::GivenUp { order: id, number });
                }
            }
            S::TakeBack { number } => {
                let Some(one) = part(self, number) else { return };
                let Some(ending) = one.shipment().and_then(|parcel| parcel.ending.as_ref()) else { return };
                let lines = words::undelivered(&one, ending.becomes);
                let command = inventory::Command::TakeBackParcel { order: id, number, lines };
                self.send(Ask::Stock(command), Then::TakenBack { order: id, number });
            }
            S::Report { progress } => {
                let outcome = order::Outcome::GoodsMoved { progress: words::progress(progress.clone()) };
                let then = Then::ProgressNoted { order: id, progress };
                self.send(Ask::Order(id, order::Command::Hear(outcome)), then);
            }
            S::Warn { number, trouble } => {
                let heard = fulfillment::Outcome::Warned { number, trouble };
                self.send(Ask::Work(id, fulfillment::Command::Hear(heard)), Then::Nothing);
            }
        }
    }

    /// A parcel asks its order whether it may leave.
    fn dispatch(&mut self, id: OrderId, number: u32) {
        let Some(one) = self.work(id).and_then(|work| work.order_of(number)) else { return };
        let (units, parcel) = (one.units(), words::parcel_of(one));
        let ready = order::Command::Hear(order::Outcome::ParcelReady { number, units });
        self.send(Ask::Order(id, ready), Then::ParcelReady { order: id, number, parcel });
    }

    pub(super) fn returns_step(&mut self, id: OrderId, step: returns::Step) {
        let Some(book) = self.members.books.get(&id) else { return };
        match step {
            returns::Step::BookStock { receipt } => {
                let Some((_, owed)) = book.receipt(receipt) else { return };
                let lines = words::back(owed);
                let command = inventory::Command::TakeBack { order: id, receipt, lines };
                self.send(Ask::Stock(command), Then::Booked { order: id, receipt });
            }
            returns::Step::Refund { number, receipt } => {
                let of = book.get(number).map(|one| one.refunds.as_slice()).unwrap_or_default();
                let Some(owed) = of.iter().find(|refund| refund.receipt == receipt) else { return };
                let (reference, wish) = words::wish(number, owed);
                let then = Then::MoneyBack { order: id, number, receipt, reference };
                self.send(Ask::Payment(id, payment::Command::Refund(wish)), then);
            }
            returns::Step::Warn { number, is_refused } => {
                let heard = returns::Command::Hear(returns::Outcome::Warned { number, is_refused });
                self.send(Ask::Returns(id, heard), Then::Nothing);
            }
            returns::Step::Report { pieces } => {
                let outcome = order::Outcome::GoodsReturned { pieces };
                let then = Then::PiecesNoted { order: id, pieces };
                self.send(Ask::Order(id, order::Command::Hear(outcome)), then);
            }
        }
    }

    /// What follows from an answer. A refusal is known in the words of whoever refused.
    pub(super) fn after(
        &mut self,
        then: Then,
        refused: Option<String>,
        by_stock: Option<&inventory::Rejection>,
        by_payment: Option<&payment::Rejection>,
    ) {
        use order::Outcome as O;
        match then {
            Then::Nothing => {}
            Then::Reserved(id) => {
                use inventory::Standing;
                let outcome = match (by_stock, self.members.stock.standing(id)) {
                    (Some(why), _) => O::StockShort { lacking: why.to_string() },
                    (None, Some(Standing::Held { .. } | Standing::Committed { .. })) => O::StockHeld,
                    (None, Some(Standing::Expired | Standing::Ended) | None) => {
                        O::StockShort { lacking: "the reservation has ended".into() }
                    }
                };
                self.tell_order(id, outcome);
            }
            Then::Committed(id) => match by_stock {
                Some(why) => {
                    let lacking = why.to_string();
                    self.tell_order(id, O::StockLost { lacking });
                }
                None => self.open_work(id),
            },
            Then::Opened(id) => self.tell_order(id, O::StockCommitted),
            Then::Released(id) => self.tell_order(id, O::StockReleased),
            Then::Assessed(id) => {
                let outcome = self.members.desk.standing(id).map(words::assessed);
                if let (None, Some(outcome)) = (refused, outcome) {
                    self.tell_order(id, outcome);
                }
            }
            Then::Withdrawn(id) => self.tell_order(id, O::ReviewWithdrawn),
            Then::Paid(id) => self.hear_of_payment(id),
            Then::Undone(id) => {
                let never_begun = O::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO };
                let outcome = self.standing(id).map_or(Some(never_begun), words::paid);
                if let Some(outcome) = outcome {
                    self.tell_order(id, outcome);
                }
            }
            Then::CaptureAsked(id) => {
                let begun = self.members.payments.get(&id).and_then(payment::State::begun);
                if begun.is_none_or(|begun| begun.work.is_none()) {
                    self.hear_of_payment(id);
                }
            }
            Then::LinesRefunded { order, reference, before, value } => {
                let Some(state) = self.members.payments.get(&order) else { return };
                let taken = by_payment.map_or(Ok(()), Err);
                let outcome = words::lines_gone(state, &reference, (before, value), taken);
                self.tell_order(order, outcome);
            }
            Then::GoesOn(id) => {
                self.tell_order(id, O::ShippingResumed);
                let Some(work) = self.work(id) else { return };
                let waits = |one: &&fulfillment::WorkOrder| one.parcel(work.policy.mode).is_some();
                let numbers: Vec<u32> = work.orders.iter().filter(waits).map(|one| one.number).collect();
                numbers.into_iter().for_each(|number| self.dispatch(id, number));
            }
            Then::ParcelReady { order, number, parcel } => {
                let Some(goods) = self.placed(order).map(|placed| &placed.goods) else { return };
                if !goods.may_leave(number) {
                    if goods.capture_failure.is_some() {
                        let unpaid = fulfillment::Command::Hear(fulfillment::Outcome::Unpaid);
                        self.send(Ask::Work(order, unpaid), Then::Nothing);
                    }
                    return;
                }
                let command = inventory::Command::Ship { order, parcel: Some(parcel) };
                self.send(Ask::Stock(command), Then::Left { order, number });
            }
            Then::Left { order, number } => {
                let outcome = match by_stock {
                    None => fulfillment::Outcome::Dispatched { number },
                    Some(why) => {
                        fulfillment::Outcome::StockMissing { number, lacking: why.to_string().into() }
                    }
                };
                self.send(Ask::Work(order, fulfillment::Command::Hear(outcome)), Then::Nothing);
            }
            Then::WorkCanceled { order, goes_on } => self.work_canceled(order, goes_on),
            Then::RestFreed { order, progress } => {
                self.tell_order(order, O::FulfillmentCanceled { progress });
            }
            Then::GivenUp { order, number } => {
                let outcome = fulfillment::Outcome::GivenUp { number };
                self.send(Ask::Work(order, fulfillment::Command::Hear(outcome)), Then::Nothing);
            }
            Then::TakenBack { order, number } => {
                let outcome = match by_stock {
                    None => fulfillment::Outcome::StockBooked { number },
                    Some(why) => fulfillment::Outcome::StockRefused { number, why: why.to_string().into() },
                };
                self.send(Ask::Work(order, fulfillment::Command::Hear(outcome)), Then::Nothing);
            }
            Then::Booked { order, receipt } => {
                let outcome = match by_stock {
                    None => returns::Outcome::StockBooked { receipt },
                    Some(why) => returns::Outcome::StockRefused { receipt, why: why.to_string().into() },
                };
                self.send(Ask::Returns(order, returns::Command::Hear(outcome)), Then::Nothing);
            }
            Then::MoneyBack { order, number, receipt, reference } => {
                let Some(state) = self.members.payments.get(&order) else { return };
                let taken = by_payment.map_or(Ok(()), |why| Err(*why));
                let outcome = words::money(state, number, receipt, &reference, taken);
                self.send(Ask::Returns(order, returns::Command::Hear(outcome)), Then::Nothing);
            }
            Then::PiecesNoted { order, pieces } => {
                let noted = returns::Command::Hear(returns::Outcome::Noted { pieces });
                self.send(Ask::Returns(order, noted), Then::Nothing);
            }
            Then::ProgressNoted { order, progress } => {
                let noted = fulfillment::Command::Hear(fulfillment::Outcome::Noted { progress });
                self.send(Ask::Work(order, noted), Then::Nothing);
            }
            Then::RefundsHeard { order, refunded } => {
                if refused.is_none() {
                    let heard = payment::Command::RefundsHeard { refunded };
                    self.send(Ask::Payment(order, heard), Then::Nothing);
                }
            }
            Then::Arrived(order) => {
                self.send(Ask::Stock(inventory::Command::ArrivalHeard { order }), Then::Nothing);
            }
        }
    }

    /// Work begins once stock is promised.
    fn open_work(&mut self, id: OrderId) {
        let Some(placed) = self.placed(id) else { return };
        let line = |line: &order::Line| fulfillment::Line {
            line: line.id,
            sku: line.sku.clone(),
            quantity: line.quantity.units(),
        };
        let wanted = placed.cart.lines.iter().map(line).collect();
        let (lines, owed) = words::parted(wanted, &self.members.stock, id);
        let opening = fulfillment::Opening { order: id, policy: self.policies.work, lines, owed };
        self.send(Ask::Work(id, fulfillment::Command::Open(Box::new(opening))), Then::Opened(id));
    }

    /// What will not leave is free again before the order hears of it, where the order goes on.
    fn work_canceled(&mut self, id: OrderId, goes_on: bool) {
        let progress =
            self.work(id).map(fulfillment::Work::progress).map(words::progress).unwrap_or_default();
        let canceled: Vec<inventory::Command> = match self.work(id) {
            Some(work) if goes_on => {
                let stays = work.orders.iter().filter(|one| one.phase == fulfillment::Phase::Canceled);
                stays.map(|one| words::unsent(id, one, false)).collect()
            }
            Some(_) | None => Vec::new(),
        };
        let Some((last, others)) = canceled.split_last() else {
            return self.tell_order(id, order::Outcome::FulfillmentCanceled { progress });
        };
        for command in others {
            self.send(Ask::Stock(command.clone()), Then::Nothing);
        }
        self.send(Ask::Stock(last.clone()), Then::RestFreed { order: id, progress });
    }
}

fn facts(id: OrderId, placed: &Placed) -> fraud::Facts {
    let cart = &placed.cart;
    fraud::Facts {
        order: id,
        total: cart.total,
        subtotal: cart.total,
        currency: cart.currency,
        line_count: 1,
        units: 1,
        skus: cart.lines.iter().map(|line| line.sku.clone()).collect(),
        customer_id: cart.customer.id.clone(),
        email: None,
        ip: None,
        country: None,
        postal_code: None,
        address_line: None,
        payment_method: "pm_card_visa".into(),
        review: fraud::ReviewPolicy { sla_s: SLA_S, on_lapse: fraud::OnLapse::Approve },
    }
}

//! How the goods of a world move, and come back.

use super::*;

impl World {
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
    pub(super) fn open(&mut self, store: &StoreId, order: OrderId) {
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

    pub(super) fn work_on(&self, store: &StoreId, order: OrderId) -> Option<&fulfillment::Work> {
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
    pub(super) fn follow_up(&mut self, store: &StoreId, order: OrderId) {
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
    pub(super) fn cancel_remainder(&mut self, store: &StoreId, order: OrderId) {
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

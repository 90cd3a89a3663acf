//! An order as it stands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::bits::bit;
use crate::types::{Amount, OrderId, PaymentId, ReservationId, Timestamp, TraceId};

use super::cart::Cart;
use super::event::{Event, FulfillmentUpdated};
use super::goods::{Goods, Progress};
use super::words::{CancelReason, FulfillmentStatus, PaymentStatus, Status};

/// An order: not there yet, or placed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Nothing happened yet.
    #[default]
    Unplaced,
    /// It was taken.
    Placed(Box<Placed>),
}

/// A placed order: what was agreed, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// Its id.
    pub id: OrderId,
    /// The id its stock is held under.
    pub reservation: ReservationId,
    /// The id of its payment.
    pub payment: PaymentId,
    /// What is wanted.
    pub cart: Arc<Cart>,
    /// The store's policies when it was placed.
    pub policy: Policy,
    /// When it expires unless confirmed.
    pub deadline: Timestamp,
    /// How far it is.
    pub phase: Phase,
    /// Its money, as the payment reported it.
    pub money: Money,
    /// Its goods, as fulfilment reported them.
    #[serde(default, skip_serializing_if = "Goods::is_blank")]
    pub goods: Goods,
    /// Where the shopper proves to their bank who they are, while they have to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_url: Option<Arc<str>>,
    /// The verdict on it, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// The trace that its request belonged to, where it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// When it was taken.
    pub created_at: Timestamp,
    /// When it was canceled, or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// How far a placed order is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waits for inventory.
    Reserving,
    /// Stock held; waits for fraud.
    Screening,
    /// Stock held; people look at it.
    OnHold {
        /// When the store's policy decides in their stead.
        due_at: Timestamp,
    },
    /// Fraud cleared; waits for money.
    Paying,
    /// The bank wants the shopper to prove who they are.
    Challenged,
    /// Money there; waits for inventory to allocate.
    Committing,
    /// Stock allocated, fraud cleared, money there; fulfilment is at it.
    Confirmed,
    /// Every line delivered or canceled, and the money settled.
    Completed,
    /// Ended without confirmation, or after it by cancelation.
    Closed {
        /// How it ended.
        ended: Ended,
        /// What must still be undone.
        undo: Undo,
    },
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Canceled.
    Canceled {
        /// Why, from the closed list.
        reason: CancelReason,
        /// Why, in words.
        detail: Option<String>,
    },
    /// Its deadline passed.
    Expired,
}

/// What a closed order still owes. All false: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Fulfilment must stop before anything else is undone.
    #[serde(default)]
    pub fulfillment: bool,
    /// Inventory must give back stock.
    pub stock: bool,
    /// Payment must give back money, or make sure that none comes.
    pub payment: bool,
    /// Fraud must call off its review.
    pub review: bool,
}

/// The money of an order, in minor units of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Set aside or taken.
    pub authorized: Amount,
    /// Taken.
    pub captured: Amount,
    /// Given back.
    pub refunded: Amount,
    /// Whether some of it is disputed, or was lost in a dispute.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_disputed: bool,
}

/// Store policies that an order keeps from the moment it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long stock is held for it, in seconds.
    pub reservation_ttl_s: u64,
    /// How long it may take to be confirmed, in seconds.
    pub order_deadline_s: u64,
}

/// What fraud made of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// 0 (harmless) to 100.
    pub score: u8,
    /// `normal`, `elevated`, `highest`.
    pub level: String,
    /// The rules that made the verdict.
    pub rules: Vec<String>,
}

/// Who ended a review in the order's favour, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearance {
    /// It may go on.
    Approved,
    /// It may not.
    Rejected,
}

impl Undo {
    /// Nothing.
    pub const NOTHING: Undo = Undo { fulfillment: false, stock: false, payment: false, review: false };

    /// Whether nothing is owed.
    pub const fn is_done(self) -> bool {
        !self.fulfillment && !self.stock && !self.payment && !self.review
    }
}

impl Phase {
    /// The word for it.
    pub const fn status(&self) -> Status {
        match self {
            Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Committing => Status::Pending,
            Phase::OnHold { .. } => Status::OnHold,
            Phase::Challenged => Status::RequiresAction,
            Phase::Confirmed => Status::Confirmed,
            Phase::Completed => Status::Completed,
            Phase::Closed { ended: Ended::Canceled { .. }, .. } => Status::Canceled,
            Phase::Closed { ended: Ended::Expired, .. } => Status::Expired,
        }
    }

    /// What closing in this phase leaves to undo.
    pub const fn undo(&self) -> Undo {
        match self {
            Phase::Reserving | Phase::Screening => Undo { stock: true, ..Undo::NOTHING },
            Phase::OnHold { .. } => Undo { stock: true, review: true, ..Undo::NOTHING },
            Phase::Paying | Phase::Challenged => Undo { stock: true, payment: true, ..Undo::NOTHING },
            // Fulfilment is opened while stock is committed.
            Phase::Committing | Phase::Confirmed => {
                Undo { fulfillment: true, stock: true, payment: true, ..Undo::NOTHING }
            }
            Phase::Completed => Undo::NOTHING,
            Phase::Closed { undo, .. } => *undo,
        }
    }
}

impl Placed {
    /// The one trace of all that happens to it: its request's, or one that its id makes.
    pub fn trace(&self) -> TraceId {
        self.trace_id.unwrap_or(TraceId::of_order(self.id))
    }

    /// The lifecycle word.
    pub const fn status(&self) -> Status {
        self.phase.status()
    }

    /// The money word: a function of the payment's reports and the phase, written nowhere.
    pub fn payment_status(&self) -> PaymentStatus {
        let Money { authorized, captured, refunded, is_disputed } = self.money;
        let is_closed = matches!(self.phase, Phase::Closed { .. });
        if !captured.is_zero() {
            if refunded >= captured {
                PaymentStatus::Refunded
            } else if is_disputed {
                PaymentStatus::Disputed
            } else if refunded.is_zero() {
                PaymentStatus::Captured
            } else {
                PaymentStatus::PartiallyRefunded
            }
        } else if is_closed {
            PaymentStatus::Canceled
        } else if !authorized.is_zero() {
            PaymentStatus::Authorized
        } else if matches!(self.phase, Phase::Challenged) {
            PaymentStatus::RequiresAction
        } else {
            PaymentStatus::Awaiting
        }
    }

    /// The goods word: a function of the phase and of fulfilment's reports, written nowhere.
    pub fn fulfillment_status(&self) -> FulfillmentStatus {
        match self.phase {
            Phase::OnHold { .. } => FulfillmentStatus::OnHold,
            Phase::Closed { .. } => FulfillmentStatus::Canceled,
            Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Challenged | Phase::Committing => {
                FulfillmentStatus::NotFulfilled
            }
            Phase::Confirmed | Phase::Completed => self.goods.status(self.cart.units()),
        }
    }

    /// Whether people must see to its money: it could not be taken so often that it is not tried any more by itself, or what is
    /// owed back cannot go back.
    pub fn is_stuck(&self) -> bool {
        let goods = &self.goods;
        let has_failed = goods.capture_failure.is_some() && goods.capture_retry_at.is_none();
        let is_untaken = has_failed && !goods.waiting.is_empty();
        matches!(self.phase, Phase::Confirmed) && (is_untaken || goods.refund_failure.is_some())
    }

    fn close(&mut self, ended: Ended) {
        let undo = self.phase.undo();
        self.phase = Phase::Closed { ended, undo };
    }

    fn goods_moved(&mut self, updated: &FulfillmentUpdated) {
        // A parcel that was let go counts as gone, even if fulfilment spoke before it heard.
        let shipped = self.goods.progress.shipped.max(updated.progress.shipped);
        self.goods.progress = Progress { shipped, ..updated.progress.clone() };
    }

    fn undone(&mut self, mark: impl FnOnce(&mut Undo)) {
        if let Phase::Closed { undo, .. } = &mut self.phase {
            mark(undo);
        }
    }
}

impl Order {
    /// The placed order, when it was placed.
    pub fn placed(&self) -> Option<&Placed> {
        match self {
            Order::Unplaced => None,
            Order::Placed(placed) => Some(placed),
        }
    }

    /// Folds one event. An event that cannot follow changes nothing: what was recorded can always be replayed.
    pub fn evolve(&mut self, event: &Event, at: Timestamp) {
        match (&mut *self, event) {
            (Order::Unplaced, Event::Created(created)) => {
                *self = Order::Placed(Box::new(Placed {
                    id: created.id,
                    reservation: created.reservation,
                    payment: created.payment,
                    cart: Arc::clone(&created.cart),
                    policy: created.policy,
                    deadline: created.deadline,
                    phase: Phase::Reserving,
                    money: Money::default(),
                    goods: Goods::default(),
                    action_url: None,
                    risk: None,
                    trace_id: created.trace_id,
                    created_at: at,
                    ended_at: None,
                    updated_at: at,
                    version: 1,
                }));
            }
            (Order::Placed(placed), event) => {
                placed.evolve(event);
                if matches!(placed.phase, Phase::Closed { .. }) {
                    placed.ended_at = placed.ended_at.or(Some(at));
                }
                if placed.phase != Phase::Challenged {
                    placed.action_url = None;
                }
                placed.updated_at = at;
                placed.version += 1;
            }
            (Order::Unplaced, _) => {}
        }
    }
}

impl Placed {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Created(_) => {}
            Event::RetryRequested(_) => {
                self.goods.ask_again();
                self.goods.refund_failure = None;
            }
            Event::CaptureRetried(_) => self.goods.ask_again(),
            Event::LinesUnpaid(unpaid) => self.goods.refund_failure = Some(unpaid.why.clone()),
            Event::StockHeld(_) => self.phase = Phase::Screening,
            Event::Cleared(cleared) => {
                self.risk = Some(cleared.risk.clone());
                self.phase = Phase::Paying;
            }
            Event::ParkedForReview(parked) => {
                self.risk = Some(parked.risk.clone());
                self.phase = Phase::OnHold { due_at: parked.due_at };
            }
            Event::ReviewPassed(passed) => {
                self.deadline = passed.deadline;
                self.phase = Phase::Paying;
            }
            Event::Challenged(challenged) => {
                self.phase = Phase::Challenged;
                self.action_url.clone_from(&challenged.url);
            }
            Event::Paid(paid) => {
                self.money.authorized = paid.authorized;
                self.money.captured = paid.captured;
                self.phase = Phase::Committing;
            }
            Event::PaidLate(paid) => {
                // What was taken once stays taken, even if the late report has not heard of it.
                self.money.authorized = self.money.authorized.max(paid.authorized);
                self.money.captured = self.money.captured.max(paid.captured);
                self.undone(|undo| undo.payment = true);
            }
            Event::Confirmed(_) => self.phase = Phase::Confirmed,
            Event::Canceled(canceled) => {
                if let Some(risk) = &canceled.risk {
                    self.risk = Some(risk.clone());
                }
                // A reason that people give is no word of a sibling's.
                let said = (!canceled.on_request).then_some(canceled.reason);
                let is_short = said == Some(CancelReason::OutOfStock);
                let is_unheld = is_short && matches!(self.phase, Phase::Reserving);
                let is_unopened = is_short && matches!(self.phase, Phase::Committing);
                let (reason, detail) = (canceled.reason, canceled.detail.clone());
                self.close(Ended::Canceled { reason, detail });
                if is_unopened {
                    // What was not committed is not worked on either.
                    self.undone(|undo| undo.fulfillment = false);
                }
                if is_unheld {
                    // Inventory said so itself: it holds nothing.
                    self.undone(|undo| undo.stock = false);
                }
                if said == Some(CancelReason::PaymentFailed) {
                    // Payment said so itself: no money came and none will.
                    self.undone(|undo| undo.payment = false);
                }
                if said == Some(CancelReason::Fraudulent) {
                    // Fraud said so itself: it waits for nobody.
                    self.undone(|undo| undo.review = false);
                }
            }
            Event::Expired(_) => self.close(Ended::Expired),
            Event::StockReleased(_) => self.undone(|undo| undo.stock = false),
            Event::PaymentUndone(undone) => {
                self.money.captured = undone.captured;
                self.money.refunded = undone.refunded;
                self.undone(|undo| undo.payment = false);
            }
            Event::RefundsChanged(changed) => {
                self.money.captured = changed.captured;
                self.money.refunded = changed.refunded;
                if changed.refunded < changed.captured {
                    // The bank took back what had gone back: it is owed again.
                    self.undone(|undo| undo.payment = true);
                }
            }
            Event::Disputed(_) => self.money.is_disputed = true,
            Event::DisputeEnded(_) => self.money.is_disputed = false,
            Event::ReviewWithdrawn(_) => self.undone(|undo| undo.review = false),
            Event::CaptureRequested(asked) => self.goods.waiting.push((asked.number, asked.units)),
            Event::Captured(captured) => {
                self.money.captured = captured.captured;
                self.goods.ask_again();
            }
            Event::CaptureFailed(failed) => {
                let goods = &mut self.goods;
                goods.capture_failure = Some(failed.code.clone());
                goods.capture_failures = goods.capture_failures.saturating_add(1);
                (goods.capture_retry_at, goods.is_paused) = (failed.retry_at, true);
            }
            Event::ShippingResumed(_) => self.goods.is_paused = false,
            Event::TroubleReported(reported) => self.goods.warned = reported.is_stuck,
            Event::Shipped(shipped) => {
                let goods = &mut self.goods;
                goods.let_go |= bit(shipped.number);
                goods.waiting.retain(|(number, _)| *number != shipped.number);
                goods.progress.shipped = goods.progress.shipped.saturating_add(shipped.units);
            }
            Event::FulfillmentUpdated(updated) => self.goods_moved(updated),
            Event::LinesRefunded(refunded) => {
                (self.goods.refunded, self.goods.refund_failure) = (refunded.value, None);
            }
            Event::RemainderCanceled(canceled) => {
                self.goods.canceling = Some(canceled.reason);
                self.goods.waiting.clear();
            }
            Event::FulfillmentCanceled(updated) => {
                self.goods_moved(updated);
                self.goods.canceling = None;
                self.undone(|undo| undo.fulfillment = false);
            }
            Event::Completed(updated) => {
                self.goods_moved(updated);
                self.phase = Phase::Completed;
            }
            Event::GoodsReturned(returned) => self.goods.came_back = returned.pieces,
        }
    }
}
